//! Why a conversation still waits, and why an agent has it.

use std::sync::Arc;

use usher_model::id::{AgentId, ConversationId, OfferId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_routing::capacity::Load;
use usher_routing::eligible::Exclusion;
use usher_routing::estimate::{Estimate, Position};
use usher_store::record::event::Event;
use usher_store::record::{Conversation, TicketState};
use usher_store::store::Query;

use super::view::find;
use crate::App;
use crate::caller::{Caller, Permission};
use crate::desks::{Desks, assignee};
use crate::error::Result;
use crate::feed;

/// Why a conversation is where it is.
#[derive(Clone, Debug)]
pub enum Why {
    /// It waits.
    Waiting {
        /// Where it stands.
        position: Option<Position>,
        /// How long it will probably wait.
        estimate: Option<Estimate>,
        /// Whether its skill is enabled and within business hours.
        is_open: bool,
        /// Every agent of its skill and of the relaxations taken, bounded.
        agents: Vec<Standing>,
        /// Agents beyond those.
        agents_more: usize,
    },
    /// It rings at an agent.
    Offered {
        /// At whom.
        agent: AgentId,
        /// Which offer.
        offer: OfferId,
        /// Until when.
        until: Timestamp,
        /// Why this agent.
        why: Option<feed::Why>,
    },
    /// A person has it.
    Assigned {
        /// Who.
        agent: AgentId,
        /// Since when.
        since: Timestamp,
        /// Why this agent; nothing for a take-over.
        why: Option<feed::Why>,
    },
    /// A bot has it.
    Bot {
        /// Which one.
        agent: AgentId,
        /// Since when.
        since: Timestamp,
    },
    /// It is over.
    Closed,
}

/// How an agent stands to a conversation that waits.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Who.
    pub agent: AgentId,
    /// The first reason why the agent does not get it; nothing for a candidate.
    pub excluded_because: Option<&'static str>,
    /// How full the agent is, in per cent, if that is the reason.
    pub load_percent: Option<f64>,
    /// Until when the reason holds, if that is known.
    pub until: Option<Timestamp>,
}

/// Returns why a conversation still waits, or why this agent has it.
///
/// # Errors
/// Fails if the caller may not supervise, or there is no such conversation.
pub async fn why(caller: &Caller, app: &Arc<App>, id: &ConversationId) -> Result<Why> {
    caller.require(Permission::ConversationsSupervise)?;
    let conversation = find(caller, app, id).await?.record;
    let desk = Desks::of(app, &caller.account).await?;
    let Some(ticket) = &conversation.ticket else {
        return Ok(Why::Closed);
    };
    match &ticket.state {
        TicketState::Queued => {
            let now = app.now();
            let state = desk.lock();
            let waiting = state.desk.why_waiting(id, now);
            // The desk may be ahead of the row that was read.
            let (is_open, agents, agents_more) = waiting.map_or((true, Vec::new(), 0), |why| {
                (why.is_open, why.agents, why.agents_more)
            });
            Ok(Why::Waiting {
                position: state.desk.position(id),
                estimate: state.desk.estimate(id, now),
                is_open,
                agents: agents.into_iter().map(standing).collect(),
                agents_more,
            })
        }
        TicketState::Offered {
            offer_id,
            agent_id,
            until,
        } => Ok(Why::Offered {
            agent: agent_id.clone(),
            offer: *offer_id,
            until: *until,
            why: explanation(caller, app, &conversation).await?,
        }),
        TicketState::Assigned { agent_id, since } => {
            let (agent, since) = (agent_id.clone(), *since);
            if desk.is_bot(&agent) {
                return Ok(Why::Bot { agent, since });
            }
            Ok(Why::Assigned {
                agent,
                since,
                why: explanation(caller, app, &conversation).await?,
            })
        }
    }
}

fn standing((agent, exclusion): (AgentId, Option<Exclusion>)) -> Standing {
    let percent = |load: Load| crate::desks::percent(load);
    Standing {
        agent,
        excluded_because: exclusion.map(Exclusion::as_str),
        load_percent: match exclusion {
            Some(Exclusion::AtCapacity(load)) => Some(percent(load)),
            _ => None,
        },
        until: match exclusion {
            Some(Exclusion::Skipped(until) | Exclusion::NotSuggested(until)) => Some(until),
            _ => None,
        },
    }
}

/// Returns who was considered when the conversation was last offered or assigned.
async fn explanation(
    caller: &Caller,
    app: &App,
    conversation: &Conversation,
) -> Result<Option<feed::Why>> {
    let query = Query {
        descending: true,
        limit: limits::FEED_PAGE_EVENTS,
        ..feed::timeline_query(&caller.account, &conversation.id)
    };
    let (events, _) = feed::read(app, &query).await?;
    let holder = assignee(conversation);
    Ok(events.iter().find_map(|happened| match &happened.event {
        Event::Offered { why, .. } => Some(why.clone()),
        Event::Assigned {
            why,
            offer_id: None,
            agent_id,
            ..
        } if holder == Some(agent_id) => why.clone(),
        _ => None,
    }))
}
