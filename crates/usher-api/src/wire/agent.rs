//! Agents at work, offers, and why a conversation is where it is.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use usher_app::agents as app;
use usher_app::conversations::{Standing, Why};
use usher_app::feed;
use usher_model::id::{AgentId, ConversationId, GroupId, OfferId, SkillId};
use usher_model::time::Timestamp;
use usher_routing::seat::{Kind, Status};
use utoipa::ToSchema;

use super::conversation::{ExpectedWait, Position};

/// What an agent says about being there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"status": "ONLINE", "leaseSeconds": 60}))]
pub struct NewAvailability {
    /// `ONLINE` gets new conversations and transfers, `OCCUPIED` transfers only, `AWAY` and `OFFLINE`
    /// nothing.
    #[schema(value_type = String)]
    pub status: feed::AgentStatus,
    /// Why, in the account's words.
    pub reason: Option<String>,
    /// How long the agent counts as there without a sign of life; the account's default unless given.
    pub lease_seconds: Option<u32>,
}

impl From<NewAvailability> for app::Availability {
    fn from(new: NewAvailability) -> Self {
        Self {
            status: stated(new.status),
            reason: new.reason,
            lease: new
                .lease_seconds
                .map(|seconds| Duration::from_secs(seconds.into())),
        }
    }
}

const fn stated(status: feed::AgentStatus) -> Status {
    match status {
        feed::AgentStatus::Online => Status::Online,
        feed::AgentStatus::Occupied => Status::Occupied,
        feed::AgentStatus::Away => Status::Away,
        feed::AgentStatus::Offline => Status::Offline,
    }
}

const fn said(status: Status) -> feed::AgentStatus {
    match status {
        Status::Online => feed::AgentStatus::Online,
        Status::Occupied => feed::AgentStatus::Occupied,
        Status::Away => feed::AgentStatus::Away,
        Status::Offline => feed::AgentStatus::Offline,
    }
}

/// How an agent is doing now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "agent-1", "name": "Ada", "kind": "HUMAN", "isEnabled": true, "status": "ONLINE",
    "statusSince": "2026-05-01T10:00:00.000Z", "isConnected": true,
    "leaseUntil": "2026-05-01T10:01:00.000Z", "loadPercent": 25.0, "slots": 4, "ringing": 0,
    "assigned": 1, "active": 1, "skills": [{"id": "1001", "name": "Orders"}]
}))]
pub struct AgentStatus {
    /// Who.
    #[schema(value_type = String)]
    pub id: AgentId,
    /// What people call the agent.
    pub name: String,
    /// `HUMAN` or `BOT`.
    #[schema(value_type = String)]
    pub kind: &'static str,
    /// Whether the agent may work.
    pub is_enabled: bool,
    /// What the agent says; `OFFLINE` for one who has not been heard of for too long.
    #[schema(value_type = String)]
    pub status: feed::AgentStatus,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub status_since: Timestamp,
    /// Whether the agent's lease holds.
    pub is_connected: bool,
    /// Until when it holds, unless it is renewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub lease_until: Option<Timestamp>,
    /// How full, in per cent with one decimal.
    pub load_percent: f64,
    /// How many conversations at once; null without a limit.
    pub slots: Option<u32>,
    /// Conversations that ring at the agent.
    pub ringing: usize,
    /// Conversations that the agent has.
    pub assigned: usize,
    /// Those of them in which the agent has to act.
    pub active: usize,
    /// Since when the agent has had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub idle_since: Option<Timestamp>,
    /// The agent's skills.
    pub skills: Vec<NamedSkill>,
    /// The agent's group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub group_id: Option<GroupId>,
}

/// A skill with its name.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedSkill {
    /// Which one.
    #[schema(value_type = String)]
    pub id: SkillId,
    /// What people call it.
    pub name: String,
}

impl From<app::AgentStatus> for AgentStatus {
    fn from(status: app::AgentStatus) -> Self {
        let skills = status.skills.into_iter();
        Self {
            id: status.agent,
            name: status.name,
            kind: match status.kind {
                Kind::Human => "HUMAN",
                Kind::Bot | Kind::HostedBot => "BOT",
            },
            is_enabled: status.is_enabled,
            status: said(status.status),
            status_reason: status.status_reason,
            status_since: status.status_since,
            is_connected: status.is_connected,
            lease_until: status.lease_until,
            load_percent: status.load_percent,
            slots: status.slots,
            ringing: status.ringing,
            assigned: status.assigned,
            active: status.active,
            idle_since: status.idle_since,
            skills: skills.map(|(id, name)| NamedSkill { id, name }).collect(),
            group_id: status.group_id,
        }
    }
}

