//! Decisions and their log.

use std::time::Duration;

use serde_json::{Value, json};
use usher_model::role::Role;

use crate::harness::{ACCOUNT, Client, Node, intent_policy};

const DECISIONS: &str = "/api/v1/decisions";

async fn decide(client: &Client<'_>, body: Value) -> Value {
    client.post(DECISIONS, body).await.expect(200).json()
}

/// Reads the log: it is written behind the answer, but a reader sees what was answered before.
async fn logged(client: &Client<'_>, id: &Value) -> Value {
    client
        .get(&format!("{DECISIONS}/{}", id.as_str().unwrap()))
        .await
        .expect(200)
        .json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_nobody_saved_is_tried_on_what_is_known_now_or_was_known_then() {
    let node = Node::start().await;
    let admin = node.admin().await;
    admin
        .enabled_policy(intent_policy("orders", "order", "1"))
        .await;
    let asked = json!({"attributes": {"orchestrator": {"intent": "order"}}});
    let decided = decide(&admin, asked.clone()).await;
    let draft = intent_policy("returns", "return", "2");

    let now = json!({"policy": draft, "ground": asked});
    let tried = admin.post("/api/v1/policies/try", now).await;
    let tried = tried.expect(200).json();
    assert_eq!(tried["status"], "FALSE");
    assert_eq!(tried["conditions"][0]["left"], "order");

    let mut expression = draft;
    expression["conditions"] = json!([]);
    expression["expression"] = "orchestrator.intent == 'order'".into();
    let then = json!({"policy": expression, "decisionId": decided["decisionId"]});
    let tried = admin.post("/api/v1/policies/try", then).await;
    assert_eq!(tried.expect(200).json()["status"], "TRUE");

    let policies = admin.get("/api/v1/policies").await.expect(200).json();
    assert_eq!(policies["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_says_which_of_the_last_decisions_it_would_send_elsewhere() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let orders = admin
        .enabled_policy(intent_policy("orders", "order", "1"))
        .await;
    let ask = async |intent: &str| {
        let asked = json!({"attributes": {"orchestrator": {"intent": intent, "tier": "gold"}}});
        decide(&admin, asked).await
    };
    ask("order").await;
    let newest = ask("order").await;
    ask("return").await;
    let preview = async |edit: Value| {
        let previewed = admin.post("/api/v1/policies/preview", edit).await;
        previewed.expect(200).json()
    };
    let from = json!({"id": orders, "name": "orders"});

    let off = preview(json!({"policyId": orders, "enabled": false})).await;
    let moved = json!({"from": from, "to": null, "decisions": 2, "example": newest["decisionId"]});
    assert_eq!(off, json!({"decisions": 3, "unknown": 0, "moves": [moved]}));

    // A new one stands last: what the others take it does not get, unless it stands above them.
    let draft = |expression: &str| {
        let mut draft = intent_policy("all", "", "2");
        draft["conditions"] = json!([]);
        draft["expression"] = expression.into();
        draft
    };
    let all = draft("orchestrator.intent != ''");
    let last = preview(json!({"policy": all, "enabled": true})).await;
    assert_eq!(last["moves"].as_array().unwrap().len(), 1, "{last}");
    assert_eq!(
        (&last["moves"][0]["from"], &last["moves"][0]["decisions"]),
        (&Value::Null, &json!(1))
    );
    let first = preview(json!({"policy": all, "enabled": true, "position": 0})).await;
    assert_eq!(first["moves"][0]["from"], from, "{first}");
    assert_eq!(first["moves"][0]["to"]["name"], "all");
    assert_eq!(first["moves"][0]["decisions"], 2);

    // The same winner with other actions is another way, too.
    let elsewhere = intent_policy("orders", "order", "9");
    let other = preview(json!({"policyId": orders, "policy": elsewhere})).await;
    assert_eq!(other["moves"][0]["to"], from, "{other}");

    // Nobody had asked for the tier, so nobody knows what would have come of it.
    let gold = draft("orchestrator.tier == 'gold'");
    let unknown = preview(json!({"policy": gold, "enabled": true, "position": 0})).await;
    assert_eq!(unknown, json!({"decisions": 3, "unknown": 3, "moves": []}));
    let nothing = json!({"policyId": "nobody", "enabled": true});
    let nothing = admin.post("/api/v1/policies/preview", nothing).await;
    nothing.expect(404);
    let policies = admin.get("/api/v1/policies").await.expect(200).json();
    assert_eq!(policies["items"].as_array().unwrap().len(), 1);
    assert_eq!(policies["items"][0]["enabled"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_says_of_each_policy_why() {
    let node = Node::start().await;
    let admin = node.admin().await;
    admin
        .enabled_policy(intent_policy("returns", "return", "1"))
        .await;
    admin
        .post("/api/v1/policies", intent_policy("off", "order", "2"))
        .await
        .expect(201);
    admin
        .enabled_policy(intent_policy("orders", "order", "3"))
        .await;
    admin
        .enabled_policy(intent_policy("below", "order", "4"))
        .await;
    let asked = json!({
        "attributes": {"orchestrator": {"intent": "order"}}, "explain": true, "dryRun": true,
    });
    let decided = decide(&admin, asked).await;
    assert_eq!(decided["policy"]["name"], "orders");
    let policies = decided["explanation"]["policies"].as_array().unwrap();
    let statuses: Vec<&str> = policies
        .iter()
        .map(|policy| policy["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["FALSE", "DISABLED", "TRUE", "NOT_REACHED"]);
    let row = &policies[0]["conditions"][0];
    assert_eq!(
        (&row["left"], &row["right"]),
        (&json!("order"), &json!("return"))
    );
    assert_eq!(row["status"], "FALSE");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_change_that_makes_another_policy_win_is_told_and_true() {
    let node = Node::start().await;
    let admin = node.admin().await;
    admin
        .enabled_policy(intent_policy("orders", "order", "1"))
        .await;
    let vip = json!({
        "name": "vip",
        "conditions": [
            {"property": "orchestrator.intent", "type": "EQUAL", "value": "return"},
            {"property": "orchestrator.spent", "type": "GREATER_THAN", "value": 100},
        ],
        "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "2"}}],
    });
    let vip = admin.enabled_policy(vip).await;
    let mut known = json!({"intent": "order", "spent": 500});
    let decided = decide(&admin, json!({"attributes": {"orchestrator": known}})).await;
    assert_eq!(decided["policy"]["name"], "orders");
    logged(&admin, &decided["decisionId"]).await;
    let id = decided["decisionId"].as_str().unwrap();
    let path = format!("{DECISIONS}/{id}/why-not?policyId={vip}");
    let told = admin.get(&path).await.expect(200).json();
    assert_eq!(
        told,
        json!({
            "answer": "CHANGE",
            "changes": [
                {"attribute": "orchestrator.intent", "from": "order", "to": "return"},
            ],
        })
    );
    known["intent"] = told["changes"][0]["to"].clone();
    let flipped = decide(&admin, json!({"attributes": {"orchestrator": known}})).await;
    assert_eq!(flipped["policy"]["name"], "vip");
    admin
        .get(&format!("{DECISIONS}/{id}/why-not?policyId=unknown"))
        .await
        .expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logged_decision_is_run_again_on_the_rules_of_its_time() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let list = json!({"name": "vips", "valueType": "LIST", "value": ["ada"]});
    admin.post("/api/v1/attributes", list).await.expect(201);
    let policy = json!({
        "name": "vip", "expression": "orchestrator.name in custom.vips",
        "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "1"}}],
    });
    let id = admin.enabled_policy(policy).await;
    let asked = json!({"conversationId": "c1", "attributes": {"orchestrator": {"name": "ada"}}});
    let decided = decide(&admin, asked).await;
    assert_eq!(decided["policy"]["id"], id.as_str());
    // What decided then is changed and deleted.
    let empty = json!({"valueType": "LIST", "value": []});
    admin
        .call("PUT", "/api/v1/attributes/vips", Some(empty))
        .await
        .expect(200);
    admin
        .call("DELETE", &format!("/api/v1/policies/{id}"), None)
        .await
        .expect(204);
    let log = logged(&admin, &decided["decisionId"]).await;
    assert_eq!(log["outcome"], "MATCHED");
    assert_eq!(log["repeatable"], true);
    assert_eq!(log["policy"]["name"], "vip");
    assert_eq!(log["explanation"]["policies"][0]["status"], "TRUE");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_is_neither_logged_nor_counted() {
    let node = Node::start().await;
    let admin = node.admin().await;
    admin.enabled_policy(intent_policy("p", "x", "1")).await;
    let dry = decide(&admin, json!({"dryRun": true})).await;
    let wet = decide(&admin, json!({})).await;
    logged(&admin, &wet["decisionId"]).await;
    let path = format!("{DECISIONS}/{}", dry["decisionId"].as_str().unwrap());
    admin.get(&path).await.expect(404);
    let usage = admin.get("/api/v1/policies/usage").await.expect(200).json();
    assert_eq!(usage["runs"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_searched_by_conversation_policy_status_outcome_and_time() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let broken = json!({
        "name": "broken", "expression": "orchestrator.a / 0 > 1",
        "actions": [{"type": "SEND_MESSAGE", "payload": {"message": "x"}}],
    });
    let broken = admin.enabled_policy(broken).await;
    let winner = admin.enabled_policy(intent_policy("p", "order", "1")).await;
    let order = json!({"intent": "order"});
    let matched = decide(
        &admin,
        json!({"conversationId": "c1", "attributes": {"orchestrator": order}}),
    )
    .await;
    node.clock.advance(Duration::from_secs(60));
    let faulty = json!({"a": 1});
    let faulty = decide(
        &admin,
        json!({"conversationId": "c2", "attributes": {"orchestrator": faulty}}),
    )
    .await;
    logged(&admin, &matched["decisionId"]).await;
    logged(&admin, &faulty["decisionId"]).await;
    for (query, expected) in [
        ("", vec![&faulty, &matched]),
        ("conversationId=c1", vec![&matched]),
        ("outcome=MATCHED", vec![&matched]),
        ("outcome=NO_MATCH", vec![&faulty]),
        ("status=ERROR", vec![&faulty]),
        ("status=INVALID", vec![]),
        ("from=2026-05-04T10:00:30Z", vec![&faulty]),
        ("to=2026-05-04T10:00:30Z", vec![&matched]),
        (&format!("policyId={winner}"), vec![&matched]),
        (&format!("policyId={broken}&status=ERROR"), vec![&faulty]),
        (&format!("policyId={winner}&status=ERROR"), vec![]),
    ] {
        let found = admin
            .get(&format!("{DECISIONS}?{query}"))
            .await
            .expect(200)
            .json();
        let found: Vec<&Value> = found["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["decisionId"])
            .collect();
        let expected: Vec<&Value> = expected
            .iter()
            .map(|decided| &decided["decisionId"])
            .collect();
        assert_eq!(found, expected, "{query}");
    }
    for wrong in [
        "status=MAYBE",
        "outcome=MAYBE",
        "from=yesterday",
        "limit=0",
        "cursor=x",
    ] {
        admin.get(&format!("{DECISIONS}?{wrong}")).await.expect(400);
    }
    let page = admin.get(&format!("{DECISIONS}?limit=1")).await.json();
    let cursor = page["nextCursor"].as_str().unwrap();
    let next = admin
        .get(&format!("{DECISIONS}?limit=1&cursor={cursor}"))
        .await
        .json();
    assert_eq!(next["items"][0]["decisionId"], matched["decisionId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_counts_winners_and_runs_by_day() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = admin.enabled_policy(intent_policy("p", "order", "1")).await;
    let order = json!({"attributes": {"orchestrator": {"intent": "order"}}});
    for _ in 0..3 {
        decide(&admin, order.clone()).await;
    }
    let last = decide(&admin, json!({})).await;
    logged(&admin, &last["decisionId"]).await;
    let usage = admin.get("/api/v1/policies/usage").await.expect(200).json();
    assert_eq!((&usage["runs"], &usage["noMatch"]), (&json!(4), &json!(1)));
    assert_eq!(usage["policies"][0]["id"], id.as_str());
    assert_eq!(usage["policies"][0]["matches"], 3);
    let before = admin
        .get("/api/v1/policies/usage?to=2026-05-03T00:00:00Z")
        .await
        .json();
    assert_eq!(before["runs"], 0);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_expire_with_the_accounts_retention() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let settings = json!({"decisionRetentionDays": 2});
    admin
        .call("PUT", "/api/v1/settings", Some(settings))
        .await
        .expect(200);
    let decided = decide(&admin, json!({})).await;
    logged(&admin, &decided["decisionId"]).await;
    node.clock.advance(Duration::from_secs(2 * 86_400));
    let path = format!("{DECISIONS}/{}", decided["decisionId"].as_str().unwrap());
    admin.get(&path).await.expect(404);
    let refused = json!({"decisionRetentionDays": 91});
    admin
        .call("PUT", "/api/v1/settings", Some(refused))
        .await
        .expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn sensitive_attributes_are_masked_and_the_run_is_still_repeatable() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let settings = json!({"sensitiveAttributes": ["orchestrator.phone"]});
    admin
        .call("PUT", "/api/v1/settings", Some(settings))
        .await
        .expect(200);
    let policy = json!({
        "name": "p",
        "conditions": [{"property": "orchestrator.phone", "type": "EQUAL", "value": "1111"}],
        "actions": [{"type": "SEND_MESSAGE", "payload": {"message": "x"}}],
    });
    admin.enabled_policy(policy).await;
    let telling = json!({
        "name": "telling", "expression": "true",
        "actions": [{"type": "SEND_MESSAGE", "payload": {"message": "We call {{orchestrator.phone}}"}}],
    });
    admin.enabled_policy(telling).await;
    let secret = json!({"attributes": {"orchestrator": {"phone": "0307654321"}}});
    let decided = decide(&admin, secret).await;
    let log = logged(&admin, &decided["decisionId"]).await;
    assert_eq!(log["repeatable"], true);
    assert!(!log.to_string().contains("0307654321"), "{log}");
    assert_eq!(log["actions"][0]["payload"]["message"], "We call ***");
    let listed = admin.get(DECISIONS).await.expect(200);
    assert!(!listed.text.contains("0307654321"), "{}", listed.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_marked_sensitive_later_is_hidden_in_older_decisions_too() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let note = json!({"name": "note", "valueType": "STRING", "value": "codeword-1"});
    admin.post("/api/v1/attributes", note).await.expect(201);
    let telling = json!({
        "name": "telling", "expression": "orchestrator.phone != 'x'",
        "actions": [{"type": "SEND_MESSAGE", "payload": {
            "message": "We call {{orchestrator.phone}} about {{custom.note}}",
        }}],
    });
    let telling = admin.enabled_policy(telling).await;
    let asked = json!({"attributes": {"orchestrator": {"phone": "0307654321"}}});
    let decided = decide(&admin, asked).await;
    let shown = logged(&admin, &decided["decisionId"]).await;
    let said = "We call 0307654321 about codeword-1";
    assert_eq!(shown["actions"][0]["payload"]["message"], said);
    // Both are marked, one of them with another value, and the policy goes.
    let settings = json!({"sensitiveAttributes": ["orchestrator.phone"]});
    admin
        .call("PUT", "/api/v1/settings", Some(settings))
        .await
        .expect(200);
    let note = json!({"valueType": "STRING", "value": "codeword-2", "sensitive": true});
    admin
        .call("PUT", "/api/v1/attributes/note", Some(note))
        .await
        .expect(200);
    admin
        .call("DELETE", &format!("/api/v1/policies/{telling}"), None)
        .await
        .expect(204);
    let shown = logged(&admin, &decided["decisionId"]).await;
    assert_eq!(shown["repeatable"], true);
    assert_eq!(
        shown["actions"][0]["payload"]["message"],
        "We call *** about ***"
    );
    let listed = admin.get(DECISIONS).await.expect(200);
    for secret in ["0307654321", "codeword"] {
        assert!(!shown.to_string().contains(secret), "{shown}");
        assert!(!listed.text.contains(secret), "{}", listed.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_is_missed_only_if_a_policy_that_is_reached_needs_one() {
    let node = Node::start().await;
    let admin = node.admin().await;
    admin
        .enabled_policy(intent_policy("orders", "order", "1"))
        .await;
    let vip = json!({
        "name": "vip", "expression": "sde.visitorinfo.customerinfo.ctype == 'vip'",
        "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "2"}}],
    });
    admin.enabled_policy(vip).await;
    let notes = async |asked: Value| {
        let decided = decide(&admin, asked).await;
        logged(&admin, &decided["decisionId"]).await["notes"].clone()
    };
    let order = json!({"orchestrator": {"intent": "order"}});
    assert_eq!(notes(json!({"attributes": order})).await, json!([]));
    assert_eq!(notes(json!({})).await, json!(["CUSTOMER_ID_REQUIRED"]));
    assert_eq!(notes(json!({"consumerId": "ada"})).await, json!([]));
    let told = json!({"sde": {"visitorinfo": {"customerinfo": {"ctype": "none"}}}});
    assert_eq!(notes(json!({"attributes": told})).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_in_the_order_of_asking_whatever_was_taken_as_now() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let first = decide(&admin, json!({"at": "2030-01-01T00:00:00Z"})).await;
    node.clock.advance(Duration::from_secs(1));
    let second = decide(&admin, json!({})).await;
    let path = format!("{DECISIONS}?from=2026-05-04T10:00:00Z&to=2026-05-04T10:00:02Z");
    let listed = admin.get(&path).await.expect(200).json();
    let times: Vec<_> = [0, 1]
        .map(|place| &listed["items"][place])
        .map(|item| (&item["decisionId"], &item["receivedAt"], &item["at"]))
        .into();
    let (asked, then) = ("2026-05-04T10:00:01.000Z", "2030-01-01T00:00:00.000Z");
    assert_eq!(
        times,
        [
            (&second["decisionId"], &json!(asked), &json!(asked)),
            (
                &first["decisionId"],
                &json!("2026-05-04T10:00:00.000Z"),
                &json!(then)
            ),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_may_be_as_deep_as_a_request() {
    let node = Node::start().await;
    let admin = node.admin().await;
    admin.enabled_policy(intent_policy("p", "x", "1")).await;
    let deep = 128 - 4;
    let deep = format!("{}{}", "[".repeat(deep), "]".repeat(deep));
    let deep: Value = serde_json::from_str(&deep).unwrap();
    let asked = json!({"attributes": {"orchestrator": {"intent": deep}}});
    let decided = decide(&admin, asked).await;
    // Here the record is read again, in which it stands deeper.
    let listed = admin.get(DECISIONS).await.expect(200).json();
    assert_eq!(listed["items"][0]["decisionId"], decided["decisionId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_removes_everything_kept_under_the_consumer() {
    let node = Node::start().await;
    let admin = node.admin().await;
    admin.enabled_policy(intent_policy("p", "order", "1")).await;
    for namespace in ["orchestrator", "crm"] {
        let path = format!("/api/v1/context/{namespace}/u1");
        let body = json!({"properties": {"intent": "order", "b": 2}});
        admin.call("PUT", &path, Some(body)).await.expect(200);
    }
    let said = json!({"customerInfo": {"customerType": "gold"}});
    admin
        .call("PATCH", "/api/v1/consumers/u1/sdes", Some(said))
        .await
        .expect(200);
    let decided = decide(&admin, json!({"consumerId": "u1"})).await;
    assert_eq!(decided["policy"]["name"], "p");
    logged(&admin, &decided["decisionId"]).await;
    let open = json!({"consumerId": "u1", "message": "I am Ada, of 1 Main Street"});
    let open = admin.post("/api/v1/conversations", open).await.expect(201);
    let open = open.json();
    let id = open["id"].as_str().unwrap();
    let known = admin.get("/api/v1/consumers/u1").await.expect(200).json();
    assert_eq!(known["documents"].as_array().unwrap().len(), 2);
    assert_eq!(known["documents"][0]["namespace"], "crm");
    assert_eq!(known["documents"][0]["properties"]["b"], 2);
    assert_eq!(known["conversations"], 1);
    let gold = known["sde"].to_string();
    assert!(gold.contains("gold"), "{gold}");
    let report = admin
        .call("DELETE", "/api/v1/consumers/u1", None)
        .await
        .expect(200)
        .json();
    assert_eq!(
        report,
        json!({
            "documents": [
                {"namespace": "crm", "properties": 2},
                {"namespace": "orchestrator", "properties": 2},
            ],
            "conversations": 1, "sdes": 1, "decisions": 1,
        })
    );
    let conversation = format!("/api/v1/conversations/{id}");
    for path in [&conversation, &format!("{conversation}/timeline")] {
        admin.get(path).await.expect(404);
    }
    let events = admin.get("/api/v1/events").await.expect(200).json();
    let events = events["items"].as_array().unwrap();
    for (place, event) in events.iter().enumerate() {
        assert_eq!(event["sequence"], place + 1, "no number is missing");
        assert_eq!(event["event"], json!({"type": "ERASED"}));
        assert!(event.get("conversationId").is_none(), "{event}");
    }
    assert!(events.len() > 2, "{events:?}");
    admin.get("/api/v1/context/crm/u1").await.expect(404);
    admin.get("/api/v1/consumers/u1/sdes").await.expect(404);
    let known = admin.get("/api/v1/consumers/u1").await.expect(200).json();
    assert_eq!(known, json!({"conversations": 0, "documents": []}));
    assert_eq!(
        decide(&admin, json!({"consumerId": "u1"})).await["policy"],
        Value::Null
    );
    node.client(ACCOUNT, Role::Bot)
        .await
        .call("DELETE", "/api/v1/consumers/u1", None)
        .await
        .expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_range_is_judged_at_the_given_instant() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let policy = json!({
        "name": "open", "expression": "isTimeRange('09:00:00', '18:00:00', 'Europe/Berlin')",
        "actions": [{"type": "SEND_MESSAGE", "payload": {"message": "x"}}],
    });
    admin.enabled_policy(policy).await;
    let at = async |at: &str| decide(&admin, json!({"at": at})).await["policy"]["name"].clone();
    assert_eq!(at("2026-05-04T16:00:00Z").await, "open");
    assert_eq!(at("2026-05-04T16:00:01Z").await, Value::Null);
}
