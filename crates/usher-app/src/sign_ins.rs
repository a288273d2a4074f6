//! Signing in: a person proves who they are with a password, and is known by a cookie then.
//!
//! The cookie holds a secret of 32 bytes, of which only the hash is kept. It works for twelve hours,
//! and no longer than the user is enabled and has the password, or none, that it was made with.

pub mod oidc;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use usher_model::id::{AccountId, RequestId, UserId};
use usher_model::role::Role;
use usher_model::time::Timestamp;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, Kept, Record as _, SignIn, SignInLink, SignInTries};
use usher_store::store::{Field, Key, Query};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::{Change, check_name};
use crate::credentials::{self, secret};
use crate::error::{Code, Error, Result};
use crate::hash::sha256;
use crate::noun::{self, Noun as _};
use crate::users::{self, User, UserKind, Written};
use crate::{accounts, passwords};

/// How long somebody stays signed in: a long shift.
const SIGNED_IN_FOR: Duration = Duration::from_secs(12 * 60 * 60);
/// How long a link works.
const LINK_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// Wrong passwords in a row that cost no wait.
const FREE_TRIES: u32 = 5;
/// The wait after the first one too many; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(15);
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);
/// When tries are forgotten.
const TRIES_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// What a cookie's value begins with, so that secret scanners find it.
const COOKIE_PREFIX: &str = "uss";
/// What a link's token begins with.
const LINK_PREFIX: &str = "usl";

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The account.
    pub account: AccountId,
    /// Who.
    pub user: User,
    /// The cookie's value.
    pub cookie: String,
    /// How long it works.
    pub expires_in: Duration,
}

/// What somebody signs in with.
#[derive(Clone)]
pub struct Proof {
    /// The account; nothing if the server has only one.
    pub account: Option<AccountId>,
    /// The user's address.
    pub email: String,
    /// The user's password.
    pub password: String,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// Signs somebody in.
///
/// # Errors
/// Fails with [`Code::SignInRefused`] if no enabled person has this address and this password, with
/// [`Code::SignInLocked`] after too many tries.
pub async fn sign_in(app: &App, proof: Proof) -> Result<SignedIn> {
    let account = match proof.account {
        Some(account) => account,
        None => only_account(app).await?,
    };
    let email = proof.email.trim().to_lowercase();
    let tries = take_try(app, &account, &email).await?;
    let user = by_email(app, &account, &email).await?.filter(may_sign_in);
    let hash = user
        .as_ref()
        .and_then(|kept| kept.record.password_hash.clone());
    let is_right = passwords::is_right(app, proof.password, hash).await?;
    let Some(kept) = user.filter(|_| is_right) else {
        return Err(refused());
    };
    let mut batch = Batch::new(app.now());
    batch.delete(SignInTries::COLLECTION, tries.key(&account), Expect::Any);
    admit(app, account, kept, batch).await
}

/// Says who presents a cookie.
///
/// # Errors
/// Fails with [`Code::Unauthorized`] if it is malformed, unknown or expired, or the user is disabled
/// or has a new password.
pub async fn authenticate(app: &App, cookie: &str, request_id: RequestId) -> Result<Caller> {
    if let Some(caller) = credentials::remembered_user(app, cookie, request_id) {
        return Ok(caller);
    }
    let (account, key) = parse(COOKIE_PREFIX, cookie).ok_or_else(credentials::unauthorized)?;
    let now = app.now();
    let row = app.store.get(SignIn::COLLECTION, &key, now).await?;
    let row = row.ok_or_else(credentials::unauthorized)?;
    let sign_in = record::read::<SignIn>(&row)?.record;
    let key = Key::new(&account, [sign_in.user_id.as_str()]);
    let row = app.store.get(record::User::COLLECTION, &key, now).await?;
    let user: Option<Kept<record::User>> = row.as_ref().map(record::read).transpose()?;
    let user = user
        .filter(may_sign_in)
        .filter(|kept| fingerprint(&kept.record) == sign_in.password_hash)
        .ok_or_else(credentials::unauthorized)?;
    let until = sign_in.expires_at;
    Ok(credentials::admit_user(
        app,
        cookie,
        account,
        &user.record,
        until,
        request_id,
    ))
}

/// Whether the text looks like a cookie of ours rather than a key or a token.
#[must_use]
pub fn is_cookie(text: &str) -> bool {
    text.split('.').next() == Some(COOKIE_PREFIX)
}

/// Returns what a page must send along with each change, which pages of other sites cannot know.
#[must_use]
pub fn csrf_token(cookie: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(format!("csrf {cookie}")))
}

