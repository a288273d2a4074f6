//! The events of an account, in their order.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use usher_app::error::{Code, Error};
use usher_app::{App, events};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{Authenticated, Query, Shared};
use crate::page::PageQuery;
use crate::problem::{Failure, Problem};
use crate::wire::webhook as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// List what has happened in the account, and wait for what happens next.
///
/// The sequences of the events have no gap: who has seen each number has seen everything.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(wire::EventsQuery),
    responses((status = 200, body = wire::AccountEvents), (status = 400, body = Problem),
        (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(query): Query<wire::EventsQuery>,
) -> Result<Json<wire::AccountEvents>, Failure> {
    let page = PageQuery {
        limit: query.limit,
        cursor: None,
    };
    let cursor = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let after = cursor.map_or(Ok(0), |cursor| {
        cursor.parse::<u64>().map_err(|source| {
            let message = "expected `nextCursor` of the answer before: a whole number";
            Error::new(Code::CursorInvalid, message).with_source(source)
        })
    })?;
    let types = query.types.as_deref().unwrap_or_default().split(',');
    let types: Vec<String> = types
        .map(|one| one.trim().to_owned())
        .filter(|one| !one.is_empty())
        .collect();
    let filter = events::Filter::parse(&types).map_err(|found| {
        let expected = "expected types of events such as `conversation.closed` or `message.*`";
        Error::new(Code::BadRequest, format!("{expected}, found `{found}`"))
    })?;
    let wait = Duration::from_secs(query.wait.unwrap_or(0));
    if wait > events::WAIT_MAX {
        let message = format!(
            "expected a `wait` of 0 to {} seconds",
            events::WAIT_MAX.as_secs()
        );
        return Err(Error::new(Code::BadRequest, message).into());
    }
    let found = events::list(&caller, &app, after, &filter, page.limit()?, wait).await?;
    let items = found.items.iter();
    Ok(Json(wire::AccountEvents {
        items: items
            .map(|happened| wire::AccountEvent::new(&caller.account, happened))
            .collect(),
        next_cursor: found.cursor.to_string(),
        newest_sequence: found.newest,
    }))
}
