//! What functions are told: which of the contracts' events, and what comes of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use usher_model::id::{AccountId, SkillId};
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_store::record::conversation::{CloseReason, Conversation, DialogKind};
use usher_store::record::event::{ResponseTime, SenderRole, WaitsFor};

use super::{command, payload};
use crate::App;
use crate::conversations::{response_due_at, response_time};
use crate::desks::{AccountDesk, Desks, conversation_of};
use crate::error::Result;
use crate::events;
use crate::feed::{Event, Happened};
use crate::functions;
use crate::hours;

const OPENED: &str = "controllerbot_messaging_new_conversation";
const ENDED: &str = "controllerbot_messaging_conversation_end";
const IDLE: &str = "controllerbot_messaging_conversation_idle";
const ROUTED: &str = "controllerbot_messaging_conversation_routing";
const PARTICIPANTS: &str = "controllerbot_messaging_participants_change";
const RESPONSE_TIME: &str = "controllerbot_messaging_ttr";
const OFF_HOURS: &str = "controllerbot_messaging_mid_conversation_msg";
const STEPPED_UP: &str = "controllerbot_messaging_consumer_step_up";
const SURVEY_STARTED: &str = "surveybot_messaging_survey_started";
const SURVEY_ENDED: &str = "surveybot_messaging_survey_ended";

/// The contracts' names of what happens, each with the event whose functions are told of it.
pub(crate) const NAMES: [(&str, &str); 20] = [
    ("CONSUMER_OPEN_NEW_CONVERSATION", OPENED),
    ("CONSUMER_OPEN_NEW_CONVERSATION_FIRST_TIME", OPENED),
    ("CONSUMER_OPEN_NEW_CONVERSATION_OFF_HOURS", OPENED),
    (
        "CONSUMER_OPEN_NEW_CONVERSATION_FIRST_TIME_OFF_HOURS",
        OPENED,
    ),
    ("AGENT_END_CONVERSATION", ENDED),
    ("CONSUMER_END_CONVERSATION", ENDED),
    ("SYSTEM_END_CONVERSATION", ENDED),
    ("AGENT_NON_RESPONSIVE", IDLE),
    ("CONSUMER_NON_RESPONSIVE", IDLE),
    ("CONV_AWAITING_IN_QUEUE", IDLE),
    ("ENGAGEMENT_TRANSFERED", ROUTED),
    ("YOU_ARE_CONNECTED_TO", PARTICIPANTS),
    ("BACK_TO_QUEUE", PARTICIPANTS),
    ("ANOTHER_AGENT_JOINED_CONVERSATION", PARTICIPANTS),
    ("JOINED_AGENT_LEFT_CONVERSATION", PARTICIPANTS),
    ("CONSUMER_ASKED_URGENT_RESPONSE_TIME", RESPONSE_TIME),
    ("CONSUMER_CANCELED_URGENT_RESPONSE_TIME", RESPONSE_TIME),
    ("AGENT_UPDATED_RESPONSE_TIME", RESPONSE_TIME),
    ("CONSUMER_SEND_MESSAGE_ON_OFFHOURS", OFF_HOURS),
    ("CONSUMER_STEP_UP", STEPPED_UP),
];

/// What functions are told of an event.
struct Told {
    /// Which of the contracts' names it has; none for a survey.
    name: Option<&'static str>,
    /// What the kind of event brings.
    block: Value,
}

impl Told {
    const fn new(name: &'static str, block: Value) -> Self {
        Self {
            name: Some(name),
            block,
        }
    }
}

/// What is known beside the conversation and the event.
pub(super) struct Facts {
    /// Whether it happened outside of the skill's business hours.
    pub(super) is_outside_hours: bool,
    /// Whether the conversation began outside of them.
    pub(super) began_outside_hours: bool,
    /// How soon an answer is due.
    pub(super) response_time: ResponseTime,
    /// By when.
    pub(super) response_due_at: Option<Timestamp>,
}

