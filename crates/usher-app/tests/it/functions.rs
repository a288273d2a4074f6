//! Functions that are told what happens in conversations, and what they have done.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use usher_app::conversations::{self, As, Asked, New};
use usher_app::feed::{Event, SenderRole};
use usher_app::functions::{self, Written};
use usher_app::{secrets, webhooks};
use usher_model::id::ConversationId;
use usher_model::role::Role;
use usher_model::time::Timestamp;
use usher_store::record::outbox::{Delivery, Webhook};
use usher_store::record::{self, Kept, Record as _, Secret};
use usher_store::store::{Key, Query};

use crate::harness::{Floor, account, name, skill, skill_id};

const MINUTE: Duration = Duration::from_secs(60);

/// Says in the conversation what it was told.
const TELLS: &str = r#"
async function lambda(input) {
  const { general, ours, ...blocks } = input.payload;
  const { cbotEventType: name, inOffHours, effectiveTTR, manualETTR } = general;
  const told = { name, inOffHours, effectiveTTR, manualETTR, ...blocks };
  return { type: "systemMessage", text: JSON.stringify(told) };
}"#;

/// Deploys a function for an event.
async fn deploy(floor: &Floor, event: &str, source: &str) {
    let admin = floor.caller(Role::Admin);
    let written = Written {
        event_id: Some(event.to_owned()),
        ..Written::new(event, source)
    };
    let made = functions::create(&admin, &floor.app, written).await;
    let id = made.unwrap().record.id;
    functions::deploy(&admin, &floor.app, id, None)
        .await
        .unwrap();
}

/// What Usher said in a conversation.
async fn said(floor: &Floor, id: &ConversationId) -> Vec<String> {
    let timeline = floor.timeline(id).await;
    let said = timeline
        .iter()
        .filter_map(|happened| match &happened.event {
            Event::MessageSent(message) if message.sender_role == SenderRole::System => {
                Some(message.text.clone())
            }
            _ => None,
        });
    said.collect()
}

