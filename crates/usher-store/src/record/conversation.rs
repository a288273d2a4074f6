//! Conversations: one row each, with all that is so now. What happened stands in the events.

use serde::{Deserialize, Serialize};
use usher_model::id::{
    AccountId, AgentId, ClientMessageId, ConsumerId, ConversationId, DialogId, EngagementId,
    MessageId, OfferId, ParticipantId, SkillId,
};
use usher_model::time::Timestamp;
use usher_model::value::Value;

use super::Record;
use crate::collection::{Collection, kept};
use crate::store::{Field, Key};

/// A conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Which one.
    pub id: ConversationId,
    /// With whom, as known now.
    pub consumer_id: ConsumerId,
    /// Whether the brand vouches for who that is.
    #[serde(default)]
    pub is_authenticated: bool,
    /// Whether it is the consumer's first.
    #[serde(default)]
    pub is_first: bool,
    /// How the consumer writes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub channel: Option<String>,
    /// Where it began.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub engagement_id: Option<EngagementId>,
    /// What the caller told of it at the start: an object.
    #[serde(skip_serializing_if = "Value::is_null", default)]
    pub attributes: Value,
    /// The engagement attributes that came with the start, as they came.
    #[serde(skip_serializing_if = "Value::is_null", default)]
    pub sdes: Value,
    /// When it started.
    pub started_at: Timestamp,
    /// In which skill.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entry_skill_id: Option<SkillId>,
    /// Where routing has it; nothing once its main dialog is closed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ticket: Option<Ticket>,
    /// The skill of the main dialog, now or last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latest_skill_id: Option<SkillId>,
    /// The skill of the main dialog before that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub previous_skill_id: Option<SkillId>,
    /// The agent, human or bot, who has or had the main dialog last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latest_agent_id: Option<AgentId>,
    /// When an agent first got it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_assigned_at: Option<Timestamp>,
    /// When its present or last agent got it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latest_assigned_at: Option<Timestamp>,
    /// How often it was transferred.
    #[serde(default)]
    pub transfers: u32,
    /// Its parts, the main one first.
    pub dialogs: Vec<Dialog>,
    /// Who takes or took part.
    #[serde(default)]
    pub participants: Vec<Participant>,
    /// How many messages it has.
    #[serde(default)]
    pub messages: u32,
    /// When the consumer last wrote.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub consumer_wrote_at: Option<Timestamp>,
    /// When an agent, human or bot, last wrote to the consumer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent_wrote_at: Option<Timestamp>,
    /// Whether the consumer has asked for an answer soon.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_urgent: bool,
    /// By when the agent has promised an answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub promised_at: Option<Timestamp>,
    /// The begin of the last silence that was told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub idle_since: Option<Timestamp>,
    /// The language of the consumer's messages, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub language: Option<String>,
    /// What the consumer's messages add up to so far.
    #[serde(default)]
    pub score: Score,
    /// The score, fixed when the main dialog closed: 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mcs: Option<u8>,
    /// What the consumer answered to the survey: 1 to 5.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub csat: Option<u8>,
    /// How far a hosted bot is with it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bot: Option<BotRun>,
    /// What the present agent is told about the consumer's previous conversation, as it was when
    /// the agent got this one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_contact: Option<LastContact>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closed: Option<Closed>,
    /// From when on nobody sees it; set when it ends.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
}

impl Conversation {
    /// Returns an account's query value for the conversations that have not ended: use it as `from`
    /// of the index `by_open`, which sorts them by their start.
    #[must_use]
    pub const fn open_from() -> Field {
        Field::Integer(i64::MIN)
    }

    /// Notes the skill that the main dialog is in.
    pub fn enter(&mut self, skill: Option<&SkillId>) {
        if self.latest_skill_id.as_ref() != skill {
            self.previous_skill_id = std::mem::replace(&mut self.latest_skill_id, skill.cloned());
        }
    }
}

impl Record for Conversation {
    const COLLECTION: &'static Collection = &kept::CONVERSATIONS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.as_str()])
    }

    fn fields(&self) -> Vec<Field> {
        let started_at = Field::Integer(self.started_at.milliseconds());
        let closed_at = self.closed.as_ref().map(|closed| closed.at);
        let (open_since, closed_at) = match closed_at {
            None => (started_at.clone(), Field::Null),
            Some(at) => (Field::Null, Field::Integer(at.milliseconds())),
        };
        let consumer_id = Field::Text(self.consumer_id.as_str().to_owned());
        vec![consumer_id, started_at, open_since, closed_at]
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }
}

