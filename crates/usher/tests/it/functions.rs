//! Functions and sudden death: what happens is told to them, and what they want is done once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Process, init};

/// Long enough for every pause between attempts.
const PATIENCE: Duration = Duration::from_secs(100);
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
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn what_functions_want_is_done_once_though_the_server_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    // The test asks as often as it can.
    let settings = [
        ("USHER__LIMITS__REQUESTS_PER_SECOND_MAX", "100000"),
        ("USHER__LIMITS__REQUESTS_BURST_MAX", "100000"),
    ];
    let serve = || Process::serve_aloud(folder.path(), &settings);
    let mut server = serve();
    for skill in ["sales", "vip"] {
        let skill = json!({"id": skill, "name": skill});
        call(&server, &key, "POST", "/api/v1/skills", &skill);
    }
    let started = "controllerbot_messaging_new_conversation";
    deploy(&server, &key, "Greets", started, GREETS);
    let mut conversations = Vec::new();
    for number in 0..CONVERSATIONS {
        let consumer = format!("consumer-{number}");
        let new = json!({"skillId": "sales", "consumerId": consumer});
        let opened = call(&server, &key, "POST", "/api/v1/conversations", &new);
        conversations.push(opened["id"].as_str().unwrap().to_owned());
        if number % 3 == 2 {
            // It dies somewhere between telling, doing, and noting that it is done: each time a
            // little further on.
            let newest = &conversations[number - (number / 3) % 3];
            until("something was done", || {
                !said(&timeline(&server, &key, newest)).is_empty()
            });
            server.signal("KILL");
            server.exit_code();
            server = serve();
        }
    }
    for (number, id) in conversations.iter().enumerate() {
        until("it is transferred", || {
            count(&timeline(&server, &key, id), "TRANSFERRED") > 0
        });
        let timeline = timeline(&server, &key, id);
        assert_eq!(said(&timeline), [format!("Hello, consumer-{number}.")]);
        assert_eq!(count(&timeline, "TRANSFERRED"), 1, "{timeline:?}");
    }

    // A function that fails is a dead letter in the end, and holds up nobody else.
    let routed = "controllerbot_messaging_conversation_routing";
    deploy(&server, &key, "Closes", routed, CLOSES);
    for id in conversations.iter().take(3) {
        let transfer = format!("/api/v1/conversations/{id}/transfer");
        call(
            &server,
            &key,
            "POST",
            &transfer,
            &json!({"skillId": "sales"}),
        );
    }
    let state = |server: &Process, id: &str| {
        let path = format!("/api/v1/conversations/{id}");
        call(server, &key, "GET", &path, &Value::Null)["state"].clone()
    };
    for id in conversations.iter().skip(1).take(2) {
        until("it is closed", || state(&server, id) == "CLOSED");
    }
    assert_eq!(state(&server, &conversations[0]), "QUEUED");
    let letters = "/api/v1/dead-letters?target=functions";
    let list = |server: &Process| {
        let list = call(server, &key, "GET", letters, &Value::Null);
        list["items"].as_array().unwrap().clone()
    };
    until("it is a dead letter", || !list(&server).is_empty());
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
