//! The pool of workers: processes that run what authors wrote.
//!
//! A worker does one job at a time and never serves two accounts. It is killed when a job passes
//! its deadline, and let go when a job broke a limit or took long, after many jobs, or when it has
//! grown.
//! Whoever drops a run kills its worker.
//!
//! How many run at once is bounded, for all and for each account; who comes beyond waits in a
//! bounded queue, and is refused when that is full or the deadline passes. A function that another
//! one waits for has places of its own depth, so that no two can wait for each other's place.

mod host;
mod pool;
mod talk;
mod worker;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use usher_functions::check::Diagnostic;
use usher_functions::worker::{Failure, FailureKind, Job, Outcome};
use usher_model::id::AccountId;

use crate::tasks::Tasks;

pub use host::{Answering, Host};
use pool::Pool;

/// Functions that may wait for each other, in a row.
pub const DEPTH_MAX: usize = 6;

/// How long a check of a source may take.
const CHECK_TIME_MAX: Duration = Duration::from_secs(5);

/// How workers are started, and how many there may be.
#[derive(Clone, Debug)]
pub struct Options {
    /// What a worker is.
    pub launch: Launch,
    /// Jobs that run at once, of those that wait for no other function.
    pub running_max: usize,
    /// Jobs of one account that run at once.
    pub account_running_max: usize,
    /// Jobs that wait for a worker.
    pub waiting_max: usize,
    /// Workers that wait for a job.
    pub idle_max: usize,
    /// Jobs after which a worker is replaced.
    pub jobs_max: u32,
    /// Resident memory between two jobs beyond which a worker is replaced.
    pub resident_bytes_max: u64,
}

impl Options {
    /// Returns the options for a machine with that many processors.
    #[must_use]
    pub fn for_processors(launch: Launch, processors: usize) -> Self {
        Self::running(launch, Self::running_max_for(processors))
    }

    /// Returns how many jobs run at once on a machine with that many processors, unless an operator
    /// says otherwise.
    ///
    /// A function mostly waits for others, so more may run than there are processors; each takes a
    /// few megabytes, and all together yield to the server.
    #[must_use]
    pub fn running_max_for(processors: usize) -> usize {
        processors.saturating_mul(8).clamp(8, 128)
    }

    /// Returns the options for that many jobs at once.
    #[must_use]
    pub const fn running(launch: Launch, running_max: usize) -> Self {
        Self {
            launch,
            running_max,
            account_running_max: running_max.div_ceil(2),
            waiting_max: 1_000,
            idle_max: running_max.div_ceil(2),
            jobs_max: 1_000,
            resident_bytes_max: 64 << 20,
        }
    }
}

/// What a worker is.
#[derive(Clone, Debug)]
pub enum Launch {
    /// A process of this program, which can be killed: the only kind that may serve strangers.
    Process {
        /// The program.
        program: PathBuf,
        /// What makes it a worker.
        arguments: Vec<OsString>,
    },
    /// A thread of this process, which nothing can kill: for tests that run their own functions.
    Thread,
}

/// The pool of workers.
#[derive(Debug)]
pub struct Workers {
    pool: Arc<Pool>,
    /// By how many functions wait for the one that runs.
    running: [Arc<Semaphore>; DEPTH_MAX],
    waiting: AtomicUsize,
}

impl Workers {
    /// Returns a pool that starts workers when they are needed.
    #[must_use]
    pub fn new(options: Options, tasks: Tasks) -> Self {
        Self {
            running: [(); DEPTH_MAX].map(|()| Arc::new(Semaphore::new(options.running_max))),
            waiting: AtomicUsize::new(0),
            pool: Arc::new(Pool::new(options, tasks)),
        }
    }

    /// Runs a function; its calls are answered by `host`, and `depth` others wait for it.
    ///
    /// There is an outcome whatever the function does, shortly after the deadline at the latest.
    /// Dropping the future ends the run.
    pub async fn run(
        &self,
        account: &AccountId,
        depth: usize,
        job: Job,
        host: Arc<dyn Host>,
        deadline: Instant,
    ) -> Outcome {
        let place = match self.place(account, depth, deadline).await {
            Ok(place) => place,
            Err(failure) => return unavailable(failure),
        };
        let mut worker = match timeout_at(deadline, self.pool.acquire(account)).await {
            Ok(Ok(worker)) => worker,
            Ok(Err(failure)) => return unavailable(failure),
            Err(_late) => return unavailable(late()),
        };
        let (outcome, is_reusable) = talk::run(&mut worker, job, host.as_ref(), deadline).await;
        if is_reusable && !worker.stands_back {
            self.pool.release(account, worker, place);
        } else {
            worker.end().await;
        }
        outcome
    }

    /// Returns every mistake of a source, found in a worker: parsing is engine work, too.
    ///
    /// # Errors
    /// Fails if there is no worker, or if it takes too long.
    pub async fn check(
        &self,
        account: &AccountId,
        source: String,
    ) -> Result<Vec<Diagnostic>, Failure> {
        let deadline = Instant::now() + CHECK_TIME_MAX;
        let place = self.place(account, 0, deadline).await?;
        let found = timeout_at(deadline, async {
            let mut worker = self.pool.acquire(account).await?;
            let mistakes = talk::check(&mut worker, source).await?;
            Ok((mistakes, worker))
        });
        let (mistakes, worker) = found.await.map_err(|_late| late())??;
        self.pool.release(account, worker, place);
        Ok(mistakes)
    }

    /// Returns how many workers wait for a job.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.pool.idle()
    }

    /// Returns the process ids of the workers that wait for a job.
    #[must_use]
    pub fn idle_processes(&self) -> Vec<u32> {
        self.pool.idle_processes()
    }

    /// Waits for a place to run: first among the account's, then among all.
    async fn place(
        &self,
        account: &AccountId,
        depth: usize,
        deadline: Instant,
    ) -> Result<Place, Failure> {
        let running = self.running.get(depth).ok_or_else(|| {
            Failure::new(
                FailureKind::Runtime,
                format!("at most {DEPTH_MAX} functions wait for each other"),
            )
        })?;
        let most = self.pool.options.waiting_max;
        let waiting = Waiting::begin(&self.waiting);
        let of_account = self.pool.places_of(account, depth);
        let is_full = |places: &Semaphore| places.available_permits() == 0;
        if waiting.before >= most && (is_full(&of_account) || is_full(running)) {
            return Err(Failure::new(
                FailureKind::Unavailable,
                format!("{most} functions wait for a worker already; try again later"),
            ));
        }
        let place = timeout_at(deadline, async {
            let of_account = of_account.acquire_owned().await.ok()?;
            let of_all = Arc::clone(running).acquire_owned().await.ok()?;
            Some(Place {
                _of_all: of_all,
                _of_account: of_account,
            })
        });
        match place.await {
            Ok(Some(place)) => Ok(place),
            Ok(None) | Err(_) => Err(late()),
        }
    }
}

fn late() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "no worker was free before the deadline; try again later",
    )
}

fn unavailable(failure: Failure) -> Outcome {
    Outcome {
        result: Err(failure),
        logs: Vec::new(),
        cpu_us: None,
    }
}

/// A place among those that run; dropped, it is free.
#[derive(Debug)]
struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_account: OwnedSemaphorePermit,
}

/// One that waits, counted until it is dropped.
struct Waiting<'a> {
    count: &'a AtomicUsize,
    before: usize,
}

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        Self {
            count,
            before: count.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}
