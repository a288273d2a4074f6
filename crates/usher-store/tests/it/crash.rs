//! What was acknowledged survives the death of the process, and a batch is never there in part.
//!
//! The test starts its own executable again as the process that dies. There, many writers each put
//! the next number into two rows at once, append it to a log that all share, and say so on the
//! standard output as soon as the store has acknowledged it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use tempfile::TempDir;
use tokio::task::JoinSet;
use usher_store::batch::{Batch, Expect};
use usher_store::sequence;
use usher_store::sqlite::Sqlite;
use usher_store::store::{Field, Key, Query, Store};

use crate::harness::{JOURNAL, NOW, Opened, THINGS, account, entry, get, options, put, thing};

/// Names the directory to the process that dies.
const DIRECTORY: &str = "USHER_CRASH_DIRECTORY";
const WRITERS: u64 = 64;
/// Acknowledgements after which the process dies, at the latest.
const ACKNOWLEDGED_MAX: u64 = 4_000;
/// Kills: a few always, many if the environment says `USHER_LONG=1`.
const KILLS: u64 = 10;
const KILLS_LONG: u64 = 200;

fn key(writer: u64, side: &str) -> Key {
    Key::new(&account("acc1"), [&writer.to_string(), side])
}

fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how a test speaks to the process it starts"
    )]
    std::env::var(name).ok()
}

/// Writes the next numbers of one writer, telling each that was acknowledged. Each write expects what
/// the last one was told to have left, so that none can be lost behind a later one.
async fn write(store: Store, writer: u64, count: u64, tell: impl Fn(u64, u64)) {
    let before = number(&store, writer, "left").await;
    let mut expects = Vec::new();
    for side in ["left", "right"] {
        let row = get(&store, &THINGS, &key(writer, side)).await;
        expects.push(row.map_or(Expect::Absent, |row| Expect::Revision(row.revision)));
    }
    for number in before + 1..=before.saturating_add(count) {
        let length = usize::try_from(number % 900).unwrap();
        let document = format!("[{number},\"{}\"]", "x".repeat(length));
        let mut batch = Batch::new(NOW);
        for (side, expect) in ["left", "right"].into_iter().zip(expects) {
            batch.put(&THINGS, thing(key(writer, side), &document), expect);
        }
        batch.append(&JOURNAL, entry("acc1", &writer.to_string(), None));
        let written = store.commit(batch).await.unwrap();
        expects = written.into_iter().take(2).map(Expect::Revision).collect();
        tell(writer, number);
    }
}

async fn number(store: &Store, writer: u64, side: &str) -> u64 {
    let Some(row) = get(store, &THINGS, &key(writer, side)).await else {
        return 0;
    };
    let (number, _): (u64, String) = serde_json::from_str(&row.document).unwrap();
    number
}

/// How far a log has been read, and how often each writer stands in it.
#[derive(Default)]
struct Journal {
    seen: u64,
    counts: BTreeMap<u64, u64>,
}

impl Journal {
    /// Reads on; the numbers must have no gap.
    async fn read(&mut self, store: &Store) {
        let query = Query {
            from: Some(sequence::field(self.seen + 1)),
            ..Query::all(&account("acc1"), &JOURNAL)
        };
        for row in store.find_all(&query, NOW).await.unwrap() {
            assert_eq!(sequence::of(&row.key).unwrap(), self.seen + 1);
            self.seen += 1;
            let Field::Text(writer) = &row.fields[0] else {
                panic!("expected a writer, found {row:?}")
            };
            *self.counts.entry(writer.parse().unwrap()).or_default() += 1;
        }
    }
}

/// In the process that dies this writes until it does; else it writes a little and must be right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_write_what_they_say() {
    let doomed = variable(DIRECTORY);
    let directory = TempDir::new().unwrap();
    let path = doomed.as_deref().map_or(directory.path(), Path::new);
    let (sqlite, writer) = Sqlite::open(&options(path)).unwrap();
    let opened = Opened::new(sqlite, writer);
    let count = if doomed.is_some() { u64::MAX } else { 20 };
    let tell = move |writer: u64, number: u64| {
        if count == u64::MAX {
            let line = format!("{writer} {number}\n");
            std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
        }
    };
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(opened.store.clone(), writer, count, tell));
    }
    writers.join_all().await;
    for writer in 0..WRITERS {
        assert_eq!(number(&opened.store, writer, "left").await, 20);
    }
}

/// Lets the process write until `acknowledged` lines are read, kills it, and returns the last number
/// that each writer told.
fn write_and_kill(directory: &Path, acknowledged: u64) -> BTreeMap<u64, u64> {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "crash::many_writers_write_what_they_say",
        ])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut last = BTreeMap::new();
    let mut count = 0;
    for line in lines {
        let words: Vec<u64> = line
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        let [writer, number] = words.as_slice() else {
            continue;
        };
        last.insert(*writer, *number);
        count += 1;
        if count == acknowledged {
            // What it has told until now is still read from the pipe.
            process.kill().unwrap();
        }
    }
    process.wait().unwrap();
    assert!(count >= acknowledged, "the process died by itself");
    last
}

