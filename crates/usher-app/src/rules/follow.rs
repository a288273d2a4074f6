//! Reads what another node changed before somebody asks for it.
//!
//! Nothing rests on it: every decision asks the store whether the rules it holds are current. A hint
//! only moves reading and compiling them out of the way of the next one.

use std::sync::Arc;

use usher_bus::bus::Notice;
use usher_bus::hint::Hint;
use usher_model::id::AccountId;

use super::reload;
use crate::App;
use crate::error::Result;

/// Follows the other nodes until the application stops.
pub(crate) async fn run(app: Arc<App>) {
    let mut notices = app.bus.subscribe();
    let stopping = app.tasks.stopping().clone();
    loop {
        let notice = tokio::select! {
            () = stopping.cancelled() => return,
            notice = notices.next() => notice,
        };
        let (account, revision) = match notice {
            None => return,
            Some(Notice::Hint {
                hint: Hint::Rules { account, revision },
                ..
            }) => (account, revision),
            Some(Notice::Hint { .. } | Notice::Lagged) => continue,
        };
        if let Err(error) = heed(&app, &account, revision).await {
            tracing::warn!(%error, %account, "changed rules cannot be read; the next decision tries again");
        }
    }
}

/// Reads the rules of an account unless they are held at this revision or not at all: what this node
/// changed itself it holds already, and what nobody asks for here it need not hold.
async fn heed(app: &App, account: &AccountId, revision: u64) -> Result<()> {
    let held = app.rules.current.get(account);
    if held.is_some_and(|held| held.revision < revision) {
        reload(app, account).await?;
    }
    Ok(())
}
