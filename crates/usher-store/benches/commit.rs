//! Durable upserts of 1 KB documents, each with a new value, by one writer and by 64; the same
//! conditional on what was read, alone and with an event appended; reads of one row and of several at
//! once. On SQLite, and on a PostgreSQL server of its own.
//!
//! As a benchmark it first prints what ratios and counts the design promises: 64 writers against
//! one, CPU for each upsert, and syncs for each durable batch. The syncs are counted by running this
//! program again under `strace`, if that is installed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "benchmark code"
)]

#[expect(dead_code, reason = "the suites do more with a server")]
#[path = "../tests/it/cluster/server.rs"]
mod server;

use std::cell::Cell;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use criterion::{Criterion, criterion_group};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::Instant;
use usher_model::id::AccountId;
use usher_model::time::Timestamp;
use usher_store::batch::{AppendRow, Batch, Expect, PutRow};
use usher_store::collection::{Collection, Column, ColumnKind, Index, kept};
use usher_store::postgres::{self, Postgres};
use usher_store::sqlite::{Options, Sqlite};
use usher_store::store::{Field, Key, Store};

use server::Server;

const NOW: Timestamp = Timestamp::from_milliseconds(1_000_000);
/// Rows that are written over and over.
const ROWS: u64 = 10_000;
const WRITERS: u64 = 64;
/// Rows that a decision reads at once.
const READ_AT_ONCE: u64 = 5;
/// Makes this program write, and nothing else, so that its syncs can be counted.
const COUNTED: &str = "--counted";
const COUNTED_UPSERTS: u64 = 2_000;

/// Like context documents.
static DOCUMENTS: Collection = Collection {
    name: "documents",
    key: &["namespace", "session"],
    columns: &[Column {
        name: "session_key",
        kind: ColumnKind::Text,
    }],
    indexes: &[Index {
        name: "by_session",
        columns: &["session_key"],
        unique: false,
    }],
    expires: true,
};

static COLLECTIONS: &[&Collection] = &[&DOCUMENTS, &kept::EVENTS, &kept::LOG_SEQUENCES];

struct Bench {
    runtime: Runtime,
    store: Store,
    account: AccountId,
    /// Counts the values, so that none is written twice.
    values: Arc<AtomicU64>,
    writer: Option<JoinHandle<()>>,
    _place: Place,
}

/// Where the data is, until the end of a benchmark.
enum Place {
    Directory { _directory: TempDir },
    Server { _server: Server },
}

impl Bench {
    fn open() -> Self {
        let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let options = Options {
            directory: directory.path().to_path_buf(),
            collections: COLLECTIONS,
            is_server: true,
        };
        let (sqlite, writer) = Sqlite::open(&options).unwrap();
        let place = Place::Directory {
            _directory: directory,
        };
        let mut bench = Self::on(runtime(), sqlite.into(), place);
        bench.writer = Some(std::thread::spawn(move || writer.run()));
        bench
    }

    /// Opens a store on a server that syncs what it acknowledges.
    fn open_server() -> Self {
        let server = Server::with(|_| vec!["-c".to_owned(), "fsync=on".to_owned()]);
        let options = postgres::Options {
            address: server.database("bench"),
            root_certificates: None,
            collections: COLLECTIONS,
        };
        let runtime = runtime();
        let (store, driver) = runtime.block_on(Postgres::open(&options)).unwrap();
        runtime.spawn(driver.run());
        Self::on(runtime, store.into(), Place::Server { _server: server })
    }

    fn on(runtime: Runtime, store: Store, place: Place) -> Self {
        Self {
            runtime,
            store,
            account: AccountId::parse("acc1").unwrap(),
            values: Arc::default(),
            writer: None,
            _place: place,
        }
    }

    fn row(account: &AccountId, value: u64) -> PutRow {
        let session = (value % ROWS).to_string();
        PutRow {
            key: Key::new(account, ["orders", &session]),
            fields: vec![Field::Text(session)],
            expires_at: Some(NOW.plus(Duration::from_hours(24))),
            document: format!("{{\"value\":{value},\"text\":\"{value:->1000}\"}}"),
        }
    }

