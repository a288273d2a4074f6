//! How often policies win.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_model::id::AccountId;
use usher_model::time::Timestamp;

use super::Record;
use crate::collection::{Collection, kept};
use crate::store::Key;

/// How runs ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunCounts {
    /// All of them.
    pub runs: u64,
    /// Those without a winner.
    pub no_match: u64,
    /// Those in which a policy could not be judged.
    pub errors: u64,
}

/// What was counted in a quarter of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QuarterCounts {
    /// How often the policy won.
    #[serde(skip_serializing_if = "is_zero")]
    pub matches: u64,
    /// For the empty policy id: all runs.
    #[serde(skip_serializing_if = "is_zero")]
    pub runs: u64,
    /// Those without a winner.
    #[serde(skip_serializing_if = "is_zero")]
    pub no_match: u64,
    /// Those in which a policy could not be judged.
    #[serde(skip_serializing_if = "is_zero")]
    pub errors: u64,
}

impl QuarterCounts {
    /// Adds what was counted elsewhere.
    pub const fn add(&mut self, other: &Self) {
        self.matches += other.matches;
        self.runs += other.runs;
        self.no_match += other.no_match;
        self.errors += other.errors;
    }
}

const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How often a policy won on one day, or with an empty policy id how runs ended on that day.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyUse {
    /// The day in UTC: `2026-05-01`.
    pub day: String,
    /// The policy, or empty.
    pub policy_id: String,
    /// Its name then.
    pub name: String,
    /// How often it won.
    pub matches: u64,
    /// When it last won.
    pub last_matched_at: Option<Timestamp>,
    /// For the empty policy id: how runs ended.
    #[serde(default)]
    pub counts: RunCounts,
    /// The same by the quarters of an hour since the day began; absent from rows of before they were
    /// counted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub quarters: BTreeMap<u8, QuarterCounts>,
    /// From when on nobody sees it.
    pub expires_at: Timestamp,
}

impl Record for PolicyUse {
    const COLLECTION: &'static Collection = &kept::POLICY_USES;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.day.as_str(), self.policy_id.as_str()])
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
