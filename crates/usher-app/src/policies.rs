//! Policies: the ordered list an account decides by.
//!
//! A new policy stands last and is disabled. Every change is a version that can be looked at and
//! brought back, and is live on the next decision.

pub mod import;
mod rank;

use usher_model::id::{PolicyId, RequestId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_policy::check;
use usher_policy::diagnostic::{Diagnostic, Severity};
use usher_policy::document::{self, Policy as Document};
use usher_store::collection::kept;
use usher_store::record::{self, RuleVersion};
use usher_store::store::{Field, Query};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::to_value;
use crate::error::{Code, Error, Mistake, Result};
use crate::idempotency::Creation;
use crate::rules::edit::{Edit, POLICY, Step};
use crate::rules::{self, Ruleset};

pub use usher_policy::diagnostic;

/// A policy as it stands in the list.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The policy in its stored form: id, name, enabled, guard, actions, exceptions.
    pub document: Value,
    /// Its place in the list, from 0.
    pub position: usize,
    /// Counts its changes, from 1.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
    /// What is wrong with it; one with errors never matches.
    pub problems: Vec<Diagnostic>,
}

/// One version of a policy.
#[derive(Clone, Debug)]
pub struct Version {
    /// Which one, from 1; nothing where the policy was deleted.
    pub version: Option<u64>,
    /// The ruleset's revision that brought it.
    pub revision: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What was done: `create`, `update`, `enable`, `disable`, `move`, `delete`, `revert`, `import`.
    pub change: String,
    /// The policy as it became, in its stored form.
    pub document: Option<Value>,
}

/// Where a policy is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// One place up; the first stays.
    Up,
    /// One place down; the last stays.
    Down,
    /// To a place, from 0; beyond the end means last.
    To(usize),
}

/// Returns the policies in order; with a search only those whose name holds it, ignoring case.
///
/// # Errors
/// Fails if the caller may not see policies.
pub async fn list(
    caller: &Caller,
    app: &App,
    search: Option<&str>,
    is_enabled: Option<bool>,
) -> Result<Vec<Policy>> {
    caller.require(Permission::PoliciesRead)?;
    let rules = rules::current(app, &caller.account).await?;
    let search = search.map(str::to_lowercase);
    let policies = rules.policies.iter().enumerate().filter(|(_, policy)| {
        is_enabled.is_none_or(|enabled| policy.document.enabled == enabled)
            && search
                .as_deref()
                .is_none_or(|text| policy.kept.record.name_key.contains(text))
    });
    Ok(policies
        .map(|(position, policy)| shown(&rules, position, policy))
        .collect())
}

/// Returns one policy.
///
/// # Errors
/// Fails if the caller may not see policies, or there is no such one.
pub async fn get(caller: &Caller, app: &App, id: &PolicyId) -> Result<Policy> {
    caller.require(Permission::PoliciesRead)?;
    find(&*rules::current(app, &caller.account).await?, id)
}

fn find(rules: &Ruleset, id: &PolicyId) -> Result<Policy> {
    let (position, policy) = rules.find(id)?;
    Ok(shown(rules, position, policy))
}

/// Adds a policy: last, and disabled.
///
/// # Errors
/// Fails if the caller may not change policies, the policy has mistakes, its name is taken, or the
/// account is full.
pub async fn create(caller: &Caller, app: &App, written: &Value) -> Result<Policy> {
    caller.require(Permission::PoliciesWrite)?;
    let creation = Creation::new(caller, "policy.create", written)?;
    if let Some(earlier) = creation.earlier(caller, app).await? {
        let id = PolicyId::parse(&earlier).map_err(Error::internal)?;
        return get(caller, app, &id).await;
    }
    let id = mint(app)?;
    let ((), rules) = rules::edit::change(app, caller, |rules, edit| {
        edit.remember(creation.made(id.as_str(), app.now()));
        require_room(app, rules, 1)?;
        let (draft, problems) = document::read::read(written);
        let mut document = draft.into_policy(|| id.clone(), String::new);
        document.id = id.clone();
        document.enabled = false;
        let document = checked(rules, document, problems)?;
        require_free_name(rules, &document)?;
        let last = rules
            .policies
            .last()
            .map(|policy| policy.kept.record.rank.as_str());
        let record = new_record(caller, app.now(), &document, rank::between(last, None));
        edit.add(Step::PutPolicy(Box::new(record)), "create");
        Ok(())
    })
    .await?;
    find(&rules, &id)
}

