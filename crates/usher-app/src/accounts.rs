//! Accounts: the tenants of an installation.
//!
//! Only the operator makes them, on the machine itself; no caller of the API can.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use usher_model::id::{AccountId, RequestId};
use usher_model::role::Role;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::record::{self, Record as _};

use crate::App;
use crate::caller::{Caller, Reach};
use crate::error::{Code, Error, Result};

/// Makes an account that holds nothing; says whether it is new.
///
/// # Errors
/// Fails if the store cannot write.
pub async fn create(app: &App, account: &AccountId) -> Result<bool> {
    if find(app, account).await?.is_some() {
        return Ok(false);
    }
    let now = app.now();
    let token_key = URL_SAFE_NO_PAD.encode(app.ids.secret());
    let record = record::Account {
        created_at: now,
        token_key,
    };
    let mut batch = Batch::new(now);
    batch.put_record(account, &record, Expect::Absent)?;
    match app.store.commit(batch).await {
        Ok(_) => {
            // Its events are counted from the first one on.
            app.outbox.look();
            Ok(true)
        }
        // Another node made it at the same moment.
        Err(CommitError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Returns every account, in the order of their ids.
///
/// # Errors
/// Fails if the store cannot be read.
pub async fn list(app: &App) -> Result<Vec<AccountId>> {
    Ok(app.store.accounts().await?)
}

/// Returns the operator at the machine, who may do everything in an account.
///
/// # Errors
/// Fails with [`Code::AccountNotFound`] if there is no such account.
pub async fn operator(app: &App, account: &AccountId) -> Result<Caller> {
    if find(app, account).await?.is_none() {
        return Err(Error::new(
            Code::AccountNotFound,
            format!("expected an existing account, found `{account}`; `usher init` makes one"),
        ));
    }
    Ok(Caller {
        account: account.clone(),
        role: Role::Admin,
        reach: Reach::Everything,
        actor: "operator".to_owned(),
        agent: None,
        consumer: None,
        is_identified: false,
        request_id: RequestId::mint(&app.ids),
        idempotency_key: None,
    })
}

pub(crate) async fn find(app: &App, account: &AccountId) -> Result<Option<record::Account>> {
    let key = usher_store::store::Key::new(account, []);
    let row = app
        .store
        .get(record::Account::COLLECTION, &key, app.now())
        .await?;
    Ok(row
        .as_ref()
        .map(record::read::<record::Account>)
        .transpose()?
        .map(|kept| kept.record))
}
