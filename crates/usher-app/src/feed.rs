//! Live updates: what happens in an account, handed to those who follow it.
//!
//! One tail for each account that somebody follows here reads the events after the last one it has
//! seen, woken by a commit of this node or a hint of another one, and hands each to the subscribers
//! whom it concerns. Whoever cannot keep up is cut off and resumes from a cursor, which is the
//! sequence of the last event taken: reading on from the store misses nothing and repeats nothing.
//! Typing and queue positions are not events; they may be lost.

mod replay;
mod scope;
mod tail;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use usher_model::id::{AccountId, AgentId, ConsumerId, ConversationId, ParticipantId};
use usher_model::time::Timestamp;
use usher_store::collection::kept;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Code, Error, Result};

pub use usher_store::record::conversation::{CloseReason, DialogKind, ParticipantRole, Priority};
pub use usher_store::record::event::{
    ActionOutcome, Audience, Candidate, Message, ResponseTime, SenderRole, Transfer, WaitsFor, Why,
};
pub use usher_store::record::{AgentStatus, Event};

pub(crate) use replay::{after, of_agent, of_conversation, read, timeline_query};
pub(crate) use scope::{Eyes, shown};
pub(crate) use tail::Feeds;

/// Something that happened, with its place in the account's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// Its place: the cursor of whoever has taken it.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// In which conversation, unless it concerns only an agent.
    pub conversation_id: Option<ConversationId>,
    /// The agent whom it concerns.
    pub agent_id: Option<AgentId>,
    /// What.
    pub event: Event,
}

/// What is not kept: it may be lost, and nothing rests on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Somebody writes.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        participant: ParticipantId,
        /// Until when, unless they go on.
        until: Timestamp,
    },
    /// A conversation that waits has another place in its queue.
    Position {
        /// Which conversation.
        conversation: ConversationId,
        /// How many come before it.
        ahead: usize,
        /// Whether there are more than were counted.
        is_at_least: bool,
        /// How long it will probably wait: the expectation, and what one in ten stays below and
        /// above.
        estimate: Option<(Duration, Duration, Duration)>,
    },
}

impl Signal {
    const fn conversation(&self) -> &ConversationId {
        match self {
            Self::Typing { conversation, .. } | Self::Position { conversation, .. } => conversation,
        }
    }
}

/// What a subscriber is told.
#[derive(Clone, Debug)]
pub enum Item {
    /// Something happened.
    Happened(Arc<Happened>),
    /// Something that is not kept.
    Signal(Signal),
    /// The subscriber was too slow, or the node stops: subscribe again from the cursor.
    CutOff,
}

/// What a subscriber follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything in the account.
    Account,
    /// What concerns an agent.
    Agent(AgentId),
    /// The conversations of a consumer.
    Consumer(ConsumerId),
    /// Some conversations.
    Conversations(Vec<ConversationId>),
}

/// What one subscriber has not taken yet.
#[derive(Debug)]
pub struct Subscription {
    app: Arc<App>,
    account: AccountId,
    scope: Scope,
    eyes: Eyes,
    /// Who follows, if it is a consumer.
    consumer: Option<ConsumerId>,
    /// Conversations that have become another consumer's meanwhile.
    gone: BTreeSet<ConversationId>,
    /// The last event that was taken or passed over.
    cursor: u64,
    replay: Option<replay::Replay>,
    live: mpsc::Receiver<tail::Live>,
    /// Leaves the tail when it is dropped.
    _place: tail::Place,
}

/// Follows what happens from now on; with a cursor, also what has happened after it.
///
/// # Errors
/// Fails if the caller may not follow it, or the store cannot be read.
pub async fn subscribe(
    caller: &Caller,
    app: &Arc<App>,
    scope: Scope,
    after: Option<u64>,
) -> Result<Subscription> {
    caller.require(Permission::EventsRead)?;
    let eyes = allow(caller, app, &scope).await?;
    let joined = Feeds::join(app, &caller.account, &scope).await?;
    let replay = after
        .filter(|after| *after < joined.from)
        .map(|_| replay::Replay::until(joined.from, joined.conversations));
    Ok(Subscription {
        app: Arc::clone(app),
        account: caller.account.clone(),
        cursor: after.unwrap_or(joined.from),
        scope,
        eyes,
        consumer: caller.consumer.clone(),
        gone: BTreeSet::new(),
        replay,
        live: joined.live,
        _place: joined.place,
    })
}

