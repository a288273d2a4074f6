//! Every route, every role, and a foreign account.

mod routes;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use usher_model::role::Role;

use crate::harness::{ACCOUNT, Node};
use crate::openapi;
use routes::{CONTRACTS, ROUTES};

/// Operations of the contracts that name no account: they reach the credential's own.
const UNNAMED: &[&str] = &["orchestratorSkill", "widgetLastContact"];

const UNKNOWN_ID: &str = "00000000-0000-7000-8000-000000000000";

/// A request that is well-formed but names nothing that exists.
fn request(method: &str, path: &str) -> (String, Value) {
    let mut path = path
        .replace("{name}", "unknown")
        .replace("{namespace}", "unknown");
    while let (Some(start), Some(end)) = (path.find('{'), path.find('}')) {
        path.replace_range(start..=end, UNKNOWN_ID);
    }
    if path.ends_with("why-not") {
        path.push_str("?policyId=unknown");
    }
    let body = match (method, path.as_str()) {
        (_, path) if path.ends_with("/move") => json!({"direction": "UP"}),
        (_, path) if path.ends_with("/revert") => json!({"version": 1}),
        ("put" | "patch", path) if path.contains("/context/") => json!({"properties": {"a": 1}}),
        ("put", path) if path.contains("/attributes/") => json!({"value": "x"}),
        ("post", "/api/v1/attributes") => json!({"name": "new", "value": "x"}),
        ("post", "/api/v1/skills" | "/api/v1/agent-groups" | "/api/v1/engagements") => {
            json!({"name": "new"})
        }
        ("post" | "put", path) if path.contains("/webhooks") => {
            json!({"url": "https://example.com/hook"})
        }
        (_, path) if path.ends_with("/allow-list") => json!({"domains": []}),
        (_, path) if path.contains("/secrets/") => json!({"value": "x"}),
        ("post", "/api/v1/functions") => json!({"name": "new", "source": ""}),
        ("post", "/api/v1/functions/check") => json!({"source": ""}),
        ("put", path) if path.contains("/functions/") => json!({"name": "new", "source": ""}),
        (_, path) if path.ends_with("/availability") => json!({"status": "AWAY"}),
        (_, path) if path.ends_with("/session/password") => {
            json!({"currentPassword": "x", "password": "x"})
        }
        ("put", path) if path.ends_with("/consumer-identity") => {
            json!({"issuer": "https://brand.example", "audience": "usher", "keys": {}})
        }
        ("put", path) if !path.contains("/policies/") && !path.ends_with("/settings") => {
            json!({"name": "new"})
        }
        ("post", "/api/v1/credentials") => json!({"name": "new", "role": "bot"}),
        ("post", "/api/v1/users") => json!({"name": "n", "email": "a@b.c", "role": "agent"}),
        ("post", "/api/v1/policies/import") => json!([]),
        ("post", "/api/v1/policies/try") => json!({"policy": {}}),
        (_, path) if path.ends_with("/messages") => json!({"text": "x"}),
        (_, path) if path.ends_with("/read") => json!({"messageId": UNKNOWN_ID}),
        (_, path) if path.ends_with("/join") => json!({"role": "MANAGER"}),
        (_, path) if path.ends_with("/identify") => json!({"consumerId": "ada"}),
        (_, path) if path.ends_with("/response-time") => json!({"isUrgent": true}),
        (_, path) if path.ends_with("/survey") => json!({"csat": 5}),
        (_, path) if path.ends_with("/commands") => json!({"name": "order"}),
        _ => json!({}),
    };
    (path, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_description_is_in_the_table_and_the_other_way_round() {
    let node = Node::start().await;
    let document = node
        .admin()
        .await
        .get("/openapi.json")
        .await
        .expect(200)
        .json();
    let mut described: Vec<(String, String)> = Vec::new();
    for operation in openapi::operations(&document) {
        // Who signs in or asks for a token has no role yet.
        if !openapi::is_open(&operation) {
            described.push((operation.method.to_lowercase(), operation.path));
        }
    }
    described.retain(|(_, path)| path.starts_with("/api/v1/"));
    described.sort();
    let mut table: Vec<(String, String)> = ROUTES
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    table.sort();
    assert_eq!(described, table);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_may_what_the_table_says_and_nothing_else() {
    let node = Node::start().await;
    for role in Role::ALL {
        let client = node.client(ACCOUNT, role).await;
        for (method, path, permission) in ROUTES {
            let (path, body) = request(method, path);
            let answer = client.call(&method.to_uppercase(), &path, Some(body)).await;
            let is_forbidden = answer.status.as_u16() == 403;
            let may = permission.roles().contains(&role);
            assert_eq!(
                is_forbidden, !may,
                "{role} {method} {path}: {}",
                answer.text
            );
            assert!(
                answer.status.as_u16() < 500,
                "{role} {method} {path}: {}",
                answer.text
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_may_what_the_table_of_the_contracts_says_and_only_in_its_own_account() {
    let node = Node::start().await;
    let document = openapi::document(&node).await;
    let mut operations = openapi::operations(&document);
    operations.retain(|operation| {
        let is_ours = operation.path.starts_with("/api/v1/");
        let is_node = operation.described["tags"][0] == "node";
        // Nobody has a role yet who logs in.
        !is_ours && !is_node && !matches!(operation.id(), "login" | "appToken")
    });
    let described: BTreeSet<&str> = operations.iter().map(openapi::Operation::id).collect();
    let table: BTreeSet<&str> = CONTRACTS.iter().map(|(id, _)| *id).collect();
    assert_eq!(described, table);
    let stranger = node.client("acc2", Role::Admin).await;
    for operation in &operations {
        let id = operation.id();
        let (_, permission) = CONTRACTS.iter().find(|row| row.0 == id).unwrap();
        let (path, body) = operation.request(&document, |_| None);
        for role in Role::ALL {
            let client = node.client(ACCOUNT, role).await;
            let answer = client.call(&operation.method, &path, body.clone()).await;
            let is_forbidden = answer.status.as_u16() == 403;
            let may = permission.roles().contains(&role);
            assert_eq!(is_forbidden, !may, "{role} {id}: {}", answer.text);
            assert!(answer.status.as_u16() < 500, "{role} {id}: {}", answer.text);
        }
        let answer = stranger.call(&operation.method, &path, body).await;
        if UNNAMED.contains(&id) {
            answer.expect(404);
            continue;
        }
        assert_eq!(answer.expect(403).json()["code"], "FORBIDDEN", "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_without_a_credential() {
    let node = Node::start().await;
    for (method, path, _) in ROUTES {
        let (path, body) = request(method, path);
        let request = Request::builder()
            .method(method.to_uppercase().as_str())
            .uri(&path)
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = node.send(request).await.expect(401);
        assert_eq!(answer.json()["code"], "UNAUTHORIZED", "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_sees_nothing_of_another() {
    let node = Node::start().await;
    let ours = node.admin().await;
    let policy = ours
        .enabled_policy(crate::harness::intent_policy("ours", "x", "1"))
        .await;
    let body = json!({"properties": {"secret": "ours"}});
    ours.call("PUT", "/api/v1/context/ns/s1", Some(body))
        .await
        .expect(200);
    let attribute = json!({"name": "secret", "value": "ours"});
    ours.post("/api/v1/attributes", attribute).await.expect(201);
    let decided = ours
        .post("/api/v1/decisions", json!({}))
        .await
        .expect(200)
        .json();
    let theirs = node.client("acc2", Role::Admin).await;
    for path in [
        format!("/api/v1/policies/{policy}"),
        format!("/api/v1/policies/{policy}/versions"),
        "/api/v1/context/ns/s1".to_owned(),
        format!(
            "/api/v1/decisions/{}",
            decided["decisionId"].as_str().unwrap()
        ),
    ] {
        theirs.get(&path).await.expect(404);
    }
    for path in ["policies", "context", "context/ns", "decisions", "skills"] {
        let listed = theirs
            .get(&format!("/api/v1/{path}"))
            .await
            .expect(200)
            .json();
        assert_eq!(listed["items"], json!([]), "{path}");
    }
    for path in [
        "/v1/account/acc1",
        "/v1/account/acc1/ns/properties",
        "/v1/account/acc1/next-actions",
        "/v1/account/acc1/ns/session-ids",
        "/v2/context/document/acc1/ns",
    ] {
        theirs.get(path).await.expect(403);
    }
    let delete = format!("/api/v1/policies/{policy}");
    theirs.call("DELETE", &delete, None).await.expect(404);
    ours.get(&delete).await.expect(200);
}
