//! Credentials: API keys and client secrets, hashed, scoped by role, rotated with overlap.
//!
//! A secret is 32 random bytes, so one round of SHA-256 keeps it; passwords are another matter
//! (see [`crate::users`]).

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, AgentId, ConsumerId, CredentialId, RequestId, UserId};
use usher_model::role::Role;
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use usher_store::batch::{Batch, Expect};
use usher_store::record::{self, Kept, Record as _};
use usher_store::store::{Key, Query};

use crate::App;
use crate::cache::{self, Cache};
use crate::caller::{Caller, Permission, Reach};
use crate::change::{Change, check_name};
use crate::error::{Code, Error, Result};
use crate::hash::{hexadecimal, sha256};
use crate::idempotency::Creation;

/// How long a credential that was found good is taken as good without asking the store: the longest
/// time that a revocation on the command line needs to reach a running server.
const REMEMBERED_FOR: Duration = Duration::from_secs(5);
/// Credentials remembered at once.
const REMEMBERED_MAX: u64 = 10_000;
/// How exactly the last use is known.
const LAST_USE_STEP: Duration = Duration::from_secs(60);
/// What an API key begins with, so that secret scanners find it.
const KEY_PREFIX: &str = "usk";

/// Credentials that were found good a moment ago.
pub(crate) struct Credentials {
    known: Cache<[u8; 32], Known>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Known {
    account: AccountId,
    id: Bearer,
    role: Role,
    reach: Reach,
    /// The agent that the credential is bound to.
    agent: Option<AgentId>,
    until: Timestamp,
}

/// Whose a key or a token is.
#[derive(Clone)]
enum Bearer {
    Credential(CredentialId),
    User(UserId),
    Consumer { id: ConsumerId, is_identified: bool },
}

impl Credentials {
    pub(crate) fn new() -> Self {
        Self {
            known: cache::counted(REMEMBERED_MAX),
        }
    }

    /// Forgets everything: a credential was changed.
    pub(crate) fn forget(&self) {
        self.known.clear();
    }
}

/// A credential without its secrets.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Which one.
    pub id: CredentialId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The user in whose name it acts, if it is bound to one.
    pub user_id: Option<UserId>,
    /// What signs in at `/v2/authenticate/login` together with the client secret.
    pub client_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// From when on it does not work.
    pub expires_at: Option<Timestamp>,
    /// Until when the secrets before the last rotation work.
    pub previous_until: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A credential with its secrets, which are shown once.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The credential.
    pub credential: Credential,
    /// `Authorization: Bearer …` or `maven-api-key: …`
    pub api_key: String,
    /// For `/v2/authenticate/login`.
    pub client_secret: String,
}

/// What a new credential is to be.
#[derive(Clone, Debug)]
pub struct New {
    /// What people will call it: 1 to 200 characters.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The user in whose name it acts: an agent's key takes part in conversations as that agent, and
    /// works only while the user is enabled.
    pub user_id: Option<UserId>,
    /// From when on it does not work.
    pub expires_at: Option<Timestamp>,
}

