//! Backups: every row as a line of JSON, the same from every backend and into every backend.
//!
//! ```text
//! {"usherBackup":1,"schemaVersion":1,"takenAt":"…","revision":7,"columns":{"things":["color"]}}
//! ["things",["acc1","a"],5,null,["red"],{"any":"document"}]
//! {"rows":1,"sha256":"…"}
//! ```
//!
//! A row has its collection, the account and the parts of its key, its revision, when it expires in
//! milliseconds since 1970, its columns and its document. The last line counts the rows and has the
//! checksum of all lines before it, so that a backup that was cut short or changed is refused.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read as _, Write};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use serde::Deserialize;
use serde_json::value::RawValue;
use usher_model::id::AccountId;
use usher_model::limits;
use usher_model::time::Timestamp;

use crate::batch::{Action, Expect, Operation};
use crate::collection::{Collection, SCHEMA_VERSION, kept};
use crate::sql::Tables;
use crate::store::{Field, Key, Row, StoreError};

/// The format that this version writes, and the newest it reads.
const FORMAT: u64 = 1;
/// Bytes of a line: the largest document, and what stands around it.
const LINE_BYTES_MAX: usize = limits::STORE_BATCH_BYTES_MAX + (1 << 20);

/// What a backup held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Rows of all collections.
    pub rows: u64,
}

/// Why a backup could not be written or restored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BackupError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The backup could not be read or written.
    #[error("the backup cannot be read or written")]
    File(#[source] Arc<io::Error>),
    /// A line is not what a backup has there.
    #[error("line {line} of the backup: expected {expected}")]
    Line {
        /// Which one, from 1.
        line: u64,
        /// What was expected.
        expected: String,
    },
    /// A newer version made the backup.
    #[error("the backup was made by a newer version of Usher: restore it with that one")]
    TooNew,
    /// The last line is missing, or its checksum does not fit.
    #[error("the backup is not complete or was changed: its checksum does not fit")]
    Checksum,
    /// There is something in the store.
    #[error("the store holds data already: restore into an empty one")]
    NotEmpty,
}

impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> Self {
        Self::File(Arc::new(error))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    usher_backup: u64,
    schema_version: i64,
    revision: u64,
    columns: BTreeMap<String, Vec<String>>,
}

/// Collection, key, revision, expiry, columns, document.
#[derive(Deserialize)]
struct Line(
    String,
    Vec<String>,
    u64,
    Option<i64>,
    Vec<serde_json::Value>,
    Box<RawValue>,
);

#[derive(Deserialize)]
struct Trailer {
    rows: u64,
    sha256: String,
}

/// Writes a backup.
pub(crate) struct Encoder<W> {
    to: W,
    /// Lines that are not yet written: the lines of PostgreSQL come where nothing may block.
    pending: Vec<u8>,
    checksum: Context,
    rows: u64,
}

impl<W: Write> Encoder<W> {
    /// `revision` is at least that of every row.
    pub(crate) fn new(to: W, tables: &Tables, now: Timestamp, revision: u64) -> Self {
        let columns: serde_json::Map<String, serde_json::Value> = tables
            .iter()
            .map(|table| {
                let columns = table.collection.columns.iter().map(|column| column.name);
                (table.collection.name.to_owned(), columns.collect())
            })
            .collect();
        let header = serde_json::json!({
            "usherBackup": FORMAT,
            "schemaVersion": SCHEMA_VERSION,
            "takenAt": now.to_string(),
            "revision": revision,
            "columns": columns,
        });
        let mut encoder = Self {
            to,
            pending: Vec::new(),
            checksum: Context::new(&SHA256),
            rows: 0,
        };
        encoder.line(&header.to_string());
        encoder
    }

    pub(crate) fn row(&mut self, collection: &Collection, row: &Row) {
        let parts = row.key.parts().iter().map(AsRef::as_ref);
        let key: serde_json::Value = std::iter::once(row.key.account().as_str())
            .chain(parts)
            .collect();
        let fields: serde_json::Value = row.fields.iter().map(Field::to_json).collect();
        let expires_at = row.expires_at.map(Timestamp::milliseconds);
        // A line break in JSON is white space: within text it would be escaped.
        let document = row.document.replace(['\n', '\r'], " ");
        self.line(&format!(
            "[{:?},{key},{},{},{fields},{document}]",
            collection.name,
            row.revision,
            expires_at.map_or("null".to_owned(), |at| at.to_string()),
        ));
        self.rows += 1;
    }

