//! The queue between decisions and the log, which is written behind the answer.
//!
//! An answered decision waits in a bounded queue until the writer commits it with others: asking
//! costs no sync. A full queue slows callers down; only when that does not help within a second is
//! a decision dropped, and a drop is counted. Shutdown writes what waits.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use metrics::Counter;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use usher_model::id::AccountId;
use usher_model::limits;
use usher_store::record::WrittenDecision;

use super::Api;
use crate::usage::Tally;

/// How long a caller waits for room before its decision is dropped.
const ROOM_WAIT: Duration = Duration::from_secs(1);
/// How long a reader waits for what was answered before it asked.
const READ_WAIT: Duration = Duration::from_secs(2);
/// The unit in which the queue's bytes are counted.
const KIB: usize = 1 << 10;

/// A decision on its way to the log.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) account: AccountId,
    pub(super) decision: WrittenDecision,
    /// Until it is counted.
    pub(super) tally: Option<Tally>,
    /// Its part of the queue's bytes, until it is written.
    _room: OwnedSemaphorePermit,
}

#[cfg(test)]
impl Entry {
    /// Makes an entry that takes no room.
    pub(super) fn new(account: AccountId, decision: WrittenDecision, tally: Tally) -> Self {
        let room = Arc::new(Semaphore::new(1));
        Self {
            account,
            decision,
            tally: Some(tally),
            _room: room.try_acquire_owned().unwrap(),
        }
    }
}

/// How far the log is, in decisions since the start.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// Written, or given up.
    settled: u64,
    /// Written and counted.
    counted: u64,
}

/// The queue between callers and the writer.
///
/// Entries are counted as they come in and as they leave, so that a reader can wait until all that
/// was answered before is written.
pub(crate) struct Log {
    queue: mpsc::Sender<Entry>,
    /// What is left of the queue's bytes.
    room: Arc<Semaphore>,
    room_max: usize,
    appended: AtomicU64,
    progress: watch::Sender<Progress>,
    /// Wakes the writer: somebody wants to read.
    pub(super) hurry: Notify,
    // Guards the other end until the writer takes it.
    waiting: Mutex<Option<mpsc::Receiver<Entry>>>,
    dropped: AtomicU64,
    asked: Asked,
}

/// The counters of decisions by door: made at the first, because looking one up by its labels costs
/// more than counting.
#[derive(Default)]
struct Asked {
    v1: OnceLock<Counter>,
    v2: OnceLock<Counter>,
    own: OnceLock<Counter>,
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
        Self::with_room(limits::DECISION_LOG_QUEUE_BYTES_MAX)
    }

    /// Makes a queue that holds so many bytes.
    pub(super) fn with_room(bytes: usize) -> Self {
        let (queue, waiting) = mpsc::channel(limits::DECISION_LOG_QUEUE_MAX);
        let room = bytes / KIB;
        Self {
            queue,
            room: Arc::new(Semaphore::new(room)),
            room_max: room,
            appended: AtomicU64::new(0),
            progress: watch::Sender::default(),
            hurry: Notify::new(),
            waiting: Mutex::new(Some(waiting)),
            dropped: AtomicU64::new(0),
            asked: Asked::default(),
        }
    }

    /// Hands a decision to the writer; waits for room, but not for ever.
    pub(super) async fn append(&self, account: AccountId, decision: WrittenDecision, tally: Tally) {
        // The largest decision takes all the room there is.
        let size = decision.bytes().div_ceil(KIB).min(self.room_max);
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let id = decision.id;
        let entry = |room| Entry {
            account,
            decision,
            tally: Some(tally),
            _room: room,
        };
        let is_queued = match Arc::clone(&self.room).try_acquire_many_owned(size) {
            Ok(room) => match self.queue.try_send(entry(room)) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Closed(_)) => false,
                Err(mpsc::error::TrySendError::Full(entry)) => {
                    let sent = self.queue.send_timeout(entry, ROOM_WAIT);
                    // On the heap: every decision would carry the room for it.
                    Box::pin(sent).await.is_ok()
                }
            },
            Err(_full) => Box::pin(self.append_in_turn(size, entry)).await,
        };
        if is_queued {
            // Its caller is answered after this.
            self.appended.fetch_add(1, Ordering::SeqCst);
        } else {
            self.count_dropped(1);
            tracing::warn!(decision_id = %id, "a decision was not logged: the log is full");
        }
    }

    /// Waits until there is room for an entry; says whether it was queued.
    async fn append_in_turn(
        &self,
        size: u32,
        entry: impl FnOnce(OwnedSemaphorePermit) -> Entry,
    ) -> bool {
        let room = Arc::clone(&self.room).acquire_many_owned(size);
        match tokio::time::timeout(ROOM_WAIT, room).await {
            Ok(Ok(room)) => {
                let sent = self.queue.send_timeout(entry(room), ROOM_WAIT);
                sent.await.is_ok()
            }
            Ok(Err(_)) | Err(_) => false,
        }
    }

    /// Counts a decision that was asked for through a door.
    pub(super) fn count(&self, api: Api) {
        let counter = match api {
            Api::V1 => &self.asked.v1,
            Api::V2 => &self.asked.v2,
            Api::Own => &self.asked.own,
        };
        let counter = counter
            .get_or_init(|| metrics::counter!("usher_decisions_total", "api" => api.as_str()));
        counter.increment(1);
    }

    pub(super) fn count_dropped(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(0);
        self.dropped.fetch_add(count, Ordering::Relaxed);
        metrics::counter!("usher_decisions_dropped_total").increment(count);
    }

    /// Returns how many were dropped.
    #[cfg(test)]
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until every decision that was answered before is written, but not for ever: a reader
    /// sees what it caused.
    pub(crate) async fn caught_up(&self) {
        self.reached(|progress| progress.settled).await;
    }

    /// Waits until every decision that was answered before is counted too.
    pub(crate) async fn counted(&self) {
        self.reached(|progress| progress.counted).await;
    }

    async fn reached(&self, how_far: impl Fn(&Progress) -> u64) {
        let target = self.appended.load(Ordering::SeqCst);
        let mut progress = self.progress.subscribe();
        if how_far(&progress.borrow_and_update()) >= target {
            return;
        }
        self.hurry.notify_one();
        let reached = progress.wait_for(|progress| how_far(progress) >= target);
        if tokio::time::timeout(READ_WAIT, reached).await.is_err() {
            tracing::warn!("the decision log is behind; a reader does not see the newest entries");
        }
    }

    /// Counts entries that wait no longer; with `is_counted`, so are all before.
    pub(super) fn settle(&self, entries: usize, is_counted: bool) {
        let entries = u64::try_from(entries).unwrap_or(0);
        self.progress.send_modify(|progress| {
            progress.settled += entries;
            if is_counted {
                progress.counted = progress.settled;
            }
        });
    }

    /// Hands out the other end of the queue, once.
    pub(super) fn take(&self) -> Option<mpsc::Receiver<Entry>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.take()
    }
}
