//! The writer of the decision log: what waits goes into blocks, many in one commit.
//!
//! A busy account fills blocks; a quiet one's newest block is written again with what follows, so
//! that it does not leave a row for every decision. How often policies win is counted in the same
//! commit, for busy accounts once a second.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use tokio::sync::mpsc;
use tokio::time::Instant;
use usher_model::id::AccountId;
use usher_model::limits;
use usher_store::batch::{Batch, CommitError, Conflict, Expect};
use usher_store::collection::kept;
use usher_store::record::DecisionBlock;
use usher_store::store::{Key, StoreError};

use super::log::Entry;
use crate::App;
use crate::error::{Error, Result};
use crate::usage::{Counters, Counts, Written};

/// How long the writer waits before it tries a failed commit again.
const RETRY_WAIT: Duration = Duration::from_millis(200);
/// How often a failed commit is tried once the application stops.
const ATTEMPTS_WHEN_STOPPING: usize = 5;
/// Decisions of an account in one commit up to which they are counted in it.
const COUNTED_AT_ONCE_MAX: usize = 64;

/// Writes decisions until the application stops and nothing waits any more.
pub(crate) async fn run(app: Arc<App>) {
    let Some(mut waiting) = app.log.take() else {
        return;
    };
    let stopping = app.tasks.stopping().clone();
    let mut writer = Writer::new(&app);
    let mut entries = Vec::with_capacity(limits::DECISION_LOG_BATCH_MAX);
    loop {
        let is_hurried = tokio::select! {
            received = waiting.recv_many(&mut entries, limits::DECISION_LOG_BATCH_MAX) => {
                if received == 0 { break }
                false
            }
            () = app.log.hurry.notified() => true,
            () = tokio::time::sleep_until(writer.counts_at), if writer.counters.owes() => true,
            () = stopping.cancelled() => break,
        };
        let is_hurried = gather(&app, &mut waiting, &mut entries, is_hurried).await;
        writer.write(&mut entries, is_hurried).await;
    }
    waiting.close();
    while waiting
        .recv_many(&mut entries, limits::DECISION_LOG_BATCH_MAX)
        .await
        > 0
    {
        writer.write(&mut entries, false).await;
    }
    writer.write(&mut entries, true).await;
}

/// Takes what waits. The first decision waits for company, but not long, and not if somebody is in a
/// hurry; says whether somebody was.
async fn gather(
    app: &App,
    waiting: &mut mpsc::Receiver<Entry>,
    entries: &mut Vec<Entry>,
    mut is_hurried: bool,
) -> bool {
    let full = tokio::time::sleep(limits::DECISION_LOG_DELAY_MAX);
    tokio::pin!(full);
    while entries.len() < limits::DECISION_LOG_BATCH_MAX {
        let room = limits::DECISION_LOG_BATCH_MAX - entries.len();
        tokio::select! {
            biased;
            received = waiting.recv_many(entries, room) => if received == 0 { break },
            () = std::future::ready(()), if is_hurried => break,
            () = app.log.hurry.notified() => is_hurried = true,
            () = app.tasks.stopping().cancelled() => break,
            () = &mut full => break,
        }
    }
    is_hurried
}

/// A block that may be written again with what follows it.
#[derive(Debug)]
struct Open {
    block: DecisionBlock,
    key: Key,
    revision: u64,
}

pub(super) struct Writer<'a> {
    app: &'a App,
    open: HashMap<AccountId, Open, RandomState>,
    counters: Counters,
    /// When what is owed to the counters is written.
    counts_at: Instant,
}

impl<'a> Writer<'a> {
    pub(super) fn new(app: &'a App) -> Self {
        Self {
            app,
            open: HashMap::default(),
            counters: Counters::default(),
            counts_at: Instant::now() + limits::DECISION_COUNT_DELAY_MAX,
        }
    }

    /// Commits decisions and counts them; tries again until it succeeds, or a few times when
    /// stopping.
    ///
    /// What is too much for one commit goes in several, and what the store refuses by itself is
    /// dropped: it must not hold up the decisions of others.
    pub(super) async fn write(&mut self, entries: &mut Vec<Entry>, is_hurried: bool) {
        // Nearly in order already, so that few of them are moved.
        entries.sort_by(|one, next| {
            let accounts = one.account.cmp(&next.account);
            accounts.then_with(|| one.decision.id.cmp(&next.decision.id))
        });
        let mut attempts = 0;
        let mut size = entries.len();
        let is_counting = is_hurried || Instant::now() >= self.counts_at;
        while !entries.is_empty() || (is_counting && self.counters.owes()) {
            size = size.min(entries.len());
            let Err(error) = self
                .commit(entries.get_mut(..size).unwrap_or_default(), is_counting)
                .await
            else {
                entries.drain(..size);
                continue;
            };
            if is_refused(&error) && size > 0 {
                if size > 1 {
                    size = size.div_ceil(2);
                } else {
                    self.lose(entries, 1, &error);
                }
                continue;
            }
            attempts += 1;
            if self.app.tasks.stopping().is_cancelled() && attempts >= ATTEMPTS_WHEN_STOPPING {
                self.lose(entries, entries.len(), &error);
                return;
            }
            tracing::warn!(%error, "decisions could not be logged; trying again");
            tokio::time::sleep(RETRY_WAIT).await;
        }
        if is_counting {
            self.counts_at = Instant::now() + limits::DECISION_COUNT_DELAY_MAX;
        }
    }

    /// Gives up the first `count` decisions, and counts them as dropped.
    fn lose(&self, entries: &mut Vec<Entry>, count: usize, error: &Error) {
        tracing::error!(count, %error, "decisions were not logged");
        self.app.log.count_dropped(count);
        self.app.log.settle(count, false);
        entries.drain(..count);
    }

