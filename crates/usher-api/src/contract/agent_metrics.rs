//! Agent metrics: how agents are doing now, and who could take a conversation.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_app::agents::{self, AgentStatus, Filter};
use usher_app::caller::Caller;
use usher_app::error::Error;
use usher_app::groups;
use usher_model::id::{AgentId, GroupId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_routing::seat::Status;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shape::{AccountPath, Id, Metadata, Rows, UNASSIGNED, time, word};
use crate::extract::{Authenticated, OptionalJson, Path, Query, Shared};
use crate::problem::Failure;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(list))
}

const STATUSES: [(&str, Status); 4] = [
    ("ONLINE", Status::Online),
    ("BACK_SOON", Status::Occupied),
    ("AWAY", Status::Away),
    ("OFFLINE", Status::Offline),
];

const fn said(status: Status) -> &'static str {
    match status {
        Status::Online => "ONLINE",
        Status::Occupied => "BACK_SOON",
        Status::Away => "AWAY",
        Status::Offline => "OFFLINE",
    }
}

/// Which agents; all that is given must hold.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = AgentStatusFilter,
    example = json!({"Status": ["ONLINE"], "agentIds": ["agent-1"], "skillIds": ["1001"]}))]
struct Wanted {
    /// `ONLINE`, `BACK_SOON`, `AWAY` or `OFFLINE`.
    #[serde(rename = "Status", alias = "status")]
    statuses: Vec<String>,
    /// Who.
    agent_ids: Vec<Id>,
    /// With one of these skills.
    skill_ids: Vec<Id>,
    /// In one of these groups.
    agent_group_ids: Vec<Id>,
    /// Whether they are there; only those who are unless given. Agents who are asked for by id with
    /// the status `OFFLINE` need not be.
    agent_presence: Option<bool>,
    /// `CONNECTED` or `DISCONNECTED`.
    connection_states: Vec<String>,
}

const CONNECTIONS: [(&str, bool); 2] = [("CONNECTED", true), ("DISCONNECTED", false)];

/// Reads words of a contract.
pub(super) fn words<T: Copy>(texts: &[String], known: &[(&str, T)]) -> Result<Vec<T>, Error> {
    texts.iter().map(|text| word(text, known)).collect()
}

impl Wanted {
    fn filter(&self) -> Result<Filter, Error> {
        Ok(Filter {
            agents: Id::read(&self.agent_ids, AgentId::parse)?,
            skills: Id::read(&self.skill_ids, SkillId::parse)?,
            groups: Id::read(&self.agent_group_ids, GroupId::parse)?,
            statuses: words(&self.statuses, &STATUSES)?,
            kinds: Vec::new(),
        })
    }

    /// Returns whether those who are listed must be there, or must not be; nothing if either.
    fn presence(&self, filter: &Filter) -> Option<bool> {
        let may_be_gone = !filter.agents.is_empty() && filter.statuses.contains(&Status::Offline);
        self.agent_presence.or((!may_be_gone).then_some(true))
    }
}

fn is_present(status: &AgentStatus) -> bool {
    status.status != Status::Offline
}

/// How agents are doing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentStatusList)]
struct Statuses {
    /// About the list.
    #[serde(rename = "_metadata")]
    metadata: Metadata,
    /// The credential's account.
    #[serde(rename = "accountID")]
    account_id: String,
    /// The agents.
    agent_status_records: Vec<Record>,
}

/// How an agent is doing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentStatusRecord)]
struct Record {
    /// Who.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// When this was so.
    last_updated_time: String,
    /// The same in milliseconds.
    last_updated_time_l: i64,
    /// Since when the agent says so.
    current_status_start_time: String,
    /// The same in milliseconds.
    current_status_start_time_l: i64,
    /// Since when for this reason.
    current_status_reason_start_time: String,
    /// The same in milliseconds.
    current_status_reason_start_time_l: i64,
    /// What people call the agent.
    agent_name: String,
    /// What consumers see.
    agent_nickname: String,
    /// The address to sign in with, else the id.
    agent_login_name: String,
    /// What the agent looks like.
    #[serde(rename = "agentPictureURL", skip_serializing_if = "Option::is_none")]
    agent_picture_url: Option<String>,
    /// The agent's skills.
    agent_skills: Vec<NamedSkill>,
    /// The agent's group; -1 without one.
    agent_group_id: Id,
    /// Its name.
    agent_group_name: String,
    /// `ONLINE`, `BACK_SOON`, `AWAY` or `OFFLINE`.
    current_status: &'static str,
    /// For how long, in milliseconds.
    current_status_duration: i64,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_status_reason: Option<String>,
    /// For how long, in milliseconds.
    current_status_reason_duration: i64,
    /// How full, in per cent with one decimal.
    load: f64,
    /// Conversations that ring.
    ringing_slots: usize,
    /// Conversations at once; -1 without a limit.
    configured_max_slots: i64,
    /// Places in use, rounded up.
    busy_slots: u64,
    /// Conversations that the agent has.
    open_assigned_conversations: usize,
    /// Those of them in which the agent has to act.
    intense_conversations: usize,
    /// `true` or `false`.
    agent_presence: String,
    /// `CONNECTED` or `DISCONNECTED`.
    current_connection_state: &'static str,
}

/// A skill of an agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentStatusSkill)]
struct NamedSkill {
    /// Which one.
    #[schema(value_type = String)]
    skill_id: SkillId,
    /// Its name.
    skill_name: String,
}

