//! The suite on PostgreSQL, on a throw-away server of its own.

mod server;
mod tls;

use std::cell::RefCell;
use std::pin::Pin;
use std::time::Duration;

use proptest::test_runner::{Config, TestRunner};
use tokio::task::JoinSet;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::collection::kept;
use usher_store::postgres::{Options, Postgres};
use usher_store::store::{Key, OpenError, Query, Store, StoreError};

use crate::conformance::{self, for_each_promise};
use crate::harness::{COLLECTIONS, NOW, THINGS, account, get, put, thing};
use crate::model::{Model, steps};
use server::Server;

/// A store on a server, with its driver; dropped without [`Opened::close`], the driver is dropped.
struct Opened {
    store: Store,
    driver: JoinSet<()>,
}

impl Opened {
    async fn new(address: String) -> Self {
        Self::with(Options {
            address,
            root_certificates: None,
            collections: COLLECTIONS,
        })
        .await
    }

    async fn with(options: Options) -> Self {
        let (store, driver) = Postgres::open(&options).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(driver.run());
        Self {
            store: store.into(),
            driver: tasks,
        }
    }

    /// Closes the store; the driver has ended when this returns.
    async fn close(self) {
        self.store.close();
        self.driver.join_all().await;
    }
}

type Promise = (
    &'static str,
    fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>,
);

macro_rules! promises {
    ($($name:ident)*) => {
        const PROMISES: &[Promise] =
            &[$((stringify!($name), |store| Box::pin(conformance::$name(store)))),*];
    };
}
for_each_promise!(promises);

