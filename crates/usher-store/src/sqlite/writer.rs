//! The one writer: what has queued up goes in one transaction, and is acknowledged after the sync.

use std::io::BufRead;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use usher_model::limits;
use usher_model::time::Timestamp;

use super::portable;
use super::read::bind;
use super::sequences::Sequences;
use crate::backup::{BackupError, Summary};
use crate::batch::{Action, Batch, CommitError, Conflict, Expect, Operation};
use crate::collection::{Collection, Index};
use crate::sql::{Table, Tables, Value};
use crate::store::StoreError;

/// Something for the writer to do.
pub(super) enum Work {
    Commit {
        batch: Batch,
        acknowledge: oneshot::Sender<Result<Vec<u64>, CommitError>>,
    },
    Sweep {
        now: Timestamp,
        limit: usize,
        acknowledge: oneshot::Sender<Result<usize, StoreError>>,
    },
    /// Writes what is there already, to see whether it can.
    Probe {
        acknowledge: oneshot::Sender<Result<(), StoreError>>,
    },
    Restore {
        /// Taken when it is read.
        from: Option<Box<dyn BufRead + Send>>,
        acknowledge: oneshot::Sender<Result<Summary, BackupError>>,
    },
}

impl Work {
    const fn bytes(&self) -> usize {
        match self {
            Self::Commit { batch, .. } => batch.bytes(),
            Self::Sweep { .. } | Self::Probe { .. } | Self::Restore { .. } => 0,
        }
    }
}

/// What is told once the transaction is on disk.
enum Outcome {
    Commit(Result<Vec<u64>, CommitError>),
    Sweep(usize),
    Probe,
    Restore(Result<Summary, BackupError>),
}

/// The loop that writes; it blocks, so it runs on a thread of its own.
pub struct Writer {
    connection: Arc<Mutex<Connection>>,
    queue: mpsc::Receiver<Work>,
    waiting: Arc<AtomicUsize>,
    tables: Arc<Tables>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) const fn new(
        connection: Arc<Mutex<Connection>>,
        queue: mpsc::Receiver<Work>,
        waiting: Arc<AtomicUsize>,
        tables: Arc<Tables>,
    ) -> Self {
        Self {
            connection,
            queue,
            waiting,
            tables,
        }
    }

    /// Writes until the store is closed or every handle of it is gone, and what waited is written.
    pub fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let group = self.gather(first);
            self.write(group);
        }
        // What is in the log is safe; without it the file alone is the store, and the next start is
        // faster.
        let connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::debug!(%error, "the write-ahead log stays for the next start");
        }
    }

    /// Takes what has queued up, within the bounds of one transaction.
    fn gather(&mut self, first: Work) -> Vec<Work> {
        let mut bytes = first.bytes();
        let mut group = vec![first];
        while group.len() < limits::STORE_GROUP_BATCHES_MAX
            && bytes < limits::STORE_GROUP_BYTES_MAX
            && let Ok(next) = self.queue.try_recv()
        {
            bytes += next.bytes();
            group.push(next);
        }
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        group
    }

    fn write(&self, mut group: Vec<Work>) {
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let outcomes = transact(&mut connection, &self.tables, &mut group);
        drop(connection);
        match outcomes {
            Ok(outcomes) => {
                for (work, outcome) in group.into_iter().zip(outcomes) {
                    work.acknowledge(outcome);
                }
            }
            Err(error) => {
                let error = StoreError::from(error);
                let (batches, cause) = (group.len(), &error as &dyn std::error::Error);
                tracing::error!(
                    error = cause,
                    batches,
                    "a transaction failed and was taken back"
                );
                group
                    .into_iter()
                    .for_each(|work| work.refuse(error.clone()));
            }
        }
    }
}

