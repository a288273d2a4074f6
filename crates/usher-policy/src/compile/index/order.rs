//! The order in which masks have the guards: those stand together that the same fact decides about.

use super::FLAT_GUARDS_MAX;
use super::build::{Concerned, texts_of};
use crate::attribute::Slot;
use crate::compile::clause::{Clause, Question};
use crate::mention::Map;

/// Texts of which a guard may ask for one and still stand with each of them.
const PLACES_MAX: usize = 8;

/// The guards in the order of the masks. A guard's place in it is its number; it has several if it
/// asks for one of a few texts.
#[derive(Debug)]
pub(super) struct Order {
    /// The guard with each number.
    pub(super) guards: Vec<u32>,
    /// The numbers of each guard.
    numbers: Vec<Vec<u32>>,
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

    pub(super) const fn has(self, number: u32) -> bool {
        self.start <= number && number < self.end
    }

    /// Adds a number that is larger than those it has, and what is between.
    pub(super) const fn extend(&mut self, number: u32) {
        if self.start == self.end {
            self.start = number;
        }
        self.end = number + 1;
    }
}

/// The guards that belong to one column.
#[derive(Clone, Debug)]
pub(super) struct Members {
    /// Those that ask for one of a few texts.
    pub(super) few: Numbers,
    /// Those that ask for one of many.
    pub(super) many: Numbers,
    /// The part of `few` that asks for each text.
    pub(super) by_text: Map<Box<str>, Numbers>,
}

impl Members {
    fn none() -> Self {
        Self {
            few: Numbers::NONE,
            many: Numbers::NONE,
            by_text: Map::default(),
        }
    }
}

/// Where a guard belongs: in which column, and there by which texts.
#[derive(Clone)]
struct Home<'c> {
    /// The share of values that leave the guard in.
    share: f64,
    column: usize,
    /// None if they are many.
    texts: Vec<&'c str>,
}

/// One place of a guard: nowhere, among those of a column that ask for many texts, or with a text.
type Place<'c> = Option<(usize, Option<&'c str>)>;

impl Order {
    pub(super) fn of(count: usize, columns: &[(Slot, Vec<Concerned<'_>>)]) -> Self {
        let mut homes: Vec<Option<Home<'_>>> = vec![None; count];
        // A few words are read so quickly that no order is worth while.
        if count > FLAT_GUARDS_MAX {
            for (column, (_, guards)) in columns.iter().enumerate() {
                settle(column, guards, &mut homes);
            }
        }
        let mut places: Vec<(Place<'_>, u32)> = Vec::with_capacity(count);
        for (home, guard) in homes.iter().zip(0..) {
            match home {
                None => places.push((None, guard)),
                Some(home) if home.texts.is_empty() => {
                    places.push((Some((home.column, None)), guard));
                }
                Some(home) => {
                    let texts = home.texts.iter();
                    places.extend(texts.map(|text| (Some((home.column, Some(*text))), guard)));
                }
            }
        }
        places.sort();
        let mut order = Self {
            guards: Vec::with_capacity(places.len()),
            numbers: vec![Vec::new(); count],
            columns: vec![Members::none(); columns.len()],
            others: Numbers::NONE,
        };
        for ((place, guard), number) in places.into_iter().zip(0..) {
            order.add(place, guard, number);
        }
        order
    }

    fn add(&mut self, place: Place<'_>, guard: u32, number: u32) {
        self.guards.push(guard);
        let index = usize::try_from(guard).ok();
        if let Some(numbers) = index.and_then(|index| self.numbers.get_mut(index)) {
            numbers.push(number);
        }
        let column = place.and_then(|(column, _)| self.columns.get_mut(column));
        match (column, place) {
            (Some(column), Some((_, Some(text)))) => {
                column.few.extend(number);
                let named = column.by_text.entry(text.into());
                named.or_insert(Numbers::NONE).extend(number);
            }
            (Some(column), _) => column.many.extend(number),
            (None, _) => self.others.extend(number),
        }
    }

    /// Returns every number of a guard.
    pub(super) fn numbers(&self, guard: u32) -> &[u32] {
        let index = usize::try_from(guard).ok();
        let numbers = index.and_then(|index| self.numbers.get(index));
        numbers.map_or(&[], Vec::as_slice)
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
            texts: if named.len() <= PLACES_MAX {
                named
            } else {
                Vec::new()
            },
        };
        let place = usize::try_from(*guard)
            .ok()
            .and_then(|guard| homes.get_mut(guard));
        if let Some(place) = place
            && place.as_ref().is_none_or(|home| found.share < home.share)
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
    let mut texts = texts.min_by_key(Vec::len)?;
    texts.sort_unstable();
    texts.dedup();
    Some(texts)
}