fn random(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut generator =
        TestRng::from_seed(RngAlgorithm::ChaCha, &[u8::try_from(seed).unwrap(); 32]);
    move |bound| generator.next_u64() % bound
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_acknowledged() {
    let kills = if variable("USHER_LONG").is_some() {
        KILLS_LONG
    } else {
        KILLS
    };
    let directory = TempDir::new().unwrap();
    let mut random = random(1);
    let mut known: BTreeMap<u64, u64> = BTreeMap::new();
    let mut journal = Journal::default();
    let mut revision = 0;
    for kill in 0..kills {
        known.append(&mut write_and_kill(
            directory.path(),
            1 + random(ACKNOWLEDGED_MAX),
        ));
        let (sqlite, writer) = Sqlite::open(&options(directory.path())).unwrap();
        let opened = Opened::new(sqlite, writer);
        assert_eq!(
            opened.store.check().await.unwrap().findings,
            [""; 0],
            "kill {kill}"
        );
        journal.read(&opened.store).await;
        for writer in 0..WRITERS {
            let (left, right) = (
                number(&opened.store, writer, "left").await,
                number(&opened.store, writer, "right").await,
            );
            let told = known.get(&writer).copied().unwrap_or(0);
            assert_eq!(left, right, "kill {kill}: half a batch of writer {writer}");
            // One more may have been written and not told.
            assert!(
                left == told || left == told + 1,
                "kill {kill}: writer {writer} told {told}, found {left}"
            );
            let logged = journal.counts.get(&writer).copied().unwrap_or(0);
            assert_eq!(logged, left, "kill {kill}: the log of writer {writer}");
            known.insert(writer, left);
        }
        // The counter of the log is no older than its rows, and no newer.
        let mut batch = Batch::new(NOW);
        batch.append(&JOURNAL, entry("acc1", &WRITERS.to_string(), None));
        let next = opened.store.commit(batch).await.unwrap()[0];
        assert_eq!(next, journal.seen + 1, "kill {kill}");
        // The counter of revisions is no older than the rows.
        let rows = opened
            .store
            .find_all(&Query::all(&account("acc1"), &THINGS), NOW)
            .await
            .unwrap();
        revision = rows.iter().map(|row| row.revision).fold(revision, u64::max);
        let other = Key::new(&account("acc1"), ["other", "row"]);
        let next = put(&opened.store, &THINGS, thing(other, "0"), Expect::Any)
            .await
            .unwrap();
        assert!(next > revision, "{next} after {revision}");
    }
}

/// When power fails, the end of the log may be lost or garbage as far as it was not yet synced. What
/// was synced is the disk's promise and cannot be tested here; that any cut leaves whole batches, the
/// first ones, can.
#[tokio::test]
async fn a_log_that_ends_anywhere_holds_the_first_batches_whole() {
    let directory = TempDir::new().unwrap();
    let known = write_and_kill(directory.path(), 500);
    let log = fs::read(directory.path().join("usher.db-wal")).unwrap();
    let mut random = random(2);
    let mut before = u64::MAX;
    let length = u64::try_from(log.len()).unwrap();
    let mut cuts: Vec<u64> = (0..20).map(|_| random(length + 1)).collect();
    cuts.push(length);
    cuts.sort_unstable();
    for cut in cuts.into_iter().rev() {
        let kept = &log[..usize::try_from(cut).unwrap()];
        let garbage: Vec<u8> = (0..random(9_000))
            .map(|byte| u8::try_from(byte % 251).unwrap())
            .collect();
        for tail in [Vec::new(), garbage] {
            let copy = TempDir::new().unwrap();
            fs::copy(
                directory.path().join("usher.db"),
                copy.path().join("usher.db"),
            )
            .unwrap();
            fs::write(copy.path().join("usher.db-wal"), [kept, &tail].concat()).unwrap();
            let (sqlite, writer) = Sqlite::open(&options(copy.path())).unwrap();
            let opened = Opened::new(sqlite, writer);
            assert_eq!(
                opened.store.check().await.unwrap().findings,
                [""; 0],
                "cut at {cut}"
            );
            let mut sum = 0;
            for writer in 0..WRITERS {
                let left = number(&opened.store, writer, "left").await;
                assert_eq!(
                    left,
                    number(&opened.store, writer, "right").await,
                    "cut at {cut}"
                );
                assert!(
                    left <= known.get(&writer).copied().unwrap_or(0) + 1,
                    "cut at {cut}"
                );
                sum += left;
            }
            let mut journal = Journal::default();
            journal.read(&opened.store).await;
            assert_eq!(journal.seen, sum, "cut at {cut}");
            assert!(sum <= before, "a shorter log holds more");
            assert!(
                cut < length || sum >= known.values().sum(),
                "the whole log holds less"
            );
            before = sum;
        }
    }
}
