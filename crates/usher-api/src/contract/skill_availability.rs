//! Skill availability: how many agents are there for each skill.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_app::{App, queues};
use usher_model::limits;
use usher_routing::seat::Kind;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::agent_metrics::words;
use super::shape::{AccountPath, Id};
use crate::extract::{Authenticated, OptionalJson, Path, Shared};
use crate::problem::Failure;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(skill_availability))
}

/// Which agents count.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SkillAvailabilityFilter, example = json!({"filters": {"userTypes": ["HUMAN"]}}))]
struct AvailabilityWanted {
    /// All that is given must hold.
    filters: Option<AvailabilityFilters>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = SkillAvailabilityFilters)]
struct AvailabilityFilters {
    /// `HUMAN`, `BOT` or `SYSTEM`; nobody is of the last.
    user_types: Vec<String>,
}

/// How many agents are there for each skill.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SkillAvailabilities)]
struct Availabilities {
    /// About the list.
    metadata: Count,
    /// Skills with at least one agent who is there.
    skill_availabilities: Vec<Availability>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SkillAvailabilityCount)]
struct Count {
    /// How many skills.
    count: usize,
}

/// How many agents are there for a skill.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SkillAvailability)]
struct Availability {
    /// Which skill.
    skill_id: Id,
    /// Agents who get new conversations.
    online_agents: usize,
    /// Agents who get transfers only.
    back_soon_agents: usize,
    /// Agents who get nothing.
    away_agents: usize,
}

const KINDS: [(&str, &[Kind]); 3] = [
    ("HUMAN", &[Kind::Human]),
    ("BOT", &[Kind::Bot, Kind::HostedBot]),
    ("SYSTEM", &[]),
];

/// Count the agents who are there for each skill; at most 1,000 skills.
#[utoipa::path(post, path = "/manager_workspace/api/account/{accountId}/skill/availability",
    tag = "agent metrics", operation_id = "skillAvailability", params(AccountPath),
    request_body(content = AvailabilityWanted, description = "May be left out"),
    responses((status = 200, description = "The skills", body = Availabilities)))]
async fn skill_availability(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
    OptionalJson(wanted): OptionalJson<AvailabilityWanted>,
) -> Result<Json<Availabilities>, Failure> {
    caller.require_account(&path.account_id)?;
    let types = wanted.filters.unwrap_or_default().user_types;
    let kinds = words(&types, &KINDS)?;
    let is_nobody = !kinds.is_empty() && kinds.iter().all(|kinds| kinds.is_empty());
    let mut skills = queues::skill_availability(&caller, &app, &kinds.concat()).await?;
    if is_nobody {
        skills.clear();
    }
    let shown = skills.into_iter().take(limits::PAGE_ROWS_MAX);
    let skill_availabilities: Vec<Availability> = shown
        .map(|skill| Availability {
            skill_id: Id::of(skill.skill.as_str()),
            online_agents: skill.online,
            back_soon_agents: skill.occupied,
            away_agents: skill.away,
        })
        .collect();
    Ok(Json(Availabilities {
        metadata: Count {
            count: skill_availabilities.len(),
        },
        skill_availabilities,
    }))
}
