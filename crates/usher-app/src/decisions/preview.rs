//! What an edit of the list would change: the last decisions, decided again with it and without it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use usher_model::id::{DecisionId, PolicyId, RequestId};
use usher_model::value::Value;
use usher_policy::document::{self, Policy};
use usher_policy::facts::{Fact, Facts};
use usher_policy::run::{self, Step};

use super::search::{self, Filter, Logged};
use super::{FACT_TOO_LONG, Outcome};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Error, Result};
use crate::rules::{self, Ruleset};

/// Decisions that are decided again.
const DECISIONS_MAX: usize = 200;
/// Revisions of the rules by which they were decided that are looked at: each is read and compiled.
const REVISIONS_MAX: usize = 8;

/// What is to be different.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Which policy; without one a new one, which stands last.
    pub policy_id: Option<PolicyId>,
    /// What it says, as it is written.
    pub written: Option<Value>,
    /// Whether it is enabled.
    pub is_enabled: Option<bool>,
    /// Its place, from 0.
    pub position: Option<usize>,
}

/// What an edit would change.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// Decisions that were decided again.
    pub decisions: usize,
    /// Those of them of which nobody knows: they did not ask for what the policies read now.
    pub unknown: usize,
    /// Those that would go elsewhere, by where from and where to; the most frequent first.
    pub moves: Vec<Moved>,
}

/// Decisions that would go the same other way.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Which policy decides them as the list is; none if nothing matches.
    pub from: Option<(PolicyId, String)>,
    /// Which would then; the same one if only its actions would be others.
    pub to: Option<(PolicyId, String)>,
    /// How many.
    pub decisions: usize,
    /// The newest of them.
    pub example: DecisionId,
}

/// Decides the last decisions again, by the list as it is and as the edit would leave it, each on
/// what was known when it was made. Nothing is kept.
///
/// # Errors
/// Fails if the caller may not change policies or see decisions, or there is no such policy.
pub async fn preview(caller: &Caller, app: &Arc<App>, edit: Edit) -> Result<Preview> {
    caller.require(Permission::PoliciesWrite)?;
    let today = rules::current(app, &caller.account).await?;
    let changed = today.deciding(edited(app, &today, edit)?);
    let filter = Filter::default();
    let (mut decisions, _next) = search::list(caller, app, &filter, None, DECISIONS_MAX).await?;
    // One policy that was asked alone says nothing about the list.
    decisions.retain(|decision| decision.only_policy_id.is_none());
    let mut asked: BTreeMap<u64, HashSet<String>> = BTreeMap::new();
    for decision in &decisions {
        let revision = decision.ruleset_revision;
        if !asked.contains_key(&revision) && asked.len() < REVISIONS_MAX {
            let rules = rules::at(app, &caller.account, revision).await?;
            let logged = rules.plan.logged.iter();
            asked.insert(revision, logged.map(rules::plan::Logged::name).collect());
        }
    }
    decisions.retain(|decision| asked.contains_key(&decision.ruleset_revision));
    // As many runs as there are decisions, twice.
    Ok(tokio::task::block_in_place(|| {
        compared(&today, &changed, &decisions, &asked)
    }))
}

/// Returns the list as the edit leaves it.
fn edited(app: &App, today: &Ruleset, edit: Edit) -> Result<Vec<Policy>> {
    let documents = today.policies.iter().map(|policy| policy.document.clone());
    let mut list: Vec<Policy> = documents.collect();
    let (position, before) = match &edit.policy_id {
        Some(id) => {
            let (position, _) = today.find(id)?;
            (position, Some(list.remove(position)))
        }
        None => (list.len(), None),
    };
    let mut policy = match (edit.written, before) {
        (None, Some(before)) => before,
        (written, before) => {
            let minted = PolicyId::parse(&RequestId::mint(&app.ids).to_string());
            let id = edit.policy_id.map_or(minted, Ok).map_err(Error::internal)?;
            let (draft, _remarks) = document::read::read(&written.unwrap_or_default());
            let mut policy = draft.into_policy(|| id.clone(), || "unnamed".to_owned());
            policy.id = id;
            policy.enabled = before.is_some_and(|before| before.enabled);
            policy
        }
    };
    policy.enabled = edit.is_enabled.unwrap_or(policy.enabled);
    let position = edit.position.unwrap_or(position).min(list.len());
    list.insert(position, policy);
    Ok(list)
}

fn compared(
    today: &Ruleset,
    changed: &Ruleset,
    decisions: &[Logged],
    asked: &BTreeMap<u64, HashSet<String>>,
) -> Preview {
    let mut preview = Preview {
        decisions: decisions.len(),
        ..Preview::default()
    };
    for decision in decisions {
        let Some(asked) = asked.get(&decision.ruleset_revision) else {
            continue;
        };
        let again = |rules| decided(rules, decision, asked);
        let (Some(as_it_is), Some(as_it_would)) = (again(today), again(changed)) else {
            preview.unknown += 1;
            continue;
        };
        let (from, to) = (as_it_is.winner(), as_it_would.winner());
        if from == to && as_it_is.actions == as_it_would.actions {
            continue;
        }
        let known = preview
            .moves
            .iter_mut()
            .find(|known| known.from == from && known.to == to);
        match known {
            Some(known) => known.decisions += 1,
            None => preview.moves.push(Moved {
                from,
                to,
                decisions: 1,
                example: decision.id,
            }),
        }
    }
    let most = |moved: &Moved| std::cmp::Reverse(moved.decisions);
    preview.moves.sort_by_key(most);
    preview
}

/// Decides on what was known then; nothing if that is not enough to say.
fn decided<'r>(
    rules: &'r Ruleset,
    decision: &Logged,
    asked: &HashSet<String>,
) -> Option<Outcome<'r>> {
    let mut facts = search::facts(rules, decision);
    withhold(rules, decision, asked, &mut facts);
    match run::run(&rules.set, &facts, decision.at(), None) {
        Step::Done(run) => Some(Outcome::told(rules, run)),
        Step::Need(_unknown) => None,
    }
}

/// Marks as unread what the decision neither has nor found missing.
fn withhold(rules: &Ruleset, decision: &Logged, asked: &HashSet<String>, facts: &mut Facts<'_>) {
    let too_long = |name: &str| {
        let mut notes = decision.notes.iter();
        notes.any(|note| note.strip_prefix(FACT_TOO_LONG) == Some(&format!(":{name}")))
    };
    for logged in rules.plan.logged.iter().filter(|logged| !logged.is_fixed) {
        let name = logged.name();
        let is_missing = matches!(facts.fact(logged.slot), Fact::Missing);
        if is_missing && (!asked.contains(&name) || too_long(&name)) {
            facts.set(logged.slot, Fact::Unread);
        }
    }
    // A function is asked only if a policy that is reached needs its answer.
    for called in &rules.plan.calls {
        if matches!(facts.fact(called.wanted.slot), Fact::Missing) {
            facts.set(called.wanted.slot, Fact::Unread);
        }
    }
}
