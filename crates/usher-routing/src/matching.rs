//! Finds the best conversation that an agent can have now, and the best agent for it.

use usher_model::id::{AgentId, ConversationId, OfferId};
use usher_model::time::Timestamp;

use crate::command::Change;
use crate::desk::Desk;
use crate::desk::index::LineKey;
use crate::plan::Draft;
use crate::rank::{AgentRank, TicketRank};

impl Desk {
    /// Proposes the next offer or assignment: of all conversations that somebody can have, the
    /// first by rank, for the first agent by rank. `offer` names the offer, if it is one.
    ///
    /// Begin the change, or settle it, before asking again: otherwise the answer is the same.
    pub fn next_match(&mut self, now: Timestamp, offer: OfferId) -> Option<Change> {
        let now = self.observe(now);
        if let Some((conversation, agent)) = self.ready_suggestion() {
            return self.hand(&conversation, &agent, offer, now);
        }
        while let Some((bound, key)) = self.dirty.first().cloned() {
            let Some((rank, agent)) = self.best_in(&key) else {
                self.set_dirty(&key, None);
                continue;
            };
            // The bound only says that no match of the line ranks higher: another line may win.
            if rank != bound {
                self.set_dirty(&key, Some(rank.clone()));
                if self.dirty.first().is_some_and(|(first, _)| *first != rank) {
                    continue;
                }
            }
            return self.hand(&rank.conversation, &agent, offer, now);
        }
        None
    }

    fn hand(
        &self,
        conversation: &ConversationId,
        agent: &AgentId,
        offer: OfferId,
        now: Timestamp,
    ) -> Option<Change> {
        let mut draft = Draft::new(self, now);
        // INVARIANT: neither row is busy, so nothing can refuse.
        let ticket = draft.ticket(conversation).ok()?;
        let why = self.why(&ticket, agent, now);
        draft.hand(ticket, agent, offer, why).ok()?;
        Some(draft.finish())
    }

    /// Returns the first conversation that waits for a suggested agent who can have it.
    fn ready_suggestion(&self) -> Option<(ConversationId, AgentId)> {
        self.ready.iter().find_map(|rank| {
            let entry = self.tickets.get(&rank.conversation)?;
            let suggestion = entry.row.suggestion.as_ref()?;
            let is_busy = self.busy_tickets.contains(&rank.conversation)
                || self.busy_seats.contains(&suggestion.agent);
            let is_live = suggestion.until > self.as_of;
            (is_live && !is_busy).then(|| (rank.conversation.clone(), suggestion.agent.clone()))
        })
    }

    /// Returns the first conversation of a line that somebody can have, and who is first for it.
    pub(crate) fn best_in(&self, key: &LineKey) -> Option<(TicketRank, AgentId)> {
        if !self.is_open(key.skill) {
            return None;
        }
        let line = self.lines.get(key)?;
        let at_rest = |(_, rank): &(u8, &AgentRank)| !self.busy_seats.contains(&rank.agent);
        // Skips only take candidates away: without any, no conversation of the line has one.
        let (_, first) = self.candidates(key).find(at_rest)?;
        line.queue.iter().find_map(|rank| {
            let entry = self.tickets.get(&rank.conversation)?;
            if self.busy_tickets.contains(&rank.conversation) {
                return None;
            }
            let skipped = |agent| entry.row.skipped_until(agent, self.as_of).is_some();
            if !skipped(&first.agent) {
                return Some((rank.clone(), first.agent.clone()));
            }
            let (_, other) = self
                .candidates(key)
                .filter(at_rest)
                .find(|(_, candidate)| !skipped(&candidate.agent))?;
            Some((rank.clone(), other.agent.clone()))
        })
    }

    /// Returns the agents on whom a line can draw now with the step that lets them in, the first
    /// one first. An agent who is let in by several steps comes several times.
    pub(crate) fn candidates<'d>(
        &'d self,
        key: &'d LineKey,
    ) -> impl Iterator<Item = (u8, &'d AgentRank)> {
        self.draws(key.skill, key.relaxed)
            .flat_map(move |(step, skill, minimum)| {
                let entry = self.skills.at(skill);
                let all = entry.open_to_all.iter();
                let transfers = Some(&entry.open_to_transfers).filter(|_| key.is_transfer);
                let transfers = transfers.into_iter().flatten();
                merge(all, transfers)
                    .take_while(move |rank| rank.proficiency.0 >= minimum)
                    .map(move |rank| (step, rank))
            })
    }
}

/// Merges two ordered sequences into one.
fn merge<'r>(
    left: impl Iterator<Item = &'r AgentRank>,
    right: impl Iterator<Item = &'r AgentRank>,
) -> impl Iterator<Item = &'r AgentRank> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || match (left.peek(), right.peek()) {
        (Some(first), Some(second)) if second < first => right.next(),
        (Some(_), _) => left.next(),
        (None, _) => right.next(),
    })
}