impl Work {
    /// Tells who asked; they may have gone, and what was written stays written.
    fn acknowledge(self, outcome: Outcome) {
        match (self, outcome) {
            (Self::Commit { acknowledge, .. }, Outcome::Commit(outcome)) => {
                drop(acknowledge.send(outcome));
            }
            (Self::Sweep { acknowledge, .. }, Outcome::Sweep(swept)) => {
                drop(acknowledge.send(Ok(swept)));
            }
            (Self::Probe { acknowledge }, Outcome::Probe) => drop(acknowledge.send(Ok(()))),
            (Self::Restore { acknowledge, .. }, Outcome::Restore(outcome)) => {
                drop(acknowledge.send(outcome));
            }
            // INVARIANT: every work has its own kind of outcome.
            (work, _) => work.refuse(StoreError::Closed),
        }
    }

    fn refuse(self, error: StoreError) {
        match self {
            Self::Commit { acknowledge, .. } => drop(acknowledge.send(Err(error.into()))),
            Self::Sweep { acknowledge, .. } => drop(acknowledge.send(Err(error))),
            Self::Probe { acknowledge } => drop(acknowledge.send(Err(error))),
            Self::Restore { acknowledge, .. } => drop(acknowledge.send(Err(error.into()))),
        }
    }
}

/// Applies a group in one transaction; a batch that conflicts leaves no trace, and the others none
/// of it.
fn transact(
    connection: &mut Connection,
    tables: &Tables,
    group: &mut [Work],
) -> rusqlite::Result<Vec<Outcome>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have written since.
    let before = last_revision(&transaction)?;
    let mut counters = Counters {
        revision: before,
        sequences: Sequences::default(),
    };
    let mut outcomes = Vec::with_capacity(group.len());
    for work in group {
        outcomes.push(match work {
            Work::Commit { batch, .. } => {
                Outcome::Commit(apply_batch(&transaction, tables, batch, &mut counters)?)
            }
            Work::Sweep { now, limit, .. } => {
                Outcome::Sweep(sweep(&transaction, tables, *now, *limit)?)
            }
            Work::Probe { .. } => {
                keep_revision(&transaction, counters.revision)?;
                Outcome::Probe
            }
            Work::Restore { from, .. } => {
                Outcome::Restore(restore(&transaction, tables, from.take(), &mut counters)?)
            }
        });
    }
    let Counters {
        mut revision,
        sequences,
    } = counters;
    sequences.keep(&transaction, &mut revision)?;
    if revision != before {
        keep_revision(&transaction, revision)?;
    }
    transaction.commit()?;
    Ok(outcomes)
}

/// What is counted within one transaction.
struct Counters {
    /// The last revision that was given.
    revision: u64,
    sequences: Sequences,
}

/// Why a batch is not applied: it conflicts, or the whole transaction is lost.
enum Refusal {
    Conflict(CommitError),
    Fatal(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fatal(error)
    }
}

fn apply_batch(
    transaction: &Transaction<'_>,
    tables: &Tables,
    batch: &mut Batch,
    counters: &mut Counters,
) -> rusqlite::Result<Result<Vec<u64>, CommitError>> {
    // One operation is one statement, which happens or does not by itself; checks before it leave
    // nothing to take back.
    let needs_savepoint = batch.operations.split_last().is_some_and(|(_, before)| {
        let is_check = |operation: &Operation| matches!(operation.action, Action::Check);
        !before.iter().all(is_check)
    });
    if needs_savepoint {
        run(transaction, "SAVEPOINT batch")?;
    }
    let mut revisions = Vec::with_capacity(batch.operations.len());
    let mark = counters.sequences.mark();
    for operation in &mut batch.operations {
        let sequence = counters.sequences.number(transaction, tables, operation)?;
        match apply(
            transaction,
            tables,
            operation,
            batch.now,
            &mut counters.revision,
        ) {
            Ok(written) => revisions.push(sequence.unwrap_or(written)),
            Err(Refusal::Conflict(conflict)) => {
                counters.sequences.take_back(mark);
                if needs_savepoint {
                    run(transaction, "ROLLBACK TO batch")?;
                    run(transaction, "RELEASE batch")?;
                }
                return Ok(Err(conflict));
            }
            Err(Refusal::Fatal(error)) => return Err(error),
        }
    }
    if needs_savepoint {
        run(transaction, "RELEASE batch")?;
    }
    Ok(Ok(revisions))
}