/// A conversation that rings at an agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "01a1fd29-7863-7000-986a-772e5e30b132",
    "conversationId": "01a1fd29-7863-7000-986a-772e5e30b131", "agentId": "agent-1",
    "skillId": "1001", "until": "2026-05-01T10:01:12.000Z",
    "waitingSince": "2026-05-01T10:00:00.000Z", "isSuggested": false
}))]
pub struct Offer {
    /// Names it.
    #[schema(value_type = String)]
    pub id: OfferId,
    /// Which conversation.
    #[schema(value_type = String)]
    pub conversation_id: ConversationId,
    /// At whom it rings.
    #[schema(value_type = String)]
    pub agent_id: AgentId,
    /// In whose queue it was.
    #[schema(value_type = Option<String>)]
    pub skill_id: Option<SkillId>,
    /// From when on it is too late.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Since when the conversation has waited.
    #[schema(value_type = String, format = DateTime)]
    pub waiting_since: Timestamp,
    /// Whether it is kept for this agent.
    pub is_suggested: bool,
}

impl From<app::Offer> for Offer {
    fn from(offer: app::Offer) -> Self {
        Self {
            id: offer.id,
            conversation_id: offer.conversation,
            agent_id: offer.agent,
            skill_id: offer.skill,
            until: offer.until,
            waiting_since: offer.waiting_since,
            is_suggested: offer.is_suggested,
        }
    }
}

/// Who answers an offer, and why it is declined.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"asAgent": "agent-1"}))]
pub struct Answer {
    /// In whose name, for a credential that may act for others; at whom it rings unless given.
    #[schema(value_type = Option<String>)]
    pub as_agent: Option<AgentId>,
    /// Why it is declined, in the account's words.
    pub reason: Option<String>,
}

/// Why a conversation waits, or why this agent has it; `state` says what else is there.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Why, example = json!({"state": "QUEUED", "isOpen": true,
    "position": {"ahead": 0, "isAtLeast": false},
    "agents": [{"agentId": "agent-1", "excludedBecause": "AT_CAPACITY", "loadPercent": 100.0}],
    "agentsMore": 0}))]
pub struct Reasons {
    /// `QUEUED`, `OFFERED`, `ASSIGNED`, `BOT` or `CLOSED`.
    #[schema(value_type = String)]
    pub state: &'static str,
    /// While it waits: where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// While it waits: how long it will probably wait; absent if nothing tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_wait_seconds: Option<ExpectedWait>,
    /// While it waits: whether its skill is enabled and within business hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_open: Option<bool>,
    /// While it waits: every agent of its skill and of the relaxations taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents: Option<Vec<Candidate>>,
    /// While it waits: agents beyond those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents_more: Option<usize>,
    /// The agent or bot that has it or at whom it rings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub agent_id: Option<AgentId>,
    /// While it rings: which offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub offer_id: Option<OfferId>,
    /// While it rings: until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// Once somebody has it: since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Why this agent: candidates in the order of their rank, and how many each reason excluded;
    /// absent for a take-over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub why: Option<feed::Why>,
}

/// How an agent stands to a conversation that waits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Who.
    #[schema(value_type = String)]
    pub agent_id: AgentId,
    /// The first reason why the agent does not get it; null for a candidate.
    pub excluded_because: Option<&'static str>,
    /// How full the agent is, in per cent, if that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_percent: Option<f64>,
    /// Until when the reason holds, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
}

impl From<Standing> for Candidate {
    fn from(standing: Standing) -> Self {
        Self {
            agent_id: standing.agent,
            excluded_because: standing.excluded_because,
            load_percent: standing.load_percent,
            until: standing.until,
        }
    }
}

impl From<Why> for Reasons {
    fn from(why: Why) -> Self {
        match why {
            Why::Waiting {
                position,
                estimate,
                is_open,
                agents,
                agents_more,
            } => Self {
                state: "QUEUED",
                position: position.map(Into::into),
                expected_wait_seconds: estimate.map(Into::into),
                is_open: Some(is_open),
                agents: Some(agents.into_iter().map(Into::into).collect()),
                agents_more: Some(agents_more),
                ..Self::default()
            },
            Why::Offered {
                agent,
                offer,
                until,
                why,
            } => Self {
                state: "OFFERED",
                agent_id: Some(agent),
                offer_id: Some(offer),
                until: Some(until),
                why,
                ..Self::default()
            },
            Why::Assigned { agent, since, why } => Self {
                state: "ASSIGNED",
                agent_id: Some(agent),
                since: Some(since),
                why,
                ..Self::default()
            },
            Why::Bot { agent, since } => Self {
                state: "BOT",
                agent_id: Some(agent),
                since: Some(since),
                ..Self::default()
            },
            Why::Closed => Self {
                state: "CLOSED",
                ..Self::default()
            },
        }
    }
}
