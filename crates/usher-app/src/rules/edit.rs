//! Changing what decides: one batch with the records, their versions, the revision and the audit.

use std::sync::Arc;

use usher_bus::hint::Hint;
use usher_model::id::PolicyId;
use usher_model::value::Value;
use usher_store::batch::{CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, Kept, RuleVersion, Settings};

use super::{Parts, Ruleset, compile, current, policy, reload};
use crate::App;
use crate::caller::Caller;
use crate::change::{Change, to_value};
use crate::error::{Code, Error, Result};
use crate::idempotency;

pub(crate) const POLICY: &str = "policy";
pub(crate) const ATTRIBUTE: &str = "attribute";
pub(crate) const SETTINGS: &str = "settings";

/// How often a change is tried when others change the rules at the same time.
const ATTEMPTS_MAX: usize = 16;

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
    for _ in 0..ATTEMPTS_MAX {
        let before = current(app, &caller.account).await?;
        let mut edit = Edit::default();
        let answer = plan(&before, &mut edit)?;
        if edit.steps.is_empty() {
            return Ok((answer, before));
        }
        if let Some(after) = commit(app, caller, &before, edit).await? {
            return Ok((answer, after));
        }
        // Another process was faster: look again.
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
    let expected_head = before.head.map_or(Expect::Absent, Expect::Revision);
    change.put(&record::Ruleset { revision }, expected_head)?;
    for (step, word) in &edit.steps {
        write_step(&mut change, caller, before, revision, step, word)?;
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
    // INVARIANT: the first operation is the head, then each step has two: the record, its version.
    let head = revisions.first().copied();
    let kept = revisions.iter().copied().skip(1).step_by(2);
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

fn write_step(
    change: &mut Change<'_>,
    caller: &Caller,
    before: &Ruleset,
    revision: u64,
    step: &Step,
    word: &str,
) -> Result<()> {
    let (kind, id, record) = match step {
        Step::PutPolicy(record) => {
            let known = before
                .find(&record.id)
                .ok()
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
    let mut policies: std::collections::HashMap<PolicyId, _> = before
        .policies
        .iter()
        .map(|policy| (policy.kept.record.id.clone(), Arc::clone(policy)))
        .collect();
    let mut attributes = before.attributes.clone();
    let mut settings = before.settings.clone();
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
        }
    }
    let mut policies: Vec<_> = policies.into_values().collect();
    policies.sort_by(|a, b| a.kept.record.rank.cmp(&b.kept.record.rank));
    let own_namespaces = before.own_namespaces.clone();
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
