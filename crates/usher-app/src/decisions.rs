//! Decisions: what should happen to a conversation now?
//!
//! One use case serves every way of asking. It reads only what some enabled policy mentions, in one
//! batch, runs the policies, and hands the run to the log behind the answer.

pub mod attempt;
pub(crate) mod calls;
mod floor;
mod known;
pub(crate) mod log;
pub mod preview;
pub mod search;
#[cfg(test)]
mod tests;
pub(crate) mod writer;

use std::sync::Arc;

use usher_model::id::{ConsumerId, ConversationId, DecisionId, PolicyId, SessionId};
use usher_model::time::Timestamp;
use usher_model::value::{self, Object, Value};
use usher_policy::attribute::Slot;
use usher_policy::document::Policy;
use usher_policy::explain::{self, Explanation};
use usher_policy::facts::{Fact, Facts};
use usher_policy::run::{self, Step};
use usher_store::record;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Error, Result};
use crate::rules::plan::Wanted;
use crate::rules::{self, Ruleset};
use crate::usage::Tally;
use calls::Calls;
use known::Known;

pub use usher_policy::action::ResolvedAction as Action;

pub(crate) use search::erase;

/// Characters of a value that the log keeps; a run on a longer one cannot be repeated.
const KEPT_VALUE_CHARS_MAX: usize = 65_536;
/// The remark of a decision whose policies read `sde.` though no consumer was named.
const CUSTOMER_ID_REQUIRED: &str = "CUSTOMER_ID_REQUIRED";
/// Why nobody won when the run had no time left.
pub(crate) const EVALUATION_TIMEOUT: &str = "EVALUATION_TIMEOUT";
/// The remark of a decision that used a value too long for the log.
const FACT_TOO_LONG: &str = "FACT_TOO_LONG";

/// Through which door a decision was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `GET /v1/account/{id}/next-actions`
    V1,
    /// `POST /v2/policy/nextaction`
    V2,
    /// `POST /api/v1/decisions`
    Own,
}

impl Api {
    /// Returns the door's name in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "V1",
            Self::V2 => "V2",
            Self::Own => "API",
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// Through which door.
    pub api: Api,
    /// About which conversation.
    pub conversation_id: Option<ConversationId>,
    /// For whom.
    pub consumer_id: Option<ConsumerId>,
    /// The context session; the conversation's unless given.
    pub session_id: Option<SessionId>,
    /// Attributes that outrank everything kept: `{namespace: {property: value}}`.
    pub attributes: Object,
    /// The only policy that is tried.
    pub policy_id: Option<PolicyId>,
    /// The instant taken as now.
    pub at: Option<Timestamp>,
    /// Whether the answer says of each policy why it was passed over.
    pub explain: bool,
    /// Whether the run is neither logged nor counted.
    pub dry_run: bool,
    /// Whether attributes are asked for that functions answer; otherwise they are missing.
    pub calls_functions: bool,
    /// What is handed on to functions that are trusted.
    pub token: Option<Token>,
}

/// The bearer token of the one who asks, which no log shows.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Keeps a token; `Bearer` may stand before it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(
            text.strip_prefix("Bearer ")
                .unwrap_or(text)
                .trim()
                .to_owned(),
        )
    }

    /// Returns what the header `Authorization` says.
    fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Request {
    /// Makes a request that names nothing.
    #[must_use]
    pub fn new(api: Api) -> Self {
        Self {
            api,
            conversation_id: None,
            consumer_id: None,
            session_id: None,
            attributes: Object::new(),
            policy_id: None,
            at: None,
            explain: false,
            dry_run: false,
            calls_functions: true,
            token: None,
        }
    }
}

/// What should happen.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The run's id: the contracts' `nextActionId`.
    pub id: DecisionId,
    /// The winner, by id and name.
    pub policy: Option<(PolicyId, String)>,
    /// Why nobody won: `NO_POLICIES_ENABLED` or `NO_MATCHED_RULES`.
    pub no_match_reason: Option<&'static str>,
    /// What to do, in order, with every template filled in.
    pub actions: Arc<[Action]>,
    /// The record of the run, if it was asked for.
    pub explanation: Option<Value>,
}

