//! How often policies decide: counters by day, kept for 13 months.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use foldhash::fast::RandomState;
use usher_model::id::{AccountId, PolicyId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_store::batch::{Batch, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, Kept, PolicyUse, QuarterCounts, RunCounts};
use usher_store::store::{Field, Key, Query};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::Result;

/// How often one policy won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyUsage {
    /// Which one, also a deleted one.
    pub id: String,
    /// Its name when it last won.
    pub name: String,
    /// How often it won.
    pub matches: u64,
    /// When it last won.
    pub last_matched_at: Option<Timestamp>,
}

/// How the runs of a period ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All of them.
    pub runs: u64,
    /// Those without a winner.
    pub no_match: u64,
    /// Those in which a policy could not be judged.
    pub errors: u64,
    /// The policies that won, the most used first.
    pub policies: Vec<PolicyUsage>,
}

/// Returns how the runs between two days ended, both included.
///
/// # Errors
/// Fails if the caller may not see policies.
pub async fn get(caller: &Caller, app: &App, from: Timestamp, to: Timestamp) -> Result<Usage> {
    caller.require(Permission::PoliciesRead)?;
    let mut usage = Usage::default();
    let mut policies: HashMap<String, PolicyUsage> = HashMap::new();
    for day in days(app, &caller.account, from, to).await? {
        if day.policy_id.is_empty() {
            usage.runs += day.counts.runs;
            usage.no_match += day.counts.no_match;
            usage.errors += day.counts.errors;
            continue;
        }
        // Days come in order, so a later one brings the newer name.
        let policy = policies
            .entry(day.policy_id.clone())
            .or_insert_with(|| PolicyUsage {
                id: day.policy_id,
                name: String::new(),
                matches: 0,
                last_matched_at: None,
            });
        policy.name = day.name;
        policy.matches += day.matches;
        policy.last_matched_at = policy.last_matched_at.max(day.last_matched_at);
    }
    usage.policies = policies.into_values().collect();
    usage
        .policies
        .sort_by(|a, b| b.matches.cmp(&a.matches).then_with(|| a.id.cmp(&b.id)));
    Ok(usage)
}

/// Returns what was counted on the days of two instants and between them, in the order of days.
pub(crate) async fn days(
    app: &App,
    account: &AccountId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<PolicyUse>> {
    app.log.counted().await;
    let mut query = Query::all(account, &kept::POLICY_USES);
    query.from = Some(Field::Text(day(from)));
    // The day after the last one: `~` sorts behind every digit.
    query.to = Some(Field::Text(format!("{}~", day(to))));
    let rows = app.store.find_all(&query, app.now()).await?;
    let read = |row| Ok(record::read::<PolicyUse>(row)?.record);
    rows.iter().map(read).collect()
}

/// Returns what was counted on a day, by the instants at which quarters of an hour began.
pub(crate) fn quarters(day: &PolicyUse) -> Vec<(Timestamp, QuarterCounts)> {
    let start = Timestamp::parse(&format!("{}T00:00:00Z", day.day)).unwrap_or_default();
    let quarters = day.quarters.iter();
    let mut counted: Vec<_> = quarters
        .map(|(quarter, counts)| (start.plus(QUARTER * u32::from(*quarter)), *counts))
        .collect();
    let mut known = QuarterCounts::default();
    for (_, counts) in &counted {
        known.add(counts);
    }
    // What was counted before quarters were.
    let before = QuarterCounts {
        matches: day.matches.saturating_sub(known.matches),
        runs: day.counts.runs.saturating_sub(known.runs),
        no_match: day.counts.no_match.saturating_sub(known.no_match),
        errors: day.counts.errors.saturating_sub(known.errors),
    };
    if before != QuarterCounts::default() {
        counted.push((start, before));
    }
    counted
}

/// How one decision ended, as it is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// The winner, by id and name.
    pub(crate) winner: Option<(PolicyId, String)>,
    /// Whether a policy could not be judged.
    pub(crate) is_faulty: bool,
}

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1_000;
/// A quarter of an hour: every time zone is whole quarters away from UTC.
const QUARTER: Duration = Duration::from_secs(15 * 60);
/// The same in milliseconds.
const QUARTER_MS: i64 = 15 * 60 * 1_000;
/// Counters whose kept sums are remembered.
const KNOWN_MAX: usize = limits::POLICIES_MAX;

/// What is counted: an account, a day since 1970, and a policy, or none for all runs.
type Counted = (AccountId, i64, Option<PolicyId>);

/// Counts that are not yet added to what is kept.
#[derive(Debug, Default)]
pub(crate) struct Counts(HashMap<Counted, Count, RandomState>);

#[derive(Clone, Debug, Default)]
struct Count {
    runs: RunCounts,
    matches: u64,
    last: Timestamp,
    name: String,
    quarters: BTreeMap<u8, QuarterCounts>,
}

impl Counts {
    pub(crate) fn add(&mut self, account: &AccountId, at: Timestamp, tally: &Tally) {
        let day = at.milliseconds().div_euclid(DAY);
        let count = self.0.entry((account.clone(), day, None)).or_default();
        count.note(
            at,
            QuarterCounts {
                matches: 0,
                runs: 1,
                no_match: u64::from(tally.winner.is_none()),
                errors: u64::from(tally.is_faulty),
            },
        );
        let Some((id, name)) = &tally.winner else {
            return;
        };
        let winner = (account.clone(), day, Some(id.clone()));
        let count = self.0.entry(winner).or_default();
        count.note(
            at,
            QuarterCounts {
                matches: 1,
                ..QuarterCounts::default()
            },
        );
        if count.name != *name {
            name.clone_into(&mut count.name);
        }
    }

