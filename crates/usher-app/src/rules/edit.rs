//! Changing what decides: one batch with the records, their versions, the revision and the audit.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use usher_bus::hint::Hint;
use usher_model::id::PolicyId;
use usher_model::value::Value;
use usher_store::batch::{CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, ContextNamespace, Kept, RuleVersion, Settings};
use usher_store::store::Key;

use super::{Parts, Ruleset, compile, current, policy, reload};
use crate::App;
use crate::caller::Caller;
use crate::change::{Change, to_value};
use crate::error::{Code, Error, Result};
use crate::idempotency;

pub(crate) const POLICY: &str = "policy";
pub(crate) const ATTRIBUTE: &str = "attribute";
pub(crate) const SETTINGS: &str = "settings";
pub(crate) const NAMESPACE: &str = "namespace";

/// How often a change is tried when other nodes change the rules at the same time.
const ATTEMPTS_MAX: u32 = 16;
/// Below this a change waits when another node was faster, doubled with every attempt.
const WAIT: Duration = Duration::from_millis(4);
/// Below this a change waits however often others were faster: a few times what compiling the
/// largest account's policies takes.
const WAIT_MAX: Duration = Duration::from_millis(500);

/// One thing that changes.
#[derive(Debug)]
pub(crate) enum Step {
    /// A policy is new or changed.
    PutPolicy(Box<record::Policy>),
    /// A policy is gone.
    DeletePolicy(PolicyId),
    /// An attribute is new or changed.
    PutAttribute(record::Attribute),
    /// An attribute is gone.
    DeleteAttribute(String),
    /// The settings are new or changed.
    PutSettings(Settings),
    /// A context namespace that hides an alias is new.
    PutNamespace(ContextNamespace),
    /// A context namespace that hid an alias is gone, if it still has this revision.
    DeleteNamespace(String, u64),
}

/// What changes, with the word for it that versions and the audit log use.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    steps: Vec<(Step, &'static str)>,
    /// One line for the audit log in place of one for each step.
    summary: Option<(&'static str, Value)>,
    /// What the creation made, if its caller named it.
    made: Option<record::Idempotency>,
}

impl Edit {
    pub(crate) fn add(&mut self, step: Step, change: &'static str) {
        self.steps.push((step, change));
    }

    pub(crate) fn remember(&mut self, made: Option<record::Idempotency>) {
        self.made = made;
    }

    pub(crate) fn summarize(&mut self, action: &'static str, what: Value) {
        self.summary = Some((action, what));
    }
}

/// Changes what decides: `plan` looks at the present rules and says what changes; it is asked again
/// if another process was faster. The change is live when this returns, with the rules as it left
/// them.
pub(crate) async fn change<T>(
    app: &App,
    caller: &Caller,
    plan: impl Fn(&Ruleset, &mut Edit) -> Result<T>,
) -> Result<(T, Arc<Ruleset>)> {
    let _turn = app.rules.turn(&caller.account).await;
    for attempt in 0..ATTEMPTS_MAX {
        let before = current(app, &caller.account).await?;
        let mut edit = Edit::default();
        let answer = plan(&before, &mut edit)?;
        if edit.steps.is_empty() {
            return Ok((answer, before));
        }
        if let Some(after) = commit(app, caller, &before, edit).await? {
            return Ok((answer, after));
        }
        // Another node was faster: look again, but not in step with it.
        let wait = WAIT.saturating_mul(1 << attempt).min(WAIT_MAX);
        tokio::time::sleep(app.ids.jitter(wait)).await;
        reload(app, &caller.account).await?;
    }
    Err(Error::new(
        Code::RevisionConflict,
        "the rules are being changed by others; try again",
    ))
}