/// Signs somebody out in one browser; a cookie that does not work any more is none.
///
/// # Errors
/// Fails if the store cannot write.
pub async fn sign_out(app: &App, cookie: &str) -> Result<()> {
    let Some((_, key)) = parse(COOKIE_PREFIX, cookie) else {
        return Ok(());
    };
    let mut batch = Batch::new(app.now());
    batch.delete(SignIn::COLLECTION, key, Expect::Any);
    app.store.commit(batch).await?;
    app.credentials.forget();
    Ok(())
}

/// Returns the person whom the caller is; a key is nobody.
///
/// # Errors
/// Fails if the store cannot be read.
pub async fn who(caller: &Caller, app: &App) -> Result<Option<User>> {
    let Some(user) = &caller.agent else {
        return Ok(None);
    };
    let kept: Kept<record::User> = noun::find(caller, app, user.as_str()).await?;
    Ok(Some(kept.into()))
}

/// A link with which a user chooses a password, once.
#[derive(Clone, Debug)]
pub struct Link {
    /// What stands in the link.
    pub token: String,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// Returns the path of a link on the server.
#[must_use]
pub fn path(link: &Link) -> String {
    format!("/console/setup?token={}", link.token)
}

/// Makes a link with which a person chooses a password and signs in, once within a day.
///
/// # Errors
/// Fails if the caller may not change that user, or there is no such enabled person.
pub async fn link(caller: &Caller, app: &App, user: &UserId) -> Result<Link> {
    caller.require(Permission::UsersWrite)?;
    let kept: Kept<record::User> = noun::find(caller, app, user.as_str()).await?;
    users::require_reach(caller, kept.record.role)?;
    if kept.record.kind != UserKind::Human || !kept.record.is_enabled {
        return Err(Error::field("#/id", "expected an enabled person"));
    }
    let secret = secret(app);
    let mut change = Change::new(app, caller);
    let link = SignInLink {
        secret_hash: credentials::hash(&secret),
        user_id: user.clone(),
        expires_at: change.now.plus(LINK_TTL),
    };
    let target = format!("user/{user}");
    change
        .put(&link, Expect::Absent)?
        .audit("user.link", target, None, None)?;
    change.commit().await?;
    Ok(Link {
        token: compose(LINK_PREFIX, &caller.account, &secret),
        expires_at: link.expires_at,
    })
}

/// Makes a link for the first administrator of an account, and the administrator if there is none;
/// returns nothing if somebody can sign in already.
///
/// # Errors
/// Fails if the caller may not change access.
pub async fn first_link(caller: &Caller, app: &Arc<App>) -> Result<Option<Link>> {
    let users = users::list(caller, app).await?;
    let is_admin = |user: &&User| user.role == Role::Admin && user.is.kind == UserKind::Human;
    let admin = match users.iter().find(is_admin) {
        Some(admin) => admin.id.clone(),
        None => {
            let admin = Written {
                role: Some(Role::Admin),
                max_conversations: Some(0),
                ..Written::new("Administrator")
            };
            let id = UserId::parse("admin").map_err(Error::internal)?;
            users::create(caller, app, Some(id), admin).await?.id
        }
    };
    link_if_new(caller, app, &admin).await
}

/// Makes a link for somebody who has no password yet; returns nothing for whoever has one or is
/// disabled.
///
/// # Errors
/// As [`link`].
pub async fn link_if_new(caller: &Caller, app: &App, user: &UserId) -> Result<Option<Link>> {
    caller.require(Permission::UsersWrite)?;
    let kept: Kept<record::User> = noun::find(caller, app, user.as_str()).await?;
    if kept.record.password_hash.is_some() || !kept.record.is_enabled {
        return Ok(None);
    }
    link(caller, app, user).await.map(Some)
}

/// What somebody sets up by a link.
#[derive(Clone)]
pub struct SetUp {
    /// What stands in the link.
    pub token: String,
    /// Their name, if it is to be another.
    pub name: Option<String>,
    /// Their address, if it is to be another; without one nobody can sign in.
    pub email: Option<String>,
    /// The password they choose.
    pub password: String,
}

impl std::fmt::Debug for SetUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetUp").finish_non_exhaustive()
    }
}

