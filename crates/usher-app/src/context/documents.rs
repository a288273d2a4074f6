//! Documents as they were read, and where they are.

use std::sync::Arc;
use std::time::Duration;

use usher_context::document::{Document, Property};
use usher_context::name::{Namespace, Session};
use usher_model::id::AccountId;
use usher_model::time::Timestamp;
use usher_store::collection::kept;
use usher_store::record::{self, Kept};
use usher_store::store::{Key, Row, StoreError};

use super::memory::Memory;
use super::namespaces::Place;
use crate::App;
use crate::error::Result;

/// Which document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub(crate) account: AccountId,
    pub(crate) namespace: Namespace,
    pub(crate) session: Session,
}

impl Address {
    pub(crate) fn new(account: &AccountId, namespace: &Namespace, session: &Session) -> Self {
        Self {
            account: account.clone(),
            namespace: namespace.clone(),
            session: session.clone(),
        }
    }

    pub(crate) fn key(&self) -> Key {
        Key::new(
            &self.account,
            [self.namespace.as_str(), self.session.as_str()],
        )
    }

    pub(super) fn place(&self) -> Place {
        (self.account.clone(), self.namespace.clone())
    }
}

/// The documents in use.
pub(crate) type Documents = Memory<Address, Arc<Held>>;

/// The life that a session gives its properties; only who writes asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SessionTtl {
    #[default]
    Unread,
    Read(Option<Duration>),
}

/// A document as it was read; nothing for one that is not there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    pub(crate) document: Document,
    /// The store's revision; nothing if there is no row.
    pub(crate) revision: Option<u64>,
    pub(super) session_ttl: SessionTtl,
    /// How many documents of the usual size it takes the room of.
    weight: u32,
}

/// Bytes of a document of the usual size, as the store has it.
pub(super) const USUAL_BYTES: u32 = 8_192;

impl From<Document> for Held {
    /// Holds a document that no row has.
    fn from(document: Document) -> Self {
        Self {
            document,
            ..Self::default()
        }
    }
}

impl Held {
    /// Holds a document whose row has so many bytes.
    pub(super) fn new(document: Document, revision: u64, bytes: usize) -> Self {
        Self {
            document,
            revision: Some(revision),
            session_ttl: SessionTtl::Unread,
            weight: 1 + u32::try_from(bytes).unwrap_or(u32::MAX) / USUAL_BYTES,
        }
    }

    /// Reads a row.
    pub(crate) fn read(row: &Row) -> std::result::Result<Self, StoreError> {
        let kept: Kept<record::ContextDocument> = record::read(row)?;
        let properties = kept.record.properties.into_iter().map(|(name, property)| {
            let expires_at = Timestamp::from_milliseconds(property.expires_at);
            (
                name,
                Property {
                    value: property.value,
                    expires_at,
                },
            )
        });
        let document = Document::from_properties(properties.collect());
        Ok(Self::new(document, kept.revision, row.document.len()))
    }

    pub(super) fn with_session_ttl(mut self, ttl: Option<Duration>) -> Self {
        self.session_ttl = SessionTtl::Read(ttl);
        self
    }

    pub(crate) fn weight(self: &Arc<Self>) -> u32 {
        self.weight
    }
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
        // On the heap: every decision would carry the room for it.
        Box::pin(read_missing(app, &addresses, &mut held, now)).await?;
    }
    Ok(held.into_iter().flatten().collect())
}

/// Reads what is not held, and keeps it.
async fn read_missing(
    app: &App,
    addresses: &[Address],
    held: &mut [Option<Arc<Held>>],
    now: Timestamp,
) -> Result<()> {
    let missing: Vec<&Address> = addresses
        .iter()
        .zip(&*held)
        .filter(|(_, held)| held.is_none())
        .map(|(address, _)| address)
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
        app.documents
            .keep(address, generation, Arc::clone(&document));
        read.push(document);
    }
    let mut read = read.into_iter();
    for slot in held.iter_mut().filter(|slot| slot.is_none()) {
        *slot = read.next();
    }
    Ok(())
}
