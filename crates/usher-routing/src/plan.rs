//! The transitions: what a command makes of the rows.

mod transfer;

use std::sync::Arc;

use usher_model::id::{AgentId, ConversationId, OfferId};
use usher_model::time::Timestamp;

use crate::command::{
    Change, Command, DropReason, Happening, OfferEnd, Refusal, RequeueReason, Row, SeatWrite,
    TicketWrite,
};
use crate::desk::Desk;
use crate::eligible::Exclusion;
use crate::seat::{Seat, Status};
use crate::ticket::{Offer, Priority, State, Ticket, Turn};
use crate::why::Why;

impl Desk {
    /// Computes what a command changes. The desk itself stays as it is.
    ///
    /// A change may be empty: what was asked for is so already.
    ///
    /// # Errors
    /// Refuses what cannot be done, and what needs a row with a change under way.
    pub fn plan(&self, command: Command, now: Timestamp) -> Result<Change, Refusal> {
        let mut draft = Draft::new(self, self.effective(now));
        match command {
            Command::Open { ticket } => draft.open(ticket)?,
            Command::Accept {
                conversation,
                offer,
                agent,
            } => {
                draft.accept(&conversation, offer, &agent)?;
            }
            Command::Decline {
                conversation,
                offer,
                agent,
                reason,
            } => {
                let mut ticket = draft.ringing(&conversation, offer, &agent)?;
                draft.end_offer(&mut ticket, OfferEnd::Declined(reason))?;
                draft.put(ticket);
            }
            Command::Transfer(transfer) => draft.transfer(&transfer)?,
            Command::TakeOver {
                conversation,
                agent,
                is_forced,
            } => {
                draft.take_over(&conversation, agent, is_forced)?;
            }
            Command::Release { conversation } => draft.release(&conversation)?,
            Command::Close { conversation } => draft.close(&conversation)?,
            Command::ConsumerWrote { conversation } => {
                let mut ticket = draft.ticket(&conversation)?;
                if let Turn::Consumer(_) = ticket.turn {
                    ticket.turn = Turn::Agent(draft.now);
                }
                draft.put(ticket);
            }
            Command::AgentWrote { conversation } => {
                let mut ticket = draft.ticket(&conversation)?;
                if let Turn::Agent(_) = ticket.turn {
                    ticket.turn = Turn::Consumer(draft.now);
                }
                draft.put(ticket);
            }
            Command::Amend { conversation } => {
                let ticket = draft.ticket(&conversation)?;
                draft.put(ticket);
            }
            Command::SetBoost {
                conversation,
                boost,
            } => {
                let mut ticket = draft.ticket(&conversation)?;
                if ticket.boost != boost {
                    ticket.boost = boost;
                    draft.happens(Happening::Boosted {
                        conversation,
                        boost,
                    });
                    draft.put(ticket);
                }
            }
            Command::SetStatus {
                agent,
                status,
                reason,
            } => {
                draft.set_status(&agent, status, reason)?;
            }
        }
        Ok(draft.finish())
    }
}

/// A change in the making.
pub(crate) struct Draft<'d> {
    desk: &'d Desk,
    now: Timestamp,
    change: Change,
}

impl<'d> Draft<'d> {
    pub(crate) fn new(desk: &'d Desk, now: Timestamp) -> Self {
        Self {
            desk,
            now,
            change: Change::default(),
        }
    }

    pub(crate) fn finish(self) -> Change {
        self.change
    }

    pub(crate) fn happens(&mut self, happening: Happening) {
        self.change.happenings.push(happening);
    }

    /// Notes whether the change is only right while the agent is silent.
    pub(crate) fn rest_on(&mut self, exclusion: Option<Exclusion>, agent: &AgentId) {
        if exclusion == Some(Exclusion::LeaseExpired) {
            self.change.rests_on_silence_of = Some(agent.clone());
        }
    }

    /// Returns a conversation's row, to be changed and put back.
    pub(crate) fn ticket(&self, conversation: &ConversationId) -> Result<Ticket, Refusal> {
        let entry = self.desk.tickets.get(conversation);
        let entry = entry.ok_or_else(|| Refusal::NotOpen(conversation.clone()))?;
        if self.desk.busy_tickets.contains(conversation) {
            return Err(Refusal::Busy(Row::Ticket(conversation.clone())));
        }
        Ok(entry.row.clone())
    }

    /// Writes a conversation's row.
    pub(crate) fn put(&mut self, ticket: Ticket) {
        self.write(ticket.conversation.clone(), Some(ticket));
    }

    fn write(&mut self, conversation: ConversationId, after: Option<Ticket>) {
        let known = self.desk.tickets.get(&conversation);
        let expected = known.map(|entry| entry.revision);
        self.change.tickets.push(TicketWrite {
            conversation,
            expected,
            after,
        });
    }

