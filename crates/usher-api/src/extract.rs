//! What handlers are given: the caller, the body, the revision to match.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::error::{Code, Error, Mistake};
use usher_app::sign_ins;
use usher_model::id::RequestId;

use crate::problem::Failure;

mod numbers;

/// What handlers share.
pub type Shared = State<Arc<App>>;

/// The request's id, set by the outermost layer.
#[derive(Clone, Copy, Debug)]
pub struct Id(pub RequestId);

/// Who asks, if the request comes from inside: nobody outside can say so.
#[derive(Clone, Debug)]
pub(crate) struct Trusted(pub(crate) Caller);

/// Who asks: from `Authorization: Bearer`, `maven-api-key` or `access_token`, in this order; an API
/// key and a token are taken in each. Without them it is who has signed in on the page. The account's rate is counted here.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Caller);

impl FromRequestParts<Arc<App>> for Authenticated {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        if let Some(Trusted(caller)) = parts.extensions.remove::<Trusted>() {
            return Ok(Self(caller));
        }
        let request_id = request_id(parts, app);
        let presented = match presented(parts) {
            Some(presented) => presented,
            None => cookie_of_page(parts)?.into(),
        };
        let caller = authenticate(app, &presented, request_id).await?;
        tracing::Span::current().record("account", caller.account.as_str());
        usher_app::rate::take(&caller, app)?;
        Ok(Self(Caller {
            idempotency_key: idempotency_key(&parts.headers)?,
            ..caller
        }))
    }
}

/// Says who presents an API key, a token or the cookie of a sign-in.
pub(crate) async fn authenticate(
    app: &App,
    presented: &str,
    request_id: RequestId,
) -> Result<Caller, Error> {
    if usher_app::credentials::is_api_key(presented) {
        usher_app::credentials::authenticate(app, presented, request_id).await
    } else if sign_ins::is_cookie(presented) {
        sign_ins::authenticate(app, presented, request_id).await
    } else {
        usher_app::credentials::authenticate_token(app, presented, request_id).await
    }
}

/// Characters of an `Idempotency-Key`.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > IDEMPOTENCY_KEY_CHARS_MAX {
        let message = format!(
            "expected an `Idempotency-Key` of 1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable characters"
        );
        return Err(Error::new(Code::BadRequest, message));
    }
    Ok(Some(key.to_owned()))
}

pub(crate) fn request_id(parts: &Parts, app: &App) -> RequestId {
    parts
        .extensions
        .get::<Id>()
        .map_or_else(|| RequestId::mint(app.ids()), |id| id.0)
}

/// Returns the credential in `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| credential.trim())
}

/// The cookie of somebody who has signed in.
pub(crate) const COOKIE: &str = "usher_session";
/// What a page must send along with a change.
const CSRF_TOKEN: &str = "x-csrf-token";

/// Returns the cookie of somebody who has signed in.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    named_cookie(headers, COOKIE)
}

/// Returns the cookie of a name.
pub(crate) fn named_cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let values = headers.get_all(header::COOKIE).iter();
    let mut cookies = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    cookies.find_map(|cookie| cookie.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Refuses what a page of another site asks in the name of whoever looks at it.
pub(crate) fn require_own_page(headers: &HeaderMap) -> Result<(), Error> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_own = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_some() && authority == text("host")
        }
        // Not a browser.
        (None, None) => true,
    };
    let message = "expected a request of a page of this server";
    is_own
        .then_some(())
        .ok_or_else(|| Error::new(Code::ForeignPage, message))
}

/// Returns the cookie; with a change the page must have sent its token along.
fn cookie_of_page(parts: &Parts) -> Result<&str, Error> {
    let cookie = cookie(&parts.headers).ok_or_else(|| {
        Error::new(
            Code::Unauthorized,
            "expected a credential in `Authorization: Bearer …`, found none",
        )
    })?;
    let sent = parts.headers.get(CSRF_TOKEN);
    let is_told =
        sent.is_some_and(|sent| sent.as_bytes() == sign_ins::csrf_token(cookie).as_bytes());
    if parts.method.is_safe() || is_told {
        return Ok(cookie);
    }
    let message = format!("expected the header `{CSRF_TOKEN}` with the `csrfToken` of the session");
    Err(Error::new(Code::ForeignPage, message))
}

