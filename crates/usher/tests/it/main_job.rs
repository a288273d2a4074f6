//! The main job: context in, next actions out, logged and explained.

use std::time::Duration;

use serde_json::{Value, json};
use usher_model::role::Role;

use crate::harness::{ACCOUNT, Harness, config};

fn policy(name: &str, intent: &str, skill: &str) -> Value {
    json!({
        "name": name,
        "conditions": [{ "property": "orchestrator.intent", "type": "EQUAL", "value": intent }],
        "actions": [{ "type": "TRANSFER_TO_SKILL", "payload": { "skillId": skill } }],
    })
}

fn create(harness: &Harness, key: &str, policy: &Value) -> String {
    let created = harness.call(key, "POST", "/api/v1/policies", policy);
    assert_eq!(created["enabled"], false, "a new policy is disabled");
    created["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_bot_writes_context_and_gets_the_actions_of_the_first_matching_policy() {
    let harness = Harness::start();
    let admin = harness.credential(Role::Admin).api_key;
    let bot = harness.credential(Role::Bot);
    let first = create(&harness, &admin, &policy("first", "order", "11"));
    let second = create(&harness, &admin, &policy("second", "order", "22"));
    harness.call(
        &admin,
        "POST",
        &format!("/api/v1/policies/{second}/enable"),
        &Value::Null,
    );

    // The bot speaks the published contracts, once by key and once by token.
    let key = [("maven-api-key", bot.api_key.as_str())];
    let path = format!("/v1/account/{ACCOUNT}/orchestrator/c1/properties");
    let written = harness.ask("PATCH", &path, &key, &json!({ "intent": "order" }));
    assert!((200..300).contains(&written.status), "{written:?}");
    let path = format!("/v1/account/{ACCOUNT}/next-actions?conversationId=c1");
    let asked = harness.ask("GET", &path, &key, &Value::Null);
    assert_eq!(asked.body["rule"]["name"], "second", "{asked:?}");

    // A change is live on the next decision.
    harness.call(
        &admin,
        "POST",
        &format!("/api/v1/policies/{first}/enable"),
        &Value::Null,
    );
    let token = token(&harness, &bot.credential.client_id, &bot.client_secret);
    let path = format!("/v2/policy/nextaction?access_token={token}");
    let body = json!({ "accountId": ACCOUNT, "conversationId": "c1" });
    let actions = harness.ask("POST", &path, &[], &body);
    assert_eq!(
        actions.body,
        json!([{ "type": "TRANSFER_TO_SKILL", "payload": { "skillId": "11" } }])
    );

    // Both decisions can be found, newest first.
    let found = loop {
        let found = harness.call(
            &admin,
            "GET",
            "/api/v1/decisions?conversationId=c1",
            &Value::Null,
        );
        if found["items"].as_array().unwrap().len() == 2 {
            break found;
        }
    };
    assert_eq!(found["items"][0]["policy"]["name"], "first", "{found}");
}

fn token(harness: &Harness, id: &str, secret: &str) -> String {
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    let header = format!("Basic {basic}");
    let answer = harness.ask(
        "POST",
        "/v2/authenticate/login",
        &[("authorization", &header)],
        &Value::Null,
    );
    answer.body["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_ends_when_the_clock_says_so() {
    let harness = Harness::start();
    let bot = harness.credential(Role::Bot);
    let token = token(&harness, &bot.credential.client_id, &bot.client_secret);
    let ask = || {
        let path = format!("/v2/policy/nextaction?access_token={token}");
        harness
            .ask("POST", &path, &[], &json!({ "accountId": ACCOUNT }))
            .status
    };
    assert_eq!(ask(), 200);
    harness.clock.advance(Duration::from_secs(24 * 60 * 60 + 1));
    assert_eq!(ask(), 401);
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let harness = Harness::start();
    let admin = harness.credential(Role::Admin).api_key;
    let id = create(&harness, &admin, &policy("kept", "order", "11"));
    harness.call(
        &admin,
        "POST",
        &format!("/api/v1/policies/{id}/enable"),
        &Value::Null,
    );
    let asked = json!({ "attributes": { "orchestrator": { "intent": "order" } } });
    let decision = harness.call(&admin, "POST", "/api/v1/decisions", &asked);

    let folder = harness.stop();
    let harness = Harness::with(folder, &[]);
    let decided = harness.call(&admin, "POST", "/api/v1/decisions", &asked);
    assert_eq!(decided["policy"]["name"], "kept");
    // The log was written before the end, though nobody waited for it.
    let path = format!(
        "/api/v1/decisions/{}",
        decision["decisionId"].as_str().unwrap()
    );
    assert_eq!(
        harness.call(&admin, "GET", &path, &Value::Null)["decisionId"],
        decision["decisionId"]
    );
}

#[test]
fn an_account_that_asks_too_often_is_told_when_to_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("USHER__LIMITS__REQUESTS_PER_SECOND_MAX", "1"),
        ("USHER__LIMITS__REQUESTS_BURST_MAX", "3"),
    ];
    let harness = Harness::with(folder, &settings);
    let bearer = format!("Bearer {}", harness.credential(Role::Admin).api_key);
    let ask = || {
        harness.ask(
            "GET",
            "/api/v1/policies",
            &[("authorization", &bearer)],
            &Value::Null,
        )
    };
    // The clock stands still, so nothing comes back between two requests.
    let statuses: Vec<u16> = (0..4).map(|_| ask().status).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
    let refused = ask();
    assert_eq!(refused.body["code"], "RATE_LIMITED", "{refused:?}");
    let seconds: u64 = refused.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    harness.clock.advance(Duration::from_secs(seconds));
    assert_eq!(ask().status, 200);
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let first = Harness::start();
    let config = config(first.folder(), &[]);
    let world = usher::boot::World::of_this_machine().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let refused = runtime
        .block_on(usher::boot::Server::boot(&config, &world))
        .unwrap_err();
    assert!(
        format!("{refused:#}").contains("another server runs on the data directory"),
        "{refused:#}"
    );
}

