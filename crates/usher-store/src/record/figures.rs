//! Figures: what happened, counted by hour and by day, for reports that look back for years.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_model::id::AccountId;
use usher_model::time::Timestamp;

use super::Record;
use crate::collection::{Collection, kept};
use crate::store::Key;

/// How long the period of a row is, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Grain {
    /// An hour, in quarters: not every time zone is whole hours away from UTC.
    Hour,
    /// A day, in one piece.
    Day,
}

impl Grain {
    /// Returns its name in keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Returns the name of the period that begins at an instant: `2026-05-01T10`, `2026-05-01`.
    #[must_use]
    pub fn period(self, start: Timestamp) -> String {
        let length = match self {
            Self::Hour => 13,
            Self::Day => 10,
        };
        start.to_string().chars().take(length).collect()
    }
}

/// By what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Dimension {
    /// The whole account.
    All,
    /// A skill.
    Skill,
    /// An agent, human or bot.
    Agent,
    /// How consumers write.
    Channel,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 4] = [Self::All, Self::Skill, Self::Agent, Self::Channel];

    /// Returns its name in keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Skill => "skill",
            Self::Agent => "agent",
            Self::Channel => "channel",
        }
    }
}

/// What happened in one period to one skill, agent or channel, or to all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// How long the period is.
    pub grain: Grain,
    /// By what it is counted.
    pub dimension: Dimension,
    /// Which skill, agent or channel; empty for all.
    pub id: String,
    /// When the period begins.
    pub start: Timestamp,
    /// What happened, by the quarters of an hour; for a day in the first one.
    pub cells: BTreeMap<u8, Cell>,
    /// From when on nobody sees it.
    pub expires_at: Timestamp,
}

impl Record for Figures {
    const COLLECTION: &'static Collection = &kept::FIGURES;

    fn key(&self, account: &AccountId) -> Key {
        let period = self.grain.period(self.start);
        let (grain, dimension) = (self.grain.as_str(), self.dimension.as_str());
        Key::new(account, [grain, dimension, &self.id, &period])
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// What is counted; two cells add up to one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cell {
    /// Conversations that began; of a skill those that came into it, of an agent those they got.
    #[serde(skip_serializing_if = "is_zero")]
    pub conversations: u64,
    /// Conversations that ended, each with its last skill and agent.
    #[serde(skip_serializing_if = "is_zero")]
    pub closed: u64,
    /// Of these, those that ended while they waited.
    #[serde(skip_serializing_if = "is_zero")]
    pub abandoned: u64,
    /// Assignments to people.
    #[serde(skip_serializing_if = "is_zero")]
    pub assignments: u64,
    /// Assignments to bots.
    #[serde(skip_serializing_if = "is_zero")]
    pub bot_assignments: u64,
    /// Transfers away, by people.
    #[serde(skip_serializing_if = "is_zero")]
    pub transfers: u64,
    /// Transfers away, from bots.
    #[serde(skip_serializing_if = "is_zero")]
    pub handovers: u64,
    /// How long conversations waited before people got them, in milliseconds.
    #[serde(skip_serializing_if = "Histogram::is_empty")]
    pub waits: Histogram,
    /// The scores of conversations that ended.
    #[serde(skip_serializing_if = "Histogram::is_empty")]
    pub mcs: Histogram,
    /// The answers to surveys.
    #[serde(skip_serializing_if = "Histogram::is_empty")]
    pub csat: Histogram,
    /// Conversations that ended, of returning consumers who got their last agent.
    #[serde(skip_serializing_if = "Outcome::is_empty")]
    pub last_agent: Outcome,
    /// Those of returning consumers who got somebody else.
    #[serde(skip_serializing_if = "Outcome::is_empty")]
    pub other_agent: Outcome,
    /// Why those did not get their last agent.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub other_because: BTreeMap<String, u64>,
}

impl Cell {
    /// Adds what another cell counted.
    pub fn add(&mut self, other: &Self) {
        self.conversations += other.conversations;
        self.closed += other.closed;
        self.abandoned += other.abandoned;
        self.assignments += other.assignments;
        self.bot_assignments += other.bot_assignments;
        self.transfers += other.transfers;
        self.handovers += other.handovers;
        self.waits.add(&other.waits);
        self.mcs.add(&other.mcs);
        self.csat.add(&other.csat);
        self.last_agent.add(&other.last_agent);
        self.other_agent.add(&other.other_agent);
        for (reason, count) in &other.other_because {
            *self.other_because.entry(reason.clone()).or_default() += count;
        }
    }
}

/// How conversations went that ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Outcome {
    /// How many.
    pub closed: u64,
    /// How often people transferred them.
    #[serde(skip_serializing_if = "is_zero")]
    pub transfers: u64,
    /// How long they waited for the first person, in milliseconds.
    #[serde(skip_serializing_if = "Histogram::is_empty")]
    pub waits: Histogram,
    /// Their scores.
    #[serde(skip_serializing_if = "Histogram::is_empty")]
    pub mcs: Histogram,
}

