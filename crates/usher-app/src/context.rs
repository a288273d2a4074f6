//! Context: documents of properties under a namespace and a session.
//!
//! Both generations of the published contract and our own API write through here, so that they see
//! one and the same document.

use std::sync::Arc;
use std::time::Duration;

use usher_context::document::{Document, Scope, WriteError};
use usher_context::expiry;
use usher_model::id::{AccountId, ConsumerId};
use usher_model::time::Timestamp;
use usher_model::value::Object;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, ContextNamespace, ContextSession, Kept};
use usher_store::store::{Cursor, Field, Key, Query, Row};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::Change;
use crate::error::{Code, Error, Result};

pub use usher_context::name::{DEFAULT_SESSION, NameError, Namespace, Session};

mod documents;

pub(crate) use documents::{Address, Documents, Held};

/// How often a write is tried when others write the same document at the same time.
const ATTEMPTS_MAX: usize = 64;
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

/// A document as it is now.
#[derive(Clone, Debug)]
pub struct Read {
    /// What it holds; nothing has expired.
    pub payload: Object,
    /// When the last property expires.
    pub expires_at: Timestamp,
    /// Counts its changes; for conditional edits.
    pub revision: u64,
}

/// What [`list`] tells of one document.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its session.
    pub session: String,
    /// What it holds.
    pub read: Read,
}

