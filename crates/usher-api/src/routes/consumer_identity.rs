//! Who consumers are: whose word the account takes, and the tokens they talk with.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use usher_app::error::{Code, Error};
use usher_app::{App, consumers};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::etag;
use crate::extract::{self, Authenticated, Shared, if_match};
use crate::problem::{Failure, Problem};
use crate::wire::consumer as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get, put, delete))
        .routes(routes!(create))
}

type Answer<T> = Result<T, Failure>;

/// See whose word the account takes for who a consumer is.
#[utoipa::path(get, path = "/api/v1/consumer-identity", tag = "consumers",
    responses((status = 200, body = wire::ConsumerIdentity), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<(HeaderMap, Json<wire::ConsumerIdentity>)> {
    let (trusted, revision) = consumers::trusted(&caller, &app).await?.ok_or_else(|| {
        let message = "the account takes nobody's word for who a consumer is";
        Error::new(Code::NotFound, message)
    })?;
    Ok((etag(revision), Json(trusted.into())))
}

/// Say whose word the account takes for who a consumer is.
#[utoipa::path(put, path = "/api/v1/consumer-identity", tag = "consumers",
    request_body = wire::ConsumerIdentity,
    responses((status = 200, body = wire::ConsumerIdentity), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn put(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    extract::Json(written): extract::Json<wire::ConsumerIdentity>,
) -> Answer<(HeaderMap, Json<wire::ConsumerIdentity>)> {
    consumers::trust(&caller, &app, written.try_into()?, if_match(&headers)?).await?;
    get(State(app), Authenticated(caller)).await
}

/// Take nobody's word any more: every consumer is anonymous.
#[utoipa::path(delete, path = "/api/v1/consumer-identity", tag = "consumers",
    responses((status = 204)))]
async fn delete(State(app): Shared, Authenticated(caller): Authenticated) -> Answer<StatusCode> {
    consumers::distrust(&caller, &app).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a consumer a token; anybody may ask, without a credential.
///
/// With the brand's token the consumer is whom that names, with a token that still works who that
/// is, without either somebody new.
#[utoipa::path(post, path = "/api/v1/consumer-tokens", tag = "consumers", security(()),
    request_body = wire::NewConsumerToken,
    responses((status = 201, body = wire::ConsumerToken), (status = 401, body = Problem),
        (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)))]
async fn create(
    State(app): Shared,
    extract::Json(new): extract::Json<wire::NewConsumerToken>,
) -> Answer<(StatusCode, Json<wire::ConsumerToken>)> {
    let issued = match (new.identity_token, new.access_token) {
        (token, None) => consumers::issue(&app, &new.account, token.as_deref()).await?,
        (None, Some(token)) => consumers::renew(&app, &new.account, &token).await?,
        (Some(_), Some(_)) => {
            let message = "expected either the brand's token or one that still works, found both";
            return Err(Error::field("#/accessToken", message).into());
        }
    };
    Ok((StatusCode::CREATED, Json(issued.into())))
}
