//! The desks of the accounts that this node serves: caches of rows that are changed by conditional
//! commits.
//!
//! Every node that serves an account holds its desk, and any node may carry out a command: it is
//! planned on the desk, committed on the condition that the rows are as the desk knows them, and
//! settled. Who loses a race reads the rows again and tries anew, so a desk that knows too little
//! costs a retry and never a wrong assignment. Matching and timers run where the account's desk
//! lease is held.

mod events;
mod follow;
mod idle;
mod keep;
mod lease;
mod load;
mod measure;
mod rows;
mod step;
mod worker;
mod writing;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::HashMap;
use tokio::sync::{Notify, OnceCell, Semaphore};
use usher_bus::hint::Hint;
use usher_model::id::{AccountId, AgentId, ConversationId, OfferId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_routing::command::Row;
use usher_routing::desk::Desk;
use usher_store::record::Conversation;

use crate::App;
use crate::agents::Offer;
use crate::error::{Code, Error, Result};
use crate::feed::Feeds;
use crate::queues::Waits;

pub(crate) use events::{add, end, participant, percent};
pub(crate) use follow::{moves_queue, run as follow};
pub(crate) use keep::run as keep;
pub(crate) use load::{Rules, capacity, kind, reload, set_open};
pub use measure::measure;
pub(crate) use step::{closed, conversation_of, not_found, overloaded};
pub(crate) use writing::{Writing, assignee};

/// The words of transfers.
pub(crate) mod words {
    pub(crate) use super::events::{assignment, downgrade, outcome};
}

/// The desks that this node holds.
#[derive(Debug, Default)]
pub(crate) struct Desks {
    /// Guards which desks there are; held for nanoseconds. A desk is loaded outside of it.
    held: Mutex<HashMap<AccountId, Arc<OnceCell<Arc<AccountDesk>>>>>,
}

/// The desk of one account, with what is known beside its rows.
#[derive(Debug)]
pub(crate) struct AccountDesk {
    pub(crate) account: AccountId,
    /// Guards the desk; held for microseconds, never across an `.await`.
    state: Mutex<State>,
    /// There may be something to match, or the next timer may have changed.
    work: Notify,
    /// Bounds the steps of the worker that wait for the store.
    in_flight: Arc<Semaphore>,
    /// Whose turn it is to read again what an administrator has set: whoever read first must not take
    /// over last.
    reloading: Semaphore,
    /// What the hosted bots do.
    pub(crate) bots: crate::bot::Runs,
}

/// What the lock of an [`AccountDesk`] guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) desk: Desk,
    /// Which conversation an offer is about; entries that no longer ring are checked when used.
    offers: HashMap<OfferId, ConversationId>,
    /// Offers whose commit is under way: whoever reads the event knows them before this desk does.
    begun: HashMap<OfferId, ConversationId>,
    /// Who waits until a row is at rest.
    waiting: HashMap<Row, Arc<Notify>>,
    /// Until when agents are known to be there.
    pub(crate) leases: HashMap<AgentId, Timestamp>,
    /// The same by time, to look at those that run out.
    leases_by_end: BTreeSet<(Timestamp, AgentId)>,
    /// Until when it is known which skills are open.
    pub(crate) hours_until: Option<Timestamp>,
    /// How long conversations waited for their assignment lately.
    pub(crate) waits: Waits,
    /// What an administrator has set, by which the rows are read and shown.
    pub(crate) rules: load::Rules,
    /// The events that this node has committed or taken over.
    seen: follow::Seen,
    /// When the surveys that are open have been so for too long.
    surveys: BTreeSet<(Timestamp, ConversationId)>,
    /// Since when conversations have been silent whose silence was told.
    idle_told: HashMap<ConversationId, Timestamp>,
    /// When to look for silences again.
    idle_looks_at: Option<Timestamp>,
    /// When what an administrator has set was last read.
    rules_read_at: Timestamp,
    /// When somebody last asked for the desk.
    used_at: Timestamp,
    /// Whether this node no longer holds the desk: whoever finds it has to ask again.
    is_left: bool,
}