/// The routing part of a conversation, field by field the ticket of `usher-routing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Which agents may have it; without a skill, any human agent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub skill_id: Option<SkillId>,
    /// Where it is.
    #[serde(flatten)]
    pub state: TicketState,
    /// How it came into the queue.
    pub priority: Priority,
    /// What is added to the priority.
    #[serde(default)]
    pub boost: i8,
    /// Ranks it among equals.
    pub waiting_since: Timestamp,
    /// When its present wait began.
    pub queued_since: Timestamp,
    /// The one agent it is meant for, for a while.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub suggestion: Option<Suggestion>,
    /// Agents who do not get it for a while, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub skips: Vec<Skip>,
    /// How many of its skill's relaxations have been taken.
    #[serde(default)]
    pub relaxed: u8,
    /// Whose turn it is.
    pub turn: Turn,
}

/// Where routing has a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "state",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub enum TicketState {
    /// Waits for an agent.
    Queued,
    /// Rings at an agent.
    Offered {
        /// Names the offer.
        offer_id: OfferId,
        /// At whom.
        agent_id: AgentId,
        /// From when on it is too late.
        until: Timestamp,
    },
    /// An agent has it.
    Assigned {
        /// Who.
        agent_id: AgentId,
        /// Since when.
        since: Timestamp,
    },
}

/// How a conversation came into the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Priority {
    /// It is new.
    New,
    /// It was transferred to a skill, or came back from an agent.
    Transfer,
    /// It was transferred to an agent.
    TransferToAgent,
}

/// The one agent that a conversation is meant for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    /// Who.
    pub agent_id: AgentId,
    /// From when on any agent of the skill may have it.
    pub until: Timestamp,
    /// Whether the agent may lack the skill.
    #[serde(default)]
    pub is_any_skill: bool,
}

/// An agent who declined, missed or gave away a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Skip {
    /// Who.
    pub agent_id: AgentId,
    /// Until when the agent does not get it.
    pub until: Timestamp,
}

/// Whose turn it is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", content = "since", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Turn {
    /// The agent has to act since then.
    Agent(Timestamp),
    /// The consumer has to act since then.
    Consumer(Timestamp),
}

/// A part of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dialog {
    /// Which one.
    pub id: DialogId,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: DialogKind,
    /// When it opened.
    pub opened_at: Timestamp,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closed: Option<Closed>,
}

/// What a dialog is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DialogKind {
    /// The matter itself.
    Main,
    /// Asking how it was.
    PostSurvey,
}

/// How a conversation or a dialog ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// On whose side.
    pub by: CloseReason,
    /// Why: `MANUAL_CLOSE`, or in the words of who closed it.
    pub description: String,
}

/// On whose side a conversation or a dialog ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CloseReason {
    /// An agent, human or bot, or a manager ended it.
    Agent,
    /// The consumer did.
    Consumer,
    /// Usher did.
    System,
}

/// Who takes or took part in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// Who.
    pub id: ParticipantId,
    /// As what.
    pub role: ParticipantRole,
    /// Since when.
    pub joined_at: Timestamp,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub left_at: Option<Timestamp>,
}

/// As what somebody takes part in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ParticipantRole {
    /// Who asks.
    Consumer,
    /// Who answers: at most one at a time.
    AssignedAgent,
    /// An agent who helps.
    Agent,
    /// A manager who has joined.
    Manager,
    /// Who reads and does not write.
    Reader,
}

/// What the consumer's messages add up to, as three numbers that each message carries on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Score {
    /// Sum of the messages' sentiments, each times its weight.
    pub sum: f64,
    /// Sum of the weights.
    pub weight: f64,
    /// How many messages were scored.
    pub messages: u32,
}

/// How far a hosted bot is with a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BotRun {
    /// Whether it has yet to decide.
    pub is_pending: bool,
    /// When to try again.
    pub retry_at: Option<Timestamp>,
    /// How often nothing came of it.
    pub failures: u32,
    /// When it last decided, the newest last; only those that still count.
    pub decided_at: Vec<Timestamp>,
}

