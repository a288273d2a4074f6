//! Conversations, messages, transfers.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use usher_app::conversations as app;
use usher_app::error::Error;
use usher_app::feed;
use usher_app::sdes;
use usher_model::id::{
    AgentId, ClientMessageId, ConsumerId, ConversationId, EngagementId, MessageId, SkillId,
};
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use usher_routing::estimate;
use utoipa::ToSchema;

/// A conversation that begins; everything is optional.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"consumerId": "ada", "channel": "WEB", "message": "My parcel is late."}))]
pub struct NewConversation {
    /// The skill it begins in; without one the engagement's, the channel's or the account's.
    #[schema(value_type = Option<String>)]
    pub skill_id: Option<SkillId>,
    /// The engagement that was opened.
    #[schema(value_type = Option<String>)]
    pub engagement_id: Option<EngagementId>,
    /// Whose it is; without one a new, anonymous consumer's.
    #[schema(value_type = Option<String>)]
    pub consumer_id: Option<ConsumerId>,
    /// Whether the caller vouches for who the consumer is.
    pub is_authenticated: bool,
    /// Where the consumer writes: `WEB`, `WHATSAPP`, …; `WEB` unless given.
    pub channel: Option<String>,
    /// What is known of it.
    #[schema(value_type = Object)]
    pub attributes: Object,
    /// What is known of the consumer, as policies read it under `sde.`.
    pub sdes: Option<StartSdes>,
    /// The consumer's first message.
    pub message: Option<String>,
    /// What the consumer's client calls that message: sending it twice is one message.
    #[schema(value_type = Option<String>)]
    pub client_message_id: Option<ClientMessageId>,
    /// What goes before others among those that wait, from -100 to 100.
    pub boost: i8,
}

/// Engagement attributes that come with a conversation's start.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StartSdes {
    /// Fields of the customer: `customerType`, `balance`, …
    #[schema(value_type = Object)]
    pub customer_info: Object,
    /// Fields of the person: `age`, `gender`, …
    #[schema(value_type = Object)]
    pub personal_info: Object,
}

impl From<NewConversation> for app::New {
    fn from(new: NewConversation) -> Self {
        let is_authenticated = new.is_authenticated;
        Self {
            skill_id: new.skill_id,
            engagement_id: new.engagement_id,
            consumer_id: new.consumer_id,
            is_authenticated,
            channel: new.channel,
            attributes: match new.attributes.is_empty() {
                true => Value::Null,
                false => Value::Object(new.attributes),
            },
            sdes: new.sdes.map(|said| sdes::Said {
                customer_info: said.customer_info,
                personal_info: said.personal_info,
                is_authenticated,
                at: None,
            }),
            message: new.message,
            client_message_id: new.client_message_id,
            boost: new.boost,
        }
    }
}

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "01a1fd29-7863-7000-986a-772e5e30b132", "state": "QUEUED", "skillId": "1001",
    "agentId": null, "consumerId": "ada", "isAuthenticated": false, "isFirst": true,
    "channel": "WEB", "startedAt": "2026-05-01T10:00:00.000Z", "transfers": 0, "messages": 1,
    "mcs": null, "csat": null, "closed": null, "position": {"ahead": 2, "isAtLeast": false},
    "expectedWaitSeconds": {"from": 20, "likely": 45, "to": 90},
    "responseTime": {"isUrgent": false, "seconds": 3600, "dueAt": "2026-05-01T11:00:00.000Z"},
    "dialogs": [{"id": "01a1fd29-7863-7000-986a-772e5e30b132", "type": "MAIN",
        "startedAt": "2026-05-01T10:00:00.000Z", "skillId": "1001", "closed": null}],
    "participants": [{"id": "ada", "role": "CONSUMER", "joinedAt": "2026-05-01T10:00:00.000Z"}]
}))]
pub struct Conversation {
    /// Which one.
    #[schema(value_type = String)]
    pub id: ConversationId,
    /// `BOT`, `QUEUED`, `OFFERED`, `ASSIGNED` or `CLOSED`.
    #[schema(value_type = String)]
    pub state: &'static str,
    /// The skill it is in, or was in when it closed.
    #[schema(value_type = Option<String>)]
    pub skill_id: Option<SkillId>,
    /// The agent or bot that has it or at whom it rings.
    #[schema(value_type = Option<String>)]
    pub agent_id: Option<AgentId>,
    /// Whose it is.
    #[schema(value_type = String)]
    pub consumer_id: ConsumerId,
    /// Whether the brand vouches for who that is.
    pub is_authenticated: bool,
    /// Whether it is the consumer's first.
    pub is_first: bool,
    /// Where the consumer writes.
    pub channel: Option<String>,
    /// What was known when it began.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Object)]
    pub attributes: Value,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// How often it was transferred.
    pub transfers: u32,
    /// How many messages it has.
    pub messages: u32,
    /// How it sounds, from 0 to 100; final once it is closed, null if nothing could be scored.
    pub mcs: Option<u8>,
    /// What the consumer answered to the survey, from 1 to 5.
    pub csat: Option<u8>,
    /// How it ended.
    pub closed: Option<Closed>,
    /// Its place among those that wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// How long it will probably wait; absent if nothing tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_wait_seconds: Option<ExpectedWait>,
    /// How soon an answer is due.
    pub response_time: ResponseTime,
    /// Its parts, the main one first.
    pub dialogs: Vec<Dialog>,
    /// Who takes or took part.
    pub participants: Vec<Participant>,
}

