//! The hosted bot carries out policies: the acceptance table of its contract.

use serde_json::{Value, json};
use usher_app::context::{self, Namespace, Session, Ttl};
use usher_app::conversations::{self, New, State, View};
use usher_app::feed::Event;
use usher_app::policies;
use usher_model::id::{ConversationId, PolicyId};
use usher_model::role::Role;
use usher_routing::seat::Status;

use crate::harness::{Floor, agent, skill, skill_id, user};

/// A floor with the skills `billing` and `vip`, and the bot on `desk` and on `maven:Billing`.
async fn floor(bot: Value) -> Floor {
    let floor = Floor::start().await;
    for (id, name) in [
        ("billing", "Billing"),
        ("vip", "VIP"),
        ("desk", "Concierge"),
        ("maven", "maven:Billing"),
        ("ghost", "maven:Ghost"),
    ] {
        let mut skill = skill(id);
        name.clone_into(&mut skill.name);
        floor.put(&skill).await;
    }
    let mut hosted = json!({"isEnabled": true});
    for (name, value) in bot.as_object().unwrap() {
        hosted[name] = value.clone();
    }
    let skills = ["desk", "maven", "ghost"].map(|id| json!({"skillId": id}));
    let bot = json!({"kind": "BOT", "role": "bot", "skills": skills, "hostedBot": hosted});
    floor.put(&user("concierge", &bot)).await;
    floor
}

async fn policy(floor: &Floor, actions: Value) {
    let policy = json!({
        "name": "the policy",
        "conditions": [{"property": "orchestrator.channel", "type": "EQUAL", "value": "WHATSAPP"}],
        "actions": actions,
    });
    let manager = floor.manager();
    let made = policies::create(&manager, &floor.app, &policy)
        .await
        .unwrap();
    let id = PolicyId::parse(made.document["id"].as_str().unwrap()).unwrap();
    policies::set_enabled(&manager, &floor.app, &id, true, None)
        .await
        .unwrap();
}

async fn open(floor: &Floor, skill: &str) -> ConversationId {
    let new = New {
        skill_id: Some(skill_id(skill)),
        channel: Some("WHATSAPP".to_owned()),
        message: Some("My bill is wrong.".to_owned()),
        ..New::default()
    };
    let opened = conversations::open(&floor.as_consumer("c1"), &floor.app, new).await;
    floor.settle().await;
    opened.unwrap().conversation.id
}

fn skill_of(view: &View) -> &str {
    let ticket = view.conversation.ticket.as_ref().unwrap();
    ticket.skill_id.as_ref().unwrap().as_str()
}

async fn alerts(floor: &Floor, id: &ConversationId) -> Vec<String> {
    let timeline = floor.timeline(id).await;
    let code = |event: &Event| match event {
        Event::Alerted { code, .. } => Some(code.clone()),
        _ => None,
    };
    timeline
        .iter()
        .filter_map(|happened| code(&happened.event))
        .collect()
}

fn message_only() -> Value {
    json!([{"type": "SEND_MESSAGE", "payload": {"message": "We are closed."}}])
}

/// What was said in a conversation, in order.
async fn said(floor: &Floor, id: &ConversationId) -> Vec<String> {
    let timeline = floor.timeline(id).await;
    let text = |event: &Event| match event {
        Event::MessageSent(message) => Some(message.text.clone()),
        _ => None,
    };
    timeline
        .iter()
        .filter_map(|happened| text(&happened.event))
        .collect()
}

#[tokio::test]
async fn row_1_without_a_match_the_conversation_goes_to_the_original_skill() {
    let floor = floor(json!({})).await;
    let id = open(&floor, "maven").await;
    let view = floor.get(&id).await;
    assert_eq!((view.state, skill_of(&view)), (State::Queued, "billing"));
    let story = floor.story(&id).await;
    assert!(story.contains(&"DECIDED".to_owned()), "{story:?}");
    assert!(story.contains(&"TRANSFERRED".to_owned()), "{story:?}");
}

