//! `/v2/authenticate/login`: client id and secret in, a token out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use serde::Serialize;
use usher_app::App;
use usher_app::credentials;
use usher_app::error::{Code, Error};

use crate::extract::Shared;
use crate::problem::Failure;

/// The token, in the shape of OAuth 2.0.
#[derive(Debug, Serialize)]
struct Token {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
}

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/v2/authenticate/login", get(login).post(login))
}

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
