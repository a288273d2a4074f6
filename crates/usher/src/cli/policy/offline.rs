//! One decision without a server: policies from files, facts from what the author gives.

use serde_json::{Value, json};
use usher_model::time::Timestamp;
use usher_model::value::Object;
use usher_policy::compile::PolicySet;
use usher_policy::explain::explain;
use usher_policy::facts::Facts;
use usher_policy::run::{NoMatch, Step};

/// What was decided, and why.
pub(super) struct Outcome {
    /// The name of the policy that matched, or why none did.
    pub(super) policy: Result<String, NoMatch>,
    /// What is to be done, in order, as the wire has it.
    pub(super) actions: Vec<Value>,
    /// What became of each policy, as the decision log has it.
    pub(super) policies: Vec<Value>,
}

/// Decides on facts given as `{namespace: {property: value}}`.
pub(super) fn decide(set: &PolicySet, context: &Object, at: Timestamp) -> anyhow::Result<Outcome> {
    let facts = Facts::from_object(set, context);
    let explanation = match explain(set, &facts, at, None) {
        Step::Done(explanation) => explanation,
        // INVARIANT: facts from an object are there or missing, never unread.
        Step::Need(slot) => {
            let attribute = set
                .attribute(slot)
                .map(ToString::to_string)
                .unwrap_or_default();
            anyhow::bail!("the run needs `{attribute}`, which nothing provides");
        }
    };
    let outcome = &explanation.decision().outcome;
    let actions = outcome
        .as_ref()
        .map(|winner| &winner.actions[..])
        .unwrap_or_default();
    let actions = actions
        .iter()
        .map(|action| json!({ "type": action.kind.as_str(), "payload": action.payload }));
    Ok(Outcome {
        policy: outcome
            .as_ref()
            .map(|winner| winner.policy.name.clone())
            .map_err(|reason| *reason),
        actions: actions.collect(),
        policies: explanation.render(0..set.entries().len(), &|_attribute| false),
    })
}
