//! Groups of agents.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use usher_app::error::Code;
use usher_app::{App, groups};
use usher_model::id::GroupId;
use usher_model::value::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{etag, patched, same_id};
use crate::extract::{self, Authenticated, Path, Shared, if_match};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::user as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, put, patch, delete))
}

type Answer<T> = Result<T, Failure>;
type Shown = (HeaderMap, Json<wire::Group>);

fn shown(group: groups::Kept<groups::AgentGroup>) -> Shown {
    (etag(group.revision), Json(group.record.into()))
}

/// List the groups of agents.
#[utoipa::path(get, path = "/api/v1/agent-groups", tag = "access",
    responses((status = 200, body = Page<wire::Group>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::Group>>> {
    let groups = groups::list(&caller, &app).await?;
    let items = groups.into_iter().map(|group| group.record.into());
    Ok(Json(Page::whole(items.collect())))
}

/// Add a group of agents.
#[utoipa::path(post, path = "/api/v1/agent-groups", tag = "access",
    request_body = wire::WrittenGroup,
    responses((status = 201, body = wire::Group), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(new): extract::Json<wire::WrittenGroup>,
) -> Answer<(StatusCode, HeaderMap, Json<wire::Group>)> {
    let id = new.id.clone();
    let group = groups::create(&caller, &app, id, new.name).await?;
    let (headers, body) = shown(group);
    Ok((StatusCode::CREATED, headers, body))
}

/// See a group of agents.
#[utoipa::path(get, path = "/api/v1/agent-groups/{groupId}", tag = "access",
    params(("groupId" = String, Path, description = "The group of agents")),
    responses((status = 200, body = wire::Group), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Shown> {
    Ok(shown(groups::get(&caller, &app, &parse(&id)?).await?))
}

/// Say anew what a group of agents is to be.
#[utoipa::path(put, path = "/api/v1/agent-groups/{groupId}", tag = "access",
    params(("groupId" = String, Path, description = "The group of agents")),
    request_body(content = wire::WrittenGroup, example = json!({"name": "Renamed"})),
    responses((status = 200, body = wire::Group), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn put(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
    extract::Json(written): extract::Json<wire::WrittenGroup>,
) -> Answer<Shown> {
    let id = parse(&id)?;
    same_id(written.id.as_ref(), &id)?;
    let expected = if_match(&headers)?;
    let group = groups::rename(&caller, &app, &id, written.name, expected).await?;
    Ok(shown(group))
}

/// Change the fields of a group of agents that a JSON merge patch (RFC 7396) names.
#[utoipa::path(patch, path = "/api/v1/agent-groups/{groupId}", tag = "access",
    params(("groupId" = String, Path, description = "The group of agents")),
    request_body(content = Object, example = json!({"name": "Renamed"})),
    responses((status = 200, body = wire::Group), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn patch(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
    extract::Json(patch): extract::Json<Value>,
) -> Answer<Shown> {
    let id = parse(&id)?;
    let before = groups::editable(&caller, &app, &id).await?;
    let expected = if_match(&headers)?.unwrap_or(before.revision);
    let before = wire::Group::from(before.record);
    let written: wire::WrittenGroup = patched(&before.is, &patch)?;
    same_id(written.id.as_ref(), &id)?;
    let group = groups::rename(&caller, &app, &id, written.name, Some(expected)).await?;
    Ok(shown(group))
}

/// Remove a group of agents.
#[utoipa::path(delete, path = "/api/v1/agent-groups/{groupId}", tag = "access",
    params(("groupId" = String, Path, description = "The group of agents")),
    responses((status = 204), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn delete(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    groups::delete(&caller, &app, &parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn parse(id: &str) -> Answer<GroupId> {
    super::parse(GroupId::parse(id), Code::GroupNotFound)
}
