//! `/v2/authenticate/login`: client id and secret in, a token out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::routing::get;
use base64::Engine as _;
use serde::Serialize;
use usher_app::App;
use usher_app::credentials;
use usher_app::error::{Code, Error};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::Shared;
use crate::problem::Failure;

/// The token, in the shape of OAuth 2.0.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoginToken, example = json!({
    "access_token": "eyJhbGciOi…", "token_type": "Bearer", "expires_in": 86400
}))]
struct Token {
    /// A signed JWT with `sub`, `tenantId`, `role`, `iat` and `exp`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds that it works.
    expires_in: u64,
}

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(login))
        // The published pages name no method.
        .route("/v2/authenticate/login", get(login))
}

/// Exchange a client id and secret for a token.
///
/// `GET` is taken too. The token works in `Authorization: Bearer` and in `access_token`.
#[utoipa::path(post, path = "/v2/authenticate/login", tag = "login", operation_id = "login",
    security(("basic" = [])),
    responses((status = 200, description = "The token", body = Token)))]
async fn login(State(app): Shared, headers: HeaderMap) -> Result<Json<Token>, Failure> {
    let (client_id, client_secret) = basic(&headers).ok_or_else(|| {
        Error::new(
            Code::Unauthorized,
            "expected `Authorization: Basic` with base64 of `<clientId>:<clientSecret>`",
        )
    })?;
    let token = credentials::login(&app, &client_id, &client_secret).await?;
    Ok(Json(Token {
        access_token: token.access_token,
        token_type: "Bearer",
        expires_in: token.expires_in.as_secs(),
    }))
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(encoded.trim())
        .ok()?;
    let (client_id, client_secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((client_id.to_owned(), client_secret.to_owned()))
}
