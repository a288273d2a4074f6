//! The tables of the collections.

use super::{Dialect, column_type, key_columns};
use crate::collection::{Collection, Column, ColumnKind};

/// Makes the table, with every column that is declared today.
pub(crate) fn create_table(dialect: Dialect, collection: &Collection) -> String {
    let text = column_type(dialect, ColumnKind::Text);
    let part = column_type(dialect, collection.key_kind());
    let integer = column_type(dialect, ColumnKind::Integer);
    let keys = key_columns(collection);
    let mut columns = vec![format!("account_id {text} NOT NULL")];
    let parts = collection.key.iter();
    columns.extend(parts.map(|name| format!("{name} {part} NOT NULL")));
    // Before the document: SQLite reads a row from its beginning.
    for Column { name, kind } in collection.columns {
        columns.push(format!("{name} {}", column_type(dialect, *kind)));
    }
    let document = match dialect {
        Dialect::Sqlite => "TEXT",
        Dialect::Postgres => "json",
    };
    columns.push(format!("revision {integer} NOT NULL"));
    columns.push(format!("expires_at {integer}"));
    columns.push(format!("document {document} NOT NULL"));
    columns.push(format!("PRIMARY KEY ({})", keys.join(", ")));
    let strict = match dialect {
        Dialect::Sqlite => " STRICT",
        Dialect::Postgres => "",
    };
    format!(
        "CREATE TABLE IF NOT EXISTS {} ({}){strict}",
        collection.name,
        columns.join(", ")
    )
}

/// Adds a column that is declared and not there.
pub(crate) fn add_column(dialect: Dialect, collection: &Collection, column: &Column) -> String {
    let kind = column_type(dialect, column.kind);
    format!(
        "ALTER TABLE {} ADD COLUMN {} {kind}",
        collection.name, column.name
    )
}

/// Makes the indexes: each begins with the account, and those that are not unique end with the key,
/// so that a page of a find is read in its order. Each comes with its name.
pub(crate) fn create_indexes(dialect: Dialect, collection: &Collection) -> Vec<(String, String)> {
    let table = collection.name;
    let mut statements = Vec::new();
    for index in collection.indexes {
        let mut columns = vec!["account_id".to_owned()];
        for name in index.columns {
            // SQLite sorts nulls first, and so does every find.
            let is_nullable = !collection.key.contains(name);
            let nulls = dialect == Dialect::Postgres && is_nullable;
            columns.push(format!("{name}{}", if nulls { " NULLS FIRST" } else { "" }));
        }
        if !index.unique {
            let rest = collection
                .key
                .iter()
                .filter(|name| !index.columns.contains(name));
            columns.extend(rest.map(|name| (*name).to_owned()));
        }
        let unique = if index.unique { "UNIQUE " } else { "" };
        let (name, columns) = (collection.index_name(index), columns.join(", "));
        let create = format!("CREATE {unique}INDEX IF NOT EXISTS {name} ON {table} ({columns})");
        statements.push((name, create));
    }
    if collection.expires {
        let name = format!("{table}__expiry");
        let create = format!(
            "CREATE INDEX IF NOT EXISTS {name} ON {table} (expires_at) WHERE expires_at IS NOT NULL"
        );
        statements.push((name, create));
    }
    statements
}
