//! Who sees what of an event.

use std::sync::Arc;

use usher_model::id::ConsumerId;
use usher_store::record::event::{Audience, Event, SenderRole, Why};

use super::Happened;
use crate::caller::{Caller, Permission};

/// With whose eyes events are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eyes {
    /// Everything.
    Supervisor,
    /// Everything but why routing chose whom.
    Agent,
    /// What is said to the consumer, and who answers.
    Consumer,
}

impl Eyes {
    pub(crate) fn of(caller: &Caller) -> Self {
        if caller.consumer.is_some() {
            Self::Consumer
        } else if caller.may(Permission::ConversationsReadAll) {
            Self::Supervisor
        } else {
            Self::Agent
        }
    }
}

/// Returns an event as somebody may see it; nothing if they may not.
pub(crate) fn shown(happened: &Arc<Happened>, eyes: Eyes) -> Option<Arc<Happened>> {
    let event = match (eyes, &happened.event) {
        (Eyes::Supervisor, _) => return Some(Arc::clone(happened)),
        (Eyes::Agent, Event::Offered { .. } | Event::Assigned { .. }) => {
            unexplained(&happened.event)
        }
        (Eyes::Agent, _) => return Some(Arc::clone(happened)),
        (Eyes::Consumer, event) => for_consumer(event)?,
    };
    Some(Arc::new(Happened {
        event,
        ..Happened::clone(happened)
    }))
}

/// Returns an offer or assignment without who else was considered.
fn unexplained(event: &Event) -> Event {
    let mut event = event.clone();
    match &mut event {
        Event::Offered { why, .. } => *why = Why::default(),
        Event::Assigned { why, .. } => *why = None,
        _ => {}
    }
    event
}

fn for_consumer(event: &Event) -> Option<Event> {
    let mut event = event.clone();
    match &mut event {
        Event::MessageSent(message) => {
            if message.audience == Audience::AgentsAndManagers {
                return None;
            }
            message.sentiment = None;
            if message.sender_role != SenderRole::Consumer {
                message.metadata = usher_model::value::Value::Null;
            }
        }
        Event::Assigned { why, offer_id, .. } => {
            *why = None;
            *offer_id = None;
        }
        Event::ConversationClosed { mcs, .. } => *mcs = None,
        Event::ConversationStarted { .. }
        | Event::MessageRead { .. }
        | Event::Queued { .. }
        | Event::ParticipantJoined { .. }
        | Event::ParticipantLeft { .. }
        | Event::ConsumerIdentified { .. }
        | Event::ResponseTimeChanged { .. }
        | Event::DialogOpened { .. }
        | Event::DialogClosed { .. }
        | Event::SurveyAnswered { .. } => {}
        Event::Requeued {
            agent_id, reason, ..
        } => {
            // That nobody answers is for the consumer to know, not why.
            agent_id.as_ref()?;
            "REQUEUED".clone_into(reason);
        }
        Event::Offered { .. }
        | Event::OfferEnded { .. }
        | Event::Transferred(_)
        | Event::Relaxed { .. }
        | Event::SuggestionDropped { .. }
        | Event::Boosted { .. }
        | Event::Decided { .. }
        | Event::LastAgentConsidered { .. }
        | Event::Idle { .. }
        | Event::Noticed { .. }
        | Event::Alerted { .. }
        | Event::AvailabilityChanged { .. }
        | Event::AgentSilent { .. }
        | Event::Erased => return None,
    }
    Some(event)
}

/// Returns the consumer whose conversation begins, or becomes theirs, with an event.
pub(super) const fn newcomer(event: &Event) -> Option<&ConsumerId> {
    match event {
        Event::ConversationStarted { consumer_id, .. } => Some(consumer_id),
        Event::ConsumerIdentified {
            new_consumer_id, ..
        } => Some(new_consumer_id),
        _ => None,
    }
}
