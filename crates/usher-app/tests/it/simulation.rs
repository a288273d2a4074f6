//! Two nodes over one store, with all that goes wrong between them.
//!
//! No hint ever arrives from the other node: each learns of the other by a conflict, or when it looks
//! by itself. Requests are dropped half-way, nodes crash and come back with nothing in memory, time
//! jumps. Whatever happens, the rows of the store agree with each other and with the events.
//!
//! `USHER_SIMULATION_SEED` begins with a seed, `USHER_SIMULATION_STEPS` says how many steps.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use usher_app::App;
use usher_app::agents::{self, Availability};
use usher_app::conversations::{self, Close, New, Transfer};
use usher_app::feed::Event;
use usher_model::id::{AgentId, ConversationId};
use usher_routing::seat::Status;
use usher_store::collection::{Collection, kept};
use usher_store::record::conversation::TicketState;
use usher_store::record::{self, AgentSeat, Conversation, Happened, Record};
use usher_store::store::{Field, Query};

use crate::harness::{Floor, account, agent, say, skill_id};

const AGENTS: [(&str, i32); 4] = [("ada", 1), ("bob", 2), ("cem", 3), ("dora", 4)];
const STEPS: u64 = 400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_never_break_a_promise() {
    let steps = number("USHER_SIMULATION_STEPS").unwrap_or(STEPS);
    let seed = number("USHER_SIMULATION_SEED").unwrap_or(1);
    println!("USHER_SIMULATION_SEED={seed} USHER_SIMULATION_STEPS={steps}");
    let mut world = World::new(seed).await;
    for step in 0..steps {
        world.step().await;
        if step % 10 == 9 {
            world.check().await;
        }
    }
    world.finish().await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to run is no part of any configuration"
)]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

