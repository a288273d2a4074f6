//! Managing policies through our own API.

use std::sync::Arc;

use axum::http::Request;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use usher_model::role::Role;

use crate::harness::{ACCOUNT, Client, Node, intent_policy};

const POLICIES: &str = "/api/v1/policies";

async fn names(client: &Client<'_>) -> Vec<String> {
    let listed = client.get(POLICIES).await.expect(200).json();
    let items = listed["items"].as_array().unwrap();
    for (position, item) in items.iter().enumerate() {
        assert_eq!(item["position"], position);
    }
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn add(client: &Client<'_>, name: &str) -> String {
    let created = client
        .post(POLICIES, intent_policy(name, name, "1"))
        .await
        .expect(201)
        .json();
    created["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_policy_is_last_disabled_and_at_version_one() {
    let node = Node::start().await;
    let admin = node.admin().await;
    add(&admin, "first").await;
    let mut policy = intent_policy("second", "x", "1");
    policy["enabled"] = true.into();
    let created = admin.post(POLICIES, policy).await.expect(201);
    assert_eq!(created.header("etag"), Some("\"1\""));
    let created = created.json();
    assert_eq!(created["enabled"], false);
    assert_eq!(created["position"], 1);
    assert_eq!(created["version"], 1);
    assert_eq!(created["accountId"], ACCOUNT);
    assert_eq!(created["check"]["status"], "OK");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_moves_up_down_and_to_a_place() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(add(&admin, name).await);
    }
    let step = async |id: &str, to: Value| {
        admin
            .post(&format!("{POLICIES}/{id}/move"), to)
            .await
            .expect(200);
    };
    step(&ids[0], json!({"direction": "DOWN"})).await;
    assert_eq!(names(&admin).await, ["b", "a", "c", "d"]);
    step(&ids[3], json!({"direction": "UP"})).await;
    assert_eq!(names(&admin).await, ["b", "a", "d", "c"]);
    step(&ids[1], json!({"direction": "UP"})).await;
    assert_eq!(names(&admin).await, ["b", "a", "d", "c"]);
    step(&ids[2], json!({"position": 0})).await;
    assert_eq!(names(&admin).await, ["c", "b", "a", "d"]);
    step(&ids[2], json!({"position": 99})).await;
    assert_eq!(names(&admin).await, ["b", "a", "d", "c"]);
    step(&ids[1], json!({"position": 2})).await;
    assert_eq!(names(&admin).await, ["a", "d", "b", "c"]);
    for wrong in [json!({}), json!({"direction": "UP", "position": 1})] {
        admin
            .post(&format!("{POLICIES}/{}/move", ids[0]), wrong)
            .await
            .expect(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_live_on_the_next_decision_and_every_version_can_come_back() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = admin.enabled_policy(intent_policy("p", "order", "1")).await;
    let decide = async || {
        let asked = json!({"attributes": {"orchestrator": {"intent": "order"}}});
        let decided = admin
            .post("/api/v1/decisions", asked)
            .await
            .expect(200)
            .json();
        decided["actions"][0]["payload"]["skillId"].clone()
    };
    assert_eq!(decide().await, "1");
    let path = format!("{POLICIES}/{id}");
    let edited = admin
        .call("PUT", &path, Some(intent_policy("p", "order", "2")))
        .await
        .expect(200);
    assert_eq!(edited.json()["enabled"], true);
    assert_eq!(decide().await, "2");
    let versions = admin
        .get(&format!("{path}/versions"))
        .await
        .expect(200)
        .json();
    let changes: Vec<&str> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["change"].as_str().unwrap())
        .collect();
    assert_eq!(changes, ["update", "enable", "create"]);
    admin
        .post(&format!("{path}/revert"), json!({"version": 1}))
        .await
        .expect(200);
    assert_eq!(decide().await, "1");
    admin
        .post(&format!("{path}/revert"), json!({"version": 99}))
        .await
        .expect(404);
    admin.call("DELETE", &path, None).await.expect(204);
    assert_eq!(decide().await, Value::Null);
    admin.get(&path).await.expect(404);
    let versions = admin
        .get(&format!("{path}/versions"))
        .await
        .expect(200)
        .json();
    assert_eq!(versions["items"][0]["change"], "delete");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_an_old_version_is_refused() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = add(&admin, "p").await;
    let path = format!("{POLICIES}/{id}");
    let edit = intent_policy("p", "other", "2").to_string();
    admin
        .raw("PUT", &path, edit.clone(), &[("if-match", "\"1\"")])
        .await
        .expect(200);
    let refused = admin
        .raw("PUT", &path, edit, &[("if-match", "\"1\"")])
        .await
        .expect(409);
    assert_eq!(
        refused.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(refused.json()["code"], "REVISION_CONFLICT");
    admin
        .raw("DELETE", &path, "", &[("if-match", "\"1\"")])
        .await
        .expect(409);
    admin
        .raw("PUT", &path, "{}", &[("if-match", "abc")])
        .await
        .expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_unique_ignoring_case() {
    let node = Node::start().await;
    let admin = node.admin().await;
    add(&admin, "VIP desk").await;
    let refused = admin
        .post(POLICIES, intent_policy("vip DESK", "x", "1"))
        .await
        .expect(409);
    assert_eq!(refused.json()["code"], "NAME_TAKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_sent_twice_under_one_name_makes_one() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let named: &[(&str, &str)] = &[("idempotency-key", "once")];
    let policy = intent_policy("p", "x", "1").to_string();
    let first = admin
        .raw("POST", POLICIES, policy.clone(), named)
        .await
        .expect(201)
        .json();
    let second = admin
        .raw("POST", POLICIES, policy, named)
        .await
        .expect(201)
        .json();
    assert_eq!(first["id"], second["id"]);
    let other = intent_policy("q", "x", "1").to_string();
    let refused = admin
        .raw("POST", POLICIES, other.clone(), named)
        .await
        .expect(409)
        .json();
    assert_eq!(refused["code"], "IDEMPOTENCY_CONFLICT");
    assert_eq!(names(&admin).await, ["p"]);
    for (path, body) in [
        ("/api/v1/skills", json!({"name": "Orders"})),
        (
            "/api/v1/users",
            json!({"name": "Ada", "email": "a@b.c", "role": "agent"}),
        ),
        ("/api/v1/attributes", json!({"name": "vip", "value": "x"})),
    ] {
        let named: &[(&str, &str)] = &[("idempotency-key", path)];
        let first = admin
            .raw("POST", path, body.to_string(), named)
            .await
            .expect(201)
            .json();
        let second = admin
            .raw("POST", path, body.to_string(), named)
            .await
            .expect(201)
            .json();
        assert_eq!(first, second);
    }
    let credential = json!({"name": "bot", "role": "bot"}).to_string();
    let named: &[(&str, &str)] = &[("idempotency-key", "credential")];
    admin
        .raw("POST", "/api/v1/credentials", credential.clone(), named)
        .await
        .expect(201);
    admin
        .raw("POST", "/api/v1/credentials", credential, named)
        .await
        .expect(409);
    // A name is the caller's own, and free again after a day.
    let colleague = node.client(ACCOUNT, usher_model::role::Role::Manager).await;
    let named: &[(&str, &str)] = &[("idempotency-key", "once")];
    colleague
        .raw("POST", POLICIES, other, named)
        .await
        .expect(201);
    node.clock.advance(std::time::Duration::from_secs(86_400));
    let again = intent_policy("r", "x", "1").to_string();
    admin.raw("POST", POLICIES, again, named).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_said_with_its_place() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let broken = json!({
        "name": "broken",
        "conditions": [
            {"property": "orchestrator.intent", "type": "IS_INN", "value": "x"},
            {"property": "orchestrator.age", "type": "LESS_THAN", "value": "old"},
        ],
        "actions": [{"type": "TRANSFER_TO_SKIL", "payload": {"skillId": "1"}}],
    });
    let refused = admin
        .post(POLICIES, broken.clone())
        .await
        .expect(422)
        .json();
    assert_eq!(refused["code"], "POLICY_INVALID");
    let errors = refused["errors"].as_array().unwrap();
    assert!(errors.len() >= 2, "{refused}");
    assert!(
        errors.iter().any(|error| error["suggestion"] == "IS_IN"),
        "{refused}"
    );
    let checked = admin
        .post(&format!("{POLICIES}/check"), broken)
        .await
        .expect(200)
        .json();
    assert_eq!(checked["status"], "INVALID");
    assert_eq!(names(&admin).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_stands_right_below_disabled_and_renamed() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = admin.enabled_policy(intent_policy("a", "x", "1")).await;
    add(&admin, "b").await;
    for name in ["a (copy)", "a (copy 2)"] {
        let path = format!("{POLICIES}/{id}/duplicate");
        let copy = admin.call("POST", &path, None).await.expect(201).json();
        assert_eq!(copy["name"], name);
        assert_eq!(copy["enabled"], false);
        assert_eq!(copy["position"], 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_an_import() {
    let node = Node::start().await;
    let admin = node.admin().await;
    admin.enabled_policy(intent_policy("a", "x", "1")).await;
    add(&admin, "b").await;
    let file = admin
        .get(&format!("{POLICIES}/export"))
        .await
        .expect(200)
        .json();
    assert_eq!(file["formatVersion"], 1);
    let other = node.client("acc2", usher_model::role::Role::Admin).await;
    let path = format!("{POLICIES}/import?mode=append");
    let report = other.post(&path, file.clone()).await.expect(200).json();
    assert_eq!(report["created"], 2);
    let listed = other.get(POLICIES).await.json();
    assert_eq!(listed["items"][0]["enabled"], false);
    let path = format!("{POLICIES}/import?mode=replace&keepEnabled=true");
    let report = other.post(&path, file).await.expect(200).json();
    assert_eq!(
        (&report["created"], &report["updated"]),
        (&json!(0), &json!(2))
    );
    let listed = other.get(POLICIES).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert_eq!(listed["items"][0]["enabled"], true);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_looked_at_before_it_changes_anything() {
    let node = Node::start().await;
    let admin = node.admin().await;
    add(&admin, "kept").await;
    let file = json!([
        intent_policy("new", "order", "1"),
        {"name": "odd", "actions": [{"type": "SING", "payload": {}}]},
    ]);
    let path = format!("{POLICIES}/import?mode=replace&dryRun=true");
    let report = admin.post(&path, file.clone()).await.expect(200).json();
    assert_eq!(
        (&report["created"], &report["deleted"], &report["invalid"]),
        (&json!(2), &json!(1), &json!(1)),
        "{report}"
    );
    assert!(!report["problems"].as_array().unwrap().is_empty());
    assert_eq!(names(&admin).await, ["kept"]);
    let path = format!("{POLICIES}/import?mode=replace");
    let done = admin.post(&path, file).await.expect(200).json();
    assert_eq!(done, report);
    assert_eq!(names(&admin).await, ["new", "odd"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacing_import_may_exchange_names() {
    let node = Node::start().await;
    let admin = node.admin().await;
    for name in ["a", "b", "c", "d"] {
        add(&admin, name).await;
    }
    let export = format!("{POLICIES}/export");
    let mut file = admin.get(&export).await.expect(200).json();
    let policies = file["policies"].as_array_mut().unwrap();
    // Two change places, one takes the name of one that goes, and one that arrives takes its old one.
    policies.truncate(3);
    for (policy, name) in policies.iter_mut().zip(["B", "a", "d"]) {
        policy["name"] = json!(name);
    }
    policies.push(intent_policy("c", "x", "1"));
    let path = format!("{POLICIES}/import?mode=replace");
    let report = admin.post(&path, file).await.expect(200).json();
    assert_eq!(report["created"], 1);
    assert_eq!(report["updated"], 3);
    assert_eq!(report["deleted"], 1);
    let listed = admin.get(POLICIES).await.json();
    let listed = listed["items"].as_array().unwrap();
    let names: Vec<&Value> = listed.iter().map(|policy| &policy["name"]).collect();
    assert_eq!(names, ["B", "a", "d", "c"]);
    let versions: Vec<&Value> = listed.iter().map(|policy| &policy["version"]).collect();
    assert_eq!(versions, [2, 2, 2, 1]);
    // What was put back can be changed again.
    let path = format!("{POLICIES}/{}", listed[0]["id"].as_str().unwrap());
    let renamed = intent_policy("e", "x", "1");
    admin.call("PUT", &path, Some(renamed)).await.expect(200);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_block_is_imported() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let block = json!({
        "conditions": [{"property": "customerinfo.email", "type": "IS_IN", "value": "{{custom.vipList}}"}],
        "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "{{custom.vipSkill}}"}}],
        "exception": {
            "conditions": [{"property": "custom.outage", "type": "EQUAL", "value": "True"}],
            "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "9"}}],
        },
    });
    admin
        .post(&format!("{POLICIES}/import"), block)
        .await
        .expect(200);
    let listed = admin.get(POLICIES).await.json();
    let id = listed["items"][0]["id"].as_str().unwrap();
    admin
        .call("POST", &format!("{POLICIES}/{id}/enable"), None)
        .await
        .expect(200);
    for (name, value_type, value) in [
        ("vipList", "LIST", json!(["ada@example.com"])),
        ("vipSkill", "STRING", json!("77")),
        ("outage", "BOOLEAN", json!(false)),
    ] {
        let attribute =
            json!({"name": name, "kind": "STATIC", "valueType": value_type, "value": value});
        admin
            .post("/api/v1/attributes", attribute)
            .await
            .expect(201);
    }
    let said = json!({"customerInfo": {"email": "ada@example.com"}, "authenticated": true});
    admin
        .call("PATCH", "/api/v1/consumers/u1/sdes", Some(said))
        .await
        .expect(200);
    let decide = async || {
        let decided = admin
            .post("/api/v1/decisions", json!({"consumerId": "u1"}))
            .await;
        decided.expect(200).json()["actions"][0]["payload"]["skillId"].clone()
    };
    assert_eq!(decide().await, "77");
    let outage = json!({"valueType": "BOOLEAN", "value": true});
    admin
        .call("PUT", "/api/v1/attributes/outage", Some(outage))
        .await
        .expect(200);
    assert_eq!(decide().await, "9");
    let catalogue = admin.get("/api/v1/attributes").await.expect(200).json();
    let vip = catalogue["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|a| a["name"] == "custom.vipList");
    assert_eq!(vip.unwrap()["policies"], json!([id]));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_policies_are_imported_at_once_and_the_limit_holds() {
    let node = Node::start_with(|options| options.policies_max = 10_000).await;
    let admin = node.admin().await;
    let policies: Vec<Value> = (0..10_000)
        .map(|number| {
            let mut policy = intent_policy(&format!("p{number}"), &format!("i{number}"), "1");
            policy["enabled"] = true.into();
            policy
        })
        .collect();
    let path = format!("{POLICIES}/import?mode=append&keepEnabled=true");
    let report = admin
        .post(&path, Value::Array(policies))
        .await
        .expect(200)
        .json();
    assert_eq!(report["created"], 10_000);
    let asked = json!({"attributes": {"orchestrator": {"intent": "i9999"}}});
    let decided = admin
        .post("/api/v1/decisions", asked)
        .await
        .expect(200)
        .json();
    assert_eq!(decided["policy"]["name"], "p9999");
    let refused = admin
        .post(POLICIES, intent_policy("one more", "x", "1"))
        .await
        .expect(422);
    assert_eq!(refused.json()["code"], "POLICY_LIMIT");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_in_the_audit_log() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = admin.enabled_policy(intent_policy("p", "x", "1")).await;
    let log = admin
        .get(&format!("/api/v1/audit?target=policy/{id}"))
        .await
        .expect(200)
        .json();
    let entries = log["items"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["action"], "policy.enable");
    assert_eq!(entries[0]["before"]["enabled"], false);
    assert_eq!(entries[0]["after"]["enabled"], true);
    assert!(
        entries[0]["actor"]
            .as_str()
            .unwrap()
            .starts_with("credential/")
    );
    let page = admin.get("/api/v1/audit?limit=1").await.json();
    let cursor = page["nextCursor"].as_str().unwrap();
    let next = admin
        .get(&format!("/api/v1/audit?limit=1&cursor={cursor}"))
        .await
        .json();
    assert_ne!(page["items"][0]["id"], next["items"][0]["id"]);
    assert!(!log.to_string().contains("keyHash"));
    let entry = &page["items"][0];
    let path = format!("/api/v1/audit/{}", entry["id"].as_str().unwrap());
    assert_eq!(&admin.get(&path).await.expect(200).json(), entry);
    let unknown = "/api/v1/audit/00000000-0000-7000-8000-000000000000";
    admin.get(unknown).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_searched_by_who_did_what_and_when() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let other = node.client(ACCOUNT, Role::Manager).await;
    admin.enabled_policy(intent_policy("p", "x", "1")).await;
    other
        .post("/api/v1/attributes", json!({"name": "a", "value": "x"}))
        .await
        .expect(201);
    let actions = async |query: &str| -> Vec<String> {
        let path = format!("/api/v1/audit?{query}");
        let page = admin.get(&path).await.expect(200).json();
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|one| one["action"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        actions("action=policy").await,
        ["policy.enable", "policy.create"]
    );
    assert_eq!(actions("action=policy.create").await, ["policy.create"]);
    assert_eq!(actions("action=pol").await, [""; 0]);
    let made = admin.get("/api/v1/audit?action=attribute").await.json();
    let entry = &made["items"][0];
    let by = format!("actor={}", entry["actor"].as_str().unwrap());
    assert_eq!(actions(&by).await, ["attribute.create"]);
    let at = entry["at"].as_str().unwrap();
    assert!(
        !actions(&format!("to={at}"))
            .await
            .contains(&"attribute.create".to_owned())
    );
    assert!(
        actions(&format!("from={at}"))
            .await
            .contains(&"attribute.create".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn creations_at_once_are_all_made_and_each_answers_what_it_made() {
    let node = Arc::new(Node::start().await);
    let api_key = node.admin().await.api_key;
    let mut creations = JoinSet::new();
    for number in 0..60 {
        let (node, bearer) = (Arc::clone(&node), format!("Bearer {api_key}"));
        creations.spawn(async move {
            let name = format!("p{number}");
            let policy = intent_policy(&name, "x", "1").to_string();
            let request = Request::post(POLICIES).header("authorization", bearer);
            let request = request.body(policy.into()).unwrap();
            let made = node.send(request).await.expect(201).json();
            assert_eq!(made["name"], name);
        });
    }
    creations.join_all().await;
    assert_eq!(names(&node.admin().await).await.len(), 60);
}
