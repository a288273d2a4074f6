//! The context service, version 2: one document for each namespace and session.
//!
//! Source: `docs/guide/context.md`, "Version 2".

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::context::{self, Namespace, Session, Ttl};
use usher_app::error::{Code, Error};
use usher_model::time::Timestamp;
use usher_model::value::Object;

use crate::extract::{self, Authenticated, Shared};
use crate::problem::Failure;

pub(super) fn router() -> Router<Arc<App>> {
    let root = "/v2/context/document";
    Router::new()
        .route(&format!("{root}/create"), post(create).patch(create))
        .route(&format!("{root}/properties"), post(properties))
        // Some proxies drop the body of a DELETE, so POST is taken too.
        .route(
            &format!("{root}/property/delete"),
            delete(remove).post(remove),
        )
        .route(&format!("{root}/delete"), delete(remove).post(remove))
        .route(
            &format!("{root}/{{account}}/{{namespace}}"),
            get(sessionless),
        )
        .route(
            &format!("{root}/{{account}}/{{namespace}}/{{session}}"),
            get(of_session),
        )
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    account_id: String,
    name_space: String,
    session_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    #[serde(flatten)]
    target: Target,
    ttl_seconds: Option<i64>,
    payload: Object,
}

#[derive(Debug, Deserialize)]
struct Filter {
    #[serde(flatten)]
    target: Target,
    filter: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Remove {
    #[serde(flatten)]
    target: Target,
    #[serde(default)]
    property_to_delete: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    document_key: String,
    tenant_id: String,
    success: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    account_id: String,
    document_key: String,
    document_type: &'static str,
    name_space: String,
    payload: Object,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    tenant_id: String,
    ttl: Timestamp,
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

async fn sessionless(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account_id, name_space)): Path<(String, String)>,
) -> Result<Json<Document>, Failure> {
    document(
        &caller,
        &app,
        Target {
            account_id,
            name_space,
            session_id: None,
        },
    )
    .await
}

async fn of_session(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    Path((account_id, name_space, session)): Path<(String, String, String)>,
) -> Result<Json<Document>, Failure> {
    document(
        &caller,
        &app,
        Target {
            account_id,
            name_space,
            session_id: Some(session),
        },
    )
    .await
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
        payload: read.payload,
        tenant_id: caller.account.to_string(),
        ttl: read.expires_at,
        session_id: address.named,
    }))
}

async fn properties(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(body): extract::Json<Filter>,
) -> Result<Json<Object>, Failure> {
    let address = Address::read(&caller, body.target)?;
    let read = context::read(&caller, &app, &address.namespace, &address.session).await?;
    let payload = read.map(|read| read.payload).unwrap_or_default();
    let mut found = Object::new();
    for name in body.filter {
        let property = match name.split_once('.') {
            Some((prefix, property)) if prefix == address.namespace.as_str() => property,
            // A property's own name may hold a dot.
            _ if payload.contains_key(&name) => &name,
            None => &name,
            Some((prefix, _)) => {
                let expected = &address.namespace;
                let message = format!("expected filters of `{expected}`, found one of `{prefix}`");
                return Err(Error::new(Code::BadRequest, message).into());
            }
        };
        if let Some(value) = payload.get(property) {
            found.insert(format!("{}.{property}", address.namespace), value.clone());
        }
    }
    Ok(Json(found))
}

async fn remove(
    State(app): Shared,
    Authenticated(caller): Authenticated,
    extract::Json(body): extract::Json<Remove>,
) -> Result<Json<Done>, Failure> {
    let address = Address::read(&caller, body.target)?;
    let named = Some(body.property_to_delete).filter(|names| !names.is_empty());
    let Address {
        namespace, session, ..
    } = &address;
    context::remove(&caller, &app, namespace, session, named.as_deref(), None).await?;
    Ok(Json(address.done(&caller)))
}
