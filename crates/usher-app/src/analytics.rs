//! Analytics: how the floor and the policies have done, by time, skill, agent and channel.
//!
//! Nothing here looks at conversations: what happens is counted once, behind the log, into figures
//! of hours and days, and a report adds figures up. So a report of a month costs the same whether
//! the month had a thousand conversations or millions.

mod follow;
mod life;
mod report;
mod tally;

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;
use usher_model::id::AccountId;
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_policy::calendar::{Period, PeriodError};
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::figures::Grain;
use usher_store::record::outbox::{Delivery, Rebuild};
use usher_store::record::{self, Happened};
use usher_store::store::Query;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Code, Error, Result};
use crate::feed;
use crate::outbox::{self, ANALYTICS};

pub(crate) use follow::follow;
pub use report::{Bucket, Decisions, Group, PolicyMatches, Report};
pub use usher_store::record::figures::{Cell, Dimension, Histogram, Outcome};

/// Milliseconds of a quarter of an hour: every time zone is whole quarters away from UTC.
const QUARTER_MS: i64 = 15 * 60 * 1_000;
/// Days of a report unless it is said.
const DAYS: u8 = 7;
/// How often it is looked whether what happened has been counted.
const LOOK_INTERVAL: std::time::Duration = std::time::Duration::from_millis(10);

/// What has events counted at once.
#[derive(Debug, Default)]
pub(crate) struct Analytics {
    hurry: Notify,
}

/// What a report is to tell.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The first day, `yyyy-mm-dd`; without it the period has seven days.
    pub from: Option<String>,
    /// The last day; today unless given.
    pub to: Option<String>,
    /// The name of the zone in which days begin; UTC unless given.
    pub zone: Option<String>,
    /// Whether it goes hour by hour instead of day by day.
    pub is_hourly: bool,
    /// Whose figures are listed beside those of the whole; [`Dimension::All`] lists nobody's.
    pub group: Option<Dimension>,
    /// The one skill, agent or channel that all is about.
    pub only: Option<(Dimension, String)>,
}

/// Returns how a period went.
///
/// What happened before the report was asked for is counted in it, unless there is too much that is
/// not counted yet; the report says so.
///
/// # Errors
/// Fails if the caller may not see it, or the period cannot be read or is too long.
pub async fn get(caller: &Caller, app: &Arc<App>, wanted: &Wanted) -> Result<Report> {
    caller.require(Permission::AnalyticsRead)?;
    let now = app.now();
    let period = period(wanted, now)?;
    let behind = catch_up(app, &caller.account).await?;
    report::of(app, &caller.account, wanted, &period, now, behind).await
}

fn period(wanted: &Wanted, now: Timestamp) -> Result<Period> {
    let zone = wanted.zone.as_deref().unwrap_or("UTC");
    let period = Period::parse(
        wanted.from.as_deref(),
        wanted.to.as_deref(),
        zone,
        DAYS,
        now,
    );
    let bad = |message: String| Error::new(Code::BadRequest, message);
    let period = period.map_err(|mistake| {
        bad(match mistake {
            PeriodError::First => "expected `from` as a day such as 2026-05-01".to_owned(),
            PeriodError::Last => "expected `to` as a day such as 2026-05-31".to_owned(),
            PeriodError::Order => "expected `to` on the day of `from` or later".to_owned(),
            PeriodError::Zone => {
                format!("expected `timeZone` as a name such as Europe/Berlin, found `{zone}`")
            }
        })
    })?;
    let (max, by) = if wanted.is_hourly {
        (limits::ANALYTICS_HOURLY_DAYS_MAX, "hour")
    } else {
        (limits::ANALYTICS_DAYS_MAX, "day")
    };
    let days = period.day_count();
    if days > max {
        let message = format!("expected at most {max} days by {by}, found {days}");
        return Err(bad(message));
    }
    Ok(period)
}

/// Has what happened before now counted; returns how many events are not, if it takes too long.
async fn catch_up(app: &App, account: &AccountId) -> Result<u64> {
    let wanted = feed::last_sequence(app, account).await?;
    let until = Instant::now() + limits::ANALYTICS_WAIT_MAX;
    loop {
        let kept = outbox::state(app, account, ANALYTICS).await?;
        let is_clearing = kept.as_ref().is_some_and(|kept| {
            let rebuild = kept.record.rebuild;
            rebuild.is_some_and(|rebuild| rebuild.is_clearing)
        });
        let counted = kept.map_or(0, |kept| kept.record.cursor);
        let behind = wanted.saturating_sub(counted);
        if (behind == 0 && !is_clearing) || Instant::now() >= until {
            return Ok(behind);
        }
        app.analytics.hurry.notify_waiters();
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// Has all figures counted anew, as far back as the events that are kept; older figures stay. While
/// that goes on, reports say how many events are still to be counted.
///
/// # Errors
/// Fails if the caller may not, or the store cannot write.
pub async fn rebuild(caller: &Caller, app: &Arc<App>) -> Result<()> {
    caller.require(Permission::AnalyticsRebuild)?;
    let account = &caller.account;
    let query = Query {
        limit: 1,
        ..Query::all(account, &kept::EVENTS)
    };
    let first = app.store.find(&query, app.now()).await?.rows;
    let Some(first) = first.first() else {
        return Ok(());
    };
    let (sequence, first) = record::read_logged::<Happened>(first)?;
    // A day of which some events are gone is not counted again.
    let is_whole = sequence == 1;
    let from = day_of(first.at, !is_whole);
    loop {
        let Some(kept) = outbox::state(app, account, ANALYTICS).await? else {
            return Ok(());
        };
        let after = Delivery {
            cursor: sequence - 1,
            rebuild: Some(Rebuild {
                from,
                is_clearing: true,
            }),
            ..kept.record
        };
        let mut batch = Batch::new(app.now());
        batch.put_record(account, &after, Expect::Revision(kept.revision))?;
        match app.store.commit(batch).await {
            Ok(_) => break,
            // A page was counted meanwhile.
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    app.outbox.wake(account);
    app.analytics.hurry.notify_waiters();
    Ok(())
}

/// Returns when the day of an instant begins in UTC, or the next one.
fn day_of(at: Timestamp, is_next: bool) -> Timestamp {
    let day = 96 * QUARTER_MS;
    let days = at.milliseconds().div_euclid(day) + i64::from(is_next);
    Timestamp::from_milliseconds(days.saturating_mul(day))
}

/// Returns when a period of figures begins that an instant is in.
fn start_of(grain: Grain, at: Timestamp) -> Timestamp {
    let length = match grain {
        Grain::Hour => 4 * QUARTER_MS,
        Grain::Day => 96 * QUARTER_MS,
    };
    Timestamp::from_milliseconds(at.milliseconds().div_euclid(length).saturating_mul(length))
}
