//! What agents find in their workspace.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use usher_app::{App, settings};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Authenticated, Shared};
use crate::problem::Failure;
use crate::wire::workspace::WorkspaceSettings;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get))
}

/// See what there is in the workspace for whoever asks: canned replies and widgets.
///
/// It is set under `workspace` in the settings.
#[utoipa::path(get, path = "/api/v1/workspace", tag = "agents",
    responses((status = 200, body = WorkspaceSettings)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Result<Json<WorkspaceSettings>, Failure> {
    let workspace = settings::workspace(&caller, &app).await?;
    Ok(Json(workspace.into()))
}
