//! Reading rows.

use std::pin::pin;

use futures_util::future::try_join_all;
use futures_util::stream::TryStreamExt as _;
use usher_model::id::AccountId;
use usher_model::limits;
use usher_model::time::Timestamp;

use super::connect::Connection;
use crate::collection::{Collection, Column, ColumnKind};
use crate::sql::{self, Dialect, Table, Tables};
use crate::store::{Field, Health, Key, Page, PageBuilder, Query, Row, StoreError};

pub(super) async fn get(
    connection: &Connection,
    table: &Table,
    key: &Key,
    now: Timestamp,
) -> Result<Option<Row>, StoreError> {
    let statement = connection.prepare(&table.get).await?;
    let rows = connection
        .client
        .query_raw(&statement, table.get_values(key, now))
        .await?;
    let row = pin!(rows).try_next().await?;
    row.map(|row| read_row(table.collection, key.account(), 0, &row))
        .transpose()
}

/// Asks for all rows at once: for many with one statement, and one such request behind the other.
pub(super) async fn get_many(
    connection: &Connection,
    tables: &Tables,
    wanted: &[(&'static Collection, Key)],
    now: Timestamp,
) -> Result<Vec<Option<Row>>, StoreError> {
    if let [(collection, key)] = wanted {
        let row = get(connection, tables.get(collection)?, key, now).await?;
        return Ok(vec![row]);
    }
    let groups = wanted.chunks(limits::STORE_GET_ROWS_MAX);
    let groups = groups.map(|group| get_group(connection, tables, group, now));
    Ok(try_join_all(groups).await?.concat())
}

/// Reads rows of one instant.
async fn get_group(
    connection: &Connection,
    tables: &Tables,
    wanted: &[(&'static Collection, Key)],
    now: Timestamp,
) -> Result<Vec<Option<Row>>, StoreError> {
    let mut values = Vec::new();
    for (collection, key) in wanted {
        values.extend(tables.get(collection)?.get_values(key, now));
    }
    let sql = sql::get_many(wanted.iter().map(|(collection, _)| *collection));
    let statement = connection.prepare(&sql).await?;
    let found = connection.client.query_raw(&statement, values).await?;
    let mut found = pin!(found);
    let mut rows = vec![None; wanted.len()];
    while let Some(row) = found.try_next().await? {
        let position = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or(usize::MAX);
        // INVARIANT: the statement counts what is wanted, so every row has its place.
        if let (Some(place), Some((collection, key))) =
            (rows.get_mut(position), wanted.get(position))
        {
            *place = Some(read_numbered(collection, key, &row)?);
        }
    }
    Ok(rows)
}

/// Reads a row as [`sql::get_many`] lists its columns.
fn read_numbered(
    collection: &Collection,
    key: &Key,
    row: &tokio_postgres::Row,
) -> Result<Row, StoreError> {
    let texts: Vec<Option<String>> = row.try_get(1)?;
    let field = |(column, text): (&Column, Option<String>)| match (column.kind, text) {
        (_, None) => Ok(Field::Null),
        (ColumnKind::Text, Some(text)) => Ok(Field::Text(text)),
        (ColumnKind::Integer, Some(text)) => text.parse().map(Field::Integer),
    };
    let fields = collection.columns.iter().zip(texts).map(field);
    let revision: i64 = row.try_get(2)?;
    let expires_at: Option<i64> = row.try_get(3)?;
    Ok(Row {
        key: key.clone(),
        revision: u64::try_from(revision).unwrap_or(0),
        expires_at: expires_at.map(Timestamp::from_milliseconds),
        fields: fields
            .collect::<Result<_, _>>()
            .map_err(StoreError::unavailable)?,
        document: row.try_get(4)?,
    })
}

pub(super) async fn find(
    connection: &Connection,
    query: &Query,
    now: Timestamp,
) -> Result<Page, StoreError> {
    let mut page = PageBuilder::new(query);
    for mut segment in sql::segments(Dialect::Postgres, query, now)? {
        let statement = connection.prepare(&segment.sql).await?;
        segment.values.push(page.wanted());
        let rows = connection
            .client
            .query_raw(&statement, segment.values)
            .await?;
        let mut rows = pin!(rows);
        while let Some(row) = rows.try_next().await? {
            let (row, document) = read_columns(query.collection, &query.account, 0, &row)?;
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
    page.finish(query)
}

/// Reads a row as `sql` lists its columns, from the column `start` on.
pub(super) fn read_row(
    collection: &Collection,
    account: &AccountId,
    start: usize,
    row: &tokio_postgres::Row,
) -> Result<Row, StoreError> {
    let (row, document) = read_columns(collection, account, start, row)?;
    let document = document.unwrap_or_default();
    Ok(Row { document, ..row })
}

/// Reads a row without its document, and the document unless the statement left it out.
fn read_columns(
    collection: &Collection,
    account: &AccountId,
    start: usize,
    row: &tokio_postgres::Row,
) -> Result<(Row, Option<String>), StoreError> {
    let mut positions = start..;
    let mut next = || positions.next().unwrap_or(usize::MAX);
    let mut parts: Vec<Box<str>> = Vec::with_capacity(collection.key.len());
    for _ in collection.key {
        parts.push(match collection.key_kind() {
            ColumnKind::Text => row.try_get::<_, &str>(next())?.into(),
            ColumnKind::Integer => row.try_get::<_, i64>(next())?.to_string().into(),
        });
    }
    let mut fields = Vec::with_capacity(collection.columns.len());
    for column in collection.columns {
        let field = match column.kind {
            ColumnKind::Integer => row.try_get::<_, Option<i64>>(next())?.map(Field::Integer),
            ColumnKind::Text => row.try_get::<_, Option<String>>(next())?.map(Field::Text),
        };
        fields.push(field.unwrap_or(Field::Null));
    }
    let revision: i64 = row.try_get(next())?;
    let expires_at: Option<i64> = row.try_get(next())?;
    let read = Row {
        key: Key::from_parts(account.clone(), parts),
        revision: u64::try_from(revision).unwrap_or(0),
        expires_at: expires_at.map(Timestamp::from_milliseconds),
        fields,
        document: String::new(),
    };
    Ok((read, row.try_get(next())?))
}

pub(super) async fn accounts(connection: &Connection) -> Result<Vec<AccountId>, StoreError> {
    let statement = connection
        .prepare("SELECT account_id FROM accounts ORDER BY account_id")
        .await?;
    let rows = connection.client.query(&statement, &[]).await?;
    rows.iter().map(|row| account(row, 0)).collect()
}

/// Reads an account's id.
pub(super) fn account(row: &tokio_postgres::Row, position: usize) -> Result<AccountId, StoreError> {
    AccountId::parse(row.try_get(position)?).map_err(StoreError::unavailable)
}

/// Asks the server how it is set.
pub(super) async fn check(connection: &Connection) -> Result<Health, StoreError> {
    let settings = "SELECT name, setting FROM pg_settings WHERE name IN \
                    ('server_version', 'fsync', 'full_page_writes', 'transaction_read_only')";
    let mut engine = "PostgreSQL".to_owned();
    let mut findings = Vec::new();
    for row in connection.client.query(settings, &[]).await? {
        let (name, setting): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        let finding = match (name, setting) {
            ("server_version", version) => {
                engine = format!("PostgreSQL {version}");
                continue;
            }
            ("fsync", "off") => "What is acknowledged may be lost: set `fsync` to `on`.",
            ("full_page_writes", "off") => {
                "A power failure may damage pages: set `full_page_writes` to `on`, unless the file \
                 system writes pages whole."
            }
            ("transaction_read_only", "on") => "The server only reads: connect to the primary.",
            _ => continue,
        };
        findings.push(finding.to_owned());
    }
    Ok(Health { engine, findings })
}
