//! Batches that wait for the same log, in one transaction.
//!
//! A log is locked until its transaction ends, so batches of one account that append would be as slow
//! as one sync after the other. What a node has waiting for a log goes in one transaction instead:
//! one lock and one sync for all. A batch that cannot be takes back the transaction; the others are
//! written without it.
//!
//! Transactions of several batches touch rows in any order, so two nodes would often lock each other
//! out. They take turns: the first thing that such a transaction locks is the log's name.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::error::SqlState;
use usher_model::id::AccountId;
use usher_model::limits;

use super::append::Append;
use super::write::{self, Failure, cut, end, transact};
use super::{Admitted, Core, in_time};
use crate::batch::{Batch, CommitError, Expect};
use crate::store::StoreError;

/// A log of an account.
type Log = (AccountId, &'static str);

type Outcome = Result<Vec<u64>, CommitError>;

/// A batch that appends to one log, and who waits for it.
pub(super) struct Waiting {
    batch: Batch,
    log: Log,
    admitted: Admitted,
    acknowledge: oneshot::Sender<Outcome>,
}

impl Waiting {
    /// Returns a batch as one that waits, with its answer to be.
    pub(super) fn new(
        batch: Batch,
        log: Log,
        admitted: Admitted,
    ) -> (Self, oneshot::Receiver<Outcome>) {
        let (acknowledge, acknowledged) = oneshot::channel();
        let waiting = Self {
            batch,
            log,
            admitted,
            acknowledge,
        };
        (waiting, acknowledged)
    }

    /// Tells who asked; they may have gone, and what was written stays written.
    fn tell(self, outcome: Outcome) {
        drop(self.acknowledge.send(outcome));
    }
}

/// Returns the log that a batch appends to, if there is one and no other.
pub(super) fn only_log(batch: &Batch) -> Option<Log> {
    let operations = batch.operations.iter();
    let appended = operations.filter(|one| one.expect == Expect::Next);
    let mut logs = appended.map(|one| (one.key.account(), one.collection.name));
    let (account, name) = logs.next()?;
    let is_only = logs.all(|log| log == (account, name));
    is_only.then(|| (account.clone(), name))
}

/// Writes groups of batches, one for each log at a time.
pub(super) struct Groups {
    waiting: mpsc::Receiver<Waiting>,
    /// What waits for a log of which a group is being written.
    queues: HashMap<Log, VecDeque<Waiting>>,
    under_way: FuturesUnordered<Pin<Box<dyn Future<Output = Log> + Send>>>,
}

impl Groups {
    pub(super) fn new(waiting: mpsc::Receiver<Waiting>) -> Self {
        Self {
            waiting,
            queues: HashMap::new(),
            under_way: FuturesUnordered::new(),
        }
    }

    /// Runs until every handle of the store is gone, and what waited is written.
    pub(super) async fn run(mut self) {
        let mut is_open = true;
        while is_open || !self.under_way.is_empty() {
            tokio::select! {
                one = self.waiting.recv(), if is_open => match one {
                    Some(one) => self.take(one),
                    None => is_open = false,
                },
                Some(log) = self.under_way.next(), if !self.under_way.is_empty() => self.go_on(log),
            }
        }
    }

    fn take(&mut self, one: Waiting) {
        if let Some(queue) = self.queues.get_mut(&one.log) {
            queue.push_back(one);
            return;
        }
        self.queues.insert(one.log.clone(), VecDeque::new());
        self.begin(one.log.clone(), vec![one]);
    }

    /// Begins the next group of a log whose last one has been written.
    fn go_on(&mut self, log: Log) {
        let group = self.queues.get_mut(&log).map(gather).unwrap_or_default();
        if group.is_empty() {
            self.queues.remove(&log);
        } else {
            self.begin(log, group);
        }
    }

    fn begin(&self, log: Log, group: Vec<Waiting>) {
        self.under_way.push(Box::pin(async move {
            write(&log, group).await;
            log
        }));
    }
}

/// Takes what waits, within the bounds of one transaction.
fn gather(queue: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut bytes = 0;
    let mut group = Vec::new();
    while group.len() < limits::STORE_LOG_GROUP_BATCHES_MAX
        && bytes < limits::STORE_GROUP_BYTES_MAX
        && let Some(one) = queue.pop_front()
    {
        // Whoever waits no longer has been told that it is not known.
        if !one.acknowledge.is_closed() {
            bytes += one.batch.bytes();
            group.push(one);
        }
    }
    group
}

/// Why batches cannot be written together; nothing of them was written, but after a failure, of
/// which that is not known.
enum Apart {
    /// One of them is in the way of all.
    But(usize),
    /// Others were in the way.
    All,
    Failed(StoreError),
}

/// Writes a group, in as few transactions as it takes.
async fn write(log: &Log, group: Vec<Waiting>) {
    let mut parts = vec![group];
    while let Some(mut part) = parts.pop() {
        let Some(core) = part.first().map(|one| Arc::clone(&one.admitted.core)) else {
            continue;
        };
        if part.len() == 1 {
            for one in part {
                let written = in_time(write::commit(&core.pool, &core.tables, &one.batch)).await;
                one.tell(written.map_err(CommitError::from).flatten());
            }
            continue;
        }
        let written = in_time(together(&core, log, &part)).await;
        match written.unwrap_or_else(|late| Err(Apart::Failed(late))) {
            Ok(outcomes) => {
                for (one, written) in part.into_iter().zip(outcomes) {
                    one.tell(Ok(written));
                }
            }
            Err(Apart::But(position)) => {
                // INVARIANT: the position is one of the part.
                let mut alone = part.split_off(position);
                let behind = alone.split_off(1);
                parts.extend([behind, alone, part]);
            }
            Err(Apart::All) => parts.extend(part.into_iter().rev().map(|one| vec![one])),
            Err(Apart::Failed(error)) => {
                for one in part {
                    one.tell(Err(error.clone().into()));
                }
            }
        }
    }
}

/// Writes batches in one transaction, in their order; returns what each operation of them was given.
async fn together(core: &Core, log: &Log, group: &[Waiting]) -> Result<Vec<Vec<u64>>, Apart> {
    let (mut statements, mut owners) = (Vec::new(), Vec::new());
    let (mut places, mut rows) = (Vec::new(), Vec::new());
    let mut count = 0;
    for (owner, one) in group.iter().enumerate() {
        for mut statement in cut(&core.tables, &one.batch, true).map_err(Apart::Failed)? {
            statement.position += count;
            statements.push(statement);
            owners.push(owner);
        }
        for (place, operation) in one.batch.operations.iter().enumerate() {
            if operation.expect == Expect::Next {
                places.push(count + place);
                rows.push(operation);
            }
        }
        count += one.batch.operations.len();
    }
    let append = Append::new(&core.tables, places, &rows).map_err(Apart::Failed)?;
    let mut written = vec![0; count];
    let lease = core.pool.lease().await.map_err(Apart::Failed)?;
    let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({})", number(log));
    let mut answered = 0;
    let transacted = transact(
        &lease.connection,
        &begin,
        &statements,
        &mut written,
        &mut answered,
    );
    let transacted = transacted.await;
    let ended = end(lease, transacted, &[append], &mut written).await;
    let owner = owners.get(answered).copied();
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(_conflict)) => return Err(owner.map_or(Apart::All, Apart::But)),
        Err(Failure::InBulk) => return Err(owner.map_or(Apart::All, Apart::But)),
        Err(Failure::Error(error)) if error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) => {
            return Err(Apart::All);
        }
        Err(Failure::Error(error)) => return Err(Apart::Failed(error.into())),
        Err(Failure::Store(error)) => return Err(Apart::Failed(error)),
    }
    let mut written = written.into_iter();
    let of = |one: &Waiting| {
        let given = written.by_ref().take(one.batch.operations.len());
        given.collect()
    };
    Ok(group.iter().map(of).collect())
}

/// Returns the number by which nodes take turns at a log (FNV-1a): if two logs have the same, they
/// wait for each other.
fn number((account, name): &Log) -> i64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = account.as_str().bytes().chain([0]).chain(name.bytes());
    let hash = bytes.fold(BASIS, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    i64::from_ne_bytes(hash.to_ne_bytes())
}
