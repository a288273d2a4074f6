//! Functions: a brand's own JavaScript.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use usher_app::App;
use usher_app::error::{Code, Error};
use usher_app::functions::{self, Filter, Function, Kept};
use usher_model::id::FunctionId;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{etag, patched};
use crate::extract::{self, Authenticated, OptionalJson, Path, Query, Shared, if_match};
use crate::page::{Page, PageQuery};
use crate::problem::{Failure, Problem};
use crate::wire::function as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(allowed, allow))
        .routes(routes!(events))
        .routes(routes!(check))
        .routes(routes!(get, put, patch, delete))
        .routes(routes!(deploy))
        .routes(routes!(undeploy))
        .routes(routes!(rollback))
        .routes(routes!(versions))
        .routes(routes!(test))
        .routes(routes!(logs))
        .routes(routes!(follow))
        .routes(routes!(schedule))
}

type Answer<T> = Result<T, Failure>;
type Shown = (HeaderMap, Json<wire::Function>);

fn shown(function: Kept<Function>) -> Shown {
    (etag(function.revision), Json(function.record.into()))
}

fn parse(id: &str) -> Answer<FunctionId> {
    super::parse(FunctionId::parse(id), Code::FunctionNotFound)
}

/// List the functions.
#[utoipa::path(get, path = "/api/v1/functions", tag = "functions",
    responses((status = 200, body = Page<wire::Function>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::Function>>> {
    let functions = functions::list(&caller, &app).await?;
    let items = functions.into_iter().map(|function| function.record.into());
    Ok(Json(Page::whole(items.collect())))
}

/// Add a function, as a draft: deploy it to let it run.
#[utoipa::path(post, path = "/api/v1/functions", tag = "functions",
    request_body = wire::WrittenFunction,
    responses((status = 201, body = wire::Function), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(new): extract::Json<wire::WrittenFunction>,
) -> Answer<(StatusCode, HeaderMap, Json<wire::Function>)> {
    let (headers, body) = shown(functions::create(&caller, &app, new.into()).await?);
    Ok((StatusCode::CREATED, headers, body))
}

/// Check what is written of a function, as deploying would; nothing is kept and nothing is run.
#[utoipa::path(post, path = "/api/v1/functions/check", tag = "functions",
    request_body = wire::FunctionDraft,
    responses((status = 200, body = wire::FunctionCheck), (status = 403, body = Problem)))]
async fn check(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(draft): extract::Json<wire::FunctionDraft>,
) -> Answer<Json<wire::FunctionCheck>> {
    let schedule = draft.schedule.map(Into::into);
    let examined = functions::examine(&caller, &app, &draft.source, schedule.as_ref()).await?;
    Ok(Json(examined.into()))
}

