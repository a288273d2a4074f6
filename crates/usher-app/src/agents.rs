//! Agents at work: availability, offers, and how full they are.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use usher_bus::hint::Hint;
use usher_model::id::{AgentId, ConversationId, GroupId, OfferId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_routing::command::Command;
use usher_routing::seat::{Capacity, Kind, Status};
use usher_routing::ticket::{State as TicketState, Turn};
use usher_store::batch::{Batch, Expect};
use usher_store::record::AgentLease;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::conversations::{self, View, acting_agent};
use crate::desks::{AccountDesk, Desks, State, conversation_of, kind, percent};
use crate::error::{Code, Error, Result};

/// What an agent says about being there.
#[derive(Clone, Debug)]
pub struct Availability {
    /// What.
    pub status: Status,
    /// Why, in the account's words.
    pub reason: Option<String>,
    /// How long the agent counts as there without a sign of life; the account's default otherwise.
    pub lease: Option<Duration>,
}

/// How an agent is doing now.
#[derive(Clone, Debug)]
pub struct AgentStatus {
    /// Who.
    pub agent: AgentId,
    /// What people call the agent.
    pub name: String,
    /// What consumers see instead of the name.
    pub nickname: Option<String>,
    /// Where the agent is reached.
    pub email: Option<String>,
    /// What the agent looks like.
    pub picture_url: Option<String>,
    /// Human or bot.
    pub kind: Kind,
    /// Whether the agent may work.
    pub is_enabled: bool,
    /// The agent's skills with their names.
    pub skills: Vec<(SkillId, String)>,
    /// The agent's group.
    pub group_id: Option<GroupId>,
    /// What the agent says; `Offline` for one whose lease has run out.
    pub status: Status,
    /// Why.
    pub status_reason: Option<String>,
    /// Since when.
    pub status_since: Timestamp,
    /// Whether the agent's lease holds.
    pub is_connected: bool,
    /// Until when it holds, unless it is renewed.
    pub lease_until: Option<Timestamp>,
    /// How full, in per cent with one decimal.
    pub load_percent: f64,
    /// Conversations that ring at the agent.
    pub ringing: usize,
    /// How many at once; nothing without a limit.
    pub slots: Option<u32>,
    /// Places in use, rounded up.
    pub busy_slots: u64,
    /// Conversations that the agent has.
    pub assigned: usize,
    /// Those of them in which the agent has to act.
    pub active: usize,
    /// When the agent last got a conversation.
    pub last_assigned_at: Option<Timestamp>,
    /// Since when the agent has had no conversation; nothing while there is one.
    pub idle_since: Option<Timestamp>,
}

/// Which agents to list; all that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Who.
    pub agents: Vec<AgentId>,
    /// With one of these skills.
    pub skills: Vec<SkillId>,
    /// In one of these groups.
    pub groups: Vec<GroupId>,
    /// Who say one of these.
    pub statuses: Vec<Status>,
    /// Of one of these kinds.
    pub kinds: Vec<Kind>,
}

/// A conversation that rings at an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Names it.
    pub id: OfferId,
    /// Which conversation.
    pub conversation: ConversationId,
    /// At whom it rings.
    pub agent: AgentId,
    /// In whose queue it was.
    pub skill: Option<SkillId>,
    /// From when on it is too late.
    pub until: Timestamp,
    /// Since when the conversation has waited.
    pub waiting_since: Timestamp,
    /// Whether it is kept for this agent.
    pub is_suggested: bool,
}

/// Says whether an agent gets conversations, and that the agent is there; repeating it renews the
/// lease.
///
/// # Errors
/// Fails if the caller may not act in that agent's name, or there is no such agent.
pub async fn set_availability(
    caller: &Caller,
    app: &Arc<App>,
    agent: &AgentId,
    availability: Availability,
) -> Result<AgentStatus> {
    caller.require(Permission::AvailabilitySet)?;
    let agent = &acting_agent(caller, Some(agent.clone()))?;
    let lease = check(&availability)?;
    let desk = Desks::of(app, &caller.account).await?;
    desk.require_agent(app, agent).await?;
    let reason = availability.reason.map(Arc::from);
    let command = Command::SetStatus {
        agent: agent.clone(),
        status: availability.status,
        reason,
    };
    let length = lease.unwrap_or_else(|| desk.lease());
    let is_there = availability.status != Status::Offline;
    let is_due = is_there && desk.lock().is_lease_due(agent, length, app.now());
    let until = desk
        .step(app, command, |writing, _| {
            let until = is_there.then(|| writing.now.plus(length));
            let renewed = until.filter(|_| is_due);
            // An agent who leaves is gone at once.
            if let Some(until) = renewed.or((!is_there).then_some(writing.now)) {
                let lease = AgentLease {
                    agent_id: agent.clone(),
                    until,
                };
                let account = writing.account();
                writing.batch.put_record(account, &lease, Expect::Any)?;
            }
            Ok(renewed)
        })
        .await?;
    match until {
        Some(until) => take_over_lease(app, &desk, agent, until),
        None if !is_there => desk.lock().end_lease(agent, app.now()),
        None => {}
    }
    status_of(&desk, agent, app.now())
}

