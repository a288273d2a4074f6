//! What nodes tell each other, and how it is written on the way between them.
//!
//! Nodes of two versions may run at the same time: what one does not know it ignores. A kind whose
//! meaning changes gets another name.

use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, AgentId, ConversationId, NodeId, ParticipantId};
use usher_model::limits;
use usher_model::time::Timestamp;

/// The form of what is sent; a node ignores every other.
const VERSION: u8 = 1;

/// Where to look again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub enum Hint {
    /// Events were appended.
    Events {
        /// Whose.
        account: AccountId,
        /// The last one.
        sequence: u64,
    },
    /// An agent is present for longer.
    Lease {
        /// Whose.
        account: AccountId,
        /// Who.
        agent: AgentId,
        /// Until when, unless it is renewed again.
        until: Timestamp,
    },
    /// Policies, attributes or settings were changed.
    Rules {
        /// Whose.
        account: AccountId,
        /// Counts the changes.
        revision: u64,
    },
    /// Somebody writes; this is not kept anywhere.
    Typing {
        /// Whose.
        account: AccountId,
        /// Where.
        conversation: ConversationId,
        /// Who.
        participant: ParticipantId,
        /// Until when, unless they go on.
        until: Timestamp,
    },
    /// Another node matches conversations with agents.
    Desk {
        /// Whose.
        account: AccountId,
        /// Which one; nothing if it gave up the work and any node may take it.
        node: Option<NodeId>,
    },
}

impl Hint {
    /// Returns the account that it is about.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        match self {
            Self::Events { account, .. }
            | Self::Lease { account, .. }
            | Self::Rules { account, .. }
            | Self::Typing { account, .. }
            | Self::Desk { account, .. } => account,
        }
    }
}

/// One message between nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    version: u8,
    pub(crate) from: NodeId,
    /// Nothing in a greeting: the node can be heard again, and what it announced before may be lost.
    pub(crate) hint: Option<Hint>,
}

impl Message {
    pub(crate) const fn new(from: NodeId, hint: Option<Hint>) -> Self {
        Self {
            version: VERSION,
            from,
            hint,
        }
    }

    /// Writes a message; nothing if it cannot be written, which no hint brings about.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }

    /// Reads a message; nothing if another version wrote what this one does not know.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > limits::BUS_HINT_BYTES_MAX {
            return None;
        }
        let message: Self = serde_json::from_slice(bytes).ok()?;
        (message.version == VERSION).then_some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str = "0198f5c2-7a4e-7000-8000-000000000001";

    fn node() -> NodeId {
        NodeId::parse(NODE).unwrap()
    }

    fn account(id: &str) -> AccountId {
        AccountId::parse(id).unwrap()
    }

    /// Every kind, in the form that other nodes know.
    fn written() -> Vec<(Option<Hint>, &'static str)> {
        let account = account("acme");
        let until = Timestamp::from_milliseconds(1_714_557_600_123);
        vec![
            (None, "null"),
            (
                Some(Hint::Events {
                    account: account.clone(),
                    sequence: 7,
                }),
                r#"{"kind":"EVENTS","account":"acme","sequence":7}"#,
            ),
            (
                Some(Hint::Lease {
                    account: account.clone(),
                    agent: AgentId::parse("ada").unwrap(),
                    until,
                }),
                r#"{"kind":"LEASE","account":"acme","agent":"ada","until":"2024-05-01T10:00:00.123Z"}"#,
            ),
            (
                Some(Hint::Rules {
                    account: account.clone(),
                    revision: 3,
                }),
                r#"{"kind":"RULES","account":"acme","revision":3}"#,
            ),
            (
                Some(Hint::Typing {
                    account: account.clone(),
                    conversation: ConversationId::parse("c1").unwrap(),
                    participant: ParticipantId::parse("ada").unwrap(),
                    until,
                }),
                r#"{"kind":"TYPING","account":"acme","conversation":"c1","participant":"ada","until":"2024-05-01T10:00:00.123Z"}"#,
            ),
            (
                Some(Hint::Desk {
                    account,
                    node: Some(node()),
                }),
                r#"{"kind":"DESK","account":"acme","node":"0198f5c2-7a4e-7000-8000-000000000001"}"#,
            ),
        ]
    }

    #[test]
    fn a_message_has_the_form_that_other_nodes_know() {
        for (hint, expected) in written() {
            let message = Message::new(node(), hint);
            let bytes = message.encode().unwrap();
            let text = format!(r#"{{"version":1,"from":"{NODE}","hint":{expected}}}"#);
            assert_eq!(String::from_utf8_lossy(&bytes), text);
            assert_eq!(Message::decode(&bytes), Some(message));
        }
    }

    #[test]
    fn what_a_newer_node_says_is_ignored() {
        for text in [
            r#"{"version":1,"from":"NODE","hint":{"kind":"WEATHER","account":"acme"}}"#,
            r#"{"version":2,"from":"NODE","hint":null}"#,
            "hello",
        ] {
            assert_eq!(Message::decode(text.replace("NODE", NODE).as_bytes()), None);
        }
        let more = r#"{"version":1,"from":"NODE","mood":"good","hint":{"kind":"RULES","account":"acme","revision":3,"why":"x"}}"#;
        assert!(Message::decode(more.replace("NODE", NODE).as_bytes()).is_some());
    }

    #[test]
    fn the_longest_hint_fits_and_a_longer_message_is_ignored() {
        let longest = "\u{1F6CE}".repeat(limits::GIVEN_ID_CHARS_MAX);
        let hint = Hint::Typing {
            account: account(&longest),
            conversation: ConversationId::parse(&longest).unwrap(),
            participant: ParticipantId::parse(&longest).unwrap(),
            until: Timestamp::EPOCH,
        };
        let mut bytes = Message::new(node(), Some(hint)).encode().unwrap();
        bytes.resize(limits::BUS_HINT_BYTES_MAX, b' ');
        assert!(Message::decode(&bytes).is_some());
        bytes.push(b' ');
        assert_eq!(Message::decode(&bytes), None);
    }
}
