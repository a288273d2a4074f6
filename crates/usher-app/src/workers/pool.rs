//! The workers that wait for a job.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{error, warn};
use usher_functions::worker::{Failure, FailureKind};
use usher_model::id::AccountId;

use super::worker::Worker;
use super::{Options, Place};
use crate::tasks::Tasks;

/// How long a worker may take to start, or to be ready again; on a machine that is very busy.
const READY_TIME_MAX: Duration = Duration::from_secs(10);

/// The workers that wait for a job, and how many each account may have at work.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) options: Options,
    tasks: Tasks,
    /// Guards the lists; held for a few instructions.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Those that served an account; the one that waits longest is in front.
    used: VecDeque<(AccountId, Worker)>,
    /// One that served nobody yet.
    spare: Option<Worker>,
    /// Whether a spare one is being started.
    is_preparing: bool,
    /// Places to run of the accounts that use them, by the depth of the function.
    places: HashMap<(AccountId, usize), Arc<Semaphore>>,
}

impl Pool {
    pub(super) fn new(options: Options, tasks: Tasks) -> Self {
        Self {
            options,
            tasks,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can stop half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn idle(&self) -> usize {
        let state = self.state();
        state.used.len() + usize::from(state.spare.is_some())
    }

    pub(super) fn idle_processes(&self) -> Vec<u32> {
        let state = self.state();
        let used = state.used.iter().map(|(_, worker)| worker);
        used.chain(&state.spare)
            .filter_map(Worker::process_id)
            .collect()
    }

    /// Returns the places to run of an account.
    pub(super) fn places_of(&self, account: &AccountId, depth: usize) -> Arc<Semaphore> {
        let most = self.options.account_running_max;
        let mut state = self.state();
        if state.places.len() > self.options.waiting_max {
            state.places.retain(|_, places| {
                Arc::strong_count(places) > 1 || places.available_permits() < most
            });
        }
        let places = state
            .places
            .entry((account.clone(), depth))
            .or_insert_with(|| Arc::new(Semaphore::new(most)));
        Arc::clone(places)
    }

    /// Returns a worker that is ready and has served this account or nobody.
    pub(super) async fn acquire(self: &Arc<Self>, account: &AccountId) -> Result<Worker, Failure> {
        loop {
            let (worker, took_spare) = {
                let mut state = self.state();
                let own = state.used.iter().rposition(|(owner, _)| owner == account);
                match own.and_then(|at| state.used.remove(at)) {
                    Some((_, worker)) => (Some(worker), false),
                    None => (state.spare.take(), true),
                }
            };
            if took_spare {
                self.prepare_spare();
            }
            let Some(mut worker) = worker else {
                return self.launch().await;
            };
            if worker.is_alive() {
                return Ok(worker);
            }
        }
    }

    /// Starts a worker and waits until it is ready.
    async fn launch(&self) -> Result<Worker, Failure> {
        let started = timeout(READY_TIME_MAX, async {
            let mut worker = Worker::launch(&self.options.launch)?;
            worker.ready().await?;
            Ok(worker)
        });
        let reason: std::io::Error = match started.await {
            Ok(Ok(worker)) => return Ok(worker),
            Ok(Err(reason)) => reason,
            Err(late) => late.into(),
        };
        error!(error = %reason, "a worker for functions did not start");
        Err(Failure::new(
            FailureKind::Unavailable,
            "a worker for functions did not start; try again later",
        ))
    }

    /// Starts a worker for whoever comes next, in the background.
    fn prepare_spare(self: &Arc<Self>) {
        let is_under_way = std::mem::replace(&mut self.state().is_preparing, true);
        if is_under_way || self.tasks.stopping().is_cancelled() {
            return;
        }
        let pool = Arc::clone(self);
        self.tasks.spawn(async move {
            let stopping = pool.tasks.stopping().clone();
            let launched = stopping.run_until_cancelled(pool.launch()).await;
            let mut state = pool.state();
            state.is_preparing = false;
            state.spare = launched.and_then(Result::ok);
        });
    }

    /// Takes a worker back when it is ready again; its place is free then.
    pub(super) fn release(self: &Arc<Self>, account: &AccountId, mut worker: Worker, place: Place) {
        worker.jobs = worker.jobs.saturating_add(1);
        if worker.jobs >= self.options.jobs_max || self.tasks.stopping().is_cancelled() {
            return;
        }
        let (pool, account) = (Arc::clone(self), account.clone());
        self.tasks.spawn(async move {
            let stopping = pool.tasks.stopping().clone();
            let ready = stopping.run_until_cancelled(timeout(READY_TIME_MAX, worker.ready()));
            match ready.await {
                Some(Ok(Ok(()))) if pool.is_small(&worker) => pool.keep(account, worker),
                Some(Ok(Ok(()))) | None => {}
                Some(Ok(Err(reason))) => {
                    warn!(error = %reason, "a worker for functions died between two jobs");
                }
                Some(Err(_late)) => warn!("a worker for functions was not ready again in time"),
            }
            drop(place);
        });
    }

    fn is_small(&self, worker: &Worker) -> bool {
        worker
            .resident_bytes()
            .is_none_or(|bytes| bytes <= self.options.resident_bytes_max)
    }

    /// Lets a worker wait for a job of its account; the one that waited longest may have to go.
    fn keep(&self, account: AccountId, worker: Worker) {
        let mut state = self.state();
        let gone = (state.used.len() >= self.options.idle_max)
            .then(|| state.used.pop_front())
            .flatten();
        state.used.push_back((account, worker));
        drop(state);
        drop(gone);
    }
}
