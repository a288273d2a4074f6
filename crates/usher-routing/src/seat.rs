//! An agent as routing sees one: the seat is what changes with work, the profile what an
//! administrator sets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use usher_model::id::{AgentId, ConversationId, SkillId};
use usher_model::time::Timestamp;

/// The row of an agent's availability and work.
///
/// It changes only when the agent's availability does, or when a conversation is offered to,
/// assigned to or taken from the agent: its revision is what keeps two nodes from filling the same
/// place. A hosted bot has no seat row; its conversations are those whose tickets name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Whose it is.
    pub agent: AgentId,
    /// What the agent says.
    pub status: Status,
    /// Why, in the account's words.
    pub status_reason: Option<Arc<str>>,
    /// Since when.
    pub status_since: Timestamp,
    /// The conversations that are assigned to the agent.
    pub held: BTreeSet<ConversationId>,
    /// The conversations that ring at the agent.
    pub offered: BTreeSet<ConversationId>,
    /// When the agent last got a conversation.
    pub last_assigned_at: Option<Timestamp>,
    /// Since when the agent has had no conversation; none while there is one.
    pub idle_since: Option<Timestamp>,
}

/// What an agent says about being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Gets new conversations and transfers.
    Online,
    /// Gets transfers only.
    Occupied,
    /// Gets nothing.
    Away,
    /// Is not there.
    Offline,
}

/// What an administrator has set for an agent; it comes from the user's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Human or bot.
    pub kind: Kind,
    /// Whether the agent may work at all.
    pub is_enabled: bool,
    /// How much at once.
    pub capacity: Capacity,
    /// The agent's skills and how good the agent is at each, from 1 to 10.
    pub skills: BTreeMap<SkillId, Proficiency>,
}

/// How good an agent is at a skill: from 1 to 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Proficiency(u8);

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A person.
    Human,
    /// A program that signs in as an agent does, and must show that it is there.
    Bot,
    /// The bot that runs inside this server: always there, without a limit, and it accepts at once.
    HostedBot,
}

/// How many conversations an agent may have at once, `maxConversations` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// The account's default for a human, unlimited for a bot; `null` on the wire.
    Standard,
    /// No limit of its own; -1 on the wire.
    Unlimited,
    /// So many full ones; 0 is none.
    Slots(u32),
}

impl Seat {
    /// Returns the seat of an agent who has never been there.
    #[must_use]
    pub const fn new(agent: AgentId) -> Self {
        Self {
            agent,
            status: Status::Offline,
            status_reason: None,
            status_since: Timestamp::EPOCH,
            held: BTreeSet::new(),
            offered: BTreeSet::new(),
            last_assigned_at: None,
            idle_since: None,
        }
    }
}

impl Proficiency {
    /// The lowest.
    pub const LOWEST: Self = Self(1);
    /// What an agent has of whom nothing is said.
    pub const STANDARD: Self = Self(5);
    /// The highest.
    pub const HIGHEST: Self = Self(10);

    /// Returns the proficiency of that number, if it is from 1 to 10.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number >= Self::LOWEST.0 && number <= Self::HIGHEST.0 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}
