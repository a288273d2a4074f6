//! What an account has set.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usher_app::{App, settings};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::etag;
use crate::extract::{self, Authenticated, Shared};
use crate::problem::{Failure, Problem};
use crate::wire::settings as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get, put))
}

/// See the settings.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings",
    responses((status = 200, body = wire::Settings)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Result<(HeaderMap, Json<wire::Settings>), Failure> {
    let (settings, revision) = settings::get(&caller, &app).await?;
    Ok((etag(revision), Json(settings.into())))
}

/// Replace the settings; they are live on the next decision.
#[utoipa::path(put, path = "/api/v1/settings", tag = "settings", request_body = wire::Settings,
    responses((status = 200, body = wire::Settings), (status = 422, body = Problem)))]
async fn put(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(written): extract::Json<wire::Settings>,
) -> Result<(HeaderMap, Json<wire::Settings>), Failure> {
    settings::put(&caller, &app, written.into()).await?;
    get(State(app), Authenticated(caller)).await
}
