//! The context service, version 1: one endpoint for each namespace, session and property.
//!
//! Source: `docs/guide/context.md`, "Version 1".

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::context::{self, Namespace, Session, Ttl};
use usher_app::error::{Code, Error};
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::aliases_of;
use crate::extract::{self, Authenticated, Path, Query, Shared};
use crate::problem::Failure;

/// Rows of a page at most, and unless told.
const PER_PAGE_MAX: usize = 1_000;
const PER_PAGE: usize = 100;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    let described: [UtoipaMethodRouter<Arc<App>>; 10] = [
        routes!(put_namespace, namespaces),
        routes!(delete_namespace),
        routes!(patch_namespace, namespace_properties),
        routes!(
            namespace_property,
            put_namespace_property,
            drop_namespace_property
        ),
        routes!(patch_session, session_properties, clear_session),
        routes!(
            session_property,
            put_session_property,
            drop_session_property
        ),
        routes!(session_ids),
        routes!(all_properties),
        routes!(put_session, sessions_with_ttl),
        routes!(delete_session),
    ];
    described
        .into_iter()
        .fold(OpenApiRouter::new(), |router, route| {
            let router = aliases_of(&route)
                .into_iter()
                .fold(router, |router, alias| {
                    router.route(&alias, route.2.clone())
                });
            router.routes(route)
        })
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
struct AccountPath {
    /// The credential's account.
    #[param(example = "acc1")]
    account_id: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
struct NamespacePath {
    /// The credential's account.
    #[param(example = "acc1")]
    account_id: String,
    /// The namespace: 1 to 128 letters, digits and underscores.
    #[param(example = "orchestrator")]
    namespace: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
struct SessionPath {
    /// The credential's account.
    #[param(example = "acc1")]
    account_id: String,
    /// The namespace: 1 to 128 letters, digits and underscores.
    #[param(example = "orchestrator")]
    namespace: String,
    /// The session: 1 to 256 characters; `__default__` is what is written without one.
    #[param(example = "c-1")]
    session: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
struct PropertyPath {
    /// The credential's account.
    #[param(example = "acc1")]
    account_id: String,
    /// The namespace: 1 to 128 letters, digits and underscores.
    #[param(example = "orchestrator")]
    namespace: String,
    /// The property: 1 to 256 characters.
    #[param(example = "intent")]
    property: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
struct SessionPropertyPath {
    /// The credential's account.
    #[param(example = "acc1")]
    account_id: String,
    /// The namespace: 1 to 128 letters, digits and underscores.
    #[param(example = "orchestrator")]
    namespace: String,
    /// The session: 1 to 256 characters; `__default__` is what is written without one.
    #[param(example = "c-1")]
    session: String,
    /// The property: 1 to 256 characters.
    #[param(example = "intent")]
    property: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TtlQuery {
    /// Seconds that properties written from now on live, counted from their last write; 0 means
    /// the longest life, 13 months. What is there already keeps its expiry.
    #[serde(rename = "ttlSecond")]
    #[param(value_type = Option<u64>, example = 3600)]
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

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// The page, from 0, which is also the default.
    #[param(value_type = Option<u32>, example = 0)]
    page: Option<String>,
    /// Rows of a page: 1 to 1,000, 100 unless given.
    #[serde(rename = "perPage")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, example = 100)]
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

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct IncludeQuery {
    /// Only these properties, parted by commas; unknown ones are left out.
    #[param(example = "intent,channel")]
    include: Option<String>,
}

/// The namespace to be named or given a life.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ContextV1Namespace, example = json!({"name": "orchestrator"}))]
struct NamespaceBody {
    /// Its name: 1 to 128 letters, digits and underscores, none of the reserved ones.
    name: String,
}

/// The session to be given a life.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ContextV1Session, example = json!({"sessionId": "c-1"}))]
struct SessionBody {
    /// Which one: 1 to 256 characters.
    #[serde(rename = "sessionId")]
    session_id: String,
}

/// A namespace in the list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContextV1NamespaceRow)]
struct NamespaceRow {
    /// Its name.
    name: String,
    /// When it was first named.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Seconds that its properties live; absent if that was never set.
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_second: Option<u64>,
}

/// A session that has a life of its own.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContextV1SessionRow)]
struct SessionRow {
    /// Which one.
    session_id: String,
    /// When it was first given a life.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Seconds that its properties live.
    ttl_second: u64,
}

/// What one session holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContextV1SessionProperties)]
struct SessionProperties {
    /// Which one.
    session_id: String,
    /// Its properties.
    #[schema(value_type = Object)]
    property: Object,
}

type Answer<T> = Result<T, Failure>;

/// Names in a path, checked: the account must be the caller's.
fn namespace_of(caller: &Caller, account: &str, namespace: &str) -> Result<Namespace, Error> {
    caller.require_account(account)?;
    Ok(Namespace::parse(namespace)?)
}

/// Name a namespace, or set how long its properties live.
///
/// A namespace need not be named before it is written to.
#[utoipa::path(post, path = "/v1/account/{accountId}", tag = "context v1",
    operation_id = "contextV1PutNamespace", params(AccountPath, TtlQuery),
    request_body = NamespaceBody, responses((status = 204, description = "Done")))]
async fn put_namespace(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
    Query(ttl): Query<TtlQuery>,
    extract::Json(body): extract::Json<NamespaceBody>,
) -> Answer<StatusCode> {
    let namespace = namespace_of(&caller, &path.account_id, &body.name)?;
    context::put_namespace(&caller, &app, &namespace, ttl.seconds()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the namespaces, by name.
#[utoipa::path(get, path = "/v1/account/{accountId}", tag = "context v1",
    operation_id = "contextV1Namespaces", params(AccountPath),
    responses((status = 200, description = "All namespaces", body = Vec<NamespaceRow>)))]
async fn namespaces(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
) -> Answer<Json<Vec<NamespaceRow>>> {
    caller.require_account(&path.account_id)?;
    let namespaces = context::namespaces(&caller, &app).await?;
    let rows = namespaces.into_iter().map(|namespace| NamespaceRow {
        name: namespace.name,
        created_at: namespace.created_at,
        ttl_second: namespace.ttl_seconds,
    });
    Ok(Json(rows.collect()))
}

/// Remove a namespace, its sessions, their properties and its life.
///
/// An absent one is no mistake.
#[utoipa::path(delete, path = "/v1/account/{accountId}/{namespace}", tag = "context v1",
    operation_id = "contextV1DeleteNamespace", params(NamespacePath),
    responses((status = 204, description = "Done")))]
async fn delete_namespace(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<NamespacePath>,
) -> Answer<StatusCode> {
    let namespace = namespace_of(&caller, &path.account_id, &path.namespace)?;
    context::delete_namespace(&caller, &app, &namespace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Add and overwrite properties of a namespace; the others stay.
///
/// They are those of the session `__default__`.
#[utoipa::path(patch, path = "/v1/account/{accountId}/{namespace}/properties", tag = "context v1",
    operation_id = "contextV1PatchNamespace", params(NamespacePath),
    request_body(content = Object, description = "Any JSON by name",
        example = json!({"intent": "order_status", "retries": 2})),
    responses((status = 204, description = "Done")))]
async fn patch_namespace(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<NamespacePath>,
    extract::Json(properties): extract::Json<Object>,
) -> Answer<StatusCode> {
    let place = (path.account_id, path.namespace, Session::default());
    write(&caller, &app, place, properties).await
}

/// Add and overwrite properties of a session; the others stay.
#[utoipa::path(patch, path = "/v1/account/{accountId}/{namespace}/{session}/properties",
    tag = "context v1", operation_id = "contextV1PatchSession", params(SessionPath),
    request_body(content = Object, description = "Any JSON by name",
        example = json!({"intent": "order_status", "retries": 2})),
    responses((status = 204, description = "Done")))]
