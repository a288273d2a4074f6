//! Assignments that are on disk: one account, 1,000 agents, 50 skills, SQLite.
//!
//! First a queue of waiting conversations is handed out, as fast as the desk and the disk can; then
//! consumers come, agents accept and close, in a closed loop. Without `--bench` it runs a little of
//! each, as a test.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "benchmark code")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use usher_app::agents::{self, Availability};
use usher_app::caller::{Caller, Reach};
use usher_app::conversations::{self, Close, New};
use usher_app::feed::{self, Event, Item, Scope};
use usher_app::{App, accounts, workers};
use usher_bus::local::Local;
use usher_context::expiry::TtlMax;
use usher_model::id::{AccountId, AgentId, IdSource, NodeId, RequestId, SkillId};
use usher_model::role::Role;
use usher_model::time::{Clock, SystemClock, Timestamp};
use usher_routing::seat::Status;
use usher_store::batch::{Batch, Expect};
use usher_store::collection::kept;
use usher_store::record::{Record, Skill, User};
use usher_store::sqlite::{Options, Sqlite};
use usher_store::store::Store;

const AGENTS: usize = 1_000;
const SKILLS: usize = 50;
const CONSUMERS: u64 = 256;

struct Bench {
    app: Arc<App>,
    store: Store,
    ids: IdSource,
    account: AccountId,
}

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (sqlite, writer) = Sqlite::open(&Options {
        directory: directory.path().to_owned(),
        collections: kept::ALL,
        is_server: true,
    })
    .unwrap();
    let writer = std::thread::spawn(move || writer.run());
    let (queue, rounds) = if is_bench { (20_000, 40) } else { (200, 1) };
    runtime.block_on(async {
        let bench = Bench::start(sqlite.into()).await;
        bench.drain(queue).await;
        bench.serve(rounds).await;
        bench.app.stop().await;
        bench.store.close();
    });
    writer.join().unwrap();
}

