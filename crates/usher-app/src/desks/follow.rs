//! Following the other nodes, and telling them: what they change is read from the events, and hints
//! only say when to look.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use usher_bus::bus::Notice;
use usher_bus::hint::Hint;
use usher_model::id::{AgentId, ConversationId};
use usher_store::record::event::SenderRole;
use usher_store::record::{Event, Happened};

use super::{AccountDesk, Desks};
use crate::App;
use crate::error::Result;
use crate::feed;

/// The events that a desk knows of.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// All up to this one.
    last: u64,
    /// Later ones that this node has committed itself.
    own: BTreeSet<u64>,
}

impl Seen {
    pub(super) const fn at(last: u64) -> Self {
        Self {
            last,
            own: BTreeSet::new(),
        }
    }

    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    fn note_own(&mut self, sequence: u64) {
        if sequence > self.last {
            self.own.insert(sequence);
        }
    }

    /// Whether an event is one of which this node does not know yet.
    fn is_news(&self, sequence: u64) -> bool {
        sequence > self.last && !self.own.contains(&sequence)
    }

    /// Takes in an event.
    fn note(&mut self, sequence: u64) {
        self.own.remove(&sequence);
        self.last = self.last.max(sequence);
    }
}

/// Tells everybody who follows the account what this node has committed.
pub(super) fn committed(
    app: &Arc<App>,
    desk: &AccountDesk,
    events: &[Happened],
    last_sequence: Option<u64>,
) {
    let Some(last) = last_sequence else {
        return;
    };
    {
        let mut state = desk.lock();
        if !app.store.is_shared() {
            state.seen.last = state.seen.last.max(last);
        } else {
            let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
            let first = last.saturating_sub(count).saturating_add(1);
            for sequence in first..=last {
                state.seen.note_own(sequence);
            }
        }
        for happened in events {
            state.waits.note(happened.at, &happened.event);
            if let (Event::ConversationClosed { .. }, Some(conversation)) =
                (&happened.event, &happened.conversation_id)
            {
                state.end_survey(conversation);
            }
            count(&happened.event);
        }
    }
    app.feeds.wake(&desk.account);
    app.outbox.wake(&desk.account);
    app.bus.announce(Hint::Events {
        account: desk.account.clone(),
        sequence: last,
    });
}

impl AccountDesk {
    /// Takes over what other nodes did, as far as these events tell.
    ///
    /// # Errors
    /// Fails if the rows cannot be read; the events then stay news.
    pub(crate) async fn observe(&self, app: &App, events: &[Arc<feed::Happened>]) -> Result<()> {
        let mut conversations: BTreeSet<ConversationId> = BTreeSet::new();
        let mut agents: BTreeSet<AgentId> = BTreeSet::new();
        {
            let state = self.lock();
            let news = events.iter();
            for happened in news.filter(|happened| state.seen.is_news(happened.sequence)) {
                if let Some(conversation) = &happened.conversation_id {
                    // Whoever had it may not have it any more.
                    agents.extend(state.agent_of(conversation).cloned());
                    conversations.insert(conversation.clone());
                }
                agents.extend(happened.agent_id.clone());
            }
        }
        if !conversations.is_empty() || !agents.is_empty() {
            let (conversations, agents) = (Vec::from_iter(conversations), Vec::from_iter(agents));
            self.read(app, conversations, agents).await?;
        }
        let mut wakes_bot = false;
        let mut state = self.lock();
        for happened in events {
            if state.seen.is_news(happened.sequence) {
                state.waits.note(happened.at, &happened.event);
                let written = written_by_consumer(happened);
                wakes_bot |= written.is_some_and(|conversation| self.bots.wake(conversation));
            }
            state.seen.note(happened.sequence);
        }
        drop(state);
        if wakes_bot {
            self.look();
        }
        Ok(())
    }
}

/// Returns where a consumer wrote.
fn written_by_consumer(happened: &feed::Happened) -> Option<&ConversationId> {
    match &happened.event {
        Event::MessageSent(message) if message.sender_role == SenderRole::Consumer => {
            happened.conversation_id.as_ref()
        }
        _ => None,
    }
}

