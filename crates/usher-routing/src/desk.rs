//! The desk of one account: its open conversations, its agents and its rules.
//!
//! It holds rows of the store with their revisions, and facts that need no revision. A step is
//! [`plan`](Desk::plan)ned, [`begin`](Desk::begin) marks its rows busy while the application
//! commits it, and [`settle`](Desk::settle) takes it over; on a conflict the application
//! [`abandon`](Desk::abandon)s it and refreshes the rows. Steps on other rows go on meanwhile.

pub(crate) mod index;
pub(crate) mod skills;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use foldhash::{HashMap, HashSet};
use usher_model::id::{AgentId, ConversationId, SkillId};
use usher_model::time::Timestamp;

use crate::capacity::{self, Load};
use crate::command::{Change, Refusal, Row};
use crate::rank::TicketRank;
use crate::rules::{AccountRules, SLOT, SkillRules};
use crate::seat::{Kind, Proficiency, Profile, Seat};
use crate::ticket::{State, Ticket};

use self::index::{Line, LineKey, Placed, SeatIndex, Touched};
use self::skills::{SkillEntry, Skills, Slot};

/// How far `now` may lie before the latest instant seen without being a clock set back: requests
/// take their instant when they arrive, and reach the desk in another order.
const LATE_MAX: Duration = Duration::from_secs(10);

/// The desk of one account.
#[derive(Debug)]
pub struct Desk {
    pub(crate) account: AccountRules,
    pub(crate) tickets: HashMap<ConversationId, TicketEntry>,
    pub(crate) seats: HashMap<AgentId, SeatEntry>,
    /// The rows of changes that have begun.
    pub(crate) busy_tickets: HashSet<ConversationId>,
    pub(crate) busy_seats: HashSet<AgentId>,
    /// The busy conversations that somebody else has closed: what settles late is over already.
    closed_meanwhile: HashSet<ConversationId>,
    pub(crate) skills: Skills,
    /// Conversations that wait and have the same candidates.
    pub(crate) lines: BTreeMap<LineKey, Line>,
    /// Lines that may have a match, each with a rank that no match of it exceeds.
    pub(crate) dirty: BTreeSet<(TicketRank, LineKey)>,
    /// Conversations that wait for a suggested agent who can have them.
    pub(crate) ready: BTreeSet<TicketRank>,
    /// When a row has to change because of time or of another row.
    pub(crate) due: BTreeSet<(Timestamp, Row)>,
    /// When something about a row becomes different without the row changing.
    pub(crate) flips: BTreeSet<(Timestamp, Row)>,
    /// The instant for which the indexes hold.
    pub(crate) as_of: Timestamp,
    /// Counts steps, so that debug builds check the indexes now and then.
    #[cfg(debug_assertions)]
    pub(crate) steps: u32,
}

/// A conversation's row and what is derived from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TicketEntry {
    pub(crate) row: Ticket,
    pub(crate) skill: Slot,
    pub(crate) revision: u64,
    pub(crate) placed: Option<Placed>,
    pub(crate) ready: Option<TicketRank>,
    pub(crate) due: Option<Timestamp>,
    pub(crate) flip: Option<Timestamp>,
}

/// An agent's row, the facts about the agent, and what is derived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeatEntry {
    pub(crate) row: Seat,
    pub(crate) revision: Option<u64>,
    pub(crate) profile: Option<Arc<Profile>>,
    /// The skills of the profile, the lack of one among them, by number.
    pub(crate) skills: Vec<(Slot, Proficiency)>,
    pub(crate) lease_until: Option<Timestamp>,
    /// The conversations whose rows name the agent as assignee.
    pub(crate) assigned: BTreeSet<ConversationId>,
    /// The conversations that ring at or are suggested to the agent, by their rows.
    pub(crate) invited: BTreeSet<ConversationId>,
    pub(crate) indexed: Option<SeatIndex>,
    pub(crate) due: Option<Timestamp>,
    pub(crate) flip: Option<Timestamp>,
}

impl SeatEntry {
    fn new(agent: AgentId) -> Self {
        Self {
            row: Seat::new(agent),
            revision: None,
            profile: None,
            skills: Vec::new(),
            lease_until: None,
            assigned: BTreeSet::new(),
            invited: BTreeSet::new(),
            indexed: None,
            due: None,
            flip: None,
        }
    }

    /// Returns how good the agent is at a skill, if the agent has it.
    pub(crate) fn proficiency(&self, skill: Slot) -> Option<Proficiency> {
        let mut skills = self.skills.iter();
        skills
            .find(|(own, _)| *own == skill)
            .map(|(_, proficiency)| *proficiency)
    }

    pub(crate) fn is_hosted_bot(&self) -> bool {
        self.profile
            .as_deref()
            .is_some_and(|profile| profile.kind == Kind::HostedBot)
    }
}

