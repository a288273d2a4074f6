//! Webhooks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use usher_app::error::Code;
use usher_app::{App, webhooks};
use usher_model::id::WebhookId;
use usher_model::value::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{etag, patched};
use crate::extract::{self, Authenticated, Path, Shared, if_match};
use crate::page::Page;
use crate::problem::{Failure, Problem};
use crate::wire::webhook as wire;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, put, patch, delete))
        .routes(routes!(rotate_secret))
        .routes(routes!(test))
}

type Answer<T> = Result<T, Failure>;
type Shown = (HeaderMap, Json<wire::Webhook>);

fn shown(webhook: webhooks::Kept<webhooks::Webhook>) -> Shown {
    (etag(webhook.revision), Json(webhook.record.into()))
}

/// List the webhooks.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "events",
    responses((status = 200, body = Page<wire::Webhook>), (status = 403, body = Problem)))]
async fn list(
    State(app): Shared,
    Authenticated(caller): Authenticated,
) -> Answer<Json<Page<wire::Webhook>>> {
    let webhooks = webhooks::list(&caller, &app).await?;
    let items = webhooks.into_iter().map(|webhook| webhook.record.into());
    Ok(Json(Page::whole(items.collect())))
}

/// Add a webhook. It gets what happens from now on; its secret is shown this once.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "events",
    request_body = wire::WrittenWebhook,
    responses((status = 201, body = wire::Webhook), (status = 422, body = Problem)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(new): extract::Json<wire::WrittenWebhook>,
) -> Answer<(StatusCode, HeaderMap, Json<wire::Webhook>)> {
    let (webhook, secret) = webhooks::create(&caller, &app, new.into()).await?;
    let (headers, Json(body)) = shown(webhook);
    let body = wire::Webhook {
        secret: Some(secret),
        ..body
    };
    Ok((StatusCode::CREATED, headers, Json(body)))
}

/// See a webhook, and how it is doing.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhookId}", tag = "events",
    params(("webhookId" = String, Path, description = "The webhook")),
    responses((status = 200, body = wire::Webhook), (status = 404, body = Problem)))]
async fn get(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Shown> {
    let (webhook, progress) = webhooks::get(&caller, &app, parse(&id)?).await?;
    let (headers, Json(body)) = shown(webhook);
    let body = wire::Webhook {
        progress: Some(progress.into()),
        ..body
    };
    Ok((headers, Json(body)))
}

/// Say anew what a webhook is to be.
#[utoipa::path(put, path = "/api/v1/webhooks/{webhookId}", tag = "events",
    params(("webhookId" = String, Path, description = "The webhook")),
    request_body = wire::WrittenWebhook,
    responses((status = 200, body = wire::Webhook), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn put(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
    extract::Json(written): extract::Json<wire::WrittenWebhook>,
) -> Answer<Shown> {
    let (id, expected) = (parse(&id)?, if_match(&headers)?);
    let webhook = webhooks::replace(&caller, &app, id, written.into(), expected).await?;
    Ok(shown(webhook))
}

/// Change the fields of a webhook that a JSON merge patch (RFC 7396) names.
#[utoipa::path(patch, path = "/api/v1/webhooks/{webhookId}", tag = "events",
    params(("webhookId" = String, Path, description = "The webhook")),
    request_body(content = Object, example = json!({"enabled": false})),
    responses((status = 200, body = wire::Webhook), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn patch(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    headers: HeaderMap,
    extract::Json(patch): extract::Json<Value>,
) -> Answer<Shown> {
    let id = parse(&id)?;
    let before = webhooks::editable(&caller, &app, id).await?;
    let expected = if_match(&headers)?.unwrap_or(before.revision);
    let before = wire::Webhook::from(before.record);
    let written: wire::WrittenWebhook = patched(&before.is, &patch)?;
    let webhook = webhooks::replace(&caller, &app, id, written.into(), Some(expected)).await?;
    Ok(shown(webhook))
}

/// Remove a webhook.
#[utoipa::path(delete, path = "/api/v1/webhooks/{webhookId}", tag = "events",
    params(("webhookId" = String, Path, description = "The webhook")),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    webhooks::delete(&caller, &app, parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook a new secret, which is shown this once; the one before signs beside it for 24 hours.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhookId}/rotate-secret", tag = "events",
    params(("webhookId" = String, Path, description = "The webhook")),
    responses((status = 200, body = wire::Webhook), (status = 404, body = Problem)))]
async fn rotate_secret(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Shown> {
    let (webhook, secret) = webhooks::rotate(&caller, &app, parse(&id)?).await?;
    let (headers, Json(body)) = shown(webhook);
    let body = wire::Webhook {
        secret: Some(secret),
        ..body
    };
    Ok((headers, Json(body)))
}

/// Send a webhook an event that nothing has caused, and see what comes of it.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhookId}/test", tag = "events",
    params(("webhookId" = String, Path, description = "The webhook")),
    responses((status = 200, body = wire::DeliveryAttempt), (status = 404, body = Problem)))]
async fn test(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Answer<Json<wire::DeliveryAttempt>> {
    let outcome = webhooks::test(&caller, &app, parse(&id)?).await?;
    Ok(Json(outcome.into()))
}

fn parse(id: &str) -> Answer<WebhookId> {
    super::parse(WebhookId::parse(id), Code::WebhookNotFound)
}
