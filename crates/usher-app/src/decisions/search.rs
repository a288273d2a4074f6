//! Looking into the decision log: find, explain, repeat, and why another policy did not win.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use usher_model::id::{AccountId, ConsumerId, ConversationId, DecisionId, PolicyId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::{self, Value};
use usher_policy::explain::render::MASK;
use usher_policy::facts::{Fact, Facts};
use usher_policy::why_not;
use usher_store::batch::{Batch, CommitError};
use usher_store::collection::kept;
use usher_store::record::{DecisionBlock, DecisionHead, StoredDecision, Word};
use usher_store::store::{Cursor, Field, Query, StoreError};

use super::{EVALUATION_TIMEOUT, Outcome, action, calls, explained, offer};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Code, Error, Result};
use crate::rules::{self, Ruleset};

pub use usher_store::record::{Decision as Logged, Fault as LoggedFault};

/// Blocks of the log that are read at once.
const BLOCKS_AT_ONCE: usize = 4;
/// Blocks of the log that are read for one page when filters leave few of their decisions.
const BLOCKS_READ_MAX: usize = 64;
/// Finds for one page; each passes over some thousand blocks in which nothing can be.
const FINDS_MAX: usize = 8;
/// Blocks that are written again without what is erased before more are looked for.
const ERASED_BLOCKS: usize = 16;
/// The list to which a cursor belongs.
const LIST: &str = "decisions";

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
    /// Asked at or after this instant.
    pub from: Option<Timestamp>,
    /// Asked before this instant.
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

impl Filter {
    /// Returns what a block contains in which there is such a decision.
    fn words(&self) -> Vec<Word> {
        let policy = self.policy_id.as_ref().map(PolicyId::as_str);
        let conversation = self.conversation_id.as_ref().map(ConversationId::as_str);
        let consumer = self.consumer_id.as_ref().map(ConsumerId::as_str);
        let mut words = Vec::new();
        words.extend(conversation.map(Word::conversation));
        words.extend(consumer.map(Word::consumer));
        words.extend(self.is_matched.map(Word::outcome));
        match self.status.as_deref() {
            None => words.extend(policy.map(Word::winner)),
            Some("TRUE") => words.push(policy.map_or(Word::outcome(true), Word::winner)),
            Some(status) => {
                words.push(Word::status(status));
                words.extend(policy.map(Word::faulty));
            }
        }
        words
    }

    fn fits(&self, decision: &DecisionHead<'_>) -> bool {
        let is_policy = |id: &str| {
            let wanted = self.policy_id.as_ref().map(PolicyId::as_str);
            wanted.is_none_or(|wanted| wanted == id)
        };
        let has_won = decision.policy_id.as_deref().is_some_and(is_policy);
        let has_status = match self.status.as_deref() {
            None => self.policy_id.is_none() || has_won,
            Some("TRUE") => has_won,
            Some(status) => decision
                .faults
                .iter()
                .any(|fault| fault.status == status && is_policy(fault.policy_id.as_str())),
        };
        let conversation = self.conversation_id.as_ref().map(ConversationId::as_str);
        let consumer = self.consumer_id.as_ref().map(ConsumerId::as_str);
        has_status
            && conversation.is_none_or(|id| decision.conversation_id.as_deref() == Some(id))
            && consumer.is_none_or(|id| decision.consumer_id.as_deref() == Some(id))
            && self
                .is_matched
                .is_none_or(|is_matched| decision.policy_id.is_some() == is_matched)
            && self.from.is_none_or(|from| decision.id.minted_at() >= from)
    }
}

/// Returns decisions, the newest first. A page may have fewer than `limit` of them, or none, and
/// still a next one: it looks at a bounded part of the log.
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
    let now = app.now();
    let after = after.map(|cursor| position(&cursor)).transpose()?;
    let to = filter.to.map(DecisionId::first_at);
    // The first decision that is too new.
    let end = after.into_iter().chain(to).min();
    let mut query = Query::all(&caller.account, &kept::DECISION_BLOCKS);
    query.descending = true;
    query.limit = BLOCKS_AT_ONCE;
    query.contains = filter.words().into_iter().map(Word::pattern).collect();
    query.from = filter.from.map(|from| field(DecisionId::first_at(from)));
    query.to = end.map(last_key);
    // Blocks overlap: a decision waits here until no block that is left can have a newer one.
    let mut waiting = BTreeMap::new();
    let (mut found, mut blocks) = (Vec::new(), 0);
    for finds in 1.. {
        let page = app.store.find(&query, now).await?;
        blocks += page.rows.len();
        for row in &page.rows {
            for decision in StoredDecision::all(row)? {
                let head = &decision.head;
                let is_in_time = end.is_none_or(|end| head.id < end) && head.expires_at() > now;
                if is_in_time && filter.fits(head) {
                    waiting.insert(head.id, decision.read()?);
                }
            }
        }
        let rest = page.next.as_ref().map(rest).transpose()?;
        while found.len() < limit
            && let Some(newest) = waiting.last_entry()
            && rest.is_none_or(|rest| *newest.key() >= rest)
        {
            found.push(newest.remove());
        }
        let next = match rest {
            _ if found.len() >= limit && !(rest.is_none() && waiting.is_empty()) => {
                found.last().map(|last| last.id)
            }
            Some(_) if finds < FINDS_MAX && blocks < BLOCKS_READ_MAX => {
                query.after = page.next;
                continue;
            }
            rest => rest,
        };
        mask_all(caller, app, &mut found).await?;
        let next = next.map(|last| Cursor::of_list(LIST, vec![field(last)]));
        return Ok((found, next));
    }
    Ok((found, None))
}

