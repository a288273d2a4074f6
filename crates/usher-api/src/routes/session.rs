//! Signing in and out.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use usher_app::App;
use usher_app::error::Error;
use usher_app::sign_ins::{self, oidc};
use usher_model::id::UserId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{self, Authenticated, COOKIE, Path, Shared, require_own_page};
use crate::problem::{Failure, Problem};
use crate::wire::session as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, get, sign_out))
        .routes(routes!(set_up))
        .routes(routes!(change_password))
        .routes(routes!(provider, depart, come_back))
        .routes(routes!(link))
}

/// What a browser keeps while somebody is at the identity provider.
const OIDC_COOKIE: &str = "usher_oidc";

type Answer<T> = Result<T, Failure>;
type Welcome = (HeaderMap, Json<wire::Session>);

/// Sign in with address and password.
///
/// The answer sets a cookie that pages of this server send along for twelve hours. After five wrong
/// passwords each further try has to wait, at most 15 minutes.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", security(()),
    request_body = wire::SignIn,
    responses((status = 200, body = wire::Session), (status = 401, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn sign_in(
    State(app): Shared,
    headers: HeaderMap,
    extract::Json(proof): extract::Json<wire::SignIn>,
) -> Answer<Welcome> {
    require_own_page(&headers)?;
    let wire::SignIn {
        account,
        email,
        password,
    } = proof;
    let proof = sign_ins::Proof {
        account,
        email,
        password,
    };
    welcome(&headers, sign_ins::sign_in(&app, proof).await?)
}

/// See who is signed in, and what they may do.
#[utoipa::path(get, path = "/api/v1/session", tag = "session",
    responses((status = 200, body = wire::Session), (status = 401, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
) -> Answer<Json<wire::Session>> {
    let user = sign_ins::who(&caller, &app).await?;
    let cookie = extract::cookie(&headers).filter(|_| extract::bearer(&headers).is_none());
    Ok(Json(wire::Session::new(&caller, user, cookie)))
}

/// Sign out in this browser.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", security(()),
    responses((status = 204)))]
async fn sign_out(State(app): Shared, headers: HeaderMap) -> Answer<(HeaderMap, StatusCode)> {
    require_own_page(&headers)?;
    if let Some(cookie) = extract::cookie(&headers) {
        sign_ins::sign_out(&app, cookie).await?;
    }
    let gone = set_cookie(&headers, COOKIE, "", Duration::ZERO)?;
    Ok((gone, StatusCode::NO_CONTENT))
}

/// Choose a password by a link, and sign in with it; the link works once.
#[utoipa::path(post, path = "/api/v1/session/setup", tag = "session", security(()),
    request_body = wire::SetUp,
    responses((status = 200, body = wire::Session), (status = 401, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn set_up(
    State(app): Shared,
    headers: HeaderMap,
    extract::Json(wanted): extract::Json<wire::SetUp>,
) -> Answer<Welcome> {
    require_own_page(&headers)?;
    let wire::SetUp {
        token,
        name,
        email,
        password,
    } = wanted;
    let wanted = sign_ins::SetUp {
        token,
        name,
        email,
        password,
    };
    welcome(&headers, sign_ins::set_up(&app, wanted).await?)
}

/// Choose a new password; every other browser is signed out.
#[utoipa::path(put, path = "/api/v1/session/password", tag = "session",
    request_body = wire::NewPassword,
    responses((status = 200, body = wire::Session), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn change_password(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    extract::Json(new): extract::Json<wire::NewPassword>,
) -> Answer<Welcome> {
    let (current, new) = (new.current_password, new.password);
    let signed_in = sign_ins::change_password(&caller, &app, current, new).await?;
    welcome(&headers, signed_in)
}

/// See at which identity provider people may sign in.
#[utoipa::path(get, path = "/api/v1/session/oidc", tag = "session", security(()),
    responses((status = 200, body = wire::IdentityProvider)))]
async fn provider(State(app): Shared) -> Json<wire::IdentityProvider> {
    let name = oidc::name(&app).map(str::to_owned);
    Json(wire::IdentityProvider { name })
}

/// Begin to sign in at the identity provider.
///
/// The answer sets a cookie that is good for ten minutes, and says where the browser goes. It comes
/// back to `/console/sign-in/oidc` with `state` and `code`.
#[utoipa::path(post, path = "/api/v1/session/oidc", tag = "session", security(()),
    responses((status = 200, body = wire::Departure), (status = 404, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)))]
async fn depart(
    State(app): Shared,
    headers: HeaderMap,
) -> Answer<(HeaderMap, Json<wire::Departure>)> {
    require_own_page(&headers)?;
    let begun = oidc::begin(&app).await?;
    let kept = set_cookie(&headers, OIDC_COOKIE, &begun.secret, oidc::TIME_MAX)?;
    Ok((kept, Json(wire::Departure { url: begun.url })))
}

/// Sign in with what the identity provider gave.
///
/// It takes the cookie of `POST /api/v1/session/oidc`, and only once.
#[utoipa::path(put, path = "/api/v1/session/oidc", tag = "session", security(()),
    request_body = wire::Return,
    responses((status = 200, body = wire::Session), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 429, body = Problem),
        (status = 503, body = Problem)))]
async fn come_back(
    State(app): Shared,
    headers: HeaderMap,
    extract::Json(came): extract::Json<wire::Return>,
) -> Answer<Welcome> {
    require_own_page(&headers)?;
    let secret = extract::named_cookie(&headers, OIDC_COOKIE).unwrap_or_default();
    let returned = oidc::Returned {
        secret: secret.to_owned(),
        state: came.state,
        code: came.code,
    };
    let signed_in = oidc::finish(&app, returned).await?;
    let (mut set, session) = welcome(&headers, signed_in)?;
    set.append(
        header::SET_COOKIE,
        cookie(&headers, OIDC_COOKIE, "", Duration::ZERO)?,
    );
    Ok((set, session))
}

/// Make a link with which a user chooses a password, once within a day.
#[utoipa::path(post, path = "/api/v1/users/{userId}/sign-in-link", tag = "access",
    params(("userId" = String, Path, description = "The user")),
    responses((status = 201, body = wire::SignInLink), (status = 404, body = Problem),
        (status = 422, body = Problem)))]
async fn link(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(user): Path<UserId>,
) -> Answer<(StatusCode, Json<wire::SignInLink>)> {
    let link = sign_ins::link(&caller, &app, &user).await?;
    Ok((StatusCode::CREATED, Json(link.into())))
}

fn welcome(headers: &HeaderMap, signed_in: sign_ins::SignedIn) -> Answer<Welcome> {
    let set = set_cookie(headers, COOKIE, &signed_in.cookie, signed_in.expires_in)?;
    Ok((set, Json(wire::Session::of(signed_in))))
}

fn set_cookie(
    headers: &HeaderMap,
    name: &str,
    value: &str,
    life: Duration,
) -> Result<HeaderMap, Error> {
    let cookie = cookie(headers, name, value, life)?;
    Ok([(header::SET_COOKIE, cookie)].into_iter().collect())
}

fn cookie(
    headers: &HeaderMap,
    name: &str,
    value: &str,
    life: Duration,
) -> Result<HeaderValue, Error> {
    // The page's own address says whether the browser came over TLS, whatever stands between.
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    let is_encrypted = origin.is_some_and(|origin| origin.starts_with(b"https://"));
    let secure = if is_encrypted { "; Secure" } else { "" };
    let seconds = life.as_secs();
    let cookie =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::try_from(cookie).map_err(Error::internal)
}