/// Writes the change, swaps in what decides now and returns it; nothing if somebody was faster.
async fn commit(
    app: &App,
    caller: &Caller,
    before: &Ruleset,
    edit: Edit,
) -> Result<Option<Arc<Ruleset>>> {
    let mut change = Change::new(app, caller);
    let revision = before.revision + 1;
    let lifted = lift(&mut change, before, &edit.steps);
    let expected_head = before.head.map_or(Expect::Absent, Expect::Revision);
    change.put(&record::Ruleset { revision }, expected_head)?;
    for (step, word) in &edit.steps {
        write_step(&mut change, caller, before, &lifted, revision, step, word)?;
    }
    match &edit.summary {
        Some((action, what)) => {
            change.audit(action, "policies".to_owned(), None, Some(what.clone()))?;
        }
        None => {
            for (step, word) in &edit.steps {
                audit_step(&mut change, before, step, word)?;
            }
        }
    }
    if let Some(made) = &edit.made {
        change.put(made, Expect::Absent)?;
    }
    let revisions = match change.try_commit().await {
        Ok(revisions) => revisions,
        Err(CommitError::Conflict { collection, .. })
            if collection == kept::RULESETS.name || collection == kept::POLICIES.name =>
        {
            return Ok(None);
        }
        Err(CommitError::Conflict { collection, .. }) if collection == kept::IDEMPOTENCY.name => {
            return Err(idempotency::under_way());
        }
        Err(error) => return Err(error.into()),
    };
    // INVARIANT: behind what was lifted the first operation is the head, then each step has two: the
    // record, its version.
    let mut revisions = revisions.into_iter().skip(lifted.len());
    let head = revisions.next();
    let kept = revisions.step_by(2);
    let after = apply(
        before,
        revision,
        head,
        edit.steps.into_iter().map(|(step, _)| step).zip(kept),
    );
    let after = Arc::new(after.await?);
    app.rules.keep(&caller.account, &after);
    app.bus.announce(Hint::Rules {
        account: caller.account.clone(),
        revision,
    });
    Ok(Some(after))
}

/// Takes out the policies whose name goes to another one in the same change, so that names can be
/// exchanged in any order; each of them is put back under its new name.
fn lift(
    change: &mut Change<'_>,
    before: &Ruleset,
    steps: &[(Step, &'static str)],
) -> HashSet<PolicyId> {
    let mut takers: HashMap<&str, &PolicyId> = HashMap::new();
    for (step, _) in steps {
        if let Step::PutPolicy(record) = step {
            takers.insert(&record.name_key, &record.id);
        }
    }
    let mut lifted = HashSet::new();
    for (step, _) in steps {
        let Step::PutPolicy(record) = step else {
            continue;
        };
        let Ok((_, known)) = before.find(&record.id) else {
            continue;
        };
        let known = &known.kept;
        let taker = takers.get(known.record.name_key.as_str());
        if taker.is_some_and(|taker| **taker != record.id) {
            change.delete(&known.record, Expect::Revision(known.revision));
            lifted.insert(record.id.clone());
        }
    }
    lifted
}

fn write_step(
    change: &mut Change<'_>,
    caller: &Caller,
    before: &Ruleset,
    lifted: &HashSet<PolicyId>,
    revision: u64,
    step: &Step,
    word: &str,
) -> Result<()> {
    let (kind, id, record) = match step {
        Step::PutPolicy(record) => {
            let known = before
                .find(&record.id)
                .ok()
                .filter(|_| !lifted.contains(&record.id))
                .map(|(_, known)| known.kept.revision);
            change.put(
                record.as_ref(),
                known.map_or(Expect::Absent, Expect::Revision),
            )?;
            (POLICY, record.id.to_string(), Some(to_value(record)?))
        }
        Step::DeletePolicy(id) => {
            let (_, known) = before.find(id)?;
            change.delete(&known.kept.record, Expect::Revision(known.kept.revision));
            (POLICY, id.to_string(), None)
        }
        Step::PutAttribute(record) => {
            let known = before
                .attributes
                .get(&record.name)
                .map(|known| known.revision);
            change.put(record, known.map_or(Expect::Absent, Expect::Revision))?;
            (ATTRIBUTE, record.name.clone(), Some(to_value(record)?))
        }
        Step::DeleteAttribute(name) => {
            let known = before.attributes.get(name);
            let known =
                known.ok_or_else(|| Error::new(Code::AttributeNotFound, "no such attribute"))?;
            change.delete(&known.record, Expect::Revision(known.revision));
            (ATTRIBUTE, name.clone(), None)
        }
        Step::PutSettings(record) => {
            let known = before.settings.as_ref().map(|known| known.revision);
            change.put(record, known.map_or(Expect::Absent, Expect::Revision))?;
            (SETTINGS, String::new(), Some(to_value(record)?))
        }
        Step::PutNamespace(record) => {
            change.put(record, Expect::Absent)?;
            (NAMESPACE, record.name.clone(), Some(to_value(record)?))
        }
        Step::DeleteNamespace(name, revision) => {
            let key = Key::new(&caller.account, [name.as_str()]);
            change.delete_key(&kept::CONTEXT_NAMESPACES, key, Expect::Revision(*revision));
            (NAMESPACE, name.clone(), None)
        }
    };
    let version = RuleVersion {
        kind: kind.to_owned(),
        id,
        revision,
        at: change.now,
        by: caller.actor.clone(),
        change: word.to_owned(),
        record,
    };
    change.put(&version, Expect::Absent)?;
    Ok(())
}

fn audit_step(change: &mut Change<'_>, before: &Ruleset, step: &Step, word: &str) -> Result<()> {
    let policy_before = |id: &PolicyId| {
        before
            .find(id)
            .ok()
            .map(|(_, known)| known.kept.record.policy.clone())
    };
    let attribute_before = |name: &str| {
        before
            .attributes
            .get(name)
            .map(|known| to_value(&known.record))
            .transpose()
    };
    let (kind, id, old, new) = match step {
        Step::PutPolicy(record) => (
            POLICY,
            record.id.to_string(),
            policy_before(&record.id),
            Some(record.policy.clone()),
        ),
        Step::DeletePolicy(id) => (POLICY, id.to_string(), policy_before(id), None),
        Step::PutAttribute(record) => {
            let old = attribute_before(&record.name)?;
            (ATTRIBUTE, record.name.clone(), old, Some(to_value(record)?))
        }
        Step::DeleteAttribute(name) => (ATTRIBUTE, name.clone(), attribute_before(name)?, None),
        Step::PutSettings(record) => {
            let old = before
                .settings
                .as_ref()
                .map(|known| to_value(&known.record))
                .transpose()?;
            (SETTINGS, String::new(), old, Some(to_value(record)?))
        }
        Step::PutNamespace(record) => {
            let new = Some(to_value(record)?);
            (NAMESPACE, record.name.clone(), None, new)
        }
        Step::DeleteNamespace(name, _) => (NAMESPACE, name.clone(), None, None),
    };
    let target = if id.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}/{id}")
    };
    change.audit(&format!("{kind}.{word}"), target, old, new)?;
    Ok(())
}

