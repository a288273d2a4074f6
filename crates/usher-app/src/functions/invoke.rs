//! Running functions: by id, or those that listen to an event.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use usher_model::id::{AccountId, FunctionId, RequestId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_store::record::FunctionVersion;

use super::registry::{self, Entry};
use super::{missing, run::execute};
use crate::App;
use crate::error::{Code, Error, Result};

/// What a function is given.
#[derive(Clone, Debug)]
pub struct Input {
    /// What its log names it by; the same when it is tried again.
    pub request_id: RequestId,
    /// When what it is told of happened.
    pub timestamp: Timestamp,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Any JSON.
    pub payload: Value,
}

impl Input {
    /// Returns what `lambda` gets as its first argument.
    fn to_json(&self) -> Value {
        let header = |(key, value): &(String, String)| json!({"key": key, "value": value});
        let headers: Vec<Value> = self.headers.iter().map(header).collect();
        json!({
            "timestamp": self.timestamp.milliseconds(),
            "headers": headers,
            "payload": self.payload,
        })
    }
}

/// What a function answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Which function.
    pub function: FunctionId,
    /// When it had answered.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Any JSON.
    pub result: Value,
}

/// Runs a deployed function; its own time-out or the deadline ends it, whichever is sooner.
///
/// # Errors
/// Fails if there is no such function, it is not deployed, or it failed: the code says how.
pub(crate) async fn invoke(
    app: &Arc<App>,
    account: &AccountId,
    id: FunctionId,
    input: Input,
    deadline: Instant,
) -> Result<Answer> {
    let registry = registry::current(app, account).await?;
    let entry = registry.find(id).ok_or_else(|| missing(id))?;
    run(app, account, entry, &input, deadline).await
}

/// Runs the deployed functions that listen to an event, one after the other in the order in which
/// they were made; the first that fails ends it.
///
/// # Errors
/// As [`invoke`].
pub(crate) async fn invoke_event(
    app: &Arc<App>,
    account: &AccountId,
    event_id: &str,
    skill: Option<&SkillId>,
    payload: Value,
    request_id: RequestId,
) -> Result<Vec<Answer>> {
    let registry = registry::current(app, account).await?;
    let input = Input {
        request_id,
        timestamp: app.now(),
        headers: Vec::new(),
        payload,
    };
    let deadline = Instant::now() + limits::FUNCTION_TIME_MAX;
    let mut answers = Vec::new();
    for entry in registry.listeners(event_id, skill) {
        answers.push(run(app, account, entry, &input, deadline).await?);
    }
    Ok(answers)
}

/// Whether a deployed function listens to an event, of conversations in the skill.
pub(crate) async fn listens(
    app: &App,
    account: &AccountId,
    event_id: &str,
    skill: Option<&SkillId>,
) -> Result<bool> {
    let registry = registry::current(app, account).await?;
    Ok(registry.listeners(event_id, skill).next().is_some())
}

async fn run(
    app: &Arc<App>,
    account: &AccountId,
    entry: &Entry,
    input: &Input,
    deadline: Instant,
) -> Result<Answer> {
    let version = version(app, account, entry).await?;
    let own = Instant::now() + Duration::from_millis(version.code.timeout_ms.into());
    execute(
        app,
        account,
        entry.id,
        &version.code,
        input,
        deadline.min(own),
    )
    .await
}

async fn version(app: &App, account: &AccountId, entry: &Entry) -> Result<Arc<FunctionVersion>> {
    let not_deployed = || {
        let message = format!("the function `{}` is not deployed", entry.name);
        Error::new(Code::FunctionNotDeployed, message)
    };
    let number = entry.deployed.ok_or_else(not_deployed)?;
    let version = registry::version(app, account, entry.id, number).await?;
    version.ok_or_else(not_deployed)
}
