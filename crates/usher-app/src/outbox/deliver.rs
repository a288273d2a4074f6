//! One receiver: which events are due, who delivers them, and what is noted of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use usher_model::id::{AccountId, AgentId, ConversationId, DeadLetterId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::record::outbox::{DeadLetter, Delivery, Lane};

use super::attempt::Target;
use super::lease::{self, left};
use crate::App;
use crate::error::{Error, Result};
use crate::events;
use crate::feed::{self, Happened};

/// After which times a webhook is tried again.
const WEBHOOK_DELAYS: [Duration; 8] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(6 * 60 * 60),
    Duration::from_secs(12 * 60 * 60),
];
/// After which times functions are tried again.
const FUNCTION_DELAYS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(25),
];
/// Failures one after the other with which nothing more is tried for a while.
const BREAKER_FAILURES: u32 = 8;
/// How long nothing is tried at first, and at most.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(5 * 60);
/// How long a round takes before what is left waits for the next one.
const ROUND_MAX: Duration = Duration::from_secs(10);
/// How long an attempt that is under way may go on when the application stops.
const STOP_GRACE: Duration = Duration::from_secs(3);
/// How often a receiver is looked at without having been woken, on a store that nodes share.
const POLL: Duration = Duration::from_secs(1);
/// How long a store that cannot be read is left alone.
const RECOVERY: Duration = Duration::from_secs(1);

/// What a round has come to.
enum Next {
    /// There may be more to do.
    Again,
    /// Nothing is due before so long, unless something happens.
    Wait(Option<Duration>),
    /// The receiver is no more.
    Gone,
}

/// Delivers until the receiver is gone or the application stops.
pub(super) async fn run(app: &Arc<App>, account: &AccountId, target: &str, woken: &Notify) {
    let stopping = app.tasks.stopping().clone();
    while !stopping.is_cancelled() {
        let wait = match round(app, account, target).await {
            Ok(Next::Again) => continue,
            Ok(Next::Gone) => return,
            Ok(Next::Wait(wait)) => wait,
            Err(error) => {
                tracing::warn!(%error, %account, target, "events cannot be delivered; it is tried again");
                Some(RECOVERY)
            }
        };
        let poll = app.store.is_shared().then_some(POLL);
        let wait = [wait, poll].into_iter().flatten().min();
        let slept = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = woken.notified() => {}
            () = slept => {}
        }
    }
    lease::give_up(app, account, target).await;
}

async fn round(app: &Arc<App>, account: &AccountId, name: &str) -> Result<Next> {
    let Some(target) = Target::find(app, account, name).await? else {
        return Ok(Next::Gone);
    };
    let Some(mut kept) = super::state(app, account, name).await? else {
        return Ok(Next::Gone);
    };
    if !target.is_enabled() {
        return Ok(Next::Wait(None));
    }
    let now = app.now();
    if let Some(wait) = lease::hold(app, account, &mut kept, now).await? {
        return Ok(Next::Wait(Some(wait)));
    }
    let state = kept.record;
    let is_paused = state.failures >= BREAKER_FAILURES;
    if is_paused && let Some(wait) = left(state.paused_until, now, PAUSE_MAX * 2) {
        return Ok(Next::Wait(Some(wait)));
    }
    let plan = plan(app, account, &target, &state, is_paused, now).await?;
    if plan.work.is_empty() {
        if plan.cursor == state.cursor {
            return Ok(Next::Wait(next_due(&target, &state, now)));
        }
        // Nobody wants what came: it is looked at again after a crash, and is not worth a write.
        if plan.has_more || plan.cursor - state.cursor > limits::OUTBOX_SKIPPED_MAX {
            let after = Delivery {
                cursor: plan.cursor,
                ..state
            };
            return commit(app, account, after, kept.revision, &[]).await;
        }
        return Ok(Next::Wait(next_due(&target, &state, now)));
    }
    let results = work(app, account, &target, plan.work, plan.cursor).await?;
    let (after, dead) = settle(app, &target, state, plan.cursor, results);
    commit(app, account, after, kept.revision, &dead).await
}

/// Returns when a lane may be tried again.
fn lane_left(target: &Target, lane: &Lane, now: Timestamp) -> Option<Duration> {
    let delays = delays(target);
    let tried = usize::try_from(lane.attempts).unwrap_or(usize::MAX);
    let delay = delays.get(tried.saturating_sub(1)).or(delays.last());
    left(
        Some(lane.next_at),
        now,
        delay.copied().unwrap_or_default() * 2,
    )
}

fn next_due(target: &Target, state: &Delivery, now: Timestamp) -> Option<Duration> {
    let lanes = state.lanes.values();
    lanes
        .map(|lane| lane_left(target, lane, now).unwrap_or_default())
        .min()
}

const fn delays(target: &Target) -> &'static [Duration] {
    match target {
        Target::Webhook(..) => &WEBHOOK_DELAYS,
        Target::Functions(_) => &FUNCTION_DELAYS,
    }
}

/// What one round does.
struct Plan {
    work: Vec<Work>,
    /// All events up to this one are in the work, in a lane, or unwanted.
    cursor: u64,
    has_more: bool,
}

