//! Functions: a brand's own JavaScript, started by events, policies, schedules and callers.
//!
//! A function is written as a draft; deploying makes a version of it, and what runs is always a
//! version. [`invoke()`] runs one, [`invoke_event`] those that listen to an event.

mod allow_list;
mod command;
mod deploy;
mod edit;
pub mod event;
mod examine;
mod host;
mod http;
mod invoke;
mod log;
pub(crate) mod registry;
mod run;
mod schedule;
mod usage;
mod written;

use usher_model::id::{AccountId, FunctionId};
use usher_model::limits;
use usher_model::value::Value;
use usher_store::record::{self, Record as _};
use usher_store::store::{Key, Query};

use crate::caller::{Caller, Permission};
use crate::change::to_value;
use crate::decisions::calls::Answers;
use crate::error::{Code, Error, Result};
use crate::idempotency::Creation;
use crate::rate::Limiter;
use crate::rules;
use crate::{App, Options};
use edit::Edit;
use registry::Registries;

pub use allow_list::{allow, allowed};
pub use command::{Command, command, commands};
pub use deploy::{deploy, roll_back, undeploy, versions};
pub use examine::{Examined, examine};
pub use invoke::{Answer, Given, Input, call, call_event, is_implemented, test};
pub use log::{Filter, Logged, Tail, WAIT_MAX, follow, level_of, level_word, logs};
pub use run::{Line, Run};
pub use schedule::{Runs, runs};
pub use usage::{Usage, Usages, usage};
pub use usher_functions::worker::LogEntry;
pub use usher_store::record::function::{FunctionCode, LogLevel, Schedule};
pub use usher_store::record::{Function, FunctionVersion, Kept};
pub use written::Written;

pub(crate) use invoke::{invoke, invoke_event, listened, listens};
pub(crate) use log::run as write_logs;
pub(crate) use schedule::run as keep_time;

/// What a function may do as often as its account may ask.
const CALLS: &str = "the number of calls that the function may make is";

/// What running functions needs.
#[derive(Debug)]
pub(crate) struct Functions {
    registries: Registries,
    log: log::Log,
    /// What decisions know of functions.
    pub(crate) answers: Answers,
    /// How often a function may call others over HTTP.
    calls: Limiter<(AccountId, FunctionId)>,
}

impl Functions {
    pub(crate) fn new(is_exclusive: bool, options: &Options) -> Self {
        Self {
            registries: Registries::new(is_exclusive),
            log: log::Log::new(),
            answers: Answers::default(),
            calls: Limiter::new(CALLS, options.rate_per_second, options.rate_burst),
        }
    }
}

/// Where a function is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was never deployed, or is no longer.
    Draft,
    /// A version runs that is as the function is written.
    Productive,
    /// A version runs, and the function was changed since.
    Modified,
    /// The last deployment failed; an earlier version may still run.
    BuildError,
}

impl State {
    /// Returns where a function is.
    #[must_use]
    pub const fn of(function: &Function) -> Self {
        match function {
            Function {
                problem: Some(_), ..
            } => Self::BuildError,
            Function { deployed: None, .. } => Self::Draft,
            Function {
                is_modified: true, ..
            } => Self::Modified,
            Function { .. } => Self::Productive,
        }
    }
}

/// Makes a function, as a draft.
///
/// # Errors
/// Fails if the caller may not, a field is wrong, the name is taken, or another function listens to
/// the same event.
pub async fn create(caller: &Caller, app: &App, written: Written) -> Result<Kept<Function>> {
    caller.require(Permission::FunctionsWrite)?;
    written.check(caller, app).await?;
    let creation = Creation::new(caller, "function.create", &written.sent())?;
    if let Some(earlier) = creation.earlier(caller, app).await? {
        let id = FunctionId::parse(&earlier).map_err(Error::internal)?;
        return find(app, &caller.account, id).await;
    }
    let function = written.into_function(FunctionId::mint(&app.ids), app.now(), &caller.actor);
    edit::add(caller, app, &creation, |registry| {
        if registry.all().count() >= limits::FUNCTIONS_MAX {
            let message = format!("expected at most {} functions", limits::FUNCTIONS_MAX);
            return Err(Error::new(Code::FunctionLimit, message));
        }
        written::check_place(registry, &function)?;
        Ok(function.clone())
    })
    .await
}

/// Returns a function.
///
/// # Errors
/// Fails if the caller may not see functions, or there is no such one.
pub async fn get(caller: &Caller, app: &App, id: FunctionId) -> Result<Kept<Function>> {
    caller.require(Permission::FunctionsRead)?;
    find(app, &caller.account, id).await
}

/// Returns a function to somebody who may change it.
///
/// # Errors
/// Fails if the caller may not, or there is no such function.
pub async fn editable(caller: &Caller, app: &App, id: FunctionId) -> Result<Kept<Function>> {
    caller.require(Permission::FunctionsWrite)?;
    find(app, &caller.account, id).await
}

