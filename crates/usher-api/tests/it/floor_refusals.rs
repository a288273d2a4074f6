//! What the floor refuses over HTTP, and what it makes of what comes at the wrong time.

use std::time::Duration;

use serde_json::{Value, json};
use usher_model::limits;

use crate::floor;
use crate::harness::{ACCOUNT, Answer, Client, Node};

/// Asserts that an answer refuses with this status and code, and says something.
fn refuses(answer: &Answer, status: u16, code: &str) {
    let problem = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &problem["code"]),
        (status, &json!(code)),
        "{problem}"
    );
    assert!(!problem["detail"].as_str().unwrap().is_empty(), "{problem}");
}

/// A floor with a conversation that rings at `agent-1`: paths of the conversation and of its offer.
async fn ringing(admin: &Client<'_>) -> (String, String) {
    let staged = floor::stage(admin, "offersAccept").await;
    let text = |name: &str| staged[name].as_str().unwrap();
    (
        format!("/api/v1/conversations/{}", text("conversationId")),
        format!("/api/v1/offers/{}", text("offerId")),
    )
}

/// A floor with a conversation that `agent-1` has: its path.
async fn held(admin: &Client<'_>) -> String {
    let (conversation, offer) = ringing(admin).await;
    let accept = format!("{offer}/accept");
    admin.post(&accept, json!({})).await.expect(200);
    conversation
}

