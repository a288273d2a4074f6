//! The invocation contract: run a function by its id or by an event, ask whether one listens, and
//! list them. Both versions share their paths; what differs is how errors look.
//!
//! Source: `docs/guide/functions.md`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::credentials;
use usher_app::error::{Code, Error, Kind};
use usher_app::functions::{self, Given};
use usher_model::id::{FunctionId, SkillId};
use usher_model::time::Timestamp;
use usher_model::value::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shape::AccountPath;
use crate::extract::{self, Authenticated, OptionalJson, Path, Query, Shared};
use crate::problem::{self, Failure};
use crate::wire::function::FunctionHeader;

/// What the codes of errors begin with.
const PREFIX: &str = "com.usher.faas";
/// The header with which callers of version 2 say who they are.
const EVENT_SOURCE: &str = "lp-eventsource";
/// What a token may be asked for.
const SCOPE: &str = "faas.lambda.invoke";

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(invoke))
        .routes(routes!(invoke_event))
        .routes(routes!(is_implemented))
        .routes(routes!(list))
        .route("/api/account/{accountId}/lambdas/", get(list))
        .route("/api/account/{accountId}/functions", get(list))
        .routes(routes!(token))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
struct FunctionPath {
    /// The credential's account.
    #[param(example = "acc1")]
    account_id: String,
    /// The function.
    #[param(example = "00000000-0000-7000-8000-000000000000")]
    uuid: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
struct EventPath {
    /// The credential's account.
    #[param(example = "acc1")]
    account_id: String,
    /// The event.
    #[param(example = "controllerbot_messaging_conversation_end")]
    event_id: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
struct InvokeQuery {
    /// `1` for version 1; with the header `LP-EventSource` instead it is version 2.
    v: Option<String>,
    /// Who calls.
    external_system: Option<String>,
    /// The skill of the conversation.
    skill_id: Option<String>,
}

/// What a function is given.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = FunctionInvocation, example = json!({"headers": [], "payload": {"name": "Ada"}}))]
struct Invocation {
    /// When what it is told of happened, in milliseconds since 1970; now unless given.
    timestamp: Option<i64>,
    /// Names and values.
    headers: Vec<FunctionHeader>,
    /// Any JSON.
    #[schema(value_type = Option<Value>)]
    payload: Value,
}

impl From<Invocation> for Given {
    fn from(invocation: Invocation) -> Self {
        let headers = invocation.headers.into_iter();
        Self {
            timestamp: invocation.timestamp.map(Timestamp::from_milliseconds),
            headers: headers.map(|header| (header.key, header.value)).collect(),
            payload: invocation.payload,
        }
    }
}

/// What a function that listens to an event answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FunctionEventResult)]
struct EventResult {
    /// The function.
    uuid: String,
    /// When it had answered, in milliseconds since 1970.
    timestamp: i64,
    /// Any JSON.
    #[schema(value_type = Value)]
    result: Value,
}

/// Why there is no answer; version 2 says `code` and `message`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FunctionInvocationFailure)]
struct Refusal {
    /// For programs.
    error_code: String,
    /// For people.
    error_msg: String,
}

/// Which version a caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    fn of(headers: &HeaderMap, query: &InvokeQuery) -> Self {
        if query.v.is_none() && headers.contains_key(EVENT_SOURCE) {
            Self::Two
        } else {
            Self::One
        }
    }

    /// Returns the answer that says why there is none.
    fn refusal(self, error: &Error, is_901: bool) -> Response {
        let (one, two) = codes(error.code);
        let message = match error.kind() {
            Kind::Internal => "an internal error",
            _ => &error.message,
        };
        let body = match self {
            Self::One => serde_json::to_value(Refusal {
                error_code: format!("{PREFIX}.{one}"),
                error_msg: message.to_owned(),
            }),
            Self::Two => Ok(serde_json::json!({
                "code": format!("{PREFIX}.{two}"), "message": message
            })),
        };
        // Text only: writing it cannot fail.
        let body = body.unwrap_or_default();
        let status = match error.kind() {
            _ if is_901 && is_of_function(error.code) => failed(),
            Kind::Invalid if !is_of_function(error.code) => StatusCode::BAD_REQUEST,
            _ => problem::row(error.code).status,
        };
        (status, Json(body)).into_response()
    }
}

/// Returns the contract's status of a function that failed, which is none of HTTP's.
fn failed() -> StatusCode {
    StatusCode::from_u16(901).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
}

const fn is_of_function(code: Code) -> bool {
    matches!(
        code,
        Code::FunctionThrew | Code::FunctionCrashed | Code::FunctionTimeout
    )
}

