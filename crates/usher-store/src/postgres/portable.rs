//! Backup and restore. What blocks, reading and writing the backup itself, happens on blocking
//! threads, a chunk at a time.

use std::io::{BufRead, Write};
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::try_join_all;
use futures_util::stream::TryStreamExt as _;
use tokio::task::spawn_blocking;
use usher_model::time::Timestamp;

use super::connect::{Connection, Pool};
use super::read::{account, read_row};
use crate::backup::{BackupError, Decoder, Encoder, Restored, Summary};
use crate::sql::{self, Tables, Value};
use crate::store::StoreError;

/// Bytes that are gathered before they are written.
const CHUNK_BYTES: usize = 1 << 20;
/// Rows that are on their way to the server at once.
const CHUNK_ROWS: usize = 256;
/// A backup may take as long as it needs.
const UNHURRIED: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                         SET LOCAL idle_in_transaction_session_timeout = 0;";

impl From<tokio_postgres::Error> for BackupError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Writes every row of one instant.
pub(super) async fn backup<W: Write + Send + 'static>(
    pool: &Pool,
    tables: &Tables,
    to: W,
    now: Timestamp,
) -> Result<(W, Summary), BackupError> {
    // A connection of its own: closed, it takes the transaction with it.
    let Connection { client, .. } = pool.connect().await?;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;";
    client
        .batch_execute(&format!("{begin} {UNHURRIED}"))
        .await?;
    // The sequence is never behind the rows that are seen.
    let first = tables.iter().next().map_or("SELECT 1", |table| &table.any);
    client.batch_execute(first).await?;
    let last = client
        .query_one("SELECT last_value FROM usher_revision", &[])
        .await?;
    let revision = u64::try_from(last.try_get::<_, i64>(0)?).unwrap_or(0);
    let mut encoder = Encoder::new(to, tables, now, revision);
    for table in tables.iter() {
        let statement = client.prepare(&table.scan).await?;
        let values = table.collection.expires.then_some(Value::from(now));
        let rows = client.query_raw(&statement, values.as_slice()).await?;
        let mut rows = pin!(rows);
        while let Some(row) = rows.try_next().await? {
            let account = account(&row, 0)?;
            encoder.row(
                table.collection,
                &read_row(table.collection, &account, 1, &row)?,
            );
            if encoder.pending() > CHUNK_BYTES {
                encoder = blocking(move || encoder.write_out().map(|()| encoder)).await??;
            }
        }
    }
    Ok(blocking(move || encoder.finish()).await??)
}

/// Writes every row of a backup into an empty store, in one transaction.
pub(super) async fn restore<R: BufRead + Send + 'static>(
    pool: &Pool,
    tables: Arc<Tables>,
    from: R,
) -> Result<Summary, BackupError> {
    let connection = pool.connect().await?;
    connection
        .client
        .batch_execute(&format!("BEGIN; {UNHURRIED}"))
        .await?;
    for table in tables.iter() {
        // Nobody else writes until the end.
        let name = table.collection.name;
        connection
            .client
            .batch_execute(&format!("LOCK TABLE {name} IN EXCLUSIVE MODE"))
            .await?;
        if connection
            .client
            .query_opt(&table.any, &[])
            .await?
            .is_some()
        {
            return Err(BackupError::NotEmpty);
        }
    }
    let mut decoder = blocking(move || Decoder::new(from)).await??;
    loop {
        let (rows, is_last);
        let tables_read = Arc::clone(&tables);
        (decoder, rows, is_last) = blocking(move || read_chunk(decoder, &tables_read)).await??;
        try_join_all(rows.iter().map(|row| insert(&connection, &tables, row))).await?;
        if is_last {
            break;
        }
    }
    let revision = i64::try_from(decoder.revision().max(1)).unwrap_or(i64::MAX);
    let set = "SELECT setval('usher_revision', greatest($1, last_value)) FROM usher_revision";
    connection.client.query(set, &[&revision]).await?;
    connection.client.batch_execute("COMMIT").await?;
    Ok(decoder.summary())
}

type Chunk<R> = (Decoder<R>, Vec<Restored>, bool);

/// Reads some rows; says whether they were the last ones.
fn read_chunk<R: BufRead>(
    mut decoder: Decoder<R>,
    tables: &Tables,
) -> Result<Chunk<R>, BackupError> {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while rows.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
        match decoder.next(tables)? {
            Some(row) => {
                bytes += row.operation.bytes();
                rows.push(row);
            }
            None => return Ok((decoder, rows, true)),
        }
    }
    Ok((decoder, rows, false))
}

async fn insert(
    connection: &Connection,
    tables: &Tables,
    row: &Restored,
) -> Result<(), BackupError> {
    let table = tables.get(row.operation.collection)?;
    let statement = connection.prepare(&table.restore).await?;
    let mut values = sql::row_values(&row.operation);
    values.push(sql::revision_value(row.revision));
    connection.client.execute_raw(&statement, values).await?;
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    spawn_blocking(work).await.map_err(StoreError::unavailable)
}
