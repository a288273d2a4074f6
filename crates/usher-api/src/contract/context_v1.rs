//! The context service, version 1: one endpoint for each namespace, session and property.
//!
//! Source: `docs/guide/context.md`, "Version 1".

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::context::{self, Namespace, Session, Ttl};
use usher_app::error::{Code, Error};
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};

use crate::extract::{self, Authenticated, Shared};
use crate::problem::Failure;

/// Rows of a page at most, and unless told.
const PER_PAGE_MAX: usize = 1_000;
const PER_PAGE: usize = 100;

pub(super) fn router() -> Router<Arc<App>> {
    // Older clients say `brand`, and end some paths with a slash.
    ["/v1/account/{account}", "/v1/brand/{account}"]
        .iter()
        .fold(Router::new(), |router, root| {
            let mut router = router.route(root, post(put_namespace).get(namespaces));
            for slash in ["", "/"] {
                router = router
                    .route(
                        &format!("{root}/{{namespace}}/properties{slash}"),
                        patch(patch_namespace).get(namespace_properties),
                    )
                    .route(
                        &format!("{root}/{{namespace}}/{{session}}/properties{slash}"),
                        patch(patch_session)
                            .get(session_properties)
                            .delete(clear_session),
                    );
            }
            router
                .route(&format!("{root}/{{namespace}}"), delete(delete_namespace))
                .route(
                    &format!("{root}/{{namespace}}/properties/{{property}}"),
                    get(namespace_property)
                        .put(put_namespace_property)
                        .delete(drop_namespace_property),
                )
                .route(
                    &format!("{root}/{{namespace}}/{{session}}/properties/{{property}}"),
                    get(session_property)
                        .put(put_session_property)
                        .delete(drop_session_property),
                )
                .route(
                    &format!("{root}/{{namespace}}/session-ids"),
                    get(session_ids),
                )
                .route(
                    &format!("{root}/{{namespace}}/session-properties"),
                    get(all_properties),
                )
                .route(
                    &format!("{root}/namespace/{{namespace}}/session"),
                    post(put_session).get(sessions_with_ttl),
                )
                .route(
                    &format!("{root}/namespace/{{namespace}}/session/{{session}}"),
                    delete(delete_session),
                )
        })
}

#[derive(Debug, Deserialize)]
struct TtlQuery {
    #[serde(rename = "ttlSecond")]
    ttl_second: Option<String>,
}

impl TtlQuery {
    fn seconds(&self) -> Result<Option<u64>, Error> {
        self.ttl_second
            .as_deref()
            .filter(|text| !text.is_empty())
            .map(|text| {
                text.parse().map_err(|source| {
                    let message = format!("expected `ttlSecond` as whole seconds, found `{text}`");
                    Error::new(Code::BadRequest, message).with_source(source)
                })
            })
            .transpose()
    }
}

#[derive(Debug, Deserialize)]
struct PageQuery {
    page: Option<String>,
    #[serde(rename = "perPage")]
    per_page: Option<String>,
}

impl PageQuery {
    fn read(&self) -> Result<(usize, usize), Error> {
        let number = |text: Option<&str>, unless: usize, name: &str| match text {
            None => Ok(unless),
            Some(text) => text.parse::<usize>().map_err(|source| {
                let message = format!("expected `{name}` as a whole number, found `{text}`");
                Error::new(Code::BadRequest, message).with_source(source)
            }),
        };
        let page = number(self.page.as_deref(), 0, "page")?;
        let per_page = number(self.per_page.as_deref(), PER_PAGE, "perPage")?;
        if !(1..=PER_PAGE_MAX).contains(&per_page) {
            let message = format!("expected `perPage` of 1 to {PER_PAGE_MAX}, found {per_page}");
            return Err(Error::new(Code::BadRequest, message));
        }
        Ok((page, per_page))
    }
}

#[derive(Debug, Deserialize)]
struct IncludeQuery {
    include: Option<String>,
}

#[derive(Debug, Deserialize)]
struct NamespaceBody {
    name: String,
}

