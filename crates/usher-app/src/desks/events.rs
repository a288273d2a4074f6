//! What happens on a desk, as events and in the rows of conversations.

use usher_model::id::{AgentId, ConversationId, ParticipantId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_routing::capacity::Load;
use usher_routing::command::{
    Assignment, Downgrade, DropReason, Happening, OfferEnd, RequeueReason, TransferOutcome,
};
use usher_routing::seat::Proficiency;
use usher_routing::why;
use usher_store::record::conversation::{
    CloseReason, Closed, Conversation, Participant, ParticipantRole, Priority,
};
use usher_store::record::event::{Candidate, Event, Transfer, Why};

use super::rows;
use super::writing::Writing;
use crate::error::{Error, Result};

/// Takes one happening into the events and the row of its conversation.
pub(super) fn take(writing: &mut Writing<'_>, happening: &Happening) -> Result<()> {
    let (conversation, agent, happened) = match happening {
        Happening::Queued { .. }
        | Happening::Requeued { .. }
        | Happening::Relaxed { .. }
        | Happening::SuggestionDropped { .. }
        | Happening::Boosted { .. } => queue(writing, happening)?,
        Happening::Offered { .. } | Happening::OfferEnded { .. } => offer(happening),
        Happening::Assigned { .. } | Happening::Transferred { .. } | Happening::Closed { .. } => {
            holder(writing, happening)?
        }
        Happening::StatusChanged { .. } | Happening::FellSilent { .. } => availability(happening),
    };
    if let Some(happened) = happened {
        writing.note(conversation.cloned(), agent.cloned(), happened);
    }
    Ok(())
}

/// The conversation, the agent, and what happened.
type Taken<'h> = (
    Option<&'h ConversationId>,
    Option<&'h AgentId>,
    Option<Event>,
);

fn queue<'h>(writing: &mut Writing<'_>, happening: &'h Happening) -> Result<Taken<'h>> {
    let (conversation, agent, happened) = match happening {
        Happening::Queued {
            conversation,
            skill,
        } => {
            let happened = Event::Queued {
                skill_id: skill.clone(),
                priority: Priority::New,
            };
            (conversation, None, happened)
        }
        Happening::Requeued {
            conversation,
            skill,
            agent,
            reason,
        } => {
            if let Some(agent) = agent {
                leave(writing.now, writing.conversation(conversation)?, agent);
            }
            let happened = Event::Requeued {
                skill_id: skill.clone(),
                agent_id: agent.clone(),
                reason: requeue_reason(*reason).to_owned(),
            };
            (conversation, agent.as_ref(), happened)
        }
        Happening::Relaxed {
            conversation,
            relaxed,
        } => (conversation, None, Event::Relaxed { relaxed: *relaxed }),
        Happening::SuggestionDropped {
            conversation,
            agent,
            reason,
        } => {
            let happened = Event::SuggestionDropped {
                agent_id: agent.clone(),
                reason: drop_reason(reason).to_owned(),
            };
            (conversation, Some(agent), happened)
        }
        Happening::Boosted {
            conversation,
            boost,
        } => (conversation, None, Event::Boosted { boost: *boost }),
        _ => return Ok((None, None, None)),
    };
    Ok((Some(conversation), agent, Some(happened)))
}

fn offer(happening: &Happening) -> Taken<'_> {
    match happening {
        Happening::Offered {
            conversation,
            offer,
            agent,
            until,
            why,
        } => {
            let happened = Event::Offered {
                offer_id: *offer,
                agent_id: agent.clone(),
                until: *until,
                why: why_record(why),
            };
            (Some(conversation), Some(agent), Some(happened))
        }
        Happening::OfferEnded {
            conversation,
            offer,
            agent,
            reason,
        } => {
            let (reason, detail) = offer_end(reason);
            let happened = Event::OfferEnded {
                offer_id: *offer,
                agent_id: agent.clone(),
                reason: reason.to_owned(),
                detail,
            };
            (Some(conversation), Some(agent), Some(happened))
        }
        _ => (None, None, None),
    }
}

