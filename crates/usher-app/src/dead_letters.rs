//! Dead letters: events that a receiver did not take, to be read, delivered after all, or discarded.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use usher_model::id::{AccountId, ConversationId, DeadLetterId};
use usher_store::batch::{Batch, Expect};
use usher_store::record::{self, Kept, Record as _};
use usher_store::store::{Cursor, Field, Key, Query};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::Change;
use crate::error::{Code, Error, Result};
use crate::feed;
use crate::outbox::attempt::Target;
use crate::webhooks::Outcome;

pub use usher_store::record::outbox::DeadLetter;

/// Dead letters that one call delivers or discards at most.
const AT_ONCE: usize = 100;
/// How long one call delivers.
const TIME_MAX: Duration = Duration::from_secs(10);

/// What came of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redelivered {
    /// Delivered now, and no dead letters any more.
    pub delivered: usize,
    /// Failed again.
    pub failed: usize,
    /// Whether there are others that were not tried.
    pub has_more: bool,
}

/// Returns dead letters, the newest first: those of one receiver, or all.
///
/// # Errors
/// Fails if the caller may not see webhooks, or the cursor is of another list.
pub async fn list(
    caller: &Caller,
    app: &App,
    target: Option<&str>,
    limit: usize,
    after: Option<Cursor>,
) -> Result<(Vec<DeadLetter>, Option<Cursor>)> {
    caller.require(Permission::WebhooksRead)?;
    let query = Query {
        descending: true,
        limit,
        after,
        ..of(caller, target)
    };
    let page = app.store.find(&query, app.now()).await?;
    let rows = page.rows.iter();
    let letters: Result<Vec<DeadLetter>> = rows
        .map(|row| Ok(record::read::<DeadLetter>(row)?.record))
        .collect();
    Ok((letters?, page.next))
}

/// Tries once more to deliver an event; if that succeeds, it is a dead letter no more.
///
/// # Errors
/// Fails if the caller may not, or there is no such dead letter.
pub async fn redeliver(caller: &Caller, app: &Arc<App>, id: DeadLetterId) -> Result<Outcome> {
    caller.require(Permission::WebhooksWrite)?;
    let kept = existing(app, &caller.account, id).await?;
    let error = attempt(app, &caller.account, &kept.record).await.err();
    note(caller, app, &kept, error.as_deref()).await?;
    Ok(Outcome { error })
}

/// Tries once more to deliver those of one receiver, or all, the first first, for as long as one
/// call may take.
///
/// # Errors
/// Fails if the caller may not, or the store cannot be read or written.
pub async fn redeliver_all(
    caller: &Caller,
    app: &Arc<App>,
    target: Option<&str>,
) -> Result<Redelivered> {
    caller.require(Permission::WebhooksWrite)?;
    let query = Query {
        limit: AT_ONCE,
        ..of(caller, target)
    };
    let page = app.store.find(&query, app.now()).await?;
    let until = Instant::now() + TIME_MAX;
    let mut came = Redelivered {
        has_more: page.next.is_some(),
        ..Redelivered::default()
    };
    for row in &page.rows {
        if Instant::now() >= until {
            came.has_more = true;
            break;
        }
        let kept: Kept<DeadLetter> = record::read(row)?;
        let error = attempt(app, &caller.account, &kept.record).await.err();
        note(caller, app, &kept, error.as_deref()).await?;
        match error {
            None => came.delivered += 1,
            Some(_) => came.failed += 1,
        }
    }
    Ok(came)
}

/// Removes a dead letter: its event will not be delivered.
///
/// # Errors
/// Fails if the caller may not, or there is no such dead letter.
pub async fn discard(caller: &Caller, app: &App, id: DeadLetterId) -> Result<()> {
    caller.require(Permission::WebhooksWrite)?;
    let kept = existing(app, &caller.account, id).await?;
    let mut change = Change::new(app, caller);
    change.delete(&kept.record, Expect::Any).audit(
        "dead-letter.discard",
        name(&kept.record),
        Some(seen(&kept.record)),
        None,
    )?;
    change.commit().await
}

