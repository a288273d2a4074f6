//! Erasing a consumer: everything that is kept under their id.

use std::sync::Arc;

use serde_json::json;
use usher_model::id::ConsumerId;
use usher_model::value::Value;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::Change;
use crate::error::Result;
use crate::{context, conversations, dead_letters, decisions, sdes};

/// What is kept under a consumer's id, besides decisions.
#[derive(Clone, Debug)]
pub struct Known {
    /// How many conversations.
    pub conversations: usize,
    /// The documents of which the consumer is the session, with their namespaces.
    pub documents: Vec<(String, context::Read)>,
    /// Their engagement attributes, as policies read them.
    pub sde: Option<Value>,
}

/// What was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Conversations, with all that happened in them.
    pub conversations: usize,
    /// Namespaces in which the consumer had a document, with the number of properties.
    pub documents: Vec<(String, usize)>,
    /// Engagement attributes.
    pub sdes: usize,
    /// Entries of the decision log.
    pub decisions: usize,
}

/// Returns what is kept under a consumer's id: look before you erase.
///
/// # Errors
/// Fails if the caller may not read context.
pub async fn known(caller: &Caller, app: &App, consumer: &ConsumerId) -> Result<Known> {
    caller.require(Permission::ContextRead)?;
    let account = &caller.account;
    Ok(Known {
        conversations: conversations::count_of(app, account, consumer).await?,
        documents: context::of_consumer(app, account, consumer).await?,
        sde: sdes::get(caller, app, consumer).await?,
    })
}

/// Removes everything kept under a consumer's id and says what it was.
///
/// Conversations that are not over are ended. Whoever is interrupted asks again.
///
/// # Errors
/// Fails if the caller may not erase, or the store cannot write.
pub async fn erase(caller: &Caller, app: &Arc<App>, consumer: &ConsumerId) -> Result<Erased> {
    caller.require(Permission::ContextErase)?;
    // First, because the end of a conversation writes into the consumer's context.
    let conversations = conversations::erase(caller, app, consumer).await?;
    dead_letters::forget(app, &caller.account, &conversations).await?;
    let (documents, sdes) = context::erase(app, &caller.account, consumer).await?;
    let decisions = decisions::erase(app, &caller.account, consumer, &conversations).await?;
    let erased = Erased {
        conversations: conversations.len(),
        documents,
        sdes,
        decisions,
    };
    let mut change = Change::new(app, caller);
    // The entry names no consumer: what was erased must not live on in the log.
    let report = json!({
        "conversations": erased.conversations, "documents": erased.documents.len(),
        "sdes": erased.sdes, "decisions": erased.decisions,
    });
    change.audit("consumer.erase", "consumer".to_owned(), None, Some(report))?;
    change.commit().await?;
    Ok(erased)
}
