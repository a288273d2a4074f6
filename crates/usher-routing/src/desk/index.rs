//! What the desk derives from its rows, kept up to date row by row.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use usher_model::id::{AgentId, ConversationId};
use usher_model::limits;
use usher_model::time::Timestamp;

use super::skills::Slot;
use super::{Desk, TicketEntry};
use crate::capacity::{self, Load};
use crate::command::{Change, Row};
use crate::eligible::Reach;
use crate::rank::{AgentRank, TicketRank};
use crate::seat::{Kind, Proficiency, Profile, Status};
use crate::ticket::{State, Ticket};

/// What an agent without a limit adds to the free places of a skill.
const UNLIMITED: u64 = 10_000;

/// Conversations that wait and have the same candidates, skips aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LineKey {
    pub(crate) skill: Slot,
    pub(crate) relaxed: u8,
    pub(crate) is_transfer: bool,
}

/// A line of waiting conversations, the first one first. It stays when it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) queue: BTreeSet<TicketRank>,
    /// Under which rank it stands among the dirty ones.
    pub(crate) dirty: Option<TicketRank>,
}

/// Where a conversation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) line: LineKey,
    pub(crate) rank: TicketRank,
}

/// Under what an agent stands in the indexes of the agent's skills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeatIndex {
    pub(crate) is_external: bool,
    pub(crate) reach: Reach,
    pub(crate) is_online: bool,
    pub(crate) load: Load,
    /// How many further conversations the agent would get.
    pub(crate) free: u64,
    pub(crate) last_assigned_at: Option<Timestamp>,
}

/// The rows that a step touched.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) tickets: Vec<ConversationId>,
    pub(crate) seats: Vec<AgentId>,
}

impl Touched {
    pub(crate) fn seat(agent: &AgentId) -> Self {
        Self {
            tickets: Vec::new(),
            seats: vec![agent.clone()],
        }
    }

    pub(crate) fn of(change: &Change) -> Self {
        let tickets = change
            .tickets
            .iter()
            .map(|write| write.conversation.clone());
        let seats = change.seats.iter().map(|write| write.after.agent.clone());
        Self {
            tickets: tickets.collect(),
            seats: seats.collect(),
        }
    }
}

impl SeatIndex {
    fn rank(&self, agent: &AgentId, proficiency: Proficiency) -> AgentRank {
        AgentRank {
            is_external: self.is_external,
            proficiency: Reverse(proficiency),
            load: self.load,
            last_assigned_at: self.last_assigned_at,
            agent: agent.clone(),
        }
    }
}

impl Desk {
    /// Brings the indexes up to date after rows have changed.
    pub(crate) fn touch(&mut self, mut touched: Touched) {
        for conversation in &touched.tickets {
            self.place_ticket(conversation);
        }
        touched.seats.sort_unstable();
        touched.seats.dedup();
        for agent in &touched.seats {
            self.place_seat(agent);
            self.time_seat(agent);
            let invited = self.seats.get(agent).map(|entry| &entry.invited);
            touched
                .tickets
                .extend(invited.into_iter().flatten().cloned());
        }
        touched.tickets.sort_unstable();
        touched.tickets.dedup();
        for conversation in &touched.tickets {
            self.time_ticket(conversation);
        }
        #[cfg(debug_assertions)]
        self.check_sometimes();
    }

    /// Derives everything anew.
    pub(crate) fn reindex(&mut self) {
        let tickets = self.tickets.keys().cloned().collect();
        let seats = self.seats.keys().cloned().collect();
        self.reindex_tickets(tickets, seats);
    }

    /// Derives anew what depends on the rules of these conversations' skills.
    pub(super) fn reindex_tickets(
        &mut self,
        mut tickets: Vec<ConversationId>,
        seats: Vec<AgentId>,
    ) {
        // They come out of a hash table: nothing may depend on its order.
        tickets.sort_unstable();
        let mut touched = Touched { tickets, seats };
        for conversation in &touched.tickets {
            // Which skills a line draws on may have changed: all leave it, and it begins anew.
            self.unplace_ticket(conversation);
            let holder = self.ticket(conversation).and_then(Ticket::holder);
            touched.seats.extend(holder.cloned());
        }
        self.drop_empty_lines();
        self.touch(touched);
    }

    fn drop_empty_lines(&mut self) {
        let is_empty = |_: &LineKey, line: &mut Line| line.queue.is_empty();
        for (key, _) in self.lines.extract_if(.., is_empty) {
            for skill in self.skills.iter_mut() {
                skill.feeds.retain(|feed| *feed != key);
            }
        }
    }

