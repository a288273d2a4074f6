//! Blocks of the decision log: many decisions in one row.
//!
//! A row costs the disk the same whatever it holds, so decisions are kept by the block, in the order
//! of their ids. Its key is the last of them. What a search may ask for stands in a column before
//! the document, as short hashes: a block without the hash is passed over unread, and one that has it
//! is looked through.
//!
//! What was known of a decision is written without names: a block has those of each ruleset once.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use usher_model::id::{AccountId, DecisionId};
use usher_model::limits;
use usher_model::time::Timestamp;

use super::{Decision, DecisionHead, DecisionView, FactNames};
use crate::batch::{Batch, Expect, PutRow};
use crate::collection::kept;
use crate::store::{Field, Key, Row, StoreError};

/// Something that a search may ask for, hashed: two of them agree once in a thousand million.
///
/// The hash stands on disk, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word(u32);

impl Word {
    /// Characters of a word, of five bits each.
    const CHARS: u32 = 6;

    /// A decision about this conversation.
    #[must_use]
    pub fn conversation(id: &str) -> Self {
        Self::of(b'c', id)
    }

    /// A decision for this consumer.
    #[must_use]
    pub fn consumer(id: &str) -> Self {
        Self::of(b'u', id)
    }

    /// A decision that this policy won.
    #[must_use]
    pub fn winner(policy_id: &str) -> Self {
        Self::of(b'p', policy_id)
    }

    /// A decision in which this policy could not be judged.
    #[must_use]
    pub fn faulty(policy_id: &str) -> Self {
        Self::of(b'f', policy_id)
    }

    /// A decision in which some policy has this status: `ERROR` or `INVALID`.
    #[must_use]
    pub fn status(status: &str) -> Self {
        Self::of(b's', status)
    }

    /// A decision that somebody won, or nobody.
    #[must_use]
    pub fn outcome(is_matched: bool) -> Self {
        Self::of(b'o', if is_matched { "MATCHED" } else { "NO_MATCH" })
    }

    /// FNV-1a of 64 bits, folded.
    fn of(kind: u8, text: &str) -> Self {
        const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let bytes = std::iter::once(kind).chain(text.bytes());
        let hash = bytes.fold(BASIS, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(PRIME)
        });
        let bits = 5 * Self::CHARS;
        let folded = (hash ^ (hash >> bits) ^ (hash >> (2 * bits))) & ((1 << bits) - 1);
        Self(u32::try_from(folded).unwrap_or(0))
    }

    /// Returns what the column of a block must contain if the word is in it.
    #[must_use]
    pub fn pattern(self) -> (&'static str, String) {
        let mut text = String::from(" ");
        self.write(&mut text);
        text.push(' ');
        ("words", text)
    }

    fn write(self, text: &mut String) {
        for place in (0..Self::CHARS).rev() {
            let digit = self.0 >> (5 * place) & 31;
            text.extend(char::from_digit(digit, 32));
        }
    }
}

/// A decision as it stands in the log, and what a block has to know of it.
#[derive(Clone, Debug)]
pub struct WrittenDecision {
    /// Which one.
    pub id: DecisionId,
    json: String,
    words: Vec<Word>,
    expires_at: Timestamp,
    ruleset_revision: u64,
    names: FactNames,
}

impl DecisionView<'_> {
    /// Writes the decision.
    ///
    /// # Errors
    /// Fails if it cannot be written as JSON, which is a mistake of ours.
    pub fn write(&self) -> Result<WrittenDecision, StoreError> {
        /// Bytes of a usual decision: so many are asked for at once.
        const USUAL_BYTES: usize = 1_024;
        let mut json = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut json, self).map_err(unreadable)?;
        Ok(WrittenDecision {
            id: self.id,
            // INVARIANT: JSON is UTF-8.
            json: String::from_utf8(json).unwrap_or_default(),
            words: self.words(),
            expires_at: self.expires_at(),
            ruleset_revision: self.ruleset_revision,
            names: self.names.clone(),
        })
    }
}

