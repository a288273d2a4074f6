//! The decision log, written behind the answer.
//!
//! An answered decision waits in a bounded queue until the writer commits it with others: asking
//! costs no sync. A full queue slows callers down; only when that does not help within a second is
//! a decision dropped, and a drop is counted. Shutdown writes what waits.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use usher_model::id::AccountId;
use usher_model::limits;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::record;
use usher_store::store::StoreError;

use crate::App;
use crate::error::{Error, Result};
use crate::usage::Counts;

/// How long a caller waits for room before its decision is dropped.
const ROOM_WAIT: Duration = Duration::from_secs(1);
/// How long a reader waits for what was answered before it asked.
const READ_WAIT: Duration = Duration::from_secs(2);
/// How long the writer waits before it tries a failed commit again.
const RETRY_WAIT: Duration = Duration::from_millis(200);
/// How often a failed commit is tried once the application stops.
const ATTEMPTS_WHEN_STOPPING: usize = 5;

/// A decision on its way to the log.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) account: AccountId,
    pub(crate) decision: record::Decision,
}

/// The queue between callers and the writer.
///
/// Entries are counted as they come in and as they leave, so that a reader can wait until all that
/// was answered before is written.
pub(crate) struct Log {
    queue: mpsc::Sender<Entry>,
    appended: AtomicU64,
    settled: watch::Sender<u64>,
    /// Wakes the writer: somebody wants to read.
    hurry: Notify,
    // Guards the other end until the writer takes it.
    waiting: Mutex<Option<mpsc::Receiver<Entry>>>,
    dropped: AtomicU64,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

impl Log {
    pub(crate) fn new() -> Self {
        let (queue, waiting) = mpsc::channel(limits::DECISION_LOG_QUEUE_MAX);
        Self {
            queue,
            appended: AtomicU64::new(0),
            settled: watch::Sender::new(0),
            hurry: Notify::new(),
            waiting: Mutex::new(Some(waiting)),
            dropped: AtomicU64::new(0),
        }
    }

    /// Hands a decision to the writer; waits for room, but not for ever.
    pub(crate) async fn append(&self, entry: Entry) {
        let entry = match self.queue.try_send(entry) {
            Ok(()) => return self.count(),
            Err(mpsc::error::TrySendError::Closed(entry)) => entry,
            Err(mpsc::error::TrySendError::Full(entry)) => {
                match self.queue.send_timeout(entry, ROOM_WAIT).await {
                    Ok(()) => return self.count(),
                    Err(error) => error.into_inner(),
                }
            }
        };
        self.dropped.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("usher_decisions_dropped_total").increment(1);
        tracing::warn!(decision_id = %entry.decision.id, "a decision was not logged: the log is full");
    }

    /// Counts an entry that is in the queue; its caller is answered after this.
    fn count(&self) {
        self.appended.fetch_add(1, Ordering::SeqCst);
    }

    /// Waits until every decision that was answered before is written, but not for ever: a reader
    /// sees what it caused.
    pub(crate) async fn caught_up(&self) {
        let target = self.appended.load(Ordering::SeqCst);
        let mut settled = self.settled.subscribe();
        if *settled.borrow_and_update() >= target {
            return;
        }
        self.hurry.notify_one();
        let written = settled.wait_for(|settled| *settled >= target);
        if tokio::time::timeout(READ_WAIT, written).await.is_err() {
            tracing::warn!("the decision log is behind; a reader does not see the newest entries");
        }
    }

