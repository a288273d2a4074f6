//! One job, as parent and worker talk about it.

use std::collections::HashSet;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use tokio::time::{Instant, interval_at, sleep, sleep_until};
use usher_functions::check::Diagnostic;
use usher_functions::host::HostFailure;
use usher_functions::worker::{Failure, FailureKind, FromWorker, Job, LogEntry, Outcome, ToWorker};

use super::Host;
use super::worker::{Worker, unexpected};

/// Processor time of a job with which it competes on equal terms; then it stands back.
///
/// Most functions end long before. Those that do not, runaways among them, have only what nobody
/// else wants; but on a machine where everybody wants everything that is next to nothing, which is
/// no way to treat a function that a decision waits for.
const EQUAL_TIME: Duration = Duration::from_millis(10);

/// An answer under way, with the id it is to carry.
type Pending<'a> = Pin<Box<dyn Future<Output = (u32, Result<Value, HostFailure>)> + Send + 'a>>;

/// How a job ended.
struct Done {
    result: Result<Value, Failure>,
    cpu_us: u64,
    is_reusable: bool,
}

/// Runs a job in a worker; says whether the worker may be used again.
pub(super) async fn run(
    worker: &mut Worker,
    job: Job,
    host: &dyn Host,
    deadline: Instant,
) -> (Outcome, bool) {
    let mut talk = Talk {
        entries_max: job.limits.log_entries,
        calls_left: job.limits.calls,
        pending: FuturesUnordered::new(),
        open: HashSet::new(),
        logs: Vec::new(),
    };
    let ended = tokio::select! {
        biased;
        () = sleep_until(deadline) => None,
        ended = talk.run(worker, job, host) => Some(ended),
    };
    let (result, cpu_us, is_reusable) = match ended {
        Some(Ok(done)) => (done.result, Some(done.cpu_us), done.is_reusable),
        Some(Err(error)) => (Err(worker.death(&error).await), None, false),
        None => (Err(overrun()), None, false),
    };
    let outcome = Outcome {
        result,
        logs: talk.logs,
        cpu_us,
    };
    (outcome, is_reusable)
}

/// Asks a worker for the mistakes of a source.
pub(super) async fn check(worker: &mut Worker, source: String) -> Result<Vec<Diagnostic>, Failure> {
    let asked = async {
        worker.queue(&ToWorker::Check { source })?;
        match worker.next().await? {
            FromWorker::Checked(mistakes) => Ok(mistakes),
            other => Err(unexpected(&other)),
        }
    };
    match asked.await {
        Ok(mistakes) => Ok(mistakes),
        Err(error) => Err(worker.death(&error).await),
    }
}

/// A job under way.
struct Talk<'a> {
    entries_max: u32,
    calls_left: u32,
    pending: FuturesUnordered<Pending<'a>>,
    /// What is still to be answered; a timer that was cancelled is pending and no longer open.
    open: HashSet<u32>,
    logs: Vec<LogEntry>,
}

impl<'a> Talk<'a> {
    /// Sends the job, answers its calls and returns its end.
    async fn run(&mut self, worker: &mut Worker, job: Job, host: &'a dyn Host) -> io::Result<Done> {
        worker.queue(&ToWorker::Job(Box::new(job)))?;
        let had = worker.processor_time();
        let mut look = interval_at(Instant::now() + EQUAL_TIME, EQUAL_TIME);
        loop {
            tokio::select! {
                _ = look.tick(), if !worker.stands_back => {
                    let has = worker.processor_time();
                    let took = has.zip(had).map(|(has, had)| has.saturating_sub(had));
                    if took.is_none_or(|took| took >= EQUAL_TIME) {
                        worker.stand_back();
                    }
                }
                message = worker.next() => {
                    if let Some(done) = self.hear(worker, message?, host)? {
                        return Ok(done);
                    }
                }
                Some((id, answer)) = self.pending.next() => {
                    if self.open.remove(&id) {
                        reply(worker, id, answer)?;
                    }
                }
            }
        }
    }

    /// Does what a message asks for; an outcome ends the job.
    ///
    /// The bounds are kept by the worker. One that passes them is no longer what we started.
    fn hear(
        &mut self,
        worker: &mut Worker,
        message: FromWorker,
        host: &'a dyn Host,
    ) -> io::Result<Option<Done>> {
        match message {
            FromWorker::Call { id, call } => {
                self.open(id)?;
                let answer = host.call(call);
                self.pending
                    .push(Box::pin(async move { (id, answer.await) }));
            }
            FromWorker::Timer { id, after_ms } => {
                self.open(id)?;
                let after = Duration::from_millis(after_ms);
                self.pending.push(Box::pin(async move {
                    sleep(after).await;
                    (id, Ok(Value::Null))
                }));
            }
            FromWorker::Cancel { id } => {
                if self.open.remove(&id) {
                    reply(worker, id, Ok(Value::Null))?;
                }
            }
            FromWorker::Log(entry) => {
                let most = usize::try_from(self.entries_max).unwrap_or(usize::MAX);
                if self.logs.len() > most {
                    return Err(unexpected(&FromWorker::Log(entry)));
                }
                self.logs.push(entry);
            }
            FromWorker::Done {
                result,
                cpu_us,
                is_reusable,
            } => {
                return Ok(Some(Done {
                    result,
                    cpu_us,
                    is_reusable,
                }));
            }
            FromWorker::Ready | FromWorker::Checked(_) => return Err(unexpected(&message)),
        }
        Ok(None)
    }

    fn open(&mut self, id: u32) -> io::Result<()> {
        let left = self.calls_left.checked_sub(1);
        self.calls_left = left.ok_or_else(|| io::Error::other("a worker made too many calls"))?;
        self.open.insert(id);
        Ok(())
    }
}

/// Sends an answer; one that is too large for a frame becomes a failure that says so.
fn reply(worker: &mut Worker, id: u32, answer: Result<Value, HostFailure>) -> io::Result<()> {
    match worker.queue(&ToWorker::Answer { id, answer }) {
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            let answer = Err(HostFailure::new("EMSGSIZE", "the answer is too large"));
            worker.queue(&ToWorker::Answer { id, answer })
        }
        queued => queued,
    }
}

fn overrun() -> Failure {
    Failure::new(
        FailureKind::Time,
        "the function did not answer before its deadline",
    )
}
