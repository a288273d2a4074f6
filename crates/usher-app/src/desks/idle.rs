//! Silences: conversations in which nothing has happened for as long as the account has set.

use std::sync::Arc;
use std::time::Duration;

use usher_model::id::ConversationId;
use usher_model::time::Timestamp;
use usher_routing::command::Command;
use usher_routing::ticket::{State as TicketState, Ticket, Turn};
use usher_store::record::event::{Event, WaitsFor};
use usher_store::record::settings::IdleSettings;

use super::{AccountDesk, State, conversation_of, rows};
use crate::App;
use crate::error::{Kind, Result};

/// Silences that are told before the desk does something else.
const AT_ONCE_MAX: usize = 100;
/// Shortest time between two looks at all conversations.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// A silence that has lasted for long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Silence {
    waits_for: WaitsFor,
    since: Timestamp,
    after: Duration,
}

impl Silence {
    /// Returns the silence of a conversation, however long it has lasted, if it is one to be told.
    fn of(ticket: &Ticket, settings: &IdleSettings) -> Option<Self> {
        let (waits_for, since, seconds) = match (&ticket.state, ticket.turn) {
            (TicketState::Queued | TicketState::Offered(_), _) => {
                (WaitsFor::Queue, ticket.queued_since, settings.queue_seconds)
            }
            (TicketState::Assigned { since, .. }, Turn::Agent(asked)) => {
                let since = asked.max(*since);
                (WaitsFor::Agent, since, settings.agent_seconds)
            }
            (TicketState::Assigned { .. }, Turn::Consumer(since)) => {
                (WaitsFor::Consumer, since, settings.consumer_seconds)
            }
        };
        Some(Self {
            waits_for,
            since,
            after: Duration::from_secs(seconds?.into()),
        })
    }
}

/// Tells the silences that have lasted for long enough, each once; returns when to look again.
pub(super) async fn follow(app: &Arc<App>, desk: &Arc<AccountDesk>) -> Result<Option<Timestamp>> {
    let (silences, next) = find(&mut desk.lock(), app.now());
    for (id, silence) in silences {
        match tell(app, desk, &id, silence).await {
            Ok(()) => {}
            // It is no longer so.
            Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound) => {}
            Err(error) => return Err(error),
        }
        desk.lock().idle_told.insert(id, silence.since);
    }
    Ok(next)
}

fn find(state: &mut State, now: Timestamp) -> (Vec<(ConversationId, Silence)>, Option<Timestamp>) {
    let settings = state.rules.settings.idle;
    if !settings.is_any() {
        state.idle_told.clear();
        return (Vec::new(), None);
    }
    if state.idle_looks_at.is_some_and(|at| now < at) {
        return (Vec::new(), state.idle_looks_at);
    }
    let State {
        desk,
        idle_told,
        rules,
        ..
    } = state;
    idle_told.retain(|id, _| desk.ticket(id).is_some());
    // What begins from now on is due after the shortest time at the earliest.
    let times = [
        settings.agent_seconds,
        settings.consumer_seconds,
        settings.queue_seconds,
    ];
    let shortest = times.into_iter().flatten().min().unwrap_or_default();
    let mut next = now.plus(Duration::from_secs(shortest.into()));
    let mut due = Vec::new();
    let watched = desk
        .tickets()
        .filter(|ticket| ticket.assignee().is_none_or(|agent| !rules.is_bot(agent)));
    for ticket in watched {
        let Some(silence) = Silence::of(ticket, &settings) else {
            continue;
        };
        if idle_told.get(&ticket.conversation) == Some(&silence.since) {
            continue;
        }
        let at = silence.since.plus(silence.after);
        if at > now {
            next = next.min(at);
        } else if due.len() < AT_ONCE_MAX {
            due.push((ticket.conversation.clone(), silence));
        } else {
            next = now;
        }
    }
    let next = next.max(now.plus(LOOK_INTERVAL));
    state.idle_looks_at = Some(next);
    (due, Some(next))
}

async fn tell(
    app: &Arc<App>,
    desk: &Arc<AccountDesk>,
    id: &ConversationId,
    silence: Silence,
) -> Result<()> {
    let kept = conversation_of(app, &desk.account, id).await?;
    if kept.is_none_or(|kept| kept.record.idle_since == Some(silence.since)) {
        return Ok(());
    }
    let settings = desk.lock().rules.settings.idle;
    let command = Command::Amend {
        conversation: id.clone(),
    };
    desk.step(app, command, |writing, _| {
        let conversation = writing.conversation(id)?;
        let ticket = conversation.ticket.as_ref();
        let now_is = ticket.map(|ticket| rows::ticket(id, ticket));
        let now_is = now_is.and_then(|ticket| Silence::of(&ticket, &settings));
        // Somebody may have acted, or another node told it.
        if now_is != Some(silence) || conversation.idle_since == Some(silence.since) {
            return Ok(());
        }
        conversation.idle_since = Some(silence.since);
        let event = Event::Idle {
            waits_for: silence.waits_for,
            since: silence.since,
            after_seconds: u32::try_from(silence.after.as_secs()).unwrap_or(u32::MAX),
        };
        writing.happens(id, event)
    })
    .await
}
