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
use crate::collection::{Collection, ColumnKind, kept};
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

impl<'a> Value<'a> {
    pub(crate) const fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Integer(_) => None,
        }
    }

    pub(crate) const fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Null | Self::Text(_) => None,
        }
    }
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
    put_many_any: String,
    put_many_absent: String,
    /// PostgreSQL: counts a log on and appends as many rows. Bind the account, how many, and their
    /// columns behind the key as arrays; it returns their numbers.
    pub(crate) append: String,
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
        let (columns, document) = row_columns(dialect, collection);
        let columns = format!("{columns}, {document}");
        let mut places = Places::new(dialect);
        let key = places.key(collection);
        let live = places.live(collection);
        let mut scanning = Places::new(dialect);
        let scanned = scanning.live(collection);
        let keys = key_columns(collection).join(", ");
        let returning = returning(dialect, "revision");
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
            put_many_any: insert_many(dialect, collection, Expect::Any),
            put_many_absent: insert_many(dialect, collection, Expect::Absent),
            append: if collection.is_log() {
                append(dialect, collection)
            } else {
                String::new()
            },
            delete_any: format!("DELETE FROM {name} WHERE {key}"),
            delete_revision: {
                let revision = places.next();
                format!("DELETE FROM {name} WHERE {key}{live} AND revision = {revision}{returning}")
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
        let mut values = row_values(operation);
        let is_put = matches!(operation.action, Action::Put { .. });
        if is_put {
            values.extend(revision.map(revision_value));
        }
        let sql = match (&operation.action, operation.expect) {
            (Action::Put { .. }, Expect::Any | Expect::Next) => {
                return Some((&self.put_any, values));
            }
            (Action::Put { .. }, Expect::Absent) => &self.put_absent,
            (Action::Put { .. }, Expect::Revision(_)) => &self.put_revision,
            (Action::Delete, Expect::Any | Expect::Next) => {
                return Some((&self.delete_any, values));
            }
            (Action::Delete, Expect::Revision(_)) => &self.delete_revision,
            // What is absent need not be removed.
            (Action::Delete, Expect::Absent) | (Action::Check, _) => return None,
        };
        values.extend(self.collection.expires.then_some(Value::from(now)));
        if let Expect::Revision(expected) = operation.expect {
            values.push(revision_value(expected));
        }
        Some((sql, values))
    }

    /// Returns the statement that puts many rows, whose columns are bound as arrays; then `now`, if
    /// the rows are to be absent and expire. It returns the key and the revision of each row that
    /// it wrote.
    pub(crate) fn put_many(&self, expect: Expect) -> &str {
        match expect {
            Expect::Any | Expect::Next | Expect::Revision(_) => &self.put_many_any,
            Expect::Absent => &self.put_many_absent,
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
        let mut values = key_values(self.collection, key);
        values.extend(self.collection.expires.then_some(Value::from(now)));
        values
    }
}

pub(crate) fn key_values<'a>(collection: &Collection, key: &'a Key) -> Vec<Value<'a>> {
    let parts = key.parts().iter().map(|part| match collection.key_kind() {
        ColumnKind::Text => Value::Text(part),
        // What is no number finds no row.
        ColumnKind::Integer => part.parse().map_or(Value::Null, Value::Integer),
    });
    std::iter::once(Value::Text(key.account().as_str()))
        .chain(parts)
        .collect()
}

/// The values of a row that [`Places::row`] has places for; of its key alone, if it is not written.
pub(crate) fn row_values(operation: &Operation) -> Vec<Value<'_>> {
    let mut values = key_values(operation.collection, &operation.key);
    if let Action::Put {
        fields,
        expires_at,
        document,
    } = &operation.action
    {
        values.extend(fields.iter().map(Value::from));
        values.extend([Value::from(*expires_at), Value::Text(document)]);
    }
    values
}

