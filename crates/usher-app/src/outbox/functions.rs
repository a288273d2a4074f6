//! What functions are told: the contracts' events, and their payloads.

use std::sync::Arc;

use serde_json::json;
use usher_model::id::{AccountId, SkillId};
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_store::record::conversation::{
    CloseReason, Conversation, DialogKind, Participant, ParticipantRole,
};

use super::command;
use crate::App;
use crate::desks::conversation_of;
use crate::error::Result;
use crate::events;
use crate::feed::{Event, Happened};
use crate::functions;

/// What functions are told of an event.
struct Told {
    /// Which of the contracts' events it is.
    event: &'static str,
    /// Which one exactly; nothing for a survey.
    kind: Option<&'static str>,
    /// What the kind of event brings.
    block: Value,
}

/// Whether functions may be told of an event.
pub(super) fn is_told(event: &Event) -> bool {
    match event {
        Event::ConversationStarted { .. }
        | Event::ConversationClosed { .. }
        | Event::Assigned { .. }
        | Event::Requeued { .. }
        | Event::ParticipantJoined { .. }
        | Event::ParticipantLeft { .. }
        | Event::ConsumerIdentified { .. } => true,
        Event::Transferred(transfer) => transfer.from_skill_id != transfer.to_skill_id,
        Event::DialogOpened { dialog_type, .. } | Event::DialogClosed { dialog_type, .. } => {
            *dialog_type == DialogKind::PostSurvey
        }
        _ => false,
    }
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
    let Some(id) = &happened.conversation_id else {
        return Ok(());
    };
    let Some(kept) = conversation_of(app, account, id).await? else {
        return Ok(());
    };
    let conversation = kept.record;
    let Some(told) = told(&conversation, happened) else {
        return Ok(());
    };
    let skill = skill(&conversation, &happened.event);
    if !functions::listens(app, account, told.event, skill).await? {
        return Ok(());
    }
    let payload = match told.kind {
        Some(kind) => controller(account, &conversation, happened, kind, told.block),
        None => survey(account, &conversation),
    };
    let request = events::id(account, happened);
    let answers =
        functions::invoke_event(app, account, told.event, skill, payload, request).await?;
    let answers = answers.into_iter().map(|answer| answer.result);
    command::carry_out(app, account, id, request, answers).await
}

/// Returns the skill by which functions are chosen.
fn skill<'c>(conversation: &'c Conversation, event: &'c Event) -> Option<&'c SkillId> {
    match event {
        Event::ConversationStarted { skill_id, .. } => skill_id.as_ref(),
        Event::Transferred(transfer) => transfer.to_skill_id.as_ref(),
        _ => conversation.latest_skill_id.as_ref(),
    }
}

fn told(conversation: &Conversation, happened: &Happened) -> Option<Told> {
    let told = |event, kind, block| {
        Some(Told {
            event,
            kind: Some(kind),
            block,
        })
    };
    let participants = "controllerbot_messaging_participants_change";
    match &happened.event {
        Event::ConversationStarted { .. } => told(
            "controllerbot_messaging_new_conversation",
            if conversation.is_first {
                "CONSUMER_OPEN_NEW_CONVERSATION_FIRST_TIME"
            } else {
                "CONSUMER_OPEN_NEW_CONVERSATION"
            },
            json!({"start": {"firstConversation": conversation.is_first}}),
        ),
        Event::ConversationClosed { by, .. } => told(
            "controllerbot_messaging_conversation_end",
            match by {
                CloseReason::Agent => "AGENT_END_CONVERSATION",
                CloseReason::Consumer => "CONSUMER_END_CONVERSATION",
                CloseReason::System => "SYSTEM_END_CONVERSATION",
            },
            json!({"end": {"closeReason": by}}),
        ),
        Event::Transferred(transfer) => told(
            "controllerbot_messaging_conversation_routing",
            "ENGAGEMENT_TRANSFERED",
            json!({"routing": {"oldSkillId": transfer.from_skill_id,
                "newSkillId": transfer.to_skill_id}}),
        ),
        Event::Assigned { .. } => told(
            participants,
            "YOU_ARE_CONNECTED_TO",
            change(conversation, happened.at),
        ),
        Event::Requeued { .. } => told(
            participants,
            "BACK_TO_QUEUE",
            change(conversation, happened.at),
        ),
        Event::ParticipantJoined { .. } => told(
            participants,
            "ANOTHER_AGENT_JOINED_CONVERSATION",
            change(conversation, happened.at),
        ),
        Event::ParticipantLeft { .. } => told(
            participants,
            "JOINED_AGENT_LEFT_CONVERSATION",
            change(conversation, happened.at),
        ),
        Event::ConsumerIdentified { .. } => told(
            "controllerbot_messaging_consumer_step_up",
            "CONSUMER_STEP_UP",
            json!({}),
        ),
        Event::DialogOpened { .. } => Some(Told {
            event: "surveybot_messaging_survey_started",
            kind: None,
            block: Value::Null,
        }),
        Event::DialogClosed { .. } => Some(Told {
            event: "surveybot_messaging_survey_ended",
            kind: None,
            block: Value::Null,
        }),
        _ => None,
    }
}