    pub(super) fn keep_ticket(&mut self, row: Ticket, revision: u64) {
        let skill = self.skills.slot(row.skill.as_ref());
        if let Some(entry) = self.tickets.get_mut(&row.conversation) {
            entry.row = row;
            entry.skill = skill;
            entry.revision = revision;
            return;
        }
        let conversation = row.conversation.clone();
        let entry = TicketEntry {
            row,
            skill,
            revision,
            placed: None,
            ready: None,
            due: None,
            flip: None,
        };
        self.tickets.insert(conversation, entry);
    }

    pub(super) fn forget_ticket(&mut self, conversation: &ConversationId) {
        self.unplace_ticket(conversation);
        self.set_ready(conversation, None);
        self.set_times(&Row::Ticket(conversation.clone()), None, None);
        self.tickets.remove(conversation);
    }

    /// Remembers how long a conversation waited that has just been assigned.
    pub(super) fn record_wait(&mut self, old: Option<&Ticket>, new: &Ticket) {
        let State::Assigned { since, .. } = new.state else {
            return;
        };
        if old.is_some_and(|old| old.assignee().is_some()) {
            return;
        }
        let skill = self.skills.slot(new.skill.as_ref());
        let entry = self.skills.at_mut(skill);
        if entry.waits.len() >= limits::ESTIMATE_SAMPLES_MAX {
            entry.waits.pop_front();
        }
        let waited: Duration = since.since(new.queued_since);
        entry.waits.push_back((since, waited));
    }

    // Conversations in lines.

    fn place_ticket(&mut self, conversation: &ConversationId) {
        let Some(entry) = self.tickets.get(conversation) else {
            return;
        };
        let row = &entry.row;
        let placed = (row.is_queued() && row.suggestion.is_none()).then(|| Placed {
            line: LineKey {
                skill: entry.skill,
                relaxed: row.relaxed,
                is_transfer: row.is_transfer(),
            },
            rank: TicketRank::of(row),
        });
        if entry.placed != placed {
            self.unplace_ticket(conversation);
            if let Some(placed) = &placed {
                self.join(placed);
            }
            if let Some(entry) = self.tickets.get_mut(conversation) {
                entry.placed.clone_from(&placed);
            }
        }
        if let Some(placed) = placed {
            self.wake(&placed.line);
        }
    }

    fn unplace_ticket(&mut self, conversation: &ConversationId) {
        let entry = self.tickets.get_mut(conversation);
        if let Some(placed) = entry.and_then(|entry| entry.placed.take()) {
            self.leave(&placed);
        }
    }

    fn join(&mut self, placed: &Placed) {
        if !self.lines.contains_key(&placed.line) {
            self.begin_line(placed.line);
        }
        let line = self.lines.entry(placed.line).or_default();
        line.queue.insert(placed.rank.clone());
        self.skills.at_mut(placed.line.skill).tally.queued += 1;
    }

    fn leave(&mut self, placed: &Placed) {
        if let Some(line) = self.lines.get_mut(&placed.line) {
            line.queue.remove(&placed.rank);
            if line.queue.is_empty() {
                self.set_dirty(&placed.line, None);
            }
        }
        self.skills.at_mut(placed.line.skill).tally.queued -= 1;
    }

    /// Notes at the skills on whose agents a line draws that it does.
    fn begin_line(&mut self, key: LineKey) {
        let draws = self.draws(key.skill, key.relaxed);
        let sources: BTreeSet<Slot> = draws.map(|(_, skill, _)| skill).collect();
        for skill in sources {
            self.skills.at_mut(skill).feeds.push(key);
        }
    }

    /// Notes that a line may have a match.
    fn wake(&mut self, key: &LineKey) {
        let Some(line) = self.lines.get_mut(key) else {
            return;
        };
        let first = line.queue.first();
        if line.dirty.as_ref() == first {
            return;
        }
        let first = first.cloned();
        self.set_dirty(key, first);
    }

    pub(crate) fn set_dirty(&mut self, key: &LineKey, rank: Option<TicketRank>) {
        let Some(line) = self.lines.get_mut(key) else {
            return;
        };
        if let Some(old) = std::mem::replace(&mut line.dirty, rank.clone()) {
            self.dirty.remove(&(old, *key));
        }
        if let Some(rank) = rank {
            self.dirty.insert((rank, *key));
        }
    }

    // Agents in skills.

