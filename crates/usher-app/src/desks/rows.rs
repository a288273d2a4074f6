//! The rows of conversations and agents, between the store's form and the desk's.

use std::sync::Arc;

use usher_model::id::ConversationId;
use usher_routing::seat::{Seat, Status};
use usher_routing::ticket::{Offer, Priority, Skip, State, Suggestion, Ticket, Turn};
use usher_store::record::{conversation as record, floor};

/// Returns the routing part of a conversation's row as the desk has it.
pub(super) fn ticket(conversation: &ConversationId, kept: &record::Ticket) -> Ticket {
    Ticket {
        conversation: conversation.clone(),
        skill: kept.skill_id.clone(),
        state: match &kept.state {
            record::TicketState::Queued => State::Queued,
            record::TicketState::Offered {
                offer_id,
                agent_id,
                until,
            } => State::Offered(Offer {
                id: *offer_id,
                agent: agent_id.clone(),
                until: *until,
            }),
            record::TicketState::Assigned { agent_id, since } => State::Assigned {
                agent: agent_id.clone(),
                since: *since,
            },
        },
        priority: match kept.priority {
            record::Priority::New => Priority::New,
            record::Priority::Transfer => Priority::Transfer,
            record::Priority::TransferToAgent => Priority::TransferToAgent,
        },
        boost: kept.boost,
        waiting_since: kept.waiting_since,
        queued_since: kept.queued_since,
        suggestion: kept.suggestion.as_ref().map(|kept| Suggestion {
            agent: kept.agent_id.clone(),
            until: kept.until,
            is_any_skill: kept.is_any_skill,
        }),
        skips: kept
            .skips
            .iter()
            .map(|kept| Skip {
                agent: kept.agent_id.clone(),
                until: kept.until,
            })
            .collect(),
        relaxed: kept.relaxed,
        turn: match kept.turn {
            record::Turn::Agent(since) => Turn::Agent(since),
            record::Turn::Consumer(since) => Turn::Consumer(since),
        },
    }
}

/// Returns the routing part of a conversation's row as the store keeps it.
pub(super) fn ticket_record(ticket: &Ticket) -> record::Ticket {
    record::Ticket {
        skill_id: ticket.skill.clone(),
        state: match &ticket.state {
            State::Queued => record::TicketState::Queued,
            State::Offered(offer) => record::TicketState::Offered {
                offer_id: offer.id,
                agent_id: offer.agent.clone(),
                until: offer.until,
            },
            State::Assigned { agent, since } => record::TicketState::Assigned {
                agent_id: agent.clone(),
                since: *since,
            },
        },
        priority: priority_record(ticket.priority),
        boost: ticket.boost,
        waiting_since: ticket.waiting_since,
        queued_since: ticket.queued_since,
        suggestion: ticket.suggestion.as_ref().map(|known| record::Suggestion {
            agent_id: known.agent.clone(),
            until: known.until,
            is_any_skill: known.is_any_skill,
        }),
        skips: ticket
            .skips
            .iter()
            .map(|known| record::Skip {
                agent_id: known.agent.clone(),
                until: known.until,
            })
            .collect(),
        relaxed: ticket.relaxed,
        turn: match ticket.turn {
            Turn::Agent(since) => record::Turn::Agent(since),
            Turn::Consumer(since) => record::Turn::Consumer(since),
        },
    }
}

/// Returns a priority as the store keeps it.
pub(super) const fn priority_record(priority: Priority) -> record::Priority {
    match priority {
        Priority::New => record::Priority::New,
        Priority::Transfer => record::Priority::Transfer,
        Priority::TransferToAgent => record::Priority::TransferToAgent,
    }
}

/// Returns an agent's row as the desk has it.
pub(super) fn seat(kept: floor::AgentSeat) -> Seat {
    Seat {
        agent: kept.agent_id,
        status: status(kept.status),
        status_reason: kept.status_reason.map(Arc::from),
        status_since: kept.status_since,
        held: kept.held,
        offered: kept.offered,
        last_assigned_at: kept.last_assigned_at,
        idle_since: kept.idle_since,
    }
}

/// Returns an agent's row as the store keeps it.
pub(super) fn seat_record(seat: &Seat) -> floor::AgentSeat {
    floor::AgentSeat {
        agent_id: seat.agent.clone(),
        status: status_record(seat.status),
        status_reason: seat.status_reason.as_deref().map(str::to_owned),
        status_since: seat.status_since,
        held: seat.held.clone(),
        offered: seat.offered.clone(),
        last_assigned_at: seat.last_assigned_at,
        idle_since: seat.idle_since,
    }
}

/// Returns what an agent says as the desk has it.
pub(crate) const fn status(kept: floor::AgentStatus) -> Status {
    match kept {
        floor::AgentStatus::Online => Status::Online,
        floor::AgentStatus::Occupied => Status::Occupied,
        floor::AgentStatus::Away => Status::Away,
        floor::AgentStatus::Offline => Status::Offline,
    }
}

/// Returns what an agent says as the store keeps it.
pub(crate) const fn status_record(status: Status) -> floor::AgentStatus {
    match status {
        Status::Online => floor::AgentStatus::Online,
        Status::Occupied => floor::AgentStatus::Occupied,
        Status::Away => floor::AgentStatus::Away,
        Status::Offline => floor::AgentStatus::Offline,
    }
}
