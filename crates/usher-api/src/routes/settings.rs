//! What an account has set.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usher_app::error::Error;
use usher_app::{App, settings};
use usher_model::value::{Object, Value};
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
///
/// Of `routing`, `bot`, `lastAgent`, `workspace` and `idle` what is left out stays as it is; of the
/// rest it becomes what it is by default.
#[utoipa::path(put, path = "/api/v1/settings", tag = "settings", request_body = wire::Settings,
    responses((status = 200, body = wire::Settings), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn put(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    extract::Json(mut written): extract::Json<Value>,
) -> Result<(HeaderMap, Json<wire::Settings>), Failure> {
    let (before, revision) = settings::get(&caller, &app).await?;
    let expected = if_match(&headers)?.unwrap_or(revision);
    let before = serde_json::to_value(wire::Settings::from(before)).map_err(Error::internal)?;
    keep(&mut written, &before, false);
    let bytes = serde_json::to_vec(&written).map_err(Error::internal)?;
    let written: wire::Settings = extract::parse(&bytes)?;
    settings::put(&caller, &app, written.into(), Some(expected)).await?;
    get(State(app), Authenticated(caller)).await
}

/// The parts of the settings of which a replacement keeps what it leaves out.
const PARTS: [&str; 6] = ["routing", "bot", "lastAgent", "notice", "workspace", "idle"];

/// Fills in what was there before and is left out of a part.
fn keep(written: &mut Value, before: &Value, is_part: bool) {
    let (Value::Object(written), Value::Object(before)) = (written, before) else {
        return;
    };
    for (name, known) in before {
        if PARTS.contains(&name.as_str()) {
            let part = written
                .entry(name.clone())
                .or_insert_with(|| Object::new().into());
            keep(part, known, true);
        } else if is_part && !written.contains_key(name) {
            written.insert(name.clone(), known.clone());
        }
    }
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
