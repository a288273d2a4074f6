//! A naive store: rows with revisions, conditional commits, a log of which rows changed.

use std::collections::BTreeMap;
use std::time::Duration;

use usher_model::id::{AgentId, ConversationId, SkillId};
use usher_model::time::Timestamp;
use usher_routing::command::{Change, Happening, Row, TransferOutcome};
use usher_routing::desk::Desk;
use usher_routing::rules::{AccountRules, SLOT, SkillRules};
use usher_routing::seat::{Capacity, Kind, Profile, Seat, Status};
use usher_routing::ticket::{State, Ticket, Turn};

#[derive(Default)]
pub(crate) struct Store {
    /// Closed conversations keep their row, without a ticket.
    pub(crate) tickets: BTreeMap<ConversationId, (Option<Ticket>, u64)>,
    pub(crate) seats: BTreeMap<AgentId, (Seat, u64)>,
    pub(crate) leases: BTreeMap<AgentId, Timestamp>,
    pub(crate) profiles: BTreeMap<AgentId, Profile>,
    pub(crate) skills: BTreeMap<SkillId, SkillRules>,
    /// Counts changes of profiles and rules.
    pub(crate) facts: u64,
    pub(crate) events: Vec<Vec<Row>>,
    pub(crate) assigned: u64,
    pub(crate) conflicts: u64,
}

pub(crate) enum Commit {
    Done(Vec<u64>),
    Conflict,
    NotSilent,
}

impl Store {
    /// Writes all of a change or nothing, and checks what must hold.
    pub(crate) fn commit(
        &mut self,
        change: &Change,
        is_exact: bool,
        planned: Timestamp,
        now: Timestamp,
    ) -> Commit {
        let tickets = change.tickets.iter().map(|write| {
            let kept = self.tickets.get(&write.conversation);
            kept.map(|(_, revision)| *revision) == write.expected
        });
        let seats = change.seats.iter().map(|write| {
            let kept = self.seats.get(&write.after.agent);
            kept.map(|(_, revision)| *revision) == write.expected
        });
        if !tickets.chain(seats).all(|holds| holds) {
            self.conflicts += 1;
            return Commit::Conflict;
        }
        if let Some(agent) = &change.rests_on_silence_of
            && self.leases.get(agent).is_some_and(|until| *until > now)
        {
            return Commit::NotSilent;
        }
        for happening in &change.happenings {
            self.check_happening(happening, change, is_exact, planned);
        }
        let mut revisions = Vec::new();
        let mut rows = Vec::new();
        for write in &change.tickets {
            let revision = write.expected.unwrap_or(0) + 1;
            let row = (write.after.clone(), revision);
            self.tickets.insert(write.conversation.clone(), row);
            revisions.push(revision);
            rows.push(Row::Ticket(write.conversation.clone()));
        }
        for write in &change.seats {
            let revision = write.expected.unwrap_or(0) + 1;
            let row = (write.after.clone(), revision);
            self.seats.insert(write.after.agent.clone(), row);
            revisions.push(revision);
            rows.push(Row::Seat(write.after.agent.clone()));
        }
        for row in &rows {
            self.check_row(row);
        }
        self.events.push(rows);
        Commit::Done(revisions)
    }

    pub(crate) fn ticket(&self, conversation: &ConversationId) -> Option<&Ticket> {
        self.tickets.get(conversation)?.0.as_ref()
    }

    /// Says whether a desk knows all that counts for the load of these agents. What a conversation
    /// weighs stands in its own row, of which a node may hear late.
    pub(crate) fn is_known_to(&self, desk: &Desk, change: &Change) -> bool {
        let seats = change.seats.iter();
        seats
            .filter_map(|write| self.seats.get(&write.after.agent))
            .flat_map(|(seat, _)| &seat.held)
            .all(|held| desk.ticket(held) == self.ticket(held))
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets
            .values()
            .filter_map(|(ticket, _)| ticket.as_ref())
    }

    fn is_hosted(&self, agent: &AgentId) -> bool {
        self.profiles[agent].kind == Kind::HostedBot
    }

