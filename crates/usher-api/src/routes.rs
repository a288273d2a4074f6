//! Our own API under `/api/v1`: one file for each noun.

pub mod attributes;
pub mod audit;
pub mod consumers;
pub mod context;
pub mod credentials;
pub mod decisions;
pub mod health;
pub mod policies;
pub mod settings;
pub mod skills;
pub mod users;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use usher_app::App;
use usher_app::error::{Code, Error};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::openapi::Description;

/// Returns the routes and their description.
pub fn router() -> (Router<Arc<App>>, OpenApi) {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .merge(policies::router())
        .merge(decisions::router())
        .merge(context::router())
        .merge(consumers::router())
        .merge(attributes::router())
        .merge(skills::router())
        .merge(settings::router())
        .merge(credentials::router())
        .merge(users::router())
        .merge(audit::router())
        .split_for_parts();
    let router = router.method_not_allowed_fallback(async || {
        crate::problem::Failure(Error::new(
            Code::MethodNotAllowed,
            "the path does not know this method",
        ))
    });
    (router, description)
}

/// Returns the `ETag` of a revision.
fn etag(revision: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        headers.insert(header::ETAG, value);
    }
    headers
}
