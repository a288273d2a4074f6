//! Reading rows.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};
use usher_model::id::AccountId;
use usher_model::time::Timestamp;

use super::open;
use crate::collection::{Collection, ColumnKind};
use crate::sql::{self, Dialect, Table, Value};
use crate::store::{Field, Key, Page, PageBuilder, Query, Row, StoreError};

/// Connections for reads of a few microseconds: as many as there are threads that ask.
const POINT_READERS: usize = 4;
/// Connections for reads that take longer.
const SCAN_READERS: usize = 2;

/// The connections that read.
pub(super) struct Readers {
    points: Pool,
    scans: Pool,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let pool = |count| {
            let connections = (0..count).map(|_| Ok(Arc::new(Mutex::new(open::reader(path)?))));
            Ok::<_, StoreError>(Pool::new(connections.collect::<rusqlite::Result<_>>()?))
        };
        Ok(Self {
            points: pool(POINT_READERS)?,
            scans: pool(SCAN_READERS)?,
        })
    }

    pub(super) fn of(connection: Arc<Mutex<Connection>>) -> Self {
        let points = Pool::new(vec![Arc::clone(&connection)]);
        Self {
            points,
            scans: Pool::new(vec![connection]),
        }
    }

    /// Reads what takes microseconds.
    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.points.with(read)
    }

    /// Reads what takes longer.
    pub(super) fn scan<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.scans.with(read)
    }
}

struct Pool {
    // Each guards its connection for one read.
    connections: Vec<Arc<Mutex<Connection>>>,
    next: AtomicUsize,
}

impl Pool {
    const fn new(connections: Vec<Arc<Mutex<Connection>>>) -> Self {
        Self {
            connections,
            next: AtomicUsize::new(0),
        }
    }

    /// Takes an idle connection, or waits for one.
    fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self
            .connections
            .iter()
            .find_map(|connection| connection.try_lock().ok());
        if let Some(connection) = idle {
            return read(&connection);
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len().max(1);
        let connection = self.connections.get(turn).ok_or(StoreError::Closed)?;
        read(&connection.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Binds values in order.
pub(super) fn bind(statement: &mut Statement<'_>, values: &[Value<'_>]) -> rusqlite::Result<()> {
    for (position, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(position + 1, value)?;
    }
    Ok(())
}

pub(super) fn get(
    connection: &Connection,
    table: &Table,
    key: &Key,
    now: Timestamp,
) -> rusqlite::Result<Option<Row>> {
    let mut statement = connection.prepare_cached(&table.get)?;
    bind(&mut statement, &table.get_values(key, now))?;
    let mut rows = statement.raw_query();
    rows.next()?
        .map(|row| read_row(table.collection, key.account(), 0, row))
        .transpose()
}

pub(super) fn find(
    connection: &Connection,
    query: &Query,
    now: Timestamp,
) -> Result<Page, StoreError> {
    let segments = sql::segments(Dialect::Sqlite, query, now)?;
    // One transaction sees one instant.
    let transaction = connection.unchecked_transaction()?;
    let mut page = PageBuilder::new(query);
    for mut segment in segments {
        let mut statement = transaction.prepare_cached(&segment.sql)?;
        segment.values.push(page.wanted());
        bind(&mut statement, &segment.values)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let (row, document) = read_columns(query.collection, &query.account, 0, row)?;
            let is_fit = document.is_some();
            let document = document.unwrap_or_default();
            if !page.add(Row { document, ..row }, is_fit) {
                break;
            }
        }
        if page.is_full() {
            break;
        }
    }
    transaction.finish()?;
    page.finish(query)
}

/// Reads a row as `sql` lists its columns, from the column `start` on.
pub(super) fn read_row(
    collection: &Collection,
    account: &AccountId,
    start: usize,
    row: &rusqlite::Row<'_>,
) -> rusqlite::Result<Row> {
    let (row, document) = read_columns(collection, account, start, row)?;
    let document = document.unwrap_or_default();
    Ok(Row { document, ..row })
}

/// Reads a row without its document, and the document unless the statement left it out.
fn read_columns(
    collection: &Collection,
    account: &AccountId,
    start: usize,
    row: &rusqlite::Row<'_>,
) -> rusqlite::Result<(Row, Option<String>)> {
    let mut positions = start..;
    let mut next = || positions.next().unwrap_or(usize::MAX);
    let mut parts: Vec<Box<str>> = Vec::with_capacity(collection.key.len());
    for _ in collection.key {
        parts.push(match collection.key_kind() {
            ColumnKind::Text => row.get(next())?,
            ColumnKind::Integer => row.get::<_, i64>(next())?.to_string().into(),
        });
    }
    let mut fields = Vec::with_capacity(collection.columns.len());
    for _ in collection.columns {
        let position = next();
        fields.push(match row.get_ref(position)? {
            ValueRef::Null => Field::Null,
            ValueRef::Integer(number) => Field::Integer(number),
            _ => Field::Text(row.get(position)?),
        });
    }
    let revision: i64 = row.get(next())?;
    let expires_at: Option<i64> = row.get(next())?;
    let read = Row {
        key: Key::from_parts(account.clone(), parts),
        revision: u64::try_from(revision).unwrap_or(0),
        expires_at: expires_at.map(Timestamp::from_milliseconds),
        fields,
        document: String::new(),
    };
    Ok((read, row.get(next())?))
}

pub(super) fn accounts(connection: &Connection) -> rusqlite::Result<Vec<AccountId>> {
    let mut statement =
        connection.prepare_cached("SELECT account_id FROM accounts ORDER BY account_id")?;
    let ids = statement.query_map([], |row| account(row, 0))?;
    ids.collect()
}

/// Reads an account's id.
pub(super) fn account(row: &rusqlite::Row<'_>, position: usize) -> rusqlite::Result<AccountId> {
    let text = row.get_ref(position)?.as_str()?;
    AccountId::parse(text).map_err(|source| {
        rusqlite::Error::FromSqlConversionFailure(
            position,
            rusqlite::types::Type::Text,
            source.into(),
        )
    })
}
