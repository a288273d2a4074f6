//! One attribute of the index: which guards each of its values leaves in.

use std::borrow::Cow;

use usher_model::value::{self, Value};

use super::{Chunk, MaskId, Masks};
use crate::attribute::Slot;
use crate::facts::Fact;
use crate::mention::Map;

/// The masks of one attribute.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) slot: Slot,
    pub(super) missing: MaskId,
    pub(super) booleans: [MaskId; 2],
    /// The texts that guards name.
    pub(super) texts: Map<Box<str>, Entry>,
    /// Any other text.
    pub(super) other_text: MaskId,
    /// Where the classes of numbers begin; the first one begins below all numbers.
    pub(super) cuts: Vec<f64>,
    pub(super) numbers: Vec<MaskId>,
    /// The items of lists that guards name.
    pub(super) items: Map<Box<str>, Entry>,
    /// A list without any of them.
    pub(super) other_list: MaskId,
}

/// What one value leaves in.
#[derive(Debug)]
pub(super) enum Entry {
    /// A mask of its own.
    Dense(MaskId),
    /// What any other value leaves in, but for these guards.
    Sparse(Box<[u32]>),
}

impl Column {
    pub(super) const fn slot(&self) -> Slot {
        self.slot
    }

    /// Returns the guards that a fact leaves in; an empty mask if it excludes none.
    pub(super) fn mask<'m>(&self, fact: &Fact<'_>, masks: &'m Masks) -> Cow<'m, [Chunk]> {
        let id = match fact {
            Fact::Missing => self.missing,
            Fact::Bool(false) => self.booleans[0],
            Fact::Bool(true) => self.booleans[1],
            Fact::Number(number) => {
                let class = self.cuts.partition_point(|cut| cut <= number);
                self.numbers.get(class).copied().unwrap_or(Masks::ALL)
            }
            Fact::Text(text) => match self.texts.get(&**text) {
                None => self.other_text,
                Some(Entry::Dense(id)) => *id,
                Some(Entry::Sparse(flips)) => {
                    let mut mask = masks.mask(self.other_text).to_vec();
                    flip(&mut mask, flips);
                    return Cow::Owned(mask);
                }
            },
            Fact::Tree(value) => match value.as_array() {
                Some(items) => return self.list_mask(items, masks),
                None => Masks::ALL,
            },
            Fact::Unread | Fact::Failed(_) => Masks::ALL,
        };
        borrowed(id, masks)
    }

    fn list_mask<'m>(&self, items: &[Value], masks: &'m Masks) -> Cow<'m, [Chunk]> {
        let mut mask = borrowed(self.other_list, masks);
        if mask.is_empty() {
            return mask;
        }
        for item in items {
            let entry = match item {
                Value::String(text) => self.items.get(text.as_str()),
                Value::Number(number) => {
                    let text = number.as_f64().map(value::number_text);
                    text.and_then(|text| self.items.get(text.as_str()))
                }
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            };
            match entry {
                None => {}
                Some(Entry::Dense(id)) => {
                    for (chunk, other) in mask.to_mut().iter_mut().zip(masks.mask(*id)) {
                        for (word, bits) in chunk.iter_mut().zip(other) {
                            *word |= bits;
                        }
                    }
                }
                Some(Entry::Sparse(added)) => add(mask.to_mut(), added),
            }
        }
        mask
    }
}

fn borrowed(id: MaskId, masks: &Masks) -> Cow<'_, [Chunk]> {
    if id == Masks::ALL {
        Cow::Borrowed(&[])
    } else {
        Cow::Borrowed(masks.mask(id))
    }
}

fn word_mut(mask: &mut [Chunk], guard: u32) -> Option<(&mut u64, u64)> {
    let guard = usize::try_from(guard).ok()?;
    let chunk = mask.get_mut(guard / super::CHUNK_GUARDS)?;
    let word = chunk.get_mut(guard % super::CHUNK_GUARDS / 64)?;
    Some((word, 1 << (guard % 64)))
}

pub(super) fn flip(mask: &mut [Chunk], guards: &[u32]) {
    for guard in guards {
        if let Some((word, bit)) = word_mut(mask, *guard) {
            *word ^= bit;
        }
    }
}

pub(super) fn add(mask: &mut [Chunk], guards: &[u32]) {
    for guard in guards {
        if let Some((word, bit)) = word_mut(mask, *guard) {
            *word |= bit;
        }
    }
}
