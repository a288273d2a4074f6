//! Holding the desks that are needed: conversations go on though nobody asks for them here.
//!
//! At its start a node loads the desks of the accounts with open conversations, so that their timers
//! run and the first who asks does not wait. On a shared store it also takes up, from then on, what
//! no node serves any more, because the one that did has died.

use std::sync::Arc;
use std::time::Duration;

use usher_model::id::AccountId;
use usher_store::collection::kept;
use usher_store::record::conversation::Conversation;
use usher_store::store::Query;

use super::{Desks, lease};
use crate::App;
use crate::error::Result;

/// How often a node looks for accounts that no node serves.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Which desks are to be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Those of all accounts with open conversations.
    Open,
    /// Those of them that no node serves.
    Unserved,
}

/// Loads desks until the application stops.
pub(crate) async fn run(app: Arc<App>) {
    let stopping = app.tasks.stopping().clone();
    let mut wanted = Wanted::Open;
    loop {
        let looked = tokio::select! {
            () = stopping.cancelled() => return,
            looked = look(&app, wanted) => looked,
        };
        match looked {
            Ok(()) if !app.store.is_shared() => return,
            Ok(()) => wanted = Wanted::Unserved,
            Err(error) => {
                tracing::warn!(%error, "the accounts with open conversations cannot be read; it is tried again");
            }
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
    }
}

async fn look(app: &Arc<App>, wanted: Wanted) -> Result<()> {
    for account in app.store.accounts().await? {
        if app.desks.held(&account).is_some() || !has_open(app, &account).await? {
            continue;
        }
        if wanted == Wanted::Open || !lease::is_held(app, &account).await? {
            Desks::of(app, &account).await?;
        }
    }
    Ok(())
}

/// Whether conversations of an account have not ended.
async fn has_open(app: &App, account: &AccountId) -> Result<bool> {
    let open = Query {
        index: Some("by_open"),
        from: Some(Conversation::open_from()),
        limit: 1,
        ..Query::all(account, &kept::CONVERSATIONS)
    };
    Ok(!app.store.find(&open, app.now()).await?.rows.is_empty())
}
