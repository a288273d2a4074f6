//! Decisions: ask, look into the log, and ask why another policy did not win.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usher_app::App;
use usher_app::decisions::{self, search};
use usher_app::error::{Code, Error};
use usher_model::id::{ConsumerId, ConversationId, DecisionId, PolicyId};
use usher_model::time::Timestamp;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{self, Authenticated, Path, Query, Shared};
use crate::page::{Page, PageQuery};
use crate::problem::{Failure, Problem};
use crate::wire::decision as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, decide))
        .routes(routes!(get))
        .routes(routes!(why_not))
}

type Answer<T> = Result<T, Failure>;

/// Decide what should happen now.
#[utoipa::path(post, path = "/api/v1/decisions", tag = "decisions",
    request_body = wire::DecisionRequest,
    responses((status = 200, body = wire::Decision), (status = 404, body = Problem),
        (status = 503, body = Problem)))]
async fn decide(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(request): extract::Json<wire::DecisionRequest>,
) -> Answer<Json<wire::Decision>> {
    Ok(Json(
        decisions::decide(&caller, &app, request.into())
            .await?
            .into(),
    ))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct FilterQuery {
    /// About this conversation.
    #[param(value_type = Option<String>)]
    conversation_id: Option<ConversationId>,
    /// For this consumer.
    #[param(value_type = Option<String>)]
    consumer_id: Option<ConsumerId>,
    /// Won by this policy; with `status`, in which this policy had it.
    #[param(value_type = Option<String>)]
    policy_id: Option<PolicyId>,
    /// In which a policy had this status: `TRUE`, `ERROR` or `INVALID`.
    status: Option<String>,
    /// `MATCHED` or `NO_MATCH`.
    outcome: Option<String>,
    /// Asked at or after this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Asked before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

impl FilterQuery {
    fn read(self) -> Result<search::Filter, Error> {
        if let Some(status) = self.status.as_deref()
            && !["TRUE", "ERROR", "INVALID"].contains(&status)
        {
            let message = format!("expected `status` TRUE, ERROR or INVALID, found `{status}`");
            return Err(Error::new(Code::BadRequest, message));
        }
        let is_matched = match self.outcome.as_deref() {
            None => None,
            Some("MATCHED") => Some(true),
            Some("NO_MATCH") => Some(false),
            Some(outcome) => {
                let message = format!("expected `outcome` MATCHED or NO_MATCH, found `{outcome}`");
                return Err(Error::new(Code::BadRequest, message));
            }
        };
        Ok(search::Filter {
            conversation_id: self.conversation_id,
            consumer_id: self.consumer_id,
            policy_id: self.policy_id,
            status: self.status,
            is_matched,
            from: self.from,
            to: self.to,
        })
    }
}

/// List decisions, the newest first.
///
/// With filters a page may be empty and still have a next one: it looks at a part of the log.
#[utoipa::path(get, path = "/api/v1/decisions", tag = "decisions", params(FilterQuery, PageQuery),
    responses((status = 200, body = Page<wire::LoggedDecision>), (status = 400, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(filter): Query<FilterQuery>,
    Query(page): Query<PageQuery>,
) -> Answer<Json<Page<wire::LoggedDecision>>> {
    let (limit, cursor) = (page.limit()?, page.cursor()?);
    let (logged, next) = search::list(&caller, &app, &filter.read()?, cursor, limit).await?;
    Ok(Json(Page::new(
        logged.into_iter().map(Into::into).collect(),
        next.as_ref(),
    )))
}

pub(super) fn id(text: &str) -> Result<DecisionId, Error> {
    DecisionId::parse(text).map_err(|source| {
        Error::new(Code::DecisionNotFound, "no decision has such an id").with_source(source)
    })
}

/// See one decision: it is run again on the rules of its time, and every policy is explained.
#[utoipa::path(get, path = "/api/v1/decisions/{decisionId}", tag = "decisions",
    params(("decisionId" = String, Path, description = "The decision")),
    responses((status = 200, body = wire::LoggedDecision), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(decision_id): Path<String>,
) -> Answer<Json<wire::LoggedDecision>> {
    let (logged, replay) = search::get(&caller, &app, id(&decision_id)?).await?;
    let mut shown = wire::LoggedDecision::from(logged);
    shown.repeatable = Some(replay.is_same);
    shown.explanation = Some(replay.explanation);
    Ok(Json(shown))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct WhyNotQuery {
    /// The policy that did not win.
    #[param(value_type = String)]
    policy_id: PolicyId,
}

/// Say what would have had to be different for a policy to win: the smallest change of attributes.
#[utoipa::path(get, path = "/api/v1/decisions/{decisionId}/why-not", tag = "decisions",
    params(("decisionId" = String, Path, description = "The decision"), WhyNotQuery),
    responses((status = 200, body = wire::WhyNot), (status = 404, body = Problem)))]
async fn why_not(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(decision_id): Path<String>,
    Query(query): Query<WhyNotQuery>,
) -> Answer<Json<wire::WhyNot>> {
    let found = search::why_not(&caller, &app, id(&decision_id)?, &query.policy_id).await?;
    Ok(Json(found.into()))
}
