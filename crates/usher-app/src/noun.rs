//! What an administrator makes, changes and removes one by one: users, skills, groups, engagements.
//!
//! Each change is one batch with its line in the audit log.

use std::sync::Arc;

use usher_model::id::RequestId;
use usher_model::value::Value;
use usher_store::batch::{CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, Kept, Record};
use usher_store::store::{Key, Query};

use crate::App;
use crate::caller::Caller;
use crate::change::{Change, to_value};
use crate::desks;
use crate::error::{Code, Error, Result};
use crate::idempotency::{self, Creation};

/// One kind of them; its key is its id.
pub(crate) trait Noun: Record + Clone {
    /// What it is called in the audit log.
    const WORD: &'static str;
    /// What is answered when there is none.
    const NOT_FOUND: Code;

    /// Returns its id.
    fn id(&self) -> &str;

    /// Returns what must be unique beside the id, to say so.
    fn unique(&self) -> Option<&str>;

    /// Returns what the audit log shows of it: no secrets.
    fn seen(&self) -> Result<Value> {
        to_value(self)
    }
}

/// Mints the text of an id.
pub(crate) fn mint(app: &App) -> String {
    RequestId::mint(&app.ids).to_string()
}

/// Returns one.
pub(crate) async fn find<N: Noun>(caller: &Caller, app: &App, id: &str) -> Result<Kept<N>> {
    let key = Key::new(&caller.account, [id]);
    let row = app.store.get(N::COLLECTION, &key, app.now()).await?;
    let row = row.ok_or_else(|| Error::new(N::NOT_FOUND, format!("no {} `{id}`", N::WORD)))?;
    Ok(record::read(&row)?)
}

/// Returns all, in the order of their ids.
pub(crate) async fn all<N: Noun>(caller: &Caller, app: &App) -> Result<Vec<Kept<N>>> {
    let query = Query::all(&caller.account, N::COLLECTION);
    let rows = app.store.find_all(&query, app.now()).await?;
    rows.iter().map(|row| Ok(record::read(row)?)).collect()
}

/// Describes the making of one, without what differs each time it is sent.
pub(crate) fn creation<N: Noun>(caller: &Caller, new: &N, is_named: bool) -> Result<Creation> {
    let mut sent = new.seen()?;
    if let Some(fields) = sent.as_object_mut() {
        fields.remove("createdAt");
        if !is_named {
            fields.remove("id");
        }
    }
    Creation::new(caller, &format!("{}.create", N::WORD), &sent)
}

/// Makes one, or returns the one that an earlier sending of the same request made.
pub(crate) async fn add<N: Noun>(
    caller: &Caller,
    app: &Arc<App>,
    new: N,
    creation: &Creation,
) -> Result<Kept<N>> {
    if let Some(earlier) = creation.earlier(caller, app).await? {
        return find(caller, app, &earlier).await;
    }
    let mut change = Change::new(app, caller);
    change.put(&new, Expect::Absent)?.audit(
        &format!("{}.create", N::WORD),
        format!("{}/{}", N::WORD, new.id()),
        None,
        Some(new.seen()?),
    )?;
    change.remember(creation, new.id())?;
    committed(caller, app, change, new).await
}

/// Says anew what one is to be.
pub(crate) async fn replace<N: Noun>(
    caller: &Caller,
    app: &Arc<App>,
    before: Kept<N>,
    after: N,
) -> Result<Kept<N>> {
    if to_value(&before.record)? == to_value(&after)? {
        return Ok(before);
    }
    let mut change = Change::new(app, caller);
    change
        .put(&after, Expect::Revision(before.revision))?
        .audit(
            &format!("{}.update", N::WORD),
            format!("{}/{}", N::WORD, after.id()),
            Some(before.record.seen()?),
            Some(after.seen()?),
        )?;
    committed(caller, app, change, after).await
}

/// Removes one, with what else the change brings.
pub(crate) async fn remove<N: Noun>(
    caller: &Caller,
    app: &Arc<App>,
    mut change: Change<'_>,
    kept: &Kept<N>,
) -> Result<()> {
    let id = kept.record.id();
    change
        .delete(&kept.record, Expect::Revision(kept.revision))
        .audit(
            &format!("{}.delete", N::WORD),
            format!("{}/{id}", N::WORD),
            Some(kept.record.seen()?),
            None,
        )?;
    change.commit().await?;
    desks::rules_changed(app, &caller.account).await
}

/// Refuses an edit of what is no longer as the caller saw it.
pub(crate) fn require_revision<N: Noun>(kept: &Kept<N>, expected: Option<u64>) -> Result<()> {
    if expected.is_none_or(|expected| expected == kept.revision) {
        return Ok(());
    }
    let message = format!(
        "{} `{}` was changed meanwhile; read it again and repeat the change",
        N::WORD,
        kept.record.id()
    );
    Err(Error::new(Code::RevisionConflict, message))
}

/// Commits a change that begins with the noun; the desk knows of it when this returns.
pub(crate) async fn committed<N: Noun>(
    caller: &Caller,
    app: &Arc<App>,
    change: Change<'_>,
    noun: N,
) -> Result<Kept<N>> {
    let revision = match change.try_commit().await {
        Ok(revisions) => revisions.first().copied().unwrap_or(0),
        Err(CommitError::Conflict { collection, .. }) if collection == kept::IDEMPOTENCY.name => {
            return Err(idempotency::under_way());
        }
        Err(CommitError::Conflict { .. }) => return Err(taken(&noun)),
        Err(error) => return Err(error.into()),
    };
    desks::rules_changed(app, &caller.account).await?;
    Ok(Kept {
        record: noun,
        revision,
    })
}

fn taken<N: Noun>(noun: &N) -> Error {
    let (word, id) = (N::WORD, noun.id());
    let or = noun
        .unique()
        .map_or_else(String::new, |unique| format!(" or `{unique}`"));
    let message = format!(
        "expected an id and a name of its own: a {word} is called `{id}`{or} already, or was \
         changed meanwhile"
    );
    Error::new(Code::NameTaken, message)
}
