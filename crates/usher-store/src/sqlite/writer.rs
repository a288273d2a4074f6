//! The one writer: what has queued up goes in one transaction, and is acknowledged after the sync.

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use usher_model::time::Timestamp;

use super::statement;
use crate::batch::{Action, Batch, CommitError, Conflict, Expect, Operation};
use crate::collection::Collection;
use crate::store::StoreError;

/// Batches in one transaction: enough that a sync is shared by all who wait, few enough that the
/// first of them does not wait long.
const GROUP_MAX: usize = 512;

/// Something for the writer to do.
pub(super) enum Work {
    Commit {
        batch: Batch,
        acknowledge: oneshot::Sender<Result<Vec<u64>, CommitError>>,
    },
    Sweep {
        now: Timestamp,
        limit: usize,
        acknowledge: oneshot::Sender<Result<usize, CommitError>>,
    },
}

/// The loop that writes; it blocks, so it runs on a thread of its own.
pub struct Writer {
    connection: Connection,
    queue: mpsc::Receiver<Work>,
    collections: &'static [&'static Collection],
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// What is told to whom once the transaction is on disk.
enum Answer {
    Commit(
        oneshot::Sender<Result<Vec<u64>, CommitError>>,
        Result<Vec<u64>, CommitError>,
    ),
    Sweep(oneshot::Sender<Result<usize, CommitError>>, usize),
}

impl Writer {
    pub(super) const fn new(
        connection: Connection,
        queue: mpsc::Receiver<Work>,
        collections: &'static [&'static Collection],
    ) -> Self {
        Self {
            connection,
            queue,
            collections,
        }
    }

    /// Writes until every handle of the store is gone, then empties the write-ahead log.
    pub fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP_MAX
                && let Ok(next) = self.queue.try_recv()
            {
                group.push(next);
            }
            self.write(group);
        }
        if let Err(error) = self
            .connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")
        {
            tracing::warn!(%error, "the write-ahead log was not emptied; the next start does it");
        }
    }

    fn write(&mut self, group: Vec<Work>) {
        let mut answers = Vec::with_capacity(group.len());
        let written = self.write_group(group, &mut answers);
        let failure = written.err().map(|error| error.to_string());
        if let Some(error) = &failure {
            tracing::error!(
                error,
                batches = answers.len(),
                "a group of batches was not written"
            );
        }
        for answer in answers {
            // Whoever asked may have gone; what was written stays written.
            match (answer, &failure) {
                (Answer::Commit(to, outcome), None) => drop(to.send(outcome)),
                (Answer::Sweep(to, swept), None) => drop(to.send(Ok(swept))),
                (Answer::Commit(to, _), Some(error)) => drop(to.send(Err(unwritten(error)))),
                (Answer::Sweep(to, _), Some(error)) => drop(to.send(Err(unwritten(error)))),
            }
        }
    }

    fn write_group(
        &mut self,
        group: Vec<Work>,
        answers: &mut Vec<Answer>,
    ) -> Result<(), rusqlite::Error> {
        let mut group = group.into_iter();
        let begun = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate);
        let mut transaction = match begun {
            Ok(transaction) => transaction,
            Err(error) => {
                answers.extend(group.map(|work| work.unanswered()));
                return Err(error);
            }
        };
        let mut revision = last_revision(&transaction)?;
        let result = (|| {
            for work in group.by_ref() {
                match work {
                    Work::Commit { batch, acknowledge } => {
                        let savepoint = transaction.savepoint()?;
                        let applied = apply(&savepoint, &batch, &mut revision);
                        if applied.is_ok() {
                            savepoint.commit()?;
                        } else {
                            savepoint.finish()?;
                        }
                        let outcome = match applied {
                            Err(CommitError::Store(StoreError::Sqlite(error)))
                                if is_fatal(&error) =>
                            {
                                answers.push(Answer::Commit(acknowledge, Err(CommitError::Busy)));
                                return Err(error);
                            }
                            outcome => outcome,
                        };
                        answers.push(Answer::Commit(acknowledge, outcome));
                    }
                    Work::Sweep {
                        now,
                        limit,
                        acknowledge,
                    } => {
                        let swept = sweep(&transaction, self.collections, now, limit)?;
                        answers.push(Answer::Sweep(acknowledge, swept));
                    }
                }
            }
            Ok(())
        })();
        answers.extend(group.map(|work| work.unanswered()));
        result?;
        keep_revision(&transaction, revision)?;
        transaction.commit()
    }
}

impl Work {
    fn unanswered(self) -> Answer {
        match self {
            Self::Commit { acknowledge, .. } => Answer::Commit(acknowledge, Err(CommitError::Busy)),
            Self::Sweep { acknowledge, .. } => Answer::Sweep(acknowledge, 0),
        }
    }
}

/// Errors after which the whole transaction is lost: no space, no file, a damaged page.
fn is_fatal(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation)
}

fn unwritten(error: &str) -> CommitError {
    CommitError::Store(StoreError::Unwritten(error.to_owned()))
}

fn last_revision(connection: &Connection) -> rusqlite::Result<u64> {
    let last: i64 = connection
        .prepare_cached("SELECT last FROM usher_revision")?
        .query_row([], |row| row.get(0))?;
    Ok(u64::try_from(last).unwrap_or(0))
}

fn keep_revision(connection: &Connection, revision: u64) -> rusqlite::Result<()> {
    let revision = i64::try_from(revision).unwrap_or(i64::MAX);
    connection
        .prepare_cached("UPDATE usher_revision SET last = ?1")?
        .execute([revision])?;
    Ok(())
}

/// Applies a batch, or says which expectation does not hold.
fn apply(
    connection: &Connection,
    batch: &Batch,
    revision: &mut u64,
) -> Result<Vec<u64>, CommitError> {
    let mut revisions = Vec::with_capacity(batch.operations.len());
    for operation in &batch.operations {
        let Operation {
            collection,
            key,
            expect,
            action,
        } = operation;
        let conflict = |reason| CommitError::Conflict {
            collection: collection.name,
            reason,
        };
        if *expect != Expect::Any {
            let state = statement::state(connection, collection, key).map_err(StoreError::from)?;
            let is_live =
                |expires_at: Option<i64>| expires_at.is_none_or(|at| at > batch.now.milliseconds());
            let live = state
                .filter(|(_, expires_at)| is_live(*expires_at))
                .map(|(found, _)| found);
            match (expect, live) {
                (Expect::Absent, Some(_)) => return Err(conflict(Conflict::Exists)),
                (Expect::Revision(expected), found) if found != Some(*expected) => {
                    return Err(conflict(Conflict::Revision));
                }
                _ => {}
            }
        }
        *revision += 1;
        revisions.push(*revision);
        let written = match action {
            Action::Put {
                fields,
                expires_at,
                document,
            } => statement::put(
                connection,
                collection,
                key,
                fields,
                *revision,
                *expires_at,
                document,
            ),
            Action::Delete => statement::delete(connection, collection, key),
            Action::Check => Ok(()),
        };
        written.map_err(|error| {
            if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
                conflict(Conflict::Unique)
            } else {
                StoreError::from(error).into()
            }
        })?;
    }
    Ok(revisions)
}

fn sweep(
    connection: &Connection,
    collections: &[&'static Collection],
    now: Timestamp,
    limit: usize,
) -> rusqlite::Result<usize> {
    let mut swept = 0;
    for collection in collections.iter().filter(|collection| collection.expires) {
        if swept < limit {
            swept += statement::sweep(connection, collection, now, limit - swept)?;
        }
    }
    Ok(swept)
}
