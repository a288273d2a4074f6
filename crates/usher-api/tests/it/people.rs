//! Skills, users, groups, engagements, settings and credentials: what an administrator sets.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use usher_model::role::Role;

use crate::harness::{ACCOUNT, Answer, Node};

/// Returns the pointers of every mistake.
fn pointers(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let mistakes = body["errors"].as_array().cloned().unwrap_or_default();
    let pointer = |mistake: &Value| mistake["pointer"].as_str().unwrap().to_owned();
    mistakes.iter().map(pointer).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_floor_is_made_of_skills_and_users() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let skill = json!({"id": "12", "name": "Billing"});
    let made = admin.post("/api/v1/skills", skill).await.expect(201).json();
    assert_eq!(
        (&made["id"], &made["isEnabled"]),
        (&json!("12"), &json!(true))
    );
    let user = json!({"id": "ada", "name": "Ada", "kind": "HUMAN", "maxConversations": 2,
        "skills": [{"skillId": "12"}]});
    let made = admin.post("/api/v1/users", user).await.expect(201).json();
    assert_eq!(made["role"], "agent");
    assert_eq!(made["skills"], json!([{"skillId": "12", "proficiency": 5}]));
    let bot = json!({"name": "Concierge", "kind": "BOT", "hostedBot": {}});
    let made = admin.post("/api/v1/users", bot).await.expect(201).json();
    assert_eq!(
        (&made["role"], &made["email"]),
        (&json!("bot"), &Value::Null)
    );
    assert_eq!(made["hostedBot"]["isEnabled"], true);
    for (id, path) in [("checkout", "engagements"), ("night", "agent-groups")] {
        let new = json!({"id": id, "name": id});
        let path = format!("/api/v1/{path}");
        admin.post(&path, new.clone()).await.expect(201);
        let again = admin.post(&path, new).await.expect(409).json();
        assert_eq!(again["code"], "NAME_TAKEN");
        let shown = admin.get(&format!("{path}/{id}")).await.expect(200);
        assert_eq!(shown.json()["id"], id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_sees_how_the_messenger_looks_at_an_engagement_and_no_more() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let messenger = json!({"title": "Ask us", "greeting": "Hi!", "color": "#0B7285"});
    let shop = json!({"id": "shop", "name": "Shop", "campaign": "Spring", "messenger": messenger});
    let made = admin.post("/api/v1/engagements", shop).await.expect(201);
    assert_eq!(made.json()["messenger"], messenger);
    let visit = async |path: &str| {
        let request = axum::http::Request::get(path);
        node.send(request.body(axum::body::Body::empty()).unwrap())
            .await
    };
    let path = "/api/v1/engagements/shop/messenger";
    let seen = visit(&format!("{path}?account={ACCOUNT}"))
        .await
        .expect(200);
    assert_eq!(seen.header("cache-control"), Some("public, max-age=15"));
    assert_eq!(
        seen.json(),
        json!({"isEnabled": true, "title": "Ask us", "greeting": "Hi!", "color": "#0B7285"})
    );
    visit(&format!("{path}?account=acc2")).await.expect(404);
    visit(path).await.expect(400);
    let patch = json!({"isEnabled": false, "messenger": {"title": null}}).to_string();
    let changed = admin.raw("PATCH", "/api/v1/engagements/shop", patch, &[]);
    changed.await.expect(200);
    let seen = visit(&format!("{path}?account={ACCOUNT}"))
        .await
        .expect(200);
    assert_eq!(
        seen.json(),
        json!({"isEnabled": false, "title": null, "greeting": "Hi!", "color": "#0B7285"})
    );
    let wrong = json!({"name": "x", "messenger": {"title": " ", "greeting": "x".repeat(501),
        "color": "teal"}});
    let refused = admin.post("/api/v1/engagements", wrong).await.expect(422);
    assert_eq!(
        pointers(&refused),
        [
            "#/messenger/title",
            "#/messenger/greeting",
            "#/messenger/color"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_in_a_user_is_named_at_once() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let skill = json!({"id": "12", "name": "Billing"});
    admin.post("/api/v1/skills", skill).await.expect(201);
    let wrong = json!({"name": " ", "email": "nobody", "maxConversations": -2,
        "groupId": "unknown", "pictureUrl": "http://example.com/a.png", "hostedBot": {},
        "skills": [{"skillId": "12", "proficiency": 11}, {"skillId": "12"}, {"skillId": "13"}]});
    let answer = admin.post("/api/v1/users", wrong).await.expect(422);
    let mut found = pointers(&answer);
    found.sort();
    assert_eq!(
        found,
        [
            "#/email",
            "#/groupId",
            "#/hostedBot",
            "#/maxConversations",
            "#/name",
            "#/pictureUrl",
            "#/skills/0/proficiency",
            "#/skills/1/skillId",
            "#/skills/2/skillId",
        ]
    );
    for number in [Value::Null, json!(-1), json!(0), json!(1)] {
        let user = json!({"name": "n", "maxConversations": number});
        let made = admin.post("/api/v1/users", user).await.expect(201).json();
        assert_eq!(made["maxConversations"], number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_changed_only_as_the_caller_saw_them() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let user = json!({"id": "ada", "name": "Ada", "email": "ada@example.com",
        "password": "correct horse battery"});
    let made = admin.post("/api/v1/users", user.clone()).await.expect(201);
    assert!(!made.text.contains("assword"), "{}", made.text);
    let etag = made.header("etag").unwrap().to_owned();
    let path = "/api/v1/users/ada";
    let patch = json!({"nickname": "A.", "maxConversations": 3}).to_string();
    let matching = [("if-match", etag.as_str())];
    let changed = admin.raw("PATCH", path, patch.clone(), &matching).await;
    let changed = changed.expect(200).json();
    assert_eq!(
        (&changed["nickname"], &changed["name"]),
        (&json!("A."), &json!("Ada"))
    );
    let late = admin.raw("PATCH", path, patch, &matching).await.expect(409);
    assert_eq!(late.json()["code"], "REVISION_CONFLICT");
    let patch = json!({"nickname": null}).to_string();
    let cleared = admin.raw("PATCH", path, patch, &[]).await.expect(200);
    assert_eq!(cleared.json()["nickname"], Value::Null);
    let kind = json!({"kind": "BOT"}).to_string();
    let refused = admin.raw("PATCH", path, kind, &[]).await.expect(422);
    assert_eq!(pointers(&refused), ["#/kind"]);
    let other = json!({"id": "grace", "name": "Ada"});
    let refused = admin.call("PUT", path, Some(other)).await.expect(422);
    assert_eq!(pointers(&refused), ["#/id"]);
    let off = admin.call("POST", &format!("{path}/disable"), None).await;
    assert_eq!(off.expect(200).json()["isEnabled"], false);
    let on = admin.call("POST", &format!("{path}/enable"), None).await;
    assert_eq!(on.expect(200).json()["isEnabled"], true);
    let audit = admin.get("/api/v1/audit?target=user/ada").await.expect(200);
    assert!(!audit.text.contains("argon2"), "{}", audit.text);
    assert_eq!(audit.json()["items"].as_array().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_looks_after_agents_and_bots_and_gives_nobody_more() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let manager = node.client(ACCOUNT, Role::Manager).await;
    let agent = json!({"id": "ada", "name": "Ada", "kind": "HUMAN", "email": "ada@example.com"});
    manager.post("/api/v1/users", agent).await.expect(201);
    let bot = json!({"id": "hal", "name": "Hal", "kind": "BOT", "hostedBot": {}});
    manager.post("/api/v1/users", bot).await.expect(201);
    let link = "/api/v1/users/ada/sign-in-link";
    manager.post(link, json!({})).await.expect(201);
    for role in ["admin", "manager", "developer", "readonly"] {
        let id = format!("a-{role}");
        let above = json!({"id": id, "name": role, "kind": "HUMAN", "role": role});
        let refused = manager
            .post("/api/v1/users", above.clone())
            .await
            .expect(403);
        assert!(
            refused.text.contains("only administrators"),
            "{}",
            refused.text
        );
        admin.post("/api/v1/users", above).await.expect(201);
        // Nobody is lifted, lowered or reached by it.
        let path = format!("/api/v1/users/{id}");
        let lift = json!({"role": role}).to_string();
        let lower = json!({"role": "agent"}).to_string();
        let patched = manager.raw("PATCH", "/api/v1/users/ada", lift, &[]).await;
        patched.expect(403);
        manager.raw("PATCH", &path, lower, &[]).await.expect(403);
        manager.call("DELETE", &path, None).await.expect(403);
        for verb in ["disable", "sign-in-link"] {
            let path = format!("{path}/{verb}");
            manager.post(&path, json!({})).await.expect(403);
        }
        for file in [
            format!("id,name,role\nnew,New,{role}\n"),
            format!("id,name,role\n{id},Lowered,agent\n"),
        ] {
            let path = "/api/v1/users/import";
            let refused = manager.raw("POST", path, file, &[]).await.expect(422);
            assert_eq!(pointers(&refused), ["#/lines/2/role"]);
        }
    }
    assert_eq!(
        admin.get("/api/v1/users/ada").await.expect(200).json()["role"],
        "agent"
    );
    manager
        .call("DELETE", "/api/v1/users/ada", None)
        .await
        .expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_that_goes_is_taken_from_its_users() {
    let node = Node::start().await;
    let admin = node.admin().await;
    for id in ["12", "13"] {
        let skill = json!({"id": id, "name": id});
        admin.post("/api/v1/skills", skill).await.expect(201);
    }
    let user =
        json!({"id": "ada", "name": "Ada", "skills": [{"skillId": "12"}, {"skillId": "13"}]});
    admin.post("/api/v1/users", user).await.expect(201);
    admin
        .call("DELETE", "/api/v1/skills/12", None)
        .await
        .expect(204);
    let ada = admin.get("/api/v1/users/ada").await.expect(200).json();
    assert_eq!(ada["skills"], json!([{"skillId": "13", "proficiency": 5}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_and_relaxations_of_a_skill_are_checked() {
    let node = Node::start().await;
    let manager = node.client(ACCOUNT, Role::Manager).await;
    let hours = json!({"zone": "Europe/Berlin",
        "week": [{"day": "MONDAY", "opens": "22:00", "closes": "06:00"}],
        "exceptions": [{"date": "2026-12-25", "openings": []}],
        "outside": {"behavior": "CLOSE", "message": "We are closed."}});
    let skill = json!({"id": "12", "name": "Billing", "hours": hours});
    let made = manager
        .post("/api/v1/skills", skill)
        .await
        .expect(201)
        .json();
    assert_eq!(made["hours"], hours);
    let wrong = json!({"hours": {"zone": "Mars/Olympus", "exceptions": [{"date": "25.12.2026"}]},
        "routing": {"ringSeconds": 0, "relaxations": [
            {"afterSeconds": 60, "skillId": "13"}, {"afterSeconds": 30, "proficiencyMin": 11}]},
        "fallbackSkillId": "12"});
    let refused = manager
        .raw("PATCH", "/api/v1/skills/12", wrong.to_string(), &[])
        .await;
    // What cannot even be read is said first.
    assert_eq!(pointers(&refused.expect(422)), ["#/hours/exceptions/0"]);
    let wrong = json!({"hours": {"zone": "Mars/Olympus",
            "exceptions": [{"date": "25.12.2026", "openings": []}]},
        "routing": {"ringSeconds": 0, "relaxations": [
            {"afterSeconds": 60, "skillId": "13"}, {"afterSeconds": 30, "proficiencyMin": 11}]},
        "fallbackSkillId": "12"});
    let refused = manager
        .raw("PATCH", "/api/v1/skills/12", wrong.to_string(), &[])
        .await;
    let mut found = pointers(&refused.expect(422));
    found.sort();
    assert_eq!(
        found,
        [
            "#/fallbackSkillId",
            "#/hours/exceptions/0/date",
            "#/hours/zone",
            "#/routing/relaxations",
            "#/routing/relaxations/0/skillId",
            "#/routing/relaxations/1/proficiencyMin",
            "#/routing/ringSeconds",
        ]
    );
    let time = json!({"hours": {"zone": "UTC",
        "week": [{"day": "MONDAY", "opens": "9:00", "closes": "17:00"}]}});
    let refused = manager
        .raw("PATCH", "/api/v1/skills/12", time.to_string(), &[])
        .await;
    assert_eq!(pointers(&refused.expect(422)), ["#/hours/week/0/opens"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn la_70_a_manager_changes_the_last_agent_at_run_time() {
    let node = Node::start().await;
    let manager = node.client(ACCOUNT, Role::Manager).await;
    let settings = manager.get("/api/v1/settings").await.expect(200).json();
    assert_eq!(settings["lastAgent"]["mcsThreshold"], 50);
    assert_eq!(settings["lastAgent"]["timeFrameSeconds"], 3_600);
    assert_eq!(settings["lastAgent"]["ttlSeconds"], 2_592_000);
    let patch = json!({"lastAgent": {"mcsThreshold": 40, "timeFrameSeconds": 7_200}});
    let changed = manager
        .raw("PATCH", "/api/v1/settings", patch.to_string(), &[])
        .await;
    let changed = changed.expect(200).json();
    assert_eq!(changed["lastAgent"]["mcsThreshold"], 40);
    assert_eq!(changed["routing"], settings["routing"]);
    let audit = manager
        .get("/api/v1/audit?target=settings")
        .await
        .expect(200);
    assert_eq!(audit.json()["items"].as_array().unwrap().len(), 1);
    let wrong = json!({"lastAgent": {"ttlSeconds": 60, "mcsThreshold": 101},
        "routing": {"leaseSeconds": 0, "defaultSkillId": "unknown"}});
    let refused = manager
        .raw("PATCH", "/api/v1/settings", wrong.to_string(), &[])
        .await;
    let mut found = pointers(&refused.expect(422));
    found.sort();
    assert_eq!(
        found,
        [
            "#/lastAgent/mcsThreshold",
            "#/lastAgent/timeFrameSeconds",
            "#/routing/defaultSkillId",
            "#/routing/leaseSeconds",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_replaced_keep_the_parts_that_are_left_out() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let path = "/api/v1/settings";
    let all = json!({"strictSessionLookup": true,
        "routing": {"ringSeconds": 20, "leaseSeconds": 40}, "bot": {"retrySeconds": 7},
        "lastAgent": {"mcsThreshold": 40, "notice": {"sameSkill": false}}});
    admin.call("PUT", path, Some(all)).await.expect(200);
    let some =
        json!({"routing": {"ringSeconds": 30}, "lastAgent": {"notice": {"sameAgent": false}}});
    admin.call("PUT", path, Some(some)).await.expect(200);
    let settings = admin.get(path).await.expect(200).json();
    assert_eq!(settings["strictSessionLookup"], false);
    assert_eq!(settings["routing"]["ringSeconds"], 30);
    assert_eq!(settings["routing"]["leaseSeconds"], 40);
    assert_eq!(settings["bot"]["retrySeconds"], 7);
    assert_eq!(settings["lastAgent"]["mcsThreshold"], 40);
    let notice = &settings["lastAgent"]["notice"];
    assert_eq!(
        (&notice["sameAgent"], &notice["sameSkill"]),
        (&json!(false), &json!(false))
    );
    for wrong in [json!({"bot": 7}), json!({"bot": {"colour": 1}}), json!([])] {
        let refused = admin.call("PUT", path, Some(wrong)).await;
        assert!(refused.status.is_client_error(), "{}", refused.text);
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_an_agent_acts_as_that_agent_while_the_user_is_enabled() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let skill = json!({"id": "12", "name": "Billing"});
    admin.post("/api/v1/skills", skill).await.expect(201);
    let user = json!({"id": "ada", "name": "Ada", "skills": [{"skillId": "12"}]});
    admin.post("/api/v1/users", user).await.expect(201);
    let unknown = json!({"name": "key", "role": "agent", "userId": "grace"});
    let refused = admin.post("/api/v1/credentials", unknown).await.expect(422);
    assert_eq!(pointers(&refused), ["#/userId"]);
    let new = json!({"name": "key", "role": "agent", "userId": "ada"});
    let issued = admin
        .post("/api/v1/credentials", new)
        .await
        .expect(201)
        .json();
    assert_eq!(issued["userId"], "ada");
    let ask = async |method: &str, path: &str, body: Value| {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .header(
                "authorization",
                format!("Bearer {}", issued["apiKey"].as_str().unwrap()),
            )
            .body(axum::body::Body::from(body.to_string()))
            .unwrap();
        node.send(request).await
    };
    let online = json!({"status": "ONLINE", "leaseSeconds": 60});
    let set = ask("PUT", "/api/v1/agents/ada/availability", online.clone()).await;
    set.expect(200);
    let other = ask("PUT", "/api/v1/agents/grace/availability", online.clone()).await;
    other.expect(403);
    let off = admin.call("POST", "/api/v1/users/ada/disable", None).await;
    off.expect(200);
    // A key that was found good is taken as good for a few seconds more.
    node.clock.advance(std::time::Duration::from_secs(6));
    let set = ask("PUT", "/api/v1/agents/ada/availability", online).await;
    set.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_may_talk_and_sees_only_their_own() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let skill = json!({"id": "12", "name": "Billing"});
    admin.post("/api/v1/skills", skill).await.expect(201);
    let ask = async |token: &str, method: &str, path: &str, body: Value| {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .body(axum::body::Body::from(body.to_string()))
            .unwrap();
        node.send(request).await
    };
    let token = async || {
        let body = json!({"account": ACCOUNT});
        let issued = ask("", "POST", "/api/v1/consumer-tokens", body).await;
        issued.expect(201).json()
    };
    let (carl, eve) = (token().await, token().await);
    assert_eq!(carl["isIdentified"], false);
    let text = |issued: &Value| issued["accessToken"].as_str().unwrap().to_owned();
    let (carls, eves) = (text(&carl), text(&eve));
    let new = json!({"skillId": "12", "message": "Hello", "isAuthenticated": true});
    let opened = ask(&carls, "POST", "/api/v1/conversations", new).await;
    let opened = opened.expect(201).json();
    assert_eq!(opened["consumerId"], carl["consumerId"]);
    // A consumer does not vouch for itself.
    assert_eq!(opened["isAuthenticated"], false, "{opened}");
    let path = format!("/api/v1/conversations/{}", opened["id"].as_str().unwrap());
    let say = json!({"text": "Is anybody there?"});
    let messages = format!("{path}/messages");
    ask(&carls, "POST", &messages, say.clone())
        .await
        .expect(201);
    ask(&eves, "POST", &messages, say).await.expect(404);
    ask(&eves, "GET", &path, Value::Null).await.expect(404);
    for (method, path) in [
        ("GET", "/api/v1/users"),
        ("GET", "/api/v1/settings"),
        ("POST", "/api/v1/decisions"),
        ("GET", "/api/v1/context"),
    ] {
        ask(&carls, method, path, json!({})).await.expect(403);
    }
    let contact = format!("{path}/last-contact");
    ask(&carls, "GET", &contact, Value::Null).await.expect(403);
    let shown = admin.get(&contact).await.expect(200).json();
    assert_eq!(shown["state"], "UNAUTHENTICATED");
    for (body, status, code) in [
        (json!({"account": "nobody"}), 404, "ACCOUNT_NOT_FOUND"),
        (
            json!({"account": ACCOUNT, "identityToken": "x.y.z"}),
            401,
            "IDENTITY_REFUSED",
        ),
    ] {
        let refused = ask("", "POST", "/api/v1/consumer-tokens", body).await;
        assert_eq!(refused.expect(status).json()["code"], code);
    }
    // Who stays for longer than a token lasts asks for another one in time.
    let renew = async |token: &str, account: &str| {
        let body = json!({"account": account, "accessToken": token});
        ask("", "POST", "/api/v1/consumer-tokens", body).await
    };
    node.clock.advance(std::time::Duration::from_secs(43_200));
    let renewed = renew(&carls, ACCOUNT).await.expect(201).json();
    assert_eq!(renewed["consumerId"], carl["consumerId"]);
    renew(&carls, "acc2").await.expect(403);
    renew(&admin.api_key, ACCOUNT).await.expect(401);
    let both = json!({"account": ACCOUNT, "accessToken": carls, "identityToken": "x.y.z"});
    ask("", "POST", "/api/v1/consumer-tokens", both)
        .await
        .expect(422);
    node.clock.advance(std::time::Duration::from_secs(43_200));
    ask(&carls, "GET", &path, Value::Null).await.expect(401);
    renew(&carls, ACCOUNT).await.expect(401);
    ask(&text(&renewed), "GET", &path, Value::Null)
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_puts_a_bot_in_front_of_a_skill() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let skill = json!({"id": "12", "name": "Billing"});
    admin.post("/api/v1/skills", skill).await.expect(201);
    let ask = json!({"skillName": "Billing"});
    let path = "/v2/orchestrator/skills";
    let made = admin.post(path, ask.clone()).await.expect(201).json();
    assert_eq!(made["skillName"], "maven:Billing");
    let again = admin.post(path, ask).await.expect(201).json();
    assert_eq!(again, made);
    let bot = format!("/api/v1/users/{}", made["botUserId"].as_str().unwrap());
    let bot = admin.get(&bot).await.expect(200).json();
    assert_eq!(bot["skills"].as_array().unwrap().len(), 1);
    assert_eq!(bot["hostedBot"]["isEnabled"], true);
    admin
        .post(path, json!({"skillName": "Ghost"}))
        .await
        .expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_credential_works_on_for_its_overlap_and_a_revoked_one_not_at_all() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let new = json!({"name": "bot", "role": "bot"});
    let first = admin
        .post("/api/v1/credentials", new)
        .await
        .expect(201)
        .json();
    let id = first["id"].as_str().unwrap();
    let path = format!("/api/v1/credentials/{id}/rotate");
    let second = admin
        .post(&path, json!({"overlapSeconds": 60}))
        .await
        .expect(200)
        .json();
    let ask = async |key: &Value| {
        let request = Request::builder()
            .uri("/v1/account/acc1/next-actions")
            .header("maven-api-key", key.as_str().unwrap())
            .body(Body::empty())
            .unwrap();
        node.send(request).await.status.as_u16()
    };
    assert_eq!(
        (ask(&first["apiKey"]).await, ask(&second["apiKey"]).await),
        (200, 200)
    );
    node.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(
        (ask(&first["apiKey"]).await, ask(&second["apiKey"]).await),
        (401, 200)
    );
    admin
        .call("DELETE", &format!("/api/v1/credentials/{id}"), None)
        .await
        .expect(204);
    assert_eq!(ask(&second["apiKey"]).await, 401);
    let listed = admin.get("/api/v1/credentials").await.expect(200);
    assert!(!listed.text.contains("hash") && !listed.text.contains("Hash"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_widget_is_told_of_an_agents_own_conversations_only() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let skill = json!({"id": "12", "name": "Billing"});
    admin.post("/api/v1/skills", skill).await.expect(201);
    for id in ["ada", "bob"] {
        let user = json!({"id": id, "name": id, "kind": "HUMAN", "skills": [{"skillId": "12"}]});
        admin.post("/api/v1/users", user).await.expect(201);
    }
    let opens = json!({"skillId": "12", "consumerId": "carl", "isAuthenticated": true});
    let opened = admin.post("/api/v1/conversations", opens).await;
    let id = opened.expect(201).json()["id"].as_str().unwrap().to_owned();
    let online = json!({"status": "ONLINE", "leaseSeconds": 600});
    let path = "/api/v1/agents/ada/availability";
    admin.call("PUT", path, Some(online)).await.expect(200);
    let take = json!({"agentId": "ada", "force": true});
    let path = format!("/api/v1/conversations/{id}/take-over");
    admin.post(&path, take).await.expect(200);
    let key = async |user: &str| {
        let new = json!({"name": user, "role": "agent", "userId": user});
        let made = admin.post("/api/v1/credentials", new).await.expect(201);
        made.json()["apiKey"].as_str().unwrap().to_owned()
    };
    let (ada, bob) = (key("ada").await, key("bob").await);
    let asked = async |key: &str, id: &str| {
        let path = format!("/v1/widget/last-contact?conversationId={id}");
        ask_as(&node, key, &path).await
    };
    let told = asked(&ada, &id).await.expect(200).json();
    let current = json!({"conversationId": id, "consumerId": "carl", "agentId": "ada",
        "skillId": "12", "intentName": null});
    let none = json!({"state": "NONE", "current": current, "timeFrameSeconds": 3_600,
        "notify": false});
    assert_eq!(told, none);
    asked(&bob, &id).await.expect(403);
    asked(&ada, "nothing").await.expect(404);
    node.stop().await;
}

/// Asks for something with somebody's key.
async fn ask_as(node: &Node, key: &str, path: &str) -> crate::harness::Answer {
    let request = axum::http::Request::builder().uri(path);
    let request = request.header("authorization", format!("Bearer {key}"));
    let request = request.body(axum::body::Body::empty()).unwrap();
    node.send(request).await
}
