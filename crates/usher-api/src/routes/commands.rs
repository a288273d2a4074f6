//! Commands of agents: functions that are called by their name from within a conversation.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use usher_app::error::Code;
use usher_app::{App, functions};
use usher_model::id::ConversationId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::parse;
use crate::extract::{self, Authenticated, Path, Shared};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::command as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(give_command))
}

type Answer<T> = Result<T, Failure>;

/// List the commands that agents may give in a conversation.
///
/// Each is a deployed function that listens to `conversational_command`.
#[utoipa::path(get, path = "/api/v1/commands", tag = "agents",
    responses((status = 200, body = Page<wire::Command>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::Command>>> {
    let commands = functions::commands(&caller, &app).await?;
    let items = commands.into_iter().map(Into::into);
    Ok(Json(Page::whole(items.collect())))
}

/// Give a command in a conversation. Only the agent sees its answer, which is kept nowhere.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/commands",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body = wire::GivenCommand,
    responses((status = 200, body = wire::CommandAnswer), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn give_command(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
    extract::Json(given): extract::Json<wire::GivenCommand>,
) -> Answer<Json<wire::CommandAnswer>> {
    let id = parse(
        ConversationId::parse(&conversation),
        Code::ConversationNotFound,
    )?;
    let wire::GivenCommand { name, arguments } = given;
    let text = functions::command(&caller, &app, &id, &name, arguments).await?;
    Ok(Json(wire::CommandAnswer { text }))
}
