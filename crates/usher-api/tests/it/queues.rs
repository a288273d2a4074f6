//! Queues as they are at this moment.

use std::time::Duration;

use serde_json::{Value, json};

use crate::floor;
use crate::harness::{Client, Node};

async fn get(client: &Client<'_>, path: &str) -> Value {
    client.get(path).await.expect(200).json()
}

/// Opens a conversation in the skill of the small floor.
async fn open(admin: &Client<'_>, consumer: &str) {
    let new = json!({"skillId": "floor", "consumerId": consumer, "channel": "WEB"});
    admin.post("/api/v1/conversations", new).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_says_who_waits_for_how_long_and_why() {
    let node = Node::start().await;
    let admin = node.admin().await;
    floor::stage(&admin, "conversationsClose").await;
    let away = json!({"status": "AWAY"});
    let path = "/api/v1/agents/agent-1/availability";
    admin.call("PUT", path, Some(away)).await.expect(200);
    node.clock.advance(Duration::from_secs(60));
    open(&admin, "grace").await;
    node.clock.advance(Duration::from_secs(30));
    open(&admin, "linus").await;

    let queues = get(&admin, "/api/v1/queues").await;
    let queue = |id: &str| {
        let queues = queues["items"].as_array().unwrap();
        let found = queues.iter().find(|queue| queue["skillId"] == id);
        found.unwrap().clone()
    };
    assert_eq!(
        queue("floor"),
        json!({"skillId": "floor", "name": "floor", "isEnabled": true, "isOpen": true,
            "waiting": 2, "ringing": 0, "oldestSince": "2026-05-04T10:01:00.000Z",
            "agentsOnline": 0, "freeSlots": 0})
    );
    assert_eq!(queue("1001")["waiting"], 0);

    let waiting = get(&admin, "/api/v1/queues/waiting?limit=1").await;
    let mut first = waiting["items"][0].clone();
    assert!(first["conversationId"].take().is_string());
    assert_eq!(waiting["items"].as_array().unwrap().len(), 1);
    assert_eq!(waiting["more"], 1);
    assert_eq!(
        first,
        json!({"conversationId": null, "skillId": "floor", "consumerId": "grace",
            "channel": "WEB", "since": "2026-05-04T10:01:00.000Z", "isTransfer": false,
            "boost": 0, "obstacles": {"isOpen": true, "reachable": 0, "excluded": {"AWAY": 1}}})
    );
    let elsewhere = get(&admin, "/api/v1/queues/waiting?skillId=1001").await;
    assert_eq!(elsewhere, json!({"items": [], "more": 0}));
    admin
        .get("/api/v1/queues/waiting?limit=0")
        .await
        .expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_rings_says_at_whom() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let staged = floor::stage(&admin, "offersAccept").await;
    let waiting = get(&admin, "/api/v1/queues/waiting").await;
    let item = &waiting["items"][0];
    assert_eq!(item["conversationId"], staged["conversationId"]);
    assert_eq!(item["ringing"]["agentId"], "agent-1");
    assert!(item["ringing"]["until"].is_string());
    assert!(item.get("obstacles").is_none());
}
