//! The audit log.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usher_app::{App, audit};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Authenticated, Query, Shared};
use crate::page::{Page, PageQuery};
use crate::problem::{Failure, Problem};
use crate::wire::access as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TargetQuery {
    /// Only entries about this: `policy/3f0c…`, `credential/…`, `settings`.
    target: Option<String>,
}

/// List who changed what, the newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "access", params(TargetQuery, PageQuery),
    responses((status = 200, body = Page<wire::AuditEntry>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(target): Query<TargetQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<wire::AuditEntry>>, Failure> {
    let (limit, cursor) = (page.limit()?, page.cursor()?);
    let (entries, next) =
        audit::list(&caller, &app, target.target.as_deref(), cursor, limit).await?;
    Ok(Json(Page::new(
        entries.into_iter().map(Into::into).collect(),
        next.as_ref(),
    )))
}
