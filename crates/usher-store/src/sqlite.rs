//! The embedded store: SQLite in one directory.
//!
//! One writer commits what has queued up in one transaction, and acknowledges after the sync: from
//! 1 to 64 writers that is one sync for all. Readers have connections of their own and never wait
//! for the writer (WAL). Other processes may write to the same directory; each takes its turn.

mod open;
mod portable;
mod read;
mod sequences;
mod writer;

use std::fmt;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql};
use tokio::sync::{mpsc, oneshot};
use usher_model::id::AccountId;
use usher_model::limits;
use usher_model::time::Timestamp;

pub use open::DirectoryLock;
pub use writer::Writer;

use crate::backup::{BackupError, Summary};
use crate::batch::{Batch, CommitError};
use crate::collection::Collection;
use crate::sql::{Dialect, Tables, Value};
use crate::store::{Health, Key, OpenError, Page, Query, Row, StoreError};
use read::Readers;
use writer::Work;

/// Rows that a find reads on the caller's own thread; a larger one goes to a blocking thread.
const INLINE_ROWS_MAX: usize = 16;

/// The embedded store.
#[derive(Clone)]
pub struct Sqlite(Arc<Shared>);

struct Shared {
    path: PathBuf,
    tables: Arc<Tables>,
    readers: Readers,
    // Guards the way to the writer, gone once the store is closed; held to send, never across a wait.
    queue: Mutex<Option<mpsc::Sender<Work>>>,
    /// Bytes of the batches that wait; the writer takes them off.
    waiting: Arc<AtomicUsize>,
    /// Held as long as the store is open, if this process serves.
    _lock: Option<DirectoryLock>,
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
    /// Opens or makes the store in a directory, and returns its writer, to be run on a thread of its
    /// own: without it no commit returns.
    ///
    /// # Errors
    /// Fails if the directory cannot be used, another server has it, the file is damaged, or a newer
    /// version wrote it.
    pub fn open(options: &Options) -> Result<(Self, Writer), OpenError> {
        crate::collection::check(options.collections)?;
        open::make_directory(&options.directory)?;
        let lock = match options.is_server {
            true => Some(Self::lock_exclusive(&options.directory)?),
            false => None,
        };
        let path = options.directory.join(open::FILE_NAME);
        let tables = Arc::new(Tables::new(Dialect::Sqlite, options.collections));
        let connection = open::writer(&path, options.collections, &tables)?;
        let readers = Readers::open(&path)?;
        Ok(Self::assemble(
            path,
            tables,
            readers,
            Arc::new(Mutex::new(connection)),
            lock,
        ))
    }

    /// Whether a store was made in a directory.
    #[must_use]
    pub fn is_in(directory: &Path) -> bool {
        directory.join(open::FILE_NAME).exists()
    }

