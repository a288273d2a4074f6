//! Signals and shutdown: first finish, then drop.
//!
//! One tree of tokens: the first signal asks everything to finish what it has accepted; a second
//! signal, or the end of the grace period, drops what is left. The exit code says which.

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Asked to stop; everything accepted was finished.
    Finished,
    /// Asked to stop; some of what was accepted had to be dropped.
    Dropped,
    /// Nobody asked: something that should run for ever ended by itself.
    Failed,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Finished => Self::SUCCESS,
            Ending::Failed => Self::from(1),
            Ending::Dropped => Self::from(3),
        }
    }
}

/// Where the requests to stop come from.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens for SIGTERM and SIGINT from now on.
    ///
    /// # Errors
    /// Fails if the operating system refuses.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one. Cancel-safe.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Runs `work` until it ends, asking it to finish through `stopping` at the first signal.
///
/// `work` must end soon after `stopping` is cancelled; it is dropped at the second signal or when
/// `grace` has passed.
///
/// # Errors
/// Fails if `work` does.
pub async fn run<W>(
    work: W,
    stopping: CancellationToken,
    mut signals: Signals,
    grace: Duration,
) -> anyhow::Result<Ending>
where
    W: Future<Output = anyhow::Result<()>>,
{
    tokio::pin!(work);
    tokio::select! {
        ended = &mut work => return ended.map(|()| Ending::Failed),
        () = signals.next() => {
            tracing::info!(grace_seconds = grace.as_secs(), "stopping: finishing what was accepted");
        }
    }
    stopping.cancel();
    tokio::select! {
        ended = &mut work => ended.map(|()| Ending::Finished),
        () = signals.next() => {
            tracing::warn!("second signal: dropping what is left");
            Ok(Ending::Dropped)
        }
        () = tokio::time::sleep(grace) => {
            tracing::warn!(grace_seconds = grace.as_secs(), "grace is over: dropping what is left");
            Ok(Ending::Dropped)
        }
    }
}
