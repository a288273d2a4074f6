//! The SQL of the seam, made from the collections' declarations.

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, ToSql, params_from_iter};
use usher_model::id::AccountId;
use usher_model::time::Timestamp;

use crate::collection::Collection;
use crate::store::{Cursor, Field, Key, Page, Query, Row, StoreError};

impl ToSql for Field {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// The columns that every read returns, in the order that [`read_row`] expects.
fn columns(collection: &Collection) -> String {
    let mut columns = String::new();
    for name in collection
        .key
        .iter()
        .chain(collection.columns.iter().map(|column| &column.name))
    {
        columns.push_str(name);
        columns.push_str(", ");
    }
    columns.push_str("revision, expires_at, document");
    columns
}

fn key_condition(collection: &Collection) -> String {
    let mut condition = "account_id = ?1".to_owned();
    for (position, name) in collection.key.iter().enumerate() {
        condition.push_str(&format!(" AND {name} = ?{}", position + 2));
    }
    condition
}

fn key_values(key: &Key) -> impl Iterator<Item = &str> {
    std::iter::once(key.account().as_str()).chain(key.parts().iter().map(AsRef::as_ref))
}

pub(super) fn get(
    connection: &Connection,
    collection: &'static Collection,
    key: &Key,
    now: Timestamp,
) -> Result<Option<Row>, StoreError> {
    let sql = format!(
        "SELECT {} FROM {} WHERE {}",
        columns(collection),
        collection.name,
        key_condition(collection)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let row = statement
        .query_row(params_from_iter(key_values(key)), |row| {
            read_row(collection, key.account(), row)
        })
        .optional()?;
    Ok(row.filter(|row| row.expires_at.is_none_or(|at| at > now)))
}

/// Reads a row that [`columns`] selected.
fn read_row(
    collection: &Collection,
    account: &AccountId,
    row: &rusqlite::Row<'_>,
) -> rusqlite::Result<Row> {
    let mut position = 0;
    let mut next = || {
        position += 1;
        position - 1
    };
    let mut parts: Vec<Box<str>> = Vec::with_capacity(collection.key.len());
    for _ in collection.key {
        parts.push(row.get(next())?);
    }
    let mut fields = Vec::with_capacity(collection.columns.len());
    for _ in collection.columns {
        fields.push(match row.get_ref(next())? {
            ValueRef::Integer(number) => Field::Integer(number),
            ValueRef::Text(text) => Field::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Field::Null,
        });
    }
    let revision: i64 = row.get(next())?;
    let expires_at: Option<i64> = row.get(next())?;
    Ok(Row {
        key: Key::from_parts(account.clone(), parts),
        revision: u64::try_from(revision).unwrap_or(0),
        expires_at: expires_at.map(Timestamp::from_milliseconds),
        fields,
        document: row.get(next())?,
    })
}

/// One column of a query's order.
struct OrderColumn {
    name: &'static str,
    /// Whether it may be null: then `=` and `<` do not compare it.
    is_nullable: bool,
}

/// The columns by which a query's rows are sorted: the index's, then the key's.
fn order(query: &Query) -> Result<Vec<OrderColumn>, StoreError> {
    let collection = query.collection;
    let mut order = Vec::new();
    if let Some(name) = query.index {
        let index = collection.index(name).ok_or(StoreError::Index {
            collection: collection.name,
            index: name,
        })?;
        order.extend(index.columns.iter().map(|name| OrderColumn {
            name,
            is_nullable: true,
        }));
    }
    order.extend(collection.key.iter().map(|name| OrderColumn {
        name,
        is_nullable: false,
    }));
    Ok(order)
}

pub(super) fn find(
    connection: &Connection,
    query: &Query,
    now: Timestamp,
) -> Result<Page, StoreError> {
    let collection = query.collection;
    let order = order(query)?;
    let mut values = vec![Field::Text(query.account.to_string())];
    let mut sql = format!(
        "SELECT {} FROM {} WHERE account_id = ?1",
        columns(collection),
        collection.name
    );
    let mut bind = |field: &Field| {
        values.push(field.clone());
        values.len()
    };
    let mut rest = order.iter();
    for (field, column) in query.equals.iter().zip(rest.by_ref()) {
        sql.push_str(&format!(" AND {} = ?{}", column.name, bind(field)));
    }
    if let Some(column) = rest.clone().next() {
        for (field, comparison) in [(&query.from, ">="), (&query.to, "<")] {
            if let Some(field) = field {
                sql.push_str(&format!(
                    " AND {} {comparison} ?{}",
                    column.name,
                    bind(field)
                ));
            }
        }
    }
    let rest: Vec<&OrderColumn> = rest.collect();
    if let Some(Cursor(after)) = &query.after {
        if after.len() != rest.len() {
            return Err(StoreError::Cursor);
        }
        sql.push_str(&format!(
            " AND ({})",
            beyond(&rest, after, query.descending, &mut bind)
        ));
    }
    if collection.expires {
        let now = bind(&Field::Integer(now.milliseconds()));
        sql.push_str(&format!(" AND (expires_at IS NULL OR expires_at > ?{now})"));
    }
    let direction = if query.descending { " DESC" } else { "" };
    for (position, column) in rest.iter().enumerate() {
        let separator = if position == 0 { " ORDER BY " } else { ", " };
        sql.push_str(&format!("{separator}{}{direction}", column.name));
    }
    // One row more than asked for tells whether there is a next page.
    let limit = i64::try_from(query.limit.saturating_add(1)).unwrap_or(i64::MAX);
    sql.push_str(&format!(" LIMIT ?{}", bind(&Field::Integer(limit))));

    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(&values), |row| {
        read_row(collection, &query.account, row)
    })?;
    let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
    let has_more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|last| cursor(query, &rest, last));
    Ok(Page { rows, next })
}

