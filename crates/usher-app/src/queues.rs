//! How queues are doing: the figures of `messaging.md` 9, from the desk, over the last hour; and as
//! they are at this moment.

mod live;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use foldhash::{HashMap, HashMapExt as _};
use usher_model::id::{AccountId, ConversationId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_routing::estimate::SkillHealth;
use usher_routing::seat::{Kind, Status};
use usher_routing::ticket::{Ticket, Turn};
use usher_store::collection::kept;
use usher_store::record::{self, Conversation, Event, Happened, Kept, Priority};
use usher_store::store::{Key, Query};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::desks::{AccountDesk, Desks};
use crate::error::Result;

pub use live::{Queue, Waiting, list, waiting};

/// How far back the figures look.
const WINDOW: Duration = Duration::from_secs(60 * 60);

/// Conversations that wait whose rows are looked at for one answer.
const LOOKED_AT_MAX: usize = 5_000;

/// How long conversations waited for their assignment lately, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Waits(VecDeque<Wait>);

#[derive(Clone, Debug)]
struct Wait {
    at: Timestamp,
    skill: Option<SkillId>,
    is_new: bool,
    waited: Duration,
}

impl Waits {
    /// Notes an assignment to a person or a program.
    pub(crate) fn note(&mut self, at: Timestamp, event: &Event) {
        let Some(wait) = wait_of(at, event) else {
            return;
        };
        let from = wait.at.minus(WINDOW);
        while self.0.front().is_some_and(|first| first.at <= from)
            || self.0.len() >= limits::QUEUE_WAITS_MAX
        {
            self.0.pop_front();
        }
        self.0.push_back(wait);
    }

    fn lately(&self, now: Timestamp) -> impl Iterator<Item = &Wait> {
        let from = now.minus(WINDOW);
        self.0.iter().filter(move |wait| wait.at > from)
    }
}

fn wait_of(at: Timestamp, event: &Event) -> Option<Wait> {
    match event {
        Event::Assigned {
            skill_id,
            priority,
            waited_ms,
            ..
        } => Some(Wait {
            at,
            skill: skill_id.clone(),
            is_new: *priority == Priority::New,
            waited: Duration::from_millis(*waited_ms),
        }),
        _ => None,
    }
}

/// Reads how long conversations waited lately, from the newest events.
pub(crate) async fn recent(app: &App, account: &AccountId, now: Timestamp) -> Result<Waits> {
    let from = now.minus(WINDOW);
    let mut newest = Vec::new();
    let mut query = Query {
        descending: true,
        ..Query::all(account, &kept::EVENTS)
    };
    'pages: loop {
        let page = app.store.find(&query, now).await?;
        for row in &page.rows {
            let (_, happened) = record::read_logged::<Happened>(row)?;
            if happened.at <= from || newest.len() >= limits::QUEUE_WAITS_MAX {
                break 'pages;
            }
            newest.extend(wait_of(happened.at, &happened.event));
        }
        match page.next {
            None => break,
            after => query.after = after,
        }
    }
    newest.reverse();
    Ok(Waits(newest.into()))
}

/// How a queue is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Conversations that wait and in which an agent has to act.
    pub actionable: usize,
    /// Conversations that wait and in which the consumer has to act.
    pub not_actionable: usize,
    /// Of the former, those that wait because of a transfer.
    pub actionable_during_transfer: usize,
    /// Of the latter, those that wait because of a transfer.
    pub not_actionable_during_transfer: usize,
    /// Of the former, those in which the consumer wrote last; nothing if too many wait to look.
    pub actionable_after_message: Option<usize>,
    /// Of all, those that are their consumer's first; nothing if too many wait to look.
    pub first_of_consumer: Option<usize>,
    /// Mean wait of conversations that were new.
    pub wait_average_new: Option<Duration>,
    /// Mean wait of conversations that had been transferred.
    pub wait_average_transferred: Option<Duration>,
    /// Longest wait.
    pub wait_max: Option<Duration>,
    /// Half waited no longer.
    pub wait_p50: Option<Duration>,
    /// Nine in ten waited no longer.
    pub wait_p90: Option<Duration>,
}

/// How queues are doing, and all of them together.
#[derive(Clone, Debug)]
pub struct Healths {
    /// When.
    pub at: Timestamp,
    /// By skill, in the order asked for; without a filter those with something to tell.
    pub skills: Vec<(SkillId, Health)>,
    /// All of these together.
    pub total: Health,
}

