//! Atomic, conditional writes.

use usher_model::time::Timestamp;

use crate::collection::Collection;
use crate::store::{Field, Key, StoreError};

/// Writes that happen together or not at all.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) now: Timestamp,
    pub(crate) operations: Vec<Operation>,
}

/// A row to be written.
#[derive(Clone, Debug)]
pub struct PutRow {
    /// Which one.
    pub key: Key,
    /// One value for each declared column, in order.
    pub fields: Vec<Field>,
    /// From when on nobody sees it.
    pub expires_at: Option<Timestamp>,
    /// JSON text.
    pub document: String,
}

/// What a write expects to find; an expired row counts as absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Anything or nothing.
    Any,
    /// Nothing.
    Absent,
    /// Exactly what was read.
    Revision(u64),
}

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) collection: &'static Collection,
    pub(crate) key: Key,
    pub(crate) expect: Expect,
    pub(crate) action: Action,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Put {
        fields: Vec<Field>,
        expires_at: Option<Timestamp>,
        document: String,
    },
    Delete,
    Check,
}

/// Why nothing of a batch was written.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The state was not as expected; read again, then decide.
    #[error("a row of `{collection}` is not as the batch expects: {reason}")]
    Conflict {
        /// The collection of the first row that was not.
        collection: &'static str,
        /// How it was not.
        reason: Conflict,
    },
    /// Too many batches wait; try again later.
    #[error("too many batches wait to be written")]
    Busy,
    /// The store could not write.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a row was not as expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// There is a row where none was expected.
    #[error("it exists")]
    Exists,
    /// The row is another revision, or gone.
    #[error("it has another revision")]
    Revision,
    /// Another row has the same values in a unique index.
    #[error("another row agrees in a unique index")]
    Unique,
}

impl Batch {
    /// Makes a batch without writes; rows that have expired by `now` count as absent.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self {
            now,
            operations: Vec::new(),
        }
    }

    /// Adds a row that is written.
    pub fn put(&mut self, collection: &'static Collection, row: PutRow, expect: Expect) {
        let PutRow {
            key,
            fields,
            expires_at,
            document,
        } = row;
        debug_assert_eq!(
            fields.len(),
            collection.columns.len(),
            "{}",
            collection.name
        );
        debug_assert_eq!(
            key.parts().len(),
            collection.key.len(),
            "{}",
            collection.name
        );
        let action = Action::Put {
            fields,
            expires_at,
            document,
        };
        self.operations.push(Operation {
            collection,
            key,
            expect,
            action,
        });
    }

    /// Adds a row that is removed; one that is absent is no mistake unless a revision is expected.
    pub fn delete(&mut self, collection: &'static Collection, key: Key, expect: Expect) {
        self.operations.push(Operation {
            collection,
            key,
            expect,
            action: Action::Delete,
        });
    }

    /// Adds a row that must be as expected and is left as it is.
    pub fn check(&mut self, collection: &'static Collection, key: Key, expect: Expect) {
        self.operations.push(Operation {
            collection,
            key,
            expect,
            action: Action::Check,
        });
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}
