//! The decision log: decisions as they are written and read.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Serialize, Serializer};
use usher_model::id::{ConsumerId, ConversationId, DecisionId, PolicyId, SessionId};
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};

use super::decision_block::Word;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// One run of the policies: all it takes to run it again.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Which one; ids sort by time, and say when it was asked.
    pub id: DecisionId,
    /// The instant the run took as now, if that is not when it was asked.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// Who asked: `V1`, `V2`, `API`.
    pub api: String,
    /// About which conversation.
    #[serde(default)]
    pub conversation_id: Option<ConversationId>,
    /// With which session.
    #[serde(default)]
    pub session_id: Option<SessionId>,
    /// For whom.
    #[serde(default)]
    pub consumer_id: Option<ConsumerId>,
    /// The policies, custom attributes and settings it ran on.
    pub ruleset_revision: u64,
    /// The only policy that was tried, if one was named.
    #[serde(default)]
    pub only_policy_id: Option<PolicyId>,
    /// The winner.
    #[serde(default)]
    pub policy_id: Option<PolicyId>,
    /// Its name then.
    #[serde(default)]
    pub policy_name: Option<String>,
    /// Why nobody won.
    #[serde(default)]
    pub no_match_reason: Option<String>,
    /// What was answered.
    #[serde(default)]
    pub actions: Vec<Value>,
    /// Whether facts stand in what was answered.
    #[serde(default)]
    pub is_templated: bool,
    /// What was known of the attributes that the policies mention, as they are written: the place of
    /// a name in the block's list, then the value.
    #[serde(default)]
    facts: Vec<Value>,
    #[serde(skip)]
    names: Vec<String>,
    /// The policies that could not be judged.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// Remarks: `CUSTOMER_ID_REQUIRED`.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Decision {
    /// Returns when it was asked.
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.id.minted_at()
    }

    /// Returns the instant the run took as now.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at.unwrap_or_else(|| self.received_at())
    }

    /// Returns what was known, each attribute with its value; custom ones are in the ruleset.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &Value)> {
        let (pairs, _) = self.facts.as_chunks();
        pairs.iter().filter_map(|[place, value]| {
            let place = usize::try_from(place.as_u64()?).ok()?;
            Some((self.names.get(place)?.as_str(), value))
        })
    }

    /// Returns the decision with the names of what was known.
    pub(super) fn with_names(self, names: Vec<String>) -> Self {
        Self { names, ..self }
    }
}

/// A policy that could not be judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Which one.
    pub policy_id: PolicyId,
    /// `ERROR` or `INVALID`.
    pub status: Cow<'static, str>,
    /// Why.
    pub code: Cow<'static, str>,
}

/// A [`Decision`] as it is written: borrowed from where it was made.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionView<'a> {
    /// Which one.
    pub id: DecisionId,
    /// The instant the run took as now, if that is not when it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// Days until nobody sees it.
    pub retention_days: u32,
    /// Who asked.
    pub api: &'a str,
    /// About which conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<&'a ConversationId>,
    /// With which session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<&'a SessionId>,
    /// For whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumer_id: Option<&'a ConsumerId>,
    /// The policies, custom attributes and settings it ran on.
    pub ruleset_revision: u64,
    /// The only policy that was tried, if one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_policy_id: Option<&'a PolicyId>,
    /// The winner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_id: Option<&'a PolicyId>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_name: Option<&'a str>,
    /// Why nobody won.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_match_reason: Option<&'a str>,
    /// What was answered: kinds and payloads.
    #[serde(skip_serializing_if = "ActionsView::is_empty")]
    pub actions: ActionsView<'a>,
    /// Whether facts stand in what was answered.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_templated: bool,
    /// What was known.
    pub facts: FactsView<'a>,
    /// The names of what may be known: they are written once for a block.
    #[serde(skip)]
    pub names: &'a FactNames,
    /// The policies that could not be judged.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub faults: &'a [Fault],
    /// Remarks.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub notes: &'a [String],
}

