//! What is kept of a consumer: engagement attributes, and the erasure of everything.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use usher_app::App;
use usher_app::error::{Code, Error};
use usher_app::{erasure, sdes};
use usher_model::id::ConsumerId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{self, Authenticated, Path, Shared};
use crate::problem::{Failure, Problem};
use crate::wire::context as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get_sdes, patch_sdes))
        .routes(routes!(get, erase))
}

type Answer<T> = Result<T, Failure>;

fn id(text: &str) -> Result<ConsumerId, Error> {
    ConsumerId::parse(text)
        .map_err(|source| Error::new(Code::BadRequest, source.to_string()).with_source(source))
}

/// See a consumer's engagement attributes.
#[utoipa::path(get, path = "/api/v1/consumers/{consumerId}/sdes", tag = "consumers",
    params(("consumerId" = String, Path, description = "The consumer")),
    responses((status = 200, body = wire::Sdes), (status = 404, body = Problem)))]
async fn get_sdes(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(consumer_id): Path<String>,
) -> Answer<Json<wire::Sdes>> {
    let sde = sdes::get(&caller, &app, &id(&consumer_id)?)
        .await?
        .ok_or_else(|| {
            Error::new(
                Code::DocumentNotFound,
                "no engagement attributes are kept of this consumer",
            )
        })?;
    Ok(Json(wire::Sdes { sde }))
}

/// Take in what was said about a consumer.
#[utoipa::path(patch, path = "/api/v1/consumers/{consumerId}/sdes", tag = "consumers",
    params(("consumerId" = String, Path, description = "The consumer")),
    request_body = wire::SdesWrite, responses((status = 200, body = wire::Sdes)))]
async fn patch_sdes(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(consumer_id): Path<String>,
    extract::Json(write): extract::Json<wire::SdesWrite>,
) -> Answer<Json<wire::Sdes>> {
    let sde = sdes::record(&caller, &app, &id(&consumer_id)?, write.into()).await?;
    Ok(Json(wire::Sdes { sde }))
}

/// See what is kept of a consumer: context documents, engagement attributes, how many conversations.
#[utoipa::path(get, path = "/api/v1/consumers/{consumerId}", tag = "consumers",
    params(("consumerId" = String, Path, description = "The consumer")),
    responses((status = 200, body = wire::Consumer), (status = 403, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(consumer_id): Path<String>,
) -> Answer<Json<wire::Consumer>> {
    let consumer = id(&consumer_id)?;
    let known = erasure::known(&caller, &app, &consumer).await?;
    Ok(Json(wire::Consumer::new(&consumer, known)))
}

/// Erase everything kept under a consumer's id, and say what it was.
#[utoipa::path(delete, path = "/api/v1/consumers/{consumerId}", tag = "consumers",
    params(("consumerId" = String, Path, description = "The consumer")),
    responses((status = 200, body = wire::Erasure), (status = 403, body = Problem)))]
async fn erase(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(consumer_id): Path<String>,
) -> Answer<Json<wire::Erasure>> {
    Ok(Json(
        erasure::erase(&caller, &app, &id(&consumer_id)?)
            .await?
            .into(),
    ))
}
