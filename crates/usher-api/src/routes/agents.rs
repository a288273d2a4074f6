//! Agents at work, and what rings at them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use usher_app::App;
use usher_app::agents::{self, Filter};
use usher_app::error::Code;
use usher_model::id::{AgentId, OfferId, SkillId};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{etag, parse};
use crate::extract::{self, Authenticated, Path, Query, Shared};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::agent as wire;
use crate::wire::conversation::Conversation;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(set_availability))
        .routes(routes!(offers))
        .routes(routes!(accept))
        .routes(routes!(decline))
}

type Answer<T> = Result<T, Failure>;

fn id(text: &str) -> Result<AgentId, Failure> {
    parse(AgentId::parse(text), Code::AgentNotFound)
}

/// Which agents.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Who have this skill.
    #[param(value_type = Option<String>)]
    skill_id: Option<SkillId>,
}

/// List how agents are doing now.
#[utoipa::path(get, path = "/api/v1/agents", tag = "agents", params(Wanted),
    responses((status = 200, body = Page<wire::AgentStatus>)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(wanted): Query<Wanted>,
) -> Answer<Json<Page<wire::AgentStatus>>> {
    let filter = Filter {
        skills: wanted.skill_id.into_iter().collect(),
        ..Filter::default()
    };
    let agents = agents::status(&caller, &app, &filter).await?;
    Ok(Json(Page::whole(
        agents.into_iter().map(Into::into).collect(),
    )))
}

/// See how an agent is doing now.
#[utoipa::path(get, path = "/api/v1/agents/{agentId}", tag = "agents",
    params(("agentId" = String, Path, description = "The agent")),
    responses((status = 200, body = wire::AgentStatus), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(agent): Path<String>,
) -> Answer<Json<wire::AgentStatus>> {
    Ok(Json(agents::get(&caller, &app, &id(&agent)?).await?.into()))
}

/// Say whether an agent gets conversations.
///
/// The agent counts as there until the lease runs out; repeating the call renews it.
#[utoipa::path(put, path = "/api/v1/agents/{agentId}/availability", tag = "agents",
    params(("agentId" = String, Path, description = "The agent")),
    request_body = wire::NewAvailability,
    responses((status = 200, body = wire::AgentStatus), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn set_availability(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(agent): Path<String>,
    extract::Json(new): extract::Json<wire::NewAvailability>,
) -> Answer<Json<wire::AgentStatus>> {
    let status = agents::set_availability(&caller, &app, &id(&agent)?, new.into()).await?;
    Ok(Json(status.into()))
}

/// List what rings at an agent, the oldest first.
#[utoipa::path(get, path = "/api/v1/agents/{agentId}/offers", tag = "agents",
    params(("agentId" = String, Path, description = "The agent")),
    responses((status = 200, body = Page<wire::Offer>), (status = 404, body = Problem)))]
async fn offers(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(agent): Path<String>,
) -> Answer<Json<Page<wire::Offer>>> {
    let offers = agents::offers(&caller, &app, &id(&agent)?).await?;
    Ok(Json(Page::whole(
        offers.into_iter().map(Into::into).collect(),
    )))
}

type Shown = (HeaderMap, Json<Conversation>);

fn offer(text: &str) -> Result<OfferId, Failure> {
    parse(OfferId::parse(text), Code::OfferGone)
}

/// Accept a conversation that rings.
#[utoipa::path(post, path = "/api/v1/offers/{offerId}/accept", tag = "agents",
    params(("offerId" = String, Path, description = "The offer")),
    request_body(content = wire::Answer, description = "May be left out"),
    responses((status = 200, body = Conversation), (status = 409, body = Problem)))]
async fn accept(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(offer_id): Path<String>,
    extract::OptionalJson(answer): extract::OptionalJson<wire::Answer>,
) -> Answer<Shown> {
    let view = agents::accept(&caller, &app, offer(&offer_id)?, answer.as_agent).await?;
    Ok((etag(view.revision), Json(view.into())))
}

/// Decline a conversation that rings; it goes to somebody else.
#[utoipa::path(post, path = "/api/v1/offers/{offerId}/decline", tag = "agents",
    params(("offerId" = String, Path, description = "The offer")),
    request_body(content = wire::Answer, description = "May be left out"),
    responses((status = 200, body = Conversation), (status = 409, body = Problem)))]
async fn decline(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(offer_id): Path<String>,
    extract::OptionalJson(answer): extract::OptionalJson<wire::Answer>,
) -> Answer<Shown> {
    let wire::Answer { as_agent, reason } = answer;
    let view = agents::decline(&caller, &app, offer(&offer_id)?, as_agent, reason).await?;
    Ok((etag(view.revision), Json(view.into())))
}
