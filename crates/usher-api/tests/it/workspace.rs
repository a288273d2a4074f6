//! The workspace: what agents find in it, and what they have seen enough of.

use serde_json::{Value, json};
use usher_model::role::Role;

use crate::floor;
use crate::harness::{ACCOUNT, Node};

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_finds_the_replies_and_widgets_that_a_manager_has_set() {
    let node = Node::start().await;
    let manager = node.client(ACCOUNT, Role::Manager).await;
    let agent = node.client(ACCOUNT, Role::Agent).await;
    let skill = json!({"id": "12", "name": "Billing"});
    manager.post("/api/v1/skills", skill).await.expect(201);
    let widget = |name: &str, audience: &str| json!({"name": name, "url": "https://crm.example.com/w", "audience": audience});
    let workspace = json!({
        "cannedReplies": [{"name": "Hello", "text": "Good morning.", "skillIds": ["12"]}],
        "widgets": [widget("Orders", "AGENTS"), widget("Trial", "MANAGERS"), widget("Old", "NOBODY")],
    });
    let patch = async |workspace: Value| {
        let body = json!({ "workspace": workspace }).to_string();
        manager.raw("PATCH", "/api/v1/settings", body, &[]).await
    };
    patch(workspace.clone()).await.expect(200);
    let names = |found: &Value| -> Vec<String> {
        let widgets = found["widgets"].as_array().unwrap().iter();
        let names = widgets.map(|widget| widget["name"].as_str().unwrap().to_owned());
        names.collect()
    };
    let found = agent.get("/api/v1/workspace").await.expect(200).json();
    assert_eq!(found["cannedReplies"], workspace["cannedReplies"]);
    assert_eq!(names(&found), ["Orders"]);
    assert_eq!(found["widgets"][0]["columns"], 1);
    let found = manager.get("/api/v1/workspace").await.expect(200).json();
    assert_eq!(names(&found), ["Orders", "Trial"]);

    let six: Vec<Value> = (0..6).map(|at| widget(&at.to_string(), "AGENTS")).collect();
    for (wrong, pointer) in [
        (
            json!({"widgets": [{"name": "W", "url": "http://crm.example.com"}]}),
            "#/workspace/widgets/0/url",
        ),
        (json!({"widgets": six}), "#/workspace/widgets"),
        (
            json!({"widgets": [widget("W", "AGENTS"), widget("W", "AGENTS")]}),
            "#/workspace/widgets/1/name",
        ),
        (
            json!({"cannedReplies": [{"name": "A", "text": " "}]}),
            "#/workspace/cannedReplies/0/text",
        ),
        (
            json!({"cannedReplies": [{"name": "A", "text": "a", "skillIds": ["none"]}]}),
            "#/workspace/cannedReplies/0/skillIds/0",
        ),
    ] {
        let refused = patch(wrong).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_was_taken_away_stays_away() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let staged = floor::stage(&admin, "conversationsClose").await;
    let first = staged["conversationId"].as_str().unwrap();
    // The first one is closed: the consumer of the second is known to have talked with this agent.
    let close = format!("/api/v1/conversations/{first}/close");
    admin.post(&close, json!({})).await.expect(200);
    let talk = async || {
        let new = json!({"skillId": "floor", "consumerId": "bo", "isAuthenticated": true});
        let opened = admin.post("/api/v1/conversations", new).await;
        let id = opened.expect(201).json()["id"].as_str().unwrap().to_owned();
        let offer = floor::offer(&admin, &id).await;
        let accept = format!("/api/v1/offers/{offer}/accept");
        admin.post(&accept, json!({})).await.expect(200);
        id
    };
    let before = talk().await;
    let close = format!("/api/v1/conversations/{before}/close");
    admin.post(&close, json!({})).await.expect(200);
    let now = talk().await;
    let path = format!("/api/v1/conversations/{now}/last-contact");
    let contact = async || admin.get(&path).await.expect(200).json();
    // It is looked up just after the agent has got the conversation.
    while contact().await["state"] == "NONE" {
        tokio::task::yield_now().await;
    }
    assert_eq!(contact().await["notify"], true);
    let dismiss = format!("{path}/dismiss");
    admin.post(&dismiss, json!({})).await.expect(204);
    let seen = contact().await;
    assert_eq!(seen["notify"], false);
    assert_eq!(seen["state"], "SAME_AGENT");
}