#[tokio::test]
async fn row_2_and_12_a_policy_outranks_the_original_skill() {
    let floor = floor(json!({})).await;
    let actions = json!([
        {"type": "SEND_MESSAGE", "payload": {"message": "One moment."}},
        {"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "vip"}},
    ]);
    policy(&floor, actions).await;
    let id = open(&floor, "maven").await;
    assert_eq!(skill_of(&floor.get(&id).await), "vip");
    // What is said comes before the transfer, once.
    let story = floor.story(&id).await;
    let messages = story.iter().filter(|name| *name == "MESSAGE_SENT").count();
    let place = |wanted: &str| story.iter().rposition(|name| name == wanted).unwrap();
    assert_eq!(messages, 2, "{story:?}");
    assert!(place("MESSAGE_SENT") < place("TRANSFERRED"), "{story:?}");
}

#[tokio::test]
async fn row_3_a_plain_skill_has_the_configured_fallback() {
    let of_bot = floor(json!({"fallbackSkillId": "vip", "fallbackMessage": "Please wait."})).await;
    let id = open(&of_bot, "desk").await;
    assert_eq!(skill_of(&of_bot.get(&id).await), "vip");
    let story = of_bot.story(&id).await;
    assert_eq!(
        story.iter().filter(|name| *name == "MESSAGE_SENT").count(),
        2
    );

    let of_account = floor(json!({})).await;
    of_account
        .set(&json!({"defaultFallbackSkillId": "billing"}))
        .await;
    let id = open(&of_account, "desk").await;
    assert_eq!(skill_of(&of_account.get(&id).await), "billing");
}

#[tokio::test]
async fn row_4_an_original_skill_that_does_not_exist_is_told_and_passed_over() {
    let floor = floor(json!({"fallbackSkillId": "vip"})).await;
    let id = open(&floor, "ghost").await;
    assert_eq!(skill_of(&floor.get(&id).await), "vip");
    assert_eq!(alerts(&floor, &id).await, ["UNKNOWN_ORIGINAL_SKILL"]);
}

#[tokio::test]
async fn row_5_what_a_policy_says_comes_before_where_it_sends() {
    let floor = floor(json!({})).await;
    let actions = json!([
        {"type": "SEND_MESSAGE", "payload": {"message": "One moment."}},
        {"type": "SEND_MESSAGE", "payload": {"message": "Almost there."}},
        {"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "vip"}},
    ]);
    policy(&floor, actions).await;
    let id = open(&floor, "desk").await;
    assert_eq!(skill_of(&floor.get(&id).await), "vip");
    let told = ["My bill is wrong.", "One moment.", "Almost there."];
    assert_eq!(said(&floor, &id).await, told);
}

#[tokio::test]
async fn row_6_a_message_alone_is_said_and_the_fallback_skill_gets_the_conversation() {
    let floor = floor(json!({"fallbackSkillId": "vip"})).await;
    policy(&floor, message_only()).await;
    let id = open(&floor, "desk").await;
    assert_eq!(skill_of(&floor.get(&id).await), "vip");
    assert_eq!(
        said(&floor, &id).await,
        ["My bill is wrong.", "We are closed."]
    );
}

#[tokio::test]
async fn row_7_a_message_alone_without_a_fallback_is_said_once_and_the_bot_keeps_the_conversation()
{
    let floor = floor(json!({})).await;
    policy(&floor, message_only()).await;
    let id = open(&floor, "desk").await;
    floor.pass(std::time::Duration::from_secs(60)).await;
    let view = floor.get(&id).await;
    assert_eq!(
        (view.state, view.agent_id),
        (State::Bot, Some(agent("concierge")))
    );
    assert_eq!(
        said(&floor, &id).await,
        ["My bill is wrong.", "We are closed."]
    );
}

#[tokio::test]
async fn row_8_policies_that_cannot_be_run_leave_the_fallback() {
    let floor = floor(json!({"fallbackSkillId": "vip", "fallbackMessage": "Please wait."})).await;
    // A guard over what is not there is false, and a template over it has nothing to send to.
    let action = json!([{"type": "TRANSFER_TO_SKILL",
        "payload": {"skillId": "{{orchestrator.nowhere}}"}}]);
    policy(&floor, action).await;
    let id = open(&floor, "desk").await;
    assert_eq!(skill_of(&floor.get(&id).await), "vip");
    assert_eq!(
        said(&floor, &id).await,
        ["My bill is wrong.", "Please wait."]
    );
}

#[tokio::test]
async fn a_bot_that_is_switched_off_takes_nothing_until_it_is_on_again() {
    let floor = floor(json!({"isEnabled": false})).await;
    let id = open(&floor, "maven").await;
    let view = floor.get(&id).await;
    assert_eq!((view.state, skill_of(&view)), (State::Queued, "maven"));
    let hosted = json!({"isEnabled": true});
    let skills = ["desk", "maven", "ghost"].map(|id| json!({"skillId": id}));
    let bot = json!({"kind": "BOT", "role": "bot", "skills": skills, "hostedBot": hosted});
    floor.put(&user("concierge", &bot)).await;
    floor.settle().await;
    assert_eq!(skill_of(&floor.get(&id).await), "billing");
}

#[tokio::test]
async fn a_policy_that_is_paused_is_as_if_it_were_not_there() {
    let floor = floor(json!({})).await;
    let action = json!([{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "vip"}}]);
    policy(&floor, action).await;
    let manager = floor.manager();
    let listed = policies::list(&manager, &floor.app, None, None)
        .await
        .unwrap();
    let id = PolicyId::parse(listed[0].document["id"].as_str().unwrap()).unwrap();
    policies::set_enabled(&manager, &floor.app, &id, false, None)
        .await
        .unwrap();
    let conversation = open(&floor, "maven").await;
    assert_eq!(skill_of(&floor.get(&conversation).await), "billing");
}

#[tokio::test]
async fn row_9_an_agent_who_is_away_leaves_the_skill_of_the_action() {
    let floor = floor(json!({})).await;
    let ada = floor.hire("ada", 3).await;
    floor.set_status(&ada, Status::Offline).await;
    let action = json!([{"type": "TRANSFER_TO_AGENT",
        "payload": {"userId": format!("{}.ada", crate::harness::ACCOUNT), "skillId": "vip"}}]);
    policy(&floor, action).await;
    let id = open(&floor, "maven").await;
    assert_eq!(skill_of(&floor.get(&id).await), "vip");
}

#[tokio::test]
async fn row_10_an_agent_who_is_away_leaves_the_fallback_if_the_action_has_no_skill() {
    let floor = floor(json!({"fallbackSkillId": "vip"})).await;
    let ada = floor.hire("ada", 3).await;
    floor.set_status(&ada, Status::Offline).await;
    let action = json!([{"type": "TRANSFER_TO_AGENT", "payload": {"userId": "ada"}}]);
    policy(&floor, action).await;
    let id = open(&floor, "desk").await;
    let view = floor.get(&id).await;
    assert_eq!((view.state, skill_of(&view)), (State::Queued, "vip"));
    assert!(floor.offers(&ada).await.is_empty());
}

#[tokio::test]
async fn row_11_a_policy_that_targets_the_bots_own_skill_is_refused() {
    let floor = floor(json!({})).await;
    let action = json!([{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "desk"}}]);
    policy(&floor, action).await;
    let id = open(&floor, "maven").await;
    assert_eq!(skill_of(&floor.get(&id).await), "billing");
    let timeline = floor.timeline(&id).await;
    let refused = timeline.iter().find_map(|happened| match &happened.event {
        Event::Decided { actions, .. } => Some(actions[0].outcome.clone()),
        _ => None,
    });
    assert_eq!(refused.as_deref(), Some("REJECTED"));
}

