//! Every route, and what surrounds each request: id, deadline, load shedding, errors, metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;
use usher_app::App;
use usher_app::error::{Code, Error};
use usher_model::id::RequestId;
use usher_model::limits;

use crate::extract::Id;
use crate::problem::{self, Failure, Shape};
use crate::{contract, openapi, routes};

/// The bounds an operator may set.
#[derive(Clone, Debug)]
pub struct Options {
    /// Requests worked on at once; more are refused.
    pub in_flight_max: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
}

/// What the layers share.
#[derive(Debug)]
struct Surroundings {
    app: Arc<App>,
    options: Options,
    in_flight: AtomicUsize,
}

/// The header that names a request in answers and logs.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Returns the whole HTTP surface.
pub fn router(app: Arc<App>, options: Options) -> Router {
    let (api, description) = routes::router();
    let surroundings = Arc::new(Surroundings {
        app: Arc::clone(&app),
        options,
        in_flight: AtomicUsize::new(0),
    });
    let ours = api
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES_MAX))
        .layer(middleware::from_fn(finish));
    let contracts = contract::router()
        .layer(DefaultBodyLimit::max(limits::CONTEXT_BODY_BYTES_MAX))
        .layer(middleware::from_fn(finish));
    let others = openapi::router(description)
        .route("/", get(async || Redirect::temporary("/docs")))
        .merge(routes::health::router())
        .fallback(async || Failure(Error::new(Code::NotFound, "there is nothing at this path")))
        .layer(middleware::from_fn(finish));
    ours.merge(contracts)
        .merge(others)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(surroundings, surround))
        .with_state(app)
}

/// Gives the request its id and span, refuses it when too many are under way, and ends it when it
/// takes too long.
async fn surround(
    State(surroundings): State<Arc<Surroundings>>,
    mut request: Request,
    next: Next,
) -> Response {
    let app = &surroundings.app;
    let id = RequestId::mint(app.ids());
    request.extensions_mut().insert(Id(id));
    let echoed = request.headers().get(&REQUEST_ID).cloned();
    let is_probe = request.uri().path() == "/healthz";
    let shape = shape_of(request.uri().path());
    let method = request.method().clone();
    let span = span(&request, id);
    let guard = InFlight::enter(&surroundings.in_flight);
    let mut response = if guard.count > surroundings.options.in_flight_max && !is_probe {
        metrics::counter!("usher_requests_shed_total").increment(1);
        let error = Error::new(
            Code::Overloaded,
            "too many requests are under way; try again",
        )
        .with_retry_after(Duration::from_secs(1));
        problem::render(&error, shape, id)
    } else {
        let limit = surroundings.options.request_timeout;
        let is_change = changes(&request);
        let work = next.run(request).instrument(span);
        let answered = if is_change {
            // Runs to its end even if the client goes or the time is up: a change is never half
            // known to this node.
            let ended = tokio::time::timeout(limit, app.tasks().run_to_end(work)).await;
            ended.map(|ended| {
                ended.unwrap_or_else(|panic| Failure(Error::internal(panic)).into_response())
            })
        } else {
            tokio::time::timeout(limit, work).await
        };
        answered.unwrap_or_else(|_elapsed| {
            let error = Error::new(
                Code::Timeout,
                "the request took longer than this node allows",
            );
            problem::render(&error, shape, id)
        })
    };
    count(&method, &response);
    let named = echoed.or_else(|| HeaderValue::from_str(&id.to_string()).ok());
    if let Some(named) = named {
        response.headers_mut().insert(REQUEST_ID.clone(), named);
    }
    response
}

/// The published contracts have a body of their own for errors.
fn shape_of(path: &str) -> Shape {
    let is_contract = path.starts_with("/v1/") || path.starts_with("/v2/");
    if is_contract {
        Shape::Contract
    } else {
        Shape::Problem
    }
}

/// Whether the request may change something; asking for a decision does not.
fn changes(request: &Request) -> bool {
    let asks = ["/api/v1/decisions", "/v2/policy/nextaction"].contains(&request.uri().path());
    !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) && !asks
}

/// Opens the request's span; a W3C `traceparent` ties it to the caller's trace.
fn span(request: &Request, id: RequestId) -> tracing::Span {
    let traceparent = request
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let trace_id = traceparent.split('-').nth(1).unwrap_or("");
    tracing::info_span!("request", method = %request.method(), request_id = %id, trace_id)
}

/// Counts an answer by route, never by path: labels are bounded.
fn count(method: &Method, response: &Response) {
    let route = response
        .extensions()
        .get::<MatchedPath>()
        .map_or("", MatchedPath::as_str)
        .to_owned();
    let status = response.status().as_u16().to_string();
    metrics::counter!(
        "usher_http_requests_total",
        "method" => known(method), "route" => route, "status" => status
    )
    .increment(1);
}

/// Returns the method's name; whatever a client made up is `OTHER`.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// Gives errors their body and forbids keeping the answer.
async fn finish(request: Request, next: Next) -> Response {
    let shape = shape_of(request.uri().path());
    let id = request.extensions().get::<Id>().map(|id| id.0);
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    let failed = response.extensions().get::<Arc<Error>>().cloned();
    if let (Some(error), Some(id)) = (failed, id) {
        response = problem::render(&error, shape, id);
    }
    if let Some(matched) = matched {
        response.extensions_mut().insert(matched);
    }
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A panic is our bug: the request answers 500 and the process lives.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature is tower-http's"
)]
fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no text");
    tracing::error!(panic = text, "a request panicked");
    Failure(Error::internal(text.to_owned())).into_response()
}

/// Counts a request for as long as it is under way.
struct InFlight<'a> {
    counter: &'a AtomicUsize,
    count: usize,
}

impl<'a> InFlight<'a> {
    fn enter(counter: &'a AtomicUsize) -> Self {
        Self {
            counter,
            count: counter.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(1, Ordering::Relaxed);
    }
}
