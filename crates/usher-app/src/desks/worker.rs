//! What a desk does by itself: matching, and what has become due. One task for each account whose
//! desk this node holds; it acts only while the node holds the account's desk lease.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use usher_model::id::{AgentId, OfferId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_store::record::conversation::{CloseReason, Closed};

use super::step::Begun;
use super::{AccountDesk, State, idle, lease};
use crate::App;
use crate::bot;
use crate::conversations;
use crate::error::{Kind, Result};
use crate::hours;

/// How long the worker rests after the store has failed.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How long a desk that nobody asks for is held.
const IDLE_MAX: Duration = Duration::from_secs(10 * 60);
/// How old what an administrator has set may be, if no hint tells that it has changed.
const RULES_INTERVAL: Duration = Duration::from_secs(30);
/// Longest time between two looks at a desk: nothing rests on it but what no hint has told.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Starts the task of a desk.
pub(super) fn start(app: &Arc<App>, desk: &Arc<AccountDesk>) {
    app.tasks.spawn(run(Arc::clone(app), Arc::clone(desk)));
}

async fn run(app: Arc<App>, desk: Arc<AccountDesk>) {
    let stopping = app.tasks.stopping().clone();
    let mut lease = lease::Lease::new(&app);
    loop {
        let next = match lease.hold(&app, &desk).await {
            Ok(true) => pass(&app, &desk).await,
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        };
        let rest = match next {
            Ok(next) => {
                let due = next.map_or(LOOK_INTERVAL, |at| at.since(app.now()));
                due.min(LOOK_INTERVAL).min(lease.renew_in(app.now()))
            }
            Err(error) => {
                tracing::warn!(%error, account = %desk.account, "the desk could not be worked on; it is tried again");
                REST_AFTER_FAILURE
            }
        };
        tokio::select! {
            () = stopping.cancelled() => break,
            () = desk.work.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
        if app.desks.drop_idle(&desk, app.now()) {
            break;
        }
    }
    lease.give_up(&app, &desk).await;
}

/// Begins everything that is due and every match, and returns when to look again.
///
/// The steps are carried out in tasks of their own, so that many of them share a commit.
async fn pass(app: &Arc<App>, desk: &Arc<AccountDesk>) -> Result<Option<Timestamp>> {
    desk.look_at_rules(app).await?;
    desk.look_at_leases(app).await?;
    let survey = desk.end_surveys(app).await?;
    let hours = hours::follow(app, desk).await?;
    let idle = idle::follow(app, desk).await?;
    loop {
        let permit = Arc::clone(&desk.in_flight).acquire_owned().await;
        // The semaphore is never closed.
        let Ok(permit) = permit else { return Ok(None) };
        match desk.begin_next(app) {
            Some(begun) => app.tasks.spawn(carry_out(Arc::clone(app), begun, permit)),
            None => {
                let bot = bot::start_due(app, desk);
                let due = desk.lock().desk.next_due_at();
                let others = [survey, hours, idle, bot].into_iter().flatten();
                return Ok(due.into_iter().chain(others).min());
            }
        }
    }
}

async fn carry_out(app: Arc<App>, begun: Begun, permit: OwnedSemaphorePermit) {
    let desk = Arc::clone(begun.desk());
    if let Err(error) = begun.carry_out(&app, &mut |_, _| Ok(())).await {
        // What did not happen is found again; not at once, or a failing store would be asked without
        // end.
        tracing::warn!(%error, account = %desk.account, "a step of the desk was not written; it is tried again");
        tokio::select! {
            () = app.tasks.stopping().cancelled() => {}
            () = tokio::time::sleep(REST_AFTER_FAILURE) => {}
        }
    }
    drop(permit);
    desk.work.notify_one();
}

/// Does everything that is due and every match, until nothing is left.
pub(super) async fn catch_up(app: &Arc<App>, desk: &Arc<AccountDesk>) -> Result<()> {
    desk.look_at_rules(app).await?;
    desk.end_surveys(app).await?;
    loop {
        desk.look_at_leases(app).await?;
        hours::follow(app, desk).await?;
        idle::follow(app, desk).await?;
        // Whoever holds all permits knows that nothing is under way.
        let all = u32::try_from(limits::DESK_STEPS_IN_FLIGHT_MAX).unwrap_or(u32::MAX);
        let Ok(permits) = Arc::clone(&desk.in_flight).acquire_many_owned(all).await else {
            return Ok(());
        };
        let Some(begun) = desk.begin_next(app) else {
            drop(permits);
            if bot::catch_up(app, desk).await {
                continue;
            }
            return Ok(());
        };
        begun.carry_out(app, &mut |_, _| Ok(())).await?;
        drop(permits);
    }
}

impl AccountDesk {
    /// Begins the next change that is due or, without one, the next match.
    fn begin_next(self: &Arc<Self>, app: &App) -> Option<Begun> {
        let now = app.now();
        let mut state = self.lock();
        let change = state.desk.next_due_change(now).or_else(|| {
            let offer = OfferId::mint(&app.ids);
            state.desk.next_match(now, offer)
        })?;
        Some(Begun::new(self, &mut state, change, now))
    }

    /// Looks whether agents whose leases have run out were heard of elsewhere.
    async fn look_at_leases(&self, app: &App) -> Result<()> {
        if !app.store.is_shared() {
            return Ok(());
        }
        let now = app.now();
        let over: Vec<AgentId> = {
            let state = self.lock();
            let over = state
                .leases_by_end
                .iter()
                .take_while(|(until, _)| *until <= now);
            over.map(|(_, agent)| agent.clone()).collect()
        };
        for agent in over {
            if !self.is_back(app, &agent).await? {
                self.lock().leases_by_end.retain(|(_, gone)| *gone != agent);
            }
        }
        Ok(())
    }

    /// Ends conversations whose surveys were not answered in time; returns when the next one is due.
    async fn end_surveys(self: &Arc<Self>, app: &Arc<App>) -> Result<Option<Timestamp>> {
        loop {
            let now = app.now();
            let (until, id) = match self.lock().surveys.first().cloned() {
                Some(first) if first.0 <= now => first,
                first => return Ok(first.map(|(until, _)| until)),
            };
            let ended = self.amend(app, &id, |writing| {
                let closed = Closed {
                    at: writing.now,
                    by: CloseReason::System,
                    description: "SURVEY_TIMEOUT".to_owned(),
                };
                conversations::end_survey(writing, &id, closed)
            });
            match ended.await {
                Ok(_) => {}
                // It was answered, or another node was faster.
                Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound) => {}
                Err(error) => return Err(error),
            }
            self.lock().surveys.remove(&(until, id));
        }
    }

    /// Reads again, now and then, what an administrator has set: the hint of another node may be
    /// lost.
    async fn look_at_rules(&self, app: &App) -> Result<()> {
        let read_at = self.lock().rules_read_at;
        if app.store.is_shared() && app.now().since(read_at) >= RULES_INTERVAL {
            super::reload(app, self).await?;
        }
        Ok(())
    }
}

impl State {
    /// Whether nobody has asked for the desk lately, and nothing goes on at it.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        let has_tickets = self.desk.tickets().next().is_some();
        now.since(self.used_at) > IDLE_MAX && !has_tickets && self.surveys.is_empty()
    }
}