/// How soon an answer is due.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResponseTime {
    /// Whether the consumer has asked for one soon.
    pub is_urgent: bool,
    /// How soon, after the consumer wrote.
    pub seconds: u32,
    /// By when the agent has promised one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub promised_at: Option<Timestamp>,
    /// By when it is due; absent while it is the consumer's turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
}

/// A conversation's place in its queue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// How many come before it.
    pub ahead: usize,
    /// Whether there are more than were counted.
    pub is_at_least: bool,
}

/// How long a conversation will probably wait, in seconds.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExpectedWait {
    /// One in ten waits less.
    pub from: u64,
    /// What is to be expected.
    pub likely: u64,
    /// One in ten waits more.
    pub to: u64,
}

/// How a conversation or a dialog ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct Closed {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `AGENT`, `CONSUMER` or `SYSTEM`.
    #[schema(value_type = String)]
    pub by: app::CloseReason,
    /// Why: `MANUAL_CLOSE`, or in the words of who closed it.
    pub description: String,
}

/// A part of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dialog {
    /// Which one; the main one has the conversation's id.
    pub id: String,
    /// `MAIN` or `POST_SURVEY`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: app::DialogKind,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// How it ended.
    pub closed: Option<Closed>,
}

/// Someone who takes or took part.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// Who.
    pub id: String,
    /// `CONSUMER`, `ASSIGNED_AGENT`, `AGENT`, `MANAGER` or `READER`.
    #[schema(value_type = String)]
    pub role: app::ParticipantRole,
    /// What the consumer calls an agent: the nickname, or else the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub joined_at: Timestamp,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub left_at: Option<Timestamp>,
}

impl From<estimate::Position> for Position {
    fn from(position: estimate::Position) -> Self {
        Self {
            ahead: position.ahead,
            is_at_least: position.is_at_least,
        }
    }
}

impl From<estimate::Estimate> for ExpectedWait {
    fn from(estimate: estimate::Estimate) -> Self {
        Self {
            from: estimate.low.as_secs(),
            likely: estimate.expected.as_secs(),
            to: estimate.high.as_secs(),
        }
    }
}

impl From<app::Closed> for Closed {
    fn from(closed: app::Closed) -> Self {
        Self {
            at: closed.at,
            by: closed.by,
            description: closed.description,
        }
    }
}