impl DecisionView<'_> {
    /// Returns from when on nobody sees it.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        expires_at(self.id, self.retention_days)
    }

    /// Returns what a search may ask for.
    pub(super) fn words(&self) -> Vec<Word> {
        let conversation = self.conversation_id.map(ConversationId::as_str);
        let consumer = self.consumer_id.map(ConsumerId::as_str);
        let policy = self.policy_id.map(PolicyId::as_str);
        words(conversation, consumer, policy, self.faults)
    }
}

/// What of a decision says whether it is searched for: it is read without the rest.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionHead<'a> {
    /// Which one.
    pub id: DecisionId,
    /// Days until nobody sees it.
    retention_days: u32,
    /// The policies, custom attributes and settings it ran on.
    pub(super) ruleset_revision: u64,
    /// About which conversation.
    #[serde(borrow, default)]
    pub conversation_id: Option<Cow<'a, str>>,
    /// For whom.
    #[serde(borrow, default)]
    pub consumer_id: Option<Cow<'a, str>>,
    /// The winner.
    #[serde(borrow, default)]
    pub policy_id: Option<Cow<'a, str>>,
    /// The policies that could not be judged.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

impl DecisionHead<'_> {
    /// Returns from when on nobody sees it.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        expires_at(self.id, self.retention_days)
    }

    pub(super) fn words(&self) -> Vec<Word> {
        let conversation = self.conversation_id.as_deref();
        let consumer = self.consumer_id.as_deref();
        words(
            conversation,
            consumer,
            self.policy_id.as_deref(),
            &self.faults,
        )
    }
}

fn expires_at(id: DecisionId, retention_days: u32) -> Timestamp {
    id.minted_at().plus(DAY * retention_days)
}

fn words(
    conversation: Option<&str>,
    consumer: Option<&str>,
    policy: Option<&str>,
    faults: &[Fault],
) -> Vec<Word> {
    let named = [
        conversation.map(Word::conversation),
        consumer.map(Word::consumer),
        policy.map(Word::winner),
        Some(Word::outcome(policy.is_some())),
    ];
    let faults = faults.iter().flat_map(|fault| {
        let policy = Word::faulty(fault.policy_id.as_str());
        [policy, Word::status(&fault.status)]
    });
    named.into_iter().flatten().chain(faults).collect()
}

/// Kinds and payloads of actions.
#[derive(Clone, Copy, Debug)]
pub struct ActionsView<'a>(pub &'a [(&'a str, &'a Object)]);

impl ActionsView<'_> {
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for ActionsView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Action<'a> {
            r#type: &'a str,
            payload: &'a Object,
        }
        let actions = self.0.iter();
        serializer.collect_seq(actions.map(|(r#type, payload)| Action { r#type, payload }))
    }
}

/// The attributes that a ruleset's policies mention, by name, as a JSON list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactNames(Arc<str>);

impl FromIterator<String> for FactNames {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        let names: Value = names.into_iter().collect();
        Self(names.to_string().into())
    }
}

impl FactNames {
    /// Returns the list as it was written before.
    pub(super) fn written(json: &str) -> Self {
        Self(json.into())
    }

    pub(super) fn as_json(&self) -> &str {
        &self.0
    }
}

impl Default for FactNames {
    fn default() -> Self {
        Self::from_iter([])
    }
}

/// What was known of some attributes.
#[derive(Clone, Copy, Debug)]
pub struct FactsView<'a>(pub &'a [FactView<'a>]);

/// What was known of one attribute.
#[derive(Clone, Copy, Debug)]
pub struct FactView<'a> {
    /// Its place among the names.
    pub place: usize,
    /// Its value.
    pub value: FactValue<'a>,
}

/// A value that was known.
#[derive(Clone, Copy, Debug)]
pub enum FactValue<'a> {
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(&'a str),
    /// A list or an object.
    Tree(&'a Value),
}

impl Serialize for FactsView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(2 * self.0.len()))?;
        for fact in self.0 {
            list.serialize_element(&fact.place)?;
            list.serialize_element(&fact.value)?;
        }
        list.end()
    }
}

impl Serialize for FactValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(boolean) => serializer.serialize_bool(*boolean),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Tree(tree) => tree.serialize(serializer),
        }
    }
}
