//! Accounts, credentials and the audit log.

use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, AuditId, CredentialId, UserId};
use usher_model::role::Role;
use usher_model::time::Timestamp;
use usher_model::value::Value;

use super::Record;
use crate::collection::{Collection, kept};
use crate::store::{Field, Key};

/// A tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// When it was made.
    pub created_at: Timestamp,
    /// Signs the account's tokens: 32 bytes in base64.
    pub token_key: String,
}

impl Record for Account {
    const COLLECTION: &'static Collection = &kept::ACCOUNTS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [])
    }
}

/// What a program proves itself with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// Which one.
    pub id: CredentialId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The user in whose name it acts, if it is bound to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// SHA-256 of the API key's secret, in hex.
    pub key_hash: String,
    /// SHA-256 of the client secret, in hex.
    pub secret_hash: String,
    /// The hashes before the last rotation.
    pub previous_key_hash: Option<String>,
    /// The hashes before the last rotation.
    pub previous_secret_hash: Option<String>,
    /// Until when the previous ones still work.
    pub previous_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// From when on it does not work.
    pub expires_at: Option<Timestamp>,
}

impl Record for Credential {
    const COLLECTION: &'static Collection = &kept::CREDENTIALS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.to_string().as_str()])
    }
}

/// When a credential was last used, to the minute.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialUse {
    /// Which one.
    pub id: CredentialId,
    /// When.
    pub last_used_at: Timestamp,
}

impl Record for CredentialUse {
    const COLLECTION: &'static Collection = &kept::CREDENTIAL_USES;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.to_string().as_str()])
    }
}

/// One change of configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Audit {
    /// Which entry; ids sort by time.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// In which request.
    pub request_id: String,
    /// What was done: `policy.update`.
    pub action: String,
    /// To what: `policy/3f0c…`.
    pub target: String,
    /// What was before; secrets never stand here.
    pub before: Option<Value>,
    /// What is now.
    pub after: Option<Value>,
}

impl Record for Audit {
    const COLLECTION: &'static Collection = &kept::AUDIT;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.to_string().as_str()])
    }

    fn fields(&self) -> Vec<Field> {
        vec![Field::Text(self.target.clone())]
    }
}

/// A creation that a caller named.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Idempotency {
    /// Who named it.
    pub actor: String,
    /// The name.
    pub key: String,
    /// SHA-256 of the operation and what was sent, in hex.
    pub fingerprint: String,
    /// The id of what it made.
    pub target: String,
    /// From when on the name is free again.
    pub expires_at: Timestamp,
}

impl Record for Idempotency {
    const COLLECTION: &'static Collection = &kept::IDEMPOTENCY;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.actor.as_str(), self.key.as_str()])
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}
