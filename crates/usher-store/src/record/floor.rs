//! The floor: what agents say and hold, and who hands out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, AgentId, ConversationId, NodeId};
use usher_model::time::Timestamp;

use super::Record;
use crate::collection::{Collection, kept};
use crate::store::Key;

/// What an agent says about being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AgentStatus {
    /// Gets new conversations and transfers.
    Online,
    /// Gets transfers only.
    Occupied,
    /// Gets nothing.
    Away,
    /// Is not there.
    Offline,
}

/// An agent's availability and work. It changes only with these, so that its revision keeps two
/// nodes from filling the same place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentSeat {
    /// Whose it is.
    pub agent_id: AgentId,
    /// What the agent says.
    pub status: AgentStatus,
    /// Why, in the account's words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status_reason: Option<String>,
    /// Since when.
    pub status_since: Timestamp,
    /// The conversations that are assigned to the agent.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub held: BTreeSet<ConversationId>,
    /// The conversations that ring at the agent.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub offered: BTreeSet<ConversationId>,
    /// When the agent last got a conversation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_assigned_at: Option<Timestamp>,
    /// Since when the agent has had no conversation; nothing while there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub idle_since: Option<Timestamp>,
}

impl Record for AgentSeat {
    const COLLECTION: &'static Collection = &kept::AGENT_SEATS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.agent_id.as_str()])
    }
}

/// Until when an agent counts as there, apart from the seat so that a sign of life never conflicts
/// with work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentLease {
    /// Whose it is.
    pub agent_id: AgentId,
    /// Until when.
    pub until: Timestamp,
}

impl Record for AgentLease {
    const COLLECTION: &'static Collection = &kept::AGENT_LEASES;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.agent_id.as_str()])
    }
}

/// Which node hands out the conversations of an account, so that not all of them try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeskLease {
    /// Which node.
    pub node_id: NodeId,
    /// Until when.
    pub until: Timestamp,
}

impl Record for DeskLease {
    const COLLECTION: &'static Collection = &kept::DESK_LEASES;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [])
    }
}
