//! Changing functions: one batch with the function, the count of changes and the audit, conditional
//! on what was looked at.

use std::time::Duration;

use usher_model::id::FunctionId;
use usher_model::value::Value;
use usher_store::batch::{CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::{Function, FunctionHead, FunctionVersion, Kept};

use super::registry::{self, Changed, Registry};
use super::{find, seen, taken};
use crate::App;
use crate::caller::Caller;
use crate::change::Change;
use crate::error::{Code, Error, Result};
use crate::idempotency::{self, Creation};

/// How often a change is tried when others change functions at the same time.
const ATTEMPTS_MAX: u32 = 16;
/// Below this a change waits when somebody was faster, doubled with every attempt.
const WAIT: Duration = Duration::from_millis(4);
/// Below this a change waits however often others were faster.
const WAIT_MAX: Duration = Duration::from_millis(250);

/// What becomes of one function.
#[derive(Debug)]
pub(super) struct Edit {
    /// The word for it in the audit log: `create`, `deploy`, …
    pub(super) word: &'static str,
    /// The function as it is to be; nothing if it is removed.
    pub(super) after: Option<Function>,
    /// A version that the change brings.
    pub(super) version: Option<FunctionVersion>,
    /// Versions that the change removes.
    pub(super) dropped: Vec<u64>,
}

impl Edit {
    pub(super) const fn put(word: &'static str, after: Function) -> Self {
        Self {
            word,
            after: Some(after),
            version: None,
            dropped: Vec::new(),
        }
    }
}

/// Adds a function that `plan` makes of the account's functions as they are.
pub(super) async fn add(
    caller: &Caller,
    app: &App,
    creation: &Creation,
    plan: impl Fn(&Registry) -> Result<Function>,
) -> Result<Kept<Function>> {
    let plan = |registry: &Registry, _: Option<&Function>| Ok(Edit::put("create", plan(registry)?));
    let changed = change(caller, app, None, None, Some(creation), plan).await?;
    changed.ok_or_else(|| Error::internal("a function that was made is not there"))
}

/// Changes a function as `plan` says; with `expected`, only if that is still its revision.
///
/// Returns the function as it became; nothing if it was removed.
pub(super) async fn edit(
    caller: &Caller,
    app: &App,
    id: FunctionId,
    expected: Option<u64>,
    plan: impl Fn(&Registry, &Function) -> Result<Edit>,
) -> Result<Option<Kept<Function>>> {
    let plan = |registry: &Registry, before: Option<&Function>| match before {
        Some(before) => plan(registry, before),
        None => Err(Error::internal("a function that was found is not there")),
    };
    change(caller, app, Some(id), expected, None, plan).await
}

async fn change(
    caller: &Caller,
    app: &App,
    id: Option<FunctionId>,
    expected: Option<u64>,
    creation: Option<&Creation>,
    plan: impl Fn(&Registry, Option<&Function>) -> Result<Edit>,
) -> Result<Option<Kept<Function>>> {
    for attempt in 0..ATTEMPTS_MAX {
        let registry = registry::current(app, &caller.account).await?;
        let before = match id {
            Some(id) => Some(find(app, &caller.account, id).await?),
            None => None,
        };
        if let (Some(expected), Some(before)) = (expected, &before)
            && before.revision != expected
        {
            let message = "the function was changed meanwhile; read it again and repeat the change";
            return Err(Error::new(Code::RevisionConflict, message));
        }
        let edit = plan(&registry, before.as_ref().map(|kept| &kept.record))?;
        if let (Some(before), Some(after)) = (&before, &edit.after)
            && before.record == *after
        {
            return Ok(Some(before.clone()));
        }
        match commit(caller, app, &registry, before, edit, creation).await? {
            Some(done) => return Ok(done),
            None => {
                let wait = WAIT.saturating_mul(1 << attempt.min(8)).min(WAIT_MAX);
                tokio::time::sleep(app.ids.jitter(wait)).await;
                registry::reload(app, &caller.account).await?;
            }
        }
    }
    let message = "the functions are being changed by others; try again";
    Err(Error::new(Code::RevisionConflict, message))
}

/// Writes a change; nothing if somebody was faster.
async fn commit(
    caller: &Caller,
    app: &App,
    registry: &Registry,
    before: Option<Kept<Function>>,
    edit: Edit,
    creation: Option<&Creation>,
) -> Result<Option<Option<Kept<Function>>>> {
    let mut change = Change::new(app, caller);
    let head = next_head(registry, registry.domains.to_vec());
    change.put(&head, expected_head(registry))?;
    let revision_before = before.as_ref().map(|kept| kept.revision);
    match (&edit.after, &before) {
        (Some(after), _) => {
            change.put(
                after,
                revision_before.map_or(Expect::Absent, Expect::Revision),
            )?;
        }
        (None, Some(before)) => {
            change.delete(&before.record, Expect::Revision(before.revision));
        }
        (None, None) => return Ok(Some(None)),
    }
    let Some(id) = [
        edit.after.as_ref(),
        before.as_ref().map(|kept| &kept.record),
    ]
    .into_iter()
    .flatten()
    .map(|function| function.id)
    .next() else {
        return Ok(Some(None));
    };
    if let Some(version) = &edit.version {
        change.put(version, Expect::Absent)?;
    }
    for version in edit.dropped {
        let key = FunctionVersion::key_of(&caller.account, id, version);
        change.delete_key(&kept::FUNCTION_VERSIONS, key, Expect::Any);
    }
    let old: Option<Value> = before.as_ref().map(|kept| seen(&kept.record)).transpose()?;
    let new = edit.after.as_ref().map(seen).transpose()?;
    let (action, target) = (format!("function.{}", edit.word), format!("function/{id}"));
    change.audit(&action, target, old, new)?;
    if let Some(creation) = creation {
        change.remember(creation, &id.to_string())?;
    }
    let revisions = match change.try_commit().await {
        Ok(revisions) => revisions,
        Err(CommitError::Conflict { collection, .. }) if collection == kept::IDEMPOTENCY.name => {
            return Err(idempotency::under_way());
        }
        Err(CommitError::Conflict {
            collection, reason, ..
        }) if collection == kept::FUNCTIONS.name
            && matches!(reason, usher_store::batch::Conflict::Unique(_)) =>
        {
            let name = edit.after.map(|after| after.name).unwrap_or_default();
            return Err(taken(&name));
        }
        Err(CommitError::Conflict { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // INVARIANT: the first operation is the head, the second the function.
    let mut revisions = revisions.into_iter();
    let head_revision = revisions.next().unwrap_or(0);
    let revision = revisions.next().unwrap_or(0);
    let changed = edit
        .after
        .as_ref()
        .map_or(Changed::Deleted(id), Changed::Put);
    registry::changed(
        app,
        &caller.account,
        registry,
        &head,
        head_revision,
        changed,
    );
    Ok(Some(edit.after.map(|record| Kept { record, revision })))
}

/// Returns the count of changes after one more.
pub(super) const fn next_head(registry: &Registry, domains: Vec<String>) -> FunctionHead {
    FunctionHead {
        revision: registry.revision + 1,
        domains,
    }
}

pub(super) fn expected_head(registry: &Registry) -> Expect {
    registry.head.map_or(Expect::Absent, Expect::Revision)
}
