//! Skills.

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode};
use usher_app::error::Code;
use usher_app::{App, imports, skills};
use usher_model::id::SkillId;
use usher_model::limits;
use usher_model::value::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{etag, patched, same_id};
use crate::extract::{self, Authenticated, Path, Query, Shared, if_match};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::import::{ImportQuery, ImportReport};
use crate::wire::skill as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, put, patch, delete))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(import_file))
                .layer(DefaultBodyLimit::max(limits::IMPORT_BYTES_MAX)),
        )
}

type Answer<T> = Result<T, Failure>;
type Shown = (HeaderMap, Json<wire::Skill>);

fn shown(skill: skills::Kept<skills::Skill>) -> Shown {
    (etag(skill.revision), Json(skill.record.into()))
}

/// List the skills.
#[utoipa::path(get, path = "/api/v1/skills", tag = "skills",
    responses((status = 200, body = Page<wire::Skill>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::Skill>>> {
    let skills = skills::list(&caller, &app).await?;
    let items = skills.into_iter().map(|skill| skill.record.into());
    Ok(Json(Page::whole(items.collect())))
}

/// Add a skill.
#[utoipa::path(post, path = "/api/v1/skills", tag = "skills",
    request_body = wire::WrittenSkill,
    responses((status = 201, body = wire::Skill), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(new): extract::Json<wire::WrittenSkill>,
) -> Answer<(StatusCode, HeaderMap, Json<wire::Skill>)> {
    let id = new.id.clone();
    let skill = skills::create(&caller, &app, id, new.into()).await?;
    let (headers, body) = shown(skill);
    Ok((StatusCode::CREATED, headers, body))
}

/// Add and change skills as a CSV file says: all of it or nothing.
///
/// Columns are `id`, `name`, `description`, `isEnabled`, `maxWaitSeconds` and `fallbackSkillId`; a
/// line means the skill of its `id` or, without one, of its `name`.
#[utoipa::path(post, path = "/api/v1/skills/import", tag = "skills",
    operation_id = "skillsImport", params(ImportQuery),
    request_body(content = String, content_type = "text/csv", description = "The file; 10 MB",
        example = "id,name,description\n1001,Billing,Bills and refunds\n1002,Sales,\n"),
    responses((status = 200, body = ImportReport), (status = 413, body = Problem),
        (status = 422, body = Problem)))]
async fn import_file(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Answer<Json<ImportReport>> {
    let file = extract::body(request, &app).await?;
    let report = imports::skills(&caller, &app, &file, query.dry_run).await?;
    Ok(Json(ImportReport::new(report, query.dry_run)))
}

/// See a skill.
#[utoipa::path(get, path = "/api/v1/skills/{skillId}", tag = "skills",
    params(("skillId" = String, Path, description = "The skill")),
    responses((status = 200, body = wire::Skill), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Shown> {
    Ok(shown(skills::get(&caller, &app, &parse(&id)?).await?))
}

/// Say anew what a skill is to be.
#[utoipa::path(put, path = "/api/v1/skills/{skillId}", tag = "skills",
    params(("skillId" = String, Path, description = "The skill")),
    request_body(content = wire::WrittenSkill, example = json!({"name": "Renamed"})),
    responses((status = 200, body = wire::Skill), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn put(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
    extract::Json(written): extract::Json<wire::WrittenSkill>,
) -> Answer<Shown> {
    let id = parse(&id)?;
    same_id(written.id.as_ref(), &id)?;
    let expected = if_match(&headers)?;
    let skill = skills::replace(&caller, &app, &id, written.into(), expected).await?;
    Ok(shown(skill))
}

/// Change the fields of a skill that a JSON merge patch (RFC 7396) names.
#[utoipa::path(patch, path = "/api/v1/skills/{skillId}", tag = "skills",
    params(("skillId" = String, Path, description = "The skill")),
    request_body(content = Object, example = json!({"name": "Renamed"})),
    responses((status = 200, body = wire::Skill), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn patch(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
    extract::Json(patch): extract::Json<Value>,
) -> Answer<Shown> {
    let id = parse(&id)?;
    let before = skills::editable(&caller, &app, &id).await?;
    let expected = if_match(&headers)?.unwrap_or(before.revision);
    let before = wire::Skill::from(before.record);
    let written: wire::WrittenSkill = patched(&before.is, &patch)?;
    same_id(written.id.as_ref(), &id)?;
    let skill = skills::replace(&caller, &app, &id, written.into(), Some(expected)).await?;
    Ok(shown(skill))
}

/// Remove a skill.
#[utoipa::path(delete, path = "/api/v1/skills/{skillId}", tag = "skills",
    params(("skillId" = String, Path, description = "The skill")),
    responses((status = 204), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn delete(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    skills::delete(&caller, &app, &parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switch a skill on.
#[utoipa::path(post, path = "/api/v1/skills/{skillId}/enable", tag = "skills",
    params(("skillId" = String, Path, description = "The skill")),
    responses((status = 200, body = wire::Skill), (status = 404, body = Problem)))]
async fn enable(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Shown> {
    let skill = skills::set_enabled(&caller, &app, &parse(&id)?, true).await?;
    Ok(shown(skill))
}

/// Switch a skill off.
#[utoipa::path(post, path = "/api/v1/skills/{skillId}/disable", tag = "skills",
    params(("skillId" = String, Path, description = "The skill")),
    responses((status = 200, body = wire::Skill), (status = 404, body = Problem)))]
async fn disable(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Shown> {
    let skill = skills::set_enabled(&caller, &app, &parse(&id)?, false).await?;
    Ok(shown(skill))
}

fn parse(id: &str) -> Answer<SkillId> {
    super::parse(SkillId::parse(id), Code::SkillNotFound)
}
