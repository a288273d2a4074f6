//! The store of several nodes: PostgreSQL 14 or later.
//!
//! Reads, and batches that are one statement, share a few connections on which many requests are
//! under way at once. A batch of several statements takes a connection of its own for one
//! transaction. The server must sync what it acknowledges, and `usher doctor` says if it does not.
//! Connections are encrypted if the address says `sslmode=require` or `verify-full`, which both
//! examine the server's certificate and name.

mod append;
mod connect;
mod group;
mod open;
mod portable;
mod read;
mod tls;
mod write;

use std::fmt;
use std::future::Future;
use std::io::{BufRead, Write};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use tokio::sync::mpsc;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use usher_model::id::AccountId;
use usher_model::limits;
use usher_model::time::Timestamp;

use crate::backup::{BackupError, Summary};
use crate::batch::{Batch, CommitError};
use crate::collection::Collection;
use crate::sql::{Dialect, Tables, Value};
use crate::store::{Health, Key, OpenError, Page, Query, Row, StoreError};
use connect::{Address, Pool};
use group::{Groups, Waiting, only_log};

/// A store on a PostgreSQL server.
#[derive(Clone)]
pub struct Postgres(Arc<Shared>);

struct Shared {
    core: Arc<Core>,
    /// The way to what writes groups of batches; gone once the store is closed.
    groups: Mutex<Option<mpsc::Sender<Waiting>>>,
}

/// What writing needs.
struct Core {
    pool: Pool,
    tables: Arc<Tables>,
    /// Batches and bytes that are under way.
    batches: AtomicUsize,
    bytes: AtomicUsize,
}

impl Deref for Shared {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

/// How the store is opened.
#[derive(Clone)]
pub struct Options {
    /// Where the server is: `postgres://user:password@host:port/database`, or key and value pairs as
    /// `libpq` has them, with the folder of a Unix socket as the host.
    pub address: String,
    /// Certificates, in PEM, of those who may vouch for the server of an encrypted connection; none
    /// means those that the machine trusts.
    pub root_certificates: Option<PathBuf>,
    /// What is kept.
    pub collections: &'static [&'static Collection],
}

impl fmt::Debug for Options {
    /// Hides the address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("collections", &self.collections.len())
            .finish_non_exhaustive()
    }
}

impl Postgres {
    /// Connects, makes the tables that are missing, and returns what drives the connections, to be
    /// run as a task: without it no request is answered.
    ///
    /// # Errors
    /// Fails if the address or the certificates cannot be read, the server cannot be reached, or a
    /// newer version wrote the tables.
    pub async fn open(options: &Options) -> Result<(Self, Driver), OpenError> {
        crate::collection::check(options.collections)?;
        let address = Address::new(options)?;
        let tables = Arc::new(Tables::new(Dialect::Postgres, options.collections));
        in_time(open::prepare(&address, options.collections, &tables)).await??;
        let (pool, connections) = Pool::new(address);
        let core = Arc::new(Core {
            pool,
            tables,
            batches: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
        });
        let (groups, waiting) = mpsc::channel(limits::STORE_QUEUE_BATCHES_MAX);
        let driver = Driver {
            connections,
            groups: Groups::new(waiting),
        };
        let shared = Shared {
            core,
            groups: Mutex::new(Some(groups)),
        };
        Ok((Self(Arc::new(shared)), driver))
    }

    pub(crate) async fn get(
        &self,
        collection: &'static Collection,
        key: &Key,
        now: Timestamp,
    ) -> Result<Option<Row>, StoreError> {
        let table = self.0.tables.get(collection)?;
        in_time(async {
            let connection = self.0.pool.share().await?;
            read::get(&connection, table, key, now).await
        })
        .await?
    }