/// See a function, and how it did lately.
#[utoipa::path(get, path = "/api/v1/functions/{functionId}", tag = "functions",
    params(("functionId" = String, Path, description = "The function")),
    responses((status = 200, body = wire::UsedFunction), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<(HeaderMap, Json<wire::UsedFunction>)> {
    let id = parse(&id)?;
    let (headers, Json(is)) = shown(functions::get(&caller, &app, id).await?);
    let usage = functions::usage(&caller, &app, id).await?.into();
    Ok((headers, Json(wire::UsedFunction { is, usage })))
}

/// Say anew what a function is to be; the version that runs is not touched.
#[utoipa::path(put, path = "/api/v1/functions/{functionId}", tag = "functions",
    params(("functionId" = String, Path, description = "The function")),
    request_body = wire::WrittenFunction,
    responses((status = 200, body = wire::Function), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn put(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
    extract::Json(written): extract::Json<wire::WrittenFunction>,
) -> Answer<Shown> {
    let (id, expected) = (parse(&id)?, if_match(&headers)?);
    let function = functions::replace(&caller, &app, id, written.into(), expected).await?;
    Ok(shown(function))
}

/// Change the fields of a function that a JSON merge patch (RFC 7396) names.
#[utoipa::path(patch, path = "/api/v1/functions/{functionId}", tag = "functions",
    params(("functionId" = String, Path, description = "The function")),
    request_body(content = Object, example = json!({"description": "Knows who is a VIP."})),
    responses((status = 200, body = wire::Function), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn patch(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
    extract::Json(patch): extract::Json<Value>,
) -> Answer<Shown> {
    let id = parse(&id)?;
    let before = functions::editable(&caller, &app, id).await?;
    let expected = if_match(&headers)?.unwrap_or(before.revision);
    let before = wire::Function::from(before.record);
    let written: wire::WrittenFunction = patched(&before.is, &patch)?;
    let function = functions::replace(&caller, &app, id, written.into(), Some(expected)).await?;
    Ok(shown(function))
}

/// Remove a function with its versions.
#[utoipa::path(delete, path = "/api/v1/functions/{functionId}", tag = "functions",
    params(("functionId" = String, Path, description = "The function")),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    functions::delete(&caller, &app, parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let what is written run; if it has mistakes, the version that ran before runs on.
#[utoipa::path(post, path = "/api/v1/functions/{functionId}/deploy", tag = "functions",
    params(("functionId" = String, Path, description = "The function")),
    responses((status = 200, body = wire::Function), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn deploy(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer<Shown> {
    let (id, expected) = (parse(&id)?, if_match(&headers)?);
    Ok(shown(functions::deploy(&caller, &app, id, expected).await?))
}

/// Let a function run no longer.
#[utoipa::path(post, path = "/api/v1/functions/{functionId}/undeploy", tag = "functions",
    params(("functionId" = String, Path, description = "The function")),
    responses((status = 200, body = wire::Function), (status = 404, body = Problem)))]
async fn undeploy(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Shown> {
    Ok(shown(
        functions::undeploy(&caller, &app, parse(&id)?).await?,
    ))
}

/// Deploy an earlier version again.
#[utoipa::path(post, path = "/api/v1/functions/{functionId}/rollback", tag = "functions",
    params(("functionId" = String, Path, description = "The function")),
    request_body = wire::Rollback,
    responses((status = 200, body = wire::Function), (status = 404, body = Problem)))]
async fn rollback(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    OptionalJson(to): OptionalJson<wire::Rollback>,
) -> Answer<Shown> {
    let function = functions::roll_back(&caller, &app, parse(&id)?, to.version).await?;
    Ok(shown(function))
}

/// List the versions of a function that are kept, the newest first: the last five.
#[utoipa::path(get, path = "/api/v1/functions/{functionId}/versions", tag = "functions",
    params(("functionId" = String, Path, description = "The function")),
    responses((status = 200, body = Page<wire::FunctionVersion>), (status = 404, body = Problem)))]
async fn versions(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Json<Page<wire::FunctionVersion>>> {
    let versions = functions::versions(&caller, &app, parse(&id)?).await?;
    let items = versions.into_iter().map(Into::into);
    Ok(Json(Page::whole(items.collect())))
}

/// Run a function as it is written, deployed or not; nothing of it is kept.
#[utoipa::path(post, path = "/api/v1/functions/{functionId}/test", tag = "functions",
    params(("functionId" = String, Path, description = "The function")),
    request_body = wire::FunctionTest,
    responses((status = 200, body = wire::FunctionRun), (status = 404, body = Problem)))]
async fn test(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    OptionalJson(given): OptionalJson<wire::FunctionTest>,
) -> Answer<Json<wire::FunctionRun>> {
    let run = functions::test(&caller, &app, parse(&id)?, given.into_given()).await?;
    Ok(Json(run.into()))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
struct LogQuery {
    /// Only entries of this request.
    request_id: Option<String>,
    /// Only entries that matter at least so much: `info`, `warn` or `error`.
    level: Option<String>,
    /// Only entries that contain this text, ignoring case.
    search: Option<String>,
    /// Only entries written at or after this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only entries written before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

impl LogQuery {
    fn filter(self) -> Result<Filter, Error> {
        let read = |word: String| {
            functions::level_of(&word).ok_or_else(|| {
                let message = format!("expected `info`, `warn` or `error`, found `{word}`");
                Error::new(Code::BadRequest, message)
            })
        };
        Ok(Filter {
            request_id: self.request_id,
            level: self.level.map(read).transpose()?,
            text: self.search.filter(|text| !text.is_empty()),
            from: self.from,
            to: self.to,
        })
    }
}

/// In which form something is answered.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Form {
    /// `json`, or `csv` for a file of at most 500 lines; `Accept: text/csv` says the same.
    format: Option<String>,
}

impl Form {
    fn is_csv(&self, headers: &HeaderMap) -> Result<bool, Error> {
        let accept = headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok());
        match self.format.as_deref() {
            Some("csv") => Ok(true),
            Some("json") => Ok(false),
            None => Ok(accept.is_some_and(|accept| accept.starts_with("text/csv"))),
            Some(other) => {
                let message = format!("expected a `format` of json or csv, found `{other}`");
                Err(Error::new(Code::BadRequest, message))
            }
        }
    }
}

/// Search the log of a function, the newest entry first. A page may be short, or empty, and still
/// have a next one.
///
/// As CSV it is one file: `lambdaUUID;requestID;timestamp;level;message;extras`.
#[utoipa::path(get, path = "/api/v1/functions/{functionId}/logs", tag = "functions",
    params(("functionId" = String, Path, description = "The function"), LogQuery, PageQuery, Form),
    responses((status = 200, body = Page<wire::FunctionLogEntry>), (status = 404, body = Problem)))]
