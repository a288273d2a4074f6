//! Two nodes over one store, with all that goes wrong between them.
//!
//! Hints are lost, doubled and late; nodes crash between a commit and its announcement; clocks
//! jump; agents flap, accept twice, late and what is not theirs. After every commit the store's
//! rows must hold what routing promises, and in the end every conversation gets through.
//!
//! `USHER_SIMULATION_STEPS` says how many steps, `USHER_SIMULATION_SEED` begins with a seed.

mod node;
mod store;

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use usher_model::id::{AgentId, ConversationId, SkillId};
use usher_model::time::Timestamp;
use usher_routing::command::{Command, Transfer};
use usher_routing::rules::{Relaxation, SkillRules, Weights};
use usher_routing::seat::{Capacity, Kind, Proficiency, Status};
use usher_routing::ticket::{State, Suggestion, Ticket};

use self::node::Node;
use self::store::Store;
use crate::harness::{Offers, START, agent, conversation, human, seconds, skill};

const NOTHING: Vec<String> = Vec::new();
const STEPS_PER_SEED: u64 = 20_000;
const OPEN_MAX: usize = 60;
const AGENTS: [&str; 8] = [
    "ada", "bob", "cem", "dora", "eva", "finn", "robot", "hosted",
];
const SKILLS: [&str; 4] = ["billing", "sales", "tech", "concierge"];

#[test]
fn no_sequence_of_faults_breaks_a_promise() {
    let steps = number("USHER_SIMULATION_STEPS").unwrap_or(1_000_000);
    let first = number("USHER_SIMULATION_SEED").unwrap_or(1);
    let seeds: Vec<u64> = (first..first + steps.div_ceil(STEPS_PER_SEED)).collect();
    let halves = seeds.chunks(seeds.len().div_ceil(2));
    let assigned: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = halves
            .map(|seeds| scope.spawn(|| seeds.iter().map(|seed| run(*seed)).sum::<u64>()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert!(assigned > steps / 100, "only {assigned} assignments");
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to run is no part of any configuration"
)]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Runs one seed and returns how many assignments there were.
fn run(seed: u64) -> u64 {
    /// Says which seed failed.
    struct Seed(u64);
    impl Drop for Seed {
        #[expect(clippy::print_stderr, reason = "who reads the failure needs the seed")]
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("USHER_SIMULATION_SEED={} USHER_SIMULATION_STEPS=1", self.0);
            }
        }
    }
    let _seed = Seed(seed);
    let mut world = World::new(seed);
    for _ in 0..STEPS_PER_SEED {
        world.step();
    }
    world.finish();
    world.store.assigned
}

