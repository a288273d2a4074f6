//! Whether the node lives and can serve, and its metrics.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use usher_app::App;

use crate::extract::Shared;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
}

async fn ready(State(app): Shared) -> (StatusCode, String) {
    match app.ready().await {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(error) => {
            tracing::warn!(%error, "the node is not ready");
            let why = format!("{}\n", error.message);
            (StatusCode::SERVICE_UNAVAILABLE, why)
        }
    }
}