impl Facts {
    fn of(desk: &AccountDesk, conversation: &Conversation, happened: &Happened) -> Self {
        let state = desk.lock();
        let skill = skill(conversation, &happened.event);
        let skill = skill.and_then(|skill| state.rules.skills.get(skill));
        let is_outside = |at| skill.is_some_and(|skill| hours::is_outside(skill, at));
        let response_time = response_time(conversation, &state.rules);
        Self {
            is_outside_hours: is_outside(happened.at),
            began_outside_hours: is_outside(conversation.started_at),
            response_time,
            response_due_at: response_due_at(conversation, response_time),
        }
    }
}

/// Returns the events of which something in an account wants to be told: a function that listens, or
/// an automatic message.
pub(super) async fn wanted(app: &Arc<App>, account: &AccountId) -> Result<BTreeSet<&'static str>> {
    let mut wanted = functions::listened(app, account).await?;
    let desk = Desks::of(app, account).await?;
    let state = desk.lock();
    let messages = &state.rules.settings.automatic_messages;
    let told = NAMES
        .iter()
        .filter(|(name, _)| messages.contains_key(*name));
    wanted.extend(told.map(|(_, event)| *event));
    drop(state);
    Ok(wanted)
}

/// Returns the contracts' event of an event, if functions may be told of it.
pub(super) fn event_of(event: &Event) -> Option<&'static str> {
    Some(match event {
        Event::ConversationStarted { .. } => OPENED,
        Event::ConversationClosed { .. } => ENDED,
        Event::Idle { .. } => IDLE,
        Event::Transferred(transfer) if transfer.from_skill_id != transfer.to_skill_id => ROUTED,
        Event::Assigned { .. }
        | Event::Requeued { .. }
        | Event::ParticipantJoined { .. }
        | Event::ParticipantLeft { .. } => PARTICIPANTS,
        Event::ResponseTimeChanged { .. } => RESPONSE_TIME,
        Event::MessageSent(message) if message.sender_role == SenderRole::Consumer => OFF_HOURS,
        Event::ConsumerIdentified { .. } => STEPPED_UP,
        Event::DialogOpened { dialog_type, .. } if *dialog_type == DialogKind::PostSurvey => {
            SURVEY_STARTED
        }
        Event::DialogClosed { dialog_type, .. } if *dialog_type == DialogKind::PostSurvey => {
            SURVEY_ENDED
        }
        _ => return None,
    })
}

/// Tells the functions that listen to an event, and does what they answer.
///
/// # Errors
/// Fails if one of them fails, or the store cannot be read.
pub(super) async fn deliver(
    app: &Arc<App>,
    account: &AccountId,
    happened: &Happened,
) -> Result<()> {
    let (Some(id), Some(event)) = (&happened.conversation_id, event_of(&happened.event)) else {
        return Ok(());
    };
    let Some(kept) = conversation_of(app, account, id).await? else {
        return Ok(());
    };
    let conversation = kept.record;
    let desk = Desks::of(app, account).await?;
    let facts = Facts::of(&desk, &conversation, happened);
    let Some(told) = told(&conversation, happened, &facts) else {
        return Ok(());
    };
    let request = events::id(account, happened);
    let skill = skill(&conversation, &happened.event);
    let mut answers = Vec::new();
    if functions::listens(app, account, event, skill).await? {
        let payload = match told.name {
            Some(name) => {
                payload::controller(account, &conversation, happened, &facts, name, told.block)
            }
            None => payload::survey(account, &conversation, &facts),
        };
        let answered =
            functions::invoke_event(app, account, event, skill, payload, request).await?;
        answers.extend(answered.into_iter().map(|answer| answer.result));
    }
    let automatic = told.name.and_then(|name| {
        let messages = &desk.lock().rules.settings.automatic_messages;
        messages.get(name).cloned()
    });
    command::carry_out(app, &desk, id, request, answers, automatic).await
}

