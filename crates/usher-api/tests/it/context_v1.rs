//! Acceptance table of the context contract, version 1.

use std::time::Duration;

use serde_json::{Value, json};
use usher_model::role::Role;

use crate::harness::{ACCOUNT, Client, Node};

const ROOT: &str = "/v1/account/acc1";

async fn patch(client: &Client<'_>, path: &str, body: Value) {
    client
        .call("PATCH", &format!("{ROOT}{path}"), Some(body))
        .await
        .expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_creates_the_namespace_and_it_is_listed() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    patch(&client, "/orders/properties", json!({"last": 7})).await;
    let listed = client.get(ROOT).await.expect(200).json();
    assert_eq!(
        listed,
        json!([{"name": "orders", "createdAt": "2026-05-04T10:00:00.000Z"}])
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reserved_namespace_is_refused() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    for name in [
        "sde",
        "SDE",
        "custom",
        "faas",
        "conversation",
        "consumer",
        "operational",
    ] {
        let refused = client
            .post(ROOT, json!({"name": name}))
            .await
            .expect(400)
            .json();
        assert_eq!(refused["success"], false);
        assert_eq!(refused["code"], "NAMESPACE_RESERVED");
        assert!(refused["requestId"].is_string());
    }
    client
        .call(
            "PATCH",
            &format!("{ROOT}/sde/properties"),
            Some(json!({"a": 1})),
        )
        .await
        .expect(400);
    client
        .get(&format!("{ROOT}/sde/properties"))
        .await
        .expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_time_to_live_leaves_old_properties_alone() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    patch(&client, "/ns/properties", json!({"old": 1})).await;
    client
        .post(&format!("{ROOT}?ttlSecond=100"), json!({"name": "ns"}))
        .await
        .expect(204);
    patch(&client, "/ns/properties", json!({"new": 1})).await;
    node.clock.advance(Duration::from_secs(200));
    let left = client
        .get(&format!("{ROOT}/ns/properties"))
        .await
        .expect(200)
        .json();
    assert_eq!(left, json!({"old": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sessions_time_to_live_outranks_the_namespaces() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    client
        .post(&format!("{ROOT}?ttlSecond=100"), json!({"name": "ns"}))
        .await
        .expect(204);
    let sessions = format!("{ROOT}/namespace/ns/session");
    client
        .post(
            &format!("{sessions}?ttlSecond=10"),
            json!({"sessionId": "s1"}),
        )
        .await
        .expect(204);
    patch(&client, "/ns/s1/properties", json!({"a": 1})).await;
    patch(&client, "/ns/s2/properties", json!({"a": 1})).await;
    let listed = client.get(&sessions).await.expect(200).json();
    assert_eq!(
        listed,
        json!([{"sessionId": "s1", "createdAt": "2026-05-04T10:00:00.000Z", "ttlSecond": 10}])
    );
    node.clock.advance(Duration::from_secs(10));
    assert_eq!(
        client.get(&format!("{ROOT}/ns/s1/properties")).await.json(),
        json!({})
    );
    assert_eq!(
        client.get(&format!("{ROOT}/ns/s2/properties")).await.json(),
        json!({"a": 1})
    );
    client
        .call("DELETE", &format!("{sessions}/s1"), None)
        .await
        .expect(204);
    assert_eq!(client.get(&sessions).await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_of_the_table_works_at_both_levels() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    for level in ["/ns", "/ns/s1"] {
        let all = format!("{ROOT}{level}/properties");
        client
            .call("PATCH", &all, Some(json!({"a": 1, "b": [1, 2]})))
            .await
            .expect(204);
        client
            .call("PUT", &format!("{all}/c"), Some(json!("x")))
            .await
            .expect(204);
        assert_eq!(
            client.get(&all).await.json(),
            json!({"a": 1, "b": [1, 2], "c": "x"})
        );
        assert_eq!(client.get(&format!("{all}/")).await.json()["a"], 1);
        assert_eq!(
            client.get(&format!("{all}?include=a,c,z")).await.json(),
            json!({"a": 1, "c": "x"})
        );
        assert_eq!(
            client.get(&format!("{all}/b")).await.expect(200).text,
            "[1,2]"
        );
        let text = client.get(&format!("{all}/c")).await.expect(200);
        assert_eq!(text.text, "x");
        assert!(
            text.header("content-type")
                .unwrap()
                .starts_with("text/plain")
        );
        client.get(&format!("{all}/nothing")).await.expect(404);
        client
            .call("DELETE", &format!("{all}/a"), None)
            .await
            .expect(204);
        client
            .call("DELETE", &format!("{all}/a"), None)
            .await
            .expect(204);
        client.get(&format!("{all}/a")).await.expect(404);
    }
    client
        .call("DELETE", &format!("{ROOT}/ns/s1/properties"), None)
        .await
        .expect(204);
    assert_eq!(
        client.get(&format!("{ROOT}/ns/s1/properties")).await.json(),
        json!({})
    );
    assert_ne!(
        client.get(&format!("{ROOT}/ns/properties")).await.json(),
        json!({})
    );
    client
        .call("DELETE", &format!("{ROOT}/ns"), None)
        .await
        .expect(204);
    assert_eq!(
        client.get(&format!("{ROOT}/ns/properties")).await.json(),
        json!({})
    );
    assert_eq!(client.get(ROOT).await.json(), json!([]));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_property_with_a_null_value_is_there() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    patch(&client, "/ns/properties", json!({"a": null})).await;
    assert_eq!(
        client
            .get(&format!("{ROOT}/ns/properties/a"))
            .await
            .expect(200)
            .text,
        "null"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_reads_as_json_is_quoted() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    for (kept, read) in [
        (json!("123"), "\"123\""),
        (json!("true"), "\"true\""),
        (json!("[1]"), "\"[1]\""),
        (json!("\"x\""), "\"\\\"x\\\"\""),
        (json!("plain text"), "plain text"),
        (json!(123), "123"),
        (json!(null), "null"),
    ] {
        client
            .call("PUT", &format!("{ROOT}/ns/properties/p"), Some(kept))
            .await
            .expect(204);
        assert_eq!(
            client
                .get(&format!("{ROOT}/ns/properties/p"))
                .await
                .expect(200)
                .text,
            read
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_bounded_and_sorted() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    patch(&client, "/ns/properties", json!({"a": 0})).await;
    for session in ["b", "a", "c"] {
        patch(
            &client,
            &format!("/ns/{session}/properties"),
            json!({"p": session}),
        )
        .await;
    }
    let ids = format!("{ROOT}/ns/session-ids");
    assert_eq!(
        client.get(&ids).await.json(),
        json!(["__default__", "a", "b", "c"])
    );
    assert_eq!(
        client.get(&format!("{ids}?page=1&perPage=2")).await.json(),
        json!(["b", "c"])
    );
    assert_eq!(client.get(&format!("{ids}?page=9")).await.json(), json!([]));
    for wrong in [
        "perPage=1001",
        "perPage=0",
        "perPage=-1",
        "page=-1",
        "page=x",
    ] {
        client.get(&format!("{ids}?{wrong}")).await.expect(400);
    }
    let properties = client
        .get(&format!("{ROOT}/ns/session-properties?perPage=2"))
        .await
        .json();
    assert_eq!(
        properties,
        json!([
            {"sessionId": "__default__", "property": {"a": 0}},
            {"sessionId": "a", "property": {"p": "a"}},
        ])
    );
    assert_eq!(
        client
            .get(&format!("{ROOT}/unknown/session-ids"))
            .await
            .json(),
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_the_contract_and_the_older_path_are_taken() {
    let node = Node::start().await;
    let client = node.client(ACCOUNT, Role::Bot).await;
    let request = axum::http::Request::builder()
        .method("PATCH")
        .uri("/v1/brand/acc1/ns/properties/")
        .header("maven-api-key", &client.api_key)
        .header("x-request-id", "my-request")
        .body(axum::body::Body::from("{\"a\":1}"))
        .unwrap();
    let answer = node.send(request).await.expect(204);
    assert_eq!(answer.header("x-request-id"), Some("my-request"));
    assert_eq!(
        client.get(&format!("{ROOT}/ns/properties")).await.json(),
        json!({"a": 1})
    );
}
