//! People who sign in.

use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use usher_model::id::{RequestId, UserId};
use usher_model::role::Role;
use usher_model::time::Timestamp;
use usher_store::batch::{CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, Kept, Record as _};
use usher_store::store::{Key, Query};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::{Change, check_name};
use crate::error::{Code, Error, Result};
use crate::idempotency::{self, Creation};

/// A user without the password.
#[derive(Clone, Debug)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// What people call them.
    pub name: String,
    /// Where they are reached.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may sign in.
    pub is_enabled: bool,
    /// When they were added.
    pub created_at: Timestamp,
}

/// What a new user is to be.
#[derive(Clone)]
pub struct New {
    /// Their name: 1 to 200 characters.
    pub name: String,
    /// Their address, unique in the account ignoring case.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Their password: at least 12 characters.
    pub password: Option<String>,
}

impl std::fmt::Debug for New {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("New")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Adds a user.
///
/// # Errors
/// Fails if the caller may not, the address is taken, or a field is wrong.
pub async fn create(caller: &Caller, app: &App, new: New) -> Result<User> {
    caller.require(Permission::AccessWrite)?;
    check_name(&new.name)?;
    if !new.email.contains('@') || new.email.chars().count() > 254 {
        return Err(Error::field(
            "#/email",
            "expected an e-mail address of at most 254 characters",
        ));
    }
    let creation = Creation::new(caller, "user.create", &(&new.name, &new.email, new.role))?;
    if let Some(earlier) = creation.earlier(caller, app).await? {
        let id = UserId::parse(&earlier).map_err(Error::internal)?;
        return Ok(shown(find(caller, app, &id).await?.record));
    }
    let password_hash = match new.password {
        Some(password) => Some(hash(app, password).await?),
        None => None,
    };
    let mut change = Change::new(app, caller);
    let minted = RequestId::mint(&app.ids).to_string();
    let user = record::User {
        id: UserId::parse(&minted).map_err(Error::internal)?,
        name: new.name,
        email: Some(new.email),
        role: new.role,
        password_hash,
        is_enabled: true,
        created_at: change.now,
        kind: record::user::UserKind::Human,
        skills: Vec::new(),
        max_conversations: None,
        group_id: None,
        nickname: None,
        picture_url: None,
        hosted_bot: None,
    };
    let after = serde_json::json!({"name": user.name, "email": user.email, "role": user.role});
    change.put(&user, Expect::Absent)?.audit(
        "user.create",
        format!("user/{}", user.id),
        None,
        Some(after),
    )?;
    change.remember(&creation, user.id.as_str())?;
    match change.try_commit().await {
        Ok(_) => Ok(shown(user)),
        Err(CommitError::Conflict { collection, .. }) if collection == kept::IDEMPOTENCY.name => {
            Err(idempotency::under_way())
        }
        Err(CommitError::Conflict { .. }) => Err(Error::new(
            Code::NameTaken,
            "a user has this address already",
        )),
        Err(error) => Err(error.into()),
    }
}

/// Returns every user, in the order of their ids.
///
/// # Errors
/// Fails if the caller may not see access.
pub async fn list(caller: &Caller, app: &App) -> Result<Vec<User>> {
    caller.require(Permission::AccessRead)?;
    let query = Query::all(&caller.account, record::User::COLLECTION);
    let rows = app.store.find_all(&query, app.now()).await?;
    rows.iter()
        .map(|row| Ok(shown(record::read(row)?.record)))
        .collect()
}

/// Removes a user.
///
/// # Errors
/// Fails if the caller may not, or there is no such user.
pub async fn delete(caller: &Caller, app: &App, id: &UserId) -> Result<()> {
    caller.require(Permission::AccessWrite)?;
    let kept = find(caller, app, id).await?;
    let mut change = Change::new(app, caller);
    let before = serde_json::json!({
        "name": kept.record.name, "email": kept.record.email, "role": kept.record.role,
    });
    change
        .delete(&kept.record, Expect::Revision(kept.revision))
        .audit("user.delete", format!("user/{id}"), Some(before), None)?;
    change.commit().await
}

async fn find(caller: &Caller, app: &App, id: &UserId) -> Result<Kept<record::User>> {
    let key = Key::new(&caller.account, [id.as_str()]);
    let row = app
        .store
        .get(record::User::COLLECTION, &key, app.now())
        .await?;
    let row = row.ok_or_else(|| Error::new(Code::UserNotFound, format!("no user `{id}`")))?;
    Ok(record::read(&row)?)
}

/// Hashes a password away from the threads that serve requests.
async fn hash(app: &App, password: String) -> Result<String> {
    if password.chars().count() < 12 || password.len() > 1_024 {
        return Err(Error::field(
            "#/password",
            "expected a password of 12 to 1,024 characters",
        ));
    }
    let salt = app.ids.secret();
    let work = move || {
        Argon2::default()
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map(|hash| hash.to_string())
    };
    let hashed = tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?;
    hashed.map_err(|error| Error::internal(error.to_string()))
}

fn shown(user: record::User) -> User {
    User {
        id: user.id,
        name: user.name,
        email: user.email.unwrap_or_default(),
        role: user.role,
        is_enabled: user.is_enabled,
        created_at: user.created_at,
    }
}
