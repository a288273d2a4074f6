//! One or more nodes over one store, with a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use usher_app::agents::{self, AgentStatus, Availability, Offer};
use usher_app::caller::{Caller, Reach};
use usher_app::conversations::{self, As, New, Said, Say, View};
use usher_app::feed::{Audience, Happened};
use usher_app::keyring::Keyring;
use usher_app::workers;
use usher_app::{App, accounts, error};
use usher_bus::local::Local;
use usher_context::expiry::TtlMax;
use usher_model::id::{
    AccountId, AgentId, ClientMessageId, ConsumerId, ConversationId, IdSource, NodeId, RequestId,
    SkillId,
};
use usher_model::role::Role;
use usher_model::time::{Clock, ManualClock, Timestamp};
use usher_routing::seat::Status;
use usher_store::batch::{Batch, Expect};
use usher_store::collection::kept;
use usher_store::record::{Record, Settings, Skill, User};
use usher_store::sqlite::{Options, Sqlite};
use usher_store::store::Store;

/// The account that tests work in.
pub(crate) const ACCOUNT: &str = "acc1";

/// A store with one node on it.
pub(crate) struct Floor {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Store,
    ids: IdSource,
    writer: Option<std::thread::JoinHandle<()>>,
    _directory: tempfile::TempDir,
}

impl Floor {
    /// Starts a node on a new store, with the skill `sales`.
    pub(crate) async fn start() -> Self {
        Self::start_seeded(1).await
    }

    pub(crate) async fn start_seeded(seed: u8) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (sqlite, writer) = Sqlite::open(&Options {
            directory: directory.path().to_owned(),
            collections: kept::ALL,
            is_server: true,
        })
        .unwrap();
        let writer = std::thread::spawn(move || writer.run());
        let start = Timestamp::parse("2026-05-04T10:00:00Z").unwrap();
        let clock = Arc::new(ManualClock::starting_at(start));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let ids = IdSource::new(shared, [seed; 32]);
        let store: Store = sqlite.into();
        let floor = Self {
            app: node(&store, &clock, &ids),
            clock,
            store,
            ids,
            writer: Some(writer),
            _directory: directory,
        };
        accounts::create(&floor.app, &account()).await.unwrap();
        floor.put(&skill("sales")).await;
        floor
    }

    /// Writes a record as an administrator would have.
    pub(crate) async fn put<R: Record>(&self, record: &R) {
        let mut batch = Batch::new(self.clock.now());
        batch.put_record(&account(), record, Expect::Any).unwrap();
        self.store.commit(batch).await.unwrap();
        usher_app::rules_changed(&self.app, &account())
            .await
            .unwrap();
    }

    /// Sets the account's settings, given as JSON.
    pub(crate) async fn set(&self, settings: &Value) {
        let settings: Settings = serde_json::from_value(settings.clone()).unwrap();
        self.put(&settings).await;
    }

    /// Adds a person with the skill `sales` and room for so many conversations.
    pub(crate) async fn hire(&self, id: &str, slots: i32) -> AgentId {
        self.put(&user(id, &json!({ "maxConversations": slots })))
            .await;
        agent(id)
    }

    /// Adds a person who is there.
    pub(crate) async fn staff(&self, id: &str, slots: i32) -> AgentId {
        let agent = self.hire(id, slots).await;
        self.set_status(&agent, Status::Online).await;
        agent
    }

    /// Replaces the node by a new one, as after a crash: nothing in memory is left.
    pub(crate) async fn restart(&mut self) {
        self.app.tasks().stop().await;
        self.app = node(&self.store, &self.clock, &self.ids);
    }

    /// Replaces the node by a new one that encrypts with the first of these keys.
    pub(crate) async fn restart_with_keys(&mut self, keys: &[u8]) {
        self.app.tasks().stop().await;
        self.app = node_with(&self.store, &self.clock, &self.ids, keys);
    }

    /// From now on nodes know that others serve from the same store.
    pub(crate) fn share(&mut self) {
        self.store = self.store.clone().shared();
    }

    /// Another node on the same store; no hint goes between them.
    pub(crate) fn another_node(&self) -> Arc<App> {
        node(&self.store, &self.clock, &self.ids)
    }

    /// Another node, whose clock is behind.
    pub(crate) fn another_node_behind(&self, by: Duration) -> Arc<App> {
        let behind = Arc::new(ManualClock::starting_at(self.clock.now().minus(by)));
        let shared: Arc<dyn Clock> = Arc::clone(&behind) as Arc<dyn Clock>;
        node(&self.store, &behind, &IdSource::new(shared, [99; 32]))
    }

    /// Lets time pass, and happen what it brings.
    pub(crate) async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.settle().await;
    }

    /// Waits until nothing is left to be done.
    pub(crate) async fn settle(&self) {
        usher_app::catch_up(&self.app).await.unwrap();
    }

    /// Somebody with that role, who is nobody on the floor.
    pub(crate) fn caller(&self, role: Role) -> Caller {
        Caller {
            account: account(),
            role,
            reach: Reach::Everything,
            actor: format!("test/{role}"),
            agent: None,
            consumer: None,
            is_identified: false,
            request_id: RequestId::mint(&self.ids),
            idempotency_key: None,
        }
    }

    pub(crate) fn manager(&self) -> Caller {
        self.caller(Role::Manager)
    }

    pub(crate) fn as_agent(&self, agent: &AgentId) -> Caller {
        Caller {
            agent: Some(agent.clone()),
            ..self.caller(Role::Agent)
        }
    }

    pub(crate) fn as_consumer(&self, consumer: &str) -> Caller {
        Caller {
            consumer: Some(ConsumerId::parse(consumer).unwrap()),
            ..self.caller(Role::Consumer)
        }
    }

    pub(crate) async fn set_status(&self, agent: &AgentId, status: Status) -> AgentStatus {
        let availability = Availability {
            status,
            reason: None,
            lease: Some(Duration::from_secs(60 * 60)),
        };
        agents::set_availability(&self.as_agent(agent), &self.app, agent, availability)
            .await
            .unwrap()
    }

    /// Opens a conversation in `sales` and lets it be handed out.
    pub(crate) async fn open(&self, consumer: &str) -> ConversationId {
        let new = New {
            skill_id: Some(SkillId::parse("sales").unwrap()),
            message: Some("Hello, I need help.".to_owned()),
            ..New::default()
        };
        let opened = conversations::open(&self.as_consumer(consumer), &self.app, new).await;
        self.settle().await;
        opened.unwrap().conversation.id
    }

    pub(crate) async fn get(&self, id: &ConversationId) -> View {
        conversations::get(&self.manager(), &self.app, id)
            .await
            .unwrap()
    }

    pub(crate) async fn offers(&self, agent: &AgentId) -> Vec<Offer> {
        agents::offers(&self.as_agent(agent), &self.app, agent)
            .await
            .unwrap()
    }

    /// Lets an agent accept the only offer.
    pub(crate) async fn accept(&self, agent: &AgentId) -> View {
        let offers = self.offers(agent).await;
        let [offer] = offers.as_slice() else {
            panic!("expected one offer, found {offers:?}");
        };
        agents::accept(&self.as_agent(agent), &self.app, offer.id, None)
            .await
            .unwrap()
    }

    pub(crate) async fn say(
        &self,
        caller: &Caller,
        id: &ConversationId,
        text: &str,
    ) -> error::Result<Said> {
        conversations::say(caller, &self.app, id, say(text)).await
    }

    pub(crate) async fn timeline(&self, id: &ConversationId) -> Vec<Arc<Happened>> {
        let (events, next) = conversations::timeline(&self.manager(), &self.app, id, None, 1_000)
            .await
            .unwrap();
        assert_eq!(next, None);
        events
    }

    /// The names of what happened in a conversation, in order.
    pub(crate) async fn story(&self, id: &ConversationId) -> Vec<String> {
        let timeline = self.timeline(id).await;
        timeline.iter().map(|happened| name(happened)).collect()
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.app.tasks().stopping().cancel();
        self.store.close();
        if let Some(writer) = self.writer.take()
            && !std::thread::panicking()
        {
            writer.join().unwrap();
        }
    }
}

