//! Searching conversations, the closed ones too, by many things at once.

use std::cmp::Reverse;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use foldhash::{HashSet, HashSetExt as _};
use usher_model::id::{AgentId, ConsumerId, ConversationId, GroupId, SkillId};
use usher_model::time::Timestamp;
use usher_model::value::{self, Object, Value};
use usher_nlu::score::{Alert, Score};
use usher_nlu::sentiment::Sentiment;
use usher_store::collection::kept;
use usher_store::record::conversation::{ParticipantRole, TicketState};
use usher_store::record::{self, Conversation, Kept};
use usher_store::store::{Field, Query};

use super::view::{LOOKED_AT_MAX, View, has_message, mcs, says, view};
use super::{response_due_at, response_time};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::desks::{AccountDesk, Desks, conversation_of};
use crate::error::Result;
use crate::feed::Message;

/// Among which conversations is searched.
#[derive(Clone, Debug)]
pub enum Among {
    /// These.
    Conversations(Vec<ConversationId>),
    /// Those of a consumer.
    Consumer(ConsumerId),
    /// Those that started within these bounds.
    Started(RangeInclusive<Timestamp>),
}

/// What is searched for; all that is given must hold, of each list any.
#[derive(Clone, Debug)]
pub struct Search {
    /// Among which.
    pub among: Among,
    /// When they ended.
    pub ended: Option<RangeInclusive<Timestamp>>,
    /// Whether they are over.
    pub is_closed: Option<bool>,
    /// Whether they wait for an agent or ring at one.
    pub is_queued: Option<bool>,
    /// Began in or were last in.
    pub skills: Vec<SkillId>,
    /// Are or were last in.
    pub latest_skills: Vec<SkillId>,
    /// Took part.
    pub agents: Vec<AgentId>,
    /// Has them or had them last.
    pub latest_agents: Vec<AgentId>,
    /// Of whose agents one took part.
    pub groups: Vec<GroupId>,
    /// Where the consumer writes.
    pub channels: Vec<String>,
    /// On what the consumer writes; nothing stands for those of which that is not known.
    pub devices: Vec<Option<Device>>,
    /// Of what kind one of their messages is.
    pub message_kinds: Vec<MessageKind>,
    /// How long they took so far.
    pub duration: Option<RangeInclusive<Duration>>,
    /// How they sound.
    pub mcs: Option<RangeInclusive<u8>>,
    /// Which way that calls for attention: -1, 0 or 1.
    pub alerts: Vec<i8>,
    /// What the consumer answered.
    pub csat: Option<RangeInclusive<u8>>,
    /// By when an answer is due.
    pub response_due: Option<RangeInclusive<Timestamp>>,
    /// What stands in the engagement attributes that came with their start, in any case: group and
    /// text. One of them is enough.
    pub sdes: Vec<(&'static str, String)>,
    /// Something that was said in them, in any case.
    pub text: Option<String>,
    /// Whether those that ended last come last or first, in place of those that started.
    pub is_by_end: bool,
    /// Whether the newest come first.
    pub is_descending: bool,
    /// How many are passed over.
    pub offset: usize,
    /// How many of the rest are returned.
    pub limit: usize,
}

impl Search {
    /// Returns a search for all conversations among some, the newest first.
    #[must_use]
    pub const fn new(among: Among, offset: usize, limit: usize) -> Self {
        Self {
            among,
            ended: None,
            is_closed: None,
            is_queued: None,
            skills: Vec::new(),
            latest_skills: Vec::new(),
            agents: Vec::new(),
            latest_agents: Vec::new(),
            groups: Vec::new(),
            channels: Vec::new(),
            devices: Vec::new(),
            message_kinds: Vec::new(),
            duration: None,
            mcs: None,
            alerts: Vec::new(),
            csat: None,
            response_due: None,
            sdes: Vec::new(),
            text: None,
            is_by_end: false,
            is_descending: true,
            offset,
            limit,
        }
    }
}

/// On what a consumer writes, as far as the conversation's attribute `device` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A computer.
    Desktop,
    /// A telephone.
    Mobile,
    /// Something in between.
    Tablet,
}

impl Device {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Desktop, Self::Mobile, Self::Tablet];

    /// Returns the device's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "DESKTOP",
            Self::Mobile => "MOBILE",
            Self::Tablet => "TABLET",
        }
    }

    /// Returns on what the consumer of a conversation writes, if that is known.
    #[must_use]
    pub fn of(conversation: &Conversation) -> Option<Self> {
        let told = conversation.attributes.get("device")?.as_str()?;
        let is_told = |device: &Self| device.as_str().eq_ignore_ascii_case(told);
        Self::ALL.into_iter().find(is_told)
    }
}

