//! Why the store could not be opened, read or written.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use crate::collection::{Collection, DeclarationError};

/// What the backend said; shared, because one failed transaction fails many batches.
pub(crate) type Cause = Arc<dyn Error + Send + Sync>;

/// Why the store could not read or write.
///
/// From a commit, `Unavailable` and `Timeout` also mean that the outcome is not known: the connection
/// or the disk failed while it was under way. Every other error means that nothing was written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The backend cannot be reached, is locked by another process, or failed.
    #[error("the store failed")]
    Unavailable(#[source] Cause),
    /// The backend did not answer in time.
    #[error("the store did not answer in time")]
    Timeout,
    /// No space is left.
    #[error("the store cannot write: the disk is full; free some space, nothing is lost")]
    Full(#[source] Cause),
    /// The file, directory or server allows reading only.
    #[error(
        "the store cannot write: it may only be read; check the owner and the mode of its files"
    )]
    ReadOnly(#[source] Cause),
    /// The data is damaged.
    #[error("the store is damaged: stop and restore a backup with `usher restore`")]
    Damaged(#[source] Cause),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The store was not opened with this collection.
    #[error("the store keeps no collection `{0}`")]
    Collection(&'static str),
    /// The query names an index that the collection does not declare.
    #[error("the collection `{collection}` has no index `{index}`")]
    Index {
        /// The collection.
        collection: &'static str,
        /// The index.
        index: &'static str,
    },
    /// The query gives a column a value that it cannot have, or more values than there are columns.
    #[error("the query does not fit the columns of `{0}`")]
    Query(&'static str),
    /// The cursor was made by another query.
    #[error("the cursor does not fit the query")]
    Cursor,
    /// A row of a log has no number.
    #[error("a row of a log has no number for its key")]
    Unnumbered,
    /// A row or batch that no backend can hold.
    #[error("`{collection}` expected {expected}")]
    Refused {
        /// Where it was to be kept.
        collection: &'static str,
        /// What was expected.
        expected: String,
    },
    /// A document is not what this version or an older one wrote.
    #[error("a document of `{collection}` cannot be read or written")]
    Document {
        /// Where it is kept.
        collection: &'static str,
        /// Why not.
        #[source]
        source: Arc<serde_json::Error>,
    },
}

impl StoreError {
    pub(crate) fn unreadable(collection: &'static Collection, source: serde_json::Error) -> Self {
        Self::Document {
            collection: collection.name,
            source: Arc::new(source),
        }
    }

    pub(crate) fn unavailable(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(source))
    }
}

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A directory or file cannot be used.
    #[error("cannot {action} `{path}`: check that it exists and that you may write there", path = path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Another server has the data directory.
    #[error("another server runs on the data directory `{}`: stop it, or choose another", .0.display())]
    InUse(PathBuf),
    /// The data file is damaged.
    #[error(
        "the data file `{path}` is damaged ({found}): move it away and restore a backup with \
         `usher restore`",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the check found.
        found: String,
    },
    /// The file is another program's.
    #[error("the file `{}` was not made by Usher: choose another data directory", .0.display())]
    Foreign(PathBuf),
    /// A newer version wrote the schema.
    #[error(
        "expected a schema of version {known} or less, found {found}: start the version of Usher \
         that wrote it, or a newer one"
    )]
    TooNew {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The tables are not those that this version declares.
    #[error("the tables are not those that this version of Usher makes")]
    Schema(#[source] Cause),
    /// A declaration is wrong.
    #[error(transparent)]
    Declaration(#[from] DeclarationError),
    /// The address of the server cannot be read.
    #[error("expected an address such as `postgres://user@host/database`")]
    Address(#[source] Cause),
    /// Nobody would vouch for the server.
    #[error("no usable certificates in {place}")]
    Certificates {
        /// Where they were looked for.
        place: String,
        /// Why they cannot be used.
        #[source]
        source: Cause,
    },
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
