//! Functions and sudden death: what happens is told to them, and what they want is done once.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::{Value, json};
use usher::boot::{Purpose, open_store};
use usher_model::id::AccountId;
use usher_model::time::Timestamp;
use usher_store::batch::{Batch, Expect};
use usher_store::record::outbox::Delivery;

use crate::harness::{ACCOUNT, config};
use crate::neighbour::{Neighbour, reply};
use crate::process::{Process, children_of, init, signal};

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

fn deploy(server: &Process, key: &str, name: &str, event: &str, source: &str) {
    let new = json!({"name": name, "eventId": event, "source": source});
    deploy_new(server, key, &new);
}

/// Makes a function, deploys it and returns its path.
fn deploy_new(server: &Process, key: &str, new: &Value) -> String {
    let made = server.call(key, "POST", "/api/v1/functions", new);
    let path = format!("/api/v1/functions/{}", made["id"].as_str().unwrap());
    server.call(key, "POST", &format!("{path}/deploy"), &json!({}));
    path
}

fn timeline(server: &Process, key: &str, id: &str) -> Vec<Value> {
    let path = format!("/api/v1/conversations/{id}/timeline");
    let timeline = server.call(key, "GET", &path, &Value::Null);
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
    serve_with(folder, &[])
}

/// The same, whose functions may call this machine, with other settings too.
fn serve_with(folder: &Path, settings: &[(&str, &str)]) -> Process {
    let patient = [
        ("USHER__LIMITS__REQUESTS_PER_SECOND_MAX", "100000"),
        ("USHER__LIMITS__REQUESTS_BURST_MAX", "100000"),
        ("USHER__OUTBOUND__ALLOW_PRIVATE", "127.0.0.1"),
    ];
    let settings: Vec<_> = settings.iter().copied().chain(patient).collect();
    Process::serve_aloud(folder, &settings)
}

fn allow_this_machine(server: &Process, key: &str) {
    let list = json!({"domains": ["127.0.0.1"]});
    server.call(key, "PUT", "/api/v1/functions/allow-list", &list);
}

fn add_skills(server: &Process, key: &str) {
    for skill in ["sales", "vip"] {
        let skill = json!({"id": skill, "name": skill});
        server.call(key, "POST", "/api/v1/skills", &skill);
    }
}

fn open(server: &Process, key: &str, number: usize) -> String {
    let new = json!({"skillId": "sales", "consumerId": format!("consumer-{number}")});
    let opened = server.call(key, "POST", "/api/v1/conversations", &new);
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
        server.call(&key, "POST", &path, &json!({"skillId": "vip"}));
    }
    let state = |server: &Process, id: &str| {
        let path = format!("/api/v1/conversations/{id}");
        server.call(&key, "GET", &path, &Value::Null)["state"].clone()
    };
    for id in &conversations[1..] {
        until(|| state(&server, id) == "CLOSED");
    }
    assert_eq!(state(&server, &conversations[0]), "QUEUED");
    let letters = "/api/v1/dead-letters?target=functions";
    let list = |server: &Process| {
        let list = server.call(&key, "GET", letters, &Value::Null);
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
    server.call(&key, "POST", &again, &json!({}));
    assert_eq!(list(&server).len(), 1, "it fails again");
    let functions = server.call(&key, "GET", "/api/v1/functions", &Value::Null);
    let functions = functions["items"].as_array().unwrap();
    let closes = functions
        .iter()
        .find(|one| one["name"] == "Closes")
        .unwrap();
    let path = format!("/api/v1/functions/{}", closes["id"].as_str().unwrap());
    let mended = json!({"source": CLOSES.replace("throw new Error", "console.warn")});
    server.call(&key, "PATCH", &path, &mended);
    server.call(&key, "POST", &format!("{path}/deploy"), &json!({}));
    server.call(&key, "POST", &again, &json!({}));
    assert_eq!(list(&server), [Value::Null; 0]);
    assert_eq!(state(&server, &conversations[0]), "CLOSED");
}

