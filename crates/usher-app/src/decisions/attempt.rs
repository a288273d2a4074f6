//! Trying a policy that nobody has saved: what would it say now, or have said then?

use std::sync::Arc;

use usher_model::id::{DecisionId, PolicyId, RequestId};
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_policy::document;
use usher_policy::explain;
use usher_policy::facts::Facts;
use usher_policy::run::Step;

use super::known::Known;
use super::{Request, search, unknown};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Error, Result};
use crate::rules::{self, Ruleset};

/// On what a policy is tried.
#[derive(Clone, Debug)]
pub enum Ground {
    /// What is known now, and what the request says besides.
    Now(Box<Request>),
    /// What was known when a decision was made; what it did not ask for is missing.
    Then(DecisionId),
}

/// Returns the record that a policy as it is written would leave in an explanation, as if it stood
/// alone and were enabled. Nothing is kept.
///
/// Whoever may write policies may ask: a guard made up to that end tells what it compares.
///
/// # Errors
/// Fails if the caller may not change policies, or there is no such decision.
pub async fn attempt(
    caller: &Caller,
    app: &Arc<App>,
    written: &Value,
    ground: Ground,
) -> Result<Value> {
    caller.require(Permission::PoliciesWrite)?;
    let today = rules::current(app, &caller.account).await?;
    let id = PolicyId::parse(&RequestId::mint(&app.ids).to_string()).map_err(Error::internal)?;
    let (draft, _remarks) = document::read::read(written);
    let mut policy = draft.into_policy(|| id, || "unnamed".to_owned());
    policy.enabled = true;
    let rules = today.deciding(vec![policy]);
    match ground {
        Ground::Now(request) => {
            let now = app.now();
            let known = Known::read(caller, app, &rules, &request, now).await?;
            let facts = known.facts(&rules, &request);
            judged(&rules, &today, &facts, request.at.unwrap_or(now))
        }
        Ground::Then(id) => {
            caller.require(Permission::DecisionsRead)?;
            let decision = search::find(caller, app, id).await?;
            let facts = search::facts(&rules, &decision);
            judged(&rules, &today, &facts, decision.at())
        }
    }
}

fn judged(rules: &Ruleset, today: &Ruleset, facts: &Facts<'_>, now: Timestamp) -> Result<Value> {
    match explain::explain(&rules.set, facts, now, None) {
        Step::Done(explained) => {
            let record =
                explained.render_policy(0, &|attribute| today.is_sensitive(attribute.path()));
            record.ok_or_else(|| Error::internal("a ruleset of one policy has none".to_owned()))
        }
        Step::Need(slot) => Err(unknown(rules, slot)),
    }
}
