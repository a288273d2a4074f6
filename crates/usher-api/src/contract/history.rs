//! The history of conversations: searched by many things, by id, and by consumer.

mod events;
mod names;
mod record;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::conversations::{self, Among, Search, View};
use usher_app::error::{Code, Error};
use usher_app::feed::Happened;
use usher_model::id::{AgentId, ConsumerId, ConversationId, GroupId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Object;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::names::Names;
use self::record::{Campaign, ConsumerParticipant, HistoryDialog, Outline, Record, Took, agents};
use super::shape::{AccountPath, Id, Metadata, Rows, word};
use crate::extract::{self, Authenticated, Path, Query, Shared};
use crate::problem::Failure;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(search))
        .routes(routes!(by_id))
        .routes(routes!(by_consumer))
}

/// Conversations of one answer.
const CONVERSATIONS_MAX: usize = 100;
/// How far apart the bounds of a search may be: three months, the longest.
const RANGE_MAX: Duration = Duration::from_secs(92 * 24 * 60 * 60);

/// Bounds, both included; without one it is open.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[schema(as = HistoryRange)]
struct Range {
    /// The lower one.
    from: Option<i64>,
    /// The upper one.
    to: Option<i64>,
}

impl Range {
    fn read<T>(self, read: impl Fn(i64) -> T) -> RangeInclusive<T> {
        let (from, to) = (self.from.unwrap_or(0), self.to.unwrap_or(i64::MAX));
        read(from)..=read(to)
    }

    fn points(self) -> RangeInclusive<u8> {
        self.read(|points| u8::try_from(points.max(0)).unwrap_or(u8::MAX))
    }
}

/// What is searched for; all that is given must hold, of each list any.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistorySearch, example = json!({
    "start": {"from": 1_777_800_000_000_i64, "to": 1_777_900_000_000_i64},
    "status": ["OPEN"], "contentToRetrieve": ["agentParticipants", "dialogs"]
}))]
struct Wanted {
    /// When they started, in milliseconds since 1970; at most three months, both bounds required.
    start: Option<Range>,
    /// `OPEN` or `CLOSE`.
    #[serde(default)]
    status: Vec<String>,
    /// Began in or were last in one of these skills.
    #[serde(default)]
    skill_ids: Vec<Id>,
    /// Are or were last in one of these skills.
    #[serde(default)]
    latest_skill_ids: Vec<Id>,
    /// One of these agents took part.
    #[serde(default)]
    agent_ids: Vec<Id>,
    /// One of these agents has them or had them last.
    #[serde(default)]
    latest_agent_ids: Vec<Id>,
    /// An agent of one of these groups took part.
    #[serde(default)]
    agent_group_ids: Vec<Id>,
    /// Something that was said, in any case.
    keyword: Option<String>,
    /// How long they took so far, in milliseconds.
    duration: Option<Range>,
    /// How they sound, 0 to 100.
    mcs: Option<Range>,
    /// Which way that calls for attention: -1, 0 or 1.
    #[serde(default)]
    alerted_mcs_values: Vec<i8>,
    /// What the consumer answered, 1 to 5.
    csat: Option<Range>,
    /// Where the consumer writes.
    #[serde(default)]
    source: Vec<String>,
    /// `IN_QUEUE` or `ACTIVE`.
    latest_conversation_queue_state: Option<String>,
    /// Which parts are told beside `info`; all of them unless given.
    content_to_retrieve: Option<Vec<String>>,
    /// What else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    rest: Object,
}

/// Filters that clients know and that nothing here can answer: passing them over would find too much.
const REFUSED: [&str; 5] = [
    "summary",
    "device",
    "messageContentTypes",
    "sdeSearch",
    "responseTime",
];

const STATUSES: [(&str, bool); 2] = [("OPEN", false), ("CLOSE", true)];
const QUEUE_STATES: [(&str, bool); 2] = [("IN_QUEUE", true), ("ACTIVE", false)];

impl Wanted {
    fn search(&self, rows: &Rows) -> Result<Search, Error> {
        let bounds = self.start.and_then(|start| Some((start.from?, start.to?)));
        let (from, to) = bounds
            .ok_or_else(|| Error::field("#/start", "expected `start` with `from` and `to`"))?;
        let [from, to] = [from, to].map(Timestamp::from_milliseconds);
        if from > to || to.since(from) > RANGE_MAX {
            let message = "expected `from` before `to`, and at most 92 days between them";
            return Err(Error::field("#/start", message));
        }
        if let Some(refused) = REFUSED.iter().find(|name| self.rest.contains_key(**name)) {
            let message = format!("expected no filter `{refused}`: nothing is known of it here");
            return Err(Error::new(Code::BadRequest, message));
        }
        let queue_state = self.latest_conversation_queue_state.as_deref();
        let milliseconds = |count: i64| Duration::from_millis(count.max(0).unsigned_abs());
        Ok(Search {
            is_closed: closed(&self.status)?,
            is_queued: queue_state
                .map(|state| word(state, &QUEUE_STATES))
                .transpose()?,
            skills: Id::read(&self.skill_ids, SkillId::parse)?,
            latest_skills: Id::read(&self.latest_skill_ids, SkillId::parse)?,
            agents: Id::read(&self.agent_ids, AgentId::parse)?,
            latest_agents: Id::read(&self.latest_agent_ids, AgentId::parse)?,
            groups: Id::read(&self.agent_group_ids, GroupId::parse)?,
            channels: self.source.clone(),
            duration: self.duration.map(|range| range.read(milliseconds)),
            mcs: self.mcs.map(Range::points),
            alerts: self.alerted_mcs_values.clone(),
            csat: self.csat.map(Range::points),
            text: self.keyword.clone().filter(|text| !text.is_empty()),
            ..among(Among::Started(from..=to), rows)?
        })
    }
}

