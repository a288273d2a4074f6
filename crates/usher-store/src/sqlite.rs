//! The embedded store: SQLite in one directory.
//!
//! One writer commits what has queued up in one transaction, and acknowledges after the sync: from
//! 1 to 64 writers that is one sync for all. Readers have connections of their own and never wait
//! for the writer (WAL).

mod open;
mod statement;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use usher_model::id::AccountId;
use usher_model::time::Timestamp;

pub use writer::Writer;

use crate::batch::{Batch, CommitError};
use crate::collection::Collection;
use crate::store::{Key, Page, Query, Row, StoreError};

/// Batches that wait for the writer; more are refused.
const QUEUE_MAX: usize = 4_096;
/// Connections kept for readers; a burst may open more for a moment.
const READERS_MAX: usize = 8;
/// Rows that a query reads on the caller's own thread; larger ones go to a blocking thread.
const INLINE_ROWS_MAX: usize = 8;

/// The embedded store.
#[derive(Clone)]
pub struct Sqlite(Arc<Shared>);

struct Shared {
    path: PathBuf,
    queue: mpsc::Sender<writer::Work>,
    // Guards the idle connections; held to push or pop one.
    readers: Mutex<Vec<Connection>>,
    /// Held as long as the store is open, if this process serves.
    _lock: Option<std::fs::File>,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite")
            .field("path", &self.0.path)
            .finish_non_exhaustive()
    }
}

/// How the store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data directory; made if it is not there.
    pub directory: PathBuf,
    /// What is kept.
    pub collections: &'static [&'static Collection],
    /// Whether this process serves: no second one may.
    pub is_server: bool,
}

impl Sqlite {
    /// Opens or makes the store in a directory, and returns its writer for a thread of its own.
    ///
    /// # Errors
    /// Fails if the directory cannot be used, another server has it, the file is damaged, or a newer
    /// version wrote it.
    pub fn open(options: &Options) -> Result<(Self, Writer), StoreError> {
        let lock = open::prepare_directory(options)?;
        let path = options.directory.join(open::FILE_NAME);
        let connection = open::writer(&path, options.collections)?;
        let (queue, work) = mpsc::channel(QUEUE_MAX);
        let shared = Shared {
            path,
            queue,
            readers: Mutex::new(Vec::new()),
            _lock: lock,
        };
        let writer = Writer::new(connection, work, options.collections);
        Ok((Self(Arc::new(shared)), writer))
    }

    /// Returns the data file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    pub(crate) fn get_many(
        &self,
        wanted: &[(&'static Collection, Key)],
        now: Timestamp,
    ) -> Result<Vec<Option<Row>>, StoreError> {
        self.with_reader(|connection| {
            let read = |connection: &Connection| {
                wanted
                    .iter()
                    .map(|(collection, key)| statement::get(connection, collection, key, now))
                    .collect::<Result<Vec<_>, _>>()
            };
            if wanted.len() < 2 {
                return read(connection);
            }
            // One transaction sees one instant.
            let transaction = connection.unchecked_transaction()?;
            let rows = read(&transaction)?;
            transaction.finish()?;
            Ok(rows)
        })
    }

    pub(crate) async fn find(&self, query: &Query, now: Timestamp) -> Result<Page, StoreError> {
        if query.limit <= INLINE_ROWS_MAX {
            return self.with_reader(|connection| statement::find(connection, query, now));
        }
        let (store, query) = (self.clone(), query.clone());
        let work = move || store.with_reader(|reader| statement::find(reader, &query, now));
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_stopping| StoreError::Closed)?
    }

    pub(crate) fn accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        self.with_reader(|connection| Ok(statement::accounts(connection)?))
    }

    pub(crate) async fn commit(&self, batch: Batch) -> Result<Vec<u64>, CommitError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let (acknowledge, acknowledged) = oneshot::channel();
        self.enqueue(writer::Work::Commit { batch, acknowledge })?;
        acknowledged
            .await
            .map_err(|_gone| CommitError::Store(StoreError::Closed))?
    }

    pub(crate) async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, CommitError> {
        let (acknowledge, acknowledged) = oneshot::channel();
        self.enqueue(writer::Work::Sweep {
            now,
            limit,
            acknowledge,
        })?;
        acknowledged
            .await
            .map_err(|_gone| CommitError::Store(StoreError::Closed))?
    }

    fn enqueue(&self, work: writer::Work) -> Result<(), CommitError> {
        self.0.queue.try_send(work).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CommitError::Busy,
            mpsc::error::TrySendError::Closed(_) => CommitError::Store(StoreError::Closed),
        })
    }

    fn with_reader<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.readers().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open::reader(&self.0.path)?,
        };
        let answer = read(&connection);
        let mut readers = self.readers();
        // A connection that failed may be broken: the next reader opens another.
        if answer.is_ok() && readers.len() < READERS_MAX {
            readers.push(connection);
        }
        answer
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.0
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