/// Says whether the caller may follow the scope, and with whose eyes.
async fn allow(caller: &Caller, app: &Arc<App>, scope: &Scope) -> Result<Eyes> {
    let is_all = caller.may(Permission::ConversationsReadAll);
    let eyes = Eyes::of(caller);
    let is_own = match scope {
        Scope::Account => false,
        Scope::Agent(agent) => caller.agent.as_ref() == Some(agent),
        Scope::Consumer(consumer) => caller.consumer.as_ref() == Some(consumer),
        Scope::Conversations(conversations) => {
            for conversation in conversations {
                // Fails for those that the caller does not take part in.
                crate::conversations::find(caller, app, conversation).await?;
            }
            true
        }
    };
    if is_all || is_own {
        return Ok(eyes);
    }
    Err(Error::new(
        Code::Forbidden,
        "expected one's own agent, consumer or conversations as what to follow",
    ))
}

impl Subscription {
    /// Returns the sequence of the last event taken: subscribing again after it goes on with the
    /// next one.
    #[must_use]
    pub const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Waits for the next thing; after [`Item::CutOff`] nothing comes any more. Whoever stops
    /// waiting misses nothing.
    ///
    /// # Errors
    /// Fails if the store cannot be read.
    pub async fn next(&mut self) -> Result<Item> {
        loop {
            if let Some(happened) = self.next_past().await? {
                self.cursor = happened.sequence;
                return Ok(Item::Happened(happened));
            }
            match self.live.recv().await {
                None => return Ok(Item::CutOff),
                Some(tail::Live::Signal(signal)) => {
                    if !self.gone.contains(signal.conversation()) {
                        return Ok(Item::Signal(signal));
                    }
                }
                Some(tail::Live::Happened(happened)) => {
                    if happened.sequence <= self.cursor {
                        continue;
                    }
                    self.cursor = happened.sequence;
                    if self.is_gone(&happened) {
                        continue;
                    }
                    if let Some(happened) = shown(&happened, self.eyes) {
                        return Ok(Item::Happened(happened));
                    }
                }
            }
        }
    }

    /// Whether an event is of a conversation that is another consumer's by now; the one with which
    /// it became so is the last that is told.
    fn is_gone(&mut self, happened: &Happened) -> bool {
        let (Some(consumer), Some(conversation)) = (&self.consumer, &happened.conversation_id)
        else {
            return false;
        };
        if let Event::ConsumerIdentified {
            old_consumer_id,
            new_consumer_id,
        } = &happened.event
        {
            if new_consumer_id == consumer {
                self.gone.remove(conversation);
            } else if old_consumer_id == consumer {
                return !self.gone.insert(conversation.clone());
            }
        }
        self.gone.contains(conversation)
    }

    /// Returns the next event from before the subscription, if any is left.
    async fn next_past(&mut self) -> Result<Option<Arc<Happened>>> {
        while let Some(replay) = &mut self.replay {
            let next = replay
                .next(&self.app, &self.account, &self.scope, self.cursor)
                .await?;
            match next {
                None => self.replay = None,
                Some(happened) => {
                    self.cursor = happened.sequence;
                    if let Some(happened) = shown(&happened, self.eyes) {
                        return Ok(Some(happened));
                    }
                }
            }
        }
        Ok(None)
    }
}

/// Returns the sequence of the newest event of the caller's account.
///
/// # Errors
/// Fails if the caller may not follow anything, or the store cannot be read.
pub async fn newest(caller: &Caller, app: &App) -> Result<u64> {
    caller.require(Permission::EventsRead)?;
    last_sequence(app, &caller.account).await
}

/// Tells those in a conversation that somebody writes.
///
/// # Errors
/// Fails if the caller does not take part in the conversation.
pub async fn typing(
    caller: &Caller,
    app: &Arc<App>,
    conversation: &ConversationId,
    participant: &ParticipantId,
) -> Result<()> {
    caller.require(Permission::ConversationsWrite)?;
    crate::conversations::find(caller, app, conversation).await?;
    let until = app.now().plus(TYPING);
    app.feeds
        .typing(app, &caller.account, conversation, participant, until);
    app.bus.announce(usher_bus::hint::Hint::Typing {
        account: caller.account.clone(),
        conversation: conversation.clone(),
        participant: participant.clone(),
        until,
    });
    Ok(())
}

/// How long somebody counts as writing.
const TYPING: Duration = Duration::from_secs(5);

/// Returns the sequence of the last event of an account.
pub(crate) async fn last_sequence(app: &App, account: &AccountId) -> Result<u64> {
    let (log, now) = (&kept::EVENTS, app.now());
    Ok(app.store.last_sequence(log, account, now).await?)
}
