//! Bad input: each kind gets a clear answer.

use std::path::Path;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::corpus;
use crate::harness::{Node, intent_policy};
use crate::mutate::mutate;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_json_is_said_to_be_not_json() {
    let node = Node::start().await;
    let admin = node.admin().await;
    for body in ["", "{", "nonsense", "{\"explain\":true} trailing", "\u{0}"] {
        let refused = admin
            .raw("POST", "/api/v1/decisions", body, &[])
            .await
            .expect(400)
            .json();
        assert_eq!(refused["code"], "BAD_REQUEST", "{body}");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.starts_with("expected"), "{detail}");
    }
    let invalid: &[u8] = b"{\"conversationId\":\"\xff\xfe\"}";
    admin
        .raw("POST", "/api/v1/decisions", invalid, &[])
        .await
        .expect(400);
    let invalid: &[u8] = b"{\"a\":\"\xff\"}";
    admin
        .raw("PATCH", "/v1/account/acc1/ns/properties", invalid, &[])
        .await
        .expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_type_is_said_with_its_place() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let refused = admin
        .post("/api/v1/decisions", json!({"explain": "yes"}))
        .await
        .expect(422);
    let refused = refused.json();
    assert_eq!(refused["code"], "FIELD_INVALID");
    assert_eq!(refused["errors"][0]["pointer"], "#/explain");
    let refused = admin
        .post("/api/v1/decisions", json!({"explian": true}))
        .await
        .expect(422);
    assert!(refused.text.contains("explian"));
    for body in [json!([]), json!("x"), json!(5), json!(null)] {
        admin
            .call("PATCH", "/v1/account/acc1/ns/properties", Some(body))
            .await
            .expect(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deep_body_is_refused_and_not_followed() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (method, path) in [
        ("POST", "/api/v1/policies"),
        ("POST", "/api/v1/policies/import"),
        ("POST", "/api/v1/decisions"),
        ("PUT", "/v1/account/acc1/ns/properties/p"),
        ("POST", "/v2/policy/nextaction"),
    ] {
        let answer = admin.raw(method, path, deep.clone(), &[]).await;
        assert!(
            answer.status.is_client_error(),
            "{method} {path}: {}",
            answer.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_refused_before_it_is_read() {
    let node = Node::start().await;
    let admin = node.admin().await;
    for (method, path, bytes) in [
        ("POST", "/api/v1/policies", 10 << 20),
        ("POST", "/api/v1/policies/import", (10 << 20) + 1),
        ("POST", "/api/v1/decisions", 10 << 20),
        ("PATCH", "/v1/account/acc1/ns/properties", (4 << 20) + 1),
        ("POST", "/v2/context/document/create", (4 << 20) + 1),
    ] {
        let answer = admin
            .raw(method, path, " ".repeat(bytes), &[])
            .await
            .expect(413);
        assert_eq!(answer.json()["code"], "BODY_TOO_LARGE", "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_and_a_wrong_method_say_so() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let missing = admin.get("/api/v1/nothing").await.expect(404).json();
    assert_eq!(missing["code"], "NOT_FOUND");
    assert_eq!(missing["type"], "/problems/not-found");
    admin.get("/problems/not-found").await.expect(200);
    admin.get("/problems/nothing").await.expect(404);
    admin
        .call("PATCH", "/api/v1/policies", None)
        .await
        .expect(405);
    admin
        .call("DELETE", "/v2/policy/nextaction", None)
        .await
        .expect(405);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_asks_too_often_is_told_when_to_come_back() {
    let node = Node::start_with(|options| {
        options.rate_per_second = 1;
        options.rate_burst = 2;
    })
    .await;
    let admin = node.admin().await;
    admin.get("/api/v1/policies").await.expect(200);
    admin.get("/api/v1/policies").await.expect(200);
    let refused = admin.get("/api/v1/policies").await.expect(429);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.json()["code"], "RATE_LIMITED");
    admin.get("/v1/account/acc1/next-actions").await.expect(429);
    node.clock.advance(std::time::Duration::from_secs(1));
    admin.get("/api/v1/policies").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_backwards_loses_nothing() {
    let node = Node::start().await;
    let admin = node.admin().await;
    admin.enabled_policy(intent_policy("p", "x", "1")).await;
    let earlier = usher_model::time::Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    node.clock.set(earlier);
    let body = json!({"properties": {"a": 1}});
    admin
        .call("PUT", "/api/v1/context/ns/s1", Some(body))
        .await
        .expect(200);
    admin.get("/api/v1/context/ns/s1").await.expect(200);
    admin.enabled_policy(intent_policy("q", "y", "1")).await;
    let first = admin
        .post("/api/v1/decisions", json!({}))
        .await
        .expect(200)
        .json();
    let second = admin
        .post("/api/v1/decisions", json!({}))
        .await
        .expect(200)
        .json();
    assert!(first["decisionId"].as_str() < second["decisionId"].as_str());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_edited_only_at_the_revision_that_was_read() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let path = "/api/v1/context/ns/s1";
    let body = |value: Value| json!({"properties": {"a": value}, "ttlSeconds": 60}).to_string();
    let first = admin
        .raw("PUT", path, body(1.into()), &[("if-match", "\"0\"")])
        .await
        .expect(200);
    let etag = first.header("etag").unwrap().to_owned();
    admin
        .raw("PUT", path, body(2.into()), &[("if-match", "\"0\"")])
        .await
        .expect(409);
    admin
        .raw("PATCH", path, body(2.into()), &[("if-match", &etag)])
        .await
        .expect(200);
    admin
        .raw("PATCH", path, body(3.into()), &[("if-match", &etag)])
        .await
        .expect(409);
    let read = admin.get(path).await.expect(200);
    assert_eq!(read.json()["properties"], json!({"a": 2}));
    assert_ne!(read.header("etag"), Some(etag.as_str()));
    let listed = admin
        .get("/api/v1/context/ns?limit=1")
        .await
        .expect(200)
        .json();
    assert_eq!(listed["items"][0]["session"], "s1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_cannot_be_read_is_said_in_the_shape_of_the_path() {
    let node = Node::start().await;
    let admin = node.admin().await;
    for path in ["/api/v1/audit?limit=abc", "/api/v1/policies?enabled=maybe"] {
        let refused = admin.get(path).await.expect(400);
        assert_eq!(
            refused.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(refused.json()["code"], "BAD_REQUEST");
    }
    let twice = "/v1/account/acc1/next-actions?consumerId=a&userId=b";
    assert_eq!(admin.get(twice).await.expect(400).json()["success"], false);
    assert_eq!(
        admin
            .get("/v1/account/acc1/%ff/properties")
            .await
            .expect(400)
            .json()["success"],
        false
    );
}

/// How many wrong ones are made of each input of the fuzzer's corpus, unless the environment says.
const MUTATIONS: u64 = 8;

#[expect(
    clippy::disallowed_methods,
    reason = "how long to run is no setting of the product"
)]
fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fuzzing_came_across_is_answered_also_with_something_wrong() {
    let mutations = number("USHER_FUZZ_MUTATIONS").unwrap_or(MUTATIONS);
    let seed = number("USHER_FUZZ_SEED").unwrap_or(1);
    let mut random = StdRng::seed_from_u64(seed);
    let node = Node::start().await;
    let api_key = node.admin().await.api_key;
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/contract");
    let inputs = std::fs::read_dir(corpus).unwrap();
    let mut inputs: Vec<_> = inputs.map(|input| input.unwrap().path()).collect();
    inputs.sort();
    assert!(inputs.len() > 200, "found {} inputs", inputs.len());
    for input in inputs {
        let input = std::fs::read(input).unwrap();
        let wrong = (0..mutations).map(|_| mutate(&input, &mut random));
        for input in std::iter::once(input.clone()).chain(wrong.collect::<Vec<_>>()) {
            if let Some(request) = corpus::request(&input, &api_key) {
                corpus::check(&node, request).await;
            }
        }
    }
}
