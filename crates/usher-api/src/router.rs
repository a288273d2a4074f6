//! Every route, and what surrounds each request: id, deadline, load shedding, errors, metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;
use usher_app::App;
use usher_app::error::{Code, Error};
use usher_model::id::RequestId;
use usher_model::limits;

use self::answers::Answers;
use crate::extract::Id;
use crate::in_process::InProcess;
use crate::problem::{self, Failure, Shape};
use crate::{assets, contract, openapi, routes, ws};

mod answers;

/// The bounds an operator may set.
#[derive(Clone, Debug)]
pub struct Options {
    /// Requests worked on at once; more are refused.
    pub in_flight_max: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How often a socket is pinged, at least; one that is silent for twice as long is closed.
    pub heartbeat: Duration,
    /// The built console, if the program has it.
    pub console: Option<assets::Files>,
}

/// What the layer around every route works with.
#[derive(Debug)]
struct Surroundings {
    app: Arc<App>,
    options: Options,
    in_flight: AtomicUsize,
    answers: Answers,
}

/// The header that names a request in answers and logs.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Returns the whole HTTP surface.
pub fn router(app: Arc<App>, options: Options) -> Router {
    let (api, description) = routes::router();
    usher_app::platform::serve(&app, Arc::new(InProcess::new(&app)));
    let stream = ws::router(&options);
    let console = assets::router(options.console);
    let surroundings = Arc::new(Surroundings {
        app: Arc::clone(&app),
        options,
        in_flight: AtomicUsize::new(0),
        answers: Answers::default(),
    });
    let around = (
        middleware::from_fn_with_state(surroundings, surround),
        CatchPanicLayer::custom(panicked),
    );
    api.merge(contract::router())
        .merge(stream)
        .merge(openapi::router(description))
        .merge(console)
        .merge(routes::health::router())
        .fallback(async || Failure(Error::new(Code::NotFound, "there is nothing at this path")))
        // One layer: each is a box and an allocation for every request.
        .layer(around)
        .with_state(app)
}

/// What is said of a request before it is worked on.
struct Asked {
    id: RequestId,
    method: &'static str,
    route: Option<MatchedPath>,
    shape: Shape,
    begun: Instant,
}

/// Gives the request its id, its span and the limit of its body, and its answer the body of an
/// error and the headers that all have.
async fn surround(
    State(surroundings): State<Arc<Surroundings>>,
    mut request: Request,
    next: Next,
) -> Response {
    let asked = Asked {
        id: RequestId::mint(surroundings.app.ids()),
        method: known(request.method()),
        route: request.extensions().get().cloned(),
        shape: shape_of(request.uri().path()),
        begun: Instant::now(),
    };
    request.extensions_mut().insert(Id(asked.id));
    let echoed = request.headers().get(&REQUEST_ID).cloned();
    limit_of(asked.shape).apply(&mut request);
    let span = span(&request, asked.id);
    let answered = async {
        let mut response = answer(&surroundings, request, next).await;
        if let Some(error) = response.extensions_mut().remove::<Arc<Error>>() {
            response = problem::render(&error, asked.shape, asked.id);
        }
        note(&surroundings.answers, &asked, response.status());
        response
    };
    let mut response = answered.instrument(span).await;
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    let named = echoed.or_else(|| HeaderValue::try_from(asked.id.to_string()).ok());
    if let Some(named) = named {
        headers.insert(REQUEST_ID.clone(), named);
    }
    response
}

/// Works on the request: refuses it when too many are under way, and ends it when it takes too long.
async fn answer(surroundings: &Surroundings, request: Request, next: Next) -> Response {
    let is_probe = request.uri().path() == "/healthz";
    let guard = InFlight::enter(&surroundings.in_flight);
    if guard.count > surroundings.options.in_flight_max && !is_probe {
        metrics::counter!("usher_requests_shed_total").increment(1);
        let error = Error::new(
            Code::Overloaded,
            "too many requests are under way; try again",
        );
        return Failure(error.with_retry_after(Duration::from_secs(1))).into_response();
    }
    let limit = surroundings.options.request_timeout;
    let is_change = changes(&request);
    let work = next.run(request);
    let answered = if is_change {
        // Runs to its end even if the client goes or the time is up: a change is never half known
        // to this node.
        let work = work.in_current_span();
        tokio::time::timeout(limit, surroundings.app.tasks().run_to_end(work)).await
    } else {
        tokio::time::timeout(limit, work).await
    };
    answered.unwrap_or_else(|_elapsed| {
        let message = "the request took longer than this node allows";
        Failure(Error::new(Code::Timeout, message)).into_response()
    })
}

/// Returns how large a body may be: contracts allow large documents everywhere.
fn limit_of(shape: Shape) -> DefaultBodyLimit {
    DefaultBodyLimit::max(match shape {
        Shape::Problem => limits::BODY_BYTES_MAX,
        Shape::Contract => limits::CONTEXT_BODY_BYTES_MAX,
    })
}

/// Counts an answer, and logs it for whoever searches.
fn note(answers: &Answers, asked: &Asked, status: StatusCode) {
    let route = asked.route.as_ref().map_or("", MatchedPath::as_str);
    let took = asked.begun.elapsed();
    answers.note(route, asked.method, status, took);
    tracing::debug!(
        route,
        status = status.as_u16(),
        duration_ms = took.as_secs_f64() * 1e3,
        "answered"
    );
}

/// The published contracts have a body of their own for errors.
fn shape_of(path: &str) -> Shape {
    if contract::owns(path) {
        Shape::Contract
    } else {
        Shape::Problem
    }
}

/// Whether the request may change something; asking for a decision does not.
fn changes(request: &Request) -> bool {
    let path = request.uri().path();
    let asks = ["/api/v1/decisions", "/v2/policy/nextaction"].contains(&path)
        || contract::only_reads(path);
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
    let account = tracing::field::Empty;
    tracing::info_span!("request", method = %request.method(), request_id = %id, trace_id, account)
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
