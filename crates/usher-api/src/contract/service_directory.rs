//! The service directory: under which host an account's services answer. All answer here.

use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderMap, Uri, header};
use serde::{Deserialize, Serialize};
use usher_app::App;
use usher_app::error::{Code, Error};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shape::AccountPath;
use crate::extract::{Authenticated, Path};
use crate::problem::Failure;

/// The services that existing clients look up.
const SERVICES: [&str; 11] = [
    "msgHist",
    "agentManagerWorkspace",
    "leDataReporting",
    "msgEwtAPI",
    "asyncMessagingEnt",
    "agentVep",
    "accountConfigReadOnly",
    "faasGW",
    "faasUI",
    "sentinel",
    "messagingRestApiDomain",
];

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(find))
}

/// Where a service answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServiceBaseUri, example = json!({
    "service": "msgHist", "account": "acc1", "baseURI": "usher.example.com"
}))]
struct BaseUri {
    /// The service.
    service: &'static str,
    /// The credential's account.
    account: String,
    /// The host, with the port if it is not the standard one.
    #[serde(rename = "baseURI")]
    base_uri: String,
}

/// Where all services answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServiceBaseUris)]
struct BaseUris {
    /// One for each service.
    #[serde(rename = "baseURIs")]
    base_uris: Vec<BaseUri>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
struct ServicePath {
    /// The credential's account.
    #[param(example = "acc1")]
    account_id: String,
    /// The service; upper and lower case differ.
    #[param(example = "msgHist")]
    service_name: String,
}

/// List under which host the account's services answer.
#[utoipa::path(get, path = "/api/account/{accountId}/service/baseURI.json",
    tag = "service directory", operation_id = "serviceBaseUris", params(AccountPath),
    responses((status = 200, description = "Every service", body = BaseUris)))]
async fn list(
    Authenticated(caller): Authenticated,
    Path(path): Path<AccountPath>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<BaseUris>, Failure> {
    caller.require_account(&path.account_id)?;
    let base_uris = SERVICES.map(|service| base_uri(service, &path.account_id, &headers, &uri));
    Ok(Json(BaseUris {
        base_uris: base_uris.into(),
    }))
}

/// Say under which host a service of the account answers.
#[utoipa::path(get, path = "/api/account/{accountId}/service/{serviceName}/baseURI.json",
    tag = "service directory", operation_id = "serviceBaseUri", params(ServicePath),
    responses((status = 200, description = "The service", body = BaseUri)))]
async fn find(
    Authenticated(caller): Authenticated,
    Path(path): Path<ServicePath>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<BaseUri>, Failure> {
    caller.require_account(&path.account_id)?;
    let known = SERVICES
        .into_iter()
        .find(|known| *known == path.service_name);
    let service = known.ok_or_else(|| {
        let found = &path.service_name;
        let message = format!("expected one of {}, found `{found}`", SERVICES.join(", "));
        Error::new(Code::BadRequest, message)
    })?;
    Ok(Json(base_uri(service, &path.account_id, &headers, &uri)))
}

/// Answers with the host that the client has asked, so that it stays on the way that works for it.
fn base_uri(service: &'static str, account: &str, headers: &HeaderMap, uri: &Uri) -> BaseUri {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = || uri.authority().map(axum::http::uri::Authority::as_str);
    BaseUri {
        service,
        account: account.to_owned(),
        // HTTP/1.1 and HTTP/2 both name a host; only HTTP/1.0 may leave it out.
        base_uri: host.or_else(authority).unwrap_or("localhost").to_owned(),
    }
}