/// Removes those of one receiver, or all: at most so many that one call can; says how many.
///
/// # Errors
/// Fails if the caller may not, or the store cannot be read or written.
pub async fn discard_all(caller: &Caller, app: &App, target: Option<&str>) -> Result<usize> {
    caller.require(Permission::WebhooksWrite)?;
    let query = of(caller, target);
    let page = app.store.find(&query, app.now()).await?;
    if page.rows.is_empty() {
        return Ok(0);
    }
    let mut change = Change::new(app, caller);
    for row in &page.rows {
        change.delete_key(DeadLetter::COLLECTION, row.key.clone(), Expect::Any);
    }
    let discarded = json!({"count": page.rows.len(), "target": target});
    change.audit(
        "dead-letter.discard",
        "dead-letter".to_owned(),
        Some(discarded),
        None,
    )?;
    change.commit().await?;
    Ok(page.rows.len())
}

async fn attempt(
    app: &Arc<App>,
    account: &AccountId,
    letter: &DeadLetter,
) -> std::result::Result<(), String> {
    let found = async {
        let target = Target::find(app, account, &letter.target).await?;
        let before = letter.sequence.saturating_sub(1);
        let (events, _) = feed::after(app, account, before).await?;
        Ok::<_, Error>((target, events))
    };
    let (target, events) = found.await.map_err(|error| error.message)?;
    let target = target.ok_or_else(|| "the webhook is no more".to_owned())?;
    let happened = events.first().filter(|one| one.sequence == letter.sequence);
    let happened = happened.ok_or_else(|| "the event is no longer kept".to_owned())?;
    target.deliver(app, account, happened).await
}

/// Notes what came of an attempt.
async fn note(
    caller: &Caller,
    app: &App,
    kept: &Kept<DeadLetter>,
    error: Option<&str>,
) -> Result<()> {
    let letter = &kept.record;
    let mut change = Change::new(app, caller);
    match error {
        None => {
            change.delete(letter, Expect::Any);
        }
        Some(error) => {
            let again = DeadLetter {
                attempts: letter.attempts.saturating_add(1),
                error: error.to_owned(),
                ..letter.clone()
            };
            change.put(&again, Expect::Any)?;
        }
    }
    let after = json!({"isDelivered": error.is_none()});
    change.audit(
        "dead-letter.redeliver",
        name(letter),
        Some(seen(letter)),
        Some(after),
    )?;
    change.commit().await
}

/// Removes what was not delivered of conversations that were erased.
pub(crate) async fn forget(
    app: &App,
    account: &AccountId,
    conversations: &[ConversationId],
) -> Result<()> {
    if conversations.is_empty() {
        return Ok(());
    }
    let now = app.now();
    let mut batch = Batch::new(now);
    let all = Query::all(account, DeadLetter::COLLECTION);
    for row in app.store.find_all(&all, now).await? {
        let letter: Kept<DeadLetter> = record::read(&row)?;
        let conversation = letter.record.conversation_id;
        if conversation.is_some_and(|id| conversations.contains(&id)) {
            batch.delete(DeadLetter::COLLECTION, row.key, Expect::Any);
        }
    }
    app.store.commit(batch).await?;
    Ok(())
}

fn of(caller: &Caller, target: Option<&str>) -> Query {
    let all = Query::all(&caller.account, DeadLetter::COLLECTION);
    match target {
        None => all,
        Some(target) => Query {
            index: Some("by_target"),
            equals: vec![Field::Text(target.to_owned())],
            ..all
        },
    }
}

async fn existing(app: &App, account: &AccountId, id: DeadLetterId) -> Result<Kept<DeadLetter>> {
    let key = Key::new(account, [id.to_string().as_str()]);
    let row = app
        .store
        .get(DeadLetter::COLLECTION, &key, app.now())
        .await?;
    let missing = || {
        Error::new(
            Code::DeadLetterNotFound,
            format!("no dead letter has the id `{id}`"),
        )
    };
    Ok(record::read(&row.ok_or_else(missing)?)?)
}

fn name(letter: &DeadLetter) -> String {
    format!("dead-letter/{}", letter.id)
}

/// What the audit log shows of a dead letter.
fn seen(letter: &DeadLetter) -> usher_model::value::Value {
    json!({"target": letter.target, "sequence": letter.sequence, "attempts": letter.attempts,
        "error": letter.error})
}