#[derive(Debug, Deserialize)]
struct SessionBody {
    #[serde(rename = "sessionId")]
    session_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NamespaceRow {
    name: String,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_second: Option<u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionRow {
    session_id: String,
    created_at: Timestamp,
    ttl_second: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionProperties {
    session_id: String,
    property: Object,
}

type Answer<T> = Result<T, Failure>;

/// Names in a path, checked: the account must be the caller's.
fn namespace_of(caller: &Caller, account: &str, namespace: &str) -> Result<Namespace, Error> {
    caller.require_account(account)?;
    Ok(Namespace::parse(namespace)?)
}

async fn put_namespace(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(account): Path<String>,
    Query(ttl): Query<TtlQuery>,
    extract::Json(body): extract::Json<NamespaceBody>,
) -> Answer<StatusCode> {
    let namespace = namespace_of(&caller, &account, &body.name)?;
    context::put_namespace(&caller, &app, &namespace, ttl.seconds()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn namespaces(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(account): Path<String>,
) -> Answer<Json<Vec<NamespaceRow>>> {
    caller.require_account(&account)?;
    let namespaces = context::namespaces(&caller, &app).await?;
    let rows = namespaces.into_iter().map(|namespace| NamespaceRow {
        name: namespace.name,
        created_at: namespace.created_at,
        ttl_second: namespace.ttl_seconds,
    });
    Ok(Json(rows.collect()))
}

async fn delete_namespace(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let namespace = namespace_of(&caller, &account, &namespace)?;
    context::delete_namespace(&caller, &app, &namespace).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn patch_namespace(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace)): Path<(String, String)>,
    extract::Json(properties): extract::Json<Object>,
) -> Answer<StatusCode> {
    write(
        &caller,
        &app,
        (account, namespace, Session::default()),
        properties,
    )
    .await
}

async fn patch_session(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace, session)): Path<(String, String, String)>,
    extract::Json(properties): extract::Json<Object>,
) -> Answer<StatusCode> {
    let session = Session::parse(&session)?;
    write(&caller, &app, (account, namespace, session), properties).await
}

async fn put_namespace_property(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace, property)): Path<(String, String, String)>,
    request: Request,
) -> Answer<StatusCode> {
    let value: Value = extract::parse(&extract::body(request, &app).await?)?;
    let properties = Object::from_iter([(property, value)]);
    write(
        &caller,
        &app,
        (account, namespace, Session::default()),
        properties,
    )
    .await
}

async fn put_session_property(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace, session, property)): Path<(String, String, String, String)>,
    request: Request,
) -> Answer<StatusCode> {
    let session = Session::parse(&session)?;
    let value: Value = extract::parse(&extract::body(request, &app).await?)?;
    let properties = Object::from_iter([(property, value)]);
    write(&caller, &app, (account, namespace, session), properties).await
}

async fn write(
    caller: &Caller,
    app: &App,
    (account, namespace, session): (String, String, Session),
    properties: Object,
) -> Answer<StatusCode> {
    let namespace = namespace_of(caller, &account, &namespace)?;
    context::write(
        caller,
        app,
        &namespace,
        &session,
        properties,
        Ttl::OfSession,
        None,
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn namespace_properties(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace)): Path<(String, String)>,
    Query(include): Query<IncludeQuery>,
) -> Answer<Json<Object>> {
    read(
        &caller,
        &app,
        (account, namespace, Session::default()),
        &include,
    )
    .await
}

async fn session_properties(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace, session)): Path<(String, String, String)>,
    Query(include): Query<IncludeQuery>,
) -> Answer<Json<Object>> {
    let session = Session::parse(&session)?;
    read(&caller, &app, (account, namespace, session), &include).await
}

async fn read(
    caller: &Caller,
    app: &App,
    (account, namespace, session): (String, String, Session),
    include: &IncludeQuery,
) -> Answer<Json<Object>> {
    let namespace = namespace_of(caller, &account, &namespace)?;
    let read = context::read(caller, app, &namespace, &session).await?;
    let mut payload = read.map(|read| read.payload).unwrap_or_default();
    if let Some(include) = &include.include {
        let wanted: Vec<&str> = include.split(',').map(str::trim).collect();
        payload.retain(|name, _| wanted.contains(&name.as_str()));
    }
    Ok(Json(payload))
}

async fn namespace_property(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace, property)): Path<(String, String, String)>,
) -> Answer<Response> {
    read_property(
        &caller,
        &app,
        (account, namespace, Session::default()),
        &property,
    )
    .await
}

