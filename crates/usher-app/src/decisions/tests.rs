//! The log: how decisions come into blocks and are found in them.

use std::sync::Arc;
use std::time::Duration;

use usher_bus::local::Local;
use usher_context::expiry::TtlMax;
use usher_model::id::{
    AccountId, ConsumerId, ConversationId, DecisionId, IdSource, NodeId, PolicyId, RequestId,
};
use usher_model::limits;
use usher_model::role::Role;
use usher_model::time::{Clock, ManualClock, Timestamp};
use usher_store::collection::kept;
use usher_store::record::{ActionsView, DecisionView, FactValue, FactView, FactsView};
use usher_store::sqlite::Sqlite;
use usher_store::store::{Query, Row};

use super::log::{Entry, Log};
use super::search::{self, Filter};
use super::writer::Writer;
use crate::App;
use crate::caller::{Caller, Reach};
use crate::usage::{self, Tally};

struct Node {
    app: Arc<App>,
    clock: Arc<ManualClock>,
    caller: Caller,
}

fn start() -> Timestamp {
    Timestamp::parse("2026-05-04T10:00:00Z").unwrap()
}

impl Node {
    fn new() -> Self {
        let (sqlite, writer) = Sqlite::open_in_memory(kept::ALL).unwrap();
        std::thread::spawn(move || writer.run());
        let manual = Arc::new(ManualClock::starting_at(start()));
        let clock: Arc<dyn Clock> = Arc::clone(&manual) as _;
        let options = crate::Options {
            policies_max: 1,
            rate_per_second: 1,
            rate_burst: 1,
            context_ttl_max: TtlMax::default(),
            context_cache_documents: 1,
            decision_retention_days: 1,
            token_ttl: Duration::from_secs(1),
            keyring: crate::keyring::Keyring::empty(),
            outbound: crate::outbound::Options::closed(),
            workers: crate::workers::Options::for_processors(crate::workers::Launch::Thread, 2),
            oidc: None,
            sweep_interval: Duration::from_secs(1),
        };
        let ids = IdSource::new(Arc::clone(&clock), [1; 32]);
        let bus = Local::new(NodeId::mint(&ids)).into();
        let caller = Caller {
            account: AccountId::parse("acc1").unwrap(),
            role: Role::Admin,
            reach: Reach::Everything,
            actor: "credential/test".to_owned(),
            agent: None,
            consumer: None,
            is_identified: false,
            request_id: RequestId::mint(&ids),
            idempotency_key: None,
        };
        let app = App::new(sqlite.into(), bus, clock, ids, options);
        Self {
            app,
            clock: manual,
            caller,
        }
    }

    fn entry(&self, account: &AccountId, said: &str) -> Entry {
        let id = DecisionId::mint(&self.app.ids);
        let consumer = ConsumerId::parse(if said == "ada" { "ada" } else { "bob" }).unwrap();
        let conversation = ConversationId::parse(&id.to_string()).unwrap();
        let policy = PolicyId::parse("p").unwrap();
        let fact = FactView {
            place: 0,
            value: FactValue::Text(said),
        };
        let decision = DecisionView {
            id,
            at: None,
            duration_us: 0,
            retention_days: 1,
            api: "API",
            conversation_id: Some(&conversation),
            session_id: None,
            consumer_id: Some(&consumer),
            ruleset_revision: 0,
            only_policy_id: None,
            policy_id: Some(&policy),
            policy_name: Some("P"),
            no_match_reason: None,
            actions: ActionsView(&[]),
            is_templated: false,
            facts: FactsView(&[fact]),
            names: &["a.b.c".to_owned()].into_iter().collect(),
            faults: &[],
            notes: &[],
        };
        let tally = Tally {
            winner: Some((policy.clone(), "P".to_owned())),
            is_faulty: false,
        };
        Entry::new(account.clone(), decision.write().unwrap(), tally)
    }

    /// Makes an entry that was asked for `milliseconds` after the one before.
    fn next(&self, milliseconds: u64) -> Entry {
        self.clock.advance(Duration::from_millis(milliseconds));
        self.entry(&self.caller.account, "x")
    }

    async fn rows(&self, account: &AccountId) -> Vec<Row> {
        let query = Query::all(account, &kept::DECISION_BLOCKS);
        self.app.store.find_all(&query, start()).await.unwrap()
    }

