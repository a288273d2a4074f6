//! Decisions.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use usher_app::decisions;
use usher_app::decisions::search;
use usher_model::id::{ConsumerId, ConversationId, DecisionId, PolicyId, SessionId};
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use utoipa::ToSchema;

/// What is asked; everything is optional.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({
    "conversationId": "c-1", "consumerId": "ada", "explain": true,
    "attributes": {"orchestrator": {"intent": "order_status"}}
}))]
pub struct DecisionRequest {
    /// About which conversation.
    #[schema(value_type = Option<String>)]
    pub conversation_id: Option<ConversationId>,
    /// For whom.
    #[schema(value_type = Option<String>)]
    pub consumer_id: Option<ConsumerId>,
    /// The context session; the conversation's unless given.
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    /// Attributes that outrank everything kept: `{namespace: {property: value}}`.
    #[schema(value_type = Object)]
    pub attributes: Object,
    /// The only policy that is tried.
    #[schema(value_type = Option<String>)]
    pub policy_id: Option<PolicyId>,
    /// Whether the answer says of each policy why it was passed over.
    pub explain: bool,
    /// Whether the run is neither logged nor counted.
    pub dry_run: bool,
    /// Whether attributes are asked for that functions answer: unless given, only if the run is
    /// logged.
    pub call_functions: Option<bool>,
    /// The instant taken as now, for time ranges.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
}

impl From<DecisionRequest> for decisions::Request {
    fn from(request: DecisionRequest) -> Self {
        Self {
            api: decisions::Api::Own,
            conversation_id: request.conversation_id,
            consumer_id: request.consumer_id,
            session_id: request.session_id,
            attributes: request.attributes,
            policy_id: request.policy_id,
            at: request.at,
            explain: request.explain,
            dry_run: request.dry_run,
            calls_functions: request.call_functions.unwrap_or(!request.dry_run),
            token: None,
        }
    }
}

/// The winner of a decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct Winner {
    /// Its id.
    #[schema(value_type = String)]
    pub id: PolicyId,
    /// Its name.
    pub name: String,
}

impl From<(PolicyId, String)> for Winner {
    fn from((id, name): (PolicyId, String)) -> Self {
        Self { id, name }
    }
}

/// One thing to do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Action<'a> {
    /// `TRANSFER_TO_SKILL`, `TRANSFER_TO_AGENT` or `SEND_MESSAGE`.
    r#type: &'a str,
    /// With what, in both published spellings.
    #[schema(value_type = Object)]
    payload: &'a Object,
}

/// What to do, in order; shared with the policies where it depends on no fact.
#[derive(Debug)]
pub struct Actions(pub Arc<[decisions::Action]>);

impl Serialize for Actions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|action| Action {
            r#type: action.kind.as_str(),
            payload: &action.payload,
        }))
    }
}

/// What should happen.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Names the run in the log.
    #[schema(value_type = String, format = "uuid")]
    pub decision_id: DecisionId,
    /// The winner, or null.
    pub policy: Option<Winner>,
    /// Why nobody won: `NO_POLICIES_ENABLED`, `NO_MATCHED_RULES` or `EVALUATION_TIMEOUT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_match_reason: Option<String>,
    /// What to do, in order, with every template filled in.
    #[schema(value_type = Vec<Action<'_>>)]
    pub actions: Actions,
    /// Of each policy why it was passed over, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub explanation: Option<Value>,
}

impl From<decisions::Decision> for Decision {
    fn from(decision: decisions::Decision) -> Self {
        Self {
            decision_id: decision.id,
            policy: decision.policy.map(Winner::from),
            no_match_reason: decision.no_match_reason.map(str::to_owned),
            actions: Actions(decision.actions),
            explanation: decision.explanation,
        }
    }
}

/// A policy that could not be judged.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionFault {
    /// Which one.
    #[schema(value_type = String)]
    pub policy_id: PolicyId,
    /// `ERROR` or `INVALID`.
    pub status: String,
    /// Why.
    pub code: String,
}

