//! Conversations.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use usher_app::caller::Caller;
use usher_app::conversations::{self, Filter};
use usher_app::error::{Code, Error};
use usher_app::{App, consumers, last_agent};
use usher_model::id::{AgentId, ConsumerId, ConversationId, DialogId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{etag, parse};
use crate::extract::{self, Authenticated, Path, Query, Shared};
use crate::page::{Page, PageQuery};
use crate::problem::{Failure, Problem};
use crate::wire::agent::Reasons;
use crate::wire::conversation as wire;
use crate::wire::last_contact::LastContact;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(get))
        .routes(routes!(say))
        .routes(routes!(read))
        .routes(routes!(transfer))
        .routes(routes!(take_over))
        .routes(routes!(release))
        .routes(routes!(join))
        .routes(routes!(leave))
        .routes(routes!(identify))
        .routes(routes!(set_response_time))
        .routes(routes!(close))
        .routes(routes!(close_dialog))
        .routes(routes!(answer_survey))
        .routes(routes!(timeline))
        .routes(routes!(why))
        .routes(routes!(last_contact))
        .routes(routes!(dismiss_last_contact))
}

type Answer<T> = Result<T, Failure>;
type Shown = (HeaderMap, Json<wire::Conversation>);

fn shown(view: conversations::View) -> Shown {
    (etag(view.revision), Json(view.into()))
}

fn id(text: &str) -> Result<ConversationId, Failure> {
    parse(ConversationId::parse(text), Code::ConversationNotFound)
}

/// Which conversations; all that is given must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// `BOT`, `QUEUED`, `OFFERED`, `ASSIGNED` or `CLOSED`.
    state: Option<String>,
    /// In this skill, or closed in it.
    #[param(value_type = Option<String>)]
    skill_id: Option<SkillId>,
    /// That this agent has or took part in.
    #[param(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// Of this consumer.
    #[param(value_type = Option<String>)]
    consumer_id: Option<ConsumerId>,
    /// In which the consumer writes there.
    channel: Option<String>,
    /// That began at or after this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// That began before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// In which this was said.
    text: Option<String>,
}

impl Wanted {
    fn filter(self) -> Result<Filter, Error> {
        let state = self.state.as_deref().map(|state| {
            conversations::State::parse(state).ok_or_else(|| {
                let message = format!(
                    "expected a `state` of BOT, QUEUED, OFFERED, ASSIGNED or CLOSED, found `{state}`"
                );
                Error::new(Code::BadRequest, message)
            })
        });
        Ok(Filter {
            state: state.transpose()?,
            skill: self.skill_id,
            agent: self.agent_id,
            consumer: self.consumer_id,
            channel: self.channel,
            from: self.from,
            to: self.to,
            text: self.text,
        })
    }
}

/// List conversations, the newest first.
#[utoipa::path(get, path = "/api/v1/conversations", tag = "conversations",
    params(Wanted, PageQuery),
    responses((status = 200, body = Page<wire::Conversation>), (status = 400, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(wanted): Query<Wanted>,
    Query(page): Query<PageQuery>,
) -> Answer<Json<Page<wire::Conversation>>> {
    let filter = wanted.filter()?;
    let found = conversations::list(&caller, &app, &filter, page.cursor()?, page.limit()?).await?;
    let (views, next) = found;
    let items = views.into_iter().map(Into::into);
    Ok(Json(Page::new(items.collect(), next.as_ref())))
}

/// Open a conversation.
///
/// It begins in its skill, its engagement's, its channel's or the account's, and waits there for an
/// agent or a bot.
#[utoipa::path(post, path = "/api/v1/conversations", tag = "conversations",
    request_body = wire::NewConversation,
    responses((status = 201, body = wire::Conversation), (status = 422, body = Problem)))]
async fn open(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(new): extract::Json<wire::NewConversation>,
) -> Answer<(StatusCode, HeaderMap, Json<wire::Conversation>)> {
    let (headers, body) = shown(conversations::open(&caller, &app, new.into()).await?);
    Ok((StatusCode::CREATED, headers, body))
}

/// See a conversation.
#[utoipa::path(get, path = "/api/v1/conversations/{conversationId}", tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    responses((status = 200, body = wire::Conversation), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
) -> Answer<Shown> {
    Ok(shown(
        conversations::get(&caller, &app, &id(&conversation)?).await?,
    ))
}