    async fn blocks(&self) -> usize {
        self.rows(&self.caller.account).await.len()
    }

    /// Lists everything, page by page.
    async fn listed(&self, filter: &Filter, limit: usize) -> Vec<DecisionId> {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = search::list(&self.caller, &self.app, filter, after, limit).await;
            let (page, next) = page.unwrap();
            assert!(page.len() <= limit);
            listed.extend(page.iter().map(|decision| decision.id));
            if next.is_none() {
                return listed;
            }
            after = next;
        }
    }
}

#[tokio::test]
async fn decisions_too_large_for_one_commit_hold_up_nobody() {
    let node = Node::new();
    let [large, other] = ["large", "other"].map(|id| AccountId::parse(id).unwrap());
    let half = "x".repeat(limits::STORE_BATCH_BYTES_MAX / 2);
    let mut entries = vec![
        node.entry(&large, &half),
        node.entry(&large, &half),
        node.entry(&large, &half.repeat(2)),
        node.entry(&other, "x"),
    ];
    Writer::new(&node.app).write(&mut entries, false).await;
    assert!(entries.is_empty());
    assert_eq!(node.app.log.dropped(), 1, "the one that fits nowhere");
    assert_eq!(node.rows(&large).await.len(), 2);
    assert_eq!(node.rows(&other).await.len(), 1);
}

#[tokio::test]
async fn who_asks_waits_while_the_queue_is_full_of_bytes() {
    let node = Node::new();
    let log = Log::with_room(4 << 10);
    let mut waiting = log.take().unwrap();
    let append = async |bytes: usize| {
        let Entry {
            account,
            decision,
            tally,
            ..
        } = node.entry(&node.caller.account, &"x".repeat(bytes));
        log.append(account, decision, tally.unwrap()).await;
    };
    append(2 << 10).await;
    // As much as there is room, though it is larger.
    let mut large = std::pin::pin!(append(9 << 10));
    tokio::select! {
        biased;
        () = &mut large => panic!("expected it to wait for room"),
        () = std::future::ready(()) => {}
    }
    drop(waiting.recv().await);
    large.await;
    assert!(waiting.recv().await.unwrap().decision.bytes() > 9 << 10);
    assert_eq!(log.dropped(), 0);
}

#[tokio::test]
async fn a_quiet_account_does_not_leave_a_row_for_every_decision() {
    let node = Node::new();
    let mut writer = Writer::new(&node.app);
    let open = limits::DECISION_BLOCK_OPEN_ROWS_MAX;
    for _ in 0..open {
        writer.write(&mut vec![node.next(100)], false).await;
    }
    assert_eq!(node.blocks().await, 1);
    writer.write(&mut vec![node.next(100)], false).await;
    assert_eq!(node.blocks().await, 2, "the first one is closed");
    let span = limits::DECISION_BLOCK_SPAN_MAX;
    let span = u64::try_from(span.as_millis()).unwrap();
    writer.write(&mut vec![node.next(span)], false).await;
    assert_eq!(node.blocks().await, 2, "as long as a block may be");
    writer.write(&mut vec![node.next(1)], false).await;
    assert_eq!(node.blocks().await, 3, "one millisecond longer");
    assert_eq!(node.listed(&Filter::default(), 7).await.len(), open + 3);
}

#[tokio::test]
async fn a_block_is_bounded_in_decisions_time_and_bytes() {
    let node = Node::new();
    let mut writer = Writer::new(&node.app);
    let full = limits::DECISION_BLOCK_ROWS_MAX;
    let mut entries: Vec<Entry> = (0..=full).map(|_| node.next(1)).collect();
    writer.write(&mut entries, false).await;
    assert_eq!(node.blocks().await, 2);
    let mut entries = vec![node.next(20_000), node.next(10_000), node.next(1)];
    writer.write(&mut entries, false).await;
    assert_eq!(node.blocks().await, 4);
    let large = "x".repeat(limits::DECISION_BLOCK_BYTES_MAX / 2);
    node.clock.advance(Duration::from_secs(60));
    let account = &node.caller.account;
    let mut entries = vec![node.entry(account, &large), node.entry(account, &large)];
    writer.write(&mut entries, false).await;
    assert_eq!(node.blocks().await, 6);
}