async fn logs(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    Query(query): Query<LogQuery>,
    Query(page): Query<PageQuery>,
    Query(form): Query<Form>,
    headers: HeaderMap,
) -> Answer<Response> {
    let (limit, mut cursor) = (page.limit()?, page.cursor()?);
    let (id, filter) = (parse(&id)?, query.filter()?);
    if !form.is_csv(&headers)? {
        let (entries, next) = functions::logs(&caller, &app, id, &filter, cursor, limit).await?;
        let items = entries.into_iter().map(wire::FunctionLogEntry::from);
        return Ok(Json(Page::new(items.collect(), next.as_ref())).into_response());
    }
    let mut entries = Vec::new();
    while entries.len() < CSV_LINES_MAX {
        let limit = CSV_LINES_MAX - entries.len();
        let (found, next) = functions::logs(&caller, &app, id, &filter, cursor, limit).await?;
        entries.extend(found);
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    let name = format!("attachment; filename=\"{id}.csv\"");
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned());
    let headers = [kind, (header::CONTENT_DISPOSITION, name)];
    Ok((headers, wire::log_csv(&entries)?).into_response())
}

/// Entries of one file, as the contract has it.
const CSV_LINES_MAX: usize = 500;

/// From where a log is followed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TailQuery {
    /// `nextCursor` of the answer before; without it, from now on.
    cursor: Option<String>,
    /// Entries of an answer: 1 to 1,000; 100 unless given.
    limit: Option<usize>,
    /// Seconds to wait for an entry if there is none yet: 0 to 25.
    wait: Option<u64>,
}

/// Follow the log of a function: what comes after the cursor, and a wait for what comes next.
#[utoipa::path(get, path = "/api/v1/functions/{functionId}/logs/tail", tag = "functions",
    params(("functionId" = String, Path, description = "The function"), LogQuery, TailQuery),
    responses((status = 200, body = wire::FunctionLogTail), (status = 400, body = Problem),
        (status = 404, body = Problem)))]
async fn follow(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    Query(query): Query<LogQuery>,
    Query(tail): Query<TailQuery>,
) -> Answer<Json<wire::FunctionLogTail>> {
    let page = PageQuery {
        limit: tail.limit,
        cursor: None,
    };
    let after = tail.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let after = after.map(str::parse::<u64>).transpose().map_err(|source| {
        let message = "expected `nextCursor` of the answer before";
        Error::new(Code::CursorInvalid, message).with_source(source)
    })?;
    let wait = Duration::from_secs(tail.wait.unwrap_or(0));
    if wait > functions::WAIT_MAX {
        let max = functions::WAIT_MAX.as_secs();
        let message = format!("expected a `wait` of 0 to {max} seconds");
        return Err(Error::new(Code::BadRequest, message).into());
    }
    let (id, filter, limit) = (parse(&id)?, query.filter()?, page.limit()?);
    let tail = functions::follow(&caller, &app, id, &filter, after, limit, wait).await?;
    Ok(Json(wire::FunctionLogTail {
        items: tail.entries.into_iter().map(Into::into).collect(),
        next_cursor: tail.cursor.to_string(),
    }))
}

/// See when time started a function, and when it will.
#[utoipa::path(get, path = "/api/v1/functions/{functionId}/schedule", tag = "functions",
    params(("functionId" = String, Path, description = "The function")),
    responses((status = 200, body = wire::FunctionSchedule), (status = 404, body = Problem)))]
async fn schedule(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Json<wire::FunctionSchedule>> {
    let runs = functions::runs(&caller, &app, parse(&id)?).await?;
    Ok(Json(runs.into()))
}

/// See the domains that functions may call.
#[utoipa::path(get, path = "/api/v1/functions/allow-list", tag = "functions",
    responses((status = 200, body = wire::AllowList), (status = 403, body = Problem)))]
async fn allowed(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<wire::AllowList>> {
    let domains = functions::allowed(&caller, &app).await?.to_vec();
    Ok(Json(wire::AllowList { domains }))
}

/// Say which domains functions may call, from now on.
#[utoipa::path(put, path = "/api/v1/functions/allow-list", tag = "functions",
    request_body = wire::AllowList,
    responses((status = 200, body = wire::AllowList), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
async fn allow(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(list): extract::Json<wire::AllowList>,
) -> Answer<Json<wire::AllowList>> {
    let domains = functions::allow(&caller, &app, list.domains)
        .await?
        .to_vec();
    Ok(Json(wire::AllowList { domains }))
}

/// List the events that may start functions, each with a sample.
#[utoipa::path(get, path = "/api/v1/functions/events", tag = "functions",
    responses((status = 200, body = Page<wire::FunctionEvent>), (status = 403, body = Problem)))]
async fn events(Authenticated(caller): Authenticated) -> Answer<Json<Page<wire::FunctionEvent>>> {
    let events = functions::events(&caller)?;
    let items = events.iter().map(Into::into);
    Ok(Json(Page::whole(items.collect())))
}