/// Makes a credential and shows its secrets this once.
///
/// # Errors
/// Fails if the caller may not change access, the name is empty or too long, or the expiry has
/// passed.
pub async fn create(caller: &Caller, app: &App, new: New) -> Result<Issued> {
    caller.require(Permission::AccessWrite)?;
    let mut change = Change::new(app, caller);
    check_name(&new.name)?;
    if new.expires_at.is_some_and(|at| at <= change.now) {
        return Err(Error::field(
            "#/expiresAt",
            "expected an instant in the future",
        ));
    }
    if new.role == Role::Consumer {
        let message = "expected a role of the staff; consumers have tokens of their own";
        return Err(Error::field("#/role", message));
    }
    if let Some(user) = &new.user_id {
        let is_there = is_working(app, &caller.account, user).await?;
        let expected = format!("expected the id of an enabled user, found `{user}`");
        is_there
            .then_some(())
            .ok_or_else(|| Error::field("#/userId", expected))?;
    }
    let creation = Creation::new(
        caller,
        "credential.create",
        &(&new.name, new.role, new.expires_at, &new.user_id),
    )?;
    if let Some(earlier) = creation.earlier(caller, app).await? {
        return Err(Error::new(
            Code::IdempotencyConflict,
            format!("credential `{earlier}` was made with this key; its secrets were shown once"),
        ));
    }
    let (key_secret, client_secret) = (secret(app), secret(app));
    let credential = record::Credential {
        id: CredentialId::mint(&app.ids),
        name: new.name,
        role: new.role,
        user_id: new.user_id,
        key_hash: hash(&key_secret),
        secret_hash: hash(&client_secret),
        previous_key_hash: None,
        previous_secret_hash: None,
        previous_until: None,
        created_at: change.now,
        created_by: caller.actor.clone(),
        expires_at: new.expires_at,
    };
    change.put(&credential, Expect::Absent)?.audit(
        "credential.create",
        target(credential.id),
        None,
        Some(seen(&credential)),
    )?;
    change.remember(&creation, &credential.id.to_string())?;
    change.commit().await?;
    Ok(issued(caller, credential, &key_secret, client_secret))
}

/// Returns every credential of the account, the oldest first.
///
/// # Errors
/// Fails if the caller may not see access.
pub async fn list(caller: &Caller, app: &App) -> Result<Vec<Credential>> {
    caller.require(Permission::AccessRead)?;
    let now = app.now();
    let query = Query::all(&caller.account, record::Credential::COLLECTION);
    let mut credentials = Vec::new();
    for row in app.store.find_all(&query, now).await? {
        let kept: Kept<record::Credential> = record::read(&row)?;
        let key = Key::new(&caller.account, [kept.record.id.to_string().as_str()]);
        let used = app
            .store
            .get(record::CredentialUse::COLLECTION, &key, now)
            .await?;
        let used = used
            .as_ref()
            .map(record::read::<record::CredentialUse>)
            .transpose()?;
        let mut credential = shown(&caller.account, kept.record);
        credential.last_used_at = used.map(|kept| kept.record.last_used_at);
        credentials.push(credential);
    }
    Ok(credentials)
}

/// Removes a credential: it stops working at once.
///
/// # Errors
/// Fails if the caller may not change access, or there is no such credential.
pub async fn revoke(caller: &Caller, app: &App, id: CredentialId) -> Result<()> {
    caller.require(Permission::AccessWrite)?;
    let kept = get(app, &caller.account, id).await?;
    let mut change = Change::new(app, caller);
    change
        .delete(&kept.record, Expect::Revision(kept.revision))
        .audit(
            "credential.revoke",
            target(id),
            Some(seen(&kept.record)),
            None,
        )?;
    change.commit().await?;
    app.credentials.forget();
    Ok(())
}

/// Gives a credential new secrets; the present ones work on for `overlap`.
///
/// # Errors
/// Fails if the caller may not change access, or there is no such credential.
pub async fn rotate(
    caller: &Caller,
    app: &App,
    id: CredentialId,
    overlap: Duration,
) -> Result<Issued> {
    caller.require(Permission::AccessWrite)?;
    let kept = get(app, &caller.account, id).await?;
    let mut change = Change::new(app, caller);
    let (key_secret, client_secret) = (secret(app), secret(app));
    let before = kept.record;
    let after = record::Credential {
        previous_key_hash: Some(before.key_hash.clone()),
        previous_secret_hash: Some(before.secret_hash.clone()),
        previous_until: Some(change.now.plus(overlap)),
        key_hash: hash(&key_secret),
        secret_hash: hash(&client_secret),
        ..before.clone()
    };
    change.put(&after, Expect::Revision(kept.revision))?.audit(
        "credential.rotate",
        target(id),
        Some(seen(&before)),
        Some(seen(&after)),
    )?;
    change.commit().await?;
    app.credentials.forget();
    Ok(issued(caller, after, &key_secret, client_secret))
}