    /// Upserts `count` rows, one after the other in each of `writers` tasks; returns how long it took.
    fn upsert(&self, writers: u64, count: u64) -> Duration {
        let start = Instant::now();
        self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for writer in 0..writers {
                let share = count / writers + u64::from(writer < count % writers);
                let (store, account) = (self.store.clone(), self.account.clone());
                let values = Arc::clone(&self.values);
                tasks.spawn(async move {
                    for _ in 0..share {
                        let mut batch = Batch::new(NOW);
                        let value = values.fetch_add(1, Ordering::Relaxed);
                        batch.put(&DOCUMENTS, Self::row(&account, value), Expect::Any);
                        store.commit(batch).await.unwrap();
                    }
                });
            }
            tasks.join_all().await;
        });
        start.elapsed()
    }

    fn event(account: &AccountId, value: u64) -> AppendRow {
        let conversation = Field::Text(format!("conversation {}", value % ROWS));
        let agent = Field::Text(format!("agent {}", value % 1_000));
        AppendRow {
            account: account.clone(),
            fields: vec![conversation, agent],
            expires_at: Some(NOW.plus(Duration::from_hours(24))),
            document: format!("{{\"value\":{value},\"text\":\"{value:->300}\"}}"),
        }
    }

    /// Writes a row of its own again and again in each of `writers` tasks, as it was left, and
    /// appends an event with each if `is_logged`; returns how long it took.
    fn update(&self, writers: u64, count: u64, is_logged: bool) -> Duration {
        let start = Instant::now();
        self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for writer in 0..writers {
                let share = count / writers + u64::from(writer < count % writers);
                let (store, account) = (self.store.clone(), self.account.clone());
                let values = Arc::clone(&self.values);
                tasks.spawn(async move {
                    let mut expect = Expect::Any;
                    for _ in 0..share {
                        let value = values.fetch_add(1, Ordering::Relaxed);
                        let mut row = Self::row(&account, value);
                        row.key = Key::new(&account, ["own", &writer.to_string()]);
                        let mut batch = Batch::new(NOW);
                        batch.put(&DOCUMENTS, row, expect);
                        if is_logged {
                            batch.append(&kept::EVENTS, Self::event(&account, value));
                        }
                        let written = store.commit(batch).await.unwrap();
                        expect = Expect::Revision(*written.first().unwrap());
                    }
                });
            }
            tasks.join_all().await;
        });
        start.elapsed()
    }

    fn key(&self, value: u64) -> Key {
        let session = (value % ROWS).to_string();
        Key::new(&self.account, ["orders", &session])
    }

    fn read(&self, value: u64) {
        let key = self.key(value);
        let read = self.runtime.block_on(self.store.get(&DOCUMENTS, &key, NOW));
        assert!(read.unwrap().is_some());
    }

    fn read_many(&self, value: u64) {
        let wanted = (value..).map(|value| (&DOCUMENTS, self.key(value)));
        let wanted: Vec<_> = wanted
            .take(usize::try_from(READ_AT_ONCE).unwrap())
            .collect();
        let read = self.runtime.block_on(self.store.get_many(&wanted, NOW));
        assert!(read.unwrap().iter().all(Option::is_some));
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.store.close();
        if let Some(writer) = self.writer.take() {
            writer.join().unwrap();
        }
    }
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

fn commit(criterion: &mut Criterion) {
    measure(criterion, "SQLite", &Bench::open());
    measure(criterion, "PostgreSQL", &Bench::open_server());
}

fn measure(criterion: &mut Criterion, backend: &str, bench: &Bench) {
    bench.upsert(WRITERS, ROWS);
    let mut group = criterion.benchmark_group(backend);
    group.sample_size(10);
    group.bench_function("durable upsert, 1 writer", |bencher| {
        bencher.iter_custom(|count| bench.upsert(1, count));
    });
    group.bench_function("durable upsert, 64 writers", |bencher| {
        bencher.iter_custom(|count| bench.upsert(WRITERS, count));
    });
    for (name, is_logged) in [
        ("durable update, 64 writers", false),
        ("durable update with an event, 64 writers", true),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|count| bench.update(WRITERS, count, is_logged));
        });
    }
    let next = Cell::new(0);
    group.bench_function("point read", |bencher| {
        bencher.iter(|| bench.read(next.replace(next.get() + 7_919)));
    });
    group.bench_function("five rows at once", |bencher| {
        bencher.iter(|| bench.read_many(next.replace(next.get() + 7_919)));
    });
    group.finish();
}

/// CPU time of this process, in the kernel's ticks of 10 ms.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, numbers) = stat.rsplit_once(") ").unwrap();
    let ticks = numbers
        .split(' ')
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().unwrap());
    Duration::from_millis(10 * ticks.sum::<u64>())
}

/// Prints what the design promises.
fn report() {
    let bench = Bench::open();
    bench.upsert(WRITERS, ROWS);
    let mut rates = Vec::new();
    for (writers, count) in [(1, 3_000), (WRITERS, 60_000)] {
        let before = cpu();
        let elapsed = bench.upsert(writers, count);
        let used = cpu().saturating_sub(before).as_secs_f64() * 1e6;
        let count = f64::from(u32::try_from(count).unwrap());
        let rate = count / elapsed.as_secs_f64();
        println!(
            "{writers} writers: {rate:.0} upserts a second, {:.1} µs of CPU each",
            used / count
        );
        rates.push(rate);
    }
    if let [one, many] = rates.as_slice() {
        println!("{WRITERS} writers against 1: {:.1} times", many / one);
    }
    for writers in [1, WRITERS] {
        match syncs(writers) {
            Some(syncs) => {
                let upserts = f64::from(u32::try_from(COUNTED_UPSERTS).unwrap());
                println!(
                    "{writers} writers: {:.2} upserts for each sync",
                    upserts / syncs
                );
                assert!(
                    writers > 1 || syncs >= upserts,
                    "a batch was acknowledged without a sync"
                );
            }
            None => println!("{writers} writers: syncs not counted, `strace` does not run here"),
        }
    }
}

/// Counts the syncs of another run of this program.
fn syncs(writers: u64) -> Option<f64> {
    let directory = TempDir::new().unwrap();
    let counts = directory.path().join("counts");
    let status = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=fsync,fdatasync", "-o"])
        .arg(&counts)
        .arg(std::env::current_exe().unwrap())
        .args([COUNTED, &writers.to_string()])
        .status();
    if !status.ok()?.success() {
        return None;
    }
    let trace = std::fs::read_to_string(counts).ok()?;
    let syncs = trace.lines().filter(|line| line.contains("sync(")).count();
    Some(f64::from(u32::try_from(syncs).unwrap()))
}

criterion_group!(benches, commit);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(position) = arguments.iter().position(|argument| argument == COUNTED) {
        let writers = arguments.get(position + 1).unwrap().parse().unwrap();
        Bench::open().upsert(writers, COUNTED_UPSERTS);
        return;
    }
    if arguments.iter().any(|argument| argument == "--bench") {
        report();
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