/// Returns the codes of both versions, without what all begin with.
const fn codes(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::FunctionThrew => ("handler.custom-failure", "function.threw-error"),
        Code::FunctionCrashed => ("handler.runtime-exception", "function.js-runtime-error"),
        Code::FunctionTimeout => (
            "handler.executiontime-exceeded",
            "function.execution-exceeded",
        ),
        Code::FunctionNotFound => ("es.missinglambda", "function.not-found"),
        Code::FunctionNotDeployed => ("es.notdeployed", "function.not-deployed"),
        Code::FunctionUnavailable => ("es.unavailable", "evg.unavailable"),
        _ => match code.kind() {
            Kind::Invalid | Kind::TooLarge => ("es.badinput", "evg.invalid"),
            _ => ("es.general", "evg.general"),
        },
    }
}

async fn answered<T: Serialize>(
    caller: &Caller,
    app: &App,
    version: Version,
    answer: Result<T, Error>,
) -> Result<Response, Failure> {
    Ok(match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => {
            let is_901 = functions::is_failure_901(caller, app).await?;
            version.refusal(&error, is_901)
        }
    })
}

/// Run a deployed function.
///
/// The body of the answer is what the function called back with.
#[utoipa::path(post, path = "/api/account/{accountId}/lambdas/{uuid}/invoke",
    tag = "function invocation", operation_id = "invokeFunction",
    params(FunctionPath, InvokeQuery), request_body = Invocation,
    responses((status = 200, description = "What it answered", body = Value),
        (status = 404, description = "There is none, or it is not deployed", body = Refusal),
        (status = 422, description = "It failed; 901 if the account has set it so", body = Refusal)))]
async fn invoke(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<FunctionPath>,
    Query(query): Query<InvokeQuery>,
    headers: HeaderMap,
    OptionalJson(given): OptionalJson<Invocation>,
) -> Result<Response, Failure> {
    caller.require_account(&path.account_id)?;
    let version = Version::of(&headers, &query);
    let id = FunctionId::parse(&path.uuid).map_err(|source| {
        Error::new(Code::FunctionNotFound, "no function has such an id").with_source(source)
    });
    let answer = match id {
        Ok(id) => functions::call(&caller, &app, id, given.into()).await,
        Err(error) => Err(error),
    };
    let result = answer.map(|answer| answer.result);
    answered(&caller, &app, version, result).await
}

/// Run the deployed functions that listen to an event.
#[utoipa::path(post, path = "/api/account/{accountId}/events/{eventId}/invoke",
    tag = "function invocation", operation_id = "invokeFunctionsByEvent",
    params(EventPath, InvokeQuery), request_body = Invocation,
    responses((status = 200, description = "What they answered, in the order in which they were made",
            body = Vec<EventResult>),
        (status = 422, description = "One of them failed; 901 if the account has set it so",
            body = Refusal)))]
async fn invoke_event(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<EventPath>,
    Query(query): Query<InvokeQuery>,
    headers: HeaderMap,
    OptionalJson(given): OptionalJson<Invocation>,
) -> Result<Response, Failure> {
    caller.require_account(&path.account_id)?;
    let version = Version::of(&headers, &query);
    let (event, given) = (&path.event_id, given.into());
    let answers = match skill(&query) {
        Ok(skill) => functions::call_event(&caller, &app, event, skill.as_ref(), given).await,
        Err(error) => Err(error),
    };
    let result = |answer: functions::Answer| EventResult {
        uuid: answer.function.to_string(),
        timestamp: answer.at.milliseconds(),
        result: answer.result,
    };
    let results = answers.map(|answers| answers.into_iter().map(result).collect::<Vec<_>>());
    answered(&caller, &app, version, results).await
}

fn skill(query: &InvokeQuery) -> Result<Option<SkillId>, Error> {
    let text = query.skill_id.as_deref().filter(|text| !text.is_empty());
    let skill = text.map(SkillId::parse).transpose();
    skill.map_err(|source| Error::new(Code::BadRequest, source.to_string()))
}

/// Whether a function listens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FunctionImplemented)]
struct Implemented {
    /// Whether one does.
    implemented: bool,
}

/// Say whether a deployed function listens to an event.
#[utoipa::path(get, path = "/api/account/{accountId}/events/{eventId}/isImplemented",
    tag = "function invocation", operation_id = "isEventImplemented",
    params(EventPath, InvokeQuery),
    responses((status = 200, description = "Whether one does", body = Implemented)))]
async fn is_implemented(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<EventPath>,
    Query(query): Query<InvokeQuery>,
) -> Result<Json<Implemented>, Failure> {
    caller.require_account(&path.account_id)?;
    let skill = skill(&query)?;
    let implemented =
        functions::is_implemented(&caller, &app, &path.event_id, skill.as_ref()).await?;
    Ok(Json(Implemented { implemented }))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only those that listen to this event.
    event_id: Option<String>,
    /// Only those in one of these states, separated by commas: `Draft`, `Productive`, `Modified` or
    /// `Build Error`.
    state: Option<String>,
    /// Only the one of this name, ignoring case.
    function_name: Option<String>,
}