impl Desks {
    /// Returns the desk of an account and loads it first if this node does not hold it yet.
    pub(crate) async fn of(app: &Arc<App>, account: &AccountId) -> Result<Arc<AccountDesk>> {
        loop {
            let cell = {
                let mut held = app.desks.lock();
                Arc::clone(held.entry(account.clone()).or_default())
            };
            let desk = cell
                .get_or_try_init(|| async {
                    if app.store.is_shared() {
                        // It reads on from where the desk was read, so that the desk misses nothing
                        // of other nodes.
                        Feeds::start(app, account).await?;
                    }
                    let desk = load::desk(app, account).await?;
                    worker::start(app, &desk);
                    Ok::<_, Error>(desk)
                })
                .await?;
            let mut state = desk.lock();
            if !state.is_left {
                state.used_at = app.now();
                return Ok(Arc::clone(desk));
            }
        }
    }

    /// Returns the desk of an account if this node holds it.
    pub(crate) fn held(&self, account: &AccountId) -> Option<Arc<AccountDesk>> {
        self.lock().get(account)?.get().cloned()
    }

    /// Whether this node holds the desk of an account, or is about to.
    pub(crate) fn is_wanted(&self, account: &AccountId) -> bool {
        self.lock().contains_key(account)
    }

    /// Returns every desk that this node holds.
    fn all(&self) -> Vec<Arc<AccountDesk>> {
        let held = self.lock();
        held.values()
            .filter_map(|cell| cell.get().cloned())
            .collect()
    }

