//! Short names for what tests say often.

use std::sync::Arc;
use std::time::Duration;

use usher_model::id::{AgentId, ConversationId, IdSource, OfferId, SkillId};
use usher_model::time::{Clock, ManualClock, Timestamp};
use usher_routing::command::{Change, Command, Happening, Refusal, Transfer};
use usher_routing::desk::Desk;
use usher_routing::rules::{AccountRules, SkillRules};
use usher_routing::seat::{Capacity, Kind, Proficiency, Profile, Status};
use usher_routing::ticket::{Offer, Ticket};

/// Where the tests' time starts.
pub(crate) const START: Timestamp = Timestamp::from_milliseconds(1_000_000_000);

pub(crate) fn conversation(name: &str) -> ConversationId {
    ConversationId::parse(name).unwrap()
}

pub(crate) fn agent(name: &str) -> AgentId {
    AgentId::parse(name).unwrap()
}

pub(crate) fn skill(name: &str) -> SkillId {
    SkillId::parse(name).unwrap()
}

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Returns a human with so many places, and skills such as `("billing", 7)`.
pub(crate) fn human(slots: u32, skills: &[(&str, u8)]) -> Profile {
    Profile {
        kind: Kind::Human,
        is_enabled: true,
        capacity: Capacity::Slots(slots),
        skills: skills
            .iter()
            .map(|(name, number)| (skill(name), Proficiency::new(*number).unwrap()))
            .collect(),
    }
}

/// Mints offers' ids from a seed.
pub(crate) struct Offers(IdSource);

impl Offers {
    pub(crate) fn new(seed: u64) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::starting_at(START));
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(IdSource::new(clock, bytes))
    }

    pub(crate) fn mint(&self) -> OfferId {
        OfferId::mint(&self.0)
    }
}

/// A desk, an instant, and short ways to say what happens.
pub(crate) struct Floor {
    pub(crate) desk: Desk,
    pub(crate) now: Timestamp,
    offers: Offers,
}

impl Floor {
    /// Returns a desk with these skills, all with the standard rules, and nobody there.
    pub(crate) fn new(skills: &[&str]) -> Self {
        let mut desk = Desk::new(AccountRules::standard());
        for name in skills {
            desk.set_skill(&skill(name), Some(SkillRules::standard()));
        }
        let offers = Offers::new(1);
        Self {
            desk,
            now: START,
            offers,
        }
    }

    /// Changes the rules of a skill.
    pub(crate) fn set_rules(&mut self, name: &str, edit: impl FnOnce(&mut SkillRules)) {
        let name = skill(name);
        let mut rules = self.desk.skill_rules(&name).cloned().unwrap();
        edit(&mut rules);
        self.desk.set_skill(&name, Some(rules));
    }

    /// Lets an agent come: known, present for an hour, and online.
    pub(crate) fn come(&mut self, name: &str, profile: Profile) {
        let is_hosted = profile.kind == Kind::HostedBot;
        self.desk.set_profile(&agent(name), Some(profile));
        if !is_hosted {
            let until = self.now.plus(seconds(3_600));
            self.desk.renew_lease(&agent(name), until);
            self.say(name, Status::Online);
        }
    }

    pub(crate) fn say(&mut self, name: &str, status: Status) {
        let command = Command::SetStatus {
            agent: agent(name),
            status,
            reason: None,
        };
        self.ask(command).unwrap();
    }

    pub(crate) fn wait(&mut self, count: u64) {
        self.now = self.now.plus(seconds(count));
    }

    pub(crate) fn mint(&self) -> OfferId {
        self.offers.mint()
    }

    /// Opens a conversation in a skill.
    pub(crate) fn open(&mut self, name: &str, skill_name: &str) {
        let ticket = Ticket::new(conversation(name), Some(skill(skill_name)), self.now);
        self.ask(Command::Open { ticket }).unwrap();
    }

    pub(crate) fn ask(&mut self, command: Command) -> Result<Vec<Happening>, Refusal> {
        let change = self.desk.plan(command, self.now)?;
        let happenings = change.happenings.clone();
        self.apply(change);
        Ok(happenings)
    }

    fn apply(&mut self, change: Change) {
        self.desk.apply(change);
        assert_eq!(self.desk.contradictions(), Vec::<String>::new());
        assert_eq!(self.desk.stale_indexes(), Vec::<String>::new());
    }

    /// Makes every match there is, and says who gets what: `c1>ada` for an offer, `c1=ada` for an
    /// assignment.
    pub(crate) fn matches(&mut self) -> String {
        let mut said = Vec::new();
        while let Some(change) = self.desk.next_match(self.now, self.offers.mint()) {
            for happening in &change.happenings {
                match happening {
                    Happening::Offered {
                        conversation,
                        agent,
                        ..
                    } => said.push(format!("{conversation}>{agent}")),
                    Happening::Assigned {
                        conversation,
                        agent,
                        ..
                    } => said.push(format!("{conversation}={agent}")),
                    other => panic!("expected a match, found {other:?}"),
                }
            }
            self.apply(change);
        }
        said.join(" ")
    }

    /// Makes every change that is due.
    pub(crate) fn due(&mut self) -> Vec<Happening> {
        let mut happenings = Vec::new();
        while let Some(change) = self.desk.next_due_change(self.now) {
            happenings.extend(change.happenings.iter().cloned());
            self.apply(change);
        }
        happenings
    }

    /// Accepts what rings, as the agent at whom it rings.
    pub(crate) fn accept(&mut self, name: &str) -> Result<Vec<Happening>, Refusal> {
        let offer = self.offer(name);
        self.ask(Command::Accept {
            conversation: conversation(name),
            offer: offer.id,
            agent: offer.agent,
        })
    }

    pub(crate) fn offer(&self, name: &str) -> Offer {
        let ticket = self.desk.ticket(&conversation(name)).unwrap();
        ticket.offer().unwrap().clone()
    }

    /// Opens a conversation, and lets the one agent who can have it take it.
    pub(crate) fn give(&mut self, name: &str, skill_name: &str) {
        self.open(name, skill_name);
        self.matches();
        self.accept(name).unwrap();
    }

    /// Returns a transfer of a conversation, to be completed.
    pub(crate) fn transfer(&self, name: &str, to_agent: &str, to_skill: &str) -> Transfer {
        Transfer {
            conversation: conversation(name),
            agent: (!to_agent.is_empty()).then(|| agent(to_agent)),
            skill: (!to_skill.is_empty()).then(|| skill(to_skill)),
            fallback: None,
            by: None,
            offer: self.mint(),
        }
    }
}
