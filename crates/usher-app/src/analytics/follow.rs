//! Counting: a receiver of the account's events, like those to which they are delivered.
//!
//! The row that says how far it is and the rows of figures are written in one batch, on their
//! revisions: whoever dies in the middle has counted all of a page or nothing of it, and of two
//! nodes that count at once one writes nothing. It counts behind the log and never in the way of
//! routing: what gathers within two seconds is written together.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use usher_model::id::AccountId;
use usher_model::limits;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::figures::{Dimension, Figures, Grain};
use usher_store::record::outbox::{Delivery, Rebuild};
use usher_store::record::{self, Kept, Record as _};
use usher_store::store::{Field, Query};

use super::life::Lives;
use super::tally::Tally;
use crate::App;
use crate::error::Result;
use crate::feed;
use crate::outbox::{self, ANALYTICS, lease};
use crate::rules;

/// How long a store that cannot be read is left alone.
const RECOVERY: Duration = Duration::from_secs(1);
/// How often it is looked for events of other nodes of which no hint has told.
const POLL: Duration = Duration::from_secs(15);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a round has come to.
enum Next {
    /// There is more to count.
    Again,
    /// All is counted, or another node counts: nothing to do for so long, unless something happens.
    Wait(Duration),
}

/// Counts until the application stops.
pub(crate) async fn follow(app: &Arc<App>, account: &AccountId, woken: &Notify) {
    let stopping = app.tasks.stopping().clone();
    let mut lives = Lives::default();
    while !stopping.is_cancelled() {
        let began = Instant::now();
        let wait = match round(app, account, &mut lives).await {
            Ok(Next::Again) => continue,
            Ok(Next::Wait(wait)) => wait,
            Err(error) => {
                tracing::warn!(%error, %account, "events cannot be counted; it is tried again");
                RECOVERY
            }
        };
        let poll = async {
            if app.store.is_shared() || wait < POLL {
                tokio::time::sleep(wait).await;
            } else {
                std::future::pending().await
            }
        };
        let gathered = async {
            woken.notified().await;
            tokio::time::sleep_until(began + limits::ANALYTICS_DELAY_MAX).await;
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = gathered => {}
            () = app.analytics.hurry.notified() => {}
            () = poll => {}
        }
    }
    lease::give_up(app, account, ANALYTICS).await;
}

async fn round(app: &Arc<App>, account: &AccountId, lives: &mut Lives) -> Result<Next> {
    let Some(mut kept) = outbox::state(app, account, ANALYTICS).await? else {
        return Ok(Next::Wait(RECOVERY));
    };
    if let Some(wait) = lease::hold(app, account, &mut kept, app.now()).await? {
        return Ok(Next::Wait(wait.min(POLL)));
    }
    if let Some(rebuild) = kept.record.rebuild.filter(|rebuild| rebuild.is_clearing) {
        return clear(app, account, kept, rebuild).await;
    }
    let from = kept.record.rebuild.map(|rebuild| rebuild.from);
    let (page, has_more) = feed::after(app, account, kept.record.cursor).await?;
    let Some(last) = page.last() else {
        return Ok(Next::Wait(POLL));
    };
    lives.stand_at(kept.record.cursor);
    // Unless all goes well, what is known is known of nothing that is kept.
    lives.after = u64::MAX;
    let mut tally = Tally::default();
    for happened in &page {
        let is_counted = from.is_none_or(|from| happened.at >= from);
        tally
            .take(app, account, lives, happened, is_counted)
            .await?;
    }
    let after = Delivery {
        cursor: last.sequence,
        ..kept.record
    };
    let mut batch = Batch::new(app.now());
    batch.put_record(account, &after, Expect::Revision(kept.revision))?;
    add(app, account, tally, &mut batch).await?;
    match app.store.commit(batch).await {
        Ok(_) => {
            lives.after = after.cursor;
            Ok(if has_more {
                Next::Again
            } else {
                Next::Wait(POLL)
            })
        }
        // Another node was faster.
        Err(CommitError::Conflict { .. }) => Ok(Next::Wait(RECOVERY)),
        Err(error) => Err(error.into()),
    }
}

/// Adds what was counted to a batch: to what is kept.
async fn add(app: &App, account: &AccountId, tally: Tally, batch: &mut Batch) -> Result<()> {
    let rules = rules::current(app, account).await?;
    let days = rules.settings().analytics_retention_days;
    let kept_for = DAY * days.unwrap_or(limits::ANALYTICS_RETENTION_DAYS);
    let rows = tally.rows(kept_for);
    let keys = rows
        .iter()
        .map(|row| (Figures::COLLECTION, row.key(account)));
    let kept = app
        .store
        .get_many(&keys.collect::<Vec<_>>(), app.now())
        .await?;
    for (mut row, kept) in rows.into_iter().zip(kept) {
        let kept: Option<Kept<Figures>> = kept.as_ref().map(record::read).transpose()?;
        let mut expect = Expect::Absent;
        if let Some(kept) = kept {
            expect = Expect::Revision(kept.revision);
            for (place, cell) in &kept.record.cells {
                row.cells.entry(*place).or_default().add(cell);
            }
        }
        batch.put_record(account, &row, expect)?;
    }
    Ok(())
}

/// Removes a page of the figures that are counted anew.
async fn clear(
    app: &App,
    account: &AccountId,
    kept: Kept<Delivery>,
    rebuild: Rebuild,
) -> Result<Next> {
    let mut batch = Batch::new(app.now());
    for (grain, dimension) in rows_of_all() {
        let query = Query {
            index: Some("by_period"),
            equals: vec![
                Field::Text(grain.as_str().to_owned()),
                Field::Text(dimension.as_str().to_owned()),
            ],
            from: Some(Field::Text(grain.period(rebuild.from))),
            ..Query::all(account, &kept::FIGURES)
        };
        for row in app.store.find(&query, app.now()).await?.rows {
            batch.delete(&kept::FIGURES, row.key, Expect::Any);
        }
    }
    let after = Delivery {
        rebuild: Some(Rebuild {
            is_clearing: !batch.is_empty(),
            ..rebuild
        }),
        ..kept.record
    };
    batch.put_record(account, &after, Expect::Revision(kept.revision))?;
    match app.store.commit(batch).await {
        Ok(_) => Ok(Next::Again),
        Err(CommitError::Conflict { .. }) => Ok(Next::Wait(RECOVERY)),
        Err(error) => Err(error.into()),
    }
}

fn rows_of_all() -> impl Iterator<Item = (Grain, Dimension)> {
    let grains = [Grain::Hour, Grain::Day].into_iter();
    grains.flat_map(|grain| Dimension::ALL.map(|dimension| (grain, dimension)))
}