impl From<app::View> for Conversation {
    fn from(view: app::View) -> Self {
        let conversation = view.conversation;
        let dialogs = conversation.dialogs.into_iter().map(|dialog| Dialog {
            id: dialog.id.to_string(),
            kind: dialog.kind,
            started_at: dialog.opened_at,
            closed: dialog.closed.map(Into::into),
        });
        let participants = conversation.participants.into_iter();
        let participants = participants.map(|participant| Participant {
            nickname: view.nicknames.get(&participant.id).cloned(),
            id: participant.id.to_string(),
            role: participant.role,
            joined_at: participant.joined_at,
            left_at: participant.left_at,
        });
        Self {
            id: conversation.id,
            state: view.state.as_str(),
            skill_id: conversation.latest_skill_id,
            agent_id: view.agent_id,
            consumer_id: conversation.consumer_id,
            is_authenticated: conversation.is_authenticated,
            is_first: conversation.is_first,
            channel: conversation.channel,
            attributes: conversation.attributes,
            started_at: conversation.started_at,
            transfers: conversation.transfers,
            messages: conversation.messages,
            mcs: view.mcs,
            csat: conversation.csat,
            closed: conversation.closed.map(Into::into),
            position: view.position.map(Into::into),
            expected_wait_seconds: view.estimate.map(Into::into),
            response_time: ResponseTime {
                is_urgent: view.response_time.is_urgent,
                seconds: view.response_time.seconds,
                promised_at: view.response_time.promised_at,
                due_at: view.response_due_at,
            },
            dialogs: dialogs.collect(),
            participants: participants.collect(),
        }
    }
}

/// A message that is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"text": "Good morning.", "clientMessageId": "m-1", "asAgent": "agent-1"}))]
pub struct NewMessage {
    /// What it says: 1 to 8,000 characters.
    pub text: String,
    /// What the sender calls it: sending it twice is one message.
    #[schema(value_type = Option<String>)]
    pub client_message_id: Option<ClientMessageId>,
    /// `ALL`, or `AGENTS_AND_MANAGERS` for what the consumer does not see.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub audience: Option<feed::Audience>,
    /// What it says beyond text: cards, buttons, …
    #[serde(default)]
    #[schema(value_type = Object)]
    pub content: Value,
    /// What the sender tells about it.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// Says it in the consumer's name, for a credential that may act for others: `true`, or the
    /// consumer's id.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub as_consumer: AsConsumer,
    /// Says it in an agent's name, for a credential that may act for others.
    #[schema(value_type = Option<String>)]
    pub as_agent: Option<AgentId>,
}

/// Whether something is done in the consumer's name.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum AsConsumer {
    /// Whether it is.
    Flag(bool),
    /// It is, and the consumer must be this one.
    Id(ConsumerId),
}

impl Default for AsConsumer {
    fn default() -> Self {
        Self::Flag(false)
    }
}

impl AsConsumer {
    /// Returns the consumer who is named, to be compared with the conversation's.
    #[must_use]
    pub const fn named(&self) -> Option<&ConsumerId> {
        match self {
            Self::Flag(_) => None,
            Self::Id(consumer) => Some(consumer),
        }
    }
}

impl From<NewMessage> for app::Say {
    fn from(new: NewMessage) -> Self {
        Self {
            speaker: speaker(&new.as_consumer, new.as_agent),
            text: new.text,
            client_message_id: new.client_message_id,
            audience: new.audience.unwrap_or(feed::Audience::All),
            content: new.content,
            metadata: new.metadata,
        }
    }
}

fn speaker(as_consumer: &AsConsumer, as_agent: Option<AgentId>) -> Option<app::As> {
    match as_consumer {
        AsConsumer::Flag(true) | AsConsumer::Id(_) => Some(app::As::Consumer),
        AsConsumer::Flag(false) => as_agent.map(app::As::Agent),
    }
}

/// A message that was sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"messageId": "01a1fd29-7863-7000-986a-772e5e30b132", "sequence": 8124,
    "at": "2026-05-01T10:00:00.000Z", "isRepeat": false}))]
pub struct SentMessage {
    /// Which one.
    #[schema(value_type = String)]
    pub message_id: MessageId,
    /// Its place among the account's events; absent for a repetition of one that is kept no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Whether it had been sent before.
    pub is_repeat: bool,
}

