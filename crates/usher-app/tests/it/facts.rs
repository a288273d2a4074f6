//! Policies see the floor: how queues are doing, and what a conversation has come to.

use std::time::Duration;

use serde_json::{Value, json};
use usher_app::conversations::{self, Close, New, Transfer};
use usher_app::decisions::{self, Api, Request};
use usher_app::error::Code;
use usher_app::{policies, sdes};
use usher_model::id::{ConsumerId, ConversationId, PolicyId};
use usher_model::limits;

use crate::harness::{Floor, skill, skill_id};

/// Adds a policy that answers with `name` if the expression holds.
async fn policy(floor: &Floor, name: &str, expression: &str) {
    let policy = json!({
        "name": name,
        "expression": expression,
        "actions": [{ "type": "SEND_MESSAGE", "payload": { "message": name } }],
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

async fn decide(floor: &Floor, conversation: &ConversationId) -> Option<Value> {
    let request = Request {
        conversation_id: Some(conversation.clone()),
        consumer_id: Some(ConsumerId::parse("c1").unwrap()),
        ..Request::new(Api::Own)
    };
    let decided = decisions::decide(&floor.manager(), &floor.app, request)
        .await
        .unwrap();
    decided.policy.map(|(_, name)| name.into())
}

#[tokio::test]
async fn a_policy_sees_how_a_queue_is_doing_now() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 1).await;
    let expression = "operational.skill.sales.queueSize > 0";
    policy(&floor, "overflow", expression).await;
    let free =
        "operational.skill.sales.freeSlots == 1 and operational.skill.sales.agentsOnline == 1";
    policy(&floor, "free", free).await;
    let nowhere = ConversationId::parse("elsewhere").unwrap();
    assert_eq!(decide(&floor, &nowhere).await, Some("free".into()));
    floor.open("c1").await;
    floor.accept(&ada).await;
    assert_eq!(decide(&floor, &nowhere).await, None);
    floor.open("c2").await;
    assert_eq!(decide(&floor, &nowhere).await, Some("overflow".into()));
}

#[tokio::test]
async fn a_policy_sees_what_a_conversation_has_come_to() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    floor.accept(&ada).await;
    floor.clock.advance(Duration::from_secs(5 * 60));
    floor
        .say(&floor.as_consumer("c1"), &id, "still there?")
        .await
        .unwrap();
    let expression = "conversation.minutesSinceStartConversation == 5 \
        and conversation.minutesSincePreviousMessage == 5 \
        and conversation.currentSkillId == \"sales\" \
        and conversation.previousAgentId == \"ada\"";
    policy(&floor, "known", expression).await;
    assert_eq!(decide(&floor, &id).await, Some("known".into()));
}

#[tokio::test]
async fn a_policy_sees_where_a_conversation_was_and_what_else_the_consumer_has() {
    let floor = Floor::start().await;
    floor.put(&skill("vip")).await;
    let ada = floor.staff("ada", 3).await;
    let earlier = floor.open("c1").await;
    floor.accept(&ada).await;
    let transfer = Transfer {
        skill_id: Some(skill_id("vip")),
        ..Transfer::default()
    };
    conversations::transfer(&floor.as_agent(&ada), &floor.app, &earlier, transfer)
        .await
        .unwrap();
    let expression = "conversation.previousSkillId == \"sales\" \
        and conversation.currentSkillId == \"vip\" and consumer.openConversations == 1 \
        and consumer.authenticated == false";
    policy(&floor, "moved", expression).await;
    assert_eq!(decide(&floor, &earlier).await, Some("moved".into()));
    floor.open("c1").await;
    policy(&floor, "two", "consumer.openConversations == 2").await;
    assert_eq!(decide(&floor, &earlier).await, Some("two".into()));
    let consumer = floor.as_consumer("c1");
    conversations::close(&consumer, &floor.app, &earlier, Close::default())
        .await
        .unwrap();
    policy(&floor, "one", "consumer.openConversations == 1").await;
    assert_eq!(decide(&floor, &earlier).await, Some("moved".into()));
}

#[tokio::test]
async fn a_policy_sees_when_the_consumer_wrote_before_in_whichever_conversation() {
    let floor = Floor::start().await;
    let expression = "conversation.minutesSincePreviousMessage == 90";
    policy(&floor, "back", expression).await;
    let first = floor.open("c1").await;
    assert_eq!(decide(&floor, &first).await, None);
    floor.clock.advance(Duration::from_secs(90 * 60));
    let second = floor.open("c1").await;
    assert_eq!(decide(&floor, &second).await, Some("back".into()));
}

#[tokio::test]
async fn what_consumers_say_of_themselves_is_told_and_not_vouched_for() {
    let floor = Floor::start().await;
    let expression = "sde.visitorinfo.customerinfo.ctype == \"gold\" \
        and sde.unauth.visitorinfo.customerinfo.ctype == \"gold\"";
    policy(&floor, "gold", expression).await;
    let new = |customer: Value| New {
        skill_id: Some(skill_id("sales")),
        sdes: Some(sdes::Said {
            customer_info: customer.as_object().unwrap().clone(),
            is_authenticated: true,
            ..sdes::Said::default()
        }),
        ..New::default()
    };
    let consumer = floor.as_consumer("c1");
    let opened = conversations::open(&consumer, &floor.app, new(json!({"customerType": "gold"})));
    let id = opened.await.unwrap().conversation.id;
    assert_eq!(decide(&floor, &id).await, Some("gold".into()));
    let kept = floor.get(&id).await.conversation.sdes;
    assert_eq!(kept["isAuthenticated"], false);
    let long = "x".repeat(limits::CONVERSATION_ATTRIBUTES_BYTES_MAX);
    let refused = conversations::open(&consumer, &floor.app, new(json!({"role": long}))).await;
    assert_eq!(refused.unwrap_err().code, Code::FieldInvalid);
}