/// Waits until Usher has said so much in a conversation, and returns the last of it.
async fn told(floor: &Floor, id: &ConversationId, count: usize) -> Value {
    let told = async {
        loop {
            let said = said(floor, id).await;
            assert!(said.len() <= count, "{said:?}");
            if said.len() == count {
                return serde_json::from_str(&said[count - 1]).unwrap_or(json!(said[count - 1]));
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told)
        .await
        .unwrap()
}

/// Waits until functions were told of the last event of a kind in a conversation.
async fn delivered(floor: &Floor, id: &ConversationId, kind: &str) {
    let timeline = floor.timeline(id).await;
    let last = timeline.iter().rfind(|happened| name(happened) == kind);
    let last = last.unwrap().sequence;
    let delivered = async {
        while delivery(floor).await.cursor < last {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), delivered)
        .await
        .unwrap();
}

async fn delivery(floor: &Floor) -> Delivery {
    let key = Key::new(&account(), ["functions"]);
    let now = Timestamp::EPOCH;
    let row = floor.store.get(Delivery::COLLECTION, &key, now).await;
    let kept: Kept<Delivery> = record::read(&row.unwrap().unwrap()).unwrap();
    kept.record
}

#[tokio::test]
async fn a_silence_is_told_once_to_whom_it_concerns() {
    let floor = Floor::start().await;
    floor
        .set(&json!({"idle": {"agentSeconds": 60, "consumerSeconds": 90, "queueSeconds": 30}}))
        .await;
    deploy(&floor, "controllerbot_messaging_conversation_idle", TELLS).await;
    let wrote_at = floor.app.now().milliseconds();
    let id = floor.open("carl").await;
    floor.pass(Duration::from_secs(29)).await;
    assert!(!floor.story(&id).await.contains(&"IDLE".to_owned()));
    floor.pass(Duration::from_secs(1)).await;
    let queue = told(&floor, &id, 1).await;
    assert_eq!(queue["name"], "CONV_AWAITING_IN_QUEUE");
    let waits = json!({"lastConsumerMsgTs": wrote_at,
        "convNotTakenTime": {"time": 30, "timeUnits": "SECONDS"}});
    assert_eq!(queue["idle"], waits);
    floor.pass(MINUTE).await;

    let ada = floor.staff("ada", 3).await;
    floor.settle().await;
    floor.accept(&ada).await;
    floor.pass(MINUTE).await;
    let agent = told(&floor, &id, 2).await;
    assert_eq!(agent["name"], "AGENT_NON_RESPONSIVE");
    let minute = json!({"time": 1, "timeUnits": "MINUTES"});
    assert_eq!(agent["idle"]["agentNonResponsive"], minute);

    floor
        .say(&floor.as_agent(&ada), &id, "Here I am.")
        .await
        .unwrap();
    floor.pass(Duration::from_secs(90)).await;
    let consumer = told(&floor, &id, 3).await;
    assert_eq!(consumer["name"], "CONSUMER_NON_RESPONSIVE");
    assert_eq!(consumer["effectiveTTR"], -1);
    let seconds = json!({"time": 90, "timeUnits": "SECONDS"});
    assert_eq!(consumer["idle"]["consumserNonResponsive"], seconds);
    floor.pass(10 * MINUTE).await;
    let story = floor.story(&id).await;
    assert_eq!(story.iter().filter(|name| *name == "IDLE").count(), 3);
}

#[tokio::test]
async fn a_silence_is_told_once_although_the_node_starts_anew() {
    let mut floor = Floor::start().await;
    floor.set(&json!({"idle": {"queueSeconds": 30}})).await;
    let id = floor.open("carl").await;
    floor.pass(MINUTE).await;
    floor.restart().await;
    floor.get(&id).await;
    floor.pass(MINUTE).await;
    let story = floor.story(&id).await;
    assert_eq!(story.iter().filter(|name| *name == "IDLE").count(), 1);
}

/// Opens `sales` at the hour at which the tests begin.
async fn open_for_an_hour(floor: &Floor) {
    let mut sales = skill("sales");
    let hours = json!({"zone": "UTC",
        "week": [{"day": "MONDAY", "fromMinute": 10 * 60, "toMinute": 11 * 60}]});
    sales.hours = Some(serde_json::from_value(hours).unwrap());
    floor.put(&sales).await;
}

#[tokio::test]
async fn a_line_outside_of_business_hours_is_told_if_the_conversation_began_within_them() {
    let floor = Floor::start().await;
    open_for_an_hour(&floor).await;
    deploy(
        &floor,
        "controllerbot_messaging_mid_conversation_msg",
        TELLS,
    )
    .await;
    let id = floor.open("carl").await;
    let carl = floor.as_consumer("carl");
    floor.say(&carl, &id, "In time.").await.unwrap();
    floor.pass(61 * MINUTE).await;
    floor.say(&carl, &id, "Too late.").await.unwrap();
    let line = told(&floor, &id, 1).await;
    assert_eq!(line["name"], "CONSUMER_SEND_MESSAGE_ON_OFFHOURS");
    assert_eq!(line["inOffHours"], true);
    assert_eq!(line["mid"], json!({"openedInOffHours": false}));
    let other = floor.open("dora").await;
    let dora = floor.as_consumer("dora");
    floor.say(&dora, &other, "Nobody there?").await.unwrap();
    delivered(&floor, &other, "MESSAGE_SENT").await;
    assert_eq!(said(&floor, &other).await, [""; 0]);
}

#[tokio::test]
async fn a_conversation_that_begins_outside_of_business_hours_has_a_name_of_its_own() {
    let floor = Floor::start().await;
    open_for_an_hour(&floor).await;
    deploy(&floor, "controllerbot_messaging_new_conversation", TELLS).await;
    let mut names = Vec::new();
    for _ in 0..2 {
        for _ in 0..2 {
            let id = floor.open("carl").await;
            names.push(told(&floor, &id, 1).await["name"].clone());
        }
        floor.pass(61 * MINUTE).await;
    }
    let expected = json!([
        "CONSUMER_OPEN_NEW_CONVERSATION_FIRST_TIME",
        "CONSUMER_OPEN_NEW_CONVERSATION",
        "CONSUMER_OPEN_NEW_CONVERSATION_OFF_HOURS",
        "CONSUMER_OPEN_NEW_CONVERSATION_OFF_HOURS"
    ]);
    assert_eq!(json!(names), expected);
}

#[tokio::test]
async fn it_is_told_how_soon_an_answer_is_due() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    deploy(&floor, "controllerbot_messaging_ttr", TELLS).await;
    let begin = floor.app.now();
    let id = floor.open("carl").await;
    floor.accept(&ada).await;
    let carl = floor.as_consumer("carl");
    let set = async |caller, by: Option<As>, asked| {
        let set = conversations::set_response_time(&caller, &floor.app, &id, by.as_ref(), asked);
        set.await.unwrap()
    };
    let (normal, urgent) = (
        json!({"ttrType": "NORMAL", "value": 3_600}),
        json!({"ttrType": "URGENT", "value": 300}),
    );
    let after = |time: Duration| json!(begin.plus(time).milliseconds());

    set(carl.clone(), None, Asked::Urgent(true)).await;
    let asked = told(&floor, &id, 1).await;
    assert_eq!(asked["name"], "CONSUMER_ASKED_URGENT_RESPONSE_TIME");
    assert_eq!(asked["ttr"], json!({"oldTtr": normal, "newTtr": urgent}));
    assert_eq!(asked["effectiveTTR"], after(5 * MINUTE));
    // What is so already is not told again.
    set(carl.clone(), None, Asked::Urgent(true)).await;
    set(carl, None, Asked::Urgent(false)).await;
    let cancelled = told(&floor, &id, 2).await;
    assert_eq!(cancelled["name"], "CONSUMER_CANCELED_URGENT_RESPONSE_TIME");
    assert_eq!(
        cancelled["ttr"],
        json!({"oldTtr": urgent, "newTtr": normal})
    );

    let tomorrow = begin.plus(24 * 60 * MINUTE);
    let as_ada = Some(As::Agent(ada.clone()));
    let view = set(floor.manager(), as_ada, Asked::Promise(Some(tomorrow))).await;
    assert_eq!(view.response_due_at, Some(tomorrow));
    let promised = told(&floor, &id, 3).await;
    assert_eq!(promised["name"], "AGENT_UPDATED_RESPONSE_TIME");
    assert_eq!(promised["manualETTR"], json!(tomorrow.milliseconds()));
    assert_eq!(promised["effectiveTTR"], json!(tomorrow.milliseconds()));
    // An answer keeps the promise.
    floor
        .say(&floor.as_agent(&ada), &id, "Here it is.")
        .await
        .unwrap();
    let view = floor.get(&id).await;
    assert_eq!(view.response_due_at, None);
    assert_eq!(view.response_time.promised_at, None);
}

#[tokio::test]
async fn an_automatic_message_is_said_unless_a_function_says_something_else() {
    let answers = |answer: &str| format!("async function lambda(input) {{ return {answer}; }}");
    for (function, expected) in [
        (None, &["All agents are busy."][..]),
        (Some("null"), &["All agents are busy."]),
        (Some(r#"{ type: "systemMessage", text: [] }"#), &[]),
        (
            Some(r#"{ type: "systemMessage", text: "Soon." }"#),
            &["Soon."],
        ),
    ] {
        let floor = Floor::start().await;
        let admin = floor.caller(Role::Admin);
        let (mut settings, _) = usher_app::settings::get(&admin, &floor.app).await.unwrap();
        settings.idle.queue_seconds = Some(30);
        let message = "All agents are busy.".to_owned();
        settings
            .automatic_messages
            .insert("CONV_AWAITING_IN_QUEUE".to_owned(), message);
        usher_app::settings::put(&admin, &floor.app, settings, None)
            .await
            .unwrap();
        if let Some(answer) = function {
            let event = "controllerbot_messaging_conversation_idle";
            deploy(&floor, event, &answers(answer)).await;
        }
        let id = floor.open("carl").await;
        floor.pass(Duration::from_secs(30)).await;
        delivered(&floor, &id, "IDLE").await;
        assert_eq!(said(&floor, &id).await, expected, "{function:?}");
    }
}

#[tokio::test]
async fn an_automatic_message_for_what_does_not_happen_is_refused() {
    let floor = Floor::start().await;
    let admin = floor.caller(Role::Admin);
    let (mut settings, _) = usher_app::settings::get(&admin, &floor.app).await.unwrap();
    let messages = &mut settings.automatic_messages;
    messages.insert("NOTHING".to_owned(), "Hello".to_owned());
    messages.insert("CONSUMER_STEP_UP".to_owned(), " ".to_owned());
    let refused = usher_app::settings::put(&admin, &floor.app, settings, None).await;
    let mistakes = refused.unwrap_err().mistakes;
    let pointers: Vec<&str> = mistakes.iter().map(|one| one.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "#/automaticMessages/CONSUMER_STEP_UP",
            "#/automaticMessages/NOTHING"
        ]
    );
}

#[tokio::test]
async fn what_a_function_wants_is_done_once_however_often_it_is_told() {
    let mut floor = Floor::start().await;
    floor.put(&skill("vip")).await;
    let source = r#"async function lambda(input) {
      return [
        { type: "systemMessage", text: "One moment." },
        { type: "transfer", skillId: "vip" },
      ];
    }"#;
    deploy(&floor, "controllerbot_messaging_new_conversation", source).await;
    let new = New {
        skill_id: Some(skill_id("sales")),
        ..New::default()
    };
    let carl = floor.as_consumer("carl");
    let opened = conversations::open(&carl, &floor.app, new).await.unwrap();
    let id = opened.conversation.id;
    told(&floor, &id, 1).await;
    delivered(&floor, &id, "CONVERSATION_STARTED").await;
    let back = conversations::Transfer {
        skill_id: Some(skill_id("sales")),
        ..conversations::Transfer::default()
    };
    conversations::transfer(&floor.manager(), &floor.app, &id, back)
        .await
        .unwrap();
    // As if the node had died before it noted that it was done.
    floor.app.tasks().stop().await;
    floor.put(&Delivery::after("functions".to_owned(), 0)).await;
    floor.restart().await;
    delivered(&floor, &id, "CONVERSATION_STARTED").await;
    assert_eq!(said(&floor, &id).await, ["One moment."]);
    let story = floor.story(&id).await;
    let transfers = story.iter().filter(|name| *name == "TRANSFERRED").count();
    assert_eq!(transfers, 2, "{story:?}");
    let skill = floor.get(&id).await.conversation.latest_skill_id;
    assert_eq!(skill, Some(skill_id("sales")), "where it was put back");
}

/// With which keys the account's secrets are encrypted.
async fn keys(floor: &Floor) -> BTreeSet<String> {
    let now = Timestamp::EPOCH;
    let mut keys = BTreeSet::new();
    for row in floor
        .store
        .find_all(&Query::all(&account(), Secret::COLLECTION), now)
        .await
        .unwrap()
    {
        let secret: Kept<Secret> = record::read(&row).unwrap();
        keys.insert(secret.record.key_id);
    }
    for row in floor
        .store
        .find_all(&Query::all(&account(), Webhook::COLLECTION), now)
        .await
        .unwrap()
    {
        let webhook: Kept<Webhook> = record::read(&row).unwrap();
        let previous = webhook.record.previous_secret.unwrap();
        keys.extend([webhook.record.secret.key_id, previous.secret.key_id]);
    }
    keys
}

#[tokio::test]
async fn a_key_that_was_rotated_out_is_needed_no_more() {
    let mut floor = Floor::start().await;
    let admin = floor.caller(Role::Admin);
    for (name, value) in [("TOKEN", "hunter2"), ("OTHER", "x")] {
        secrets::put(&admin, &floor.app, name, &json!(value))
            .await
            .unwrap();
    }
    let hook = webhooks::Written {
        url: "http://127.0.0.1:9/".to_owned(),
        events: vec!["agent.silent".to_owned()],
        description: String::new(),
        is_enabled: true,
    };
    let (hook, _) = webhooks::create(&admin, &floor.app, hook).await.unwrap();
    webhooks::rotate(&admin, &floor.app, hook.record.id)
        .await
        .unwrap();
    let before = keys(&floor).await;
    assert_eq!(before.len(), 1);
    floor.restart_with_keys(&[8, 7]).await;
    let renewed = async {
        while keys(&floor).await.iter().any(|key| before.contains(key)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), renewed)
        .await
        .unwrap();
    assert_eq!(keys(&floor).await.len(), 1);
    floor.restart_with_keys(&[8]).await;
    let source = r#"async function lambda() {
      const { Toolbelt } = require("lp-faas-toolbelt");
      const secret = await Toolbelt.SecretClient().readSecret("TOKEN");
      return (secret.value ?? secret).length;
    }"#;
    let made = functions::create(&admin, &floor.app, Written::new("Reads", source)).await;
    let run = functions::test(&admin, &floor.app, made.unwrap().record.id, None).await;
    assert_eq!(run.unwrap().result.unwrap(), 7);
}
