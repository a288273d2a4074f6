//! Acceptance table of the next-actions contract.

use serde_json::{Value, json};
use usher_model::role::Role;

use crate::harness::{ACCOUNT, Client, Node, intent_policy};

const V1: &str = "/v1/account/acc1/next-actions";
const V2: &str = "/v2/policy/nextaction";

async fn know(client: &Client<'_>, session: &str, properties: Value) {
    let path = format!("/v1/account/acc1/orchestrator/{session}/properties");
    client
        .call("PATCH", &path, Some(properties))
        .await
        .expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn version_one_answers_the_rule_with_its_actions_in_order() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let mut policy = intent_policy("orders", "order", "1001");
    policy["actions"] = json!([
        {"type": "SEND_MESSAGE", "payload": {"text": "Hi {{orchestrator.name}}"}},
        {"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "1001"}},
    ]);
    let id = admin.enabled_policy(policy).await;
    let bot = node.client(ACCOUNT, Role::Bot).await;
    know(&bot, "c1", json!({"intent": "order", "name": "Ada"})).await;
    let answer = bot
        .get(&format!("{V1}?conversationId=c1"))
        .await
        .expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let answer = answer.json();
    assert_eq!(
        answer["rule"],
        json!({
            "id": id, "name": "orders",
            "actions": [
                {"type": "SEND_MESSAGE", "payload": {"message": "Hi Ada", "text": "Hi Ada"}},
                {"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "1001"}},
            ],
        })
    );
    assert!(answer["nextActionId"].is_string());
    assert_eq!(answer.get("noMatchReason"), None);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn version_one_says_why_nothing_matched() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let none = admin.get(V1).await.expect(200).json();
    assert_eq!(none["rule"], Value::Null);
    assert_eq!(none["noMatchReason"], "NO_POLICIES_ENABLED");
    let created = admin
        .post("/api/v1/policies", intent_policy("p", "order", "1"))
        .await
        .json();
    let disabled = admin.get(V1).await.json();
    assert_eq!(disabled["noMatchReason"], "NO_POLICIES_ENABLED");
    let path = format!(
        "/api/v1/policies/{}/enable",
        created["id"].as_str().unwrap()
    );
    admin.call("POST", &path, None).await.expect(200);
    let unmatched = admin.get(V1).await.json();
    assert_eq!(unmatched["rule"], Value::Null);
    assert_eq!(unmatched["noMatchReason"], "NO_MATCHED_RULES");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_is_found_in_the_group_the_conversation_the_consumer_and_the_default() {
    let node = Node::start().await;
    let admin = node.admin().await;
    admin.enabled_policy(intent_policy("p", "order", "1")).await;
    for (session, asked) in [
        ("c1", "conversationId=c1"),
        ("g1", "conversationId=c2&groupId=g1"),
        ("u1", "conversationId=c3&consumerId=u1"),
        ("u2", "conversationId=c3&userId=u2"),
    ] {
        know(&admin, session, json!({"intent": "order"})).await;
        let answer = admin.get(&format!("{V1}?{asked}")).await.json();
        assert_eq!(answer["rule"]["name"], "p", "{asked}");
    }
    assert_eq!(
        admin.get(&format!("{V1}?conversationId=c9")).await.json()["rule"],
        Value::Null
    );
    admin
        .call(
            "PATCH",
            "/v1/account/acc1/orchestrator/properties",
            Some(json!({"intent": "order"})),
        )
        .await
        .expect(204);
    let answer = admin.get(&format!("{V1}?conversationId=c9")).await.json();
    assert_eq!(answer["rule"]["name"], "p", "the default session");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nearer_session_outranks_the_farther_property_by_property() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let policy = json!({
        "name": "p",
        "expression": "orchestrator.a == 'conversation' and orchestrator.b == 'consumer'",
        "actions": [{"type": "SEND_MESSAGE", "payload": {"message": "x"}}],
    });
    admin.enabled_policy(policy).await;
    know(&admin, "c1", json!({"a": "conversation"})).await;
    know(&admin, "u1", json!({"a": "consumer", "b": "consumer"})).await;
    let asked = format!("{V1}?conversationId=c1&consumerId=u1");
    assert_eq!(admin.get(&asked).await.json()["rule"]["name"], "p");
    let strict = json!({"strictSessionLookup": true});
    admin
        .call("PUT", "/api/v1/settings", Some(strict))
        .await
        .expect(200);
    assert_eq!(admin.get(&asked).await.json()["rule"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn version_two_answers_a_bare_list_and_headers() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let policy = json!({
        "name": "greet \u{e4}ll", "expression": "true",
        "actions": [{"type": "SEND_MESSAGE", "payload": {"message": "Hi"}}],
    });
    let id = admin.enabled_policy(policy).await;
    let answer = admin
        .post(V2, json!({"accountId": "acc1", "conversationId": "c1"}))
        .await;
    let answer = answer.expect(200);
    assert_eq!(
        answer.json(),
        json!([{"type": "SEND_MESSAGE", "payload": {"message": "Hi", "text": "Hi"}}])
    );
    assert_eq!(answer.header("x-rule-id"), Some(id.as_str()));
    assert_eq!(answer.header("x-rule-name"), Some("greet%20%C3%A4ll"));
    assert!(answer.header("x-next-action-id").is_some());
    let path = format!("{V2}?envelope=true");
    let envelope = admin
        .post(&path, json!({"accountId": "acc1"}))
        .await
        .expect(200)
        .json();
    assert_eq!(envelope["rule"]["id"], id.as_str());
    admin
        .call("POST", &format!("/api/v1/policies/{id}/disable"), None)
        .await
        .expect(200);
    admin
        .enabled_policy(intent_policy("never", "never", "1"))
        .await;
    let none = admin
        .post(V2, json!({"accountId": "acc1"}))
        .await
        .expect(200);
    assert_eq!(none.json(), json!([]));
    assert_eq!(none.header("x-no-match-reason"), Some("NO_MATCHED_RULES"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_works_in_the_header_and_in_the_query_until_it_expires() {
    use base64::Engine as _;
    let node = Node::start().await;
    let bot = node.client(ACCOUNT, Role::Bot).await;
    let basic = base64::engine::general_purpose::STANDARD
        .encode(format!("{}:{}", bot.client_id, bot.client_secret));
    let login = |credentials: String| {
        axum::http::Request::builder()
            .method("POST")
            .uri("/v2/authenticate/login")
            .header("authorization", credentials)
            .body(axum::body::Body::empty())
            .unwrap()
    };
    let token = node
        .send(login(format!("Basic {basic}")))
        .await
        .expect(200)
        .json();
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["expires_in"], 86_400);
    node.send(login("Basic d3Jvbmc6d3Jvbmc=".to_owned()))
        .await
        .expect(401);
    let token = token["access_token"].as_str().unwrap();
    let ask = |uri: String, bearer: Option<&str>| {
        let mut request = axum::http::Request::builder().method("POST").uri(uri);
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        request
            .body(axum::body::Body::from(r#"{"accountId":"acc1"}"#))
            .unwrap()
    };
    node.send(ask(V2.to_owned(), Some(token))).await.expect(200);
    node.send(ask(format!("{V2}?access_token={token}"), None))
        .await
        .expect(200);
    // The header outranks the query.
    node.send(ask(format!("{V2}?access_token={token}"), Some("wrong")))
        .await
        .expect(401);
    let forged = format!("{}x", token);
    node.send(ask(V2.to_owned(), Some(&forged)))
        .await
        .expect(401);
    node.clock.advance(std::time::Duration::from_secs(86_400));
    node.send(ask(V2.to_owned(), Some(token))).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_a_foreign_account_are_refused() {
    let node = Node::start().await;
    let bot = node.client(ACCOUNT, Role::Bot).await;
    let wrong = axum::http::Request::builder()
        .uri(V1)
        .header("maven-api-key", format!("{}x", bot.api_key))
        .body(axum::body::Body::empty())
        .unwrap();
    let refused = node.send(wrong).await.expect(401).json();
    assert_eq!(refused["success"], false);
    assert_eq!(refused["code"], "UNAUTHORIZED");
    let foreign = bot
        .get("/v1/account/acc2/next-actions")
        .await
        .expect(403)
        .json();
    assert_eq!(foreign["code"], "FORBIDDEN");
    bot.post(V2, json!({"accountId": "acc2"})).await.expect(403);
    let missing = bot.post(V2, json!({})).await.expect(400).json();
    assert_eq!(missing["success"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_with_a_fallback_has_both_spellings() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let policy = json!({
        "name": "agent", "expression": "true",
        "actions": [{"type": "TRANSFER_TO_AGENT", "payload": {"agentId": "42", "fallbackSkillId": "7"}}],
    });
    admin.enabled_policy(policy).await;
    let answer = admin.post(V2, json!({"accountId": "acc1"})).await.json();
    assert_eq!(
        answer[0]["payload"],
        json!({"userId": 42, "agentId": "42", "skillId": "7", "fallbackSkillId": "7"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_twice_has_two_ids_and_the_same_actions() {
    let node = Node::start().await;
    let admin = node.admin().await;
    admin.enabled_policy(intent_policy("p", "order", "1")).await;
    know(&admin, "c1", json!({"intent": "order"})).await;
    let first = admin.get(&format!("{V1}?conversationId=c1")).await.json();
    let second = admin.get(&format!("{V1}?conversationId=c1")).await.json();
    assert_ne!(first["nextActionId"], second["nextActionId"]);
    assert_eq!(first["rule"], second["rule"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_policy_is_the_only_one_tried() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let all = |name: &str| {
        json!({
            "name": name, "expression": "true",
            "actions": [{"type": "SEND_MESSAGE", "payload": {"message": name}}],
        })
    };
    admin.enabled_policy(all("first")).await;
    let second = admin.enabled_policy(all("second")).await;
    let body = json!({"accountId": "acc1", "policyId": second});
    let answer = admin.post(V2, body.clone()).await.expect(200).json();
    assert_eq!(answer[0]["payload"]["message"], "second");
    admin
        .call("POST", &format!("/api/v1/policies/{second}/disable"), None)
        .await
        .expect(200);
    let disabled = admin.post(V2, body).await.expect(200);
    assert_eq!(
        disabled.header("x-no-match-reason"),
        Some("NO_POLICIES_ENABLED")
    );
    let unknown = json!({"accountId": "acc1", "policyId": "unknown"});
    let unknown = admin.post(V2, unknown).await.expect(404).json();
    assert_eq!(unknown["code"], "POLICY_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_may_ask_but_not_write() {
    let node = Node::start().await;
    let reader = node.client(ACCOUNT, Role::Readonly).await;
    reader.get(V1).await.expect(200);
    let refused = reader
        .call(
            "PATCH",
            "/v1/account/acc1/ns/properties",
            Some(json!({"a": 1})),
        )
        .await;
    assert_eq!(refused.expect(403).json()["code"], "FORBIDDEN");
}
