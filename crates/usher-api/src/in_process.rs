//! The published contracts as functions call them: without a connection, in the name of the function.

use std::sync::{Arc, Weak};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use tower::ServiceExt as _;
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::error::Error;
use usher_app::platform::{Call, Platform, Reply, Replying};
use usher_model::limits;

use crate::contract;
use crate::extract::{Id, Trusted};
use crate::problem::{self, Shape};

/// The contracts' routes, for callers who need no credential.
#[derive(Debug)]
pub(crate) struct InProcess {
    /// Weak, because the use cases hold this.
    app: Weak<App>,
    routes: Router<Arc<App>>,
}

impl InProcess {
    pub(crate) fn new(app: &Arc<App>) -> Self {
        Self {
            app: Arc::downgrade(app),
            routes: contract::router(),
        }
    }

    async fn answer(&self, caller: Caller, call: Call) -> Option<Reply> {
        let app = self.app.upgrade()?;
        let request_id = caller.request_id;
        let mut request = Request::builder()
            .method(call.method.as_str())
            .uri(&call.path);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let Ok(mut request) = request.body(Body::from(call.body)) else {
            return Some(reply(StatusCode::BAD_REQUEST));
        };
        request.headers_mut().remove(header::AUTHORIZATION);
        request.extensions_mut().insert(Id(request_id));
        request.extensions_mut().insert(Trusted(caller));
        let routes = self.routes.clone().with_state(app);
        let Ok(mut response) = routes.oneshot(request).await;
        if let Some(error) = response.extensions_mut().remove::<Arc<Error>>() {
            response = problem::render(&error, Shape::Contract, request_id);
        }
        let (parts, body) = response.into_parts();
        let headers = parts.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let headers = headers.collect();
        let Ok(body) = to_bytes(body, limits::FUNCTION_HTTP_BYTES_MAX).await else {
            return Some(reply(StatusCode::INSUFFICIENT_STORAGE));
        };
        Some(Reply {
            status: parts.status.as_u16(),
            headers,
            body: body.to_vec(),
        })
    }
}

/// Returns a reply without a body.
fn reply(status: StatusCode) -> Reply {
    Reply {
        status: status.as_u16(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

impl Platform for InProcess {
    fn call(&self, caller: Caller, call: Call) -> Replying<'_> {
        Box::pin(self.answer(caller, call))
    }
}
