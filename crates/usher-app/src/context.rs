//! Context: documents of properties under a namespace and a session.
//!
//! Both generations of the published contract and our own API write through here, so that they see
//! one and the same document.

use std::sync::Arc;
use std::time::Duration;

use usher_context::document::WriteError;
use usher_model::id::{AccountId, ConsumerId};
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use usher_store::batch::{Batch, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, Kept};
use usher_store::store::{Cursor, Field, Key, Query, Row};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Code, Error, Result};

pub use usher_context::name::{DEFAULT_SESSION, NameError, Namespace, Session};

mod documents;
mod memory;
mod namespaces;
mod update;

pub use namespaces::{
    delete_namespace, delete_session, namespaces, put_namespace, put_session, sessions,
};

pub(crate) use documents::{Address, Documents, Held, hold};
pub(crate) use namespaces::Namespaces;

use update::{Change as Update, Stays, update};

/// How often a write is tried when others write the same document at the same time.
const ATTEMPTS_MAX: usize = 64;
/// Namespaces held in memory.
pub(crate) const NAMESPACES_MAX: u64 = 10_000;
/// What the documents of a numbered page may weigh together: 64 MB.
const PAGE_WEIGHT_MAX: u32 = (64 << 20) / documents::USUAL_BYTES;
/// Rows removed in one commit when a namespace goes.
const REMOVAL_ROWS: usize = 500;

/// How long what is written lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// The session's, else the namespace's, for the named properties: version 1.
    OfSession,
    /// The given seconds for the whole document: version 2. Nothing, zero and less mean the maximum.
    Seconds(Option<i64>),
}

/// A document as it was at one instant; after a removal it may be empty.
#[derive(Clone, Debug)]
pub struct Read {
    held: Arc<Held>,
    now: Timestamp,
}

impl Read {
    /// Returns a property that has not expired.
    #[must_use]
    pub fn get(&self, property: &str) -> Option<&Value> {
        self.held.document.get(property, self.now)
    }

    /// Returns what it holds; nothing has expired.
    #[must_use]
    pub fn payload(&self) -> Object {
        self.held.document.payload(self.now)
    }

    /// Returns when the last property expires.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.held.document.expires_at(self.now).unwrap_or(self.now)
    }

    /// Returns what counts its changes; for conditional edits.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.held.revision.unwrap_or(0)
    }
}

/// What [`list`] tells of one document.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its session.
    pub session: String,
    /// What it holds.
    pub read: Read,
}

impl From<NameError> for Error {
    fn from(source: NameError) -> Self {
        let code = match source {
            NameError::ReservedNamespace(_) => Code::NamespaceReserved,
            NameError::Namespace(_)
            | NameError::Session(_)
            | NameError::PathWord(_)
            | NameError::Property(_) => Code::NameInvalid,
        };
        Self::new(code, source.to_string())
    }
}

impl From<WriteError> for Error {
    fn from(source: WriteError) -> Self {
        match source {
            WriteError::Name(source) => source.into(),
            WriteError::TooLarge { .. } => Self::new(Code::DocumentTooLarge, source.to_string()),
        }
    }
}

/// Returns a document, or nothing if it is absent.
///
/// # Errors
/// Fails if the caller may not read context.
pub async fn read(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
    session: &Session,
) -> Result<Option<Read>> {
    caller.require(Permission::ContextRead)?;
    let now = app.now();
    let address = Address::new(&caller.account, namespace, session);
    let held = hold(app, vec![address], now).await?.into_iter().next();
    let held = held.filter(|held| !held.document.is_absent(now));
    Ok(held.map(|held| Read { held, now }))
}

/// Adds and overwrites properties; others stay.
///
/// # Errors
/// Fails if the caller may not write context, a name is not allowed, the document would be too
/// large, or `expected` is not the document's revision (0 for an absent one).
pub async fn write(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
    session: &Session,
    properties: Object,
    ttl: Ttl,
    expected: Option<u64>,
) -> Result<Read> {
    caller.require(Permission::ContextWrite)?;
    let address = Address::new(&caller.account, namespace, session);
    let change = Update {
        stays: Stays::All,
        written: Some(properties),
        ttl,
    };
    update(caller, app, &address, change, expected).await
}