/// The events of one conversation or agent, in their order.
struct Work {
    lane: String,
    after: u64,
    /// How often the first of them was tried.
    attempts: u32,
    /// Those that are known; nothing if they are to be read.
    events: Option<Vec<Arc<Happened>>>,
}

async fn plan(
    app: &App,
    account: &AccountId,
    target: &Target,
    state: &Delivery,
    is_probe: bool,
    now: Timestamp,
) -> Result<Plan> {
    let mut plan = Plan {
        work: Vec::new(),
        cursor: state.cursor,
        has_more: false,
    };
    let mut due: Vec<(&String, &Lane)> = state.lanes.iter().collect();
    due.retain(|(_, lane)| is_probe || lane_left(target, lane, now).is_none());
    due.sort_by_key(|(_, lane)| lane.next_at);
    due.truncate(if is_probe {
        1
    } else {
        limits::OUTBOX_LANES_AT_ONCE
    });
    plan.work.extend(due.into_iter().map(|(name, lane)| Work {
        lane: name.clone(),
        after: lane.after,
        attempts: lane.attempts,
        events: None,
    }));
    let is_full = state.lanes.len() >= limits::OUTBOX_LANES_MAX;
    if is_full || (is_probe && !plan.work.is_empty()) {
        return Ok(plan);
    }
    let (page, has_more) = feed::after(app, account, state.cursor).await?;
    let mut fresh: BTreeMap<String, Vec<Arc<Happened>>> = BTreeMap::new();
    for happened in page {
        if target.wants(&happened) {
            let lane = lane_of(&happened);
            if !state.lanes.contains_key(&lane) {
                if is_probe && !fresh.is_empty() {
                    break;
                }
                fresh.entry(lane).or_default().push(Arc::clone(&happened));
            }
        }
        plan.cursor = happened.sequence;
    }
    plan.has_more = has_more;
    let after = state.cursor;
    plan.work
        .extend(fresh.into_iter().map(|(lane, events)| Work {
            lane,
            after,
            attempts: 0,
            events: Some(events),
        }));
    Ok(plan)
}

/// Returns whose events come one after the other: a conversation's, or an agent's beside them.
fn lane_of(happened: &Happened) -> String {
    match (&happened.conversation_id, &happened.agent_id) {
        (Some(conversation), _) => format!("c/{conversation}"),
        (None, Some(agent)) => format!("a/{agent}"),
        (None, None) => String::new(),
    }
}

/// Reads what a lane has not had yet, perhaps with events of others among it.
async fn read(
    app: &App,
    account: &AccountId,
    lane: &str,
    after: u64,
) -> Result<(Vec<Arc<Happened>>, bool)> {
    if let Some(id) = lane.strip_prefix("c/") {
        let id = ConversationId::parse(id).map_err(Error::internal)?;
        return feed::of_conversation(app, account, &id, after, limits::FEED_PAGE_EVENTS).await;
    }
    let Some(id) = lane.strip_prefix("a/") else {
        return feed::after(app, account, after).await;
    };
    let id = AgentId::parse(id).map_err(Error::internal)?;
    feed::of_agent(app, account, &id, after).await
}

/// What came of a lane.
struct Came {
    lane: String,
    /// Nothing if all of it is done.
    left: Option<Lane>,
    /// What was given up.
    dead: Vec<DeadLetter>,
    /// How many events were delivered, and whether the last attempt failed.
    delivered: u32,
    has_failed: bool,
}

async fn work(
    app: &Arc<App>,
    account: &AccountId,
    target: &Target,
    work: Vec<Work>,
    cursor: u64,
) -> Result<Vec<Came>> {
    let places = Arc::new(Semaphore::new(limits::OUTBOX_LANES_AT_ONCE));
    let count = work.len();
    let (tell, mut told) = mpsc::channel(count.max(1));
    let mut lanes = JoinSet::new();
    let until = Instant::now() + ROUND_MAX;
    for one in work {
        let (app, account, target) = (Arc::clone(app), account.clone(), target.clone());
        let (places, tell) = (Arc::clone(&places), tell.clone());
        let tasks = app.tasks.clone();
        tasks.spawn_in(&mut lanes, async move {
            // The semaphore is never closed.
            let _place = places.acquire().await;
            let came = follow(&app, &account, &target, one, cursor, until).await;
            // Whoever asked may have gone.
            drop(tell.send(came).await);
        });
    }
    drop(tell);
    let mut results = Vec::new();
    while let Some(came) = told.recv().await {
        results.push(came?);
    }
    if results.len() < count {
        return Err(Error::internal("a delivery has ended without a result"));
    }
    Ok(results)
}