fn field(id: DecisionId) -> Field {
    Field::Text(id.to_string())
}

/// Returns a bound that the key of every block with a decision before `end` is less than.
fn last_key(end: DecisionId) -> Field {
    let last = end.minted_at().plus(limits::DECISION_BLOCK_SPAN_MAX);
    field(DecisionId::first_at(last.plus(Duration::from_millis(1))))
}

/// Returns the decision before which a page begins.
fn position(cursor: &Cursor) -> Result<DecisionId> {
    id_of(cursor.values_of(LIST)?)
}

/// Returns the decision before which those are that blocks not yet looked at may have.
fn rest(next: &Cursor) -> Result<DecisionId> {
    id_of(next.values())
}

fn id_of(values: &[Field]) -> Result<DecisionId> {
    match values {
        [Field::Text(id)] => DecisionId::parse(id).ok(),
        _ => None,
    }
    .ok_or_else(|| StoreError::Cursor.into())
}

/// Returns one decision with the record of its run.
///
/// # Errors
/// Fails if the caller may not see decisions, or there is no such one.
pub async fn get(caller: &Caller, app: &App, id: DecisionId) -> Result<(Logged, Replay)> {
    caller.require(Permission::DecisionsRead)?;
    let mut decision = find(caller, app, id).await?;
    let today = rules::current(app, &caller.account).await?;
    let rules = rules::at(app, &caller.account, decision.ruleset_revision).await?;
    let replay = {
        let facts = facts(&rules, &decision);
        let (at, only) = (decision.at(), decision.only_policy_id.as_ref());
        let outcome = Outcome::of(&rules, &facts, at, only)?;
        let winner = outcome.policy.map(|policy| &policy.id);
        let actions = outcome.actions.iter().map(action);
        let actions = actions
            .map(|(r#type, payload)| serde_json::json!({"type": r#type, "payload": payload}));
        // What it would have come to with more time, nobody knows.
        let is_late = decision.no_match_reason.as_deref() == Some(EVALUATION_TIMEOUT);
        let mut explanation = explained(&rules, &today, &facts, at, only)?;
        calls::show(&decision.notes, &mut explanation);
        Replay {
            is_same: is_late
                || winner == decision.policy_id.as_ref()
                    && actions.eq(decision.actions.iter().cloned()),
            explanation,
        }
    };
    mask(&rules, &today, &mut decision);
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
    let today = rules::current(app, &caller.account).await?;
    let rules = rules::at(app, &caller.account, decision.ruleset_revision).await?;
    rules.find(policy)?;
    let facts = facts(&rules, &decision);
    let search = || why_not::why_not(&rules.set, &facts, decision.at(), policy);
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
                let path = change.attribute.path();
                let is_hidden = rules.is_sensitive(path) || today.is_sensitive(path);
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

/// Hides what logs must not show in the actions of decisions.
async fn mask_all(caller: &Caller, app: &App, decisions: &mut [Logged]) -> Result<()> {
    let today = rules::current(app, &caller.account).await?;
    let mut rulesets: HashMap<u64, Arc<Ruleset>> = HashMap::new();
    for decision in decisions
        .iter_mut()
        .filter(|decision| decision.is_templated)
    {
        let revision = decision.ruleset_revision;
        let then = match rulesets.get(&revision) {
            Some(then) => Arc::clone(then),
            None => rules::at(app, &caller.account, revision).await?,
        };
        mask(&then, &today, decision);
        rulesets.insert(revision, then);
    }
    Ok(())
}

/// Hides the values of attributes that were sensitive then, or are today, in the actions that were
/// made from them.
///
/// It may hide a text that only happens to be the same; it never shows one.
fn mask(then: &Ruleset, today: &Ruleset, decision: &mut Logged) {
    if !decision.is_templated {
        return;
    }
    let is_secret = |name: &str| then.is_sensitive(name) || today.is_sensitive(name);
    let mut secrets = Vec::new();
    for (attribute, value) in decision.facts() {
        if is_secret(attribute) {
            add_texts(&mut secrets, value);
        }
    }
    for (name, kept) in &then.attributes {
        if is_secret(&format!("custom.{name}")) {
            add_texts(&mut secrets, &kept.record.value);
        }
    }
    // What is inside a longer one comes later, else the rest of the longer one would show.
    secrets.sort_by_key(|secret: &String| std::cmp::Reverse(secret.len()));
    if !secrets.is_empty() {
        decision.actions.iter_mut().for_each(|action| {
            if let Some(payload) = action.get_mut("payload") {
                mask_value(&secrets, payload);
            }
        });
    }
}

/// Adds the text that a value has inside a longer text, and that of each of its parts.
fn add_texts(texts: &mut Vec<String>, value: &Value) {
    let text = value::text(value);
    if !text.is_empty() {
        texts.push(text);
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| add_texts(texts, item)),
        Value::Object(members) => members.values().for_each(|member| add_texts(texts, member)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
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

pub(super) async fn find(caller: &Caller, app: &App, id: DecisionId) -> Result<Logged> {
    app.log.caught_up().await;
    let now = app.now();
    let mut query = Query::all(&caller.account, &kept::DECISION_BLOCKS);
    query.from = Some(field(id));
    query.to = Some(last_key(id));
    // It is in the first one, unless blocks overlap.
    query.limit = 1;
    loop {
        let page = app.store.find(&query, now).await?;
        for row in &page.rows {
            let mut decisions = StoredDecision::all(row)?.into_iter();
            let is_wanted = |decision: &StoredDecision<'_>| decision.head.id == id;
            let found = decisions.find(is_wanted);
            if let Some(found) = found.filter(|found| found.head.expires_at() > now) {
                return Ok(found.read()?);
            }
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    let message = format!("no decision has the id `{id}`, or it is older than the log");
    Err(Error::new(Code::DecisionNotFound, message))
}

/// Returns what was known then.
pub(super) fn facts<'a>(rules: &'a Ruleset, decision: &'a Logged) -> Facts<'a> {
    let mut facts = Facts::missing(&rules.set);
    for (attribute, value) in decision.facts() {
        if let Some(slot) = rules.set.slot(attribute) {
            offer(&mut facts, slot, Fact::from(value));
        }
    }
    for (attribute, failure) in calls::failures(&decision.notes) {
        if let Some(slot) = rules.set.slot(attribute) {
            offer(&mut facts, slot, Fact::Failed(failure));
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

/// Removes every decision for a consumer or in one of their conversations; says how many.
pub(crate) async fn erase(
    app: &App,
    account: &AccountId,
    consumer: &ConsumerId,
    conversations: &[ConversationId],
) -> Result<usize> {
    app.log.caught_up().await;
    let ids = conversations.iter().map(ConversationId::as_str);
    let words = ids.clone().map(Word::conversation);
    let ids: HashSet<&str> = ids.collect();
    let is_theirs = |decision: &DecisionHead<'_>| {
        let (whose, place) = (&decision.consumer_id, &decision.conversation_id);
        whose.as_deref() == Some(consumer.as_str())
            || place.as_deref().is_some_and(|place| ids.contains(place))
    };
    let mut erased = 0;
    for word in words.chain([Word::consumer(consumer.as_str())]) {
        erased += erase_blocks(app, account, &word, is_theirs).await?;
    }
    Ok(erased)
}

/// Takes decisions out of the blocks that have a word.
async fn erase_blocks(
    app: &App,
    account: &AccountId,
    word: &Word,
    is_taken: impl Fn(&DecisionHead<'_>) -> bool,
) -> Result<usize> {
    let mut query = Query::all(account, &kept::DECISION_BLOCKS);
    query.contains = vec![word.pattern()];
    query.limit = ERASED_BLOCKS;
    let (mut erased, mut is_disturbed) = (0, false);
    loop {
        let now = app.now();
        let page = app.store.find(&query, now).await?;
        for row in &page.rows {
            let mut batch = Batch::new(now);
            let taken = DecisionBlock::take_out(row, &mut batch, &is_taken)?;
            match app.store.commit(batch).await {
                Ok(_) => erased += taken,
                // The block was written again meanwhile, with what followed.
                Err(CommitError::Conflict { .. }) => is_disturbed = true,
                Err(error) => return Err(error.into()),
            }
        }
        query.after = page.next;
        if query.after.is_none() && !std::mem::take(&mut is_disturbed) {
            return Ok(erased);
        }
    }
}
