//! Consumers: whose word an account takes for who they are, and the tokens they talk with.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use usher_model::id::{AccountId, ConsumerId, ConversationId, RequestId};
use usher_model::value::Value;
use usher_store::batch::Expect;
use usher_store::record::{self, ConsumerIdentity, Kept, Record as _};
use usher_store::store::Key;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::Change;
use crate::check::Checks;
use crate::conversations::{View, step_up};
use crate::credentials;
use crate::error::{Code, Error, Result};
use crate::identity::{self, Trust};
use crate::key_sets;
use crate::noun;

/// Characters of an issuer or an audience.
const CLAIM_CHARS_MAX: usize = 500;
/// Characters of the address of keys.
const URL_CHARS_MAX: usize = 2_000;
/// When somebody tries again whose brand's keys could not be fetched.
const KEYS_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Whose signature an account takes for who a consumer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// The only issuer that is taken: the claim `iss`.
    pub issuer: String,
    /// Whom a token must be meant for: one of the claim `aud`.
    pub audience: String,
    /// The brand's keys.
    pub keys: Keys,
}

/// Where a brand's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Here, as a JWK set (RFC 7517); shared secrets are keys of the type `oct`.
    Set(Value),
    /// Under an address at which the brand publishes such a set.
    Published(String),
}

impl Keys {
    fn of(identity: &ConsumerIdentity) -> Self {
        match &identity.keys_url {
            Some(url) => Self::Published(url.clone()),
            None => Self::Set(identity.keys.clone().unwrap_or_default()),
        }
    }

    /// Returns what may be shown.
    fn without_secrets(self) -> Self {
        match self {
            Self::Set(keys) => Self::Set(without_secrets(keys)),
            published @ Self::Published(_) => published,
        }
    }
}

/// A consumer's token.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Who the bearer is.
    pub consumer_id: ConsumerId,
    /// Whether the brand vouches for that.
    pub is_identified: bool,
    /// For `Authorization: Bearer`; it works only in the consumer's own conversations.
    pub access_token: String,
    /// How long it works.
    pub expires_in: Duration,
}

/// Returns whose word the account takes, with its revision; secrets are left out.
///
/// # Errors
/// Fails if the caller may not see access.
pub async fn trusted(caller: &Caller, app: &App) -> Result<Option<(Trusted, u64)>> {
    caller.require(Permission::AccessRead)?;
    let kept = find(app, &caller.account).await?;
    Ok(kept.map(|kept| {
        let trusted = Trusted {
            keys: Keys::of(&kept.record).without_secrets(),
            issuer: kept.record.issuer,
            audience: kept.record.audience,
        };
        (trusted, kept.revision)
    }))
}

