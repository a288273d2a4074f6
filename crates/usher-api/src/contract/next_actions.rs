//! The next-actions contract, both versions: what should happen to this conversation now?
//!
//! Source: `docs/guide/next-actions.md`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::decisions::{self, Api, Decision, Token};
use usher_app::error::{Code, Error};
use usher_model::id::{ConsumerId, ConversationId, DecisionId, ParseIdError, PolicyId, SessionId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::aliases_of;
use crate::extract::{self, Authenticated, Path, Query, Shared};
use crate::problem::Failure;
use crate::wire::decision::{Action, Actions};

const NEXT_ACTION_ID: HeaderName = HeaderName::from_static("x-next-action-id");
const RULE_ID: HeaderName = HeaderName::from_static("x-rule-id");
const RULE_NAME: HeaderName = HeaderName::from_static("x-rule-name");
const NO_MATCH_REASON: HeaderName = HeaderName::from_static("x-no-match-reason");

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    let v1 = routes!(v1, v1_body);
    let router = aliases_of(&v1)
        .into_iter()
        .fold(OpenApiRouter::new(), |router, alias| {
            router.route(&alias, v1.2.clone())
        });
    router.routes(v1).routes(routes!(v2))
}

/// What version 1 is asked; unknown fields are ignored, and empty text counts as absent.
///
/// `userId` is another spelling of `consumerId`.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
#[schema(as = NextActionsV1Ask,
    example = json!({"conversationId": "c-1", "consumerId": "ada"}))]
struct AskV1 {
    /// About which conversation: at most 256 characters.
    #[param(example = "c-1")]
    conversation_id: Option<String>,
    /// For which consumer: at most 256 characters.
    #[serde(alias = "userId", alias = "customerId")]
    #[param(example = "ada")]
    consumer_id: Option<String>,
    /// The context session that policies read first; the conversation's unless given.
    #[serde(alias = "sessionId")]
    #[param(example = "c-1")]
    group_id: Option<String>,
    /// The only policy that is tried.
    policy_id: Option<String>,
}

impl AskV1 {
    fn request(&self) -> Result<decisions::Request, Error> {
        Ok(decisions::Request {
            conversation_id: id(self.conversation_id.as_deref(), ConversationId::parse)?,
            consumer_id: id(self.consumer_id.as_deref(), ConsumerId::parse)?,
            session_id: id(self.group_id.as_deref(), SessionId::parse)?,
            policy_id: id(self.policy_id.as_deref(), PolicyId::parse)?,
            ..decisions::Request::new(Api::V1)
        })
    }
}

/// What version 2 is asked; unknown fields are ignored, and empty text counts as absent.
///
/// `consumerId` is another spelling of `customerId`, `groupId` of `sessionId`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = NextActionsV2Ask, example = json!({
    "accountId": "acc1", "conversationId": "c-1", "customerId": "ada", "sessionId": "c-1"
}))]
struct AskV2 {
    /// The credential's account; required.
    #[schema(required)]
    account_id: Option<String>,
    /// About which conversation: at most 256 characters.
    conversation_id: Option<String>,
    /// For which consumer: at most 256 characters; needed where policies read `sde.` attributes.
    #[serde(alias = "consumerId", alias = "userId")]
    customer_id: Option<String>,
    /// The context session that policies read first; the conversation's unless given.
    #[serde(alias = "groupId")]
    session_id: Option<String>,
    /// The only policy that is tried.
    policy_id: Option<String>,
    /// A bearer token that is handed on to functions that are trusted.
    #[schema(value_type = Option<String>)]
    lp_token: Option<LpToken>,
}

/// A token that no log shows.
#[derive(Serialize, Deserialize)]
struct LpToken(String);

impl std::fmt::Debug for LpToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

impl AskV2 {
    fn request(&self) -> Result<decisions::Request, Error> {
        Ok(decisions::Request {
            conversation_id: id(self.conversation_id.as_deref(), ConversationId::parse)?,
            consumer_id: id(self.customer_id.as_deref(), ConsumerId::parse)?,
            session_id: id(self.session_id.as_deref(), SessionId::parse)?,
            policy_id: id(self.policy_id.as_deref(), PolicyId::parse)?,
            token: self.lp_token.as_ref().map(|token| Token::new(&token.0)),
            ..decisions::Request::new(Api::V2)
        })
    }
}

/// Reads an id; empty text counts as absent.
fn id<T>(
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<T, ParseIdError>,
) -> Result<Option<T>, Error> {
    text.filter(|text| !text.is_empty())
        .map(|text| parse(text).map_err(|source| Error::new(Code::BadRequest, source.to_string())))
        .transpose()
}

/// The answer of version 1.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NextActionsEnvelope, example = json!({
    "nextActionId": "0198f5c2-7a31-7f6e-9a4e-2b8a54e3d9f1",
    "rule": {"id": "0198f5c2-7a31-7f6e-9a4e-2b8a54e3d9f0", "name": "Orders", "actions": [
        {"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "1001"}}
    ]}
}))]
struct Envelope {
    /// Names the run in the decision log.
    #[schema(value_type = String, format = "uuid")]
    next_action_id: DecisionId,
    /// The policy that won, or null.
    #[schema(required)]
    rule: Option<Rule>,
    /// Why nobody won: `NO_POLICIES_ENABLED` or `NO_MATCHED_RULES`; absent if somebody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_match_reason: Option<&'static str>,
}

