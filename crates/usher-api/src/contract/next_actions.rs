//! The next-actions contract, both versions: what should happen to this conversation now?
//!
//! Source: `docs/guide/next-actions.md`.

use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::decisions::{self, Api, Decision};
use usher_app::error::{Code, Error};
use usher_model::id::{ConsumerId, ConversationId, DecisionId, ParseIdError, PolicyId, SessionId};

use crate::extract::{self, Authenticated, Shared};
use crate::problem::Failure;
use crate::wire::decision::Action;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/account/{account}/next-actions", get(v1).post(v1_body))
        .route("/v1/brand/{account}/next-actions", get(v1).post(v1_body))
        .route("/v2/policy/nextaction", post(v2))
}

/// What both versions ask, in every published spelling; unknown fields are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Ask {
    account_id: Option<String>,
    conversation_id: Option<String>,
    #[serde(alias = "customerId", alias = "userId")]
    consumer_id: Option<String>,
    #[serde(alias = "groupId")]
    session_id: Option<String>,
    policy_id: Option<String>,
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

impl Ask {
    fn request(&self, api: Api) -> Result<decisions::Request, Error> {
        Ok(decisions::Request {
            conversation_id: id(self.conversation_id.as_deref(), ConversationId::parse)?,
            consumer_id: id(self.consumer_id.as_deref(), ConsumerId::parse)?,
            session_id: id(self.session_id.as_deref(), SessionId::parse)?,
            policy_id: id(self.policy_id.as_deref(), PolicyId::parse)?,
            ..decisions::Request::new(api)
        })
    }
}

/// The answer of version 1.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    next_action_id: DecisionId,
    rule: Option<Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_match_reason: Option<&'static str>,
}

/// The contract's word for the policy that won.
#[derive(Debug, Serialize)]
struct Rule {
    id: PolicyId,
    name: String,
    actions: Vec<Action>,
}

impl From<Decision> for Envelope {
    fn from(decision: Decision) -> Self {
        let actions = decision.actions.into_iter().map(Action::from).collect();
        Self {
            next_action_id: decision.id,
            rule: decision.policy.map(|(id, name)| Rule { id, name, actions }),
            no_match_reason: decision.no_match_reason,
        }
    }
}

async fn v1(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(account): Path<String>,
    Query(ask): Query<Ask>,
) -> Result<Json<Envelope>, Failure> {
    answer_v1(&caller, &app, &account, &ask).await
}

async fn v1_body(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(account): Path<String>,
    Query(in_query): Query<Ask>,
    request: Request,
) -> Result<Json<Envelope>, Failure> {
    let bytes = extract::body(request, &app).await?;
    let ask = if bytes.is_empty() {
        in_query
    } else {
        extract::parse(&bytes)?
    };
    answer_v1(&caller, &app, &account, &ask).await
}

async fn answer_v1(
    caller: &Caller,
    app: &App,
    account: &str,
    ask: &Ask,
) -> Result<Json<Envelope>, Failure> {
    caller.require_account(account)?;
    let decision = decisions::decide(caller, app, ask.request(Api::V1)?).await?;
    Ok(Json(decision.into()))
}

#[derive(Debug, Default, Deserialize)]
struct EnvelopeQuery {
    #[serde(default)]
    envelope: Option<String>,
}

async fn v2(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(query): Query<EnvelopeQuery>,
    extract::Json(ask): extract::Json<Ask>,
) -> Result<Response, Failure> {
    let account = ask
        .account_id
        .as_deref()
        .filter(|account| !account.is_empty());
    let account =
        account.ok_or_else(|| Error::field("#/accountId", "expected `accountId`, found none"))?;
    caller.require_account(account)?;
    let decision = decisions::decide(&caller, &app, ask.request(Api::V2)?).await?;
    let headers = headers(&decision);
    if query.envelope.as_deref() == Some("true") {
        return Ok((headers, Json(Envelope::from(decision))).into_response());
    }
    let actions: Vec<Action> = decision.actions.into_iter().map(Action::from).collect();
    Ok((headers, Json(actions)).into_response())
}

/// What the bare list of version 2 has no room for.
fn headers(decision: &Decision) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut add = |name: &'static str, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    add("x-next-action-id", &decision.id.to_string());
    if let Some((id, name)) = &decision.policy {
        add("x-rule-id", id.as_str());
        add(
            "x-rule-name",
            &utf8_percent_encode(name, NON_ALPHANUMERIC).to_string(),
        );
    }
    if let Some(reason) = decision.no_match_reason {
        add("x-no-match-reason", reason);
    }
    headers
}