/// Replaces a policy's name, description, guard, actions and exceptions; whether it is enabled and
/// where it stands stay, unless `enabled` is written.
///
/// # Errors
/// Fails as [`create`], or if `expected` is not the policy's version.
pub async fn update(
    caller: &Caller,
    app: &App,
    id: &PolicyId,
    written: &Value,
    expected: Option<u64>,
) -> Result<Policy> {
    edit_one(caller, app, id, expected, "update", |rules, known| {
        let (draft, problems) = document::read::read(written);
        let name = draft.name.clone().unwrap_or_else(|| known.name.clone());
        let enabled = draft.enabled.unwrap_or(known.enabled);
        let mut document = draft.into_policy(|| known.id.clone(), || name);
        document.id = known.id.clone();
        document.enabled = enabled;
        checked(rules, document, problems)
    })
    .await
}

/// Switches a policy on or off.
///
/// # Errors
/// Fails if the caller may not change policies, there is no such one, or one with mistakes is to be
/// switched on.
pub async fn set_enabled(
    caller: &Caller,
    app: &App,
    id: &PolicyId,
    enabled: bool,
    expected: Option<u64>,
) -> Result<Policy> {
    let change = if enabled { "enable" } else { "disable" };
    edit_one(caller, app, id, expected, change, |rules, known| {
        let document = Document {
            enabled,
            ..known.clone()
        };
        if enabled {
            checked(rules, document, Vec::new())
        } else {
            Ok(document)
        }
    })
    .await
}

/// Removes a policy; its versions and usage stay.
///
/// # Errors
/// Fails if the caller may not change policies, there is no such one, or `expected` is not its
/// version.
pub async fn delete(
    caller: &Caller,
    app: &App,
    id: &PolicyId,
    expected: Option<u64>,
) -> Result<()> {
    caller.require(Permission::PoliciesWrite)?;
    rules::edit::change(app, caller, |rules, edit| {
        let (_, policy) = rules.find(id)?;
        require_version(policy.kept.record.version, expected)?;
        edit.add(Step::DeletePolicy(id.clone()), "delete");
        Ok(())
    })
    .await?;
    Ok(())
}

/// Moves a policy within the list.
///
/// # Errors
/// Fails if the caller may not change policies, there is no such one, or `expected` is not its
/// version.
pub async fn relocate(
    caller: &Caller,
    app: &App,
    id: &PolicyId,
    to: Move,
    expected: Option<u64>,
) -> Result<Policy> {
    caller.require(Permission::PoliciesWrite)?;
    let now = app.now();
    let ((), rules) = rules::edit::change(app, caller, |rules, edit| {
        let (position, policy) = rules.find(id)?;
        require_version(policy.kept.record.version, expected)?;
        let last = rules.policies.len().saturating_sub(1);
        let target = match to {
            Move::Up => position.saturating_sub(1),
            Move::Down => (position + 1).min(last),
            Move::To(target) => target.min(last),
        };
        if target == position {
            return Ok(());
        }
        // The neighbours it will stand between, itself not counted.
        let (below, above) = if target < position {
            (target.checked_sub(1), Some(target))
        } else {
            (Some(target), Some(target + 1))
        };
        let rank_at = |position: Option<usize>| {
            let policy = rules.policies.get(position?)?;
            Some(policy.kept.record.rank.as_str())
        };
        let rank = rank::between(rank_at(below), rank_at(above));
        let record = record::Policy {
            rank,
            version: policy.kept.record.version + 1,
            updated_at: now,
            updated_by: caller.actor.clone(),
            ..policy.kept.record.clone()
        };
        edit.add(Step::PutPolicy(Box::new(record)), "move");
        Ok(())
    })
    .await?;
    find(&rules, id)
}

/// Copies a policy right below itself, disabled, as `<name> (copy)`.
///
/// # Errors
/// Fails if the caller may not change policies, there is no such one, or the account is full.
pub async fn duplicate(caller: &Caller, app: &App, id: &PolicyId) -> Result<Policy> {
    caller.require(Permission::PoliciesWrite)?;
    let creation = Creation::new(caller, "policy.duplicate", id)?;
    if let Some(earlier) = creation.earlier(caller, app).await? {
        let id = PolicyId::parse(&earlier).map_err(Error::internal)?;
        return get(caller, app, &id).await;
    }
    let copy_id = mint(app)?;
    let now = app.now();
    let ((), rules) = rules::edit::change(app, caller, |rules, edit| {
        edit.remember(creation.made(copy_id.as_str(), now));
        require_room(app, rules, 1)?;
        let (position, policy) = rules.find(id)?;
        let document = Document {
            id: copy_id.clone(),
            name: free_name(rules, &policy.document.name),
            enabled: false,
            ..policy.document.clone()
        };
        let above = rules
            .policies
            .get(position + 1)
            .map(|next| next.kept.record.rank.as_str());
        let rank = rank::between(Some(&policy.kept.record.rank), above);
        let record = new_record(caller, now, &document, rank);
        edit.add(Step::PutPolicy(Box::new(record)), "create");
        Ok(())
    })
    .await?;
    find(&rules, &copy_id)
}

