//! The whole product on PostgreSQL: nodes are equal and may come and go.

#[path = "../../../usher-store/tests/it/cluster/server.rs"]
mod server;

mod bus;
mod processes;

use serde_json::{Value, json};
use usher_model::role::Role;

use crate::harness::Harness;
use server::Server;

fn node(database: &str) -> Harness {
    Harness::with(
        tempfile::tempdir().unwrap(),
        &[("USHER__STORE__URL", database)],
    )
}

fn policy(name: &str, skill: &str) -> Value {
    json!({
        "name": name,
        "conditions": [{ "property": "ns.a", "type": "EQUAL", "value": "x" }],
        "actions": [{ "type": "TRANSFER_TO_SKILL", "payload": { "skillId": skill } }],
    })
}

#[test]
fn a_change_on_one_node_is_live_on_the_next_decision_of_another() {
    let server = Server::start();
    let database = server.database("nodes");
    let (first, second) = (node(&database), node(&database));
    let key = first.credential(Role::Admin).api_key;
    let asked = json!({ "sessionId": "s" });
    let document = json!({ "properties": { "a": "x" } });
    second.call(&key, "PATCH", "/api/v1/context/ns/s", &document);
    for (name, skill) in [("lower", "1"), ("upper", "2")] {
        let created = first.call(&key, "POST", "/api/v1/policies", &policy(name, skill));
        let id = created["id"].as_str().unwrap();
        first.call(
            &key,
            "POST",
            &format!("/api/v1/policies/{id}/enable"),
            &Value::Null,
        );
        first.call(
            &key,
            "POST",
            &format!("/api/v1/policies/{id}/move"),
            &json!({ "position": 0 }),
        );
        for node in [&first, &second] {
            let decision = node.call(&key, "POST", "/api/v1/decisions", &asked);
            assert_eq!(decision["policy"]["name"], name, "{decision}");
        }
    }
    let document = json!({ "properties": { "a": "y" } });
    first.call(&key, "PATCH", "/api/v1/context/ns/s", &document);
    let decision = second.call(&key, "POST", "/api/v1/decisions", &asked);
    assert_eq!(decision["noMatchReason"], "NO_MATCHED_RULES", "{decision}");
}

#[test]
fn two_nodes_may_edit_at_once() {
    const EDITS: usize = 24;
    let server = Server::start();
    let database = server.database("edits");
    let nodes = [node(&database), node(&database)];
    let key = nodes[0].credential(Role::Admin).api_key;
    std::thread::scope(|scope| {
        for (number, node) in nodes.iter().enumerate() {
            let key = &key;
            scope.spawn(move || {
                for edit in 0..EDITS {
                    let policy = policy(&format!("{number}-{edit}"), "1");
                    node.call(key, "POST", "/api/v1/policies", &policy);
                }
            });
        }
    });
    for node in &nodes {
        let listed = node.call(&key, "GET", "/api/v1/policies", &Value::Null);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2 * EDITS);
    }
}

#[test]
fn a_replacing_import_may_exchange_names() {
    let server = Server::start();
    let node = node(&server.database("names"));
    let key = node.credential(Role::Admin).api_key;
    for name in ["a", "b"] {
        node.call(&key, "POST", "/api/v1/policies", &policy(name, "1"));
    }
    let mut file = node.call(&key, "GET", "/api/v1/policies/export", &Value::Null);
    file["policies"][0]["name"] = json!("b");
    file["policies"][1]["name"] = json!("a");
    let path = "/api/v1/policies/import?mode=replace";
    let report = node.call(&key, "POST", path, &file);
    assert_eq!(report["updated"], 2, "{report}");
    let listed = node.call(&key, "GET", "/api/v1/policies", &Value::Null);
    assert_eq!(listed["items"][0]["name"], "b");
    assert_eq!(listed["items"][1]["name"], "a");
}

#[test]
fn a_node_goes_on_when_the_database_comes_back() {
    let server = Server::start();
    let node = node(&server.database("restart"));
    let key = node.credential(Role::Admin).api_key;
    let document = json!({ "properties": { "a": "x" } });
    node.call(&key, "PATCH", "/api/v1/context/ns/s", &document);
    server.restart();
    let bearer = format!("Bearer {key}");
    // The first requests may meet a broken connection; each of them replaces one.
    let answer = (0..16)
        .map(|_| {
            node.ask(
                "GET",
                "/api/v1/context/ns/s",
                &[("authorization", &bearer)],
                &Value::Null,
            )
        })
        .find(|answer| answer.status == 200);
    let answer = answer.expect("the node never came back");
    assert_eq!(answer.body["properties"]["a"], "x");
}

#[test]
fn a_consumer_is_routed_although_the_context_gives_no_answer() {
    let server = Server::start();
    let node = node(&server.database("hang"));
    let key = node.credential(Role::Admin).api_key;
    let skill = json!({ "id": "sales", "name": "Sales" });
    node.call(&key, "POST", "/api/v1/skills", &skill);
    let lock = server.lock("hang", "context_documents");
    let new = json!({ "skillId": "sales", "consumerId": "carl", "isAuthenticated": true });
    let opened = node.call(&key, "POST", "/api/v1/conversations", &new);
    let path = format!("/api/v1/conversations/{}", opened["id"].as_str().unwrap());
    let events = "/api/v1/events?types=conversation.last_agent_considered&wait=25";
    let events = node.call(&key, "GET", events, &Value::Null);
    let considered = &events["items"][0]["event"];
    assert_eq!(considered["reason"], "LOOKUP_TIMEOUT", "{considered}");
    let view = node.call(&key, "GET", &path, &Value::Null);
    assert_eq!(
        (&view["state"], &view["skillId"]),
        (&json!("QUEUED"), &json!("sales"))
    );
    // The lock is held up to here: nothing of it has waited for the context.
    drop(lock);
    let document = json!({ "properties": { "a": "x" } });
    node.call(&key, "PATCH", "/api/v1/context/ns/s", &document);
}