async fn read(admin: &Client<'_>, path: &str) -> Value {
    admin.get(path).await.expect(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_is_taken_once_and_in_time() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let (conversation, offer) = ringing(&admin).await;
    let accept = format!("{offer}/accept");
    let (first, second) = tokio::join!(
        admin.post(&accept, json!({})),
        admin.post(&accept, json!({})),
    );
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    refuses(&admin.post(&accept, json!({})).await, 409, "OFFER_GONE");
    let decline = format!("{offer}/decline");
    refuses(&admin.post(&decline, json!({})).await, 409, "OFFER_GONE");
    assert_eq!(read(&admin, &conversation).await["agentId"], "agent-1");

    let other = json!({"skillId": "floor", "consumerId": "bea", "message": "Hello"});
    let other = admin.post("/api/v1/conversations", other).await.expect(201);
    let late = floor::offer(&admin, other.json()["id"].as_str().unwrap()).await;
    node.clock.advance(Duration::from_secs(72));
    let late = admin
        .post(&format!("/api/v1/offers/{late}/accept"), json!({}))
        .await;
    let code = late.json()["code"].clone();
    assert_eq!(late.status.as_u16(), 409, "{code}");
    assert!(code == "OFFER_EXPIRED" || code == "OFFER_GONE", "{code}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_agents_who_take_over_at_once_leave_it_with_one() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let conversation = held(&admin).await;
    for id in ["agent-2", "agent-3"] {
        let agent = json!({"id": id, "name": id, "nickname": format!("nick of {id}"),
            "kind": "HUMAN", "skills": [{"skillId": "floor"}]});
        admin.post("/api/v1/users", agent).await.expect(201);
        // What is with somebody who is not there goes back to the queue.
        let there = format!("/api/v1/agents/{id}/availability");
        let online = admin.call("PUT", &there, Some(json!({"status": "ONLINE"})));
        online.await.expect(200);
    }
    let path = format!("{conversation}/take-over");
    let (second, third) = tokio::join!(
        admin.post(&path, json!({"agentId": "agent-2"})),
        admin.post(&path, json!({"agentId": "agent-3"})),
    );
    assert!(second.status.is_success() || third.status.is_success());
    let shown = read(&admin, &conversation).await;
    let has_it = |one: &&Value| one["role"] == "ASSIGNED_AGENT" && one["leftAt"].is_null();
    let participants = shown["participants"].as_array().unwrap();
    let holders: Vec<&Value> = participants.iter().filter(has_it).collect();
    assert_eq!(holders.len(), 1, "{shown}");
    assert_eq!(holders[0]["id"], shown["agentId"]);
    let holder = shown["agentId"].as_str().unwrap();
    assert_eq!(holders[0]["nickname"], format!("nick of {holder}"));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_conversation_takes_nothing_more() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let conversation = held(&admin).await;
    let close = format!("{conversation}/close");
    admin.post(&close, json!({})).await.expect(200);
    for (path, body) in [
        ("messages", json!({"text": "Hello?", "asConsumer": true})),
        ("messages", json!({"text": "Hello?", "asAgent": "agent-1"})),
        ("close", json!({})),
        ("transfer", json!({"skillId": "1001"})),
        ("take-over", json!({"agentId": "agent-1"})),
        ("release", json!({})),
        ("join", json!({"role": "MANAGER", "agentId": "agent-1"})),
        ("identify", json!({"consumerId": "carl"})),
    ] {
        let answer = admin.post(&format!("{conversation}/{path}"), body).await;
        refuses(&answer, 409, "CONVERSATION_CLOSED");
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_to_where_nobody_is_leaves_the_conversation_where_it_was() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let conversation = held(&admin).await;
    let off = json!({"id": "off", "name": "off", "isEnabled": false});
    admin.post("/api/v1/skills", off).await.expect(201);
    let gone = json!({"id": "gone", "name": "Gone", "kind": "HUMAN", "isEnabled": false,
        "skills": [{"skillId": "floor"}]});
    admin.post("/api/v1/users", gone).await.expect(201);
    let foreign = node.client("acc2", usher_model::role::Role::Admin).await;
    let theirs = json!({"id": "theirs", "name": "Theirs", "kind": "HUMAN"});
    foreign.post("/api/v1/users", theirs).await.expect(201);
    foreign
        .post("/api/v1/skills", json!({"id": "abroad", "name": "Abroad"}))
        .await
        .expect(201);
    let transfer = format!("{conversation}/transfer");
    for (body, status, code) in [
        (json!({"skillId": "nothing"}), 422, "FIELD_INVALID"),
        (json!({"skillId": "abroad"}), 422, "FIELD_INVALID"),
        (json!({"agentId": "nobody"}), 422, "FIELD_INVALID"),
        (json!({"agentId": "theirs"}), 422, "FIELD_INVALID"),
        (json!({"skillId": "off"}), 409, "TRANSFER_REJECTED"),
        (json!({"agentId": "agent-1"}), 409, "TRANSFER_REJECTED"),
        (json!({}), 422, "FIELD_INVALID"),
    ] {
        refuses(&admin.post(&transfer, body.clone()).await, status, code);
    }
    let elsewhere = foreign.post(&transfer, json!({"skillId": "abroad"})).await;
    refuses(&elsewhere, 404, "CONVERSATION_NOT_FOUND");
    let shown = read(&admin, &conversation).await;
    assert_eq!(
        (&shown["agentId"], &shown["skillId"]),
        (&json!("agent-1"), &json!("floor"))
    );
    // An agent who is switched off is one who is not there: the skill gets it, in its queue.
    let body = json!({"agentId": "gone", "skillId": "1001"});
    let answer = admin.post(&transfer, body).await.expect(200).json();
    assert_eq!(answer["outcome"], "TRANSFERRED_SKILL");
    assert_eq!(answer["downgradedBecause"], "AGENT_OFFLINE");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_does_not_transfer_to_itself() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let skill = json!({"id": "desk", "name": "desk"});
    admin.post("/api/v1/skills", skill).await.expect(201);
    let bot = json!({"id": "bot", "name": "Bot", "kind": "BOT", "skills": [{"skillId": "desk"}]});
    admin.post("/api/v1/users", bot).await.expect(201);
    let online = json!({"status": "ONLINE", "leaseSeconds": 600});
    let path = "/api/v1/agents/bot/availability";
    admin.call("PUT", path, Some(online)).await.expect(200);
    let opened = json!({"skillId": "desk", "consumerId": "ada", "message": "Hello"});
    let opened = admin.post("/api/v1/conversations", opened).await;
    let id = opened.expect(201).json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/conversations/{id}");
    while read(&admin, &path).await["state"] != "BOT" {
        for offer in read(&admin, "/api/v1/agents/bot/offers").await["items"]
            .as_array()
            .unwrap()
        {
            let accept = format!("/api/v1/offers/{}/accept", offer["id"].as_str().unwrap());
            admin.post(&accept, json!({})).await;
        }
        tokio::task::yield_now().await;
    }
    for target in [json!({"skillId": "desk"}), json!({"agentId": "bot"})] {
        let answer = admin.post(&format!("{path}/transfer"), target).await;
        refuses(&answer, 409, "TRANSFER_REJECTED");
    }
    assert_eq!(read(&admin, &path).await["agentId"], "bot");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn capacity_is_a_number_that_means_something() {
    let node = Node::start().await;
    let admin = node.admin().await;
    for number in [-2, 10_001] {
        let user = json!({"name": "Ada", "kind": "HUMAN", "maxConversations": number});
        let answer = admin.post("/api/v1/users", user).await;
        refuses(&answer, 422, "FIELD_INVALID");
        assert_eq!(answer.json()["errors"][0]["pointer"], "#/maxConversations");
    }
    let settings = json!({"routing": {"defaultMaxConversations": -1}});
    let answer = admin.call("PUT", "/api/v1/settings", Some(settings)).await;
    assert!(answer.status.is_client_error(), "{}", answer.text);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_with_conversations_stays_and_an_agent_who_goes_leaves_theirs_to_the_queue() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let conversation = held(&admin).await;
    let delete = admin.call("DELETE", "/api/v1/skills/floor", None).await;
    refuses(&delete, 409, "SKILL_IN_USE");
    let disable = "/api/v1/users/agent-1/disable";
    admin.post(disable, json!({})).await.expect(200);
    while read(&admin, &conversation).await["state"] != "QUEUED" {
        tokio::task::yield_now().await;
    }
    let why = read(&admin, &format!("{conversation}/why")).await;
    assert_eq!(why["state"], "QUEUED", "{why}");
    let delete = admin.call("DELETE", "/api/v1/skills/floor", None).await;
    refuses(&delete, 409, "SKILL_IN_USE");
    let close = format!("{conversation}/close");
    admin.post(&close, json!({})).await.expect(200);
    let delete = admin.call("DELETE", "/api/v1/skills/floor", None).await;
    delete.expect(204);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_message_and_a_flood_are_refused_and_lose_nothing() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let conversation = held(&admin).await;
    let messages = format!("{conversation}/messages");
    let say = async |text: &str| {
        let message = json!({"text": text, "asConsumer": true});
        admin.post(&messages, message).await
    };
    let longest = "x".repeat(limits::CONVERSATION_MESSAGE_CHARS_MAX);
    say(&longest).await.expect(201);
    refuses(&say(&format!("{longest}x")).await, 413, "MESSAGE_TOO_LARGE");
    refuses(&say(" ").await, 422, "FIELD_INVALID");
    let before = read(&admin, &conversation).await["messages"]
        .as_u64()
        .unwrap();

    let bearer = |token: &str| Client {
        node: &node,
        api_key: token.to_owned(),
        client_id: String::new(),
        client_secret: String::new(),
    };
    let wanted = json!({"account": ACCOUNT});
    let token = bearer("").post("/api/v1/consumer-tokens", wanted).await;
    let eve = bearer(token.expect(201).json()["accessToken"].as_str().unwrap());
    let opened = eve
        .post("/api/v1/conversations", json!({"skillId": "floor"}))
        .await;
    let id = opened.expect(201).json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/conversations/{id}/messages");
    let mut accepted = 0;
    let refused = loop {
        let answer = eve.post(&path, json!({"text": "me, me, me"})).await;
        if !answer.status.is_success() {
            break answer;
        }
        accepted += 1;
    };
    refuses(&refused, 429, "RATE_LIMITED");
    assert!(refused.header("retry-after").is_some());
    assert!(accepted <= limits::CONSUMER_MESSAGES_BURST, "{accepted}");
    let shown = read(&admin, &format!("/api/v1/conversations/{id}")).await;
    assert_eq!(shown["messages"], accepted);
    // Others go on, and so does this one in a while.
    say("Still here").await.expect(201);
    let after = read(&admin, &conversation).await["messages"]
        .as_u64()
        .unwrap();
    assert_eq!(after, before + 1);
    node.clock.advance(Duration::from_secs(1));
    let later = eve.post(&path, json!({"text": "sorry"})).await;
    later.expect(201);
    node.stop().await;
}