impl Desk {
    /// Returns the empty desk of an account with these rules.
    #[must_use]
    pub fn new(account: AccountRules) -> Self {
        let mut skills = Skills::new();
        skills.set_rules(Slot::UNASSIGNED, Some(account.unassigned.clone()));
        Self {
            account,
            tickets: HashMap::default(),
            seats: HashMap::default(),
            busy_tickets: HashSet::default(),
            busy_seats: HashSet::default(),
            closed_meanwhile: HashSet::default(),
            skills,
            lines: BTreeMap::new(),
            dirty: BTreeSet::new(),
            ready: BTreeSet::new(),
            due: BTreeSet::new(),
            flips: BTreeSet::new(),
            as_of: Timestamp::EPOCH,
            #[cfg(debug_assertions)]
            steps: 0,
        }
    }

    /// Returns the open conversation of that name.
    #[must_use]
    pub fn ticket(&self, conversation: &ConversationId) -> Option<&Ticket> {
        self.tickets.get(conversation).map(|entry| &entry.row)
    }

    /// Returns the open conversations, in no order.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.values().map(|entry| &entry.row)
    }

    /// Returns the seat of that agent, also of one who has never been there.
    #[must_use]
    pub fn seat(&self, agent: &AgentId) -> Option<&Seat> {
        self.seats.get(agent).map(|entry| &entry.row)
    }

    /// Returns the rules of that skill, if there is one.
    #[must_use]
    pub fn skill_rules(&self, skill: &SkillId) -> Option<&SkillRules> {
        self.skill(Some(skill)).rules.as_ref()
    }

    /// Returns the conversations that are assigned to that agent, in the order of their ids.
    pub fn conversations_of(&self, agent: &AgentId) -> impl Iterator<Item = &ConversationId> {
        self.seats
            .get(agent)
            .into_iter()
            .flat_map(|entry| &entry.assigned)
    }

    /// Returns how full that agent is.
    #[must_use]
    pub fn load_of(&self, agent: &AgentId, now: Timestamp) -> Option<Load> {
        let seat = self.seats.get(agent)?;
        Some(self.load(seat, None, self.effective(now)))
    }

    /// Returns how many places that agent's conversations take, rounded up, whatever the limit.
    #[must_use]
    pub fn busy_of(&self, agent: &AgentId, now: Timestamp) -> Option<u64> {
        let seat = self.seats.get(agent)?;
        let used = self.used(seat, seat.row.offered.len(), self.effective(now));
        Some(used.div_ceil(u64::from(SLOT)))
    }

    /// Takes over the rules of the account.
    pub fn set_account(&mut self, rules: AccountRules) {
        if self.account == rules {
            return;
        }
        let unassigned = Some(rules.unassigned.clone());
        self.skills.set_rules(Slot::UNASSIGNED, unassigned);
        self.account = rules;
        self.reindex();
    }

    /// Takes over the rules of a skill, or that there is no such skill any more.
    pub fn set_skill(&mut self, skill: &SkillId, rules: Option<SkillRules>) {
        let slot = self.skills.make(Some(skill));
        if self.skills.at(slot).rules != rules {
            let tickets = self.skills.at(slot).tickets.iter().cloned().collect();
            self.skills.set_rules(slot, rules);
            self.reindex_tickets(tickets, Vec::new());
        }
    }

    /// Takes over what an administrator has set for an agent, or that there is no such agent any
    /// more.
    pub fn set_profile(&mut self, agent: &AgentId, profile: Option<Profile>) {
        let known = self.seat_entry(agent).profile.as_deref();
        if known != profile.as_ref() {
            self.place_profile(agent, profile.map(Arc::new));
            self.touch(Touched::seat(agent));
        }
    }

    /// Takes over until when an agent is known to be there. A lease is only ever prolonged: an
    /// older one that arrives late changes nothing.
    pub fn renew_lease(&mut self, agent: &AgentId, until: Timestamp) {
        let seat = self.seat_entry(agent);
        if seat.lease_until.is_none_or(|known| known < until) {
            seat.lease_until = Some(until);
            self.touch(Touched::seat(agent));
        }
    }

    /// Takes over that an agent's lease was given up.
    pub fn end_lease(&mut self, agent: &AgentId, at: Timestamp) {
        self.seat_entry(agent).lease_until = Some(at);
        self.touch(Touched::seat(agent));
    }

    /// Marks the rows of a change as busy, until it is settled or abandoned.
    pub fn begin(&mut self, change: &Change) {
        for write in &change.tickets {
            let is_new = self.busy_tickets.insert(write.conversation.clone());
            debug_assert!(is_new, "a row is in two changes at once");
        }
        for write in &change.seats {
            let is_new = self.busy_seats.insert(write.after.agent.clone());
            debug_assert!(is_new, "a row is in two changes at once");
        }
    }

    /// Takes over a change that was committed, with the new revisions of its conversations' rows
    /// and then of its agents' rows. A row that is newer already is left alone.
    pub fn settle(&mut self, change: Change, revisions: &[u64]) {
        debug_assert_eq!(revisions.len(), change.tickets.len() + change.seats.len());
        let mut touched = Touched::of(&change);
        let mut revisions = revisions.iter().copied();
        for (write, revision) in change.tickets.into_iter().zip(&mut revisions) {
            self.busy_tickets.remove(&write.conversation);
            if !self.closed_meanwhile.remove(&write.conversation) {
                self.write_ticket(write.conversation, write.after, revision, &mut touched);
            }
        }
        for (write, revision) in change.seats.into_iter().zip(&mut revisions) {
            self.busy_seats.remove(&write.after.agent);
            self.write_seat(write.after, revision, &mut touched);
        }
        self.touch(touched);
    }

    /// Forgets a change whose commit failed; the rows of a conflict are to be refreshed.
    pub fn abandon(&mut self, change: &Change) {
        for write in &change.tickets {
            self.busy_tickets.remove(&write.conversation);
            self.closed_meanwhile.remove(&write.conversation);
        }
        for write in &change.seats {
            self.busy_seats.remove(&write.after.agent);
        }
        self.touch(Touched::of(change));
    }

    /// Begins and settles a change at once, for a desk without a store.
    pub fn apply(&mut self, change: Change) {
        let next = |expected: Option<u64>| expected.unwrap_or(0) + 1;
        let tickets = change.tickets.iter().map(|write| next(write.expected));
        let seats = change.seats.iter().map(|write| next(write.expected));
        let revisions: Vec<u64> = tickets.chain(seats).collect();
        self.begin(&change);
        self.settle(change, &revisions);
    }

    /// Takes over a conversation's row as it was read, or that it is closed. An older revision than
    /// the known one changes nothing.
    ///
    /// Read the row after the event that names it, and hand over what was read in that order: then
    /// what is closed stays closed.
    pub fn refresh_ticket(&mut self, conversation: &ConversationId, row: Option<(Ticket, u64)>) {
        let mut touched = Touched::default();
        let (row, revision) = row.map_or((None, u64::MAX), |(row, revision)| (Some(row), revision));
        if row.is_none() && self.busy_tickets.contains(conversation) {
            self.closed_meanwhile.insert(conversation.clone());
        }
        self.write_ticket(conversation.clone(), row, revision, &mut touched);
        self.touch(touched);
    }

    /// Takes over an agent's row as it was read. An older revision than the known one changes
    /// nothing.
    pub fn refresh_seat(&mut self, row: Seat, revision: u64) {
        let mut touched = Touched::default();
        self.write_seat(row, revision, &mut touched);
        self.touch(touched);
    }

    /// Fails while conversations are in the skill, because nobody could have them without it.
    ///
    /// # Errors
    /// Fails with the number of conversations.
    pub fn check_unused(&self, skill: &SkillId) -> Result<(), Refusal> {
        match self.skill(Some(skill)).tickets.len() {
            0 => Ok(()),
            count => Err(Refusal::SkillInUse(count)),
        }
    }

    /// Returns the instant to reckon with: `now`, or the latest seen if `now` is a little late.
    pub(crate) fn effective(&self, now: Timestamp) -> Timestamp {
        if now < self.as_of && now.plus(LATE_MAX) >= self.as_of {
            self.as_of
        } else {
            now
        }
    }

    /// Returns the skill, or what stands in for it.
    pub(crate) fn skill(&self, skill: Option<&SkillId>) -> &SkillEntry {
        self.skills.at(self.skills.slot(skill))
    }

    pub(crate) fn rules(&self, skill: Option<&SkillId>) -> &SkillRules {
        let rules = self.skill(skill).rules.as_ref();
        rules.unwrap_or(&self.account.unassigned)
    }

    /// Says whether conversations of the skill are handed out.
    pub(crate) fn is_open(&self, skill: Slot) -> bool {
        let rules = self.skills.at(skill).rules.as_ref();
        rules.is_some_and(|rules| rules.is_enabled && rules.is_open)
    }

    /// Returns on whose agents a conversation draws, in the order of the steps: number, skill and
    /// least proficiency.
    pub(crate) fn draws(
        &self,
        skill: Slot,
        relaxed: u8,
    ) -> impl Iterator<Item = (u8, Slot, Proficiency)> {
        let draws = self.skills.at(skill).draws.iter();
        let steps = (0..=relaxed).zip(draws);
        steps.map(|(step, (skill, minimum))| (step, *skill, *minimum))
    }

    /// Returns the first step under which the agent is skilled enough for the conversation.
    pub(crate) fn step_of(&self, ticket: &Ticket, seat: &SeatEntry) -> Option<u8> {
        let skill = self.skills.slot(ticket.skill.as_ref());
        let mut draws = self.draws(skill, ticket.relaxed);
        let step = draws.find(|(_, skill, minimum)| {
            seat.proficiency(*skill)
                .is_some_and(|proficiency| proficiency >= *minimum)
        });
        step.map(|(step, ..)| step)
    }

    /// Returns how full the agent is, not counting the conversation `own` if it rings there.
    pub(crate) fn load(
        &self,
        seat: &SeatEntry,
        own: Option<&ConversationId>,
        now: Timestamp,
    ) -> Load {
        let Some(profile) = seat.profile.as_deref() else {
            return Load::FULL;
        };
        let offered = seat.row.offered.len();
        let is_own = own.is_some_and(|own| seat.row.offered.contains(own));
        let offered = offered - usize::from(is_own);
        let Some(slots) = capacity::slots(profile, &self.account) else {
            return capacity::load_unlimited(seat.row.held.len() + offered);
        };
        Load::new(self.used(seat, offered, now), slots)
    }

    /// Returns what an agent's conversations and that many offers count.
    fn used(&self, seat: &SeatEntry, offered: usize, now: Timestamp) -> u64 {
        let held = seat.row.held.iter().map(|conversation| {
            let known = self.tickets.get(conversation);
            // What the desk does not know to be the agent's counts as one that is active.
            let own = known.filter(|entry| entry.row.assignee() == Some(&seat.row.agent));
            own.map_or(SLOT, |entry| {
                let rules = self.skills.at(entry.skill).rules.as_ref();
                let weights = rules.unwrap_or(&self.account.unassigned).weights;
                capacity::weight(weights, entry.row.turn, now)
            })
        });
        let offered = std::iter::repeat_n(SLOT, offered);
        held.chain(offered).map(u64::from).sum()
    }

    pub(crate) fn seat_entry(&mut self, agent: &AgentId) -> &mut SeatEntry {
        self.seats
            .entry(agent.clone())
            .or_insert_with(|| SeatEntry::new(agent.clone()))
    }

    pub(crate) fn write_ticket(
        &mut self,
        conversation: ConversationId,
        row: Option<Ticket>,
        revision: u64,
        touched: &mut Touched,
    ) {
        let known = self.tickets.get(&conversation);
        if known.is_some_and(|known| known.revision >= revision) {
            return;
        }
        let old = known.map(|entry| entry.row.clone());
        if let Some(old) = &old {
            self.unlink(old, touched);
        }
        match row {
            Some(row) => {
                self.record_wait(old.as_ref(), &row);
                self.link(&row, touched);
                self.keep_ticket(row, revision);
            }
            None => self.forget_ticket(&conversation),
        }
        touched.tickets.push(conversation);
    }

    fn write_seat(&mut self, row: Seat, revision: u64, touched: &mut Touched) {
        touched.seats.push(row.agent.clone());
        let entry = self.seat_entry(&row.agent);
        if entry.revision.is_none_or(|known| known < revision) {
            entry.row = row;
            entry.revision = Some(revision);
        }
    }

    /// Notes at the agents which conversations name them.
    fn link(&mut self, row: &Ticket, touched: &mut Touched) {
        let conversation = &row.conversation;
        let skill = self.skills.make(row.skill.as_ref());
        let tickets = &mut self.skills.at_mut(skill).tickets;
        tickets.insert(conversation.clone());
        match &row.state {
            State::Assigned { agent, .. } => {
                self.seat_entry(agent).assigned.insert(conversation.clone());
            }
            State::Offered(offer) => {
                self.seat_entry(&offer.agent)
                    .invited
                    .insert(conversation.clone());
            }
            State::Queued => {}
        }
        touched.seats.extend(row.holder().cloned());
        if let Some(suggestion) = &row.suggestion {
            self.seat_entry(&suggestion.agent)
                .invited
                .insert(conversation.clone());
        }
    }

    fn unlink(&mut self, row: &Ticket, touched: &mut Touched) {
        let skill = self.skills.slot(row.skill.as_ref());
        self.skills.at_mut(skill).tickets.remove(&row.conversation);
        let suggested = row.suggestion.as_ref().map(|suggestion| &suggestion.agent);
        for agent in row.holder().into_iter().chain(suggested) {
            let entry = self.seat_entry(agent);
            entry.assigned.remove(&row.conversation);
            entry.invited.remove(&row.conversation);
        }
        touched.seats.extend(row.holder().cloned());
    }
}
