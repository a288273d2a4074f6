//! `/api/v1/stream`: what happens, as it happens, over a WebSocket; `docs/guide/stream.md`.
//!
//! A request that is upgraded leaves the bounds of requests behind: its socket has a place of its
//! own, and lives until its peer goes, is too slow or silent, or the node stops.

mod command;
mod identity;
mod session;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::any;
use axum::{Extension, Router};
use tokio::sync::Semaphore;
use usher_app::App;
use usher_app::error::{Code, Error};
use usher_model::limits;

use self::identity::Name;
use self::session::Opening;
use crate::extract::{self, Query, Shared};
use crate::problem::Failure;
use crate::router::Options;

/// Where sockets come in.
#[derive(Clone, Debug)]
struct Door {
    places: Arc<Semaphore>,
    heartbeat: Duration,
    command_timeout: Duration,
}

/// Returns the route of the stream.
pub(crate) fn router(options: &Options) -> Router<Arc<App>> {
    let door = Door {
        places: Arc::new(Semaphore::new(limits::SOCKETS_MAX)),
        heartbeat: options.heartbeat,
        command_timeout: options.request_timeout,
    };
    Router::new()
        .route("/api/v1/stream", any(open))
        .layer(Extension(door))
}

async fn open(
    State(app): Shared,
    Extension(door): Extension<Door>,
    Query(name): Query<Name>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Failure> {
    let upgrade = upgrade.map_err(|rejection| refused(&rejection))?;
    let place = door.places.try_acquire_owned().map_err(|source| {
        let message = "too many sockets are open; connect to another node, or try again";
        Error::new(Code::Overloaded, message)
            .with_retry_after(Duration::from_secs(1))
            .with_source(source)
    })?;
    let credential = match name.is_told_in_frame() {
        true => None,
        false => credential(&headers)?,
    };
    let opening = Opening {
        credential,
        name,
        heartbeat: door.heartbeat,
        command_timeout: door.command_timeout,
    };
    let upgrade = upgrade
        .max_message_size(limits::SOCKET_FRAME_BYTES_MAX)
        .max_frame_size(limits::SOCKET_FRAME_BYTES_MAX);
    Ok(upgrade.on_upgrade(async move |socket| {
        let tasks = app.tasks().clone();
        // A shutdown waits until it has said that the node stops.
        tasks.spawn(async move {
            session::run(&app, socket, opening).await;
            drop(place);
        });
    }))
}

/// Returns what the opening presents: a key or a token or, on a page of this server, the cookie of
/// whoever has signed in.
fn credential(headers: &HeaderMap) -> Result<Option<String>, Error> {
    if let Some(bearer) = extract::bearer(headers) {
        return Ok(Some(bearer.to_owned()));
    }
    let Some(cookie) = extract::cookie(headers) else {
        return Ok(None);
    };
    extract::require_own_page(headers)?;
    Ok(Some(cookie.to_owned()))
}

fn refused(rejection: &WebSocketUpgradeRejection) -> Error {
    let code = match rejection {
        WebSocketUpgradeRejection::MethodNotGet(_) => Code::MethodNotAllowed,
        _ => Code::BadRequest,
    };
    let message = format!(
        "expected a WebSocket's opening (RFC 6455): {}",
        rejection.body_text()
    );
    Error::new(code, message)
}