struct World {
    floor: Floor,
    nodes: [Arc<App>; 2],
    rng: StdRng,
    conversations: Vec<ConversationId>,
    checked: u64,
    /// Who has which conversation, by the events.
    held: BTreeMap<ConversationId, AgentId>,
    closed: BTreeSet<ConversationId>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let mut floor = Floor::start().await;
        floor.share();
        for (id, slots) in AGENTS {
            floor.hire(id, slots).await;
        }
        let nodes = [floor.another_node(), floor.another_node()];
        Self {
            nodes,
            rng: StdRng::seed_from_u64(seed),
            conversations: Vec::new(),
            checked: 0,
            held: BTreeMap::new(),
            closed: BTreeSet::new(),
            floor,
        }
    }

    async fn step(&mut self) {
        let app = Arc::clone(&self.nodes[self.rng.random_range(0..2)]);
        match self.rng.random_range(0..100) {
            0..20 => self.open(&app).await,
            20..45 => self.answer(&app).await,
            45..55 => self.talk(&app).await,
            55..65 => self.transfer(&app).await,
            65..75 => self.close(&app).await,
            75..85 => self.flap(&app).await,
            85..90 => {
                let seconds = self.rng.random_range(0..100);
                self.floor.clock.advance(Duration::from_secs(seconds));
            }
            90..93 => self.crash().await,
            _ => usher_app::catch_up(&app).await.unwrap(),
        }
    }

    /// Lets a request run, or drops it half-way.
    async fn ask<T>(&mut self, request: impl Future<Output = T>) -> Option<T> {
        let mut polls = if self.rng.random_ratio(1, 5) {
            self.rng.random_range(1..6)
        } else {
            u32::MAX
        };
        let mut request = std::pin::pin!(request);
        std::future::poll_fn(|context| {
            if polls == 0 {
                return Poll::Ready(None);
            }
            polls -= 1;
            request.as_mut().poll(context).map(Some)
        })
        .await
    }

    fn any_conversation(&mut self) -> Option<ConversationId> {
        let count = self.conversations.len();
        (count > 0).then(|| self.conversations[self.rng.random_range(0..count)].clone())
    }

    fn any_agent(&mut self) -> AgentId {
        agent(AGENTS[self.rng.random_range(0..AGENTS.len())].0)
    }

    async fn open(&mut self, app: &Arc<App>) {
        let consumer = format!("c{}", self.conversations.len());
        let new = New {
            skill_id: Some(skill_id("sales")),
            ..New::default()
        };
        let caller = self.floor.as_consumer(&consumer);
        let opened = self.ask(conversations::open(&caller, app, new)).await;
        if let Some(opened) = opened {
            self.conversations.push(opened.unwrap().conversation.id);
        }
    }

    /// Accepts or declines, sometimes what is not the agent's.
    async fn answer(&mut self, app: &Arc<App>) {
        let (of, by) = (self.any_agent(), self.any_agent());
        let caller = self.floor.as_agent(&of);
        let offers = agents::offers(&caller, app, &of).await.unwrap();
        let Some(offer) = offers.first() else {
            return;
        };
        let by = if self.rng.random_ratio(1, 8) { by } else { of };
        let caller = self.floor.as_agent(&by);
        if self.rng.random_ratio(4, 5) {
            drop(self.ask(agents::accept(&caller, app, offer.id, None)).await);
        } else {
            let declined = agents::decline(&caller, app, offer.id, None, None);
            drop(self.ask(declined).await);
        }
    }

    async fn talk(&mut self, app: &Arc<App>) {
        let Some(id) = self.any_conversation() else {
            return;
        };
        let manager = self.floor.manager();
        let words = conversations::Say {
            speaker: Some(conversations::As::Consumer),
            ..say("Is anybody there?")
        };
        let said = conversations::say(&manager, app, &id, words);
        drop(self.ask(said).await);
    }

    async fn transfer(&mut self, app: &Arc<App>) {
        let Some(id) = self.any_conversation() else {
            return;
        };
        let to = self.any_agent();
        let transfer = Transfer {
            agent_id: self.rng.random_ratio(1, 2).then_some(to),
            skill_id: Some(skill_id("sales")),
            ..Transfer::default()
        };
        let manager = self.floor.manager();
        let transferred = conversations::transfer(&manager, app, &id, transfer);
        drop(self.ask(transferred).await);
    }

    async fn close(&mut self, app: &Arc<App>) {
        let Some(id) = self.any_conversation() else {
            return;
        };
        let manager = self.floor.manager();
        let closed = conversations::close(&manager, app, &id, Close::default());
        drop(self.ask(closed).await);
    }

    async fn flap(&mut self, app: &Arc<App>) {
        let who = self.any_agent();
        let statuses = [
            Status::Online,
            Status::Online,
            Status::Away,
            Status::Offline,
        ];
        let availability = Availability {
            status: statuses[self.rng.random_range(0..4)],
            reason: None,
            lease: Some(Duration::from_secs(60)),
        };
        let caller = self.floor.as_agent(&who);
        let set = agents::set_availability(&caller, app, &who, availability);
        drop(self.ask(set).await);
    }

    /// Ends a node as it is and starts another one.
    async fn crash(&mut self) {
        let which = self.rng.random_range(0..2);
        let newcomer = self.floor.another_node();
        let gone = std::mem::replace(&mut self.nodes[which], newcomer);
        gone.tasks().stop().await;
    }

    /// Compares the rows with each other and with the events.
    async fn check(&mut self) {
        for app in &self.nodes {
            usher_app::catch_up(app).await.unwrap();
        }
        // Both may have more to do by now: rows that changed meanwhile are read again.
        let (seats, conversations) = loop {
            let before: Vec<AgentSeat> = self.all().await;
            let conversations: Vec<Conversation> = self.all().await;
            let after: Vec<AgentSeat> = self.all().await;
            if before == after {
                break (after, conversations);
            }
        };
        let mut held: BTreeMap<&AgentId, BTreeSet<&ConversationId>> = BTreeMap::new();
        let mut offered = held.clone();
        for conversation in &conversations {
            match conversation.ticket.as_ref().map(|ticket| &ticket.state) {
                Some(TicketState::Assigned { agent_id, .. }) => {
                    held.entry(agent_id).or_default().insert(&conversation.id);
                }
                Some(TicketState::Offered { agent_id, .. }) => {
                    offered
                        .entry(agent_id)
                        .or_default()
                        .insert(&conversation.id);
                }
                Some(TicketState::Queued) => assert!(conversation.closed.is_none()),
                None => assert!(conversation.closed.is_some()),
            }
        }
        for seat in &seats {
            let of = |rows: &mut BTreeMap<&AgentId, BTreeSet<&ConversationId>>| {
                let conversations = rows.remove(&seat.agent_id).unwrap_or_default();
                conversations.into_iter().cloned().collect::<BTreeSet<_>>()
            };
            assert_eq!(seat.held, of(&mut held), "{}", seat.agent_id);
            assert_eq!(seat.offered, of(&mut offered), "{}", seat.agent_id);
            let slots = AGENTS.iter().find(|(id, _)| *id == seat.agent_id.as_str());
            let slots = usize::try_from(slots.unwrap().1).unwrap();
            // No agent writes here, so every conversation counts in full.
            let taken = seat.held.len() + seat.offered.len();
            assert!(taken <= slots, "{} has {taken} of {slots}", seat.agent_id);
        }
        assert!(
            held.is_empty() && offered.is_empty(),
            "{held:?} {offered:?}"
        );
        self.check_events().await;
    }

    /// Follows the events: no gap, at most one assignee at a time, nothing after the end.
    async fn check_events(&mut self) {
        let query = Query {
            from: Some(Field::Integer(i64::try_from(self.checked).unwrap() + 1)),
            ..Query::all(&account(), &kept::EVENTS)
        };
        let now = self.floor.app.now();
        for row in self.floor.store.find_all(&query, now).await.unwrap() {
            let (sequence, happened) = record::read_logged::<Happened>(&row).unwrap();
            assert_eq!(sequence, self.checked + 1);
            self.checked = sequence;
            let Some(id) = happened.conversation_id else {
                continue;
            };
            assert!(
                !self.closed.contains(&id),
                "after its end: {:?}",
                happened.event
            );
            match happened.event {
                Event::Assigned { agent_id, .. } => {
                    let other = self.held.insert(id, agent_id);
                    assert_eq!(other, None);
                }
                Event::Requeued {
                    agent_id: Some(agent),
                    ..
                } => assert_eq!(self.held.remove(&id), Some(agent)),
                Event::Transferred(transfer) => {
                    assert_eq!(self.held.remove(&id), transfer.from_agent_id);
                }
                Event::ConversationClosed { .. } => {
                    self.held.remove(&id);
                    self.closed.insert(id);
                }
                _ => {}
            }
        }
    }

    async fn all<R: Record>(&self) -> Vec<R> {
        let collection: &'static Collection = R::COLLECTION;
        let query = Query::all(&account(), collection);
        let now = self.floor.app.now();
        let rows = self.floor.store.find_all(&query, now).await.unwrap();
        let read = |row| record::read::<R>(row).unwrap().record;
        rows.iter().map(read).collect()
    }

    /// With agents who accept and close, everybody gets through.
    async fn finish(&mut self) {
        self.check().await;
        let app = Arc::clone(&self.nodes[0]);
        for round in 0..200 {
            usher_app::catch_up(&self.nodes[1]).await.unwrap();
            usher_app::catch_up(&app).await.unwrap();
            let open: Vec<Conversation> = self.all().await;
            if open
                .iter()
                .all(|conversation| conversation.closed.is_some())
            {
                return self.check().await;
            }
            for (id, _) in AGENTS {
                let who = agent(id);
                let caller = self.floor.as_agent(&who);
                let here = Availability {
                    status: Status::Online,
                    reason: None,
                    lease: Some(Duration::from_secs(600)),
                };
                agents::set_availability(&caller, &app, &who, here)
                    .await
                    .unwrap();
                for offer in agents::offers(&caller, &app, &who).await.unwrap() {
                    drop(agents::accept(&caller, &app, offer.id, None).await);
                }
            }
            for conversation in open {
                if let Some(TicketState::Assigned { agent_id, .. }) =
                    conversation.ticket.map(|ticket| ticket.state)
                {
                    let caller = self.floor.as_agent(&agent_id);
                    let id = conversation.id;
                    drop(conversations::close(&caller, &app, &id, Close::default()).await);
                }
            }
            let seconds = if round % 10 == 9 { 100 } else { 1 };
            self.floor.clock.advance(Duration::from_secs(seconds));
        }
        panic!("conversations are left that nobody gets");
    }
}
