//! The description of the API, and the pages that show it.

mod complete;

use std::sync::Arc;

use axum::Router;
use axum::response::Html;
use usher_app::App;
use usher_app::error::{Code, Error};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use crate::contract;
use crate::extract::Path;
use crate::problem::{self, Failure};

/// What stands above the paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Usher",
        description = "A conversation orchestrator: policies, context and next actions.\n\n\
            `/api/v1` is our own API: the account is the credential's, lists come in pages, edits \
            take `If-Match`, and errors are `application/problem+json`.\n\n\
            All other paths but the node's own are published contracts that existing bots, \
            functions and apps rely on; their errors are `{success, code, message, requestId}`. \
            Every path under `/v1/account/` also answers under `/v1/brand/`, and one that ends in `/properties` \
            also with a slash behind it.\n\n\
            Every answer names its request in `X-Request-Id`; one that the client sends is echoed. \
            Bodies are JSON whatever `Content-Type` says. A method that a path does not know is \
            answered with 405.",
        license(name = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "policies", description = "The ordered list that decides"),
        (name = "decisions", description = "Ask, and look into the log"),
        (name = "context", description = "Documents of properties, by namespace and session"),
        (name = "consumers", description = "Engagement attributes and erasure"),
        (name = "attributes", description = "What policies can read"),
        (name = "conversations", description = "Consumers and agents talk; why a conversation waits"),
        (name = "agents", description = "Availability, load, and what rings"),
        (name = "skills", description = "What connects conversations to agents"),
        (name = "settings", description = "What an account has set"),
        (name = "analytics", description = "How the floor and the policies have done"),
        (name = "functions", description = "A brand's own JavaScript, and the secrets it reads"),
        (name = "events", description = "What has happened, and where it is sent"),
        (name = "session", description = "Signing in and out"),
        (name = "access", description = "Credentials, users and the audit log"),
        (name = "context v1", description = "Published contract: a key-value store"),
        (name = "context v2", description = "Published contract: documents"),
        (name = "next actions", description = "Published contract: decisions, both versions"),
        (name = "login", description = "Published contract: tokens"),
        (name = "agent metrics", description = "Published contract: how agents are doing"),
        (name = "history", description = "Published contract: conversations, the closed ones too"),
        (name = "queue health", description = "Published contract: how queues are doing"),
        (name = "function invocation", description = "Published contract: functions run from outside"),
        (name = "service directory", description = "Published contract: where services answer"),
        (name = "node", description = "Whether the node lives, and what it says of itself")
    ),
    security(("bearer" = []), ("mavenApiKey" = []), ("accessToken" = [])),
    modifiers(&Security)
)]
#[derive(Debug)]
pub struct Description;

struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, document: &mut Document) {
        let http = |scheme, description: &str| {
            let scheme = Http::builder().scheme(scheme);
            SecurityScheme::Http(scheme.description(Some(description)).build())
        };
        let key = |name| ApiKeyValue::with_description(name, "An API key or a token");
        let components = document.components.get_or_insert_with(Default::default);
        for (name, scheme) in [
            (
                "bearer",
                http(HttpAuthScheme::Bearer, "An API key or a token"),
            ),
            (
                "mavenApiKey",
                SecurityScheme::ApiKey(ApiKey::Header(key("maven-api-key"))),
            ),
            (
                "accessToken",
                SecurityScheme::ApiKey(ApiKey::Query(key("access_token"))),
            ),
            (
                "basic",
                http(
                    HttpAuthScheme::Basic,
                    "The client id and secret of a credential",
                ),
            ),
        ] {
            components.add_security_scheme(name, scheme);
        }
    }
}

/// Returns `/openapi.json`, `/docs` and the pages about errors.
pub(crate) fn router(mut description: Document) -> Router<Arc<App>> {
    let (pages, described) = OpenApiRouter::new().routes(routes!(page)).split_for_parts();
    description.merge(contract::description());
    description.merge(described);
    complete::complete(&mut description);
    pages.merge(SwaggerUi::new("/docs").url("/openapi.json", description))
}

/// Read a page about one kind of error; `type` of every error body leads here.
#[utoipa::path(get, path = "/problems/{problem}", tag = "node", operation_id = "problem",
    params(("problem" = String, Path, description = "The code in lower case, with hyphens",
        example = "policy-not-found")),
    security(()),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, description = "There is no such kind of error")))]
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