/// What [`erase`] removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Namespaces in which the consumer had a document, with the number of properties.
    pub documents: Vec<(String, usize)>,
    /// Engagement attributes.
    pub sdes: usize,
    /// Entries of the decision log.
    pub decisions: usize,
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
    let held = hold(
        app,
        vec![Address::new(&caller.account, namespace, session)],
        now,
    )
    .await?;
    Ok(held
        .first()
        .and_then(|held| seen(&held.document, held.revision, now)))
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
    update(
        app,
        address,
        Purpose::Write,
        expected,
        |document, lives, now| {
            let (expires_at, scope) = match ttl {
                Ttl::OfSession => (lives.expires_at(app, now), Scope::NamedProperties),
                Ttl::Seconds(seconds) => {
                    let max = app.options.context_ttl_max;
                    (
                        expiry::for_v2_write(now, seconds, max),
                        Scope::WholeDocument,
                    )
                }
            };
            document.merge(properties.clone(), now, expires_at, scope)?;
            Ok(())
        },
    )
    .await
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
    update(
        app,
        address,
        Purpose::Write,
        expected,
        |document, _, now| {
            let expires_at = expiry::for_v2_write(now, ttl_seconds, app.options.context_ttl_max);
            *document = Document::default();
            document.merge(properties.clone(), now, expires_at, Scope::WholeDocument)?;
            Ok(())
        },
    )
    .await
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
    update(
        app,
        address,
        Purpose::Remove,
        expected,
        |document, _, now| {
            match properties {
                None => *document = Document::default(),
                Some(names) => names.iter().for_each(|name| {
                    document.remove(name, now);
                }),
            }
            Ok(())
        },
    )
    .await?;
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
/// Fails if the caller may not read context.
pub async fn list_page(
    caller: &Caller,
    app: &App,
    namespace: &Namespace,
    page: usize,
    per_page: usize,
) -> Result<Vec<Listed>> {
    let mut skip = page.saturating_mul(per_page);
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let (listed, next) = list(caller, app, namespace, after, REMOVAL_ROWS).await?;
        let skipped = skip.min(listed.len());
        skip -= skipped;
        found.extend(listed.into_iter().skip(skipped));
        if found.len() >= per_page || next.is_none() {
            found.truncate(per_page);
            return Ok(found);
        }
        after = next;
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
    let key = Key::new(&caller.account, [namespace.as_str()]);
    for _ in 0..ATTEMPTS_MAX {
        let now = app.now();
        let row = app.store.get(&kept::CONTEXT_NAMESPACES, &key, now).await?;
        let known: Option<Kept<ContextNamespace>> = row.as_ref().map(record::read).transpose()?;
        let (expect, created_at, ttl) = match known {
            None => (Expect::Absent, now, None),
            Some(known) => (
                Expect::Revision(known.revision),
                known.record.created_at,
                known.record.ttl_seconds,
            ),
        };
        let ttl_seconds = match ttl_seconds {
            None => ttl,
            Some(seconds) => Some(seconds).filter(|seconds| *seconds > 0),
        };
        let record = ContextNamespace {
            name: namespace.to_string(),
            created_at,
            ttl_seconds,
        };
        let mut batch = Batch::new(now);
        batch.put_record(&caller.account, &record, expect)?;
        if is_done(app.store.commit(batch).await)? {
            crate::rules::namespace_changed(app, &caller.account, namespace.as_str());
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
/// finishes it.
///
/// # Errors
/// Fails if the caller may not write context.
pub async fn delete_namespace(caller: &Caller, app: &App, namespace: &Namespace) -> Result<()> {
    caller.require(Permission::ContextWrite)?;
    for collection in [&kept::CONTEXT_DOCUMENTS, &kept::CONTEXT_SESSIONS] {
        loop {
            let now = app.now();
            let mut query = Query::all(&caller.account, collection);
            query.equals = vec![Field::Text(namespace.to_string())];
            query.limit = REMOVAL_ROWS;
            let page = app.store.find(&query, now).await?;
            let mut batch = Batch::new(now);
            for row in &page.rows {
                batch.delete(collection, row.key.clone(), Expect::Any);
            }
            commit_and_forget(
                app,
                batch,
                addresses(&caller.account, collection, &page.rows),
            )
            .await?;
            if page.next.is_none() {
                break;
            }
        }
    }
    let mut batch = Batch::new(app.now());
    let key = Key::new(&caller.account, [namespace.as_str()]);
    batch.delete(&kept::CONTEXT_NAMESPACES, key, Expect::Any);
    app.store.commit(batch).await?;
    crate::rules::namespace_changed(app, &caller.account, namespace.as_str());
    Ok(())
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
    put_namespace(caller, app, namespace, None).await?;
    let now = app.now();
    let mut batch = Batch::new(now);
    let record = ContextSession {
        namespace: namespace.to_string(),
        session: session.to_string(),
        created_at: now,
        ttl_seconds,
    };
    if ttl_seconds == 0 {
        let key = Key::new(&caller.account, [namespace.as_str(), session.as_str()]);
        batch.delete(&kept::CONTEXT_SESSIONS, key, Expect::Any);
    } else {
        batch.put_record(&caller.account, &record, Expect::Any)?;
    }
    app.store.commit(batch).await?;
    Ok(())
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

/// Removes everything kept under a consumer's id and says what it was.
///
/// # Errors
/// Fails if the caller may not erase.
pub async fn erase(caller: &Caller, app: &App, consumer: &ConsumerId) -> Result<Erased> {
    caller.require(Permission::ContextErase)?;
    let mut erased = Erased::default();
    let now = app.now();
    let mut query = Query::all(&caller.account, &kept::CONTEXT_DOCUMENTS);
    query.index = Some("by_session");
    query.equals = vec![Field::Text(consumer.to_string())];
    let rows = app.store.find_all(&query, now).await?;
    let mut batch = Batch::new(now);
    for row in &rows {
        let (namespace, _) = named(row);
        let properties = Held::read(row)?.document.live(now).count();
        erased.documents.push((namespace.to_owned(), properties));
        batch.delete(&kept::CONTEXT_DOCUMENTS, row.key.clone(), Expect::Any);
    }
    let key = Key::new(&caller.account, [consumer.as_str()]);
    if let Some(row) = app.store.get(&kept::SDES, &key, now).await? {
        let kept: Kept<record::Sde> = record::read(&row)?;
        erased.sdes = kept.record.authenticated.len() + kept.record.unauthenticated.len();
        batch.delete(&kept::SDES, key, Expect::Any);
    }
    let forgotten = addresses(&caller.account, &kept::CONTEXT_DOCUMENTS, &rows);
    commit_and_forget(app, batch, forgotten).await?;
    erased.decisions = crate::decisions::search::erase(app, &caller.account, consumer).await?;
    let mut change = Change::new(app, caller);
    // The entry names no consumer: what was erased must not live on in the log.
    let report = serde_json::json!({
        "documents": erased.documents.len(), "sdes": erased.sdes, "decisions": erased.decisions,
    });
    change.audit("consumer.erase", "consumer".to_owned(), None, Some(report))?;
    change.commit().await?;
    Ok(erased)
}

/// The times to live that version 1 of the contract looks up.
struct Lives {
    session: Option<Duration>,
    namespace: Option<Duration>,
}

impl Lives {
    fn expires_at(&self, app: &App, now: Timestamp) -> Timestamp {
        expiry::for_v1_write(
            now,
            self.session,
            self.namespace,
            app.options.context_ttl_max,
        )
    }
}

/// What is there before a document is written.
struct Before {
    is_namespace_new: bool,
    lives: Lives,
    held: Held,
}

impl Before {
    async fn read(app: &App, address: &Address, now: Timestamp) -> Result<Self> {
        let wanted = [
            (
                &kept::CONTEXT_NAMESPACES,
                Key::new(&address.account, [address.namespace.as_str()]),
            ),
            (&kept::CONTEXT_SESSIONS, address.key()),
            (&kept::CONTEXT_DOCUMENTS, address.key()),
        ];
        let rows = app.store.get_many(&wanted, now).await?;
        let [namespace, session, document] = rows.as_slice() else {
            return Err(Error::internal(
                "the store answered another number of rows than asked",
            ));
        };
        let namespace: Option<Kept<ContextNamespace>> =
            namespace.as_ref().map(record::read).transpose()?;
        let session: Option<Kept<ContextSession>> =
            session.as_ref().map(record::read).transpose()?;
        let held = document.as_ref().map(Held::read).transpose()?;
        let of_namespace = |kept: &Kept<ContextNamespace>| kept.record.ttl_seconds;
        let lives = Lives {
            session: session.map(|kept| Duration::from_secs(kept.record.ttl_seconds)),
            namespace: namespace
                .as_ref()
                .and_then(of_namespace)
                .map(Duration::from_secs),
        };
        Ok(Self {
            is_namespace_new: namespace.is_none(),
            lives,
            held: held.unwrap_or_default(),
        })
    }
}

/// What a document is touched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// The namespace comes into being, even if nothing is written to it.
    Write,
    /// Where nothing is, nothing comes into being.
    Remove,
}

/// Reads, changes and writes a document, again if somebody else was faster.
async fn update(
    app: &App,
    address: Address,
    purpose: Purpose,
    expected: Option<u64>,
    change: impl Fn(&mut Document, &Lives, Timestamp) -> Result<()>,
) -> Result<Read> {
    for _ in 0..ATTEMPTS_MAX {
        let now = app.now();
        let Before {
            is_namespace_new,
            lives,
            held,
        } = Before::read(app, &address, now).await?;
        let Held {
            mut document,
            revision,
            ..
        } = held;
        if expected.is_some_and(|expected| expected != revision.unwrap_or(0)) {
            return Err(Error::new(
                Code::RevisionConflict,
                "the document was changed meanwhile; read it again and repeat the change",
            ));
        }
        change(&mut document, &lives, now)?;
        let mut batch = Batch::new(now);
        let is_absent = document.is_absent(now);
        if is_absent && revision.is_none() && purpose == Purpose::Remove {
            return Ok(Read {
                payload: Object::new(),
                expires_at: now,
                revision: 0,
            });
        }
        if is_namespace_new {
            let name = address.namespace.to_string();
            let record = ContextNamespace {
                name,
                created_at: now,
                ttl_seconds: None,
            };
            batch.put_record(&address.account, &record, Expect::Absent)?;
        }
        let expect = revision.map_or(Expect::Absent, Expect::Revision);
        if !is_absent {
            batch.put_record(
                &address.account,
                &to_record(&address, &document, now),
                expect,
            )?;
        } else if revision.is_some() {
            batch.delete(&kept::CONTEXT_DOCUMENTS, address.key(), expect);
        }
        match commit_and_forget_try(app, batch, vec![address.clone()]).await? {
            Ok(revisions) => {
                if is_namespace_new {
                    let name = address.namespace.as_str();
                    crate::rules::namespace_changed(app, &address.account, name);
                }
                let revision = revisions.last().copied().unwrap_or(0);
                let absent = Read {
                    payload: Object::new(),
                    expires_at: now,
                    revision,
                };
                return Ok(seen(&document, Some(revision), now).unwrap_or(absent));
            }
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(contended())
}

/// Returns documents in the order asked for, from memory where possible and else in one batch.
pub(crate) async fn hold(
    app: &App,
    addresses: Vec<Address>,
    now: Timestamp,
) -> Result<Vec<Arc<Held>>> {
    let mut held: Vec<Option<Arc<Held>>> = addresses
        .iter()
        .map(|address| app.documents.get(address))
        .collect();
    if held.iter().any(Option::is_none) {
        let missing: Vec<&Address> = addresses
            .iter()
            .zip(&held)
            .filter(|(_, held)| held.is_none())
            .map(|(a, _)| a)
            .collect();
        let generations: Vec<u64> = missing
            .iter()
            .map(|address| app.documents.generation(address))
            .collect();
        let wanted: Vec<_> = missing
            .iter()
            .map(|address| (&kept::CONTEXT_DOCUMENTS, address.key()))
            .collect();
        let rows = app.store.get_many(&wanted, now).await?;
        let mut read = Vec::with_capacity(rows.len());
        for ((row, address), generation) in rows.iter().zip(missing).zip(generations) {
            let document = row.as_ref().map(Held::read).transpose()?;
            let document = Arc::new(document.unwrap_or_default());
            app.documents.keep(address, generation, &document);
            read.push(document);
        }
        let mut read = read.into_iter();
        for slot in held.iter_mut().filter(|slot| slot.is_none()) {
            *slot = read.next();
        }
    }
    Ok(held.into_iter().flatten().collect())
}

async fn commit_and_forget(app: &App, batch: Batch, forgotten: Vec<Address>) -> Result<()> {
    commit_and_forget_try(app, batch, forgotten).await??;
    Ok(())
}

/// Commits and forgets even if the one who asked has gone: what is held must not be older than
/// what was written.
async fn commit_and_forget_try(
    app: &App,
    batch: Batch,
    forgotten: Vec<Address>,
) -> Result<std::result::Result<Vec<u64>, CommitError>> {
    let (store, documents) = (app.store.clone(), Arc::clone(&app.documents));
    let work = async move {
        let committed = store.commit(batch).await;
        forgotten
            .iter()
            .for_each(|address| documents.forget(address));
        committed
    };
    app.tasks.run_to_end(work).await.map_err(Error::internal)
}

fn is_done(committed: std::result::Result<Vec<u64>, CommitError>) -> Result<bool> {
    match committed {
        Ok(_) => Ok(true),
        Err(CommitError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn contended() -> Error {
    Error::new(
        Code::Overloaded,
        "too many writes to one document at once; try again",
    )
    .with_retry_after(Duration::from_secs(1))
}

fn to_record(address: &Address, document: &Document, now: Timestamp) -> record::ContextDocument {
    let properties = document.live(now).map(|(name, property)| {
        let expires_at = property.expires_at.milliseconds();
        (
            name.to_owned(),
            record::Property {
                value: property.value.clone(),
                expires_at,
            },
        )
    });
    record::ContextDocument {
        namespace: address.namespace.to_string(),
        session: address.session.to_string(),
        properties: properties.collect(),
    }
}

fn seen(document: &Document, revision: Option<u64>, now: Timestamp) -> Option<Read> {
    let expires_at = document.expires_at(now)?;
    Some(Read {
        payload: document.payload(now),
        expires_at,
        revision: revision.unwrap_or(0),
    })
}

fn listed(row: &Row, now: Timestamp) -> Result<Option<Listed>> {
    let session = named(row).1.to_owned();
    let held = Held::read(row)?;
    Ok(seen(&held.document, held.revision, now).map(|read| Listed { session, read }))
}

/// Returns a document row's namespace and session.
fn named(row: &Row) -> (&str, &str) {
    match row.key.parts() {
        [namespace, session] => (namespace, session),
        _ => ("", ""),
    }
}

fn addresses(
    account: &AccountId,
    collection: &'static usher_store::collection::Collection,
    rows: &[Row],
) -> Vec<Address> {
    if collection.name != kept::CONTEXT_DOCUMENTS.name {
        return Vec::new();
    }
    rows.iter()
        .filter_map(|row| {
            let document: Kept<record::ContextDocument> = record::read(row).ok()?;
            let namespace = Namespace::parse(&document.record.namespace).ok()?;
            let session = Session::parse(&document.record.session).ok()?;
            Some(Address::new(account, &namespace, &session))
        })
        .collect()
}
