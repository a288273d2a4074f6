//! Which guards can be left out because a fact excludes them.
//!
//! Each indexed attribute is a column: for every value that policies tell apart it has a mask of the
//! guards that the value does not exclude. The candidates of a run are the guards in the masks of
//! all columns. A guard that is left out is exactly false: only clauses before the first one that
//! the index cannot judge are used, and where a fact has a type that makes one of them a fault, the
//! guard stays in.
//!
//! In a large set the guards are not numbered in their order but by the column that says most about
//! them, and there by the text they ask for; one that asks for one of a few texts has a number with
//! each. So a run looks at a few stretches of the masks only, and at most of these for no longer than
//! one mask takes.

mod build;
mod column;
mod order;

use crate::facts::{Fact, Facts};
use crate::mention::Map;
use column::{Column, Found, More};
use order::Numbers;

pub(crate) use build::build;

/// Guards below which trying each is quicker than asking which.
const GUARDS_MIN: usize = 24;
/// Guards up to which the masks are read from end to end.
const FLAT_GUARDS_MAX: usize = 512;
/// Columns of one index: attributes beyond exclude nothing.
const COLUMNS_MAX: usize = 32;

/// A mask by its place in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct MaskId(u32);

/// Every mask once; the first one has all guards.
#[derive(Debug)]
struct Masks {
    words: Vec<u64>,
    /// Words of one mask.
    stride: usize,
}

impl Masks {
    const ALL: MaskId = MaskId(0);

    fn mask(&self, id: MaskId) -> &[u64] {
        let start = usize::try_from(id.0).unwrap_or(usize::MAX);
        let start = start.saturating_mul(self.stride);
        self.words
            .get(start..start.saturating_add(self.stride))
            .unwrap_or_default()
    }
}

/// The index of a set.
#[derive(Debug)]
pub(crate) struct Index {
    masks: Masks,
    /// Those first that exclude the most guards.
    columns: Vec<Column>,
    /// The guards in the order in which the masks have them.
    guards: Vec<u32>,
    /// The guards about which no column says much.
    others: Numbers,
    all: Numbers,
    /// By slot: the kinds of fact that make a clause a fault, as bits.
    suspect_kinds: Vec<u16>,
    /// The guards that have such a clause, by slot and kind.
    suspects: Map<(usize, u16), MaskId>,
}

/// The types of a fact that clauses treat differently, as bits.
mod kind {
    pub(super) const UNREAD: u16 = 1;
    pub(super) const FAILED: u16 = 1 << 1;
    pub(super) const BOOL: u16 = 1 << 2;
    pub(super) const NUMBER: u16 = 1 << 3;
    pub(super) const NUMERIC_TEXT: u16 = 1 << 4;
    pub(super) const OTHER_TEXT: u16 = 1 << 5;
    pub(super) const LIST: u16 = 1 << 6;
    pub(super) const OBJECT: u16 = 1 << 7;
    pub(super) const TEXT: u16 = NUMERIC_TEXT | OTHER_TEXT;
}

/// Returns the kind of a fact as far as `interesting` kinds tell it; missing has none.
fn kind_of(fact: &Fact<'_>, interesting: u16) -> u16 {
    match fact {
        Fact::Unread => kind::UNREAD,
        Fact::Failed(_) => kind::FAILED,
        Fact::Missing => 0,
        Fact::Bool(_) => kind::BOOL,
        Fact::Number(_) => kind::NUMBER,
        // Reading a number is not free, and mostly not needed.
        Fact::Text(_) if interesting & kind::TEXT == 0 => 0,
        Fact::Text(text) => {
            if crate::coerce::numeric(text).is_some() {
                kind::NUMERIC_TEXT
            } else {
                kind::OTHER_TEXT
            }
        }
        Fact::Tree(value) if value.is_array() => kind::LIST,
        Fact::Tree(_) => kind::OBJECT,
    }
}

