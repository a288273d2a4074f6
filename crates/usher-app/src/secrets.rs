//! Secrets: what functions know and nobody else is shown.
//!
//! A value is encrypted on disk and returned by no use case of a caller; only functions read it.

use std::sync::Arc;

use usher_model::id::AccountId;
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::record::{self, Kept, Record as _, Secret as Row};
use usher_store::store::{Key, Query};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::Change;
use crate::check::Checks;
use crate::error::{Code, Error, Result};
use crate::keyring::{KeyringError, Sealed};
use crate::webhooks;

/// A secret without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// What functions call it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
}

/// Returns every secret, in the order of their names.
///
/// # Errors
/// Fails if the caller may not see functions.
pub async fn list(caller: &Caller, app: &App) -> Result<Vec<Secret>> {
    caller.require(Permission::FunctionsRead)?;
    let query = Query::all(&caller.account, Row::COLLECTION);
    let rows = app.store.find_all(&query, app.now()).await?;
    let read = |row| Ok(shown(record::read::<Row>(row)?.record));
    rows.iter().map(read).collect()
}

/// Makes a secret, or gives one another value; says whether it was made.
///
/// # Errors
/// Fails if the caller may not, the name or the value cannot be one, or the server has no key.
pub async fn put(caller: &Caller, app: &App, name: &str, value: &Value) -> Result<(Secret, bool)> {
    caller.require(Permission::FunctionsAdminister)?;
    check(name, value)?;
    let before = find(app, &caller.account, name).await?;
    if before.is_none() {
        let query = Query::all(&caller.account, Row::COLLECTION);
        let rows = app.store.find_all(&query, app.now()).await?;
        if rows.len() >= limits::SECRETS_MAX {
            let message = format!("expected at most {} secrets", limits::SECRETS_MAX);
            return Err(Error::new(Code::FunctionLimit, message));
        }
    }
    let before = before.map(|kept| kept.record);
    let is_new = before.is_none();
    let row = row(app, &caller.account, name, value, before, &caller.actor)?;
    let mut change = Change::new(app, caller);
    let word = if is_new {
        "secret.create"
    } else {
        "secret.update"
    };
    // The last one who writes a secret wins.
    change
        .put(&row, Expect::Any)?
        .audit(word, format!("secret/{name}"), None, None)?;
    change.commit().await?;
    Ok((shown(row), is_new))
}

/// Removes a secret; functions that read it fail from now on.
///
/// # Errors
/// Fails if the caller may not, or there is no such secret.
pub async fn delete(caller: &Caller, app: &App, name: &str) -> Result<()> {
    caller.require(Permission::FunctionsAdminister)?;
    let kept = find(app, &caller.account, name).await?;
    let kept = kept.ok_or_else(|| missing(name))?;
    let mut change = Change::new(app, caller);
    let target = format!("secret/{name}");
    change
        .delete(&kept.record, Expect::Any)
        .audit("secret.delete", target, None, None)?;
    change.commit().await
}

/// Returns a secret's value, to a function.
pub(crate) async fn read(app: &App, account: &AccountId, name: &str) -> Result<Value> {
    let kept = find(app, account, name).await?;
    let row = kept.ok_or_else(|| missing(name))?.record;
    let sealed = sealed(&row);
    let plain = app.options.keyring.open(&place(account, name), &sealed)?;
    serde_json::from_slice(&plain).map_err(Error::internal)
}

/// Gives a secret another value, as a function asks; the last one who writes wins.
pub(crate) async fn update(
    app: &App,
    account: &AccountId,
    name: &str,
    value: &Value,
    actor: &str,
) -> Result<()> {
    check(name, value)?;
    let kept = find(app, account, name).await?;
    let before = kept.ok_or_else(|| missing(name))?.record;
    let row = row(app, account, name, value, Some(before), actor)?;
    let mut batch = Batch::new(app.now());
    batch.put_record(account, &row, Expect::Any)?;
    app.store.commit(batch).await?;
    Ok(())
}

/// Encrypts anew with the newest key what an older one has sealed: after that the older key is needed
/// no more. What somebody changes meanwhile is sealed with the newest key anyway.
pub(crate) async fn renew(app: Arc<App>) {
    let mut renewed = Renewed::default();
    match renew_all(&app, &mut renewed).await {
        Ok(()) if renewed.unreadable > 0 => tracing::warn!(
            count = renewed.unreadable,
            "secrets cannot be decrypted with the keys that are configured; configure the older keys too"
        ),
        Ok(()) if renewed.count > 0 => tracing::info!(
            count = renewed.count,
            "secrets were encrypted anew with the first key; older keys are needed no more"
        ),
        Ok(()) => {}
        Err(error) => {
            tracing::warn!(%error, "secrets were not encrypted anew; keep the older keys and start again");
        }
    }
}

