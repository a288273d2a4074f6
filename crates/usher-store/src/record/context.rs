//! Context documents, namespaces, sessions and engagement attributes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, ConsumerId};
use usher_model::time::Timestamp;
use usher_model::value::Value;

use super::Record;
use crate::collection::{Collection, kept};
use crate::store::{Field, Key};

/// A namespace that was written to or given a time to live.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextNamespace {
    /// Which one.
    pub name: String,
    /// When it was first named.
    pub created_at: Timestamp,
    /// Seconds that a property written through version 1 lives.
    pub ttl_seconds: Option<u64>,
}

impl Record for ContextNamespace {
    const COLLECTION: &'static Collection = &kept::CONTEXT_NAMESPACES;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.name.as_str()])
    }
}

/// A session with a time to live of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextSession {
    /// In which namespace.
    pub namespace: String,
    /// Which one.
    pub session: String,
    /// When it was given.
    pub created_at: Timestamp,
    /// Seconds that a property written through version 1 lives.
    pub ttl_seconds: u64,
}

impl Record for ContextSession {
    const COLLECTION: &'static Collection = &kept::CONTEXT_SESSIONS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.namespace.as_str(), self.session.as_str()])
    }
}

/// One property, in few letters because documents are many.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Property {
    /// The value.
    #[serde(rename = "v")]
    pub value: Value,
    /// Milliseconds since 1970 from when on nobody sees it.
    #[serde(rename = "e")]
    pub expires_at: i64,
}

/// The properties under one namespace and session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextDocument {
    /// In which namespace.
    pub namespace: String,
    /// Of which session.
    pub session: String,
    /// By name.
    pub properties: BTreeMap<String, Property>,
}

impl Record for ContextDocument {
    const COLLECTION: &'static Collection = &kept::CONTEXT_DOCUMENTS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.namespace.as_str(), self.session.as_str()])
    }

    fn fields(&self) -> Vec<Field> {
        vec![Field::Text(self.session.clone())]
    }

    fn expires_at(&self) -> Option<Timestamp> {
        let last = self
            .properties
            .values()
            .map(|property| property.expires_at)
            .max();
        // A document without properties is gone at once.
        Some(Timestamp::from_milliseconds(last.unwrap_or(0)))
    }
}

/// One engagement attribute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SdeLeaf {
    /// `customerinfo` or `personalinfo`.
    pub group: String,
    /// The attribute.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// When it was said.
    pub at: Timestamp,
}

/// The engagement attributes of one consumer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sde {
    /// Whose.
    pub consumer_id: ConsumerId,
    /// Said while signed in.
    pub authenticated: Vec<SdeLeaf>,
    /// Said otherwise.
    pub unauthenticated: Vec<SdeLeaf>,
    /// From when on nobody sees them.
    pub expires_at: Timestamp,
}

impl Record for Sde {
    const COLLECTION: &'static Collection = &kept::SDES;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.consumer_id.as_str()])
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
