//! Logs to stderr.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogFormat, Telemetry};

/// Starts logging for the whole process.
///
/// # Errors
/// Fails if the filter cannot be read, or logging has been started before.
pub fn start(options: &Telemetry) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&options.log_level)?;
    let registry = tracing_subscriber::registry().with(filter);
    match options.log_format {
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_current_span(true)
                .with_span_list(false)
                .with_writer(io::stderr);
            registry.with(lines).try_init()?;
        }
        LogFormat::Text => {
            let lines = tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .with_writer(io::stderr);
            registry.with(lines).try_init()?;
        }
    }
    Ok(())
}
