//! Opening the data file: lock, pragmas, integrity, schema.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::collection::{Collection, SCHEMA_VERSION};
use crate::sql::{self, Dialect, Tables};
use crate::store::{OpenError, StoreError};

pub(super) const FILE_NAME: &str = "usher.db";
const LOCK_NAME: &str = "serve.lock";
/// Marks a file as ours: `Ushr` in ASCII.
const APPLICATION_ID: i64 = 0x5573_6872;
/// How long one process waits for another one's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Statements kept prepared on each connection: every one there is, and some finds.
const STATEMENTS_MAX: usize = 256;
/// A data file up to this size is checked whole at every start, which takes some 80 ms; `usher
/// doctor` checks a larger one.
const CHECKED_BYTES_MAX: u64 = 32 << 20;

/// Keeps other servers from a data directory until it is dropped, or its process ends.
#[derive(Debug)]
pub struct DirectoryLock(#[expect(dead_code, reason = "held, not read")] File);

impl DirectoryLock {
    pub(super) fn acquire(directory: &Path) -> Result<Self, OpenError> {
        let path = directory.join(LOCK_NAME);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = file.map_err(|source| unusable("write", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(directory.to_path_buf())),
            Err(TryLockError::Error(source)) => Err(unusable("lock", &path, source)),
        }
    }
}

fn unusable(action: &'static str, path: &Path, source: io::Error) -> OpenError {
    OpenError::File {
        action,
        path: path.to_path_buf(),
        source,
    }
}

/// Makes the directory, for its owner alone: it holds secrets.
pub(super) fn make_directory(directory: &Path) -> Result<(), OpenError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(directory)
        .map_err(|source| unusable("make the data directory", directory, source))
}

/// Opens the file for writing, checks it, and brings its schema up to date.
pub(super) fn writer(
    path: &Path,
    collections: &[&'static Collection],
    tables: &Tables,
) -> Result<Connection, OpenError> {
    let damaged = |found: String| OpenError::Damaged {
        path: path.to_path_buf(),
        found,
    };
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(error.to_string()),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            unusable("write", path, io::Error::other(error))
        }
        _ => StoreError::from(error).into(),
    };
    let mut connection = connect(path).map_err(failed)?;
    let bytes = fs::metadata(path)
        .map_err(|source| unusable("read", path, source))?
        .len();
    if bytes <= CHECKED_BYTES_MAX {
        let found = check(&connection, "quick_check").map_err(failed)?;
        if let Some(found) = found.into_iter().next() {
            return Err(damaged(found));
        }
    }
    let application: i64 = pragma(&connection, "application_id").map_err(failed)?;
    let objects: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    if application != APPLICATION_ID && objects > 0 {
        return Err(OpenError::Foreign(path.to_path_buf()));
    }
    prepare(&mut connection, collections, tables)?;
    sync_directory(path)?;
    Ok(connection)
}

pub(super) fn in_memory(
    collections: &[&'static Collection],
    tables: &Tables,
) -> Result<Connection, OpenError> {
    let mut connection = Connection::open_in_memory().map_err(StoreError::from)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    prepare(&mut connection, collections, tables)?;
    Ok(connection)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA temp_store = MEMORY;
         PRAGMA cell_size_check = ON;
         PRAGMA cache_size = -32768;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    Ok(connection)
}

/// Opens the file for reading only; the writer has opened it before.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.execute_batch("PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;")?;
    Ok(connection)
}

/// Returns what is wrong with the file: nothing, if all is well.
pub(super) fn check(connection: &Connection, pragma: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("PRAGMA {pragma}"))?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(found.into_iter().filter(|line| line != "ok").collect())
}

pub(super) fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
}

/// The name of a new file is on disk only when its directory is.
fn sync_directory(path: &Path) -> Result<(), OpenError> {
    let directory = path.parent().unwrap_or(path);
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(|source| unusable("sync", directory, source))
}

/// Makes what is missing, and makes sure that all is as declared.
fn prepare(
    connection: &mut Connection,
    collections: &[&'static Collection],
    tables: &Tables,
) -> Result<(), OpenError> {
    let found = pragma(connection, "user_version").map_err(StoreError::from)?;
    if found > SCHEMA_VERSION {
        return Err(OpenError::TooNew {
            found,
            known: SCHEMA_VERSION,
        });
    }
    migrate(connection, collections).map_err(|error| match error.sqlite_error_code() {
        // For example a unique index over rows that agree.
        Some(ErrorCode::ConstraintViolation) => OpenError::Schema(Arc::new(error)),
        _ => StoreError::from(error).into(),
    })?;
    for sql in tables.iter().flat_map(sql::Table::statements) {
        connection
            .prepare_cached(sql)
            .map_err(|error| OpenError::Schema(Arc::new(error)))?;
    }
    Ok(())
}

fn migrate(
    connection: &mut Connection,
    collections: &[&'static Collection],
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS usher_revision (
             id INTEGER PRIMARY KEY CHECK (id = 0), last INTEGER NOT NULL) STRICT;
         INSERT OR IGNORE INTO usher_revision VALUES (0, 0);",
    )?;
    for collection in collections {
        transaction.execute_batch(&sql::create_table(Dialect::Sqlite, collection))?;
        for column in collection.columns {
            if !has_column(&transaction, collection.name, column.name)? {
                let sql = sql::add_column(Dialect::Sqlite, collection, column);
                transaction.execute_batch(&sql)?;
            }
        }
        for (_, create) in sql::create_indexes(Dialect::Sqlite, collection) {
            transaction.execute_batch(&create)?;
        }
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()
}

fn has_column(transaction: &Transaction<'_>, table: &str, column: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2";
    let count: i64 = transaction.query_row(sql, [table, column], |row| row.get(0))?;
    Ok(count > 0)
}
