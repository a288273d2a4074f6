//! What time changes: offers and suggestions run out, skills relax, agents fall silent, answers
//! fail to come, conversations weigh less.

use usher_model::id::{AgentId, ConversationId};
use usher_model::limits;
use usher_model::time::Timestamp;

use crate::capacity;
use crate::command::{Change, DropReason, Happening, OfferEnd, Refusal, RequeueReason, Row};
use crate::desk::index::Touched;
use crate::desk::{Desk, SeatEntry, TicketEntry};
use crate::eligible::{Exclusion, Reach};
use crate::plan::Draft;
use crate::rank::TicketRank;
use crate::rules::Silence;
use crate::ticket::{State, Ticket, Turn};

/// Earlier than any clock: at once.
const AT_ONCE: Timestamp = Timestamp::from_milliseconds(i64::MIN);

impl Desk {
    /// Proposes the next change that time or another row has made necessary.
    ///
    /// Begin the change, or settle it, before asking again: otherwise the answer is the same.
    pub fn next_due_change(&mut self, now: Timestamp) -> Option<Change> {
        let now = self.observe(now);
        let rows = self.due.iter().take_while(|(at, _)| *at <= now);
        rows.map(|(_, row)| row)
            .filter(|row| !self.is_busy(row))
            // What needs a busy row waits until that is at rest.
            .find_map(|row| self.due_change(row, now).ok().flatten())
    }

    /// Returns when to ask for a match and a due change again, if nothing else happens before.
    #[must_use]
    pub fn next_due_at(&self) -> Option<Timestamp> {
        let mut due = self.due.iter().filter(|(_, row)| !self.is_busy(row));
        let due = due.next().map(|(at, _)| *at);
        let flip = self.flips.first().map(|(at, _)| *at);
        due.into_iter().chain(flip).min()
    }

    /// Brings the indexes up to `now` and returns the instant to reckon with.
    pub(crate) fn observe(&mut self, now: Timestamp) -> Timestamp {
        let now = self.effective(now);
        if now < self.as_of {
            // The clock was set back: what was over may not be.
            self.as_of = now;
            self.reindex();
            return now;
        }
        self.as_of = now;
        let mut touched = Touched::default();
        while let Some((at, row)) = self.flips.first().cloned() {
            if at > now {
                break;
            }
            match &row {
                Row::Ticket(conversation) => {
                    touched.tickets.push(conversation.clone());
                    let holder = self.ticket(conversation).and_then(Ticket::holder);
                    touched.seats.extend(holder.cloned());
                }
                Row::Seat(agent) => touched.seats.push(agent.clone()),
            }
            self.end_flip(&row);
        }
        self.touch(touched);
        now
    }

    fn end_flip(&mut self, row: &Row) {
        let due = match row {
            Row::Ticket(conversation) => self.tickets.get(conversation).and_then(|entry| entry.due),
            Row::Seat(agent) => self.seats.get(agent).and_then(|entry| entry.due),
        };
        self.set_times(row, due, None);
    }

    fn is_busy(&self, row: &Row) -> bool {
        match row {
            Row::Ticket(conversation) => self.busy_tickets.contains(conversation),
            Row::Seat(agent) => self.busy_seats.contains(agent),
        }
    }

    // When.

    pub(crate) fn time_ticket(&mut self, conversation: &ConversationId) {
        let Some(entry) = self.tickets.get(conversation) else {
            return;
        };
        let ready = self.is_ready(entry).then(|| TicketRank::of(&entry.row));
        let due = self.ticket_due_at(&entry.row);
        let flip = self.ticket_flips_at(&entry.row);
        if entry.ready != ready {
            self.set_ready(conversation, ready);
        }
        self.set_times(&Row::Ticket(conversation.clone()), due, flip);
    }

    pub(crate) fn time_seat(&mut self, agent: &AgentId) {
        let Some(entry) = self.seats.get(agent) else {
            return;
        };
        let due = self.seat_due_at(entry);
        let flip = entry.lease_until.filter(|until| *until > self.as_of);
        self.set_times(&Row::Seat(agent.clone()), due, flip);
    }

    /// Says whether a suggested agent can have a conversation now.
    fn is_ready(&self, entry: &TicketEntry) -> bool {
        let row = &entry.row;
        let agent = row.suggestion.as_ref().map(|suggestion| &suggestion.agent);
        row.is_queued()
            && agent
                .and_then(|agent| self.seats.get(agent))
                .is_some_and(|seat| self.exclusion(row, seat, self.as_of).is_none())
    }

    fn ticket_due_at(&self, row: &Ticket) -> Option<Timestamp> {
        match (&row.state, &row.suggestion) {
            (State::Queued, Some(suggestion)) => {
                Some(self.invited_until(row, &suggestion.agent, suggestion.until))
            }
            (State::Offered(offer), _) => Some(self.invited_until(row, &offer.agent, offer.until)),
            (State::Queued, None) => {
                let rules = self.rules(row.skill.as_ref());
                let next = rules.relaxations.get(usize::from(row.relaxed))?;
                let is_open = self.is_open(self.skills.slot(row.skill.as_ref()));
                is_open.then(|| row.queued_since.plus(next.after))
            }
            (State::Assigned { since, .. }, _) => {
                let within = self.rules(row.skill.as_ref()).answer_within?;
                match row.turn {
                    Turn::Agent(asked) => Some(asked.max(*since).plus(within)),
                    Turn::Consumer(_) => None,
                }
            }
        }
    }