/// Says what is wrong with a policy; nothing is kept.
///
/// # Errors
/// Fails if the caller may not see policies.
pub async fn check(caller: &Caller, app: &App, written: &Value) -> Result<Vec<Diagnostic>> {
    caller.require(Permission::PoliciesRead)?;
    let rules = rules::current(app, &caller.account).await?;
    let id = mint(app)?;
    let (draft, mut problems) = document::read::read(written);
    let document = draft.into_policy(|| id, || "unnamed".to_owned());
    problems.extend(problems_of(&rules, &document));
    Ok(problems)
}

/// Returns the versions of a policy, the newest first; also of a deleted one.
///
/// # Errors
/// Fails if the caller may not see policies, or there never was such a one.
pub async fn versions(caller: &Caller, app: &App, id: &PolicyId) -> Result<Vec<Version>> {
    caller.require(Permission::PoliciesRead)?;
    let mut query = Query::all(&caller.account, &kept::RULE_VERSIONS);
    query.equals = vec![Field::Text(POLICY.to_owned()), Field::Text(id.to_string())];
    query.descending = true;
    let rows = app.store.find_all(&query, app.now()).await?;
    let mut versions = Vec::with_capacity(rows.len());
    for row in &rows {
        let version: RuleVersion = record::read(row)?.record;
        let record: Option<record::Policy> = version
            .record
            .map(serde_json::from_value)
            .transpose()
            .map_err(Error::internal)?;
        versions.push(Version {
            version: record.as_ref().map(|record| record.version),
            revision: version.revision,
            at: version.at,
            by: version.by,
            change: version.change,
            document: record.map(|record| record.policy),
        });
    }
    if versions.is_empty() {
        return Err(Error::new(
            Code::PolicyNotFound,
            format!("no policy has the id `{id}`"),
        ));
    }
    Ok(versions)
}

/// Brings back what a policy was at a version; it keeps its place and whether it is enabled.
///
/// # Errors
/// Fails as [`update`], or if there is no such version.
pub async fn revert(
    caller: &Caller,
    app: &App,
    id: &PolicyId,
    version: u64,
    expected: Option<u64>,
) -> Result<Policy> {
    let versions = versions(caller, app, id).await?;
    let past = versions
        .into_iter()
        .find(|past| past.version == Some(version));
    let past = past.and_then(|past| past.document).ok_or_else(|| {
        Error::new(
            Code::PolicyNotFound,
            format!("the policy `{id}` has no version {version}"),
        )
    })?;
    edit_one(caller, app, id, expected, "revert", |rules, known| {
        let mut document = rules::restore(&past, &known.id);
        document.enabled = known.enabled;
        checked(rules, document, Vec::new())
    })
    .await
}

async fn edit_one(
    caller: &Caller,
    app: &App,
    id: &PolicyId,
    expected: Option<u64>,
    change: &'static str,
    edited: impl Fn(&Ruleset, &Document) -> Result<Document>,
) -> Result<Policy> {
    caller.require(Permission::PoliciesWrite)?;
    let now = app.now();
    let ((), rules) = rules::edit::change(app, caller, |rules, edit: &mut Edit| {
        let (_, policy) = rules.find(id)?;
        require_version(policy.kept.record.version, expected)?;
        let document = edited(rules, &policy.document)?;
        if document == policy.document {
            return Ok(());
        }
        require_free_name(rules, &document)?;
        let record = record::Policy {
            version: policy.kept.record.version + 1,
            updated_at: now,
            updated_by: caller.actor.clone(),
            policy: document::write::write(&document),
            name_key: document.name.to_lowercase(),
            ..policy.kept.record.clone()
        };
        edit.add(Step::PutPolicy(Box::new(record)), change);
        Ok(())
    })
    .await?;
    find(&rules, id)
}