/// One entry of the decision log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedDecision {
    /// Which one.
    #[schema(value_type = String, format = "uuid")]
    pub decision_id: DecisionId,
    /// When it was asked: the log is in this order, and searched by it.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// The instant taken as now: when it was asked, unless the request named another.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// Through which door: `V1`, `V2` or `API`.
    pub api: String,
    /// About which conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub conversation_id: Option<ConversationId>,
    /// With which session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    /// For whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub consumer_id: Option<ConsumerId>,
    /// `MATCHED` or `NO_MATCH`.
    pub outcome: String,
    /// The winner, or null.
    pub policy: Option<Winner>,
    /// Why nobody won.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_match_reason: Option<String>,
    /// What was answered.
    #[schema(value_type = Vec<Action<'_>>)]
    pub actions: Vec<Value>,
    /// The policies that could not be judged.
    pub faults: Vec<DecisionFault>,
    /// Remarks.
    pub notes: Vec<String>,
    /// The revision of all rules it ran on.
    pub ruleset_revision: u64,
    /// Whether the same run gives the same winner and actions now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeatable: Option<bool>,
    /// Of each policy why it was passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub explanation: Option<Value>,
}

impl From<search::Logged> for LoggedDecision {
    fn from(logged: search::Logged) -> Self {
        let (received_at, at) = (logged.received_at(), logged.at());
        let policy = logged.policy_id.map(|id| Winner {
            id,
            name: logged.policy_name.unwrap_or_default(),
        });
        let fault = |fault: decisions::search::LoggedFault| DecisionFault {
            policy_id: fault.policy_id,
            status: fault.status.into_owned(),
            code: fault.code.into_owned(),
        };
        Self {
            decision_id: logged.id,
            received_at,
            at,
            duration_us: logged.duration_us,
            api: logged.api,
            conversation_id: logged.conversation_id,
            session_id: logged.session_id,
            consumer_id: logged.consumer_id,
            outcome: if policy.is_some() {
                "MATCHED"
            } else {
                "NO_MATCH"
            }
            .to_owned(),
            policy,
            no_match_reason: logged.no_match_reason,
            actions: logged.actions,
            faults: logged.faults.into_iter().map(fault).collect(),
            notes: logged.notes,
            ruleset_revision: logged.ruleset_revision,
            repeatable: None,
            explanation: None,
        }
    }
}

/// What would have made a policy win.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhyNot {
    /// `ALREADY_WINS`, `DISABLED`, `INVALID`, `CHANGE` or `NOT_FOUND`.
    pub answer: String,
    /// The attributes that would have had to be different, all of them together; it was tried.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AttributeChange>,
    /// Why there is no change to offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One attribute that would have had to be different.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttributeChange {
    /// The attribute.
    pub attribute: String,
    /// Its value; null if it had none.
    #[schema(value_type = Value)]
    pub from: Value,
    /// The value it needs; null if it would have to be absent.
    #[schema(value_type = Value)]
    pub to: Value,
}

impl From<search::WhyNot> for WhyNot {
    fn from(why_not: search::WhyNot) -> Self {
        let mut shown = Self {
            answer: String::new(),
            changes: Vec::new(),
            reason: None,
        };
        let answer = match why_not {
            search::WhyNot::AlreadyWins => "ALREADY_WINS",
            search::WhyNot::Disabled => "DISABLED",
            search::WhyNot::Invalid(code) => {
                shown.reason = Some(code.to_owned());
                "INVALID"
            }
            search::WhyNot::NotFound(reason) => {
                shown.reason = Some(reason.to_owned());
                "NOT_FOUND"
            }
            search::WhyNot::Change(changes) => {
                let change = |search::Change {
                                  attribute,
                                  from,
                                  to,
                              }| {
                    AttributeChange {
                        attribute,
                        from,
                        to,
                    }
                };
                shown.changes = changes.into_iter().map(change).collect();
                "CHANGE"
            }
        };
        answer.clone_into(&mut shown.answer);
        shown
    }
}
