//! Which guards can be left out because a fact excludes them.
//!
//! Each indexed attribute is a column: for every value that policies tell apart it has a mask of the
//! guards that the value does not exclude. The candidates of a run are the guards in the masks of
//! all columns. A guard that is left out is exactly false: only clauses before the first one that
//! the index cannot judge are used, and where a fact has a type that makes one of them a fault, the
//! guard stays in.

mod build;
mod column;

use std::borrow::Cow;

use crate::facts::{Fact, Facts};
use crate::mention::Map;
use column::Column;

pub(crate) use build::build;

/// Words of a mask that are combined at once.
const LANES: usize = 8;
/// Guards of one chunk.
const CHUNK_GUARDS: usize = LANES * 64;
/// Guards below which trying each is quicker than asking which.
const GUARDS_MIN: usize = 24;
/// Columns that one run combines at most.
const PICKED_MAX: usize = 32;

/// One bit for each of some successive guards.
type Chunk = [u64; LANES];

/// A mask by its place in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct MaskId(u32);

/// Every mask once; the first one has all guards.
#[derive(Debug)]
struct Masks {
    chunks: Vec<Chunk>,
    /// Chunks of one mask.
    stride: usize,
}

impl Masks {
    const ALL: MaskId = MaskId(0);

    fn mask(&self, id: MaskId) -> &[Chunk] {
        let start = usize::try_from(id.0)
            .unwrap_or(usize::MAX)
            .saturating_mul(self.stride);
        self.chunks
            .get(start..start.saturating_add(self.stride))
            .unwrap_or_default()
    }
}

/// The index of a set.
#[derive(Debug)]
pub(crate) struct Index {
    masks: Masks,
    /// The most selective ones first.
    columns: Vec<Column>,
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
    pub(crate) fn candidates<'i>(&'i self, facts: &Facts<'_>) -> Candidates<'i> {
        let mut candidates = Candidates {
            all: self.masks.mask(Masks::ALL),
            picked: [&[]; PICKED_MAX],
            picked_count: 0,
            made: Vec::new(),
            suspects: self.suspects(facts),
            next_chunk: 0,
            chunk: [0; LANES],
            word: LANES,
        };
        for column in &self.columns {
            match column.mask(facts.fact(column.slot()), &self.masks) {
                Cow::Borrowed([]) => {}
                Cow::Borrowed(mask) => {
                    if let Some(place) = candidates.picked.get_mut(candidates.picked_count) {
                        *place = mask;
                        candidates.picked_count += 1;
                    }
                }
                Cow::Owned(mask) => candidates.made.push(mask),
            }
        }
        candidates
    }

    /// Returns the guards that must be tried because a fact has an unexpected type.
    fn suspects(&self, facts: &Facts<'_>) -> Vec<Chunk> {
        let mut suspects: Vec<Chunk> = Vec::new();
        for (slot, (interesting, fact)) in
            self.suspect_kinds.iter().zip(facts.as_slice()).enumerate()
        {
            if *interesting == 0 {
                continue;
            }
            let kind = kind_of(fact, *interesting);
            if kind & interesting == 0 {
                continue;
            }
            if let Some(id) = self.suspects.get(&(slot, kind)) {
                suspects.resize(self.masks.stride, [0; LANES]);
                for (chunk, mask) in suspects.iter_mut().zip(self.masks.mask(*id)) {
                    for (word, bits) in chunk.iter_mut().zip(mask) {
                        *word |= bits;
                    }
                }
            }
        }
        suspects
    }
}

/// The guards of one run that have to be tried, in order.
#[derive(Debug)]
pub(crate) struct Candidates<'i> {
    all: &'i [Chunk],
    picked: [&'i [Chunk]; PICKED_MAX],
    picked_count: usize,
    /// Masks that were made for this run.
    made: Vec<Vec<Chunk>>,
    suspects: Vec<Chunk>,
    next_chunk: usize,
    chunk: Chunk,
    word: usize,
}

impl Iterator for Candidates<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        loop {
            while let Some(word) = self.chunk.get_mut(self.word) {
                if *word != 0 {
                    let bit = usize::try_from(word.trailing_zeros()).unwrap_or(0);
                    *word &= *word - 1;
                    return Some((self.next_chunk - 1) * CHUNK_GUARDS + self.word * 64 + bit);
                }
                self.word += 1;
            }
            self.chunk = self.combine()?;
            self.next_chunk += 1;
            self.word = 0;
        }
    }
}

impl Candidates<'_> {
    /// Combines the next chunk of every mask.
    fn combine(&self) -> Option<Chunk> {
        let at = self.next_chunk;
        let mut chunk = *self.all.get(at)?;
        let made = self.made.iter().map(Vec::as_slice);
        let picked = self.picked.iter().take(self.picked_count).copied();
        for mask in picked.chain(made) {
            let Some(mask) = mask.get(at) else {
                continue;
            };
            let mut left = 0;
            for (word, bits) in chunk.iter_mut().zip(mask) {
                *word &= bits;
                left |= *word;
            }
            if left == 0 {
                break;
            }
        }
        if let Some(suspects) = self.suspects.get(at) {
            for (word, bits) in chunk.iter_mut().zip(suspects) {
                *word |= bits;
            }
        }
        Some(chunk)
    }
}