fn key(id: &str) -> Key {
    Key::new(&account("acc1"), ["top", id])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_promise_is_kept() {
    let server = Server::start();
    let mut broken = Vec::new();
    for (name, promise) in PROMISES {
        let opened = Opened::new(server.database(name)).await;
        let mut task = JoinSet::new();
        task.spawn(promise(opened.store.clone()));
        if task.join_next().await.is_some_and(|ended| ended.is_err()) {
            broken.push(name);
        }
        opened.close().await;
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn it_does_what_a_map_would_do() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let cases = RefCell::new(0);
    let mut runner = TestRunner::new(Config {
        cases: 32,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&steps(), |steps| {
        *cases.borrow_mut() += 1;
        let address = server.database(&format!("case{}", cases.borrow()));
        runtime.block_on(async {
            let opened = Opened::new(address).await;
            let mut model = Model::new();
            for step in &steps {
                model.take(&opened.store, step).await;
            }
            model.compare(&opened.store).await;
            opened.close().await;
        });
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn what_is_kept_fits_the_server() {
    let server = Server::start();
    let options = Options {
        address: server.database("kept"),
        root_certificates: None,
        collections: kept::ALL,
    };
    Postgres::open(&options).await.unwrap();
    // The second time there is nothing to make.
    Postgres::open(&options).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_share_a_store() {
    let server = Server::start();
    let address = server.database("both");
    let (one, other) = tokio::join!(Opened::new(address.clone()), Opened::new(address));
    assert!(one.store.is_shared());
    let revision = put(&one.store, &THINGS, thing(key("a"), "1"), Expect::Absent)
        .await
        .unwrap();
    let read = get(&other.store, &THINGS, &key("a")).await.unwrap();
    assert_eq!(read.revision, revision);
    let won = put(
        &other.store,
        &THINGS,
        thing(key("a"), "2"),
        Expect::Revision(revision),
    )
    .await;
    assert!(won.unwrap() > revision);
    let lost = put(
        &one.store,
        &THINGS,
        thing(key("a"), "3"),
        Expect::Revision(revision),
    )
    .await;
    assert!(
        matches!(lost, Err(CommitError::Conflict { .. })),
        "{lost:?}"
    );
    one.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_lock_each_other_out_are_tried_again() {
    let server = Server::start();
    let opened = Opened::new(server.database("locks")).await;
    let mut writers = JoinSet::new();
    for number in 0..8_u32 {
        let store = opened.store.clone();
        writers.spawn(async move {
            for _ in 0..3 {
                let mut batch = Batch::new(NOW);
                let mut ids = ["a", "b", "c"];
                if number % 2 == 0 {
                    ids.reverse();
                }
                for id in ids {
                    // A removal before each put keeps them from going as one ordered statement.
                    batch.delete(&THINGS, key(id), Expect::Any);
                    batch.put(&THINGS, thing(key(id), &number.to_string()), Expect::Any);
                }
                store.commit(batch).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    let rows = opened
        .store
        .find_all(&Query::all(&account("acc1"), &THINGS), NOW)
        .await
        .unwrap();
    assert_eq!(rows.len(), 3);
    assert!(
        rows.iter().all(|row| row.document == rows[0].document),
        "{rows:?}"
    );
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_must_stay_absent_is_not_written_meanwhile() {
    let server = Server::start();
    let opened = Opened::new(server.database("absent")).await;
    let mut writers = JoinSet::new();
    // Each writes its row if the other one's is absent: both would be wrong.
    for (own, other) in [("a", "b"), ("b", "a")].repeat(8) {
        let store = opened.store.clone();
        writers.spawn(async move {
            let mut batch = Batch::new(NOW);
            batch.check(&THINGS, key(other), Expect::Absent);
            batch.put(&THINGS, thing(key(own), "1"), Expect::Any);
            match store.commit(batch).await {
                Ok(_) | Err(CommitError::Conflict { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
        });
    }
    writers.join_all().await;
    let rows = opened
        .store
        .find_all(&Query::all(&account("acc1"), &THINGS), NOW)
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_made_again() {
    let server = Server::start();
    let opened = Opened::new(server.database("lost")).await;
    let mut batch = Batch::new(NOW);
    batch.put(&THINGS, thing(key("a"), "1"), Expect::Absent);
    batch.check(&THINGS, key("b"), Expect::Absent);
    opened.store.commit(batch.clone()).await.unwrap();
    opened.store.ping().await.unwrap();
    server.restart();
    // What was idle may fail once each; then all is well again.
    let mut failures = 0;
    while get_fallibly(&opened.store).await.is_err() {
        failures += 1;
        assert!(failures < 10, "the store does not come back");
    }
    let conflict = opened.store.commit(batch).await;
    assert!(
        matches!(
            conflict,
            Err(CommitError::Conflict { .. } | CommitError::Store(_))
        ),
        "{conflict:?}"
    );
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_who_give_up_leave_their_connections_to_others() {
    let server = Server::start();
    let opened = Opened::new(server.database("given_up")).await;
    put(&opened.store, &THINGS, thing(key("a"), "1"), Expect::Absent)
        .await
        .unwrap();
    let lock = server.lock("given_up", THINGS.name);
    let mut readers = JoinSet::new();
    for _ in 0..64 {
        let store = opened.store.clone();
        readers.spawn(async move {
            // Nobody reads while it is locked: however short, this is long enough to begin.
            let patience = Duration::from_millis(200);
            tokio::time::timeout(patience, get_fallibly(&store)).await
        });
    }
    assert!(readers.join_all().await.iter().all(Result::is_err));
    drop(lock);
    get_fallibly(&opened.store).await.unwrap();
    opened.close().await;
}

async fn get_fallibly(store: &Store) -> Result<(), StoreError> {
    for _ in 0..8 {
        store.get(&THINGS, &key("a"), NOW).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_moves_between_the_backends() {
    let server = Server::start();
    let stores = [
        Opened::new(server.database("one")).await,
        Opened::new(server.database("two")).await,
    ];
    let [one, two] = &stores;
    let (first, second) = (
        crate::harness::Opened::in_memory(),
        crate::harness::Opened::in_memory(),
    );
    crate::backup::moves(&one.store, &first.store).await;
    crate::backup::moves(&second.store, &two.store).await;
    for opened in stores {
        opened.close().await;
    }
}

#[tokio::test]
async fn a_server_that_does_not_sync_is_found() {
    let server = Server::start();
    let opened = Opened::new(server.database("settings")).await;
    let health = opened.store.check().await.unwrap();
    assert!(health.engine.starts_with("PostgreSQL 1"), "{health:?}");
    assert_eq!(
        health.findings,
        ["What is acknowledged may be lost: set `fsync` to `on`."]
    );
    opened.close().await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let server = Server::start();
    let address = server.database("newer");
    Opened::new(address.clone()).await.close().await;
    server.run("newer", "UPDATE usher_schema SET version = 99");
    let error = Postgres::open(&Options {
        address,
        root_certificates: None,
        collections: COLLECTIONS,
    })
    .await
    .unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::TooNew {
                found: 99,
                known: 1
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_is_away_is_said_to_be() {
    for (address, is_read) in [
        ("postgres://usher@127.0.0.1:1/usher", true),
        ("no address", false),
    ] {
        let options = Options {
            address: address.to_owned(),
            root_certificates: None,
            collections: COLLECTIONS,
        };
        let error = Postgres::open(&options).await.unwrap_err();
        let is_unavailable = matches!(error, OpenError::Store(StoreError::Unavailable(_)));
        assert_eq!(is_unavailable, is_read, "{error:?}");
        assert_eq!(
            matches!(error, OpenError::Address(_)),
            !is_read,
            "{error:?}"
        );
    }
}
