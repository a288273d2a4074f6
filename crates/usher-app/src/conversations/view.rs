//! What can be seen of conversations.

use std::collections::BTreeMap;
use std::sync::Arc;

use usher_model::id::{AgentId, ConsumerId, ConversationId, ParticipantId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_routing::estimate::{Estimate, Position};
use usher_store::collection::kept;
use usher_store::record::conversation::{ParticipantRole, TicketState};
use usher_store::record::event::ResponseTime;
use usher_store::record::{self, Conversation, Kept};
use usher_store::store::{Cursor, Field, Query};

use super::{hidden, response_due_at, response_time};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::desks::{AccountDesk, Desks, Rules, assignee, conversation_of};
use crate::error::Result;
use crate::feed::{self, Eyes, Happened};

/// How many rows are looked at for one page, however few of them a filter lets through.
pub(super) const LOOKED_AT_MAX: usize = 5_000;

/// Where a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// A bot has it.
    Bot,
    /// It waits.
    Queued,
    /// It rings at an agent.
    Offered,
    /// A person has it.
    Assigned,
    /// It is over, perhaps but for a survey.
    Closed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Bot,
        Self::Queued,
        Self::Offered,
        Self::Assigned,
        Self::Closed,
    ];

    /// Returns the state's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "BOT",
            Self::Queued => "QUEUED",
            Self::Offered => "OFFERED",
            Self::Assigned => "ASSIGNED",
            Self::Closed => "CLOSED",
        }
    }

    /// Reads the state's name on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A conversation as it is now.
#[derive(Clone, Debug)]
pub struct View {
    /// Its row.
    pub conversation: Conversation,
    /// The row's revision.
    pub revision: u64,
    /// Where it is.
    pub state: State,
    /// Who has it, or at whom it rings.
    pub agent_id: Option<AgentId>,
    /// Its score so far, or as it was at the end.
    pub mcs: Option<u8>,
    /// Where it stands, if it waits.
    pub position: Option<Position>,
    /// How long it will probably wait.
    pub estimate: Option<Estimate>,
    /// How soon an answer is due.
    pub response_time: ResponseTime,
    /// By when; nothing while it is the consumer's turn.
    pub response_due_at: Option<Timestamp>,
    /// What the consumer calls the agents who take or took part: the nickname, or else the name.
    pub nicknames: BTreeMap<ParticipantId, String>,
}

/// Which conversations to list; all that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Where they are.
    pub state: Option<State>,
    /// In which skill they are or were last.
    pub skill: Option<SkillId>,
    /// Which agent has them, had them last or took part.
    pub agent: Option<AgentId>,
    /// Whose they are.
    pub consumer: Option<ConsumerId>,
    /// Where the consumer writes.
    pub channel: Option<String>,
    /// Started at or after.
    pub from: Option<Timestamp>,
    /// Started before.
    pub to: Option<Timestamp>,
    /// Something that was said in them, in any case.
    pub text: Option<String>,
}

/// Returns a conversation.
///
/// # Errors
/// Fails if there is none, or the caller does not take part in it.
pub async fn get(caller: &Caller, app: &Arc<App>, id: &ConversationId) -> Result<View> {
    let kept = find(caller, app, id).await?;
    let desk = Desks::of(app, &caller.account).await?;
    Ok(view(&desk, kept, app.now()))
}

