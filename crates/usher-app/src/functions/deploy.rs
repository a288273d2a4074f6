//! The life of a function: deployed, rolled back, undeployed.

use usher_model::id::FunctionId;
use usher_model::limits;
use usher_store::record::{self, Function, FunctionVersion, Kept, Record as _};
use usher_store::store::{Field, Query};

use super::edit::{self, Edit};
use super::{find, missing, run, written};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Code, Error, Result};
use crate::outbox;

/// Makes what is written of a function the version that runs.
///
/// # Errors
/// Fails if the caller may not, there is no such function, or its source has mistakes: then an
/// earlier version runs on.
pub async fn deploy(
    caller: &Caller,
    app: &App,
    id: FunctionId,
    expected: Option<u64>,
) -> Result<Kept<Function>> {
    caller.require(Permission::FunctionsWrite)?;
    let kept = find(app, &caller.account, id).await?;
    if let Err(error) = run::check(app, &caller.account, &kept.record.code.source).await {
        let problem = error.message.clone();
        edit::edit(caller, app, id, Some(kept.revision), |_, before| {
            let mut after = before.clone();
            after.problem = Some(problem.clone());
            Ok(Edit::put("fail", after))
        })
        .await?;
        return Err(error);
    }
    if kept.record.event_id.is_some() {
        outbox::follow_functions(app, &caller.account).await?;
    }
    let (now, actor) = (app.now(), caller.actor.clone());
    let expected = Some(expected.unwrap_or(kept.revision));
    let deployed = edit::edit(caller, app, id, expected, |registry, before| {
        written::check_place(registry, before)?;
        let mut after = before.clone();
        after.problem = None;
        if before.deployed.is_some() && !before.is_modified {
            return Ok(Edit::put("deploy", after));
        }
        after.last_version += 1;
        after.deployed = Some(after.last_version);
        after.is_modified = false;
        let version = FunctionVersion {
            function_id: id,
            version: after.last_version,
            code: after.code.clone(),
            deployed_at: now,
            deployed_by: actor.clone(),
        };
        Ok(brought("deploy", after, version))
    })
    .await?;
    deployed.ok_or_else(|| missing(id))
}

/// Deploys an earlier version again: the one before the version that runs, unless it is named.
///
/// # Errors
/// Fails if the caller may not, there is no such function, or the version is no longer kept.
pub async fn roll_back(
    caller: &Caller,
    app: &App,
    id: FunctionId,
    to: Option<u64>,
) -> Result<Kept<Function>> {
    caller.require(Permission::FunctionsWrite)?;
    let kept = find(app, &caller.account, id).await?;
    let running = kept.record.deployed.unwrap_or(kept.record.last_version + 1);
    let to = to.unwrap_or_else(|| running.saturating_sub(1));
    let earlier = super::registry::version(app, &caller.account, id, to).await?;
    let earlier = earlier.ok_or_else(|| {
        let message = format!("no version {to} of the function is kept");
        Error::new(Code::FunctionVersionNotFound, message)
    })?;
    let (now, actor) = (app.now(), caller.actor.clone());
    let rolled = edit::edit(caller, app, id, Some(kept.revision), |registry, before| {
        written::check_place(registry, before)?;
        let mut after = before.clone();
        after.problem = None;
        after.last_version += 1;
        after.deployed = Some(after.last_version);
        after.is_modified = after.code != earlier.code;
        let version = FunctionVersion {
            function_id: id,
            version: after.last_version,
            code: earlier.code.clone(),
            deployed_at: now,
            deployed_by: actor.clone(),
        };
        Ok(brought("rollback", after, version))
    })
    .await?;
    rolled.ok_or_else(|| missing(id))
}

/// Lets a function run no longer; its schedule is gone.
///
/// # Errors
/// Fails if the caller may not, or there is no such function.
pub async fn undeploy(caller: &Caller, app: &App, id: FunctionId) -> Result<Kept<Function>> {
    caller.require(Permission::FunctionsWrite)?;
    let undeployed = edit::edit(caller, app, id, None, |_, before| {
        let mut after = before.clone();
        after.deployed = None;
        after.is_modified = false;
        after.problem = None;
        after.schedule = after.schedule.filter(|_| before.deployed.is_none());
        Ok(Edit::put("undeploy", after))
    })
    .await?;
    undeployed.ok_or_else(|| missing(id))
}

/// Returns the versions that are kept, the newest first.
///
/// # Errors
/// Fails if the caller may not see functions, or there is no such one.
pub async fn versions(caller: &Caller, app: &App, id: FunctionId) -> Result<Vec<FunctionVersion>> {
    caller.require(Permission::FunctionsRead)?;
    find(app, &caller.account, id).await?;
    let query = Query {
        equals: vec![Field::Text(id.to_string())],
        descending: true,
        ..Query::all(&caller.account, FunctionVersion::COLLECTION)
    };
    let rows = app.store.find_all(&query, app.now()).await?;
    let read = |row| Ok(record::read::<FunctionVersion>(row)?.record);
    rows.iter().map(read).collect()
}

/// Returns the numbers of the versions that are kept of a function.
pub(super) fn kept_versions(function: &Function) -> impl Iterator<Item = u64> {
    let last = function.last_version;
    let first = last
        .saturating_sub(limits::FUNCTION_VERSIONS_MAX - 1)
        .max(1);
    first..=last
}

/// Returns the change that brings a version, and drops the one that is too many then.
fn brought(word: &'static str, after: Function, version: FunctionVersion) -> Edit {
    let oldest = version.version.checked_sub(limits::FUNCTION_VERSIONS_MAX);
    Edit {
        word,
        after: Some(after),
        version: Some(version),
        dropped: oldest.filter(|oldest| *oldest > 0).into_iter().collect(),
    }
}
