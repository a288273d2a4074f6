//! Functions: their life, how they are run from outside, and how policies ask them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use usher_app::tasks::Tasks;
use usher_model::role::Role;

use crate::harness::{Client, Node};

pub(crate) const ECHO: &str = "function lambda(input, callback) { callback(null, input.payload); }";
const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";

/// Makes a function and deploys it; returns its id.
pub(crate) async fn deployed(admin: &Client<'_>, name: &str, source: &str) -> String {
    let id = made(admin, json!({"name": name, "source": source})).await;
    let path = format!("/api/v1/functions/{id}/deploy");
    admin.post(&path, json!({})).await.expect(200);
    id
}

pub(crate) async fn made(admin: &Client<'_>, new: Value) -> String {
    let made = admin.post("/api/v1/functions", new).await.expect(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn invoke(admin: &Client<'_>, id: &str, payload: Value) -> crate::harness::Answer {
    let path = format!("/api/account/acc1/lambdas/{id}/invoke?v=1&externalSystem=test");
    admin.post(&path, json!({"payload": payload})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_checked_before_anything_is_kept() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let check = async |draft: Value| {
        let answer = admin.post("/api/v1/functions/check", draft).await;
        answer.expect(200).json()
    };
    let sound = check(json!({"source": ECHO, "schedule": {"cron": "30 * * * *"}})).await;
    assert_eq!(sound["problems"], json!([]));
    let next = sound["nextAt"].as_array().unwrap();
    assert_eq!(next.len(), 5);
    assert!(
        next.iter()
            .all(|at| at.as_str().unwrap().contains(":30:00"))
    );
    let draft = json!({"source": "\n  eval('1');", "schedule": {"cron": "every day"}});
    let faulty = check(draft).await;
    let places: Vec<_> = faulty["problems"].as_array().unwrap().iter().collect();
    assert!(
        places
            .iter()
            .any(|one| one["line"] == 2 && one["column"] == 3),
        "{faulty}"
    );
    assert!(faulty["scheduleProblem"].is_string());
    assert_eq!(faulty["nextAt"], json!([]));
    let kept = admin.get("/api/v1/functions").await.json();
    assert_eq!(kept["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_written_deployed_changed_rolled_back_and_undeployed() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = made(&admin, json!({"name": "Echo", "source": ECHO})).await;
    let path = format!("/api/v1/functions/{id}");
    let state = async || admin.get(&path).await.expect(200).json()["state"].clone();
    let post = async |what: &str| admin.post(&format!("{path}/{what}"), json!({})).await;
    assert_eq!(state().await, "DRAFT");
    let refused = invoke(&admin, &id, json!(1)).await.expect(404).json();
    assert_eq!(refused["errorCode"], "com.usher.faas.es.notdeployed");
    post("deploy").await.expect(200);
    assert_eq!(state().await, "PRODUCTIVE");
    let answer = invoke(&admin, &id, json!({"a": [1]})).await.expect(200);
    assert_eq!(answer.json(), json!({"a": [1]}));

    let changed = json!({"source": "async function lambda() { return 'second'; }"});
    admin.call("PATCH", &path, Some(changed)).await.expect(200);
    assert_eq!(state().await, "MODIFIED");
    assert_eq!(invoke(&admin, &id, json!(1)).await.json(), json!(1));
    post("deploy").await.expect(200);
    assert_eq!(invoke(&admin, &id, json!(1)).await.json(), json!("second"));

    let broken = json!({"source": "function lambda( {"});
    admin.call("PATCH", &path, Some(broken)).await.expect(200);
    let refused = post("deploy").await.expect(422).json();
    assert_eq!(refused["code"], "FUNCTION_INVALID");
    assert_eq!(refused["errors"][0]["pointer"], "#/source");
    assert_eq!(state().await, "BUILD_ERROR");
    assert_eq!(invoke(&admin, &id, json!(1)).await.json(), json!("second"));

    let rolled = post("rollback").await.expect(200).json();
    assert_eq!(
        (&rolled["deployedVersion"], &rolled["state"]),
        (&json!(3), &json!("MODIFIED"))
    );
    assert_eq!(invoke(&admin, &id, json!(1)).await.json(), json!(1));
    let versions = admin
        .get(&format!("{path}/versions"))
        .await
        .expect(200)
        .json();
    assert_eq!(versions["items"][0]["version"], 3);
    assert_eq!(versions["items"].as_array().unwrap().len(), 3);

    post("undeploy").await.expect(200);
    assert_eq!(state().await, "DRAFT");
    invoke(&admin, &id, json!(1)).await.expect(404);
    admin.call("DELETE", &path, None).await.expect(204);
    let gone = invoke(&admin, &id, json!(1)).await.expect(404).json();
    assert_eq!(gone["errorCode"], "com.usher.faas.es.missinglambda");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_versions_are_kept() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = deployed(&admin, "Echo", ECHO).await;
    let path = format!("/api/v1/functions/{id}");
    for timeout in 1..=6 {
        let patch = json!({"timeoutMs": 1_000 + timeout});
        admin.call("PATCH", &path, Some(patch)).await.expect(200);
        let deploy = format!("{path}/deploy");
        admin.post(&deploy, json!({})).await.expect(200);
    }
    let versions = admin
        .get(&format!("{path}/versions"))
        .await
        .expect(200)
        .json();
    let numbers = versions["items"].as_array().unwrap().iter();
    let numbers: Vec<_> = numbers.map(|version| version["version"].clone()).collect();
    assert_eq!(numbers, [7, 6, 5, 4, 3]);
    let rollback = format!("{path}/rollback");
    let gone = admin.post(&rollback, json!({"version": 2})).await;
    assert_eq!(
        gone.expect(404).json()["code"],
        "FUNCTION_VERSION_NOT_FOUND"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_events_and_skills_have_one_function_each() {
    let node = Node::start().await;
    let admin = node.admin().await;
    for skill in ["sales", "billing"] {
        let skill = json!({"id": skill, "name": skill});
        admin.post("/api/v1/skills", skill).await.expect(201);
    }
    let new = |name: &str, skills: Value| {
        json!({"name": name, "source": ECHO, "skillIds": skills,
            "eventId": "controllerbot_messaging_conversation_end"})
    };
    let post = async |body: Value| admin.post("/api/v1/functions", body).await;
    let first = made(&admin, new("End sales", json!(["sales"]))).await;
    let same = post(json!({"name": "END SALES", "source": ECHO})).await;
    assert_eq!(same.expect(409).json()["code"], "NAME_TAKEN");
    post(new("End billing", json!(["billing"])))
        .await
        .expect(201);
    for skills in [json!(["sales"]), json!([])] {
        let taken = post(new("Another", skills)).await.expect(409).json();
        assert_eq!(taken["code"], "EVENT_TAKEN");
    }
    for (field, value) in [
        ("eventId", json!("bot_connectors_pre_hook")),
        ("eventId", json!("nothing")),
        ("skillIds", json!(["unknown"])),
        ("environment", json!({"USHER_TOKEN": "x"})),
        ("environment", json!({"1st": "x"})),
        ("timeoutMs", json!(30_001)),
        ("schedule", json!({"cron": "* * * * *"})),
    ] {
        let mut wrong = new("Wrong", json!([]));
        wrong[field] = value;
        let refused = post(wrong).await.expect(422).json();
        let pointer = refused["errors"][0]["pointer"].as_str().unwrap();
        assert!(pointer.starts_with(&format!("#/{field}")), "{pointer}");
    }

    let path = |skill: &str| {
        format!(
            "/api/account/acc1/events/controllerbot_messaging_conversation_end/\
             isImplemented?skillId={skill}"
        )
    };
    let listens = async |skill| admin.get(&path(skill)).await.expect(200).json();
    assert_eq!(listens("sales").await, json!({"implemented": false}));
    let deploy = format!("/api/v1/functions/{first}/deploy");
    admin.post(&deploy, json!({})).await.expect(200);
    assert_eq!(listens("sales").await, json!({"implemented": true}));
    assert_eq!(listens("billing").await, json!({"implemented": false}));
    let event = "/api/account/acc1/events/controllerbot_messaging_conversation_end/invoke?v=1";
    let answers = admin
        .post(event, json!({"payload": 5}))
        .await
        .expect(200)
        .json();
    assert_eq!(answers[0]["uuid"], json!(first));
    assert_eq!(answers[0]["result"], 5);
    let none = admin
        .post(&format!("{event}&skillId=billing"), json!({}))
        .await;
    assert_eq!(none.expect(200).json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_functions_have_the_contracts_status_where_an_account_wants_it() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let fails = "function lambda(i, callback) { callback(new Error('no'), null); }";
    let id = deployed(&admin, "Fails", fails).await;
    invoke(&admin, &id, json!(1)).await.expect(422);
    for wrong in [json!(500), json!("901")] {
        let patch = json!({"functionFailureStatus": wrong});
        let refused = admin.call("PATCH", "/api/v1/settings", Some(patch)).await;
        assert!(matches!(refused.status.as_u16(), 400 | 422), "{wrong}");
    }
    let patch = json!({"functionFailureStatus": 901});
    let set = admin.call("PATCH", "/api/v1/settings", Some(patch)).await;
    assert_eq!(set.expect(200).json()["functionFailureStatus"], 901);
    let refused = invoke(&admin, &id, json!(1)).await.expect(901).json();
    assert_eq!(
        refused["errorCode"],
        "com.usher.faas.handler.custom-failure"
    );
    // What is not the function's fault is told as before.
    let unknown = "00000000-0000-7000-8000-000000000000";
    invoke(&admin, unknown, json!(1)).await.expect(404);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_functions_runs_them_and_does_nothing_else() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = deployed(&admin, "Echo", ECHO).await;
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=faas.lambda.invoke",
        admin.client_id, admin.client_secret
    );
    let request = axum::http::Request::builder()
        .method("POST")
        .uri("/sentinel/api/account/acc1/app/token")
        .header("content-type", "application/x-www-form-urlencoded");
    let request = request.body(axum::body::Body::from(form)).unwrap();
    let token = node.send(request).await.expect(200).json();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let ask = async |method: &str, path: &str| {
        let request = axum::http::Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {token}"));
        let body = axum::body::Body::from(r#"{"payload": 7}"#);
        node.send(request.body(body).unwrap()).await
    };
    let lambdas = "/api/account/acc1/lambdas";
    let run = format!("{lambdas}/{id}/invoke?v=1");
    // Twice: what was found good a moment ago reaches no further.
    for _ in 0..2 {
        assert_eq!(ask("POST", &run).await.expect(200).json(), json!(7));
        ask("GET", lambdas).await.expect(200);
        for (method, path) in [
            ("GET", "/api/v1/policies"),
            ("GET", "/api/v1/credentials"),
            ("POST", "/api/v1/conversations"),
            ("GET", "/api/v1/context"),
            ("PUT", "/api/v1/functions/allow-list"),
        ] {
            let refused = ask(method, path).await;
            assert!(matches!(refused.status.as_u16(), 403 | 422), "{path}");
        }
        let refused = ask("GET", "/api/v1/policies").await.expect(403).json();
        assert!(
            refused["detail"]
                .as_str()
                .unwrap()
                .contains("only runs functions")
        );
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_the_codes_of_both_versions() {
    let node = Node::start().await;
    let admin = node.admin().await;
    for (source, one, two) in [
        (
            "function lambda(i, callback) { callback(new Error('no such customer'), null); }",
            "handler.custom-failure",
            "function.threw-error",
        ),
        (
            "function lambda(i, callback) { callback(null, nothing.at.all); }",
            "handler.runtime-exception",
            "function.js-runtime-error",
        ),
    ] {
        let id = deployed(&admin, one, source).await;
        let refused = invoke(&admin, &id, json!(1)).await.expect(422).json();
        assert_eq!(refused["errorCode"], format!("com.usher.faas.{one}"));
        let path = format!("/api/account/acc1/lambdas/{id}/invoke");
        let headers = [("LP-EventSource", "test")];
        let refused = admin
            .raw("POST", &path, "{}", &headers)
            .await
            .expect(422)
            .json();
        assert_eq!(refused["code"], format!("com.usher.faas.{two}"));
    }
    let slow = json!({"name": "slow", "timeoutMs": 50,
        "source": "function lambda(i, callback) { setTimeout(() => callback(null, 1), 60000); }"});
    let id = made(&admin, slow).await;
    let deploy = format!("/api/v1/functions/{id}/deploy");
    admin.post(&deploy, json!({})).await.expect(200);
    let late = invoke(&admin, &id, json!(1)).await.expect(422).json();
    assert_eq!(
        late["errorCode"],
        "com.usher.faas.handler.executiontime-exceeded"
    );
    let unknown = invoke(&admin, UNKNOWN, json!(1)).await.expect(404).json();
    assert_eq!(unknown["errorCode"], "com.usher.faas.es.missinglambda");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_read_by_functions_only_and_stand_in_no_log() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let path = "/api/v1/secrets/crm-token";
    let put = async |value: Value| admin.call("PUT", path, Some(json!({"value": value}))).await;
    put(json!("tops3cret")).await.expect(201);
    let listed = admin.get("/api/v1/secrets").await.expect(200);
    assert_eq!(listed.json()["items"][0]["name"], "crm-token");
    assert!(!listed.text.contains("tops3cret"));
    let source = "const { Toolbelt } = require('lp-faas-toolbelt');
        async function lambda(input, callback) {
            const client = Toolbelt.SecretClient();
            const secret = await client.readSecret('crm-token');
            console.info('the token is ' + secret.value, { token: secret.value });
            callback(null, secret.value.length);
        }";
    let id = deployed(&admin, "Secret", source).await;
    assert_eq!(invoke(&admin, &id, json!(null)).await.expect(200).json(), 9);
    let logs = format!("/api/v1/functions/{id}/logs?search=token");
    let entry = loop {
        let found = admin.get(&logs).await.expect(200);
        assert!(!found.text.contains("tops3cret"));
        if let Some(entry) = found.json()["items"].as_array().unwrap().first() {
            break entry.clone();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(entry["message"], "the token is (hidden)");
    assert_eq!(entry["extras"][0]["token"], "(hidden)");
    let developer = node.client("acc1", Role::Developer).await;
    developer.call("DELETE", path, None).await.expect(403);
    admin.call("DELETE", path, None).await.expect(204);
    let failed = invoke(&admin, &id, json!(null)).await.expect(422).json();
    assert!(
        failed["errorMsg"].as_str().unwrap().contains("crm-token"),
        "{failed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_tried_with_a_sample_and_nothing_is_kept() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let source = "function lambda(input, callback) { console.debug('tried', process.env.TTL);
        callback(null, input.payload.end.closeReason); }";
    let new = json!({"name": "End", "source": source, "environment": {"TTL": "60"},
        "eventId": "controllerbot_messaging_conversation_end"});
    let id = made(&admin, new).await;
    let path = format!("/api/v1/functions/{id}/test");
    let run = admin.post(&path, json!({})).await.expect(200).json();
    assert_eq!(run["result"], "AGENT");
    assert_eq!(run["logs"][0]["message"], "tried");
    assert_eq!(run["logs"][0]["extras"], json!(["60"]));
    let run = admin
        .post(&path, json!({"payload": {}}))
        .await
        .expect(200)
        .json();
    assert_eq!(run["error"]["code"], "FUNCTION_CRASHED");
    let logs = format!("/api/v1/functions/{id}/logs");
    assert_eq!(
        admin.get(&logs).await.expect(200).json()["items"],
        json!([])
    );
}

/// A customer database that knows one customer, and counts who asks.
async fn crm() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let (tasks, connections) = (Tasks::default(), Tasks::default());
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            connections.spawn(async move {
                let mut bytes = vec![0; 4_096];
                while let Ok(read) = stream.read(&mut bytes).await
                    && read > 0
                {
                    count.fetch_add(1, Ordering::SeqCst);
                    let request = String::from_utf8_lossy(&bytes[..read]).into_owned();
                    let body = json!({"vip": request.contains("/customers/ada ")}).to_string();
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                         content-length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (format!("http://{address}"), asked)
}

/// A node whose functions may call this machine.
async fn open_node() -> Node {
    Node::start_with(|options| {
        options.outbound.allow_private = vec!["127.0.0.1".parse().unwrap()];
    })
    .await
}

fn policy(name: &str, condition: &str, skill: &str) -> Value {
    json!({"name": name, "expression": condition,
        "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": skill}}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_asks_a_function_that_asks_a_customer_database() {
    let node = open_node().await;
    let admin = node.admin().await;
    let (crm, asked) = crm().await;
    let source = format!(
        "const {{ Toolbelt }} = require('lp-faas-toolbelt');
        async function lambda(input, callback) {{
            const client = Toolbelt.HTTPClient();
            const found = await client(`{crm}/customers/${{input.payload}}`, {{ json: true }});
            callback(null, found.vip);
        }}"
    );
    let id = deployed(&admin, "VIP check", &source).await;
    let refused = admin
        .post(
            &format!("/api/v1/functions/{id}/test"),
            json!({"payload": "ada"}),
        )
        .await;
    assert!(refused.json()["error"].is_object(), "{}", refused.text);
    let list = json!({"domains": ["127.0.0.1"]});
    let path = "/api/v1/functions/allow-list";
    admin.call("PUT", path, Some(list)).await.expect(200);

    let vip = json!({"name": "vip", "kind": "FUNCTION", "functionId": id,
        "parameters": [{"source": "ATTRIBUTE", "value": "consumer.id"}]});
    admin.post("/api/v1/attributes", vip).await.expect(201);
    let before = policy("Closed", "ns.closed == true", "closed");
    admin.enabled_policy(before).await;
    admin
        .enabled_policy(policy("VIP desk", "custom.vip == true", "vip"))
        .await;
    admin
        .enabled_policy(policy("Others", "custom.vip == false", "others"))
        .await;
    let ask = async |consumer: &str, closed: bool| {
        let body = json!({"consumerId": consumer, "explain": true,
            "attributes": {"ns": {"closed": closed}}});
        admin
            .post("/api/v1/decisions", body)
            .await
            .expect(200)
            .json()
    };
    assert_eq!(ask("ada", true).await["policy"]["name"], "Closed");
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody needed it");
    let decided = ask("ada", false).await;
    assert_eq!(decided["policy"]["name"], "VIP desk");
    let call = &decided["explanation"]["functionCalls"][0];
    assert_eq!(call["attribute"], "custom.vip");
    assert_eq!(call["outcome"], "OK");
    assert_eq!(ask("bob", false).await["policy"]["name"], "Others");
    assert_eq!(asked.load(Ordering::SeqCst), 2, "once in each run");

    let path = format!(
        "/api/v1/decisions/{}",
        decided["decisionId"].as_str().unwrap()
    );
    let logged = admin.get(&path).await.expect(200).json();
    assert_eq!(logged["repeatable"], true, "{logged}");
    assert_eq!(asked.load(Ordering::SeqCst), 2, "the log knows the answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_fails_makes_only_its_own_policy_faulty_and_is_left_alone_in_the_end() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let source = "function lambda(i, callback) { callback(new Error('down'), null); }";
    let id = deployed(&admin, "Broken", source).await;
    let broken = json!({"name": "broken", "kind": "FUNCTION", "functionId": id,
        "parameters": [{"value": 1}, {"value": "two"}], "timeoutMs": 1_000});
    admin.post("/api/v1/attributes", broken).await.expect(201);
    let faulty = admin
        .enabled_policy(policy("Faulty", "custom.broken == true", "1"))
        .await;
    admin.enabled_policy(policy("Sound", "1 == 1", "2")).await;
    let ask = async || {
        let decided = admin
            .post("/api/v1/decisions", json!({"explain": true}))
            .await;
        decided.expect(200).json()
    };
    let decided = ask().await;
    assert_eq!(decided["policy"]["name"], "Sound");
    let entry = &decided["explanation"]["policies"][0];
    assert_eq!(
        (&entry["id"], &entry["status"]),
        (&json!(faulty), &json!("ERROR"))
    );
    let path = format!(
        "/api/v1/decisions/{}",
        decided["decisionId"].as_str().unwrap()
    );
    let logged = admin.get(&path).await.expect(200).json();
    assert_eq!(logged["repeatable"], true, "{logged}");
    let outcome = async || ask().await["explanation"]["functionCalls"][0]["outcome"].clone();
    for _ in 0..4 {
        assert_eq!(outcome().await, "FUNCTION_THREW");
    }
    assert_eq!(outcome().await, "BREAKER_OPEN");
    let path = format!("/api/v1/functions/{id}");
    let used = admin.call("DELETE", &path, None).await.expect(409).json();
    assert_eq!(used["code"], "FUNCTION_IN_USE");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_starts_a_function_once_for_each_minute_that_is_due() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let source = "function lambda(input, callback) { console.info('ran', input.payload);
        callback(null, 1); }";
    let new = json!({"name": "Every minute", "source": source,
        "schedule": {"cron": "* * * * *", "payload": {"a": 1}}});
    let id = made(&admin, new).await;
    let path = format!("/api/v1/functions/{id}");
    let schedule = async || {
        admin
            .get(&format!("{path}/schedule"))
            .await
            .expect(200)
            .json()
    };
    assert_eq!(schedule().await, json!({}));
    admin
        .post(&format!("{path}/deploy"), json!({}))
        .await
        .expect(200);
    assert_eq!(
        schedule().await,
        json!({"nextAt": "2026-05-04T10:01:00.000Z"})
    );
    node.clock.advance(std::time::Duration::from_secs(61));
    let ran = loop {
        let ran = schedule().await;
        if ran["lastOutcome"] == "OK" {
            break ran;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(ran["lastAt"], "2026-05-04T10:01:00.000Z");
    assert_eq!(ran["nextAt"], "2026-05-04T10:02:00.000Z");
    let entry = loop {
        let found = admin.get(&format!("{path}/logs")).await.expect(200).json();
        if let Some(entry) = found["items"].as_array().unwrap().first() {
            break entry.clone();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(entry["extras"], json!([{"a": 1}]));
}

/// Opens a conversation, has the agent take it, and closes it; returns its id.
pub(crate) async fn helped(admin: &Client<'_>, consumer: &str, is_authenticated: bool) -> String {
    let opened = json!({"skillId": "floor", "consumerId": consumer, "message": "Hello",
        "isAuthenticated": is_authenticated});
    let opened = admin
        .post("/api/v1/conversations", opened)
        .await
        .expect(201)
        .json();
    let id = opened["id"].as_str().unwrap().to_owned();
    let offer = crate::floor::offer(admin, &id).await;
    let accept = format!("/api/v1/offers/{offer}/accept");
    admin.post(&accept, json!({})).await.expect(200);
    let close = format!("/api/v1/conversations/{id}/close");
    admin.post(&close, json!({})).await.expect(200);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_that_stores_the_last_agent_keeps_what_the_built_in_one_keeps() {
    let node = Node::start().await;
    let admin = node.admin().await;
    // The floor of the examples, with one agent who is there.
    crate::floor::stage(&admin, "offersAccept").await;
    let source = include_str!("../../../usher-app/src/functions/store_last_agent.js");
    let new = json!({"name": "Store last agent", "source": source,
        "environment": {"LAST_AGENT_NAMESPACE": "by_function", "LAST_AGENT_TTL_SECONDS": "3600"}});
    let id = made(&admin, new).await;
    let deploy = format!("/api/v1/functions/{id}/deploy");
    admin.post(&deploy, json!({})).await.expect(200);
    let invoke = async |conversation: &str, consumer: &str, is_authenticated: bool| {
        let payload = json!({
            "general": {"convId": conversation, "serverTimestamp": 1},
            "end": {"closeReason": "AGENT"},
            "ours": {"accountId": "acc1", "consumerId": consumer, "latestSkillId": "floor",
                "consumerAuthenticated": is_authenticated, "endTs": 1_777_888_800_000_u64},
        });
        let answer = invoke(&admin, &id, payload).await;
        answer.expect(200).json()["stored"].clone()
    };
    let conversation = helped(&admin, "grace", true).await;
    assert_eq!(invoke(&conversation, "grace", true).await, true);
    let path = "/api/v1/context/by_function/grace";
    let kept = admin.get(path).await.expect(200).json();
    let properties = &kept["properties"];
    assert_eq!(properties["latestSkillId"], "floor");
    assert_eq!(properties["latestAgentId"], "agent-1");
    assert_eq!(properties["agentType"], "HUMAN");
    assert!(
        properties.as_object().unwrap().contains_key("mcs"),
        "{kept}"
    );
    assert_eq!(kept["expiresAt"], "2026-05-04T11:00:00.000Z", "{kept}");

    assert_eq!(invoke(&conversation, "grace", true).await, true);
    let again = admin.get(path).await.expect(200).json();
    assert_eq!(again["properties"], kept["properties"]);
    assert_eq!(again["revision"], kept["revision"]);

    let conversation = helped(&admin, "eve", false).await;
    assert_eq!(invoke(&conversation, "eve", false).await, false);
    admin
        .get("/api/v1/context/by_function/eve")
        .await
        .expect(404);
}
