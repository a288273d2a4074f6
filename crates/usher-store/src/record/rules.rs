//! What decides: policies and custom attributes, with every version of them and of the settings.

use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, FunctionId, PolicyId};
use usher_model::time::Timestamp;
use usher_model::value::Value;

use super::Record;
use crate::collection::{Collection, kept};
use crate::store::{Field, Key};

/// A policy as it is now.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Which one.
    pub id: PolicyId,
    /// Sorts the list: see `usher_app::policies::rank`.
    pub rank: String,
    /// Counts its changes, from 1.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
    /// The policy itself, in the stored form of `usher_policy::document`.
    pub policy: Value,
    /// Its name in lower case: names are unique ignoring case.
    pub name_key: String,
}

impl Record for Policy {
    const COLLECTION: &'static Collection = &kept::POLICIES;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.as_str()])
    }

    fn fields(&self) -> Vec<Field> {
        vec![
            Field::Text(self.name_key.clone()),
            Field::Text(self.rank.clone()),
        ]
    }
}

/// A custom attribute.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// Policies read it as `custom.<name>`.
    pub name: String,
    /// `STRING`, `NUMBER`, `BOOLEAN`, `LIST` or `JSON`.
    pub value_type: String,
    /// Its value; null if a function answers it.
    pub value: Value,
    /// The function that answers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<AttributeCall>,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether logs mask it.
    #[serde(default)]
    pub is_sensitive: bool,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
}

/// Which function answers an attribute, and what it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeCall {
    /// The function.
    pub function_id: FunctionId,
    /// What it is given: one without a name as it is, named ones as an object, several without
    /// names as a list.
    #[serde(default)]
    pub parameters: Vec<AttributeParameter>,
    /// How long it may take.
    pub timeout_ms: u32,
    /// How long an answer is good for the same parameters.
    #[serde(default)]
    pub cache_seconds: u32,
}

/// Something that a function is given for an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeParameter {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where its value comes from.
    #[serde(flatten)]
    pub source: ParameterSource,
}

/// Where the value of a parameter comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "source", content = "value")]
pub enum ParameterSource {
    /// It is always the same.
    Constant(Value),
    /// It is what an attribute has.
    Attribute(String),
}

impl Record for Attribute {
    const COLLECTION: &'static Collection = &kept::ATTRIBUTES;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.name.as_str()])
    }
}

/// The newest revision of everything that decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ruleset {
    /// Counts the changes, from 1.
    pub revision: u64,
}

impl Record for Ruleset {
    const COLLECTION: &'static Collection = &kept::RULESETS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [])
    }
}

/// One version of one thing that decides.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleVersion {
    /// `policy`, `attribute`, `settings` or `namespace`.
    pub kind: String,
    /// Which one; empty for the settings.
    pub id: String,
    /// The ruleset's revision that brought it.
    pub revision: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What was done: `create`, `update`, `enable`, `move`, `delete`, …
    pub change: String,
    /// The record as it became; null when it was deleted.
    pub record: Option<Value>,
}

impl RuleVersion {
    /// Writes a revision so that text sorts as the number does.
    #[must_use]
    pub fn revision_key(revision: u64) -> String {
        format!("{revision:020}")
    }
}

impl Record for RuleVersion {
    const COLLECTION: &'static Collection = &kept::RULE_VERSIONS;

    fn key(&self, account: &AccountId) -> Key {
        let revision = Self::revision_key(self.revision);
        Key::new(
            account,
            [self.kind.as_str(), self.id.as_str(), revision.as_str()],
        )
    }
}