#[test]
fn metrics_and_health_are_served_without_a_credential() {
    let harness = Harness::start();
    assert_eq!(
        harness.ask("GET", "/healthz", &[], &Value::Null).status,
        200
    );
    assert_eq!(harness.ask("GET", "/readyz", &[], &Value::Null).status, 200);
    let metrics = harness.ask("GET", "/metrics", &[], &Value::Null);
    assert_eq!(metrics.status, 200);
    let text = metrics.body.as_str().unwrap();
    assert!(text.contains("usher_http_requests_total"), "{text}");
    let measured = "usher_http_request_duration_seconds_count{method=\"GET\",route=\"/readyz\",status=\"2xx\"}";
    assert!(text.contains(measured), "{text}");
    assert!(
        text.contains("usher_conversations{state=\"QUEUED\"} 0"),
        "{text}"
    );
    assert!(
        !text.contains("acme"),
        "labels are bounded: no account in them\n{text}"
    );
}

#[test]
fn pages_of_other_origins_are_kept_out_unless_they_are_named() {
    let preflight = |harness: &Harness, origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
        ];
        let answer = harness.ask("OPTIONS", "/api/v1/decisions", &headers, &Value::Null);
        answer
            .headers
            .get("access-control-allow-origin")
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let closed = Harness::start();
    assert_eq!(preflight(&closed, "https://desk.example.com"), None);
    let folder = tempfile::tempdir().unwrap();
    let open = Harness::with(
        folder,
        &[("USHER__SECURITY__CORS_ORIGINS", "https://desk.example.com")],
    );
    assert_eq!(
        preflight(&open, "https://desk.example.com").as_deref(),
        Some("https://desk.example.com")
    );
    assert_eq!(preflight(&open, "https://evil.example.com"), None);
}