#[tokio::test]
async fn row_12_only_the_channel_that_a_policy_names_is_routed_by_it() {
    let floor = floor(json!({})).await;
    let action = json!([{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "vip"}}]);
    policy(&floor, action).await;
    for (channel, skill) in [("WHATSAPP", "vip"), ("SMS", "billing")] {
        let new = New {
            skill_id: Some(skill_id("maven")),
            channel: Some(channel.to_owned()),
            ..New::default()
        };
        let opened = conversations::open(&floor.as_consumer(channel), &floor.app, new).await;
        floor.settle().await;
        let id = opened.unwrap().conversation.id;
        assert_eq!(skill_of(&floor.get(&id).await), skill, "{channel}");
    }
}

#[tokio::test]
async fn row_13_the_intent_that_a_dialog_starter_has_stored_picks_the_policy() {
    let floor = floor(json!({"waitsForFirstMessage": true})).await;
    let manager = floor.manager();
    let by_intent = json!({
        "name": "refunds",
        "conditions": [{"property": "orchestrator.intent", "type": "EQUAL", "value": "refund"}],
        "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "vip"}}],
    });
    let made = policies::create(&manager, &floor.app, &by_intent)
        .await
        .unwrap();
    let made = PolicyId::parse(made.document["id"].as_str().unwrap()).unwrap();
    policies::set_enabled(&manager, &floor.app, &made, true, None)
        .await
        .unwrap();
    for (intent, skill) in [("refund", "vip"), ("greeting", "billing")] {
        let new = New {
            skill_id: Some(skill_id("maven")),
            ..New::default()
        };
        let consumer = floor.as_consumer(intent);
        let opened = conversations::open(&consumer, &floor.app, new).await;
        let id = opened.unwrap().conversation.id;
        floor.settle().await;
        let namespace = Namespace::parse("orchestrator").unwrap();
        let session = Session::parse(id.as_str()).unwrap();
        let Value::Object(properties) = json!({"intent": intent, "intentId": intent}) else {
            panic!("expected an object");
        };
        let bot = floor.caller(Role::Bot);
        let ttl = Ttl::OfSession;
        context::write(
            &bot, &floor.app, &namespace, &session, properties, ttl, None,
        )
        .await
        .unwrap();
        floor
            .say(&consumer, &id, "My money, please.")
            .await
            .unwrap();
        floor.settle().await;
        assert_eq!(skill_of(&floor.get(&id).await), skill, "{intent}");
    }
}

