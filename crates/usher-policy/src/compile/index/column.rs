//! One attribute of the index: which guards each of its values leaves in.

use std::ops::Range;

use usher_model::value::{self, Value};

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
    /// The texts that guards name.
    pub(super) texts: Map<Box<str>, Named>,
    /// Any other text.
    pub(super) other_text: MaskId,
    /// Where the classes of numbers begin; the first one begins below all numbers.
    pub(super) cuts: Vec<f64>,
    pub(super) numbers: Vec<MaskId>,
    /// The items of lists that guards name.
    pub(super) items: Map<Box<str>, Left>,
    /// A list without any of them.
    pub(super) other_list: MaskId,
    /// Numbers of the guards that ask for one text, which stand together by text.
    pub(super) single: Range<u32>,
    /// Numbers of the guards that ask for one of several values.
    pub(super) several: Range<u32>,
}

/// One text that guards name.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) left: Left,
    /// Numbers of the guards of the column that ask for this text alone.
    pub(super) numbers: Range<u32>,
}

/// What one value leaves in.
#[derive(Debug)]
pub(super) enum Left {
    /// A mask of its own.
    Dense(MaskId),
    /// What any other value leaves in, but for the guards with these numbers.
    Sparse(Box<[u32]>),
}

/// What a fact leaves in.
#[derive(Debug, Default)]
pub(super) struct Found {
    place: Place,
    /// Numbers of the guards that ask for this text alone; nothing if that is not known.
    pub(super) named: Option<Range<u32>>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Place {
    /// It excludes no guard.
    #[default]
    All,
    Kept(MaskId),
    /// Among the masks made for the run, from this word on.
    Made(usize),
}

impl Found {
    fn kept(id: MaskId) -> Self {
        Self {
            place: if id == Masks::ALL {
                Place::All
            } else {
                Place::Kept(id)
            },
            named: None,
        }
    }

    pub(super) fn mask<'m>(&self, masks: &'m Masks, made: &'m [u64]) -> Option<&'m [u64]> {
        match self.place {
            Place::All => None,
            Place::Kept(id) => Some(masks.mask(id)),
            Place::Made(start) => made.get(start..start + masks.stride),
        }
    }
}

impl Column {
    /// Returns the guards that a fact leaves in; adds to `made` what no mask was made for.
    pub(super) fn find(&self, fact: &Fact<'_>, masks: &Masks, made: &mut Vec<u64>) -> Found {
        match fact {
            Fact::Missing => Found::kept(self.missing),
            Fact::Bool(false) => Found::kept(self.booleans[0]),
            Fact::Bool(true) => Found::kept(self.booleans[1]),
            Fact::Number(number) => {
                let class = self.cuts.partition_point(|cut| cut <= number);
                Found::kept(self.numbers.get(class).copied().unwrap_or(Masks::ALL))
            }
            Fact::Text(text) => match self.texts.get(&**text) {
                None => Found {
                    named: Some(0..0),
                    ..Found::kept(self.other_text)
                },
                Some(Named { left, numbers }) => Found {
                    named: Some(numbers.clone()),
                    ..match left {
                        Left::Dense(id) => Found::kept(*id),
                        Left::Sparse(flips) => make(self.other_text, masks, made, |mask| {
                            flip(mask, flips);
                        }),
                    }
                },
            },
            Fact::Tree(value) => match value.as_array() {
                Some(items) => self.find_list(items, masks, made),
                None => Found::default(),
            },
            Fact::Unread | Fact::Failed(_) => Found::default(),
        }
    }

    fn find_list(&self, items: &[Value], masks: &Masks, made: &mut Vec<u64>) -> Found {
        if self.items.is_empty() {
            return Found::default();
        }
        let left = |item: &Value| match item {
            Value::String(text) => self.items.get(text.as_str()),
            Value::Number(number) => {
                let text = number.as_f64().map(value::number_text)?;
                self.items.get(text.as_str())
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let mut named = items.iter().filter_map(left);
        match (named.next(), named.next()) {
            (None, _) => Found::kept(self.other_list),
            (Some(Left::Dense(id)), None) => Found::kept(*id),
            _ => make(self.other_list, masks, made, |mask| {
                for left in items.iter().filter_map(left) {
                    match left {
                        Left::Dense(id) => {
                            for (word, bits) in mask.iter_mut().zip(masks.mask(*id)) {
                                *word |= bits;
                            }
                        }
                        Left::Sparse(added) => add(mask, added),
                    }
                }
            }),
        }
    }
}

/// Makes a mask from another one for one run.
fn make(
    base: MaskId,
    masks: &Masks,
    made: &mut Vec<u64>,
    change: impl FnOnce(&mut [u64]),
) -> Found {
    let start = made.len();
    if made.capacity() == 0 {
        made.reserve_exact(2 * masks.stride);
    }
    made.extend_from_slice(masks.mask(base));
    change(made.get_mut(start..).unwrap_or_default());
    Found {
        place: Place::Made(start),
        named: None,
    }
}

fn bit(number: u32) -> (usize, u64) {
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