fn holder<'h>(writing: &mut Writing<'_>, happening: &'h Happening) -> Result<Taken<'h>> {
    let now = writing.now;
    Ok(match happening {
        Happening::Assigned {
            conversation,
            agent,
            offer,
            skill,
            priority,
            waited,
            why,
        } => {
            let is_bot = writing.is_bot(agent);
            let row = writing.conversation(conversation)?;
            join(now, row, agent)?;
            row.enter(skill.as_ref());
            let happened = Event::Assigned {
                agent_id: agent.clone(),
                is_bot,
                offer_id: *offer,
                skill_id: skill.clone(),
                priority: rows::priority_record(*priority),
                waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
                why: why.as_ref().map(why_record),
            };
            (Some(conversation), Some(agent), Some(happened))
        }
        Happening::Transferred {
            conversation,
            from_skill,
            from_agent,
            by,
            result,
        } => {
            let decision_id = writing.decision;
            let row = writing.conversation(conversation)?;
            row.transfers = row.transfers.saturating_add(1);
            row.enter(result.skill.as_ref());
            if let Some(agent) = from_agent {
                leave(now, row, agent);
            }
            let by = by.as_ref().map(participant).transpose()?;
            let happened = Event::Transferred(Transfer {
                from_skill_id: from_skill.clone(),
                from_agent_id: from_agent.clone(),
                by: writing.by.clone().or(by),
                outcome: outcome(result.outcome).to_owned(),
                assignment: assignment(result.assignment).to_owned(),
                to_skill_id: result.skill.clone(),
                to_agent_id: result.agent.clone(),
                downgraded_because: result.downgraded.map(|why| downgrade(why).to_owned()),
                decision_id,
            });
            (Some(conversation), from_agent.as_ref(), Some(happened))
        }
        Happening::Closed {
            conversation,
            agent,
        } => {
            let happened = close(now, writing.conversation(conversation)?);
            (Some(conversation), agent.as_ref(), happened)
        }
        _ => (None, None, None),
    })
}

fn availability(happening: &Happening) -> Taken<'_> {
    match happening {
        Happening::StatusChanged {
            agent,
            status,
            reason,
        } => {
            let happened = Event::AvailabilityChanged {
                status: rows::status_record(*status),
                reason: reason.as_deref().map(str::to_owned),
            };
            (None, Some(agent), Some(happened))
        }
        Happening::FellSilent { agent, since } => {
            let happened = Event::AgentSilent { since: *since };
            (None, Some(agent), Some(happened))
        }
        _ => (None, None, None),
    }
}

// The rows of conversations.

/// Takes an agent into a conversation as the one who has it.
fn join(now: Timestamp, row: &mut Conversation, agent: &AgentId) -> Result<()> {
    row.first_assigned_at.get_or_insert(now);
    row.latest_assigned_at = Some(now);
    row.latest_agent_id = Some(agent.clone());
    add(
        row,
        Participant {
            id: participant(agent)?,
            role: ParticipantRole::AssignedAgent,
            joined_at: now,
            left_at: None,
        },
    );
    Ok(())
}

/// Adds somebody who takes part. Those who left longest ago make room; the events know them all.
pub(crate) fn add(row: &mut Conversation, participant: Participant) {
    row.participants.push(participant);
    while row.participants.len() > limits::PARTICIPANTS_MAX {
        let mut participants = row.participants.iter();
        let Some(gone) = participants.position(|one| one.left_at.is_some()) else {
            break;
        };
        row.participants.remove(gone);
    }
}

fn leave(now: Timestamp, row: &mut Conversation, agent: &AgentId) {
    let has_it = |one: &&mut Participant| {
        one.role == ParticipantRole::AssignedAgent
            && one.left_at.is_none()
            && one.id.as_str() == agent.as_str()
    };
    for participant in row.participants.iter_mut().filter(has_it) {
        participant.left_at = Some(now);
    }
}

/// Takes a conversation off the floor; says that it has ended, unless a survey goes on.
fn close(now: Timestamp, row: &mut Conversation) -> Option<Event> {
    for participant in &mut row.participants {
        let has_it = participant.role == ParticipantRole::AssignedAgent;
        if has_it && participant.left_at.is_none() {
            participant.left_at = Some(now);
        }
    }
    let is_over = row.dialogs.iter().all(|dialog| dialog.closed.is_some());
    is_over.then(|| end(now, row))
}

