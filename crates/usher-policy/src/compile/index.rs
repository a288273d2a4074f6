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
/// Masks that are read without looking whether any guard is left.
const MASKS_AT_ONCE: usize = 4;
/// Columns of one index: attributes beyond exclude nothing.
const COLUMNS_MAX: usize = 32;

/// One of the masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct MaskId(u32);

impl MaskId {
    /// The mask that has all guards.
    const ALL: Self = Self(0);

    fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// The masks, word by word: what a run reads of them stands together.
#[derive(Debug)]
struct Rows {
    words: Vec<u64>,
    /// The number of masks.
    width: usize,
}

impl Rows {
    /// Returns one word of every mask.
    fn row(&self, word: usize) -> &[u64] {
        let start = word.saturating_mul(self.width);
        let row = self.words.get(start..start.saturating_add(self.width));
        row.unwrap_or_default()
    }
}

/// Returns a mask's word of a row.
fn word(row: &[u64], mask: MaskId) -> u64 {
    row.get(mask.index()).copied().unwrap_or(0)
}

/// The index of a set.
#[derive(Debug)]
pub(crate) struct Index {
    rows: Rows,
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
        let mut masks = Picked::NONE;
        let mut sure = Picked::NONE;
        let mut lists = Vec::new();
        for (place, column) in found.iter_mut().zip(&self.columns) {
            let (extras, items) = (more.extras.len(), more.items.len());
            *place = column.find(facts.fact(column.slot), &mut more);
            if place.mask != MaskId::ALL {
                masks.push(place.mask);
                if more.extras.len() == extras {
                    sure.push(place.mask);
                }
            }
            if more.items.len() > items {
                lists.push(more.items.split_off(items));
            }
        }
        let mut sieve = Sieve {
            guards: &self.guards,
            rows: &self.rows,
            masks: masks.as_slice(),
            lists: &lists,
            kept: Vec::with_capacity(16),
        };
        sieve.scan(self.others, MaskId::ALL);
        for found in found.iter().take(self.columns.len()) {
            sieve.scan(found.few, found.mask);
            sieve.scan(found.many, found.mask);
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
                sieve.scan(self.all, *id);
            }
        }
    }
}

/// The masks that a run combines.
struct Picked {
    masks: [MaskId; COLUMNS_MAX],
    count: usize,
}

impl Picked {
    const NONE: Self = Self {
        masks: [MaskId::ALL; COLUMNS_MAX],
        count: 0,
    };

    fn push(&mut self, mask: MaskId) {
        if let Some(place) = self.masks.get_mut(self.count) {
            *place = mask;
            self.count += 1;
        }
    }

    fn as_slice(&self) -> &[MaskId] {
        self.masks.get(..self.count).unwrap_or_default()
    }
}

/// Collects the guards that are in every mask.
struct Sieve<'s, 'i> {
    guards: &'i [u32],
    rows: &'i Rows,
    masks: &'s [MaskId],
    /// One mask of each of these must have the guard.
    lists: &'s [Vec<MaskId>],
    kept: Vec<u32>,
}

impl Sieve<'_, '_> {
    /// Looks at the guards with some numbers; `first` is the mask that most likely excludes them.
    fn scan(&mut self, numbers: Numbers, first: MaskId) {
        let Some((first_word, last_word)) = numbers.words() else {
            return;
        };
        for index in first_word..=last_word {
            let row = self.rows.row(index);
            let mut left = word(row, first);
            if index == first_word {
                left &= u64::MAX << (numbers.start % 64);
            }
            if index == last_word {
                left &= u64::MAX >> (63 - (numbers.end - 1) % 64);
            }
            left = self.sift(row, left);
            for list in self.lists {
                left &= list.iter().fold(0, |any, mask| any | word(row, *mask));
            }
            while left != 0 {
                let bit = usize::try_from(left.trailing_zeros()).unwrap_or(0);
                left &= left - 1;
                self.kept.extend(self.guards.get(index * 64 + bit));
            }
        }
    }

    /// Looks at the guard with one number.
    fn test(&mut self, number: u32) {
        let (index, bit) = column::bit(number);
        if self.sift(self.rows.row(index), bit) != 0 {
            let guard = usize::try_from(number)
                .ok()
                .and_then(|number| self.guards.get(number));
            self.kept.extend(guard);
        }
    }

    /// Returns what is left of a word by all masks.
    fn sift(&self, row: &[u64], mut left: u64) -> u64 {
        // A few masks are read at a time, so that the processor need not wait for one to know
        // whether it needs the next.
        for masks in self.masks.chunks(MASKS_AT_ONCE) {
            if left == 0 {
                break;
            }
            left &= masks
                .iter()
                .fold(u64::MAX, |all, mask| all & word(row, *mask));
        }
        left
    }
}
