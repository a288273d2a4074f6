//! What leaves: webhooks, how far each receiver is with the events, and what could not be delivered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, ConversationId, DeadLetterId, NodeId, RequestId, WebhookId};
use usher_model::time::Timestamp;

use super::Record;
use crate::collection::{Collection, kept};
use crate::store::{Field, Key};

/// Where events are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Which one.
    pub id: WebhookId,
    /// Where.
    pub url: String,
    /// Which events: types, or the beginnings of types before `*`; none means all.
    #[serde(default)]
    pub events: Vec<String>,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether anything is sent.
    pub is_enabled: bool,
    /// What signs.
    pub secret: SealedSecret,
    /// What signed before, and signs beside it for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret: Option<PreviousSecret>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
}

/// A secret, encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecret {
    /// Base64.
    pub sealed: String,
    /// Which key opens it.
    pub key_id: String,
}

/// A secret that was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviousSecret {
    /// The secret.
    pub secret: SealedSecret,
    /// Until when it signs.
    pub until: Timestamp,
}

impl Record for Webhook {
    const COLLECTION: &'static Collection = &kept::WEBHOOKS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.to_string().as_str()])
    }
}

/// How far a receiver is with the events of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The receiver: a webhook's id, `functions`, or `analytics`.
    pub target: String,
    /// All events up to this one were delivered, given up, or stand in a lane.
    pub cursor: u64,
    /// Conversations and agents whose next event could not be delivered: the others go on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lanes: BTreeMap<String, Lane>,
    /// How many attempts have failed one after the other.
    #[serde(default)]
    pub failures: u32,
    /// Until when nothing is tried, because so many have failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// For the receiver that counts: what it has to throw away first, and from when on it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<Rebuild>,
    /// Which node delivers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<NodeId>,
    /// Until when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Figures that are counted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rebuild {
    /// What happened earlier is not counted again, and its figures stay.
    pub from: Timestamp,
    /// Whether figures of before are still to be removed.
    pub is_clearing: bool,
}

/// What waits for another attempt; what comes after it in the same conversation waits behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lane {
    /// The last event that is done.
    pub after: u64,
    /// How often the next one was tried.
    pub attempts: u32,
    /// When it is tried again.
    pub next_at: Timestamp,
}

impl Delivery {
    /// Returns one that begins after an event.
    #[must_use]
    pub const fn after(target: String, cursor: u64) -> Self {
        Self {
            target,
            cursor,
            lanes: BTreeMap::new(),
            failures: 0,
            paused_until: None,
            rebuild: None,
            node_id: None,
            until: None,
        }
    }
}

impl Record for Delivery {
    const COLLECTION: &'static Collection = &kept::DELIVERIES;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.target.as_str()])
    }
}

/// An event that a receiver did not take, however often it was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// Which one; ids sort by time.
    pub id: DeadLetterId,
    /// The receiver: a webhook's id, or `functions`.
    pub target: String,
    /// Which event.
    pub sequence: u64,
    /// Its type.
    pub event_type: String,
    /// In which conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ConversationId>,
    /// What every attempt was called.
    pub request_id: RequestId,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: String,
    /// When it was given up.
    pub at: Timestamp,
    /// From when on nobody sees it.
    pub expires_at: Timestamp,
}

impl Record for DeadLetter {
    const COLLECTION: &'static Collection = &kept::DEAD_LETTERS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.to_string().as_str()])
    }

    fn fields(&self) -> Vec<Field> {
        vec![Field::Text(self.target.clone())]
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_that_waits_for_nothing_is_small() {
        let delivery = Delivery::after("functions".to_owned(), 7);
        let written = serde_json::to_string(&delivery).unwrap();
        assert_eq!(written, r#"{"target":"functions","cursor":7,"failures":0}"#);
        let read: Delivery = serde_json::from_str(r#"{"target":"functions","cursor":7}"#).unwrap();
        assert_eq!(read, delivery);
    }
}
