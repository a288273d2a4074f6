//! People who are signed in, and what keeps others from guessing their passwords.

use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, UserId};
use usher_model::time::Timestamp;

use super::Record;
use crate::collection::{Collection, kept};
use crate::store::Key;

/// One browser in which a user is signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// SHA-256 of the cookie's secret, in hex.
    pub secret_hash: String,
    /// Who.
    pub user_id: UserId,
    /// SHA-256 of the password's hash, in hex: whoever has a new password signs in again.
    pub password_hash: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Record for SignIn {
    const COLLECTION: &'static Collection = &kept::SIGN_INS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.secret_hash.as_str()])
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// A link with which a user chooses a password, once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInLink {
    /// SHA-256 of the link's secret, in hex.
    pub secret_hash: String,
    /// Who.
    pub user_id: UserId,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl Record for SignInLink {
    const COLLECTION: &'static Collection = &kept::SIGN_IN_LINKS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.secret_hash.as_str()])
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// How often somebody has tried to sign in as a user without success.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInTries {
    /// SHA-256 of the address in lower case, in hex: it need not be a user's.
    pub email_hash: String,
    /// How often.
    pub count: u32,
    /// When the last time was.
    pub last_at: Timestamp,
    /// When they are forgotten.
    pub expires_at: Timestamp,
}

impl Record for SignInTries {
    const COLLECTION: &'static Collection = &kept::SIGN_IN_TRIES;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.email_hash.as_str()])
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
