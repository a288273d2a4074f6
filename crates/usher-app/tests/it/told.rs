//! Every event of the contract: told to a function, with its payload, by what really happens.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use usher_app::consumers;
use usher_app::context::{self, Namespace, Session};
use usher_app::conversations::{self, As, Asked, Close, ParticipantRole, Transfer};
use usher_app::functions::{self, Written};
use usher_model::id::{AgentId, ConversationId, DialogId};
use usher_model::role::Role;

use crate::consumers::{SECRET, signed, trust};
use crate::harness::{Floor, skill, skill_id};

const MINUTE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps what it is told, by its name, for each conversation.
const KEEPS: &str = r#"
const { Toolbelt } = require("lp-faas-toolbelt");
async function lambda({ payload }) {
  const conversation = payload.general?.convId ?? payload.conversationId;
  const name = payload.general?.cbotEventType ?? process.env.EVENT;
  const context = Toolbelt.ContextServiceClient({});
  await context.setPropertiesInNamespace("told", { [name]: payload }, conversation);
  return null;
}"#;

/// What is said of every event of a conversation, whatever is known of it.
const GENERAL: [&str; 25] = [
    "backToQueueTs",
    "campaignInfo",
    "cbotEventType",
    "clientFeatures",
    "clientIpAdress",
    "clientLanguage",
    "contexttype",
    "convId",
    "dialogId",
    "effectiveTTR",
    "inOffHours",
    "lastAgentMsgTs",
    "lastMessageComposer",
    "lastMessageTs",
    "manualETTR",
    "newConvState",
    "oldConvState",
    "originatorId",
    "originatorMetadata",
    "originatorPid",
    "serverTimestamp",
    "sessionId",
    "startTs",
    "type",
    "visitorId",
];

/// A floor whose functions keep what they are told of each event.
async fn floor() -> Floor {
    let floor = Floor::start().await;
    trust(&floor).await;
    let hours = json!({"zone": "UTC", "outside": {"behavior": "QUEUE"},
        "week": [{"day": "MONDAY", "fromMinute": 10 * 60, "toMinute": 12 * 60}]});
    let survey = json!({"question": "1 to 5?", "timeoutSeconds": 300});
    for id in ["sales", "vip"] {
        let mut skill = skill(id);
        skill.hours = Some(serde_json::from_value(hours.clone()).unwrap());
        skill.survey = Some(serde_json::from_value(survey.clone()).unwrap());
        floor.put(&skill).await;
    }
    floor
        .set(&json!({"idle": {"agentSeconds": 60, "consumerSeconds": 90, "queueSeconds": 30}}))
        .await;
    let admin = floor.caller(Role::Admin);
    let told = Namespace::parse("told").unwrap();
    context::put_namespace(&admin, &floor.app, &told, None)
        .await
        .unwrap();
    for event in functions::events(&admin).unwrap() {
        if !event.has_skills {
            continue;
        }
        let environment = BTreeMap::from([("EVENT".to_owned(), event.id.to_owned())]);
        let mut written = Written::new(event.id, KEEPS);
        written.event_id = Some(event.id.to_owned());
        written.environment = environment;
        let made = functions::create(&admin, &floor.app, written).await;
        let id = made.unwrap().record.id;
        functions::deploy(&admin, &floor.app, id, None)
            .await
            .unwrap();
    }
    floor
}