fn check(availability: &Availability) -> Result<Option<Duration>> {
    let max = limits::REASON_CHARS_MAX;
    let reason = availability.reason.as_deref().unwrap_or_default();
    if reason.chars().count() > max {
        let message = format!("expected a reason of at most {max} characters");
        return Err(Error::field("#/reason", message));
    }
    let range = limits::AGENT_LEASE_MIN..=limits::AGENT_LEASE_MAX;
    match availability.lease {
        Some(lease) if !range.contains(&lease) => {
            let (min, max) = (range.start().as_secs(), range.end().as_secs());
            let message = format!("expected {min} to {max} seconds");
            Err(Error::field("#/leaseSeconds", message))
        }
        lease => Ok(lease),
    }
}

/// Gives a sign of life of an agent, and returns for how long it lasts; written only when less than
/// half of that is left.
///
/// # Errors
/// Fails if the caller may not act in that agent's name, or there is no such agent.
pub async fn renew_lease(
    caller: &Caller,
    app: &Arc<App>,
    agent: &AgentId,
    lease: Option<Duration>,
) -> Result<Duration> {
    caller.require(Permission::AvailabilitySet)?;
    let agent = &acting_agent(caller, Some(agent.clone()))?;
    let desk = Desks::of(app, &caller.account).await?;
    desk.require_agent(app, agent).await?;
    let now = app.now();
    let length = lease.unwrap_or_else(|| desk.lease());
    if !desk.lock().is_lease_due(agent, length, now) {
        return Ok(length);
    }
    let record = AgentLease {
        agent_id: agent.clone(),
        until: now.plus(length),
    };
    let mut batch = Batch::new(now);
    batch.put_record(&caller.account, &record, Expect::Any)?;
    app.store.commit(batch).await?;
    take_over_lease(app, &desk, agent, record.until);
    Ok(length)
}

fn take_over_lease(app: &App, desk: &AccountDesk, agent: &AgentId, until: Timestamp) {
    desk.lock().renew_lease(agent, until);
    desk.look();
    app.bus.announce(Hint::Lease {
        account: desk.account.clone(),
        agent: agent.clone(),
        until,
    });
}

/// Returns how agents are doing now, in the order of their ids.
///
/// # Errors
/// Fails if the caller may not see agents.
pub async fn status(caller: &Caller, app: &Arc<App>, filter: &Filter) -> Result<Vec<AgentStatus>> {
    caller.require(Permission::AgentsRead)?;
    let desk = Desks::of(app, &caller.account).await?;
    let now = app.now();
    let state = desk.lock();
    let agents: BTreeSet<&AgentId> = match filter.agents.is_empty() {
        true => state.rules.users.keys().collect(),
        false => filter.agents.iter().collect(),
    };
    let statuses = agents
        .into_iter()
        .filter_map(|agent| state.describe(agent, now));
    Ok(statuses.filter(|status| passes(filter, status)).collect())
}

/// Returns how one agent is doing now.
///
/// # Errors
/// Fails if the caller may not see agents, or there is no such agent.
pub async fn get(caller: &Caller, app: &Arc<App>, agent: &AgentId) -> Result<AgentStatus> {
    caller.require(Permission::AgentsRead)?;
    let desk = Desks::of(app, &caller.account).await?;
    desk.require_agent(app, agent).await?;
    status_of(&desk, agent, app.now())
}

fn passes(filter: &Filter, status: &AgentStatus) -> bool {
    let of = |wanted: &[SkillId]| {
        status
            .skills
            .iter()
            .any(|(skill, _)| wanted.contains(skill))
    };
    let group = status.group_id.as_ref();
    (filter.skills.is_empty() || of(&filter.skills))
        && (filter.groups.is_empty() || group.is_some_and(|group| filter.groups.contains(group)))
        && (filter.statuses.is_empty() || filter.statuses.contains(&status.status))
        && (filter.kinds.is_empty() || filter.kinds.contains(&status.kind))
}

