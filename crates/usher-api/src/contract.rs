//! The published contracts: endpoints whose shape existing bots, functions and apps rely on.
//!
//! Words that are theirs (`nameSpace`, `ttlSecond`, `rule`) stop here.

pub mod context_v1;
pub mod context_v2;
pub mod login;
pub mod next_actions;

use std::sync::Arc;

use axum::Router;
use usher_app::App;
use usher_app::error::{Code, Error};

/// Returns the routes of all published contracts.
pub fn router() -> Router<Arc<App>> {
    context_v1::router()
        .merge(context_v2::router())
        .merge(login::router())
        .merge(next_actions::router())
        .method_not_allowed_fallback(async || {
            crate::problem::Failure(Error::new(
                Code::MethodNotAllowed,
                "the path does not know this method",
            ))
        })
}
