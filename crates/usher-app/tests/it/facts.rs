//! Policies see the floor: how queues are doing, and what a conversation has come to.

use std::time::Duration;

use serde_json::{Value, json};
use usher_app::decisions::{self, Api, Request};
use usher_app::policies;
use usher_model::id::{ConsumerId, ConversationId, PolicyId};

use crate::harness::Floor;

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