impl Outcome {
    fn is_empty(&self) -> bool {
        self.closed == 0
    }

    fn add(&mut self, other: &Self) {
        self.closed += other.closed;
        self.transfers += other.transfers;
        self.waits.add(&other.waits);
        self.mcs.add(&other.mcs);
    }
}

const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How often each value came, up to an error of less than 0.8 %: values below 128 are told apart,
/// larger ones as far as their first seven binary digits. Two histograms add up to one, and what is
/// read from it is as exact as from all values together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Histogram {
    /// By bucket.
    pub counts: BTreeMap<u16, u64>,
    /// All values together, exactly.
    pub sum: u64,
    /// The largest value, exactly.
    pub max: u64,
}

/// Buckets between a power of two and the next one, as binary digits.
const DIGITS: u32 = 6;
/// Values up to which each has a bucket of its own.
const EXACT: u64 = 2 << DIGITS;

impl Histogram {
    /// Notes a value.
    pub fn note(&mut self, value: u64) {
        *self.counts.entry(bucket(value)).or_default() += 1;
        self.sum = self.sum.saturating_add(value);
        self.max = self.max.max(value);
    }

    /// Returns how many values were noted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Whether no value was noted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Returns the value that so many of a hundred do not exceed; nothing without values.
    #[must_use]
    pub fn percentile(&self, of_hundred: u64) -> Option<u64> {
        let rank = (self.count() * of_hundred).div_ceil(100).max(1);
        let mut passed = 0;
        let found = self.counts.iter().find(|(_, count)| {
            passed += **count;
            passed >= rank
        });
        found.map(|(bucket, _)| middle(*bucket).min(self.max))
    }

    fn add(&mut self, other: &Self) {
        for (bucket, count) in &other.counts {
            *self.counts.entry(*bucket).or_default() += count;
        }
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
    }
}

/// Returns the bucket of a value: its first digits, and how many follow.
fn bucket(value: u64) -> u16 {
    let follow = (u64::BITS - value.leading_zeros()).saturating_sub(DIGITS + 1);
    let bucket = (u64::from(follow) << DIGITS) + (value >> follow);
    // The largest value's bucket is below 4,096.
    u16::try_from(bucket).unwrap_or(u16::MAX)
}

/// Returns the middle of a bucket's values.
fn middle(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < EXACT {
        return bucket;
    }
    let follow = (bucket >> DIGITS) - 1;
    let first = (bucket - (follow << DIGITS)) << follow.min(63);
    first + (1 << follow.min(63)) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_within_its_error_of_every_value_and_keeps_their_order() {
        let mut before = 0;
        for value in (0..5_000).chain((5_000..u64::from(u32::MAX)).step_by(1_000_003)) {
            let bucket = bucket(value);
            assert!(bucket >= before, "{value}");
            before = bucket;
            let error = middle(bucket).abs_diff(value);
            assert!(
                error * 128 <= value,
                "{value} is read as {}",
                middle(bucket)
            );
        }
        assert!(bucket(u64::MAX) < 4_096);
        assert!(middle(bucket(u64::MAX)) > u64::MAX / 2);
    }

    #[test]
    fn percentiles_of_a_sum_are_those_of_all_values_together() {
        let (mut one, mut other, mut all) = <(Histogram, Histogram, Histogram)>::default();
        for value in 1..=100 {
            let part = if value % 3 == 0 { &mut one } else { &mut other };
            part.note(value);
            all.note(value);
        }
        one.add(&other);
        assert_eq!(one, all);
        let read = [0, 1, 50, 90, 99, 100].map(|of_hundred| one.percentile(of_hundred).unwrap());
        assert_eq!(read, [1, 1, 50, 90, 99, 100]);
        assert_eq!((one.count(), one.sum, one.max), (100, 5_050, 100));
        assert_eq!(Histogram::default().percentile(50), None);
        let mut single = Histogram::default();
        single.note(1_000_001);
        assert_eq!(
            single.percentile(99),
            Some(1_000_001),
            "no more than the largest"
        );
    }

    #[test]
    fn a_cell_writes_only_what_was_counted() {
        let mut cell = Cell::default();
        assert_eq!(serde_json::to_string(&cell).unwrap(), "{}");
        cell.assignments = 2;
        cell.waits.note(5);
        let written = r#"{"assignments":2,"waits":{"counts":{"5":1},"sum":5,"max":5}}"#;
        assert_eq!(serde_json::to_string(&cell).unwrap(), written);
        assert_eq!(serde_json::from_str::<Cell>(written).unwrap(), cell);
    }
}
