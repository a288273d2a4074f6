//! Queues as they are at this moment.

use std::collections::BTreeMap;

use serde::Serialize;
use usher_app::queues as app;
use usher_model::id::{AgentId, ConsumerId, ConversationId, SkillId};
use usher_model::time::Timestamp;
use utoipa::ToSchema;

use super::conversation::ExpectedWait;

/// How the queue of a skill is at this moment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "skillId": "1001", "name": "Orders", "isEnabled": true, "isOpen": true, "waiting": 3,
    "ringing": 1, "oldestSince": "2026-05-01T10:00:00.000Z",
    "expectedWaitSeconds": {"from": 20, "likely": 45, "to": 90}, "agentsOnline": 2, "freeSlots": 0
}))]
pub struct Queue {
    /// Of which skill; null for the conversations that have none, if there are any.
    #[schema(value_type = Option<String>)]
    pub skill_id: Option<SkillId>,
    /// What people call the skill.
    pub name: String,
    /// Whether anything may be transferred to it and handed out.
    pub is_enabled: bool,
    /// Whether it is within business hours.
    pub is_open: bool,
    /// Conversations that wait.
    pub waiting: usize,
    /// Conversations that ring at an agent.
    pub ringing: usize,
    /// Since when the first of both has waited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub oldest_since: Option<Timestamp>,
    /// How long somebody will probably wait who comes now; absent if nothing tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_wait_seconds: Option<ExpectedWait>,
    /// Its agents who are online, full or not.
    pub agents_online: usize,
    /// Conversations that they would get at once; an agent without a limit counts 10,000.
    pub free_slots: u64,
}

impl From<app::Queue> for Queue {
    fn from(queue: app::Queue) -> Self {
        Self {
            skill_id: queue.skill,
            name: queue.name,
            is_enabled: queue.is_enabled,
            is_open: queue.is_open,
            waiting: queue.waiting,
            ringing: queue.ringing,
            oldest_since: queue.oldest_since,
            expected_wait_seconds: queue.estimate.map(Into::into),
            agents_online: queue.agents_online,
            free_slots: queue.free_slots,
        }
    }
}

/// The conversations that nobody has yet, in the order in which they are handed out.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingList {
    /// The first of them.
    pub items: Vec<Waiting>,
    /// How many more there are.
    pub more: usize,
}

/// A conversation that nobody has yet.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "conversationId": "01a1fd29-7863-7000-986a-772e5e30b132", "skillId": "1001",
    "consumerId": "ada", "channel": "WEB", "since": "2026-05-01T10:00:00.000Z",
    "isTransfer": false, "boost": 0,
    "obstacles": {"isOpen": true, "reachable": 0, "excluded": {"AT_CAPACITY": 2, "AWAY": 1}}
}))]
pub struct Waiting {
    /// Which one.
    #[schema(value_type = String)]
    pub conversation_id: ConversationId,
    /// In whose queue.
    #[schema(value_type = Option<String>)]
    pub skill_id: Option<SkillId>,
    /// Whose it is.
    #[schema(value_type = String)]
    pub consumer_id: ConsumerId,
    /// Where the consumer writes.
    pub channel: Option<String>,
    /// Since when it has waited.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Whether it waits because of a transfer.
    pub is_transfer: bool,
    /// What a policy or an operator has added to its rank.
    pub boost: i8,
    /// While it rings: at whom, and until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ringing: Option<Ringing>,
    /// While it does not ring: why it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obstacles: Option<Obstacles>,
}

/// At whom a conversation rings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ringing {
    /// Who.
    #[schema(value_type = String)]
    pub agent_id: AgentId,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// Why a conversation waits, in numbers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Obstacles {
    /// Whether its skill is enabled and within business hours.
    pub is_open: bool,
    /// For whom alone it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub suggested_agent_id: Option<AgentId>,
    /// How many agents could have it at this moment.
    pub reachable: usize,
    /// How many agents of its skill, and of the relaxations taken, each reason excludes.
    #[schema(value_type = std::collections::HashMap<String, usize>)]
    pub excluded: BTreeMap<&'static str, usize>,
}

impl From<app::Waiting> for Waiting {
    fn from(waiting: app::Waiting) -> Self {
        Self {
            conversation_id: waiting.conversation,
            skill_id: waiting.skill,
            consumer_id: waiting.consumer,
            channel: waiting.channel,
            since: waiting.since,
            is_transfer: waiting.is_transfer,
            boost: waiting.boost,
            ringing: waiting
                .offer
                .map(|(agent_id, until)| Ringing { agent_id, until }),
            obstacles: waiting.obstacles.map(|obstacles| Obstacles {
                is_open: obstacles.is_open,
                suggested_agent_id: obstacles.suggested,
                reachable: obstacles.reachable,
                excluded: obstacles.excluded.into_iter().collect(),
            }),
        }
    }
}
