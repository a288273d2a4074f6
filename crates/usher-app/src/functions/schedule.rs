//! Functions that time starts: each due minute is claimed in the store, so that one node runs it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use usher_model::id::{AccountId, FunctionId, RequestId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_policy::cron::Cron;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::record::function::Schedule;
use usher_store::record::{self, Function, Kept, Record as _, ScheduledRun};
use usher_store::store::Key;

use super::{Input, find, invoke, registry};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::Result;

/// How often it is looked whether a function is due.
const TICK: Duration = Duration::from_secs(1);
/// How late a function may be started: what was due while no node ran is left out.
const LATE_MAX: Duration = Duration::from_secs(60);
/// How a run ended well.
const OK: &str = "OK";

/// When a function was started by time, and when it will be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// The minute for which it was started last.
    pub last_at: Option<Timestamp>,
    /// How that run ended: `OK`, or the code of its failure; nothing while it runs.
    pub last_outcome: Option<String>,
    /// When it is next time; nothing if it is not deployed.
    pub next_at: Option<Timestamp>,
}

/// Returns when time started a function, and when it will.
///
/// # Errors
/// Fails if the caller may not see functions, or there is no such one.
pub async fn runs(caller: &Caller, app: &App, id: FunctionId) -> Result<Runs> {
    caller.require(Permission::FunctionsRead)?;
    let function = find(app, &caller.account, id).await?.record;
    let last = last(app, &caller.account, id)
        .await?
        .map(|kept| kept.record);
    let schedule = function.schedule.filter(|_| function.deployed.is_some());
    let cron = schedule.and_then(|schedule| Cron::parse(&schedule.cron, &schedule.zone).ok());
    Ok(Runs {
        last_at: last.as_ref().map(|last| last.due_at),
        last_outcome: last.and_then(|last| last.outcome),
        next_at: cron.and_then(|cron| cron.next_after(app.now())),
    })
}

/// Starts functions when it is time, until the work is to end.
pub(crate) async fn run(app: Arc<App>) {
    let mut looked_at = app.now();
    loop {
        tokio::select! {
            () = app.tasks.stopping().cancelled() => return,
            () = tokio::time::sleep(TICK) => {}
        }
        let now = app.now();
        if now.milliseconds().div_euclid(60_000) == looked_at.milliseconds().div_euclid(60_000) {
            continue;
        }
        let since = looked_at.max(now.minus(LATE_MAX));
        looked_at = now;
        if let Err(error) = start_due(&app, since, now).await {
            tracing::warn!(%error, "functions that are due cannot be looked for");
        }
    }
}

/// Starts every function that is due after `since` and until `now`.
async fn start_due(app: &Arc<App>, since: Timestamp, now: Timestamp) -> Result<()> {
    for account in app.store.accounts().await? {
        let registry = registry::current(app, &account).await?;
        let scheduled = registry.all().filter(|entry| entry.is_scheduled);
        for entry in scheduled.filter(|entry| entry.deployed.is_some()) {
            let function: Kept<Function> = find(app, &account, entry.id).await?;
            let Some(schedule) = function.record.schedule else {
                continue;
            };
            let Ok(cron) = Cron::parse(&schedule.cron, &schedule.zone) else {
                continue;
            };
            let due_at = cron.next_after(since).filter(|due_at| *due_at <= now);
            if let Some(due_at) = due_at
                && let Some(claimed) = claim(app, &account, entry.id, due_at).await?
            {
                let (app, account) = (Arc::clone(app), account.clone());
                let tasks = app.tasks.clone();
                tasks.spawn(async move { start(&app, &account, claimed, schedule).await });
            }
        }
    }
    Ok(())
}

/// Takes a due minute; nothing if it is taken already.
async fn claim(
    app: &App,
    account: &AccountId,
    id: FunctionId,
    due_at: Timestamp,
) -> Result<Option<Kept<ScheduledRun>>> {
    let last = last(app, account, id).await?;
    if last
        .as_ref()
        .is_some_and(|last| last.record.due_at >= due_at)
    {
        return Ok(None);
    }
    let record = ScheduledRun {
        function_id: id,
        due_at,
        outcome: None,
    };
    let expect = last.map_or(Expect::Absent, |last| Expect::Revision(last.revision));
    let mut batch = Batch::new(app.now());
    batch.put_record(account, &record, expect)?;
    match app.store.commit(batch).await {
        Ok(revisions) => {
            let revision = revisions.first().copied().unwrap_or(0);
            Ok(Some(Kept { record, revision }))
        }
        Err(CommitError::Conflict { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn start(app: &Arc<App>, account: &AccountId, claimed: Kept<ScheduledRun>, due: Schedule) {
    let Kept { record, revision } = claimed;
    let input = Input {
        request_id: RequestId::mint(&app.ids),
        timestamp: record.due_at,
        headers: Vec::new(),
        payload: due.payload,
    };
    let deadline = Instant::now() + limits::FUNCTION_TIME_MAX;
    let answer = invoke(app, account, record.function_id, input, deadline).await;
    let outcome = answer.map_or_else(|error| error.code.as_str(), |_| OK);
    let ended = ScheduledRun {
        outcome: Some(outcome.to_owned()),
        ..record
    };
    let mut batch = Batch::new(app.now());
    let put = batch
        .put_record(account, &ended, Expect::Revision(revision))
        .map(|_| ());
    if let Err(error) = put {
        tracing::error!(%error, "how a function ended cannot be written");
        return;
    }
    match app.store.commit(batch).await {
        // The next minute has begun meanwhile.
        Ok(_) | Err(CommitError::Conflict { .. }) => {}
        Err(error) => tracing::warn!(%error, "how a function ended was not kept"),
    }
}

async fn last(
    app: &App,
    account: &AccountId,
    id: FunctionId,
) -> Result<Option<Kept<ScheduledRun>>> {
    let key = Key::new(account, [id.to_string().as_str()]);
    let row = app
        .store
        .get(ScheduledRun::COLLECTION, &key, app.now())
        .await?;
    Ok(row.as_ref().map(record::read).transpose()?)
}
