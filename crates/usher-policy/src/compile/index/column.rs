//! One attribute of the index: which guards each of its values leaves in.

use std::borrow::Cow;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use usher_model::value::{self, Value};

use super::MaskId;
use super::order::Numbers;
use crate::attribute::Slot;
use crate::facts::Fact;
use crate::mention::Map;

/// Items of one list whose masks are joined: more exclude too little to be worth it.
const ITEMS_MAX: usize = 8;

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
    pub(super) items: Map<Box<str>, MaskId>,
    /// The guards that other items leave in.
    pub(super) item_extras: Extras,
    /// A list without any of them.
    pub(super) other_list: MaskId,
    /// The guards that ask for one of a few texts, which stand together by text.
    pub(super) few: Numbers,
    /// The guards that ask for one of many.
    pub(super) many: Numbers,
}

/// One text with a mask of its own.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) id: MaskId,
    /// The guards of the column that ask for this text, or one of a few others.
    pub(super) few: Numbers,
    /// Those that ask for it or one of many, and what is between them.
    pub(super) many: Numbers,
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

/// What a fact leaves in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) mask: MaskId,
    /// Where to look among the guards of the column that ask for one of a few texts.
    pub(super) few: Numbers,
    /// And among those that ask for one of many.
    pub(super) many: Numbers,
}

/// What a mask alone cannot say.
#[derive(Default)]
pub(super) struct More<'c> {
    /// Guards that masks lack.
    pub(super) extras: Vec<&'c [u32]>,
    /// The masks of the items of a list, of which one will do; nothing if one is all there is.
    pub(super) items: Vec<MaskId>,
}

impl Found {
    /// Nothing is known.
    pub(super) const ALL: Self = Self::none(MaskId::ALL);

    /// None of the guards of the column that ask for texts is left.
    const fn none(mask: MaskId) -> Self {
        Self {
            mask,
            few: Numbers::NONE,
            many: Numbers::NONE,
        }
    }
}

impl Column {
    /// Returns the guards that a fact leaves in.
    pub(super) fn find<'c>(&'c self, fact: &Fact<'_>, more: &mut More<'c>) -> Found {
        match fact {
            Fact::Missing => Found::none(self.missing),
            Fact::Bool(false) => self.any_of(self.booleans[0]),
            Fact::Bool(true) => self.any_of(self.booleans[1]),
            Fact::Number(number) => {
                let class = self.cuts.partition_point(|cut| cut <= number);
                self.any_of(self.numbers.get(class).copied().unwrap_or(MaskId::ALL))
            }
            Fact::Text(text) => match self.texts.get(&**text) {
                Some(named) => Found {
                    mask: named.id,
                    few: named.few,
                    many: named.many,
                },
                None => {
                    let numbers = self.extras.find(text);
                    if !numbers.is_empty() {
                        more.extras.push(numbers);
                    }
                    Found::none(self.other_text)
                }
            },
            Fact::Tree(value) => match value.as_array() {
                Some(list) => self.find_list(list, more),
                None => self.any_of(MaskId::ALL),
            },
            Fact::Unread | Fact::Failed(_) => self.any_of(MaskId::ALL),
        }
    }

    /// Any guard of the column may be left.
    const fn any_of(&self, mask: MaskId) -> Found {
        Found {
            mask,
            few: self.few,
            many: self.many,
        }
    }

    fn find_list<'c>(&'c self, list: &[Value], more: &mut More<'c>) -> Found {
        let (extras, items) = (more.extras.len(), more.items.len());
        for item in list {
            let text = match item {
                Value::String(text) => Cow::Borrowed(text.as_str()),
                Value::Number(number) => {
                    Cow::Owned(number.as_f64().map(value::number_text).unwrap_or_default())
                }
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => continue,
            };
            match self.items.get(&*text) {
                Some(mask) => more.items.push(*mask),
                None => {
                    let numbers = self.item_extras.find(&text);
                    if !numbers.is_empty() {
                        more.extras.push(numbers);
                    }
                }
            }
        }
        match more.items.len() - items {
            0 => self.any_of(self.other_list),
            1 => self.any_of(more.items.pop().unwrap_or(MaskId::ALL)),
            2..=ITEMS_MAX => self.any_of(MaskId::ALL),
            _ => {
                more.items.truncate(items);
                more.extras.truncate(extras);
                self.any_of(MaskId::ALL)
            }
        }
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
