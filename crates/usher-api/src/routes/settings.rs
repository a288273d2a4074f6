//! What an account has set.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usher_app::{App, settings};
use usher_model::value::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{etag, patched};
use crate::extract::{self, Authenticated, Shared, if_match};
use crate::problem::{Failure, Problem};
use crate::wire::settings as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get, put, patch))
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
    responses((status = 200, body = wire::Settings), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn put(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    extract::Json(written): extract::Json<wire::Settings>,
) -> Result<(HeaderMap, Json<wire::Settings>), Failure> {
    settings::put(&caller, &app, written.into(), if_match(&headers)?).await?;
    get(State(app), Authenticated(caller)).await
}

/// Change the settings that a JSON merge patch (RFC 7396) names; they are live on the next decision.
#[utoipa::path(patch, path = "/api/v1/settings", tag = "settings",
    request_body(content = Object, example = json!({"lastAgent": {"mcsThreshold": 40}})),
    responses((status = 200, body = wire::Settings), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn patch(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    extract::Json(patch): extract::Json<Value>,
) -> Result<(HeaderMap, Json<wire::Settings>), Failure> {
    let (before, revision) = settings::get(&caller, &app).await?;
    let expected = if_match(&headers)?.unwrap_or(revision);
    let written: wire::Settings = patched(&wire::Settings::from(before), &patch)?;
    settings::put(&caller, &app, written.into(), Some(expected)).await?;
    get(State(app), Authenticated(caller)).await
}
