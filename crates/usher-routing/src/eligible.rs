//! Who may have a conversation, and the first reason that excludes an agent.

use std::fmt;

use usher_model::id::ConversationId;
use usher_model::time::Timestamp;

use crate::capacity::Load;
use crate::desk::{Desk, SeatEntry};
use crate::seat::{Kind, Status};
use crate::ticket::Ticket;

/// Why an agent cannot have a conversation now; the first that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// The agent is disabled or unknown.
    Disabled,
    /// The agent lacks the skill, and those of the relaxations taken, or is not good enough at it.
    NotSkilled,
    /// The agent has signed off.
    Offline,
    /// The agent's lease has run out: the agent has fallen silent.
    LeaseExpired,
    /// The agent takes nothing.
    Away,
    /// The agent takes transfers only, and this is none.
    Occupied,
    /// The agent has enough.
    AtCapacity(Load),
    /// The agent declined, missed or gave away this conversation not long ago.
    Skipped(Timestamp),
    /// The conversation is kept for another agent.
    NotSuggested(Timestamp),
    /// The skill is closed or disabled.
    SkillClosed,
    /// A change of the agent's row is under way.
    Busy,
}

impl Exclusion {
    /// How many reasons there are.
    pub const COUNT: usize = 11;

    /// Returns the reason's place in the order.
    pub(crate) const fn position(self) -> usize {
        match self {
            Self::Disabled => 0,
            Self::NotSkilled => 1,
            Self::Offline => 2,
            Self::LeaseExpired => 3,
            Self::Away => 4,
            Self::Occupied => 5,
            Self::AtCapacity(_) => 6,
            Self::Skipped(_) => 7,
            Self::NotSuggested(_) => 8,
            Self::SkillClosed => 9,
            Self::Busy => 10,
        }
    }

    /// The reasons' codes, in order.
    pub(crate) const CODES: [&'static str; Self::COUNT] = [
        "DISABLED",
        "NOT_SKILLED",
        "OFFLINE",
        "LEASE_EXPIRED",
        "AWAY",
        "OCCUPIED",
        "AT_CAPACITY",
        "SKIPPED",
        "NOT_SUGGESTED",
        "SKILL_CLOSED",
        "BUSY",
    ];

    /// Returns the reason's code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::CODES
            .get(self.position())
            .copied()
            .unwrap_or_default()
    }
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far an agent can be reached, whatever the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// By any conversation.
    All,
    /// By transfers.
    Transfers,
    /// By none.
    None(Exclusion),
}

impl Desk {
    /// Returns how far an agent can be reached, not counting what `own` counts: an agent has room
    /// for the conversation that already rings there.
    pub(crate) fn reach(
        &self,
        seat: &SeatEntry,
        own: Option<&ConversationId>,
        now: Timestamp,
    ) -> Reach {
        let Some(profile) = seat.profile.as_deref().filter(|profile| profile.is_enabled) else {
            return Reach::None(Exclusion::Disabled);
        };
        if profile.kind == Kind::HostedBot {
            return Reach::All;
        }
        match seat.row.status {
            Status::Offline => return Reach::None(Exclusion::Offline),
            _ if seat.lease_until.is_none_or(|until| until <= now) => {
                return Reach::None(Exclusion::LeaseExpired);
            }
            Status::Away => return Reach::None(Exclusion::Away),
            Status::Online | Status::Occupied => {}
        }
        let load = self.load(seat, own, now);
        if load.is_full() {
            Reach::None(Exclusion::AtCapacity(load))
        } else if seat.row.status == Status::Occupied {
            Reach::Transfers
        } else {
            Reach::All
        }
    }

    /// Returns what keeps an agent from having a conversation, if anything does.
    pub(crate) fn exclusion(
        &self,
        ticket: &Ticket,
        seat: &SeatEntry,
        now: Timestamp,
    ) -> Option<Exclusion> {
        let reach = self.reach(seat, Some(&ticket.conversation), now);
        if reach == Reach::None(Exclusion::Disabled) {
            return Some(Exclusion::Disabled);
        }
        let suggestion = ticket.suggestion.as_ref();
        let is_suggested = suggestion.is_some_and(|suggestion| suggestion.agent == seat.row.agent);
        let is_any_skill = suggestion.is_some_and(|suggestion| suggestion.is_any_skill);
        if !(is_suggested && is_any_skill) && self.step_of(ticket, seat).is_none() {
            return Some(Exclusion::NotSkilled);
        }
        match reach {
            Reach::None(exclusion) => return Some(exclusion),
            Reach::Transfers if !ticket.is_transfer() => return Some(Exclusion::Occupied),
            Reach::Transfers | Reach::All => {}
        }
        if let Some(until) = ticket.skipped_until(&seat.row.agent, now) {
            return Some(Exclusion::Skipped(until));
        }
        match suggestion {
            Some(suggestion) if !is_suggested => Some(Exclusion::NotSuggested(suggestion.until)),
            None if !self.is_open(self.skills.slot(ticket.skill.as_ref())) => {
                Some(Exclusion::SkillClosed)
            }
            Some(_) | None => None,
        }
    }
}