/// Replaces a document by other properties, all with one life.
///
/// # Errors
/// As [`write`].
pub async fn replace(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
    session: &Session,
    properties: Object,
    ttl_seconds: Option<i64>,
    expected: Option<u64>,
) -> Result<Read> {
    caller.require(Permission::ContextWrite)?;
    let address = Address::new(&caller.account, namespace, session);
    let change = Update {
        stays: Stays::Nothing,
        written: Some(properties),
        ttl: Ttl::Seconds(ttl_seconds),
    };
    update(caller, app, &address, change, expected).await
}

/// Removes the named properties, or with none named the whole document; absent ones are no mistake.
///
/// # Errors
/// Fails if the caller may not write context, or `expected` is not the document's revision.
pub async fn remove(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
    session: &Session,
    properties: Option<&[String]>,
    expected: Option<u64>,
) -> Result<()> {
    caller.require(Permission::ContextWrite)?;
    let address = Address::new(&caller.account, namespace, session);
    let change = Update {
        stays: properties.map_or(Stays::Nothing, Stays::AllBut),
        written: None,
        ttl: Ttl::OfSession,
    };
    update(caller, app, &address, change, expected).await?;
    Ok(())
}

/// Returns documents of a namespace in the order of their sessions.
///
/// # Errors
/// Fails if the caller may not read context, or the cursor was not made by this list.
pub async fn list(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
    after: Option<Cursor>,
    limit: usize,
) -> Result<(Vec<Listed>, Option<Cursor>)> {
    caller.require(Permission::ContextRead)?;
    let now = app.now();
    let mut query = Query::all(&caller.account, &kept::CONTEXT_DOCUMENTS);
    query.equals = vec![Field::Text(namespace.to_string())];
    query.after = after;
    query.limit = limit;
    let page = app.store.find(&query, now).await?;
    let listed = page
        .rows
        .iter()
        .filter_map(|row| listed(row, now).transpose());
    Ok((listed.collect::<Result<_>>()?, page.next))
}

/// Returns documents of a namespace by their place: the contract's pages are numbered.
///
/// # Errors
/// Fails if the caller may not read context, or the documents are too large for one answer.
pub async fn list_page(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
    page: usize,
    per_page: usize,
) -> Result<Vec<Listed>> {
    let mut room = PAGE_WEIGHT_MAX;
    let take = |listed: Listed| {
        let taken = room.checked_sub(listed.read.held.weight());
        room = taken.ok_or_else(|| {
            let message =
                "expected a smaller `perPage`: the documents of this page are too large together";
            Error::new(Code::BadRequest, message)
        })?;
        Ok(listed)
    };
    take_page(caller, app, namespace, page, per_page, take).await
}

/// Returns the sessions that have a document by their place.
///
/// # Errors
/// Fails if the caller may not read context.
pub async fn session_ids(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
    page: usize,
    per_page: usize,
) -> Result<Vec<String>> {
    let take = |listed: Listed| Ok(listed.session);
    take_page(caller, app, namespace, page, per_page, take).await
}

async fn take_page<T>(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
    page: usize,
    per_page: usize,
    mut take: impl FnMut(Listed) -> Result<T>,
) -> Result<Vec<T>> {
    let mut skip = page.saturating_mul(per_page);
    let (mut taken, mut after) = (Vec::new(), None);
    loop {
        let (listed, next) = list(caller, app, namespace, after, REMOVAL_ROWS).await?;
        let skipped = skip.min(listed.len());
        skip -= skipped;
        let wanted = per_page - taken.len();
        for listed in listed.into_iter().skip(skipped).take(wanted) {
            taken.push(take(listed)?);
        }
        if taken.len() >= per_page || next.is_none() {
            return Ok(taken);
        }
        after = next;
    }
}

