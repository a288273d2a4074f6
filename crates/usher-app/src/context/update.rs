//! Changing a document: what is held is taken as true, and the commit finds out if it is not.

use std::sync::Arc;
use std::time::Duration;

use usher_context::document::{Document, Merge, Scope};
use usher_context::expiry;
use usher_model::time::Timestamp;
use usher_model::value::Object;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, ContextDocument, ContextNamespace, ContextSession, Kept};

use super::documents::{Address, Held, SessionTtl};
use super::namespaces::{HeldNamespace, Place};
use super::{ATTEMPTS_MAX, Read, Ttl, contended, namespaces};
use crate::App;
use crate::caller::Caller;
use crate::error::{Code, Error, Result};
use crate::rules;

/// What stays of the properties that are there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stays<'c> {
    All,
    AllBut(&'c [String]),
    Nothing,
}

/// What becomes of a document.
#[derive(Debug)]
pub(super) struct Change<'c> {
    pub(super) stays: Stays<'c>,
    /// What is written. By a write the namespace comes into being, even if it names no property;
    /// by a removal nothing does.
    pub(super) written: Option<Object>,
    pub(super) ttl: Ttl,
}

impl Change<'_> {
    fn merge(&self, app: &App, before: &Before) -> Merge {
        let (now, max) = (before.now, app.options.context_ttl_max);
        let (expires_at, scope) = match self.ttl {
            Ttl::OfSession => {
                let namespace = before.namespace.and_then(|namespace| namespace.ttl);
                let expires_at = expiry::for_v1_write(now, before.session_ttl(), namespace, max);
                (expires_at, Scope::NamedProperties)
            }
            Ttl::Seconds(seconds) => {
                let expires_at = expiry::for_v2_write(now, seconds, max);
                (expires_at, Scope::WholeDocument)
            }
        };
        Merge {
            now,
            expires_at,
            scope,
        }
    }

    /// Returns what stays of a document.
    fn stay(&self, held: &Arc<Held>, now: Timestamp) -> Arc<Held> {
        let document = match self.stays {
            Stays::All => return Arc::clone(held),
            Stays::AllBut(names) => {
                let mut document = held.document.clone();
                for name in names {
                    document.remove(name, now);
                }
                document
            }
            Stays::Nothing => Document::default(),
        };
        Arc::new(Held::from(document))
    }
}

/// What is there before a document is changed.
#[derive(Debug)]
pub(super) struct Before {
    now: Timestamp,
    namespace: Option<HeldNamespace>,
    held: Arc<Held>,
    /// Of the document in memory, noted before anything was read.
    generation: u64,
}

impl Before {
    /// Looks it up in memory, and reads what is not there from the store.
    pub(super) async fn read(app: &App, address: &Address) -> Result<Self> {
        let (now, place) = (app.now(), address.place());
        let generation = app.documents.generation(address);
        let held = app.documents.get(address);
        let held = held.filter(|held| held.session_ttl != SessionTtl::Unread);
        let namespace = app.namespaces.get(&place);
        if let (Some(held), Some(_)) = (&held, namespace) {
            let held = Arc::clone(held);
            return Ok(Self {
                now,
                namespace,
                held,
                generation,
            });
        }
        // On the heap: every write would carry the room for it.
        Box::pin(Self::load(app, address, &place, generation, now)).await
    }