impl Bench {
    async fn start(store: Store) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = IdSource::new(Arc::clone(&clock), [1; 32]);
        let options = usher_app::Options {
            policies_max: 20_000,
            rate_per_second: 1_000_000,
            rate_burst: 1_000_000,
            context_ttl_max: TtlMax::default(),
            context_cache_documents: 10_000,
            decision_retention_days: 7,
            token_ttl: Duration::from_secs(86_400),
            keyring: usher_app::keyring::Keyring::empty(),
            outbound: usher_app::outbound::Options::closed(),
            oidc: None,
            sweep_interval: Duration::from_secs(3_600),
            workers: workers::Options::for_processors(workers::Launch::Thread, 2),
        };
        let bus = Local::new(NodeId::mint(&ids)).into();
        let app = App::new(store.clone(), bus, clock, ids.clone(), options);
        app.start();
        let account = AccountId::parse("acc1").unwrap();
        accounts::create(&app, &account).await.unwrap();
        let bench = Self {
            app,
            store,
            ids,
            account,
        };
        for number in 0..SKILLS {
            let id = skill(number);
            let name = id.to_string();
            bench.put(&Skill::new(id, name, Timestamp::EPOCH)).await;
        }
        for number in 0..AGENTS {
            let skills = [number, number * 7 + 1, number * 13 + 2];
            let skills: std::collections::BTreeSet<SkillId> =
                skills.into_iter().map(skill).collect();
            let skills: Vec<_> = skills.iter().map(|id| json!({ "skillId": id })).collect();
            let user: User = serde_json::from_value(json!({
                "id": agent(number), "name": "Agent", "role": "agent", "isEnabled": true,
                "createdAt": Timestamp::EPOCH, "skills": skills, "maxConversations": 50,
            }))
            .unwrap();
            bench.put(&user).await;
        }
        bench
    }

    async fn put<R: Record>(&self, record: &R) {
        let mut batch = Batch::new(self.app.now());
        batch
            .put_record(&self.account, record, Expect::Any)
            .unwrap();
        self.store.commit(batch).await.unwrap();
    }

    fn caller(&self, role: Role) -> Caller {
        Caller {
            account: self.account.clone(),
            role,
            reach: Reach::Everything,
            actor: "bench".to_owned(),
            agent: None,
            consumer: None,
            is_identified: false,
            request_id: RequestId::mint(&self.ids),
            idempotency_key: None,
        }
    }

    /// Lets conversations wait, then lets all agents come.
    async fn drain(&self, count: usize) {
        let manager = self.caller(Role::Admin);
        let mut opening = tokio::task::JoinSet::new();
        let from = Instant::now();
        for number in 0..count {
            let (app, manager) = (Arc::clone(&self.app), manager.clone());
            if opening.len() >= 512 {
                opening.join_next().await.unwrap().unwrap();
            }
            let _handle = opening.spawn(async move {
                let new = New {
                    skill_id: Some(skill(number)),
                    ..New::default()
                };
                conversations::open(&manager, &app, new).await.unwrap();
            });
        }
        while let Some(opened) = opening.join_next().await {
            opened.unwrap();
        }
        report("opened", count, from);
        let scope = Scope::Account;
        let mut events = feed::subscribe(&manager, &self.app, scope.clone(), None)
            .await
            .unwrap();
        let from = Instant::now();
        let mut coming = tokio::task::JoinSet::new();
        for number in 0..AGENTS {
            let (app, manager) = (Arc::clone(&self.app), manager.clone());
            let _handle = coming.spawn(async move {
                let here = Availability {
                    status: Status::Online,
                    reason: None,
                    lease: Some(Duration::from_secs(3_600)),
                };
                let agent = agent(number);
                agents::set_availability(&manager, &app, &agent, here)
                    .await
                    .unwrap();
            });
        }
        let mut offered = 0;
        while offered < count {
            match events.next().await.unwrap() {
                Item::Happened(happened) => {
                    offered += usize::from(matches!(happened.event, Event::Offered { .. }));
                }
                Item::Signal(_) => {}
                Item::CutOff => {
                    let after = Some(events.cursor());
                    events = feed::subscribe(&manager, &self.app, scope.clone(), after)
                        .await
                        .unwrap();
                }
            }
        }
        report("offered", count, from);
        while let Some(came) = coming.join_next().await {
            came.unwrap();
        }
        let from = Instant::now();
        let accepted = self.accept_all(true).await;
        report("accepted", accepted, from);
    }

    /// Lets every agent accept all that rings, and close it if so.
    async fn accept_all(&self, is_closed: bool) -> usize {
        let accepted = Arc::new(AtomicU64::new(0));
        let mut working = tokio::task::JoinSet::new();
        for number in 0..AGENTS {
            let (app, manager) = (Arc::clone(&self.app), self.caller(Role::Admin));
            let accepted = Arc::clone(&accepted);
            let _handle = working.spawn(async move {
                let agent = agent(number);
                for offer in agents::offers(&manager, &app, &agent).await.unwrap() {
                    let accept = agents::accept(&manager, &app, offer.id, None).await;
                    if let Ok(view) = accept {
                        accepted.fetch_add(1, Ordering::Relaxed);
                        if is_closed {
                            let id = view.conversation.id;
                            conversations::close(&manager, &app, &id, Close::default())
                                .await
                                .unwrap();
                        }
                    }
                }
            });
        }
        while let Some(worked) = working.join_next().await {
            worked.unwrap();
        }
        usize::try_from(accepted.load(Ordering::Relaxed)).unwrap()
    }

    /// Opens, waits for the offer, accepts, closes, in a closed loop of many.
    async fn serve(&self, rounds: u64) {
        let from = Instant::now();
        let mut consumers = tokio::task::JoinSet::new();
        for consumer in 0..CONSUMERS {
            let (app, manager) = (Arc::clone(&self.app), self.caller(Role::Admin));
            let _handle = consumers.spawn(async move {
                for round in 0..rounds {
                    serve_one(&app, &manager, consumer * 31 + round).await;
                }
            });
        }
        while let Some(served) = consumers.join_next().await {
            served.unwrap();
        }
        let count = usize::try_from(CONSUMERS * rounds).unwrap();
        report("opened, offered, accepted and closed", count, from);
    }
}

async fn serve_one(app: &Arc<App>, manager: &Caller, number: u64) {
    let new = New {
        skill_id: Some(skill(usize::try_from(number).unwrap())),
        ..New::default()
    };
    let opened = conversations::open(manager, app, new).await.unwrap();
    let id = opened.conversation.id;
    let scope = Scope::Conversations(vec![id.clone()]);
    let mut events = feed::subscribe(manager, app, scope, Some(0)).await.unwrap();
    let offer = loop {
        if let Item::Happened(happened) = events.next().await.unwrap()
            && let Event::Offered { offer_id, .. } = &happened.event
        {
            break *offer_id;
        }
    };
    agents::accept(manager, app, offer, None).await.unwrap();
    conversations::close(manager, app, &id, Close::default())
        .await
        .unwrap();
}

fn report(what: &str, count: usize, from: Instant) {
    let seconds = from.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(count).unwrap()) / seconds;
    println!("{what}: {count} in {seconds:.2} s, {rate:.0} a second");
}

fn skill(number: usize) -> SkillId {
    SkillId::parse(&format!("skill-{}", number % SKILLS)).unwrap()
}

fn agent(number: usize) -> AgentId {
    AgentId::parse(&format!("agent-{number}")).unwrap()
}