    fn merge(&mut self, later: Self) {
        for (counted, added) in later.0 {
            match self.0.entry(counted) {
                Entry::Vacant(place) => {
                    place.insert(added);
                }
                Entry::Occupied(mut count) => count.get_mut().merge(added),
            }
        }
    }
}

impl Count {
    fn note(&mut self, at: Timestamp, counts: QuarterCounts) {
        self.matches += counts.matches;
        self.runs.runs += counts.runs;
        self.runs.no_match += counts.no_match;
        self.runs.errors += counts.errors;
        self.last = self.last.max(at);
        let quarter = at.milliseconds().rem_euclid(DAY) / QUARTER_MS;
        // A day has 96 of them.
        let quarter = u8::try_from(quarter).unwrap_or(u8::MAX);
        self.quarters.entry(quarter).or_default().add(&counts);
    }

    fn merge(&mut self, later: Self) {
        self.runs.runs += later.runs.runs;
        self.runs.no_match += later.runs.no_match;
        self.runs.errors += later.runs.errors;
        self.matches += later.matches;
        self.last = self.last.max(later.last);
        self.name = later.name;
        for (quarter, counts) in later.quarters {
            self.quarters.entry(quarter).or_default().add(&counts);
        }
    }

    /// Returns the row: this, and what was kept before.
    fn sum(&self, (_, day, policy): &Counted, kept: Option<&PolicyUse>) -> PolicyUse {
        let before = kept.map(|kept| kept.counts).unwrap_or_default();
        let last = kept.and_then(|kept| kept.last_matched_at);
        let last = last.unwrap_or_default().max(self.last);
        let mut quarters = kept.map(|kept| kept.quarters.clone()).unwrap_or_default();
        for (quarter, counts) in &self.quarters {
            quarters.entry(*quarter).or_default().add(counts);
        }
        PolicyUse {
            day: day_of(*day),
            policy_id: policy.as_ref().map_or("", PolicyId::as_str).to_owned(),
            name: self.name.clone(),
            matches: self.matches + kept.map_or(0, |kept| kept.matches),
            last_matched_at: policy.as_ref().map(|_| last),
            counts: RunCounts {
                runs: before.runs + self.runs.runs,
                no_match: before.no_match + self.runs.no_match,
                errors: before.errors + self.runs.errors,
            },
            quarters,
            expires_at: last.plus(limits::CONTEXT_TTL_MAX),
        }
    }
}

/// The counters of the log's writer: what is kept of them, and what is not yet.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    owed: Counts,
    /// The kept sums as this process wrote or read them last.
    known: HashMap<Counted, Option<Kept<PolicyUse>>, RandomState>,
}

/// Counters that stand in a batch, each with its sum.
#[derive(Debug, Default)]
pub(crate) struct Written(Vec<(Counted, PolicyUse)>);

impl Counters {
    /// Whether something is not yet kept.
    pub(crate) fn owes(&self) -> bool {
        !self.owed.0.is_empty()
    }

    /// Adds counts that are kept later.
    pub(crate) fn owe(&mut self, counts: Counts) {
        self.owed.merge(counts);
    }

    /// Adds the counters of the accounts in question to a batch: what is kept, and what is owed.
    pub(crate) async fn write(
        &mut self,
        app: &App,
        batch: &mut Batch,
        is_written: impl Fn(&AccountId) -> bool,
        now: Timestamp,
    ) -> Result<Written> {
        let owed = self.owed.0.iter();
        let owed: Vec<_> = owed
            .filter(|((account, ..), _)| is_written(account))
            .collect();
        let unknown: Vec<&Counted> = owed
            .iter()
            .map(|(counted, _)| *counted)
            .filter(|counted| !self.known.contains_key(*counted))
            .collect();
        let keys: Vec<_> = unknown
            .iter()
            .map(|counted| (&kept::POLICY_USES, key(counted)))
            .collect();
        let rows = app.store.get_many(&keys, now).await?;
        for (counted, row) in unknown.into_iter().zip(rows) {
            let kept = row.as_ref().map(record::read).transpose()?;
            self.known.insert(counted.clone(), kept);
        }
        let mut written = Written::default();
        for (counted, count) in owed {
            let known = self.known.get(counted).and_then(Option::as_ref);
            let sum = count.sum(counted, known.map(|kept| &kept.record));
            let expect = known.map_or(Expect::Absent, |kept| Expect::Revision(kept.revision));
            batch.put_record(&counted.0, &sum, expect)?;
            written.0.push((counted.clone(), sum));
        }
        Ok(written)
    }

    /// Notes that counters were written, with the revisions of their rows; without them it is known
    /// only that they were.
    pub(crate) fn settle(&mut self, written: Written, mut revisions: impl Iterator<Item = u64>) {
        if self.known.len() > KNOWN_MAX {
            self.known.clear();
        }
        for (counted, record) in written.0 {
            self.owed.0.remove(&counted);
            match revisions.next() {
                Some(revision) => {
                    self.known.insert(counted, Some(Kept { record, revision }));
                }
                None => {
                    self.known.remove(&counted);
                }
            }
        }
    }

    /// Forgets what is kept of an account: somebody else counted too.
    pub(crate) fn forget(&mut self, account: &AccountId) {
        self.known.retain(|(known, ..), _| known != account);
    }
}

fn key((account, day, policy): &Counted) -> Key {
    let day = day_of(*day);
    Key::new(
        account,
        [&day, policy.as_ref().map_or("", PolicyId::as_str)],
    )
}

/// Returns a day since 1970 in UTC.
fn day_of(day: i64) -> String {
    self::day(Timestamp::from_milliseconds(day.saturating_mul(DAY)))
}

/// Returns the day of an instant in UTC: `2026-05-01`.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
