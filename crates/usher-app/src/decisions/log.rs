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

use crate::App;
use crate::error::Result;
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
        self.appended.fetch_add(1, Ordering::SeqCst);
        let entry = match self.queue.try_send(entry) {
            Ok(()) => return,
            Err(mpsc::error::TrySendError::Closed(entry)) => entry,
            Err(mpsc::error::TrySendError::Full(entry)) => {
                match self.queue.send_timeout(entry, ROOM_WAIT).await {
                    Ok(()) => return,
                    Err(error) => error.into_inner(),
                }
            }
        };
        self.settle(1);
        self.dropped.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("usher_decisions_dropped_total").increment(1);
        tracing::warn!(decision_id = %entry.decision.id, "a decision was not logged: the log is full");
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

    /// Returns how many decisions were answered but not logged since the start.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
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
async fn write(app: &App, entries: &mut Vec<Entry>) {
    let mut attempts = 0;
    loop {
        match commit(app, entries).await {
            Ok(()) => break,
            Err(error) => {
                attempts += 1;
                let is_stopping = app.tasks.stopping().is_cancelled();
                if is_stopping && attempts >= ATTEMPTS_WHEN_STOPPING {
                    let count = entries.len();
                    tracing::error!(count, %error, "decisions were not logged before the stop");
                    app.log
                        .dropped
                        .fetch_add(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
                    break;
                }
                tracing::warn!(%error, "decisions could not be logged; trying again");
                tokio::time::sleep(RETRY_WAIT).await;
            }
        }
    }
    app.log.settle(entries.len());
    entries.clear();
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
