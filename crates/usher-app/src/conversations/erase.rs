//! Erasing a consumer's conversations.

use std::sync::Arc;

use usher_model::id::{AccountId, ConsumerId, ConversationId};
use usher_model::limits;
use usher_store::batch::{Batch, CommitError, Expect, PutRow};
use usher_store::collection::kept;
use usher_store::record::{self, Happened, Kept, LogRecord as _, Record as _};
use usher_store::store::{Field, Query};

use super::{Close, Conversation, close, of_consumer};
use crate::App;
use crate::caller::Caller;
use crate::desks::{conversation_of, overloaded};
use crate::error::{Code, Error, Result};
use crate::feed::{Event, timeline_query};

/// Why a conversation ends that is erased.
const ERASED: &str = "CONSUMER_ERASED";
/// How often a conversation is tried in which something goes on happening.
const ATTEMPTS_MAX: usize = 16;
/// Rows written in one commit.
const ROWS: usize = 500;

/// Ends and erases every conversation of a consumer, with all that happened in it; returns which
/// ones. Whoever is interrupted has erased some of them whole, and asks again.
///
/// # Errors
/// Fails if the caller may not end them, or the store cannot write.
pub(crate) async fn erase(
    caller: &Caller,
    app: &Arc<App>,
    consumer: &ConsumerId,
) -> Result<Vec<ConversationId>> {
    let query = Query {
        limit: ROWS,
        ..of_consumer(&caller.account, consumer)
    };
    let mut erased = Vec::new();
    loop {
        let page = app.store.find(&query, app.now()).await?;
        if page.rows.is_empty() {
            return Ok(erased);
        }
        for row in &page.rows {
            let kept: Kept<Conversation> = record::read(row)?;
            erase_one(caller, app, &kept.record).await?;
            erased.push(kept.record.id);
        }
    }
}

/// Returns how many conversations a consumer has had.
pub(crate) async fn count_of(
    app: &App,
    account: &AccountId,
    consumer: &ConsumerId,
) -> Result<usize> {
    let query = of_consumer(account, consumer);
    Ok(app.store.find_all(&query, app.now()).await?.len())
}

async fn erase_one(caller: &Caller, app: &Arc<App>, found: &Conversation) -> Result<()> {
    let (account, id) = (&caller.account, &found.id);
    if found.closed.is_none() {
        let reason = Close {
            by: None,
            reason: Some(ERASED.to_owned()),
        };
        match close(caller, app, id, reason).await {
            Err(error) if error.code != Code::ConversationClosed => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    for _ in 0..ATTEMPTS_MAX {
        let Some(kept) = conversation_of(app, account, id).await? else {
            return Ok(());
        };
        blank(app, account, id).await?;
        forget_names(app, account, id).await?;
        // Whatever happens in a conversation is written with its row: as the row is, nothing has
        // happened since what did was blanked.
        let mut batch = Batch::new(app.now());
        let key = kept.record.key(account);
        batch.delete(&kept::CONVERSATIONS, key, Expect::Revision(kept.revision));
        match app.store.commit(batch).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(overloaded())
}

/// Leaves nothing of what happened in a conversation but that there was something: the places in
/// the account's order stay, so that whoever counts them misses none.
async fn blank(app: &App, account: &AccountId, id: &ConversationId) -> Result<()> {
    let query = Query {
        limit: ROWS.min(limits::FEED_PAGE_EVENTS),
        ..timeline_query(account, id)
    };
    loop {
        let now = app.now();
        let page = app.store.find(&query, now).await?;
        if page.rows.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new(now);
        for row in &page.rows {
            let (_, happened) = record::read_logged::<Happened>(row)?;
            let blank = Happened {
                conversation_id: None,
                agent_id: None,
                at: happened.at,
                event: Event::Erased,
                expires_at: row.expires_at,
            };
            let written = PutRow {
                key: row.key.clone(),
                fields: blank.fields(),
                expires_at: row.expires_at,
                document: serde_json::to_string(&blank).map_err(Error::internal)?,
            };
            batch.put(&kept::EVENTS, written, Expect::Revision(row.revision));
        }
        match app.store.commit(batch).await {
            // Who erases it at the same time has blanked some of them.
            Ok(_) | Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Forgets what senders called their messages.
async fn forget_names(app: &App, account: &AccountId, id: &ConversationId) -> Result<()> {
    let query = Query {
        equals: vec![Field::Text(id.to_string())],
        limit: ROWS,
        ..Query::all(account, &kept::MESSAGE_IDS)
    };
    loop {
        let now = app.now();
        let page = app.store.find(&query, now).await?;
        if page.rows.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new(now);
        for row in page.rows {
            batch.delete(&kept::MESSAGE_IDS, row.key, Expect::Any);
        }
        app.store.commit(batch).await?;
    }
}