fn node(store: &Store, clock: &Arc<ManualClock>, ids: &IdSource) -> Arc<App> {
    node_with(store, clock, ids, &[7])
}

fn node_with(store: &Store, clock: &Arc<ManualClock>, ids: &IdSource, keys: &[u8]) -> Arc<App> {
    let keys = keys.iter().map(|byte| Keyring::line(&[*byte; 32]));
    let options = usher_app::Options {
        policies_max: 20_000,
        rate_per_second: 1_000_000,
        rate_burst: 1_000_000,
        context_ttl_max: TtlMax::default(),
        context_cache_documents: 10_000,
        decision_retention_days: 7,
        token_ttl: Duration::from_secs(86_400),
        keyring: Keyring::parse(&keys.collect::<String>()).unwrap(),
        outbound: usher_app::outbound::Options {
            allow_private: vec!["127.0.0.1".parse().unwrap()],
            ..usher_app::outbound::Options::closed()
        },
        workers: workers::Options::for_processors(workers::Launch::Thread, 2),
        oidc: None,
        sweep_interval: Duration::from_secs(3_600),
    };
    let bus = Local::new(NodeId::mint(ids)).into();
    let clock: Arc<dyn Clock> = Arc::clone(clock) as Arc<dyn Clock>;
    let app = App::new(store.clone(), bus, clock, ids.clone(), options);
    app.start();
    app
}

pub(crate) fn account() -> AccountId {
    AccountId::parse(ACCOUNT).unwrap()
}

pub(crate) fn agent(id: &str) -> AgentId {
    AgentId::parse(id).unwrap()
}

pub(crate) fn skill_id(id: &str) -> SkillId {
    SkillId::parse(id).unwrap()
}

/// Returns a skill of which nothing else is said.
pub(crate) fn skill(id: &str) -> Skill {
    Skill::new(skill_id(id), id.to_owned(), Timestamp::EPOCH)
}

/// Returns a person with the skill `sales`, and what else is given as JSON.
pub(crate) fn user(id: &str, more: &Value) -> User {
    let mut user = json!({
        "id": id,
        "name": id,
        "role": "agent",
        "isEnabled": true,
        "createdAt": Timestamp::EPOCH,
        "skills": [{ "skillId": "sales" }],
    });
    let fields = user.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        fields.insert(name.clone(), value.clone());
    }
    serde_json::from_value(user).unwrap()
}

/// Returns something to say.
pub(crate) fn say(text: &str) -> Say {
    Say {
        speaker: None,
        text: text.to_owned(),
        client_message_id: None,
        audience: Audience::All,
        content: Value::Null,
        metadata: Value::Null,
    }
}

/// Returns something to say that its sender has named.
pub(crate) fn named(text: &str, name: &str) -> Say {
    Say {
        client_message_id: Some(ClientMessageId::parse(name).unwrap()),
        ..say(text)
    }
}

/// Returns something to say in the consumer's name.
pub(crate) fn as_consumer(text: &str) -> Say {
    Say {
        speaker: Some(As::Consumer),
        ..say(text)
    }
}

/// Returns the name of what happened.
pub(crate) fn name(happened: &Happened) -> String {
    let value = serde_json::to_value(&happened.event).unwrap();
    value["type"].as_str().unwrap().to_owned()
}
