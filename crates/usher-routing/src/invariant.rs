//! What must hold, whatever happened: checked by tests, and now and then by debug builds.

use crate::desk::Desk;
use crate::desk::index::Touched;
use crate::seat::Kind;
use crate::ticket::State;

/// Debug builds check the indexes at the first steps and then at every one of so many.
#[cfg(debug_assertions)]
const STEPS_BETWEEN_CHECKS: u32 = 4_096;

impl Desk {
    /// Returns what is wrong between the rows of conversations and those of agents.
    ///
    /// It holds for the rows of the store at any time, and for a desk that has seen all of them.
    #[must_use]
    pub fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (conversation, entry) in &self.tickets {
            let Some(agent) = entry.row.holder() else {
                continue;
            };
            let Some(seat) = self.seats.get(agent) else {
                found.push(format!(
                    "`{conversation}` is with `{agent}`, who is unknown"
                ));
                continue;
            };
            let (is_held, is_offered) = match &entry.row.state {
                State::Queued => (false, false),
                State::Offered(_) => (false, true),
                State::Assigned { .. } => (true, false),
            };
            let row = &seat.row;
            let agrees = row.held.contains(conversation) == is_held
                && row.offered.contains(conversation) == is_offered;
            if !agrees && !seat.is_hosted_bot() {
                found.push(format!("`{agent}` does not agree to have `{conversation}`"));
            }
        }
        for (agent, seat) in &self.seats {
            let all = seat.row.held.iter().chain(&seat.row.offered);
            for conversation in all {
                let holder = self.ticket(conversation).and_then(|ticket| ticket.holder());
                if holder != Some(agent) {
                    found.push(format!(
                        "`{conversation}` is not with `{agent}` but {holder:?}"
                    ));
                }
            }
            let profile = seat.profile.as_deref();
            let is_hosted = profile.is_some_and(|profile| profile.kind == Kind::HostedBot);
            if is_hosted && !(seat.row.held.is_empty() && seat.row.offered.is_empty()) {
                found.push(format!("the hosted bot `{agent}` has a row"));
            }
        }
        found
    }

    /// Returns what is wrong with the indexes, compared with deriving them anew.
    #[must_use]
    pub fn stale_indexes(&self) -> Vec<String> {
        let mut fresh = Self::new(self.account.clone());
        fresh.as_of = self.as_of;
        fresh.busy_tickets.clone_from(&self.busy_tickets);
        fresh.busy_seats.clone_from(&self.busy_seats);
        fresh.skills = self.skills.emptied();
        for (agent, entry) in &self.seats {
            let seat = fresh.seat_entry(agent);
            seat.lease_until = entry.lease_until;
            seat.revision = entry.revision;
            seat.row.clone_from(&entry.row);
            fresh.place_profile(agent, entry.profile.clone());
        }
        for (conversation, entry) in &self.tickets {
            let mut unused = Touched::default();
            let row = Some(entry.row.clone());
            fresh.write_ticket(conversation.clone(), row, entry.revision, &mut unused);
        }
        fresh.reindex();
        // A line stays when it is empty; a fresh desk has none such.
        let queues = |desk: &Self| -> Vec<_> {
            let lines = desk.lines.iter();
            let waiting = lines.filter(|(_, line)| !line.queue.is_empty());
            waiting
                .map(|(key, line)| (*key, line.queue.clone()))
                .collect()
        };
        let mut found = Vec::new();
        for (conversation, kept) in &self.tickets {
            let derived = fresh.tickets.get(conversation);
            if derived != Some(kept) {
                found.push(format!("kept {kept:?}, derived {derived:?}"));
            }
        }
        let mut compare = |what: &str, is_equal: bool| {
            if !is_equal {
                found.push(format!("the {what} differ from what the rows say"));
            }
        };
        compare("agents", self.seats == fresh.seats);
        compare("lines", queues(self) == queues(&fresh));
        compare("suggestions", self.ready == fresh.ready);
        compare("due times", self.due == fresh.due);
        compare("flips", self.flips == fresh.flips);
        for (kept, fresh) in self.skills.iter().zip(fresh.skills.iter()) {
            compare("conversations of a skill", kept.tickets == fresh.tickets);
            compare("agents of a skill", kept.agents == fresh.agents);
            compare("candidates", kept.open_to_all == fresh.open_to_all);
            compare(
                "candidates of transfers",
                kept.open_to_transfers == fresh.open_to_transfers,
            );
            compare("tallies", kept.tally == fresh.tally);
        }
        for (key, line) in &self.lines {
            let best = self.best_in(key).map(|(rank, _)| rank);
            let is_asleep = line
                .dirty
                .as_ref()
                .is_none_or(|bound| Some(bound) > best.as_ref());
            if best.is_some() && is_asleep {
                found.push(format!("a line sleeps although {best:?} has a candidate"));
            }
        }
        found
    }

    #[cfg(debug_assertions)]
    pub(crate) fn check_sometimes(&mut self) {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(STEPS_BETWEEN_CHECKS) {
            let stale = self.stale_indexes();
            debug_assert!(stale.is_empty(), "{stale:#?}");
        }
    }
}
