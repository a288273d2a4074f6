//! The schema: makes what is missing, and makes sure that all is as declared.

use std::collections::HashSet;
use std::sync::Arc;

use tokio_postgres::Client;

use super::connect::Address;
use crate::collection::{Collection, SCHEMA_VERSION};
use crate::sql::{self, Dialect, Tables};
use crate::store::{OpenError, StoreError};

/// Nodes that start at once take turns: `Ushr` in ASCII.
const LOCK: i64 = 0x5573_6872;

pub(super) async fn prepare(
    address: &Address,
    collections: &[&'static Collection],
    tables: &Tables,
) -> Result<(), OpenError> {
    let (mut client, connection) = address.connect().await.map_err(StoreError::from)?;
    let work = async {
        migrate(&mut client, collections).await?;
        for sql in tables.iter().flat_map(sql::Table::statements) {
            let prepared = client.prepare(sql).await;
            prepared.map_err(|source| OpenError::Schema(Arc::new(source)))?;
        }
        Ok(())
    };
    tokio::select! {
        done = work => done,
        lost = connection => {
            Err(lost.map_err(StoreError::from).err().unwrap_or(StoreError::Closed).into())
        }
    }
}

async fn migrate(
    client: &mut Client,
    collections: &[&'static Collection],
) -> Result<(), OpenError> {
    let failed = |error: tokio_postgres::Error| match error.as_db_error() {
        Some(_) => OpenError::Schema(Arc::new(error)),
        None => StoreError::from(error).into(),
    };
    let transaction = client.transaction().await.map_err(failed)?;
    transaction
        .batch_execute(&format!(
            "SELECT pg_advisory_xact_lock({LOCK});
             CREATE TABLE IF NOT EXISTS usher_schema (
                 id integer PRIMARY KEY CHECK (id = 0), version bigint NOT NULL);
             INSERT INTO usher_schema VALUES (0, {SCHEMA_VERSION}) ON CONFLICT DO NOTHING;
             CREATE SEQUENCE IF NOT EXISTS usher_revision;"
        ))
        .await
        .map_err(failed)?;
    let found: i64 = transaction
        .query_one("SELECT version FROM usher_schema", &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(failed)?;
    if found > SCHEMA_VERSION {
        return Err(OpenError::TooNew {
            found,
            known: SCHEMA_VERSION,
        });
    }
    // Statements that find nothing to do would still wait for locks that writers hold.
    let existing = "SELECT table_name || '.' || column_name FROM information_schema.columns \
                    WHERE table_schema = current_schema() \
                    UNION ALL SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()";
    let existing = transaction.query(existing, &[]).await.map_err(failed)?;
    let existing: HashSet<String> = existing
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    let mut statements = Vec::new();
    for collection in collections {
        let has = |column: &str| existing.contains(&format!("{}.{column}", collection.name));
        if has("document") {
            let missing = collection.columns.iter().filter(|column| !has(column.name));
            let add = |column| sql::add_column(Dialect::Postgres, collection, column);
            statements.extend(missing.map(add));
        } else {
            statements.push(sql::create_table(Dialect::Postgres, collection));
        }
        let indexes = sql::create_indexes(Dialect::Postgres, collection);
        let missing = indexes
            .into_iter()
            .filter(|(name, _)| !existing.contains(name));
        statements.extend(missing.map(|(_, create)| create));
    }
    transaction
        .batch_execute(&statements.join(";\n"))
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)
}
