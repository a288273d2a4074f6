//! The skills of an account by number, because text is slow to compare.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use foldhash::{HashMap, HashSet};
use usher_model::id::{AgentId, ConversationId, SkillId};
use usher_model::time::Timestamp;

use super::index::LineKey;
use crate::estimate::Tally;
use crate::rank::AgentRank;
use crate::rules::SkillRules;
use crate::seat::Proficiency;

/// The number of a skill; it stays as long as the desk does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(usize);

/// All skills, and what stands in for one where there is none.
#[derive(Clone, Debug)]
pub(crate) struct Skills {
    entries: Vec<SkillEntry>,
    slots: HashMap<SkillId, Slot>,
}

/// A skill, its agents and its queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct SkillEntry {
    pub(crate) rules: Option<SkillRules>,
    /// On whose agents a conversation draws: the skill's own, then with each relaxation.
    pub(crate) draws: Vec<(Slot, Proficiency)>,
    /// The open conversations in it, wherever they are.
    pub(crate) tickets: HashSet<ConversationId>,
    /// Everybody who has the skill.
    pub(crate) agents: BTreeSet<AgentId>,
    /// Those whom any conversation can reach.
    pub(crate) open_to_all: BTreeSet<AgentRank>,
    /// Those whom only transfers can reach.
    pub(crate) open_to_transfers: BTreeSet<AgentRank>,
    /// The lines that draw on these agents.
    pub(crate) feeds: Vec<LineKey>,
    pub(crate) tally: Tally,
    /// When a conversation of the skill was assigned, and how long it had waited.
    pub(crate) waits: VecDeque<(Timestamp, Duration)>,
}

impl Slot {
    /// The lack of a skill: its agents are all humans.
    pub(crate) const UNASSIGNED: Self = Self(0);
    /// A skill of which nothing is known: nobody has it.
    pub(crate) const UNKNOWN: Self = Self(1);
}

impl Skills {
    pub(crate) fn new() -> Self {
        let mut skills = Self {
            entries: vec![SkillEntry::default(), SkillEntry::default()],
            slots: HashMap::default(),
        };
        skills.set_rules(Slot::UNASSIGNED, None);
        skills.set_rules(Slot::UNKNOWN, None);
        skills
    }

    /// Returns the number of a skill.
    pub(crate) fn slot(&self, skill: Option<&SkillId>) -> Slot {
        skill.map_or(Slot::UNASSIGNED, |skill| {
            self.slots.get(skill).copied().unwrap_or(Slot::UNKNOWN)
        })
    }

    /// Returns the number of a skill that a row or a rule names, a new one if need be.
    pub(crate) fn make(&mut self, skill: Option<&SkillId>) -> Slot {
        let slot = self.slot(skill);
        match skill {
            Some(skill) if slot == Slot::UNKNOWN => {
                let slot = Slot(self.entries.len());
                self.slots.insert(skill.clone(), slot);
                self.entries.push(SkillEntry::default());
                self.set_rules(slot, None);
                slot
            }
            _ => slot,
        }
    }

    pub(crate) fn set_rules(&mut self, slot: Slot, rules: Option<SkillRules>) {
        let minimum = rules
            .as_ref()
            .map_or(Proficiency::LOWEST, |rules| rules.proficiency_min);
        let mut draws = vec![(slot, minimum)];
        for relaxation in rules.iter().flat_map(|rules| &rules.relaxations) {
            let other = relaxation.skill.as_ref();
            let other = other.map_or(slot, |skill| self.make(Some(skill)));
            draws.push((other, relaxation.proficiency_min));
        }
        let entry = self.at_mut(slot);
        entry.rules = rules;
        entry.draws = draws;
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "an entry is made with its slot and stays"
    )]
    pub(crate) fn at(&self, slot: Slot) -> &SkillEntry {
        &self.entries[slot.0]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "an entry is made with its slot and stays"
    )]
    pub(crate) fn at_mut(&mut self, slot: Slot) -> &mut SkillEntry {
        &mut self.entries[slot.0]
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut SkillEntry> {
        self.entries.iter_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &SkillEntry> {
        self.entries.iter()
    }

    /// Returns the same skills with the same rules and numbers, and nothing in them.
    pub(crate) fn emptied(&self) -> Self {
        let entries = self.entries.iter().map(|entry| SkillEntry {
            rules: entry.rules.clone(),
            draws: entry.draws.clone(),
            ..SkillEntry::default()
        });
        Self {
            entries: entries.collect(),
            slots: self.slots.clone(),
        }
    }
}
