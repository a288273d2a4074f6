//! Events: all that happens to conversations and agents, in the order in which it happened.
//!
//! An event is at once a line of a conversation's timeline, an item of a stream, and what is
//! delivered outside. Its place in the order, its sequence, comes from the store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_model::id::{
    AgentId, ClientMessageId, ConsumerId, ConversationId, DecisionId, DialogId, EngagementId,
    MessageId, OfferId, ParticipantId, PolicyId, SkillId,
};
use usher_model::time::Timestamp;
use usher_model::value::Value;

use super::LogRecord;
use super::conversation::{CloseReason, DialogKind, ParticipantRole, Priority};
use super::floor::AgentStatus;
use crate::collection::{Collection, kept};
use crate::store::Field;

/// Something that happened: to what, when, and the event itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Happened {
    /// To which conversation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub conversation_id: Option<ConversationId>,
    /// The agent whom it concerns, or who had the conversation then: it is in that agent's stream.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent_id: Option<AgentId>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
    /// From when on nobody sees it; the row says it, not the document.
    #[serde(skip)]
    pub expires_at: Option<Timestamp>,
}

impl LogRecord for Happened {
    const COLLECTION: &'static Collection = &kept::EVENTS;

    fn fields(&self) -> Vec<Field> {
        let text = |id: Option<&str>| id.map_or(Field::Null, |id| Field::Text(id.to_owned()));
        vec![
            text(self.conversation_id.as_ref().map(ConversationId::as_str)),
            text(self.agent_id.as_ref().map(AgentId::as_str)),
        ]
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }
}