/// Returns the rules as they are after the steps, each with the store's revision of its record.
async fn apply(
    before: &Ruleset,
    revision: u64,
    head: Option<u64>,
    steps: impl Iterator<Item = (Step, u64)>,
) -> Result<Ruleset> {
    let mut policies: HashMap<PolicyId, _> = before
        .policies
        .iter()
        .map(|policy| (policy.kept.record.id.clone(), Arc::clone(policy)))
        .collect();
    let mut attributes = before.attributes.clone();
    let mut settings = before.settings.clone();
    let mut own_namespaces = before.own_namespaces.clone();
    for (step, revision) in steps {
        match step {
            Step::PutPolicy(record) => {
                let kept = Kept {
                    record: *record,
                    revision,
                };
                policies.insert(kept.record.id.clone(), policy(kept));
            }
            Step::DeletePolicy(id) => {
                policies.remove(&id);
            }
            Step::PutAttribute(record) => {
                attributes.insert(record.name.clone(), Kept { record, revision });
            }
            Step::DeleteAttribute(name) => {
                attributes.remove(&name);
            }
            Step::PutSettings(record) => settings = Some(Kept { record, revision }),
            Step::PutNamespace(record) => {
                own_namespaces.insert(record.name);
            }
            Step::DeleteNamespace(name, _) => {
                own_namespaces.remove(&name);
            }
        }
    }
    let mut policies: Vec<_> = policies.into_values().collect();
    policies.sort_by(|a, b| a.kept.record.rank.cmp(&b.kept.record.rank));
    compile(Parts {
        revision,
        head,
        policies,
        attributes,
        settings,
        own_namespaces,
    })
    .await
}