async fn session_property(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace, session, property)): Path<(String, String, String, String)>,
) -> Answer<Response> {
    let session = Session::parse(&session)?;
    read_property(&caller, &app, (account, namespace, session), &property).await
}

async fn read_property(
    caller: &Caller,
    app: &App,
    (account, namespace, session): (String, String, Session),
    property: &str,
) -> Answer<Response> {
    let namespace = namespace_of(caller, &account, &namespace)?;
    let read = context::read(caller, app, &namespace, &session).await?;
    let value = read
        .and_then(|mut read| read.payload.remove(property))
        .ok_or_else(|| {
            Error::new(
                Code::PropertyNotFound,
                format!("there is no property `{property}`"),
            )
        })?;
    Ok(bare(value))
}

/// Writes a single value: text stands bare unless it would itself read as JSON.
fn bare(value: Value) -> Response {
    let (content_type, body) = match value {
        Value::String(text) if serde_json::from_str::<Value>(&text).is_err() => {
            ("text/plain; charset=utf-8", text)
        }
        value => ("application/json", value.to_string()),
    };
    let mut response = Body::from(body).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

async fn drop_namespace_property(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace, property)): Path<(String, String, String)>,
) -> Answer<StatusCode> {
    remove(
        &caller,
        &app,
        (account, namespace, Session::default()),
        Some(property),
    )
    .await
}

async fn drop_session_property(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace, session, property)): Path<(String, String, String, String)>,
) -> Answer<StatusCode> {
    let session = Session::parse(&session)?;
    remove(&caller, &app, (account, namespace, session), Some(property)).await
}

async fn clear_session(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace, session)): Path<(String, String, String)>,
) -> Answer<StatusCode> {
    let session = Session::parse(&session)?;
    remove(&caller, &app, (account, namespace, session), None).await
}

async fn remove(
    caller: &Caller,
    app: &App,
    (account, namespace, session): (String, String, Session),
    property: Option<String>,
) -> Answer<StatusCode> {
    let namespace = namespace_of(caller, &account, &namespace)?;
    let named = property.map(|property| vec![property]);
    context::remove(caller, app, &namespace, &session, named.as_deref(), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn session_ids(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace)): Path<(String, String)>,
    Query(page): Query<PageQuery>,
) -> Answer<Json<Vec<String>>> {
    let namespace = namespace_of(&caller, &account, &namespace)?;
    let (page, per_page) = page.read()?;
    let listed = context::list_page(&caller, &app, &namespace, page, per_page).await?;
    Ok(Json(
        listed.into_iter().map(|listed| listed.session).collect(),
    ))
}

async fn all_properties(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace)): Path<(String, String)>,
    Query(page): Query<PageQuery>,
) -> Answer<Json<Vec<SessionProperties>>> {
    let namespace = namespace_of(&caller, &account, &namespace)?;
    let (page, per_page) = page.read()?;
    let listed = context::list_page(&caller, &app, &namespace, page, per_page).await?;
    let rows = listed.into_iter().map(|listed| SessionProperties {
        session_id: listed.session,
        property: listed.read.payload,
    });
    Ok(Json(rows.collect()))
}

async fn put_session(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace)): Path<(String, String)>,
    Query(ttl): Query<TtlQuery>,
    extract::Json(body): extract::Json<SessionBody>,
) -> Answer<StatusCode> {
    let namespace = namespace_of(&caller, &account, &namespace)?;
    let session = Session::parse(&body.session_id)?;
    let seconds = ttl.seconds()?.unwrap_or(0);
    context::put_session(&caller, &app, &namespace, &session, seconds).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn sessions_with_ttl(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace)): Path<(String, String)>,
) -> Answer<Json<Vec<SessionRow>>> {
    let namespace = namespace_of(&caller, &account, &namespace)?;
    let sessions = context::sessions(&caller, &app, &namespace).await?;
    let rows = sessions.into_iter().map(|session| SessionRow {
        session_id: session.session,
        created_at: session.created_at,
        ttl_second: session.ttl_seconds,
    });
    Ok(Json(rows.collect()))
}

async fn delete_session(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account, namespace, session)): Path<(String, String, String)>,
) -> Answer<StatusCode> {
    let namespace = namespace_of(&caller, &account, &namespace)?;
    let session = Session::parse(&session)?;
    context::delete_session(&caller, &app, &namespace, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}
