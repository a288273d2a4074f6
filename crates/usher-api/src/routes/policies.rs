//! The ordered list of policies.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use usher_app::App;
use usher_app::decisions::{attempt, preview};
use usher_app::error::{Code, Error};
use usher_app::policies::{self, import};
use usher_app::{caller::Caller, usage};
use usher_model::id::PolicyId;
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::etag;
use crate::extract::{self, Authenticated, Path, Query, Shared, if_match};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::policy as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(check))
        .routes(routes!(attempt))
        .routes(routes!(preview))
        .routes(routes!(export))
        .routes(routes!(used))
        .routes(routes!(get, update, delete))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .routes(routes!(relocate))
        .routes(routes!(duplicate))
        .routes(routes!(versions))
        .routes(routes!(revert))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(import_file))
                .layer(DefaultBodyLimit::max(limits::IMPORT_BYTES_MAX)),
        )
}

type Answer<T> = Result<T, Failure>;
/// A policy with its `ETag`.
type Tagged = (HeaderMap, Json<wire::Policy>);

fn tagged(caller: &Caller, policy: policies::Policy) -> Tagged {
    (
        etag(policy.version),
        Json(wire::Policy::new(caller.account.to_string(), policy)),
    )
}

fn id(text: &str) -> Result<PolicyId, Error> {
    PolicyId::parse(text)
        .map_err(|_too_long| Error::new(Code::PolicyNotFound, "no policy has such an id"))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only policies whose name holds this, ignoring case.
    search: Option<String>,
    /// Only policies that are, or are not, enabled.
    enabled: Option<bool>,
}

