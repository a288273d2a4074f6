//! The published contract about the history of conversations.

use std::time::Duration;

use serde_json::{Value, json};
use usher_model::role::Role;

use crate::floor;
use crate::harness::{ACCOUNT, Client, Node};

const ROOT: &str = "/messaging_history/api/account/acc1/conversations";

/// 2026-05-04T10:00:00Z, at which tests begin.
const START: i64 = 1_777_888_800_000;

/// A conversation in which an agent answered, and that was closed 5 seconds after its start.
async fn closed(node: &Node, admin: &Client<'_>) -> String {
    let staged = floor::stage(admin, "conversationsClose").await;
    let conversation = staged["conversationId"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/conversations/{conversation}");
    let answer = json!({"text": "Good morning.", "asAgent": "agent-1"});
    let messages = format!("{path}/messages");
    admin.post(&messages, answer).await.expect(201);
    node.clock.advance(Duration::from_secs(5));
    let close = json!({"by": "AGENT"});
    admin
        .post(&format!("{path}/close"), close)
        .await
        .expect(200);
    conversation
}

async fn ask(client: &Client<'_>, path: &str, body: Value) -> Value {
    let path = format!("{ROOT}/{path}");
    client.post(&path, body).await.expect(200).json()
}

fn started() -> Value {
    json!({"from": START - 1_000, "to": START})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_told_in_the_parts_that_are_asked_for() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = closed(&node, &admin).await;
    let parts = json!([
        "info",
        "agentParticipants",
        "consumerParticipants",
        "dialogs",
        "interactions",
        "transfers",
        "skillChanges"
    ]);
    let wanted = json!({"conversationId": id, "contentToRetrieve": parts});
    let answer = ask(&admin, "conversation/search", wanted).await;
    let (begun, ended) = (
        "2026-05-04 10:00:00.000+0000",
        "2026-05-04 10:00:05.000+0000",
    );
    let expected = json!({
        "_metadata": {"count": 1,
            "self": {"rel": "self",
                "href": format!("{ROOT}/conversation/search?limit=50&offset=0")},
            "shardsStatusResult": {"partialResult": false}},
        "conversationHistoryRecords": [{
            "info": {
                "startTime": begun, "startTimeL": START,
                "endTime": ended, "endTimeL": START + 5_000, "duration": 5_000,
                "conversationId": id, "brandId": "acc1",
                "status": "CLOSE", "fullDialogStatus": "CLOSE",
                "closeReason": "AGENT", "closeReasonDescription": "MANUAL_CLOSE",
                "firstConversation": true, "csat": null, "csatRate": null,
                "mcs": 50, "alertedMCS": 0, "source": "WEB",
                "device": "NA", "browser": "NA", "operatingSystem": "NA",
                "latestSkillId": "floor", "latestSkillName": "floor",
                "latestAgentId": "agent-1", "latestAgentLoginName": "agent-1",
                "latestAgentNickname": "Ada", "latestAgentFullName": "Ada",
                "agentDeleted": false,
                "latestAgentGroupId": -1, "latestAgentGroupName": "Unassigned",
                "latestQueueState": "ACTIVE", "isPartial": false,
            },
            "agentParticipants": [{
                "agentId": "agent-1", "agentFullName": "Ada", "agentNickname": "Ada",
                "agentLoginName": "agent-1", "agentDeleted": false,
                "userType": "1", "userTypeName": "Human",
                "role": "AGENT", "permission": "ASSIGNED_AGENT",
                "agentGroupId": -1, "agentGroupName": "Unassigned",
                "time": begun, "timeL": START, "dialogId": id,
            }],
            "consumerParticipants": [{
                "participantId": "ada", "joinTime": begun, "joinTimeL": START, "dialogId": id,
            }],
            "dialogs": [{
                "dialogId": id, "status": "CLOSE", "dialogType": "MAIN",
                "startTime": begun, "startTimeL": START,
                "endTime": ended, "endTimeL": START + 5_000,
                "closeReason": "AGENT", "closeReasonDescription": "MANUAL_CLOSE",
                "skillId": "floor", "skillName": "floor",
            }],
            "interactions": [{
                "assignedAgentId": "agent-1", "assignedAgentFullName": "Ada",
                "assignedAgentLoginName": "agent-1", "assignedAgentNickname": "Ada",
                "interactionTime": begun, "interactionTimeL": START, "interactiveSequence": 1,
            }],
            "transfers": [],
            "skillChanges": [{
                "time": begun, "timeL": START, "newSkillId": "floor", "newSkillName": "floor",
                "oldSkillId": -1, "oldSkillName": "Unassigned",
            }],
        }],
    });
    assert_eq!(answer, expected);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_told_with_how_it_sounds() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = closed(&node, &admin).await;
    let parts = json!(["messageRecords", "messageScores"]);
    let wanted = json!({"consumer": "ada", "status": ["CLOSE"], "contentToRetrieve": parts});
    let answer = ask(&admin, "consumer/search", wanted).await;
    let record = &answer["conversationHistoryRecords"][0];
    let message = |at: usize, text: &str, by: &str, sent_by: &str| {
        json!({
            "type": "TEXT_PLAIN", "messageData": {"msg": {"text": text}},
            "messageId": record["messageRecords"][at]["messageId"], "seq": at, "dialogId": id,
            "participantId": by, "time": "2026-05-04 10:00:00.000+0000", "timeL": START,
            "sentBy": sent_by, "audience": "ALL",
        })
    };
    let said = json!([
        message(0, "Hello", "ada", "Consumer"),
        message(1, "Good morning.", "agent-1", "Agent")
    ]);
    assert_eq!(record["messageRecords"], said);
    let score = json!([{
        "messageId": said[0]["messageId"], "messageRawScore": 0.0, "mcs": 50,
        "time": "2026-05-04 10:00:00.000+0000", "timeL": START,
    }]);
    assert_eq!(record["messageScores"], score);
    assert_eq!(record.as_object().unwrap().len(), 3);
    let open = json!({"consumer": "ada", "status": ["OPEN"]});
    let open = ask(&admin, "consumer/search", open).await;
    assert_eq!(open["_metadata"]["count"], 0);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn la_15_what_a_conversation_was_about_is_told() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let staged = floor::stage(&admin, "conversationsClose").await;
    let id = staged["conversationId"].as_str().unwrap();
    let metadata = json!([{"type": "BotResponse", "intents": [
        {"id": "i-2", "name": "greeting", "confidence": "MEDIUM", "confidenceScore": 0.4},
        {"id": "i-1", "name": "billing", "confidence": "VERYGOOD", "confidenceScore": 0.9},
    ]}]);
    let answer = json!({"text": "Your bill?", "asAgent": "agent-1", "metadata": metadata});
    let messages = format!("/api/v1/conversations/{id}/messages");
    admin.post(&messages, answer).await.expect(201);
    let document = json!({"properties": {"intent": "refund", "intentId": "i-3"}});
    let path = format!("/api/v1/context/orchestrator/{id}");
    admin.call("PATCH", &path, Some(document)).await.expect(200);
    let parts = json!([
        "info",
        "agentParticipants",
        "consumerParticipants",
        "uniqueIntents",
        "intents",
        "dialogs",
        "skillChanges"
    ]);
    let wanted = json!({"conversationId": id, "contentToRetrieve": parts});
    let answer = ask(&admin, "conversation/search?source=tests", wanted).await;
    let record = &answer["conversationHistoryRecords"][0];
    let (billing, greeting) = (
        json!({"intentId": "i-1", "intentName": "billing", "confidenceScore": 0.9}),
        json!({"intentId": "i-2", "intentName": "greeting", "confidenceScore": 0.4}),
    );
    let refund = json!({"intentId": "i-3", "intentName": "refund"});
    assert_eq!(record["uniqueIntents"], json!([billing, refund]));
    let [told] = record["intents"].as_array().unwrap().as_slice() else {
        panic!("expected the intents of one message");
    };
    assert_eq!(told["selectedClassification"], billing);
    assert_eq!(told["allClassifications"], json!([billing, greeting]));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_with_the_start_and_what_was_answered_at_the_end_is_told() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let staged = floor::stage(&admin, "conversationsAnswerSurvey").await;
    let id = staged["conversationId"].as_str().unwrap();
    let asked = async |id: &str| {
        let parts = json!(["conversationSurveys", "sdes", "unAuthSdes"]);
        let wanted = json!({"conversationId": id, "contentToRetrieve": parts});
        let answer = ask(&admin, "conversation/search", wanted).await;
        answer["conversationHistoryRecords"][0].clone()
    };
    let survey = &asked(id).await["conversationSurveys"][0];
    assert_eq!(survey["surveyStatus"], "OPEN");
    assert_eq!(survey["surveyData"], json!([{"question": "How was it?"}]));
    let path = format!("/api/v1/conversations/{id}/survey");
    admin.post(&path, json!({"csat": 4})).await.expect(200);
    let survey = &asked(id).await["conversationSurveys"][0];
    assert_eq!(survey["surveyStatus"], "FILLED");
    assert_eq!(survey["surveyData"][0]["answer"], "4");

    let begins = json!({"skillId": "floor", "consumerId": "bea", "isAuthenticated": true,
        "sdes": {"customerInfo": {"customerType": "gold"}}});
    let begun = admin.post("/api/v1/conversations", begins).await;
    let begun = begun.expect(201).json()["id"].as_str().unwrap().to_owned();
    let record = asked(&begun).await;
    let info = json!({"serverTimeStamp": "2026-05-04 10:00:00.000+0000",
        "customerInfo": {"customerType": "gold"}});
    let event = json!({"sdeType": "CUSTOMER_INFO", "customerInfo": info});
    assert_eq!(record["sdes"], json!({"events": [event]}));
    assert_eq!(record["unAuthSdes"], json!({"events": []}));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_takes_what_every_filter_takes() {
    let node = Node::start().await;
    let admin = node.admin().await;
    closed(&node, &admin).await;
    let waits = json!({"skillId": "1001", "consumerId": "bob", "message": "A parcel",
        "sdes": {"customerInfo": {"customerType": "Gold"}}});
    let away = json!({"status": "AWAY"});
    admin
        .call("PUT", "/api/v1/agents/agent-1/availability", Some(away))
        .await
        .expect(200);
    admin.post("/api/v1/conversations", waits).await.expect(201);
    let found = async |name: &str, value: Value| {
        let mut wanted = json!({"start": {"from": START, "to": START + 10_000},
            "contentToRetrieve": ["info"]});
        wanted[name] = value;
        let answer = ask(&admin, "search?sort=start:asc", wanted).await;
        let records = answer["conversationHistoryRecords"]
            .as_array()
            .unwrap()
            .clone();
        let skills = records
            .iter()
            .map(|record| record["info"]["latestSkillId"].clone());
        skills.collect::<Value>()
    };
    let (first, second) = (json!(["floor"]), json!([1001]));
    assert_eq!(found("start", started()).await, first);
    assert_eq!(found("status", json!(["OPEN"])).await, second);
    assert_eq!(
        found("status", json!(["OPEN", "CLOSE"])).await,
        json!(["floor", 1001])
    );
    assert_eq!(found("skillIds", json!([1001])).await, second);
    assert_eq!(found("latestSkillIds", json!(["floor"])).await, first);
    assert_eq!(found("agentIds", json!(["agent-1"])).await, first);
    assert_eq!(found("latestAgentIds", json!(["agent-1"])).await, first);
    assert_eq!(found("agentGroupIds", json!([7])).await, json!([]));
    assert_eq!(found("keyword", json!("PARCEL")).await, second);
    assert_eq!(found("duration", json!({"from": 5})).await, first);
    assert_eq!(found("duration", json!({"from": "6"})).await, json!([]));
    let ended = json!({"from": START + 5_000, "to": START + 5_000});
    assert_eq!(found("end", ended).await, first);
    assert_eq!(found("end", json!({"to": START})).await, json!([]));
    assert_eq!(found("mcs", json!({"from": 51})).await, json!([]));
    assert_eq!(found("alertedMcsValues", json!([-1, 1])).await, json!([]));
    let neutral = found("alertedMcsValues", json!(["0"])).await;
    assert_eq!(neutral, json!(["floor", 1001]));
    assert_eq!(found("csat", json!({"from": 1, "to": 5})).await, json!([]));
    assert_eq!(found("source", json!(["WHATSAPP"])).await, json!([]));
    let sde = |group: &str| json!({group: "gold"});
    assert_eq!(found("sdeSearch", sde("customerInfo")).await, second);
    assert_eq!(found("sdeSearch", sde("personalInfo")).await, json!([]));
    let either = json!({"customerInfo": "gold", "personalInfo": "nobody"});
    assert_eq!(found("sdeSearch", either).await, second);
    let state = "latestConversationQueueState";
    assert_eq!(found(state, json!("IN_QUEUE")).await, second);
    let page = json!({"start": {"from": START, "to": START + 10_000}});
    let page = ask(&admin, "search?limit=1&offset=1", page).await;
    assert_eq!(page["_metadata"]["count"], 2);
    let records = page["conversationHistoryRecords"].as_array().unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["info"]["latestSkillId"], "floor");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_and_on_what_a_consumer_writes_is_told_and_searched_for() {
    let node = Node::start().await;
    let admin = node.admin().await;
    closed(&node, &admin).await;
    let page = "https://shop.example/parcels";
    let begins = json!({"skillId": "floor", "consumerId": "bea", "message": "A parcel",
        "attributes": {"device": "mobile", "browser": "Firefox 140", "operatingSystem": "ANDROID",
            "country": "Iceland", "countryCode": "IS", "city": 7, "isp": "",
            "conversationStartPage": page}});
    let begun = admin.post("/api/v1/conversations", begins).await;
    let begun = begun.expect(201).json()["id"].as_str().unwrap().to_owned();
    let wanted = json!({"conversationId": begun, "contentToRetrieve": ["monitoring", "summary"]});
    let answer = ask(&admin, "conversation/search", wanted).await;
    let record = &answer["conversationHistoryRecords"][0];
    let monitoring = json!({"country": "Iceland", "countryCode": "IS", "device": "MOBILE",
        "browser": "Firefox 140", "operatingSystem": "ANDROID", "conversationStartPage": page});
    assert_eq!(record["monitoring"], monitoring);
    assert_eq!(record.get("summary"), None, "nobody writes one");
    assert_eq!(record["info"]["device"], "MOBILE");
    assert_eq!(record["info"]["browser"], "Firefox 140");
    let wanted = json!({"consumer": "ada", "contentToRetrieve": ["monitoring"]});
    let answer = ask(&admin, "consumer/search", wanted).await;
    let monitoring = &answer["conversationHistoryRecords"][0]["monitoring"];
    assert_eq!(*monitoring, json!({"device": "NA"}));

    let found = async |filter: Value| {
        let mut wanted = json!({"start": {"from": START, "to": START + 10_000},
            "contentToRetrieve": ["consumerParticipants"]});
        wanted
            .as_object_mut()
            .unwrap()
            .extend(filter.as_object().unwrap().clone());
        let answer = ask(&admin, "search?sort=start:asc", wanted).await;
        let records = answer["conversationHistoryRecords"].as_array().unwrap();
        let consumers = records
            .iter()
            .map(|record| record["consumerParticipants"][0]["participantId"].clone());
        consumers.collect::<Value>()
    };
    assert_eq!(found(json!({"device": ["MOBILE"]})).await, json!(["bea"]));
    assert_eq!(found(json!({"device": ["NA"]})).await, json!(["ada"]));
    assert_eq!(
        found(json!({"device": ["NA", "MOBILE"]})).await,
        json!(["ada", "bea"])
    );
    assert_eq!(found(json!({"device": ["DESKTOP"]})).await, json!([]));
    assert_eq!(found(json!({"summary": "parcel"})).await, json!([]));

    let card = json!({"type": "vertical", "elements": []});
    let says = json!({"text": "Choose.", "content": card, "asConsumer": true});
    let messages = format!("/api/v1/conversations/{begun}/messages");
    admin.post(&messages, says).await.expect(201);
    let of = |kind: &str| json!({"messageContentTypes": [kind]});
    assert_eq!(found(of("RICH_CONTENT")).await, json!(["bea"]));
    assert_eq!(found(of("TEXT_PLAIN")).await, json!(["ada", "bea"]));
    assert_eq!(found(of("HOSTED_FILE")).await, json!([]));
    let wanted = json!({"conversationId": begun, "contentToRetrieve": ["messageRecords"]});
    let answer = ask(&admin, "conversation/search", wanted).await;
    let record = &answer["conversationHistoryRecords"][0]["messageRecords"][1];
    assert_eq!(record["type"], "RICH_CONTENT");
    let content = record["messageData"]["richContent"]["content"].as_str();
    let content: Value = serde_json::from_str(content.unwrap()).unwrap();
    assert_eq!(content, card);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_and_searched_for_by_when_an_answer_is_due() {
    let node = Node::start().await;
    let admin = node.admin().await;
    closed(&node, &admin).await;
    let skill = json!({"name": "Orders", "routing": {"responseSeconds": 600}});
    admin
        .call("PUT", "/api/v1/skills/1001", Some(skill))
        .await
        .expect(200);
    let begins = json!({"skillId": "1001", "consumerId": "bea", "message": "A parcel"});
    let begun = admin.post("/api/v1/conversations", begins).await;
    let begun = begun.expect(201).json();
    let id = begun["id"].as_str().unwrap();
    let asked = async |consumer: &str| {
        let wanted = json!({"consumer": consumer, "contentToRetrieve": ["responseTime"]});
        let answer = ask(&admin, "consumer/search", wanted).await;
        answer["conversationHistoryRecords"][0]["responseTime"].clone()
    };
    let due = |at: i64, seconds: u32| json!({"latestEffectiveResponseDueTime": at, "configuredResponseTime": seconds});
    // It began five seconds after the tests did.
    let begin = START + 5_000;
    assert_eq!(asked("bea").await, due(begin + 600_000, 600));
    assert_eq!(asked("ada").await, due(-1, 3_600), "it is over");
    let found = async |from: i64, to: i64| {
        let wanted = json!({"start": {"from": START, "to": START + 10_000},
            "responseTime": {"from": from, "to": to}, "contentToRetrieve": ["info"]});
        ask(&admin, "search", wanted).await["_metadata"]["count"].clone()
    };
    assert_eq!(found(begin + 600_000, begin + 600_000).await, 1);
    assert_eq!(found(begin, begin + 599_999).await, 0);
    let path = format!("/api/v1/conversations/{id}/response-time");
    let urgent = json!({"isUrgent": true, "asConsumer": true});
    let told = admin.post(&path, urgent).await.expect(200).json();
    assert_eq!(told["responseTime"]["isUrgent"], true);
    assert_eq!(told["responseTime"]["seconds"], 300);
    assert_eq!(asked("bea").await, due(begin + 300_000, 300));
    for refused in [
        json!({}),
        json!({"isUrgent": true, "promisedAt": null}),
        json!({"promisedAt": "2026-05-04T12:00:00.000Z", "asConsumer": true}),
        json!({"promisedAt": "2025-05-04T12:00:00.000Z", "asConsumer": true}),
    ] {
        admin.post(&path, refused).await.expect(422);
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_cannot_be_answered_is_refused() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let days = 93 * 24 * 60 * 60 * 1_000_i64;
    let many: Vec<String> = (0..101).map(|number| format!("c-{number}")).collect();
    for (path, body) in [
        ("search", json!({})),
        ("search", json!({"start": {"from": START}})),
        ("search", json!({"start": {"from": START, "to": START - 1}})),
        (
            "search",
            json!({"start": {"from": START - days, "to": START}}),
        ),
        ("search", json!({"start": started(), "status": ["GONE"]})),
        ("search", json!({"start": started(), "device": ["WATCH"]})),
        (
            "search",
            json!({"start": started(), "messageContentTypes": ["SMELL"]}),
        ),
        (
            "search",
            json!({"start": started(), "contentToRetrieve": ["weather"]}),
        ),
        ("search?limit=101", json!({"start": started()})),
        ("conversation/search", json!({})),
        ("conversation/search", json!({"conversationIds": many})),
        ("consumer/search", json!({})),
        ("consumer/search", json!([])),
    ] {
        let refused = admin.post(&format!("{ROOT}/{path}"), body.clone()).await;
        assert_eq!(refused.expect(400).json()["success"], false, "{body}");
    }
    let wanted = json!({"start": started()});
    let agent = node.client(ACCOUNT, Role::Agent).await;
    let stranger = node.client("acc2", Role::Admin).await;
    for client in [agent, stranger] {
        let refused = client.post(&format!("{ROOT}/search"), wanted.clone()).await;
        assert_eq!(refused.expect(403).json()["code"], "FORBIDDEN");
    }
    let request = axum::http::Request::builder().method("POST");
    let request = request.uri(format!("{ROOT}/search"));
    let request = request.body(axum::body::Body::from(wanted.to_string()));
    node.send(request.unwrap()).await.expect(401);
    node.stop().await;
}