fn status_of(desk: &AccountDesk, agent: &AgentId, now: Timestamp) -> Result<AgentStatus> {
    let described = desk.lock().describe(agent, now);
    described.ok_or_else(|| no_agent(agent))
}

/// Returns what rings at an agent, the oldest offer first.
///
/// # Errors
/// Fails if the caller may not see it, or there is no such agent.
pub async fn offers(caller: &Caller, app: &Arc<App>, agent: &AgentId) -> Result<Vec<Offer>> {
    caller.require(Permission::AgentsRead)?;
    let is_own = caller.agent.as_ref() == Some(agent);
    if !is_own {
        caller.require(Permission::ConversationsReadAll)?;
    }
    let desk = Desks::of(app, &caller.account).await?;
    desk.require_agent(app, agent).await?;
    let state = desk.lock();
    let Some(seat) = state.desk.seat(agent) else {
        return Ok(Vec::new());
    };
    let mut offers: Vec<Offer> = seat
        .offered
        .iter()
        .filter_map(|conversation| state.offer(conversation))
        .filter(|offer| offer.until > app.now())
        .collect();
    offers.sort_by_key(|offer| offer.id);
    Ok(offers)
}

/// Takes a conversation that rings.
///
/// # Errors
/// Fails with [`Code::OfferGone`] or [`Code::OfferExpired`] if it does not ring any more, or if it
/// rings at somebody else.
pub async fn accept(
    caller: &Caller,
    app: &Arc<App>,
    offer: OfferId,
    agent: Option<AgentId>,
) -> Result<View> {
    answer(caller, app, offer, agent, |conversation, agent| {
        Command::Accept {
            conversation,
            offer,
            agent,
        }
    })
    .await
}

/// Does not take a conversation that rings: it goes back to the queue, and to this agent not again
/// for a while.
///
/// # Errors
/// As [`accept`].
pub async fn decline(
    caller: &Caller,
    app: &Arc<App>,
    offer: OfferId,
    agent: Option<AgentId>,
    reason: Option<String>,
) -> Result<View> {
    let max = limits::REASON_CHARS_MAX;
    if reason.as_deref().unwrap_or_default().chars().count() > max {
        let message = format!("expected a reason of at most {max} characters");
        return Err(Error::field("#/reason", message));
    }
    let reason: Option<Arc<str>> = reason.map(Arc::from);
    answer(caller, app, offer, agent, move |conversation, agent| {
        Command::Decline {
            conversation,
            offer,
            agent,
            reason: reason.clone(),
        }
    })
    .await
}

async fn answer(
    caller: &Caller,
    app: &Arc<App>,
    offer: OfferId,
    agent: Option<AgentId>,
    command: impl Fn(ConversationId, AgentId) -> Command,
) -> Result<View> {
    caller.require(Permission::AvailabilitySet)?;
    let desk = Desks::of(app, &caller.account).await?;
    let rings = desk.ringing(app, offer).await?;
    let rings = rings.ok_or_else(offer_gone)?;
    // Who may act for others need not say for whom: an offer has one agent.
    let agent = agent
        .or_else(|| caller.agent.clone())
        .unwrap_or_else(|| rings.agent.clone());
    let agent = acting_agent(caller, Some(agent))?;
    let id = rings.conversation;
    desk.step(app, command(id.clone(), agent), |_, _| Ok(()))
        .await?;
    let kept = conversation_of(app, &caller.account, &id).await?;
    let kept = kept.ok_or_else(|| crate::desks::not_found(&id))?;
    Ok(conversations::view(&desk, kept, app.now()))
}

fn offer_gone() -> Error {
    Error::new(
        Code::OfferGone,
        "expected an offer that rings, found none: it was accepted, declined, withdrawn or ran out",
    )
}

fn no_agent(agent: &AgentId) -> Error {
    Error::new(Code::AgentNotFound, format!("no agent `{agent}`"))
}

impl AccountDesk {
    /// Fails if there is no such agent, after having looked whether another node has added one.
    async fn require_agent(&self, app: &App, agent: &AgentId) -> Result<()> {
        if self.lock().rules.users.contains_key(agent) {
            return Ok(());
        }
        if app.store.is_shared() {
            crate::desks::reload(app, self).await?;
        }
        if self.lock().rules.users.contains_key(agent) {
            return Ok(());
        }
        Err(no_agent(agent))
    }