/// Waits until a function was told something of a conversation, and returns it.
async fn told(floor: &Floor, id: &ConversationId, name: &str) -> Value {
    let (admin, namespace) = (floor.caller(Role::Admin), Namespace::parse("told").unwrap());
    let session = Session::parse(id.as_str()).unwrap();
    let told = async {
        loop {
            let read = context::read(&admin, &floor.app, &namespace, &session).await;
            let mut told = read.unwrap().map(|read| read.payload()).unwrap_or_default();
            if let Some(payload) = told.remove(name) {
                return payload;
            }
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, told).await;
    waited.unwrap_or_else(|_late| panic!("nobody was told of {name}"))
}

/// Waits until a function was told of an event of a conversation, checks what is said of every one,
/// and returns what is said of this kind.
async fn happened(floor: &Floor, id: &ConversationId, name: &str) -> Value {
    let mut payload = told(floor, id, name).await;
    let general = payload.as_object_mut().unwrap().remove("general").unwrap();
    let mut fields: Vec<&str> = general
        .as_object()
        .unwrap()
        .keys()
        .map(|key| &**key)
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, GENERAL, "{name}");
    assert_eq!(general["convId"], id.as_str(), "{name}");
    assert_eq!(general["type"], "UPSERT");
    assert_eq!(general["contexttype"], "SharkContext");
    let is_start = name.starts_with("CONSUMER_OPEN_NEW");
    let is_end = name.ends_with("_END_CONVERSATION");
    let states = json!([
        if is_start { None } else { Some("OPEN") },
        if is_end { "CLOSE" } else { "OPEN" }
    ]);
    assert_eq!(
        json!([general["oldConvState"], general["newConvState"]]),
        states,
        "{name}"
    );
    let ours = payload.as_object_mut().unwrap().remove("ours").unwrap();
    assert_eq!(ours["accountId"], "acc1");
    assert_eq!(ours["endTs"].is_u64(), is_end, "{name}: {ours}");
    payload
}

fn participants(more: &[(&str, &str)]) -> Value {
    let all = [("carl", "CONSUMER")];
    let all = all.iter().chain(more);
    all.map(|(id, role)| json!({"id": id, "role": role}))
        .collect()
}

fn change(old: &[(&str, &str)], new: &[(&str, &str)]) -> Value {
    json!({"participantChange": {
        "oldParticipants": participants(old), "newParticipants": participants(new)}})
}