impl From<app::Said> for SentMessage {
    fn from(said: app::Said) -> Self {
        Self {
            message_id: said.message_id,
            sequence: said.sequence,
            at: said.at,
            is_repeat: said.is_repeat,
        }
    }
}

/// Up to where somebody has read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "messageId": "01a1fd29-7863-7000-986a-772e5e30b132", "asAgent": "agent-1"
}))]
pub struct Read {
    /// The last message that was read.
    #[schema(value_type = String)]
    pub message_id: MessageId,
    /// In the consumer's name, for a credential that may act for others: `true`, or the consumer's id.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub as_consumer: AsConsumer,
    /// In an agent's name, for a credential that may act for others.
    #[schema(value_type = Option<String>)]
    pub as_agent: Option<AgentId>,
}

impl Read {
    /// Returns in whose name.
    #[must_use]
    pub fn reader(&self) -> Option<app::As> {
        speaker(&self.as_consumer, self.as_agent.clone())
    }
}

/// When an answer is due: either of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"isUrgent": true, "asConsumer": true}))]
pub struct NewResponseTime {
    /// Whether the consumer asks for one soon.
    pub is_urgent: Option<bool>,
    /// By when the agent promises one; null takes the promise back.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub promised_at: Option<Option<Timestamp>>,
    /// In the consumer's name, for a credential that may act for others: `true`, or the consumer's id.
    #[serde(default)]
    #[schema(value_type = bool)]
    pub as_consumer: AsConsumer,
    /// In an agent's name, for a credential that may act for others.
    #[schema(value_type = Option<String>)]
    pub as_agent: Option<AgentId>,
}

/// Reads a field that is there, be it null.
fn given<'de, D: serde::Deserializer<'de>>(
    field: D,
) -> Result<Option<Option<Timestamp>>, D::Error> {
    Option::deserialize(field).map(Some)
}

impl NewResponseTime {
    /// Returns who says what.
    ///
    /// # Errors
    /// Fails unless exactly one thing is said.
    pub fn read(self) -> Result<(Option<app::As>, app::Asked), Error> {
        let asked = match (self.is_urgent, self.promised_at) {
            (Some(is_urgent), None) => app::Asked::Urgent(is_urgent),
            (None, Some(at)) => app::Asked::Promise(at),
            _ => {
                let message = "expected either `isUrgent` or `promisedAt`";
                return Err(Error::field("#/isUrgent", message));
            }
        };
        Ok((speaker(&self.as_consumer, self.as_agent), asked))
    }
}

/// Where a conversation is to go; an agent, a skill, or both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"skillId": "1001", "message": "One moment, I connect you."}))]
pub struct NewTransfer {
    /// To which agent, if that agent is available; otherwise the skill gets it.
    #[schema(value_type = Option<String>)]
    pub agent_id: Option<AgentId>,
    /// To which skill; without one the conversation's own, and then the agent need not have it.
    #[schema(value_type = Option<String>)]
    pub skill_id: Option<SkillId>,
    /// What the consumer is told first.
    pub message: Option<String>,
    /// How long the agent has to accept before any agent of the skill may have it.
    pub fallback_seconds: Option<u32>,
}

impl From<NewTransfer> for app::Transfer {
    fn from(new: NewTransfer) -> Self {
        Self {
            agent_id: new.agent_id,
            skill_id: new.skill_id,
            message: new.message,
            fallback: new
                .fallback_seconds
                .map(|seconds| Duration::from_secs(seconds.into())),
        }
    }
}

/// What came of a transfer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"outcome": "TRANSFERRED_SKILL", "assignment": "QUEUED",
    "effectiveSkillId": "1001", "effectiveAgentId": null}))]
