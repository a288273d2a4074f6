//! Who consumers are, and the tokens they talk with.

use serde::{Deserialize, Serialize};
use usher_app::consumers;
use usher_app::error::Error;
use usher_model::id::{AccountId, ConsumerId};
use usher_model::value::Value;
use utoipa::ToSchema;

/// Whose signature an account takes for who a consumer is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"issuer": "https://brand.example", "audience": "usher", "keys": {"keys": [
    {"kty": "OKP", "crv": "Ed25519", "kid": "2026", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}}))]
pub struct ConsumerIdentity {
    /// The only issuer that is taken: the claim `iss`.
    pub issuer: String,
    /// Whom a token must be meant for: one of the claim `aud`.
    pub audience: String,
    /// The brand's public keys, as a JWK set (RFC 7517); a shared secret is a key of the type `oct`
    /// and is never shown again. Either these or `keysUrl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub keys: Option<Value>,
    /// Where the brand publishes its public keys: an address with `https`, which is tried at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys_url: Option<String>,
}

impl From<consumers::Trusted> for ConsumerIdentity {
    fn from(trusted: consumers::Trusted) -> Self {
        let (keys, keys_url) = match trusted.keys {
            consumers::Keys::Set(keys) => (Some(keys), None),
            consumers::Keys::Published(url) => (None, Some(url)),
        };
        Self {
            issuer: trusted.issuer,
            audience: trusted.audience,
            keys,
            keys_url,
        }
    }
}

impl TryFrom<ConsumerIdentity> for consumers::Trusted {
    type Error = Error;

    fn try_from(identity: ConsumerIdentity) -> Result<Self, Error> {
        let keys = match (identity.keys, identity.keys_url) {
            (Some(keys), None) => consumers::Keys::Set(keys),
            (None, Some(url)) => consumers::Keys::Published(url),
            _ => {
                return Err(Error::field(
                    "#/keys",
                    "expected either `keys` or `keysUrl`",
                ));
            }
        };
        Ok(Self {
            issuer: identity.issuer,
            audience: identity.audience,
            keys,
        })
    }
}

/// Who asks for a token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"account": "acc1"}))]
pub struct NewConsumerToken {
    /// With which account the consumer wants to talk.
    #[schema(value_type = String)]
    pub account: AccountId,
    /// A JWT that the brand has signed, whose `sub` is the consumer; without it the consumer is
    /// somebody new.
    pub identity_token: Option<String>,
    /// A token that still works, of a consumer for whom nobody vouches: the new one is the same
    /// consumer's.
    pub access_token: Option<String>,
}

/// A consumer's token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerToken {
    /// Who the bearer is.
    #[schema(value_type = String)]
    pub consumer_id: ConsumerId,
    /// Whether the brand vouches for that.
    pub is_identified: bool,
    /// For `Authorization: Bearer`; it works only in the consumer's own conversations.
    pub access_token: String,
    /// How long it works.
    pub expires_in_seconds: u64,
}

impl From<consumers::Issued> for ConsumerToken {
    fn from(issued: consumers::Issued) -> Self {
        Self {
            consumer_id: issued.consumer_id,
            is_identified: issued.is_identified,
            access_token: issued.access_token,
            expires_in_seconds: issued.expires_in.as_secs(),
        }
    }
}
