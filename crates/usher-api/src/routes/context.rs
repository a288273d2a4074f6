//! Context documents.

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use usher_app::App;
use usher_app::context::{self, Namespace, Session, Ttl};
use usher_app::error::{Code, Error};
use usher_model::limits;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::etag;
use crate::extract::{self, Authenticated, Path, Query, Shared, if_match};
use crate::page::{Page, PageQuery};
use crate::problem::{Failure, Problem};
use crate::wire::context as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(namespaces))
        .routes(routes!(list, delete_namespace))
        .routes(routes!(get, put, patch, delete))
        .layer(DefaultBodyLimit::max(limits::CONTEXT_BODY_BYTES_MAX))
}

type Answer<T> = Result<T, Failure>;
/// A document with its `ETag`.
type Tagged = (HeaderMap, Json<wire::ContextDocument>);

fn tagged(namespace: &Namespace, session: &Session, read: &context::Read) -> Tagged {
    let headers = etag(read.revision());
    let document = wire::ContextDocument::new(namespace.to_string(), session.to_string(), read);
    (headers, Json(document))
}

/// List the namespaces.
#[utoipa::path(get, path = "/api/v1/context", tag = "context",
    responses((status = 200, body = Page<wire::ContextNamespace>)))]
async fn namespaces(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::ContextNamespace>>> {
    let namespaces = context::namespaces(&caller, &app).await?;
    let rows = namespaces
        .into_iter()
        .map(|namespace| wire::ContextNamespace {
            name: namespace.name,
            created_at: namespace.created_at,
            ttl_seconds: namespace.ttl_seconds,
        });
    Ok(Json(Page::whole(rows.collect())))
}

/// List the documents of a namespace, in the order of their sessions.
#[utoipa::path(get, path = "/api/v1/context/{namespace}", tag = "context",
    params(("namespace" = String, Path, description = "The namespace"), PageQuery),
    responses((status = 200, body = Page<wire::ContextDocument>), (status = 400, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(namespace): Path<String>,
    Query(page): Query<PageQuery>,
) -> Answer<Json<Page<wire::ContextDocument>>> {
    let namespace = Namespace::parse(&namespace)?;
    let (limit, cursor) = (page.limit()?, page.cursor()?);
    let (listed, next) = context::list(&caller, &app, &namespace, cursor, limit).await?;
    let rows = listed.into_iter().map(|listed| {
        wire::ContextDocument::new(namespace.to_string(), listed.session, &listed.read)
    });
    Ok(Json(Page::new(rows.collect(), next.as_ref())))
}

/// Remove a namespace with everything in it.
#[utoipa::path(delete, path = "/api/v1/context/{namespace}", tag = "context",
    params(("namespace" = String, Path, description = "The namespace")),
    responses((status = 204), (status = 400, body = Problem)))]
async fn delete_namespace(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(namespace): Path<String>,
) -> Answer<StatusCode> {
    context::delete_namespace(&caller, &app, &Namespace::parse(&namespace)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// See a document.
#[utoipa::path(get, path = "/api/v1/context/{namespace}/{session}", tag = "context",
    params(("namespace" = String, Path, description = "The namespace"),
        ("session" = String, Path, description = "The session; `__default__` for none")),
    responses((status = 200, body = wire::ContextDocument), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((namespace, session)): Path<(String, String)>,
) -> Answer<Tagged> {
    let (namespace, session) = (Namespace::parse(&namespace)?, Session::parse(&session)?);
    let read = context::read(&caller, &app, &namespace, &session)
        .await?
        .ok_or_else(|| {
            Error::new(
                Code::DocumentNotFound,
                "there is no such document, or it has expired",
            )
        })?;
    Ok(tagged(&namespace, &session, &read))
}

/// Replace a document.
#[utoipa::path(put, path = "/api/v1/context/{namespace}/{session}", tag = "context",
    params(("namespace" = String, Path, description = "The namespace"),
        ("session" = String, Path, description = "The session"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read; `\"0\"` for none")),
    request_body = wire::ContextWrite,
    responses((status = 200, body = wire::ContextDocument), (status = 409, body = Problem),
        (status = 413, body = Problem)))]
async fn put(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((namespace, session)): Path<(String, String)>,
    headers: HeaderMap,
    extract::Json(write): extract::Json<wire::ContextWrite>,
) -> Answer<Tagged> {
    let (namespace, session) = (Namespace::parse(&namespace)?, Session::parse(&session)?);
    let wire::ContextWrite {
        properties,
        ttl_seconds,
    } = write;
    let expected = if_match(&headers)?;
    let written = context::replace(
        &caller,
        &app,
        &namespace,
        &session,
        properties,
        ttl_seconds,
        expected,
    );
    Ok(tagged(&namespace, &session, &written.await?))
}

/// Add and overwrite properties; the others stay.
#[utoipa::path(patch, path = "/api/v1/context/{namespace}/{session}", tag = "context",
    params(("namespace" = String, Path, description = "The namespace"),
        ("session" = String, Path, description = "The session"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read; `\"0\"` for none")),
    request_body = wire::ContextWrite,
    responses((status = 200, body = wire::ContextDocument), (status = 409, body = Problem),
        (status = 413, body = Problem)))]
async fn patch(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((namespace, session)): Path<(String, String)>,
    headers: HeaderMap,
    extract::Json(write): extract::Json<wire::ContextWrite>,
) -> Answer<Tagged> {
    let (namespace, session) = (Namespace::parse(&namespace)?, Session::parse(&session)?);
    let ttl = Ttl::Seconds(write.ttl_seconds);
    let expected = if_match(&headers)?;
    let written = context::write(
        &caller,
        &app,
        &namespace,
        &session,
        write.properties,
        ttl,
        expected,
    );
    Ok(tagged(&namespace, &session, &written.await?))
}

/// Remove a document; an absent one is no mistake.
#[utoipa::path(delete, path = "/api/v1/context/{namespace}/{session}", tag = "context",
    params(("namespace" = String, Path, description = "The namespace"),
        ("session" = String, Path, description = "The session"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read")),
    responses((status = 204), (status = 409, body = Problem)))]
async fn delete(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((namespace, session)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let (namespace, session) = (Namespace::parse(&namespace)?, Session::parse(&session)?);
    context::remove(
        &caller,
        &app,
        &namespace,
        &session,
        None,
        if_match(&headers)?,
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
