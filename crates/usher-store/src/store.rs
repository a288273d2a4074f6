//! The seam: read, find, commit, sweep.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use usher_model::id::AccountId;
use usher_model::time::Timestamp;

use crate::batch::{Batch, CommitError};
use crate::collection::Collection;
use crate::sqlite::Sqlite;

/// Rows that [`Store::find_all`] reads at once.
const FIND_ALL_ROWS: usize = 1_000;

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
        Self {
            account: account.clone(),
            parts: parts.into_iter().map(Box::from).collect(),
        }
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

/// A value of an index column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// Text, compared by code point.
    Text(String),
}

/// A row as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which one.
    pub key: Key,
    /// Grows with every write to the store, so that no two states of a row share one, not even
    /// before and after a removal.
    pub revision: u64,
    /// From when on nobody sees it.
    pub expires_at: Option<Timestamp>,
    /// The index columns, in the order of the collection.
    pub fields: Vec<Field>,
    /// JSON text.
    pub document: String,
}

/// Which rows, in which order.
#[derive(Clone, Debug)]
pub struct Query {
    /// The account, which a query cannot leave.
    pub account: AccountId,
    /// The collection.
    pub collection: &'static Collection,
    /// The index whose order the rows have; nothing for the key's.
    pub index: Option<&'static str>,
    /// The values of the order's leading columns.
    pub equals: Vec<Field>,
    /// The least value of the next column, inclusive.
    pub from: Option<Field>,
    /// The first value of the next column that is too large.
    pub to: Option<Field>,
    /// Whether the last row comes first.
    pub descending: bool,
    /// Where the page before ended.
    pub after: Option<Cursor>,
    /// Rows of the page.
    pub limit: usize,
}

impl Query {
    /// Returns the query for all rows of a collection in an account, in the order of their keys.
    #[must_use]
    pub fn all(account: &AccountId, collection: &'static Collection) -> Self {
        Self {
            account: account.clone(),
            collection,
            index: None,
            equals: Vec::new(),
            from: None,
            to: None,
            descending: false,
            after: None,
            limit: FIND_ALL_ROWS,
        }
    }
}

/// Rows, and where the next page begins.
#[derive(Clone, Debug)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Nothing if these were the last ones.
    pub next: Option<Cursor>,
}

/// Where a page ended: the values of the order's columns and the key, so that rows that come or go
/// meanwhile move nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub(crate) Vec<Field>);

/// The text is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a cursor of a page before")]
pub struct ParseCursorError;

impl Cursor {
    /// Reads what [`Cursor`]'s `Display` wrote.
    ///
    /// # Errors
    /// Fails if the text is not a cursor.
    pub fn parse(text: &str) -> Result<Self, ParseCursorError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_not_base64| ParseCursorError)?;
        let values: Vec<serde_json::Value> =
            serde_json::from_slice(&bytes).map_err(|_not_json| ParseCursorError)?;
        let field = |value: serde_json::Value| match value {
            serde_json::Value::Null => Ok(Field::Null),
            serde_json::Value::String(text) => Ok(Field::Text(text)),
            other => other.as_i64().map(Field::Integer).ok_or(ParseCursorError),
        };
        values
            .into_iter()
            .map(field)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |field: &Field| match field {
            Field::Null => serde_json::Value::Null,
            Field::Integer(number) => (*number).into(),
            Field::Text(text) => text.as_str().into(),
        };
        let values: serde_json::Value = self.0.iter().map(value).collect();
        f.write_str(&URL_SAFE_NO_PAD.encode(values.to_string()))
    }
}

/// Why the store could not read or write; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite said no.
    #[error("the embedded store failed")]
    Sqlite(#[from] rusqlite::Error),
    /// A directory or file cannot be used.
    #[error("{doing} `{path}`")]
    File {
        /// What was tried: `cannot open`.
        doing: &'static str,
        /// On what.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The data file is damaged.
    #[error("the data file `{path}` is damaged ({found}): restore a backup with `usher restore`")]
    Corrupt {
        /// The file.
        path: String,
        /// What the check found.
        found: String,
    },
    /// A newer version wrote the schema.
    #[error("expected a schema of at most version {known}, found {found}: start the newer version")]
    SchemaTooNew {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// Another server has the data directory.
    #[error("the data directory `{0}` is in use by another server")]
    Locked(String),
    /// A document is not what this version or an older one wrote.
    #[error("a document of `{collection}` cannot be read or written")]
    Document {
        /// Where it is kept.
        collection: &'static str,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The query names an index that the collection does not declare.
    #[error("the collection `{collection}` has no index `{index}`")]
    Index {
        /// The collection.
        collection: &'static str,
        /// The index.
        index: &'static str,
    },
    /// The cursor was made by another query.
    #[error("the cursor does not fit the query")]
    Cursor,
    /// The transaction failed as a whole; nothing was written.
    #[error("the transaction failed: {0}")]
    Unwritten(String),
    /// The writer has ended.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    pub(crate) const fn unreadable(
        collection: &'static Collection,
        source: serde_json::Error,
    ) -> Self {
        Self::Document {
            collection: collection.name,
            source,
        }
    }
}

/// The store, whichever backend it has.
#[derive(Clone, Debug)]
pub struct Store(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Sqlite(Sqlite),
}

impl From<Sqlite> for Store {
    fn from(sqlite: Sqlite) -> Self {
        Self(Backend::Sqlite(sqlite))
    }
}

impl Store {
    /// Whether other processes serve from the same store, so that nothing may be held in memory.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        match &self.0 {
            Backend::Sqlite(_) => false,
        }
    }

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
        let rows = self.get_many(&[(collection, key.clone())], now).await?;
        Ok(rows.into_iter().next().flatten())
    }

    /// Returns rows that have not expired, in the order asked for, all of one instant.
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
        }
    }

    /// Returns a page of the rows that a query asks for and that have not expired.
    ///
    /// # Errors
    /// Fails if the store cannot be read, the collection has no such index, or the cursor was made
    /// by another query.
    pub async fn find(&self, query: &Query, now: Timestamp) -> Result<Page, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.find(query, now).await,
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

    /// Writes a batch: when this returns, it is on disk. Returns the new revision of each
    /// operation's row, in order.
    ///
    /// # Errors
    /// Fails, with nothing written, if a row is not as expected, too many batches wait, or the
    /// store cannot write.
    pub async fn commit(&self, batch: Batch) -> Result<Vec<u64>, CommitError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.commit(batch).await,
        }
    }

    /// Removes up to `limit` rows that have expired; says how many.
    ///
    /// # Errors
    /// Fails if the store cannot write.
    pub async fn sweep(&self, now: Timestamp, limit: usize) -> Result<usize, CommitError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.sweep(now, limit).await,
        }
    }

    /// Returns the id of every account, in order.
    ///
    /// # Errors
    /// Fails if the store cannot be read.
    pub async fn accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.accounts(),
        }
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// Fails if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.accounts().await.map(drop)
    }
}