    /// Changes an agent's row, unless it is the hosted bot's, who has none.
    fn seat(&mut self, agent: &AgentId, edit: impl FnOnce(&mut Seat)) -> Result<(), Refusal> {
        let entry = self.desk.seats.get(agent);
        let entry = entry.ok_or_else(|| Refusal::UnknownAgent(agent.clone()))?;
        if entry.is_hosted_bot() {
            return Ok(());
        }
        let seats = &mut self.change.seats;
        if let Some(write) = seats.iter_mut().find(|write| write.after.agent == *agent) {
            edit(&mut write.after);
            return Ok(());
        }
        if self.desk.busy_seats.contains(agent) {
            return Err(Refusal::Busy(Row::Seat(agent.clone())));
        }
        let mut after = entry.row.clone();
        edit(&mut after);
        seats.push(SeatWrite {
            expected: entry.revision,
            after,
        });
        Ok(())
    }

    // Pieces of transitions.

    /// Offers or assigns a waiting conversation to an agent who can have it.
    pub(crate) fn hand(
        &mut self,
        mut ticket: Ticket,
        agent: &AgentId,
        offer: OfferId,
        why: Why,
    ) -> Result<(), Refusal> {
        let rules = self.desk.rules(ticket.skill.as_ref());
        let entry = self.desk.seats.get(agent);
        // INVARIANT: nothing is offered or assigned to an agent who cannot have it.
        debug_assert_eq!(
            entry.and_then(|seat| self.desk.exclusion(&ticket, seat, self.now)),
            None,
        );
        let is_hosted_bot = entry.is_some_and(|seat| seat.is_hosted_bot());
        if rules.is_auto_accepted || is_hosted_bot {
            self.assign(&mut ticket, agent, None, Some(why))?;
        } else {
            let ring = self.now.plus(rules.ring);
            let until = ticket.suggestion.as_ref().map_or(ring, |kept| kept.until);
            let conversation = ticket.conversation.clone();
            self.seat(agent, |seat| {
                seat.offered.insert(conversation);
            })?;
            self.happens(Happening::Offered {
                conversation: ticket.conversation.clone(),
                offer,
                agent: agent.clone(),
                until,
                why,
            });
            ticket.state = State::Offered(Offer {
                id: offer,
                agent: agent.clone(),
                until,
            });
        }
        self.put(ticket);
        Ok(())
    }

    fn assign(
        &mut self,
        ticket: &mut Ticket,
        agent: &AgentId,
        offer: Option<OfferId>,
        why: Option<Why>,
    ) -> Result<(), Refusal> {
        let now = self.now;
        let conversation = ticket.conversation.clone();
        self.seat(agent, |seat| {
            seat.offered.remove(&conversation);
            seat.held.insert(conversation);
            seat.last_assigned_at = Some(now);
            seat.idle_since = None;
        })?;
        self.happens(Happening::Assigned {
            conversation: ticket.conversation.clone(),
            agent: agent.clone(),
            offer,
            skill: ticket.skill.clone(),
            priority: ticket.priority,
            waited: now.since(ticket.queued_since),
            why,
        });
        ticket.state = State::Assigned {
            agent: agent.clone(),
            since: now,
        };
        ticket.suggestion = None;
        ticket.skips.clear();
        Ok(())
    }

    /// Takes a conversation from whoever has it or is offered it.
    fn detach(&mut self, ticket: &mut Ticket, reason: OfferEnd) -> Result<(), Refusal> {
        let Some(agent) = ticket.holder().cloned() else {
            return Ok(());
        };
        let now = self.now;
        let conversation = ticket.conversation.clone();
        self.seat(&agent, |seat| {
            seat.offered.remove(&conversation);
            if seat.held.remove(&conversation) && seat.held.is_empty() {
                seat.idle_since = Some(now);
            }
        })?;
        if let State::Offered(offer) = std::mem::replace(&mut ticket.state, State::Queued) {
            self.happens(Happening::OfferEnded {
                conversation: ticket.conversation.clone(),
                offer: offer.id,
                agent: offer.agent,
                reason,
            });
        }
        Ok(())
    }

    pub(crate) fn skip(&mut self, ticket: &mut Ticket, agent: &AgentId) {
        let until = self.now.plus(self.desk.account.skip);
        ticket.skip(agent, until, self.now);
    }

    pub(crate) fn drop_suggestion(&mut self, ticket: &mut Ticket, reason: DropReason) {
        let Some(suggestion) = ticket.suggestion.take() else {
            return;
        };
        // From now on it is an ordinary member of the queue.
        ticket.priority = ticket.priority.min(Priority::Transfer);
        self.happens(Happening::SuggestionDropped {
            conversation: ticket.conversation.clone(),
            agent: suggestion.agent,
            reason,
        });
    }

    /// Ends an offer that was not accepted: the conversation waits on, and another agent is next.
    pub(crate) fn end_offer(
        &mut self,
        ticket: &mut Ticket,
        reason: OfferEnd,
    ) -> Result<(), Refusal> {
        let Some(agent) = ticket.holder().cloned() else {
            return Ok(());
        };
        let dropped = match &reason {
            OfferEnd::Declined(_) => DropReason::Declined,
            OfferEnd::Excluded(exclusion) => DropReason::Excluded(*exclusion),
            _ => DropReason::Expired,
        };
        if dropped == DropReason::Declined || dropped == DropReason::Expired {
            self.skip(ticket, &agent);
        }
        self.detach(ticket, reason)?;
        self.drop_suggestion(ticket, dropped);
        self.happens(Happening::Requeued {
            conversation: ticket.conversation.clone(),
            skill: ticket.skill.clone(),
            agent: None,
            reason: RequeueReason::OfferEnded,
        });
        Ok(())
    }

