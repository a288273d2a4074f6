//! The SQL of the seam for both backends, made from the collections' declarations.
//!
//! Statements are made once, when the store is opened; only a find is put together when it is
//! asked, from names that are all declared. Values are always bound, never written into the text.

mod find;
mod schema;

use std::fmt::Write as _;

use usher_model::time::Timestamp;

pub(crate) use find::{cursor, segments};
pub(crate) use schema::{add_column, create_indexes, create_table};

use crate::batch::{Action, Expect, Operation};
use crate::collection::{Collection, ColumnKind};
use crate::store::{Field, Key, StoreError};

/// The differences between the backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A value that is bound to a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
}

impl<'a> From<&'a Field> for Value<'a> {
    fn from(field: &'a Field) -> Self {
        match field {
            Field::Null => Self::Null,
            Field::Integer(number) => Self::Integer(*number),
            Field::Text(text) => Self::Text(text),
        }
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(instant: Timestamp) -> Self {
        Self::Integer(instant.milliseconds())
    }
}

impl From<Option<Timestamp>> for Value<'_> {
    fn from(instant: Option<Timestamp>) -> Self {
        instant.map_or(Self::Null, Self::from)
    }
}

/// Revisions are counted from 1 and never reach the end of an `i64`.
pub(crate) fn revision_value(revision: u64) -> Value<'static> {
    Value::Integer(i64::try_from(revision).unwrap_or(i64::MAX))
}

/// The statements of one collection.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) collection: &'static Collection,
    /// The row of a key: bind the key, then `now` if rows expire.
    pub(crate) get: String,
    /// The revision of the row of a key, held until the transaction ends.
    pub(crate) check: String,
    put_any: String,
    put_absent: String,
    put_revision: String,
    delete_any: String,
    delete_revision: String,
    /// Every row, in the order of account and key; bind `now` if rows expire.
    pub(crate) scan: String,
    /// Bind a page of rows with explicit revisions.
    pub(crate) restore: String,
    /// Bind `now` and how many.
    pub(crate) sweep: String,
    /// Whether there is any row at all.
    pub(crate) any: String,
    /// PostgreSQL cannot lock a row that is absent: it is written and removed again.
    pub(crate) reserve: String,
    /// Removes what `reserve` wrote.
    pub(crate) release: String,
}

/// The statements of every collection.
#[derive(Debug)]
pub(crate) struct Tables(Vec<Table>);

impl Tables {
    pub(crate) fn new(dialect: Dialect, collections: &[&'static Collection]) -> Self {
        Self(
            collections
                .iter()
                .map(|collection| Table::new(dialect, collection))
                .collect(),
        )
    }

    pub(crate) fn get(&self, collection: &'static Collection) -> Result<&Table, StoreError> {
        self.named(collection.name)
            .ok_or(StoreError::Collection(collection.name))
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Table> {
        self.0.iter().find(|table| table.collection.name == name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Table> {
        self.0.iter()
    }
}

impl Table {
    fn new(dialect: Dialect, collection: &'static Collection) -> Self {
        let name = collection.name;
        let columns = row_columns(dialect, collection);
        let mut places = Places::new(dialect);
        let key = places.key(collection);
        let live = places.live(collection);
        let mut scanning = Places::new(dialect);
        let scanned = scanning.live(collection);
        let keys = key_columns(collection).join(", ");
        let lock = if dialect == Dialect::Postgres {
            " FOR SHARE"
        } else {
            ""
        };
        Self {
            collection,
            get: format!("SELECT {columns} FROM {name} WHERE {key}{live}"),
            check: format!("SELECT revision FROM {name} WHERE {key}{live}{lock}"),
            put_any: insert(dialect, collection, Expect::Any),
            put_absent: insert(dialect, collection, Expect::Absent),
            put_revision: update(dialect, collection),
            delete_any: format!("DELETE FROM {name} WHERE {key}"),
            delete_revision: {
                let revision = places.next();
                format!("DELETE FROM {name} WHERE {key}{live} AND revision = {revision}")
            },
            scan: format!(
                "SELECT account_id, {columns} FROM {name} WHERE true{scanned} ORDER BY {keys}"
            ),
            restore: restore(dialect, collection),
            sweep: sweep(dialect, collection),
            any: format!("SELECT 1 FROM {name} LIMIT 1"),
            reserve: reserve(dialect, collection),
            release: format!("DELETE FROM {name} WHERE {key} AND revision = 0"),
        }
    }

    /// Returns the statement of an operation that writes, with the values to bind; nothing if it
    /// only checks. `revision` is what SQLite gives the row; PostgreSQL has a sequence.
    pub(crate) fn write<'a>(
        &'a self,
        operation: &'a Operation,
        now: Timestamp,
        revision: Option<u64>,
    ) -> Option<(&'a str, Vec<Value<'a>>)> {
        let expires = self.collection.expires;
        let mut values = key_values(&operation.key);
        match &operation.action {
            Action::Put {
                fields,
                expires_at,
                document,
            } => {
                values.extend(fields.iter().map(Value::from));
                values.extend([Value::from(*expires_at), Value::Text(document)]);
                values.extend(revision.map(revision_value));
                if expires && operation.expect != Expect::Any {
                    values.push(now.into());
                }
                let sql = match operation.expect {
                    Expect::Any => &self.put_any,
                    Expect::Absent => &self.put_absent,
                    Expect::Revision(expected) => {
                        values.push(revision_value(expected));
                        &self.put_revision
                    }
                };
                Some((sql, values))
            }
            Action::Delete => match operation.expect {
                Expect::Any => Some((&self.delete_any, values)),
                Expect::Revision(expected) => {
                    values.extend(expires.then_some(Value::from(now)));
                    values.push(revision_value(expected));
                    Some((&self.delete_revision, values))
                }
                // What is absent need not be removed.
                Expect::Absent => None,
            },
            Action::Check => None,
        }
    }

    /// Returns the statements that every backend has, so that one that cannot be prepared is found
    /// when the store is opened.
    pub(crate) fn statements(&self) -> [&str; 10] {
        [
            &self.get,
            &self.check,
            &self.put_any,
            &self.put_absent,
            &self.put_revision,
            &self.delete_any,
            &self.delete_revision,
            &self.scan,
            &self.restore,
            &self.any,
        ]
    }

    /// Returns the values of [`Table::get`] and [`Table::check`].
    pub(crate) fn get_values<'a>(&self, key: &'a Key, now: Timestamp) -> Vec<Value<'a>> {
        let mut values = key_values(key);
        values.extend(self.collection.expires.then_some(Value::from(now)));
        values
    }
}

pub(crate) fn key_values(key: &Key) -> Vec<Value<'_>> {
    let parts = key.parts().iter().map(|part| Value::Text(part));
    std::iter::once(Value::Text(key.account().as_str()))
        .chain(parts)
        .collect()
}