async fn patch_session(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<SessionPath>,
    extract::Json(properties): extract::Json<Object>,
) -> Answer<StatusCode> {
    let session = Session::parse(&path.session)?;
    let place = (path.account_id, path.namespace, session);
    write(&caller, &app, place, properties).await
}

/// Write one property of a namespace.
#[utoipa::path(put, path = "/v1/account/{accountId}/{namespace}/properties/{property}",
    tag = "context v1", operation_id = "contextV1PutNamespaceProperty", params(PropertyPath),
    request_body(content = Value, description = "Any JSON", example = json!("order_status")),
    responses((status = 204, description = "Done")))]
async fn put_namespace_property(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<PropertyPath>,
    request: Request,
) -> Answer<StatusCode> {
    let value: Value = extract::parse(&extract::body(request, &app).await?)?;
    let properties = Object::from_iter([(path.property, value)]);
    let place = (path.account_id, path.namespace, Session::default());
    write(&caller, &app, place, properties).await
}

/// Write one property of a session.
#[utoipa::path(put, path = "/v1/account/{accountId}/{namespace}/{session}/properties/{property}",
    tag = "context v1", operation_id = "contextV1PutSessionProperty", params(SessionPropertyPath),
    request_body(content = Value, description = "Any JSON", example = json!("order_status")),
    responses((status = 204, description = "Done")))]
async fn put_session_property(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<SessionPropertyPath>,
    request: Request,
) -> Answer<StatusCode> {
    let session = Session::parse(&path.session)?;
    let value: Value = extract::parse(&extract::body(request, &app).await?)?;
    let properties = Object::from_iter([(path.property, value)]);
    let place = (path.account_id, path.namespace, session);
    write(&caller, &app, place, properties).await
}

