//! Running functions: by id, or those that listen to an event.

use std::collections::BTreeSet;
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
use super::run::{Run, Task, execute};
use super::usage::Ran;
use super::{event, find, log, missing};
use crate::App;
use crate::caller::{Caller, Permission};
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

/// What a caller gives a function.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// When what it is told of happened; now unless given.
    pub timestamp: Option<Timestamp>,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Any JSON.
    pub payload: Value,
}

impl Given {
    fn into_input(self, caller: &Caller, app: &App) -> Input {
        Input {
            request_id: caller.request_id,
            timestamp: self.timestamp.unwrap_or_else(|| app.now()),
            headers: self.headers,
            payload: self.payload,
        }
    }
}

impl Input {
    /// Returns what `lambda` gets as its first argument.
    pub(super) fn to_json(&self) -> Value {
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

/// Runs a deployed function for a caller.
///
/// # Errors
/// Fails if the caller may not, and as [`invoke`].
pub async fn call(caller: &Caller, app: &Arc<App>, id: FunctionId, given: Given) -> Result<Answer> {
    caller.require(Permission::FunctionsInvoke)?;
    let input = given.into_input(caller, app);
    invoke(app, &caller.account, id, input, latest()).await
}

/// Runs the deployed functions that listen to an event, for a caller.
///
/// # Errors
/// Fails if the caller may not, and as [`invoke_event`].
pub async fn call_event(
    caller: &Caller,
    app: &Arc<App>,
    event_id: &str,
    skill: Option<&SkillId>,
    given: Given,
) -> Result<Vec<Answer>> {
    caller.require(Permission::FunctionsInvoke)?;
    let input = given.into_input(caller, app);
    each(app, &caller.account, event_id, skill, &input).await
}

/// Whether a deployed function listens to an event, of conversations in the skill.
///
/// # Errors
/// Fails if the caller may not see functions.
pub async fn is_implemented(
    caller: &Caller,
    app: &App,
    event_id: &str,
    skill: Option<&SkillId>,
) -> Result<bool> {
    caller.require(Permission::FunctionsRead)?;
    listens(app, &caller.account, event_id, skill).await
}

/// Runs a function as it is written, deployed or not; nothing of it is kept. Without a payload it is
/// given a sample of its event's.
///
/// # Errors
/// Fails if the caller may not, or there is no such function. What the function does is in the run.
pub async fn test(
    caller: &Caller,
    app: &Arc<App>,
    id: FunctionId,
    given: Option<Given>,
) -> Result<Run> {
    caller.require(Permission::FunctionsWrite)?;
    let function = find(app, &caller.account, id).await?.record;
    let event = function.event_id.as_deref().and_then(event::find);
    let sample = || Given {
        payload: event.map_or(Value::Null, |event| event.sample.clone()),
        ..Given::default()
    };
    let input = given.unwrap_or_else(sample).into_input(caller, app);
    let task = Task {
        function: id,
        code: &function.code,
        deadline: latest(),
        depth: 0,
    };
    Ok(execute(app, &caller.account, task, &input).await)
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
    invoke_within(app, account, id, &input, deadline, 0).await
}

/// Runs a function for others that wait for it.
pub(super) async fn invoke_within(
    app: &Arc<App>,
    account: &AccountId,
    id: FunctionId,
    input: &Input,
    deadline: Instant,
    depth: usize,
) -> Result<Answer> {
    let registry = registry::current(app, account).await?;
    let entry = registry.find(id).ok_or_else(|| missing(id))?;
    run(app, account, entry, input, deadline, depth).await
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
    let input = Input {
        request_id,
        timestamp: app.now(),
        headers: Vec::new(),
        payload,
    };
    each(app, account, event_id, skill, &input).await
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

/// Returns the events to which a deployed function listens, whatever the skill.
pub(crate) async fn listened(app: &App, account: &AccountId) -> Result<BTreeSet<&'static str>> {
    let registry = registry::current(app, account).await?;
    let ids = event::EVENTS.iter().map(|event| event.id);
    Ok(ids
        .filter(|id| registry.listeners(id, None).next().is_some())
        .collect())
}

async fn each(
    app: &Arc<App>,
    account: &AccountId,
    event_id: &str,
    skill: Option<&SkillId>,
    input: &Input,
) -> Result<Vec<Answer>> {
    let registry = registry::current(app, account).await?;
    let deadline = latest();
    let mut answers = Vec::new();
    for entry in registry.listeners(event_id, skill) {
        answers.push(run(app, account, entry, input, deadline, 0).await?);
    }
    Ok(answers)
}

pub(super) async fn run(
    app: &Arc<App>,
    account: &AccountId,
    entry: &Entry,
    input: &Input,
    deadline: Instant,
    depth: usize,
) -> Result<Answer> {
    let version = version(app, account, entry).await?;
    let task = Task {
        function: entry.id,
        code: &version.code,
        deadline,
        depth,
    };
    let run = execute(app, account, task, input).await;
    let failure = run.result.as_ref().err();
    log::keep(app, account, entry.id, input.request_id, &run.logs, failure);
    let ran = Ran {
        function: entry.id,
        at: app.now(),
        took: run.took,
        has_failed: failure.is_some(),
    };
    log::count(app, account, ran);
    let outcome = failure.map_or("OK", |error| error.code.as_str());
    metrics::counter!("usher_function_runs_total", "outcome" => outcome).increment(1);
    metrics::histogram!("usher_function_seconds").record(run.took);
    Ok(Answer {
        function: entry.id,
        at: app.now(),
        took: run.took,
        result: run.result?,
    })
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

/// Returns when a run must have ended that begins now.
pub(super) fn latest() -> Instant {
    Instant::now() + limits::FUNCTION_TIME_MAX
}
