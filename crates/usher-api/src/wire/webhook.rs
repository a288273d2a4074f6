//! Events out, webhooks, and what could not be delivered, as clients see them.

use serde::{Deserialize, Serialize};
use usher_app::{dead_letters, events, feed, webhooks};
use usher_model::id::{AccountId, AgentId, ConversationId, DeadLetterId, RequestId, WebhookId};
use usher_model::time::Timestamp;
use utoipa::{IntoParams, ToSchema};

/// What an administrator says of a webhook.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"url": "https://example.com/hook", "events": ["conversation.*"],
    "description": "Our archive"}))]
pub struct WrittenWebhook {
    /// Where events are sent: http or https. Private addresses are refused unless the server's
    /// configuration allows them.
    pub url: String,
    /// Types of events, or the beginning of types before `*`; none means all.
    #[serde(default)]
    pub events: Vec<String>,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether anything is sent; what happens meanwhile is sent when it is.
    #[serde(default = "yes")]
    pub enabled: bool,
}

const fn yes() -> bool {
    true
}

impl From<WrittenWebhook> for webhooks::Written {
    fn from(written: WrittenWebhook) -> Self {
        Self {
            url: written.url,
            events: written.events,
            description: written.description,
            is_enabled: written.enabled,
        }
    }
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Its id.
    #[schema(value_type = String)]
    pub id: WebhookId,
    /// What an administrator says of it.
    #[serde(flatten)]
    pub is: WrittenWebhook,
    /// What signs, `whsec_…`: shown once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Until when the secret before the present one signs beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub previous_secret_until: Option<Timestamp>,
    /// How it is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
}

impl From<webhooks::Webhook> for Webhook {
    fn from(webhook: webhooks::Webhook) -> Self {
        Self {
            id: webhook.id,
            is: WrittenWebhook {
                url: webhook.url,
                events: webhook.events,
                description: webhook.description,
                enabled: webhook.is_enabled,
            },
            secret: None,
            previous_secret_until: webhook.previous_secret.map(|previous| previous.until),
            progress: None,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
            updated_by: webhook.updated_by,
        }
    }
}

/// How a webhook is doing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// All events up to this one were sent, given up, or wait for another attempt.
    pub sequence: u64,
    /// Conversations and agents whose events wait for another attempt.
    pub waiting: usize,
    /// How many attempts have failed one after the other.
    pub failures: u32,
    /// Until when nothing is tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub paused_until: Option<Timestamp>,
}

impl From<webhooks::Progress> for Progress {
    fn from(progress: webhooks::Progress) -> Self {
        Self {
            sequence: progress.cursor,
            waiting: progress.waiting,
            failures: progress.failures,
            paused_until: progress.paused_until,
        }
    }
}

/// What came of one attempt to deliver.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"delivered": false, "error": "expected a status of 2xx, found 500"}))]
pub struct DeliveryAttempt {
    /// Whether it was delivered.
    pub delivered: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl From<webhooks::Outcome> for DeliveryAttempt {
    fn from(outcome: webhooks::Outcome) -> Self {
        Self {
            delivered: outcome.error.is_none(),
            error: outcome.error,
        }
    }
}

/// An event that a receiver did not take, however often it was tried.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// Its id.
    #[schema(value_type = String)]
    pub id: DeadLetterId,
    /// The receiver: a webhook's id, or `functions`.
    pub target: String,
    /// Which event.
    pub sequence: u64,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// In which conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub conversation_id: Option<ConversationId>,
    /// The event's id, which every attempt carried.
    #[schema(value_type = String)]
    pub request_id: RequestId,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: String,
    /// When it was given up.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// From when on it is no longer kept.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

impl From<dead_letters::DeadLetter> for DeadLetter {
    fn from(letter: dead_letters::DeadLetter) -> Self {
        Self {
            id: letter.id,
            target: letter.target,
            sequence: letter.sequence,
            kind: letter.event_type,
            conversation_id: letter.conversation_id,
            request_id: letter.request_id,
            attempts: letter.attempts,
            error: letter.error,
            at: letter.at,
            expires_at: letter.expires_at,
        }
    }
}

/// What came of several attempts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Redelivered {
    /// How many were delivered, and are no dead letters any more.
    pub delivered: usize,
    /// How many failed again.
    pub failed: usize,
    /// Whether there are others that were not tried: ask again.
    pub has_more: bool,
}

impl From<dead_letters::Redelivered> for Redelivered {
    fn from(came: dead_letters::Redelivered) -> Self {
        Self {
            delivered: came.delivered,
            failed: came.failed,
            has_more: came.has_more,
        }
    }
}

/// How many were discarded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discarded {
    /// How many; ask again until it is none.
    pub discarded: usize,
}

/// Which receiver.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TargetQuery {
    /// A webhook's id, or `functions`; all of them unless given.
    pub target: Option<String>,
}

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// `nextCursor` of the answer before; from the first event that is kept unless given.
    pub cursor: Option<String>,
    /// Events of the answer: 1 to 1,000, 100 unless given.
    pub limit: Option<usize>,
    /// Types of events, separated by commas, or the beginning of types before `*`; all unless given.
    pub types: Option<String>,
    /// Seconds to wait for an event if there is none yet, 0 to 25; none unless given.
    pub wait: Option<u64>,
}

/// One event of the account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountEvent {
    /// Its id, the same wherever it is sent.
    #[schema(value_type = String)]
    pub id: RequestId,
    /// Its place among the account's events: they are numbered from 1 without a gap.
    pub sequence: u64,
    /// What kind of event it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// In which conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub conversation_id: Option<ConversationId>,
    /// The agent whom it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub agent_id: Option<AgentId>,
    /// What, as a timeline has it.
    #[schema(value_type = Object)]
    pub event: feed::Event,
}

impl AccountEvent {
    /// Returns an event of an account.
    #[must_use]
    pub fn new(account: &AccountId, happened: &feed::Happened) -> Self {
        Self {
            id: events::id(account, happened),
            sequence: happened.sequence,
            kind: events::kind(&happened.event),
            at: happened.at,
            conversation_id: happened.conversation_id.clone(),
            agent_id: happened.agent_id.clone(),
            event: happened.event.clone(),
        }
    }
}

/// Some events of the account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountEvents {
    /// The events, the first first.
    pub items: Vec<AccountEvent>,
    /// Pass it as `cursor` to go on: the sequence of the last event that was looked at.
    pub next_cursor: String,
    /// The sequence of the account's newest event; there is more while it is beyond `nextCursor`.
    pub newest_sequence: u64,
}