    /// Returns until when an offer or suggestion stands: at most as long as its agent can have it.
    fn invited_until(&self, row: &Ticket, agent: &AgentId, until: Timestamp) -> Timestamp {
        let seat = self.seats.get(agent);
        let stands = seat.is_some_and(|seat| self.exclusion(row, seat, self.as_of).is_none());
        if stands { until } else { AT_ONCE }
    }

    fn ticket_flips_at(&self, row: &Ticket) -> Option<Timestamp> {
        let rules = self.rules(row.skill.as_ref());
        let skips = row.skips.iter().map(|skip| skip.until);
        match row.state {
            // Also one that rings: after the clock was set back its agent may be skipped.
            State::Queued | State::Offered(_) => skips.filter(|until| *until > self.as_of).min(),
            State::Assigned { .. } => capacity::inactive_at(rules, row, self.as_of),
        }
    }

    fn seat_due_at(&self, seat: &SeatEntry) -> Option<Timestamp> {
        if seat.assigned.is_empty() {
            return None;
        }
        if !seat
            .profile
            .as_deref()
            .is_some_and(|profile| profile.is_enabled)
        {
            return Some(AT_ONCE);
        }
        match self.account.silence {
            Silence::Requeue(grace) if !seat.is_hosted_bot() => {
                Some(silent_since(seat).plus(grace))
            }
            Silence::Requeue(_) | Silence::Keep => None,
        }
    }

    // What.

    fn due_change(&self, row: &Row, now: Timestamp) -> Result<Option<Change>, Refusal> {
        match row {
            Row::Ticket(conversation) => self.due_ticket(conversation, now),
            Row::Seat(agent) => self.due_seat(agent, now),
        }
    }

    fn due_ticket(
        &self,
        conversation: &ConversationId,
        now: Timestamp,
    ) -> Result<Option<Change>, Refusal> {
        let mut draft = Draft::new(self, now);
        let mut ticket = draft.ticket(conversation)?;
        match (ticket.state.clone(), ticket.suggestion.clone()) {
            (State::Queued, Some(suggestion)) => {
                let seat = self.seats.get(&suggestion.agent);
                let exclusion = seat.and_then(|seat| self.exclusion(&ticket, seat, now));
                draft.rest_on(exclusion, &suggestion.agent);
                let reason = exclusion.map_or(DropReason::Expired, DropReason::Excluded);
                draft.drop_suggestion(&mut ticket, reason);
            }
            (State::Offered(offer), _) => {
                let seat = self.seats.get(&offer.agent);
                let exclusion = seat.and_then(|seat| self.exclusion(&ticket, seat, now));
                draft.rest_on(exclusion, &offer.agent);
                let reason = exclusion.map_or(OfferEnd::Expired, OfferEnd::Excluded);
                draft.end_offer(&mut ticket, reason)?;
            }
            (State::Queued, None) => {
                ticket.relaxed = ticket.relaxed.saturating_add(1);
                draft.happens(Happening::Relaxed {
                    conversation: conversation.clone(),
                    relaxed: ticket.relaxed,
                });
            }
            (State::Assigned { agent, .. }, _) => {
                draft.skip(&mut ticket, &agent);
                draft.requeue(&mut ticket, RequeueReason::NotAnswered)?;
            }
        }
        draft.put(ticket);
        Ok(Some(draft.finish()))
    }

    /// Takes the conversations from an agent who has gone.
    fn due_seat(&self, agent: &AgentId, now: Timestamp) -> Result<Option<Change>, Refusal> {
        let Some(seat) = self.seats.get(agent) else {
            return Ok(None);
        };
        let is_disabled = self.reach(seat, None, now) == Reach::None(Exclusion::Disabled);
        let mut draft = Draft::new(self, now);
        let reason = if is_disabled {
            RequeueReason::AgentDisabled
        } else {
            draft.happens(Happening::FellSilent {
                agent: agent.clone(),
                since: seat.lease_until,
            });
            draft.rest_on(Some(Exclusion::LeaseExpired), agent);
            RequeueReason::AgentSilent
        };
        let at_rest = |conversation: &&ConversationId| !self.busy_tickets.contains(*conversation);
        let mut count = 0;
        for conversation in seat.assigned.iter().filter(at_rest) {
            let mut ticket = draft.ticket(conversation)?;
            draft.requeue(&mut ticket, reason)?;
            draft.put(ticket);
            count += 1;
            if count == limits::REQUEUED_AT_ONCE_MAX {
                break;
            }
        }
        Ok((count > 0).then(|| draft.finish()))
    }
}

/// Returns since when nothing has been heard of an agent.
fn silent_since(seat: &SeatEntry) -> Timestamp {
    seat.lease_until.unwrap_or(seat.row.status_since)
}