fn closed(statuses: &[String]) -> Result<Option<bool>, Error> {
    let mut wanted = None;
    for status in statuses {
        let is_closed = word(status, &STATUSES)?;
        if wanted == Some(!is_closed) {
            return Ok(None);
        }
        wanted = Some(is_closed);
    }
    Ok(wanted)
}

fn among(among: Among, rows: &Rows) -> Result<Search, Error> {
    let (offset, limit) = rows.range(CONVERSATIONS_MAX)?;
    let search = Search::new(among, offset, limit);
    Ok(match rows.order()? {
        None => search,
        Some(order) => Search {
            is_by_end: order.is_by_end,
            is_descending: order.is_descending,
            ..search
        },
    })
}

/// Which conversations, by their ids.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryById, example = json!({"conversationId": "c-1"}))]
struct ById {
    /// Which one.
    #[schema(value_type = Option<String>)]
    conversation_id: Option<ConversationId>,
    /// Which ones; at most 100.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    conversation_ids: Vec<ConversationId>,
    /// Which parts are told beside `info`; all of them unless given.
    content_to_retrieve: Option<Vec<String>>,
}

/// Which conversations, by their consumer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryByConsumer, example = json!({"consumer": "ada", "status": ["CLOSE"]}))]
struct ByConsumer {
    /// Whose.
    consumer: Id,
    /// `OPEN` or `CLOSE`.
    #[serde(default)]
    status: Vec<String>,
    /// Which parts are told beside `info`; all of them unless given.
    content_to_retrieve: Option<Vec<String>>,
}

/// Conversations.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryRecords)]
struct Records {
    /// About the list.
    #[serde(rename = "_metadata")]
    metadata: Metadata,
    /// The conversations.
    conversation_history_records: Vec<Record>,
}

/// Search conversations, the closed ones too.
#[utoipa::path(post, path = "/messaging_history/api/account/{accountId}/conversations/search",
    tag = "history", operation_id = "historySearch", params(AccountPath, Rows),
    request_body = Wanted,
    responses((status = 200, description = "What was found", body = Records)))]
async fn search(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
    Query(rows): Query<Rows>,
    extract::Json(wanted): extract::Json<Wanted>,
) -> Result<Json<Records>, Failure> {
    caller.require_account(&path.account_id)?;
    let parts = Parts::read(wanted.content_to_retrieve.as_deref())?;
    answer(&caller, &app, &wanted.search(&rows)?, &parts, "search").await
}

/// Read conversations by their ids.
#[utoipa::path(post,
    path = "/messaging_history/api/account/{accountId}/conversations/conversation/search",
    tag = "history", operation_id = "historyById", params(AccountPath, Rows),
    request_body = ById,
    responses((status = 200, description = "Those that there are", body = Records)))]
async fn by_id(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
    Query(rows): Query<Rows>,
    extract::Json(wanted): extract::Json<ById>,
) -> Result<Json<Records>, Failure> {
    caller.require_account(&path.account_id)?;
    let parts = Parts::read(wanted.content_to_retrieve.as_deref())?;
    let mut ids = wanted.conversation_ids;
    ids.extend(wanted.conversation_id);
    if !(1..=CONVERSATIONS_MAX).contains(&ids.len()) {
        let message = format!("expected 1 to {CONVERSATIONS_MAX} ids, found {}", ids.len());
        return Err(Failure(Error::field("#/conversationIds", message)));
    }
    let search = among(Among::Conversations(ids), &rows)?;
    answer(&caller, &app, &search, &parts, "conversation/search").await
}

/// Read the conversations of a consumer.
#[utoipa::path(post,
    path = "/messaging_history/api/account/{accountId}/conversations/consumer/search",
    tag = "history", operation_id = "historyByConsumer", params(AccountPath, Rows),
    request_body = ByConsumer,
    responses((status = 200, description = "Those that there are", body = Records)))]