/// Of what kind a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Text and nothing else.
    Text,
    /// There are cards, buttons, … beside the text.
    Rich,
}

impl MessageKind {
    /// Returns of what kind a message is.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        if message.content.is_null() {
            Self::Text
        } else {
            Self::Rich
        }
    }
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The conversations.
    pub views: Vec<View>,
    /// How many there are, before the offset and the limit.
    pub count: usize,
    /// Whether there were more rows than are looked at for one search.
    pub is_partial: bool,
}

/// Returns the conversations that are searched for.
///
/// # Errors
/// Fails if the caller may not search, or the store cannot be read.
pub async fn search(caller: &Caller, app: &Arc<App>, search: &Search) -> Result<Found> {
    caller.require(Permission::HistoryRead)?;
    let desk = Desks::of(app, &caller.account).await?;
    let now = app.now();
    let wanted = Wanted::new(search, &desk, now);
    let (rows, is_partial) = rows(caller, app, search).await?;
    let mut found: Vec<Kept<Conversation>> = Vec::new();
    for kept in rows {
        let conversation = &kept.record;
        if wanted.takes(conversation)
            && says(caller, app, search.text.as_deref(), &conversation.id).await?
            && has_kinds(caller, app, &search.message_kinds, &conversation.id).await?
        {
            found.push(kept);
        }
    }
    let end = |kept: &Kept<Conversation>| kept.record.closed.as_ref().map(|closed| closed.at);
    match (search.is_by_end, search.is_descending) {
        (false, false) => found.sort_by_key(|kept| kept.record.started_at),
        (false, true) => found.sort_by_key(|kept| Reverse(kept.record.started_at)),
        // Those that are open end last.
        (true, false) => found.sort_by_key(|kept| (end(kept).is_none(), end(kept))),
        (true, true) => found.sort_by_key(|kept| Reverse((end(kept).is_none(), end(kept)))),
    }
    let count = found.len();
    let shown = found.into_iter().skip(search.offset).take(search.limit);
    Ok(Found {
        views: shown.map(|kept| view(&desk, kept, now)).collect(),
        count,
        is_partial,
    })
}

/// Whether a conversation has a message of one of these kinds.
async fn has_kinds(
    caller: &Caller,
    app: &App,
    kinds: &[MessageKind],
    id: &ConversationId,
) -> Result<bool> {
    if kinds.is_empty() {
        return Ok(true);
    }
    let is_such = |message: &Message| kinds.contains(&MessageKind::of(message));
    has_message(caller, app, id, is_such).await
}

/// Reads what is searched, the newest first, and whether there is more than that.
async fn rows(
    caller: &Caller,
    app: &App,
    search: &Search,
) -> Result<(Vec<Kept<Conversation>>, bool)> {
    let all = Query {
        descending: true,
        ..Query::all(&caller.account, &kept::CONVERSATIONS)
    };
    let instant = |at: Timestamp| Field::Integer(at.milliseconds());
    let mut query = match &search.among {
        Among::Conversations(ids) => {
            let mut rows = Vec::with_capacity(ids.len());
            for id in ids {
                rows.extend(conversation_of(app, &caller.account, id).await?);
            }
            return Ok((rows, false));
        }
        Among::Consumer(consumer) => Query {
            index: Some("by_consumer"),
            equals: vec![Field::Text(consumer.to_string())],
            ..all
        },
        Among::Started(range) => Query {
            index: Some("by_started"),
            from: Some(instant(*range.start())),
            to: Some(instant(range.end().plus(Duration::from_millis(1)))),
            ..all
        },
    };
    let mut rows = Vec::new();
    loop {
        let page = app.store.find(&query, app.now()).await?;
        for row in &page.rows {
            rows.push(record::read(row)?);
        }
        match page.next {
            Some(next) if rows.len() < LOOKED_AT_MAX => query.after = Some(next),
            next => return Ok((rows, next.is_some())),
        }
    }
}

/// A search with what it takes to look at a row.
struct Wanted<'s> {
    search: &'s Search,
    now: Timestamp,
    /// The agents of the groups.
    members: HashSet<AgentId>,
    desk: &'s AccountDesk,
}

