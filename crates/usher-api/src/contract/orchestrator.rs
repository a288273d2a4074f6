//! The set-up of the hosted bot: one call puts it in front of a skill.
//!
//! Source: `docs/guide/bot.md`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use usher_app::{App, bot};
use usher_model::id::{SkillId, UserId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{self, Authenticated, Shared};
use crate::problem::Failure;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(create))
}

/// The skill that a bot is to stand in front of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrchestratorSkill, example = json!({"skillName": "seeded"}))]
struct NewFront {
    /// Its name.
    skill_name: String,
    /// The hosted bot; the account's first one unless given, and a new one if there is none.
    #[schema(value_type = Option<String>)]
    bot_user_id: Option<UserId>,
}

/// A skill with a bot in front of another one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrchestratorSkillMade)]
struct Front {
    /// Where conversations are to begin.
    #[schema(value_type = String)]
    skill_id: SkillId,
    /// `maven:` and the name of the skill behind it.
    skill_name: String,
    /// The bot that serves it.
    #[schema(value_type = String)]
    bot_user_id: UserId,
}

/// Put a hosted bot in front of a skill.
///
/// Makes the skill `maven:<name>` and has the bot serve it; what is there already is left as it is.
#[utoipa::path(post, path = "/v2/orchestrator/skills", tag = "skills",
    operation_id = "orchestratorSkill", request_body = NewFront,
    responses((status = 201, description = "The skill", body = Front), (status = 404)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(new): extract::Json<NewFront>,
) -> Result<(StatusCode, Json<Front>), Failure> {
    let made = bot::stand_in_front(&caller, &app, &new.skill_name, new.bot_user_id).await?;
    let front = Front {
        skill_id: made.skill.id,
        skill_name: made.skill.name,
        bot_user_id: made.bot,
    };
    Ok((StatusCode::CREATED, Json(front)))
}