/// Returns the documents of which a consumer is the session, with their namespaces.
pub(crate) async fn of_consumer(
    app: &App,
    account: &AccountId,
    consumer: &ConsumerId,
) -> Result<Vec<(String, Read)>> {
    let now = app.now();
    let rows = app
        .store
        .find_all(&of_session(account, consumer), now)
        .await?;
    let documents = rows.iter().filter_map(|row| {
        let namespace = named(row).0.to_owned();
        let listed = listed(row, now).transpose()?;
        Some(listed.map(|listed| (namespace, listed.read)))
    });
    documents.collect()
}

/// Finds the documents of which a consumer is the session.
fn of_session(account: &AccountId, consumer: &ConsumerId) -> Query {
    let mut query = Query::all(account, &kept::CONTEXT_DOCUMENTS);
    query.index = Some("by_session");
    query.equals = vec![Field::Text(consumer.to_string())];
    query
}

/// Removes the documents and engagement attributes kept under a consumer's id; returns the
/// namespaces with the number of properties, and the number of attributes.
pub(crate) async fn erase(
    app: &App,
    account: &AccountId,
    consumer: &ConsumerId,
) -> Result<(Vec<(String, usize)>, usize)> {
    let now = app.now();
    let (mut documents, mut sdes) = (Vec::new(), 0);
    let rows = app
        .store
        .find_all(&of_session(account, consumer), now)
        .await?;
    let mut batch = Batch::new(now);
    for row in &rows {
        let (namespace, _) = named(row);
        let properties = Held::read(row)?.document.live(now).count();
        documents.push((namespace.to_owned(), properties));
        batch.delete(&kept::CONTEXT_DOCUMENTS, row.key.clone(), Expect::Any);
    }
    let key = Key::new(account, [consumer.as_str()]);
    if let Some(row) = app.store.get(&kept::SDES, &key, now).await? {
        let kept: Kept<record::Sde> = record::read(&row)?;
        sdes = kept.record.authenticated.len() + kept.record.unauthenticated.len();
        batch.delete(&kept::SDES, key, Expect::Any);
    }
    commit_and_forget(app, batch, addresses(account, &rows)).await?;
    Ok((documents, sdes))
}

fn contended() -> Error {
    Error::new(
        Code::Overloaded,
        "too many writes to one document at once; try again",
    )
    .with_retry_after(Duration::from_secs(1))
}

fn listed(row: &Row, now: Timestamp) -> Result<Option<Listed>> {
    let session = named(row).1.to_owned();
    let held = Arc::new(Held::read(row)?);
    let is_there = !held.document.is_absent(now);
    Ok(is_there.then_some(Listed {
        session,
        read: Read { held, now },
    }))
}

/// Returns the namespace and the session that a row's key names.
fn named(row: &Row) -> (&str, &str) {
    match row.key.parts() {
        [namespace, session] => (namespace, session),
        _ => ("", ""),
    }
}

/// Returns where rows are: documents, or what is kept of their sessions.
fn addresses(account: &AccountId, rows: &[Row]) -> Vec<Address> {
    let address = |row: &Row| {
        let (namespace, session) = named(row);
        let namespace = Namespace::parse(namespace).ok()?;
        Some(Address::new(
            account,
            &namespace,
            &Session::parse(session).ok()?,
        ))
    };
    rows.iter().filter_map(address).collect()
}

/// Commits and forgets even if the one who asked has gone: what is held must not be older than
/// what was written.
async fn commit_and_forget(app: &App, batch: Batch, forgotten: Vec<Address>) -> Result<()> {
    let (store, documents) = (app.store.clone(), Arc::clone(&app.documents));
    let work = async move {
        let committed = store.commit(batch).await;
        forgotten
            .iter()
            .for_each(|address| documents.forget(address));
        committed
    };
    app.tasks.run_to_end(work).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