    async fn load(
        app: &App,
        address: &Address,
        place: &Place,
        generation: u64,
        now: Timestamp,
    ) -> Result<Self> {
        let noted = app.namespaces.generation(place);
        let wanted = [
            (&kept::CONTEXT_NAMESPACES, namespaces::key(place)),
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
        let namespace = namespace.as_ref().map(HeldNamespace::from);
        if let Some(namespace) = namespace.filter(|namespace| !namespace.is_leaving) {
            app.namespaces.keep(place, noted, namespace);
        }
        let session: Option<Kept<ContextSession>> =
            session.as_ref().map(record::read).transpose()?;
        let session_ttl = session.map(|kept| Duration::from_secs(kept.record.ttl_seconds));
        let held = document.as_ref().map(Held::read).transpose()?;
        Ok(Self {
            now,
            namespace,
            held: Arc::new(held.unwrap_or_default().with_session_ttl(session_ttl)),
            generation,
        })
    }

    /// Whether the namespace is there to stay, so that a write need not make it.
    fn is_claimed(&self) -> bool {
        self.namespace
            .is_some_and(|namespace| !namespace.is_leaving)
    }

    /// Returns what is there after a commit.
    fn after(&self, document: Document, revision: u64, bytes: usize) -> Held {
        let held = if bytes == 0 {
            Held::default()
        } else {
            Held::new(document, revision, bytes)
        };
        held.with_session_ttl(self.session_ttl())
    }

    fn session_ttl(&self) -> Option<Duration> {
        match self.held.session_ttl {
            SessionTtl::Read(ttl) => ttl,
            SessionTtl::Unread => None,
        }
    }
}

/// Changes a document, again if somebody else was faster.
pub(super) async fn update(
    caller: &Caller,
    app: &App,
    address: &Address,
    mut change: Change<'_>,
    expected: Option<u64>,
) -> Result<Read> {
    for _ in 0..ATTEMPTS_MAX {
        let before = Before::read(app, address).await?;
        if expected.is_some_and(|expected| expected != before.held.revision.unwrap_or(0)) {
            return Err(Error::new(
                Code::RevisionConflict,
                "the document was changed meanwhile; read it again and repeat the change",
            ));
        }
        if let Some(read) = attempt(caller, app, address, before, &mut change).await? {
            return Ok(read);
        }
    }
    Err(contended())
}

/// Writes what becomes of a document; nothing if it is no longer as it was before.
pub(super) async fn attempt(
    caller: &Caller,
    app: &App,
    address: &Address,
    before: Before,
    change: &mut Change<'_>,
) -> Result<Option<Read>> {
    let is_write = change.written.is_some();
    if is_write && before.namespace.is_none() && rules::is_alias(address.namespace.as_str()) {
        Box::pin(namespaces::make_alias(caller, app, &address.namespace)).await?;
        return Ok(None);
    }
    let merge = change.merge(app, &before);
    let stays = change.stay(&before.held, before.now);
    let written = change.written.take().unwrap_or_default();
    let properties = merge.preview(&stays.document, &written)?;
    let mut batch = Batch::new(before.now);
    if is_write {
        namespaces::claim(&mut batch, &address.place(), before.namespace, before.now)?;
    }
    let row = ContextDocument::row(address.key(), &properties)?;
    let bytes = row.as_ref().map_or(0, |row| row.document.len());
    let expect = before
        .held
        .revision
        .map_or(Expect::Absent, Expect::Revision);
    match row {
        Some(row) => batch.put(&kept::CONTEXT_DOCUMENTS, row, expect),
        None if before.held.revision.is_some() => {
            batch.delete(&kept::CONTEXT_DOCUMENTS, address.key(), expect);
        }
        None => {}
    }
    let (store, documents) = (app.store.clone(), Arc::clone(&app.documents));
    let (namespaces, address) = (Arc::clone(&app.namespaces), address.clone());
    // To its end even if the one who asked has gone: what is held must not be older than what was
    // written.
    let committed = app.tasks.run_to_end(async move {
        match store.commit(batch).await {
            Ok(revisions) => {
                let revision = revisions.last().copied().unwrap_or(0);
                let document = merge.apply(&stays.document, written);
                let held = Arc::new(before.after(document, revision, bytes));
                documents.replace(&address, before.generation, Arc::clone(&held));
                if is_write && !before.is_claimed() {
                    namespaces.forget(&address.place());
                }
                let now = before.now;
                Ok(Read { held, now })
            }
            Err(error) => {
                documents.forget(&address);
                namespaces.forget(&address.place());
                Err((error, written))
            }
        }
    });
    match committed.await {
        Ok(read) => Ok(Some(read)),
        Err((CommitError::Conflict { .. }, written)) => {
            change.written = is_write.then_some(written);
            Ok(None)
        }
        Err((error, _)) => Err(error.into()),
    }
}
