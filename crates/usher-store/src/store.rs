//! The seam: read, find, commit, sweep.

mod error;
mod query;

use std::io::{BufRead, Write};
use std::sync::Arc;

use usher_model::id::AccountId;
use usher_model::limits;
use usher_model::time::Timestamp;

pub use error::{OpenError, StoreError};
pub(crate) use query::PageBuilder;
pub use query::{Cursor, Page, ParseCursorError, Query};

use crate::backup::{BackupError, Summary};
use crate::batch::{Batch, CommitError};
use crate::collection::{Collection, kept};
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;

/// The key of a row: the account, then the parts that the collection declares.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    account: AccountId,
    parts: Arc<[Box<str>]>,
}

impl Key {
    /// Makes a key.
    #[must_use]
    pub fn new<const N: usize>(account: &AccountId, parts: [&str; N]) -> Self {
        Self::from_parts(account.clone(), parts.into_iter().map(Box::from).collect())
    }

    pub(crate) fn from_parts(account: AccountId, parts: Vec<Box<str>>) -> Self {
        Self {
            account,
            parts: parts.into(),
        }
    }

    /// Returns the account.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Returns the parts after the account.
    #[must_use]
    pub fn parts(&self) -> &[Box<str>] {
        &self.parts
    }
}

/// A value of an index column, in the order in which columns sort.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// Text, compared by code point.
    Text(String),
}

impl Field {
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Integer(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }

    pub(crate) fn from_json(value: serde_json::Value) -> Option<Self> {
        match value {
            serde_json::Value::Null => Some(Self::Null),
            serde_json::Value::Number(number) => number.as_i64().map(Self::Integer),
            serde_json::Value::String(text) => Some(Self::Text(text)),
            serde_json::Value::Bool(_)
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_) => None,
        }
    }
}

/// A row as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which one.
    pub key: Key,
    /// Comes from one counter for the whole store and so grows with every write: no two states of a
    /// row share one, not even before and after a removal.
    pub revision: u64,
    /// From when on nobody sees it.
    pub expires_at: Option<Timestamp>,
    /// The index columns, in the order of the collection.
    pub fields: Vec<Field>,
    /// JSON text, as it was written.
    pub document: String,
}

/// How a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The engine with its version.
    pub engine: String,
    /// What is wrong, a sentence each; nothing, if all is well.
    pub findings: Vec<String>,
}

/// The store, whichever backend it has.
#[derive(Clone, Debug)]
pub struct Store(Backend, Sharing);

/// Whether others serve from the same store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    Exclusive,
    Shared,
}

#[derive(Clone, Debug)]
enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl From<Sqlite> for Store {
    fn from(sqlite: Sqlite) -> Self {
        Self(Backend::Sqlite(sqlite), Sharing::Exclusive)
    }
}

impl From<Postgres> for Store {
    fn from(postgres: Postgres) -> Self {
        Self(Backend::Postgres(postgres), Sharing::Shared)
    }
}