    /// Forgets a desk that nobody has asked for lately; says whether it did.
    fn drop_idle(&self, desk: &AccountDesk, now: Timestamp) -> bool {
        let mut held = self.lock();
        let mut state = desk.lock();
        if state.is_idle(now) {
            held.remove(&desk.account);
            state.is_left = true;
        }
        state.is_left
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Arc<OnceCell<Arc<AccountDesk>>>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AccountDesk {
    fn new(account: AccountId, state: State) -> Self {
        Self {
            account,
            state: Mutex::new(state),
            work: Notify::new(),
            in_flight: Arc::new(Semaphore::new(limits::DESK_STEPS_IN_FLIGHT_MAX)),
            reloading: Semaphore::new(1),
            bots: crate::bot::Runs::default(),
        }
    }

    /// Whether an agent is a program.
    pub(crate) fn is_bot(&self, agent: &AgentId) -> bool {
        self.lock().rules.is_bot(agent)
    }

    /// Returns what is said after a survey of that skill was answered.
    pub(crate) fn thanks(&self, skill: Option<&SkillId>) -> Option<String> {
        let state = self.lock();
        let survey = state.rules.skills.get(skill?)?.survey.as_ref()?;
        survey.thanks.clone()
    }

    /// Ends a conversation then, if its survey is not answered before.
    pub(crate) fn expect_survey(&self, conversation: &ConversationId, until: Timestamp) {
        self.lock().surveys.insert((until, conversation.clone()));
        self.look();
    }

    /// Returns an event that this node knows to have happened: everything later is news.
    pub(crate) fn last_seen(&self) -> u64 {
        self.lock().seen.last()
    }

    /// Returns the offer of that id if it rings, after having looked at what other nodes did.
    pub(crate) async fn ringing(&self, app: &Arc<App>, offer: OfferId) -> Result<Option<Offer>> {
        let rest = {
            let mut state = self.lock();
            let rings = state.offer_of_id(offer);
            if rings.is_some() {
                return Ok(rings);
            }
            let begun = state.begun.get(&offer).cloned();
            begun.map(|conversation| state.until_rest(Row::Ticket(conversation)).notified_owned())
        };
        if let Some(rest) = rest {
            step::rest(rest).await?;
            return Ok(self.lock().offer_of_id(offer));
        }
        if !app.store.is_shared() {
            return Ok(None);
        }
        Feeds::catch_up(app, &self.account).await?;
        Ok(self.lock().offer_of_id(offer))
    }

    /// Has the desk looked at: there may be something to do.
    pub(crate) fn look(&self) {
        self.work.notify_one();
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the conversation that rings with an offer.
    pub(crate) fn ringing(&self, offer: OfferId) -> Option<ConversationId> {
        let conversation = self.offers.get(&offer)?;
        let rings = self.desk.ticket(conversation)?.offer()?;
        (rings.id == offer).then(|| conversation.clone())
    }

    /// Takes over until when an agent is there.
    pub(crate) fn renew_lease(&mut self, agent: &AgentId, until: Timestamp) {
        let known = self.leases.get(agent).copied();
        if known.is_some_and(|known| known >= until) {
            return;
        }
        if let Some(known) = known {
            self.leases_by_end.remove(&(known, agent.clone()));
        }
        self.leases.insert(agent.clone(), until);
        self.leases_by_end.insert((until, agent.clone()));
        self.desk.renew_lease(agent, until);
    }

    /// Takes over that an agent has given up being there.
    pub(crate) fn end_lease(&mut self, agent: &AgentId, at: Timestamp) {
        if let Some(known) = self.leases.remove(agent) {
            self.leases_by_end.remove(&(known, agent.clone()));
        }
        self.desk.end_lease(agent, at);
    }

    /// Remembers which conversation an offer is about, and forgets the one before.
    fn note_offer(&mut self, conversation: &ConversationId, before: Option<OfferId>) {
        let ticket = self.desk.ticket(conversation);
        let now = ticket
            .and_then(|ticket| ticket.offer())
            .map(|offer| offer.id);
        if before == now {
            return;
        }
        if let Some(before) = before {
            self.offers.remove(&before);
        }
        if let Some(now) = now {
            self.offers.insert(now, conversation.clone());
        }
    }

    /// Returns who has a conversation, or at whom it rings.
    fn agent_of(&self, conversation: &ConversationId) -> Option<&AgentId> {
        let ticket = self.desk.ticket(conversation)?;
        let offered = ticket.offer().map(|offer| &offer.agent);
        ticket.assignee().or(offered)
    }

    /// Takes over whether a conversation off the floor goes on with its survey.
    fn take_over_survey(&mut self, id: &ConversationId, conversation: Option<&Conversation>) {
        self.end_survey(id);
        let open = conversation.filter(|conversation| conversation.closed.is_none());
        if let Some(until) = open.and_then(|open| self.rules.survey_ends_at(open)) {
            self.surveys.insert((until, id.clone()));
        }
    }

    fn end_survey(&mut self, conversation: &ConversationId) {
        self.surveys.retain(|(_, known)| known != conversation);
    }

    fn offer_of(&self, conversation: &ConversationId) -> Option<OfferId> {
        let ticket = self.desk.ticket(conversation)?;
        ticket.offer().map(|offer| offer.id)
    }

    /// Wakes those who wait for a row.
    fn rest(&mut self, row: &Row) {
        if self.waiting.is_empty() {
            return;
        }
        if let Some(waiting) = self.waiting.remove(row) {
            waiting.notify_waiters();
        }
    }

    /// Returns what is notified as soon as a row is at rest.
    fn until_rest(&mut self, row: Row) -> Arc<Notify> {
        Arc::clone(self.waiting.entry(row).or_default())
    }
}

/// Takes over what an administrator has changed, here and on the other nodes: for those who have
/// written it.
///
/// # Errors
/// Fails if the store cannot be read.
pub async fn rules_changed(app: &Arc<App>, account: &AccountId) -> Result<()> {
    if app.desks.is_wanted(account) {
        // One that is being loaded may have read what was there before.
        let desk = Desks::of(app, account).await?;
        load::reload(app, &desk).await?;
    }
    app.bus.announce(Hint::Rules {
        account: account.clone(),
        revision: 0,
    });
    Ok(())
}

/// Fails while conversations are in a skill, which must then not be removed.
///
/// # Errors
/// Fails with [`Code::SkillInUse`], or if the desk cannot be loaded.
pub(crate) async fn check_unused(
    app: &Arc<App>,
    account: &AccountId,
    skill: &SkillId,
) -> Result<()> {
    let desk = Desks::of(app, account).await?;
    let checked = desk.lock().desk.check_unused(skill);
    checked.map_err(|refusal| Error::new(Code::SkillInUse, refusal.to_string()))
}

/// Takes over what other nodes did and does at once what time has made necessary, on the desks that
/// this node holds, until nothing is left: for those who have moved the clock.
///
/// # Errors
/// Fails if the store does.
pub async fn catch_up(app: &Arc<App>) -> Result<()> {
    for desk in app.desks.all() {
        if app.store.is_shared() {
            Feeds::catch_up(app, &desk.account).await?;
        }
        worker::catch_up(app, &desk).await?;
    }
    Ok(())
}
