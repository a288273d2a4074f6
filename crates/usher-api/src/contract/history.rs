//! The history of conversations: searched by many things, by id, and by consumer.

mod events;
mod intents;
mod monitoring;
mod names;
mod parts;
mod record;
mod sdes;
mod wanted;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::conversations::{self, Among, Search, View};
use usher_app::error::{Code, Error};
use usher_app::feed::Happened;
use usher_app::last_agent;
use usher_model::id::{ConsumerId, ConversationId};
use usher_model::limits;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::monitoring::Monitoring;
use self::names::Names;
use self::parts::Parts;
use self::record::{
    Campaign, ConsumerParticipant, HistoryDialog, Outline, Record, ResponseTime, Took, agents,
};
use self::wanted::{Wanted, among, closed};
use super::shape::{AccountPath, Id, Metadata, Rows};
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
    let mut stories = Vec::with_capacity(found.views.len());
    for view in found.views {
        stories.push(Story::read(caller, app, view, parts).await?);
    }
    let names = Names::read(caller, app, &stories).await?;
    let records = stories
        .iter()
        .map(|story| story.tell(caller, app, &names, parts));
    let (account, Search { offset, limit, .. }) = (&caller.account, search);
    let root = "/messaging_history/api/account";
    let href = format!("{root}/{account}/conversations/{path}?limit={limit}&offset={offset}");
    Ok(Json(Records {
        metadata: Metadata::new(found.count, href, found.is_partial),
        conversation_history_records: records.collect(),
    }))
}

/// A conversation, with as much of what happened in it as is told.
struct Story {
    view: View,
    happened: Vec<Arc<Happened>>,
    /// What it was about in the end.
    intent: Option<last_agent::Intent>,
}

impl Story {
    async fn read(
        caller: &Caller,
        app: &Arc<App>,
        view: View,
        parts: &Parts,
    ) -> Result<Self, Error> {
        let id = &view.conversation.id;
        let happened = match parts.are_of_events() {
            true => timeline(caller, app, id).await?,
            false => Vec::new(),
        };
        let intent = match parts.have("uniqueIntents") {
            true => last_agent::intent(caller, app, id).await?,
            false => None,
        };
        Ok(Self {
            view,
            happened,
            intent,
        })
    }

    fn tell(&self, caller: &Caller, app: &App, names: &Names, parts: &Parts) -> Record {
        let (conversation, happened) = (&self.view.conversation, self.happened.as_slice());
        let took = |part: &str, took| parts.tell(part, || agents(conversation, names, took));
        let dialogs = || {
            let dialogs = conversation.dialogs.iter();
            dialogs
                .map(|dialog| HistoryDialog::new(dialog, conversation, names))
                .collect()
        };
        Record {
            info: Outline::new(&self.view, names, caller.account.as_str(), app.now()),
            campaign: parts
                .tell("campaign", || Campaign::of(conversation))
                .flatten(),
            message_records: parts.tell("messageRecords", || events::messages(happened)),
            agent_participants: took("agentParticipants", Took::Part),
            agent_participants_active: took("agentParticipantsActive", Took::PartStill),
            agent_participants_leave: took("agentParticipantsLeave", Took::Leave),
            consumer_participants: parts.tell("consumerParticipants", || {
                vec![ConsumerParticipant::of(conversation)]
            }),
            transfers: parts.tell("transfers", || events::transfers(happened, names)),
            interactions: parts.tell("interactions", || events::assignments(happened, names)),
            message_scores: parts.tell("messageScores", || events::scores(happened)),
            message_statuses: parts.tell("messageStatuses", || events::statuses(happened)),
            dialogs: parts.tell("dialogs", dialogs),
            skill_changes: parts.tell("skillChanges", || events::skill_changes(happened, names)),
            conversation_surveys: parts.tell("conversationSurveys", || events::surveys(happened)),
            intents: parts.tell("intents", || intents::of_messages(happened)),
            unique_intents: parts.tell("uniqueIntents", || {
                intents::unique(happened, self.intent.as_ref())
            }),
            sdes: parts.tell("sdes", || sdes::said(conversation, true)),
            un_auth_sdes: parts.tell("unAuthSdes", || sdes::said(conversation, false)),
            monitoring: parts.tell("monitoring", || Monitoring::of(conversation)),
            response_time: parts.tell("responseTime", || ResponseTime::of(&self.view)),
        }
    }
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