    /// Takes over an agent's profile, and enters the agent into the skills.
    pub(crate) fn place_profile(&mut self, agent: &AgentId, profile: Option<Arc<Profile>>) {
        let entry = self.seat_entry(agent);
        let (old, old_skills) = (entry.indexed.take(), std::mem::take(&mut entry.skills));
        if let Some(old) = old {
            self.set_candidate(agent, &old_skills, &old, false);
        }
        for (skill, _) in old_skills {
            self.skills.at_mut(skill).agents.remove(agent);
        }
        let mut skills = Vec::new();
        for (skill, proficiency) in profile.iter().flat_map(|profile| &profile.skills) {
            // The hosted bot is as good as can be at all that it serves.
            let is_hosted = profile
                .as_ref()
                .is_some_and(|profile| profile.kind == Kind::HostedBot);
            let proficiency = if is_hosted {
                Proficiency::HIGHEST
            } else {
                *proficiency
            };
            skills.push((self.skills.make(Some(skill)), proficiency));
        }
        if profile
            .as_ref()
            .is_some_and(|profile| profile.kind == Kind::Human)
        {
            skills.push((Slot::UNASSIGNED, Proficiency::STANDARD));
        }
        for (skill, _) in &skills {
            self.skills.at_mut(*skill).agents.insert(agent.clone());
        }
        let entry = self.seat_entry(agent);
        entry.skills = skills;
        entry.profile = profile;
    }

    fn place_seat(&mut self, agent: &AgentId) {
        let Some(entry) = self.seats.get(agent) else {
            return;
        };
        let now = self.as_of;
        let next = entry.profile.as_ref().map(|profile| {
            let lease = entry.lease_until.is_some_and(|until| until > now);
            let is_hosted = profile.kind == Kind::HostedBot;
            let load = self.load(entry, None, now);
            SeatIndex {
                is_external: !is_hosted,
                reach: self.reach(entry, None, now),
                is_online: profile.is_enabled
                    && (is_hosted || lease && entry.row.status == Status::Online),
                load,
                free: capacity::slots(profile, &self.account).map_or(UNLIMITED, |_| load.free()),
                last_assigned_at: entry.row.last_assigned_at,
            }
        });
        let Some(entry) = self.seats.get_mut(agent) else {
            return;
        };
        let can_be_reached = next
            .as_ref()
            .is_some_and(|next| matches!(next.reach, Reach::All | Reach::Transfers));
        let skills = std::mem::take(&mut entry.skills);
        if entry.indexed != next {
            let old = std::mem::replace(&mut entry.indexed, next.clone());
            if let Some(old) = old {
                self.set_candidate(agent, &skills, &old, false);
            }
            if let Some(next) = &next {
                self.set_candidate(agent, &skills, next, true);
            }
        }
        if can_be_reached {
            for (skill, _) in &skills {
                for feed in 0..self.skills.at(*skill).feeds.len() {
                    if let Some(key) = self.skills.at(*skill).feeds.get(feed).copied() {
                        self.wake(&key);
                    }
                }
            }
        }
        self.seat_entry(agent).skills = skills;
    }

    /// Enters an agent into the indexes of these skills, or removes the agent.
    fn set_candidate(
        &mut self,
        agent: &AgentId,
        skills: &[(Slot, Proficiency)],
        index: &SeatIndex,
        is_there: bool,
    ) {
        for (skill, proficiency) in skills {
            let entry = self.skills.at_mut(*skill);
            let ranks = match index.reach {
                Reach::All => Some(&mut entry.open_to_all),
                Reach::Transfers => Some(&mut entry.open_to_transfers),
                Reach::None(_) => None,
            };
            if is_there {
                entry.tally.add(index);
                ranks.map(|ranks| ranks.insert(index.rank(agent, *proficiency)));
            } else {
                entry.tally.subtract(index);
                ranks.map(|ranks| ranks.remove(&index.rank(agent, *proficiency)));
            }
        }
    }

    // Times.

    pub(crate) fn set_ready(&mut self, conversation: &ConversationId, rank: Option<TicketRank>) {
        let Some(entry) = self.tickets.get_mut(conversation) else {
            return;
        };
        if let Some(old) = std::mem::replace(&mut entry.ready, rank.clone()) {
            self.ready.remove(&old);
        }
        self.ready.extend(rank);
    }

    pub(crate) fn set_times(&mut self, row: &Row, due: Option<Timestamp>, flip: Option<Timestamp>) {
        let kept = match row {
            Row::Ticket(conversation) => self
                .tickets
                .get_mut(conversation)
                .map(|entry| (&mut entry.due, &mut entry.flip)),
            Row::Seat(agent) => self
                .seats
                .get_mut(agent)
                .map(|entry| (&mut entry.due, &mut entry.flip)),
        };
        let Some((kept_due, kept_flip)) = kept else {
            return;
        };
        for (kept, next, times) in [
            (kept_due, due, &mut self.due),
            (kept_flip, flip, &mut self.flips),
        ] {
            if *kept == next {
                continue;
            }
            if let Some(old) = kept.take() {
                times.remove(&(old, row.clone()));
            }
            if let Some(next) = next {
                times.insert((next, row.clone()));
            }
            *kept = next;
        }
    }
}