/// Has policies ask a function that asks a customer database; returns the function's path.
///
/// `Known` wins if the request says so, then `VIP desk` if the database does, then `Others`.
fn ask_database(server: &Process, key: &str, crm: &Neighbour) -> String {
    allow_this_machine(server, key);
    let source = format!(
        "const {{ Toolbelt }} = require('lp-faas-toolbelt');
        async function lambda() {{
            const crm = Toolbelt.HTTPClient();
            return (await crm('http://{}/', {{ json: true }})).vip;
        }}",
        crm.address
    );
    let function = deploy_new(server, key, &json!({"name": "VIP", "source": source}));
    let id = function.rsplit('/').next().unwrap();
    let attribute = json!({"name": "vip", "kind": "FUNCTION", "functionId": id,
        "timeoutMs": 8_000});
    server.call(key, "POST", "/api/v1/attributes", &attribute);
    for (name, expression) in [
        ("Known", "ns.known == true"),
        ("VIP desk", "custom.vip == true"),
        ("Others", "1 == 1"),
    ] {
        let policy = json!({"name": name, "expression": expression,
            "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "1"}}]});
        let made = server.call(key, "POST", "/api/v1/policies", &policy);
        let enable = format!("/api/v1/policies/{}/enable", made["id"].as_str().unwrap());
        server.call(key, "POST", &enable, &Value::Null);
    }
    function
}

#[test]
fn a_decision_that_waits_for_a_function_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let server = serve(folder.path());
    let may_answer = Arc::new(AtomicBool::new(false));
    let may = Arc::clone(&may_answer);
    let crm = Neighbour::start("127.0.0.1", move |_, socket| {
        until(|| may.load(Ordering::SeqCst));
        reply(socket, "200 OK", &json!({"vip": true}))
    });
    ask_database(&server, &key, &crm);
    let path = "/api/v1/decisions";
    let slow: Vec<_> = (0..4)
        .map(|_| server.send("POST", path, &key, "{}"))
        .collect();
    until(|| crm.asked() == 4);
    for _ in 0..20 {
        let known = json!({"attributes": {"ns": {"known": true}}});
        let decided = server.call(&key, "POST", path, &known);
        assert_eq!(decided["policy"]["name"], "Known");
    }
    may_answer.store(true, Ordering::SeqCst);
    for one in slow {
        let (_, decided) = crate::process::answer(one);
        assert_eq!(decided["policy"]["name"], "VIP desk", "{decided}");
    }
}

#[test]
fn a_function_that_breaks_is_left_alone_says_so_and_is_asked_again_when_it_is_well() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let server = serve(folder.path());
    let is_down = Arc::new(AtomicBool::new(false));
    let down = Arc::clone(&is_down);
    let crm = Neighbour::start("127.0.0.1", move |_, socket| {
        match down.load(Ordering::SeqCst) {
            true => reply(socket, "503 Later", &json!({})),
            false => reply(socket, "200 OK", &json!({"vip": true})),
        }
    });
    let function = ask_database(&server, &key, &crm);
    // Who wins, what the explanation says of the call, and of the policy that needs it.
    let decide = || {
        let body = json!({"explain": true});
        let decided = server.call(&key, "POST", "/api/v1/decisions", &body);
        let explanation = &decided["explanation"];
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        (
            word(&decided["policy"]["name"]),
            word(&explanation["functionCalls"][0]["outcome"]),
            word(&explanation["policies"][1]["status"]),
        )
    };
    let say = |words: [&str; 3]| {
        let [policy, outcome, status] = words.map(str::to_owned);
        (policy, outcome, status)
    };
    let well = say(["VIP desk", "OK", "TRUE"]);
    let broken = say(["Others", "FUNCTION_THREW", "ERROR"]);
    let open = say(["Others", "BREAKER_OPEN", "ERROR"]);
    assert_eq!(decide(), well);
    is_down.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        assert_eq!(decide(), broken);
    }
    let asked = crm.asked();
    for _ in 0..20 {
        assert_eq!(decide(), open);
    }
    assert_eq!(crm.asked(), asked, "it is left alone");
    is_down.store(false, Ordering::SeqCst);
    assert_eq!(decide(), open, "nobody knows yet that it is well");
    until(|| decide() != open);
    assert_eq!(crm.asked(), asked + 1, "one tries for all after its rest");
    assert_eq!(decide(), well);
    // A version that was mended is asked at once.
    is_down.store(true, Ordering::SeqCst);
    until(|| decide() == open);
    let mended = json!({"source": "async function lambda() { return true; }"});
    server.call(&key, "PATCH", &function, &mended);
    server.call(&key, "POST", &format!("{function}/deploy"), &json!({}));
    assert_eq!(decide(), well);
}