/// Says who presents an API key.
///
/// # Errors
/// Fails with [`Code::Unauthorized`] if the key is malformed, unknown, expired or revoked.
pub async fn authenticate(app: &App, api_key: &str, request_id: RequestId) -> Result<Caller> {
    let digest = sha256(api_key);
    match remembered(app, &digest, request_id) {
        Some(caller) => Ok(caller),
        // On the heap: every request would carry the room for it.
        None => Box::pin(examine_api_key(app, digest, api_key, request_id)).await,
    }
}

async fn examine_api_key(
    app: &App,
    digest: [u8; 32],
    api_key: &str,
    request_id: RequestId,
) -> Result<Caller> {
    let (account, id, secret) = parse_api_key(api_key).ok_or_else(unauthorized)?;
    let credential = get(app, &account, id).await.map_err(hidden)?.record;
    let matches = is_one_of(
        &hash(secret),
        &credential.key_hash,
        credential.previous_key_hash.as_deref(),
        &credential,
        app.now(),
    );
    if !matches {
        return Err(unauthorized());
    }
    let reach = Reach::Everything;
    admit(app, digest, account, &credential, reach, request_id).await
}

/// A token for the second generation of the contracts.
#[derive(Clone, Debug)]
pub struct Token {
    /// A signed JWT.
    pub access_token: String,
    /// How long it works.
    pub expires_in: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    /// A credential or, with the role of one, a consumer.
    sub: String,
    tenant_id: AccountId,
    role: Role,
    /// Whether the brand vouches for the consumer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    identified: bool,
    /// Whether it only runs functions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    only_functions: bool,
    iat: i64,
    exp: i64,
}

/// Exchanges client id and secret for a token.
///
/// # Errors
/// Fails with [`Code::Unauthorized`] if they are wrong, expired or revoked.
pub async fn login(app: &App, client_id: &str, client_secret: &str) -> Result<Token> {
    exchange(app, client_id, client_secret, Reach::Everything).await
}

async fn exchange(app: &App, client_id: &str, client_secret: &str, reach: Reach) -> Result<Token> {
    let (account, id) = parse_client_id(client_id).ok_or_else(unauthorized)?;
    let credential = get(app, &account, id).await.map_err(hidden)?.record;
    let now = app.now();
    let matches = is_one_of(
        &hash(client_secret),
        &credential.secret_hash,
        credential.previous_secret_hash.as_deref(),
        &credential,
        now,
    );
    if !matches {
        return Err(unauthorized());
    }
    let bearer = Signed {
        sub: id.to_string(),
        role: credential.role,
        is_identified: false,
        reach,
    };
    sign(app, &account, bearer).await
}

/// Exchanges client id and secret for a token of an account that is named, which only runs functions.
///
/// # Errors
/// As [`login`], and if they are another account's.
pub async fn login_for_functions(
    app: &App,
    account: &str,
    client_id: &str,
    client_secret: &str,
) -> Result<Token> {
    let (own, _) = parse_client_id(client_id).ok_or_else(unauthorized)?;
    if own.as_str() != account {
        return Err(unauthorized());
    }
    exchange(app, client_id, client_secret, Reach::Functions).await
}

/// Makes a consumer's token.
pub(crate) async fn issue_to_consumer(
    app: &App,
    account: &AccountId,
    consumer: &ConsumerId,
    is_identified: bool,
) -> Result<Token> {
    let bearer = Signed {
        sub: consumer.to_string(),
        role: Role::Consumer,
        is_identified,
        reach: Reach::Everything,
    };
    sign(app, account, bearer).await
}

/// What a token says of its bearer.
struct Signed {
    sub: String,
    role: Role,
    is_identified: bool,
    reach: Reach,
}

async fn sign(app: &App, account: &AccountId, bearer: Signed) -> Result<Token> {
    let now = app.now();
    let expires_in = app.options.token_ttl;
    let claims = Claims {
        sub: bearer.sub,
        tenant_id: account.clone(),
        role: bearer.role,
        identified: bearer.is_identified,
        only_functions: bearer.reach == Reach::Functions,
        iat: now.milliseconds() / 1_000,
        exp: now.plus(expires_in).milliseconds() / 1_000,
    };
    let key = token_key(app, account).await?;
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    let key = jsonwebtoken::EncodingKey::from_secret(&key);
    let access_token = jsonwebtoken::encode(&header, &claims, &key).map_err(Error::internal)?;
    Ok(Token {
        access_token,
        expires_in,
    })
}

