//! One step: plan, commit, settle; on a conflict, read the rows again and try anew.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::futures::OwnedNotified;
use usher_model::id::{AgentId, ConversationId, OfferId};
use usher_model::time::Timestamp;
use usher_routing::command::{Change, Command, Refusal, Row};
use usher_routing::desk::Desk;
use usher_store::batch::CommitError;
use usher_store::collection::{Collection, kept};
use usher_store::record::{self, AgentLease, AgentSeat, Conversation, Kept};
use usher_store::store::Key;

use super::writing::{Ready, Writing};
use super::{AccountDesk, State, rows};
use crate::App;
use crate::error::{Code, Error, Result};
use crate::last_agent;

/// How often a step is tried when others are in its way.
const ATTEMPTS_MAX: usize = 32;
/// Longest wait before it is tried again.
const RETRY_JITTER: Duration = Duration::from_millis(5);
/// Longest wait for a row to come to rest.
const REST_WAIT_MAX: Duration = Duration::from_secs(10);

type Planned = std::result::Result<Change, Refusal>;

/// What a step changes on the desk; planned again whenever rows have changed meanwhile.
pub(crate) trait Plan: Send {
    fn plan(&mut self, desk: &Desk, now: Timestamp) -> Planned;
}

impl<F: FnMut(&Desk, Timestamp) -> Planned + Send> Plan for F {
    fn plan(&mut self, desk: &Desk, now: Timestamp) -> Planned {
        self(desk, now)
    }
}

impl Plan for Command {
    fn plan(&mut self, desk: &Desk, now: Timestamp) -> Planned {
        desk.plan(self.clone(), now)
    }
}

/// What was written: what the use case says of it, and the last event.
type Written<T> = (T, Option<u64>);

/// A change whose rows are busy until it is settled or dropped.
#[derive(Debug)]
pub(super) struct Begun {
    desk: Arc<AccountDesk>,
    now: Timestamp,
    /// Nothing once it is settled.
    change: Option<Change>,
}

impl Begun {
    pub(super) fn new(
        desk: &Arc<AccountDesk>,
        state: &mut State,
        change: Change,
        now: Timestamp,
    ) -> Self {
        state.desk.begin(&change);
        state.begun.extend(offered(&change));
        Self {
            desk: Arc::clone(desk),
            now,
            change: Some(change),
        }
    }

    pub(super) const fn desk(&self) -> &Arc<AccountDesk> {
        &self.desk
    }

