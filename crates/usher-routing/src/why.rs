//! Why an agent got a conversation, and why a conversation still waits.

use std::collections::BTreeSet;

use usher_model::id::{AgentId, ConversationId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;

use crate::capacity::Load;
use crate::desk::Desk;
use crate::desk::index::LineKey;
use crate::desk::skills::{SkillEntry, Slot};
use crate::eligible::Exclusion;
use crate::rank::{AgentRank, TicketRank};
use crate::seat::Proficiency;
use crate::ticket::Ticket;

/// Who was considered when an agent was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// The candidates in the order of their rank, the chosen one first; bounded.
    pub candidates: Vec<Candidate>,
    /// Candidates beyond those.
    pub candidates_more: usize,
    /// How many agents of the skill, and of the relaxations taken, each reason excluded.
    pub excluded: Vec<(&'static str, usize)>,
}

/// An agent who could have had the conversation, with what the rank rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub agent: AgentId,
    /// Under which relaxation; 0 is the conversation's own skill.
    pub step: u8,
    /// How good at the skill; none for a suggested agent who need not have it.
    pub proficiency: Option<Proficiency>,
    /// How full.
    pub load: Load,
    /// When the agent last got a conversation.
    pub last_assigned_at: Option<Timestamp>,
}

/// Why a conversation still waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhyWaiting {
    /// What the skill keeps from being handed out, if it is closed or disabled.
    pub is_open: bool,
    /// Every agent of the skill and its relaxations, bounded: the reason that excludes the agent,
    /// or nothing for a candidate.
    pub agents: Vec<(AgentId, Option<Exclusion>)>,
    /// Agents beyond those.
    pub agents_more: usize,
}

/// Why a conversation still waits, in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacles {
    /// What the skill keeps from being handed out, if it is closed or disabled.
    pub is_open: bool,
    /// For whom alone it is kept.
    pub suggested: Option<AgentId>,
    /// How many agents could have it at this moment.
    pub reachable: usize,
    /// How many agents of the skill, and of the relaxations taken, each reason excludes.
    pub excluded: Vec<(&'static str, usize)>,
}

impl Desk {
    /// Returns in numbers why a conversation waits; nothing if it does not.
    ///
    /// It costs what the agents of [`Self::why_waiting`] cost only for those who are skipped, so it
    /// can be asked of a whole queue.
    #[must_use]
    pub fn obstacles(&self, conversation: &ConversationId, now: Timestamp) -> Option<Obstacles> {
        let now = self.effective(now);
        let ticket = self
            .ticket(conversation)
            .filter(|ticket| ticket.is_queued())?;
        let (reachable, mut excluded) = self.counts(ticket);
        let is_skipped = |agent: &AgentId| {
            let seat = self.seats.get(agent);
            let exclusion = seat.and_then(|seat| self.exclusion(ticket, seat, now));
            matches!(exclusion, Some(Exclusion::Skipped(_)))
        };
        let skips = ticket.skips.iter();
        let skipped = skips.filter(|skip| is_skipped(&skip.agent)).count();
        if skipped > 0 {
            excluded.push(("SKIPPED", skipped));
        }
        Some(Obstacles {
            is_open: self.is_open(self.skills.slot(ticket.skill.as_ref())),
            suggested: ticket.suggestion.as_ref().map(|kept| kept.agent.clone()),
            reachable: reachable.saturating_sub(skipped),
            excluded,
        })
    }

    /// Returns the first conversations that wait or ring, in the order of their rank, and how many
    /// more there are.
    #[must_use]
    pub fn waiting(&self, skill: Option<&SkillId>, limit: usize) -> (Vec<&Ticket>, usize) {
        let tickets = self.tickets().filter(|ticket| {
            ticket.assignee().is_none()
                && skill.is_none_or(|skill| ticket.skill.as_ref() == Some(skill))
        });
        let mut ranked: Vec<(TicketRank, &Ticket)> = tickets
            .map(|ticket| (TicketRank::of(ticket), ticket))
            .collect();
        ranked.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        let more = ranked.len().saturating_sub(limit);
        let first = ranked.into_iter().take(limit);
        (first.map(|(_, ticket)| ticket).collect(), more)
    }