/// Says who presents a token.
///
/// # Errors
/// Fails with [`Code::Unauthorized`] if the token is malformed, forged or expired, or its
/// credential is gone.
pub async fn authenticate_token(app: &App, token: &str, request_id: RequestId) -> Result<Caller> {
    let digest = sha256(token);
    match remembered(app, &digest, request_id) {
        Some(caller) => Ok(caller),
        None => Box::pin(examine_token(app, digest, token, request_id)).await,
    }
}

async fn examine_token(
    app: &App,
    digest: [u8; 32],
    token: &str,
    request_id: RequestId,
) -> Result<Caller> {
    // The account is read before the signature is checked, only to know with which key.
    let account = unverified_account(token).ok_or_else(unauthorized)?;
    let key = token_key(app, &account).await.map_err(hidden)?;
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256);
    // Expiry is compared with our own clock below.
    validation.validate_exp = false;
    let key = jsonwebtoken::DecodingKey::from_secret(&key);
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)
        .map_err(|source| unauthorized().with_source(source))?
        .claims;
    let now = app.now();
    let expires_at = Timestamp::from_milliseconds(claims.exp.saturating_mul(1_000));
    if claims.tenant_id != account || expires_at <= now {
        return Err(unauthorized());
    }
    if claims.role == Role::Consumer {
        return admit_consumer(app, digest, account, &claims, request_id);
    }
    let id =
        CredentialId::parse(&claims.sub).map_err(|source| unauthorized().with_source(source))?;
    let mut credential = get(app, &account, id).await.map_err(hidden)?.record;
    let ends_at = credential
        .expires_at
        .map_or(expires_at, |at| at.min(expires_at));
    credential.expires_at = Some(ends_at);
    if ends_at <= now {
        return Err(unauthorized());
    }
    let reach = match claims.only_functions {
        true => Reach::Functions,
        false => Reach::Everything,
    };
    admit(app, digest, account, &credential, reach, request_id).await
}

/// Remembers a consumer's token that was found good.
fn admit_consumer(
    app: &App,
    digest: [u8; 32],
    account: AccountId,
    claims: &Claims,
    request_id: RequestId,
) -> Result<Caller> {
    let id = ConsumerId::parse(&claims.sub).map_err(|source| unauthorized().with_source(source))?;
    let expires_at = Timestamp::from_milliseconds(claims.exp.saturating_mul(1_000));
    let known = Known {
        account,
        id: Bearer::Consumer {
            id,
            is_identified: claims.identified,
        },
        role: Role::Consumer,
        reach: Reach::Everything,
        agent: None,
        until: app.now().plus(REMEMBERED_FOR).min(expires_at),
    };
    Ok(remember(app, digest, known, request_id))
}

/// Returns the caller whose cookie was found good a moment ago.
pub(crate) fn remembered_user(app: &App, cookie: &str, request_id: RequestId) -> Option<Caller> {
    remembered(app, &sha256(cookie), request_id)
}

/// Remembers a user whose cookie was found good, for a moment.
pub(crate) fn admit_user(
    app: &App,
    cookie: &str,
    account: AccountId,
    user: &record::User,
    until: Timestamp,
    request_id: RequestId,
) -> Caller {
    let known = Known {
        account,
        id: Bearer::User(user.id.clone()),
        role: user.role,
        reach: Reach::Everything,
        agent: AgentId::parse(user.id.as_str()).ok(),
        until: app.now().plus(REMEMBERED_FOR).min(until),
    };
    remember(app, sha256(cookie), known, request_id)
}

/// Whether the text looks like one of our API keys rather than a token.
#[must_use]
pub fn is_api_key(text: &str) -> bool {
    text.split('.').next() == Some(KEY_PREFIX)
}