/// What came of encrypting anew.
#[derive(Debug, Default)]
pub(crate) struct Renewed {
    /// What was.
    count: usize,
    /// What no key opens.
    unreadable: usize,
}

async fn renew_all(app: &App, renewed: &mut Renewed) -> Result<()> {
    if app.options.keyring.is_empty() {
        return Ok(());
    }
    for account in app.store.accounts().await? {
        let query = Query::all(&account, Row::COLLECTION);
        for row in app.store.find_all(&query, app.now()).await? {
            let kept: Kept<Row> = record::read(&row)?;
            let place = place(&account, &kept.record.name);
            if let Some(anew) = renewed.seal(app, &place, &sealed(&kept.record))? {
                let record = Row {
                    sealed: anew.text,
                    key_id: anew.key_id,
                    ..kept.record
                };
                replace(app, &account, &record, kept.revision).await?;
            }
        }
        webhooks::renew(app, &account, renewed).await?;
    }
    Ok(())
}

impl Renewed {
    /// Encrypts something with the newest key; nothing if that has sealed it, or no key opens it.
    pub(crate) fn seal(
        &mut self,
        app: &App,
        place: &str,
        sealed: &Sealed,
    ) -> Result<Option<Sealed>> {
        let keyring = &app.options.keyring;
        if keyring.is_current(sealed) {
            return Ok(None);
        }
        let Ok(plain) = keyring.open(place, sealed) else {
            self.unreadable += 1;
            return Ok(None);
        };
        self.count += 1;
        Ok(Some(keyring.seal(place, &plain, app.ids.secret())?))
    }
}

/// Writes a row that was encrypted anew, unless somebody else has changed it meanwhile.
pub(crate) async fn replace<R: record::Record>(
    app: &App,
    account: &AccountId,
    record: &R,
    revision: u64,
) -> Result<()> {
    let mut batch = Batch::new(app.now());
    batch.put_record(account, record, Expect::Revision(revision))?;
    match app.store.commit(batch).await {
        Ok(_) | Err(CommitError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn sealed(row: &Row) -> Sealed {
    Sealed {
        key_id: row.key_id.clone(),
        text: row.sealed.clone(),
    }
}

fn check(name: &str, value: &Value) -> Result<()> {
    let mut checks = Checks::default();
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let chars_max = limits::SECRET_NAME_CHARS_MAX;
    checks.require(
        (1..=chars_max).contains(&name.len()) && name.chars().all(is_word),
        "#/name",
        format!("expected a name of 1 to {chars_max} letters, digits, `_` and `-`"),
    );
    let chars = match value {
        Value::String(text) => text.chars().count(),
        other => other.to_string().chars().count(),
    };
    let chars_max = limits::SECRET_CHARS_MAX;
    checks.require(
        (1..=chars_max).contains(&chars) && !value.is_null(),
        "#/value",
        format!("expected a value of 1 to {chars_max} characters"),
    );
    checks.finish()
}

fn row(
    app: &App,
    account: &AccountId,
    name: &str,
    value: &Value,
    before: Option<Row>,
    actor: &str,
) -> Result<Row> {
    let now = app.now();
    let plain = serde_json::to_vec(value).map_err(Error::internal)?;
    let keyring = &app.options.keyring;
    let sealed = keyring.seal(&place(account, name), &plain, app.ids.secret())?;
    Ok(Row {
        name: name.to_owned(),
        sealed: sealed.text,
        key_id: sealed.key_id,
        created_at: before.map_or(now, |before| before.created_at),
        updated_at: now,
        updated_by: actor.to_owned(),
    })
}

/// Returns where a secret opens: a row that is copied to another name or account does not.
fn place(account: &AccountId, name: &str) -> String {
    format!("secret/{account}/{name}")
}

async fn find(app: &App, account: &AccountId, name: &str) -> Result<Option<Kept<Row>>> {
    let key = Key::new(account, [name]);
    let row = app.store.get(Row::COLLECTION, &key, app.now()).await?;
    Ok(row.as_ref().map(record::read).transpose()?)
}

fn missing(name: &str) -> Error {
    Error::new(
        Code::SecretNotFound,
        format!("no secret is called `{name}`"),
    )
}

fn shown(row: Row) -> Secret {
    Secret {
        name: row.name,
        created_at: row.created_at,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
    }
}

impl From<KeyringError> for Error {
    fn from(source: KeyringError) -> Self {
        match source {
            KeyringError::Empty | KeyringError::Unknown(_) => {
                let message = "the server has no key for secrets; set `secrets.keys_file`";
                Self::new(Code::SecretsUnavailable, message).with_source(source)
            }
            KeyringError::Unreadable(_) | KeyringError::Damaged(_) => Self::internal(source),
        }
    }
}
