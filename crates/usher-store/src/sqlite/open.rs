//! Opening the data file: pragmas, integrity, schema.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};

use super::Options;
use crate::collection::{Collection, ColumnKind};
use crate::store::StoreError;

pub(super) const FILE_NAME: &str = "usher.db";
const LOCK_NAME: &str = "serve.lock";
/// The newest layout this version knows; a newer one is refused. Collections, columns and indexes
/// that are only added need no new number.
const SCHEMA_VERSION: i64 = 1;
/// How long one process waits for another one's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Statements kept prepared on each connection.
const STATEMENTS_MAX: usize = 256;

/// Makes the directory and, for a server, locks it.
pub(super) fn prepare_directory(options: &Options) -> Result<Option<File>, StoreError> {
    let directory = &options.directory;
    let failed = |doing: &'static str, path: &Path| {
        let path = path.display().to_string();
        move |source| StoreError::File {
            doing,
            path,
            source,
        }
    };
    fs::create_dir_all(directory).map_err(failed("cannot make the data directory", directory))?;
    if !options.is_server {
        return Ok(None);
    }
    let path = directory.join(LOCK_NAME);
    let lock = File::create(&path).map_err(failed("cannot write in the data directory", &path))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(fs::TryLockError::WouldBlock) => {
            Err(StoreError::Locked(directory.display().to_string()))
        }
        Err(fs::TryLockError::Error(source)) => Err(failed("cannot lock", &path)(source)),
    }
}

/// Opens the file for writing, checks it, and brings its schema up to date.
pub(super) fn writer(
    path: &Path,
    collections: &[&'static Collection],
) -> Result<Connection, StoreError> {
    let damaged = |found: String| StoreError::Corrupt {
        path: path.display().to_string(),
        found,
    };
    let opened = (|| {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = OFF;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -65536;
             PRAGMA wal_autocheckpoint = 4000;",
        )?;
        let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok((connection, found))
    })();
    let (mut connection, found) = match opened {
        Ok(opened) => opened,
        Err(error) if is_damage(&error) => return Err(damaged(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    if found != "ok" {
        return Err(damaged(found));
    }
    migrate(&mut connection, collections)?;
    Ok(connection)
}

/// Opens the file for reading only.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.execute_batch("PRAGMA cache_size = -16384; PRAGMA mmap_size = 268435456;")?;
    Ok(connection)
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// Makes what is missing: tables, columns, indexes. Nothing is ever removed here.
fn migrate(
    connection: &mut Connection,
    collections: &[&'static Collection],
) -> Result<(), StoreError> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::SchemaTooNew {
            found,
            known: SCHEMA_VERSION,
        });
    }
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS usher_revision (
             only INTEGER PRIMARY KEY CHECK (only = 0), last INTEGER NOT NULL);
         INSERT OR IGNORE INTO usher_revision VALUES (0, 0);",
    )?;
    for collection in collections {
        transaction.execute_batch(&create_table(collection))?;
        for column in collection.columns {
            let exists = transaction
                .query_row(
                    "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2",
                    [collection.name, column.name],
                    |_| Ok(()),
                )
                .optional()?;
            if exists.is_none() {
                let kind = sql_type(column.kind);
                let table = collection.name;
                let column = column.name;
                transaction
                    .execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column} {kind};"))?;
            }
        }
        transaction.execute_batch(&create_indexes(collection))?;
    }
    transaction.execute_batch(&format!("PRAGMA user_version = {SCHEMA_VERSION};"))?;
    transaction.commit()?;
    Ok(())
}

fn create_table(collection: &Collection) -> String {
    let mut sql = format!(
        "CREATE TABLE IF NOT EXISTS {} (account_id TEXT NOT NULL",
        collection.name
    );
    for key in collection.key {
        sql.push_str(&format!(", {key} TEXT NOT NULL"));
    }
    for column in collection.columns {
        sql.push_str(&format!(", {} {}", column.name, sql_type(column.kind)));
    }
    sql.push_str(", revision INTEGER NOT NULL, expires_at INTEGER, document TEXT NOT NULL");
    let key = std::iter::once("account_id").chain(collection.key.iter().copied());
    sql.push_str(&format!(
        ", PRIMARY KEY ({}));",
        key.collect::<Vec<_>>().join(", ")
    ));
    sql
}

fn create_indexes(collection: &Collection) -> String {
    let table = collection.name;
    let mut sql = String::new();
    for index in collection.indexes {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let columns = index.columns.join(", ");
        sql.push_str(&format!(
            "CREATE {unique}INDEX IF NOT EXISTS {table}_{name} ON {table} (account_id, {columns});",
            name = index.name
        ));
    }
    if collection.expires {
        sql.push_str(&format!(
            "CREATE INDEX IF NOT EXISTS {table}_expiry ON {table} (expires_at)
             WHERE expires_at IS NOT NULL;"
        ));
    }
    sql
}

const fn sql_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "TEXT",
        ColumnKind::Integer => "INTEGER",
    }
}