impl Record {
    fn new(status: AgentStatus, groups: &BTreeMap<GroupId, String>, now: Timestamp) -> Self {
        let since = status.status_since;
        let duration = now.milliseconds() - since.milliseconds();
        let group = status.group_id.as_ref();
        let group_name = group.and_then(|group| groups.get(group));
        let agent_presence = is_present(&status).to_string();
        let skills = status.skills.into_iter();
        Self {
            last_updated_time: time(now),
            last_updated_time_l: now.milliseconds(),
            current_status_start_time: time(since),
            current_status_start_time_l: since.milliseconds(),
            current_status_reason_start_time: time(since),
            current_status_reason_start_time_l: since.milliseconds(),
            agent_nickname: status.nickname.unwrap_or_else(|| status.name.clone()),
            agent_name: status.name,
            agent_login_name: status.email.unwrap_or_else(|| status.agent.to_string()),
            agent_picture_url: status.picture_url,
            agent_skills: skills
                .map(|(skill_id, skill_name)| NamedSkill {
                    skill_id,
                    skill_name,
                })
                .collect(),
            agent_group_id: Id::or_unassigned(group.map(GroupId::as_str)),
            agent_group_name: group_name.map_or(UNASSIGNED, String::as_str).to_owned(),
            current_status: said(status.status),
            current_status_duration: duration,
            current_status_reason: status.status_reason,
            current_status_reason_duration: duration,
            load: status.load_percent,
            ringing_slots: status.ringing,
            configured_max_slots: status.slots.map_or(-1, i64::from),
            busy_slots: status.busy_slots,
            open_assigned_conversations: status.assigned,
            intense_conversations: status.active,
            agent_presence,
            current_connection_state: match status.is_connected {
                true => "CONNECTED",
                false => "DISCONNECTED",
            },
            agent_id: status.agent,
        }
    }
}

/// Say how agents are doing now.
#[utoipa::path(post, path = "/messaging_history/api/account/{accountId}/agent-view/status",
    tag = "agent metrics", operation_id = "agentStatus", params(AccountPath, Rows),
    request_body(content = Wanted, description = "May be left out"),
    responses((status = 200, description = "How they are doing", body = Statuses)))]
async fn status(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
    Query(rows): Query<Rows>,
    OptionalJson(wanted): OptionalJson<Wanted>,
) -> Result<Json<Statuses>, Failure> {
    caller.require_account(&path.account_id)?;
    let filter = wanted.filter()?;
    let presence = wanted.presence(&filter);
    let connections = words(&wanted.connection_states, &CONNECTIONS)?;
    let mut agents = agents::status(&caller, &app, &filter).await?;
    agents.retain(|status| {
        presence.is_none_or(|presence| presence == is_present(status))
            && (connections.is_empty() || connections.contains(&status.is_connected))
    });
    answer(&caller, &app, agents, &rows, "agent-view/status").await
}

/// Which agents could take a conversation.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = AgentListFilter, example = json!({"skillIds": ["1001"]}))]
struct Eligible {
    /// With one of these skills.
    skill_ids: Vec<Id>,
}

/// List the agents to whom a conversation can be transferred: enabled, and online or back soon.
#[utoipa::path(post, path = "/manager_workspace/api/account/{accountId}/agent_view/list",
    tag = "agent metrics", operation_id = "agentList", params(AccountPath, Rows),
    request_body(content = Eligible, description = "May be left out"),
    responses((status = 200, description = "Who could", body = Statuses)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
    Query(rows): Query<Rows>,
    OptionalJson(wanted): OptionalJson<Eligible>,
) -> Result<Json<Statuses>, Failure> {
    caller.require_account(&path.account_id)?;
    let filter = Filter {
        skills: Id::read(&wanted.skill_ids, SkillId::parse)?,
        statuses: vec![Status::Online, Status::Occupied],
        ..Filter::default()
    };
    let mut agents = agents::status(&caller, &app, &filter).await?;
    agents.retain(|status| status.is_enabled);
    answer(&caller, &app, agents, &rows, "agent_view/list").await
}

async fn answer(
    caller: &Caller,
    app: &App,
    mut agents: Vec<AgentStatus>,
    rows: &Rows,
    path: &str,
) -> Result<Json<Statuses>, Failure> {
    let (offset, limit) = rows.range(limits::PAGE_ROWS_MAX)?;
    // All are as they are now: only the beginning tells them apart.
    match rows.order()?.filter(|order| !order.is_by_end) {
        Some(order) if order.is_descending => {
            agents.sort_by_key(|status| std::cmp::Reverse(status.status_since));
        }
        Some(_) => agents.sort_by_key(|status| status.status_since),
        None => {}
    }
    let groups = groups::list(caller, app).await?.into_iter();
    let groups = groups.map(|group| (group.record.id, group.record.name));
    let groups: BTreeMap<GroupId, String> = groups.collect();
    let root = match path.starts_with("agent-view") {
        true => "messaging_history",
        false => "manager_workspace",
    };
    let account = &caller.account;
    let href = format!("/{root}/api/account/{account}/{path}?limit={limit}&offset={offset}");
    let metadata = Metadata::new(agents.len(), href, false);
    let shown = agents.into_iter().skip(offset).take(limit);
    let now = app.now();
    Ok(Json(Statuses {
        metadata,
        account_id: account.to_string(),
        agent_status_records: shown
            .map(|status| Record::new(status, &groups, now))
            .collect(),
    }))
}