/// Decides what should happen to a conversation.
///
/// # Errors
/// Fails if the caller may not ask, the named policy does not exist, or the context cannot be read.
/// A broken policy is no failure: it is passed over, and the log says so.
pub async fn decide(caller: &Caller, app: &Arc<App>, request: Request) -> Result<Decision> {
    caller.require(Permission::DecisionsAsk)?;
    let begun = tokio::time::Instant::now();
    let rules = rules::current(app, &caller.account).await?;
    if let Some(id) = &request.policy_id {
        rules.find(id)?;
    }
    let received_at = app.now();
    let now = request.at.unwrap_or(received_at);
    let known = Known::read(caller, app, &rules, &request, received_at).await?;
    let mut facts = known.facts(&rules, &request);
    let only = request.policy_id.as_ref();
    let mut notes = Vec::new();
    let mut calls = None;
    let outcome = if !rules.plan.calls.is_empty() {
        let calls = calls.insert(Calls::new(caller, app, &rules, &request, begun));
        // On the heap: every decision would carry the room for it.
        Box::pin(Outcome::with_calls(
            calls, &mut facts, now, only, &mut notes,
        ))
        .await?
    } else if request.consumer_id.is_some() || rules.plan.sde.is_empty() {
        Outcome::of(&rules, &facts, now, only)?
    } else {
        Outcome::without_consumer(&rules, &mut facts, now, only, &mut notes)?
    };
    let mut explanation = if request.explain {
        Some(explained(&rules, &rules, &facts, now, only)?)
    } else {
        None
    };
    if let Some(calls) = calls {
        if let Some(explanation) = &mut explanation {
            calls.explain(explanation);
        }
        notes.extend(calls.into_notes());
    }
    let id = DecisionId::mint_at(&app.ids, received_at);
    if !request.dry_run {
        let mut kept = Vec::new();
        keep_facts(&rules, &request, &facts, &mut kept, &mut notes);
        let actions: Vec<_> = outcome.actions.iter().map(action).collect();
        let written = record::DecisionView {
            id,
            at: Some(now).filter(|now| *now != id.minted_at()),
            duration_us: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            retention_days: retention_days(app, &rules),
            api: request.api.as_str(),
            conversation_id: request.conversation_id.as_ref(),
            session_id: request.session_id.as_ref(),
            consumer_id: request.consumer_id.as_ref(),
            ruleset_revision: rules.revision,
            only_policy_id: only,
            policy_id: outcome.policy.map(|policy| &policy.id),
            policy_name: outcome.policy.map(|policy| policy.name.as_str()),
            no_match_reason: outcome.no_match_reason,
            actions: record::ActionsView(&actions),
            is_templated: outcome.is_templated,
            facts: record::FactsView(&kept),
            names: &rules.plan.names,
            faults: &outcome.faults,
            notes: &notes,
        };
        let tally = Tally {
            winner: outcome.winner(),
            is_faulty: !outcome.faults.is_empty(),
        };
        let written = written.write()?;
        app.log.count(request.api);
        app.log.append(caller.account.clone(), written, tally).await;
    }
    Ok(Decision {
        id,
        policy: outcome.winner(),
        no_match_reason: outcome.no_match_reason,
        actions: outcome.actions,
        explanation,
    })
}

/// Notes what was known, so that the run can be repeated; fixed attributes are in the ruleset.
fn keep_facts<'a>(
    rules: &Ruleset,
    request: &Request,
    facts: &'a Facts<'_>,
    kept: &mut Vec<record::FactView<'a>>,
    notes: &mut Vec<String>,
) {
    let is_given = request.attributes.contains_key("custom");
    kept.reserve(rules.plan.logged.len());
    for (place, logged) in rules.plan.logged.iter().enumerate() {
        if logged.is_fixed && !is_given {
            continue;
        }
        let (value, is_long) = match facts.fact(logged.slot) {
            Fact::Missing | Fact::Unread | Fact::Failed(_) => continue,
            Fact::Bool(boolean) => (record::FactValue::Bool(*boolean), false),
            Fact::Number(number) => (record::FactValue::Number(*number), false),
            Fact::Text(text) => (
                record::FactValue::Text(text),
                text.len() > KEPT_VALUE_CHARS_MAX,
            ),
            Fact::Tree(tree) => {
                // Counting costs as much as writing, so only what may be too long is counted.
                let is_long = value::json_most(tree) > KEPT_VALUE_CHARS_MAX
                    && tree.to_string().len() > KEPT_VALUE_CHARS_MAX;
                (record::FactValue::Tree(tree), is_long)
            }
        };
        if is_long {
            notes.push(format!("{FACT_TOO_LONG}:{}", logged.name()));
        } else {
            kept.push(record::FactView { place, value });
        }
    }
}

fn retention_days(app: &App, rules: &Ruleset) -> u32 {
    let account = rules
        .settings
        .as_ref()
        .and_then(|kept| kept.record.decision_retention_days);
    account.unwrap_or(app.options.decision_retention_days)
}

fn action(action: &Action) -> (&str, &Object) {
    (action.kind.as_str(), &action.payload)
}

/// How a run ended, in words that outlive the rules.
pub(crate) struct Outcome<'r> {
    pub(crate) policy: Option<&'r Policy>,
    no_match_reason: Option<&'static str>,
    pub(crate) actions: Arc<[Action]>,
    /// Whether facts stand in the actions.
    is_templated: bool,
    faults: Vec<record::Fault>,
}

impl<'r> Outcome<'r> {
    pub(crate) fn of(
        rules: &'r Ruleset,
        facts: &Facts<'_>,
        now: Timestamp,
        only: Option<&PolicyId>,
    ) -> Result<Self> {
        match run::run(&rules.set, facts, now, only) {
            Step::Done(run) => Ok(Self::told(rules, run)),
            Step::Need(slot) => Err(unknown(rules, slot)),
        }
    }

