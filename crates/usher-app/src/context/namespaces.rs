//! Namespaces and what their sessions have of their own.
//!
//! Whoever writes a document claims its namespace in the same batch, so that a document is never in a
//! namespace that is gone. A namespace leaves in three steps: it is marked, emptied, and removed if
//! nobody has claimed it meanwhile.

use std::sync::Arc;
use std::time::Duration;

use usher_model::id::AccountId;
use usher_model::time::Timestamp;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, ContextNamespace, ContextSession, Kept, Record as _};
use usher_store::store::{Field, Key, Query};

use super::documents::Address;
use super::memory::Memory;
use super::{ATTEMPTS_MAX, Namespace, REMOVAL_ROWS, Session};
use super::{addresses, commit_and_forget, contended};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Code, Result};
use crate::rules;
use crate::rules::edit::Step;

/// Which namespace.
pub(crate) type Place = (AccountId, Namespace);

/// The namespaces in use.
pub(crate) type Namespaces = Memory<Place, HeldNamespace>;

/// A namespace as it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldNamespace {
    /// The store's revision.
    revision: u64,
    /// Seconds that a property written through version 1 lives.
    pub(super) ttl: Option<Duration>,
    pub(super) is_leaving: bool,
}

impl From<&Kept<ContextNamespace>> for HeldNamespace {
    fn from(kept: &Kept<ContextNamespace>) -> Self {
        Self {
            revision: kept.revision,
            ttl: kept.record.ttl_seconds.map(Duration::from_secs),
            is_leaving: kept.record.is_leaving,
        }
    }
}

pub(super) fn key((account, namespace): &Place) -> Key {
    Key::new(account, [namespace.as_str()])
}

async fn get(app: &App, place: &Place) -> Result<Option<Kept<ContextNamespace>>> {
    let key = key(place);
    let row = app.store.get(&kept::CONTEXT_NAMESPACES, &key, app.now());
    Ok(row.await?.as_ref().map(record::read).transpose()?)
}

fn new(namespace: &Namespace, now: Timestamp) -> ContextNamespace {
    ContextNamespace {
        name: namespace.to_string(),
        created_at: now,
        ttl_seconds: None,
        is_leaving: false,
    }
}

/// Adds to a batch that writes into a namespace that it is still as it was found; if it is not there
/// or leaves, that it is made.
pub(super) fn claim(
    batch: &mut Batch,
    place: &Place,
    found: Option<HeldNamespace>,
    now: Timestamp,
) -> Result<()> {
    let expect = found.map_or(Expect::Absent, |found| Expect::Revision(found.revision));
    if found.is_some_and(|found| !found.is_leaving) {
        batch.check(&kept::CONTEXT_NAMESPACES, key(place), expect);
    } else {
        batch.put_record(&place.0, &new(&place.1, now), expect)?;
    }
    Ok(())
}