    /// Checks that conversations and agents agree about a row, from both sides.
    fn check_row(&self, row: &Row) {
        match row {
            Row::Ticket(conversation) => {
                let state = self.ticket(conversation).map(|ticket| &ticket.state);
                for (agent, (seat, _)) in &self.seats {
                    let is_assigned =
                        matches!(state, Some(State::Assigned { agent: who, .. }) if who == agent);
                    let is_offered =
                        matches!(state, Some(State::Offered(offer)) if offer.agent == *agent);
                    assert_eq!(
                        seat.held.contains(conversation),
                        is_assigned,
                        "{conversation} {agent}"
                    );
                    assert_eq!(
                        seat.offered.contains(conversation),
                        is_offered,
                        "{conversation} {agent}"
                    );
                }
                if let Some(ticket) = self.ticket(conversation) {
                    let holder = ticket.holder();
                    assert!(holder.is_none_or(|agent| {
                        self.is_hosted(agent) || self.seats.contains_key(agent)
                    }));
                }
            }
            Row::Seat(agent) => {
                let (seat, _) = &self.seats[agent];
                for conversation in &seat.held {
                    let ticket = self.ticket(conversation).unwrap();
                    assert_eq!(ticket.assignee(), Some(agent));
                }
                for conversation in &seat.offered {
                    let ticket = self.ticket(conversation).unwrap();
                    assert_eq!(ticket.offer().map(|offer| &offer.agent), Some(agent));
                }
            }
        }
    }

    /// Checks that who gets a conversation may have it, by the rows before the change.
    fn check_happening(
        &mut self,
        happening: &Happening,
        change: &Change,
        is_exact: bool,
        now: Timestamp,
    ) {
        match happening {
            Happening::Offered {
                conversation,
                agent,
                ..
            } => {
                self.check_candidate(conversation, agent, is_exact, now);
            }
            Happening::Assigned {
                conversation,
                agent,
                offer,
                ..
            } => {
                self.assigned += 1;
                let before = self.ticket(conversation);
                if let Some(offer) = offer {
                    let rings = before.and_then(Ticket::offer).unwrap();
                    assert_eq!((rings.id, &rings.agent), (*offer, agent));
                    assert!(rings.until > now, "an offer was accepted too late");
                }
                let is_take_over = change.happenings.iter().any(|happening| {
                    matches!(happening, Happening::Transferred { result, .. }
                        if result.outcome == TransferOutcome::TakeOver)
                });
                if !is_take_over {
                    self.check_candidate(conversation, agent, is_exact, now);
                }
            }
            _ => {}
        }
    }

    fn check_candidate(
        &self,
        conversation: &ConversationId,
        agent: &AgentId,
        is_exact: bool,
        now: Timestamp,
    ) {
        let profile = &self.profiles[agent];
        assert!(profile.is_enabled || !is_exact, "{agent} is disabled");
        if profile.kind == Kind::HostedBot {
            return;
        }
        let (seat, _) = &self.seats[agent];
        // The seat's row is a condition of the commit: what it says is exact.
        assert!(matches!(seat.status, Status::Online | Status::Occupied));
        let account = AccountRules::standard();
        let slots = match (profile.capacity, profile.kind) {
            (Capacity::Slots(slots), _) => slots,
            (Capacity::Standard, Kind::Human) => account.slots,
            _ => return,
        };
        // A request that comes late is answered for the latest instant that the desk has seen.
        let latest = now.plus(Duration::from_secs(10));
        let used: u32 = seat
            .held
            .iter()
            .map(|held| {
                let ticket = self.ticket(held).unwrap();
                let rules = ticket.skill.as_ref().map(|skill| &self.skills[skill]);
                let weights = rules.map_or(account.unassigned.weights, |rules| rules.weights);
                match ticket.turn {
                    Turn::Consumer(since) if since.plus(weights.inactive_after) <= latest => {
                        weights.inactive
                    }
                    _ => weights.active,
                }
            })
            .sum();
        let offered = seat
            .offered
            .iter()
            .filter(|offered| *offered != conversation)
            .count();
        let used = used + u32::try_from(offered).unwrap() * SLOT;
        assert!(
            !is_exact || used < slots * SLOT,
            "{agent} has {used} of {slots} places and gets {conversation}"
        );
    }
}