    /// Returns why a conversation waits; nothing if it does not.
    #[must_use]
    pub fn why_waiting(&self, conversation: &ConversationId, now: Timestamp) -> Option<WhyWaiting> {
        let now = self.effective(now);
        let ticket = self
            .ticket(conversation)
            .filter(|ticket| ticket.is_queued())?;
        let mut agents: BTreeSet<&AgentId> = self
            .sources(ticket)
            .flat_map(|entry| &entry.agents)
            .collect();
        agents.extend(
            ticket
                .suggestion
                .as_ref()
                .map(|suggestion| &suggestion.agent),
        );
        let agents_more = agents.len().saturating_sub(limits::AGENTS_EXPLAINED_MAX);
        let excluded = |agent: &AgentId| {
            let seat = self.seats.get(agent)?;
            let busy = self.busy_seats.contains(agent).then_some(Exclusion::Busy);
            self.exclusion(ticket, seat, now).or(busy)
        };
        Some(WhyWaiting {
            is_open: self.is_open(self.skills.slot(ticket.skill.as_ref())),
            agents: agents
                .into_iter()
                .take(limits::AGENTS_EXPLAINED_MAX)
                .map(|agent| (agent.clone(), excluded(agent)))
                .collect(),
            agents_more,
        })
    }

    /// Returns who was considered for a conversation when `chosen` was.
    pub(crate) fn why(&self, ticket: &Ticket, chosen: &AgentId, now: Timestamp) -> Why {
        if ticket.suggestion.is_some() {
            let chosen = self.suggested(ticket, chosen, now);
            return Why {
                candidates: chosen.into_iter().collect(),
                ..Why::default()
            };
        }
        let key = LineKey {
            skill: self.skills.slot(ticket.skill.as_ref()),
            relaxed: ticket.relaxed,
            is_transfer: ticket.is_transfer(),
        };
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut skipped = 0;
        for (step, rank) in self.candidates(&key) {
            if candidates.len() >= limits::CANDIDATES_EXPLAINED_MAX {
                break;
            }
            let is_listed = candidates.iter().any(|listed| listed.agent == rank.agent);
            if ticket.skipped_until(&rank.agent, now).is_some() {
                skipped += 1;
            } else if !is_listed {
                candidates.push(Candidate::new(step, rank));
            }
        }
        // Who is busy ranks where it did, and the chosen one is first all the same.
        if let Some(place) = candidates.iter().position(|listed| listed.agent == *chosen) {
            let chosen = candidates.remove(place);
            candidates.insert(0, chosen);
        }
        let (reachable, mut excluded) = self.counts(ticket);
        if skipped > 0 {
            excluded.push(("SKIPPED", skipped));
        }
        Why {
            candidates_more: reachable.saturating_sub(candidates.len() + skipped),
            candidates,
            excluded,
        }
    }

    /// Returns how many agents a conversation can reach, and how many each reason excludes, from
    /// the tallies of its skill and the relaxations taken.
    fn counts(&self, ticket: &Ticket) -> (usize, Vec<(&'static str, usize)>) {
        let mut reachable = 0;
        let mut excluded = [0; Exclusion::COUNT];
        for entry in self.sources(ticket) {
            let tally = &entry.tally;
            reachable += tally.reachable;
            let transfers = tally.reachable_by_transfers;
            if ticket.is_transfer() {
                reachable += transfers;
            } else if let Some(count) = excluded.get_mut(Exclusion::Occupied.position()) {
                *count += transfers;
            }
            for (sum, count) in excluded.iter_mut().zip(tally.excluded) {
                *sum += count;
            }
        }
        let named = Exclusion::CODES.into_iter().zip(excluded);
        (reachable, named.filter(|(_, count)| *count > 0).collect())
    }

    /// Returns the skills that a conversation draws on, each once.
    fn sources(&self, ticket: &Ticket) -> impl Iterator<Item = &SkillEntry> {
        let skill = self.skills.slot(ticket.skill.as_ref());
        let draws = self.draws(skill, ticket.relaxed);
        let skills: BTreeSet<Slot> = draws.map(|(_, skill, _)| skill).collect();
        skills.into_iter().map(|skill| self.skills.at(skill))
    }

    fn suggested(&self, ticket: &Ticket, agent: &AgentId, now: Timestamp) -> Option<Candidate> {
        let seat = self.seats.get(agent)?;
        Some(Candidate {
            agent: agent.clone(),
            step: self.step_of(ticket, seat).unwrap_or(0),
            proficiency: seat.proficiency(self.skills.slot(ticket.skill.as_ref())),
            load: self.load(seat, Some(&ticket.conversation), now),
            last_assigned_at: seat.row.last_assigned_at,
        })
    }
}

impl Candidate {
    fn new(step: u8, rank: &AgentRank) -> Self {
        Self {
            agent: rank.agent.clone(),
            step,
            proficiency: Some(rank.proficiency.0),
            load: rank.load,
            last_assigned_at: rank.last_assigned_at,
        }
    }
}
