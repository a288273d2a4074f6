//! Credentials.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use usher_app::error::{Code, Error};
use usher_app::{App, credentials};
use usher_model::id::CredentialId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{self, Authenticated, Path, Shared};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::access as wire;

/// How long rotated secrets may work on.
const OVERLAP_SECONDS_MAX: u32 = 30 * 24 * 60 * 60;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
        .routes(routes!(rotate))
}

type Answer<T> = Result<T, Failure>;

fn id(text: &str) -> Result<CredentialId, Error> {
    CredentialId::parse(text).map_err(|source| {
        Error::new(Code::CredentialNotFound, "no credential has such an id").with_source(source)
    })
}

/// List the credentials, without their secrets.
#[utoipa::path(get, path = "/api/v1/credentials", tag = "access",
    responses((status = 200, body = Page<wire::Credential>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::Credential>>> {
    let credentials = credentials::list(&caller, &app).await?;
    Ok(Json(Page::whole(
        credentials.into_iter().map(Into::into).collect(),
    )))
}

/// Make a credential; its secrets are shown this once.
#[utoipa::path(post, path = "/api/v1/credentials", tag = "access",
    request_body = wire::NewCredential,
    responses((status = 201, body = wire::IssuedCredential), (status = 422, body = Problem)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(new): extract::Json<wire::NewCredential>,
) -> Answer<(StatusCode, Json<wire::IssuedCredential>)> {
    let wire::NewCredential {
        name,
        role,
        user_id,
        expires_at,
    } = new;
    let new = credentials::New {
        name,
        role,
        user_id,
        expires_at,
    };
    let issued = credentials::create(&caller, &app, new).await?;
    Ok((StatusCode::CREATED, Json(issued.into())))
}

/// Revoke a credential: it stops working at once.
#[utoipa::path(delete, path = "/api/v1/credentials/{credentialId}", tag = "access",
    params(("credentialId" = String, Path, description = "The credential")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn revoke(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(credential_id): Path<String>,
) -> Answer<StatusCode> {
    credentials::revoke(&caller, &app, id(&credential_id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a credential new secrets; the present ones may work on for a while.
#[utoipa::path(post, path = "/api/v1/credentials/{credentialId}/rotate", tag = "access",
    params(("credentialId" = String, Path, description = "The credential")),
    request_body = wire::Rotation,
    responses((status = 200, body = wire::IssuedCredential), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn rotate(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(credential_id): Path<String>,
    extract::Json(rotation): extract::Json<wire::Rotation>,
) -> Answer<Json<wire::IssuedCredential>> {
    let seconds = rotation.overlap_seconds;
    if seconds > OVERLAP_SECONDS_MAX {
        let detail = format!("expected at most {OVERLAP_SECONDS_MAX} seconds, found {seconds}");
        return Err(Error::field("#/overlapSeconds", detail).into());
    }
    let overlap = Duration::from_secs(u64::from(seconds));
    let issued = credentials::rotate(&caller, &app, id(&credential_id)?, overlap).await?;
    Ok(Json(issued.into()))
}
