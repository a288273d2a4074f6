//! What a conversation costs from its start to its end: opened, offered, accepted and closed, with
//! 1,000 agents in 50 skills, with and without 100,000 conversations that wait.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "bench code")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use usher_model::id::{AgentId, ConversationId, IdSource, OfferId, SkillId};
use usher_model::time::{Clock, ManualClock, Timestamp};
use usher_routing::command::{Command, Happening};
use usher_routing::desk::Desk;
use usher_routing::rules::{AccountRules, SkillRules};
use usher_routing::seat::{Capacity, Kind, Proficiency, Profile, Status};
use usher_routing::ticket::Ticket;

const NOW: Timestamp = Timestamp::from_milliseconds(1_000_000_000);
const AGENTS: usize = 1_000;
const SKILLS: usize = 50;

struct Floor {
    desk: Desk,
    ids: IdSource,
    skills: Vec<SkillId>,
    opened: usize,
    now: Timestamp,
}

impl Floor {
    /// Returns a desk whose agents have `skills_each` skills and can be reached.
    fn new(skills_each: usize) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::starting_at(NOW));
        let mut desk = Desk::new(AccountRules::standard());
        let skills: Vec<SkillId> = (0..SKILLS)
            .map(|number| SkillId::parse(&format!("skill-{number:02}")).unwrap())
            .collect();
        for skill in &skills {
            desk.set_skill(skill, Some(SkillRules::standard()));
        }
        for number in 0..AGENTS {
            let agent = AgentId::parse(&format!("agent-{number:04}")).unwrap();
            let own = (0..skills_each).map(|step| {
                let skill = &skills[(number + step * 7) % SKILLS];
                (skill.clone(), Proficiency::STANDARD)
            });
            let profile = Profile {
                kind: Kind::Human,
                is_enabled: true,
                capacity: Capacity::Standard,
                skills: own.collect(),
            };
            desk.set_profile(&agent, Some(profile));
            desk.renew_lease(&agent, NOW.plus(Duration::from_secs(1 << 30)));
            let status = Status::Online;
            let command = Command::SetStatus {
                agent,
                status,
                reason: None,
            };
            let change = desk.plan(command, NOW).unwrap();
            desk.apply(change);
        }
        Self {
            desk,
            ids: IdSource::new(clock, [7; 32]),
            skills,
            opened: 0,
            now: NOW,
        }
    }

    fn open(&mut self) -> ConversationId {
        self.opened += 1;
        self.now = self.now.plus(Duration::from_millis(1));
        let conversation = ConversationId::parse(&format!("conversation-{}", self.opened)).unwrap();
        let skill = self.skills[self.opened % SKILLS].clone();
        let ticket = Ticket::new(conversation.clone(), Some(skill), self.now);
        let change = self.desk.plan(Command::Open { ticket }, self.now).unwrap();
        self.desk.apply(change);
        conversation
    }

    /// Offers the next conversation that somebody can have; says which one and to whom.
    fn offer(&mut self) -> Option<(ConversationId, OfferId, AgentId)> {
        let change = self.desk.next_match(self.now, OfferId::mint(&self.ids))?;
        let Some(Happening::Offered {
            conversation,
            offer,
            agent,
            ..
        }) = change.happenings.first()
        else {
            return None;
        };
        let offered = (conversation.clone(), *offer, agent.clone());
        self.desk.apply(change);
        Some(offered)
    }

    fn apply(&mut self, command: Command) {
        let change = self.desk.plan(command, self.now).unwrap();
        self.desk.apply(change);
    }

    /// One conversation arrives, the first in line is offered and accepted, and it ends.
    fn turn(&mut self) {
        self.open();
        assert!(black_box(self.desk.next_due_change(self.now)).is_none());
        let (conversation, offer, agent) = self.offer().unwrap();
        self.apply(Command::Accept {
            conversation: conversation.clone(),
            offer,
            agent,
        });
        self.apply(Command::Close { conversation });
    }
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .throughput(Throughput::Elements(1));
    for skills_each in [1, 5, 50] {
        let mut floor = Floor::new(skills_each);
        group.bench_function(format!("{skills_each} skills each"), |bencher| {
            bencher.iter(|| floor.turn());
        });
    }
    let mut floor = Floor::new(5);
    let mut held = Vec::new();
    for _ in 0..100_000 {
        floor.open();
        if let Some((conversation, offer, agent)) = floor.offer() {
            floor.apply(Command::Accept {
                conversation: conversation.clone(),
                offer,
                agent,
            });
            held.push(conversation);
        }
    }
    // Everybody is busy and the rest waits: an end is what brings the next one.
    let mut ended = 0;
    group.bench_function("100,000 waiting", |bencher| {
        bencher.iter(|| {
            let conversation = std::mem::replace(&mut held[ended], floor.open());
            floor.apply(Command::Close { conversation });
            let (conversation, offer, agent) = floor.offer().unwrap();
            floor.apply(Command::Accept {
                conversation: conversation.clone(),
                offer,
                agent,
            });
            held[ended] = conversation;
            ended = (ended + 1) % held.len();
        });
    });
    let waiting = floor.open();
    group.bench_function("position among 100,000", |bencher| {
        bencher.iter(|| black_box(floor.desk.position(&waiting)));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