    /// Opens an empty store that lives in memory: everything but durability is the same.
    ///
    /// # Errors
    /// Fails if a declaration is wrong.
    pub fn open_in_memory(
        collections: &'static [&'static Collection],
    ) -> Result<(Self, Writer), OpenError> {
        crate::collection::check(collections)?;
        let tables = Arc::new(Tables::new(Dialect::Sqlite, collections));
        let connection = Arc::new(Mutex::new(open::in_memory(collections, &tables)?));
        // One connection for all: who reads waits for the writer's transaction.
        let readers = Readers::of(Arc::clone(&connection));
        Ok(Self::assemble(
            PathBuf::from(":memory:"),
            tables,
            readers,
            connection,
            None,
        ))
    }

    fn assemble(
        path: PathBuf,
        tables: Arc<Tables>,
        readers: Readers,
        connection: Arc<Mutex<Connection>>,
        lock: Option<DirectoryLock>,
    ) -> (Self, Writer) {
        let (queue, work) = mpsc::channel(limits::STORE_QUEUE_BATCHES_MAX);
        let waiting = Arc::new(AtomicUsize::new(0));
        let writer = Writer::new(connection, work, Arc::clone(&waiting), Arc::clone(&tables));
        let queue = Mutex::new(Some(queue));
        (
            Self(Arc::new(Shared {
                path,
                tables,
                readers,
                queue,
                waiting,
                _lock: lock,
            })),
            writer,
        )
    }

    /// Makes sure that no other server runs on a data directory, for as long as the lock is held.
    ///
    /// # Errors
    /// Fails if another process holds the lock, or the directory cannot be written.
    pub fn lock_exclusive(directory: &Path) -> Result<DirectoryLock, OpenError> {
        DirectoryLock::acquire(directory)
    }

    /// Returns the data file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    pub(crate) fn get(
        &self,
        collection: &'static Collection,
        key: &Key,
        now: Timestamp,
    ) -> Result<Option<Row>, StoreError> {
        let table = self.0.tables.get(collection)?;
        self.0
            .readers
            .with(|connection| Ok(read::get(connection, table, key, now)?))
    }

    pub(crate) fn get_many(
        &self,
        wanted: &[(&'static Collection, Key)],
        now: Timestamp,
    ) -> Result<Vec<Option<Row>>, StoreError> {
        self.0.readers.with(|connection| {
            // One transaction sees one instant.
            let transaction = connection.unchecked_transaction()?;
            let mut rows = Vec::with_capacity(wanted.len());
            for (collection, key) in wanted {
                rows.push(read::get(
                    &transaction,
                    self.0.tables.get(collection)?,
                    key,
                    now,
                )?);
            }
            transaction.finish()?;
            Ok(rows)
        })
    }

    pub(crate) async fn find(&self, query: &Query, now: Timestamp) -> Result<Page, StoreError> {
        self.0.tables.get(query.collection)?;
        if query.limit <= INLINE_ROWS_MAX && query.contains.is_empty() {
            return self
                .0
                .readers
                .with(|connection| read::find(connection, query, now));
        }
        let query = query.clone();
        self.scan(move |connection| read::find(connection, &query, now))
            .await
    }

    pub(crate) async fn accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        self.scan(|connection| Ok(read::accounts(connection)?))
            .await
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.0
            .readers
            .with(|connection| Ok(connection.query_row("SELECT 1", [], |_| Ok(()))?))?;
        let (acknowledge, acknowledged) = oneshot::channel();
        match self.enqueue(Work::Probe { acknowledge }) {
            Ok(()) => acknowledged
                .await
                .map_err(|_writer_gone| StoreError::Closed)?,
            Err(CommitError::Store(error)) => Err(error),
            // It writes as much as it can.
            Err(CommitError::Busy | CommitError::Conflict { .. }) => Ok(()),
        }
    }

    /// Reads what takes longer, beside the point reads and never in their way.
    async fn scan<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.0);
        let work = move || shared.readers.scan(work);
        tokio::task::spawn_blocking(work)
            .await
            .map_err(StoreError::unavailable)?
    }

    pub(crate) async fn commit(&self, batch: Batch) -> Result<Vec<u64>, CommitError> {
        let bytes = batch.bytes();
        let waiting = self.0.waiting.fetch_add(bytes, Ordering::Relaxed);
        let (acknowledge, acknowledged) = oneshot::channel();
        let work = Work::Commit { batch, acknowledge };
        let enqueued = if waiting > limits::STORE_QUEUE_BYTES_MAX {
            Err(CommitError::Busy)
        } else {
            self.enqueue(work)
        };
        if enqueued.is_err() {
            self.0.waiting.fetch_sub(bytes, Ordering::Relaxed);
        }
        enqueued?;
        acknowledged
            .await
            .map_err(|_writer_gone| StoreError::Closed)?
    }

    pub(crate) async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let (acknowledge, acknowledged) = oneshot::channel();
        match self.enqueue(Work::Sweep {
            now,
            limit,
            acknowledge,
        }) {
            Ok(()) => acknowledged
                .await
                .map_err(|_writer_gone| StoreError::Closed)?,
            Err(CommitError::Store(error)) => Err(error),
            // Writes wait; the sweeper comes again.
            Err(CommitError::Busy | CommitError::Conflict { .. }) => Ok(0),
        }
    }

    pub(crate) async fn backup<W: Write + Send + 'static>(
        &self,
        to: W,
        now: Timestamp,
    ) -> Result<(W, Summary), BackupError> {
        let tables = Arc::clone(&self.0.tables);
        self.scan(move |connection| Ok(portable::backup(connection, &tables, to, now)))
            .await?
    }

    pub(crate) async fn restore<R: BufRead + Send + 'static>(
        &self,
        from: R,
    ) -> Result<Summary, BackupError> {
        let (acknowledge, acknowledged) = oneshot::channel();
        let work = Work::Restore {
            from: Some(Box::new(from)),
            acknowledge,
        };
        self.enqueue(work).map_err(|error| match error {
            CommitError::Store(error) => error,
            // A store that is written to is not empty.
            CommitError::Busy | CommitError::Conflict { .. } => StoreError::Closed,
        })?;
        acknowledged
            .await
            .map_err(|_writer_gone| StoreError::Closed)?
    }

    pub(crate) async fn check(&self) -> Result<Health, StoreError> {
        let path = self.0.path.display().to_string();
        let check = move |connection: &Connection| {
            let mut findings = open::check(connection, "integrity_check")?;
            for finding in &mut findings {
                *finding = format!(
                    "The data file `{path}` is damaged ({finding}): restore a backup with `usher restore`."
                );
            }
            Ok(Health {
                engine: format!("SQLite {}", rusqlite::version()),
                findings,
            })
        };
        self.scan(check).await
    }

    pub(crate) fn close(&self) {
        // The writer ends when the last sender is gone and the queue is empty.
        drop(self.queue().take());
    }

    fn enqueue(&self, work: Work) -> Result<(), CommitError> {
        let queue = self.queue();
        let sender = queue.as_ref().ok_or(StoreError::Closed)?;
        sender.try_send(work).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CommitError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed.into(),
        })
    }

    fn queue(&self) -> MutexGuard<'_, Option<mpsc::Sender<Work>>> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        let cause = Arc::new(error);
        match code {
            Some(ErrorCode::DiskFull) => Self::Full(cause),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly(cause),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(cause),
            _ => Self::Unavailable(cause),
        }
    }
}