async fn close_main(floor: &Floor, agent: &AgentId, id: &ConversationId) {
    let main = DialogId::parse(id.as_str()).unwrap();
    let caller = floor.as_agent(agent);
    conversations::close_dialog(&caller, &floor.app, id, &main, Close::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_start_a_silence_and_how_soon_an_answer_is_due_are_told() {
    let floor = floor().await;
    let wrote_at = floor.app.now().milliseconds();
    let id = floor.open("carl").await;
    let start = happened(&floor, &id, "CONSUMER_OPEN_NEW_CONVERSATION_FIRST_TIME").await;
    assert_eq!(start, json!({"start": {"firstConversation": true}}));

    floor.pass(MINUTE / 2).await;
    let idle = happened(&floor, &id, "CONV_AWAITING_IN_QUEUE").await;
    let half = json!({"time": 30, "timeUnits": "SECONDS"});
    assert_eq!(
        idle,
        json!({"idle": {"lastConsumerMsgTs": wrote_at, "convNotTakenTime": half}})
    );

    let ada = floor.staff("ada", 3).await;
    floor.settle().await;
    floor.accept(&ada).await;
    let assigned = [("ada", "ASSIGNED_AGENT")];
    let connected = happened(&floor, &id, "YOU_ARE_CONNECTED_TO").await;
    assert_eq!(connected, change(&[], &assigned));

    floor.pass(MINUTE).await;
    let idle = happened(&floor, &id, "AGENT_NON_RESPONSIVE").await;
    let minute = json!({"time": 1, "timeUnits": "MINUTES"});
    assert_eq!(idle["idle"]["agentNonResponsive"], minute);
    floor
        .say(&floor.as_agent(&ada), &id, "Here.")
        .await
        .unwrap();
    floor.pass(MINUTE * 3 / 2).await;
    let idle = happened(&floor, &id, "CONSUMER_NON_RESPONSIVE").await;
    let long = json!({"time": 90, "timeUnits": "SECONDS"});
    assert_eq!(idle["idle"]["consumserNonResponsive"], long);

    let carl = floor.as_consumer("carl");
    let (normal, urgent) = (
        json!({"ttrType": "NORMAL", "value": 3_600}),
        json!({"ttrType": "URGENT", "value": 300}),
    );
    let set = async |caller, by: Option<As>, asked| {
        let set = conversations::set_response_time(&caller, &floor.app, &id, by.as_ref(), asked);
        set.await.unwrap();
    };
    set(carl.clone(), None, Asked::Urgent(true)).await;
    let ttr = happened(&floor, &id, "CONSUMER_ASKED_URGENT_RESPONSE_TIME").await;
    assert_eq!(ttr, json!({"ttr": {"oldTtr": normal, "newTtr": urgent}}));
    set(carl.clone(), None, Asked::Urgent(false)).await;
    let ttr = happened(&floor, &id, "CONSUMER_CANCELED_URGENT_RESPONSE_TIME").await;
    assert_eq!(ttr, json!({"ttr": {"oldTtr": urgent, "newTtr": normal}}));
    let promise = Asked::Promise(Some(floor.app.now().plus(60 * MINUTE)));
    set(floor.manager(), Some(As::Agent(ada.clone())), promise).await;
    happened(&floor, &id, "AGENT_UPDATED_RESPONSE_TIME").await;
}

#[tokio::test]
async fn who_comes_and_goes_and_where_a_conversation_goes_is_told() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("carl").await;
    floor.accept(&ada).await;
    let assigned = [("ada", "ASSIGNED_AGENT")];
    let eve = floor.staff("eve", 0).await;
    floor.clock.advance(Duration::from_millis(1));
    let joined = [("ada", "ASSIGNED_AGENT"), ("eve", "MANAGER")];
    let as_eve = Some(eve.clone());
    conversations::join(
        &floor.manager(),
        &floor.app,
        &id,
        as_eve.clone(),
        ParticipantRole::Manager,
    )
    .await
    .unwrap();
    let another = happened(&floor, &id, "ANOTHER_AGENT_JOINED_CONVERSATION").await;
    assert_eq!(another, change(&assigned, &joined));
    floor.clock.advance(Duration::from_millis(1));
    conversations::leave(&floor.manager(), &floor.app, &id, as_eve)
        .await
        .unwrap();
    let left = happened(&floor, &id, "JOINED_AGENT_LEFT_CONVERSATION").await;
    assert_eq!(left, change(&joined, &assigned));

    floor.clock.advance(Duration::from_millis(1));
    conversations::release(&floor.as_agent(&ada), &floor.app, &id)
        .await
        .unwrap();
    let back = happened(&floor, &id, "BACK_TO_QUEUE").await;
    assert_eq!(back, change(&assigned, &[]));
    let back = told(&floor, &id, "BACK_TO_QUEUE").await;
    assert_eq!(
        back["general"]["backToQueueTs"],
        back["general"]["serverTimestamp"]
    );

    let vip = Transfer {
        skill_id: Some(skill_id("vip")),
        ..Transfer::default()
    };
    conversations::transfer(&floor.manager(), &floor.app, &id, vip)
        .await
        .unwrap();
    let routed = happened(&floor, &id, "ENGAGEMENT_TRANSFERED").await;
    assert_eq!(
        routed,
        json!({"routing": {"oldSkillId": "sales", "newSkillId": "vip"}})
    );

    let token = signed(&floor, "carla", SECRET);
    consumers::identify(&floor.as_consumer("carl"), &floor.app, &id, &token)
        .await
        .unwrap();
    assert_eq!(happened(&floor, &id, "CONSUMER_STEP_UP").await, json!({}));
    let stepped = told(&floor, &id, "CONSUMER_STEP_UP").await;
    assert_eq!(stepped["ours"]["consumerId"], "carla");
    assert_eq!(stepped["ours"]["consumerAuthenticated"], true);

    floor.pass(120 * MINUTE).await;
    floor
        .say(&floor.as_consumer("carla"), &id, "Anybody there?")
        .await
        .unwrap();
    let line = happened(&floor, &id, "CONSUMER_SEND_MESSAGE_ON_OFFHOURS").await;
    assert_eq!(line, json!({"mid": {"openedInOffHours": false}}));
}

#[tokio::test]
async fn the_ends_of_conversations_and_their_surveys_are_told() {
    let floor = floor().await;
    let ada = floor.staff("ada", 9).await;
    let survey = async |id: &ConversationId, name: &str, state: &str| {
        let survey = told(&floor, id, name).await;
        assert_eq!(survey["conversationId"], id.as_str());
        assert_eq!(survey["accountId"], "acc1");
        assert_eq!(survey["skillId"], "sales");
        assert_eq!(survey["closeReason"], "AGENT");
        assert_eq!(survey["ttr"], json!({"ttrType": "NORMAL", "value": 3_600}));
        let dialogs = survey["dialogs"].as_array().unwrap();
        let kinds: Vec<_> = dialogs.iter().map(|one| &one["dialogType"]).collect();
        assert_eq!(kinds, ["MAIN", "POST_SURVEY"]);
        assert_eq!(dialogs[1]["dialogId"], survey["surveyId"]);
        assert_eq!(dialogs[1]["channelType"], "MESSAGING");
        assert_eq!(dialogs[1]["state"], state, "{name}");
        for field in [
            "effectiveTTR",
            "firstConversation",
            "participants",
            "context",
            "startTs",
            "lastContentEventNotification",
            "lastQuestionId",
            "surveyRevision",
            "campaignInfo",
        ] {
            assert!(survey.get(field).is_some(), "{field}: {survey}");
        }
        survey
    };
    let started = "surveybot_messaging_survey_started";
    let ended = "surveybot_messaging_survey_ended";

    let answered = floor.open("carl").await;
    floor.accept(&ada).await;
    close_main(&floor, &ada, &answered).await;
    survey(&answered, started, "OPEN").await;
    let carl = floor.as_consumer("carl");
    conversations::answer_survey(&carl, &floor.app, &answered, 5)
        .await
        .unwrap();
    assert_eq!(survey(&answered, ended, "CLOSE").await["csat"], 5);

    let silent = floor.open("dora").await;
    floor.accept(&ada).await;
    close_main(&floor, &ada, &silent).await;
    floor.pass(5 * MINUTE).await;
    survey(&silent, ended, "CLOSE").await;
    let end = happened(&floor, &silent, "SYSTEM_END_CONVERSATION").await;
    assert_eq!(end, json!({"end": {"closeReason": "SYSTEM"}}));

    for (caller, name, reason) in [
        (floor.as_agent(&ada), "AGENT_END_CONVERSATION", "AGENT"),
        (
            floor.as_consumer("emil"),
            "CONSUMER_END_CONVERSATION",
            "CONSUMER",
        ),
    ] {
        let id = floor.open("emil").await;
        floor.accept(&ada).await;
        conversations::close(&caller, &floor.app, &id, Close::default())
            .await
            .unwrap();
        let end = happened(&floor, &id, name).await;
        assert_eq!(end, json!({"end": {"closeReason": reason}}));
    }
}

#[tokio::test]
async fn a_start_is_told_by_whether_it_is_the_first_and_when_it_is() {
    let floor = floor().await;
    for (name, is_first) in [
        ("CONSUMER_OPEN_NEW_CONVERSATION_FIRST_TIME", true),
        ("CONSUMER_OPEN_NEW_CONVERSATION", false),
        ("CONSUMER_OPEN_NEW_CONVERSATION_FIRST_TIME_OFF_HOURS", true),
        ("CONSUMER_OPEN_NEW_CONVERSATION_OFF_HOURS", false),
    ] {
        let consumer = if name.ends_with("OFF_HOURS") {
            "late"
        } else {
            "early"
        };
        if name.ends_with("FIRST_TIME_OFF_HOURS") {
            floor.pass(121 * MINUTE).await;
        }
        let id = floor.open(consumer).await;
        let start = happened(&floor, &id, name).await;
        assert_eq!(start, json!({"start": {"firstConversation": is_first}}));
        let told = told(&floor, &id, name).await;
        assert_eq!(told["general"]["inOffHours"], name.ends_with("OFF_HOURS"));
    }
}
