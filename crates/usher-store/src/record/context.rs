//! Context documents, namespaces, sessions and engagement attributes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use usher_model::id::{AccountId, ConsumerId};
use usher_model::time::Timestamp;
use usher_model::value::Value;

use super::Record;
use crate::batch::PutRow;
use crate::collection::{Collection, kept};
use crate::store::{Field, Key, StoreError};

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
    /// Whether it is being removed: whoever writes to it meanwhile makes it anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_leaving: bool,
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

/// A property of a document that is written: its name, its value, and from when on nobody sees it.
pub type WrittenProperty<'a> = (&'a str, &'a Value, Timestamp);

impl ContextDocument {
    /// Returns the row of a document, written straight from where its properties are; nothing if it
    /// has none.
    ///
    /// # Errors
    /// Fails if the properties cannot be written as JSON, which is a mistake of ours.
    pub fn row(key: Key, properties: &[WrittenProperty<'_>]) -> Result<Option<PutRow>, StoreError> {
        let expiries = properties.iter().map(|(_, _, expires_at)| *expires_at);
        let Some(expires_at) = expiries.max() else {
            return Ok(None);
        };
        let [namespace, session] = key.parts() else {
            return Err(StoreError::Query(kept::CONTEXT_DOCUMENTS.name));
        };
        let written = Written {
            namespace,
            session,
            properties: Properties(properties),
        };
        let document = serde_json::to_string(&written)
            .map_err(|source| StoreError::unreadable(&kept::CONTEXT_DOCUMENTS, source))?;
        let session_key = Field::Text(session.to_string());
        Ok(Some(PutRow {
            key,
            fields: vec![session_key],
            expires_at: Some(expires_at),
            document,
        }))
    }
}

/// [`ContextDocument`] as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    namespace: &'a str,
    session: &'a str,
    properties: Properties<'a>,
}

/// [`Property`] as it is written.
#[derive(Serialize)]
struct WrittenValue<'a> {
    #[serde(rename = "v")]
    value: &'a Value,
    #[serde(rename = "e")]
    expires_at: i64,
}

struct Properties<'a>(&'a [WrittenProperty<'a>]);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value, expires_at)| {
            let expires_at = expires_at.milliseconds();
            (name, WrittenValue { value, expires_at })
        }))
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