/// Makes a namespace that hides an alias of the engagement attributes, which changes what decides.
/// If somebody else was faster, it is there as well.
pub(super) async fn make_alias(caller: &Caller, app: &App, namespace: &Namespace) -> Result<()> {
    let made = rules::edit::change(app, caller, |rules, edit| {
        if !rules.own_namespaces.contains(namespace.as_str()) {
            edit.add(Step::PutNamespace(new(namespace, app.now())), "create");
        }
        Ok(())
    });
    match made.await {
        Err(error) if error.code != Code::RevisionConflict => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Makes a namespace known, and with a time to live sets it for what is written from now on; zero
/// takes it away.
///
/// # Errors
/// Fails if the caller may not write context.
pub async fn put_namespace(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
    ttl_seconds: Option<u64>,
) -> Result<()> {
    caller.require(Permission::ContextWrite)?;
    let place = (caller.account.clone(), namespace.clone());
    for _ in 0..ATTEMPTS_MAX {
        let known = get(app, &place).await?;
        if known.is_none() && rules::is_alias(namespace.as_str()) {
            make_alias(caller, app, namespace).await?;
            continue;
        }
        let expect = known
            .as_ref()
            .map_or(Expect::Absent, |known| Expect::Revision(known.revision));
        let known = known.map(|known| known.record);
        let known = known.filter(|known| !known.is_leaving);
        if known.is_some() && ttl_seconds.is_none() {
            return Ok(());
        }
        let now = app.now();
        let mut record = known.unwrap_or_else(|| new(namespace, now));
        record.ttl_seconds = ttl_seconds.filter(|seconds| *seconds > 0);
        let mut batch = Batch::new(now);
        batch.put_record(&caller.account, &record, expect)?;
        if commit(app, batch, place.clone()).await?.is_some() {
            return Ok(());
        }
    }
    Err(contended())
}

/// Returns every namespace, in the order of their names.
///
/// # Errors
/// Fails if the caller may not read context.
pub async fn namespaces(caller: &Caller, app: &App) -> Result<Vec<ContextNamespace>> {
    caller.require(Permission::ContextRead)?;
    let query = Query::all(&caller.account, &kept::CONTEXT_NAMESPACES);
    let rows = app.store.find_all(&query, app.now()).await?;
    rows.iter()
        .map(|row| Ok(record::read(row)?.record))
        .collect()
}

/// Removes a namespace with its documents, its time to live and those of its sessions.
///
/// A namespace of many documents goes in several commits, itself last: interrupted, the same call
/// finishes it. What is written to it meanwhile makes it anew, without anything of before.
///
/// # Errors
/// Fails if the caller may not write context.
pub async fn delete_namespace(caller: &Caller, app: &App, namespace: &Namespace) -> Result<()> {
    caller.require(Permission::ContextWrite)?;
    let place = (caller.account.clone(), namespace.clone());
    let marked = mark(app, &place).await?;
    empty(app, &place).await?;
    match marked {
        Some(revision) => remove(caller, app, &place, revision).await,
        None => Ok(()),
    }
}

/// Marks a namespace as leaving and returns the mark's revision; nothing if it is not there.
///
/// Every write that was not committed before the mark must claim the namespace anew.
pub(super) async fn mark(app: &App, place: &Place) -> Result<Option<u64>> {
    for _ in 0..ATTEMPTS_MAX {
        let Some(Kept { record, revision }) = get(app, place).await? else {
            return Ok(None);
        };
        if record.is_leaving {
            return Ok(Some(revision));
        }
        let leaving = ContextNamespace {
            ttl_seconds: None,
            is_leaving: true,
            ..record
        };
        let mut batch = Batch::new(app.now());
        batch.put_record(&place.0, &leaving, Expect::Revision(revision))?;
        if let Some(revisions) = commit(app, batch, place.clone()).await? {
            return Ok(revisions.first().copied());
        }
    }
    Err(contended())
}

/// Removes the documents of a namespace and what is kept of their sessions.
pub(super) async fn empty(app: &App, (account, namespace): &Place) -> Result<()> {
    for collection in [&kept::CONTEXT_DOCUMENTS, &kept::CONTEXT_SESSIONS] {
        loop {
            let now = app.now();
            let mut query = Query::all(account, collection);
            query.equals = vec![Field::Text(namespace.to_string())];
            query.limit = REMOVAL_ROWS;
            let page = app.store.find(&query, now).await?;
            let mut batch = Batch::new(now);
            for row in &page.rows {
                batch.delete(collection, row.key.clone(), Expect::Any);
            }
            commit_and_forget(app, batch, addresses(account, &page.rows)).await?;
            if page.next.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// Removes a namespace that is still as it was marked; somebody may have claimed it.
pub(super) async fn remove(caller: &Caller, app: &App, place: &Place, marked: u64) -> Result<()> {
    if !rules::is_alias(place.1.as_str()) {
        let mut batch = Batch::new(app.now());
        let expect = Expect::Revision(marked);
        batch.delete(&kept::CONTEXT_NAMESPACES, key(place), expect);
        commit(app, batch, place.clone()).await?;
        return Ok(());
    }
    // Which namespaces hide an alias is part of what decides.
    let removed = rules::edit::change(app, caller, |_, edit| {
        edit.add(Step::DeleteNamespace(place.1.to_string(), marked), "delete");
        Ok(())
    });
    match removed.await {
        Err(error) if error.code != Code::RevisionConflict => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Gives a session a time to live of its own for what is written from now on; zero takes it away.
///
/// # Errors
/// Fails if the caller may not write context.
pub async fn put_session(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
    session: &Session,
    ttl_seconds: u64,
) -> Result<()> {
    caller.require(Permission::ContextWrite)?;
    let address = Address::new(&caller.account, namespace, session);
    let place = address.place();
    for _ in 0..ATTEMPTS_MAX {
        put_namespace(caller, app, namespace, None).await?;
        let Some(found) = get(app, &place).await? else {
            continue;
        };
        let now = app.now();
        let mut batch = Batch::new(now);
        let record = ContextSession {
            namespace: namespace.to_string(),
            session: session.to_string(),
            created_at: now,
            ttl_seconds,
        };
        claim(&mut batch, &place, Some((&found).into()), now)?;
        if ttl_seconds == 0 {
            batch.delete(ContextSession::COLLECTION, address.key(), Expect::Any);
        } else {
            batch.put_record(&caller.account, &record, Expect::Any)?;
        }
        match commit_and_forget(app, batch, vec![address.clone()]).await {
            Err(error) if error.code == Code::RevisionConflict => {}
            ended => return ended,
        }
    }
    Err(contended())
}

/// Returns the sessions of a namespace that have a time to live of their own.
///
/// # Errors
/// Fails if the caller may not read context.
pub async fn sessions(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
) -> Result<Vec<ContextSession>> {
    caller.require(Permission::ContextRead)?;
    let mut query = Query::all(&caller.account, &kept::CONTEXT_SESSIONS);
    query.equals = vec![Field::Text(namespace.to_string())];
    let rows = app.store.find_all(&query, app.now()).await?;
    rows.iter()
        .map(|row| Ok(record::read(row)?.record))
        .collect()
}

/// Removes a session: its document and its time to live.
///
/// # Errors
/// Fails if the caller may not write context.
pub async fn delete_session(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
    session: &Session,
) -> Result<()> {
    caller.require(Permission::ContextWrite)?;
    let address = Address::new(&caller.account, namespace, session);
    let mut batch = Batch::new(app.now());
    batch.delete(&kept::CONTEXT_DOCUMENTS, address.key(), Expect::Any);
    batch.delete(&kept::CONTEXT_SESSIONS, address.key(), Expect::Any);
    commit_and_forget(app, batch, vec![address]).await
}

/// Commits and forgets the namespace; returns nothing if it was not as expected.
async fn commit(app: &App, batch: Batch, place: Place) -> Result<Option<Vec<u64>>> {
    let (store, namespaces) = (app.store.clone(), Arc::clone(&app.namespaces));
    let work = async move {
        let committed = store.commit(batch).await;
        namespaces.forget(&place);
        committed
    };
    match app.tasks.run_to_end(work).await {
        Ok(revisions) => Ok(Some(revisions)),
        Err(CommitError::Conflict { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