/// All that can happen to a conversation or an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub enum Event {
    /// A conversation started.
    ConversationStarted {
        /// With whom.
        consumer_id: ConsumerId,
        /// Whether the brand vouches for who that is.
        is_authenticated: bool,
        /// How the consumer writes.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        channel: Option<String>,
        /// Where it began.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        engagement_id: Option<EngagementId>,
        /// In which skill.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        skill_id: Option<SkillId>,
    },
    /// Somebody wrote.
    MessageSent(Message),
    /// Somebody has read a message, and those before it.
    MessageRead {
        /// Up to which message.
        message_id: MessageId,
        /// Who.
        reader_id: ParticipantId,
        /// As what.
        reader_role: SenderRole,
    },
    /// A conversation waits in a queue for the first time.
    Queued {
        /// In whose queue.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        skill_id: Option<SkillId>,
        /// How it came there.
        priority: Priority,
    },
    /// A conversation rings.
    Offered {
        /// Names it.
        offer_id: OfferId,
        /// At whom.
        agent_id: AgentId,
        /// Until when.
        until: Timestamp,
        /// Why this agent.
        why: Why,
    },
    /// A conversation rings no longer, and was not accepted.
    OfferEnded {
        /// Which offer.
        offer_id: OfferId,
        /// At whom it rang.
        agent_id: AgentId,
        /// Why: `DECLINED`, `EXPIRED`, `TRANSFERRED`, `TAKEN_OVER`, `RELEASED`, `CLOSED`, or what
        /// excludes the agent.
        reason: String,
        /// Why the agent declined, in the account's words.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        detail: Option<String>,
    },
    /// An agent, human or bot, has a conversation.
    Assigned {
        /// Who.
        agent_id: AgentId,
        /// Whether that is a bot.
        #[serde(default)]
        is_bot: bool,
        /// The offer that was accepted, if there was one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        offer_id: Option<OfferId>,
        /// In whose queue it was.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        skill_id: Option<SkillId>,
        /// How it had come there.
        priority: Priority,
        /// How long it waited.
        waited_ms: u64,
        /// Why this agent; nothing for an accepted offer, which says it, and for a take-over.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        why: Option<Why>,
    },
    /// A conversation came back to the queue.
    Requeued {
        /// In whose queue.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        skill_id: Option<SkillId>,
        /// From whom, if an agent had it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        agent_id: Option<AgentId>,
        /// Why: `OFFER_ENDED`, `RELEASED`, `AGENT_SILENT`, `AGENT_DISABLED`, `NOT_ANSWERED`.
        reason: String,
    },
    /// A conversation went to another skill or agent.
    Transferred(Transfer),
    /// Further agents became candidates of a conversation.
    Relaxed {
        /// How many relaxations have been taken.
        relaxed: u8,
    },
    /// A conversation is no longer kept for one agent.
    SuggestionDropped {
        /// For whom it was kept.
        agent_id: AgentId,
        /// Why not any more: `SUGGEST_EXPIRED`, `DECLINED`, or what excludes the agent.
        reason: String,
    },
    /// A conversation got another place among those that wait.
    Boosted {
        /// What is added to its priority.
        boost: i8,
    },
    /// Somebody takes part in a conversation.
    ParticipantJoined {
        /// Who.
        participant_id: ParticipantId,
        /// As what.
        role: ParticipantRole,
    },
    /// Somebody no longer takes part in a conversation.
    ParticipantLeft {
        /// Who.
        participant_id: ParticipantId,
        /// As what.
        role: ParticipantRole,
    },
    /// The consumer turned out to be somebody whom the brand knows.
    ConsumerIdentified {
        /// Who it was taken for.
        old_consumer_id: ConsumerId,
        /// Who it is.
        new_consumer_id: ConsumerId,
    },
    /// It was said how soon an answer is due.
    ResponseTimeChanged {
        /// On whose side.
        by: SenderRole,
        /// As it was.
        old: ResponseTime,
        /// As it is.
        new: ResponseTime,
    },
    /// Nothing has happened in a conversation for as long as the account has set.
    Idle {
        /// Who was to act.
        waits_for: WaitsFor,
        /// Since when.
        since: Timestamp,
        /// For how long.
        after_seconds: u32,
    },
    /// A part of a conversation began.
    DialogOpened {
        /// Which one.
        dialog_id: DialogId,
        /// What it is for.
        dialog_type: DialogKind,
    },
    /// A part of a conversation ended.
    DialogClosed {
        /// Which one.
        dialog_id: DialogId,
        /// What it was for.
        dialog_type: DialogKind,
        /// On whose side.
        by: CloseReason,
        /// Why.
        description: String,
    },
    /// The consumer answered the survey.
    SurveyAnswered {
        /// In which dialog.
        dialog_id: DialogId,
        /// 1 to 5.
        csat: u8,
    },
    /// The policies were run for a conversation, and their actions carried out.
    Decided {
        /// Which run.
        decision_id: DecisionId,
        /// The winner.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        policy_id: Option<PolicyId>,
        /// What was to be done, and what came of it.
        actions: Vec<ActionOutcome>,
    },
    /// It was looked into whether the consumer goes back to the agent they had.
    LastAgentConsidered {
        /// What came of it: `LAST_AGENT`, or why not.
        reason: String,
        /// The agent in question.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        agent_id: Option<AgentId>,
        /// Where the conversation goes otherwise.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        skill_id: Option<SkillId>,
    },
    /// An agent was told about the consumer's previous conversation.
    Noticed {
        /// Who.
        agent_id: AgentId,
        /// `SAME_AGENT` or `SAME_SKILL`.
        kind: String,
    },
    /// Something that a supervisor should look into.
    Alerted {
        /// What kind of thing.
        code: String,
        /// What it is.
        text: String,
    },
    /// A conversation ended.
    ConversationClosed {
        /// On whose side.
        by: CloseReason,
        /// Why: `MANUAL_CLOSE`, or in the words of who closed it.
        description: String,
        /// The last agent of its main dialog.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        agent_id: Option<AgentId>,
        /// The last skill of its main dialog.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        skill_id: Option<SkillId>,
        /// Its score: 0 to 100.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        mcs: Option<u8>,
        /// What the consumer answered to the survey: 1 to 5.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        csat: Option<u8>,
    },
    /// An agent said whether to get conversations.
    AvailabilityChanged {
        /// What they say.
        status: AgentStatus,
        /// Why, in the account's words.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// An agent has shown no sign of life for too long.
    AgentSilent {
        /// When the lease ran out; nothing if there was none.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        since: Option<Timestamp>,
    },
    /// Something happened here to a consumer of whom everything was erased: its place is kept, so
    /// that the order has no gap.
    Erased,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Which one.
    pub message_id: MessageId,
    /// In which dialog.
    pub dialog_id: DialogId,
    /// Who wrote; nobody, if Usher did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sender_id: Option<ParticipantId>,
    /// As what.
    pub sender_role: SenderRole,
    /// Who sees it.
    pub audience: Audience,
    /// What it says.
    pub text: String,
    /// What it says beyond text.
    #[serde(skip_serializing_if = "Value::is_null", default)]
    pub content: Value,
    /// What its sender tells about it.
    #[serde(skip_serializing_if = "Value::is_null", default)]
    pub metadata: Value,
    /// What its sender calls it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_message_id: Option<ClientMessageId>,
    /// How it sounds, from -1 to 1; nothing if that is not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sentiment: Option<f64>,
}

