//! A server, as the command line sees it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::Value;
use usher_model::limits;

use crate::cli::terminal;
use crate::outbound;

/// Longest time of one request, an import of 10 MB among them.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Which server, and as whom.
#[derive(Clone, Args)]
pub(super) struct Server {
    /// Address of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8420")]
    server: String,
    /// API key of a credential; USHER_API_KEY keeps it out of the list of processes
    #[arg(long, value_name = "KEY")]
    api_key: Option<String>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Server {
    pub(super) fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.ask("GET", path, &[])
    }

    fn ask(&self, method: &str, path: &str, body: &[u8]) -> anyhow::Result<Value> {
        let of_environment = || {
            std::env::vars()
                .find(|(name, _)| name == "USHER_API_KEY")
                .map(|(_, key)| key)
        };
        let Some(key) = self.api_key.clone().or_else(of_environment) else {
            bail!(
                "expected an API key in --api-key or USHER_API_KEY; `usher credential create` makes one"
            );
        };
        let url = format!("{}{path}", self.server.trim_end_matches('/'));
        let request = axum::http::Request::builder()
            .method(method)
            .uri(&url)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(body)
            .with_context(|| {
                format!(
                    "expected an address such as `http://127.0.0.1:8420`, found `{}`",
                    self.server
                )
            })?;
        let mut response = outbound::agent(TIME_MAX)
            .run(request)
            .with_context(|| format!("no answer from `{}`", self.server))?;
        let limit = u64::try_from(limits::IMPORT_BYTES_MAX)
            .unwrap_or(u64::MAX)
            .saturating_mul(16);
        let text = response
            .body_mut()
            .with_config()
            .limit(limit)
            .read_to_string()?;
        let answer = serde_json::from_str(&text).unwrap_or(Value::Null);
        let status = response.status();
        if !status.is_success() {
            bail!(
                "`{method} {url}` was refused: {}",
                problem(&answer).unwrap_or_else(|| status.to_string())
            );
        }
        Ok(answer)
    }
}

/// Returns what a problem says, mistakes and all.
fn problem(answer: &Value) -> Option<String> {
    let word = |value: &Value, key: &str| Some(value.get(key)?.as_str()?.to_owned());
    let mut text = word(answer, "detail").or_else(|| word(answer, "title"))?;
    for error in answer
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let (pointer, detail) = (word(error, "pointer"), word(error, "detail"));
        text.push_str(&format!(
            "\n  {}: {}",
            pointer.unwrap_or_default(),
            detail.unwrap_or_default()
        ));
    }
    Some(text)
}

pub(super) fn import(
    server: &Server,
    file: &Path,
    mode: &str,
    keeps_enabled: bool,
) -> anyhow::Result<ExitCode> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let path = format!("/api/v1/policies/import?mode={mode}&keepEnabled={keeps_enabled}");
    let report = server.ask("POST", &path, &bytes)?;
    terminal::say(&serde_json::to_string_pretty(&report)?)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn export(server: &Server, file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let policies = serde_json::to_string_pretty(&server.get("/api/v1/policies/export")?)?;
    match file {
        None => terminal::say(&policies)?,
        Some(file) => std::fs::write(file, policies + "\n")
            .with_context(|| format!("cannot write `{}`", file.display()))?,
    }
    Ok(ExitCode::SUCCESS)
}
