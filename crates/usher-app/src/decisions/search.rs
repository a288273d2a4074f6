//! Looking into the decision log: find, explain, repeat, and why another policy did not win.

use usher_model::id::{AccountId, ConsumerId, ConversationId, DecisionId, PolicyId};
use usher_model::time::Timestamp;
use usher_model::value::{self, Value};
use usher_policy::explain;
use usher_policy::explain::render::MASK;
use usher_policy::facts::{Fact, Facts};
use usher_policy::run::Step;
use usher_policy::why_not;
use usher_store::batch::{Batch, Expect};
use usher_store::collection::kept;
use usher_store::record;
use usher_store::store::{Cursor, Field, Key, Query};

use super::{Outcome, action_value, offer, rendered, unknown};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Code, Error, Result};
use crate::rules::{self, Ruleset};

pub use usher_store::record::{Decision as Logged, Fault as LoggedFault};

/// Rows looked at for one page when filters leave few of them.
const SCANNED_MAX: usize = 20_000;
/// Rows erased in one commit.
const ERASED_ROWS: usize = 500;

/// Which decisions.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// About this conversation.
    pub conversation_id: Option<ConversationId>,
    /// For this consumer.
    pub consumer_id: Option<ConsumerId>,
    /// Won by this policy; with a status, in which this policy had it.
    pub policy_id: Option<PolicyId>,
    /// In which a policy had this status: `TRUE`, `ERROR` or `INVALID`.
    pub status: Option<String>,
    /// Whether somebody won.
    pub is_matched: Option<bool>,
    /// At or after this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
}

/// A decision that was run again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Whether the run gave the same winner and actions as the log has.
    pub is_same: bool,
    /// The record of the run.
    pub explanation: Value,
}