impl WrittenDecision {
    /// Returns how long it is.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.json.len()
    }
}

/// Decisions of one account that stand in one row.
#[derive(Clone, Debug, Default)]
pub struct DecisionBlock {
    /// The first and the last one.
    range: Option<(DecisionId, DecisionId)>,
    len: usize,
    /// The list of them, not yet closed.
    json: String,
    /// The names of their facts, by revision of the ruleset.
    names: BTreeMap<u64, FactNames>,
    names_bytes: usize,
    words: BTreeSet<Word>,
    expires_at: Timestamp,
}

/// What the row's document is: the decisions, and what is the same for many of them.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    decisions: Vec<&'a RawValue>,
    /// The names of their facts, by revision of the ruleset.
    #[serde(borrow)]
    names: BTreeMap<u64, &'a RawValue>,
}

impl<'a> Document<'a> {
    /// How it begins.
    const BEGIN: &'static str = r#"{"decisions":["#;

    fn read(row: &'a Row) -> Result<Self, StoreError> {
        serde_json::from_str(&row.document).map_err(unreadable)
    }
}

fn unreadable(source: serde_json::Error) -> StoreError {
    StoreError::unreadable(&kept::DECISION_BLOCKS, source)
}

impl DecisionBlock {
    /// Whether the decision may follow those that are in the block.
    #[must_use]
    pub fn takes(&self, decision: &WrittenDecision) -> bool {
        let Some((first, last)) = self.range else {
            return true;
        };
        let span = decision.id.minted_at().since(first.minted_at());
        let bytes = self.json.len() + self.names_bytes + decision.json.len();
        self.len < limits::DECISION_BLOCK_ROWS_MAX
            && bytes < limits::DECISION_BLOCK_BYTES_MAX
            && last < decision.id
            && span <= limits::DECISION_BLOCK_SPAN_MAX
    }