fn remembered(app: &App, digest: &[u8; 32], request_id: RequestId) -> Option<Caller> {
    let (known, now) = (app.credentials.known.get(digest)?, app.now());
    // What ends too far ahead was noted before the clock went backwards.
    let is_fresh = known.until > now && known.until <= now.plus(REMEMBERED_FOR);
    is_fresh.then(|| caller_of(known, request_id))
}

/// Takes whoever was found good as good for a moment.
fn remember(app: &App, digest: [u8; 32], known: Known, request_id: RequestId) -> Caller {
    app.credentials.known.insert(digest, known.clone());
    caller_of(known, request_id)
}

fn caller_of(known: Known, request_id: RequestId) -> Caller {
    let Known {
        account,
        id,
        role,
        reach,
        agent,
        ..
    } = known;
    let (actor, consumer, is_identified) = match id {
        Bearer::Credential(id) => (target(id), None, false),
        Bearer::User(id) => (format!("user/{id}"), None, false),
        Bearer::Consumer { id, is_identified } => {
            (format!("consumer/{id}"), Some(id), is_identified)
        }
    };
    Caller {
        account,
        role,
        reach,
        actor,
        agent,
        consumer,
        is_identified,
        request_id,
        idempotency_key: None,
    }
}

/// Remembers a credential that was found good, and that it was used.
async fn admit(
    app: &App,
    digest: [u8; 32],
    account: AccountId,
    credential: &record::Credential,
    reach: Reach,
    request_id: RequestId,
) -> Result<Caller> {
    let now = app.now();
    if credential.expires_at.is_some_and(|at| at <= now) {
        return Err(unauthorized());
    }
    let agent = match &credential.user_id {
        Some(user) if !is_working(app, &account, user).await? => return Err(unauthorized()),
        Some(user) => AgentId::parse(user.as_str()).ok(),
        None => None,
    };
    let remembered_until = now.plus(REMEMBERED_FOR);
    let until = credential
        .expires_at
        .map_or(remembered_until, |at| at.min(remembered_until));
    let until = credential
        .previous_until
        .filter(|at| *at > now)
        .map_or(until, |at| at.min(until));
    let known = Known {
        account,
        id: Bearer::Credential(credential.id),
        role: credential.role,
        reach,
        agent,
        until,
    };
    note_use(app, &known.account, credential.id, now);
    Ok(remember(app, digest, known, request_id))
}

/// Writes the last use behind the answer; losing one costs a minute of knowledge.
fn note_use(app: &App, account: &AccountId, id: CredentialId, now: Timestamp) {
    let (store, account) = (app.store.clone(), account.clone());
    app.tasks.spawn(async move {
        let key = Key::new(&account, [id.to_string().as_str()]);
        let last = store.get(record::CredentialUse::COLLECTION, &key, now).await;
        let last = last.ok().flatten().and_then(|row| record::read(&row).ok());
        let is_recent = last.is_some_and(|kept: Kept<record::CredentialUse>| {
            now.since(kept.record.last_used_at) < LAST_USE_STEP
        });
        if is_recent {
            return;
        }
        let used = record::CredentialUse { id, last_used_at: now };
        let mut batch = Batch::new(now);
        if batch.put_record(&account, &used, Expect::Any).is_ok()
            && let Err(error) = store.commit(batch).await
        {
            tracing::warn!(credential_id = %id, %error, "the last use of a credential was not kept");
        }
    });
}

fn is_one_of(
    presented: &str,
    present: &str,
    previous: Option<&str>,
    credential: &record::Credential,
    now: Timestamp,
) -> bool {
    presented == present
        || (previous == Some(presented) && credential.previous_until.is_some_and(|at| at > now))
}

async fn get(app: &App, account: &AccountId, id: CredentialId) -> Result<Kept<record::Credential>> {
    let key = Key::new(account, [id.to_string().as_str()]);
    let row = app
        .store
        .get(record::Credential::COLLECTION, &key, app.now())
        .await?;
    let row = row.ok_or_else(|| Error::new(Code::CredentialNotFound, "no such credential"))?;
    Ok(record::read(&row)?)
}

