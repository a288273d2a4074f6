//! Skills.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use usher_app::error::{Code, Error};
use usher_app::{App, skills};
use usher_model::id::SkillId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{self, Authenticated, Path, Shared};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::access as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(delete))
}

type Answer<T> = Result<T, Failure>;

/// List the skills.
#[utoipa::path(get, path = "/api/v1/skills", tag = "skills",
    responses((status = 200, body = Page<wire::Skill>)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::Skill>>> {
    let skills = skills::list(&caller, &app).await?;
    Ok(Json(Page::whole(
        skills.into_iter().map(Into::into).collect(),
    )))
}

/// Add a skill.
#[utoipa::path(post, path = "/api/v1/skills", tag = "skills", request_body = wire::NewSkill,
    responses((status = 201, body = wire::Skill), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(new): extract::Json<wire::NewSkill>,
) -> Answer<(StatusCode, Json<wire::Skill>)> {
    let wire::NewSkill {
        id,
        name,
        description,
    } = new;
    let skill = skills::create(
        &caller,
        &app,
        skills::New {
            id,
            name,
            description,
        },
    )
    .await?;
    Ok((StatusCode::CREATED, Json(skill.into())))
}

/// Remove a skill.
#[utoipa::path(delete, path = "/api/v1/skills/{skillId}", tag = "skills",
    params(("skillId" = String, Path, description = "The skill")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(skill_id): Path<String>,
) -> Answer<StatusCode> {
    let id = SkillId::parse(&skill_id)
        .map_err(|_too_long| Error::new(Code::SkillNotFound, "no skill has such an id"))?;
    skills::delete(&caller, &app, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