/// Listens to the other nodes until the application stops.
pub(crate) async fn run(app: Arc<App>) {
    let mut notices = app.bus.subscribe();
    let stopping = app.tasks.stopping().clone();
    let here = app.bus.node();
    loop {
        let notice = tokio::select! {
            () = stopping.cancelled() => return,
            notice = notices.next() => notice,
        };
        match notice {
            None => return,
            Some(Notice::Lagged) => {
                app.feeds.wake_all();
                app.outbox.wake_all();
                for desk in app.desks.all() {
                    reload(&app, &desk).await;
                }
            }
            Some(Notice::Hint { from, hint }) if from != here => take(&app, hint).await,
            Some(Notice::Hint { .. }) => {}
        }
    }
}

async fn take(app: &Arc<App>, hint: Hint) {
    match hint {
        Hint::Events { account, .. } => {
            app.feeds.wake(&account);
            app.outbox.wake(&account);
        }
        Hint::Lease {
            account,
            agent,
            until,
        } => {
            if let Some(desk) = app.desks.held(&account) {
                desk.lock().renew_lease(&agent, until);
                desk.work.notify_one();
            }
        }
        Hint::Typing {
            account,
            conversation,
            participant,
            until,
        } => app
            .feeds
            .typing(app, &account, &conversation, &participant, until),
        // One that is being loaded may have read what was there before; the other hints do not wait.
        Hint::Rules { account, .. } if app.desks.is_wanted(&account) => {
            let again = Arc::clone(app);
            app.tasks.spawn(async move {
                match Desks::of(&again, &account).await {
                    Ok(desk) => reload(&again, &desk).await,
                    Err(error) => {
                        tracing::warn!(%error, %account, "a desk cannot be loaded; it is loaded when it is next asked for");
                    }
                }
            });
        }
        Hint::Rules { .. } => {}
        Hint::Desk { account, .. } => {
            if let Some(desk) = app.desks.held(&account) {
                desk.work.notify_one();
            }
        }
    }
}

async fn reload(app: &App, desk: &AccountDesk) {
    if let Err(error) = super::load::reload(app, desk).await {
        tracing::warn!(%error, account = %desk.account, "changed settings cannot be read; they are read when they are next in the way");
    }
}

/// Counts what this node has brought about.
fn count(event: &Event) {
    match event {
        Event::Offered { .. } => {
            metrics::counter!("usher_offers_total", "outcome" => "MADE").increment(1);
        }
        Event::OfferEnded { reason, .. } => {
            let outcome = match reason.as_str() {
                "DECLINED" => "DECLINED",
                "EXPIRED" => "EXPIRED",
                _ => "WITHDRAWN",
            };
            metrics::counter!("usher_offers_total", "outcome" => outcome).increment(1);
        }
        Event::Assigned {
            is_bot,
            offer_id,
            waited_ms,
            ..
        } => {
            if offer_id.is_some() {
                metrics::counter!("usher_offers_total", "outcome" => "ACCEPTED").increment(1);
            }
            let to = if *is_bot { "BOT" } else { "HUMAN" };
            metrics::counter!("usher_assignments_total", "to" => to).increment(1);
            let waited = Duration::from_millis(*waited_ms).as_secs_f64();
            metrics::histogram!("usher_queue_wait_seconds", "to" => to).record(waited);
        }
        Event::Requeued { .. } => {
            metrics::counter!("usher_requeues_total").increment(1);
        }
        Event::ConversationClosed { .. } => {
            metrics::counter!("usher_conversations_closed_total").increment(1);
        }
        _ => {}
    }
}

/// Whether the event changes who waits where, so that those who wait have another place.
pub(crate) const fn moves_queue(event: &Event) -> bool {
    matches!(
        event,
        Event::Queued { .. }
            | Event::Offered { .. }
            | Event::Assigned { .. }
            | Event::Requeued { .. }
            | Event::Transferred(_)
            | Event::Boosted { .. }
            | Event::ConversationClosed { .. }
    )
}
