//! Atomic, conditional writes.

use usher_model::id::AccountId;
use usher_model::limits;
use usher_model::time::Timestamp;

use crate::collection::{Collection, ColumnKind};
use crate::sequence;
use crate::store::{Field, Key, StoreError};

/// Writes that happen together or not at all, in the order in which they were added: a later one
/// sees what an earlier one did.
///
/// A batch may span accounts.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) now: Timestamp,
    pub(crate) operations: Vec<Operation>,
    bytes: usize,
}

/// A row to be added to a log.
#[derive(Clone, Debug)]
pub struct AppendRow {
    /// Whose log.
    pub account: AccountId,
    /// One value for each declared column, in order.
    pub fields: Vec<Field>,
    /// From when on nobody sees it; only for collections that expire.
    pub expires_at: Option<Timestamp>,
    /// JSON text, which is kept as it is.
    pub document: String,
}

/// A row to be written.
#[derive(Clone, Debug)]
pub struct PutRow {
    /// Which one.
    pub key: Key,
    /// One value for each declared column, in order.
    pub fields: Vec<Field>,
    /// From when on nobody sees it; only for collections that expire.
    pub expires_at: Option<Timestamp>,
    /// JSON text, which is kept as it is.
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
    /// Nothing, because the row is the next one of its account in a log, see [`Batch::append`].
    Next,
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

/// Why a batch was not written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The state was not as expected: read again, then decide. Nothing was written.
    #[error("a row of `{collection}` is not as the batch expects: {reason}")]
    Conflict {
        /// The collection of the first row that was not.
        collection: &'static str,
        /// Which row.
        key: Key,
        /// How it was not.
        reason: Conflict,
    },
    /// Too many batches wait: try again later. Nothing was written.
    #[error("too many batches wait to be written")]
    Busy,
    /// The store could not write, or it is not known whether it did.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a row was not as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// There is a row where none was expected.
    #[error("it exists")]
    Exists,
    /// The row has another revision, or is gone.
    #[error("it has another revision")]
    Revision,
    /// Another row of the account agrees in this unique index.
    #[error("another row agrees in the index `{0}`")]
    Unique(&'static str),
}

impl Operation {
    pub(crate) fn conflict(&self, reason: Conflict) -> CommitError {
        CommitError::Conflict {
            collection: self.collection.name,
            key: self.key.clone(),
            reason,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let document = match &self.action {
            Action::Put {
                document, fields, ..
            } => document.len() + fields_bytes(fields.iter()),
            Action::Delete | Action::Check => 0,
        };
        size_of::<Self>() + key_bytes(&self.key) + document
    }

    /// Refuses what one of the backends would refuse, so that both refuse the same.
    pub(crate) fn check(&self) -> Result<(), String> {
        let collection = self.collection;
        if self.key.parts().len() != collection.key.len() {
            return Err(format!("a key of {} parts", collection.key.len()));
        }
        let parts = self.key.parts().iter().map(AsRef::as_ref);
        if parts
            .chain([self.key.account().as_str()])
            .any(|text: &str| text.contains('\0'))
        {
            return Err("a key without the character NUL".to_owned());
        }
        if key_bytes(&self.key) > limits::STORE_KEY_BYTES_MAX {
            return Err(format!(
                "a key of at most {} bytes",
                limits::STORE_KEY_BYTES_MAX
            ));
        }
        match &self.action {
            Action::Put {
                fields, expires_at, ..
            } => self.check_row(fields, *expires_at),
            Action::Delete | Action::Check => Ok(()),
        }
    }

    /// Refuses a row that would come into a log without being appended, and one that has no number.
    fn check_log(&self) -> Result<(), String> {
        let is_put = matches!(self.action, Action::Put { .. });
        let is_log = self.collection.is_log();
        match self.expect {
            Expect::Next if is_put && is_log => Ok(()),
            Expect::Next => Err("a row that is appended to be one of a log".to_owned()),
            Expect::Any | Expect::Absent if is_put && is_log => {
                Err("a row of a log to be appended, or changed as it was read".to_owned())
            }
            Expect::Any | Expect::Absent | Expect::Revision(_) => {
                if is_log && sequence::of(&self.key).is_err() {
                    return Err("the number of a row as the key of a log".to_owned());
                }
                Ok(())
            }
        }
    }

    fn check_row(&self, fields: &[Field], expires_at: Option<Timestamp>) -> Result<(), String> {
        let collection = self.collection;
        if fields.len() != collection.columns.len() {
            return Err(format!("{} fields", collection.columns.len()));
        }
        for (field, column) in fields.iter().zip(collection.columns) {
            let fits = match (field, column.kind) {
                (Field::Null, _) | (Field::Integer(_), ColumnKind::Integer) => true,
                (Field::Text(text), ColumnKind::Text) => !text.contains('\0'),
                (Field::Integer(_), ColumnKind::Text) | (Field::Text(_), ColumnKind::Integer) => {
                    false
                }
            };
            if !fits {
                return Err(format!(
                    "`{}` to be {:?} without NUL",
                    column.name, column.kind
                ));
            }
        }
        for index in collection.indexes {
            // An entry of an index holds its columns and the key.
            let is_held = |column: &str| index.columns.contains(&column);
            let named = fields.iter().zip(collection.columns);
            let held = named
                .filter(|(_, column)| is_held(column.name))
                .map(|(field, _)| field);
            if key_bytes(&self.key) + fields_bytes(held) > limits::STORE_KEY_BYTES_MAX {
                let (name, max) = (index.name, limits::STORE_KEY_BYTES_MAX);
                return Err(format!(
                    "a key and columns of `{name}` of at most {max} bytes"
                ));
            }
        }
        if expires_at.is_some() && !collection.expires {
            return Err("a row that never expires".to_owned());
        }
        Ok(())
    }
}

fn key_bytes(key: &Key) -> usize {
    key.account().as_str().len() + key.parts().iter().map(|part| part.len()).sum::<usize>()
}

fn fields_bytes<'a>(fields: impl Iterator<Item = &'a Field>) -> usize {
    let bytes = |field: &Field| match field {
        Field::Null => 0,
        Field::Integer(_) => size_of::<i64>(),
        Field::Text(text) => text.len(),
    };
    fields.map(bytes).sum()
}

impl Batch {
    /// Makes a batch without writes; rows that have expired by `now` count as absent.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self {
            now,
            operations: Vec::new(),
            bytes: 0,
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
        debug_assert!(
            serde_json::from_str::<serde::de::IgnoredAny>(&document).is_ok(),
            "expected JSON in `{}`, found `{document}`",
            collection.name
        );
        let action = Action::Put {
            fields,
            expires_at,
            document,
        };
        self.add(Operation {
            collection,
            key,
            expect,
            action,
        });
    }