/// Returns who took part just before an instant, and who did from then on.
fn change(conversation: &Conversation, at: Timestamp) -> Value {
    let listed = |takes_part: &dyn Fn(&Participant) -> bool| -> Vec<Value> {
        let participants = conversation.participants.iter();
        let participants = participants.filter(|one| takes_part(one));
        participants
            .map(|one| json!({"id": one.id, "role": role(one.role)}))
            .collect()
    };
    let old = listed(&|one| one.joined_at < at && one.left_at.is_none_or(|left| left >= at));
    let new = listed(&|one| one.joined_at <= at && one.left_at.is_none_or(|left| left > at));
    json!({"participantChange": {"oldParticipants": old, "newParticipants": new}})
}

const fn role(role: ParticipantRole) -> &'static str {
    match role {
        ParticipantRole::Consumer => "CONSUMER",
        ParticipantRole::AssignedAgent => "ASSIGNED_AGENT",
        ParticipantRole::Agent => "AGENT",
        ParticipantRole::Manager => "MANAGER",
        ParticipantRole::Reader => "READER",
    }
}

/// Returns the payload of the events of the controller bot.
fn controller(
    account: &AccountId,
    conversation: &Conversation,
    happened: &Happened,
    kind: &str,
    block: Value,
) -> Value {
    let is_start = matches!(happened.event, Event::ConversationStarted { .. });
    let is_end = matches!(happened.event, Event::ConversationClosed { .. });
    let (consumer, agent) = (conversation.consumer_wrote_at, conversation.agent_wrote_at);
    let composer = match (consumer, agent) {
        (None, None) => None,
        (consumer, agent) => Some(if consumer >= agent {
            "CONSUMER"
        } else {
            "AGENT"
        }),
    };
    let milliseconds = |at: Option<Timestamp>| at.map(Timestamp::milliseconds);
    let main = conversation.dialogs.first().map(|dialog| &dialog.id);
    let mut payload = json!({
        "general": {
            "type": "UPSERT",
            "cbotEventType": kind,
            "convId": conversation.id,
            "dialogId": main,
            "startTs": conversation.started_at.milliseconds(),
            "oldConvState": if is_start { None } else { Some("OPEN") },
            "newConvState": if is_end { "CLOSE" } else { "OPEN" },
            "contexttype": "SharkContext",
            "campaignInfo": {"engangementId": conversation.engagement_id},
            "clientLanguage": conversation.language,
            "originatorId": happened.agent_id,
            "originatorMetadata": {"id": happened.agent_id, "role": "CONTROLLER"},
            "serverTimestamp": happened.at.milliseconds(),
            "lastMessageComposer": composer,
            "lastMessageTs": milliseconds(consumer.max(agent)),
            "lastAgentMsgTs": milliseconds(agent),
        },
        "ours": {
            "accountId": account,
            "consumerId": conversation.consumer_id,
            "consumerAuthenticated": conversation.is_authenticated,
            "latestSkillId": conversation.latest_skill_id,
            "latestAgentId": conversation.latest_agent_id,
            "mcs": conversation.mcs,
            "endTs": milliseconds(conversation.closed.as_ref().map(|closed| closed.at)),
        },
    });
    if let (Some(fields), Value::Object(block)) = (payload.as_object_mut(), block) {
        fields.extend(block);
    }
    payload
}

/// Returns the payload of the events of a survey.
fn survey(account: &AccountId, conversation: &Conversation) -> Value {
    let dialogs: Vec<Value> = conversation
        .dialogs
        .iter()
        .map(|dialog| {
            let closed = dialog.closed.as_ref();
            json!({
                "dialogId": dialog.id,
                "dialogType": dialog.kind,
                "state": if closed.is_some() { "CLOSE" } else { "OPEN" },
                "creationTs": dialog.opened_at.milliseconds(),
                "endTs": closed.map(|closed| closed.at.milliseconds()),
                "closedBy": closed.map(|closed| closed.by),
                "closedCause": closed.map(|closed| &closed.description),
            })
        })
        .collect();
    let participants = conversation.participants.iter();
    let participants: Vec<Value> = participants
        .map(|one| json!({"id": one.id, "role": role(one.role)}))
        .collect();
    let survey = conversation
        .dialogs
        .iter()
        .find(|one| one.kind == DialogKind::PostSurvey);
    let closed = conversation
        .dialogs
        .first()
        .and_then(|main| main.closed.as_ref());
    json!({
        "conversationId": conversation.id,
        "accountId": account,
        "surveyId": survey.map(|survey| &survey.id),
        "skillId": conversation.latest_skill_id,
        "campaignInfo": {"engagementId": conversation.engagement_id},
        "closeReason": closed.map(|closed| closed.by),
        "dialogs": dialogs,
        "firstConversation": conversation.is_first,
        "participants": participants,
        "state": if conversation.closed.is_some() { "CLOSE" } else { "OPEN" },
        "startTs": conversation.started_at.milliseconds(),
        "csat": conversation.csat,
    })
}
