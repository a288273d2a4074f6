//! Queues as they are at this moment: what a supervisor looks at.

use std::sync::Arc;

use foldhash::HashMap;
use usher_model::id::{AgentId, ConsumerId, ConversationId, SkillId};
use usher_model::time::Timestamp;
use usher_routing::estimate::Estimate;
use usher_routing::ticket::Ticket;
use usher_routing::why::Obstacles;
use usher_store::collection::kept;
use usher_store::record::{self, Conversation, Kept};
use usher_store::store::Key;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::desks::Desks;
use crate::error::Result;

/// How the queue of a skill is at this moment.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Of which skill; nothing for the conversations that have none.
    pub skill: Option<SkillId>,
    /// What people call the skill.
    pub name: String,
    /// Whether anything may be transferred to it and handed out.
    pub is_enabled: bool,
    /// Whether it is within business hours.
    pub is_open: bool,
    /// Conversations that wait.
    pub waiting: usize,
    /// Conversations that ring at an agent.
    pub ringing: usize,
    /// Since when the first of both has waited.
    pub oldest_since: Option<Timestamp>,
    /// How long somebody will probably wait who comes now; nothing if nothing tells.
    pub estimate: Option<Estimate>,
    /// Its agents who are online, full or not.
    pub agents_online: usize,
    /// Conversations that they would get at once; one without a limit counts 10,000.
    pub free_slots: u64,
}

/// A conversation that nobody has yet.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Which one.
    pub conversation: ConversationId,
    /// In whose queue.
    pub skill: Option<SkillId>,
    /// Whose it is.
    pub consumer: ConsumerId,
    /// Where the consumer writes.
    pub channel: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Whether it waits because of a transfer.
    pub is_transfer: bool,
    /// What a policy or an operator has added to its rank.
    pub boost: i8,
    /// At whom it rings, and until when.
    pub offer: Option<(AgentId, Timestamp)>,
    /// Why it waits; nothing while it rings.
    pub obstacles: Option<Obstacles>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    waiting: usize,
    ringing: usize,
    oldest_since: Option<Timestamp>,
}

impl Count {
    fn add(&mut self, ticket: &Ticket) {
        match ticket.is_queued() {
            true => self.waiting += 1,
            false => self.ringing += 1,
        }
        let since = ticket.waiting_since;
        let oldest = self.oldest_since.map_or(since, |oldest| oldest.min(since));
        self.oldest_since = Some(oldest);
    }
}

/// Returns the queues of all skills in the order of their ids, and last, if there are any, that of
/// the conversations without a skill.
///
/// # Errors
/// Fails if the caller may not see it, or the desk cannot be loaded.
pub async fn list(caller: &Caller, app: &Arc<App>) -> Result<Vec<Queue>> {
    caller.require(Permission::QueuesRead)?;
    let desk = Desks::of(app, &caller.account).await?;
    let now = app.now();
    let state = desk.lock();
    let mut counts: HashMap<Option<&SkillId>, Count> = HashMap::default();
    for ticket in state.desk.tickets() {
        if ticket.assignee().is_none() {
            counts.entry(ticket.skill.as_ref()).or_default().add(ticket);
        }
    }
    let queue = |skill: Option<&SkillId>, name: &str, is_enabled: bool, is_open: bool| {
        let count = counts.get(&skill).copied().unwrap_or_default();
        let health = state.desk.health(skill, now);
        Queue {
            skill: skill.cloned(),
            name: name.to_owned(),
            is_enabled,
            is_open,
            waiting: count.waiting,
            ringing: count.ringing,
            oldest_since: count.oldest_since,
            estimate: state.desk.estimate_behind(skill, count.waiting, now),
            agents_online: health.agents_online,
            free_slots: health.free_slots,
        }
    };
    let skills = state.rules.skills.iter();
    let mut queues: Vec<Queue> = skills
        .map(|(id, skill)| {
            let is_open = !state.rules.is_closed(id);
            queue(Some(id), &skill.name, skill.is_enabled, is_open)
        })
        .collect();
    if counts.contains_key(&None) {
        queues.push(queue(None, "", true, true));
    }
    Ok(queues)
}

/// Returns the first conversations that nobody has yet, in the order in which they are handed out,
/// and how many more there are.
///
/// # Errors
/// Fails if the caller may not see every conversation, or the desk cannot be loaded.
pub async fn waiting(
    caller: &Caller,
    app: &Arc<App>,
    skill: Option<&SkillId>,
    limit: usize,
) -> Result<(Vec<Waiting>, usize)> {
    caller.require(Permission::ConversationsReadAll)?;
    let desk = Desks::of(app, &caller.account).await?;
    let now = app.now();
    let (found, more): (Vec<(Ticket, Option<Obstacles>)>, usize) = {
        let state = desk.lock();
        let (tickets, more) = state.desk.waiting(skill, limit);
        let explained = tickets.into_iter().map(|ticket| {
            let obstacles = state.desk.obstacles(&ticket.conversation, now);
            (ticket.clone(), obstacles)
        });
        (explained.collect(), more)
    };
    let keys = found.iter().map(|(ticket, _)| {
        let key = Key::new(&caller.account, [ticket.conversation.as_str()]);
        (&kept::CONVERSATIONS, key)
    });
    let rows = app.store.get_many(&keys.collect::<Vec<_>>(), now).await?;
    let mut waiting = Vec::with_capacity(found.len());
    for ((ticket, obstacles), row) in found.into_iter().zip(&rows) {
        // One that has ended meanwhile is no longer there.
        let Some(row) = row else { continue };
        let kept: Kept<Conversation> = record::read(row)?;
        waiting.push(Waiting {
            consumer: kept.record.consumer_id,
            channel: kept.record.channel,
            since: ticket.waiting_since,
            is_transfer: ticket.is_transfer(),
            boost: ticket.boost,
            offer: ticket
                .offer()
                .map(|offer| (offer.agent.clone(), offer.until)),
            obstacles,
            skill: ticket.skill,
            conversation: ticket.conversation,
        });
    }
    Ok((waiting, more))
}