/// Applies one operation and returns the row's new revision, or 0 if it leaves none.
fn apply(
    transaction: &Transaction<'_>,
    tables: &Tables,
    operation: &Operation,
    now: Timestamp,
    last_revision: &mut u64,
) -> Result<u64, Refusal> {
    let table = tables
        .get(operation.collection)
        .map_err(|unknown| Refusal::Conflict(CommitError::Store(unknown)))?;
    let conflict = |reason| Refusal::Conflict(operation.conflict(reason));
    let revision = *last_revision + 1;
    let Some((sql, values)) = table.write(operation, now, Some(revision)) else {
        return match (
            operation.expect,
            live_revision(transaction, table, operation, now)?,
        ) {
            (Expect::Absent, Some(_)) => Err(conflict(Conflict::Exists)),
            (Expect::Revision(expected), found) if found != Some(expected) => {
                Err(conflict(Conflict::Revision))
            }
            _ => Ok(0),
        };
    };
    let mut statement = transaction.prepare_cached(sql)?;
    bind(&mut statement, &values)?;
    let changed = match statement.raw_execute() {
        Ok(changed) => changed,
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            return Err(conflict_of(transaction, table, operation, now, error)?);
        }
        Err(error) => return Err(error.into()),
    };
    match (&operation.action, operation.expect) {
        (_, Expect::Revision(_)) if changed == 0 => Err(conflict(Conflict::Revision)),
        (Action::Put { .. }, Expect::Absent) if changed == 0 => Err(conflict(Conflict::Exists)),
        (Action::Put { .. }, _) => {
            *last_revision = revision;
            Ok(revision)
        }
        (Action::Delete | Action::Check, _) => Ok(0),
    }
}

/// Finds out which expectation a violated constraint stands for.
fn conflict_of(
    transaction: &Transaction<'_>,
    table: &Table,
    operation: &Operation,
    now: Timestamp,
    error: rusqlite::Error,
) -> rusqlite::Result<Refusal> {
    let conflict = |reason| Ok(Refusal::Conflict(operation.conflict(reason)));
    // Which of several violated constraints SQLite reports is not defined; the key comes first.
    if operation.expect == Expect::Absent
        && live_revision(transaction, table, operation, now)?.is_some()
    {
        return conflict(Conflict::Exists);
    }
    if let Action::Put { fields, .. } = &operation.action {
        for index in table.collection.indexes.iter().filter(|index| index.unique) {
            let columns = index_values(table.collection, index, operation, fields);
            if other_row_agrees(transaction, table.collection, operation, &columns)? {
                return conflict(Conflict::Unique(index.name));
            }
        }
    }
    Ok(Refusal::Fatal(error))
}

fn index_values<'a>(
    collection: &'static Collection,
    index: &Index,
    operation: &'a Operation,
    fields: &'a [crate::store::Field],
) -> Vec<(&'static str, Value<'a>)> {
    let parts = operation.key.parts().iter().map(|part| Value::Text(part));
    let parts = collection.key.iter().copied().zip(parts);
    let columns = collection.columns.iter().map(|column| column.name);
    let columns = columns.zip(fields.iter().map(Value::from));
    parts
        .chain(columns)
        .filter(|(name, _)| index.columns.contains(name))
        .collect()
}

fn other_row_agrees(
    transaction: &Transaction<'_>,
    collection: &Collection,
    operation: &Operation,
    columns: &[(&'static str, Value<'_>)],
) -> rusqlite::Result<bool> {
    let mut sql = format!("SELECT 1 FROM {} WHERE account_id = ?1", collection.name);
    let mut values = vec![Value::Text(operation.key.account().as_str())];
    for (name, value) in columns {
        values.push(*value);
        sql.push_str(&format!(" AND {name} = ?{}", values.len()));
    }
    sql.push_str(" AND NOT (true");
    for (name, part) in collection.key.iter().zip(operation.key.parts()) {
        values.push(Value::Text(part));
        sql.push_str(&format!(" AND {name} = ?{}", values.len()));
    }
    sql.push(')');
    let mut statement = transaction.prepare_cached(&sql)?;
    bind(&mut statement, &values)?;
    Ok(statement.raw_query().next()?.is_some())
}