/// Returns decisions, the newest first.
///
/// # Errors
/// Fails if the caller may not see decisions, or the cursor was not made by this list.
pub async fn list(
    caller: &Caller,
    app: &App,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<(Vec<Logged>, Option<Cursor>)> {
    caller.require(Permission::DecisionsRead)?;
    app.log.caught_up().await;
    let rules = rules::current(app, &caller.account).await?;
    let mut query = Query::all(&caller.account, &kept::DECISIONS);
    query.descending = true;
    query.after = after;
    query.limit = limit;
    choose_index(&mut query, filter);
    let (mut found, mut scanned) = (Vec::new(), 0);
    loop {
        let page = app.store.find(&query, app.now()).await?;
        scanned += page.rows.len();
        for row in &page.rows {
            let mut decision: Logged = record::read(row)?.record;
            if fits(filter, &decision) {
                mask(&rules, &mut decision);
                found.push(decision);
            }
        }
        // A page may hold more than asked for by at most one scan, never less with rows left.
        match page.next {
            Some(next) if found.len() < limit && scanned < SCANNED_MAX => query.after = Some(next),
            next => return Ok((found, next)),
        }
    }
}

fn choose_index(query: &mut Query, filter: &Filter) {
    let status = filter.status.as_deref();
    if let Some(conversation) = &filter.conversation_id {
        query.index = Some("by_conversation");
        query.equals = vec![Field::Text(conversation.to_string())];
    } else if let Some(consumer) = &filter.consumer_id {
        query.index = Some("by_consumer");
        query.equals = vec![Field::Text(consumer.to_string())];
    } else if let Some(fault) = status.filter(|status| *status != "TRUE") {
        query.index = Some("by_fault");
        query.equals = vec![Field::Text(fault.to_owned())];
        (query.from, query.to) = bounds(filter);
    } else if let Some(policy) = &filter.policy_id {
        query.index = Some("by_policy");
        query.equals = vec![Field::Text(policy.to_string())];
        (query.from, query.to) = bounds(filter);
    }
}

fn bounds(filter: &Filter) -> (Option<Field>, Option<Field>) {
    let bound = |at: Timestamp| Field::Integer(at.milliseconds());
    (filter.from.map(bound), filter.to.map(bound))
}

fn fits(filter: &Filter, decision: &Logged) -> bool {
    let faulted = |status: &str| {
        decision.faults.iter().any(|fault| {
            fault.status == status
                && filter
                    .policy_id
                    .as_ref()
                    .is_none_or(|policy| *policy == fault.policy_id)
        })
    };
    let won = || match &filter.policy_id {
        Some(policy) => decision.policy_id.as_ref() == Some(policy),
        None => decision.policy_id.is_some(),
    };
    let has_status = match filter.status.as_deref() {
        None => filter.policy_id.is_none() || won(),
        Some("TRUE") => won(),
        Some(status) => faulted(status),
    };
    has_status
        && filter
            .conversation_id
            .as_ref()
            .is_none_or(|id| decision.conversation_id.as_ref() == Some(id))
        && filter
            .consumer_id
            .as_ref()
            .is_none_or(|id| decision.consumer_id.as_ref() == Some(id))
        && filter
            .is_matched
            .is_none_or(|is_matched| decision.policy_id.is_some() == is_matched)
        && filter.from.is_none_or(|from| decision.at >= from)
        && filter.to.is_none_or(|to| decision.at < to)
}

/// Returns one decision with the record of its run.
///
/// # Errors
/// Fails if the caller may not see decisions, or there is no such one.
pub async fn get(caller: &Caller, app: &App, id: DecisionId) -> Result<(Logged, Replay)> {
    caller.require(Permission::DecisionsRead)?;
    let decision = find(caller, app, id).await?;
    let rules = rules::at(app, &caller.account, decision.ruleset_revision).await?;
    let facts = facts(&rules, &decision);
    let only = decision.only_policy_id.as_ref();
    let explained = match explain::explain(&rules.set, &facts, decision.at, only) {
        Step::Done(explained) => explained,
        Step::Need(slot) => return Err(unknown(&rules, slot)),
    };
    let outcome = Outcome::of(&rules, &facts, decision.at, only)?;
    let actions: Vec<Value> = outcome.actions.iter().map(action_value).collect();
    let is_same = outcome.policy.as_ref().map(|(id, _)| id) == decision.policy_id.as_ref()
        && actions == decision.actions;
    let replay = Replay {
        is_same,
        explanation: rendered(&rules, &explained),
    };
    let mut decision = decision;
    mask(&rules, &mut decision);
    Ok((decision, replay))
}

/// What would have made a policy win.
#[derive(Clone, Debug, PartialEq)]
pub enum WhyNot {
    /// It won.
    AlreadyWins,
    /// It was switched off.
    Disabled,
    /// It had mistakes; the code names the first.
    Invalid(&'static str),
    /// With these changes it wins, and with fewer of them no way was found.
    Change(Vec<Change>),
    /// No change was found; the text says why.
    NotFound(&'static str),
}

/// One attribute that would have had to be different.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The attribute.
    pub attribute: String,
    /// Its value; null if it had none.
    pub from: Value,
    /// The value it needs; null if it would have to be absent.
    pub to: Value,
}

/// Returns the smallest change of attributes that would have made a policy win; each one offered
/// was tried.
///
/// # Errors
/// Fails if the caller may not see decisions, or there is no such decision or policy in it.
pub async fn why_not(
    caller: &Caller,
    app: &App,
    id: DecisionId,
    policy: &PolicyId,
) -> Result<WhyNot> {
    caller.require(Permission::DecisionsRead)?;
    let decision = find(caller, app, id).await?;
    let rules = rules::at(app, &caller.account, decision.ruleset_revision).await?;
    rules.find(policy)?;
    let facts = facts(&rules, &decision);
    let search = || why_not::why_not(&rules.set, &facts, decision.at, policy);
    // The search runs the policies again, some hundred times.
    let found = tokio::task::block_in_place(search);
    let found = found.ok_or_else(|| {
        Error::new(
            Code::PolicyNotFound,
            "the decision did not know this policy",
        )
    })?;
    Ok(match found {
        why_not::WhyNot::AlreadyWins => WhyNot::AlreadyWins,
        why_not::WhyNot::Disabled => WhyNot::Disabled,
        why_not::WhyNot::Invalid(code) => WhyNot::Invalid(code.as_str()),
        why_not::WhyNot::NotFound(reason) => WhyNot::NotFound(reason.message()),
        why_not::WhyNot::Change(changes) => {
            let change = |change: why_not::Change<'_>| {
                let is_hidden = rules.is_sensitive(change.attribute.path());
                let from = if is_hidden { MASK.into() } else { change.from };
                Change {
                    attribute: change.attribute.to_string(),
                    from,
                    to: change.to,
                }
            };
            WhyNot::Change(changes.into_iter().map(change).collect())
        }
    })
}

/// Hides the values of sensitive attributes in the actions that were made from them.
///
/// It may hide a text that only happens to be the same; it never shows one.
fn mask(rules: &Ruleset, decision: &mut Logged) {
    let facts = decision
        .facts
        .iter()
        .filter(|fact| rules.is_sensitive(&fact.attribute));
    let fixed = rules
        .attributes
        .values()
        .filter(|kept| kept.record.is_sensitive);
    let values = facts
        .map(|fact| &fact.value)
        .chain(fixed.map(|kept| &kept.record.value));
    let secrets: Vec<String> = values
        .map(value::text)
        .filter(|text| !text.is_empty())
        .collect();
    if !secrets.is_empty() {
        decision.actions.iter_mut().for_each(|action| {
            if let Some(payload) = action.get_mut("payload") {
                mask_value(&secrets, payload);
            }
        });
    }
}

fn mask_value(secrets: &[String], shown: &mut Value) {
    match shown {
        Value::String(text) => {
            for secret in secrets {
                *text = text.replace(secret.as_str(), MASK);
            }
        }
        Value::Number(_) if secrets.contains(&value::text(shown)) => *shown = MASK.into(),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_value(secrets, item)),
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|member| mask_value(secrets, member));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

async fn find(caller: &Caller, app: &App, id: DecisionId) -> Result<Logged> {
    app.log.caught_up().await;
    let key = Key::new(&caller.account, [id.to_string().as_str()]);
    let row = app.store.get(&kept::DECISIONS, &key, app.now()).await?;
    let row = row.ok_or_else(|| {
        let message = format!("no decision has the id `{id}`, or it is older than the log");
        Error::new(Code::DecisionNotFound, message)
    })?;
    Ok(record::read(&row)?.record)
}

/// Returns what was known then.
fn facts<'a>(rules: &'a Ruleset, decision: &'a Logged) -> Facts<'a> {
    let mut facts = Facts::missing(&rules.set);
    for fact in &decision.facts {
        if let Some(slot) = rules.set.slot(&fact.attribute) {
            offer(&mut facts, slot, Fact::from(&fact.value));
        }
    }
    for wanted in &rules.plan.custom {
        let kept = rules.attributes.get(&*wanted.property);
        if let Some(value) = kept.and_then(|kept| wanted.descend(&kept.record.value)) {
            offer(&mut facts, wanted.slot, Fact::from(value));
        }
    }
    facts
}

/// Removes every decision for a consumer; says how many.
pub(crate) async fn erase(app: &App, account: &AccountId, consumer: &ConsumerId) -> Result<usize> {
    app.log.caught_up().await;
    let mut erased = 0;
    loop {
        let now = app.now();
        let mut query = Query::all(account, &kept::DECISIONS);
        query.index = Some("by_consumer");
        query.equals = vec![Field::Text(consumer.to_string())];
        query.limit = ERASED_ROWS;
        let page = app.store.find(&query, now).await?;
        let mut batch = Batch::new(now);
        for row in &page.rows {
            batch.delete(&kept::DECISIONS, row.key.clone(), Expect::Any);
        }
        erased += page.rows.len();
        app.store.commit(batch).await?;
        if page.next.is_none() {
            return Ok(erased);
        }
    }
}