    /// Adds a row to a log. The store numbers the rows of an account from 1 without a gap, in the order
    /// in which commits happen: whoever sees a number also sees all before it, and no number comes
    /// twice.
    pub fn append(&mut self, collection: &'static Collection, row: AppendRow) {
        let AppendRow {
            account,
            fields,
            expires_at,
            document,
        } = row;
        let row = PutRow {
            key: sequence::unnumbered(&account),
            fields,
            expires_at,
            document,
        };
        self.put(collection, row, Expect::Next);
    }

    /// Adds a row that is removed; one that is absent is no mistake unless a revision is expected.
    pub fn delete(&mut self, collection: &'static Collection, key: Key, expect: Expect) {
        self.add(Operation {
            collection,
            key,
            expect,
            action: Action::Delete,
        });
    }

    /// Adds a row that must be as expected and is left as it is.
    pub fn check(&mut self, collection: &'static Collection, key: Key, expect: Expect) {
        self.add(Operation {
            collection,
            key,
            expect,
            action: Action::Check,
        });
    }

    /// Whether nothing is written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Returns the number of writes and checks.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.operations.len()
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn add(&mut self, operation: Operation) {
        self.bytes += operation.bytes();
        self.operations.push(operation);
    }

    /// Refuses what no backend could write.
    pub(crate) fn validate(&self) -> Result<(), StoreError> {
        let refuse = |collection, expected| StoreError::Refused {
            collection,
            expected,
        };
        for operation in &self.operations {
            let collection = operation.collection.name;
            operation
                .check()
                .and_then(|()| operation.check_log())
                .map_err(|expected| refuse(collection, expected))?;
        }
        let (count, bytes) = (self.operations.len(), self.bytes);
        if let Some(operation) = self.operations.first()
            && (count > limits::STORE_BATCH_OPERATIONS_MAX || bytes > limits::STORE_BATCH_BYTES_MAX)
        {
            let expected = format!(
                "a batch of at most {} operations and {} bytes, found {count} and {bytes}",
                limits::STORE_BATCH_OPERATIONS_MAX,
                limits::STORE_BATCH_BYTES_MAX
            );
            return Err(refuse(operation.collection.name, expected));
        }
        Ok(())
    }
}
