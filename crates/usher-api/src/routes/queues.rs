//! Queues as they are at this moment.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usher_app::App;
use usher_app::queues;
use usher_model::id::SkillId;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Authenticated, Query, Shared};
use crate::page::{Page, PageQuery};
use crate::problem::{Failure, Problem};
use crate::wire::queue as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(waiting))
}

type Answer<T> = Result<T, Failure>;

/// List the queues of the skills as they are now.
#[utoipa::path(get, path = "/api/v1/queues", tag = "agents",
    responses((status = 200, body = Page<wire::Queue>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::Queue>>> {
    let queues = queues::list(&caller, &app).await?;
    let items = queues.into_iter().map(Into::into);
    Ok(Json(Page::whole(items.collect())))
}

/// Which conversations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// That are in this skill.
    #[param(value_type = Option<String>)]
    skill_id: Option<SkillId>,
    /// How many: 1 to 1,000, 100 unless given.
    limit: Option<usize>,
}

/// List the conversations that nobody has yet, in the order in which they are handed out, and why
/// each waits.
#[utoipa::path(get, path = "/api/v1/queues/waiting", tag = "agents", params(Wanted),
    responses((status = 200, body = wire::WaitingList), (status = 403, body = Problem)))]
async fn waiting(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(wanted): Query<Wanted>,
) -> Answer<Json<wire::WaitingList>> {
    let page = PageQuery {
        limit: wanted.limit,
        cursor: None,
    };
    let (limit, skill) = (page.limit()?, wanted.skill_id.as_ref());
    let (found, more) = queues::waiting(&caller, &app, skill, limit).await?;
    Ok(Json(wire::WaitingList {
        items: found.into_iter().map(Into::into).collect(),
        more,
    }))
}
