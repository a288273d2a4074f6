//! Acceptance table of the context contract, version 2.

use std::time::Duration;

use serde_json::{Value, json};
use usher_model::role::Role;

use crate::harness::{ACCOUNT, Client, Node};

const DOCUMENTS: &str = "/v2/context/document";

async fn create(client: &Client<'_>, session: Option<&str>, payload: Value) -> Value {
    let mut body = json!({
        "accountId": ACCOUNT, "nameSpace": "ns", "ttlSeconds": 3600, "payload": payload,
        "anything": "else",
    });
    if let Some(session) = session {
        body["sessionId"] = session.into();
    }
    client
        .post(&format!("{DOCUMENTS}/create"), body)
        .await
        .expect(201)
        .json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_grows_with_each_create() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    let done = create(&client, Some("s1"), json!({"a": 1, "b": 2})).await;
    assert_eq!(
        done,
        json!({"documentKey": "acc1:ns:s1", "tenantId": "acc1", "success": true})
    );
    create(&client, Some("s1"), json!({"c": {"d": 3}})).await;
    let document = client
        .get(&format!("{DOCUMENTS}/acc1/ns/s1"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        document,
        json!({
            "accountId": "acc1", "documentKey": "acc1:ns:s1", "documentType": "CONTEXT",
            "nameSpace": "ns", "payload": {"a": 1, "b": 2, "c": {"d": 3}}, "sessionId": "s1",
            "tenantId": "acc1", "ttl": "2026-05-04T11:00:00.000Z",
        })
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_would_be_too_large_stays_as_it_was() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    // {"a":1,"p":"…"} has 14 characters around the text.
    create(&client, Some("s1"), json!({"a": 1})).await;
    let over = json!({
        "accountId": ACCOUNT, "nameSpace": "ns", "sessionId": "s1",
        "payload": {"p": "x".repeat(800_001 - 14)},
    });
    let refused = client
        .post(&format!("{DOCUMENTS}/create"), over)
        .await
        .expect(413)
        .json();
    assert_eq!(refused["message"], "document too large");
    let document = client.get(&format!("{DOCUMENTS}/acc1/ns/s1")).await.json();
    assert_eq!(document["payload"], json!({"a": 1}));
    create(&client, Some("s1"), json!({"p": "x".repeat(800_000 - 14)})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn named_properties_go_and_the_others_stay() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    create(&client, Some("s1"), json!({"p1": 1, "p2": 2})).await;
    let target = json!({
        "accountId": ACCOUNT, "nameSpace": "ns", "sessionId": "s1", "propertyToDelete": ["p1"],
    });
    let path = format!("{DOCUMENTS}/property/delete");
    let done = client
        .call("DELETE", &path, Some(target.clone()))
        .await
        .expect(200)
        .json();
    assert_eq!(done["success"], true);
    client.post(&path, target).await.expect(200);
    let document = client.get(&format!("{DOCUMENTS}/acc1/ns/s1")).await.json();
    assert_eq!(document["payload"], json!({"p2": 2}));
    let whole = json!({"accountId": ACCOUNT, "nameSpace": "ns", "sessionId": "s1"});
    client
        .call(
            "DELETE",
            &format!("{DOCUMENTS}/delete"),
            Some(whole.clone()),
        )
        .await
        .expect(200);
    client
        .get(&format!("{DOCUMENTS}/acc1/ns/s1"))
        .await
        .expect(404);
    client
        .call("DELETE", &format!("{DOCUMENTS}/delete"), Some(whole))
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_returns_what_is_there() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    create(&client, Some("s1"), json!({"p1": 1, "p2": "x"})).await;
    let mut body = json!({
        "accountId": ACCOUNT, "nameSpace": "ns", "sessionId": "s1",
        "filter": ["ns.p1", "p2", "ns.p3"],
    });
    let path = format!("{DOCUMENTS}/properties");
    let found = client.post(&path, body.clone()).await.expect(200).json();
    assert_eq!(found, json!({"ns.p1": 1, "ns.p2": "x"}));
    body["filter"] = json!(["other.p1"]);
    client.post(&path, body).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_and_the_default_one_are_one_document() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    client
        .call(
            "PATCH",
            "/v1/account/acc1/ns/properties",
            Some(json!({"a": 1})),
        )
        .await
        .expect(204);
    let document = client
        .get(&format!("{DOCUMENTS}/acc1/ns"))
        .await
        .expect(200)
        .json();
    assert_eq!(document["documentKey"], "acc1:ns:");
    assert_eq!(document.get("sessionId"), None);
    assert_eq!(document["payload"], json!({"a": 1}));
    let named = client
        .get(&format!("{DOCUMENTS}/acc1/ns/__default__"))
        .await
        .expect(200)
        .json();
    assert_eq!(named["documentKey"], "acc1:ns:__default__");
    assert_eq!(named["sessionId"], "__default__");
    assert_eq!(named["payload"], json!({"a": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_given_life_is_that_of_the_whole_document() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    create(&client, None, json!({"a": 1})).await;
    node.clock.advance(Duration::from_secs(3_000));
    create(&client, None, json!({"b": 1})).await;
    node.clock.advance(Duration::from_secs(3_000));
    let document = client
        .get(&format!("{DOCUMENTS}/acc1/ns"))
        .await
        .expect(200)
        .json();
    assert_eq!(document["payload"], json!({"a": 1, "b": 1}));
    node.clock.advance(Duration::from_secs(600));
    client
        .get(&format!("{DOCUMENTS}/acc1/ns"))
        .await
        .expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_life_a_document_lives_thirteen_months() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    for ttl in [json!(null), json!(0), json!(-5), json!(i64::MAX)] {
        let body = json!({
            "accountId": ACCOUNT, "nameSpace": "ns", "ttlSeconds": ttl, "payload": {"a": 1},
        });
        client
            .call("PATCH", &format!("{DOCUMENTS}/create"), Some(body))
            .await
            .expect(201);
        let document = client.get(&format!("{DOCUMENTS}/acc1/ns")).await.json();
        assert_eq!(document["ttl"], "2027-06-04T10:00:00.000Z");
    }
}