    /// Runs the policies without engagement attributes, which are a consumer's, and notes whether
    /// one that was reached asked for them.
    fn without_consumer(
        rules: &'r Ruleset,
        facts: &mut Facts<'_>,
        now: Timestamp,
        only: Option<&PolicyId>,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        for wanted in &rules.plan.sde {
            offer(facts, wanted.slot, Fact::Unread);
        }
        let run = run::run(&rules.set, facts, now, only);
        for wanted in &rules.plan.sde {
            if matches!(facts.fact(wanted.slot), Fact::Unread) {
                facts.set(wanted.slot, Fact::Missing);
            }
        }
        match run {
            Step::Done(run) => Ok(Self::told(rules, run)),
            Step::Need(_) => {
                notes.push(CUSTOMER_ID_REQUIRED.to_owned());
                Self::of(rules, facts, now, only)
            }
        }
    }

    /// Runs the policies and asks functions for what those that are reached need.
    async fn with_calls(
        calls: &mut Calls<'r>,
        facts: &mut Facts<'_>,
        now: Timestamp,
        only: Option<&PolicyId>,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let (rules, has_consumer) = (calls.rules, calls.request.consumer_id.is_some());
        let sdes = if has_consumer {
            &[]
        } else {
            rules.plan.sde.as_slice()
        };
        for wanted in sdes {
            offer(facts, wanted.slot, Fact::Unread);
        }
        calls.offer(facts);
        let run = loop {
            match run::run(&rules.set, facts, now, only) {
                Step::Done(run) => break run,
                Step::Need(slot) => match calls.find(slot) {
                    Some(called) => calls.answer(called, facts).await,
                    None if sdes.iter().any(|wanted| wanted.slot == slot) => {
                        notes.push(CUSTOMER_ID_REQUIRED.to_owned());
                        withdraw(facts, sdes);
                    }
                    None => return Err(unknown(rules, slot)),
                },
            }
        };
        withdraw(facts, sdes);
        calls.withdraw(facts);
        let told = Self::told(rules, run);
        if !calls.is_late {
            return Ok(told);
        }
        Ok(Self {
            policy: None,
            no_match_reason: Some(EVALUATION_TIMEOUT),
            actions: Arc::default(),
            is_templated: false,
            faults: told.faults,
        })
    }

    fn told(rules: &'r Ruleset, run: run::Decision<'r>) -> Self {
        let fault = |faulty: &run::PolicyFault| {
            let entry = rules.set.entries().get(faulty.position)?;
            let code = faulty.fault.code;
            Some(record::Fault {
                policy_id: entry.policy().id.clone(),
                status: if code.is_error() { "ERROR" } else { "INVALID" }.into(),
                code: code.as_str().into(),
            })
        };
        let faults = run.faults.iter().filter_map(fault).collect();
        match run.outcome {
            Ok(winner) => Self {
                policy: Some(winner.policy),
                no_match_reason: None,
                actions: winner.actions,
                is_templated: winner.is_templated,
                faults,
            },
            Err(reason) => Self {
                policy: None,
                no_match_reason: Some(reason.as_str()),
                actions: Arc::default(),
                is_templated: false,
                faults,
            },
        }
    }

    /// Returns the winner by id and name.
    pub(crate) fn winner(&self) -> Option<(PolicyId, String)> {
        let policy = self.policy?;
        Some((policy.id.clone(), policy.name.clone()))
    }
}

/// Runs the policies for an explanation, and writes it without what logs must not show: what was
/// sensitive then, and what is now.
fn explained(
    rules: &Ruleset,
    today: &Ruleset,
    facts: &Facts<'_>,
    now: Timestamp,
    only: Option<&PolicyId>,
) -> Result<Value> {
    match explain::explain(&rules.set, facts, now, only) {
        Step::Done(explained) => Ok(rendered(rules, today, &explained)),
        Step::Need(slot) => Err(unknown(rules, slot)),
    }
}

/// Writes an explanation, hiding what logs must not show.
pub(crate) fn rendered(rules: &Ruleset, today: &Ruleset, explained: &Explanation<'_>) -> Value {
    let policies = explained.render(0..rules.policies.len(), &|attribute| {
        rules.is_sensitive(attribute.path()) || today.is_sensitive(attribute.path())
    });
    let mut record = Object::new();
    record.insert("rulesetRevision".to_owned(), rules.revision.into());
    record.insert("policies".to_owned(), Value::Array(policies));
    Value::Object(record)
}

/// Takes back what was offered and not asked for.
fn withdraw(facts: &mut Facts<'_>, wanted: &[Wanted]) {
    for wanted in wanted {
        if matches!(facts.fact(wanted.slot), Fact::Unread) {
            facts.set(wanted.slot, Fact::Missing);
        }
    }
}

/// Fills in what is known of an attribute unless something that outranks it is known already.
pub(crate) fn offer<'a>(facts: &mut Facts<'a>, slot: Slot, fact: Fact<'a>) {
    if matches!(facts.fact(slot), Fact::Missing) {
        facts.set(slot, fact);
    }
}

fn unknown(rules: &Ruleset, slot: Slot) -> Error {
    let attribute = rules
        .set
        .attribute(slot)
        .map(ToString::to_string)
        .unwrap_or_default();
    Error::internal(format!("a run needs `{attribute}`, which nothing provides"))
}