    /// Takes a conversation from its agent back into the queue; it keeps its place there.
    pub(crate) fn requeue(
        &mut self,
        ticket: &mut Ticket,
        reason: RequeueReason,
    ) -> Result<(), Refusal> {
        let agent = ticket.assignee().cloned();
        self.detach(ticket, OfferEnd::Released)?;
        self.enter_queue(ticket);
        self.happens(Happening::Requeued {
            conversation: ticket.conversation.clone(),
            skill: ticket.skill.clone(),
            agent,
            reason,
        });
        Ok(())
    }

    /// Starts a new wait of a conversation that an agent has had.
    fn enter_queue(&self, ticket: &mut Ticket) {
        ticket.state = State::Queued;
        ticket.priority = Priority::Transfer;
        ticket.queued_since = self.now;
        ticket.relaxed = 0;
        if let Turn::Consumer(_) = ticket.turn {
            ticket.turn = Turn::Agent(self.now);
        }
    }

    // Commands.

    fn open(&mut self, ticket: Ticket) -> Result<(), Refusal> {
        if self.desk.busy_tickets.contains(&ticket.conversation) {
            return Err(Refusal::Busy(Row::Ticket(ticket.conversation)));
        }
        if self.desk.tickets.contains_key(&ticket.conversation) {
            return Err(Refusal::AlreadyOpen(ticket.conversation));
        }
        self.happens(Happening::Queued {
            conversation: ticket.conversation.clone(),
            skill: ticket.skill.clone(),
        });
        self.put(ticket);
        Ok(())
    }

    /// Returns the conversation if it rings with that offer at that agent.
    fn ringing(
        &self,
        conversation: &ConversationId,
        offer: OfferId,
        agent: &AgentId,
    ) -> Result<Ticket, Refusal> {
        let ticket = self.ticket(conversation)?;
        match &ticket.state {
            State::Assigned { agent, .. } => Err(Refusal::AlreadyAssigned(agent.clone())),
            State::Offered(rings) if rings.id == offer && rings.agent == *agent => {
                if rings.until <= self.now {
                    return Err(Refusal::OfferExpired(rings.until));
                }
                Ok(ticket)
            }
            State::Queued | State::Offered(_) => Err(Refusal::OfferGone),
        }
    }

    fn accept(
        &mut self,
        conversation: &ConversationId,
        offer: OfferId,
        agent: &AgentId,
    ) -> Result<(), Refusal> {
        let mut ticket = self.ringing(conversation, offer, agent)?;
        let seat = self.desk.seats.get(agent);
        let seat = seat.ok_or_else(|| Refusal::UnknownAgent(agent.clone()))?;
        if let Some(exclusion) = self.desk.exclusion(&ticket, seat, self.now) {
            return Err(Refusal::Excluded(exclusion));
        }
        self.assign(&mut ticket, agent, Some(offer), None)?;
        self.put(ticket);
        Ok(())
    }

    fn release(&mut self, conversation: &ConversationId) -> Result<(), Refusal> {
        let mut ticket = self.ticket(conversation)?;
        let Some(agent) = ticket.assignee().cloned() else {
            return Err(Refusal::NotAssigned);
        };
        self.skip(&mut ticket, &agent);
        self.requeue(&mut ticket, RequeueReason::Released)?;
        self.put(ticket);
        Ok(())
    }

    fn close(&mut self, conversation: &ConversationId) -> Result<(), Refusal> {
        let mut ticket = self.ticket(conversation)?;
        let agent = ticket.assignee().cloned();
        self.detach(&mut ticket, OfferEnd::Closed)?;
        self.happens(Happening::Closed {
            conversation: conversation.clone(),
            agent,
        });
        self.write(ticket.conversation, None);
        Ok(())
    }

    fn set_status(
        &mut self,
        agent: &AgentId,
        status: Status,
        reason: Option<Arc<str>>,
    ) -> Result<(), Refusal> {
        let entry = self.desk.seats.get(agent);
        let entry = entry
            .filter(|entry| entry.profile.is_some() && !entry.is_hosted_bot())
            .ok_or_else(|| Refusal::UnknownAgent(agent.clone()))?;
        if entry.row.status == status && entry.row.status_reason == reason {
            return Ok(());
        }
        let now = self.now;
        let kept = reason.clone();
        self.seat(agent, |seat| {
            if seat.status != status {
                seat.status_since = now;
            }
            seat.status = status;
            seat.status_reason = kept;
            if seat.held.is_empty() && seat.idle_since.is_none() {
                seat.idle_since = Some(now);
            }
        })?;
        self.happens(Happening::StatusChanged {
            agent: agent.clone(),
            status,
            reason,
        });
        Ok(())
    }
}
