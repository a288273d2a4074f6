//! Credentials and the audit log.

use serde::{Deserialize, Serialize};
use usher_app::{audit, credentials};
use usher_model::id::{AuditId, CredentialId, UserId};
use usher_model::role::Role;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use utoipa::ToSchema;

/// What a new credential is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "concierge bot", "role": "bot"}))]
pub struct NewCredential {
    /// What people will call it: 1 to 200 characters.
    pub name: String,
    /// What it may do: `admin`, `manager`, `agent`, `bot`, `developer` or `readonly`.
    #[schema(value_type = String)]
    pub role: Role,
    /// The user in whose name it acts: the key of an agent takes part in conversations as that
    /// agent, and works only while the user is enabled.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub user_id: Option<UserId>,
    /// From when on it does not work; without it, until it is revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// A credential without its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// Which one.
    #[schema(value_type = String, format = "uuid")]
    pub id: CredentialId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    #[schema(value_type = String)]
    pub role: Role,
    /// The user in whose name it acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub user_id: Option<UserId>,
    /// Signs in at `/v2/authenticate/login`.
    pub client_id: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// From when on it does not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Until when the secrets before the last rotation work.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub previous_until: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
}

impl From<credentials::Credential> for Credential {
    fn from(credential: credentials::Credential) -> Self {
        Self {
            id: credential.id,
            name: credential.name,
            role: credential.role,
            user_id: credential.user_id,
            client_id: credential.client_id,
            created_at: credential.created_at,
            created_by: credential.created_by,
            expires_at: credential.expires_at,
            previous_until: credential.previous_until,
            last_used_at: credential.last_used_at,
        }
    }
}

/// A credential with its secrets, which are shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IssuedCredential {
    /// The credential.
    #[serde(flatten)]
    pub credential: Credential,
    /// For `Authorization: Bearer` and `maven-api-key`.
    pub api_key: String,
    /// For `/v2/authenticate/login`.
    pub client_secret: String,
}

impl From<credentials::Issued> for IssuedCredential {
    fn from(issued: credentials::Issued) -> Self {
        Self {
            credential: issued.credential.into(),
            api_key: issued.api_key,
            client_secret: issued.client_secret,
        }
    }
}

/// How a credential is rotated.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"overlapSeconds": 3600}))]
pub struct Rotation {
    /// How long the present secrets work on, in seconds: 0 unless given, at most 30 days.
    pub overlap_seconds: u32,
}

/// One change of configuration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Which entry.
    #[schema(value_type = String, format = "uuid")]
    pub id: AuditId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By whom: `credential/…`, `user/…` or `operator`.
    pub actor: String,
    /// In which request.
    pub request_id: String,
    /// What was done: `policy.update`.
    pub action: String,
    /// To what: `policy/3f0c…`.
    pub target: String,
    /// What was before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// What is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
}

impl From<audit::Entry> for AuditEntry {
    fn from(entry: audit::Entry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            actor: entry.actor,
            request_id: entry.request_id,
            action: entry.action,
            target: entry.target,
            before: entry.before,
            after: entry.after,
        }
    }
}