#[tokio::test]
async fn what_has_nowhere_to_go_stays_and_is_tried_again() {
    let floor = floor(json!({})).await;
    let id = open(&floor, "desk").await;
    let view = floor.get(&id).await;
    assert_eq!(view.agent_id, Some(agent("concierge")));
    assert_eq!(alerts(&floor, &id).await.len(), 1);
    for _ in 0..4 {
        floor.pass(std::time::Duration::from_secs(60)).await;
    }
    // It is told three times at most.
    assert_eq!(alerts(&floor, &id).await.len(), 3);
    floor.set(&json!({"defaultFallbackSkillId": "vip"})).await;
    let manager = floor.caller(usher_model::role::Role::Admin);
    usher_app::groups::create(&manager, &floor.app, None, "reload".to_owned())
        .await
        .unwrap();
    floor.pass(std::time::Duration::from_secs(60)).await;
    assert_eq!(skill_of(&floor.get(&id).await), "vip");
}

#[tokio::test]
async fn a_bot_that_waits_decides_once_the_consumer_has_written() {
    let floor = floor(json!({"waitsForFirstMessage": true})).await;
    let new = New {
        skill_id: Some(skill_id("maven")),
        ..New::default()
    };
    let opened = conversations::open(&floor.as_consumer("c1"), &floor.app, new).await;
    let id = opened.unwrap().conversation.id;
    floor.settle().await;
    assert_eq!(floor.get(&id).await.agent_id, Some(agent("concierge")));
    floor
        .say(&floor.as_consumer("c1"), &id, "Hello?")
        .await
        .unwrap();
    floor.settle().await;
    assert_eq!(skill_of(&floor.get(&id).await), "billing");
}

#[tokio::test]
async fn what_a_crash_left_undone_is_done_once() {
    let mut floor = floor(json!({"waitsForFirstMessage": true})).await;
    let new = New {
        skill_id: Some(skill_id("maven")),
        ..New::default()
    };
    let opened = conversations::open(&floor.as_consumer("c1"), &floor.app, new).await;
    let id = opened.unwrap().conversation.id;
    floor.settle().await;
    // Nothing in memory says that the bot has it.
    floor.restart().await;
    floor
        .say(&floor.as_consumer("c1"), &id, "Hello?")
        .await
        .unwrap();
    floor.settle().await;
    floor.restart().await;
    floor.get(&id).await;
    floor.settle().await;
    let story = floor.story(&id).await;
    assert_eq!(skill_of(&floor.get(&id).await), "billing");
    assert_eq!(
        story.iter().filter(|name| *name == "DECIDED").count(),
        1,
        "{story:?}"
    );
}