    /// Writes the change; nothing if a row was not as the desk knew it, which it now does.
    ///
    /// Whoever stops waiting leaves rows at rest, and a step that was written or not.
    pub(super) async fn carry_out<T>(
        mut self,
        app: &Arc<App>,
        write: &mut (impl FnMut(&mut Writing<'_>, &Change) -> Result<T> + Send),
    ) -> Result<Option<Written<T>>> {
        let desk = Arc::clone(&self.desk);
        let Some(change) = self.change.clone() else {
            return Ok(None);
        };
        if let Some(agent) = &change.rests_on_silence_of
            && desk.is_back(app, agent).await?
        {
            return Ok(None);
        }
        let Some(records) = desk.records(app, &change).await? else {
            return Ok(None);
        };
        let mut writing = Writing::new(app, &desk, self.now, records);
        let answer = write(&mut writing, &change)?;
        let Ready {
            batch,
            rows_at,
            rows,
            events,
        } = writing.finish(&change)?;
        match app.store.commit(batch).await {
            Ok(given) => {
                let revisions = given.get(rows_at..rows_at + rows).unwrap_or_default();
                let sequence = given.last().copied().filter(|_| !events.is_empty());
                self.settle(app, revisions, &events, sequence);
                Ok(Some((answer, sequence)))
            }
            Err(CommitError::Conflict { collection, .. }) if is_of_the_floor(collection) => {
                drop(self);
                desk.read_again(app, &change).await?;
                Ok(None)
            }
            Err(error @ (CommitError::Conflict { .. } | CommitError::Busy)) => Err(error.into()),
            Err(error @ CommitError::Store(_)) => {
                drop(self);
                // It is not known whether it was written.
                if let Err(error) = desk.read_again(app, &change).await {
                    tracing::debug!(%error, account = %desk.account, "rows are read again when they are in the way");
                }
                Err(error.into())
            }
        }
    }

    /// Takes over what was written.
    fn settle(
        &mut self,
        app: &Arc<App>,
        revisions: &[u64],
        events: &[record::Happened],
        sequence: Option<u64>,
    ) {
        let Some(change) = self.change.take() else {
            return;
        };
        let desk = &self.desk;
        let is_empty = change.tickets.is_empty() && change.seats.is_empty();
        if !is_empty {
            let rows = rows_of(&change);
            let mut state = desk.lock();
            state.forget_begun(&change);
            let before: Vec<_> = offers_of(&state, &change);
            state.desk.settle(change, revisions);
            for (conversation, offer) in before {
                state.note_offer(&conversation, offer);
            }
            for row in &rows {
                state.rest(row);
            }
        }
        super::follow::committed(app, desk, events, sequence);
        last_agent::follow(app, desk, events);
        desk.work.notify_one();
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let Some(change) = self.change.take() else {
            return;
        };
        let mut state = self.desk.lock();
        state.forget_begun(&change);
        state.desk.abandon(&change);
        for row in rows_of(&change) {
            state.rest(&row);
        }
        drop(state);
        self.desk.work.notify_one();
    }
}

impl AccountDesk {
    /// Carries out one step: as often as it takes until the rows are as they were when it was
    /// planned. What `write` adds is written with it, or not at all.
    ///
    /// # Errors
    /// Fails if the desk refuses, `write` does, or the store cannot write.
    pub(crate) async fn step<T>(
        self: &Arc<Self>,
        app: &Arc<App>,
        plan: impl Plan,
        write: impl FnMut(&mut Writing<'_>, &Change) -> Result<T> + Send,
    ) -> Result<T> {
        Ok(self.write(app, plan, write).await?.0)
    }

    async fn write<T>(
        self: &Arc<Self>,
        app: &Arc<App>,
        mut plan: impl Plan,
        mut write: impl FnMut(&mut Writing<'_>, &Change) -> Result<T> + Send,
    ) -> Result<Written<T>> {
        for _ in 0..ATTEMPTS_MAX {
            let begun = self.begin(app, &mut plan).await?;
            if let Some(written) = begun.carry_out(app, &mut write).await? {
                return Ok(written);
            }
            tokio::time::sleep(app.ids.jitter(RETRY_JITTER)).await;
        }
        Err(overloaded())
    }

    /// Carries out a step in a conversation that may be off the floor, because only its survey goes
    /// on; returns also the sequence of its last event.
    ///
    /// # Errors
    /// As [`AccountDesk::step`], and if the conversation is closed.
    pub(crate) async fn step_or_amend<T>(
        self: &Arc<Self>,
        app: &Arc<App>,
        id: &ConversationId,
        command: Command,
        mut write: impl FnMut(&mut Writing<'_>) -> Result<T> + Send,
    ) -> Result<Written<T>> {
        for _ in 0..ATTEMPTS_MAX {
            match self
                .write(app, command.clone(), |writing, _| write(writing))
                .await
            {
                Err(error) if error.code == Code::ConversationClosed => {}
                done => return done,
            }
            match self.amend(app, id, &mut write).await {
                Err(error) if error.code == Code::RevisionConflict => {}
                done => return done,
            }
        }
        Err(overloaded())
    }

    /// Writes a conversation that is off the floor and has not ended.
    ///
    /// # Errors
    /// Fails if the conversation is on the floor or has ended, `write` fails, or the store cannot
    /// write.
    pub(crate) async fn amend<T>(
        self: &Arc<Self>,
        app: &Arc<App>,
        id: &ConversationId,
        mut write: impl FnMut(&mut Writing<'_>) -> Result<T> + Send,
    ) -> Result<Written<T>> {
        for _ in 0..ATTEMPTS_MAX {
            let kept = conversation_of(app, &self.account, id).await?;
            let kept = kept.ok_or_else(|| not_found(id))?;
            if kept.record.closed.is_some() {
                return Err(closed(id));
            }
            if kept.record.ticket.is_some() {
                return Err(Error::new(
                    Code::DialogClosed,
                    format!("expected conversation `{id}` after its main dialog; that goes on"),
                ));
            }
            let mut writing = Writing::new(app, self, app.now(), Vec::new());
            writing.amend(kept);
            let answer = write(&mut writing)?;
            let Ready { batch, events, .. } = writing.finish(&Change::default())?;
            match app.store.commit(batch).await {
                Ok(given) => {
                    let sequence = given.last().copied().filter(|_| !events.is_empty());
                    super::follow::committed(app, self, &events, sequence);
                    return Ok((answer, sequence));
                }
                Err(CommitError::Conflict { collection, .. }) if is_of_the_floor(collection) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(overloaded())
    }

    /// Plans until no row is busy, and begins.
    async fn begin(self: &Arc<Self>, app: &App, plan: &mut impl Plan) -> Result<Begun> {
        let mut has_read = false;
        loop {
            let refusal = {
                let mut state = self.lock();
                let now = app.now();
                match plan.plan(&state.desk, now) {
                    Ok(change) => return Ok(Begun::new(self, &mut state, change, now)),
                    Err(Refusal::Busy(row)) => Err(state.until_rest(row).notified_owned()),
                    Err(refusal) => Ok(refusal),
                }
            };
            match refusal {
                Err(rest) => {
                    self::rest(rest).await?;
                }
                // What this desk does not know another node may have done.
                Ok(refusal) if !has_read && self.read_about(app, &refusal).await? => {
                    has_read = true;
                }
                Ok(refusal) => return Err(refused(&refusal)),
            }
        }
    }

    /// Reads what a refusal rests on, if another node may have changed it; says whether it did.
    ///
    /// # Errors
    /// Fails if the conversation is closed or unknown.
    async fn read_about(&self, app: &App, refusal: &Refusal) -> Result<bool> {
        match refusal {
            Refusal::NotOpen(conversation) => {
                let kept = conversation_of(app, &self.account, conversation).await?;
                let kept = kept.ok_or_else(|| not_found(conversation))?;
                if kept.record.ticket.is_none() {
                    return Err(closed(conversation));
                }
                self.take_over(conversation, Some(&kept));
                Ok(true)
            }
            Refusal::UnknownAgent(_) | Refusal::UnknownSkill(_) if app.store.is_shared() => {
                super::load::reload(app, self).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Reads the conversations' rows that a change writes; nothing if one is not as the desk knows
    /// it, which it then does.
    async fn records(&self, app: &App, change: &Change) -> Result<Option<Vec<Conversation>>> {
        let expected = |write: &usher_routing::command::TicketWrite| {
            let revision = write.expected?;
            Some((write.conversation.clone(), revision))
        };
        let known: Vec<(ConversationId, u64)> =
            change.tickets.iter().filter_map(expected).collect();
        if known.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let key = |(id, _): &(ConversationId, u64)| conversation_key(self, id);
        let wanted: Vec<(&'static Collection, Key)> = known.iter().map(key).collect();
        let rows = app.store.get_many(&wanted, app.now()).await?;
        let mut records = Vec::with_capacity(rows.len());
        let mut is_current = true;
        for ((id, revision), row) in known.iter().zip(rows) {
            let kept: Option<Kept<Conversation>> = row.as_ref().map(record::read).transpose()?;
            match kept {
                Some(kept) if kept.revision == *revision => records.push(kept.record),
                kept => {
                    is_current = false;
                    self.take_over(id, kept.as_ref());
                }
            }
        }
        Ok(is_current.then_some(records))
    }

    /// Reads the rows of a change again, after somebody else has changed one of them.
    async fn read_again(&self, app: &App, change: &Change) -> Result<()> {
        let conversations = change.tickets.iter().map(|write| &write.conversation);
        let agents = change.seats.iter().map(|write| &write.after.agent);
        self.read(
            app,
            conversations.cloned().collect(),
            agents.cloned().collect(),
        )
        .await
    }

    /// Takes over the rows of conversations and agents as they are in the store.
    pub(super) async fn read(
        &self,
        app: &App,
        conversations: Vec<ConversationId>,
        agents: Vec<AgentId>,
    ) -> Result<()> {
        let tickets = conversations.iter().map(|id| conversation_key(self, id));
        let seats = agents.iter().map(|agent| {
            let key = Key::new(&self.account, [agent.as_str()]);
            (&kept::AGENT_SEATS, key)
        });
        let wanted: Vec<(&'static Collection, Key)> = tickets.chain(seats).collect();
        let mut rows = app.store.get_many(&wanted, app.now()).await?.into_iter();
        for (id, row) in conversations.iter().zip(&mut rows) {
            let kept: Option<Kept<Conversation>> = row.as_ref().map(record::read).transpose()?;
            self.take_over(id, kept.as_ref());
        }
        for row in rows.flatten() {
            let kept: Kept<AgentSeat> = record::read(&row)?;
            let row = Row::Seat(kept.record.agent_id.clone());
            let mut state = self.lock();
            state
                .desk
                .refresh_seat(rows::seat(kept.record), kept.revision);
            state.rest(&row);
        }
        self.work.notify_one();
        Ok(())
    }

    /// Takes over a conversation's row as it was read; closed and removed ones are not on the desk.
    fn take_over(&self, id: &ConversationId, kept: Option<&Kept<Conversation>>) {
        let ticket = kept.and_then(|kept| {
            let ticket = kept.record.ticket.as_ref()?;
            Some((rows::ticket(id, ticket), kept.revision))
        });
        let mut state = self.lock();
        if ticket.is_none() {
            let conversation = kept.map(|kept| &kept.record);
            state.take_over_survey(id, conversation);
        }
        let before = state.offer_of(id);
        state.desk.refresh_ticket(id, ticket);
        state.note_offer(id, before);
        drop(state);
        self.work.notify_one();
    }

    /// Whether an agent who counts as silent has been heard of: another node may know.
    pub(super) async fn is_back(&self, app: &App, agent: &AgentId) -> Result<bool> {
        if !app.store.is_shared() {
            return Ok(false);
        }
        let key = Key::new(&self.account, [agent.as_str()]);
        let now = app.now();
        let row = app.store.get(&kept::AGENT_LEASES, &key, now).await?;
        let kept: Option<Kept<AgentLease>> = row.as_ref().map(record::read).transpose()?;
        let until = kept
            .map(|kept| kept.record.until)
            .filter(|until| *until > now);
        if let Some(until) = until {
            self.lock().renew_lease(agent, until);
        }
        Ok(until.is_some())
    }
}

fn conversation_key(desk: &AccountDesk, id: &ConversationId) -> (&'static Collection, Key) {
    (&kept::CONVERSATIONS, Key::new(&desk.account, [id.as_str()]))
}

/// Reads a conversation's row.
pub(crate) async fn conversation_of(
    app: &App,
    account: &usher_model::id::AccountId,
    id: &ConversationId,
) -> Result<Option<Kept<Conversation>>> {
    let key = Key::new(account, [id.as_str()]);
    let row = app.store.get(&kept::CONVERSATIONS, &key, app.now()).await?;
    Ok(row.as_ref().map(record::read).transpose()?)
}

fn rows_of(change: &Change) -> Vec<Row> {
    let tickets = change.tickets.iter();
    let tickets = tickets.map(|write| Row::Ticket(write.conversation.clone()));
    let seats = change.seats.iter();
    let seats = seats.map(|write| Row::Seat(write.after.agent.clone()));
    tickets.chain(seats).collect()
}

fn offers_of(
    state: &State,
    change: &Change,
) -> Vec<(ConversationId, Option<usher_model::id::OfferId>)> {
    let ids = change.tickets.iter().map(|write| &write.conversation);
    ids.map(|id| (id.clone(), state.offer_of(id))).collect()
}

fn is_of_the_floor(collection: &str) -> bool {
    collection == kept::CONVERSATIONS.name || collection == kept::AGENT_SEATS.name
}

/// Waits until a row is at rest, but not for ever.
pub(super) async fn rest(rest: OwnedNotified) -> Result<()> {
    let rest = tokio::time::timeout(REST_WAIT_MAX, rest).await;
    rest.map_err(|_elapsed| overloaded())
}

/// Returns the offers that a change makes.
fn offered(change: &Change) -> impl Iterator<Item = (OfferId, ConversationId)> {
    change.tickets.iter().filter_map(|write| {
        let offer = write.after.as_ref()?.offer()?;
        Some((offer.id, write.conversation.clone()))
    })
}

impl State {
    fn forget_begun(&mut self, change: &Change) {
        for (offer, _) in offered(change) {
            self.begun.remove(&offer);
        }
    }
}

pub(crate) fn overloaded() -> Error {
    Error::new(
        Code::Overloaded,
        "others change the same conversation or agent at the same time; try again",
    )
    .with_retry_after(Duration::from_secs(1))
}

/// Returns the failure that there is no such conversation.
pub(crate) fn not_found(id: &ConversationId) -> Error {
    Error::new(
        Code::ConversationNotFound,
        format!("no conversation `{id}`"),
    )
}

/// Returns the failure that a conversation is closed.
pub(crate) fn closed(id: &ConversationId) -> Error {
    Error::new(
        Code::ConversationClosed,
        format!("expected an open conversation, found `{id}` closed"),
    )
}

/// Returns what a refusal is to whoever asked.
fn refused(refusal: &Refusal) -> Error {
    let code = match refusal {
        Refusal::NotOpen(_) => Code::ConversationNotFound,
        Refusal::OfferGone => Code::OfferGone,
        Refusal::OfferExpired(_) => Code::OfferExpired,
        Refusal::AlreadyOpen(_) | Refusal::AlreadyAssigned(_) => Code::AlreadyAssigned,
        Refusal::NotAssigned => Code::NotAssigned,
        Refusal::Excluded(_) => Code::AgentExcluded,
        Refusal::UnknownAgent(_) => return Error::field("#/agentId", refusal.to_string()),
        Refusal::UnknownSkill(_) => return Error::field("#/skillId", refusal.to_string()),
        Refusal::NoTarget => return Error::field("#/", refusal.to_string()),
        Refusal::SkillDisabled(_) | Refusal::SameTarget | Refusal::Loop(_) => {
            Code::TransferRejected
        }
        Refusal::SkillInUse(_) => Code::SkillInUse,
        Refusal::Busy(_) => return overloaded(),
    };
    Error::new(code, refusal.to_string())
}