/// Says anew whose word the account takes; an address is tried first.
///
/// # Errors
/// Fails if the caller may not change access, a key cannot be used or fetched, or `expected` is not
/// the revision (0 before the first time).
pub async fn trust(
    caller: &Caller,
    app: &App,
    trusted: Trusted,
    expected: Option<u64>,
) -> Result<()> {
    caller.require(Permission::AccessWrite)?;
    let mut checks = Checks::default();
    checks.line(&trusted.issuer, CLAIM_CHARS_MAX, "#/issuer");
    checks.line(&trusted.audience, CLAIM_CHARS_MAX, "#/audience");
    let mut fetched = None;
    match &trusted.keys {
        Keys::Set(keys) => {
            if let Err(expected) = identity::keys(keys) {
                checks.require(false, "#/keys", expected);
            }
        }
        Keys::Published(url) => {
            let expected = format!("expected an address of at most {URL_CHARS_MAX} characters");
            checks.require(url.len() <= URL_CHARS_MAX, "#/keysUrl", expected);
            match fetch(app, url).await {
                Ok(keys) => fetched = Some(keys),
                Err(expected) => checks.require(false, "#/keysUrl", expected),
            }
        }
    }
    checks.finish()?;
    let before = find(app, &caller.account).await?;
    let revision = before.as_ref().map(|kept| kept.revision);
    if expected.is_some_and(|expected| expected != revision.unwrap_or(0)) {
        let message = "it was changed meanwhile; read it again and repeat the change";
        return Err(Error::new(Code::RevisionConflict, message));
    }
    let mut change = Change::new(app, caller);
    let (keys, keys_url) = match trusted.keys {
        Keys::Set(keys) => (Some(keys), None),
        Keys::Published(url) => (None, Some(url)),
    };
    let identity = ConsumerIdentity {
        issuer: trusted.issuer,
        audience: trusted.audience,
        keys,
        keys_url,
        updated_at: change.now,
        updated_by: caller.actor.clone(),
    };
    let (old, new) = (before.map(|kept| seen(&kept.record)), seen(&identity));
    change
        .put(&identity, revision.map_or(Expect::Absent, Expect::Revision))?
        .audit(
            "consumer-identity.update",
            "consumer-identity".to_owned(),
            old,
            Some(new),
        )?;
    change.commit().await?;
    if let (Some(url), Some(keys)) = (&identity.keys_url, fetched) {
        app.key_sets.keep(&caller.account, url, keys, app.now());
    }
    Ok(())
}

/// Fetches the keys of an address for the first time; a failure says what was expected.
async fn fetch(app: &App, url: &str) -> std::result::Result<JwkSet, String> {
    app.outbound
        .check_url(url)
        .map_err(|error| error.to_string())?;
    if !app.outbound.is_trustworthy(url) {
        return Err("expected an address that begins with `https://`".to_owned());
    }
    let fetched = key_sets::fetch(app, url).await;
    fetched.map_err(|error| match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    })
}

/// Takes nobody's word any more: every consumer is anonymous.
///
/// # Errors
/// Fails if the caller may not change access.
pub async fn distrust(caller: &Caller, app: &App) -> Result<()> {
    caller.require(Permission::AccessWrite)?;
    let Some(kept) = find(app, &caller.account).await? else {
        return Ok(());
    };
    let mut change = Change::new(app, caller);
    change
        .delete(&kept.record, Expect::Revision(kept.revision))
        .audit(
            "consumer-identity.delete",
            "consumer-identity".to_owned(),
            Some(seen(&kept.record)),
            None,
        )?;
    change.commit().await
}

/// Gives a consumer a token: to whom the brand's token names or, without one, to somebody new.
///
/// Anybody may ask, so it is counted for the account.
///
/// # Errors
/// Fails with [`Code::IdentityRefused`] if the account does not trust the brand's token, with
/// [`Code::IdentityUnavailable`] if its keys cannot be had, and if there is no such account or it is
/// asked too often.
pub async fn issue(app: &App, account: &AccountId, identity_token: Option<&str>) -> Result<Issued> {
    if crate::accounts::find(app, account).await?.is_none() {
        let message = format!("expected an account, found none called `{account}`");
        return Err(Error::new(Code::AccountNotFound, message));
    }
    app.newcomers.take(account, app.now())?;
    let consumer_id = match identity_token {
        Some(token) => recognise(app, account, token).await?,
        None => ConsumerId::parse(&noun::mint(app)).map_err(Error::internal)?,
    };
    let is_identified = identity_token.is_some();
    issued(app, account, consumer_id, is_identified).await
}

/// Gives whoever has a token that still works another one. For whom the brand vouches, the brand
/// does it again.
///
/// # Errors
/// Fails with [`Code::Unauthorized`] if the token works no more, and if it is not that of a consumer
/// of the account for whom nobody vouches, or it is asked too often.
pub async fn renew(app: &App, account: &AccountId, access_token: &str) -> Result<Issued> {
    let request = RequestId::mint(&app.ids);
    let caller = credentials::authenticate_token(app, access_token, request).await?;
    caller.require_account(account.as_str())?;
    app.newcomers.take(account, app.now())?;
    match caller.consumer {
        Some(consumer_id) if !caller.is_identified => {
            issued(app, account, consumer_id, false).await
        }
        _ => {
            let message = "expected the token of a consumer for whom nobody vouches; others ask \
                           with what vouches for them";
            Err(Error::new(Code::Forbidden, message))
        }
    }
}

