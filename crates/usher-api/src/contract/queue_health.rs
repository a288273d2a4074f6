//! Queue health: how many conversations wait in each skill, and how long they waited lately.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_app::error::Error;
use usher_app::queues::{self, Health};
use usher_model::id::SkillId;
use usher_model::time::Timestamp;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shape::{AccountPath, Id, word};
use crate::extract::{Authenticated, Path, Query, Shared};
use crate::problem::Failure;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(current)).route(
        "/operations/api/account/{accountId}/msgqueuehealth/current",
        get(current),
    )
}

/// Which queues.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// The version, `1`.
    #[param(example = "1")]
    v: Option<String>,
    /// Skills, parted by commas; `all` unless given.
    #[param(example = "1001")]
    skill_ids: Option<String>,
}

impl Wanted {
    fn skills(&self) -> Result<Vec<SkillId>, Error> {
        if let Some(version) = &self.v {
            word(version, &[("1", ())])?;
        }
        let ids = self.skill_ids.as_deref().unwrap_or("all");
        if ids == "all" || ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Id> = ids.split(',').map(|id| Id::of(id.trim())).collect();
        Id::read(&ids, SkillId::parse)
    }
}

/// How queues are doing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QueueHealths)]
struct Healths {
    /// By skill.
    #[schema(value_type = Object)]
    skills_metrics: BTreeMap<String, Metrics>,
    /// All of these together.
    metrics_totals: Metrics,
    /// The same: clients know either name.
    metrics_total: Metrics,
}

/// How a queue is doing; times in milliseconds, and -1 for what is not known.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QueueHealth)]
struct Metrics {
    /// When, in milliseconds since 1970.
    time: i64,
    /// Conversations that wait.
    unassigned_conversations: usize,
    /// Those in which an agent has to act.
    actionable_conversations: usize,
    /// Those in which the consumer has to act.
    not_actionable_conversations: usize,
    /// Always 0: nobody sets by hand when a conversation is due.
    actionable_and_manual_sla: usize,
    /// Those in which an agent has to act and that were transferred.
    actionable_and_during_transfer: usize,
    /// Those in which an agent has to act and the consumer wrote last; -1 while more than 5,000 wait.
    actionable_and_consumer_last_message: i64,
    /// Those in which the consumer has to act and that were transferred.
    not_actionable_during_transfer: usize,
    /// Always 0.
    not_actionable_and_manual_sla: usize,
    /// Those that are their consumer's first; -1 while more than 5,000 wait.
    unassigned_conversations_and_first_time_consumer: i64,
    /// Mean wait of new conversations over the last hour.
    #[serde(rename = "avgWaitTimeForAgentAssignment_NewConversation")]
    wait_average_new: i64,
    /// Mean wait of transferred conversations over the last hour.
    #[serde(rename = "avgWaitTimeForAgentAssignment_AfterTransfer")]
    wait_average_transferred: i64,
    /// Longest wait over the last hour.
    #[serde(rename = "maxWaitTimeForAgentAssignment")]
    wait_max: i64,
    /// Half waited no longer.
    #[serde(rename = "waitTimeForAgentAssignment_50thPercentile")]
    wait_p50: i64,
    /// Nine in ten waited no longer.
    #[serde(rename = "waitTimeForAgentAssignment_90thPercentile")]
    wait_p90: i64,
}

impl Metrics {
    fn new(health: &Health, at: Timestamp) -> Self {
        let milliseconds = |wait: Option<Duration>| {
            wait.map_or(-1, |wait| {
                i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
            })
        };
        let count = |count: Option<usize>| {
            count.map_or(-1, |count| i64::try_from(count).unwrap_or(i64::MAX))
        };
        Self {
            time: at.milliseconds(),
            unassigned_conversations: health.actionable + health.not_actionable,
            actionable_conversations: health.actionable,
            not_actionable_conversations: health.not_actionable,
            actionable_and_manual_sla: 0,
            actionable_and_during_transfer: health.actionable_during_transfer,
            actionable_and_consumer_last_message: count(health.actionable_after_message),
            not_actionable_during_transfer: health.not_actionable_during_transfer,
            not_actionable_and_manual_sla: 0,
            unassigned_conversations_and_first_time_consumer: count(health.first_of_consumer),
            wait_average_new: milliseconds(health.wait_average_new),
            wait_average_transferred: milliseconds(health.wait_average_transferred),
            wait_max: milliseconds(health.wait_max),
            wait_p50: milliseconds(health.wait_p50),
            wait_p90: milliseconds(health.wait_p90),
        }
    }
}

/// Say how queues are doing now.
///
/// With and without a slash at the end.
#[utoipa::path(get, path = "/operations/api/account/{accountId}/msgqueuehealth/current/",
    tag = "queue health", operation_id = "queueHealth", params(AccountPath, Wanted),
    responses((status = 200, description = "How they are doing", body = Healths)))]
async fn current(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Healths>, Failure> {
    caller.require_account(&path.account_id)?;
    let healths = queues::health(&caller, &app, &wanted.skills()?).await?;
    let at = healths.at;
    let total = Metrics::new(&healths.total, at);
    let skills = healths.skills.into_iter();
    Ok(Json(Healths {
        skills_metrics: skills
            .map(|(skill, health)| (skill.to_string(), Metrics::new(&health, at)))
            .collect(),
        metrics_totals: total.clone(),
        metrics_total: total,
    }))
}
