//! The audit log.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usher_app::error::Code;
use usher_app::{App, audit};
use usher_model::id::AuditId;
use usher_model::time::Timestamp;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Authenticated, Path, Query, Shared};
use crate::page::{Page, PageQuery};
use crate::problem::{Failure, Problem};
use crate::wire::access as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// Only entries about this: `policy/3f0c…`, `credential/…`, `settings`.
    target: Option<String>,
    /// Only what this one did: `user/ada`, `credential/…`, `operator`.
    actor: Option<String>,
    /// Only this action, `policy.update`, or all of one noun, `policy`.
    action: Option<String>,
    /// Only entries made at or after this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only entries made before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// List who changed what, the newest first. A page may be short, or empty, and still have a next
/// one.
#[utoipa::path(get, path = "/api/v1/audit", tag = "access", params(AuditQuery, PageQuery),
    responses((status = 200, body = Page<wire::AuditEntry>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(query): Query<AuditQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<wire::AuditEntry>>, Failure> {
    let (limit, cursor) = (page.limit()?, page.cursor()?);
    let filter = audit::Filter {
        target: query.target,
        actor: query.actor,
        action: query.action,
        from: query.from,
        to: query.to,
    };
    let (entries, next) = audit::list(&caller, &app, &filter, cursor, limit).await?;
    Ok(Json(Page::new(
        entries.into_iter().map(Into::into).collect(),
        next.as_ref(),
    )))
}

/// See one change.
#[utoipa::path(get, path = "/api/v1/audit/{auditId}", tag = "access",
    params(("auditId" = String, Path, description = "The entry")),
    responses((status = 200, body = wire::AuditEntry), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<wire::AuditEntry>, Failure> {
    let id = super::parse(AuditId::parse(&id), Code::NotFound)?;
    Ok(Json(audit::get(&caller, &app, id).await?.into()))
}
