//! The published contracts about agents, queues and conversations.

use serde_json::{Value, json};

use crate::floor;
use crate::harness::{ACCOUNT, Client, Node};
use usher_model::role::Role;

const STATUS: &str = "/messaging_history/api/account/acc1/agent-view/status";
const LIST: &str = "/manager_workspace/api/account/acc1/agent_view/list";
const AVAILABILITY: &str = "/manager_workspace/api/account/acc1/skill/availability";
const QUEUES: &str = "/operations/api/account/acc1/msgqueuehealth/current/";
const DIRECTORY: &str = "/api/account/acc1/service";

/// 2026-05-04T10:00:00Z, at which tests begin.
const START: i64 = 1_777_888_800_000;

/// Asserts that a path wants a credential, and one of its own account.
async fn is_guarded(node: &Node, method: &str, path: &str) {
    let request = axum::http::Request::builder().method(method).uri(path);
    let request = request.body(axum::body::Body::from("{}")).unwrap();
    let refused = node.send(request).await.expect(401).json();
    assert_eq!(refused["code"], "UNAUTHORIZED");
    let stranger = node.client("acc2", Role::Admin).await;
    let refused = stranger.call(method, path, Some(json!({}))).await;
    assert_eq!(refused.expect(403).json()["code"], "FORBIDDEN");
}

