//! What must hold when two do something at the same time, in an order that the test chooses.

use std::time::Duration;

use serde_json::json;
use usher_bus::local::Local;
use usher_context::expiry::TtlMax;
use usher_model::id::{IdSource, NodeId};
use usher_model::time::{Clock, ManualClock};
use usher_store::sqlite::Sqlite;

use super::update::{Before, attempt};
use super::*;
use crate::accounts;

async fn app() -> (Arc<App>, Caller) {
    let (sqlite, writer) = Sqlite::open_in_memory(kept::ALL).unwrap();
    std::thread::spawn(move || writer.run());
    let start = Timestamp::parse("2026-05-04T10:00:00Z").unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::starting_at(start));
    let options = crate::Options {
        policies_max: 1,
        rate_per_second: 1,
        rate_burst: 1,
        context_ttl_max: TtlMax::default(),
        context_cache_documents: 100,
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
    let app = App::new(sqlite.into(), bus, clock, ids, options);
    let account = AccountId::parse("acc1").unwrap();
    accounts::create(&app, &account).await.unwrap();
    let caller = accounts::operator(&app, &account).await.unwrap();
    (app, caller)
}

fn object(value: Value) -> Object {
    serde_json::from_value(value).unwrap()
}

fn written(value: Value) -> Update<'static> {
    Update {
        stays: Stays::All,
        written: Some(object(value)),
        ttl: Ttl::OfSession,
    }
}

async fn names(caller: &Caller, app: &App) -> Vec<String> {
    let found = namespaces(caller, app).await.unwrap();
    found.into_iter().map(|namespace| namespace.name).collect()
}

#[tokio::test]
async fn a_write_that_began_before_a_namespace_was_deleted_makes_it_anew() {
    for name in ["bot", "customerinfo"] {
        let (app, caller) = app().await;
        let namespace = Namespace::parse(name).unwrap();
        let address = Address::new(&caller.account, &namespace, &Session::default());
        update(&caller, &app, &address, written(json!({"old": 1})), None)
            .await
            .unwrap();
        // It looks, the namespace goes, and only then it writes.
        let before = Before::read(&app, &address).await.unwrap();
        delete_namespace(&caller, &app, &namespace).await.unwrap();
        let mut change = written(json!({"new": 1}));
        let written = attempt(&caller, &app, &address, before, &mut change).await;
        assert!(
            written.unwrap().is_none(),
            "what it saw is no longer true in {name}"
        );
        assert!(names(&caller, &app).await.is_empty());
        let read = update(&caller, &app, &address, change, None).await.unwrap();
        assert_eq!(read.payload(), object(json!({"new": 1})));
        assert_eq!(names(&caller, &app).await, [name]);
    }
}

#[tokio::test]
async fn a_write_while_a_namespace_leaves_keeps_the_namespace_but_nothing_of_before() {
    for name in ["bot", "personalinfo"] {
        let (app, caller) = app().await;
        let namespace = Namespace::parse(name).unwrap();
        let place = (caller.account.clone(), namespace.clone());
        let address = |session| {
            let session = Session::parse(session).unwrap();
            Address::new(&caller.account, &namespace, &session)
        };
        for session in ["a", "b"] {
            let change = written(json!({"old": session}));
            update(&caller, &app, &address(session), change, None)
                .await
                .unwrap();
        }
        put_namespace(&caller, &app, &namespace, Some(60))
            .await
            .unwrap();
        let marked = namespaces::mark(&app, &place).await.unwrap().unwrap();
        namespaces::empty(&app, &place).await.unwrap();
        let change = written(json!({"new": 1}));
        let read = update(&caller, &app, &address("a"), change, None).await;
        namespaces::remove(&caller, &app, &place, marked)
            .await
            .unwrap();
        let read = read.unwrap();
        assert_eq!(read.payload(), object(json!({"new": 1})));
        let forever = app.now().plus(usher_model::limits::CONTEXT_TTL_MAX);
        assert_eq!(read.expires_at(), forever, "the old time to live is gone");
        assert_eq!(names(&caller, &app).await, [name]);
        let (listed, _) = list(&caller, &app, &namespace, None, 10).await.unwrap();
        let sessions: Vec<&str> = listed.iter().map(|one| one.session.as_str()).collect();
        assert_eq!(sessions, ["a"]);
    }
}

