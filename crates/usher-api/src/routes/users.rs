//! Users.

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode};
use usher_app::error::Code;
use usher_app::{App, imports, users};
use usher_model::id::UserId;
use usher_model::limits;
use usher_model::value::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{etag, patched, same_id};
use crate::extract::{self, Authenticated, Path, Query, Shared, if_match};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::import::{ImportQuery, ImportReport};
use crate::wire::user as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, put, patch, delete))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(import_file))
                .layer(DefaultBodyLimit::max(limits::IMPORT_BYTES_MAX)),
        )
}

type Answer<T> = Result<T, Failure>;
type Shown = (HeaderMap, Json<wire::User>);

fn shown(user: users::User) -> Shown {
    (etag(user.revision), Json(user.into()))
}

/// List the users.
#[utoipa::path(get, path = "/api/v1/users", tag = "access",
    responses((status = 200, body = Page<wire::User>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::User>>> {
    let users = users::list(&caller, &app).await?;
    let items = users.into_iter().map(|user| user.into());
    Ok(Json(Page::whole(items.collect())))
}

/// Add a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "access",
    request_body = wire::WrittenUser,
    responses((status = 201, body = wire::User), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(new): extract::Json<wire::WrittenUser>,
) -> Answer<(StatusCode, HeaderMap, Json<wire::User>)> {
    let id = new.id.clone();
    let user = users::create(&caller, &app, id, new.into()).await?;
    let (headers, body) = shown(user);
    Ok((StatusCode::CREATED, headers, body))
}

/// Add and change users as a CSV file says: all of it or nothing.
///
/// Columns are `id`, `name`, `nickname`, `email`, `kind`, `role`, `skills`, `maxConversations`,
/// `groupId`, `pictureUrl` and `isEnabled`; a line means the user of its `id` or, without one, of its
/// `email`. Skills are ids or names parted by `;`, each perhaps with `:` and a proficiency.
#[utoipa::path(post, path = "/api/v1/users/import", tag = "access",
    operation_id = "usersImport", params(ImportQuery),
    request_body(content = String, content_type = "text/csv", description = "The file; 10 MB",
        example = "id,name,email,skills,maxConversations\n7,Ada,ada@example.com,seeded:8,4\n"),
    responses((status = 200, body = ImportReport), (status = 413, body = Problem),
        (status = 422, body = Problem)))]
async fn import_file(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Answer<Json<ImportReport>> {
    let file = extract::body(request, &app).await?;
    let report = imports::users(&caller, &app, &file, query.dry_run).await?;
    Ok(Json(ImportReport::new(report, query.dry_run)))
}

/// See a user.
#[utoipa::path(get, path = "/api/v1/users/{userId}", tag = "access",
    params(("userId" = String, Path, description = "The user")),
    responses((status = 200, body = wire::User), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Shown> {
    Ok(shown(users::get(&caller, &app, &parse(&id)?).await?))
}

/// Say anew what a user is to be.
#[utoipa::path(put, path = "/api/v1/users/{userId}", tag = "access",
    params(("userId" = String, Path, description = "The user")),
    request_body(content = wire::WrittenUser, example = json!({"name": "Renamed"})),
    responses((status = 200, body = wire::User), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn put(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
    extract::Json(written): extract::Json<wire::WrittenUser>,
) -> Answer<Shown> {
    let id = parse(&id)?;
    same_id(written.id.as_ref(), &id)?;
    let expected = if_match(&headers)?;
    let user = users::replace(&caller, &app, &id, written.into(), expected).await?;
    Ok(shown(user))
}

/// Change the fields of a user that a JSON merge patch (RFC 7396) names.
#[utoipa::path(patch, path = "/api/v1/users/{userId}", tag = "access",
    params(("userId" = String, Path, description = "The user")),
    request_body(content = Object, example = json!({"name": "Renamed"})),
    responses((status = 200, body = wire::User), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn patch(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
    extract::Json(patch): extract::Json<Value>,
) -> Answer<Shown> {
    let id = parse(&id)?;
    let before = users::editable(&caller, &app, &id).await?;
    let expected = if_match(&headers)?.unwrap_or(before.revision);
    let before = wire::User::from(before);
    let written: wire::WrittenUser = patched(&before.is, &patch)?;
    same_id(written.id.as_ref(), &id)?;
    let user = users::replace(&caller, &app, &id, written.into(), Some(expected)).await?;
    Ok(shown(user))
}

/// Remove a user.
#[utoipa::path(delete, path = "/api/v1/users/{userId}", tag = "access",
    params(("userId" = String, Path, description = "The user")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    users::delete(&caller, &app, &parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switch a user on.
#[utoipa::path(post, path = "/api/v1/users/{userId}/enable", tag = "access",
    params(("userId" = String, Path, description = "The user")),
    responses((status = 200, body = wire::User), (status = 404, body = Problem)))]
async fn enable(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Shown> {
    let user = users::set_enabled(&caller, &app, &parse(&id)?, true).await?;
    Ok(shown(user))
}

/// Switch a user off.
#[utoipa::path(post, path = "/api/v1/users/{userId}/disable", tag = "access",
    params(("userId" = String, Path, description = "The user")),
    responses((status = 200, body = wire::User), (status = 404, body = Problem)))]
async fn disable(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Shown> {
    let user = users::set_enabled(&caller, &app, &parse(&id)?, false).await?;
    Ok(shown(user))
}

fn parse(id: &str) -> Answer<UserId> {
    super::parse(UserId::parse(id), Code::UserNotFound)
}
