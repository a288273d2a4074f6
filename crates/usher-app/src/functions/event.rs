//! What starts functions: the events, how many functions may listen to each, and a sample of what
//! they are given.

use std::sync::LazyLock;

use serde_json::json;
use usher_model::value::Value;

/// An event that may start functions.
#[derive(Debug)]
pub struct Event {
    /// The contracts' id.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Functions of an account that may listen to it; with skills, those for one skill.
    pub functions_max: usize,
    /// Whether a function may listen for some skills only.
    pub has_skills: bool,
    /// A payload such as the event brings.
    pub sample: Value,
}

/// Ids that belong to others: nothing here fires them.
const RESERVED: [&str; 5] = [
    "bot_connectors_custom_integration",
    "bot_connectors_pre_hook",
    "bot_connectors_post_hook",
    "bot_connectors_error_hook",
    "denver_post_survey_email_transcript",
];
/// Commands that agents may have.
const COMMANDS_MAX: usize = 30;

/// Every event, in the order of the guide.
pub static EVENTS: LazyLock<Vec<Event>> = LazyLock::new(|| {
    vec![
        conversation(
            "controllerbot_messaging_new_conversation",
            "Messaging New Conversation",
            &general("CONSUMER_OPEN_NEW_CONVERSATION", "OPEN"),
            json!({"start": {"firstConversation": true}}),
        ),
        conversation(
            "controllerbot_messaging_conversation_end",
            "Messaging Conversation End",
            &general("AGENT_END_CONVERSATION", "CLOSE"),
            json!({"end": {"closeReason": "AGENT"}}),
        ),
        conversation(
            "controllerbot_messaging_conversation_idle",
            "Messaging Conversation Idle",
            &general("CONSUMER_NON_RESPONSIVE", "OPEN"),
            json!({"idle": {"lastConsumerMsgTs": 1_717_999_000_000_u64,
                "consumserNonResponsive": {"time": 10, "timeUnits": "MINUTES"}}}),
        ),
        conversation(
            "controllerbot_messaging_conversation_routing",
            "Messaging Conversation Routing",
            &general("ENGAGEMENT_TRANSFERED", "OPEN"),
            json!({"routing": {"oldSkillId": "sales", "newSkillId": "billing"}}),
        ),
        conversation(
            "controllerbot_messaging_participants_change",
            "Messaging Participants Change",
            &general("YOU_ARE_CONNECTED_TO", "OPEN"),
            json!({"participantChange": {
                "oldParticipants": [{"id": "consumer-1", "role": "CONSUMER"}],
                "newParticipants": [{"id": "consumer-1", "role": "CONSUMER"},
                    {"id": "ada", "role": "ASSIGNED_AGENT"}]}}),
        ),
        conversation(
            "controllerbot_messaging_ttr",
            "Messaging TTR",
            &general("CONSUMER_ASKED_URGENT_RESPONSE_TIME", "OPEN"),
            json!({"ttr": {"oldTtr": {"ttrType": "NORMAL", "value": 3_600},
                "newTtr": {"ttrType": "URGENT", "value": 300}}}),
        ),
        conversation(
            "controllerbot_messaging_mid_conversation_msg",
            "Messaging Line in Off-Hours",
            &general("CONSUMER_SEND_MESSAGE_ON_OFFHOURS", "OPEN"),
            json!({"mid": {"openedInOffHours": false}}),
        ),
        conversation(
            "controllerbot_messaging_consumer_step_up",
            "Messaging Consumer Step Up",
            &general("CONSUMER_STEP_UP", "OPEN"),
            json!({}),
        ),
        survey(
            "surveybot_messaging_survey_started",
            "Messaging Survey Started",
        ),
        survey("surveybot_messaging_survey_ended", "Messaging Survey Ended"),
        Event {
            id: "conversational_command",
            name: "Conversational Command",
            functions_max: COMMANDS_MAX,
            has_skills: false,
            sample: json!({"conversationId": "conversation-1", "arguments": ["4711"]}),
        },
    ]
});

/// Returns the event of an id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Event> {
    EVENTS.iter().find(|event| event.id == id)
}

/// Says what was expected in place of an id that is no event's.
pub(super) fn expected(found: &str) -> String {
    if RESERVED.contains(&found) {
        return format!("expected an event that happens here; `{found}` is reserved");
    }
    let ids: Vec<&str> = EVENTS.iter().map(|event| event.id).collect();
    format!("expected one of {}, found `{found}`", ids.join(", "))
}

fn conversation(id: &'static str, name: &'static str, general: &Value, block: Value) -> Event {
    let mut sample = json!({ "general": general });
    if let (Value::Object(sample), Value::Object(block)) = (&mut sample, block) {
        sample.extend(block);
    }
    Event {
        id,
        name,
        functions_max: 1,
        has_skills: true,
        sample,
    }
}

fn general(kind: &str, state: &str) -> Value {
    json!({
        "type": "UPSERT", "cbotEventType": kind,
        "convId": "conversation-1", "dialogId": "conversation-1",
        "startTs": 1_717_998_000_000_u64, "effectiveTTR": 3_600,
        "oldConvState": "OPEN", "newConvState": state, "contexttype": "SharkContext",
        "clientLanguage": "en", "inOffHours": false,
        "originatorId": "ada", "originatorMetadata": {"id": "ada", "role": "ASSIGNED_AGENT"},
        "serverTimestamp": 1_718_000_000_000_u64, "lastMessageComposer": "CONSUMER",
        "lastMessageTs": 1_717_999_900_000_u64, "lastAgentMsgTs": 1_717_999_800_000_u64,
    })
}

fn survey(id: &'static str, name: &'static str) -> Event {
    Event {
        id,
        name,
        functions_max: 1,
        has_skills: true,
        sample: json!({
            "conversationId": "conversation-1", "accountId": "acc1", "surveyId": "survey-1",
            "surveyRevision": 1, "skillId": "sales", "closeReason": "AGENT",
            "state": "CLOSE", "firstConversation": false,
            "startTs": 1_717_998_000_000_u64, "ttr": {"ttrType": "NORMAL", "value": 3_600},
            "dialogs": [
                {"dialogId": "conversation-1", "dialogType": "MAIN", "state": "CLOSE"},
                {"dialogId": "dialog-2", "dialogType": "POST_SURVEY", "state": "OPEN"},
            ],
            "participants": [{"id": "consumer-1", "role": "CONSUMER"}],
        }),
    }
}