/// Gives the user of a link the password they choose, and signs them in; the link is used up.
///
/// # Errors
/// Fails with [`Code::LinkGone`] if the link was used or is too old, and if a field is wrong or the
/// address is another user's.
pub async fn set_up(app: &Arc<App>, wanted: SetUp) -> Result<SignedIn> {
    let gone = || {
        Error::new(
            Code::LinkGone,
            "the link was used or is too old; ask for another",
        )
    };
    let (account, key) = parse(LINK_PREFIX, &wanted.token).ok_or_else(gone)?;
    let row = app
        .store
        .get(SignInLink::COLLECTION, &key, app.now())
        .await?;
    let link: Kept<SignInLink> = record::read(&row.ok_or_else(gone)?)?;
    let caller = Caller {
        actor: format!("user/{}", link.record.user_id),
        ..accounts::operator(app, &account).await?
    };
    let kept: Kept<record::User> = noun::find(&caller, app, link.record.user_id.as_str())
        .await
        .map_err(|source| gone().with_source(source))?;
    if !kept.record.is_enabled {
        return Err(gone());
    }
    let mut user = kept.record.clone();
    if let Some(name) = wanted.name {
        check_name(&name)?;
        user.name = name;
    }
    if let Some(email) = wanted.email {
        user.email = Some(email.trim().to_owned());
    }
    users::check_email(user.email.as_deref())?;
    user.password_hash = Some(passwords::hash(app, wanted.password).await?);
    let mut change = Change::new(app, &caller);
    change.put(&user, Expect::Revision(kept.revision))?.audit(
        "user.set-up",
        format!("user/{}", user.id),
        Some(kept.record.seen()?),
        Some(user.seen()?),
    )?;
    change.delete(&link.record, Expect::Revision(link.revision));
    let tries = email_key(&account, user.email.as_deref().unwrap_or_default());
    change.delete_key(SignInTries::COLLECTION, tries, Expect::Any);
    let kept = noun::committed(&caller, app, change, user).await?;
    admit(app, account, kept, Batch::new(app.now())).await
}

/// Gives the caller a new password: every other browser is signed out.
///
/// # Errors
/// Fails with [`Code::SignInRefused`] if the present password is wrong, and if the caller is not a
/// person or the new one is too short.
pub async fn change_password(
    caller: &Caller,
    app: &Arc<App>,
    current: String,
    new: String,
) -> Result<SignedIn> {
    let user = caller.agent.as_ref().ok_or_else(|| {
        let message = "expected the password of somebody who has signed in; a credential has none";
        Error::field("#/currentPassword", message)
    })?;
    let kept: Kept<record::User> = noun::find(caller, app, user.as_str()).await?;
    let email = kept.record.email.clone().unwrap_or_default().to_lowercase();
    let tries = take_try(app, &caller.account, &email).await?;
    let hash = kept.record.password_hash.clone();
    if !passwords::is_right(app, current, hash).await? {
        return Err(refused());
    }
    let mut after = kept.record.clone();
    after.password_hash = Some(passwords::hash(app, new).await?);
    let mut change = Change::new(app, caller);
    change.put(&after, Expect::Revision(kept.revision))?.audit(
        "user.password",
        format!("user/{user}"),
        None,
        None,
    )?;
    change.delete_key(
        SignInTries::COLLECTION,
        tries.key(&caller.account),
        Expect::Any,
    );
    let kept = noun::committed(caller, app, change, after).await?;
    app.credentials.forget();
    admit(app, caller.account.clone(), kept, Batch::new(app.now())).await
}