pub struct Transferred {
    /// `TRANSFERRED_AGENT` or `TRANSFERRED_SKILL`.
    #[schema(value_type = String)]
    pub outcome: &'static str,
    /// `ASSIGNED`, `SUGGESTED` or `QUEUED`.
    #[schema(value_type = String)]
    pub assignment: &'static str,
    /// In which skill it is now.
    #[schema(value_type = Option<String>)]
    pub effective_skill_id: Option<SkillId>,
    /// With or at whom it is now.
    #[schema(value_type = Option<String>)]
    pub effective_agent_id: Option<AgentId>,
    /// Why not the agent that was named: `AGENT_OFFLINE`, `AGENT_NOT_ONLINE`, `AGENT_NOT_SKILLED` or
    /// `AGENT_AT_CAPACITY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub downgraded_because: Option<&'static str>,
}

impl From<app::Transferred> for Transferred {
    fn from(transferred: app::Transferred) -> Self {
        Self {
            outcome: transferred.outcome,
            assignment: transferred.assignment,
            effective_skill_id: transferred.effective_skill_id,
            effective_agent_id: transferred.effective_agent_id,
            downgraded_because: transferred.downgraded_because,
        }
    }
}

/// Who takes a conversation over.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"agentId": "agent-1"}))]
pub struct TakeOver {
    /// Who gets it; the caller unless given.
    #[schema(value_type = Option<String>)]
    pub agent_id: Option<AgentId>,
    /// Whether it goes beyond the agent's capacity.
    pub force: bool,
}

/// How a conversation or a dialog is to end.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"reason": "solved"}))]
pub struct NewClose {
    /// On whose side, for a credential that may act for others: `AGENT`, `CONSUMER` or `SYSTEM`.
    #[schema(value_type = Option<String>)]
    pub by: Option<app::CloseReason>,
    /// Why, in one's own words.
    pub reason: Option<String>,
}

impl From<NewClose> for app::Close {
    fn from(new: NewClose) -> Self {
        Self {
            by: new.by,
            reason: new.reason,
        }
    }
}

/// The consumer's answer to the survey.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"csat": 5}))]
pub struct SurveyAnswer {
    /// From 1, bad, to 5, good.
    pub csat: u8,
}

/// Who joins a conversation, and as what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"role": "MANAGER", "agentId": "agent-1"}))]
pub struct Join {
    /// `AGENT`, `MANAGER` or `READER`.
    #[schema(value_type = String)]
    pub role: app::ParticipantRole,
    /// Who; the caller unless given.
    #[schema(value_type = Option<String>)]
    pub agent_id: Option<AgentId>,
}

/// Who leaves a conversation.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"agentId": "agent-1"}))]
pub struct Leave {
    /// Who; the caller unless given.
    #[schema(value_type = Option<String>)]
    pub agent_id: Option<AgentId>,
}

/// Who the consumer turned out to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"consumerId": "ada"}))]
pub struct Identify {
    /// A JWT that the brand has signed; a consumer proves with it who they are. Its `sub` is the
    /// consumer.
    pub identity_token: Option<String>,
    /// Who, on the word of a caller who may act for others.
    #[schema(value_type = Option<String>)]
    pub consumer_id: Option<ConsumerId>,
}

/// One event of a conversation or an agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"sequence": 8124, "at": "2026-05-01T10:00:00.000Z",
    "conversationId": "01a1fd29-7863-7000-986a-772e5e30b132",
    "event": {"type": "MESSAGE_SENT", "messageId": "01a1fd29-7863-7000-986a-772e5e30b133",
        "senderId": "ada", "senderRole": "CONSUMER", "audience": "ALL", "text": "Hello"}}))]
pub struct Event {
    /// Its place among the account's events: the cursor.
    pub sequence: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// In which conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub conversation_id: Option<ConversationId>,
    /// What; `type` says which kind, `docs/guide/conversations.md` lists them.
    #[schema(value_type = Object)]
    pub event: feed::Event,
}

impl From<&feed::Happened> for Event {
    fn from(happened: &feed::Happened) -> Self {
        Self {
            sequence: happened.sequence,
            at: happened.at,
            conversation_id: happened.conversation_id.clone(),
            event: happened.event.clone(),
        }
    }
}

/// What happened in a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// The events, the first first.
    pub items: Vec<Event>,
    /// Pass it as `after` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_after: Option<u64>,
}
