//! One attribute of the index: which guards each of its values leaves in.

use std::borrow::Cow;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use usher_model::value::{self, Value};

use super::order::Numbers;
use super::{MaskId, Masks};
use crate::attribute::Slot;
use crate::facts::Fact;
use crate::mention::Map;

/// The masks of one attribute, and the guards that it says most about.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) slot: Slot,
    pub(super) missing: MaskId,
    pub(super) booleans: [MaskId; 2],
    /// The texts that many guards name.
    pub(super) texts: Map<Box<str>, Named>,
    /// The guards that other texts leave in too.
    pub(super) extras: Extras,
    /// Any other text.
    pub(super) other_text: MaskId,
    /// Where the classes of numbers begin; the first one begins below all numbers.
    pub(super) cuts: Vec<f64>,
    pub(super) numbers: Vec<MaskId>,
    /// The items of lists that many guards name.
    pub(super) items: Map<Box<str>, Named>,
    /// The guards that other items leave in.
    pub(super) item_extras: Extras,
    /// A list without any of them.
    pub(super) other_list: MaskId,
    /// The guards that ask for one text, which stand together by text.
    pub(super) single: Numbers,
    /// The guards that ask for one of several values.
    pub(super) several: Numbers,
}

/// One text with a mask of its own.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) id: MaskId,
    /// The guards of the column that ask for this text alone.
    pub(super) single: Numbers,
}

/// Guards by a hash of the text that leaves them in.
///
/// Texts are not kept: where two have one hash, guards are tried in vain. That is cheaper than
/// comparing texts, which are all over the memory.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// Where the guards of each hash begin.
    starts: Vec<u32>,
    numbers: Vec<u32>,
}

impl Extras {
    pub(super) fn of(named: &[(&str, Vec<u32>)]) -> Self {
        if named.is_empty() {
            return Self::default();
        }
        let mut extras = Self {
            starts: vec![0; (2 * named.len()).next_power_of_two() + 1],
            numbers: Vec::new(),
        };
        let mut hashed: Vec<(usize, u32)> = Vec::new();
        for (text, numbers) in named {
            let hash = extras.hash(text);
            hashed.extend(numbers.iter().map(|number| (hash, *number)));
        }
        hashed.sort_unstable();
        hashed.dedup();
        for (hash, number) in hashed {
            extras.numbers.push(number);
            if let Some(end) = extras.starts.get_mut(hash + 1) {
                *end += 1;
            }
        }
        let mut sum = 0;
        for start in &mut extras.starts {
            sum += *start;
            *start = sum;
        }
        extras
    }

    fn hash(&self, text: &str) -> usize {
        let mask = self.starts.len().saturating_sub(2);
        let hash = FixedState::default().hash_one(text);
        usize::try_from(hash & u64::try_from(mask).unwrap_or(0)).unwrap_or(0)
    }

    fn find(&self, text: &str) -> &[u32] {
        if self.numbers.is_empty() {
            return &[];
        }
        let hash = self.hash(text);
        let bound = |at: usize| usize::try_from(*self.starts.get(at)?).ok();
        let range = bound(hash).zip(bound(hash + 1));
        let found = range.and_then(|(start, end)| self.numbers.get(start..end));
        found.unwrap_or_default()
    }
}

/// What a fact leaves in, but for extra guards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) mask: MaskId,
    /// The only ones to look at among the guards that ask for one text; nothing if that is not
    /// known.
    pub(super) named: Option<Numbers>,
}

impl Found {
    pub(super) const ALL: Self = Self::of(Masks::ALL);

    const fn of(mask: MaskId) -> Self {
        Self { mask, named: None }
    }

    const fn only(mask: MaskId, named: Numbers) -> Self {
        Self {
            mask,
            named: Some(named),
        }
    }
}

impl Column {
    /// Returns the guards that a fact leaves in; to `extras` it adds those that the mask lacks.
    pub(super) fn find<'c>(&'c self, fact: &Fact<'_>, extras: &mut Vec<&'c [u32]>) -> Found {
        match fact {
            Fact::Missing => Found::of(self.missing),
            Fact::Bool(false) => Found::of(self.booleans[0]),
            Fact::Bool(true) => Found::of(self.booleans[1]),
            Fact::Number(number) => {
                let class = self.cuts.partition_point(|cut| cut <= number);
                Found::of(self.numbers.get(class).copied().unwrap_or(Masks::ALL))
            }
            Fact::Text(text) => match self.texts.get(&**text) {
                Some(Named { id, single }) => Found::only(*id, *single),
                None => {
                    let numbers = self.extras.find(text);
                    if !numbers.is_empty() {
                        extras.push(numbers);
                    }
                    Found::only(self.other_text, Numbers::NONE)
                }
            },
            Fact::Tree(value) => match value.as_array() {
                Some(items) => self.find_list(items, extras),
                None => Found::ALL,
            },
            Fact::Unread | Fact::Failed(_) => Found::ALL,
        }
    }

    fn find_list<'c>(&'c self, items: &[Value], extras: &mut Vec<&'c [u32]>) -> Found {
        let before = extras.len();
        let mut masks = 0;
        let mut mask = self.other_list;
        for item in items {
            let text = match item {
                Value::String(text) => Cow::Borrowed(text.as_str()),
                Value::Number(number) => {
                    Cow::Owned(number.as_f64().map(value::number_text).unwrap_or_default())
                }
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => continue,
            };
            match self.items.get(&*text) {
                Some(named) => {
                    masks += 1;
                    mask = named.id;
                }
                None => {
                    let numbers = self.item_extras.find(&text);
                    if !numbers.is_empty() {
                        extras.push(numbers);
                    }
                }
            }
        }
        if masks > 1 {
            // Joining masks costs more than so popular items exclude.
            extras.truncate(before);
            return Found::ALL;
        }
        Found::of(mask)
    }
}

pub(super) fn bit(number: u32) -> (usize, u64) {
    let word = usize::try_from(number / 64).unwrap_or(usize::MAX);
    (word, 1 << (number % 64))
}

pub(super) fn flip(mask: &mut [u64], numbers: &[u32]) {
    for (word, bit) in numbers.iter().copied().map(bit) {
        if let Some(word) = mask.get_mut(word) {
            *word ^= bit;
        }
    }
}

pub(super) fn add(mask: &mut [u64], numbers: &[u32]) {
    for (word, bit) in numbers.iter().copied().map(bit) {
        if let Some(word) = mask.get_mut(word) {
            *word |= bit;
        }
    }
}
