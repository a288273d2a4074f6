//! Functions: as they are written, the versions that were deployed, what they logged, and the
//! secrets and domains they may use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, FunctionId, NodeId, SkillId};
use usher_model::time::Timestamp;
use usher_model::value::Value;

use super::{LogRecord, Record};
use crate::collection::{Collection, kept};
use crate::store::{Field, Key};

/// A function as it is written; what runs is the version that is deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Function {
    /// Which one.
    pub id: FunctionId,
    /// What people call it.
    pub name: String,
    /// Its name in lower case: names are unique ignoring case.
    pub name_key: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What starts it; nothing if only callers do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// The skills for whose conversations the event starts it; none means all.
    #[serde(default)]
    pub skill_ids: Vec<SkillId>,
    /// Whether it is given the bearer token of the one who asked for a decision.
    #[serde(default)]
    pub is_trusted: bool,
    /// Its code, and what goes with it.
    #[serde(flatten)]
    pub code: FunctionCode,
    /// When time starts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// The number of the newest version, from 1; 0 if it was never deployed.
    #[serde(default)]
    pub last_version: u64,
    /// The version that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed: Option<u64>,
    /// Whether the code is no longer that of the version that runs.
    #[serde(default)]
    pub is_modified: bool,
    /// Why the last deployment failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
}

/// What a deployment makes a version of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionCode {
    /// JavaScript.
    pub source: String,
    /// What it reads as `process.env`.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// How long it may take.
    pub timeout_ms: u32,
}

/// When time starts a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// Five fields: minute, hour, day, month, day of the week.
    pub cron: String,
    /// The IANA zone in which they are read.
    pub zone: String,
    /// What the function is given.
    #[serde(default)]
    pub payload: Value,
}

impl Record for Function {
    const COLLECTION: &'static Collection = &kept::FUNCTIONS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.to_string().as_str()])
    }

    fn fields(&self) -> Vec<Field> {
        vec![Field::Text(self.name_key.clone())]
    }
}

/// A version that was deployed; it never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionVersion {
    /// Of which function.
    pub function_id: FunctionId,
    /// Counts the function's deployments, from 1.
    pub version: u64,
    /// What was deployed.
    #[serde(flatten)]
    pub code: FunctionCode,
    /// When.
    pub deployed_at: Timestamp,
    /// By whom.
    pub deployed_by: String,
}

impl FunctionVersion {
    /// Returns the key of a version; text sorts as the number does.
    #[must_use]
    pub fn key_of(account: &AccountId, function: FunctionId, version: u64) -> Key {
        let (function, version) = (function.to_string(), format!("{version:020}"));
        Key::new(account, [function.as_str(), version.as_str()])
    }
}

impl Record for FunctionVersion {
    const COLLECTION: &'static Collection = &kept::FUNCTION_VERSIONS;

    fn key(&self, account: &AccountId) -> Key {
        Self::key_of(account, self.function_id, self.version)
    }
}

/// Counts the changes of an account's functions, so that nodes know whether what they hold is true.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionHead {
    /// Counts the changes, from 1.
    pub revision: u64,
    /// The domains that functions may call.
    #[serde(default)]
    pub domains: Vec<String>,
}

impl Record for FunctionHead {
    const COLLECTION: &'static Collection = &kept::FUNCTION_HEADS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [])
    }
}

/// How much an entry of a function's log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LogLevel {
    /// For whoever writes the function; never kept.
    Debug,
    /// Something happened.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something failed.
    Error,
}

/// One entry of a function's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionLog {
    /// Which function.
    pub function_id: FunctionId,
    /// In which request.
    pub request_id: String,
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub level: LogLevel,
    /// What the function said.
    pub message: String,
    /// What it said besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<Value>,
    /// From when on nobody sees it.
    pub expires_at: Timestamp,
}

impl LogRecord for FunctionLog {
    const COLLECTION: &'static Collection = &kept::FUNCTION_LINES;

    fn fields(&self) -> Vec<Field> {
        vec![
            Field::Text(self.function_id.to_string()),
            Field::Integer(self.at.milliseconds()),
        ]
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// How often a function ran in one hour on one node; what a node does after it has started again is
/// another node's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionUse {
    /// Which function.
    pub function_id: FunctionId,
    /// When the hour began.
    pub hour: Timestamp,
    /// Which node.
    pub node_id: NodeId,
    /// How many runs.
    pub runs: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How many took how long: the position of a bound, and how many were within it and not within
    /// the one before.
    #[serde(default)]
    pub times: BTreeMap<u8, u64>,
    /// From when on nobody sees it.
    pub expires_at: Timestamp,
}

impl Record for FunctionUse {
    const COLLECTION: &'static Collection = &kept::FUNCTION_USES;

    fn key(&self, account: &AccountId) -> Key {
        let (function, hour) = (self.function_id.to_string(), self.hour.to_string());
        let node = self.node_id.to_string();
        Key::new(account, [function.as_str(), hour.as_str(), node.as_str()])
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// The last time that time started a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduledRun {
    /// Which function.
    pub function_id: FunctionId,
    /// The minute for which it was started.
    pub due_at: Timestamp,
    /// How it ended: `OK`, or the code of its failure; nothing while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

impl Record for ScheduledRun {
    const COLLECTION: &'static Collection = &kept::SCHEDULED_RUNS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.function_id.to_string().as_str()])
    }
}

/// A secret, which only functions read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// What functions call it.
    pub name: String,
    /// Its value, encrypted: base64.
    pub sealed: String,
    /// Which key opens it.
    pub key_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
}

impl Record for Secret {
    const COLLECTION: &'static Collection = &kept::SECRETS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.name.as_str()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_without_later_fields_is_read() {
        let function: Function = serde_json::from_str(
            r#"{"id":"01900000-0000-7000-8000-000000000000","name":"Vip","nameKey":"vip","source":"",
                "timeoutMs":3000,"createdAt":"2026-05-01T10:00:00.000Z",
                "updatedAt":"2026-05-01T10:00:00.000Z","updatedBy":"user/ada"}"#,
        )
        .unwrap();
        assert_eq!((function.deployed, function.last_version), (None, 0));
        assert!(function.code.environment.is_empty() && function.schedule.is_none());
    }
}