/// A function, as the contract lists it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListedFunction)]
struct Listed {
    /// Which one.
    uuid: String,
    /// What people call it.
    name: String,
    /// What it is for.
    description: String,
    /// `Draft`, `Productive`, `Modified` or `Build Error`.
    state: &'static str,
    /// What starts it.
    event_id: Option<String>,
    /// The skills for whose conversations it is started; none means all.
    skills: Vec<String>,
    /// The version that runs.
    version: Option<u64>,
    /// By whom it was last changed.
    updated_by: String,
    /// When, in milliseconds since 1970.
    updated_at: i64,
}

impl From<functions::Function> for Listed {
    fn from(function: functions::Function) -> Self {
        Self {
            uuid: function.id.to_string(),
            state: state(&function),
            name: function.name,
            description: function.description,
            event_id: function.event_id,
            skills: function.skill_ids.iter().map(ToString::to_string).collect(),
            version: function.deployed,
            updated_by: function.updated_by,
            updated_at: function.updated_at.milliseconds(),
        }
    }
}

const fn state(function: &functions::Function) -> &'static str {
    match functions::State::of(function) {
        functions::State::Draft => "Draft",
        functions::State::Productive => "Productive",
        functions::State::Modified => "Modified",
        functions::State::BuildError => "Build Error",
    }
}

/// List the functions.
#[utoipa::path(get, path = "/api/account/{accountId}/lambdas", tag = "function invocation",
    operation_id = "listLambdas", params(AccountPath, ListQuery),
    responses((status = 200, description = "The functions", body = Vec<Listed>)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<Listed>>, Failure> {
    caller.require_account(&path.account_id)?;
    let functions = functions::list(&caller, &app).await?.into_iter();
    let fits = |function: &functions::Function| {
        let is_name = |name: &String| name.to_lowercase() == function.name_key;
        let is_state = |states: &String| {
            let mut states = states.split(',');
            states.any(|one| one.trim().eq_ignore_ascii_case(state(function)))
        };
        query
            .event_id
            .as_ref()
            .is_none_or(|event| function.event_id.as_ref() == Some(event))
            && query.state.as_ref().is_none_or(is_state)
            && query.function_name.as_ref().is_none_or(is_name)
    };
    let functions = functions.map(|kept| kept.record).filter(fits);
    Ok(Json(functions.map(Into::into).collect()))
}

/// What a program proves itself with.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ClientCredentials)]
struct ClientCredentials {
    /// `client_credentials`.
    grant_type: String,
    /// The credential's client id.
    client_id: String,
    /// Its client secret.
    client_secret: String,
    /// `faas.lambda.invoke`.
    scope: Option<String>,
}

/// A token, in the shape of OAuth 2.0.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppToken)]
struct AppToken {
    /// Works in `Authorization: Bearer`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds that it works.
    expires_in: u64,
    /// What it is for.
    scope: &'static str,
}

/// Exchange a client id and secret, sent as a form, for a token that runs functions.
#[utoipa::path(post, path = "/sentinel/api/account/{accountId}/app/token",
    tag = "function invocation", operation_id = "appToken", params(AccountPath),
    security(()),
    request_body(content = ClientCredentials, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token", body = AppToken)))]
async fn token(
    State(app): Shared,
    Path(path): Path<AccountPath>,
    request: Request,
) -> Result<Json<AppToken>, Failure> {
    let sent = extract::body(request, &app).await?;
    let form = std::str::from_utf8(&sent).ok().and_then(|form| {
        let uri: Uri = format!("/?{}", form.trim()).parse().ok()?;
        axum::extract::Query::<ClientCredentials>::try_from_uri(&uri).ok()
    });
    let unreadable = || {
        let expected = "expected the form fields `grant_type`, `client_id` and `client_secret`";
        Error::new(Code::BadRequest, expected)
    };
    let axum::extract::Query(form) = form.ok_or_else(unreadable)?;
    if form.grant_type != "client_credentials" {
        let message = format!(
            "expected the grant `client_credentials`, found `{}`",
            form.grant_type
        );
        return Err(Failure(Error::new(Code::BadRequest, message)));
    }
    if let Some(scope) = form.scope.as_deref().filter(|scope| !scope.is_empty())
        && !scope.split([' ', ',']).any(|one| one == SCOPE)
    {
        let message = format!("expected the scope `{SCOPE}`, found `{scope}`");
        return Err(Failure(Error::new(Code::BadRequest, message)));
    }
    let (id, secret) = (&form.client_id, &form.client_secret);
    let token = credentials::login_for_functions(&app, &path.account_id, id, secret).await?;
    Ok(Json(AppToken {
        access_token: token.access_token,
        token_type: "Bearer",
        expires_in: token.expires_in.as_secs(),
        scope: SCOPE,
    }))
}
