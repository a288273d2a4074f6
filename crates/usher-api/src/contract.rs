//! The published contracts: endpoints whose shape existing bots, functions and apps rely on.
//!
//! Words that are theirs (`nameSpace`, `ttlSecond`, `rule`) stop here.

pub mod agent_metrics;
pub mod context_v1;
pub mod context_v2;
pub mod functions;
pub mod history;
pub mod login;
pub mod next_actions;
pub mod orchestrator;
pub mod queue_health;
pub mod service_directory;
mod shape;
mod skill_availability;
pub mod widget;

use std::sync::Arc;

use axum::Router;
use usher_app::App;
use usher_app::error::{Code, Error};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// Under which paths they are, and whether those only read.
const ROOTS: [(&str, bool); 7] = [
    ("/v1/", false),
    ("/v2/", false),
    ("/messaging_history/", true),
    ("/manager_workspace/", true),
    ("/operations/", true),
    ("/api/account/", true),
    ("/sentinel/", true),
];

/// Whether a path belongs to a published contract.
pub(crate) fn owns(path: &str) -> bool {
    ROOTS.iter().any(|(root, _)| path.starts_with(root))
}

/// Whether a path belongs to a published contract under which nothing changes, whatever the method.
pub(crate) fn only_reads(path: &str) -> bool {
    let mut roots = ROOTS.iter();
    // What a function does may change anything.
    !path.ends_with("/invoke")
        && roots.any(|(root, only_reads)| *only_reads && path.starts_with(root))
}

/// Returns the routes of all published contracts.
pub fn router() -> Router<Arc<App>> {
    let (router, _) = described().split_for_parts();
    router.method_not_allowed_fallback(async || {
        crate::problem::Failure(Error::new(
            Code::MethodNotAllowed,
            "the path does not know this method",
        ))
    })
}

/// Returns the description of all published contracts.
#[must_use]
pub fn description() -> OpenApi {
    described().into_openapi()
}

fn described() -> OpenApiRouter<Arc<App>> {
    context_v1::router()
        .merge(context_v2::router())
        .merge(login::router())
        .merge(orchestrator::router())
        .merge(widget::router())
        .merge(next_actions::router())
        .merge(agent_metrics::router())
        .merge(skill_availability::router())
        .merge(functions::router())
        .merge(history::router())
        .merge(queue_health::router())
        .merge(service_directory::router())
}

/// Returns the other spellings of a route's path, which the description leaves out: older clients
/// say `brand` for `account`, and end some paths with a slash.
fn aliases_of(route: &UtoipaMethodRouter<Arc<App>>) -> Vec<String> {
    let mut aliases = Vec::new();
    for path in route.1.paths.keys() {
        let brand = path.replacen("/v1/account/", "/v1/brand/", 1);
        if path.ends_with("/properties") {
            aliases.extend([format!("{path}/"), format!("{brand}/")]);
        }
        aliases.push(brand);
    }
    aliases
}
