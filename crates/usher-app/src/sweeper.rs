//! Reclaims the space of what has expired, in small slices between other writes.
//!
//! Nobody ever sees an expired row because a sweep was late: readers compare with the clock.

use std::sync::Arc;

use crate::App;

/// Rows in one slice: the writer is held for a few milliseconds.
const SLICE_ROWS: usize = 100;

/// Sweeps now and then until the application stops.
pub(crate) async fn run(app: Arc<App>) {
    let stopping = app.tasks.stopping().clone();
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(app.options.sweep_interval) => {}
        }
        while !stopping.is_cancelled() {
            match app.store.sweep(app.now(), SLICE_ROWS).await {
                Ok(swept) if swept < SLICE_ROWS => break,
                Ok(_) => tokio::task::yield_now().await,
                Err(error) => {
                    tracing::warn!(%error, "a sweep failed; the next one tries again");
                    break;
                }
            }
        }
    }
}