/// What an agent is told about the consumer's previous conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastContact {
    /// Who is told.
    pub agent_id: AgentId,
    /// `SAME_AGENT`, `SAME_SKILL` or `OTHER`.
    pub kind: String,
    /// The record of the previous conversation, as it was then.
    pub record: Value,
    /// What is said; nothing if there is nothing to say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// When the agent was told.
    pub at: Timestamp,
    /// Whether the agent has seen enough of it.
    #[serde(default)]
    pub is_dismissed: bool,
}

/// A message that its sender named, so that sending it twice makes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentMessage {
    /// In which conversation.
    pub conversation_id: ConversationId,
    /// By whom.
    pub sender_id: ParticipantId,
    /// What its sender calls it.
    pub client_message_id: ClientMessageId,
    /// What we call it.
    pub message_id: MessageId,
    /// An event of the account before the message's own: look for that one from here.
    pub after: u64,
    /// When it was sent.
    pub at: Timestamp,
    /// From when on nobody sees it.
    pub expires_at: Timestamp,
}

impl Record for SentMessage {
    const COLLECTION: &'static Collection = &kept::MESSAGE_IDS;

    fn key(&self, account: &AccountId) -> Key {
        let parts = [
            self.conversation_id.as_str(),
            self.sender_id.as_str(),
            self.client_message_id.as_str(),
        ];
        Key::new(account, parts)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As little as a row can have, in every state of its ticket.
    fn written(ticket: &str, closed: &str) -> String {
        format!(
            r#"{{"id":"c","consumerId":"u","startedAt":"2026-05-01T10:00:00.000Z",{ticket}"dialogs":[]{closed}}}"#
        )
    }

    fn ticket(state: &str) -> String {
        format!(
            r#""ticket":{{"skillId":"s",{state},"priority":"NEW","waitingSince":"2026-05-01T10:00:00.000Z","queuedSince":"2026-05-01T10:00:00.000Z","turn":{{"of":"AGENT","since":"2026-05-01T10:00:00.000Z"}}}},"#
        )
    }

    /// Whether it is the state in question.
    type IsIt = fn(&TicketState) -> bool;

    fn read(document: &str) -> Conversation {
        serde_json::from_str(document).unwrap()
    }

    #[test]
    fn a_ticket_is_read_in_every_state() {
        let (offer, until) = (
            "019a0000-0000-7000-8000-000000000001",
            "2026-05-01T10:01:12.000Z",
        );
        let offered =
            format!(r#""state":"OFFERED","offerId":"{offer}","agentId":"a","until":"{until}""#);
        let assigned = r#""state":"ASSIGNED","agentId":"a","since":"2026-05-01T10:00:05.000Z""#;
        let states: [(&str, IsIt); 3] = [
            (r#""state":"QUEUED""#, |state| {
                matches!(state, TicketState::Queued)
            }),
            (&offered, |state| {
                matches!(state, TicketState::Offered { .. })
            }),
            (assigned, |state| {
                matches!(state, TicketState::Assigned { .. })
            }),
        ];
        for (text, is_it) in states {
            let conversation = read(&written(&ticket(text), ""));
            assert!(is_it(&conversation.ticket.as_ref().unwrap().state));
            let again = serde_json::to_string(&conversation).unwrap();
            assert!(again.contains(text), "{again}");
            assert_eq!(read(&again), conversation);
        }
    }

    #[test]
    fn a_conversation_is_found_among_the_open_ones_until_it_is_closed() {
        let start = 1_777_629_600_000;
        let open = read(&written("", ""));
        let consumer = Field::Text("u".to_owned());
        let started = Field::Integer(start);
        assert_eq!(
            open.fields(),
            [
                consumer.clone(),
                started.clone(),
                started.clone(),
                Field::Null
            ]
        );
        let closed = r#","closed":{"at":"2026-05-01T10:00:01.000Z","by":"SYSTEM","description":"SYSTEM_CLOSE"}"#;
        let closed = read(&written("", closed));
        let ended = Field::Integer(start + 1_000);
        assert_eq!(closed.fields(), [consumer, started, Field::Null, ended]);
        assert!(Conversation::open_from() > Field::Null);
    }
}
