//! The end of an account's events: reads what is new and hands it out.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::HashMap;
use tokio::sync::{Notify, OnceCell, Semaphore, mpsc};
use usher_model::id::{AccountId, AgentId, ConsumerId, ConversationId, ParticipantId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_store::record;
use usher_store::record::Conversation;
use usher_store::store::Query;

use super::{Happened, Scope, Signal, last_sequence, replay, scope};
use crate::App;
use crate::conversations::of_consumer;
use crate::desks::moves_queue;
use crate::error::Result;

/// How often a tail looks without having been woken, on a store that other nodes share.
const POLL: Duration = Duration::from_secs(1);
/// How often those who wait are told their place, at most.
const POSITIONS: Duration = Duration::from_secs(1);
/// Open and recent conversations of a consumer that are followed.
const CONSUMER_CONVERSATIONS: usize = 20;

/// The tails of the accounts that somebody follows on this node.
#[derive(Debug, Default)]
pub(crate) struct Feeds {
    /// Guards which tails there are; held for nanoseconds.
    tails: Mutex<HashMap<AccountId, Arc<OnceCell<Arc<Tail>>>>>,
}

/// What a tail hands to a subscriber.
#[derive(Clone, Debug)]
pub(super) enum Live {
    Happened(Arc<Happened>),
    Signal(Signal),
}

/// A subscriber's place at a tail.
pub(super) struct Joined {
    /// The last event that is not handed out live.
    pub(super) from: u64,
    /// The conversations that the scope begins with.
    pub(super) conversations: Vec<ConversationId>,
    pub(super) live: mpsc::Receiver<Live>,
    pub(super) place: Place,
}

/// Takes a subscriber from a tail when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    tail: Arc<Tail>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.tail.lock().leave(self.id);
    }
}

#[derive(Debug)]
pub(super) struct Tail {
    account: AccountId,
    woken: Notify,
    /// One at a time reads on: what one has read, no other hands out before the desk knows it.
    reading: Semaphore,
    /// Guards who follows; held for as long as it takes to hand out one page.
    audience: Mutex<Crowd>,
}

/// Who follows an account.
#[derive(Debug, Default)]
struct Crowd {
    /// The last event that was handed out.
    seen: u64,
    last_id: u64,
    members: HashMap<u64, Member>,
    of_account: BTreeSet<u64>,
    by_agent: HashMap<AgentId, BTreeSet<u64>>,
    by_consumer: HashMap<ConsumerId, BTreeSet<u64>>,
    by_conversation: HashMap<ConversationId, BTreeSet<u64>>,
    /// What was last said about the place of a conversation that waits.
    positions: HashMap<ConversationId, Signal>,
}

#[derive(Debug)]
struct Member {
    scope: Scope,
    conversations: BTreeSet<ConversationId>,
    queue: mpsc::Sender<Live>,
}

impl Feeds {
    /// Adds a subscriber.
    pub(super) async fn join(app: &Arc<App>, account: &AccountId, scope: &Scope) -> Result<Joined> {
        let tail = Self::tail(app, account).await?;
        let (queue, live) = mpsc::channel(limits::FEED_QUEUE_MAX);
        let conversations = conversations(app, account, scope).await?;
        let member = Member {
            scope: scope.clone(),
            conversations: conversations.iter().cloned().collect(),
            queue,
        };
        let (id, from) = tail.lock().enter(member);
        // What a consumer began meanwhile is not among those that were read before.
        let conversations = match scope {
            Scope::Consumer(_) => {
                let all = self::conversations(app, account, scope).await?;
                tail.lock().add_conversations(id, &all);
                all
            }
            _ => conversations,
        };
        Ok(Joined {
            from,
            conversations,
            live,
            place: Place { tail, id },
        })
    }

    /// Starts the tail of an account, unless there is one.
    pub(crate) async fn start(app: &Arc<App>, account: &AccountId) -> Result<()> {
        Self::tail(app, account).await.map(drop)
    }

    async fn tail(app: &Arc<App>, account: &AccountId) -> Result<Arc<Tail>> {
        let cell = {
            let mut tails = app.feeds.lock();
            Arc::clone(tails.entry(account.clone()).or_default())
        };
        let tail = cell
            .get_or_try_init(|| async {
                let seen = last_sequence(app, account).await?;
                let tail = Arc::new(Tail {
                    account: account.clone(),
                    woken: Notify::new(),
                    reading: Semaphore::new(1),
                    audience: Mutex::new(Crowd {
                        seen,
                        ..Crowd::default()
                    }),
                });
                app.tasks.spawn(run(Arc::clone(app), Arc::clone(&tail)));
                Ok::<_, crate::error::Error>(tail)
            })
            .await?;
        Ok(Arc::clone(tail))
    }

    /// Takes over now what other nodes did in an account.
    pub(crate) async fn catch_up(app: &Arc<App>, account: &AccountId) -> Result<()> {
        let tail = Self::tail(app, account).await?;
        tail.read_on(app).await?;
        Ok(())
    }