/// Returns the skill by which functions are chosen.
fn skill<'c>(conversation: &'c Conversation, event: &'c Event) -> Option<&'c SkillId> {
    match event {
        Event::ConversationStarted { skill_id, .. } => skill_id.as_ref(),
        Event::Transferred(transfer) => transfer.to_skill_id.as_ref(),
        _ => conversation.latest_skill_id.as_ref(),
    }
}

fn told(conversation: &Conversation, happened: &Happened, facts: &Facts) -> Option<Told> {
    let participants = |name| Told::new(name, payload::change(conversation, happened.at));
    Some(match &happened.event {
        Event::ConversationStarted { .. } => Told::new(
            match (conversation.is_first, facts.is_outside_hours) {
                (true, true) => "CONSUMER_OPEN_NEW_CONVERSATION_FIRST_TIME_OFF_HOURS",
                (true, false) => "CONSUMER_OPEN_NEW_CONVERSATION_FIRST_TIME",
                (false, true) => "CONSUMER_OPEN_NEW_CONVERSATION_OFF_HOURS",
                (false, false) => "CONSUMER_OPEN_NEW_CONVERSATION",
            },
            json!({"start": {"firstConversation": conversation.is_first}}),
        ),
        Event::ConversationClosed { by, .. } => Told::new(
            match by {
                CloseReason::Agent => "AGENT_END_CONVERSATION",
                CloseReason::Consumer => "CONSUMER_END_CONVERSATION",
                CloseReason::System => "SYSTEM_END_CONVERSATION",
            },
            json!({"end": {"closeReason": by}}),
        ),
        Event::Idle {
            waits_for,
            after_seconds,
            ..
        } => Told::new(
            match waits_for {
                WaitsFor::Agent => "AGENT_NON_RESPONSIVE",
                WaitsFor::Consumer => "CONSUMER_NON_RESPONSIVE",
                WaitsFor::Queue => "CONV_AWAITING_IN_QUEUE",
            },
            payload::idle(conversation, *waits_for, *after_seconds),
        ),
        Event::Transferred(transfer) => Told::new(
            "ENGAGEMENT_TRANSFERED",
            json!({"routing": {"oldSkillId": transfer.from_skill_id,
                "newSkillId": transfer.to_skill_id}}),
        ),
        Event::Assigned { .. } => participants("YOU_ARE_CONNECTED_TO"),
        Event::Requeued { .. } => participants("BACK_TO_QUEUE"),
        Event::ParticipantJoined { .. } => participants("ANOTHER_AGENT_JOINED_CONVERSATION"),
        Event::ParticipantLeft { .. } => participants("JOINED_AGENT_LEFT_CONVERSATION"),
        Event::ResponseTimeChanged { by, old, new } => Told::new(
            match (by, new.is_urgent) {
                (SenderRole::Consumer, true) => "CONSUMER_ASKED_URGENT_RESPONSE_TIME",
                (SenderRole::Consumer, false) => "CONSUMER_CANCELED_URGENT_RESPONSE_TIME",
                _ => "AGENT_UPDATED_RESPONSE_TIME",
            },
            json!({"ttr": {"oldTtr": payload::ttr(*old), "newTtr": payload::ttr(*new)}}),
        ),
        // What comes with the start is told with it.
        Event::MessageSent(_)
            if facts.is_outside_hours
                && !facts.began_outside_hours
                && happened.at > conversation.started_at =>
        {
            let block = json!({"mid": {"openedInOffHours": false}});
            Told::new("CONSUMER_SEND_MESSAGE_ON_OFFHOURS", block)
        }
        Event::ConsumerIdentified { .. } => Told::new("CONSUMER_STEP_UP", json!({})),
        Event::DialogOpened { .. } | Event::DialogClosed { .. } => Told {
            name: None,
            block: Value::Null,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_belongs_to_an_event_that_functions_may_listen_to() {
        let names: BTreeSet<_> = NAMES.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), NAMES.len());
        for (name, event) in NAMES {
            assert!(functions::event::find(event).is_some(), "{name}: {event}");
        }
    }
}