/// The contract's word for the policy that won.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NextActionsRule)]
struct Rule {
    /// Its id.
    #[schema(value_type = String)]
    id: PolicyId,
    /// Its name.
    name: String,
    /// What to do, in order, with every template filled in.
    #[schema(value_type = Vec<Action<'_>>)]
    actions: Actions,
}

impl From<Decision> for Envelope {
    fn from(decision: Decision) -> Self {
        let actions = Actions(decision.actions);
        Self {
            next_action_id: decision.id,
            rule: decision.policy.map(|(id, name)| Rule { id, name, actions }),
            no_match_reason: decision.no_match_reason,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
struct AccountPath {
    /// The credential's account.
    #[param(example = "acc1")]
    account_id: String,
}

/// Decide what should happen to a conversation now.
#[utoipa::path(get, path = "/v1/account/{accountId}/next-actions", tag = "next actions",
    operation_id = "nextActionsV1", params(AccountPath, AskV1),
    responses((status = 200, description = "Decided, also if no policy matched", body = Envelope),
        (status = 404, description = "There is no such policy")))]
async fn v1(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
    Query(ask): Query<AskV1>,
) -> Result<Json<Envelope>, Failure> {
    answer_v1(&caller, &app, &path.account_id, &ask).await
}

/// Decide what should happen to a conversation now, asked with a body.
///
/// The body outranks the query as a whole: parameters are read only if there is no body.
#[utoipa::path(post, path = "/v1/account/{accountId}/next-actions", tag = "next actions",
    operation_id = "nextActionsV1Body", params(AccountPath, AskV1),
    request_body(content = Option<AskV1>),
    responses((status = 200, description = "Decided, also if no policy matched", body = Envelope),
        (status = 404, description = "There is no such policy")))]
async fn v1_body(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
    Query(in_query): Query<AskV1>,
    request: Request,
) -> Result<Json<Envelope>, Failure> {
    let bytes = extract::body(request, &app).await?;
    let ask = if bytes.is_empty() {
        in_query
    } else {
        extract::parse(&bytes)?
    };
    answer_v1(&caller, &app, &path.account_id, &ask).await
}

async fn answer_v1(
    caller: &Caller,
    app: &Arc<App>,
    account: &str,
    ask: &AskV1,
) -> Result<Json<Envelope>, Failure> {
    caller.require_account(account)?;
    let decision = decisions::decide(caller, app, ask.request()?).await?;
    Ok(Json(decision.into()))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EnvelopeQuery {
    /// Whether the answer is version 1's envelope in place of the bare list.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    envelope: Option<String>,
}

/// Decide what should happen to a conversation now.
///
/// The list is empty if no policy matched; the headers say more.
#[utoipa::path(post, path = "/v2/policy/nextaction", tag = "next actions",
    operation_id = "nextActionsV2", params(EnvelopeQuery), request_body = AskV2,
    responses((status = 200, description = "What to do, in order",
            headers(
                ("X-Next-Action-Id" = String, description = "Names the run in the decision log"),
                ("X-Rule-Id" = String, description = "The policy that won; absent if none did"),
                ("X-Rule-Name" = String, description = "Its name, percent-encoded"),
                ("X-No-Match-Reason" = String,
                    description = "Why nobody won: `NO_POLICIES_ENABLED` or `NO_MATCHED_RULES`")),
            body = Vec<Action<'_>>,
            example = json!([{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "1001"}}])),
        (status = 404, description = "There is no such policy")))]
async fn v2(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(query): Query<EnvelopeQuery>,
    extract::Json(ask): extract::Json<AskV2>,
) -> Result<Response, Failure> {
    let account = ask
        .account_id
        .as_deref()
        .filter(|account| !account.is_empty());
    let account =
        account.ok_or_else(|| Error::field("#/accountId", "expected `accountId`, found none"))?;
    caller.require_account(account)?;
    let decision = decisions::decide(&caller, &app, ask.request()?).await?;
    let mut response = if query.envelope.as_deref() == Some("true") {
        Json(Envelope::from(decision.clone())).into_response()
    } else {
        Json(Actions(Arc::clone(&decision.actions))).into_response()
    };
    add_headers(&decision, response.headers_mut());
    Ok(response)
}

/// Says what the bare list of version 2 has no room for.
fn add_headers(decision: &Decision, headers: &mut HeaderMap) {
    /// With those that every answer gets.
    const COUNT: usize = 8;
    headers.reserve(COUNT);
    let mut add = |name: HeaderName, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    add(NEXT_ACTION_ID, decision.id.encode(&mut [0; 36]));
    if let Some((id, name)) = &decision.policy {
        add(RULE_ID, id.as_str());
        let name = Cow::from(utf8_percent_encode(name, NON_ALPHANUMERIC));
        add(RULE_NAME, &name);
    }
    if let Some(reason) = decision.no_match_reason {
        add(NO_MATCH_REASON, reason);
    }
}