/// Returns how the queues of these skills are doing; of all skills if none is named.
///
/// # Errors
/// Fails if the caller may not see it, or the desk cannot be loaded.
pub async fn health(caller: &Caller, app: &Arc<App>, skills: &[SkillId]) -> Result<Healths> {
    caller.require(Permission::QueuesRead)?;
    let desk = Desks::of(app, &caller.account).await?;
    let now = app.now();
    let mut tally = Tally::of(&desk, skills, now);
    if tally.queued.len() <= LOOKED_AT_MAX {
        let keys = tally.queued.iter().map(|(_, id)| {
            let key = Key::new(&caller.account, [id.as_str()]);
            (&kept::CONVERSATIONS, key)
        });
        let rows = app.store.get_many(&keys.collect::<Vec<_>>(), now).await?;
        let rows = rows.iter().map(|row| row.as_ref().map(record::read));
        let rows: std::result::Result<Vec<_>, _> = rows.map(Option::transpose).collect();
        tally.look(&rows?);
    }
    Ok(tally.healths(now))
}

/// What waits in some queues, and how long it took to get out of them lately.
struct Tally {
    skills: Vec<(SkillId, Sums)>,
    total: Sums,
    /// The conversations that wait, each with the place of its skill.
    queued: Vec<(usize, ConversationId)>,
}

impl Tally {
    fn of(desk: &AccountDesk, skills: &[SkillId], now: Timestamp) -> Self {
        let state = desk.lock();
        let wanted: Vec<SkillId> = if skills.is_empty() {
            state.rules.skills.keys().cloned().collect()
        } else {
            skills.to_vec()
        };
        let places: HashMap<&SkillId, usize> = wanted.iter().zip(0..).collect();
        let mut sums = vec![Sums::default(); wanted.len()];
        let mut total = Sums::default();
        let mut queued = Vec::new();
        let place = |skill: Option<&SkillId>| skill.and_then(|skill| places.get(skill).copied());
        for ticket in state.desk.tickets().filter(|ticket| ticket.is_queued()) {
            let at = place(ticket.skill.as_ref());
            if let Some((at, sums)) = at.and_then(|at| Some((at, sums.get_mut(at)?))) {
                sums.count(ticket);
                total.count(ticket);
                queued.push((at, ticket.conversation.clone()));
            }
        }
        for wait in state.waits.lately(now) {
            let at = place(wait.skill.as_ref());
            if let Some(sums) = at.and_then(|at| sums.get_mut(at)) {
                sums.waits.push((wait.is_new, wait.waited));
                total.waits.push((wait.is_new, wait.waited));
            }
        }
        drop(places);
        Self {
            skills: wanted.into_iter().zip(sums).collect(),
            total,
            queued,
        }
    }

    /// Counts what only the rows of the conversations tell; one that has ended meanwhile has none.
    fn look(&mut self, rows: &[Option<Kept<Conversation>>]) {
        let sums = self.skills.iter_mut().map(|(_, sums)| sums);
        sums.chain([&mut self.total]).for_each(Sums::begin_to_look);
        for (row, (at, _)) in rows.iter().zip(&self.queued) {
            let Some(row) = row else { continue };
            if let Some((_, sums)) = self.skills.get_mut(*at) {
                sums.look(&row.record);
            }
            self.total.look(&row.record);
        }
    }