#[test]
fn an_operator_bounds_how_many_functions_run_and_wait() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let server = serve_with(
        folder.path(),
        &[
            ("USHER__FUNCTIONS__RUNNING_MAX", "1"),
            ("USHER__FUNCTIONS__WAITING_MAX", "0"),
        ],
    );
    // It answers when it may.
    let may_answer = Arc::new(AtomicBool::new(false));
    let may = Arc::clone(&may_answer);
    let crm = Neighbour::start("127.0.0.1", move |_, socket| {
        until(|| may.load(Ordering::SeqCst));
        reply(socket, "200 OK", &json!({"vip": true}))
    });
    allow_this_machine(&server, &key);
    let source = format!(
        "async function lambda() {{ return (await fetch('http://{}/')).json(); }}",
        crm.address
    );
    let function = deploy_new(&server, &key, &json!({"name": "Slow", "source": source}));
    let id = function.rsplit('/').next().unwrap();
    let path = format!("/api/account/{ACCOUNT}/lambdas/{id}/invoke?v=1");
    let first = server.send("POST", &path, &key, "{}");
    until(|| crm.asked() == 1);
    let (status, refused) = server.ask("POST", &path, &key, "{}");
    assert!(status.starts_with("HTTP/1.1 503"), "{status} {refused}");
    assert_eq!(refused["errorCode"], "com.usher.faas.es.unavailable");
    may_answer.store(true, Ordering::SeqCst);
    let (status, answered) = crate::process::answer(first);
    assert!(status.starts_with("HTTP/1.1 200"), "{status} {answered}");
    assert_eq!(answered, json!({"vip": true}));
}

/// Opens a conversation, has Ada take it, closes it, and returns its id.
fn helped(server: &Process, key: &str) -> String {
    let new = json!({"skillId": "sales", "consumerId": "grace", "isAuthenticated": true,
        "message": "Hello"});
    let opened = server.call(key, "POST", "/api/v1/conversations", &new);
    let mut offer = Value::Null;
    until(|| {
        let offers = server.call(key, "GET", "/api/v1/agents/ada/offers", &Value::Null);
        offer = offers["items"][0]["id"].clone();
        offer.is_string()
    });
    let accept = format!("/api/v1/offers/{}/accept", offer.as_str().unwrap());
    server.call(key, "POST", &accept, &json!({}));
    let id = opened["id"].as_str().unwrap();
    let close = format!("/api/v1/conversations/{id}/close");
    server.call(key, "POST", &close, &json!({}));
    id.to_owned()
}

/// Forgets how far functions were told of what happened, as if a server had died just before each of
/// its notes.
fn forget_deliveries(folder: &tempfile::TempDir) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let config = config(folder, &[]);
        let opened = open_store(&config, Purpose::Administer).await.unwrap();
        let account = AccountId::parse(ACCOUNT).unwrap();
        let none = Delivery::after("functions".to_owned(), 0);
        let mut batch = Batch::new(Timestamp::EPOCH);
        batch.put_record(&account, &none, Expect::Any).unwrap();
        opened.store.commit(batch).await.unwrap();
        opened.close().await.unwrap();
    });
}

#[test]
fn t9_ends_that_are_delivered_again_leave_the_record_of_the_last_one_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let mut server = serve(folder.path());
    add_skills(&server, &key);
    let built_in_off = json!({"lastAgent": {"isRecorded": false}});
    server.call(&key, "PATCH", "/api/v1/settings", &built_in_off);
    let source = include_str!("../../../usher-app/src/functions/store_last_agent.js");
    let function = json!({"name": "Store last agent", "source": source,
        "eventId": "controllerbot_messaging_conversation_end"});
    let function = deploy_new(&server, &key, &function);
    let ada = json!({"id": "ada", "name": "Ada", "skills": [{"skillId": "sales"}],
        "maxConversations": 3});
    server.call(&key, "POST", "/api/v1/users", &ada);
    let online = json!({"status": "ONLINE", "leaseSeconds": 600});
    server.call(&key, "PUT", "/api/v1/agents/ada/availability", &online);
    let runs = |server: &Process| {
        let function = server.call(&key, "GET", &function, &Value::Null);
        let usage = &function["usage"]["lastHour"];
        assert_eq!(usage["failed"], 0, "{usage}");
        usage["runs"].as_u64().unwrap()
    };
    let first = helped(&server, &key);
    until(|| runs(&server) == 1);
    let record = "/api/v1/context/last_agent/grace";
    let kept = server.call(&key, "GET", record, &Value::Null);
    assert_eq!(kept["properties"]["conversationId"], first);
    assert_eq!(kept["properties"]["latestAgentId"], "ada");
    let second = helped(&server, &key);
    until(|| runs(&server) == 2);
    let kept = server.call(&key, "GET", record, &Value::Null);
    assert_eq!(kept["properties"]["conversationId"], second);
    server.signal("TERM");
    server.exit_code();
    forget_deliveries(&folder);
    let server = serve(folder.path());
    until(|| runs(&server) == 4);
    // Both ends were told again, in whichever order; neither the newer nor the older one wrote.
    assert_eq!(server.call(&key, "GET", record, &Value::Null), kept);
}