async fn by_consumer(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
    Query(rows): Query<Rows>,
    extract::Json(wanted): extract::Json<ByConsumer>,
) -> Result<Json<Records>, Failure> {
    caller.require_account(&path.account_id)?;
    let parts = Parts::read(wanted.content_to_retrieve.as_deref())?;
    let consumers = Id::read(std::slice::from_ref(&wanted.consumer), ConsumerId::parse)?;
    let consumer = consumers.into_iter().next();
    let consumer =
        consumer.ok_or_else(|| Error::new(Code::BadRequest, "expected the id of a consumer"))?;
    let search = Search {
        is_closed: closed(&wanted.status)?,
        ..among(Among::Consumer(consumer), &rows)?
    };
    answer(&caller, &app, &search, &parts, "consumer/search").await
}

async fn answer(
    caller: &Caller,
    app: &Arc<App>,
    search: &Search,
    parts: &Parts,
    path: &str,
) -> Result<Json<Records>, Failure> {
    let found = conversations::search(caller, app, search).await?;
    let names = Names::read(caller, app).await?;
    let mut records = Vec::with_capacity(found.views.len());
    for view in &found.views {
        records.push(record(caller, app, view, &names, parts).await?);
    }
    let (account, Search { offset, limit, .. }) = (&caller.account, search);
    let root = "/messaging_history/api/account";
    let href = format!("{root}/{account}/conversations/{path}?limit={limit}&offset={offset}");
    Ok(Json(Records {
        metadata: Metadata::new(found.count, href, found.is_partial),
        conversation_history_records: records,
    }))
}

async fn record(
    caller: &Caller,
    app: &Arc<App>,
    view: &View,
    names: &Names,
    parts: &Parts,
) -> Result<Record, Error> {
    let conversation = &view.conversation;
    let happened = match EVENT_PARTS.iter().any(|part| parts.have(part)) {
        true => timeline(caller, app, &conversation.id).await?,
        false => Vec::new(),
    };
    let took = |part: &str, took| parts.have(part).then(|| agents(conversation, names, took));
    let dialogs = || {
        let dialogs = conversation.dialogs.iter();
        dialogs
            .map(|dialog| HistoryDialog::new(dialog, conversation, names))
            .collect()
    };
    Ok(Record {
        info: Outline::new(view, names, caller.account.as_str(), app.now()),
        campaign: parts
            .have("campaign")
            .then(|| Campaign::of(conversation))
            .flatten(),
        message_records: parts
            .have("messageRecords")
            .then(|| events::messages(&happened)),
        agent_participants: took("agentParticipants", Took::Part),
        agent_participants_active: took("agentParticipantsActive", Took::PartStill),
        agent_participants_leave: took("agentParticipantsLeave", Took::Leave),
        consumer_participants: parts
            .have("consumerParticipants")
            .then(|| vec![ConsumerParticipant::of(conversation)]),
        transfers: parts
            .have("transfers")
            .then(|| events::transfers(&happened, names)),
        interactions: parts
            .have("interactions")
            .then(|| events::assignments(&happened, names)),
        message_scores: parts
            .have("messageScores")
            .then(|| events::scores(&happened)),
        message_statuses: parts
            .have("messageStatuses")
            .then(|| events::statuses(&happened)),
        dialogs: parts.have("dialogs").then(dialogs),
    })
}

async fn timeline(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
) -> Result<Vec<Arc<Happened>>, Error> {
    let mut happened = Vec::new();
    let mut after = None;
    loop {
        let page = conversations::timeline(caller, app, id, after, limits::PAGE_ROWS_MAX).await?;
        happened.extend(page.0);
        match page.1 {
            None => return Ok(happened),
            next => after = next,
        }
    }
}

/// The parts that rest on what happened, for which it is read.
const EVENT_PARTS: [&str; 5] = [
    "messageRecords",
    "transfers",
    "interactions",
    "messageScores",
    "messageStatuses",
];

/// The parts that clients know; of those that are not kept here nothing is told.
const PARTS: [&str; 24] = [
    "info",
    "campaign",
    "messageRecords",
    "agentParticipants",
    "agentParticipantsLeave",
    "agentParticipantsActive",
    "consumerParticipants",
    "transfers",
    "interactions",
    "messageScores",
    "messageStatuses",
    "conversationSurveys",
    "coBrowseSessions",
    "summary",
    "sdes",
    "unAuthSdes",
    "monitoring",
    "dialogs",
    "responseTime",
    "skillChanges",
    "intents",
    "uniqueIntents",
    "latestAgentSurvey",
    "previouslySubmittedAgentSurveys",
];

/// Which parts of conversations are told; all of them if none is named.
struct Parts(Option<Vec<&'static str>>);

impl Parts {
    fn read(wanted: Option<&[String]>) -> Result<Self, Error> {
        let known = PARTS.map(|part| (part, part));
        let read = |wanted: &[String]| wanted.iter().map(|part| word(part, &known)).collect();
        Ok(Self(wanted.map(read).transpose()?))
    }

    fn have(&self, part: &str) -> bool {
        let parts = self.0.as_ref();
        parts.is_none_or(|parts| parts.contains(&part))
    }
}
