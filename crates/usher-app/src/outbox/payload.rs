//! What functions are given of what happened, in the shapes of the contracts.

use serde_json::json;
use usher_model::id::AccountId;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_store::record::conversation::{
    Conversation, DialogKind, Participant, ParticipantRole, TicketState,
};
use usher_store::record::event::{ResponseTime, WaitsFor};

use super::functions::Facts;
use crate::feed::{Event, Happened};

/// Returns who took part just before an instant, and who did from then on.
pub(super) fn change(conversation: &Conversation, at: Timestamp) -> Value {
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

/// Returns since when a conversation is back in its queue, if it is.
fn back_to_queue_at(conversation: &Conversation) -> Option<Timestamp> {
    conversation.first_assigned_at?;
    let ticket = conversation.ticket.as_ref()?;
    match ticket.state {
        TicketState::Queued | TicketState::Offered { .. } => Some(ticket.queued_since),
        TicketState::Assigned { .. } => None,
    }
}

/// Returns the payload of the events of the controller bot. What is known of nobody here, such as
/// an address, is there and null.
pub(super) fn controller(
    account: &AccountId,
    conversation: &Conversation,
    happened: &Happened,
    facts: &Facts,
    name: &str,
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
            "cbotEventType": name,
            "convId": conversation.id,
            "dialogId": main,
            "sessionId": null,
            "startTs": conversation.started_at.milliseconds(),
            "effectiveTTR": milliseconds(facts.response_due_at).unwrap_or(-1),
            "manualETTR": milliseconds(conversation.promised_at),
            "inOffHours": facts.is_outside_hours,
            "oldConvState": if is_start { None } else { Some("OPEN") },
            "newConvState": if is_end { "CLOSE" } else { "OPEN" },
            "contexttype": "SharkContext",
            "campaignInfo": {"id": null, "engangementId": conversation.engagement_id},
            "clientLanguage": conversation.language,
            "clientFeatures": [],
            "clientIpAdress": null,
            "visitorId": conversation.consumer_id,
            "originatorId": happened.agent_id,
            "originatorPid": happened.agent_id,
            "originatorMetadata": {"id": happened.agent_id, "role": "CONTROLLER"},
            "serverTimestamp": happened.at.milliseconds(),
            "lastMessageComposer": composer,
            "lastMessageTs": milliseconds(consumer.max(agent)),
            "lastAgentMsgTs": milliseconds(agent),
            "backToQueueTs": milliseconds(back_to_queue_at(conversation)),
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
pub(super) fn survey(account: &AccountId, conversation: &Conversation, facts: &Facts) -> Value {
    let participants = conversation.participants.iter();
    let (participants, details): (Vec<Value>, Vec<Value>) = participants
        .map(|one| {
            let (id, role) = (&one.id, role(one.role));
            let state = one.left_at.map_or("ACTIVE", |_at| "LEFT");
            let listed = json!({"id": id, "role": role});
            (listed, json!({"id": id, "role": role, "state": state}))
        })
        .unzip();
    let dialogs: Vec<Value> = conversation
        .dialogs
        .iter()
        .map(|dialog| {
            let closed = dialog.closed.as_ref();
            json!({
                "dialogId": dialog.id,
                "dialogType": dialog.kind,
                "channelType": "MESSAGING",
                "state": if closed.is_some() { "CLOSE" } else { "OPEN" },
                "creationTs": dialog.opened_at.milliseconds(),
                "endTs": closed.map(|closed| closed.at.milliseconds()),
                "closedBy": closed.map(|closed| closed.by),
                "closedCause": closed.map(|closed| &closed.description),
                "participantsDetails": details,
                "metaData": {},
            })
        })
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
        "surveyRevision": 1,
        "skillId": conversation.latest_skill_id,
        "effectiveTTR": facts.response_due_at.map_or(-1, Timestamp::milliseconds),
        "campaignInfo": {"campaignId": null, "engagementId": conversation.engagement_id},
        "context": {"type": "SharkContext", "lang": conversation.language,
            "visitorId": conversation.consumer_id, "sessionId": null},
        "lastContentEventNotification": null,
        "lastQuestionId": null,
        "closeReason": closed.map(|closed| closed.by),
        "dialogs": dialogs,
        "firstConversation": conversation.is_first,
        "participants": participants,
        "state": if conversation.closed.is_some() { "CLOSE" } else { "OPEN" },
        "startTs": conversation.started_at.milliseconds(),
        "ttr": ttr(facts.response_time),
        "csat": conversation.csat,
    })
}

/// Returns how soon an answer is due.
pub(super) fn ttr(response_time: ResponseTime) -> Value {
    let kind = match response_time.is_urgent {
        true => "URGENT",
        false => "NORMAL",
    };
    json!({"ttrType": kind, "value": response_time.seconds})
}

/// Returns how long nothing has happened, and who was to act.
pub(super) fn idle(conversation: &Conversation, waits_for: WaitsFor, seconds: u32) -> Value {
    let wrote_at = conversation.consumer_wrote_at.map(Timestamp::milliseconds);
    // Spelled as the contract does.
    let name = match waits_for {
        WaitsFor::Agent => "agentNonResponsive",
        WaitsFor::Consumer => "consumserNonResponsive",
        WaitsFor::Queue => "convNotTakenTime",
    };
    let time = match seconds % 60 {
        0 => json!({"time": seconds / 60, "timeUnits": "MINUTES"}),
        _ => json!({"time": seconds, "timeUnits": "SECONDS"}),
    };
    json!({"idle": {"lastConsumerMsgTs": wrote_at, name: time}})
}
