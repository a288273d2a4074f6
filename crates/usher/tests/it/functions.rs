//! Functions and sudden death: what happens is told to them, and what they want is done once.

use std::path::Path;

use serde_json::{Value, json};

use crate::process::{Process, init};

const CONVERSATIONS: usize = 12;

/// Greets whoever comes, and sends them to another skill.
const GREETS: &str = r#"async function lambda(input) {
  const { convId } = input.payload.general;
  console.info("greets", convId);
  return [
    { type: "systemMessage", text: `Hello, ${input.payload.ours.consumerId}.` },
    { type: "transfer", skillId: "vip" },
  ];
}"#;

/// Does not like one consumer.
const CLOSES: &str = r#"async function lambda(input) {
  if (input.payload.ours.consumerId === "consumer-0") {
    throw new Error("not this one");
  }
  return { type: "closeConversation" };
}"#;

/// Calls a server and expects a success.
fn call(server: &Process, key: &str, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = server.ask(method, path, key, &body.to_string());
    assert!(status.starts_with("HTTP/1.1 2"), "{path} {status} {answer}");
    answer
}

fn deploy(server: &Process, key: &str, name: &str, event: &str, source: &str) {
    let new = json!({"name": name, "eventId": event, "source": source});
    let made = call(server, key, "POST", "/api/v1/functions", &new);
    let path = format!("/api/v1/functions/{}/deploy", made["id"].as_str().unwrap());
    call(server, key, "POST", &path, &json!({}));
}

fn timeline(server: &Process, key: &str, id: &str) -> Vec<Value> {
    let path = format!("/api/v1/conversations/{id}/timeline");
    let timeline = call(server, key, "GET", &path, &Value::Null);
    timeline["items"].as_array().unwrap().clone()
}

fn count(timeline: &[Value], kind: &str) -> usize {
    let events = timeline.iter().map(|item| &item["event"]);
    events.filter(|event| event["type"] == kind).count()
}

/// What Usher said.
fn said(timeline: &[Value]) -> Vec<&str> {
    let events = timeline.iter().map(|item| &item["event"]);
    let said = events.filter(|event| event["senderRole"] == "SYSTEM");
    said.map(|event| event["text"].as_str().unwrap()).collect()
}

/// Asks until it is so.
fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        std::thread::yield_now();
    }
}

/// Starts a server that may be asked as often as the tests can.
fn serve(folder: &Path) -> Process {
    let settings = [
        ("USHER__LIMITS__REQUESTS_PER_SECOND_MAX", "100000"),
        ("USHER__LIMITS__REQUESTS_BURST_MAX", "100000"),
    ];
    Process::serve_aloud(folder, &settings)
}

fn add_skills(server: &Process, key: &str) {
    for skill in ["sales", "vip"] {
        let skill = json!({"id": skill, "name": skill});
        call(server, key, "POST", "/api/v1/skills", &skill);
    }
}

fn open(server: &Process, key: &str, number: usize) -> String {
    let new = json!({"skillId": "sales", "consumerId": format!("consumer-{number}")});
    let opened = call(server, key, "POST", "/api/v1/conversations", &new);
    opened["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_functions_want_is_done_once_though_the_server_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let mut server = serve(folder.path());
    add_skills(&server, &key);
    let started = "controllerbot_messaging_new_conversation";
    deploy(&server, &key, "Greets", started, GREETS);
    let mut conversations = Vec::new();
    for number in 0..CONVERSATIONS {
        conversations.push(open(&server, &key, number));
        if number % 3 == 2 {
            // It dies somewhere between telling, doing, and noting that it is done: each time a
            // little further on.
            let newest = &conversations[number - (number / 3) % 3];
            until(|| !said(&timeline(&server, &key, newest)).is_empty());
            server.signal("KILL");
            server.exit_code();
            server = serve(folder.path());
        }
    }
    for (number, id) in conversations.iter().enumerate() {
        until(|| count(&timeline(&server, &key, id), "TRANSFERRED") > 0);
        let timeline = timeline(&server, &key, id);
        assert_eq!(said(&timeline), [format!("Hello, consumer-{number}.")]);
        assert_eq!(count(&timeline, "TRANSFERRED"), 1, "{timeline:?}");
    }
}

#[test]
fn what_a_function_failed_at_is_a_dead_letter_and_holds_up_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let server = serve(folder.path());
    add_skills(&server, &key);
    let conversations: Vec<_> = (0..3).map(|number| open(&server, &key, number)).collect();
    let routed = "controllerbot_messaging_conversation_routing";
    deploy(&server, &key, "Closes", routed, CLOSES);
    for id in &conversations {
        let path = format!("/api/v1/conversations/{id}/transfer");
        call(&server, &key, "POST", &path, &json!({"skillId": "vip"}));
    }
    let state = |server: &Process, id: &str| {
        let path = format!("/api/v1/conversations/{id}");
        call(server, &key, "GET", &path, &Value::Null)["state"].clone()
    };
    for id in &conversations[1..] {
        until(|| state(&server, id) == "CLOSED");
    }
    assert_eq!(state(&server, &conversations[0]), "QUEUED");
    let letters = "/api/v1/dead-letters?target=functions";
    let list = |server: &Process| {
        let list = call(server, &key, "GET", letters, &Value::Null);
        list["items"].as_array().unwrap().clone()
    };
    until(|| !list(&server).is_empty());
    let letter = list(&server).remove(0);
    assert_eq!(letter["type"], "conversation.transferred", "{letter}");
    assert_eq!(letter["attempts"], 4, "{letter}");
    let error = letter["error"].as_str().unwrap();
    assert!(error.contains("not this one"), "{error}");
    let id = letter["id"].as_str().unwrap();
    let again = format!("/api/v1/dead-letters/{id}/redeliver");
    call(&server, &key, "POST", &again, &json!({}));
    assert_eq!(list(&server).len(), 1, "it fails again");
    let functions = call(&server, &key, "GET", "/api/v1/functions", &Value::Null);
    let functions = functions["items"].as_array().unwrap();
    let closes = functions
        .iter()
        .find(|one| one["name"] == "Closes")
        .unwrap();
    let path = format!("/api/v1/functions/{}", closes["id"].as_str().unwrap());
    let mended = json!({"source": CLOSES.replace("throw new Error", "console.warn")});
    call(&server, &key, "PATCH", &path, &mended);
    call(&server, &key, "POST", &format!("{path}/deploy"), &json!({}));
    call(&server, &key, "POST", &again, &json!({}));
    assert_eq!(list(&server), [Value::Null; 0]);
    assert_eq!(state(&server, &conversations[0]), "CLOSED");
}