    /// Whether the block is small enough to be written again with decisions that follow.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.len < limits::DECISION_BLOCK_OPEN_ROWS_MAX
            && self.json.len() + self.names_bytes < limits::DECISION_BLOCK_OPEN_BYTES_MAX
    }

    /// Makes room for the JSON of decisions that are added.
    pub fn reserve(&mut self, bytes: usize) {
        self.json.reserve(Document::BEGIN.len() + bytes);
    }

    /// Adds a decision that the block [takes](DecisionBlock::takes).
    pub fn push(&mut self, decision: &WrittenDecision) {
        self.add_names(decision.ruleset_revision, &decision.names);
        self.add(
            decision.id,
            &decision.json,
            &decision.words,
            decision.expires_at,
        );
    }

    fn add_names(&mut self, ruleset_revision: u64, names: &FactNames) {
        if let Entry::Vacant(place) = self.names.entry(ruleset_revision) {
            self.names_bytes += names.as_json().len();
            place.insert(names.clone());
        }
    }

    fn add(&mut self, id: DecisionId, json: &str, words: &[Word], expires_at: Timestamp) {
        self.json
            .push_str(if self.len == 0 { Document::BEGIN } else { "," });
        self.json.push_str(json);
        self.len += 1;
        self.words.extend(words);
        self.range = Some((self.range.map_or(id, |(first, _)| first), id));
        self.expires_at = self.expires_at.max(expires_at);
    }

    /// Returns the first and the last decision; nothing if the block is empty.
    #[must_use]
    pub const fn range(&self) -> Option<(DecisionId, DecisionId)> {
        self.range
    }

    /// Returns the block's key; nothing if it is empty.
    #[must_use]
    pub fn key(&self, account: &AccountId) -> Option<Key> {
        let (_, last) = self.range?;
        Some(key(account, last))
    }

    /// Adds the block to what is written; an empty one is not.
    pub fn put(self, account: &AccountId, batch: &mut Batch, expect: Expect) {
        if let Some(key) = self.key(account) {
            self.put_at(key, batch, expect);
        }
    }

    fn put_at(self, key: Key, batch: &mut Batch, expect: Expect) {
        let mut document = self.json;
        document.push_str(r#"],"names":{"#);
        for (position, (revision, names)) in self.names.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            let names = names.as_json();
            document.push_str(&format!(r#"{comma}"{revision}":{names}"#));
        }
        document.push_str("}}");
        let mut words = String::from(" ");
        for word in &self.words {
            word.write(&mut words);
            words.push(' ');
        }
        let row = PutRow {
            key,
            fields: vec![Field::Text(words)],
            expires_at: Some(self.expires_at),
            document,
        };
        batch.put(&kept::DECISION_BLOCKS, row, expect);
    }

    /// Takes decisions out of a row: it is written again with those that stay, or removed. Returns
    /// how many were taken out.
    ///
    /// # Errors
    /// Fails if the row is not a block that this version or an older one wrote.
    pub fn take_out(
        row: &Row,
        batch: &mut Batch,
        is_taken: impl Fn(&DecisionHead<'_>) -> bool,
    ) -> Result<usize, StoreError> {
        let (mut rest, mut taken) = (Self::default(), 0);
        for (revision, names) in &Document::read(row)?.names {
            rest.add_names(*revision, &FactNames::written(names.get()));
        }
        for decision in StoredDecision::all(row)? {
            if is_taken(&decision.head) {
                taken += 1;
            } else {
                let head = &decision.head;
                rest.add(
                    head.id,
                    decision.raw.get(),
                    &head.words(),
                    head.expires_at(),
                );
            }
        }
        let (key, expect) = (row.key.clone(), Expect::Revision(row.revision));
        if taken > 0 && rest.len > 0 {
            // The key stays, though the last decision may be gone: none that is left is behind it.
            rest.put_at(key, batch, expect);
        } else if taken > 0 {
            batch.delete(&kept::DECISION_BLOCKS, key, expect);
        }
        Ok(taken)
    }
}

/// Returns the key of the block whose last decision this is.
#[must_use]
pub fn key(account: &AccountId, last: DecisionId) -> Key {
    Key::new(account, [last.to_string().as_str()])
}

/// A decision in a block that was read.
#[derive(Debug)]
pub struct StoredDecision<'a> {
    /// What a search asks for.
    pub head: DecisionHead<'a>,
    raw: &'a RawValue,
    /// The names of its facts.
    names: Option<&'a RawValue>,
}

impl<'a> StoredDecision<'a> {
    /// Returns the decisions of a block, in the order of their ids.
    ///
    /// # Errors
    /// Fails if the row is not a block that this version or an older one wrote.
    pub fn all(row: &'a Row) -> Result<Vec<Self>, StoreError> {
        let Document { decisions, names } = Document::read(row)?;
        let read = |raw: &'a RawValue| {
            let head: DecisionHead<'_> = serde_json::from_str(raw.get()).map_err(unreadable)?;
            let names = names.get(&head.ruleset_revision).copied();
            Ok(Self { head, raw, names })
        };
        decisions.into_iter().map(read).collect()
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// Fails if it is not what this version or an older one wrote.
    pub fn read(&self) -> Result<Decision, StoreError> {
        let mut json = serde_json::Deserializer::from_str(self.raw.get());
        // What was known stands some levels deeper here than where it came in and was bounded.
        json.disable_recursion_limit();
        let decision = Decision::deserialize(&mut json).map_err(unreadable)?;
        let names = self.names.map_or("[]", RawValue::get);
        let names = serde_json::from_str(names).map_err(unreadable)?;
        Ok(decision.with_names(names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_the_same_for_ever() {
        assert_eq!(Word::conversation("c-1").pattern().1, " 8kpuk8 ");
        assert_eq!(Word::outcome(true).pattern().1, " s2ahgs ");
    }
}