/// Ends a conversation of which no part goes on.
pub(crate) fn end(now: Timestamp, row: &mut Conversation) -> Event {
    for participant in &mut row.participants {
        participant.left_at.get_or_insert(now);
    }
    let closed = row.closed.get_or_insert_with(|| Closed {
        at: now,
        by: CloseReason::System,
        description: "CLOSED".to_owned(),
    });
    Event::ConversationClosed {
        by: closed.by,
        description: closed.description.clone(),
        agent_id: row.latest_agent_id.clone(),
        skill_id: row.latest_skill_id.clone(),
        mcs: row.mcs,
        csat: row.csat,
    }
}

/// Returns an agent as one who takes part.
pub(crate) fn participant(agent: &AgentId) -> Result<ParticipantId> {
    ParticipantId::parse(agent.as_str()).map_err(Error::internal)
}

// Words.

const fn requeue_reason(reason: RequeueReason) -> &'static str {
    match reason {
        RequeueReason::OfferEnded => "OFFER_ENDED",
        RequeueReason::Released => "RELEASED",
        RequeueReason::AgentSilent => "AGENT_SILENT",
        RequeueReason::AgentDisabled => "AGENT_DISABLED",
        RequeueReason::NotAnswered => "NOT_ANSWERED",
    }
}

fn drop_reason(reason: &DropReason) -> &'static str {
    match reason {
        DropReason::Expired => "SUGGEST_EXPIRED",
        DropReason::Declined => "DECLINED",
        DropReason::Excluded(exclusion) => exclusion.as_str(),
    }
}

fn offer_end(reason: &OfferEnd) -> (&'static str, Option<String>) {
    match reason {
        OfferEnd::Declined(detail) => ("DECLINED", detail.as_deref().map(str::to_owned)),
        OfferEnd::Expired => ("EXPIRED", None),
        OfferEnd::Excluded(exclusion) => (exclusion.as_str(), None),
        OfferEnd::Transferred => ("TRANSFERRED", None),
        OfferEnd::TakenOver => ("TAKEN_OVER", None),
        OfferEnd::Released => ("RELEASED", None),
        OfferEnd::Closed => ("CLOSED", None),
    }
}

/// Returns whether a transfer went to an agent or to a skill.
pub(crate) const fn outcome(outcome: TransferOutcome) -> &'static str {
    match outcome {
        TransferOutcome::Agent => "TRANSFERRED_AGENT",
        TransferOutcome::Skill => "TRANSFERRED_SKILL",
        TransferOutcome::TakeOver => "TAKEN_OVER",
    }
}

/// Returns where a transferred conversation is.
pub(crate) const fn assignment(assignment: Assignment) -> &'static str {
    match assignment {
        Assignment::Assigned => "ASSIGNED",
        Assignment::Suggested => "SUGGESTED",
        Assignment::Queued => "QUEUED",
    }
}

/// Returns why a transfer did not go to the agent that was named.
pub(crate) const fn downgrade(downgrade: Downgrade) -> &'static str {
    match downgrade {
        Downgrade::Offline => "AGENT_OFFLINE",
        Downgrade::NotOnline => "AGENT_NOT_ONLINE",
        Downgrade::NotSkilled => "AGENT_NOT_SKILLED",
        Downgrade::AtCapacity => "AGENT_AT_CAPACITY",
    }
}

fn why_record(why: &why::Why) -> Why {
    let candidate = |candidate: &why::Candidate| Candidate {
        agent_id: candidate.agent.clone(),
        step: candidate.step,
        proficiency: candidate.proficiency.map(Proficiency::number),
        load_percent: percent(candidate.load),
        last_assigned_at: candidate.last_assigned_at,
    };
    let excluded = |(reason, count): &(&'static str, usize)| ((*reason).to_owned(), *count);
    Why {
        candidates: why.candidates.iter().map(candidate).collect(),
        candidates_more: why.candidates_more,
        excluded: why.excluded.iter().map(excluded).collect(),
    }
}

/// Returns a load in per cent with one decimal.
pub(crate) fn percent(load: Load) -> f64 {
    f64::from(u32::try_from(load.per_mille()).unwrap_or(u32::MAX)) / 10.0
}