/// Returns conversations, the newest first, and where the next page begins.
///
/// A page may have fewer than `limit` and yet a next one: only so many rows are looked at for each.
///
/// # Errors
/// Fails if the caller may not see conversations, or the cursor was made by another query.
pub async fn list(
    caller: &Caller,
    app: &Arc<App>,
    filter: &Filter,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<(Vec<View>, Option<Cursor>)> {
    caller.require(Permission::ConversationsRead)?;
    let filter = &visible(caller, filter.clone());
    let desk = Desks::of(app, &caller.account).await?;
    let now = app.now();
    let mut query = query(caller, filter, cursor);
    let mut found = Vec::new();
    let mut looked_at = 0;
    loop {
        query.limit = (limit - found.len()).clamp(1, limits::PAGE_ROWS_MAX);
        let page = app.store.find(&query, now).await?;
        looked_at += page.rows.len();
        for row in &page.rows {
            let view = view(&desk, record::read(row)?, now);
            if sees(caller, &view.conversation)
                && matches(filter, &view)
                && says(caller, app, filter.text.as_deref(), &view.conversation.id).await?
            {
                found.push(view);
            }
        }
        let is_enough = found.len() >= limit || looked_at >= LOOKED_AT_MAX;
        match page.next {
            Some(next) if !is_enough => query.after = Some(next),
            next => return Ok((found, next)),
        }
    }
}

/// Narrows a filter to what the caller may see, so that the store looks at nothing else.
fn visible(caller: &Caller, filter: Filter) -> Filter {
    match &caller.consumer {
        Some(consumer) => Filter {
            consumer: Some(consumer.clone()),
            ..filter
        },
        None => filter,
    }
}

fn query(caller: &Caller, filter: &Filter, cursor: Option<Cursor>) -> Query {
    let instant = |at: Timestamp| Field::Integer(at.milliseconds());
    let all = Query {
        from: filter.from.map(instant),
        to: filter.to.map(instant),
        descending: true,
        after: cursor,
        ..Query::all(&caller.account, &kept::CONVERSATIONS)
    };
    let is_open = filter.state.is_some_and(|state| state != State::Closed);
    match &filter.consumer {
        Some(consumer) => Query {
            index: Some("by_consumer"),
            equals: vec![Field::Text(consumer.to_string())],
            ..all
        },
        None if is_open => Query {
            index: Some("by_open"),
            from: all.from.or(Some(Conversation::open_from())),
            ..all
        },
        None => Query {
            index: Some("by_started"),
            ..all
        },
    }
}

fn matches(filter: &Filter, view: &View) -> bool {
    let conversation = &view.conversation;
    let agent = |agent: &AgentId| {
        let participants = &conversation.participants;
        view.agent_id.as_ref() == Some(agent)
            || participants
                .iter()
                .any(|one| one.id.as_str() == agent.as_str())
    };
    filter.state.is_none_or(|state| view.state == state)
        && (filter.skill.is_none() || filter.skill == conversation.latest_skill_id)
        && filter.agent.as_ref().is_none_or(agent)
        && (filter.channel.is_none() || filter.channel == conversation.channel)
}

/// Whether something was said in a conversation that the caller can read.
pub(super) async fn says(
    caller: &Caller,
    app: &App,
    text: Option<&str>,
    id: &ConversationId,
) -> Result<bool> {
    let Some(text) = text else {
        return Ok(true);
    };
    let text = text.to_lowercase();
    let is_said = |message: &feed::Message| message.text.to_lowercase().contains(&text);
    has_message(caller, app, id, is_said).await
}

/// Whether a conversation has such a message that the caller can read.
pub(super) async fn has_message(
    caller: &Caller,
    app: &App,
    id: &ConversationId,
    is_such: impl Fn(&feed::Message) -> bool,
) -> Result<bool> {
    let eyes = Eyes::of(caller);
    let mut after = 0;
    loop {
        let page = feed::of_conversation(app, &caller.account, id, after, limits::FEED_PAGE_EVENTS);
        let (events, has_more) = page.await?;
        let shown = events
            .iter()
            .filter_map(|happened| feed::shown(happened, eyes));
        for happened in shown {
            if let feed::Event::MessageSent(message) = &happened.event
                && is_such(message)
            {
                return Ok(true);
            }
        }
        match events.last() {
            Some(last) if has_more => after = last.sequence,
            _ => return Ok(false),
        }
    }
}

/// Returns what happened in a conversation after an event, the first first, and the sequence to go
/// on after, if there is more.
///
/// # Errors
/// Fails if there is no such conversation, or the caller does not take part in it.
pub async fn timeline(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    after: Option<u64>,
    limit: usize,
) -> Result<(Vec<Arc<Happened>>, Option<u64>)> {
    find(caller, app, id).await?;
    let eyes = Eyes::of(caller);
    let limit = limit.clamp(1, limits::PAGE_ROWS_MAX);
    let after = after.unwrap_or(0);
    let page = feed::of_conversation(app, &caller.account, id, after, limit).await?;
    let (events, has_more) = page;
    let last = events.last().map(|last| last.sequence);
    let shown = events
        .iter()
        .filter_map(|happened| feed::shown(happened, eyes));
    Ok((shown.collect(), last.filter(|_| has_more)))
}

/// Reads a conversation that the caller may see.
pub(crate) async fn find(
    caller: &Caller,
    app: &App,
    id: &ConversationId,
) -> Result<Kept<Conversation>> {
    caller.require(Permission::ConversationsRead)?;
    let kept = conversation_of(app, &caller.account, id).await?;
    kept.filter(|kept| sees(caller, &kept.record))
        .ok_or_else(|| hidden(id))
}

/// Whether the caller may see a conversation.
fn sees(caller: &Caller, conversation: &Conversation) -> bool {
    if let Some(consumer) = &caller.consumer {
        return conversation.consumer_id == *consumer;
    }
    if caller.may(Permission::ConversationsReadAll) {
        return true;
    }
    let Some(agent) = &caller.agent else {
        return false;
    };
    let took_part = |one: &record::Participant| one.id.as_str() == agent.as_str();
    let rings = match conversation.ticket.as_ref().map(|ticket| &ticket.state) {
        Some(TicketState::Offered { agent_id, .. }) => agent_id == agent,
        _ => false,
    };
    rings || conversation.participants.iter().any(took_part)
}

/// Returns a conversation's score so far, or as it was when its main dialog closed.
pub(crate) fn mcs(conversation: &Conversation) -> Option<u8> {
    conversation.mcs.or_else(|| score(conversation).mcs())
}

pub(super) fn score(conversation: &Conversation) -> usher_nlu::score::Score {
    usher_nlu::score::Score {
        sum: conversation.score.sum,
        weight: conversation.score.weight,
        messages: conversation.score.messages,
    }
}

/// Returns what the consumer calls the agents of a conversation.
fn nicknames(rules: &Rules, conversation: &Conversation) -> BTreeMap<ParticipantId, String> {
    let agents = conversation.participants.iter();
    let agents = agents.filter(|one| one.role != ParticipantRole::Consumer);
    let named = |one: &record::Participant| {
        let user = rules.users.get(&AgentId::parse(one.id.as_str()).ok()?)?;
        let nickname = user.nickname.as_ref().unwrap_or(&user.name);
        Some((one.id.clone(), nickname.clone()))
    };
    agents.filter_map(named).collect()
}

/// Returns a conversation as it is now.
pub(crate) fn view(desk: &AccountDesk, kept: Kept<Conversation>, now: Timestamp) -> View {
    let Kept {
        record: conversation,
        revision,
    } = kept;
    let locked = desk.lock();
    let ticket = conversation.ticket.as_ref();
    let (state, agent_id) = match ticket.map(|ticket| &ticket.state) {
        None => (State::Closed, conversation.latest_agent_id.clone()),
        Some(TicketState::Queued) => (State::Queued, None),
        Some(TicketState::Offered { agent_id, .. }) => (State::Offered, Some(agent_id.clone())),
        Some(TicketState::Assigned { .. }) => {
            let agent = assignee(&conversation).cloned();
            let is_bot = agent
                .as_ref()
                .is_some_and(|agent| locked.rules.is_bot(agent));
            (if is_bot { State::Bot } else { State::Assigned }, agent)
        }
    };
    let response_time = response_time(&conversation, &locked.rules);
    View {
        response_time,
        response_due_at: response_due_at(&conversation, response_time),
        state,
        agent_id,
        mcs: mcs(&conversation),
        position: locked.desk.position(&conversation.id),
        estimate: locked.desk.estimate(&conversation.id, now),
        nicknames: nicknames(&locked.rules, &conversation),
        conversation,
        revision,
    }
}
