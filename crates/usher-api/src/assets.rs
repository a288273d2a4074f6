//! The built console and messenger: their pages, scripts and styles.
//!
//! Which files there are is told by the program, which may have been built without any; here is how
//! they are served. A name under `assets/` has a hash in it and never changes its content. All other
//! paths are places within the console and get its page. A page loads nothing from another host and
//! runs nothing that stands in the page itself; only the messenger's may stand within pages of others.

use std::collections::BTreeSet;
use std::iter;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use usher_app::error::{Code, Error};
use usher_app::{App, settings};

use crate::extract::{self, Id, Shared};
use crate::problem::Failure;

/// The files of the built console and messenger, by path: `index.html`, `assets/index-3Fq2.js`.
pub type Files = &'static [(&'static str, &'static [u8])];

/// Where a page wants a word that is new with each answer.
const NONCE: &str = "{{nonce}}";

/// What lets a page of the brand's work as a widget of the workspace.
const SDK: &str = "agent-workspace.js";

/// What a program answers that was built without the console.
const ABSENT: &str = "<!doctype html><title>Usher</title>\
    <p>This program was built without the console.\
    <p><code>cargo xtask start</code> builds both; by hand it is \
    <code>npm ci &amp;&amp; npm run build</code> in <code>console/</code>, then \
    <code>cargo build --release --package usher --features console</code>.\
    <p>The API is described under <a href=\"/docs\">/docs</a>.\n";

/// What a site puts into its pages to have the messenger there.
const TAG: &str = "messenger.js";

/// A page, and whose pages it may stand in.
struct Page {
    file: &'static str,
    ancestors: &'static str,
}

const CONSOLE: Page = Page {
    file: "index.html",
    ancestors: "'none'",
};

/// It stands in a frame on the sites of brands. Who frames it learns nothing of what is said in it.
const MESSENGER: Page = Page {
    file: "messenger.html",
    ancestors: "*",
};

/// Returns the routes of the console and the messenger.
pub(crate) fn router(files: Option<Files>) -> Router<Arc<App>> {
    let page = get(
        move |State(app): Shared, id: Extension<Id>, headers: HeaderMap| async move {
            console(files, &app, &id, &headers).await
        },
    );
    let messenger = get(move |id: Extension<Id>| async move {
        // What stands in a page of others shows none of them.
        self::page(files, &MESSENGER, &id, "'none'")
    });
    let file = get(
        move |State(app): Shared, path: Path<String>, id: Extension<Id>, headers: HeaderMap| async move {
            match files.and_then(|files| file(files, &path, &headers)) {
                Some(found) => found,
                None if path.starts_with("assets/") => missing(),
                None => console(files, &app, &id, &headers).await,
            }
        },
    );
    // What widgets load: pages of other sites.
    let sdk = get(move |headers: HeaderMap| async move {
        let found = files.and_then(|files| self::file(files, SDK, &headers));
        found.unwrap_or_else(missing)
    });
    let tag = get(move |headers: HeaderMap| async move {
        let found = files.and_then(|files| self::file(files, TAG, &headers));
        found.unwrap_or_else(missing)
    });
    Router::new()
        .route("/", get(async || Redirect::temporary("/console")))
        .route("/console", page.clone())
        .route("/console/", page)
        .route("/console/{*path}", file)
        .route("/sdk/agent-workspace.js", sdk)
        .route("/messenger", messenger)
        .route("/messenger.js", tag)
        .route("/emulator", get(emulator))
}

/// Sends to the emulator, which is a place of the console.
async fn emulator(RawQuery(query): RawQuery) -> Redirect {
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    Redirect::temporary(&format!("/console/emulator{query}"))
}

fn missing() -> Response {
    let message = "the console has no such file; load the page again";
    Failure(Error::new(Code::NotFound, message)).into_response()
}

/// Answers a file as it is, compressed if there is such a one and the browser takes it.
fn file(files: Files, path: &str, asked: &HeaderMap) -> Option<Response> {
    let found = |wanted: &str| {
        let file = files.iter().find(|(name, _)| *name == wanted);
        file.map(|(_, bytes)| *bytes)
    };
    let kind = match path.rsplit_once('.')?.1 {
        "js" => "text/javascript",
        "css" => "text/css",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => return None,
    };
    let plain = found(path)?;
    let takes_brotli = asked
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|coding| coding.trim() == "br"));
    let compressed = found(&format!("{path}.br")).filter(|_| takes_brotli);
    let life = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=3600"
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, life),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut response = (headers, compressed.unwrap_or(plain)).into_response();
    if compressed.is_some() {
        let coding = HeaderValue::from_static("br");
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, coding);
    }
    Some(response)
}

/// Answers the console's page, whatever place within it the path names.
async fn console(files: Option<Files>, app: &App, id: &Id, headers: &HeaderMap) -> Response {
    let frames = frames(app, id, headers).await;
    page(files, &CONSOLE, id, &frames)
}

/// Answers a page that may show some origins in frames.
fn page(files: Option<Files>, page: &Page, id: &Id, frames: &str) -> Response {
    let ancestors = page.ancestors;
    let page = files
        .and_then(|files| files.iter().find(|(name, _)| *name == page.file))
        .and_then(|(_, bytes)| std::str::from_utf8(bytes).ok());
    let Some(page) = page else {
        return (StatusCode::NOT_FOUND, Html(ABSENT)).into_response();
    };
    // The request's id is new with each answer and cannot be guessed.
    let nonce = id.0.to_string();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src {frames}; \
         base-uri 'none'; \
         form-action 'self'; frame-ancestors {ancestors}"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    (headers, Html(page.replace(NONCE, &nonce))).into_response()
}

/// Returns what the console may show in frames: the messenger, and the origins of the widgets of
/// whoever looks at it.
async fn frames(app: &App, id: &Id, headers: &HeaderMap) -> String {
    let ours = || "'self'".to_owned();
    let Some(cookie) = extract::cookie(headers) else {
        return ours();
    };
    let Ok(caller) = extract::authenticate(app, cookie, id.0).await else {
        return ours();
    };
    let Ok(workspace) = settings::workspace(&caller, app).await else {
        return ours();
    };
    let widgets = workspace.widgets.iter();
    let origins: BTreeSet<&str> = widgets
        .filter_map(|widget| settings::origin_of(&widget.url))
        .collect();
    iter::once("'self'")
        .chain(origins)
        .collect::<Vec<_>>()
        .join(" ")
}