/// Delivers the events of a lane, one after the other, until one fails or the round is over.
async fn follow(
    app: &Arc<App>,
    account: &AccountId,
    target: &Target,
    work: Work,
    cursor: u64,
    until: Instant,
) -> Result<Came> {
    let mut came = Came {
        lane: work.lane,
        left: None,
        dead: Vec::new(),
        delivered: 0,
        has_failed: false,
    };
    let (events, has_more) = match work.events {
        Some(events) => (events, false),
        None => read(app, account, &came.lane, work.after).await?,
    };
    let stopping = app.tasks.stopping();
    let mut lane = Lane {
        after: work.after,
        attempts: work.attempts,
        next_at: app.now(),
    };
    for happened in events.iter().filter(|happened| happened.sequence <= cursor) {
        let is_of_lane = lane_of(happened) == came.lane;
        if !is_of_lane || !target.wants(happened) {
            lane.after = happened.sequence;
            continue;
        }
        if Instant::now() >= until || stopping.is_cancelled() {
            came.left = Some(lane);
            return Ok(came);
        }
        let dropped = async {
            stopping.cancelled().await;
            tokio::time::sleep(STOP_GRACE).await;
        };
        let delivered = tokio::select! {
            biased;
            delivered = target.deliver(app, account, happened) => delivered,
            () = dropped => {
                came.left = Some(lane);
                return Ok(came);
            }
        };
        count(target, delivered.is_ok());
        match delivered {
            Ok(()) => {
                came.delivered += 1;
                came.has_failed = false;
                let lag = app.now().since(happened.at);
                metrics::histogram!("usher_delivery_lag_seconds", "target" => target.word())
                    .record(lag);
            }
            Err(error) => {
                came.has_failed = true;
                lane.attempts += 1;
                let tried = usize::try_from(lane.attempts).unwrap_or(usize::MAX);
                if let Some(delay) = delays(target).get(tried - 1) {
                    lane.next_at = app.now().plus(*delay + app.ids.jitter(*delay / 4));
                    tracing::debug!(%account, error, sequence = happened.sequence, "an event was not delivered; it is tried again");
                    came.left = Some(lane);
                    return Ok(came);
                }
                came.dead
                    .push(dead(app, account, happened, lane.attempts, &error));
            }
        }
        lane.after = happened.sequence;
        lane.attempts = 0;
    }
    if has_more && events.last().is_some_and(|last| last.sequence <= cursor) {
        came.left = Some(lane);
    }
    Ok(came)
}

fn dead(
    app: &App,
    account: &AccountId,
    happened: &Happened,
    attempts: u32,
    error: &str,
) -> DeadLetter {
    let now = app.now();
    DeadLetter {
        id: DeadLetterId::mint(&app.ids),
        // Whoever writes it knows the receiver.
        target: String::new(),
        sequence: happened.sequence,
        event_type: events::kind(&happened.event).to_owned(),
        conversation_id: happened.conversation_id.clone(),
        request_id: events::id(account, happened),
        attempts,
        error: error
            .chars()
            .take(limits::DEAD_LETTER_ERROR_CHARS_MAX)
            .collect(),
        at: now,
        expires_at: now.plus(limits::DEAD_LETTER_LIFE),
    }
}

fn count(target: &Target, is_delivered: bool) {
    let outcome = if is_delivered { "OK" } else { "FAILED" };
    metrics::counter!("usher_deliveries_total", "target" => target.word(), "outcome" => outcome)
        .increment(1);
}

/// Returns what the receiver's row is after a round, and what was given up.
fn settle(
    app: &App,
    target: &Target,
    mut state: Delivery,
    cursor: u64,
    results: Vec<Came>,
) -> (Delivery, Vec<DeadLetter>) {
    state.cursor = cursor;
    let mut all_dead = Vec::new();
    for came in results {
        match came.left {
            Some(lane) => {
                state.lanes.insert(came.lane, lane);
            }
            None => {
                state.lanes.remove(&came.lane);
            }
        }
        for mut dead in came.dead {
            dead.target.clone_from(&state.target);
            all_dead.push(dead);
        }
        if came.delivered > 0 {
            state.failures = 0;
        }
        if came.has_failed {
            state.failures = state.failures.saturating_add(1);
        }
    }
    state.paused_until = None;
    // A function that fails says nothing about the others.
    if matches!(target, Target::Webhook(..)) && state.failures >= BREAKER_FAILURES {
        let doublings = (state.failures - BREAKER_FAILURES).min(6);
        let pause = (PAUSE * 2_u32.pow(doublings)).min(PAUSE_MAX);
        state.paused_until = Some(app.now().plus(pause + app.ids.jitter(pause / 4)));
    } else if matches!(target, Target::Functions(_)) {
        state.failures = 0;
    }
    (state, all_dead)
}

async fn commit(
    app: &App,
    account: &AccountId,
    after: Delivery,
    revision: u64,
    dead: &[DeadLetter],
) -> Result<Next> {
    let mut batch = Batch::new(app.now());
    batch.put_record(account, &after, Expect::Revision(revision))?;
    for dead in dead {
        metrics::counter!("usher_dead_letters_total").increment(1);
        tracing::warn!(%account, target = dead.target, sequence = dead.sequence, error = dead.error,
            "an event could not be delivered and is a dead letter now");
        batch.put_record(account, dead, Expect::Absent)?;
    }
    match app.store.commit(batch).await {
        // The row is another node's, or gone: what was sent will be sent again.
        Ok(_) | Err(CommitError::Conflict { .. }) => Ok(Next::Again),
        Err(error) => Err(error.into()),
    }
}
