//! How soon an answer is due: as the skill says, sooner if the consumer asks for it, or when the agent
//! promises it.

use std::sync::Arc;
use std::time::Duration;

use usher_model::id::ConversationId;
use usher_model::time::Timestamp;
use usher_routing::command::Command;
use usher_store::record::conversation::{Conversation, Turn};
use usher_store::record::event::{Event, ResponseTime, SenderRole};

use super::hidden;
use super::say::{As, speaker};
use super::view::{View, find, view};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::desks::{Desks, Rules, conversation_of};
use crate::error::{Error, Result};

/// How far ahead an answer may be promised.
const PROMISE_MAX: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// What is said of when an answer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// By the consumer: whether it is urgent.
    Urgent(bool),
    /// By the agent: an answer by then; nothing takes the promise back.
    Promise(Option<Timestamp>),
}

/// Says when an answer is due: the consumer whether it is urgent, the agent by when there is one.
///
/// # Errors
/// Fails if the conversation is closed or not the caller's, if it is not theirs to say, or the promise
/// is not for the next 31 days.
pub async fn set_response_time(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    by: Option<&As>,
    asked: Asked,
) -> Result<View> {
    caller.require(Permission::ConversationsWrite)?;
    let kept = find(caller, app, id).await?;
    let desk = Desks::of(app, &caller.account).await?;
    let (_, role) = speaker(caller, &desk, &kept.record, by)?;
    check(asked, role, app.now())?;
    let command = Command::Amend {
        conversation: id.clone(),
    };
    desk.step(app, command, |writing, _| {
        let conversation = writing.conversation(id)?;
        let old = response_time(conversation, &desk.lock().rules);
        match asked {
            Asked::Urgent(is_urgent) => conversation.is_urgent = is_urgent,
            Asked::Promise(at) => conversation.promised_at = at,
        }
        let new = response_time(conversation, &desk.lock().rules);
        if old == new {
            return Ok(());
        }
        writing.happens(id, Event::ResponseTimeChanged { by: role, old, new })
    })
    .await?;
    let kept = conversation_of(app, &caller.account, id).await?;
    Ok(view(&desk, kept.ok_or_else(|| hidden(id))?, app.now()))
}

fn check(asked: Asked, role: SenderRole, now: Timestamp) -> Result<()> {
    match (asked, role) {
        (Asked::Urgent(_), SenderRole::Consumer) => Ok(()),
        (Asked::Urgent(_), _) => {
            let message = "expected the consumer to say whether it is urgent";
            Err(Error::field("#/isUrgent", message))
        }
        (Asked::Promise(_), SenderRole::Consumer) => {
            let message = "expected an agent to promise an answer";
            Err(Error::field("#/promisedAt", message))
        }
        (Asked::Promise(Some(at)), _) if at <= now || at.since(now) > PROMISE_MAX => {
            let message = "expected an instant within the next 31 days";
            Err(Error::field("#/promisedAt", message))
        }
        (Asked::Promise(_), _) => Ok(()),
    }
}

/// Returns how soon an answer is due in a conversation.
pub(crate) fn response_time(conversation: &Conversation, rules: &Rules) -> ResponseTime {
    let skill = conversation.latest_skill_id.as_ref();
    let skill = skill.and_then(|skill| rules.skills.get(skill));
    let own = skill.map(|skill| &skill.routing);
    let account = &rules.settings.routing;
    let seconds = if conversation.is_urgent {
        let own = own.and_then(|own| own.urgent_response_seconds);
        own.unwrap_or(account.urgent_response_seconds)
    } else {
        let own = own.and_then(|own| own.response_seconds);
        own.unwrap_or(account.response_seconds)
    };
    ResponseTime {
        is_urgent: conversation.is_urgent,
        seconds,
        promised_at: conversation.promised_at,
    }
}

/// Returns by when an answer is due; nothing while it is the consumer's turn.
pub(crate) fn response_due_at(
    conversation: &Conversation,
    response_time: ResponseTime,
) -> Option<Timestamp> {
    match conversation.ticket.as_ref()?.turn {
        Turn::Consumer(_) => None,
        Turn::Agent(since) => {
            let seconds = Duration::from_secs(response_time.seconds.into());
            Some(response_time.promised_at.unwrap_or(since.plus(seconds)))
        }
    }
}
