//! The context service, version 2: one document for each namespace and session.
//!
//! Source: `docs/guide/context.md`, "Version 2".

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{patch, post};
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::context::{self, Namespace, Session, Ttl};
use usher_app::error::{Code, Error};
use usher_model::time::Timestamp;
use usher_model::value::Object;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{self, Authenticated, Path, Shared};
use crate::problem::Failure;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    let root = "/v2/context/document";
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(properties))
        .routes(routes!(remove_properties))
        .routes(routes!(remove_document))
        .routes(routes!(sessionless))
        .routes(routes!(of_session))
        // Some samples of the published pages PATCH.
        .route(&format!("{root}/create"), patch(create))
        // Some proxies drop the body of a DELETE, so POST is taken too.
        .route(&format!("{root}/property/delete"), post(remove_properties))
        .route(&format!("{root}/delete"), post(remove_document))
}

/// Which document.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContextV2Target,
    example = json!({"accountId": "acc1", "nameSpace": "orchestrator", "sessionId": "c-1"}))]
struct Target {
    /// The credential's account.
    account_id: String,
    /// The namespace: 1 to 128 letters, digits and underscores.
    name_space: String,
    /// The session: 1 to 256 characters. Without one it is `__default__`.
    session_id: Option<String>,
}

/// What is to be written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContextV2Create, example = json!({
    "accountId": "acc1", "nameSpace": "orchestrator", "sessionId": "c-1", "ttlSeconds": 86400,
    "payload": {"intent": "order_status", "retries": 2}
}))]
struct Create {
    #[serde(flatten)]
    target: Target,
    /// Seconds from now until the whole document expires: at most 13 months, which is also what
    /// nothing, zero and less mean.
    ttl_seconds: Option<i64>,
    /// Any JSON by name; the compact text of the whole document has at most 800,000 characters.
    #[schema(value_type = Object)]
    payload: Object,
}

/// Which properties are read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ContextV2Filter, example = json!({
    "accountId": "acc1", "nameSpace": "orchestrator", "sessionId": "c-1",
    "filter": ["orchestrator.intent", "orchestrator.retries"]
}))]
struct Filter {
    #[serde(flatten)]
    target: Target,
    /// Names of properties, with or without the namespace and a dot before them.
    filter: Vec<String>,
}

/// Which properties are removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContextV2Remove, example = json!({
    "accountId": "acc1", "nameSpace": "orchestrator", "sessionId": "c-1",
    "propertyToDelete": ["intent"]
}))]
struct Remove {
    #[serde(flatten)]
    target: Target,
    /// Names of properties; with none, the whole document goes.
    #[serde(default)]
    property_to_delete: Vec<String>,
}

/// Which document was changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContextV2Done, example = json!({
    "documentKey": "acc1:orchestrator:c-1", "tenantId": "acc1", "success": true
}))]
struct Done {
    /// Account, namespace and session, parted by colons; without a session it ends in a colon.
    document_key: String,
    /// The account.
    tenant_id: String,
    /// Always true.
    success: bool,
}

/// A document.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContextV2Document, example = json!({
    "accountId": "acc1", "documentKey": "acc1:orchestrator:c-1", "documentType": "CONTEXT",
    "nameSpace": "orchestrator", "payload": {"intent": "order_status", "retries": 2},
    "sessionId": "c-1", "tenantId": "acc1", "ttl": "2026-05-05T10:00:00.000Z"
}))]
struct Document {
    /// The account.
    account_id: String,
    /// Account, namespace and session, parted by colons; without a session it ends in a colon.
    document_key: String,
    /// Always `CONTEXT`.
    document_type: &'static str,
    /// The namespace.
    name_space: String,
    /// What it holds; nothing has expired.
    #[schema(value_type = Object)]
    payload: Object,
    /// The session, if it was asked for by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    /// The account.
    tenant_id: String,
    /// When the last property expires.
    #[schema(value_type = String, format = DateTime)]
    ttl: Timestamp,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
struct NamespacePath {
    /// The credential's account.
    #[param(example = "acc1")]
    account_id: String,
    /// The namespace: 1 to 128 letters, digits and underscores.
    #[param(example = "orchestrator")]
    name_space: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
struct SessionPath {
    /// The credential's account.
    #[param(example = "acc1")]
    account_id: String,
    /// The namespace: 1 to 128 letters, digits and underscores.
    #[param(example = "orchestrator")]
    name_space: String,
    /// The session: 1 to 256 characters; `__default__` is what is written without one.
    #[param(example = "c-1")]
    session_id: String,
}

/// A checked target; without a session it is the default one, under another spelling.
struct Address {
    namespace: Namespace,
    session: Session,
    named: Option<String>,
}

impl Address {
    fn read(caller: &Caller, target: Target) -> Result<Self, Error> {
        caller.require_account(&target.account_id)?;
        let namespace = Namespace::parse(&target.name_space)?;
        let named = target.session_id.filter(|session| !session.is_empty());
        let session = named
            .as_deref()
            .map(Session::parse)
            .transpose()?
            .unwrap_or_default();
        Ok(Self {
            namespace,
            session,
            named,
        })
    }

    fn key(&self, caller: &Caller) -> String {
        let session = self.named.as_deref().unwrap_or("");
        format!("{}:{}:{session}", caller.account, self.namespace)
    }