    /// Says that there may be something new in an account.
    pub(crate) fn wake(&self, account: &AccountId) {
        if let Some(tail) = self.held(account) {
            tail.woken.notify_one();
        }
    }

    /// Says that there may be something new anywhere.
    pub(crate) fn wake_all(&self) {
        for tail in self.lock().values().filter_map(|cell| cell.get()) {
            tail.woken.notify_one();
        }
    }

    /// Tells those in a conversation that somebody writes.
    pub(crate) fn typing(
        &self,
        app: &App,
        account: &AccountId,
        conversation: &ConversationId,
        participant: &ParticipantId,
        until: Timestamp,
    ) {
        if let Some(tail) = self.held(account) {
            let signal = Signal::Typing {
                conversation: conversation.clone(),
                participant: participant.clone(),
                until,
            };
            let holder = app.desks.held(account).and_then(|desk| {
                let state = desk.lock();
                state.desk.ticket(conversation)?.assignee().cloned()
            });
            let crowd = tail.lock();
            crowd.signal(conversation, &signal);
            crowd.signal_holder(holder.as_ref(), &signal);
        }
    }

    fn held(&self, account: &AccountId) -> Option<Arc<Tail>> {
        self.lock().get(account)?.get().cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Arc<OnceCell<Arc<Tail>>>>> {
        self.tails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads which conversations a scope begins with.
async fn conversations(
    app: &App,
    account: &AccountId,
    scope: &Scope,
) -> Result<Vec<ConversationId>> {
    match scope {
        Scope::Account | Scope::Agent(_) => Ok(Vec::new()),
        Scope::Conversations(conversations) => Ok(conversations.clone()),
        Scope::Consumer(consumer) => {
            let query = Query {
                descending: true,
                limit: CONSUMER_CONVERSATIONS,
                ..of_consumer(account, consumer)
            };
            let page = app.store.find(&query, app.now()).await?;
            let read = |row| Ok(record::read::<Conversation>(row)?.record.id);
            page.rows.iter().map(read).collect()
        }
    }
}

async fn run(app: Arc<App>, tail: Arc<Tail>) {
    let stopping = app.tasks.stopping().clone();
    let is_shared = app.store.is_shared();
    let mut positions_at: Option<tokio::time::Instant> = None;
    loop {
        let positions = async {
            match positions_at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let poll = async {
            if is_shared {
                tokio::time::sleep(POLL).await;
            } else {
                std::future::pending().await
            }
        };
        tokio::select! {
            () = stopping.cancelled() => break,
            () = tail.woken.notified() => {}
            () = poll => {}
            () = positions => {
                positions_at = None;
                tail.tell_positions(&app);
            }
        }
        match tail.read_on(&app).await {
            Ok(has_moved) => {
                if has_moved && positions_at.is_none() {
                    positions_at = Some(tokio::time::Instant::now() + POSITIONS);
                }
            }
            Err(error) => {
                tracing::warn!(%error, account = %tail.account, "new events cannot be read; they are read a little later");
                tokio::time::sleep(POLL).await;
                tail.woken.notify_one();
            }
        }
    }
    // Whoever still follows is cut off.
    tail.lock().clear();
}

impl Tail {
    fn lock(&self) -> MutexGuard<'_, Crowd> {
        self.audience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is new and hands it out; says whether places in queues have changed.
    async fn read_on(&self, app: &Arc<App>) -> Result<bool> {
        // The semaphore is never closed.
        let _only = self.reading.acquire().await;
        let mut has_moved = false;
        loop {
            let desk = app.desks.held(&self.account);
            let desk = desk.filter(|_| app.store.is_shared());
            let seen = self.lock().seen;
            // What was handed out while the desk was being loaded, it has yet to see.
            let known = desk.as_ref().map_or(seen, |desk| desk.last_seen());
            let (events, has_more) = replay::after(app, &self.account, known.min(seen)).await?;
            if events.is_empty() {
                return Ok(has_moved);
            }
            if let Some(desk) = desk {
                desk.observe(app, &events).await?;
            }
            has_moved |= events.iter().any(|happened| moves_queue(&happened.event));
            if let Some(oldest) = events.first() {
                let lag = app.now().since(oldest.at);
                metrics::histogram!("usher_feed_lag_seconds").record(lag);
            }
            let mut crowd = self.lock();
            for happened in &events {
                crowd.hand_out(happened);
            }
            if !has_more {
                return Ok(has_moved);
            }
        }
    }

    /// Tells those who wait their place, if it is another one.
    fn tell_positions(&self, app: &App) {
        let Some(desk) = app.desks.held(&self.account) else {
            return;
        };
        let now = app.now();
        let mut crowd = self.lock();
        let followed: Vec<ConversationId> = crowd.by_conversation.keys().cloned().collect();
        for conversation in followed {
            let signal = {
                let state = desk.lock();
                state.desk.position(&conversation).map(|position| {
                    let estimate = state.desk.estimate(&conversation, now);
                    Signal::Position {
                        conversation: conversation.clone(),
                        ahead: position.ahead,
                        is_at_least: position.is_at_least,
                        estimate: estimate
                            .map(|estimate| (estimate.expected, estimate.low, estimate.high)),
                    }
                })
            };
            match signal {
                None => {
                    crowd.positions.remove(&conversation);
                }
                Some(signal) if crowd.positions.get(&conversation) == Some(&signal) => {}
                Some(signal) => {
                    crowd.signal(&conversation, &signal);
                    crowd.positions.insert(conversation, signal);
                }
            }
        }
    }
}

impl Crowd {
    fn enter(&mut self, member: Member) -> (u64, u64) {
        self.last_id += 1;
        let id = self.last_id;
        match &member.scope {
            Scope::Account => {
                self.of_account.insert(id);
            }
            Scope::Agent(agent) => {
                self.by_agent.entry(agent.clone()).or_default().insert(id);
            }
            Scope::Consumer(consumer) => {
                let members = self.by_consumer.entry(consumer.clone()).or_default();
                members.insert(id);
            }
            Scope::Conversations(_) => {}
        }
        for conversation in &member.conversations {
            let members = self.by_conversation.entry(conversation.clone());
            members.or_default().insert(id);
        }
        self.members.insert(id, member);
        (id, self.seen)
    }

    fn add_conversations(&mut self, id: u64, conversations: &[ConversationId]) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        for conversation in conversations {
            member.conversations.insert(conversation.clone());
            let members = self.by_conversation.entry(conversation.clone());
            members.or_default().insert(id);
        }
    }

    fn leave(&mut self, id: u64) {
        let Some(member) = self.members.remove(&id) else {
            return;
        };
        match &member.scope {
            Scope::Account => {
                self.of_account.remove(&id);
            }
            Scope::Agent(agent) => take(&mut self.by_agent, agent, id),
            Scope::Consumer(consumer) => take(&mut self.by_consumer, consumer, id),
            Scope::Conversations(_) => {}
        }
        for conversation in &member.conversations {
            take(&mut self.by_conversation, conversation, id);
            if !self.by_conversation.contains_key(conversation) {
                self.positions.remove(conversation);
            }
        }
    }

    fn clear(&mut self) {
        let seen = self.seen;
        *self = Self {
            seen,
            ..Self::default()
        };
    }

    /// Hands an event to those whom it concerns; who has no room is cut off.
    fn hand_out(&mut self, happened: &Arc<Happened>) {
        if happened.sequence <= self.seen {
            return;
        }
        self.seen = happened.sequence;
        if let (Some(consumer), Some(conversation)) =
            (scope::newcomer(&happened.event), &happened.conversation_id)
        {
            let members = self.by_consumer.get(consumer).cloned();
            for id in members.into_iter().flatten() {
                self.add_conversations(id, std::slice::from_ref(conversation));
            }
        }
        let by_agent = happened.agent_id.as_ref();
        let by_agent = by_agent.and_then(|agent| self.by_agent.get(agent));
        let by_conversation = happened.conversation_id.as_ref();
        let by_conversation = by_conversation.and_then(|id| self.by_conversation.get(id));
        let mut full = Vec::new();
        let groups = [Some(&self.of_account), by_agent, by_conversation];
        for id in groups.into_iter().flatten().flatten() {
            let Some(member) = self.members.get(id) else {
                continue;
            };
            if member
                .queue
                .try_send(Live::Happened(Arc::clone(happened)))
                .is_err()
            {
                full.push(*id);
            }
        }
        for id in full {
            metrics::counter!("usher_feed_cut_off_total").increment(1);
            self.leave(id);
        }
    }

    /// Hands out what may be lost to those who follow a conversation.
    fn signal(&self, conversation: &ConversationId, signal: &Signal) {
        let members = self.by_conversation.get(conversation);
        self.signal_to(members.into_iter().flatten(), signal);
    }

    /// Hands out what may be lost to the agent who has a conversation.
    fn signal_holder(&self, agent: Option<&AgentId>, signal: &Signal) {
        let members = agent.and_then(|agent| self.by_agent.get(agent));
        self.signal_to(members.into_iter().flatten(), signal);
    }

    fn signal_to<'m>(&self, members: impl Iterator<Item = &'m u64>, signal: &Signal) {
        for member in members.filter_map(|id| self.members.get(id)) {
            // Who has no room does without.
            drop(member.queue.try_send(Live::Signal(signal.clone())));
        }
    }
}

fn take<K: Eq + std::hash::Hash>(groups: &mut HashMap<K, BTreeSet<u64>>, key: &K, id: u64) {
    if let Some(members) = groups.get_mut(key) {
        members.remove(&id);
        if members.is_empty() {
            groups.remove(key);
        }
    }
}