/// Returns every function, in the order in which they were made.
///
/// # Errors
/// Fails if the caller may not see them.
pub async fn list(caller: &Caller, app: &App) -> Result<Vec<Kept<Function>>> {
    caller.require(Permission::FunctionsRead)?;
    let query = Query::all(&caller.account, Function::COLLECTION);
    let rows = app.store.find_all(&query, app.now()).await?;
    rows.iter().map(|row| Ok(record::read(row)?)).collect()
}

/// Returns the events that may start functions.
///
/// # Errors
/// Fails if the caller may not see functions.
pub fn events(caller: &Caller) -> Result<&'static [event::Event]> {
    caller.require(Permission::FunctionsRead)?;
    Ok(&event::EVENTS)
}

/// Whether the account's callers are told of a function that failed with the contract's status 901.
///
/// # Errors
/// Fails if the store cannot be read.
pub async fn is_failure_901(caller: &Caller, app: &App) -> Result<bool> {
    let rules = rules::current(app, &caller.account).await?;
    let settings = rules.settings.as_ref();
    Ok(settings.is_some_and(|kept| kept.record.is_function_failure_901))
}

/// Says anew what a function is to be; a version that runs is not touched, but its skills, its
/// schedule and whom it trusts change at once.
///
/// # Errors
/// Fails if the caller may not, there is no such function, `expected` is not its revision, a field is
/// wrong, the name is taken, or another function listens to the same event.
pub async fn replace(
    caller: &Caller,
    app: &App,
    id: FunctionId,
    written: Written,
    expected: Option<u64>,
) -> Result<Kept<Function>> {
    caller.require(Permission::FunctionsWrite)?;
    find(app, &caller.account, id).await?;
    written.check(caller, app).await?;
    let (now, actor) = (app.now(), caller.actor.clone());
    let draft = written.into_function(id, now, &actor);
    let kept = edit::edit(caller, app, id, expected, |registry, before| {
        let is_event_changed = before.event_id != draft.event_id;
        if before.deployed.is_some() && is_event_changed {
            let expected =
                "expected the event that the deployed function listens to; undeploy it first";
            return Err(Error::field("#/eventId", expected));
        }
        let is_same_code = before.code == draft.code;
        let after = Function {
            last_version: before.last_version,
            deployed: before.deployed,
            is_modified: before.is_modified || (before.deployed.is_some() && !is_same_code),
            problem: before.problem.clone().filter(|_| is_same_code),
            created_at: before.created_at,
            ..draft.clone()
        };
        let is_same = Function {
            updated_at: before.updated_at,
            updated_by: before.updated_by.clone(),
            ..after.clone()
        } == *before;
        written::check_place(registry, &after)?;
        Ok(Edit::put(
            "update",
            if is_same { before.clone() } else { after },
        ))
    })
    .await?;
    kept.ok_or_else(|| missing(id))
}

/// Removes a function with its versions; its log stays until it is old.
///
/// # Errors
/// Fails if the caller may not, there is no such function, or an attribute of policies is one.
pub async fn delete(caller: &Caller, app: &App, id: FunctionId) -> Result<()> {
    caller.require(Permission::FunctionsWrite)?;
    let rules = rules::current(app, &caller.account).await?;
    let mut attributes = rules.attributes.values().map(|kept| &kept.record);
    let is_answered = |one: &&record::Attribute| {
        let call = one.call.as_ref();
        call.is_some_and(|call| call.function_id == id)
    };
    if let Some(attribute) = attributes.find(is_answered) {
        let message = format!("the function answers `custom.{}`", attribute.name);
        return Err(Error::new(Code::FunctionInUse, message));
    }
    edit::edit(caller, app, id, None, |_, before| {
        Ok(Edit {
            word: "delete",
            after: None,
            version: None,
            dropped: deploy::kept_versions(before).collect(),
        })
    })
    .await?;
    Ok(())
}

async fn find(app: &App, account: &AccountId, id: FunctionId) -> Result<Kept<Function>> {
    let key = Key::new(account, [id.to_string().as_str()]);
    let row = app.store.get(Function::COLLECTION, &key, app.now()).await?;
    let row = row.ok_or_else(|| missing(id))?;
    Ok(record::read(&row)?)
}

fn missing(id: FunctionId) -> Error {
    Error::new(
        Code::FunctionNotFound,
        format!("no function has the id `{id}`"),
    )
}

fn taken(name: &str) -> Error {
    let message = format!("expected a name of its own: a function is called `{name}` already");
    Error::new(Code::NameTaken, message)
}

/// What the audit log shows of a function.
fn seen(function: &Function) -> Result<Value> {
    to_value(function)
}