/// How soon an answer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseTime {
    /// Whether the consumer has asked for one soon.
    pub is_urgent: bool,
    /// How soon, after the consumer wrote.
    pub seconds: u32,
    /// By when the agent has promised one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub promised_at: Option<Timestamp>,
}

/// Who is to act in a conversation in which nothing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WaitsFor {
    /// The agent who has it.
    Agent,
    /// The consumer.
    Consumer,
    /// Whoever takes it from the queue.
    Queue,
}

/// As what somebody writes or reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SenderRole {
    /// Who asks.
    Consumer,
    /// A person who answers.
    Agent,
    /// A program that answers.
    Bot,
    /// A manager who has joined.
    Manager,
    /// Usher itself.
    System,
}

/// Who sees a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Audience {
    /// Everybody who takes part.
    All,
    /// Not the consumer.
    AgentsAndManagers,
}

/// A transfer and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transfer {
    /// From which skill.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from_skill_id: Option<SkillId>,
    /// From whom, if an agent had it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from_agent_id: Option<AgentId>,
    /// Who asked; nobody, if Usher did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<ParticipantId>,
    /// Whether it went to an agent or to a skill: `TRANSFERRED_AGENT`, `TRANSFERRED_SKILL`,
    /// `TAKEN_OVER`.
    pub outcome: String,
    /// Where it is now: `ASSIGNED`, `SUGGESTED`, `QUEUED`.
    pub assignment: String,
    /// In which skill it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to_skill_id: Option<SkillId>,
    /// With or at whom it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to_agent_id: Option<AgentId>,
    /// Why not the agent that was named: `AGENT_OFFLINE`, `AGENT_NOT_ONLINE`, `AGENT_NOT_SKILLED`,
    /// `AGENT_AT_CAPACITY`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub downgraded_because: Option<String>,
    /// The run of the policies that asked for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decision_id: Option<DecisionId>,
}

/// Who was considered when an agent was chosen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Why {
    /// The candidates in the order of their rank, the chosen one first; bounded.
    pub candidates: Vec<Candidate>,
    /// Candidates beyond those.
    pub candidates_more: usize,
    /// How many agents each reason excluded.
    pub excluded: BTreeMap<String, usize>,
}

/// An agent who could have had the conversation, with what the rank rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Who.
    pub agent_id: AgentId,
    /// Under which relaxation; 0 is the conversation's own skill.
    #[serde(default)]
    pub step: u8,
    /// How good at the skill.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proficiency: Option<u8>,
    /// How full, in per cent with one decimal.
    pub load_percent: f64,
    /// When the agent last got a conversation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_assigned_at: Option<Timestamp>,
}

