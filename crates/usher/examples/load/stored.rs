//! The floor of a write: a server of the same stack that reads the same body and puts it into the
//! store, without asking who writes or what was there.

use std::path::Path as FilePath;

use anyhow::Result;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::patch;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use usher_model::id::AccountId;
use usher_store::batch::{Batch, Expect};
use usher_store::collection::kept;
use usher_store::sqlite::{self, Sqlite};
use usher_store::store::Store;

use crate::context_write::{NOW, document};

async fn write(
    State(store): State<Store>,
    Path((account, _namespace, session)): Path<(String, String, String)>,
    Json(properties): Json<Map<String, Value>>,
) -> StatusCode {
    match put(&store, &account, session, properties).await {
        Ok(()) => StatusCode::OK,
        Err(_not_written) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn put(
    store: &Store,
    account: &str,
    session: String,
    properties: Map<String, Value>,
) -> Result<()> {
    let mut batch = Batch::new(NOW);
    let account = AccountId::parse(account)?;
    batch.put_record(&account, &document(properties, session), Expect::Any)?;
    store.commit(batch).await?;
    Ok(())
}

/// Serves until the process is killed.
#[tokio::main]
pub(crate) async fn serve(directory: &FilePath) -> Result<()> {
    let (store, writer) = Sqlite::open(&sqlite::Options {
        directory: directory.to_owned(),
        collections: kept::ALL,
        is_server: true,
    })?;
    // It ends with the process.
    std::thread::spawn(move || writer.run());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    crate::report::say(&format!("listening on http://{}", listener.local_addr()?));
    let listener = listener.tap_io(|connection| {
        // As the node does; a connection that is gone already needs nothing.
        drop(connection.set_nodelay(true));
    });
    let path = "/v1/account/{account}/{namespace}/{session}/properties";
    let router = Router::new().route(path, patch(write));
    axum::serve(listener, router.with_state(Store::from(store))).await?;
    Ok(())
}