/// Hands out the numbered places of a statement's values.
struct Places {
    dialect: Dialect,
    count: usize,
}

impl Places {
    const fn new(dialect: Dialect) -> Self {
        Self { dialect, count: 0 }
    }

    fn next(&mut self) -> String {
        self.count += 1;
        match self.dialect {
            Dialect::Sqlite => format!("?{}", self.count),
            Dialect::Postgres => format!("${}", self.count),
        }
    }

    /// Writes that a row has a key.
    fn key(&mut self, collection: &Collection) -> String {
        let conditions = key_columns(collection).into_iter();
        let conditions = conditions.map(|name| format!("{name} = {}", self.next()));
        conditions.collect::<Vec<_>>().join(" AND ")
    }

    /// Writes that a row has not expired.
    fn live(&mut self, collection: &Collection) -> String {
        if collection.expires {
            format!(" AND (expires_at IS NULL OR expires_at > {})", self.next())
        } else {
            String::new()
        }
    }

    /// The places of a row: key, declared columns, `expires_at`, `document`.
    fn row(&mut self, collection: &Collection) -> Vec<String> {
        let count = key_columns(collection).len() + collection.columns.len() + 1;
        let mut places: Vec<String> = (0..count).map(|_| self.next()).collect();
        let document = self.next();
        places.push(match self.dialect {
            Dialect::Sqlite => document,
            Dialect::Postgres => format!("{document}::text::json"),
        });
        places
    }
}

/// The columns of the primary key.
fn key_columns(collection: &Collection) -> Vec<&'static str> {
    std::iter::once("account_id")
        .chain(collection.key.iter().copied())
        .collect()
}

/// The columns that [`Places::row`] has places for.
fn bound_columns(collection: &Collection) -> Vec<&'static str> {
    let mut columns = key_columns(collection);
    columns.extend(collection.columns.iter().map(|column| column.name));
    columns.extend(["expires_at", "document"]);
    columns
}

/// The columns of a row as reads return them: the key's parts, the declared columns, `revision`,
/// `expires_at`, `document`.
fn row_columns(dialect: Dialect, collection: &Collection) -> String {
    let declared = collection.columns.iter().map(|column| column.name);
    let document = match dialect {
        Dialect::Sqlite => "document",
        Dialect::Postgres => "document::text",
    };
    let rest = ["revision", "expires_at", document];
    collection
        .key
        .iter()
        .copied()
        .chain(declared)
        .chain(rest)
        .collect::<Vec<_>>()
        .join(", ")
}

const NEXT_REVISION: &str = "nextval('usher_revision')";