/// An action of a policy, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActionOutcome {
    /// The action.
    pub action: Value,
    /// `DONE`, or why not.
    pub outcome: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every event as it stands on disk: what was once written is read for ever.
    const WRITTEN: &[&str] = &[
        r#"{"type":"CONVERSATION_STARTED","consumerId":"u","isAuthenticated":true,"channel":"WEB","engagementId":"e","skillId":"s"}"#,
        r#"{"type":"MESSAGE_SENT","messageId":"019a0000-0000-7000-8000-000000000001","dialogId":"c","senderId":"u","senderRole":"CONSUMER","audience":"ALL","text":"hi","content":{"a":1},"metadata":{"b":2},"clientMessageId":"m1","sentiment":-0.5}"#,
        r#"{"type":"MESSAGE_READ","messageId":"019a0000-0000-7000-8000-000000000001","readerId":"a","readerRole":"AGENT"}"#,
        r#"{"type":"QUEUED","skillId":"s","priority":"NEW"}"#,
        r#"{"type":"OFFERED","offerId":"019a0000-0000-7000-8000-000000000001","agentId":"a","until":"2026-05-01T10:00:00.000Z","why":{"candidates":[{"agentId":"a","step":0,"proficiency":5,"loadPercent":62.5,"lastAssignedAt":"2026-05-01T09:00:00.000Z"}],"candidatesMore":2,"excluded":{"AWAY":3}}}"#,
        r#"{"type":"OFFER_ENDED","offerId":"019a0000-0000-7000-8000-000000000001","agentId":"a","reason":"DECLINED","detail":"lunch"}"#,
        r#"{"type":"ASSIGNED","agentId":"a","isBot":false,"offerId":"019a0000-0000-7000-8000-000000000001","skillId":"s","priority":"TRANSFER_TO_AGENT","waitedMs":1500,"why":{"candidates":[],"candidatesMore":0,"excluded":{}}}"#,
        r#"{"type":"REQUEUED","skillId":"s","agentId":"a","reason":"AGENT_SILENT"}"#,
        r#"{"type":"TRANSFERRED","fromSkillId":"s","fromAgentId":"a","by":"a","outcome":"TRANSFERRED_SKILL","assignment":"QUEUED","toSkillId":"t","toAgentId":"b","downgradedBecause":"AGENT_OFFLINE","decisionId":"019a0000-0000-7000-8000-000000000001"}"#,
        r#"{"type":"RELAXED","relaxed":1}"#,
        r#"{"type":"SUGGESTION_DROPPED","agentId":"a","reason":"SUGGEST_EXPIRED"}"#,
        r#"{"type":"BOOSTED","boost":-1}"#,
        r#"{"type":"PARTICIPANT_JOINED","participantId":"m","role":"MANAGER"}"#,
        r#"{"type":"PARTICIPANT_LEFT","participantId":"m","role":"ASSIGNED_AGENT"}"#,
        r#"{"type":"CONSUMER_IDENTIFIED","oldConsumerId":"u","newConsumerId":"v"}"#,
        r#"{"type":"RESPONSE_TIME_CHANGED","by":"CONSUMER","old":{"isUrgent":false,"seconds":3600},"new":{"isUrgent":true,"seconds":300,"promisedAt":"2026-05-01T10:00:00.000Z"}}"#,
        r#"{"type":"IDLE","waitsFor":"QUEUE","since":"2026-05-01T10:00:00.000Z","afterSeconds":60}"#,
        r#"{"type":"DIALOG_OPENED","dialogId":"d","dialogType":"POST_SURVEY"}"#,
        r#"{"type":"DIALOG_CLOSED","dialogId":"c","dialogType":"MAIN","by":"AGENT","description":"MANUAL_CLOSE"}"#,
        r#"{"type":"SURVEY_ANSWERED","dialogId":"d","csat":5}"#,
        r#"{"type":"DECIDED","decisionId":"019a0000-0000-7000-8000-000000000001","policyId":"p","actions":[{"action":{"type":"SEND_MESSAGE"},"outcome":"DONE"}]}"#,
        r#"{"type":"LAST_AGENT_CONSIDERED","reason":"LAST_AGENT","agentId":"a","skillId":"s"}"#,
        r#"{"type":"NOTICED","agentId":"a","kind":"SAME_AGENT"}"#,
        r#"{"type":"ALERTED","code":"LOOP","text":"…"}"#,
        r#"{"type":"CONVERSATION_CLOSED","by":"CONSUMER","description":"MANUAL_CLOSE","agentId":"a","skillId":"s","mcs":67,"csat":4}"#,
        r#"{"type":"AVAILABILITY_CHANGED","status":"OCCUPIED","reason":"training"}"#,
        r#"{"type":"AGENT_SILENT","since":"2026-05-01T10:00:00.000Z"}"#,
        r#"{"type":"ERASED"}"#,
    ];

    #[test]
    fn every_event_is_read_as_it_was_written() {
        for written in WRITTEN {
            let row = format!(r#"{{"at":"2026-05-01T10:00:00.000Z","event":{written}}}"#);
            let happened: Happened = serde_json::from_str(&row).unwrap();
            assert_eq!(serde_json::to_string(&happened).unwrap(), row);
        }
    }

    #[test]
    fn an_event_stands_with_its_conversation_and_its_agent() {
        let row = r#"{"conversationId":"c","agentId":"a","at":"2026-05-01T10:00:00.000Z","event":{"type":"RELAXED","relaxed":1}}"#;
        let happened: Happened = serde_json::from_str(row).unwrap();
        let text = |text: &str| Field::Text(text.to_owned());
        assert_eq!(happened.fields(), [text("c"), text("a")]);
        assert_eq!(LogRecord::expires_at(&happened), None);
        assert_eq!(serde_json::to_string(&happened).unwrap(), row);
    }
}