async fn write(
    caller: &Caller,
    app: &App,
    (account, namespace, session): (String, String, Session),
    properties: Object,
) -> Answer<StatusCode> {
    let namespace = namespace_of(caller, &account, &namespace)?;
    let ttl = Ttl::OfSession;
    context::write(caller, app, &namespace, &session, properties, ttl, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read the properties of a namespace.
#[utoipa::path(get, path = "/v1/account/{accountId}/{namespace}/properties", tag = "context v1",
    operation_id = "contextV1NamespaceProperties", params(NamespacePath, IncludeQuery),
    responses((status = 200, description = "Any JSON by name; empty if nothing is there",
        body = Object, example = json!({"intent": "order_status", "retries": 2}))))]
async fn namespace_properties(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<NamespacePath>,
    Query(include): Query<IncludeQuery>,
) -> Answer<Json<Object>> {
    let place = (path.account_id, path.namespace, Session::default());
    read(&caller, &app, place, &include).await
}

/// Read the properties of a session.
#[utoipa::path(get, path = "/v1/account/{accountId}/{namespace}/{session}/properties",
    tag = "context v1", operation_id = "contextV1SessionProperties",
    params(SessionPath, IncludeQuery),
    responses((status = 200, description = "Any JSON by name; empty if nothing is there",
        body = Object, example = json!({"intent": "order_status", "retries": 2}))))]
async fn session_properties(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<SessionPath>,
    Query(include): Query<IncludeQuery>,
) -> Answer<Json<Object>> {
    let session = Session::parse(&path.session)?;
    let place = (path.account_id, path.namespace, session);
    read(&caller, &app, place, &include).await
}

async fn read(
    caller: &Caller,
    app: &App,
    (account, namespace, session): (String, String, Session),
    include: &IncludeQuery,
) -> Answer<Json<Object>> {
    let namespace = namespace_of(caller, &account, &namespace)?;
    let read = context::read(caller, app, &namespace, &session).await?;
    let mut payload = read.map(|read| read.payload()).unwrap_or_default();
    if let Some(include) = &include.include {
        let wanted: Vec<&str> = include.split(',').map(str::trim).collect();
        payload.retain(|name, _| wanted.contains(&name.as_str()));
    }
    Ok(Json(payload))
}

/// Read one property of a namespace.
///
/// Text stands bare, without quotes, unless it would itself read as JSON.
#[utoipa::path(get, path = "/v1/account/{accountId}/{namespace}/properties/{property}",
    tag = "context v1", operation_id = "contextV1NamespaceProperty", params(PropertyPath),
    responses((status = 200, description = "The value",
            content((String = "text/plain; charset=utf-8", example = "order_status"),
                (Value = "application/json", example = json!({"d": 1000})))),
        (status = 404, description = "There is no such property, or it has expired")))]
async fn namespace_property(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<PropertyPath>,
) -> Answer<Response> {
    let place = (path.account_id, path.namespace, Session::default());
    read_property(&caller, &app, place, &path.property).await
}

/// Read one property of a session.
///
/// Text stands bare, without quotes, unless it would itself read as JSON.
#[utoipa::path(get, path = "/v1/account/{accountId}/{namespace}/{session}/properties/{property}",
    tag = "context v1", operation_id = "contextV1SessionProperty", params(SessionPropertyPath),
    responses((status = 200, description = "The value",
            content((String = "text/plain; charset=utf-8", example = "order_status"),
                (Value = "application/json", example = json!({"d": 1000})))),
        (status = 404, description = "There is no such property, or it has expired")))]
async fn session_property(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<SessionPropertyPath>,
) -> Answer<Response> {
    let session = Session::parse(&path.session)?;
    let place = (path.account_id, path.namespace, session);
    read_property(&caller, &app, place, &path.property).await
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
        .as_ref()
        .and_then(|read| read.get(property))
        .ok_or_else(|| {
            Error::new(
                Code::PropertyNotFound,
                format!("there is no property `{property}`"),
            )
        })?;
    Ok(bare(value.clone()))
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

/// Remove one property of a namespace; an absent one is no mistake.
#[utoipa::path(delete, path = "/v1/account/{accountId}/{namespace}/properties/{property}",
    tag = "context v1", operation_id = "contextV1DeleteNamespaceProperty", params(PropertyPath),
    responses((status = 204, description = "Done")))]
async fn drop_namespace_property(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<PropertyPath>,
) -> Answer<StatusCode> {
    let place = (path.account_id, path.namespace, Session::default());
    remove(&caller, &app, place, Some(path.property)).await
}

