//! Who may act, in one word.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a credential or a user may do; the permission table in `usher-app` spells it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything in the account, credentials included.
    Admin,
    /// Everything but access: of users, agents and bots.
    Manager,
    /// Conversations.
    Agent,
    /// Context and next actions, and a bot's conversations.
    Bot,
    /// Functions, context, and reading the rest.
    Developer,
    /// Reading only.
    Readonly,
    /// Its own conversations; only the token of a consumer has it.
    Consumer,
}

impl Role {
    /// Every role that a credential or a user can be given, the mightiest first.
    pub const ALL: [Self; 6] = [
        Self::Admin,
        Self::Manager,
        Self::Agent,
        Self::Bot,
        Self::Developer,
        Self::Readonly,
    ];

    /// Returns the role's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Agent => "agent",
            Self::Bot => "bot",
            Self::Developer => "developer",
            Self::Readonly => "readonly",
            Self::Consumer => "consumer",
        }
    }

    /// Reads the role's name on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