#[tokio::test]
async fn decisions_of_two_nodes_are_listed_in_their_order() {
    let node = Node::new();
    // Two writers take turns, and each writes late what it was given early.
    let mut writers = [Writer::new(&node.app), Writer::new(&node.app)];
    let mut asked = Vec::new();
    for round in 0..6 {
        let mut queues = [Vec::new(), Vec::new()];
        for number in 0..90 {
            let entry = node.next(if round % 2 == 0 { 40 } else { 1 });
            asked.push(entry.decision.id);
            queues[number % 2].push(entry);
        }
        for (writer, queue) in writers.iter_mut().zip(&mut queues) {
            queue.reverse();
            let mut early = queue.split_off(20);
            writer.write(&mut early, false).await;
            writer.write(queue, false).await;
        }
    }
    asked.reverse();
    for limit in [1, 7, 100, 1_000] {
        assert_eq!(node.listed(&Filter::default(), limit).await, asked);
    }
    let (first, last) = (asked[400], asked[100]);
    let between = Filter {
        from: Some(first.minted_at()),
        to: Some(last.minted_at()),
        ..Filter::default()
    };
    assert_eq!(node.listed(&between, 9).await, asked[101..=400]);
    for id in asked.iter().step_by(50) {
        let about = Filter {
            conversation_id: Some(ConversationId::parse(&id.to_string()).unwrap()),
            ..Filter::default()
        };
        assert_eq!(node.listed(&about, 10).await, [*id]);
        let (found, _) = search::get(&node.caller, &node.app, *id).await.unwrap();
        assert_eq!(found.id, *id);
        assert_eq!(found.facts().next().unwrap().0, "a.b.c");
    }
}

#[tokio::test]
async fn an_erasure_leaves_the_other_decisions_and_the_writer_goes_on() {
    let node = Node::new();
    let account = &node.caller.account;
    let mut writer = Writer::new(&node.app);
    let mut entries = vec![
        node.entry(account, "bob"),
        node.entry(account, "ada"),
        node.entry(account, "bob"),
        node.entry(account, "ada"),
    ];
    let kept = [entries[2].decision.id, entries[0].decision.id];
    writer.write(&mut entries, false).await;
    let ada = ConsumerId::parse("ada").unwrap();
    let erased = search::erase(&node.app, account, &ada, &[]).await.unwrap();
    assert_eq!(erased, 2);
    assert_eq!(node.listed(&Filter::default(), 10).await, kept);
    assert_eq!(
        search::erase(&node.app, account, &ada, &[]).await.unwrap(),
        0
    );
    // The writer holds the block as it was before: that one must not come back.
    let entry = node.entry(account, "bob");
    let newest = entry.decision.id;
    writer.write(&mut vec![entry], false).await;
    let listed = node.listed(&Filter::default(), 10).await;
    assert_eq!(listed, [newest, kept[0], kept[1]]);
    let bob = ConsumerId::parse("bob").unwrap();
    assert_eq!(
        search::erase(&node.app, account, &bob, &[]).await.unwrap(),
        3
    );
    assert_eq!(node.blocks().await, 0, "nothing is left of them");
}

#[tokio::test]
async fn a_busy_account_is_counted_behind_its_decisions_and_exactly() {
    let node = Node::new();
    let mut writer = Writer::new(&node.app);
    let count = async || {
        let now = node.app.now();
        let used = usage::get(&node.caller, &node.app, start(), now)
            .await
            .unwrap();
        let matches = used.policies.first().map_or(0, |policy| policy.matches);
        assert_eq!(used.runs, matches);
        used.runs
    };
    let busy = || (0..100).map(|_| node.next(1)).collect::<Vec<_>>();
    writer.write(&mut busy(), false).await;
    assert_eq!(count().await, 0, "within a second");
    writer.write(&mut vec![node.next(1)], false).await;
    assert_eq!(
        count().await,
        101,
        "few are counted at once, with those before"
    );
    // Another node counts too.
    let mut other = Writer::new(&node.app);
    other.write(&mut busy(), true).await;
    assert_eq!(count().await, 201);
    writer.write(&mut busy(), true).await;
    assert_eq!(count().await, 301);
    writer.write(&mut busy(), false).await;
    writer.write(&mut Vec::new(), true).await;
    assert_eq!(count().await, 401);
}