/// Writes that somebody is signed in, with what else the batch holds.
async fn admit(
    app: &App,
    account: AccountId,
    kept: Kept<record::User>,
    mut batch: Batch,
) -> Result<SignedIn> {
    let secret = secret(app);
    let now = app.now();
    let sign_in = SignIn {
        secret_hash: credentials::hash(&secret),
        user_id: kept.record.id.clone(),
        password_hash: fingerprint(&kept.record),
        created_at: now,
        expires_at: now.plus(SIGNED_IN_FOR),
    };
    batch.put_record(&account, &sign_in, Expect::Absent)?;
    app.store.commit(batch).await?;
    Ok(SignedIn {
        cookie: compose(COOKIE_PREFIX, &account, &secret),
        account,
        user: kept.into(),
        expires_in: SIGNED_IN_FOR,
    })
}

/// Counts a try before the password is looked at, so that many at once are many.
async fn take_try(app: &App, account: &AccountId, email: &str) -> Result<SignInTries> {
    let key = email_key(account, email);
    loop {
        let now = app.now();
        let row = app.store.get(SignInTries::COLLECTION, &key, now).await?;
        let kept: Option<Kept<SignInTries>> = row.as_ref().map(record::read).transpose()?;
        let count = kept.as_ref().map_or(0, |kept| kept.record.count);
        if let Some(kept) = &kept {
            let passed = now.since(kept.record.last_at);
            let left = wait_after(count).saturating_sub(passed);
            if !left.is_zero() {
                let message = "the password was guessed wrong too often; wait and try again";
                return Err(Error::new(Code::SignInLocked, message).with_retry_after(left));
            }
        }
        let tries = SignInTries {
            email_hash: credentials::hash(email),
            count: count.saturating_add(1),
            last_at: now,
            expires_at: now.plus(TRIES_TTL),
        };
        let expect = kept.map_or(Expect::Absent, |kept| Expect::Revision(kept.revision));
        let mut batch = Batch::new(now);
        batch.put_record(account, &tries, expect)?;
        match app.store.commit(batch).await {
            Ok(_) => return Ok(tries),
            // Somebody else tries at the same moment.
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// How long to wait after so many tries.
fn wait_after(count: u32) -> Duration {
    let Some(doubled) = count.checked_sub(FREE_TRIES) else {
        return Duration::ZERO;
    };
    FIRST_WAIT
        .saturating_mul(1_u32.checked_shl(doubled).unwrap_or(u32::MAX))
        .min(WAIT_MAX)
}

fn email_key(account: &AccountId, email: &str) -> Key {
    Key::new(account, [credentials::hash(&email.to_lowercase()).as_str()])
}

async fn only_account(app: &App) -> Result<AccountId> {
    let mut accounts = accounts::list(app).await?.into_iter();
    match (accounts.next(), accounts.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Error::field(
            "#/account",
            "expected the id of the account: this server has several, or none",
        )),
    }
}

async fn by_email(
    app: &App,
    account: &AccountId,
    email: &str,
) -> Result<Option<Kept<record::User>>> {
    let query = Query {
        index: Some("by_email"),
        equals: vec![Field::Text(email.to_owned())],
        limit: 1,
        ..Query::all(account, &kept::USERS)
    };
    let page = app.store.find(&query, app.now()).await?;
    Ok(page.rows.first().map(record::read).transpose()?)
}

fn may_sign_in(kept: &Kept<record::User>) -> bool {
    kept.record.is_enabled && kept.record.kind == UserKind::Human
}

/// Names a password without telling anything of it.
fn fingerprint(user: &record::User) -> String {
    credentials::hash(user.password_hash.as_deref().unwrap_or_default())
}

fn refused() -> Error {
    let message = "no user has this address and this password";
    Error::new(Code::SignInRefused, message)
}

/// `<prefix>.<account>.<secret>`, the account in base64url.
fn compose(prefix: &str, account: &AccountId, secret: &str) -> String {
    let account = URL_SAFE_NO_PAD.encode(account.as_str());
    format!("{prefix}.{account}.{secret}")
}

fn parse(prefix: &str, text: &str) -> Option<(AccountId, Key)> {
    let (account, secret) = text
        .strip_prefix(prefix)?
        .strip_prefix('.')?
        .split_once('.')?;
    let account = String::from_utf8(URL_SAFE_NO_PAD.decode(account).ok()?).ok()?;
    let account = AccountId::parse(&account).ok()?;
    let key = Key::new(&account, [credentials::hash(secret).as_str()]);
    Some((account, key))
}
