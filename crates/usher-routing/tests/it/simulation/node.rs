//! A node: a desk, what it has begun, and the hints on their way to it.

use usher_model::id::{AgentId, ConversationId};
use usher_model::time::Timestamp;
use usher_routing::command::{Change, Command, Refusal, Row};
use usher_routing::desk::Desk;
use usher_routing::rules::AccountRules;
use usher_routing::seat::Seat;
use usher_routing::ticket::Ticket;

use super::store::{Commit, Store};

pub(crate) struct Node {
    pub(crate) desk: Desk,
    /// How many events it has seen.
    pub(crate) seen: usize,
    /// Which state of the profiles and rules it has seen.
    pub(crate) facts: u64,
    pub(crate) in_flight: Vec<InFlight>,
    /// Up to which events there are, by hints on their way.
    pub(crate) hints: Vec<usize>,
    /// Rows that were read and are not taken over yet.
    pub(crate) read: Vec<Read>,
}

/// A change that has begun.
pub(crate) struct InFlight {
    change: Change,
    planned: Timestamp,
    is_exact: bool,
    events: usize,
    facts: u64,
    committed: Option<Vec<u64>>,
}

pub(crate) enum Read {
    Ticket(ConversationId, Option<(Ticket, u64)>),
    Seat(Seat, u64),
}

impl Node {
    /// Starts a node from the rows.
    pub(crate) fn start(store: &Store) -> Self {
        let mut node = Self {
            desk: Desk::new(AccountRules::standard()),
            seen: store.events.len(),
            facts: 0,
            in_flight: Vec::new(),
            hints: Vec::new(),
            read: Vec::new(),
        };
        node.read_facts(store);
        for conversation in store.tickets.keys() {
            node.take_over(read_ticket(store, conversation));
        }
        for agent in store.seats.keys() {
            node.take_over(read_seat(store, agent));
        }
        node
    }

    pub(crate) fn read_facts(&mut self, store: &Store) {
        for (skill, rules) in &store.skills {
            self.desk.set_skill(skill, Some(rules.clone()));
        }
        for (agent, profile) in &store.profiles {
            self.desk.set_profile(agent, Some(profile.clone()));
        }
        for (agent, until) in &store.leases {
            self.desk.renew_lease(agent, *until);
        }
        self.facts = store.facts;
    }

    /// Reads the events it has not seen, and the rows that they name.
    pub(crate) fn catch_up(&mut self, store: &Store, upto: usize) {
        for rows in store.events.get(self.seen..upto).into_iter().flatten() {
            for row in rows {
                self.read.push(read(store, row));
            }
        }
        self.seen = self.seen.max(upto);
    }

    pub(crate) fn take_over_all(&mut self) {
        for read in std::mem::take(&mut self.read) {
            self.take_over(read);
        }
    }

    fn take_over(&mut self, read: Read) {
        match read {
            Read::Ticket(conversation, row) => self.desk.refresh_ticket(&conversation, row),
            Read::Seat(seat, revision) => self.desk.refresh_seat(seat, revision),
        }
    }

    pub(crate) fn ask(
        &mut self,
        store: &Store,
        command: Command,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let change = self.desk.plan(command, now)?;
        self.begin(store, change, now);
        Ok(())
    }

    pub(crate) fn begin(&mut self, store: &Store, change: Change, now: Timestamp) {
        if change == Change::default() {
            return;
        }
        self.desk.begin(&change);
        self.in_flight.push(InFlight {
            is_exact: store.is_known_to(&self.desk, &change),
            change,
            planned: now,
            events: store.events.len(),
            facts: self.facts,
            committed: None,
        });
    }

    /// Takes one change a step further. Returns whether it was committed.
    pub(crate) fn progress(&mut self, store: &mut Store, which: usize, now: Timestamp) -> bool {
        let flight = &mut self.in_flight[which];
        if flight.committed.is_none() {
            let is_exact = flight.is_exact
                && flight.events == store.events.len()
                && flight.facts == store.facts;
            match store.commit(&flight.change, is_exact, flight.planned, now) {
                Commit::Done(revisions) => {
                    flight.committed = Some(revisions);
                    return true;
                }
                Commit::Conflict => {
                    let flight = self.in_flight.swap_remove(which);
                    self.desk.abandon(&flight.change);
                    for write in &flight.change.tickets {
                        self.take_over(read_ticket(store, &write.conversation));
                    }
                    for write in &flight.change.seats {
                        if store.seats.contains_key(&write.after.agent) {
                            self.take_over(read_seat(store, &write.after.agent));
                        }
                    }
                }
                Commit::NotSilent => {
                    let flight = self.in_flight.swap_remove(which);
                    self.desk.abandon(&flight.change);
                    for (agent, until) in &store.leases {
                        self.desk.renew_lease(agent, *until);
                    }
                }
            }
        } else {
            let flight = self.in_flight.swap_remove(which);
            let revisions = flight.committed.unwrap();
            self.desk.settle(flight.change, &revisions);
        }
        false
    }
}

fn read(store: &Store, row: &Row) -> Read {
    match row {
        Row::Ticket(conversation) => read_ticket(store, conversation),
        Row::Seat(agent) => read_seat(store, agent),
    }
}

fn read_ticket(store: &Store, conversation: &ConversationId) -> Read {
    let row = store
        .tickets
        .get(conversation)
        .and_then(|(ticket, revision)| Some((ticket.clone()?, *revision)));
    Read::Ticket(conversation.clone(), row)
}

fn read_seat(store: &Store, agent: &AgentId) -> Read {
    let (seat, revision) = store.seats[agent].clone();
    Read::Seat(seat, revision)
}
