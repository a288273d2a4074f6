//! Which node serves a receiver: a lease in the receiver's own row.

use std::time::Duration;

use usher_model::id::AccountId;
use usher_model::time::Timestamp;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::record::Kept;
use usher_store::record::outbox::Delivery;

use crate::App;
use crate::error::Result;

/// How long a node that has died keeps others from the work: longer than a round and the attempts
/// that it has begun.
const LEASE: Duration = Duration::from_secs(60);
/// How long a node waits that was not fast enough.
const LOST: Duration = Duration::from_secs(1);

/// Takes or renews the lease; returns how long another node holds it.
pub(crate) async fn hold(
    app: &App,
    account: &AccountId,
    kept: &mut Kept<Delivery>,
    now: Timestamp,
) -> Result<Option<Duration>> {
    if !app.store.is_shared() {
        return Ok(None);
    }
    let node = app.bus.node();
    let is_ours = kept.record.node_id == Some(node);
    let left = left(kept.record.until, now, LEASE);
    match left {
        Some(left) if !is_ours => return Ok(Some(left)),
        Some(left) if left > LEASE / 2 => return Ok(None),
        _ => {}
    }
    let after = Delivery {
        node_id: Some(node),
        until: Some(now.plus(LEASE)),
        ..kept.record.clone()
    };
    let mut batch = Batch::new(now);
    batch.put_record(account, &after, Expect::Revision(kept.revision))?;
    match app.store.commit(batch).await {
        Ok(committed) => {
            kept.revision = committed.first().copied().unwrap_or(0);
            kept.record = after;
            Ok(None)
        }
        // Another node was faster.
        Err(CommitError::Conflict { .. }) => Ok(Some(LOST)),
        Err(error) => Err(error.into()),
    }
}

/// Lets another node have the work at once.
pub(crate) async fn give_up(app: &App, account: &AccountId, target: &str) {
    if let Err(error) = end(app, account, target).await {
        tracing::debug!(%error, %account, target, "the lease of a receiver was not given up; it runs out");
    }
}

async fn end(app: &App, account: &AccountId, target: &str) -> Result<()> {
    let kept = super::state(app, account, target).await?;
    let node = Some(app.bus.node());
    let Some(kept) = kept.filter(|kept| kept.record.node_id == node) else {
        return Ok(());
    };
    let after = Delivery {
        node_id: None,
        until: None,
        ..kept.record
    };
    let mut batch = Batch::new(app.now());
    batch.put_record(account, &after, Expect::Revision(kept.revision))?;
    match app.store.commit(batch).await {
        // The row is another node's, or gone.
        Ok(_) | Err(CommitError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Returns how long it is until an instant; a clock that went backwards makes nothing wait longer
/// than it would have in the first place.
pub(super) fn left(until: Option<Timestamp>, now: Timestamp, max: Duration) -> Option<Duration> {
    let left = until?.since(now);
    (left > Duration::ZERO && left <= max).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_makes_nothing_wait_longer_than_it_would_have() {
        let at = |seconds: i64| Timestamp::from_milliseconds(seconds * 1_000);
        let max = Duration::from_secs(10);
        assert_eq!(
            left(Some(at(105)), at(100), max),
            Some(Duration::from_secs(5))
        );
        assert_eq!(left(Some(at(105)), at(105), max), None, "it is time");
        assert_eq!(left(Some(at(105)), at(9_000), max), None, "it went ahead");
        assert_eq!(left(Some(at(105)), at(10), max), None, "it went back");
        assert_eq!(left(None, at(100), max), None);
    }
}