fn insert(dialect: Dialect, collection: &Collection, expect: Expect) -> String {
    let mut places = Places::new(dialect);
    let (columns, values) = (bound_columns(collection), places.row(collection));
    // PostgreSQL counts again when it updates, under the row's lock: the writer that comes second
    // has the higher revision.
    let (revision, updated) = match dialect {
        Dialect::Sqlite => (places.next(), "excluded.revision"),
        Dialect::Postgres => (NEXT_REVISION.to_owned(), NEXT_REVISION),
    };
    let keys = key_columns(collection);
    let mut sql = format!(
        "INSERT INTO {name} ({columns}, revision) VALUES ({values}, {revision}) ON CONFLICT ({keys}) ",
        name = collection.name,
        columns = columns.join(", "),
        values = values.join(", "),
        keys = keys.join(", "),
    );
    if expect == Expect::Absent && !collection.expires {
        sql.push_str("DO NOTHING");
    } else {
        write_to(&mut sql, format_args!("DO UPDATE SET revision = {updated}"));
        for column in columns.iter().filter(|column| !keys.contains(column)) {
            write_to(&mut sql, format_args!(", {column} = excluded.{column}"));
        }
        if expect == Expect::Absent {
            // An expired row counts as absent.
            let (name, now) = (collection.name, places.next());
            write_to(&mut sql, format_args!(" WHERE {name}.expires_at <= {now}"));
        }
    }
    if dialect == Dialect::Postgres {
        sql.push_str(" RETURNING revision");
    }
    sql
}

fn update(dialect: Dialect, collection: &Collection) -> String {
    let mut places = Places::new(dialect);
    let (columns, values) = (bound_columns(collection), places.row(collection));
    let (revision, returning) = match dialect {
        Dialect::Sqlite => (places.next(), ""),
        Dialect::Postgres => (NEXT_REVISION.to_owned(), " RETURNING revision"),
    };
    let keys = key_columns(collection);
    let mut sql = format!("UPDATE {} SET revision = {revision}", collection.name);
    let pairs = columns.iter().zip(&values);
    let (key, rest): (Vec<_>, Vec<_>) = pairs.partition(|(column, _)| keys.contains(column));
    for (column, place) in rest {
        write_to(&mut sql, format_args!(", {column} = {place}"));
    }
    for (position, (column, place)) in key.into_iter().enumerate() {
        let word = if position == 0 { "WHERE" } else { "AND" };
        write_to(&mut sql, format_args!(" {word} {column} = {place}"));
    }
    sql.push_str(&places.live(collection));
    write_to(
        &mut sql,
        format_args!(" AND revision = {}{returning}", places.next()),
    );
    sql
}

fn restore(dialect: Dialect, collection: &Collection) -> String {
    let mut places = Places::new(dialect);
    let values = places.row(collection);
    let revision = places.next();
    format!(
        "INSERT INTO {} ({}, revision) VALUES ({}, {revision})",
        collection.name,
        bound_columns(collection).join(", "),
        values.join(", "),
    )
}

fn reserve(dialect: Dialect, collection: &Collection) -> String {
    let mut places = Places::new(dialect);
    let keys = key_columns(collection);
    let values: Vec<String> = keys.iter().map(|_| places.next()).collect();
    let (name, keys) = (collection.name, keys.join(", "));
    let mut sql = format!(
        "INSERT INTO {name} ({keys}, revision, document) VALUES ({}, 0, '{{}}') \
         ON CONFLICT ({keys}) ",
        values.join(", ")
    );
    if collection.expires {
        let now = places.next();
        write_to(
            &mut sql,
            format_args!(
                "DO UPDATE SET revision = {name}.revision WHERE {name}.expires_at <= {now}"
            ),
        );
    } else {
        sql.push_str("DO NOTHING");
    }
    sql
}

fn sweep(dialect: Dialect, collection: &Collection) -> String {
    let mut places = Places::new(dialect);
    let (name, now, limit) = (collection.name, places.next(), places.next());
    match dialect {
        Dialect::Sqlite => format!(
            "DELETE FROM {name} WHERE rowid IN \
             (SELECT rowid FROM {name} WHERE expires_at <= {now} LIMIT {limit})"
        ),
        // Two nodes that sweep at once take different rows.
        Dialect::Postgres => format!(
            "DELETE FROM {name} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {name} \
             WHERE expires_at <= {now} LIMIT {limit} FOR UPDATE SKIP LOCKED))"
        ),
    }
}

const fn column_type(dialect: Dialect, kind: ColumnKind) -> &'static str {
    match (dialect, kind) {
        (Dialect::Sqlite, ColumnKind::Text) => "TEXT",
        (Dialect::Sqlite, ColumnKind::Integer) => "INTEGER",
        // By code point, as SQLite and Rust compare.
        (Dialect::Postgres, ColumnKind::Text) => "text COLLATE \"C\"",
        (Dialect::Postgres, ColumnKind::Integer) => "bigint",
    }
}

fn write_to(text: &mut String, more: std::fmt::Arguments<'_>) {
    // INVARIANT: writing to a string cannot fail.
    let written = text.write_fmt(more);
    debug_assert!(written.is_ok());
}