#[tokio::test]
async fn an_interrupted_removal_is_finished_by_the_next() {
    let (app, caller) = app().await;
    let namespace = Namespace::parse("bot").unwrap();
    let place = (caller.account.clone(), namespace.clone());
    let address = Address::new(&caller.account, &namespace, &Session::default());
    update(&caller, &app, &address, written(json!({"old": 1})), None)
        .await
        .unwrap();
    namespaces::mark(&app, &place).await.unwrap();
    assert_eq!(names(&caller, &app).await, ["bot"]);
    delete_namespace(&caller, &app, &namespace).await.unwrap();
    assert!(names(&caller, &app).await.is_empty());
    let session = Session::default();
    let read = read(&caller, &app, &namespace, &session).await.unwrap();
    assert!(read.is_none());
}

#[tokio::test]
async fn of_two_writes_that_saw_the_same_document_none_is_lost() {
    let (app, caller) = app().await;
    let namespace = Namespace::parse("bot").unwrap();
    let address = Address::new(&caller.account, &namespace, &Session::default());
    update(&caller, &app, &address, written(json!({"a": 1})), None)
        .await
        .unwrap();
    let before = Before::read(&app, &address).await.unwrap();
    update(&caller, &app, &address, written(json!({"b": 2})), None)
        .await
        .unwrap();
    let mut change = written(json!({"c": 3}));
    let late = attempt(&caller, &app, &address, before, &mut change).await;
    assert!(late.unwrap().is_none());
    let read = update(&caller, &app, &address, change, None).await.unwrap();
    assert_eq!(read.payload(), object(json!({"a": 1, "b": 2, "c": 3})));
}

#[tokio::test]
async fn a_time_to_live_that_was_set_counts_for_the_next_write() {
    let (app, caller) = app().await;
    let namespace = Namespace::parse("bot").unwrap();
    let session = Session::parse("s").unwrap();
    let address = Address::new(&caller.account, &namespace, &session);
    let life = async || {
        let change = written(json!({"a": 1}));
        let read = update(&caller, &app, &address, change, None).await.unwrap();
        read.expires_at().since(app.now())
    };
    let forever = usher_model::limits::CONTEXT_TTL_MAX;
    assert_eq!(life().await, forever);
    put_namespace(&caller, &app, &namespace, Some(100))
        .await
        .unwrap();
    assert_eq!(life().await, Duration::from_secs(100));
    put_session(&caller, &app, &namespace, &session, 10)
        .await
        .unwrap();
    assert_eq!(life().await, Duration::from_secs(10));
    put_session(&caller, &app, &namespace, &session, 0)
        .await
        .unwrap();
    put_namespace(&caller, &app, &namespace, Some(0))
        .await
        .unwrap();
    assert_eq!(life().await, forever);
}

#[tokio::test]
async fn a_namespace_that_hides_an_alias_is_part_of_what_decides() {
    let (app, caller) = app().await;
    let namespace = Namespace::parse("customerinfo").unwrap();
    let hidden = async || {
        let rules = crate::rules::current(&app, &caller.account).await.unwrap();
        (rules.revision, rules.own_namespaces.len())
    };
    assert_eq!(hidden().await, (0, 0));
    put_namespace(&caller, &app, &namespace, Some(5))
        .await
        .unwrap();
    assert_eq!(hidden().await, (1, 1));
    delete_namespace(&caller, &app, &namespace).await.unwrap();
    assert_eq!(hidden().await, (2, 0));
    // What decided then still decides so when it is run again.
    let then = crate::rules::at(&app, &caller.account, 1).await.unwrap();
    assert!(then.own_namespaces.contains("customerinfo"));
}