async fn issued(
    app: &App,
    account: &AccountId,
    consumer_id: ConsumerId,
    is_identified: bool,
) -> Result<Issued> {
    let token = credentials::issue_to_consumer(app, account, &consumer_id, is_identified).await?;
    Ok(Issued {
        consumer_id,
        is_identified,
        access_token: token.access_token,
        expires_in: token.expires_in,
    })
}

/// Takes over who the consumer of a conversation is, on the word of the brand.
///
/// # Errors
/// Fails if the conversation is not the caller's or closed, or the account does not trust the token.
pub async fn identify(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    identity_token: &str,
) -> Result<View> {
    caller.require(Permission::ConversationsWrite)?;
    if caller.consumer.is_none() {
        caller.require(Permission::ActForOthers)?;
    }
    let consumer = recognise(app, &caller.account, identity_token).await?;
    step_up(caller, app, id, consumer).await
}

/// Returns the consumer whom the brand's token names.
async fn recognise(app: &App, account: &AccountId, token: &str) -> Result<ConsumerId> {
    let refused = "the account does not trust the token; its developers find the reason in the log";
    let Some(kept) = find(app, account).await? else {
        let message = "the account takes nobody's word for who a consumer is; see \
                       `PUT /api/v1/consumer-identity`";
        return Err(Error::new(Code::IdentityRefused, message));
    };
    let keys = match Keys::of(&kept.record) {
        Keys::Set(keys) => Arc::new(identity::keys(&keys).map_err(Error::internal)?),
        Keys::Published(url) => {
            let is_enough = |keys: &JwkSet| identity::has_key_of(keys, token);
            let keys = key_sets::of(app, account, &url, is_enough).await;
            keys.map_err(|source| {
                let message = "the brand's keys cannot be fetched now; try again";
                Error::new(Code::IdentityUnavailable, message)
                    .with_retry_after(KEYS_RETRY_AFTER)
                    .with_source(source)
            })?
        }
    };
    let trust = Trust {
        issuer: kept.record.issuer,
        audience: kept.record.audience,
        keys,
    };
    identity::verify(&trust, token, app.now()).map_err(|source| {
        tracing::info!(error = %source, account = %account, "a consumer was not recognised");
        Error::new(Code::IdentityRefused, refused).with_source(source)
    })
}

async fn find(app: &App, account: &AccountId) -> Result<Option<Kept<ConsumerIdentity>>> {
    let key = Key::new(account, []);
    let row = app
        .store
        .get(ConsumerIdentity::COLLECTION, &key, app.now())
        .await?;
    Ok(row.as_ref().map(record::read).transpose()?)
}

/// Returns what the audit log shows: no secrets.
fn seen(identity: &ConsumerIdentity) -> Value {
    let (name, keys) = match Keys::of(identity).without_secrets() {
        Keys::Set(keys) => ("keys", keys),
        Keys::Published(url) => ("keysUrl", url.into()),
    };
    serde_json::json!({
        "issuer": identity.issuer,
        "audience": identity.audience,
        name: keys,
    })
}

/// Takes the secret parts out of a JWK set.
fn without_secrets(mut keys: Value) -> Value {
    let list = keys.get_mut("keys").and_then(Value::as_array_mut);
    for key in list.into_iter().flatten().filter_map(Value::as_object_mut) {
        for secret in ["k", "d", "p", "q", "dp", "dq", "qi", "oth"] {
            key.remove(secret);
        }
    }
    keys
}