    /// Returns the bytes of the lines that wait.
    pub(crate) const fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Writes the lines that wait.
    pub(crate) fn write_out(&mut self) -> io::Result<()> {
        self.to.write_all(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    /// Writes the last line, and returns what was written to.
    pub(crate) fn finish(mut self) -> io::Result<(W, Summary)> {
        let trailer =
            serde_json::json!({ "rows": self.rows, "sha256": hexadecimal(&self.checksum) });
        self.line(&trailer.to_string());
        self.write_out()?;
        self.to.flush()?;
        Ok((self.to, Summary { rows: self.rows }))
    }

    fn line(&mut self, line: &str) {
        let start = self.pending.len();
        self.pending.extend_from_slice(line.as_bytes());
        self.pending.push(b'\n');
        self.checksum
            .update(self.pending.get(start..).unwrap_or_default());
    }
}

/// Reads a backup.
pub(crate) struct Decoder<R> {
    from: R,
    header: Header,
    checksum: Context,
    lines: u64,
    rows: u64,
    /// Those of the rows that no collection keeps any more.
    former: u64,
}

/// A row of a backup.
#[derive(Debug)]
pub(crate) struct Restored {
    /// The row as an operation that puts it.
    pub(crate) operation: Operation,
    pub(crate) revision: u64,
}

impl<R: BufRead> Decoder<R> {
    pub(crate) fn new(mut from: R) -> Result<Self, BackupError> {
        let mut checksum = Context::new(&SHA256);
        let expected = || BackupError::Line {
            line: 1,
            expected: "a backup's first line".to_owned(),
        };
        let line = read_line(&mut from)?.ok_or_else(expected)?;
        let header: Header = serde_json::from_slice(&line).map_err(|_not_ours| expected())?;
        if header.usher_backup > FORMAT || header.schema_version > SCHEMA_VERSION {
            return Err(BackupError::TooNew);
        }
        checksum.update(&line);
        Ok(Self {
            from,
            header,
            checksum,
            lines: 1,
            rows: 0,
            former: 0,
        })
    }

    /// Returns a number that no row's revision exceeds.
    pub(crate) const fn revision(&self) -> u64 {
        self.header.revision
    }

    pub(crate) const fn summary(&self) -> Summary {
        Summary {
            rows: self.rows - self.former,
        }
    }

    /// Returns the next row, or nothing if the backup is complete and as it was written.
    pub(crate) fn next(&mut self, tables: &Tables) -> Result<Option<Restored>, BackupError> {
        while let Some(line) = self.next_line()? {
            if !kept::FORMER.contains(&line.0.as_str()) {
                return self.row(tables, line).map(Some);
            }
            self.former += 1;
        }
        Ok(None)
    }

    fn next_line(&mut self) -> Result<Option<Line>, BackupError> {
        let line = read_line(&mut self.from)?.ok_or(BackupError::Checksum)?;
        self.lines += 1;
        if line.starts_with(b"{") {
            let is_as_written = serde_json::from_slice(&line).is_ok_and(|trailer: Trailer| {
                trailer.rows == self.rows && trailer.sha256 == hexadecimal(&self.checksum)
            });
            let is_last = read_line(&mut self.from)?.is_none();
            return if is_as_written && is_last {
                Ok(None)
            } else {
                Err(BackupError::Checksum)
            };
        }
        self.checksum.update(&line);
        self.rows += 1;
        let line = serde_json::from_slice(&line);
        line.map(Some).map_err(|_not_json| self.expected("a row"))
    }

    fn row(&self, tables: &Tables, line: Line) -> Result<Restored, BackupError> {
        let Line(name, key, revision, expires_at, fields, document) = line;
        let table = tables.named(&name).ok_or(BackupError::TooNew)?;
        let collection = table.collection;
        let mut key = key.into_iter();
        let account = key.next().and_then(|text| AccountId::parse(&text).ok());
        let account = account.ok_or_else(|| self.expected("an account"))?;
        let key = Key::from_parts(account, key.map(String::into_boxed_str).collect());
        let columns = self
            .header
            .columns
            .get(&name)
            .ok_or_else(|| self.expected("columns"))?;
        let mut named = BTreeMap::new();
        for (column, field) in columns.iter().zip(fields) {
            let field = Field::from_json(field).ok_or_else(|| self.expected("a column's value"))?;
            named.insert(column.as_str(), field);
        }
        // A column that came later is null, as it is where it was added.
        let fields = collection.columns.iter();
        let fields = fields
            .map(|column| named.remove(column.name).unwrap_or(Field::Null))
            .collect();
        if !named.is_empty() {
            return Err(BackupError::TooNew);
        }
        if revision == 0 || revision > self.header.revision {
            return Err(self.expected("a revision that is counted"));
        }
        let expires_at = expires_at.map(Timestamp::from_milliseconds);
        let action = Action::Put {
            fields,
            expires_at,
            document: String::from(Box::<str>::from(document)),
        };
        let operation = Operation {
            collection,
            key,
            expect: Expect::Absent,
            action,
        };
        operation
            .check()
            .map_err(|expected| self.expected(&expected))?;
        Ok(Restored {
            operation,
            revision,
        })
    }

    fn expected(&self, expected: &str) -> BackupError {
        BackupError::Line {
            line: self.lines,
            expected: expected.to_owned(),
        }
    }
}

/// Reads a line with its end; nothing at the end.
fn read_line(from: &mut impl BufRead) -> Result<Option<Vec<u8>>, BackupError> {
    let mut line = Vec::new();
    let bound = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bounded = from.take(bound);
    bounded.read_until(b'\n', &mut line)?;
    Ok(Some(line).filter(|line| !line.is_empty()))
}

fn hexadecimal(checksum: &Context) -> String {
    let checksum = checksum.clone().finish();
    checksum
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