fn live_revision(
    transaction: &Transaction<'_>,
    table: &Table,
    operation: &Operation,
    now: Timestamp,
) -> rusqlite::Result<Option<u64>> {
    let mut statement = transaction.prepare_cached(&table.check)?;
    bind(&mut statement, &table.get_values(&operation.key, now))?;
    let mut rows = statement.raw_query();
    let revision: Option<i64> = rows.next()?.map(|row| row.get(0)).transpose()?;
    Ok(revision.and_then(|revision| u64::try_from(revision).ok()))
}

/// Restores a backup, or leaves no trace of it.
fn restore(
    transaction: &Transaction<'_>,
    tables: &Tables,
    from: Option<Box<dyn BufRead + Send>>,
    counters: &mut Counters,
) -> rusqlite::Result<Result<Summary, BackupError>> {
    let Some(from) = from else {
        return Ok(Err(StoreError::Closed.into()));
    };
    run(transaction, "SAVEPOINT batch")?;
    match portable::restore(transaction, tables, from) {
        Ok((summary, restored)) => {
            counters.revision = restored.max(counters.revision);
            run(transaction, "RELEASE batch")?;
            Ok(Ok(summary))
        }
        Err(error) => {
            run(transaction, "ROLLBACK TO batch")?;
            run(transaction, "RELEASE batch")?;
            Ok(Err(error))
        }
    }
}

fn sweep(
    transaction: &Transaction<'_>,
    tables: &Tables,
    now: Timestamp,
    limit: usize,
) -> rusqlite::Result<usize> {
    let mut swept = 0;
    for table in tables.iter().filter(|table| table.collection.expires) {
        if swept < limit {
            let wanted = i64::try_from(limit - swept).unwrap_or(i64::MAX);
            let mut statement = transaction.prepare_cached(&table.sweep)?;
            swept += statement.execute([now.milliseconds(), wanted])?;
        }
    }
    Ok(swept)
}

pub(super) fn last_revision(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT last FROM usher_revision")?;
    let last: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?;
    Ok(last.and_then(|last| u64::try_from(last).ok()).unwrap_or(0))
}

fn keep_revision(connection: &Connection, revision: u64) -> rusqlite::Result<()> {
    let revision = i64::try_from(revision).unwrap_or(i64::MAX);
    connection
        .prepare_cached("UPDATE usher_revision SET last = ?1")?
        .execute([revision])?;
    Ok(())
}

fn run(transaction: &Transaction<'_>, sql: &str) -> rusqlite::Result<()> {
    transaction.prepare_cached(sql)?.raw_execute()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collection::kept;
    use crate::sqlite::{Options, Sqlite};

    #[tokio::test]
    async fn a_store_that_may_only_be_read_is_not_ready_until_it_may_be_written() {
        let directory = tempfile::tempdir().unwrap();
        let (store, writer) = Sqlite::open(&Options {
            directory: directory.path().to_owned(),
            collections: kept::ALL,
            is_server: true,
        })
        .unwrap();
        let connection = Arc::clone(&writer.connection);
        let may_write = |may: bool| {
            let sql = format!("PRAGMA query_only = {}", u8::from(!may));
            connection.lock().unwrap().execute_batch(&sql).unwrap();
        };
        let running = std::thread::spawn(move || writer.run());
        assert!(store.ping().await.is_ok());
        may_write(false);
        assert!(matches!(store.ping().await, Err(StoreError::ReadOnly(_))));
        may_write(true);
        assert!(store.ping().await.is_ok());
        drop(store);
        running.join().unwrap();
    }
}