    /// Returns how long an agent of the account counts as there without a sign of life.
    fn lease(&self) -> Duration {
        let seconds = self.lock().rules.settings.routing.lease_seconds;
        Duration::from_secs(u64::from(seconds))
    }
}

impl State {
    /// Whether so little is left of an agent's lease that it is to be written again.
    fn is_lease_due(&self, agent: &AgentId, length: Duration, now: Timestamp) -> bool {
        let until = self.leases.get(agent).copied();
        until.is_none_or(|until| until.since(now) < length / 2)
    }

    /// Returns what an agent says; nothing for one who is not there.
    pub(crate) fn status(&self, agent: &AgentId, kind: Kind, now: Timestamp) -> Option<Status> {
        if kind == Kind::HostedBot {
            return Some(Status::Online);
        }
        let seat = self.desk.seat(agent)?;
        let is_there = self.leases.get(agent).is_some_and(|until| *until > now);
        (is_there && seat.status != Status::Offline).then_some(seat.status)
    }

    fn offer(&self, conversation: &ConversationId) -> Option<Offer> {
        let ticket = self.desk.ticket(conversation)?;
        let TicketState::Offered(offer) = &ticket.state else {
            return None;
        };
        Some(Offer {
            id: offer.id,
            conversation: conversation.clone(),
            agent: offer.agent.clone(),
            skill: ticket.skill.clone(),
            until: offer.until,
            waiting_since: ticket.waiting_since,
            is_suggested: ticket.suggestion.is_some(),
        })
    }

    /// Returns the offer of that id, if it rings.
    pub(crate) fn offer_of_id(&self, id: OfferId) -> Option<Offer> {
        self.offer(&self.ringing(id)?)
    }

    fn describe(&self, agent: &AgentId, now: Timestamp) -> Option<AgentStatus> {
        let user = self.rules.users.get(agent)?;
        let kind = kind(user);
        let seat = self.desk.seat(agent);
        let status = self.status(agent, kind, now);
        let is_connected =
            kind == Kind::HostedBot || self.leases.get(agent).is_some_and(|until| *until > now);
        let held: Vec<&ConversationId> = self.desk.conversations_of(agent).collect();
        let has_to_act = |id: &&&ConversationId| {
            let ticket = self.desk.ticket(id);
            ticket.is_some_and(|ticket| matches!(ticket.turn, Turn::Agent(_)))
        };
        let skills = user.skills.iter().map(|kept| {
            let skill = self.rules.skills.get(&kept.skill_id);
            let name = skill.map_or_else(String::new, |skill| skill.name.clone());
            (kept.skill_id.clone(), name)
        });
        Some(AgentStatus {
            agent: agent.clone(),
            name: user.name.clone(),
            nickname: user.nickname.clone(),
            email: user.email.clone(),
            picture_url: user.picture_url.clone(),
            kind,
            is_enabled: user.is_enabled,
            skills: skills.collect(),
            group_id: user.group_id.clone(),
            status: status.unwrap_or(Status::Offline),
            status_reason: seat
                .and_then(|seat| seat.status_reason.as_deref())
                .map(str::to_owned),
            status_since: seat.map_or(user.created_at, |seat| seat.status_since),
            is_connected,
            lease_until: self.leases.get(agent).copied(),
            load_percent: self.desk.load_of(agent, now).map_or(0.0, percent),
            ringing: seat.map_or(0, |seat| seat.offered.len()),
            slots: self.slots(agent),
            busy_slots: self.desk.busy_of(agent, now).unwrap_or(0),
            assigned: held.len(),
            active: held.iter().filter(has_to_act).count(),
            last_assigned_at: seat.and_then(|seat| seat.last_assigned_at),
            idle_since: seat.and_then(|seat| seat.idle_since),
        })
    }

    fn slots(&self, agent: &AgentId) -> Option<u32> {
        let user = self.rules.users.get(agent)?;
        match (crate::desks::capacity(user), kind(user)) {
            (_, Kind::HostedBot) | (Capacity::Unlimited, _) | (Capacity::Standard, Kind::Bot) => {
                None
            }
            (Capacity::Standard, Kind::Human) => {
                Some(self.rules.settings.routing.default_max_conversations)
            }
            (Capacity::Slots(slots), _) => Some(slots),
        }
    }
}