/// Writes that a row comes after the cursor; SQLite sorts nulls first.
fn beyond(
    order: &[&OrderColumn],
    after: &[Field],
    descending: bool,
    bind: &mut impl FnMut(&Field) -> usize,
) -> String {
    let mut alternatives = Vec::new();
    let mut equal = String::new();
    for (column, field) in order.iter().zip(after) {
        let name = column.name;
        let value = bind(field);
        let further = match (descending, column.is_nullable) {
            (false, false) => format!("{name} > ?{value}"),
            (true, false) => format!("{name} < ?{value}"),
            (false, true) => {
                format!("({name} > ?{value} OR (?{value} IS NULL AND {name} IS NOT NULL))")
            }
            (true, true) => {
                format!("({name} < ?{value} OR (?{value} IS NOT NULL AND {name} IS NULL))")
            }
        };
        alternatives.push(format!("({equal}{further})"));
        equal.push_str(&format!("{name} IS ?{value} AND "));
    }
    alternatives.join(" OR ")
}

fn cursor(query: &Query, order: &[&OrderColumn], last: &Row) -> Cursor {
    let collection = query.collection;
    let value = |column: &&OrderColumn| {
        let part = collection
            .key
            .iter()
            .zip(last.key.parts())
            .find(|(name, _)| **name == column.name);
        if let Some((_, part)) = part {
            return Field::Text(part.to_string());
        }
        let field = collection
            .columns
            .iter()
            .zip(&last.fields)
            .find(|(declared, _)| declared.name == column.name);
        field.map_or(Field::Null, |(_, field)| field.clone())
    };
    Cursor(order.iter().map(value).collect())
}

pub(super) fn accounts(connection: &Connection) -> rusqlite::Result<Vec<AccountId>> {
    let mut statement =
        connection.prepare_cached("SELECT account_id FROM accounts ORDER BY account_id")?;
    let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
    let ids = ids.collect::<rusqlite::Result<Vec<_>>>()?;
    // Only ids that were checked are ever written.
    Ok(ids
        .iter()
        .filter_map(|id| AccountId::parse(id).ok())
        .collect())
}

/// The revision of a row as the file has it, and from when on nobody sees it.
pub(super) fn state(
    connection: &Connection,
    collection: &Collection,
    key: &Key,
) -> rusqlite::Result<Option<(u64, Option<i64>)>> {
    let sql = format!(
        "SELECT revision, expires_at FROM {} WHERE {}",
        collection.name,
        key_condition(collection)
    );
    connection
        .prepare_cached(&sql)?
        .query_row(params_from_iter(key_values(key)), |row| {
            let revision: i64 = row.get(0)?;
            Ok((u64::try_from(revision).unwrap_or(0), row.get(1)?))
        })
        .optional()
}

pub(super) fn put(
    connection: &Connection,
    collection: &Collection,
    key: &Key,
    fields: &[Field],
    revision: u64,
    expires_at: Option<Timestamp>,
    document: &str,
) -> rusqlite::Result<()> {
    let names: Vec<&str> = std::iter::once("account_id")
        .chain(collection.key.iter().copied())
        .chain(collection.columns.iter().map(|column| column.name))
        .chain(["revision", "expires_at", "document"])
        .collect();
    let places: Vec<String> = (1..=names.len()).map(|place| format!("?{place}")).collect();
    let key_names = std::iter::once("account_id").chain(collection.key.iter().copied());
    let key_names: Vec<&str> = key_names.collect();
    let changes: Vec<String> = names
        .iter()
        .filter(|name| !key_names.contains(name))
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    // Not `INSERT OR REPLACE`: that would silently remove a row that agrees in a unique index.
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}",
        collection.name,
        names.join(", "),
        places.join(", "),
        key_names.join(", "),
        changes.join(", ")
    );
    let text = |text: &str| Field::Text(text.to_owned());
    let mut values: Vec<Field> = key_values(key).map(text).collect();
    values.extend(fields.iter().cloned());
    values.push(Field::Integer(i64::try_from(revision).unwrap_or(i64::MAX)));
    values.push(expires_at.map_or(Field::Null, |at| Field::Integer(at.milliseconds())));
    values.push(text(document));
    connection
        .prepare_cached(&sql)?
        .execute(params_from_iter(&values))?;
    Ok(())
}

pub(super) fn delete(
    connection: &Connection,
    collection: &Collection,
    key: &Key,
) -> rusqlite::Result<()> {
    let sql = format!(
        "DELETE FROM {} WHERE {}",
        collection.name,
        key_condition(collection)
    );
    connection
        .prepare_cached(&sql)?
        .execute(params_from_iter(key_values(key)))?;
    Ok(())
}

pub(super) fn sweep(
    connection: &Connection,
    collection: &Collection,
    now: Timestamp,
    limit: usize,
) -> rusqlite::Result<usize> {
    let table = collection.name;
    let sql = format!(
        "DELETE FROM {table} WHERE rowid IN (
             SELECT rowid FROM {table} WHERE expires_at <= ?1 LIMIT ?2)"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection
        .prepare_cached(&sql)?
        .execute([now.milliseconds(), limit])
}
