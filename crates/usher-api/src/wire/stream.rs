//! The stream: what is said over a socket, one JSON object a frame.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use usher_app::feed;
use usher_model::id::{AccountId, AgentId, ConsumerId, ConversationId, ParticipantId};
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};

use super::conversation::{Event, ExpectedWait};
use crate::problem::Problem;

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub(crate) enum ClientFrame {
    Authenticate {
        token: String,
    },
    Subscribe {
        request_id: String,
        scope: Scope,
        after: Option<u64>,
    },
    Command {
        request_id: String,
        command: Object,
    },
}

/// What a client wants to follow.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub(crate) enum Scope {
    Own {},
    Conversation { conversation_id: ConversationId },
    Account {},
}

/// What the node says.
#[derive(Debug, Serialize)]
#[serde(
    tag = "type",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub(crate) enum ServerFrame {
    Ready {
        account_id: AccountId,
        #[serde(skip_serializing_if = "Option::is_none")]
        agent_id: Option<AgentId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        consumer_id: Option<ConsumerId>,
        sequence: u64,
        heartbeat_seconds: u64,
    },
    Subscribed {
        request_id: String,
        after: u64,
    },
    Event(Event),
    Signal {
        conversation_id: ConversationId,
        signal: Signal,
    },
    Done {
        request_id: String,
        #[serde(skip_serializing_if = "Value::is_null")]
        result: Value,
    },
    Failed {
        request_id: String,
        problem: Problem,
    },
}

/// What is not kept.
#[derive(Debug, Serialize)]
#[serde(
    tag = "type",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Signal {
    Typing {
        participant_id: ParticipantId,
        until_seconds: u64,
    },
    Position {
        ahead: usize,
        is_at_least: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        expected_wait_seconds: Option<ExpectedWait>,
    },
}

impl ServerFrame {
    /// Returns a signal as it is said at an instant.
    pub(crate) fn signal(signal: feed::Signal, now: Timestamp) -> Self {
        match signal {
            feed::Signal::Typing {
                conversation,
                participant,
                until,
            } => Self::Signal {
                conversation_id: conversation,
                signal: Signal::Typing {
                    participant_id: participant,
                    until_seconds: (until.since(now) + Duration::from_millis(999)).as_secs(),
                },
            },
            feed::Signal::Position {
                conversation,
                ahead,
                is_at_least,
                estimate,
            } => Self::Signal {
                conversation_id: conversation,
                signal: Signal::Position {
                    ahead,
                    is_at_least,
                    expected_wait_seconds: estimate.map(|(likely, from, to)| ExpectedWait {
                        from: from.as_secs(),
                        likely: likely.as_secs(),
                        to: to.as_secs(),
                    }),
                },
            },
        }
    }
}
