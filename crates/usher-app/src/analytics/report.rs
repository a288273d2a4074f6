//! A report: figures of hours and days, added up to the buckets and groups that were asked for.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use usher_model::id::{AccountId, AgentId, PolicyId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_policy::calendar::Period;
use usher_store::collection::kept;
use usher_store::record;
use usher_store::record::figures::{Cell, Dimension, Figures, Grain};
use usher_store::store::{Field, Query};

use super::{QUARTER_MS, Wanted, start_of};
use crate::App;
use crate::desks::Desks;
use crate::error::Result;
use crate::usage;

const QUARTER: Duration = Duration::from_secs(15 * 60);

/// How a period went.
#[derive(Clone, Debug)]
pub struct Report {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// Events that are not counted yet.
    pub behind: u64,
    /// The whole period, as far as it has gone.
    pub total: Bucket,
    /// As many days right before, up to the same time: what the whole is compared with.
    pub before: Bucket,
    /// By hours or days.
    pub buckets: Vec<Bucket>,
    /// By skill, agent or channel, those with the most conversations first.
    pub groups: Vec<Group>,
    /// Groups that were left out.
    pub groups_more: usize,
    /// The policies that won, the most used first; nothing if the report is about a part.
    pub policies: Vec<PolicyMatches>,
}

/// What happened between two instants.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    /// The first instant.
    pub from: Timestamp,
    /// The first one after it.
    pub to: Timestamp,
    /// What happened.
    pub figures: Cell,
    /// How the policies' runs ended; of the whole account only.
    pub decisions: Option<Decisions>,
}

/// How runs of the policies ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// All of them.
    pub runs: u64,
    /// Those without a winner.
    pub no_match: u64,
    /// Those in which a policy could not be judged.
    pub errors: u64,
}

/// What happened to one skill, agent or channel.
#[derive(Clone, Debug)]
pub struct Group {
    /// Which one.
    pub id: String,
    /// Its name, unless it is gone or has none.
    pub name: Option<String>,
    /// What happened.
    pub figures: Cell,
}

/// How often a policy won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyMatches {
    /// Which one, also a deleted one.
    pub id: PolicyId,
    /// Its name when it last won.
    pub name: String,
    /// How often it won.
    pub matches: u64,
}

/// Spans one after the other, and what happened in each.
struct Buckets(Vec<Bucket>);

impl Buckets {
    fn between(starts: &[Timestamp]) -> Self {
        let spans = starts.windows(2);
        let spans = spans.filter_map(|span| match *span {
            [from, to] => Some(Bucket {
                from,
                to,
                ..Bucket::default()
            }),
            _ => None,
        });
        Self(spans.collect())
    }

    fn at(&mut self, at: Timestamp) -> Option<&mut Bucket> {
        let place = self.0.partition_point(|bucket| bucket.to <= at);
        self.0.get_mut(place).filter(|bucket| bucket.from <= at)
    }

    fn sum(&self) -> Bucket {
        let mut sum = Bucket {
            from: self.0.first().map(|first| first.from).unwrap_or_default(),
            to: self.0.last().map(|last| last.to).unwrap_or_default(),
            ..Bucket::default()
        };
        for bucket in &self.0 {
            sum.figures.add(&bucket.figures);
            if let Some(decisions) = bucket.decisions {
                sum.decisions.get_or_insert_default().add(decisions);
            }
        }
        sum
    }
}

impl Decisions {
    const fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.no_match += other.no_match;
        self.errors += other.errors;
    }
}

/// Puts a report together.
pub(super) async fn of(
    app: &Arc<App>,
    account: &AccountId,
    wanted: &Wanted,
    period: &Period,
    now: Timestamp,
    behind: u64,
) -> Result<Report> {
    let starts = if wanted.is_hourly {
        period.hours()
    } else {
        period.days()
    };
    let mut buckets = Buckets::between(&starts);
    let mut before = Buckets::between(&before(period, &starts, now));
    let mut policies = HashMap::new();
    for (buckets, policies) in [(&mut buckets, Some(&mut policies)), (&mut before, None)] {
        fill(app, account, wanted, buckets).await?;
        if wanted.only.is_none() {
            decisions(app, account, buckets, policies).await?;
        }
    }
    let total = buckets.sum();
    let (groups, groups_more) = match wanted.group {
        None | Some(Dimension::All) => (Vec::new(), 0),
        Some(group) => groups(app, account, group, &total).await?,
    };
    let mut policies: Vec<PolicyMatches> = policies.into_values().collect();
    policies.sort_by(|a, b| b.matches.cmp(&a.matches).then_with(|| a.id.cmp(&b.id)));
    policies.truncate(limits::ANALYTICS_POLICIES_MAX);
    Ok(Report {
        from: period.first(),
        to: period.last(),
        behind,
        total,
        before: before.sum(),
        buckets: buckets.0,
        groups,
        groups_more,
        policies,
    })
}

/// Returns what a period is compared with: as many days right before, and if it is not over, only as
/// much of them as has gone of the period.
fn before(period: &Period, starts: &[Timestamp], now: Timestamp) -> [Timestamp; 2] {
    let days = period.before().days();
    let first = days.first().copied().unwrap_or_default();
    let end = days.last().copied().unwrap_or_default();
    let (start, over) = (starts.first(), starts.last());
    match (start, over) {
        (Some(start), Some(over)) if now < *over => {
            let gone = quarter(now).plus(QUARTER).since(*start);
            [first, end.min(first.plus(gone))]
        }
        _ => [first, end],
    }
}

fn quarter(at: Timestamp) -> Timestamp {
    let quarters = at.milliseconds().div_euclid(QUARTER_MS);
    Timestamp::from_milliseconds(quarters.saturating_mul(QUARTER_MS))
}