/// What the columns that [`Places::row`] has places for hold.
pub(crate) fn bound_kinds(collection: &Collection) -> Vec<ColumnKind> {
    let mut kinds = vec![ColumnKind::Text];
    kinds.extend(collection.key.iter().map(|_| collection.key_kind()));
    kinds.extend(collection.columns.iter().map(|column| column.kind));
    kinds.extend([ColumnKind::Integer, ColumnKind::Text]);
    kinds
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

    fn array(&mut self, kind: ColumnKind) -> String {
        match kind {
            ColumnKind::Text => format!("{}::text[]", self.next()),
            ColumnKind::Integer => format!("{}::bigint[]", self.next()),
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
/// `expires_at`; and at last the document.
fn row_columns(dialect: Dialect, collection: &Collection) -> (String, &'static str) {
    let declared = collection.columns.iter().map(|column| column.name);
    let document = match dialect {
        Dialect::Sqlite => "document",
        Dialect::Postgres => "document::text",
    };
    let columns = collection.key.iter().copied().chain(declared);
    let columns: Vec<_> = columns.chain(["revision", "expires_at"]).collect();
    (columns.join(", "), document)
}

/// Writes one statement for a row of each of some collections, so that all are of one instant. A row
/// says whose place in the list it has, its declared columns as text, and the rest. Bind for each the
/// key, then `now` if rows expire.
pub(crate) fn get_many(collections: impl Iterator<Item = &'static Collection>) -> String {
    let mut places = Places::new(Dialect::Postgres);
    let branch = |(position, collection): (usize, &Collection)| {
        let columns = collection.columns.iter();
        let columns: Vec<_> = columns
            .map(|column| format!("{}::text", column.name))
            .collect();
        let (columns, name) = (columns.join(", "), collection.name);
        let (key, live) = (places.key(collection), places.live(collection));
        format!(
            "SELECT {position}::bigint, ARRAY[{columns}]::text[], revision, expires_at, \
             document::text FROM {name} WHERE {key}{live}"
        )
    };
    let branches: Vec<_> = collections.enumerate().map(branch).collect();
    branches.join(" UNION ALL ")
}

const NEXT_REVISION: &str = "nextval('usher_revision')";

fn insert(dialect: Dialect, collection: &Collection, expect: Expect) -> String {
    let mut places = Places::new(dialect);
    let (columns, values) = (
        bound_columns(collection).join(", "),
        places.row(collection).join(", "),
    );
    let revision = match dialect {
        Dialect::Sqlite => places.next(),
        Dialect::Postgres => NEXT_REVISION.to_owned(),
    };
    let name = collection.name;
    let upsert = on_conflict(&mut places, collection, expect);
    let returning = returning(dialect, "revision");
    format!(
        "INSERT INTO {name} ({columns}, revision) VALUES ({values}, {revision}){upsert}{returning}"
    )
}

fn insert_many(dialect: Dialect, collection: &Collection, expect: Expect) -> String {
    let mut places = Places::new(dialect);
    let columns = bound_columns(collection);
    let kinds = bound_kinds(collection).into_iter();
    let arrays: Vec<_> = kinds.map(|kind| places.array(kind)).collect();
    let (arrays, casts) = (arrays.join(", "), cast(&columns).join(", "));
    let (name, columns) = (collection.name, columns.join(", "));
    let upsert = on_conflict(&mut places, collection, expect);
    let returned: Vec<String> = key_columns(collection)
        .iter()
        .map(|key| format!("{name}.{key}"))
        .collect();
    let returning = returning(
        dialect,
        &format!("{}, {name}.revision", returned.join(", ")),
    );
    format!(
        "INSERT INTO {name} ({columns}, revision) SELECT {casts}, {NEXT_REVISION} \
         FROM unnest({arrays}) AS written ({columns}){upsert}{returning}"
    )
}

fn append(dialect: Dialect, collection: &Collection) -> String {
    let mut places = Places::new(dialect);
    let (account, count) = (places.next(), places.next());
    let keys = key_columns(collection).len();
    let columns: Vec<_> = bound_columns(collection).into_iter().skip(keys).collect();
    let kinds = bound_kinds(collection).into_iter().skip(keys);
    let arrays: Vec<_> = kinds.map(|kind| places.array(kind)).collect();
    let (name, counts) = (collection.name, kept::LOG_SEQUENCES.name);
    format!(
        "WITH counted AS (INSERT INTO {counts} (account_id, log, last, document, revision) \
         VALUES ({account}, '{name}', {count}, '{{}}', {NEXT_REVISION}) \
         ON CONFLICT (account_id, log) DO UPDATE SET last = {counts}.last + excluded.last, \
         revision = {NEXT_REVISION} RETURNING account_id, last) \
         INSERT INTO {name} (account_id, sequence, {}, revision) \
         SELECT counted.account_id, counted.last - {count} + written.position, {}, {NEXT_REVISION} \
         FROM counted, unnest({}) WITH ORDINALITY AS written ({}, position) RETURNING sequence",
        columns.join(", "),
        cast(&columns).join(", "),
        arrays.join(", "),
        columns.join(", "),
    )
}

/// Casts columns from what they are bound as to what they are.
fn cast(columns: &[&str]) -> Vec<String> {
    let casts = columns.iter().map(|column| match *column {
        "document" => "document::json".to_owned(),
        column => column.to_owned(),
    });
    casts.collect()
}

/// Writes what happens to a row that is there.
fn on_conflict(places: &mut Places, collection: &Collection, expect: Expect) -> String {
    let keys = key_columns(collection);
    let mut sql = format!(" ON CONFLICT ({}) ", keys.join(", "));
    if expect == Expect::Absent && !collection.expires {
        sql.push_str("DO NOTHING");
        return sql;
    }
    // PostgreSQL counts again when it updates, under the row's lock: the writer that comes second
    // has the higher revision.
    let revision = match places.dialect {
        Dialect::Sqlite => "excluded.revision",
        Dialect::Postgres => NEXT_REVISION,
    };
    write_to(
        &mut sql,
        format_args!("DO UPDATE SET revision = {revision}"),
    );
    for column in bound_columns(collection)
        .iter()
        .filter(|column| !keys.contains(column))
    {
        write_to(&mut sql, format_args!(", {column} = excluded.{column}"));
    }
    if expect == Expect::Absent {
        // An expired row counts as absent.
        let (name, now) = (collection.name, places.next());
        write_to(&mut sql, format_args!(" WHERE {name}.expires_at <= {now}"));
    }
    sql
}

/// SQLite counts the rows; PostgreSQL says what it gave them.
fn returning(dialect: Dialect, columns: &str) -> String {
    match dialect {
        Dialect::Sqlite => String::new(),
        Dialect::Postgres => format!(" RETURNING {columns}"),
    }
}

fn update(dialect: Dialect, collection: &Collection) -> String {
    let mut places = Places::new(dialect);
    let (columns, values) = (bound_columns(collection), places.row(collection));
    let revision = match dialect {
        Dialect::Sqlite => places.next(),
        Dialect::Postgres => NEXT_REVISION.to_owned(),
    };
    let returning = returning(dialect, "revision");
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
    sql.push_str(&returning(dialect, "revision"));
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
