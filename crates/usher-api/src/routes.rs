//! Our own API under `/api/v1`: one file for each noun.

pub mod agents;
pub mod analytics;
pub mod attributes;
pub mod audit;
pub mod commands;
pub mod consumer_identity;
pub mod consumers;
pub mod context;
pub mod conversations;
pub mod credentials;
pub mod dead_letters;
pub mod decisions;
pub mod engagements;
pub mod events;
pub mod functions;
pub mod groups;
pub mod health;
pub mod policies;
pub mod queues;
pub mod secrets;
pub mod session;
pub mod settings;
pub mod skills;
pub mod users;
pub mod webhooks;
pub mod workspace;

use std::fmt::Display;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use usher_app::App;
use usher_app::error::{Code, Error};
use usher_model::id::ParseIdError;
use usher_model::value::{Object, Value};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::openapi::Description;
use crate::problem::Failure;

/// Returns the routes and their description.
pub fn router() -> (Router<Arc<App>>, OpenApi) {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .merge(policies::router())
        .merge(decisions::router())
        .merge(context::router())
        .merge(consumers::router())
        .merge(consumer_identity::router())
        .merge(attributes::router())
        .merge(skills::router())
        .merge(session::router())
        .merge(settings::router())
        .merge(credentials::router())
        .merge(users::router())
        .merge(agents::router())
        .merge(workspace::router())
        .merge(conversations::router())
        .merge(commands::router())
        .merge(groups::router())
        .merge(queues::router())
        .merge(engagements::router())
        .merge(functions::router())
        .merge(secrets::router())
        .merge(webhooks::router())
        .merge(dead_letters::router())
        .merge(events::router())
        .merge(analytics::router())
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

/// Reads an id of a path; text that cannot be an id names nothing.
pub(crate) fn parse<T>(id: Result<T, ParseIdError>, not_found: Code) -> Result<T, Failure> {
    id.map_err(|source| {
        let message = "nothing has such an id";
        Failure(Error::new(not_found, message).with_source(source))
    })
}

/// Refuses a body that names another thing than the path.
fn same_id<T: PartialEq + Display>(written: Option<&T>, id: &T) -> Result<(), Error> {
    if written.is_none_or(|written| written == id) {
        return Ok(());
    }
    let expected = format!("expected `{id}` as in the path, or no id");
    Err(Error::field("#/id", expected))
}

/// Returns what a JSON merge patch (RFC 7396) makes of something.
fn patched<T: Serialize + DeserializeOwned>(before: &T, patch: &Value) -> Result<T, Error> {
    let mut value = serde_json::to_value(before).map_err(Error::internal)?;
    merge(&mut value, patch);
    let bytes = serde_json::to_vec(&value).map_err(Error::internal)?;
    crate::extract::parse(&bytes)
}

fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Object::new());
    }
    let Value::Object(fields) = value else { return };
    for (name, patch) in patch {
        if patch.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), patch);
        }
    }
}

/// Returns the `ETag` of a revision.
fn etag(revision: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        headers.insert(header::ETAG, value);
    }
    headers
}
