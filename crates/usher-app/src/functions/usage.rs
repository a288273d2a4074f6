//! How often functions run, and how long that takes: counted in memory, and kept by hour.
//!
//! Each node writes rows of its own, at most once a second; who dies loses what was counted since.

use std::collections::BTreeMap;
use std::time::Duration;

use foldhash::{HashMap, HashSet};
use usher_model::id::{AccountId, FunctionId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_store::batch::{Batch, Expect};
use usher_store::record::{self, FunctionUse, Kept, Record as _};
use usher_store::store::{Field, Query};

use super::find;
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::Result;

/// An hour.
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Milliseconds within which runs are counted together; a percentile is the bound above it.
const BOUNDS_MS: [u64; 16] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000,
];

/// What came of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ran {
    pub(super) function: FunctionId,
    pub(super) at: Timestamp,
    pub(super) took: Duration,
    pub(super) has_failed: bool,
}

/// What this node has counted of hours that go on.
#[derive(Debug, Default)]
pub(super) struct Counters {
    hours: HashMap<(AccountId, FunctionId), FunctionUse>,
    /// Those that have changed since they were written, hours that are over among them.
    unwritten: Vec<(AccountId, FunctionUse)>,
    changed: HashSet<(AccountId, FunctionId)>,
}

impl Counters {
    pub(super) fn count(&mut self, app: &App, account: &AccountId, ran: Ran) {
        let hour = hour_of(ran.at);
        let key = (account.clone(), ran.function);
        let fresh = || FunctionUse {
            function_id: ran.function,
            hour,
            node_id: app.bus.node(),
            runs: 0,
            failed: 0,
            times: BTreeMap::new(),
            expires_at: hour.plus(HOUR * (24 * limits::FUNCTION_LOG_DAYS + 1)),
        };
        let counted = self.hours.entry(key.clone()).or_insert_with(fresh);
        if counted.hour != hour {
            let over = std::mem::replace(counted, fresh());
            if self.changed.contains(&key) {
                self.unwritten.push((account.clone(), over));
            }
        }
        counted.runs += 1;
        counted.failed += u64::from(ran.has_failed);
        *counted.times.entry(position(ran.took)).or_default() += 1;
        self.changed.insert(key);
    }

    /// Whether there is anything to write.
    pub(super) fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Adds what has changed to a batch.
    pub(super) fn write(&mut self, batch: &mut Batch) {
        let mut rows = std::mem::take(&mut self.unwritten);
        for key in std::mem::take(&mut self.changed) {
            if let Some(counted) = self.hours.get(&key) {
                rows.push((key.0, counted.clone()));
            }
        }
        for (account, row) in rows {
            if let Err(error) = batch.put_record(&account, &row, Expect::Any) {
                tracing::error!(%error, "the runs of a function cannot be written");
            }
        }
    }

    /// Forgets hours that are over and written.
    pub(super) fn forget_before(&mut self, now: Timestamp) {
        let hour = hour_of(now);
        self.hours.retain(|_, counted| counted.hour >= hour);
    }
}

fn hour_of(at: Timestamp) -> Timestamp {
    let hour = i64::try_from(HOUR.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_milliseconds(at.milliseconds().div_euclid(hour) * hour)
}

fn position(took: Duration) -> u8 {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let position = BOUNDS_MS.partition_point(|bound| *bound < milliseconds);
    u8::try_from(position.min(BOUNDS_MS.len() - 1)).unwrap_or(u8::MAX)
}

/// How a function did for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many runs.
    pub runs: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Within which time half of them ended.
    pub p50: Option<Duration>,
    /// Within which time 99 of 100 did.
    pub p99: Option<Duration>,
}

/// How a function did lately; each counts from the full hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usages {
    /// In this hour and the one before.
    pub hour: Usage,
    /// In a day.
    pub day: Usage,
    /// In seven days.
    pub week: Usage,
    /// In thirty days.
    pub month: Usage,
}

#[derive(Default)]
struct Sum {
    runs: u64,
    failed: u64,
    times: BTreeMap<u8, u64>,
}

impl Sum {
    fn add(&mut self, row: &FunctionUse) {
        self.runs += row.runs;
        self.failed += row.failed;
        for (position, count) in &row.times {
            *self.times.entry(*position).or_default() += count;
        }
    }

    fn percentile(&self, per_cent: u64) -> Option<Duration> {
        let wanted = (self.runs * per_cent).div_ceil(100);
        let mut count = 0;
        for (position, times) in &self.times {
            count += times;
            if count >= wanted {
                let bound = BOUNDS_MS.get(usize::from(*position));
                return bound.copied().map(Duration::from_millis);
            }
        }
        None
    }

    fn usage(&self) -> Usage {
        Usage {
            runs: self.runs,
            failed: self.failed,
            p50: self.percentile(50),
            p99: self.percentile(99),
        }
    }
}

/// Returns how a function did lately, up to a second ago.
///
/// # Errors
/// Fails if the caller may not see functions, or there is no such one.
pub async fn usage(caller: &Caller, app: &App, id: FunctionId) -> Result<Usages> {
    caller.require(Permission::FunctionsRead)?;
    find(app, &caller.account, id).await?;
    let now = app.now();
    let since = |hours: u32| hour_of(now).minus(HOUR * hours);
    let begins = [since(1), since(24), since(7 * 24), since(30 * 24)];
    let query = Query {
        equals: vec![Field::Text(id.to_string())],
        ..Query::all(&caller.account, FunctionUse::COLLECTION)
    };
    let mut sums: [Sum; 4] = Default::default();
    for row in app.store.find_all(&query, now).await? {
        let kept: Kept<FunctionUse> = record::read(&row)?;
        for (sum, begin) in sums.iter_mut().zip(begins) {
            if kept.record.hour >= begin {
                sum.add(&kept.record);
            }
        }
    }
    let [hour, day, week, month] = sums.map(|sum| sum.usage());
    Ok(Usages {
        hour,
        day,
        week,
        month,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_bound_above_it() {
        let mut sum = Sum::default();
        assert_eq!(sum.usage(), Usage::default());
        for milliseconds in [1, 3, 4, 90, 40_000] {
            sum.runs += 1;
            let position = position(Duration::from_millis(milliseconds));
            *sum.times.entry(position).or_default() += 1;
        }
        assert_eq!(sum.percentile(50), Some(Duration::from_millis(5)));
        assert_eq!(sum.percentile(80), Some(Duration::from_millis(100)));
        assert_eq!(sum.percentile(99), Some(Duration::from_secs(60)));
        let longest = position(Duration::from_secs(1_000));
        assert_eq!(usize::from(longest), BOUNDS_MS.len() - 1);
    }
}
