//! Delivery of events: to webhooks and to functions, at least once, in order within a conversation;
//! and to what counts them, exactly once.
//!
//! The log of events is the outbox: what has happened is in it, in the batch that made it happen. Each
//! receiver has a row that says how far it is. One task for each receiver reads on from there, woken
//! by commits and hints; on a store that nodes share, a lease in the same row lets one node deliver,
//! and another takes over when it dies. The row is written after each round, on its revision: who has
//! lost the lease changes nothing, and who dies sends a round again.

pub(crate) mod attempt;
pub(crate) mod functions;
pub(crate) mod lease;

mod command;
mod deliver;
mod payload;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::HashMap;
use tokio::sync::Notify;
use usher_model::id::AccountId;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::outbox::Delivery;
use usher_store::record::{self, Kept, Record as _};
use usher_store::store::{Key, Query};

use crate::App;
use crate::analytics;
use crate::error::Result;
use crate::feed;

/// What the receiver is called that is all functions of an account.
pub(crate) const FUNCTIONS: &str = "functions";
/// What the receiver is called that counts: every account has it, from its first event on.
pub(crate) const ANALYTICS: &str = "analytics";
/// How often a node looks for receivers that others have made.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// The receivers that this node knows of.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Guards which tasks there are; held for nanoseconds.
    running: Mutex<HashMap<AccountId, HashMap<String, Arc<Notify>>>>,
    look: Notify,
}

impl Outbox {
    /// Says that there may be something new in an account.
    pub(crate) fn wake(&self, account: &AccountId) {
        let running = self.lock();
        for woken in running.get(account).into_iter().flat_map(HashMap::values) {
            woken.notify_one();
        }
    }

    /// Says that there may be something new anywhere.
    pub(crate) fn wake_all(&self) {
        for woken in self.lock().values().flat_map(HashMap::values) {
            woken.notify_one();
        }
    }

    /// Says that there may be new receivers.
    pub(crate) fn look(&self) {
        self.look.notify_one();
    }

    /// Notes that a receiver has a task; nothing if it has one already.
    fn enter(&self, account: &AccountId, target: &str) -> Option<Arc<Notify>> {
        let mut running = self.lock();
        let targets = running.entry(account.clone()).or_default();
        if targets.contains_key(target) {
            return None;
        }
        let woken = Arc::new(Notify::new());
        targets.insert(target.to_owned(), Arc::clone(&woken));
        Some(woken)
    }

    fn leave(&self, account: &AccountId, target: &str) {
        let mut running = self.lock();
        if let Some(targets) = running.get_mut(account) {
            targets.remove(target);
            if targets.is_empty() {
                running.remove(account);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, HashMap<String, Arc<Notify>>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the contracts' names of what functions and consumers may be told.
pub(crate) fn told_names() -> Vec<&'static str> {
    functions::NAMES.iter().map(|(name, _)| *name).collect()
}

/// Keeps a task for each receiver until the application stops.
pub(crate) async fn keep(app: Arc<App>) {
    let stopping = app.tasks.stopping().clone();
    let is_shared = app.store.is_shared();
    loop {
        let looked = look(&app).await;
        if let Err(error) = &looked {
            tracing::warn!(%error, "the receivers of events cannot be read; it is tried again");
        }
        let again = async {
            if is_shared || looked.is_err() {
                tokio::time::sleep(LOOK_INTERVAL).await;
            } else {
                std::future::pending().await
            }
        };
        tokio::select! {
            () = stopping.cancelled() => return,
            () = app.outbox.look.notified() => {}
            () = again => {}
        }
    }
}

async fn look(app: &Arc<App>) -> Result<()> {
    for account in app.store.accounts().await? {
        follow(app, &account, ANALYTICS, 0).await?;
        let query = Query::all(&account, Delivery::COLLECTION);
        for row in app.store.find_all(&query, app.now()).await? {
            let target = record::read::<Delivery>(&row)?.record.target;
            if let Some(woken) = app.outbox.enter(&account, &target) {
                let (app, account) = (Arc::clone(app), account.clone());
                let tasks = app.tasks.clone();
                tasks.spawn(async move {
                    if target == ANALYTICS {
                        analytics::follow(&app, &account, &woken).await;
                    } else {
                        deliver::run(&app, &account, &target, &woken).await;
                    }
                    app.outbox.leave(&account, &target);
                });
            }
        }
    }
    Ok(())
}

/// Sees to it that the functions of an account, and its automatic messages, get what happens from now
/// on.
pub(crate) async fn follow_functions(app: &App, account: &AccountId) -> Result<()> {
    let cursor = feed::last_sequence(app, account).await?;
    if follow(app, account, FUNCTIONS, cursor).await? {
        app.outbox.look();
    }
    Ok(())
}

/// Adds a receiver that gets what comes after an event; says whether it was not there yet.
async fn follow(app: &App, account: &AccountId, target: &str, cursor: u64) -> Result<bool> {
    if state(app, account, target).await?.is_some() {
        return Ok(false);
    }
    let delivery = Delivery::after(target.to_owned(), cursor);
    let mut batch = Batch::new(app.now());
    batch.put_record(account, &delivery, Expect::Absent)?;
    match app.store.commit(batch).await {
        // Somebody else did it at the same time.
        Ok(_) | Err(CommitError::Conflict { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Returns how far a receiver is.
pub(crate) async fn state(
    app: &App,
    account: &AccountId,
    target: &str,
) -> Result<Option<Kept<Delivery>>> {
    let key = Key::new(account, [target]);
    let row = app.store.get(&kept::DELIVERIES, &key, app.now()).await?;
    Ok(row.as_ref().map(record::read).transpose()?)
}
