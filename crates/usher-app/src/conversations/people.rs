//! Who takes part in a conversation.

use std::sync::Arc;

use usher_model::id::{AgentId, ConsumerId, ConversationId};
use usher_routing::command::Command;
use usher_store::record::conversation::{Participant, ParticipantRole};
use usher_store::record::event::Event;

use super::say::consumer_participant;
use super::view::{View, find, view};
use super::{acting_agent, hidden};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::desks::{Desks, add, conversation_of, participant};
use crate::error::{Error, Result};

/// Lets somebody take part in a conversation beside the agent who has it.
///
/// # Errors
/// Fails if the caller may not supervise, or the conversation is closed.
pub async fn join(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    agent: Option<AgentId>,
    role: ParticipantRole,
) -> Result<View> {
    caller.require(Permission::ConversationsSupervise)?;
    if matches!(
        role,
        ParticipantRole::Consumer | ParticipantRole::AssignedAgent
    ) {
        let message = "expected `AGENT`, `MANAGER` or `READER`";
        return Err(Error::field("#/role", message));
    }
    let agent = acting_agent(caller, agent)?;
    let joiner = participant(&agent)?;
    change(caller, app, id, |writing| {
        let now = writing.now;
        let conversation = writing.conversation(id)?;
        let is_there =
            |one: &Participant| one.left_at.is_none() && one.id == joiner && one.role == role;
        if conversation.participants.iter().any(is_there) {
            return Ok(());
        }
        let newcomer = Participant {
            id: joiner.clone(),
            role,
            joined_at: now,
            left_at: None,
        };
        add(conversation, newcomer);
        let event = Event::ParticipantJoined {
            participant_id: joiner.clone(),
            role,
        };
        writing.happens(id, event)
    })
    .await
}

/// Ends somebody's part in a conversation; the agent who has it releases or transfers it instead.
///
/// # Errors
/// Fails if the caller may not act in the name of that agent, or the conversation is closed.
pub async fn leave(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    agent: Option<AgentId>,
) -> Result<View> {
    caller.require(Permission::ConversationsWrite)?;
    let agent = acting_agent(caller, agent)?;
    let leaver = participant(&agent)?;
    change(caller, app, id, |writing| {
        let now = writing.now;
        let mut roles = Vec::new();
        for one in &mut writing.conversation(id)?.participants {
            let is_helping = !matches!(
                one.role,
                ParticipantRole::AssignedAgent | ParticipantRole::Consumer
            );
            if one.id == leaver && one.left_at.is_none() && is_helping {
                one.left_at = Some(now);
                roles.push(one.role);
            }
        }
        for role in roles {
            let event = Event::ParticipantLeft {
                participant_id: leaver.clone(),
                role,
            };
            writing.happens(id, event)?;
        }
        Ok(())
    })
    .await
}

/// Takes over who the consumer is, on the word of the caller: the conversation is that consumer's
/// from now on.
///
/// # Errors
/// Fails if the caller may not act for others, or the conversation is closed.
pub async fn identify(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    consumer: ConsumerId,
) -> Result<View> {
    caller.require(Permission::ActForOthers)?;
    step_up(caller, app, id, consumer).await
}

/// Takes over who the consumer has proved to be; whoever calls this has checked the proof.
pub(crate) async fn step_up(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    consumer: ConsumerId,
) -> Result<View> {
    let newcomer = consumer_participant(&consumer)?;
    change(caller, app, id, |writing| {
        let now = writing.now;
        let conversation = writing.conversation(id)?;
        let old = std::mem::replace(&mut conversation.consumer_id, consumer.clone());
        conversation.is_authenticated = true;
        if old == consumer {
            return Ok(());
        }
        for one in &mut conversation.participants {
            if one.role == ParticipantRole::Consumer && one.left_at.is_none() {
                one.left_at = Some(now);
            }
        }
        let participant = Participant {
            id: newcomer.clone(),
            role: ParticipantRole::Consumer,
            joined_at: now,
            left_at: None,
        };
        add(conversation, participant);
        let event = Event::ConsumerIdentified {
            old_consumer_id: old,
            new_consumer_id: consumer.clone(),
        };
        writing.happens(id, event)
    })
    .await
}

async fn change(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    write: impl FnMut(&mut crate::desks::Writing<'_>) -> Result<()> + Send,
) -> Result<View> {
    find(caller, app, id).await?;
    let desk = Desks::of(app, &caller.account).await?;
    let command = Command::Amend {
        conversation: id.clone(),
    };
    desk.step_or_amend(app, id, command, write).await?;
    let kept = conversation_of(app, &caller.account, id).await?;
    Ok(view(&desk, kept.ok_or_else(|| hidden(id))?, app.now()))
}