/// Makes what was written what is kept, or says every mistake.
fn checked(
    rules: &Ruleset,
    mut document: Document,
    mut problems: Vec<Diagnostic>,
) -> Result<Document> {
    // Checked as it was written, kept as it is normalized.
    problems.extend(problems_of(rules, &document));
    check::normalize(&mut document);
    let mistakes: Vec<Mistake> = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(mistake)
        .collect();
    if mistakes.is_empty() {
        return Ok(document);
    }
    let count = mistakes.len();
    let plural = if count == 1 { "mistake" } else { "mistakes" };
    let message = format!("{count} {plural} in policy `{}`", document.name);
    Err(Error::new(Code::PolicyInvalid, message).with_mistakes(mistakes))
}

fn problems_of(rules: &Ruleset, document: &Document) -> Vec<Diagnostic> {
    check::check(document, &rules.options(), rules.catalogue())
}

fn mistake(problem: &Diagnostic) -> Mistake {
    let expected = problem
        .expected
        .as_deref()
        .map(|expected| format!("expected {expected}, "));
    Mistake {
        pointer: format!("#{}", problem.pointer),
        code: problem.code.as_str().to_owned(),
        detail: format!("{}{}", expected.unwrap_or_default(), problem.message),
        suggestion: problem.suggestion.clone(),
        span: problem.span.map(|span| (span.start, span.end)),
    }
}

fn require_version(found: u64, expected: Option<u64>) -> Result<()> {
    if expected.is_none_or(|expected| expected == found) {
        return Ok(());
    }
    Err(Error::new(
        Code::RevisionConflict,
        format!("the policy is at version {found}; read it again and repeat the change"),
    ))
}

fn require_room(app: &App, rules: &Ruleset, added: usize) -> Result<()> {
    let max = app.options.policies_max;
    if rules.policies.len() + added <= max {
        return Ok(());
    }
    let found = rules.policies.len();
    Err(Error::new(
        Code::PolicyLimit,
        format!("expected at most {max} policies in the account; it has {found}"),
    ))
}

fn require_free_name(rules: &Ruleset, document: &Document) -> Result<()> {
    let key = document.name.to_lowercase();
    let is_taken = rules
        .policies
        .iter()
        .any(|policy| policy.kept.record.name_key == key && policy.kept.record.id != document.id);
    if !is_taken {
        return Ok(());
    }
    Err(Error::new(
        Code::NameTaken,
        format!("a policy is called `{}` already", document.name),
    ))
}

/// Returns `<name> (copy)`, or with a number if that is taken, within the limit of names.
fn free_name(rules: &Ruleset, name: &str) -> String {
    let candidates = std::iter::once(" (copy)".to_owned())
        .chain((2_u32..).map(|number| format!(" (copy {number})")));
    for suffix in candidates {
        let room = limits::POLICY_NAME_CHARS_MAX.saturating_sub(suffix.chars().count());
        let candidate: String = name.chars().take(room).chain(suffix.chars()).collect();
        let key = candidate.to_lowercase();
        if !rules
            .policies
            .iter()
            .any(|policy| policy.kept.record.name_key == key)
        {
            return candidate;
        }
    }
    name.to_owned()
}

fn mint(app: &App) -> Result<PolicyId> {
    PolicyId::parse(&RequestId::mint(&app.ids).to_string()).map_err(Error::internal)
}

fn new_record(
    caller: &Caller,
    now: Timestamp,
    document: &Document,
    rank: String,
) -> record::Policy {
    record::Policy {
        id: document.id.clone(),
        rank,
        version: 1,
        created_at: now,
        updated_at: now,
        updated_by: caller.actor.clone(),
        policy: document::write::write(document),
        name_key: document.name.to_lowercase(),
    }
}

fn shown(rules: &Ruleset, position: usize, policy: &rules::Policy) -> Policy {
    let record = &policy.kept.record;
    Policy {
        document: record.policy.clone(),
        position,
        version: record.version,
        created_at: record.created_at,
        updated_at: record.updated_at,
        updated_by: record.updated_by.clone(),
        problems: problems_of(rules, &policy.document),
    }
}

/// Returns the account's policies as an export file.
///
/// # Errors
/// Fails if the caller may not see policies.
pub async fn export(caller: &Caller, app: &App) -> Result<Value> {
    caller.require(Permission::PoliciesRead)?;
    let rules = rules::current(app, &caller.account).await?;
    let documents = rules.policies.iter().map(|policy| &policy.document);
    to_value(&document::write::write_export(documents))
}
