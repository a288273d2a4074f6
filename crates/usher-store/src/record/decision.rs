//! The decision log and the usage of policies.

use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, ConsumerId, ConversationId, DecisionId, PolicyId, SessionId};
use usher_model::time::Timestamp;
use usher_model::value::Value;

use super::Record;
use crate::collection::{Collection, kept};
use crate::store::{Field, Key};

/// One run of the policies: all it takes to run it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Which one; ids sort by time.
    pub id: DecisionId,
    /// The instant the run took as now.
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// Who asked: `V1`, `V2`, `API`.
    pub api: String,
    /// About which conversation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub conversation_id: Option<ConversationId>,
    /// With which session.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session_id: Option<SessionId>,
    /// For whom.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub consumer_id: Option<ConsumerId>,
    /// The policies, custom attributes and settings it ran on.
    pub ruleset_revision: u64,
    /// The only policy that was tried, if one was named.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub only_policy_id: Option<PolicyId>,
    /// The winner.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub policy_id: Option<PolicyId>,
    /// Its name then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub policy_name: Option<String>,
    /// Why nobody won.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub no_match_reason: Option<String>,
    /// What was answered.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub actions: Vec<Value>,
    /// What was known of the attributes that the policies mention; custom ones are in the ruleset.
    pub facts: Vec<Fact>,
    /// The policies that could not be judged.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub faults: Vec<Fault>,
    /// Remarks: `CUSTOMER_ID_REQUIRED`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
    /// From when on nobody sees it.
    pub expires_at: Timestamp,
}

/// What was known of one attribute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fact {
    /// The attribute.
    #[serde(rename = "a")]
    pub attribute: String,
    /// Its value.
    #[serde(rename = "v")]
    pub value: Value,
}

/// A policy that could not be judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Which one.
    pub policy_id: PolicyId,
    /// `ERROR` or `INVALID`.
    pub status: String,
    /// Why.
    pub code: String,
}

impl Record for Decision {
    const COLLECTION: &'static Collection = &kept::DECISIONS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.to_string().as_str()])
    }

    fn fields(&self) -> Vec<Field> {
        let text =
            |text: Option<&str>| text.map_or(Field::Null, |text| Field::Text(text.to_owned()));
        vec![
            text(self.conversation_id.as_ref().map(ConversationId::as_str)),
            text(self.consumer_id.as_ref().map(ConsumerId::as_str)),
            text(self.policy_id.as_ref().map(PolicyId::as_str)),
            text(self.faults.first().map(|fault| fault.status.as_str())),
            Field::Integer(self.at.milliseconds()),
        ]
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

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
