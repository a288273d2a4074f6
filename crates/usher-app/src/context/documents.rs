//! Context documents in memory, for as long as no other process writes them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;
use usher_context::document::{Document, Property};
use usher_context::name::{Namespace, Session};
use usher_model::id::AccountId;
use usher_model::time::Timestamp;
use usher_store::record::{self, Kept};
use usher_store::store::{Key, Row, StoreError};

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
}

/// A document as it was read; nothing for one that is not there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    pub(crate) document: Document,
    /// The store's revision; nothing if there is no row.
    pub(crate) revision: Option<u64>,
    /// How many documents of the usual size it takes the room of.
    weight: u32,
}

/// Bytes of a document of the usual size, as the store has it.
const USUAL_BYTES: usize = 8_192;

impl Held {
    /// Reads a row.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
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
        let weight = 1 + row.document.len() / USUAL_BYTES;
        Ok(Self {
            document: Document::from_properties(properties.collect()),
            revision: Some(kept.revision),
            weight: u32::try_from(weight).unwrap_or(u32::MAX),
        })
    }
}

/// Generations are counted for this many groups of documents.
const GROUPS: usize = 256;

/// The documents in use.
///
/// A reader that misses notes the generation, reads the store, and keeps what it read only if no
/// writer has counted the generation up meanwhile; a writer counts up after its commit and before
/// it forgets the document. So what is held is never older than what was acknowledged.
pub(crate) struct Documents {
    held: Option<moka::sync::Cache<Address, Arc<Held>, RandomState>>,
    generations: [AtomicU64; GROUPS],
    hasher: RandomState,
}

impl fmt::Debug for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Documents").finish_non_exhaustive()
    }
}

impl Documents {
    /// Holds up to `documents_max` documents, or none if other processes write them too.
    pub(crate) fn new(is_exclusive: bool, documents_max: u64) -> Self {
        let hasher = RandomState::default();
        let held = is_exclusive.then(|| {
            moka::sync::Cache::builder()
                .max_capacity(documents_max)
                .weigher(|_, held: &Arc<Held>| held.weight.max(1))
                .build_with_hasher(hasher.clone())
        });
        Self {
            held,
            generations: std::array::from_fn(|_| AtomicU64::new(0)),
            hasher,
        }
    }

    pub(crate) fn get(&self, address: &Address) -> Option<Arc<Held>> {
        self.held.as_ref()?.get(address)
    }

    /// Returns the generation to hand to [`Documents::keep`], noted before the store is read.
    pub(crate) fn generation(&self, address: &Address) -> u64 {
        self.group(address).load(Ordering::SeqCst)
    }

    /// Keeps what was read if it is still true.
    pub(crate) fn keep(&self, address: &Address, generation: u64, read: &Arc<Held>) {
        let Some(held) = &self.held else { return };
        if self.generation(address) != generation {
            return;
        }
        held.insert(address.clone(), Arc::clone(read));
        // A writer may have come between the comparison and the insertion.
        if self.generation(address) != generation {
            held.invalidate(address);
        }
    }

    /// Forgets a document that was just written.
    pub(crate) fn forget(&self, address: &Address) {
        self.group(address).fetch_add(1, Ordering::SeqCst);
        if let Some(held) = &self.held {
            held.invalidate(address);
        }
    }

    fn group(&self, address: &Address) -> &AtomicU64 {
        use std::hash::BuildHasher as _;
        let groups = u64::try_from(GROUPS).unwrap_or(1);
        let group = usize::try_from(self.hasher.hash_one(address) % groups).unwrap_or(0);
        // INVARIANT: a remainder by the length is inside the array; the first one is a safe answer.
        self.generations.get(group).unwrap_or(&self.generations[0])
    }
}
