//! Engagement attributes (SDEs) of a consumer, as policies read them under `sde.`.

use usher_context::sde::{Leaf, Leaves, Sdes};
use usher_model::id::{AccountId, ConsumerId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, Kept, SdeLeaf};
use usher_store::store::Key;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Code, Error, Result};

/// How often a write is tried when others write for the same consumer at the same time.
const ATTEMPTS_MAX: usize = 64;

/// What was said about a consumer.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Fields of the customer: `customerType`, `balance`, …
    pub customer_info: Object,
    /// Fields of the person: `age`, `gender`, …
    pub personal_info: Object,
    /// Whether the consumer was signed in.
    pub is_authenticated: bool,
    /// When it was said; now unless given.
    pub at: Option<Timestamp>,
}

impl Said {
    /// Returns it as a conversation keeps it.
    pub(crate) fn to_value(&self) -> Value {
        serde_json::json!({
            "isAuthenticated": self.is_authenticated,
            "customerInfo": self.customer_info,
            "personalInfo": self.personal_info,
        })
    }
}

/// Takes in what was said about a consumer and returns what policies now read under `sde.`.
///
/// # Errors
/// Fails if the caller may not write context, or the attributes would be too large.
pub async fn record(
    caller: &Caller,
    app: &App,
    consumer: &ConsumerId,
    said: Said,
) -> Result<Value> {
    caller.require(Permission::ContextWrite)?;
    keep(app, &caller.account, consumer, &said).await
}

/// Takes in what was said about a consumer by somebody who may say it.
pub(crate) async fn keep(
    app: &App,
    account: &AccountId,
    consumer: &ConsumerId,
    said: &Said,
) -> Result<Value> {
    let key = Key::new(account, [consumer.as_str()]);
    for _ in 0..ATTEMPTS_MAX {
        let now = app.now();
        let row = app.store.get(&kept::SDES, &key, now).await?;
        let known: Option<Kept<record::Sde>> = row.as_ref().map(record::read).transpose()?;
        let expect = known
            .as_ref()
            .map_or(Expect::Absent, |kept| Expect::Revision(kept.revision));
        let mut sdes = known
            .map(|kept| from_record(kept.record))
            .unwrap_or_default();
        let at = said.at.unwrap_or(now).min(now);
        let Said {
            customer_info,
            personal_info,
            is_authenticated,
            ..
        } = said.clone();
        sdes.record(customer_info, personal_info, is_authenticated, at);
        let tree = sdes.tree();
        if tree.to_string().len() > limits::DOCUMENT_CHARS_MAX {
            return Err(Error::new(
                Code::DocumentTooLarge,
                "expected engagement attributes of at most 800,000 characters",
            ));
        }
        let record = to_record(consumer, &sdes, now.plus(limits::CONTEXT_TTL_MAX));
        let mut batch = Batch::new(now);
        batch.put_record(account, &record, expect)?;
        match app.store.commit(batch).await {
            Ok(_) => return Ok(tree),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::new(
        Code::Overloaded,
        "too many writes for one consumer at once; try again",
    ))
}

/// Returns what policies read under `sde.` for a consumer, or nothing if nothing is known.
///
/// # Errors
/// Fails if the caller may not read context.
pub async fn get(caller: &Caller, app: &App, consumer: &ConsumerId) -> Result<Option<Value>> {
    caller.require(Permission::ContextRead)?;
    tree(app, &caller.account, consumer, app.now()).await
}

pub(crate) async fn tree(
    app: &App,
    account: &AccountId,
    consumer: &ConsumerId,
    now: Timestamp,
) -> Result<Option<Value>> {
    let key = Key::new(account, [consumer.as_str()]);
    let row = app.store.get(&kept::SDES, &key, now).await?;
    let known: Option<Kept<record::Sde>> = row.as_ref().map(record::read).transpose()?;
    Ok(known.map(|kept| from_record(kept.record).tree()))
}

fn from_record(record: record::Sde) -> Sdes {
    let leaves = |leaves: Vec<SdeLeaf>| -> Leaves {
        let leaf = |leaf: SdeLeaf| {
            (
                (leaf.group, leaf.name),
                Leaf {
                    value: leaf.value,
                    at: leaf.at,
                },
            )
        };
        leaves.into_iter().map(leaf).collect()
    };
    Sdes {
        authenticated: leaves(record.authenticated),
        unauthenticated: leaves(record.unauthenticated),
    }
}

fn to_record(consumer: &ConsumerId, sdes: &Sdes, expires_at: Timestamp) -> record::Sde {
    let leaves = |leaves: &Leaves| {
        let leaf = |((group, name), leaf): (&(String, String), &Leaf)| SdeLeaf {
            group: group.clone(),
            name: name.clone(),
            value: leaf.value.clone(),
            at: leaf.at,
        };
        leaves.iter().map(leaf).collect()
    };
    record::Sde {
        consumer_id: consumer.clone(),
        authenticated: leaves(&sdes.authenticated),
        unauthenticated: leaves(&sdes.unauthenticated),
        expires_at,
    }
}