/// Remove one property of a session; an absent one is no mistake.
#[utoipa::path(delete,
    path = "/v1/account/{accountId}/{namespace}/{session}/properties/{property}",
    tag = "context v1", operation_id = "contextV1DeleteSessionProperty",
    params(SessionPropertyPath), responses((status = 204, description = "Done")))]
async fn drop_session_property(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<SessionPropertyPath>,
) -> Answer<StatusCode> {
    let session = Session::parse(&path.session)?;
    let place = (path.account_id, path.namespace, session);
    remove(&caller, &app, place, Some(path.property)).await
}

/// Remove all properties of a session; its life stays.
#[utoipa::path(delete, path = "/v1/account/{accountId}/{namespace}/{session}/properties",
    tag = "context v1", operation_id = "contextV1ClearSession", params(SessionPath),
    responses((status = 204, description = "Done")))]
async fn clear_session(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<SessionPath>,
) -> Answer<StatusCode> {
    let session = Session::parse(&path.session)?;
    let place = (path.account_id, path.namespace, session);
    remove(&caller, &app, place, None).await
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

/// List the ids of the sessions that hold something.
#[utoipa::path(get, path = "/v1/account/{accountId}/{namespace}/session-ids", tag = "context v1",
    operation_id = "contextV1SessionIds", params(NamespacePath, PageQuery),
    responses((status = 200, description = "Ids in the order of code points; empty past the end",
        body = Vec<String>, example = json!(["__default__", "c-1"]))))]
async fn session_ids(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<NamespacePath>,
    Query(page): Query<PageQuery>,
) -> Answer<Json<Vec<String>>> {
    let namespace = namespace_of(&caller, &path.account_id, &path.namespace)?;
    let (page, per_page) = page.read()?;
    let ids = context::session_ids(&caller, &app, &namespace, page, per_page).await?;
    Ok(Json(ids))
}

/// List the sessions with what they hold.
#[utoipa::path(get, path = "/v1/account/{accountId}/{namespace}/session-properties",
    tag = "context v1", operation_id = "contextV1AllProperties", params(NamespacePath, PageQuery),
    responses((status = 200, description = "Sessions in the order of their ids",
        body = Vec<SessionProperties>)))]
async fn all_properties(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<NamespacePath>,
    Query(page): Query<PageQuery>,
) -> Answer<Json<Vec<SessionProperties>>> {
    let namespace = namespace_of(&caller, &path.account_id, &path.namespace)?;
    let (page, per_page) = page.read()?;
    let listed = context::list_page(&caller, &app, &namespace, page, per_page).await?;
    let rows = listed.into_iter().map(|listed| SessionProperties {
        session_id: listed.session,
        property: listed.read.payload(),
    });
    Ok(Json(rows.collect()))
}

/// Set how long the properties of a session live; this outranks the namespace's life.
#[utoipa::path(post, path = "/v1/account/{accountId}/namespace/{namespace}/session",
    tag = "context v1", operation_id = "contextV1PutSession", params(NamespacePath, TtlQuery),
    request_body = SessionBody, responses((status = 204, description = "Done")))]
async fn put_session(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<NamespacePath>,
    Query(ttl): Query<TtlQuery>,
    extract::Json(body): extract::Json<SessionBody>,
) -> Answer<StatusCode> {
    let namespace = namespace_of(&caller, &path.account_id, &path.namespace)?;
    let session = Session::parse(&body.session_id)?;
    let seconds = ttl.seconds()?.unwrap_or(0);
    context::put_session(&caller, &app, &namespace, &session, seconds).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the sessions that have a life of their own.
#[utoipa::path(get, path = "/v1/account/{accountId}/namespace/{namespace}/session",
    tag = "context v1", operation_id = "contextV1SessionsWithTtl", params(NamespacePath),
    responses((status = 200, description = "Sessions in the order of their ids",
        body = Vec<SessionRow>)))]
async fn sessions_with_ttl(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<NamespacePath>,
) -> Answer<Json<Vec<SessionRow>>> {
    let namespace = namespace_of(&caller, &path.account_id, &path.namespace)?;
    let sessions = context::sessions(&caller, &app, &namespace).await?;
    let rows = sessions.into_iter().map(|session| SessionRow {
        session_id: session.session,
        created_at: session.created_at,
        ttl_second: session.ttl_seconds,
    });
    Ok(Json(rows.collect()))
}

/// Remove a session: its properties and its life.
#[utoipa::path(delete, path = "/v1/account/{accountId}/namespace/{namespace}/session/{session}",
    tag = "context v1", operation_id = "contextV1DeleteSession", params(SessionPath),
    responses((status = 204, description = "Done")))]
async fn delete_session(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<SessionPath>,
) -> Answer<StatusCode> {
    let namespace = namespace_of(&caller, &path.account_id, &path.namespace)?;
    let session = Session::parse(&path.session)?;
    context::delete_session(&caller, &app, &namespace, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}
