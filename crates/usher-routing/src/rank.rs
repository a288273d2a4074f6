//! Which conversation is first, and which agent.

use std::cmp::Reverse;

use usher_model::id::{AgentId, ConversationId};
use usher_model::time::Timestamp;

use crate::capacity::Load;
use crate::seat::Proficiency;
use crate::ticket::{Priority, Ticket};

/// The rank of a conversation that waits: the least comes first.
///
/// Urgency, which is the priority's number plus the boost, then the longest wait, then the id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TicketRank {
    urgency: Reverse<i16>,
    waiting_since: Timestamp,
    pub(crate) conversation: ConversationId,
}

impl TicketRank {
    pub(crate) fn of(ticket: &Ticket) -> Self {
        let priority = match ticket.priority {
            Priority::New => 0,
            Priority::Transfer => 1,
            Priority::TransferToAgent => 2,
        };
        Self {
            urgency: Reverse(priority + i16::from(ticket.boost)),
            waiting_since: ticket.waiting_since,
            conversation: ticket.conversation.clone(),
        }
    }
}

/// The rank of an agent within one skill: the least comes first.
///
/// The hosted bot, then who is better at the skill, then who is less loaded, then who got a
/// conversation longest ago, then the id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AgentRank {
    pub(crate) is_external: bool,
    pub(crate) proficiency: Reverse<Proficiency>,
    pub(crate) load: Load,
    pub(crate) last_assigned_at: Option<Timestamp>,
    pub(crate) agent: AgentId,
}
