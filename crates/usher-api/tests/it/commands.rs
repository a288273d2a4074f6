//! Commands of agents: functions that are called by their name from within a conversation.

use serde_json::{Value, json};
use usher_model::role::Role;

use crate::floor;
use crate::functions::made;
use crate::harness::{ACCOUNT, Client, Node};

const EVENT: &str = "conversational_command";

async fn deploy(admin: &Client<'_>, name: &str, source: &str) -> String {
    let id = made(
        admin,
        json!({"name": name, "source": source, "eventId": EVENT}),
    )
    .await;
    let path = format!("/api/v1/functions/{id}");
    admin
        .post(&format!("{path}/deploy"), json!({}))
        .await
        .expect(200);
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_gives_a_command_and_alone_sees_what_it_says() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let staged = floor::stage(&admin, "conversationsGiveCommand").await;
    let conversation = staged["conversationId"].as_str().unwrap();
    let tells = "function lambda(input) { return JSON.stringify(input.payload); }";
    deploy(&admin, "tells", tells).await;
    deploy(
        &admin,
        "Count",
        "function lambda(i) { return i.payload.arguments.length; }",
    )
    .await;
    deploy(
        &admin,
        "does",
        "function lambda(i) { return { done: true }; }",
    )
    .await;
    let fails = "function lambda(i, callback) { callback(new Error('no such order')); }";
    let fails = deploy(&admin, "fails", fails).await;
    let listed = admin.get("/api/v1/commands").await.expect(200).json();
    let names: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|command| &command["name"])
        .collect();
    assert_eq!(names, ["Count", "does", "fails", "Order", "tells"]);
    assert_eq!(listed["items"][3]["description"], "Looks an order up");

    let path = format!("/api/v1/conversations/{conversation}");
    let timeline = async || {
        let timeline = admin.get(&format!("{path}/timeline")).await;
        timeline.expect(200).json()
    };
    let before = timeline().await;
    let give = async |name: &str, arguments: &[&str], status: u16| -> Value {
        let given = json!({"name": name, "arguments": arguments});
        let given = admin.post(&format!("{path}/commands"), given).await;
        given.expect(status).json()
    };
    let order = give("order", &["4711"], 200).await;
    assert_eq!(order, json!({"text": "Order 4711"}));
    let told = give("tells", &["a", "b c"], 200).await;
    let told: Value = serde_json::from_str(told["text"].as_str().unwrap()).unwrap();
    assert_eq!(
        told,
        json!({"conversationId": conversation, "arguments": ["a", "b c"]})
    );
    assert_eq!(give("COUNT", &["x"; 20], 200).await, json!({"text": "20"}));
    assert_eq!(
        give("count", &["x"; 21], 422).await["code"],
        "FIELD_INVALID"
    );
    assert_eq!(give("does", &[], 200).await, json!({}), "no more than that");
    let failed = give("fails", &[], 422).await;
    assert_eq!(failed["code"], "FUNCTION_THREW");
    assert!(
        failed["detail"].as_str().unwrap().contains("no such order"),
        "{failed}"
    );
    admin
        .post(&format!("{fails}/undeploy"), json!({}))
        .await
        .expect(200);
    assert_eq!(give("fails", &[], 404).await["code"], "FUNCTION_NOT_FOUND");
    assert_eq!(timeline().await, before, "nothing is kept of it");

    // Nobody else gives commands there.
    let stranger = node.client(ACCOUNT, Role::Agent).await;
    let given = json!({"name": "order", "arguments": []});
    let refused = stranger.post(&format!("{path}/commands"), given).await;
    assert_eq!(refused.expect(404).json()["code"], "CONVERSATION_NOT_FOUND");
    node.stop().await;
}
