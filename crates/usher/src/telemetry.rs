//! Logs to stderr, metrics to whoever asks, and traces to a collector if one is configured.
//!
//! Traces leave by OTLP over HTTP, in batches, on a thread of their own: a collector that is slow or
//! gone costs requests nothing.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

use crate::config::{LogFormat, Telemetry};
use crate::outbound;

/// How long the collector has for one batch, and at the end for the last one.
const EXPORT_TIME_MAX: Duration = Duration::from_secs(5);

/// Time between two tidyings of the metrics.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Bounds of the buckets of every histogram, in seconds: from a decision in memory to a deadline.
const BUCKETS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];

/// Returns the process's metrics, which are counted from the first call on.
///
/// Two servers of one process, as tests have them, count together.
pub fn metrics() -> &'static PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| {
        let builder = PrometheusBuilder::new().set_buckets(BUCKETS);
        // Only an empty list of bounds is refused, and then the defaults do.
        let recorder = builder.unwrap_or_default().build_recorder();
        let handle = recorder.handle();
        if let Err(error) = metrics::set_global_recorder(recorder) {
            tracing::warn!(%error, "something else counts the metrics already");
        }
        handle
    })
}

/// Keeps what histograms hold in memory small, whether or not anybody reads them.
pub async fn tidy_metrics(stopping: CancellationToken) {
    let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = ticks.tick() => metrics().run_upkeep(),
        }
    }
}

/// Traces on their way to the collector; dropping it sends what waits.
#[derive(Debug)]
#[must_use = "dropping it ends the export of traces"]
pub struct Traces(Option<SdkTracerProvider>);

impl Drop for Traces {
    fn drop(&mut self) {
        let Some(provider) = self.0.take() else {
            return;
        };
        if let Err(error) = provider.shutdown_with_timeout(EXPORT_TIME_MAX) {
            tracing::warn!(%error, "the last traces did not reach the collector");
        }
    }
}

/// Starts logs and traces for the whole process.
///
/// # Errors
/// Fails if the filter or the collector's address cannot be read, or it was started before.
pub fn start(options: &Telemetry) -> Result<Traces> {
    // The bus says once what its client says at every attempt.
    let filter = EnvFilter::try_new(format!("async_nats=off,{}", options.log_level))?;
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match options.log_format {
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_writer(io::stderr)
            .with_filter(filter)
            .boxed(),
        LogFormat::Text => tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(io::stderr)
            .with_filter(filter)
            .boxed(),
    };
    let provider = options.otlp_endpoint.as_deref().map(provider).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        // What the exporter itself does must not be exported.
        let ours = tracing_subscriber::filter::filter_fn(|span| span.target().starts_with("usher"));
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("usher"))
            .with_filter(ours)
    });
    tracing_subscriber::registry()
        .with(lines)
        .with(spans)
        .try_init()?;
    Ok(Traces(provider))
}

fn provider(endpoint: &str) -> Result<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(Collector(outbound::agent(EXPORT_TIME_MAX)))
        .with_timeout(EXPORT_TIME_MAX)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .with_context(|| format!("cannot send traces to `{endpoint}`"))?;
    let resource = Resource::builder().with_service_name("usher").build();
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_batch_exporter(exporter)
        .build())
}

/// Joins the request to the trace that its W3C `traceparent` names.
///
/// Put around the router only if traces are exported: otherwise nobody would see the join.
pub async fn join_trace(request: Request, next: Next) -> Response {
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
    let span = tracing::info_span!("http", otel.kind = "server");
    if let Err(error) = span.set_parent(parent) {
        tracing::debug!(%error, "cannot join the caller's trace");
    }
    next.run(request).instrument(span).await
}

/// The way to the collector. It blocks: the exporter calls it on a thread of its own.
#[derive(Debug)]
struct Collector(ureq::Agent);

impl HttpClient for Collector {
    fn send_bytes<'me, 'answer>(
        &'me self,
        request: axum::http::Request<Bytes>,
    ) -> Pin<
        Box<dyn Future<Output = Result<axum::http::Response<Bytes>, HttpError>> + Send + 'answer>,
    >
    where
        'me: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            let (parts, mut body) = self.0.run(request.map(|body| body.to_vec()))?.into_parts();
            Ok(axum::http::Response::from_parts(
                parts,
                Bytes::from(body.read_to_vec()?),
            ))
        })
    }
}
