//! The only place that spawns: background work that shutdown waits for.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Background work and the tokens that end it.
#[derive(Clone, Debug)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
    /// A child of the other: it may be cancelled before.
    closing: CancellationToken,
}

impl Default for Tasks {
    fn default() -> Self {
        let stopping = CancellationToken::new();
        Self {
            tracker: TaskTracker::new(),
            closing: stopping.child_token(),
            stopping,
        }
    }
}

impl Tasks {
    /// Runs a loop or a piece of work until it ends by itself; loops watch [`Tasks::stopping`].
    pub fn spawn<F>(&self, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(work);
    }

    /// Runs a piece of work that is dropped with the set it is in.
    pub fn spawn_in<F>(&self, set: &mut JoinSet<()>, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        set.spawn(self.tracker.track_future(work));
    }

    /// Runs work that must finish even if the one who asked for it has gone, and waits for it.
    ///
    /// Whoever waits does the work; only if they go before its end does it move to a task.
    pub fn run_to_end<F>(&self, work: F) -> ToEnd<F>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        ToEnd {
            work: Some(Box::pin(work)),
            tracker: self.tracker.clone(),
        }
    }

    /// Returns the token that is cancelled when work is to end.
    #[must_use]
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Returns the token that is cancelled when those who stay connected are to leave: before
    /// [`Tasks::stopping`], so that they are gone when the rest ends.
    #[must_use]
    pub fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    /// Asks those who stay connected to leave; all other work goes on.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// Asks all work to end and waits until it has.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// Work under way: see [`Tasks::run_to_end`].
#[must_use = "nothing happens before it is awaited"]
pub struct ToEnd<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    /// Nothing once it has ended.
    work: Option<Pin<Box<F>>>,
    tracker: TaskTracker,
}

impl<F> std::fmt::Debug for ToEnd<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToEnd").finish_non_exhaustive()
    }
}

impl<F> Future for ToEnd<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(work) = &mut self.work else {
            return Poll::Pending;
        };
        let output = std::task::ready!(work.as_mut().poll(context));
        self.work = None;
        Poll::Ready(output)
    }
}

impl<F> Drop for ToEnd<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn drop(&mut self) {
        // What panicked cannot go on.
        if let Some(work) = self.work.take()
            && !std::thread::panicking()
            && let Ok(runtime) = Handle::try_current()
        {
            self.tracker.spawn_on(async { drop(work.await) }, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_goes_on_when_the_one_who_asked_has_gone() {
        let tasks = Tasks::default();
        let (go, gone) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let work = tasks.run_to_end(async move {
            gone.await.unwrap();
            tell.send("done").unwrap();
        });
        tokio::select! {
            biased;
            () = work => panic!("it waits for `go`"),
            () = std::future::ready(()) => {}
        }
        go.send(()).unwrap();
        assert_eq!(told.await, Ok("done"));
        tasks.stop().await;
    }

    #[tokio::test]
    async fn work_that_is_waited_for_answers() {
        let tasks = Tasks::default();
        assert_eq!(tasks.run_to_end(async { 7 }).await, 7);
        tasks.stop().await;
    }
}
