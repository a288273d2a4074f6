//! What has happened, read from the store.

use std::collections::VecDeque;
use std::sync::Arc;

use usher_model::id::{AccountId, AgentId, ConversationId};
use usher_model::limits;
use usher_store::collection::kept;
use usher_store::record;
use usher_store::sequence;
use usher_store::store::{Field, Query};

use super::{Happened, Scope};
use crate::App;
use crate::error::Result;

/// What happened before a subscription and has not been taken yet.
#[derive(Debug)]
pub(super) struct Replay {
    /// The last event that is not live.
    until: u64,
    /// The conversations of a scope that is one of conversations.
    conversations: Vec<ConversationId>,
    /// What was read and not taken.
    read: VecDeque<Arc<Happened>>,
}

impl Replay {
    pub(super) const fn until(until: u64, conversations: Vec<ConversationId>) -> Self {
        Self {
            until,
            conversations,
            read: VecDeque::new(),
        }
    }

    /// Returns the next event after the cursor.
    pub(super) async fn next(
        &mut self,
        app: &App,
        account: &AccountId,
        scope: &Scope,
        cursor: u64,
    ) -> Result<Option<Arc<Happened>>> {
        if self.read.is_empty() {
            self.read = self.page(app, account, scope, cursor).await?.into();
        }
        Ok(self.read.pop_front())
    }

    async fn page(
        &self,
        app: &App,
        account: &AccountId,
        scope: &Scope,
        cursor: u64,
    ) -> Result<Vec<Arc<Happened>>> {
        let range = |query| between(query, cursor, self.until);
        match scope {
            Scope::Account => {
                let query = range(Query::all(account, &kept::EVENTS));
                Ok(read(app, &query).await?.0)
            }
            Scope::Agent(agent) => {
                let query = range(Query {
                    index: Some("by_agent"),
                    equals: vec![Field::Text(agent.to_string())],
                    ..Query::all(account, &kept::EVENTS)
                });
                Ok(read(app, &query).await?.0)
            }
            Scope::Consumer(_) | Scope::Conversations(_) => {
                let mut pages = Vec::new();
                for conversation in &self.conversations {
                    pages.push(read(app, &range(timeline_query(account, conversation))).await?);
                }
                Ok(merge(pages))
            }
        }
    }
}

/// Merges pages into one: up to where all of them are known.
fn merge(pages: Vec<(Vec<Arc<Happened>>, bool)>) -> Vec<Arc<Happened>> {
    let unfinished = pages.iter().filter(|(_, has_more)| *has_more);
    let last = unfinished.filter_map(|(page, _)| page.last().map(|last| last.sequence));
    let known_until = last.min().unwrap_or(u64::MAX);
    let mut merged: Vec<_> = pages
        .into_iter()
        .flat_map(|(page, _)| page)
        .filter(|happened| happened.sequence <= known_until)
        .collect();
    merged.sort_by_key(|happened| happened.sequence);
    merged
}

/// Returns the query for what happened in a conversation.
pub(crate) fn timeline_query(account: &AccountId, conversation: &ConversationId) -> Query {
    Query {
        index: Some("by_conversation"),
        equals: vec![Field::Text(conversation.to_string())],
        ..Query::all(account, &kept::EVENTS)
    }
}

/// Keeps a query to the events after one, up to another.
fn between(query: Query, after: u64, until: u64) -> Query {
    Query {
        from: Some(sequence::field(after.saturating_add(1))),
        to: Some(sequence::field(until.saturating_add(1))),
        limit: limits::FEED_PAGE_EVENTS,
        ..query
    }
}

/// Returns what happened in a conversation after an event, the first first, and whether there is
/// more.
pub(crate) async fn of_conversation(
    app: &App,
    account: &AccountId,
    conversation: &ConversationId,
    after: u64,
    limit: usize,
) -> Result<(Vec<Arc<Happened>>, bool)> {
    let query = Query {
        limit,
        ..between(timeline_query(account, conversation), after, u64::MAX - 1)
    };
    read(app, &query).await
}

/// Returns what happened in an account after an event, the first first.
pub(crate) async fn after(
    app: &App,
    account: &AccountId,
    after: u64,
) -> Result<(Vec<Arc<Happened>>, bool)> {
    let query = between(Query::all(account, &kept::EVENTS), after, u64::MAX - 1);
    read(app, &query).await
}

/// Returns what happened to an agent or in the agent's conversations after an event, the first first.
pub(crate) async fn of_agent(
    app: &App,
    account: &AccountId,
    agent: &AgentId,
    after: u64,
) -> Result<(Vec<Arc<Happened>>, bool)> {
    let query = Query {
        index: Some("by_agent"),
        equals: vec![Field::Text(agent.to_string())],
        ..Query::all(account, &kept::EVENTS)
    };
    read(app, &between(query, after, u64::MAX - 1)).await
}

/// Reads one page, and whether there is more.
pub(crate) async fn read(app: &App, query: &Query) -> Result<(Vec<Arc<Happened>>, bool)> {
    let page = app.store.find(query, app.now()).await?;
    let has_more = page.next.is_some();
    let mut events = Vec::with_capacity(page.rows.len());
    for row in &page.rows {
        let (sequence, kept) = record::read_logged::<record::Happened>(row)?;
        events.push(Arc::new(Happened {
            sequence,
            at: kept.at,
            conversation_id: kept.conversation_id,
            agent_id: kept.agent_id,
            event: kept.event,
        }));
    }
    Ok((events, has_more))
}