    fn healths(self, at: Timestamp) -> Healths {
        let skills = self.skills.into_iter();
        Healths {
            at,
            skills: skills.map(|(skill, sums)| (skill, sums.health())).collect(),
            total: self.total.health(),
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Sums {
    health: Health,
    waits: Vec<(bool, Duration)>,
}

impl Sums {
    fn count(&mut self, ticket: &Ticket) {
        let health = &mut self.health;
        let is_transfer = usize::from(ticket.is_transfer());
        match ticket.turn {
            Turn::Agent(_) => {
                health.actionable += 1;
                health.actionable_during_transfer += is_transfer;
            }
            Turn::Consumer(_) => {
                health.not_actionable += 1;
                health.not_actionable_during_transfer += is_transfer;
            }
        }
    }

    const fn begin_to_look(&mut self) {
        self.health.actionable_after_message = Some(0);
        self.health.first_of_consumer = Some(0);
    }

    fn look(&mut self, conversation: &Conversation) {
        let ticket = conversation.ticket.as_ref();
        let is_actionable =
            ticket.is_some_and(|ticket| matches!(ticket.turn, record::Turn::Agent(_)));
        let wrote_last = conversation.consumer_wrote_at.is_some()
            && conversation.consumer_wrote_at >= conversation.agent_wrote_at;
        let count = |count: &mut Option<usize>, is_so: bool| {
            *count = count.map(|count| count + usize::from(is_so));
        };
        let health = &mut self.health;
        count(
            &mut health.actionable_after_message,
            is_actionable && wrote_last,
        );
        count(&mut health.first_of_consumer, conversation.is_first);
    }

    fn health(self) -> Health {
        let waits = |is_new: bool| {
            let waits = self.waits.iter().filter(move |(new, _)| *new == is_new);
            waits.map(|(_, waited)| *waited)
        };
        let mut sorted: Vec<Duration> = self.waits.iter().map(|(_, waited)| *waited).collect();
        sorted.sort_unstable();
        // The nearest rank: the least wait that so many in a hundred did not exceed.
        let percentile = |hundredths: usize| {
            let rank = (sorted.len() * hundredths).div_ceil(100);
            sorted.get(rank.checked_sub(1)?).copied()
        };
        Health {
            wait_average_new: average(waits(true)),
            wait_average_transferred: average(waits(false)),
            wait_max: sorted.last().copied(),
            wait_p50: percentile(50),
            wait_p90: percentile(90),
            ..self.health
        }
    }
}

fn average(waits: impl Iterator<Item = Duration>) -> Option<Duration> {
    let (mut count, mut sum) = (0_u32, Duration::ZERO);
    for wait in waits {
        count += 1;
        sum = sum.saturating_add(wait);
    }
    sum.checked_div(count)
}

/// How many agents of a skill say what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkillAvailability {
    /// Which skill.
    pub skill: SkillId,
    /// How many get new conversations.
    pub online: usize,
    /// How many get transfers only.
    pub occupied: usize,
    /// How many get nothing.
    pub away: usize,
}

/// Returns how many agents of each skill are there; skills without any are left out.
///
/// # Errors
/// Fails if the caller may not see it, or the desk cannot be loaded.
pub async fn skill_availability(
    caller: &Caller,
    app: &Arc<App>,
    kinds: &[Kind],
) -> Result<Vec<SkillAvailability>> {
    caller.require(Permission::QueuesRead)?;
    let desk = Desks::of(app, &caller.account).await?;
    let now = app.now();
    let state = desk.lock();
    let mut skills: Vec<SkillAvailability> = Vec::new();
    let mut places: HashMap<&SkillId, usize> = HashMap::new();
    for (agent, user) in &state.rules.users {
        let kind = crate::desks::kind(user);
        if !user.is_enabled || !(kinds.is_empty() || kinds.contains(&kind)) {
            continue;
        }
        let Some(status) = state.status(agent, kind, now) else {
            continue;
        };
        for skill in &user.skills {
            let at = *places.entry(&skill.skill_id).or_insert_with(|| {
                skills.push(SkillAvailability {
                    skill: skill.skill_id.clone(),
                    online: 0,
                    occupied: 0,
                    away: 0,
                });
                skills.len() - 1
            });
            if let Some(skill) = skills.get_mut(at) {
                skill.online += usize::from(status == Status::Online);
                skill.occupied += usize::from(status == Status::Occupied);
                skill.away += usize::from(status == Status::Away);
            }
        }
    }
    drop(state);
    skills.sort_by(|left, right| left.skill.cmp(&right.skill));
    Ok(skills)
}

/// Returns how a skill is doing, as policies read it under `operational.skill.<id>.`; nothing if there
/// is no such skill.
pub(crate) async fn operational(
    app: &Arc<App>,
    account: &AccountId,
    skill: &SkillId,
) -> Result<Option<SkillHealth>> {
    let desk = Desks::of(app, account).await?;
    let state = desk.lock();
    if !state.rules.skills.contains_key(skill) {
        return Ok(None);
    }
    Ok(Some(state.desk.health(Some(skill), app.now())))
}
