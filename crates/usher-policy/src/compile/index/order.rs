//! The order in which masks have the guards: those stand together that the same fact decides about.

use super::FLAT_GUARDS_MAX;
use super::build::{Concerned, texts_of};
use crate::attribute::Slot;
use crate::compile::clause::{Clause, Question};
use crate::mention::Map;

/// The guards in the order of the masks. A guard's place in it is its number.
#[derive(Debug)]
pub(super) struct Order {
    /// The guard with each number.
    pub(super) guards: Vec<u32>,
    /// The number of each guard.
    pub(super) numbers: Vec<u32>,
    /// Where the guards of each column are.
    pub(super) columns: Vec<Members>,
    /// The guards that belong to no column.
    pub(super) others: Numbers,
}

/// Successive numbers, the end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Numbers {
    pub(super) const NONE: Self = Self { start: 0, end: 0 };

    /// Returns the first and the last word of a mask that has them.
    pub(super) fn words(self) -> Option<(usize, usize)> {
        let last = self.end.checked_sub(1).filter(|last| *last >= self.start)?;
        let word = |number: u32| usize::try_from(number / 64).ok();
        Some((word(self.start)?, word(last)?))
    }

    /// Adds the next number.
    const fn extend(&mut self, number: u32) {
        if self.start == self.end {
            self.start = number;
        }
        self.end = number + 1;
    }
}

/// The guards that belong to one column.
#[derive(Clone, Debug)]
pub(super) struct Members {
    /// Those that ask for one text.
    pub(super) single: Numbers,
    /// Those that ask for one of several.
    pub(super) several: Numbers,
    /// The part of `single` that asks for each text.
    pub(super) by_text: Map<Box<str>, Numbers>,
}

impl Members {
    fn none() -> Self {
        Self {
            single: Numbers::NONE,
            several: Numbers::NONE,
            by_text: Map::default(),
        }
    }
}

/// Where a guard belongs: in which column, and there by which text.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Home<'c> {
    /// The share of values that leave the guard in.
    share: f64,
    column: usize,
    text: Option<&'c str>,
}

impl Order {
    pub(super) fn of(count: usize, columns: &[(Slot, Vec<Concerned<'_>>)]) -> Self {
        let mut homes: Vec<Option<Home<'_>>> = vec![None; count];
        // A few words are read so quickly that no order is worth while.
        if count > FLAT_GUARDS_MAX {
            for (column, (_, guards)) in columns.iter().enumerate() {
                settle(column, guards, &mut homes);
            }
        }
        let mut guards: Vec<u32> = (0..).take(count).collect();
        let home = |guard: &u32| homes.get(usize::try_from(*guard).ok()?).copied().flatten();
        guards.sort_by_key(|guard| home(guard).map(|home| (home.column, home.text)));
        let mut numbers = vec![0; count];
        let mut placed = vec![Members::none(); columns.len()];
        let mut others = Numbers::NONE;
        for (guard, number) in guards.iter().zip(0_u32..) {
            if let Some(place) = usize::try_from(*guard)
                .ok()
                .and_then(|at| numbers.get_mut(at))
            {
                *place = number;
            }
            let home = home(guard);
            let column = home.and_then(|home| placed.get_mut(home.column));
            let (Some(home), Some(column)) = (home, column) else {
                others.extend(number);
                continue;
            };
            match home.text {
                None => column.several.extend(number),
                Some(text) => {
                    column.single.extend(number);
                    let named = column.by_text.entry(text.into());
                    named.or_insert(Numbers::NONE).extend(number);
                }
            }
        }
        Self {
            guards,
            numbers,
            columns: placed,
            others,
        }
    }

    pub(super) fn number(&self, guard: u32) -> u32 {
        let place = usize::try_from(guard).ok();
        place
            .and_then(|place| self.numbers.get(place))
            .copied()
            .unwrap_or(u32::MAX)
    }
}

/// Gives guards a home in a column, unless another one says more about them.
fn settle<'c>(column: usize, guards: &[(u32, Vec<&'c Clause>)], homes: &mut [Option<Home<'c>>]) {
    let mut known: Map<&str, ()> = Map::default();
    for (_, clauses) in guards {
        known.extend(texts_of(clauses).into_iter().map(|text| (text, ())));
    }
    for (guard, clauses) in guards {
        let Some(named) = asked(clauses) else {
            continue;
        };
        let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let found = Home {
            share: count(named.len()) / count(known.len().max(1)),
            column,
            text: match named.as_slice() {
                [text] => Some(text),
                _ => None,
            },
        };
        let place = usize::try_from(*guard)
            .ok()
            .and_then(|guard| homes.get_mut(guard));
        if let Some(place) = place
            && place.is_none_or(|home| found.share < home.share)
        {
            *place = Some(found);
        }
    }
}

/// Returns the texts one of which a guard asks for, if a clause says so.
fn asked<'c>(clauses: &[&'c Clause]) -> Option<Vec<&'c str>> {
    let asks = |clause: &&&Clause| match clause {
        Clause::Test(test) => {
            !test.is_negated && matches!(test.question, Question::EqualText(_) | Question::In(_))
        }
        Clause::Any(_) | Clause::Pair(_) | Clause::Tree(_) => false,
    };
    let texts = clauses
        .iter()
        .filter(asks)
        .map(|clause| texts_of(&[clause]));
    texts.min_by_key(Vec::len)
}
