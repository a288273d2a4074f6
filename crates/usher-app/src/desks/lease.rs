//! Which node matches the conversations of an account: a short lease on a row of the store.
//!
//! It spares nodes to run into each other and decides nothing: two nodes that match at once lose
//! time in conflicts, and nothing else.

use std::time::Duration;

use usher_bus::hint::Hint;
use usher_model::id::{AccountId, NodeId};
use usher_model::time::Timestamp;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, DeskLease, Kept};
use usher_store::store::Key;

use super::AccountDesk;
use crate::App;
use crate::error::Result;

/// How long a node that has died keeps others from the work.
const LEASE: Duration = Duration::from_secs(9);

/// What this node knows of an account's lease.
#[derive(Debug)]
pub(super) struct Lease {
    node: NodeId,
    /// Whether other processes serve from the same store; alone a node needs no lease.
    is_shared: bool,
    /// Until when this node holds it.
    until: Option<Timestamp>,
    /// Until when another node holds it.
    others_until: Option<Timestamp>,
}

impl Lease {
    pub(super) fn new(app: &App) -> Self {
        Self {
            node: app.bus.node(),
            is_shared: app.store.is_shared(),
            until: None,
            others_until: None,
        }
    }

    /// Takes or renews the lease if it is time to; says whether this node holds it.
    pub(super) async fn hold(&mut self, app: &App, desk: &AccountDesk) -> Result<bool> {
        if !self.is_shared {
            return Ok(true);
        }
        let now = app.now();
        if self.until.is_some_and(|until| !is_late(until, now)) {
            return Ok(true);
        }
        if self.others_until.is_some_and(|until| until > now) {
            return Ok(false);
        }
        let kept = read(app, &desk.account).await?;
        let expect = match &kept {
            None => Expect::Absent,
            Some(kept) => Expect::Revision(kept.revision),
        };
        if let Some(Kept { record, .. }) = kept
            && record.node_id != self.node
            && record.until > now
        {
            (self.until, self.others_until) = (None, Some(record.until));
            return Ok(false);
        }
        let until = now.plus(LEASE);
        self.write(app, desk, until, expect).await
    }

    /// Returns how long to wait, at most, before [`Lease::hold`] has something to do.
    pub(super) fn renew_in(&self, now: Timestamp) -> Duration {
        match (self.until, self.others_until) {
            (Some(until), _) => until.minus(LEASE * 2 / 3).since(now),
            (None, Some(until)) => until.since(now),
            (None, None) => LEASE,
        }
    }

    /// Lets another node have the work at once.
    pub(super) async fn give_up(&mut self, app: &App, desk: &AccountDesk) {
        let now = app.now();
        if self.until.is_none_or(|until| until <= now) {
            return;
        }
        if let Err(error) = self.write(app, desk, now, Expect::Any).await {
            tracing::debug!(%error, account = %desk.account, "the desk lease was not given up; it runs out");
        }
        let account = desk.account.clone();
        app.bus.announce(Hint::Desk {
            account,
            node: None,
        });
    }

    async fn write(
        &mut self,
        app: &App,
        desk: &AccountDesk,
        until: Timestamp,
        expect: Expect,
    ) -> Result<bool> {
        let record = DeskLease {
            node_id: self.node,
            until,
        };
        let mut batch = Batch::new(app.now());
        batch.put_record(&desk.account, &record, expect)?;
        match app.store.commit(batch).await {
            Ok(_) => {
                (self.until, self.others_until) = (Some(until), None);
                Ok(true)
            }
            // Another node was faster.
            Err(CommitError::Conflict { .. }) => {
                self.until = None;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether a node serves an account.
pub(super) async fn is_held(app: &App, account: &AccountId) -> Result<bool> {
    let kept = read(app, account).await?;
    Ok(kept.is_some_and(|kept| kept.record.until > app.now()))
}

async fn read(app: &App, account: &AccountId) -> Result<Option<Kept<DeskLease>>> {
    let key = Key::new(account, []);
    let row = app.store.get(&kept::DESK_LEASES, &key, app.now()).await?;
    Ok(row.as_ref().map(record::read).transpose()?)
}

/// Whether the lease is to be renewed: a third of it is over.
fn is_late(until: Timestamp, now: Timestamp) -> bool {
    until.minus(LEASE * 2 / 3) <= now
}