fn presented(parts: &Parts) -> Option<Cow<'_, str>> {
    let bearer = bearer(&parts.headers).map(Cow::from);
    let api_key = || {
        let value = parts.headers.get("maven-api-key")?.to_str().ok()?;
        Some(value.trim().into())
    };
    let in_query = || {
        let query = parts.uri.query()?;
        let token = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("access_token="))?;
        percent_encoding::percent_decode_str(token)
            .decode_utf8()
            .ok()
    };
    bearer
        .or_else(api_key)
        .or_else(in_query)
        .filter(|credential: &Cow<'_, str>| !credential.is_empty())
}

/// The query's parameters; a mistake in them is said as every other.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        let axum::extract::Query(query) =
            read.map_err(|rejection| unreadable(&rejection.body_text()))?;
        Ok(Self(query))
    }
}

/// The path's parameters; a mistake in them is said as every other.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        let axum::extract::Path(path) =
            read.map_err(|rejection| unreadable(&rejection.body_text()))?;
        Ok(Self(path))
    }
}

fn unreadable(why: &str) -> Failure {
    Failure(Error::new(
        Code::BadRequest,
        format!("expected readable parameters: {why}"),
    ))
}

/// A JSON body; the media type is not looked at, the mistakes are said with their place.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        object(&body(request, state).await?).map(Self)
    }
}

pub(crate) fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    // Without this a list would be read as the fields of the object in their order.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Failure(Error::new(
            Code::BadRequest,
            "expected a JSON object",
        )));
    }
    parse(bytes).map_err(Failure)
}

/// A JSON body that may be left out: then everything in it is.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let bytes = body(request, state).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(T::default()));
        }
        object(&bytes).map(Self)
    }
}

/// Reads the whole body, within its limit.
pub(crate) async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Failure> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| {
            let is_large = rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE;
            let (code, message) = if is_large {
                (
                    Code::BodyTooLarge,
                    "the body is larger than this path allows",
                )
            } else {
                (
                    Code::BadRequest,
                    "expected a whole body; the connection ended before",
                )
            };
            Failure(Error::new(code, message))
        })
}

/// Reads JSON and says where it is not what was expected.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    if let Some(number) = numbers::too_large(bytes) {
        let message = format!(
            "expected whole numbers from {} to {}, found {number}; send longer ones as text",
            i64::MIN,
            u64::MAX
        );
        return Err(Error::new(Code::BadRequest, message));
    }
    // Keeping track of the place costs time, so it is looked for only when there is a mistake.
    if let Ok(parsed) = serde_json::from_slice(bytes) {
        return Ok(parsed);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.inner().to_string();
        if error.inner().is_data() {
            let mistake = Mistake {
                pointer,
                code: Code::FieldInvalid.as_str().to_owned(),
                detail: inner.clone(),
                suggestion: None,
                span: None,
            };
            Error::new(Code::FieldInvalid, inner).with_mistakes(vec![mistake])
        } else {
            Error::new(Code::BadRequest, format!("expected JSON: {inner}"))
        }
    })?;
    reader.end().map_err(|error| {
        Error::new(
            Code::BadRequest,
            format!("expected one JSON value: {error}"),
        )
    })?;
    Ok(parsed)
}

/// Writes a path as a JSON pointer in a fragment.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = "#".to_owned();
    for segment in path {
        let text = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&text);
    }
    pointer
}

/// The revision in `If-Match`, which a conditional edit must still find.
///
/// # Errors
/// Fails if the header is there and is not `"<number>"` or `*`.
pub fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Error> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.trim_start_matches("W/").trim_matches('"');
    number.parse().map(Some).map_err(|source| {
        let message = format!("expected `If-Match: \"<number>\"` from the `ETag`, found `{text}`");
        Error::new(Code::BadRequest, message).with_source(source)
    })
}