impl Index {
    /// Returns the guards that the facts do not exclude, in order.
    pub(crate) fn candidates(&self, facts: &Facts<'_>) -> Vec<u32> {
        let mut more = More::default();
        let mut found = [Found::ALL; COLUMNS_MAX];
        // The masks of all columns, and of those that have no extras.
        let mut masks = Picked::default();
        let mut sure = Picked::default();
        let mut lists = Vec::new();
        for (place, column) in found.iter_mut().zip(&self.columns) {
            let (extras, items) = (more.extras.len(), more.items.len());
            *place = column.find(facts.fact(column.slot), &mut more);
            if place.mask != Masks::ALL {
                let mask = self.masks.mask(place.mask);
                masks.push(mask);
                if more.extras.len() == extras {
                    sure.push(mask);
                }
            }
            if more.items.len() > items {
                let masks = more.items.drain(items..).map(|id| self.masks.mask(id));
                lists.push(masks.collect::<Vec<_>>());
            }
        }
        let mut sieve = Sieve {
            guards: &self.guards,
            masks: masks.as_slice(),
            lists: &lists,
            kept: Vec::with_capacity(16),
        };
        sieve.scan(self.others, &[]);
        for found in found.iter().take(self.columns.len()) {
            let mask = self.masks.mask(found.mask);
            sieve.scan(found.few, mask);
            sieve.scan(found.many, mask);
        }
        // What is extra in one column may be so in another one, whose mask does not have it.
        sieve.masks = sure.as_slice();
        for number in more.extras.iter().copied().flatten() {
            sieve.test(*number);
        }
        self.suspects(facts, &mut sieve);
        let mut kept = sieve.kept;
        kept.sort_unstable();
        kept.dedup();
        kept
    }

    /// Adds the guards that must be tried because a fact has an unexpected type.
    fn suspects(&self, facts: &Facts<'_>, sieve: &mut Sieve<'_, '_>) {
        let kinds = self.suspect_kinds.iter().zip(facts.as_slice()).enumerate();
        for (slot, (interesting, fact)) in kinds {
            if *interesting == 0 {
                continue;
            }
            let kind = kind_of(fact, *interesting);
            if kind & interesting == 0 {
                continue;
            }
            if let Some(id) = self.suspects.get(&(slot, kind)) {
                (sieve.masks, sieve.lists) = (&[], &[]);
                sieve.scan(self.all, self.masks.mask(*id));
            }
        }
    }
}

/// The masks that a run combines.
#[derive(Default)]
struct Picked<'i> {
    masks: [&'i [u64]; COLUMNS_MAX],
    count: usize,
}

impl<'i> Picked<'i> {
    fn push(&mut self, mask: &'i [u64]) {
        if let Some(place) = self.masks.get_mut(self.count) {
            *place = mask;
            self.count += 1;
        }
    }

    fn as_slice(&self) -> &[&'i [u64]] {
        self.masks.get(..self.count).unwrap_or_default()
    }
}

/// Collects the guards that are in every mask.
struct Sieve<'s, 'i> {
    guards: &'i [u32],
    masks: &'s [&'i [u64]],
    /// One mask of each of these must have the guard.
    lists: &'s [Vec<&'i [u64]>],
    kept: Vec<u32>,
}

impl Sieve<'_, '_> {
    /// Looks at the guards with some numbers; `first` is the mask that most likely excludes them.
    fn scan(&mut self, numbers: Numbers, first: &[u64]) {
        let Some((first_word, last_word)) = numbers.words() else {
            return;
        };
        for index in first_word..=last_word {
            let mut word = first.get(index).copied().unwrap_or(u64::MAX);
            if index == first_word {
                word &= u64::MAX << (numbers.start % 64);
            }
            if index == last_word {
                word &= u64::MAX >> (63 - (numbers.end - 1) % 64);
            }
            for mask in self.masks {
                if word == 0 {
                    break;
                }
                word &= mask.get(index).copied().unwrap_or(0);
            }
            for list in self.lists {
                if word == 0 {
                    break;
                }
                let words = list.iter().filter_map(|mask| mask.get(index));
                word &= words.fold(0, |union, word| union | word);
            }
            while word != 0 {
                let bit = usize::try_from(word.trailing_zeros()).unwrap_or(0);
                word &= word - 1;
                self.kept.extend(self.guards.get(index * 64 + bit));
            }
        }
    }

    /// Looks at the guard with one number.
    fn test(&mut self, number: u32) {
        let (word, bit) = column::bit(number);
        let is_kept = |mask: &&[u64]| mask.get(word).is_some_and(|word| word & bit != 0);
        if self.masks.iter().all(is_kept) {
            let guard = usize::try_from(number)
                .ok()
                .and_then(|number| self.guards.get(number));
            self.kept.extend(guard);
        }
    }
}
