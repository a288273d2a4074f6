//! `[telemetry]`: logs and traces.

use super::reader::Reader;

/// Logs and traces.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// How a log line looks.
    pub log_format: LogFormat,
    /// What is logged, as `tracing_subscriber`'s filter has it.
    pub log_level: String,
    /// The collector that traces are sent to.
    pub otlp_endpoint: Option<String>,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object.
    Json,
    /// For people.
    Text,
}

impl Telemetry {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let key = "telemetry.log_format";
        let log_format = match reader.text(key) {
            "json" => LogFormat::Json,
            "text" => LogFormat::Text,
            other => {
                reader.mistake(key, format!("expected `json` or `text`, found `{other}`"));
                LogFormat::Json
            }
        };
        let key = "telemetry.log_level";
        let log_level = reader.text(key);
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(log_level) {
            reader.mistake(
                key,
                format!("expected a level such as `info`, found `{log_level}`: {error}"),
            );
        }
        let key = "telemetry.otlp_endpoint";
        let endpoint = reader.text(key);
        if !endpoint.is_empty()
            && !endpoint.starts_with("http://")
            && !endpoint.starts_with("https://")
        {
            reader.mistake(
                key,
                format!("expected a URL such as `http://127.0.0.1:4318`, found `{endpoint}`"),
            );
        }
        Self {
            log_format,
            log_level: log_level.to_owned(),
            otlp_endpoint: (!endpoint.is_empty()).then(|| endpoint.to_owned()),
        }
    }
}
