//! How often policies decide: counters by day, kept for 13 months.

use std::collections::HashMap;

use usher_model::id::AccountId;
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_store::batch::{Batch, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, Kept, PolicyUse, RunCounts};
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
    app.log.caught_up().await;
    let mut query = Query::all(&caller.account, &kept::POLICY_USES);
    query.from = Some(Field::Text(day(from)));
    // The day after the last one: `~` sorts behind every digit.
    query.to = Some(Field::Text(format!("{}~", day(to))));
    let mut usage = Usage::default();
    let mut policies: HashMap<String, PolicyUsage> = HashMap::new();
    for row in app.store.find_all(&query, app.now()).await? {
        let day: PolicyUse = record::read(&row)?.record;
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

/// What a batch of decisions adds to the counters.
#[derive(Debug, Default)]
pub(crate) struct Counts(HashMap<(AccountId, String, String), PolicyUse>);

impl Counts {
    pub(crate) fn add(&mut self, account: &AccountId, decision: &record::Decision) {
        let runs = self.entry(account, decision.at, "");
        runs.counts.runs += 1;
        runs.counts.no_match += u64::from(decision.policy_id.is_none());
        runs.counts.errors += u64::from(!decision.faults.is_empty());
        let Some(id) = &decision.policy_id else {
            return;
        };
        let policy = self.entry(account, decision.at, id.as_str());
        policy.matches += 1;
        policy.last_matched_at = policy.last_matched_at.max(Some(decision.at));
        decision
            .policy_name
            .as_deref()
            .unwrap_or_default()
            .clone_into(&mut policy.name);
    }

    fn entry(&mut self, account: &AccountId, at: Timestamp, policy_id: &str) -> &mut PolicyUse {
        let day = day(at);
        let key = (account.clone(), day.clone(), policy_id.to_owned());
        self.0.entry(key).or_insert_with(|| PolicyUse {
            day,
            policy_id: policy_id.to_owned(),
            name: String::new(),
            matches: 0,
            last_matched_at: None,
            counts: RunCounts::default(),
            expires_at: at.plus(limits::CONTEXT_TTL_MAX),
        })
    }

    /// Adds the sums to a batch: what is kept, plus these, if nobody was faster.
    pub(crate) async fn add_to(&self, app: &App, batch: &mut Batch, now: Timestamp) -> Result<()> {
        for ((account, day, policy_id), added) in &self.0 {
            let key = Key::new(account, [day.as_str(), policy_id.as_str()]);
            let row = app.store.get(&kept::POLICY_USES, &key, now).await?;
            let known: Option<Kept<PolicyUse>> = row.as_ref().map(record::read).transpose()?;
            let Some(known) = known else {
                batch.put_record(account, added, Expect::Absent)?;
                continue;
            };
            let counts = RunCounts {
                runs: known.record.counts.runs + added.counts.runs,
                no_match: known.record.counts.no_match + added.counts.no_match,
                errors: known.record.counts.errors + added.counts.errors,
            };
            let sum = PolicyUse {
                matches: known.record.matches + added.matches,
                last_matched_at: known.record.last_matched_at.max(added.last_matched_at),
                counts,
                ..added.clone()
            };
            batch.put_record(account, &sum, Expect::Revision(known.revision))?;
        }
        Ok(())
    }
}

/// Returns the day of an instant in UTC: `2026-05-01`.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
