//! What all clients of the load share.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::times::Times;
use crate::process::Node;

/// The server and what is known of it.
pub(super) struct World {
    pub(super) node: Node,
    pub(super) address: SocketAddr,
    /// Messages of a conversation, the opening one and turns of the two sides.
    pub(super) messages: usize,
    /// Whether the server is killed now and then, so that connections may break.
    pub(super) is_killed: bool,
    /// Cancelled when nobody begins another conversation.
    pub(super) closing: CancellationToken,
    pub(super) arrivals: Arrivals,
    /// Guards what the clients note; held for nanoseconds.
    pub(super) records: Mutex<Records>,
}

impl World {
    pub(super) fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the next conversation is to begin and returns its number; nothing when no more
    /// are.
    pub(super) async fn arrival(&self) -> Option<usize> {
        let number = self.arrivals.begun.fetch_add(1, Ordering::Relaxed);
        let arrivals = &self.arrivals;
        if number >= arrivals.count_max || self.closing.is_cancelled() {
            return None;
        }
        let after = arrivals.pause * u32::try_from(number).unwrap_or(u32::MAX);
        tokio::select! {
            () = self.closing.cancelled() => None,
            () = tokio::time::sleep_until(arrivals.begun_at + after) => Some(number),
        }
    }
}

/// When conversations begin.
pub(super) struct Arrivals {
    pub(super) begun_at: Instant,
    /// Between two; zero for as soon as somebody has time.
    pub(super) pause: Duration,
    pub(super) count_max: usize,
    pub(super) begun: AtomicUsize,
}

/// What the clients saw with their own eyes.
#[derive(Default)]
pub(super) struct Records {
    pub(super) times: Times,
    /// When a message was sent first.
    sent_at: HashMap<(String, usize), Instant>,
    /// When a message was shown on the first screen.
    shown_at: HashMap<u64, Instant>,
    /// Where the messages of each conversation stand, as the acknowledgements said; the first of a
    /// conversation is acknowledged with the conversation, which does not say where.
    pub(super) acknowledged: BTreeMap<String, BTreeMap<usize, Option<u64>>>,
    /// Sockets that were opened again after the server had died.
    pub(super) reconnected: usize,
    /// Readers that were cut off because they were too slow.
    pub(super) slow: usize,
    /// Commands that were given again because they came too fast.
    pub(super) limited: usize,
    /// Accepts that came too late.
    pub(super) refused: usize,
}

impl Records {
    pub(super) fn sent(&mut self, conversation: &str, number: usize) {
        let message = (conversation.to_owned(), number);
        self.sent_at.entry(message).or_insert_with(Instant::now);
    }

    /// Notes that the other side has a message on its screen.
    pub(super) fn arrived(&mut self, conversation: &str, number: usize) {
        let sent_at = self.sent_at.remove(&(conversation.to_owned(), number));
        if let Some(sent_at) = sent_at {
            self.times.arrived.add(sent_at.elapsed(), false);
        }
    }

    /// Notes that a message is on one more screen.
    pub(super) fn shown(&mut self, sequence: u64) {
        let now = Instant::now();
        match self.shown_at.get(&sequence) {
            Some(first) => self.times.fan_out.add(now.duration_since(*first), false),
            None => drop(self.shown_at.insert(sequence, now)),
        }
    }

    pub(super) fn acknowledge(&mut self, conversation: &str, number: usize, at: Option<u64>) {
        let messages = self.acknowledged.entry(conversation.to_owned());
        messages.or_default().insert(number, at);
    }

    pub(super) fn acknowledged_count(&self) -> usize {
        self.acknowledged.values().map(BTreeMap::len).sum()
    }
}
