//! What the agent's widget asks: the consumer's previous conversation.
//!
//! Source: `docs/guide/last-agent.md`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usher_app::error::Code;
use usher_app::{App, last_agent};
use usher_model::id::ConversationId;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Authenticated, Query, Shared};
use crate::problem::Failure;
use crate::routes;
use crate::wire::last_contact as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Which conversation the agent looks at.
    #[param(example = "c-1")]
    conversation_id: String,
}

/// See the consumer's previous conversation, as it was when the agent got this one.
#[utoipa::path(get, path = "/v1/widget/last-contact", tag = "conversations",
    operation_id = "widgetLastContact", params(Asked),
    responses((status = 200, description = "The contact", body = wire::LastContact),
        (status = 404)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(asked): Query<Asked>,
) -> Result<Json<wire::LastContact>, Failure> {
    let id = ConversationId::parse(&asked.conversation_id);
    let id = routes::parse(id, Code::ConversationNotFound)?;
    let contact = last_agent::last_contact(&caller, &app, &id).await?;
    Ok(Json(contact.into()))
}
