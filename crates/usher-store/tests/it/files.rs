//! What may be wrong with a data directory, and what is said about it.

use std::fs;
use std::future::poll_fn;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::task::Poll;

use tempfile::TempDir;
use usher_model::limits;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::collection::{Collection, Column, ColumnKind, Index, kept};
use usher_store::sqlite::{Options, Sqlite, Writer};
use usher_store::store::{Field, Key, OpenError, Query, StoreError};

use crate::harness::{
    COLLECTIONS, LEASES, NOW, Opened, THINGS, account, get, lease, options, put, text, thing,
};

fn key(id: &str) -> Key {
    Key::new(&account("acc1"), ["top", id])
}

fn open(directory: &Path) -> Opened {
    let (sqlite, writer) = Sqlite::open(&options(directory)).unwrap();
    Opened::new(sqlite, writer)
}

fn refusal(opened: Result<(Sqlite, Writer), OpenError>) -> OpenError {
    match opened {
        Ok((sqlite, _)) => panic!("expected a refusal, opened {sqlite:?}"),
        Err(error) => error,
    }
}

/// Makes a data directory with some rows, and closes it.
async fn filled() -> TempDir {
    let directory = TempDir::new().unwrap();
    let opened = open(directory.path());
    let mut batch = Batch::new(NOW);
    for number in 0..500 {
        let document = format!("{:?}", "x".repeat(500));
        batch.put(
            &THINGS,
            thing(key(&number.to_string()), &document),
            Expect::Absent,
        );
    }
    opened.store.commit(batch).await.unwrap();
    directory
}

#[tokio::test]
async fn what_was_written_is_there_after_the_next_start() {
    let directory = filled().await;
    let opened = open(directory.path());
    let rows = opened
        .store
        .find_all(&Query::all(&account("acc1"), &THINGS), NOW)
        .await
        .unwrap();
    assert_eq!(rows.len(), 500);
    let last = rows.iter().map(|row| row.revision).max().unwrap();
    let next = put(
        &opened.store,
        &THINGS,
        thing(key("new"), "1"),
        Expect::Absent,
    )
    .await
    .unwrap();
    assert!(next > last);
    let health = opened.store.check().await.unwrap();
    assert!(health.engine.starts_with("SQLite 3."), "{health:?}");
    assert_eq!(health.findings, [""; 0]);
}

