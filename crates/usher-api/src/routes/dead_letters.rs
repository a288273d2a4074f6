//! Events that could not be delivered.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use usher_app::error::Code;
use usher_app::{App, dead_letters};
use usher_model::id::DeadLetterId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Authenticated, Path, Query, Shared};
use crate::page::{Page, PageQuery};
use crate::problem::{Failure, Problem};
use crate::wire::webhook as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, discard_all))
        .routes(routes!(discard))
        .routes(routes!(redeliver))
        .routes(routes!(redeliver_all))
}

type Answer<T> = Result<T, Failure>;

/// List the events that could not be delivered, the newest first.
#[utoipa::path(get, path = "/api/v1/dead-letters", tag = "events",
    params(PageQuery, wire::TargetQuery),
    responses((status = 200, body = Page<wire::DeadLetter>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(page): Query<PageQuery>,
    Query(query): Query<wire::TargetQuery>,
) -> Answer<Json<Page<wire::DeadLetter>>> {
    let target = query.target.as_deref();
    let (letters, next) =
        dead_letters::list(&caller, &app, target, page.limit()?, page.cursor()?).await?;
    let items = letters.into_iter().map(Into::into).collect();
    Ok(Json(Page::new(items, next.as_ref())))
}

/// Discard the events of one receiver, or of all, that could not be delivered.
#[utoipa::path(delete, path = "/api/v1/dead-letters", tag = "events", params(wire::TargetQuery),
    responses((status = 200, body = wire::Discarded), (status = 403, body = Problem)))]
async fn discard_all(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(query): Query<wire::TargetQuery>,
) -> Answer<Json<wire::Discarded>> {
    let discarded = dead_letters::discard_all(&caller, &app, query.target.as_deref()).await?;
    Ok(Json(wire::Discarded { discarded }))
}

/// Discard an event that could not be delivered.
#[utoipa::path(delete, path = "/api/v1/dead-letters/{deadLetterId}", tag = "events",
    params(("deadLetterId" = String, Path, description = "The dead letter")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn discard(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    dead_letters::discard(&caller, &app, parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Try once more to deliver an event.
#[utoipa::path(post, path = "/api/v1/dead-letters/{deadLetterId}/redeliver", tag = "events",
    params(("deadLetterId" = String, Path, description = "The dead letter")),
    responses((status = 200, body = wire::DeliveryAttempt), (status = 404, body = Problem)))]
async fn redeliver(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Json<wire::DeliveryAttempt>> {
    let outcome = dead_letters::redeliver(&caller, &app, parse(&id)?).await?;
    Ok(Json(outcome.into()))
}

/// Try once more to deliver the events of one receiver, or of all, the first first.
#[utoipa::path(post, path = "/api/v1/dead-letters/redeliver", tag = "events",
    params(wire::TargetQuery),
    responses((status = 200, body = wire::Redelivered), (status = 403, body = Problem)))]
async fn redeliver_all(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(query): Query<wire::TargetQuery>,
) -> Answer<Json<wire::Redelivered>> {
    let came = dead_letters::redeliver_all(&caller, &app, query.target.as_deref()).await?;
    Ok(Json(came.into()))
}

fn parse(id: &str) -> Answer<DeadLetterId> {
    super::parse(DeadLetterId::parse(id), Code::DeadLetterNotFound)
}