    /// Counts entries that wait no longer.
    fn settle(&self, entries: usize) {
        let entries = u64::try_from(entries).unwrap_or(0);
        self.settled.send_modify(|settled| *settled += entries);
    }
}

/// Writes decisions until the application stops and nothing waits any more.
pub(crate) async fn write_behind(app: Arc<App>) {
    let taken = app
        .log
        .waiting
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let Some(mut waiting) = taken else { return };
    let stopping = app.tasks.stopping().clone();
    let mut batch = Vec::with_capacity(limits::DECISION_LOG_BATCH_MAX);
    loop {
        tokio::select! {
            received = waiting.recv_many(&mut batch, limits::DECISION_LOG_BATCH_MAX) => {
                if received == 0 { return }
            }
            () = stopping.cancelled() => break,
        }
        // The first decision waits for company, but not long.
        let full = tokio::time::sleep(limits::DECISION_LOG_DELAY_MAX);
        tokio::pin!(full);
        while batch.len() < limits::DECISION_LOG_BATCH_MAX {
            let room = limits::DECISION_LOG_BATCH_MAX - batch.len();
            tokio::select! {
                received = waiting.recv_many(&mut batch, room) => if received == 0 { break },
                () = &mut full => break,
                () = app.log.hurry.notified() => break,
                () = stopping.cancelled() => break,
            }
        }
        write(&app, &mut batch).await;
    }
    waiting.close();
    while waiting
        .recv_many(&mut batch, limits::DECISION_LOG_BATCH_MAX)
        .await
        > 0
    {
        write(&app, &mut batch).await;
    }
}

/// Commits decisions and their usage; tries again until it succeeds, or a few times when stopping.
///
/// What is too much for one commit goes in several, and what the store refuses by itself is dropped:
/// it must not hold up the decisions of others.
async fn write(app: &App, entries: &mut Vec<Entry>) {
    let mut attempts = 0;
    let mut size = entries.len();
    while !entries.is_empty() {
        size = size.min(entries.len());
        let Err(error) = commit(app, entries.get(..size).unwrap_or_default()).await else {
            app.log.settle(size);
            entries.drain(..size);
            continue;
        };
        if is_refused(&error) {
            if size > 1 {
                size = size.div_ceil(2);
            } else {
                lose(app, entries, 1, &error);
            }
            continue;
        }
        attempts += 1;
        if app.tasks.stopping().is_cancelled() && attempts >= ATTEMPTS_WHEN_STOPPING {
            let count = entries.len();
            lose(app, entries, count, &error);
            return;
        }
        tracing::warn!(%error, "decisions could not be logged; trying again");
        tokio::time::sleep(RETRY_WAIT).await;
    }
}

/// Gives up the first `count` decisions, and counts them.
fn lose(app: &App, entries: &mut Vec<Entry>, count: usize, error: &Error) {
    tracing::error!(count, %error, "decisions were not logged");
    let lost = u64::try_from(count).unwrap_or(0);
    app.log.dropped.fetch_add(lost, Ordering::Relaxed);
    metrics::counter!("usher_decisions_dropped_total").increment(lost);
    app.log.settle(count);
    entries.drain(..count);
}

/// Whether the store would refuse the same again.
fn is_refused(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    let refusal = source.and_then(|source| match source.downcast_ref::<CommitError>() {
        Some(CommitError::Store(refusal)) => Some(refusal),
        Some(_) => None,
        None => source.downcast_ref::<StoreError>(),
    });
    matches!(refusal, Some(StoreError::Refused { .. }))
}

async fn commit(app: &App, entries: &[Entry]) -> Result<()> {
    let mut counts = Counts::default();
    for entry in entries {
        counts.add(&entry.account, &entry.decision);
    }
    loop {
        let now = app.now();
        let mut batch = Batch::new(now);
        for entry in entries {
            batch.put_record(&entry.account, &entry.decision, Expect::Any)?;
        }
        counts.add_to(app, &mut batch, now).await?;
        match app.store.commit(batch).await {
            // Another node counted at the same time: add to what it wrote.
            Err(CommitError::Conflict { .. }) => {}
            other => return Ok(other.map(drop)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_bus::local::Local;
    use usher_context::expiry::TtlMax;
    use usher_model::id::{DecisionId, IdSource, NodeId};
    use usher_model::time::{Clock, ManualClock, Timestamp};
    use usher_store::collection::kept;
    use usher_store::record::Fact;
    use usher_store::sqlite::Sqlite;
    use usher_store::store::Query;

    use super::*;

    fn app() -> Arc<App> {
        let (sqlite, writer) = Sqlite::open_in_memory(kept::ALL).unwrap();
        std::thread::spawn(move || writer.run());
        let start = Timestamp::parse("2026-05-04T10:00:00Z").unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::starting_at(start));
        let options = crate::Options {
            policies_max: 1,
            rate_per_second: 1,
            rate_burst: 1,
            context_ttl_max: TtlMax::default(),
            context_cache_documents: 1,
            decision_retention_days: 1,
            token_ttl: Duration::from_secs(1),
            sweep_interval: Duration::from_secs(1),
        };
        let ids = IdSource::new(Arc::clone(&clock), [1; 32]);
        let bus = Local::new(NodeId::mint(&ids)).into();
        App::new(sqlite.into(), bus, clock, ids, options)
    }

    fn entry(app: &App, account: &AccountId, bytes: usize) -> Entry {
        let decision = record::Decision {
            id: DecisionId::mint(&app.ids),
            at: app.now(),
            duration_us: 0,
            api: "API".to_owned(),
            conversation_id: None,
            session_id: None,
            consumer_id: None,
            ruleset_revision: 0,
            only_policy_id: None,
            policy_id: None,
            policy_name: None,
            no_match_reason: None,
            actions: Vec::new(),
            facts: vec![Fact {
                attribute: "a.b".to_owned(),
                value: "x".repeat(bytes).into(),
            }],
            faults: Vec::new(),
            notes: Vec::new(),
            expires_at: app.now().plus(Duration::from_secs(60)),
        };
        Entry {
            account: account.clone(),
            decision,
        }
    }

    #[tokio::test]
    async fn decisions_too_large_for_one_commit_hold_up_nobody() {
        let app = app();
        let [large, other] = ["large", "other"].map(|id| AccountId::parse(id).unwrap());
        let half = limits::STORE_BATCH_BYTES_MAX / 2;
        let mut entries = vec![
            entry(&app, &large, half),
            entry(&app, &large, half),
            entry(&app, &large, 2 * half),
            entry(&app, &other, 1),
        ];
        write(&app, &mut entries).await;
        assert!(entries.is_empty());
        assert_eq!(
            app.log.dropped.load(Ordering::Relaxed),
            1,
            "the one that fits nowhere"
        );
        for (account, kept) in [(&large, 2), (&other, 1)] {
            let query = Query::all(account, &kept::DECISIONS);
            let rows = app.store.find_all(&query, app.now()).await.unwrap();
            assert_eq!(rows.len(), kept);
        }
    }
}
