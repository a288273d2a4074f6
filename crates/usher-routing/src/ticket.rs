//! An open conversation as routing sees it.

use usher_model::id::{AgentId, ConversationId, OfferId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;

/// The routing part of a conversation's row, from its start to its close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Whose it is.
    pub conversation: ConversationId,
    /// Which agents may have it; without a skill, any human agent.
    pub skill: Option<SkillId>,
    /// Where it is.
    pub state: State,
    /// How it came into the queue.
    pub priority: Priority,
    /// What a policy or an operator adds to the priority.
    pub boost: i8,
    /// Ranks it among equals; kept when it comes back to the queue.
    pub waiting_since: Timestamp,
    /// When its present wait began: at its start, at a transfer, or when an agent lost it. An offer
    /// does not interrupt a wait.
    pub queued_since: Timestamp,
    /// The one agent it is meant for, for a while.
    pub suggestion: Option<Suggestion>,
    /// Agents who do not get it for a while, the newest last.
    pub skips: Vec<Skip>,
    /// How many of its skill's relaxations have been taken.
    pub relaxed: u8,
    /// Whose turn it is.
    pub turn: Turn,
}

/// Where an open conversation is: in exactly one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for an agent.
    Queued,
    /// Rings at an agent.
    Offered(Offer),
    /// An agent has it.
    Assigned {
        /// Who.
        agent: AgentId,
        /// Since when.
        since: Timestamp,
    },
}

/// A conversation that rings at an agent; it counts as a full conversation of the agent's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Names it.
    pub id: OfferId,
    /// At whom it rings.
    pub agent: AgentId,
    /// From when on it is too late.
    pub until: Timestamp,
}

/// How a conversation came into the queue; the later ones rank higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// It is new.
    New,
    /// It was transferred to a skill, or came back from an agent.
    Transfer,
    /// It was transferred to an agent.
    TransferToAgent,
}

/// The one agent that a conversation is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Who.
    pub agent: AgentId,
    /// From when on any agent of the skill may have it.
    pub until: Timestamp,
    /// Whether the agent may lack the skill, because the transfer named none.
    pub is_any_skill: bool,
}

/// An agent who declined, missed or gave away a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Who.
    pub agent: AgentId,
    /// Until when the agent does not get it.
    pub until: Timestamp,
}

/// Whose turn it is in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The agent has to act since then.
    Agent(Timestamp),
    /// The consumer has to act since then.
    Consumer(Timestamp),
}

impl Ticket {
    /// Returns a conversation that starts to wait.
    #[must_use]
    pub const fn new(conversation: ConversationId, skill: Option<SkillId>, now: Timestamp) -> Self {
        Self {
            conversation,
            skill,
            state: State::Queued,
            priority: Priority::New,
            boost: 0,
            waiting_since: now,
            queued_since: now,
            suggestion: None,
            skips: Vec::new(),
            relaxed: 0,
            turn: Turn::Agent(now),
        }
    }

    /// Returns who has the conversation, if anybody.
    #[must_use]
    pub const fn assignee(&self) -> Option<&AgentId> {
        match &self.state {
            State::Assigned { agent, .. } => Some(agent),
            State::Queued | State::Offered(_) => None,
        }
    }

    /// Returns the offer that rings, if any.
    #[must_use]
    pub const fn offer(&self) -> Option<&Offer> {
        match &self.state {
            State::Offered(offer) => Some(offer),
            State::Queued | State::Assigned { .. } => None,
        }
    }

    /// Says whether it waits in the queue.
    #[must_use]
    pub const fn is_queued(&self) -> bool {
        matches!(self.state, State::Queued)
    }

    /// Returns the agent of the assignment or the offer, if any.
    #[must_use]
    pub const fn holder(&self) -> Option<&AgentId> {
        match &self.state {
            State::Queued => None,
            State::Offered(offer) => Some(&offer.agent),
            State::Assigned { agent, .. } => Some(agent),
        }
    }

    /// Says whether the queue holds it because of a transfer: then also an occupied agent may have
    /// it.
    #[must_use]
    pub fn is_transfer(&self) -> bool {
        self.priority > Priority::New
    }

    /// Returns until when `agent` does not get it, if that is after `now`.
    #[must_use]
    pub fn skipped_until(&self, agent: &AgentId, now: Timestamp) -> Option<Timestamp> {
        let skip = self.skips.iter().find(|skip| skip.agent == *agent)?;
        (skip.until > now).then_some(skip.until)
    }

    /// Keeps it from `agent` until then, forgets the skips that are over, and the oldest if there
    /// are too many.
    pub(crate) fn skip(&mut self, agent: &AgentId, until: Timestamp, now: Timestamp) {
        self.skips
            .retain(|skip| skip.until > now && skip.agent != *agent);
        if self.skips.len() >= limits::SKIPPED_AGENTS_MAX {
            self.skips.remove(0);
        }
        self.skips.push(Skip {
            agent: agent.clone(),
            until,
        });
    }
}
