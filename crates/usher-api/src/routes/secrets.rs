//! Secrets: written here, read by functions only.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use usher_app::{App, secrets};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{self, Authenticated, Path, Shared};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::function as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, delete))
}

type Answer<T> = Result<T, Failure>;

/// List the secrets, without their values.
#[utoipa::path(get, path = "/api/v1/secrets", tag = "functions",
    responses((status = 200, body = Page<wire::Secret>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::Secret>>> {
    let secrets = secrets::list(&caller, &app).await?;
    let items = secrets.into_iter().map(Into::into);
    Ok(Json(Page::whole(items.collect())))
}

/// Make a secret, or give one another value; the value is never shown again.
#[utoipa::path(put, path = "/api/v1/secrets/{name}", tag = "functions",
    params(("name" = String, Path, example = "crm-token",
        description = "1 to 100 letters, digits, `_` and `-`")),
    request_body = wire::SecretValue,
    responses((status = 200, body = wire::Secret), (status = 201, body = wire::Secret),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn put(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(name): Path<String>,
    extract::Json(secret): extract::Json<wire::SecretValue>,
) -> Answer<(StatusCode, Json<wire::Secret>)> {
    let (secret, is_new) = secrets::put(&caller, &app, &name, &secret.value).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(secret.into())))
}

/// Remove a secret; functions that read it fail from now on.
#[utoipa::path(delete, path = "/api/v1/secrets/{name}", tag = "functions",
    params(("name" = String, Path, description = "The secret")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(name): Path<String>,
) -> Answer<StatusCode> {
    secrets::delete(&caller, &app, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