/// Refuses a consumer who is named and is not the conversation's.
pub(crate) async fn require_consumer(
    caller: &Caller,
    app: &Arc<App>,
    conversation: &ConversationId,
    named: Option<&ConsumerId>,
) -> Result<(), Failure> {
    let Some(named) = named else { return Ok(()) };
    let view = conversations::get(caller, app, conversation).await?;
    if view.conversation.consumer_id == *named {
        return Ok(());
    }
    let message = "expected `true`, or the id of the conversation's consumer";
    Err(Error::field("#/asConsumer", message).into())
}

/// Send a message.
///
/// With a `clientMessageId`, sending it twice is one message.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/messages",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body = wire::NewMessage,
    responses((status = 200, description = "It had been sent before", body = wire::SentMessage),
        (status = 201, body = wire::SentMessage), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem)))]
async fn say(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
    extract::Json(new): extract::Json<wire::NewMessage>,
) -> Answer<(StatusCode, Json<wire::SentMessage>)> {
    let id = id(&conversation)?;
    require_consumer(&caller, &app, &id, new.as_consumer.named()).await?;
    let said = conversations::say(&caller, &app, &id, new.into()).await?;
    let status = if said.is_repeat {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(said.into())))
}

/// Say up to which message somebody has read.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/read", tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body = wire::Read,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn read(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
    extract::Json(read): extract::Json<wire::Read>,
) -> Answer<StatusCode> {
    let id = id(&conversation)?;
    require_consumer(&caller, &app, &id, read.as_consumer.named()).await?;
    conversations::read(&caller, &app, &id, read.reader(), read.message_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Transfer a conversation to an agent, a skill, or an agent of a skill.
///
/// An agent who is not there, lacks the skill or has enough does not get it: the skill does.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/transfer",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body = wire::NewTransfer,
    responses((status = 200, body = wire::Transferred), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn transfer(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
    extract::Json(new): extract::Json<wire::NewTransfer>,
) -> Answer<Json<wire::Transferred>> {
    let id = id(&conversation)?;
    let transferred = conversations::transfer(&caller, &app, &id, new.into()).await?;
    Ok(Json(transferred.into()))
}

/// Give a conversation to an agent, wherever it is.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/take-over",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body = wire::TakeOver,
    responses((status = 200, body = wire::Conversation), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn take_over(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
    extract::Json(wanted): extract::Json<wire::TakeOver>,
) -> Answer<Shown> {
    let id = id(&conversation)?;
    let wire::TakeOver { agent_id, force } = wanted;
    Ok(shown(
        conversations::take_over(&caller, &app, &id, agent_id, force).await?,
    ))
}

/// Put a conversation back into the queue of its skill; it keeps its waiting time.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/release",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    responses((status = 200, body = wire::Conversation), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn release(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
) -> Answer<Shown> {
    let id = id(&conversation)?;
    Ok(shown(conversations::release(&caller, &app, &id).await?))
}

/// Join a conversation as an agent, a manager or a reader.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/join", tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body = wire::Join,
    responses((status = 200, body = wire::Conversation), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn join(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
    extract::Json(wanted): extract::Json<wire::Join>,
) -> Answer<Shown> {
    let id = id(&conversation)?;
    let wire::Join { role, agent_id } = wanted;
    Ok(shown(
        conversations::join(&caller, &app, &id, agent_id, role).await?,
    ))
}

/// Leave a conversation that one has joined.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/leave", tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body = wire::Leave,
    responses((status = 200, body = wire::Conversation), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn leave(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
    extract::Json(wanted): extract::Json<wire::Leave>,
) -> Answer<Shown> {
    let id = id(&conversation)?;
    Ok(shown(
        conversations::leave(&caller, &app, &id, wanted.agent_id).await?,
    ))
}

/// Say who the consumer turned out to be.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/identify",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body = wire::Identify,
    responses((status = 200, body = wire::Conversation), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn identify(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
    extract::Json(wanted): extract::Json<wire::Identify>,
) -> Answer<Shown> {
    let id = id(&conversation)?;
    let view = match (wanted.identity_token, wanted.consumer_id) {
        (Some(token), None) => consumers::identify(&caller, &app, &id, &token).await?,
        (None, Some(consumer)) => conversations::identify(&caller, &app, &id, consumer).await?,
        _ => {
            let message = "expected either `identityToken` or `consumerId`";
            return Err(Error::field("#/identityToken", message).into());
        }
    };
    Ok(shown(view))
}

/// Say when an answer is due: the consumer whether it is urgent, the agent by when there is one.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/response-time",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body = wire::NewResponseTime,
    responses((status = 200, body = wire::Conversation), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn set_response_time(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
    extract::Json(new): extract::Json<wire::NewResponseTime>,
) -> Answer<Shown> {
    let id = id(&conversation)?;
    require_consumer(&caller, &app, &id, new.as_consumer.named()).await?;
    let (by, asked) = new.read()?;
    Ok(shown(
        conversations::set_response_time(&caller, &app, &id, by.as_ref(), asked).await?,
    ))
}

/// Close a conversation at once, without a survey.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/close",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body(content = wire::NewClose, description = "May be left out"),
    responses((status = 200, body = wire::Conversation), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn close(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
    extract::OptionalJson(new): extract::OptionalJson<wire::NewClose>,
) -> Answer<Shown> {
    let id = id(&conversation)?;
    Ok(shown(
        conversations::close(&caller, &app, &id, new.into()).await?,
    ))
}

/// Close a dialog; after the main one the consumer is asked how it was, if the skill has a survey.
#[utoipa::path(post,
    path = "/api/v1/conversations/{conversationId}/dialogs/{dialogId}/close",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation"),
        ("dialogId" = String, Path, description = "The dialog")),
    request_body(content = wire::NewClose, description = "May be left out"),
    responses((status = 200, body = wire::Conversation), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn close_dialog(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((conversation, dialog)): Path<(String, String)>,
    extract::OptionalJson(new): extract::OptionalJson<wire::NewClose>,
) -> Answer<Shown> {
    let id = id(&conversation)?;
    let dialog = parse(DialogId::parse(&dialog), Code::ConversationNotFound)?;
    Ok(shown(
        conversations::close_dialog(&caller, &app, &id, &dialog, new.into()).await?,
    ))
}

/// Answer the survey in the consumer's name.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/survey",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body = wire::SurveyAnswer,
    responses((status = 200, body = wire::Conversation), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn answer_survey(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
    extract::Json(answer): extract::Json<wire::SurveyAnswer>,
) -> Answer<Shown> {
    let id = id(&conversation)?;
    Ok(shown(
        conversations::answer_survey(&caller, &app, &id, answer.csat).await?,
    ))
}

/// Which part of a timeline.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// The events that follow the one with this sequence.
    after: Option<u64>,
    /// How many: 1 to 1,000, 100 unless given.
    limit: Option<usize>,
}

/// See what happened in a conversation, the first first.
///
/// A consumer sees neither private messages nor how the conversation was routed.
#[utoipa::path(get, path = "/api/v1/conversations/{conversationId}/timeline",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation"), Part),
    responses((status = 200, body = wire::Timeline), (status = 404, body = Problem)))]
async fn timeline(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
    Query(part): Query<Part>,
) -> Answer<Json<wire::Timeline>> {
    let id = id(&conversation)?;
    let limit = part.limit.unwrap_or(limits::PAGE_ROWS);
    let found = conversations::timeline(&caller, &app, &id, part.after, limit).await?;
    let (events, next_after) = found;
    let items = events.iter().map(|happened| (&**happened).into());
    Ok(Json(wire::Timeline {
        items: items.collect(),
        next_after,
    }))
}

/// See the consumer's previous conversation, as it was when the agent got this one.
#[utoipa::path(get, path = "/api/v1/conversations/{conversationId}/last-contact",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    responses((status = 200, body = LastContact), (status = 404, body = Problem)))]
async fn last_contact(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
) -> Answer<Json<LastContact>> {
    let id = id(&conversation)?;
    let contact = last_agent::last_contact(&caller, &app, &id).await?;
    Ok(Json(contact.into()))
}

/// Take the notice of the previous conversation away, for the agent who has this one.
#[utoipa::path(post, path = "/api/v1/conversations/{conversationId}/last-contact/dismiss",
    tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn dismiss_last_contact(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
) -> Answer<StatusCode> {
    last_agent::dismiss(&caller, &app, &id(&conversation)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask why a conversation still waits, or why this agent has it.
#[utoipa::path(get, path = "/api/v1/conversations/{conversationId}/why", tag = "conversations",
    params(("conversationId" = String, Path, description = "The conversation")),
    responses((status = 200, body = Reasons), (status = 404, body = Problem)))]
async fn why(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(conversation): Path<String>,
) -> Answer<Json<Reasons>> {
    let id = id(&conversation)?;
    Ok(Json(conversations::why(&caller, &app, &id).await?.into()))
}
