//! Conversations change hands.

use std::sync::Arc;
use std::time::Duration;

use usher_model::id::{AgentId, ConversationId, OfferId, SkillId};
use usher_model::limits;
use usher_model::value::Value;
use usher_routing::command::Change;
use usher_routing::command::{self, Command, Happening};
use usher_store::record::event::{Audience, SenderRole};

use super::say::{Words, check_text, write_message};
use super::view::{View, find, view};
use super::{hidden, require_holder};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::desks::{Desks, assignee, conversation_of, participant, words};
use crate::error::{Error, Result};

/// Where a conversation is to go.
#[derive(Clone, Debug, Default)]
pub struct Transfer {
    /// To which agent, if that agent is available.
    pub agent_id: Option<AgentId>,
    /// To which skill; without one the conversation's own, and then the agent need not have it.
    pub skill_id: Option<SkillId>,
    /// What the consumer is told first.
    pub message: Option<String>,
    /// How long the agent has to accept before any agent of the skill may have it.
    pub fallback: Option<Duration>,
}

/// What came of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// `TRANSFERRED_AGENT` or `TRANSFERRED_SKILL`.
    pub outcome: &'static str,
    /// `ASSIGNED`, `SUGGESTED` or `QUEUED`.
    pub assignment: &'static str,
    /// In which skill it is now.
    pub effective_skill_id: Option<SkillId>,
    /// With or at whom it is now.
    pub effective_agent_id: Option<AgentId>,
    /// Why not the agent that was named: `AGENT_OFFLINE`, `AGENT_NOT_ONLINE`, `AGENT_NOT_SKILLED` or
    /// `AGENT_AT_CAPACITY`.
    pub downgraded_because: Option<&'static str>,
}

/// Sends a conversation to another agent or skill.
///
/// # Errors
/// Fails if the caller does not have it and may not supervise, or the target is unknown, disabled,
/// where it is already, or served only by the bot that asks; the conversation then stays.
pub async fn transfer(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    transfer: Transfer,
) -> Result<Transferred> {
    caller.require(Permission::ConversationsWrite)?;
    if let Some(text) = &transfer.message {
        check_text("#/message", text)?;
    }
    if transfer
        .fallback
        .is_some_and(|fallback| fallback > limits::SUGGESTION_MAX)
    {
        let max = limits::SUGGESTION_MAX.as_secs();
        let message = format!("expected at most {max} seconds");
        return Err(Error::field("#/fallbackSeconds", message));
    }
    let kept = find(caller, app, id).await?;
    require_staff(caller)?;
    require_holder(caller, &kept.record)?;
    let by = caller
        .agent
        .clone()
        .or_else(|| assignee(&kept.record).cloned());
    let desk = Desks::of(app, &caller.account).await?;
    let command = Command::Transfer(command::Transfer {
        conversation: id.clone(),
        agent: transfer.agent_id,
        skill: transfer.skill_id,
        fallback: transfer.fallback,
        by: by.clone(),
        offer: OfferId::mint(&app.ids),
    });
    let desk_of_bots = Arc::clone(&desk);
    desk.step(app, command, |writing, change| {
        if let Some(text) = &transfer.message {
            let (sender, role) = match &by {
                Some(agent) if desk_of_bots.is_bot(agent) => {
                    (Some(participant(agent)?), SenderRole::Bot)
                }
                Some(agent) => (Some(participant(agent)?), SenderRole::Agent),
                None => (None, SenderRole::System),
            };
            let words = Words {
                sender,
                role,
                text: text.clone(),
                audience: Audience::All,
                content: Value::Null,
                metadata: Value::Null,
                client_message_id: None,
            };
            write_message(writing, id, words)?;
        }
        came_of(change)
    })
    .await
}

/// Returns what came of a transfer.
pub(crate) fn came_of(change: &Change) -> Result<Transferred> {
    let result = change
        .happenings
        .iter()
        .find_map(|happening| match happening {
            Happening::Transferred { result, .. } => Some(result),
            _ => None,
        });
    let result = result.ok_or_else(|| Error::internal("a transfer that transfers nothing"))?;
    Ok(Transferred {
        outcome: words::outcome(result.outcome),
        assignment: words::assignment(result.assignment),
        effective_skill_id: result.skill.clone(),
        effective_agent_id: result.agent.clone(),
        downgraded_because: result.downgraded.map(words::downgrade),
    })
}

/// Gives a conversation to an agent, wherever it is; beyond the agent's capacity if it is forced.
///
/// # Errors
/// Fails if the caller may not supervise, or the agent cannot have it.
pub async fn take_over(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    agent: Option<AgentId>,
    is_forced: bool,
) -> Result<View> {
    caller.require(Permission::ConversationsSupervise)?;
    find(caller, app, id).await?;
    let agent = super::acting_agent(caller, agent)?;
    let command = Command::TakeOver {
        conversation: id.clone(),
        agent,
        is_forced,
    };
    carry_out(caller, app, id, command).await
}

/// Puts a conversation back into the queue of its skill; it keeps its place there.
///
/// # Errors
/// Fails if the caller does not have it and may not supervise, or nobody has it.
pub async fn release(caller: &Caller, app: &Arc<App>, id: &ConversationId) -> Result<View> {
    caller.require(Permission::ConversationsWrite)?;
    let kept = find(caller, app, id).await?;
    require_staff(caller)?;
    require_holder(caller, &kept.record)?;
    let command = Command::Release {
        conversation: id.clone(),
    };
    carry_out(caller, app, id, command).await
}

async fn carry_out(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    command: Command,
) -> Result<View> {
    let desk = Desks::of(app, &caller.account).await?;
    desk.step(app, command, |_, _| Ok(())).await?;
    let kept = conversation_of(app, &caller.account, id).await?;
    Ok(view(&desk, kept.ok_or_else(|| hidden(id))?, app.now()))
}

/// Refuses a consumer, who moves no conversation.
fn require_staff(caller: &Caller) -> Result<()> {
    if caller.consumer.is_none() {
        return Ok(());
    }
    Err(Error::new(
        crate::error::Code::Forbidden,
        "expected an agent or a supervisor, found a consumer",
    ))
}
