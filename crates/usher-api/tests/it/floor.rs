//! A small floor for the examples: an agent, a skill, and a conversation where an operation wants it.

use serde_json::{Value, json};

use crate::harness::Client;

/// Sets the stage for an operation and returns what its path and body speak of.
pub(crate) async fn stage(admin: &Client<'_>, operation: &str) -> Value {
    let skill = |id: &str, survey: Value| json!({"id": id, "name": id, "survey": survey});
    let survey = json!({"question": "How was it?", "timeoutSeconds": 600});
    for body in [
        skill("1001", Value::Null),
        skill(
            "floor",
            if operation == "conversationsAnswerSurvey" {
                survey
            } else {
                Value::Null
            },
        ),
    ] {
        admin.post("/api/v1/skills", body).await.expect(201);
    }
    let agent = json!({"id": "agent-1", "name": "Ada", "kind": "HUMAN",
        "skills": [{"skillId": "floor"}, {"skillId": "1001"}], "maxConversations": 9});
    admin.post("/api/v1/users", agent).await.expect(201);
    let opened = json!({"skillId": "floor", "consumerId": "ada", "message": "Hello"});
    let opened = admin.post("/api/v1/conversations", opened).await;
    let conversation = opened.expect(201).json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/conversations/{conversation}");
    let mut staged = json!({"conversationId": conversation, "dialogId": conversation,
        "agentId": "agent-1", "offerId": Value::Null});
    if matches!(
        operation,
        "conversationsTakeOver" | "conversationsWhy" | "conversationsJoin"
    ) {
        online(admin).await;
        return staged;
    }
    online(admin).await;
    staged["offerId"] = offer(admin, &conversation).await.into();
    if matches!(operation, "offersAccept" | "offersDecline" | "agentsOffers") {
        return staged;
    }
    let accept = format!(
        "/api/v1/offers/{}/accept",
        staged["offerId"].as_str().unwrap()
    );
    admin.post(&accept, json!({})).await.expect(200);
    match operation {
        "conversationsLeave" => {
            let join = json!({"role": "READER", "agentId": "agent-1"});
            admin.post(&format!("{path}/join"), join).await.expect(200);
        }
        "conversationsGiveCommand" => {
            let source = "function lambda(input) { return `Order ${input.payload.arguments}`; }";
            let new = json!({"name": "Order", "eventId": "conversational_command",
                "source": source, "description": "Looks an order up"});
            let made = admin.post("/api/v1/functions", new).await.expect(201);
            let id = made.json()["id"].as_str().unwrap().to_owned();
            let deploy = format!("/api/v1/functions/{id}/deploy");
            admin.post(&deploy, json!({})).await.expect(200);
        }
        "conversationsAnswerSurvey" => {
            let close = format!("{path}/dialogs/{conversation}/close");
            admin.post(&close, json!({})).await.expect(200);
        }
        "conversationsRead" => {
            let say = json!({"text": "Hello", "asConsumer": true});
            let said = admin
                .post(&format!("{path}/messages"), say)
                .await
                .expect(201)
                .json();
            staged["messageId"] = said["messageId"].clone();
        }
        _ => {}
    }
    staged
}

async fn online(admin: &Client<'_>) {
    let body = json!({"status": "ONLINE", "leaseSeconds": 600});
    let path = "/api/v1/agents/agent-1/availability";
    admin.call("PUT", path, Some(body)).await.expect(200);
}

/// Waits until the conversation rings, and returns its offer.
pub(crate) async fn offer(admin: &Client<'_>, conversation: &str) -> String {
    for _ in 0..10_000 {
        let offers = admin
            .get("/api/v1/agents/agent-1/offers")
            .await
            .expect(200)
            .json();
        let offers = offers["items"].as_array().unwrap().clone();
        let rings = offers
            .iter()
            .find(|offer| offer["conversationId"] == conversation);
        if let Some(offer) = rings {
            return offer["id"].as_str().unwrap().to_owned();
        }
        tokio::task::yield_now().await;
    }
    panic!("`{conversation}` does not ring");
}
