//! Users.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use usher_app::error::{Code, Error};
use usher_app::{App, users};
use usher_model::id::UserId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{self, Authenticated, Path, Shared};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::access as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(delete))
}

type Answer<T> = Result<T, Failure>;

/// List the users.
#[utoipa::path(get, path = "/api/v1/users", tag = "access",
    responses((status = 200, body = Page<wire::User>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::User>>> {
    let users = users::list(&caller, &app).await?;
    Ok(Json(Page::whole(
        users.into_iter().map(Into::into).collect(),
    )))
}

/// Add a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "access", request_body = wire::NewUser,
    responses((status = 201, body = wire::User), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(new): extract::Json<wire::NewUser>,
) -> Answer<(StatusCode, Json<wire::User>)> {
    let wire::NewUser {
        name,
        email,
        role,
        password,
    } = new;
    let user = users::create(
        &caller,
        &app,
        users::New {
            name,
            email,
            role,
            password,
        },
    )
    .await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}

/// Remove a user.
#[utoipa::path(delete, path = "/api/v1/users/{userId}", tag = "access",
    params(("userId" = String, Path, description = "The user")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(user_id): Path<String>,
) -> Answer<StatusCode> {
    let id = UserId::parse(&user_id)
        .map_err(|_too_long| Error::new(Code::UserNotFound, "no user has such an id"))?;
    users::delete(&caller, &app, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