impl<'s> Wanted<'s> {
    fn new(search: &'s Search, desk: &'s AccountDesk, now: Timestamp) -> Self {
        let mut members = HashSet::new();
        if !search.groups.is_empty() {
            let state = desk.lock();
            let in_group = |group: &Option<GroupId>| {
                let group = group.as_ref();
                group.is_some_and(|group| search.groups.contains(group))
            };
            let users = state.rules.users.iter();
            let users = users.filter(|(_, user)| in_group(&user.group_id));
            members.extend(users.map(|(agent, _)| agent.clone()));
        }
        Self {
            search,
            now,
            members,
            desk,
        }
    }

    fn takes(&self, conversation: &Conversation) -> bool {
        let search = self.search;
        let is = |wanted: Option<bool>, is_so: bool| wanted.is_none_or(|wanted| wanted == is_so);
        let ends_at = conversation.closed.as_ref().map(|closed| closed.at);
        let duration = ends_at.unwrap_or(self.now).since(conversation.started_at);
        let mcs = mcs(conversation);
        is(search.is_closed, ends_at.is_some())
            && within(search.ended.as_ref(), ends_at)
            && is(search.is_queued, is_queued(conversation))
            && self.takes_skills(conversation)
            && self.takes_agents(conversation)
            && any(&search.channels, conversation.channel.as_ref())
            && any(&search.devices, Some(&Device::of(conversation)))
            && within(search.duration.as_ref(), Some(duration))
            && within(search.mcs.as_ref(), mcs)
            && any(&search.alerts, mcs.map(alerted).as_ref())
            && within(search.csat.as_ref(), conversation.csat)
            && self.takes_sdes(conversation)
            && self.takes_response_time(conversation)
    }

    fn takes_response_time(&self, conversation: &Conversation) -> bool {
        let Some(wanted) = &self.search.response_due else {
            return true;
        };
        let response_time = response_time(conversation, &self.desk.lock().rules);
        within(Some(wanted), response_due_at(conversation, response_time))
    }

    fn takes_sdes(&self, conversation: &Conversation) -> bool {
        let wanted = &self.search.sdes;
        let has = |(group, text): &(&str, String)| {
            let fields = conversation.sdes.get(group).and_then(Value::as_object);
            let mut values = fields.into_iter().flat_map(Object::values);
            let text = text.to_lowercase();
            values.any(|value| value::text(value).to_lowercase().contains(&text))
        };
        wanted.is_empty() || wanted.iter().any(has)
    }

    fn takes_skills(&self, conversation: &Conversation) -> bool {
        let (entry, latest) = (
            conversation.entry_skill_id.as_ref(),
            conversation.latest_skill_id.as_ref(),
        );
        let skills = &self.search.skills;
        (any(skills, entry) || any(skills, latest)) && any(&self.search.latest_skills, latest)
    }

    fn takes_agents(&self, conversation: &Conversation) -> bool {
        let agents = conversation
            .participants
            .iter()
            .filter(|one| one.role != ParticipantRole::Consumer)
            .filter_map(|one| AgentId::parse(one.id.as_str()).ok());
        let agents: Vec<AgentId> = agents.collect();
        let search = self.search;
        let took_part = |agent: &AgentId| agents.contains(agent);
        (search.agents.is_empty() || search.agents.iter().any(took_part))
            && (search.groups.is_empty() || agents.iter().any(|one| self.members.contains(one)))
            && any(&search.latest_agents, conversation.latest_agent_id.as_ref())
    }
}

fn any<T: PartialEq>(wanted: &[T], has: Option<&T>) -> bool {
    wanted.is_empty() || has.is_some_and(|has| wanted.contains(has))
}

fn within<T: PartialOrd>(wanted: Option<&RangeInclusive<T>>, has: Option<T>) -> bool {
    wanted.is_none_or(|range| has.is_some_and(|has| range.contains(&has)))
}

/// Whether a conversation waits for an agent or rings at one.
#[must_use]
pub fn is_queued(conversation: &Conversation) -> bool {
    let state = conversation.ticket.as_ref().map(|ticket| &ticket.state);
    matches!(
        state,
        Some(TicketState::Queued | TicketState::Offered { .. })
    )
}

/// Returns which way a score calls for attention: -1, 0 or 1.
#[must_use]
pub const fn alerted(mcs: u8) -> i8 {
    Alert::of(mcs).sign()
}

/// Returns the score of a conversation after each of its scored messages.
pub fn running_mcs(sentiments: impl IntoIterator<Item = f64>) -> Vec<Option<u8>> {
    let sentiments = sentiments.into_iter().filter_map(Sentiment::new);
    let scores = sentiments.scan(Score::default(), |score, sentiment| {
        *score = score.with(sentiment);
        Some(score.mcs())
    });
    scores.collect()
}
