//! The description of the API, and the pages that show it.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::Html;
use axum::routing::get;
use usher_app::App;
use usher_app::error::{Code, Error};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_swagger_ui::SwaggerUi;

use crate::problem::{self, Failure};

/// What stands above the paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Usher",
        description = "A conversation orchestrator: policies, context and next actions.",
        license(name = "MIT OR Apache-2.0")
    ),
    security(("bearer" = [])),
    modifiers(&Security)
)]
#[derive(Debug)]
pub struct Description;

struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_with(Default::default);
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", bearer);
    }
}

/// Returns `/openapi.json`, `/docs` and the pages about errors.
pub(crate) fn router(description: Document) -> Router<Arc<App>> {
    Router::new()
        .merge(SwaggerUi::new("/docs").url("/openapi.json", description))
        .route("/problems/{problem}", get(page))
}

/// A page about one kind of error: `type` of every error body leads here.
async fn page(Path(name): Path<String>) -> Result<Html<String>, Failure> {
    let known = Code::ALL
        .iter()
        .find(|code| problem::page(**code) == format!("/problems/{name}"));
    let code = known.ok_or_else(|| Error::new(Code::NotFound, "there is no such kind of error"))?;
    let row = problem::row(*code);
    Ok(Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <body style=\"font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem\">\
         <h1>{title}</h1><p>{remedy}</p><p><code>{code}</code>, HTTP status {status}</p></body></html>",
        title = row.title,
        remedy = row.remedy,
        code = code.as_str(),
        status = row.status.as_u16(),
    )))
}