    pub(crate) async fn get_many(
        &self,
        wanted: &[(&'static Collection, Key)],
        now: Timestamp,
    ) -> Result<Vec<Option<Row>>, StoreError> {
        in_time(async {
            let connection = self.0.pool.share().await?;
            read::get_many(&connection, &self.0.tables, wanted, now).await
        })
        .await?
    }

    pub(crate) async fn find(&self, query: &Query, now: Timestamp) -> Result<Page, StoreError> {
        self.0.tables.get(query.collection)?;
        in_time(async {
            let connection = self.0.pool.share().await?;
            read::find(&connection, query, now).await
        })
        .await?
    }

    pub(crate) async fn accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        in_time(async { read::accounts(&*self.0.pool.share().await?).await }).await?
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let asked = async {
            let connection = self.0.pool.share().await?;
            let sql = "SELECT current_setting('transaction_read_only') = 'on'";
            let row = connection.client.query_one(sql, &[]).await?;
            Ok::<bool, StoreError>(row.try_get(0)?)
        };
        if in_time(asked).await?? {
            let cause = std::io::Error::other("the server takes no writes: it may be a standby");
            return Err(StoreError::ReadOnly(Arc::new(cause)));
        }
        Ok(())
    }

    pub(crate) async fn commit(&self, batch: Batch) -> Result<Vec<u64>, CommitError> {
        let admitted = self.admit(&batch)?;
        for operation in &batch.operations {
            self.0.tables.get(operation.collection)?;
        }
        let Some(log) = only_log(&batch) else {
            return in_time(write::commit(&self.0.pool, &self.0.tables, &batch)).await?;
        };
        let (waiting, acknowledged) = Waiting::new(batch, log, admitted);
        let groups = lock(&self.0.groups).clone().ok_or(StoreError::Closed)?;
        // There is a place for every batch that is admitted.
        groups
            .try_send(waiting)
            .map_err(|_closed| StoreError::Closed)?;
        in_time(acknowledged)
            .await?
            .map_err(|_driver_gone| StoreError::Closed)?
    }

    pub(crate) async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        in_time(async {
            let connection = self.0.pool.share().await?;
            write::sweep(&connection, &self.0.tables, now, limit).await
        })
        .await?
    }

    pub(crate) async fn backup<W: Write + Send + 'static>(
        &self,
        to: W,
        now: Timestamp,
    ) -> Result<(W, Summary), BackupError> {
        portable::backup(&self.0.pool, &self.0.tables, to, now).await
    }

    pub(crate) async fn restore<R: BufRead + Send + 'static>(
        &self,
        from: R,
    ) -> Result<Summary, BackupError> {
        let (store, tables) = (&self.0, Arc::clone(&self.0.tables));
        portable::restore(&store.pool, tables, from).await
    }

    pub(crate) async fn check(&self) -> Result<Health, StoreError> {
        in_time(async { read::check(&*self.0.pool.share().await?).await }).await?
    }

    pub(crate) fn close(&self) {
        drop(lock(&self.0.groups).take());
        self.0.pool.close();
    }

    /// Counts a batch among those under way, or refuses it.
    fn admit(&self, batch: &Batch) -> Result<Admitted, CommitError> {
        let bytes = batch.bytes();
        let batches = self.0.batches.fetch_add(1, Ordering::Relaxed);
        let before = self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        let admitted = Admitted {
            core: Arc::clone(&self.0.core),
            bytes,
        };
        if batches >= limits::STORE_QUEUE_BATCHES_MAX || before > limits::STORE_QUEUE_BYTES_MAX {
            return Err(CommitError::Busy);
        }
        Ok(admitted)
    }
}

/// Drives every connection and writes what waits; without it no request is answered.
pub struct Driver {
    connections: connect::Driver,
    groups: Groups,
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

impl Driver {
    /// Runs until the store is closed or every handle of it is gone, and what was under way is
    /// answered.
    pub async fn run(self) {
        tokio::join!(self.connections.run(), self.groups.run());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A batch that is counted; dropped, it no longer is.
struct Admitted {
    core: Arc<Core>,
    bytes: usize,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.core.batches.fetch_sub(1, Ordering::Relaxed);
        self.core.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Waits no longer than a request may.
async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, StoreError> {
    tokio::time::timeout(limits::STORE_WAIT_MAX, work)
        .await
        .map_err(|_elapsed| StoreError::Timeout)
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        <i64 as ToSql>::accepts(kind) || <&str as ToSql>::accepts(kind)
    }

    to_sql_checked!();
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let code = error.code().cloned();
        let cause = Arc::new(error);
        match code {
            Some(SqlState::DISK_FULL) => Self::Full(cause),
            Some(SqlState::READ_ONLY_SQL_TRANSACTION) => Self::ReadOnly(cause),
            Some(SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED) => Self::Damaged(cause),
            Some(SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE) => Self::Timeout,
            _ => Self::Unavailable(cause),
        }
    }
}

impl From<tokio_postgres::Error> for CommitError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Store(error.into())
    }
}