    /// Commits decisions in blocks, with the counters of accounts that have few of them or, if
    /// `is_counting`, of all.
    async fn commit(&mut self, entries: &mut [Entry], is_counting: bool) -> Result<()> {
        let quiet = self.count(entries);
        let is_counted = |account: &AccountId| is_counting || quiet.contains(account);
        loop {
            let now = self.app.now();
            let mut batch = Batch::new(now);
            let blocks = self.pack(entries, &mut batch);
            let before = batch.len();
            let written = self
                .counters
                .write(self.app, &mut batch, is_counted, now)
                .await?;
            match self.app.store.commit(batch).await {
                Ok(revisions) => {
                    let (of_blocks, of_counters) = revisions.split_at(before.min(revisions.len()));
                    self.keep_open(blocks, of_blocks);
                    self.settle(entries, written, of_counters);
                    return Ok(());
                }
                // An attempt that seemed to fail wrote all of it: nobody else writes this key.
                Err(CommitError::Conflict {
                    collection,
                    reason: Conflict::Exists,
                    ..
                }) if collection == kept::DECISION_BLOCKS.name => {
                    self.open.clear();
                    self.settle(entries, written, &[]);
                    return Ok(());
                }
                // The block to be written again is not what it was: it stays, and a new one begins.
                Err(CommitError::Conflict {
                    collection, key, ..
                }) if collection == kept::DECISION_BLOCKS.name => {
                    self.open.remove(key.account());
                }
                // Another node counted at the same time: add to what it wrote.
                Err(CommitError::Conflict { key, .. }) => self.counters.forget(key.account()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Counts decisions that were not yet; returns the accounts that have few of them.
    fn count(&mut self, entries: &mut [Entry]) -> HashSet<AccountId, RandomState> {
        let mut counts = Counts::default();
        let mut quiet = HashSet::default();
        for entries in entries.chunk_by_mut(|one, next| one.account == next.account) {
            if entries.len() <= COUNTED_AT_ONCE_MAX {
                quiet.extend(entries.first().map(|entry| entry.account.clone()));
            }
            for entry in entries {
                if let Some(tally) = entry.tally.take() {
                    counts.add(&entry.account, entry.decision.id.minted_at(), &tally);
                }
            }
        }
        self.counters.owe(counts);
        quiet
    }

    /// Adds decisions to a batch in blocks; an open one is replaced by what it becomes.
    fn pack(&self, entries: &[Entry], batch: &mut Batch) -> Vec<Packed> {
        let mut packed = Vec::new();
        for entries in entries.chunk_by(|one, next| one.account == next.account) {
            let Some(first) = entries.first() else {
                continue;
            };
            let mut block = DecisionBlock::default();
            let open = self.open.get(&first.account);
            if let Some(open) = open.filter(|open| open.block.takes(&first.decision)) {
                let expect = Expect::Revision(open.revision);
                batch.delete(&kept::DECISION_BLOCKS, open.key.clone(), expect);
                block = open.block.clone();
            }
            let mut put = |block| packed.extend(Packed::new(&first.account, block, batch));
            block.reserve(bytes(entries));
            for (position, Entry { decision, .. }) in entries.iter().enumerate() {
                if !block.takes(decision) {
                    put(std::mem::take(&mut block));
                    block.reserve(bytes(entries.get(position..).unwrap_or_default()));
                }
                block.push(decision);
            }
            put(block);
        }
        packed
    }

    /// Remembers the blocks that may be written again.
    fn keep_open(&mut self, packed: Vec<Packed>, revisions: &[u64]) {
        for Packed { place, key, open } in packed {
            let account = key.account().clone();
            match (revisions.get(place).copied(), open) {
                (Some(revision), Some(block)) => {
                    let open = Open {
                        block,
                        key,
                        revision,
                    };
                    self.open.insert(account, open);
                }
                _ => drop(self.open.remove(&account)),
            }
        }
        let now = self.app.now();
        let is_recent = |open: &Open| {
            let first = open.block.range().map(|(first, _)| first.minted_at());
            first.is_some_and(|first| now.since(first) <= limits::DECISION_BLOCK_SPAN_MAX)
        };
        self.open.retain(|_, open| is_recent(open));
        if self.open.len() > limits::DECISION_BLOCKS_OPEN_MAX {
            self.open.clear();
        }
    }

    /// Tells readers what is written, and the counters what is kept.
    fn settle(&mut self, entries: &[Entry], written: Written, revisions: &[u64]) {
        self.counters.settle(written, revisions.iter().copied());
        self.app.log.settle(entries.len(), !self.counters.owes());
    }
}

/// A block in a batch.
struct Packed {
    /// Where in the batch.
    place: usize,
    key: Key,
    /// The block, if it may be written again.
    open: Option<DecisionBlock>,
}

impl Packed {
    fn new(account: &AccountId, block: DecisionBlock, batch: &mut Batch) -> Option<Self> {
        let (place, key) = (batch.len(), block.key(account)?);
        let open = block.is_open().then(|| block.clone());
        block.put(account, batch, Expect::Absent);
        Some(Self { place, key, open })
    }
}

/// Returns how much JSON the next block has, at most.
fn bytes(entries: &[Entry]) -> usize {
    let entries = entries.iter().take(limits::DECISION_BLOCK_ROWS_MAX);
    // Each with what stands before it.
    let bytes: usize = entries.map(|entry| entry.decision.bytes() + 1).sum();
    bytes.min(limits::DECISION_BLOCK_BYTES_MAX)
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