/// Adds the figures of the whole, or of the one thing that was asked for.
async fn fill(
    app: &App,
    account: &AccountId,
    wanted: &Wanted,
    buckets: &mut Buckets,
) -> Result<()> {
    let whole = buckets.sum();
    let (dimension, id) = match &wanted.only {
        Some((dimension, id)) => (*dimension, id.as_str()),
        None => (Dimension::All, ""),
    };
    let query = Query {
        equals: vec![
            text(Grain::Hour.as_str()),
            text(dimension.as_str()),
            text(id),
        ],
        ..range(account, Grain::Hour, whole.from, whole.to)
    };
    for row in app.store.find_all(&query, app.now()).await? {
        let row = record::read::<Figures>(&row)?.record;
        for (place, cell) in &row.cells {
            let at = row.start.plus(QUARTER * u32::from(*place));
            if let Some(bucket) = buckets.at(at) {
                bucket.figures.add(cell);
            }
        }
    }
    Ok(())
}

/// Adds how the policies' runs ended, and counts who won.
async fn decisions(
    app: &App,
    account: &AccountId,
    buckets: &mut Buckets,
    mut policies: Option<&mut HashMap<String, PolicyMatches>>,
) -> Result<()> {
    for bucket in &mut buckets.0 {
        bucket.decisions = Some(Decisions::default());
    }
    let whole = buckets.sum();
    for day in usage::days(app, account, whole.from, whole.to).await? {
        for (at, counts) in usage::quarters(&day) {
            let Some(bucket) = buckets.at(at) else {
                continue;
            };
            if day.policy_id.is_empty() {
                bucket.decisions.get_or_insert_default().add(Decisions {
                    runs: counts.runs,
                    no_match: counts.no_match,
                    errors: counts.errors,
                });
                continue;
            }
            let (Some(policies), Ok(id)) = (&mut policies, PolicyId::parse(&day.policy_id)) else {
                continue;
            };
            let policy = policies.entry(day.policy_id.clone());
            let policy = policy.or_insert_with(|| PolicyMatches {
                id,
                name: String::new(),
                matches: 0,
            });
            // Days come in order, so a later one brings the newer name.
            policy.name.clone_from(&day.name);
            policy.matches += counts.matches;
        }
    }
    Ok(())
}

/// Returns the figures of every skill, agent or channel: of the whole days in UTC, and of the hours
/// around them.
async fn groups(
    app: &Arc<App>,
    account: &AccountId,
    group: Dimension,
    whole: &Bucket,
) -> Result<(Vec<Group>, usize)> {
    let mut found: BTreeMap<String, Cell> = BTreeMap::new();
    let first_day = match start_of(Grain::Day, whole.from) {
        day if day == whole.from => day,
        day => start_of(Grain::Day, day.plus(DAY)),
    };
    let last_day = start_of(Grain::Day, whole.to);
    let parts = if first_day < last_day {
        vec![
            (Grain::Hour, whole.from, first_day),
            (Grain::Day, first_day, last_day),
            (Grain::Hour, last_day, whole.to),
        ]
    } else {
        vec![(Grain::Hour, whole.from, whole.to)]
    };
    for (grain, from, to) in parts.into_iter().filter(|(_, from, to)| from < to) {
        let query = Query {
            index: Some("by_period"),
            equals: vec![text(grain.as_str()), text(group.as_str())],
            ..range(account, grain, from, to)
        };
        for row in app.store.find_all(&query, app.now()).await? {
            let row = record::read::<Figures>(&row)?.record;
            let found = found.entry(row.id).or_default();
            for (place, cell) in &row.cells {
                let at = row.start.plus(QUARTER * u32::from(*place));
                if grain == Grain::Day || (from <= at && at < to) {
                    found.add(cell);
                }
            }
        }
    }
    let desk = Desks::of(app, account).await?;
    let name = |id: &str| {
        let state = desk.lock();
        match group {
            Dimension::Skill => {
                let skill = SkillId::parse(id).ok();
                let skill = skill.and_then(|id| state.rules.skills.get(&id));
                skill.map(|skill| skill.name.clone())
            }
            Dimension::Agent => {
                let agent = AgentId::parse(id).ok();
                let agent = agent.and_then(|id| state.rules.users.get(&id));
                agent.map(|agent| agent.name.clone())
            }
            Dimension::All | Dimension::Channel => None,
        }
    };
    let groups = found
        .into_iter()
        .filter(|(_, cell)| *cell != Cell::default());
    let mut groups: Vec<Group> = groups
        .map(|(id, figures)| Group {
            name: name(&id),
            id,
            figures,
        })
        .collect();
    // A stable sort: those with as many stay in the order of their ids.
    groups.sort_by_key(|group| std::cmp::Reverse(group.figures.conversations));
    let more = groups.len().saturating_sub(limits::ANALYTICS_GROUPS_MAX);
    groups.truncate(limits::ANALYTICS_GROUPS_MAX);
    Ok((groups, more))
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns the query for the rows of a grain that overlap a span.
fn range(account: &AccountId, grain: Grain, from: Timestamp, to: Timestamp) -> Query {
    let last = Timestamp::from_milliseconds(to.milliseconds() - 1);
    Query {
        from: Some(Field::Text(grain.period(start_of(grain, from)))),
        // The period after the last one: `~` sorts behind every digit.
        to: Some(Field::Text(format!("{}~", grain.period(last)))),
        ..Query::all(account, &kept::FIGURES)
    }
}

fn text(text: &str) -> Field {
    Field::Text(text.to_owned())
}