/// Whether there is such a user, and enabled.
async fn is_working(app: &App, account: &AccountId, user: &UserId) -> Result<bool> {
    let key = Key::new(account, [user.as_str()]);
    let row = app
        .store
        .get(record::User::COLLECTION, &key, app.now())
        .await?;
    let kept: Option<Kept<record::User>> = row.as_ref().map(record::read).transpose()?;
    Ok(kept.is_some_and(|kept| kept.record.is_enabled))
}

async fn token_key(app: &App, account: &AccountId) -> Result<Vec<u8>> {
    let account = crate::accounts::find(app, account)
        .await?
        .ok_or_else(unauthorized)?;
    URL_SAFE_NO_PAD
        .decode(account.token_key)
        .map_err(Error::internal)
}

fn unverified_account(token: &str) -> Option<AccountId> {
    let payload = token.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    Some(claims.tenant_id)
}

pub(crate) fn unauthorized() -> Error {
    Error::new(
        Code::Unauthorized,
        "expected a valid credential in `Authorization: Bearer …`, `maven-api-key` or `access_token`",
    )
}

/// Somebody unknown is not told which part was wrong.
fn hidden(error: Error) -> Error {
    if error.code == Code::CredentialNotFound {
        unauthorized()
    } else {
        error
    }
}

pub(crate) fn secret(app: &App) -> String {
    URL_SAFE_NO_PAD.encode(app.ids.secret())
}

pub(crate) fn hash(secret: &str) -> String {
    hexadecimal(&sha256(secret))
}

fn target(id: CredentialId) -> String {
    format!("credential/{id}")
}

/// `usk.<account>.<credential>.<secret>`, the account in base64url.
fn api_key(account: &AccountId, id: CredentialId, secret: &str) -> String {
    format!("{KEY_PREFIX}.{}.{secret}", client_id(account, id))
}

fn parse_api_key(text: &str) -> Option<(AccountId, CredentialId, &str)> {
    let rest = text.strip_prefix(KEY_PREFIX)?.strip_prefix('.')?;
    let (client_id, secret) = rest.rsplit_once('.')?;
    let (account, id) = parse_client_id(client_id)?;
    Some((account, id, secret))
}

/// `<account>.<credential>`, the account in base64url.
fn client_id(account: &AccountId, id: CredentialId) -> String {
    format!("{}.{id}", URL_SAFE_NO_PAD.encode(account.as_str()))
}

fn parse_client_id(text: &str) -> Option<(AccountId, CredentialId)> {
    let (account, id) = text.split_once('.')?;
    let account = String::from_utf8(URL_SAFE_NO_PAD.decode(account).ok()?).ok()?;
    Some((
        AccountId::parse(&account).ok()?,
        CredentialId::parse(id).ok()?,
    ))
}

/// What the audit log may see of a credential.
fn seen(credential: &record::Credential) -> Value {
    let mut seen = Object::new();
    seen.insert("name".to_owned(), credential.name.clone().into());
    seen.insert("role".to_owned(), credential.role.as_str().into());
    let user_id = credential.user_id.as_ref().map(ToString::to_string);
    seen.insert("userId".to_owned(), user_id.into());
    seen.insert(
        "expiresAt".to_owned(),
        credential.expires_at.map(|at| at.to_string()).into(),
    );
    let previous_until = credential.previous_until.map(|at| at.to_string());
    seen.insert("previousUntil".to_owned(), previous_until.into());
    Value::Object(seen)
}

fn shown(account: &AccountId, credential: record::Credential) -> Credential {
    Credential {
        client_id: client_id(account, credential.id),
        id: credential.id,
        name: credential.name,
        role: credential.role,
        user_id: credential.user_id,
        created_at: credential.created_at,
        created_by: credential.created_by,
        expires_at: credential.expires_at,
        previous_until: credential.previous_until,
        last_used_at: None,
    }
}

fn issued(
    caller: &Caller,
    credential: record::Credential,
    key_secret: &str,
    client_secret: String,
) -> Issued {
    let api_key = api_key(&caller.account, credential.id, key_secret);
    Issued {
        credential: shown(&caller.account, credential),
        api_key,
        client_secret,
    }
}
