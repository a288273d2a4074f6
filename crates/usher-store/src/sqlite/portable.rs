//! Backup and restore.

use std::io::{BufRead, Write};

use rusqlite::{Connection, Transaction};
use usher_model::time::Timestamp;

use super::read::{account, bind, read_row};
use super::writer::last_revision;
use crate::backup::{BackupError, Decoder, Encoder, Summary};
use crate::sql::{self, Table, Tables, Value};

/// Bytes that are gathered before they are written.
const CHUNK_BYTES: usize = 256 << 10;

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Writes every row of one instant. Meanwhile the write-ahead log grows, and is cut back afterwards.
pub(super) fn backup<W: Write>(
    connection: &Connection,
    tables: &Tables,
    to: W,
    now: Timestamp,
) -> Result<(W, Summary), BackupError> {
    let transaction = connection.unchecked_transaction()?;
    let revision = last_revision(&transaction)?;
    let mut encoder = Encoder::new(to, tables, now, revision);
    for table in tables.iter() {
        let mut statement = transaction.prepare_cached(&table.scan)?;
        let expires = table.collection.expires;
        bind(
            &mut statement,
            expires.then_some(Value::from(now)).as_slice(),
        )?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            encoder.row(
                table.collection,
                &read_row(table.collection, &account(row, 0)?, 1, row)?,
            );
            if encoder.pending() > CHUNK_BYTES {
                encoder.write_out()?;
            }
        }
    }
    transaction.finish()?;
    Ok(encoder.finish()?)
}

/// Writes every row of a backup into an empty store, and returns the revision from which to count
/// on; the caller takes it all back if this fails.
pub(super) fn restore(
    transaction: &Transaction<'_>,
    tables: &Tables,
    from: impl BufRead,
) -> Result<(Summary, u64), BackupError> {
    for table in tables.iter() {
        if !is_empty(transaction, table)? {
            return Err(BackupError::NotEmpty);
        }
    }
    let mut decoder = Decoder::new(from)?;
    while let Some(restored) = decoder.next(tables)? {
        let table = tables.get(restored.operation.collection)?;
        let mut values = sql::row_values(&restored.operation);
        values.push(sql::revision_value(restored.revision));
        let mut statement = transaction.prepare_cached(&table.restore)?;
        bind(&mut statement, &values)?;
        statement.raw_execute()?;
    }
    Ok((decoder.summary(), decoder.revision()))
}

fn is_empty(transaction: &Transaction<'_>, table: &Table) -> rusqlite::Result<bool> {
    let mut statement = transaction.prepare_cached(&table.any)?;
    Ok(!statement.exists([])?)
}