    fn done(&self, caller: &Caller) -> Done {
        let tenant_id = caller.account.to_string();
        Done {
            document_key: self.key(caller),
            tenant_id,
            success: true,
        }
    }
}

/// Add and overwrite properties of a document, and set its life; other properties stay.
///
/// A document need not be made before. `PATCH` is taken too.
#[utoipa::path(post, path = "/v2/context/document/create", tag = "context v2",
    operation_id = "contextV2Create", request_body = Create,
    responses((status = 201, description = "Written", body = Done)))]
async fn create(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(body): extract::Json<Create>,
) -> Result<(StatusCode, Json<Done>), Failure> {
    let address = Address::read(&caller, body.target)?;
    let ttl = Ttl::Seconds(body.ttl_seconds);
    let Address {
        namespace, session, ..
    } = &address;
    context::write(&caller, &app, namespace, session, body.payload, ttl, None).await?;
    Ok((StatusCode::CREATED, Json(address.done(&caller))))
}

/// Read the document of a namespace that has no session.
///
/// It is the document of the session `__default__` under another spelling.
#[utoipa::path(get, path = "/v2/context/document/{accountId}/{nameSpace}", tag = "context v2",
    operation_id = "contextV2Document", params(NamespacePath),
    responses((status = 200, description = "The document", body = Document),
        (status = 404, description = "There is no such document, or it has expired")))]
async fn sessionless(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<NamespacePath>,
) -> Result<Json<Document>, Failure> {
    let target = Target {
        account_id: path.account_id,
        name_space: path.name_space,
        session_id: None,
    };
    document(&caller, &app, target).await
}

/// Read the document of a session.
#[utoipa::path(get, path = "/v2/context/document/{accountId}/{nameSpace}/{sessionId}",
    tag = "context v2", operation_id = "contextV2SessionDocument", params(SessionPath),
    responses((status = 200, description = "The document", body = Document),
        (status = 404, description = "There is no such document, or it has expired")))]
async fn of_session(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path(path): Path<SessionPath>,
) -> Result<Json<Document>, Failure> {
    let target = Target {
        account_id: path.account_id,
        name_space: path.name_space,
        session_id: Some(path.session_id),
    };
    document(&caller, &app, target).await
}

async fn document(caller: &Caller, app: &App, target: Target) -> Result<Json<Document>, Failure> {
    let address = Address::read(caller, target)?;
    let read = context::read(caller, app, &address.namespace, &address.session).await?;
    let read = read.ok_or_else(|| {
        Error::new(
            Code::DocumentNotFound,
            "there is no such document, or it has expired",
        )
    })?;
    Ok(Json(Document {
        account_id: caller.account.to_string(),
        document_key: address.key(caller),
        document_type: "CONTEXT",
        name_space: address.namespace.to_string(),
        payload: read.payload(),
        tenant_id: caller.account.to_string(),
        ttl: read.expires_at(),
        session_id: address.named,
    }))
}

/// Read some properties of a document.
///
/// Names that are not there are left out. A name that begins with another namespace is refused.
#[utoipa::path(post, path = "/v2/context/document/properties", tag = "context v2",
    operation_id = "contextV2Properties", request_body = Filter,
    responses((status = 200, description = "Values by name, each with its namespace",
        body = Object,
        example = json!({"orchestrator.intent": "order_status", "orchestrator.retries": 2}))))]
async fn properties(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(body): extract::Json<Filter>,
) -> Result<Json<Object>, Failure> {
    let address = Address::read(&caller, body.target)?;
    let read = context::read(&caller, &app, &address.namespace, &address.session).await?;
    let value = |property: &str| read.as_ref().and_then(|read| read.get(property));
    let mut found = Object::new();
    for name in body.filter {
        let property = match name.split_once('.') {
            Some((prefix, property)) if prefix == address.namespace.as_str() => property,
            // A property's own name may hold a dot.
            _ if value(&name).is_some() => &name,
            None => &name,
            Some((prefix, _)) => {
                let expected = &address.namespace;
                let message = format!("expected filters of `{expected}`, found one of `{prefix}`");
                return Err(Error::new(Code::BadRequest, message).into());
            }
        };
        if let Some(value) = value(property) {
            found.insert(format!("{}.{property}", address.namespace), value.clone());
        }
    }
    Ok(Json(found))
}

/// Remove properties of a document; without any named, the whole document.
///
/// What is absent is no mistake. `POST` is taken too, for proxies that drop the body of a
/// `DELETE`.
#[utoipa::path(delete, path = "/v2/context/document/property/delete", tag = "context v2",
    operation_id = "contextV2DeleteProperties", request_body = Remove,
    responses((status = 200, description = "Done", body = Done)))]
async fn remove_properties(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(body): extract::Json<Remove>,
) -> Result<Json<Done>, Failure> {
    remove(&caller, &app, body).await
}

/// Remove a document.
///
/// An absent one is no mistake. Where `propertyToDelete` names properties, only they go. `POST` is
/// taken too, for proxies that drop the body of a `DELETE`.
#[utoipa::path(delete, path = "/v2/context/document/delete", tag = "context v2",
    operation_id = "contextV2DeleteDocument", request_body = Target,
    responses((status = 200, description = "Done", body = Done)))]
async fn remove_document(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(body): extract::Json<Remove>,
) -> Result<Json<Done>, Failure> {
    remove(&caller, &app, body).await
}

async fn remove(caller: &Caller, app: &App, body: Remove) -> Result<Json<Done>, Failure> {
    let address = Address::read(caller, body.target)?;
    let named = Some(body.property_to_delete).filter(|names| !names.is_empty());
    let Address {
        namespace, session, ..
    } = &address;
    context::remove(caller, app, namespace, session, named.as_deref(), None).await?;
    Ok(Json(address.done(caller)))
}