struct World {
    rng: StdRng,
    offers: Offers,
    now: Timestamp,
    /// The latest instant that any clock has shown.
    latest: Timestamp,
    store: Store,
    nodes: [Node; 2],
    opened: u32,
    /// Offers' ids that were seen, to be answered late.
    old_offers: Vec<(ConversationId, usher_model::id::OfferId, AgentId)>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut store = Store::default();
        // In some runs weights never change: then no agent ever exceeds the maximum.
        let is_constant = rng.random_ratio(1, 3);
        for name in SKILLS {
            let mut rules = SkillRules::standard();
            rules.is_auto_accepted = rng.random_ratio(1, 4);
            rules.answer_within = rng.random_ratio(1, 3).then(|| seconds(90));
            if is_constant {
                rules.weights.inactive = rules.weights.active;
            } else {
                rules.weights = Weights {
                    active: 1_000,
                    inactive: rng.random_range(100..=1_000),
                    inactive_after: seconds(rng.random_range(1..=300)),
                };
            }
            if rng.random_ratio(1, 2) {
                rules.proficiency_min = Proficiency::new(rng.random_range(1..=5)).unwrap();
                let other = skill(SKILLS[rng.random_range(0..3)]);
                rules.relaxations = vec![
                    Relaxation {
                        after: seconds(20),
                        skill: None,
                        proficiency_min: Proficiency::LOWEST,
                    },
                    Relaxation {
                        after: seconds(60),
                        skill: Some(other),
                        proficiency_min: Proficiency::LOWEST,
                    },
                ];
            }
            store.skills.insert(skill(name), rules);
        }
        set_profiles(&mut store, &mut rng);
        let nodes = [Node::start(&store), Node::start(&store)];
        Self {
            rng,
            offers: Offers::new(seed),
            now: START,
            latest: START,
            store,
            nodes,
            opened: 0,
            old_offers: Vec::new(),
        }
    }

    fn step(&mut self) {
        self.latest = self.latest.max(self.now);
        let node = self.rng.random_range(0..2);
        if self.rng.random_ratio(1, 200) {
            // However little the desk has heard, it has drawn the right conclusions.
            assert_eq!(self.nodes[node].desk.stale_indexes(), NOTHING);
        }
        match self.rng.random_range(0..100) {
            0..34 => self.progress(node),
            34..44 => self.match_next(node),
            44..50 => self.due_next(node),
            50..57 => self.open(node),
            57..66 => self.answer_offer(node),
            66..78 => self.change_conversation(node),
            78..84 => self.change_agent(node),
            84..92 => self.deliver(node),
            92..97 => {
                self.now = self
                    .now
                    .plus(Duration::from_millis(self.rng.random_range(0..3_000)))
            }
            97 => self.change_facts(),
            98 => self.jump(),
            _ => self.crash(node),
        }
    }

    fn progress(&mut self, node: usize) {
        let count = self.nodes[node].in_flight.len();
        if count == 0 {
            return;
        }
        let which = self.rng.random_range(0..count);
        let is_committed = self.nodes[node].progress(&mut self.store, which, self.now);
        if is_committed && self.rng.random_ratio(8, 10) {
            let upto = self.store.events.len();
            for _ in 0..self.rng.random_range(1..=2) {
                self.nodes[1 - node].hints.push(upto);
            }
        }
    }

    fn match_next(&mut self, node: usize) {
        let (offer, now) = (self.offers.mint(), self.late_now());
        let node = &mut self.nodes[node];
        if let Some(change) = node.desk.next_match(now, offer) {
            node.begin(&self.store, change, now);
        }
    }

    fn due_next(&mut self, node: usize) {
        let now = self.late_now();
        let node = &mut self.nodes[node];
        if let Some(change) = node.desk.next_due_change(now) {
            node.begin(&self.store, change, now);
        }
    }

    /// Requests take their instant when they arrive, and reach the desk in another order.
    fn late_now(&mut self) -> Timestamp {
        self.now
            .minus(Duration::from_millis(self.rng.random_range(0..500)))
    }

    fn ask(&mut self, node: usize, command: Command) {
        let now = self.late_now();
        // Refusals are part of the game.
        drop(self.nodes[node].ask(&self.store, command, now));
    }

    fn open(&mut self, node: usize) {
        if self.store.open().count() >= OPEN_MAX {
            return;
        }
        self.opened += 1;
        let skill = self.rng.random_ratio(9, 10).then(|| self.any_skill());
        let name = conversation(&format!("c{}", self.opened));
        let mut ticket = Ticket::new(name, skill, self.now);
        ticket.boost = self.rng.random_range(-1..=1);
        if self.rng.random_ratio(1, 5) {
            ticket.suggestion = Some(Suggestion {
                agent: self.any_agent(),
                until: self.now.plus(seconds(30)),
                is_any_skill: self.rng.random(),
            });
        }
        if self.rng.random_ratio(1, 20) {
            // The same conversation starts on both nodes.
            self.ask(
                1 - node,
                Command::Open {
                    ticket: ticket.clone(),
                },
            );
        }
        self.ask(node, Command::Open { ticket });
    }

    fn answer_offer(&mut self, node: usize) {
        let ringing: Vec<_> = self
            .store
            .open()
            .filter_map(|ticket| {
                let offer = ticket.offer()?;
                Some((ticket.conversation.clone(), offer.id, offer.agent.clone()))
            })
            .collect();
        let from = if ringing.is_empty() || self.rng.random_ratio(1, 8) {
            &self.old_offers
        } else {
            &ringing
        };
        if from.is_empty() {
            return;
        }
        let (conversation, offer, mut who) = from[self.rng.random_range(0..from.len())].clone();
        if self.rng.random_ratio(1, 20) {
            who = self.any_agent();
        }
        self.old_offers
            .push((conversation.clone(), offer, who.clone()));
        if self.old_offers.len() > 50 {
            self.old_offers.remove(0);
        }
        if self.rng.random_ratio(1, 4) {
            let reason = None;
            self.ask(
                node,
                Command::Decline {
                    conversation,
                    offer,
                    agent: who,
                    reason,
                },
            );
            return;
        }
        let accept = Command::Accept {
            conversation,
            offer,
            agent: who,
        };
        if self.rng.random_ratio(1, 4) {
            self.ask(1 - node, accept.clone());
        }
        self.ask(node, accept);
    }

    fn change_conversation(&mut self, node: usize) {
        let open: Vec<_> = self
            .store
            .open()
            .map(|ticket| ticket.conversation.clone())
            .collect();
        if open.is_empty() {
            return;
        }
        let conversation = open[self.rng.random_range(0..open.len())].clone();
        let command = match self.rng.random_range(0..20) {
            0..4 => Command::AgentWrote { conversation },
            4..7 => Command::ConsumerWrote { conversation },
            7..13 => Command::Close { conversation },
            13 => Command::Release { conversation },
            14 => Command::SetBoost {
                conversation,
                boost: self.rng.random_range(-2..=2),
            },
            15 => Command::TakeOver {
                conversation,
                agent: self.any_agent(),
                is_forced: self.rng.random_ratio(1, 10),
            },
            _ => {
                let by = self.rng.random_ratio(1, 2).then(|| self.any_agent());
                Command::Transfer(Transfer {
                    conversation,
                    agent: self.rng.random_ratio(1, 2).then(|| self.any_agent()),
                    skill: self.rng.random_ratio(2, 3).then(|| self.any_skill()),
                    fallback: self.rng.random_ratio(1, 2).then(|| seconds(15)),
                    by,
                    offer: self.offers.mint(),
                })
            }
        };
        self.ask(node, command);
    }

    fn change_agent(&mut self, node: usize) {
        let agent = self.any_agent();
        if self.rng.random_ratio(2, 3) {
            let until = self.now.plus(seconds(self.rng.random_range(5..60)));
            self.renew(&agent, until, Some(node));
            return;
        }
        let status = match self.rng.random_range(0..8) {
            0 => Status::Offline,
            1 => Status::Away,
            2 => Status::Occupied,
            _ => Status::Online,
        };
        self.ask(
            node,
            Command::SetStatus {
                agent,
                status,
                reason: None,
            },
        );
    }

    /// Renews a lease in the store and at the nodes that hear of it.
    fn renew(&mut self, agent: &AgentId, until: Timestamp, at: Option<usize>) {
        if self.store.profiles[agent].kind == Kind::HostedBot {
            return;
        }
        let kept = self.store.leases.entry(agent.clone()).or_insert(until);
        *kept = until.max(*kept);
        for (number, node) in self.nodes.iter_mut().enumerate() {
            if at.is_none_or(|at| at == number) || self.rng.random_ratio(3, 4) {
                node.desk.renew_lease(agent, until);
            }
        }
    }

    fn deliver(&mut self, node: usize) {
        let upto = self.store.events.len();
        let node = &mut self.nodes[node];
        if self.rng.random_ratio(1, 10) {
            // The slow poll, which needs no hint.
            node.catch_up(&self.store, upto);
            node.read_facts(&self.store);
        } else if !node.hints.is_empty() {
            let hint = node
                .hints
                .swap_remove(self.rng.random_range(0..node.hints.len()));
            node.catch_up(&self.store, hint);
        }
        if self.rng.random_ratio(9, 10) {
            node.take_over_all();
        }
    }

    fn change_facts(&mut self) {
        match self.rng.random_range(0..4) {
            0 => set_profiles(&mut self.store, &mut self.rng),
            1 => {
                let name = self.any_skill();
                let rules = self.store.skills.get_mut(&name).unwrap();
                rules.is_open = !rules.is_open;
            }
            2 => {
                let name = self.any_skill();
                let rules = self.store.skills.get_mut(&name).unwrap();
                rules.is_auto_accepted = !rules.is_auto_accepted;
            }
            _ => {
                let name = self.any_agent();
                let profile = self.store.profiles.get_mut(&name).unwrap();
                profile.is_enabled = !profile.is_enabled;
            }
        }
        self.store.facts += 1;
        for node in &mut self.nodes {
            if self.rng.random_ratio(1, 2) {
                node.read_facts(&self.store);
            }
        }
    }

    fn jump(&mut self) {
        let by = seconds(self.rng.random_range(0..7_200));
        self.now = match self.rng.random_range(0..10) {
            0 => self.now.plus(by),
            1 => self.now.minus(by),
            _ => self.now,
        };
    }

    fn crash(&mut self, node: usize) {
        if self.rng.random_ratio(1, 5) {
            self.nodes[node] = Node::start(&self.store);
        }
    }

    fn any_agent(&mut self) -> AgentId {
        agent(AGENTS[self.rng.random_range(0..AGENTS.len())])
    }

    fn any_skill(&mut self) -> SkillId {
        skill(SKILLS[self.rng.random_range(0..SKILLS.len())])
    }

    /// Ends the faults: with agents present, every conversation must get through.
    fn finish(&mut self) {
        self.now = self.latest;
        set_profiles(&mut self.store, &mut self.rng);
        for rules in self.store.skills.values_mut() {
            rules.is_open = true;
        }
        self.store.facts += 1;
        for round in 0..2_000 {
            if self.store.open().next().is_none() {
                return;
            }
            self.now = self.now.plus(seconds(1));
            let until = self.now.plus(seconds(60));
            for name in AGENTS {
                self.renew(&agent(name), until, None);
                let status = Status::Online;
                self.ask(
                    0,
                    Command::SetStatus {
                        agent: agent(name),
                        status,
                        reason: None,
                    },
                );
            }
            self.settle_all();
            self.answer_all(round);
        }
        let open: Vec<_> = self.store.open().collect();
        panic!("these never get through: {open:#?}");
    }

    fn settle_all(&mut self) {
        for number in 0..2 {
            let upto = self.store.events.len();
            let node = &mut self.nodes[number];
            node.catch_up(&self.store, upto);
            node.take_over_all();
            node.read_facts(&self.store);
            for _ in 0..100 {
                let node = &mut self.nodes[number];
                while !node.in_flight.is_empty() {
                    node.progress(&mut self.store, 0, self.now);
                }
                if let Some(change) = node.desk.next_due_change(self.now) {
                    node.begin(&self.store, change, self.now);
                } else if let Some(change) = node.desk.next_match(self.now, self.offers.mint()) {
                    node.begin(&self.store, change, self.now);
                } else {
                    break;
                }
            }
        }
        assert_eq!(self.nodes[1].desk.stale_indexes(), NOTHING);
        assert_eq!(self.nodes[1].desk.contradictions(), NOTHING);
    }

    /// Lets agents accept what rings, and ends what they have had for a while.
    fn answer_all(&mut self, round: u32) {
        let open: Vec<Ticket> = self.store.open().cloned().collect();
        for ticket in open {
            let conversation = ticket.conversation;
            match ticket.state {
                State::Offered(offer) => self.ask(
                    1,
                    Command::Accept {
                        conversation,
                        offer: offer.id,
                        agent: offer.agent,
                    },
                ),
                State::Assigned { .. } if round.is_multiple_of(3) => {
                    self.ask(1, Command::Close { conversation });
                }
                State::Assigned { .. } | State::Queued => {}
            }
        }
    }
}

/// Sets the agents anew: everybody is enabled, and every skill has a human.
fn set_profiles(store: &mut Store, rng: &mut StdRng) {
    for (number, name) in AGENTS.into_iter().enumerate() {
        let mut profile = human(rng.random_range(1..=4), &[]);
        for (other, name) in SKILLS.into_iter().enumerate() {
            let is_sure = other == number % SKILLS.len();
            if is_sure || rng.random_ratio(1, 3) {
                let proficiency = Proficiency::new(rng.random_range(5..=10)).unwrap();
                profile.skills.insert(skill(name), proficiency);
            }
        }
        match name {
            "robot" => {
                profile.kind = Kind::Bot;
                profile.capacity = Capacity::Standard;
            }
            "hosted" => {
                profile.kind = Kind::HostedBot;
                profile.skills.clear();
                profile
                    .skills
                    .insert(skill("concierge"), Proficiency::STANDARD);
            }
            _ => {}
        }
        store.profiles.insert(agent(name), profile);
    }
}