/// The skills through which a conversation goes, and who is killed on the way.
const SKILLS: usize = 15;
const KILLED: [&str; 3] = ["workers", "server", "workers"];

/// Kills every process in which a server runs functions.
fn kill_workers(server: &Process) {
    let workers = children_of(server.process_id());
    assert!(!workers.is_empty());
    for (worker, _) in workers {
        signal(worker, "KILL");
    }
}

#[test]
fn everything_is_told_in_order_though_workers_and_servers_are_killed_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let mut server = serve(folder.path());
    // Who asks for as long as somebody waits for the answer is in the middle of a run.
    let is_to_hold = Arc::new(AtomicBool::new(false));
    let is_held = Arc::new(AtomicBool::new(false));
    let (tell, told) = mpsc::sync_channel(10_000);
    let (to_hold, held) = (Arc::clone(&is_to_hold), Arc::clone(&is_held));
    let listener = Neighbour::start("127.0.0.1", move |line, socket| {
        if to_hold.swap(false, Ordering::SeqCst) {
            held.store(true, Ordering::SeqCst);
            return socket.read(&mut [0]).map(drop);
        }
        let path = line.split(' ').nth(1).unwrap_or_default();
        // The test may have ended.
        drop(tell.send(path.to_owned()));
        reply(socket, "200 OK", &Value::Null)
    });
    allow_this_machine(&server, &key);
    let source = format!(
        "async function lambda({{ payload }}) {{
            await fetch(`http://{}/${{payload.general.convId}}/${{payload.routing.newSkillId}}`);
            return null;
        }}",
        listener.address
    );
    let event = "controllerbot_messaging_conversation_routing";
    deploy(&server, &key, "Tells", event, &source);
    add_skills(&server, &key);
    let name = |number: usize| format!("s{number}");
    for number in 0..SKILLS {
        let skill = json!({"id": name(number), "name": name(number)});
        server.call(&key, "POST", "/api/v1/skills", &skill);
    }
    let conversations: Vec<_> = (0..4).map(|number| open(&server, &key, number)).collect();
    let each = SKILLS / KILLED.len();
    for (round, killed) in KILLED.iter().enumerate() {
        is_to_hold.store(true, Ordering::SeqCst);
        for number in round * each..(round + 1) * each {
            for id in &conversations {
                let path = format!("/api/v1/conversations/{id}/transfer");
                server.call(&key, "POST", &path, &json!({"skillId": name(number)}));
            }
        }
        until(|| is_held.swap(false, Ordering::SeqCst));
        if *killed == "workers" {
            kill_workers(&server);
        } else {
            server.signal("KILL");
            server.exit_code();
            server = serve(folder.path());
        }
    }
    let paths = |id: &String| {
        let id = id.clone();
        (0..SKILLS).map(move |number| format!("/{id}/{}", name(number)))
    };
    let mut missing: BTreeSet<String> = conversations.iter().flat_map(paths).collect();
    let mut first_told = Vec::new();
    while !missing.is_empty() {
        let path = told.recv_timeout(Duration::from_secs(60)).unwrap();
        if missing.remove(&path) {
            first_told.push(path);
        }
    }
    for id in &conversations {
        let of_it = format!("/{id}/");
        let mut told = first_told.clone();
        told.retain(|path| path.starts_with(&of_it));
        assert_eq!(told, paths(id).collect::<Vec<_>>());
    }
    let letters = server.call(&key, "GET", "/api/v1/dead-letters", &Value::Null);
    assert_eq!(letters["items"], json!([]));
}
