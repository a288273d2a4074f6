//! Engagements: where conversations begin.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use serde::Deserialize;
use usher_app::error::Code;
use usher_app::{App, engagements};
use usher_model::id::{AccountId, EngagementId};
use usher_model::value::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{etag, patched, same_id};
use crate::extract::{self, Authenticated, Path, Query, Shared, if_match};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::engagement as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, put, patch, delete))
        .routes(routes!(visit))
}

type Answer<T> = Result<T, Failure>;
type Shown = (HeaderMap, Json<wire::Engagement>);

fn shown(engagement: engagements::Kept<engagements::Engagement>) -> Shown {
    (etag(engagement.revision), Json(engagement.record.into()))
}

/// List the engagements.
#[utoipa::path(get, path = "/api/v1/engagements", tag = "skills",
    responses((status = 200, body = Page<wire::Engagement>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::Engagement>>> {
    let engagements = engagements::list(&caller, &app).await?;
    let items = engagements
        .into_iter()
        .map(|engagement| engagement.record.into());
    Ok(Json(Page::whole(items.collect())))
}

/// Add an engagement.
#[utoipa::path(post, path = "/api/v1/engagements", tag = "skills",
    request_body = wire::WrittenEngagement,
    responses((status = 201, body = wire::Engagement), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(new): extract::Json<wire::WrittenEngagement>,
) -> Answer<(StatusCode, HeaderMap, Json<wire::Engagement>)> {
    let id = new.id.clone();
    let engagement = engagements::create(&caller, &app, id, new.into()).await?;
    let (headers, body) = shown(engagement);
    Ok((StatusCode::CREATED, headers, body))
}

/// See an engagement.
#[utoipa::path(get, path = "/api/v1/engagements/{engagementId}", tag = "skills",
    params(("engagementId" = String, Path, description = "The engagement")),
    responses((status = 200, body = wire::Engagement), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Shown> {
    Ok(shown(engagements::get(&caller, &app, &parse(&id)?).await?))
}

/// Say anew what an engagement is to be.
#[utoipa::path(put, path = "/api/v1/engagements/{engagementId}", tag = "skills",
    params(("engagementId" = String, Path, description = "The engagement")),
    request_body(content = wire::WrittenEngagement, example = json!({"name": "Renamed"})),
    responses((status = 200, body = wire::Engagement), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn put(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
    extract::Json(written): extract::Json<wire::WrittenEngagement>,
) -> Answer<Shown> {
    let id = parse(&id)?;
    same_id(written.id.as_ref(), &id)?;
    let expected = if_match(&headers)?;
    let engagement = engagements::replace(&caller, &app, &id, written.into(), expected).await?;
    Ok(shown(engagement))
}

/// Change the fields of an engagement that a JSON merge patch (RFC 7396) names.
#[utoipa::path(patch, path = "/api/v1/engagements/{engagementId}", tag = "skills",
    params(("engagementId" = String, Path, description = "The engagement")),
    request_body(content = Object, example = json!({"name": "Renamed"})),
    responses((status = 200, body = wire::Engagement), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn patch(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
    extract::Json(patch): extract::Json<Value>,
) -> Answer<Shown> {
    let id = parse(&id)?;
    let before = engagements::editable(&caller, &app, &id).await?;
    let expected = if_match(&headers)?.unwrap_or(before.revision);
    let before = wire::Engagement::from(before.record);
    let written: wire::WrittenEngagement = patched(&before.is, &patch)?;
    same_id(written.id.as_ref(), &id)?;
    let engagement =
        engagements::replace(&caller, &app, &id, written.into(), Some(expected)).await?;
    Ok(shown(engagement))
}

/// Remove an engagement.
#[utoipa::path(delete, path = "/api/v1/engagements/{engagementId}", tag = "skills",
    params(("engagementId" = String, Path, description = "The engagement")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    engagements::delete(&caller, &app, &parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose engagement is visited.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Visit {
    account: AccountId,
}

/// See how the messenger looks at an engagement; anybody may ask, without a credential.
#[utoipa::path(get, path = "/api/v1/engagements/{engagementId}/messenger", tag = "skills",
    security(()),
    params(("engagementId" = String, Path, description = "The engagement"),
        ("account" = String, Query, description = "Whose engagement", example = "acc1")),
    responses((status = 200, body = wire::VisitedEngagement), (status = 404, body = Problem)))]
async fn visit(
    State(app): Shared,
    Path(id): Path<String>,
    Query(visit): Query<Visit>,
) -> Answer<(
    [(HeaderName, &'static str); 1],
    Json<wire::VisitedEngagement>,
)> {
    let engagement = engagements::visited(&app, &visit.account, &parse(&id)?).await?;
    Ok(([(header::CACHE_CONTROL, LIFE)], Json(engagement.into())))
}

/// How long a browser may show what it has been told: a site asks with each of its pages.
const LIFE: &str = "public, max-age=15";

fn parse(id: &str) -> Answer<EngagementId> {
    super::parse(EngagementId::parse(id), Code::EngagementNotFound)
}