impl Store {
    /// Whether others serve from the same store, so that nothing may be held in memory without asking.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.1 == Sharing::Shared
    }

    /// Returns the store as one that others serve from too, whatever its backend: several nodes in
    /// one process may work on one data directory.
    #[must_use]
    pub fn shared(self) -> Self {
        Self(self.0, Sharing::Shared)
    }

    // What waits for a server is on the heap: every request would carry the room for it, also where
    // the store is embedded.

    /// Returns a row that has not expired.
    ///
    /// # Errors
    /// Fails if the store cannot be read.
    pub async fn get(
        &self,
        collection: &'static Collection,
        key: &Key,
        now: Timestamp,
    ) -> Result<Option<Row>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.get(collection, key, now),
            Backend::Postgres(postgres) => Box::pin(postgres.get(collection, key, now)).await,
        }
    }

    /// Returns rows that have not expired, in the order asked for and all of one instant; from
    /// PostgreSQL no more than [`limits::STORE_GET_ROWS_MAX`] are.
    ///
    /// # Errors
    /// Fails if the store cannot be read.
    pub async fn get_many(
        &self,
        wanted: &[(&'static Collection, Key)],
        now: Timestamp,
    ) -> Result<Vec<Option<Row>>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.get_many(wanted, now),
            Backend::Postgres(postgres) => Box::pin(postgres.get_many(wanted, now)).await,
        }
    }

    /// Returns a page of the rows that a query asks for and that have not expired.
    ///
    /// # Errors
    /// Fails if the store cannot be read, the query does not fit the collection, or the cursor was
    /// made by another query.
    pub async fn find(&self, query: &Query, now: Timestamp) -> Result<Page, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.find(query, now).await,
            Backend::Postgres(postgres) => Box::pin(postgres.find(query, now)).await,
        }
    }

    /// Returns every row that a query asks for, page by page; the query's limit is the page's.
    ///
    /// # Errors
    /// As [`Store::find`].
    pub async fn find_all(&self, query: &Query, now: Timestamp) -> Result<Vec<Row>, StoreError> {
        let mut query = query.clone();
        let mut rows = Vec::new();
        loop {
            let page = self.find(&query, now).await?;
            rows.extend(page.rows);
            match page.next {
                None => return Ok(rows),
                after => query.after = after,
            }
        }
    }

    /// Returns the sequence of the last row that an account has appended to a log; 0 if there is none.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn last_sequence(
        &self,
        log: &'static Collection,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let key = Key::new(account, [log.name]);
        let row = self.get(&kept::LOG_SEQUENCES, &key, now).await?;
        let last = row.as_ref().and_then(|row| row.fields.first());
        Ok(match last {
            Some(Field::Integer(last)) => u64::try_from(*last).unwrap_or(0),
            _ => 0,
        })
    }

    /// Writes a batch: when this returns, it is on disk. Returns for each operation, in order, the
    /// new revision of the row it wrote; the sequence of the row if it appended one to a log; 0 if it
    /// removed or only checked one.
    ///
    /// Whoever stops waiting leaves a batch that is written or not, never in part.
    ///
    /// # Errors
    /// Fails if a row is not as expected, too many batches wait, or the store cannot write.
    pub async fn commit(&self, batch: Batch) -> Result<Vec<u64>, CommitError> {
        batch.validate()?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.commit(batch).await,
            Backend::Postgres(postgres) => Box::pin(postgres.commit(batch)).await,
        }
    }

    /// Removes up to `limit` rows that have expired, in slices that let other writes through; says
    /// how many. Stops early if writes wait: housekeeping comes last.
    ///
    /// # Errors
    /// Fails if the store cannot write.
    pub async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut swept = 0;
        while swept < limit {
            let slice = limits::STORE_SWEEP_ROWS_MAX.min(limit - swept);
            let removed = match &self.0 {
                Backend::Sqlite(sqlite) => sqlite.sweep(now, slice).await?,
                Backend::Postgres(postgres) => postgres.sweep(now, slice).await?,
            };
            swept += removed;
            if removed < slice {
                break;
            }
        }
        Ok(swept)
    }

    /// Returns the id of every row of the collection named `accounts`, in order.
    ///
    /// # Errors
    /// Fails if the store cannot be read.
    pub async fn accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.accounts().await,
            Backend::Postgres(postgres) => postgres.accounts().await,
        }
    }

    /// Whether the store answers and can write.
    ///
    /// # Errors
    /// Fails if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.ping().await,
            Backend::Postgres(postgres) => postgres.ping().await,
        }
    }

    /// Writes a backup of one instant, while the store serves, and returns what it was written to.
    /// Rows that have expired are left out.
    ///
    /// # Errors
    /// Fails if the store cannot be read or the backup not be written.
    pub async fn backup<W: Write + Send + 'static>(
        &self,
        to: W,
        now: Timestamp,
    ) -> Result<(W, Summary), BackupError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.backup(to, now).await,
            Backend::Postgres(postgres) => postgres.backup(to, now).await,
        }
    }

    /// Restores a backup of any backend, with the revisions of its rows: all of it or nothing.
    ///
    /// # Errors
    /// Fails if the store is not empty, or the backup is not complete, was changed, or was made by a
    /// newer version.
    pub async fn restore<R: BufRead + Send + 'static>(
        &self,
        from: R,
    ) -> Result<Summary, BackupError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.restore(from).await,
            Backend::Postgres(postgres) => postgres.restore(from).await,
        }
    }

    /// Examines the store for `usher doctor`: reads all of a data file, asks a server how it is set.
    ///
    /// # Errors
    /// Fails if the store cannot be read.
    pub async fn check(&self) -> Result<Health, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.check().await,
            Backend::Postgres(postgres) => postgres.check().await,
        }
    }

    /// Takes no more commits, for all handles of the store: what waits is written, then the writer or
    /// driver ends. Reads may fail from now on.
    pub fn close(&self) {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.close(),
            Backend::Postgres(postgres) => postgres.close(),
        }
    }
}
