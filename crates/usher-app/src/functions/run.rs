//! Where functions meet the processes that run them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use usher_functions::check::Diagnostic;
use usher_functions::worker::{Failure, FailureKind, Job, Limits, LogEntry, Outcome};
use usher_model::id::{AccountId, FunctionId};
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_store::record::function::FunctionCode;

use super::Input;
use super::host::AccountHost;
use super::log;
use crate::App;
use crate::error::{Code, Error, Mistake, Result};

/// When a caller may try again whose function found no worker.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// One run, whatever came of it.
#[derive(Debug)]
pub struct Run {
    /// The answer, or why there is none.
    pub result: Result<Value>,
    /// What the function wrote, without secrets.
    pub logs: Vec<LogEntry>,
    /// How long it took.
    pub took: Duration,
}

/// A line that a function wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// How much it matters: `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The first argument.
    pub message: String,
    /// The others.
    pub extras: Vec<Value>,
}

impl Run {
    /// Returns what the function wrote.
    pub fn lines(&self) -> impl Iterator<Item = Line> {
        self.logs.iter().map(|entry| Line {
            at: Timestamp::from_milliseconds(entry.at_ms),
            level: log::level_word(log::level(entry.level)),
            message: entry.message.clone(),
            extras: log::extras(&entry.extras),
        })
    }
}

/// What is to be run, and how far it may go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task<'a> {
    pub(super) function: FunctionId,
    pub(super) code: &'a FunctionCode,
    pub(super) deadline: Instant,
    /// Functions that wait for this one.
    pub(super) depth: usize,
}

/// Runs code until it answers or the deadline comes.
pub(super) async fn execute(
    app: &Arc<App>,
    account: &AccountId,
    task: Task<'_>,
    input: &Input,
) -> Run {
    let begun = Instant::now();
    let own = begun + Duration::from_millis(task.code.timeout_ms.into());
    let deadline = task.deadline.min(own);
    let host = Arc::new(AccountHost::new(app, account, &task, input, deadline));
    let job = Job {
        source: task.code.source.clone(),
        input: input.to_json(),
        environment: task.code.environment.clone(),
        limits: Limits::STANDARD,
    };
    let workers = &app.workers;
    let outcome = workers
        .run(account, task.depth, job, Arc::clone(&host) as _, deadline)
        .await;
    let Outcome { result, logs, .. } = outcome;
    Run {
        result: result.map_err(|failure| failed(failure, &host)),
        logs: logs.into_iter().map(|entry| host.hide_in(entry)).collect(),
        took: begun.elapsed(),
    }
}

/// Finds the mistakes of a source before it is deployed.
pub(super) async fn check(app: &App, account: &AccountId, source: &str) -> Result<()> {
    let found = mistakes(app, account, source).await?;
    if found.is_empty() {
        return Ok(());
    }
    let mistakes: Vec<Mistake> = found.iter().map(mistake).collect();
    let message = match mistakes.as_slice() {
        [mistake] => mistake.detail.clone(),
        mistakes => format!("the source has {} mistakes", mistakes.len()),
    };
    Err(Error::new(Code::FunctionInvalid, message).with_mistakes(mistakes))
}

/// Returns the mistakes of a source.
pub(super) async fn mistakes(
    app: &App,
    account: &AccountId,
    source: &str,
) -> Result<Vec<Diagnostic>> {
    let found = app.workers.check(account, source.to_owned()).await;
    found.map_err(|failure| unavailable(&failure))
}

fn mistake(found: &Diagnostic) -> Mistake {
    Mistake {
        pointer: "#/source".to_owned(),
        code: Code::FunctionInvalid.as_str().to_owned(),
        detail: found.to_string(),
        suggestion: None,
        span: None,
    }
}

fn failed(failure: Failure, host: &AccountHost) -> Error {
    let code = match failure.kind {
        FailureKind::Custom => Code::FunctionThrew,
        FailureKind::Runtime => Code::FunctionCrashed,
        FailureKind::Time => Code::FunctionTimeout,
        FailureKind::Unavailable => return unavailable(&failure),
    };
    Error::new(code, host.hide(failure.message))
}

fn unavailable(failure: &Failure) -> Error {
    Error::new(Code::FunctionUnavailable, failure.message.clone()).with_retry_after(RETRY_AFTER)
}
