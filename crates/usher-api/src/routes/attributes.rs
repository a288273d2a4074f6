//! The attribute catalogue.

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use usher_app::{App, attributes};
use usher_model::limits;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{self, Authenticated, Path, Shared};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::attribute as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update, delete))
        .layer(DefaultBodyLimit::max(limits::CONTEXT_BODY_BYTES_MAX))
}

type Answer<T> = Result<T, Failure>;

/// List the attributes: built-in ones, custom ones, and what policies mention besides.
#[utoipa::path(get, path = "/api/v1/attributes", tag = "attributes",
    responses((status = 200, body = Page<wire::Attribute>)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::Attribute>>> {
    let attributes = attributes::list(&caller, &app).await?;
    Ok(Json(Page::whole(
        attributes.into_iter().map(Into::into).collect(),
    )))
}

/// Add a custom attribute.
#[utoipa::path(post, path = "/api/v1/attributes", tag = "attributes",
    request_body = wire::NewAttribute,
    responses((status = 201, body = wire::Attribute), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(new): extract::Json<wire::NewAttribute>,
) -> Answer<(StatusCode, Json<wire::Attribute>)> {
    let attribute = attributes::create(&caller, &app, new.into_new(None)?).await?;
    Ok((StatusCode::CREATED, Json(attribute.into())))
}

/// Replace a custom attribute.
#[utoipa::path(put, path = "/api/v1/attributes/{name}", tag = "attributes",
    params(("name" = String, Path, description = "The name without `custom.`")),
    request_body = wire::NewAttribute,
    responses((status = 200, body = wire::Attribute), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn update(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(name): Path<String>,
    extract::Json(new): extract::Json<wire::NewAttribute>,
) -> Answer<Json<wire::Attribute>> {
    Ok(Json(
        attributes::update(&caller, &app, new.into_new(Some(name))?)
            .await?
            .into(),
    ))
}

/// Remove a custom attribute; policies that mention it find it missing.
#[utoipa::path(delete, path = "/api/v1/attributes/{name}", tag = "attributes",
    params(("name" = String, Path, description = "The name without `custom.`")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(name): Path<String>,
) -> Answer<StatusCode> {
    attributes::delete(&caller, &app, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
