//! Context documents, engagement attributes and erasure.

use serde::{Deserialize, Serialize};
use usher_app::erasure::{Erased, Known};
use usher_app::{context, sdes};
use usher_model::id::ConsumerId;
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use utoipa::ToSchema;

/// Properties to be written, and how long they live.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"properties": {"email": "ada@example.com", "tier": "gold"}, "ttlSeconds": 86400}))]
pub struct ContextWrite {
    /// Any JSON by name; the compact text of the whole document has at most 800,000 characters.
    #[schema(value_type = Object)]
    pub properties: Object,
    /// Seconds from now until the whole document expires: at most 13 months, which is also what
    /// nothing, zero and less mean.
    pub ttl_seconds: Option<i64>,
}

/// A context document.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContextDocument {
    /// Its namespace.
    pub namespace: String,
    /// Its session; `__default__` for what is written without one.
    pub session: String,
    /// What it holds.
    #[schema(value_type = Object)]
    pub properties: Object,
    /// When the last property expires.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Changes with every write; the `ETag`.
    pub revision: u64,
}

impl ContextDocument {
    /// Makes the shape of a document.
    #[must_use]
    pub fn new(namespace: String, session: String, read: &context::Read) -> Self {
        Self {
            namespace,
            session,
            properties: read.payload(),
            expires_at: read.expires_at(),
            revision: read.revision(),
        }
    }
}

/// A context namespace.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContextNamespace {
    /// Its name.
    pub name: String,
    /// When it was first named.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Seconds that a property written through version 1 of the contract lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u64>,
}

/// What was said about a consumer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"customerInfo": {"customerType": "gold"}, "personalInfo": {"language": "en"}, "authenticated": true}))]
pub struct SdesWrite {
    /// Fields of the customer, by the event's name or the attribute's.
    #[schema(value_type = Object)]
    pub customer_info: Object,
    /// Fields of the person.
    #[schema(value_type = Object)]
    pub personal_info: Object,
    /// Whether the consumer was signed in when it was said.
    pub authenticated: bool,
    /// When it was said; now unless given.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
}

impl From<SdesWrite> for sdes::Said {
    fn from(write: SdesWrite) -> Self {
        Self {
            customer_info: write.customer_info,
            personal_info: write.personal_info,
            is_authenticated: write.authenticated,
            at: write.at,
        }
    }
}

/// What policies read under `sde.` for a consumer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sdes {
    /// The values by group; `visitorinfo` holds those that win.
    #[schema(value_type = Object)]
    pub sde: Value,
}

/// What is kept of a consumer besides decisions.
#[derive(Debug, Serialize, ToSchema)]
pub struct Consumer {
    /// How many conversations.
    pub conversations: usize,
    /// The documents of which the consumer is the session.
    pub documents: Vec<ContextDocument>,
    /// Engagement attributes by group, as policies read them under `sde.`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub sde: Option<Value>,
}

impl Consumer {
    /// Makes the shape of what is known of a consumer.
    #[must_use]
    pub fn new(consumer: &ConsumerId, known: Known) -> Self {
        let document = |(namespace, read): &(String, context::Read)| {
            ContextDocument::new(namespace.clone(), consumer.to_string(), read)
        };
        Self {
            conversations: known.conversations,
            documents: known.documents.iter().map(document).collect(),
            sde: known.sde,
        }
    }
}

/// What an erasure removed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    /// Conversations, with all that happened in them; those that were not over were ended.
    pub conversations: usize,
    /// The documents of which the consumer was the session.
    pub documents: Vec<ErasedDocument>,
    /// Engagement attributes.
    pub sdes: usize,
    /// Entries of the decision log.
    pub decisions: usize,
}

/// A document that was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasedDocument {
    /// Its namespace.
    pub namespace: String,
    /// How many properties it held.
    pub properties: usize,
}

impl From<Erased> for Erasure {
    fn from(erased: Erased) -> Self {
        let document = |(namespace, properties)| ErasedDocument {
            namespace,
            properties,
        };
        Self {
            documents: erased.documents.into_iter().map(document).collect(),
            conversations: erased.conversations,
            sdes: erased.sdes,
            decisions: erased.decisions,
        }
    }
}