/// Asserts that a body is refused with the error body of contracts.
async fn is_refused(client: &Client<'_>, path: &str, body: Value) {
    let refused = client.post(path, body.clone()).await.expect(400).json();
    assert_eq!(refused["success"], false, "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_status_says_how_an_agent_is_doing() {
    let node = Node::start().await;
    let admin = node.admin().await;
    floor::stage(&admin, "conversationsClose").await;
    node.clock.advance(std::time::Duration::from_secs(5));
    let answer = admin.post(STATUS, json!({"agentIds": ["agent-1"]})).await;
    let record = json!({
        "agentId": "agent-1",
        "lastUpdatedTime": "2026-05-04 10:00:05.000+0000", "lastUpdatedTimeL": START + 5_000,
        "currentStatusStartTime": "2026-05-04 10:00:00.000+0000",
        "currentStatusStartTimeL": START,
        "currentStatusReasonStartTime": "2026-05-04 10:00:00.000+0000",
        "currentStatusReasonStartTimeL": START,
        "agentName": "Ada", "agentNickname": "Ada", "agentLoginName": "agent-1",
        "agentSkills": [{"skillId": "floor", "skillName": "floor"},
            {"skillId": "1001", "skillName": "1001"}],
        "agentGroupId": -1, "agentGroupName": "Unassigned",
        "currentStatus": "ONLINE", "currentStatusDuration": 5_000,
        "currentStatusReasonDuration": 5_000,
        "load": 11.1, "ringingSlots": 0, "configuredMaxSlots": 9, "busySlots": 1,
        "openAssignedConversations": 1, "intenseConversations": 1,
        "agentPresence": "true", "currentConnectionState": "CONNECTED",
    });
    let expected = json!({
        "_metadata": {"count": 1,
            "self": {"rel": "self", "href": format!("{STATUS}?limit=50&offset=0")},
            "shardsStatusResult": {"partialResult": false}},
        "accountID": "acc1", "agentStatusRecords": [record],
    });
    assert_eq!(answer.expect(200).json(), expected);
    let eligible = admin.post(LIST, json!({"skillIds": [1001]})).await;
    let eligible = eligible.expect(200).json();
    assert_eq!(eligible["agentStatusRecords"], json!([record]));
    let other = admin.post(LIST, json!({"skillIds": [7]})).await;
    assert_eq!(other.json()["_metadata"]["count"], 0);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_is_listed_only_when_asked_for_by_id() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let agent = json!({"id": "42", "name": "Ada", "kind": "HUMAN"});
    admin.post("/api/v1/users", agent).await.expect(201);
    let count = async |wanted: Value| {
        let answer = admin.post(STATUS, wanted).await.expect(200).json();
        answer["_metadata"]["count"].clone()
    };
    assert_eq!(count(json!({})).await, 0);
    assert_eq!(count(json!({"Status": ["OFFLINE"]})).await, 0);
    assert_eq!(count(json!({"agentIds": [42]})).await, 0);
    let by_id = json!({"agentIds": [42], "Status": ["OFFLINE"]});
    assert_eq!(count(by_id).await, 1);
    let gone = json!({"agentPresence": false, "connectionStates": ["DISCONNECTED"]});
    assert_eq!(count(gone).await, 1);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_status_refuses_what_it_does_not_know() {
    let node = Node::start().await;
    let admin = node.admin().await;
    for path in [STATUS, LIST, AVAILABILITY] {
        is_guarded(&node, "POST", path).await;
        is_refused(&admin, path, json!([])).await;
    }
    is_refused(&admin, STATUS, json!({"Status": ["BUSY"]})).await;
    is_refused(&admin, STATUS, json!({"connectionStates": ["MAYBE"]})).await;
    let types = json!({"filters": {"userTypes": ["CAT"]}});
    is_refused(&admin, AVAILABILITY, types).await;
    for query in ["limit=0", "limit=1001", "limit=x", "sort=name:asc"] {
        is_refused(&admin, &format!("{STATUS}?{query}"), json!({})).await;
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn skill_availability_counts_agents_by_status() {
    let node = Node::start().await;
    let admin = node.admin().await;
    floor::stage(&admin, "conversationsWhy").await;
    let human = json!({"filters": {"userTypes": ["HUMAN"]}});
    let answer = admin.post(AVAILABILITY, human).await.expect(200).json();
    let skill =
        |id: Value| json!({"skillId": id, "onlineAgents": 1, "backSoonAgents": 0, "awayAgents": 0});
    let expected = json!({"metadata": {"count": 2},
        "skillAvailabilities": [skill(json!(1001)), skill(json!("floor"))]});
    assert_eq!(answer, expected);
    for nobody in ["BOT", "SYSTEM"] {
        let wanted = json!({"filters": {"userTypes": [nobody]}});
        let answer = admin.post(AVAILABILITY, wanted).await.expect(200).json();
        assert_eq!(answer["metadata"]["count"], 0, "{nobody}");
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_health_counts_who_waits_and_for_how_long() {
    let node = Node::start().await;
    let admin = node.admin().await;
    floor::stage(&admin, "conversationsClose").await;
    let opened = json!({"skillId": "1001", "consumerId": "bob", "message": "Hello"});
    admin
        .call(
            "PUT",
            "/api/v1/agents/agent-1/availability",
            Some(json!({"status": "AWAY"})),
        )
        .await
        .expect(200);
    admin
        .post("/api/v1/conversations", opened)
        .await
        .expect(201);
    let answer = admin
        .get(&format!("{QUEUES}?v=1&skillIds=1001,floor"))
        .await;
    let metrics = |waiting: usize, wait: i64| {
        json!({
            "time": START, "unassignedConversations": waiting,
            "actionableConversations": waiting, "notActionableConversations": 0,
            "actionableAndManualSla": 0, "actionableAndDuringTransfer": 0,
            "actionableAndConsumerLastMessage": waiting, "notActionableDuringTransfer": 0,
            "notActionableAndManualSla": 0, "unassignedConversationsAndFirstTimeConsumer": waiting,
            "avgWaitTimeForAgentAssignment_NewConversation": wait,
            "avgWaitTimeForAgentAssignment_AfterTransfer": -1,
            "maxWaitTimeForAgentAssignment": wait,
            "waitTimeForAgentAssignment_50thPercentile": wait,
            "waitTimeForAgentAssignment_90thPercentile": wait,
        })
    };
    let expected = json!({
        "skillsMetrics": {"1001": metrics(1, -1), "floor": metrics(0, 0)},
        "metricsTotals": metrics(1, 0), "metricsTotal": metrics(1, 0),
    });
    assert_eq!(answer.expect(200).json(), expected);
    let bare = admin.get(QUEUES.trim_end_matches('/')).await.expect(200);
    assert_eq!(bare.json()["skillsMetrics"], expected["skillsMetrics"]);
    for query in ["v=2", "skillIds=a,%00"] {
        let refused = admin.get(&format!("{QUEUES}?{query}")).await.expect(400);
        assert_eq!(refused.json()["success"], false, "{query}");
    }
    is_guarded(&node, "GET", QUEUES).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_directory_answers_with_the_host_that_was_asked() {
    let node = Node::start().await;
    let bot = node.client(ACCOUNT, Role::Bot).await;
    let path = format!("{DIRECTORY}/msgHist/baseURI.json?version=1.0");
    let host = [("host", "usher.example.com:8420")];
    let answer = bot.raw("GET", &path, "", &host).await.expect(200).json();
    let expected = json!({"service": "msgHist", "account": "acc1",
        "baseURI": "usher.example.com:8420"});
    assert_eq!(answer, expected);
    let all = format!("{DIRECTORY}/baseURI.json");
    let all = bot.raw("GET", &all, "", &host).await.expect(200).json();
    assert_eq!(all["baseURIs"][0], expected);
    assert_eq!(all["baseURIs"].as_array().unwrap().len(), 11);
    let unknown = format!("{DIRECTORY}/msghist/baseURI.json");
    assert_eq!(bot.get(&unknown).await.expect(400).json()["success"], false);
    is_guarded(&node, "GET", &path).await;
    node.stop().await;
}