/// List the policies in order.
#[utoipa::path(get, path = "/api/v1/policies", tag = "policies", params(ListQuery),
    responses((status = 200, body = Page<wire::Policy>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(query): Query<ListQuery>,
) -> Answer<Json<Page<wire::Policy>>> {
    let policies = policies::list(&caller, &app, query.search.as_deref(), query.enabled).await?;
    let account = caller.account.to_string();
    let shown = policies
        .into_iter()
        .map(|policy| wire::Policy::new(account.clone(), policy));
    Ok(Json(Page::whole(shown.collect())))
}

/// Add a policy: last, and disabled.
#[utoipa::path(post, path = "/api/v1/policies", tag = "policies",
    request_body = wire::PolicyDocument,
    responses((status = 201, body = wire::Policy), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(written): extract::Json<Value>,
) -> Answer<(StatusCode, HeaderMap, Json<wire::Policy>)> {
    let (headers, body) = tagged(&caller, policies::create(&caller, &app, &written).await?);
    Ok((StatusCode::CREATED, headers, body))
}

/// See one policy.
#[utoipa::path(get, path = "/api/v1/policies/{policyId}", tag = "policies",
    params(("policyId" = String, Path, description = "The policy")),
    responses((status = 200, body = wire::Policy), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(policy_id): Path<String>,
) -> Answer<Tagged> {
    Ok(tagged(
        &caller,
        policies::get(&caller, &app, &id(&policy_id)?).await?,
    ))
}

/// Replace a policy; it keeps its place, and whether it is enabled unless that is written.
#[utoipa::path(put, path = "/api/v1/policies/{policyId}", tag = "policies",
    params(("policyId" = String, Path, description = "The policy"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read")),
    request_body = wire::PolicyDocument,
    responses((status = 200, body = wire::Policy), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn update(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(policy_id): Path<String>,
    headers: HeaderMap,
    extract::Json(written): extract::Json<Value>,
) -> Answer<Tagged> {
    let expected = if_match(&headers)?;
    let policy = policies::update(&caller, &app, &id(&policy_id)?, &written, expected).await?;
    Ok(tagged(&caller, policy))
}

/// Remove a policy; its versions stay.
#[utoipa::path(delete, path = "/api/v1/policies/{policyId}", tag = "policies",
    params(("policyId" = String, Path, description = "The policy"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read")),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(policy_id): Path<String>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    policies::delete(&caller, &app, &id(&policy_id)?, if_match(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switch a policy on; one with mistakes is refused.
#[utoipa::path(post, path = "/api/v1/policies/{policyId}/enable", tag = "policies",
    params(("policyId" = String, Path, description = "The policy"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read")),
    responses((status = 200, body = wire::Policy), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn enable(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(policy_id): Path<String>,
    headers: HeaderMap,
) -> Answer<Tagged> {
    let expected = if_match(&headers)?;
    let policy = policies::set_enabled(&caller, &app, &id(&policy_id)?, true, expected).await?;
    Ok(tagged(&caller, policy))
}

/// Switch a policy off.
#[utoipa::path(post, path = "/api/v1/policies/{policyId}/disable", tag = "policies",
    params(("policyId" = String, Path, description = "The policy"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read")),
    responses((status = 200, body = wire::Policy), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn disable(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(policy_id): Path<String>,
    headers: HeaderMap,
) -> Answer<Tagged> {
    let expected = if_match(&headers)?;
    let policy = policies::set_enabled(&caller, &app, &id(&policy_id)?, false, expected).await?;
    Ok(tagged(&caller, policy))
}

/// Move a policy within the list.
#[utoipa::path(post, path = "/api/v1/policies/{policyId}/move", tag = "policies",
    params(("policyId" = String, Path, description = "The policy"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read")),
    request_body = wire::Move,
    responses((status = 200, body = wire::Policy), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn relocate(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(policy_id): Path<String>,
    headers: HeaderMap,
    extract::Json(to): extract::Json<wire::Move>,
) -> Answer<Tagged> {
    let to = match (to.direction, to.position) {
        (Some(wire::Direction::Up), None) => policies::Move::Up,
        (Some(wire::Direction::Down), None) => policies::Move::Down,
        (None, Some(position)) => policies::Move::To(position),
        _ => return Err(Error::field("#", "expected either `direction` or `position`").into()),
    };
    let expected = if_match(&headers)?;
    let policy = policies::relocate(&caller, &app, &id(&policy_id)?, to, expected).await?;
    Ok(tagged(&caller, policy))
}

/// Copy a policy right below itself, disabled.
#[utoipa::path(post, path = "/api/v1/policies/{policyId}/duplicate", tag = "policies",
    params(("policyId" = String, Path, description = "The policy")),
    responses((status = 201, body = wire::Policy), (status = 404, body = Problem)))]
async fn duplicate(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(policy_id): Path<String>,
) -> Answer<(StatusCode, HeaderMap, Json<wire::Policy>)> {
    let copy = policies::duplicate(&caller, &app, &id(&policy_id)?).await?;
    let (headers, body) = tagged(&caller, copy);
    Ok((StatusCode::CREATED, headers, body))
}

/// See every version of a policy, the newest first.
#[utoipa::path(get, path = "/api/v1/policies/{policyId}/versions", tag = "policies",
    params(("policyId" = String, Path, description = "The policy, also a deleted one")),
    responses((status = 200, body = Page<wire::PolicyVersion>), (status = 404, body = Problem)))]
async fn versions(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(policy_id): Path<String>,
) -> Answer<Json<Page<wire::PolicyVersion>>> {
    let versions = policies::versions(&caller, &app, &id(&policy_id)?).await?;
    Ok(Json(Page::whole(
        versions.into_iter().map(Into::into).collect(),
    )))
}

/// Bring back what a policy was at a version.
#[utoipa::path(post, path = "/api/v1/policies/{policyId}/revert", tag = "policies",
    params(("policyId" = String, Path, description = "The policy"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read")),
    request_body = wire::Revert,
    responses((status = 200, body = wire::Policy), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn revert(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(policy_id): Path<String>,
    headers: HeaderMap,
    extract::Json(to): extract::Json<wire::Revert>,
) -> Answer<Tagged> {
    let expected = if_match(&headers)?;
    let id = id(&policy_id)?;
    Ok(tagged(
        &caller,
        policies::revert(&caller, &app, &id, to.version, expected).await?,
    ))
}

/// Say what is wrong with a policy; nothing is kept.
#[utoipa::path(post, path = "/api/v1/policies/check", tag = "policies",
    request_body = wire::PolicyDocument, responses((status = 200, body = wire::Check)))]
async fn check(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(written): extract::Json<Value>,
) -> Answer<Json<wire::Check>> {
    let problems = policies::check(&caller, &app, &written).await?;
    Ok(Json(wire::Check::new(&problems)))
}

/// Try a policy as it is written: the record it would leave in an explanation. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/policies/try", tag = "policies",
    request_body = wire::PolicyTrial,
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
async fn attempt(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(wanted): extract::Json<wire::PolicyTrial>,
) -> Answer<Json<Value>> {
    let ground = match wanted.decision_id {
        Some(text) => attempt::Ground::Then(super::decisions::id(&text)?),
        None => attempt::Ground::Now(Box::new(wanted.ground.into())),
    };
    let record = attempt::attempt(&caller, &app, &wanted.policy, ground).await?;
    Ok(Json(record))
}

/// See what an edit of the list would change: the last 200 decisions, decided again with it and
/// without it, each on what was known when it was made. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/policies/preview", tag = "policies",
    request_body = wire::PolicyEdit,
    responses((status = 200, body = wire::PolicyPreview), (status = 404, body = Problem)))]
async fn preview(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(edit): extract::Json<wire::PolicyEdit>,
) -> Answer<Json<wire::PolicyPreview>> {
    let edit = preview::Edit {
        policy_id: edit.policy_id.as_deref().map(id).transpose()?,
        written: edit.policy,
        is_enabled: edit.enabled,
        position: edit.position,
    };
    Ok(Json(preview::preview(&caller, &app, edit).await?.into()))
}

/// What happens to the policies that are there.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ImportMode {
    /// They stay.
    #[default]
    Append,
    /// They go.
    Replace,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct ImportQuery {
    /// What happens to the policies that are there; they stay unless told.
    #[serde(default)]
    #[param(inline)]
    mode: ImportMode,
    /// Whether imported policies stay enabled; an append disables them and a replacement does not
    /// unless told.
    keep_enabled: Option<bool>,
    /// Whether to say only what the import would do.
    #[serde(default)]
    dry_run: bool,
}

/// Import a legacy block, a list of policies or an export file: all of it or nothing.
#[utoipa::path(post, path = "/api/v1/policies/import", tag = "policies", params(ImportQuery),
    request_body(content = Value, description = "A legacy block, a list, or an export file; 10 MB",
        example = json!([{
            "name": "Refunds",
            "conditions": [{"property": "orchestrator.intent", "type": "EQUAL", "value": "refund"}],
            "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "1001"}}]
        }])),
    responses((status = 200, body = wire::ImportReport), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem)))]
async fn import_file(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Answer<Json<wire::ImportReport>> {
    let bytes = extract::body(request, &app).await?;
    let mode = match query.mode {
        ImportMode::Append => import::Mode::Append,
        ImportMode::Replace => import::Mode::Replace,
    };
    let options = import::Options {
        mode,
        keep_enabled: query.keep_enabled.unwrap_or(mode == import::Mode::Replace),
        is_dry_run: query.dry_run,
    };
    let report = import::import(&caller, &app, &bytes, options).await?;
    Ok(Json(report.into()))
}

/// Export all policies as a file that an import takes.
#[utoipa::path(get, path = "/api/v1/policies/export", tag = "policies",
    responses((status = 200, body = Value)))]
async fn export(State(app): Shared, Authenticated(caller): Authenticated) -> Answer<Json<Value>> {
    Ok(Json(policies::export(&caller, &app).await?))
}

/// The period of a usage report without one.
const USAGE_PERIOD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UsageQuery {
    /// The first day; a week before the last one unless given.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// The last day; today unless given.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// See how often each policy decided, by days in UTC.
#[utoipa::path(get, path = "/api/v1/policies/usage", tag = "policies", params(UsageQuery),
    responses((status = 200, body = wire::Usage)))]
async fn used(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(query): Query<UsageQuery>,
) -> Answer<Json<wire::Usage>> {
    let to = query.to.unwrap_or_else(|| app.now());
    let from = query.from.unwrap_or_else(|| to.minus(USAGE_PERIOD));
    let usage = usage::get(&caller, &app, from, to).await?;
    Ok(Json(wire::Usage::new(from, to, usage)))
}