#[tokio::test]
async fn a_data_directory_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = TempDir::new().unwrap();
    let inner = directory.path().join("a").join("b");
    drop(open(&inner));
    assert_eq!(
        fs::metadata(&inner).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[test]
fn a_second_server_on_a_directory_is_refused() {
    let directory = TempDir::new().unwrap();
    let serving = Options {
        is_server: true,
        ..options(directory.path())
    };
    let (first, writer) = Sqlite::open(&serving).unwrap();
    let error = refusal(Sqlite::open(&serving));
    assert!(matches!(error, OpenError::InUse(_)), "{error:?}");
    // A command beside the server is welcome.
    Sqlite::open(&options(directory.path())).unwrap();
    drop((first, writer));
    let lock = Sqlite::lock_exclusive(directory.path()).unwrap();
    let error = refusal(Sqlite::open(&serving));
    assert!(
        error.to_string().contains("stop it, or choose another"),
        "{error}"
    );
    drop(lock);
    Sqlite::open(&serving).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_may_write_while_a_server_runs() {
    let directory = TempDir::new().unwrap();
    // Two stores of one process have nothing in common but the file, as two processes.
    let (server, command) = (open(directory.path()), open(directory.path()));
    let mut writers = tokio::task::JoinSet::new();
    for (name, store) in [("s", server.store.clone()), ("c", command.store.clone())] {
        writers.spawn(async move {
            let mut revisions = Vec::new();
            for number in 0..50 {
                let row = thing(key(&format!("{name}{number}")), "1");
                revisions.push(put(&store, &THINGS, row, Expect::Absent).await.unwrap());
            }
            revisions
        });
    }
    let mut revisions = writers.join_all().await.concat();
    revisions.sort_unstable();
    revisions.dedup();
    assert_eq!(revisions.len(), 100, "a revision was given twice");
    assert!(get(&server.store, &THINGS, &key("c49")).await.is_some());
}

#[tokio::test]
async fn a_damaged_file_is_refused_with_what_to_do() {
    let directory = filled().await;
    let path = directory.path().join("usher.db");
    let length = fs::metadata(&path).unwrap().len();
    // Pages of the middle and the beginning, in turn.
    for (position, count) in [(length / 2, 3 * 4_096), (0, 16)] {
        let copy = TempDir::new().unwrap();
        let damaged = copy.path().join("usher.db");
        fs::copy(&path, &damaged).unwrap();
        let mut file = fs::File::options().write(true).open(&damaged).unwrap();
        file.seek(SeekFrom::Start(position)).unwrap();
        file.write_all(&vec![0xa5; count]).unwrap();
        let error = refusal(Sqlite::open(&options(copy.path())));
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert!(
            error
                .to_string()
                .contains("restore a backup with `usher restore`"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn damage_that_comes_while_it_runs_is_an_error_and_no_answer() {
    let directory = filled().await;
    let path = directory.path().join("usher.db");
    let opened = open(directory.path());
    let length = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
    let mut file = fs::File::options().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(4_096)).unwrap();
    file.write_all(&vec![0xa5; length - 4_096]).unwrap();
    let found = opened
        .store
        .find_all(&Query::all(&account("acc1"), &THINGS), NOW)
        .await;
    assert!(matches!(found, Err(StoreError::Damaged(_))), "{found:?}");
    let health = opened.store.check().await;
    assert!(
        health
            .as_ref()
            .map_or(true, |health| !health.findings.is_empty()),
        "{health:?}"
    );
}

#[test]
fn another_programs_file_is_refused_and_left_alone() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("usher.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (a)")
        .unwrap();
    let error = refusal(Sqlite::open(&options(directory.path())));
    assert!(matches!(error, OpenError::Foreign(_)), "{error:?}");
    let theirs = rusqlite::Connection::open(&path).unwrap();
    let tables: i64 = theirs
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_directory_that_cannot_be_made_says_which() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, "").unwrap();
    let error = refusal(Sqlite::open(&options(&path)));
    assert_eq!(
        error.to_string(),
        format!(
            "cannot make the data directory `{}`: check that it exists and that you may write there",
            path.display()
        )
    );
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let directory = filled().await;
    let path = directory.path().join("usher.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = refusal(Sqlite::open(&options(directory.path())));
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

/// Polls a future once, which must not finish it.
async fn begin<F: Future>(future: F) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    let first = poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending()));
    assert!(first.await);
    future
}

/// What an older version declared: one collection less, and one column and index less.
static OLDER: &[&Collection] = &[&Collection {
    name: "things",
    key: &["shelf", "id"],
    columns: &[Column {
        name: "size",
        kind: ColumnKind::Integer,
    }],
    indexes: &[Index {
        name: "by_size",
        columns: &["size"],
        unique: false,
    }],
    expires: false,
}];

/// What nobody could have made of [`OLDER`].
static OTHER: &[&Collection] = &[&Collection {
    name: "things",
    key: &["id"],
    columns: &[],
    indexes: &[],
    expires: false,
}];

#[tokio::test]
async fn what_is_added_to_the_declaration_is_added_to_the_file() {
    let directory = TempDir::new().unwrap();
    let older = Options {
        collections: OLDER,
        ..options(directory.path())
    };
    let (sqlite, writer) = Sqlite::open(&older).unwrap();
    let opened = Opened::new(sqlite, writer);
    let mut row = thing(key("a"), "1");
    row.fields = vec![Field::Integer(5)];
    let revision = put(&opened.store, OLDER[0], row, Expect::Absent)
        .await
        .unwrap();
    drop(opened);

    let opened = open(directory.path());
    let row = get(&opened.store, &THINGS, &key("a")).await.unwrap();
    assert_eq!(row.fields, [Field::Null, Field::Integer(5), Field::Null]);
    assert_eq!(row.revision, revision);
    let mut labelled = thing(key("b"), "1");
    labelled.fields[2] = text("x");
    put(&opened.store, &THINGS, labelled, Expect::Absent)
        .await
        .unwrap();
    let row = lease(Key::new(&account("acc1"), ["a"]), "x", None);
    put(&opened.store, &LEASES, row, Expect::Absent)
        .await
        .unwrap();
    drop(opened);

    // The older version may still write beside the newer one.
    let (sqlite, writer) = Sqlite::open(&older).unwrap();
    let opened = Opened::new(sqlite, writer);
    assert_eq!(
        get(&opened.store, OLDER[0], &key("b"))
            .await
            .unwrap()
            .fields,
        [Field::Null]
    );
    drop(opened);
    let error = refusal(Sqlite::open(&Options {
        collections: OTHER,
        ..older
    }));
    assert!(matches!(error, OpenError::Schema(_)), "{error:?}");
}

#[test]
fn what_is_kept_fits_a_file() {
    let directory = TempDir::new().unwrap();
    Sqlite::open(&Options {
        collections: kept::ALL,
        ..options(directory.path())
    })
    .unwrap();
}

#[test]
fn a_wrong_declaration_is_refused() {
    static TWICE: &[&Collection] = &[&THINGS, &THINGS];
    let error = refusal(Sqlite::open_in_memory(TWICE));
    assert!(matches!(error, OpenError::Declaration(_)), "{error:?}");
    assert!(Sqlite::open_in_memory(COLLECTIONS).is_ok());
}

#[tokio::test]
async fn batches_beyond_the_queue_are_refused_at_once() {
    let (sqlite, writer) = Sqlite::open_in_memory(COLLECTIONS).unwrap();
    let store = usher_store::store::Store::from(sqlite);
    let mut waiting = Vec::new();
    let fill = format!("{:?}", "x".repeat(60 << 20));
    // Nobody writes yet: three of 60 MB are more than may wait, whoever comes then is refused.
    for number in 0..3 {
        let row = thing(key(&number.to_string()), &fill);
        waiting.push(begin(put(&store, &THINGS, row, Expect::Any)).await);
    }
    let refused = put(&store, &THINGS, thing(key("small"), "1"), Expect::Any).await;
    assert!(matches!(refused, Err(CommitError::Busy)), "{refused:?}");
    // As soon as they are written there is room again.
    let opened = Opened::new(store.clone(), writer);
    for written in waiting {
        written.await.unwrap();
    }
    put(
        &opened.store,
        &THINGS,
        thing(key("small"), "1"),
        Expect::Any,
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_full_queue_of_small_batches_refuses_the_next() {
    let (sqlite, writer) = Sqlite::open_in_memory(COLLECTIONS).unwrap();
    let store = usher_store::store::Store::from(sqlite);
    let mut waiting = Vec::new();
    for number in 0..limits::STORE_QUEUE_BATCHES_MAX {
        let row = thing(key(&number.to_string()), "1");
        waiting.push(begin(put(&store, &THINGS, row, Expect::Any)).await);
    }
    let refused = put(&store, &THINGS, thing(key("one more"), "1"), Expect::Any).await;
    assert!(matches!(refused, Err(CommitError::Busy)), "{refused:?}");
    // Housekeeping gives way instead of failing.
    assert_eq!(store.sweep(NOW, 100).await.unwrap(), 0);
    let _opened = Opened::new(store.clone(), writer);
    for written in waiting {
        written.await.unwrap();
    }
}

#[tokio::test]
async fn a_batch_has_bounds_in_operations_and_in_bytes() {
    let opened = Opened::in_memory();
    let mut batch = Batch::new(NOW);
    for number in 0..limits::STORE_BATCH_OPERATIONS_MAX {
        batch.delete(&THINGS, key(&number.to_string()), Expect::Any);
    }
    opened.store.commit(batch.clone()).await.unwrap();
    batch.delete(&THINGS, key("one more"), Expect::Any);
    let refused = opened.store.commit(batch).await;
    let is_refused = |result: &Result<_, CommitError>| {
        matches!(result, Err(CommitError::Store(StoreError::Refused { .. })))
    };
    assert!(is_refused(&refused), "{refused:?}");
    // Around the document a few hundred bytes are counted too.
    let largest = limits::STORE_BATCH_BYTES_MAX - 1_000;
    for (length, fits) in [(largest, true), (limits::STORE_BATCH_BYTES_MAX, false)] {
        let mut batch = Batch::new(NOW);
        let document = format!("{:?}", "x".repeat(length));
        batch.put(&THINGS, thing(key("large"), &document), Expect::Any);
        let written = opened.store.commit(batch).await;
        assert_eq!(written.is_ok(), fits);
        assert_eq!(is_refused(&written), !fits);
    }
}

#[tokio::test]
async fn a_batch_is_written_though_nobody_waits_for_it() {
    let (sqlite, writer) = Sqlite::open_in_memory(COLLECTIONS).unwrap();
    let store = usher_store::store::Store::from(sqlite);
    drop(begin(put(&store, &THINGS, thing(key("a"), "1"), Expect::Absent)).await);
    drop(Opened::new(store.clone(), writer));
    assert!(get(&store, &THINGS, &key("a")).await.is_some());
}

/// The process of this test runs with a bound on the size of its files.
const FULL: &str = "USHER_FULL_DIRECTORY";

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_loses_nothing() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how a test speaks to the process it starts"
    )]
    let bounded = std::env::var(FULL).ok();
    if let Some(directory) = bounded {
        return fill_the_disk(Path::new(&directory)).await;
    }
    let directory = filled().await;
    // A bound of 2 MB; without the signal, writing beyond it is an error as on a full disk.
    let script = "trap '' XFSZ; ulimit -f 2048; exec \"$@\"";
    let output = Command::new("bash")
        .args(["-c", script, "bash"])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "files::a_full_disk_acknowledges_nothing_and_loses_nothing",
        ])
        .env(FULL, directory.path())
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let acknowledged: u64 = said
        .lines()
        .find_map(|line| line.strip_prefix("acknowledged ")?.parse().ok())
        .unwrap();
    let opened = open(directory.path());
    let rows = opened
        .store
        .find_all(&Query::all(&account("acc1"), &THINGS), NOW)
        .await
        .unwrap();
    let written = rows
        .iter()
        .filter(|row| row.key.parts()[1].starts_with("new"))
        .count();
    assert_eq!(u64::try_from(written).unwrap(), acknowledged);
    put(
        &opened.store,
        &THINGS,
        thing(key("after"), "1"),
        Expect::Absent,
    )
    .await
    .unwrap();
}

/// Writes until it no longer can.
async fn fill_the_disk(directory: &Path) {
    let opened = open(directory);
    let document = format!("{:?}", "x".repeat(50_000));
    let mut acknowledged = 0;
    let error = loop {
        let row = thing(key(&format!("new{acknowledged}")), &document);
        match put(&opened.store, &THINGS, row, Expect::Absent).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 1_000, "the bound does not hold");
    };
    let is_said = matches!(
        error,
        CommitError::Store(StoreError::Full(_) | StoreError::Unavailable(_))
    );
    assert!(is_said, "{error:?}");
    // What is there can still be read.
    assert!(get(&opened.store, &THINGS, &key("0")).await.is_some());
    let line = format!("\nacknowledged {acknowledged}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}
