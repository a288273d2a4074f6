//! Every route, every role, and a foreign account.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use usher_app::caller::Permission;
use usher_model::role::Role;

use crate::harness::{ACCOUNT, Node};
use crate::openapi;

/// A route of the description, and what it needs.
const ROUTES: &[(&str, &str, Permission)] = &[
    ("get", "/api/v1/policies", Permission::PoliciesRead),
    ("post", "/api/v1/policies", Permission::PoliciesWrite),
    (
        "post",
        "/api/v1/policies/preview",
        Permission::PoliciesWrite,
    ),
    (
        "get",
        "/api/v1/policies/{policyId}",
        Permission::PoliciesRead,
    ),
    (
        "put",
        "/api/v1/policies/{policyId}",
        Permission::PoliciesWrite,
    ),
    (
        "delete",
        "/api/v1/policies/{policyId}",
        Permission::PoliciesWrite,
    ),
    (
        "post",
        "/api/v1/policies/{policyId}/enable",
        Permission::PoliciesWrite,
    ),
    (
        "post",
        "/api/v1/policies/{policyId}/disable",
        Permission::PoliciesWrite,
    ),
    (
        "post",
        "/api/v1/policies/{policyId}/move",
        Permission::PoliciesWrite,
    ),
    (
        "post",
        "/api/v1/policies/{policyId}/duplicate",
        Permission::PoliciesWrite,
    ),
    (
        "get",
        "/api/v1/policies/{policyId}/versions",
        Permission::PoliciesRead,
    ),
    (
        "post",
        "/api/v1/policies/{policyId}/revert",
        Permission::PoliciesRead,
    ),
    ("post", "/api/v1/policies/check", Permission::PoliciesRead),
    ("post", "/api/v1/policies/try", Permission::PoliciesWrite),
    ("post", "/api/v1/policies/import", Permission::PoliciesWrite),
    ("get", "/api/v1/policies/export", Permission::PoliciesRead),
    ("get", "/api/v1/policies/usage", Permission::PoliciesRead),
    ("get", "/api/v1/analytics", Permission::AnalyticsRead),
    (
        "post",
        "/api/v1/analytics/rebuild",
        Permission::AnalyticsRebuild,
    ),
    ("get", "/api/v1/decisions", Permission::DecisionsRead),
    ("post", "/api/v1/decisions", Permission::DecisionsAsk),
    (
        "get",
        "/api/v1/decisions/{decisionId}",
        Permission::DecisionsRead,
    ),
    (
        "get",
        "/api/v1/decisions/{decisionId}/why-not",
        Permission::DecisionsRead,
    ),
    ("get", "/api/v1/context", Permission::ContextRead),
    (
        "get",
        "/api/v1/context/{namespace}",
        Permission::ContextRead,
    ),
    (
        "delete",
        "/api/v1/context/{namespace}",
        Permission::ContextWrite,
    ),
    (
        "get",
        "/api/v1/context/{namespace}/{session}",
        Permission::ContextRead,
    ),
    (
        "put",
        "/api/v1/context/{namespace}/{session}",
        Permission::ContextWrite,
    ),
    (
        "patch",
        "/api/v1/context/{namespace}/{session}",
        Permission::ContextWrite,
    ),
    (
        "delete",
        "/api/v1/context/{namespace}/{session}",
        Permission::ContextWrite,
    ),
    (
        "get",
        "/api/v1/consumers/{consumerId}/sdes",
        Permission::ContextRead,
    ),
    (
        "patch",
        "/api/v1/consumers/{consumerId}/sdes",
        Permission::ContextWrite,
    ),
    (
        "get",
        "/api/v1/consumers/{consumerId}",
        Permission::ContextRead,
    ),
    (
        "delete",
        "/api/v1/consumers/{consumerId}",
        Permission::ContextErase,
    ),
    ("get", "/api/v1/consumer-identity", Permission::AccessRead),
    ("put", "/api/v1/consumer-identity", Permission::AccessWrite),
    (
        "delete",
        "/api/v1/consumer-identity",
        Permission::AccessWrite,
    ),
    ("get", "/api/v1/attributes", Permission::AttributesRead),
    ("post", "/api/v1/attributes", Permission::AttributesWrite),
    (
        "put",
        "/api/v1/attributes/{name}",
        Permission::AttributesWrite,
    ),
    (
        "delete",
        "/api/v1/attributes/{name}",
        Permission::AttributesWrite,
    ),
    ("get", "/api/v1/skills", Permission::SkillsRead),
    ("post", "/api/v1/skills", Permission::SkillsWrite),
    ("post", "/api/v1/skills/import", Permission::SkillsWrite),
    ("get", "/api/v1/skills/{skillId}", Permission::SkillsRead),
    ("put", "/api/v1/skills/{skillId}", Permission::SkillsWrite),
    ("patch", "/api/v1/skills/{skillId}", Permission::SkillsWrite),
    (
        "delete",
        "/api/v1/skills/{skillId}",
        Permission::SkillsWrite,
    ),
    (
        "post",
        "/api/v1/skills/{skillId}/enable",
        Permission::SkillsWrite,
    ),
    (
        "post",
        "/api/v1/skills/{skillId}/disable",
        Permission::SkillsWrite,
    ),
    ("get", "/api/v1/engagements", Permission::SkillsRead),
    ("post", "/api/v1/engagements", Permission::SkillsWrite),
    (
        "get",
        "/api/v1/engagements/{engagementId}",
        Permission::SkillsRead,
    ),
    (
        "put",
        "/api/v1/engagements/{engagementId}",
        Permission::SkillsWrite,
    ),
    (
        "patch",
        "/api/v1/engagements/{engagementId}",
        Permission::SkillsWrite,
    ),
    (
        "delete",
        "/api/v1/engagements/{engagementId}",
        Permission::SkillsWrite,
    ),
    ("get", "/api/v1/workspace", Permission::AgentsRead),
    ("get", "/api/v1/settings", Permission::SettingsRead),
    ("put", "/api/v1/settings", Permission::SettingsWrite),
    ("patch", "/api/v1/settings", Permission::SettingsWrite),
    ("get", "/api/v1/credentials", Permission::AccessRead),
    ("post", "/api/v1/credentials", Permission::AccessWrite),
    (
        "delete",
        "/api/v1/credentials/{credentialId}",
        Permission::AccessWrite,
    ),
    (
        "post",
        "/api/v1/credentials/{credentialId}/rotate",
        Permission::AccessWrite,
    ),
    ("get", "/api/v1/functions", Permission::FunctionsRead),
    ("post", "/api/v1/functions", Permission::FunctionsWrite),
    (
        "get",
        "/api/v1/functions/allow-list",
        Permission::FunctionsRead,
    ),
    (
        "put",
        "/api/v1/functions/allow-list",
        Permission::FunctionsAdminister,
    ),
    ("get", "/api/v1/functions/events", Permission::FunctionsRead),
    (
        "post",
        "/api/v1/functions/check",
        Permission::FunctionsWrite,
    ),
    (
        "get",
        "/api/v1/functions/{functionId}",
        Permission::FunctionsRead,
    ),
    (
        "put",
        "/api/v1/functions/{functionId}",
        Permission::FunctionsWrite,
    ),
    (
        "patch",
        "/api/v1/functions/{functionId}",
        Permission::FunctionsWrite,
    ),
    (
        "delete",
        "/api/v1/functions/{functionId}",
        Permission::FunctionsWrite,
    ),
    (
        "post",
        "/api/v1/functions/{functionId}/deploy",
        Permission::FunctionsWrite,
    ),
    (
        "post",
        "/api/v1/functions/{functionId}/undeploy",
        Permission::FunctionsWrite,
    ),
    (
        "post",
        "/api/v1/functions/{functionId}/rollback",
        Permission::FunctionsWrite,
    ),
    (
        "get",
        "/api/v1/functions/{functionId}/versions",
        Permission::FunctionsRead,
    ),
    (
        "post",
        "/api/v1/functions/{functionId}/test",
        Permission::FunctionsWrite,
    ),
    (
        "get",
        "/api/v1/functions/{functionId}/schedule",
        Permission::FunctionsRead,
    ),
    (
        "get",
        "/api/v1/functions/{functionId}/logs/tail",
        Permission::FunctionsRead,
    ),
    (
        "get",
        "/api/v1/functions/{functionId}/logs",
        Permission::FunctionsRead,
    ),
    ("get", "/api/v1/secrets", Permission::FunctionsRead),
    (
        "put",
        "/api/v1/secrets/{name}",
        Permission::FunctionsAdminister,
    ),
    (
        "delete",
        "/api/v1/secrets/{name}",
        Permission::FunctionsAdminister,
    ),
    ("get", "/api/v1/users", Permission::UsersRead),
    ("post", "/api/v1/users", Permission::UsersWrite),
    ("post", "/api/v1/users/import", Permission::UsersWrite),
    ("get", "/api/v1/users/{userId}", Permission::UsersRead),
    ("put", "/api/v1/users/{userId}", Permission::UsersWrite),
    ("patch", "/api/v1/users/{userId}", Permission::UsersWrite),
    ("delete", "/api/v1/users/{userId}", Permission::UsersWrite),
    (
        "post",
        "/api/v1/users/{userId}/enable",
        Permission::UsersWrite,
    ),
    (
        "post",
        "/api/v1/users/{userId}/disable",
        Permission::UsersWrite,
    ),
    ("get", "/api/v1/queues", Permission::QueuesRead),
    (
        "get",
        "/api/v1/queues/waiting",
        Permission::ConversationsReadAll,
    ),
    ("get", "/api/v1/agent-groups", Permission::AgentsRead),
    ("post", "/api/v1/agent-groups", Permission::UsersWrite),
    (
        "get",
        "/api/v1/agent-groups/{groupId}",
        Permission::AgentsRead,
    ),
    (
        "put",
        "/api/v1/agent-groups/{groupId}",
        Permission::UsersWrite,
    ),
    (
        "patch",
        "/api/v1/agent-groups/{groupId}",
        Permission::UsersWrite,
    ),
    (
        "delete",
        "/api/v1/agent-groups/{groupId}",
        Permission::UsersWrite,
    ),
    (
        "post",
        "/api/v1/users/{userId}/sign-in-link",
        Permission::UsersWrite,
    ),
    // Every role may; consumers are nobody there.
    ("get", "/api/v1/session", Permission::EventsRead),
    ("put", "/api/v1/session/password", Permission::EventsRead),
    ("get", "/api/v1/webhooks", Permission::WebhooksRead),
    ("post", "/api/v1/webhooks", Permission::WebhooksWrite),
    (
        "get",
        "/api/v1/webhooks/{webhookId}",
        Permission::WebhooksRead,
    ),
    (
        "put",
        "/api/v1/webhooks/{webhookId}",
        Permission::WebhooksWrite,
    ),
    (
        "patch",
        "/api/v1/webhooks/{webhookId}",
        Permission::WebhooksWrite,
    ),
    (
        "delete",
        "/api/v1/webhooks/{webhookId}",
        Permission::WebhooksWrite,
    ),
    (
        "post",
        "/api/v1/webhooks/{webhookId}/rotate-secret",
        Permission::WebhooksWrite,
    ),
    (
        "post",
        "/api/v1/webhooks/{webhookId}/test",
        Permission::WebhooksWrite,
    ),
    ("get", "/api/v1/dead-letters", Permission::WebhooksRead),
    ("delete", "/api/v1/dead-letters", Permission::WebhooksWrite),
    (
        "delete",
        "/api/v1/dead-letters/{deadLetterId}",
        Permission::WebhooksWrite,
    ),
    (
        "post",
        "/api/v1/dead-letters/{deadLetterId}/redeliver",
        Permission::WebhooksWrite,
    ),
    (
        "post",
        "/api/v1/dead-letters/redeliver",
        Permission::WebhooksWrite,
    ),
    ("get", "/api/v1/events", Permission::ConversationsReadAll),
    ("get", "/api/v1/audit", Permission::AuditRead),
    ("get", "/api/v1/audit/{auditId}", Permission::AuditRead),
    ("get", "/api/v1/agents", Permission::AgentsRead),
    ("get", "/api/v1/agents/{agentId}", Permission::AgentsRead),
    (
        "put",
        "/api/v1/agents/{agentId}/availability",
        // Of another agent; an agent may say it of itself.
        Permission::ActForOthers,
    ),
    (
        "get",
        "/api/v1/agents/{agentId}/offers",
        // Of another agent; an agent sees its own.
        Permission::ConversationsReadAll,
    ),
    (
        "post",
        "/api/v1/offers/{offerId}/accept",
        Permission::AvailabilitySet,
    ),
    (
        "post",
        "/api/v1/offers/{offerId}/decline",
        Permission::AvailabilitySet,
    ),
    (
        "get",
        "/api/v1/conversations",
        Permission::ConversationsRead,
    ),
    (
        "post",
        "/api/v1/conversations",
        Permission::ConversationsOpen,
    ),
    (
        "get",
        "/api/v1/conversations/{conversationId}",
        Permission::ConversationsRead,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/messages",
        Permission::ConversationsWrite,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/read",
        Permission::ConversationsWrite,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/transfer",
        Permission::ConversationsWrite,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/take-over",
        Permission::ConversationsSupervise,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/release",
        Permission::ConversationsWrite,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/join",
        Permission::ConversationsSupervise,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/leave",
        Permission::ConversationsWrite,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/identify",
        Permission::ActForOthers,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/response-time",
        Permission::ConversationsWrite,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/close",
        Permission::ConversationsWrite,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/dialogs/{dialogId}/close",
        Permission::ConversationsWrite,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/survey",
        Permission::ConversationsWrite,
    ),
    (
        "get",
        "/api/v1/conversations/{conversationId}/timeline",
        Permission::ConversationsRead,
    ),
    (
        "get",
        "/api/v1/conversations/{conversationId}/why",
        Permission::ConversationsSupervise,
    ),
    (
        "get",
        "/api/v1/conversations/{conversationId}/last-contact",
        Permission::ConversationsRead,
    ),
    (
        "post",
        "/api/v1/conversations/{conversationId}/last-contact/dismiss",
        Permission::AvailabilitySet,
    ),
    ("get", "/api/v1/commands", Permission::AgentsRead),
    (
        "post",
        "/api/v1/conversations/{conversationId}/commands",
        Permission::ConversationsWrite,
    ),
];

/// An operation of the published contracts, and what it needs.
const CONTRACTS: &[(&str, Permission)] = &[
    ("contextV1PutNamespace", Permission::ContextWrite),
    ("contextV1Namespaces", Permission::ContextRead),
    ("contextV1DeleteNamespace", Permission::ContextWrite),
    ("contextV1PatchNamespace", Permission::ContextWrite),
    ("contextV1PatchSession", Permission::ContextWrite),
    ("contextV1PutNamespaceProperty", Permission::ContextWrite),
    ("contextV1PutSessionProperty", Permission::ContextWrite),
    ("contextV1NamespaceProperties", Permission::ContextRead),
    ("contextV1SessionProperties", Permission::ContextRead),
    ("contextV1NamespaceProperty", Permission::ContextRead),
    ("contextV1SessionProperty", Permission::ContextRead),
    ("contextV1DeleteNamespaceProperty", Permission::ContextWrite),
    ("contextV1DeleteSessionProperty", Permission::ContextWrite),
    ("contextV1ClearSession", Permission::ContextWrite),
    ("contextV1SessionIds", Permission::ContextRead),
    ("contextV1AllProperties", Permission::ContextRead),
    ("contextV1PutSession", Permission::ContextWrite),
    ("contextV1SessionsWithTtl", Permission::ContextRead),
    ("contextV1DeleteSession", Permission::ContextWrite),
    ("contextV2Create", Permission::ContextWrite),
    ("contextV2Document", Permission::ContextRead),
    ("contextV2SessionDocument", Permission::ContextRead),
    ("contextV2Properties", Permission::ContextRead),
    ("contextV2DeleteProperties", Permission::ContextWrite),
    ("contextV2DeleteDocument", Permission::ContextWrite),
    ("orchestratorSkill", Permission::UsersWrite),
    ("widgetLastContact", Permission::ConversationsRead),
    ("nextActionsV1", Permission::DecisionsAsk),
    ("nextActionsV1Body", Permission::DecisionsAsk),
    ("nextActionsV2", Permission::DecisionsAsk),
    ("agentStatus", Permission::AgentsRead),
    ("agentList", Permission::AgentsRead),
    ("skillAvailability", Permission::QueuesRead),
    ("historySearch", Permission::HistoryRead),
    ("historyById", Permission::HistoryRead),
    ("historyByConsumer", Permission::HistoryRead),
    ("queueHealth", Permission::QueuesRead),
    ("invokeFunction", Permission::FunctionsInvoke),
    ("invokeFunctionsByEvent", Permission::FunctionsInvoke),
    ("isEventImplemented", Permission::FunctionsRead),
    ("listLambdas", Permission::FunctionsRead),
    // They need none: this one is every role's.
    ("serviceBaseUris", Permission::EventsRead),
    ("serviceBaseUri", Permission::EventsRead),
];

/// Operations of the contracts that name no account: they reach the credential's own.
const UNNAMED: &[&str] = &["orchestratorSkill", "widgetLastContact"];

const UNKNOWN_ID: &str = "00000000-0000-7000-8000-000000000000";

/// A request that is well-formed but names nothing that exists.
fn request(method: &str, path: &str) -> (String, Value) {
    let mut path = path
        .replace("{name}", "unknown")
        .replace("{namespace}", "unknown");
    while let (Some(start), Some(end)) = (path.find('{'), path.find('}')) {
        path.replace_range(start..=end, UNKNOWN_ID);
    }
    if path.ends_with("why-not") {
        path.push_str("?policyId=unknown");
    }
    let body = match (method, path.as_str()) {
        (_, path) if path.ends_with("/move") => json!({"direction": "UP"}),
        (_, path) if path.ends_with("/revert") => json!({"version": 1}),
        ("put" | "patch", path) if path.contains("/context/") => json!({"properties": {"a": 1}}),
        ("put", path) if path.contains("/attributes/") => json!({"value": "x"}),
        ("post", "/api/v1/attributes") => json!({"name": "new", "value": "x"}),
        ("post", "/api/v1/skills" | "/api/v1/agent-groups" | "/api/v1/engagements") => {
            json!({"name": "new"})
        }
        ("post" | "put", path) if path.contains("/webhooks") => {
            json!({"url": "https://example.com/hook"})
        }
        (_, path) if path.ends_with("/allow-list") => json!({"domains": []}),
        (_, path) if path.contains("/secrets/") => json!({"value": "x"}),
        ("post", "/api/v1/functions") => json!({"name": "new", "source": ""}),
        ("post", "/api/v1/functions/check") => json!({"source": ""}),
        ("put", path) if path.contains("/functions/") => json!({"name": "new", "source": ""}),
        (_, path) if path.ends_with("/availability") => json!({"status": "AWAY"}),
        (_, path) if path.ends_with("/session/password") => {
            json!({"currentPassword": "x", "password": "x"})
        }
        ("put", path) if path.ends_with("/consumer-identity") => {
            json!({"issuer": "https://brand.example", "audience": "usher", "keys": {}})
        }
        ("put", path) if !path.contains("/policies/") && !path.ends_with("/settings") => {
            json!({"name": "new"})
        }
        ("post", "/api/v1/credentials") => json!({"name": "new", "role": "bot"}),
        ("post", "/api/v1/users") => json!({"name": "n", "email": "a@b.c", "role": "agent"}),
        ("post", "/api/v1/policies/import") => json!([]),
        ("post", "/api/v1/policies/try") => json!({"policy": {}}),
        (_, path) if path.ends_with("/messages") => json!({"text": "x"}),
        (_, path) if path.ends_with("/read") => json!({"messageId": UNKNOWN_ID}),
        (_, path) if path.ends_with("/join") => json!({"role": "MANAGER"}),
        (_, path) if path.ends_with("/identify") => json!({"consumerId": "ada"}),
        (_, path) if path.ends_with("/response-time") => json!({"isUrgent": true}),
        (_, path) if path.ends_with("/survey") => json!({"csat": 5}),
        (_, path) if path.ends_with("/commands") => json!({"name": "order"}),
        _ => json!({}),
    };
    (path, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_description_is_in_the_table_and_the_other_way_round() {
    let node = Node::start().await;
    let document = node
        .admin()
        .await
        .get("/openapi.json")
        .await
        .expect(200)
        .json();
    let mut described: Vec<(String, String)> = Vec::new();
    for operation in openapi::operations(&document) {
        // Who signs in or asks for a token has no role yet.
        if !openapi::is_open(&operation) {
            described.push((operation.method.to_lowercase(), operation.path));
        }
    }
    described.retain(|(_, path)| path.starts_with("/api/v1/"));
    described.sort();
    let mut table: Vec<(String, String)> = ROUTES
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    table.sort();
    assert_eq!(described, table);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_may_what_the_table_says_and_nothing_else() {
    let node = Node::start().await;
    for role in Role::ALL {
        let client = node.client(ACCOUNT, role).await;
        for (method, path, permission) in ROUTES {
            let (path, body) = request(method, path);
            let answer = client.call(&method.to_uppercase(), &path, Some(body)).await;
            let is_forbidden = answer.status.as_u16() == 403;
            let may = permission.roles().contains(&role);
            assert_eq!(
                is_forbidden, !may,
                "{role} {method} {path}: {}",
                answer.text
            );
            assert!(
                answer.status.as_u16() < 500,
                "{role} {method} {path}: {}",
                answer.text
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_may_what_the_table_of_the_contracts_says_and_only_in_its_own_account() {
    let node = Node::start().await;
    let document = openapi::document(&node).await;
    let mut operations = openapi::operations(&document);
    operations.retain(|operation| {
        let is_ours = operation.path.starts_with("/api/v1/");
        let is_node = operation.described["tags"][0] == "node";
        // Nobody has a role yet who logs in.
        !is_ours && !is_node && !matches!(operation.id(), "login" | "appToken")
    });
    let described: BTreeSet<&str> = operations.iter().map(openapi::Operation::id).collect();
    let table: BTreeSet<&str> = CONTRACTS.iter().map(|(id, _)| *id).collect();
    assert_eq!(described, table);
    let stranger = node.client("acc2", Role::Admin).await;
    for operation in &operations {
        let id = operation.id();
        let (_, permission) = CONTRACTS.iter().find(|row| row.0 == id).unwrap();
        let (path, body) = operation.request(&document, |_| None);
        for role in Role::ALL {
            let client = node.client(ACCOUNT, role).await;
            let answer = client.call(&operation.method, &path, body.clone()).await;
            let is_forbidden = answer.status.as_u16() == 403;
            let may = permission.roles().contains(&role);
            assert_eq!(is_forbidden, !may, "{role} {id}: {}", answer.text);
            assert!(answer.status.as_u16() < 500, "{role} {id}: {}", answer.text);
        }
        let answer = stranger.call(&operation.method, &path, body).await;
        if UNNAMED.contains(&id) {
            answer.expect(404);
            continue;
        }
        assert_eq!(answer.expect(403).json()["code"], "FORBIDDEN", "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_without_a_credential() {
    let node = Node::start().await;
    for (method, path, _) in ROUTES {
        let (path, body) = request(method, path);
        let request = Request::builder()
            .method(method.to_uppercase().as_str())
            .uri(&path)
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = node.send(request).await.expect(401);
        assert_eq!(answer.json()["code"], "UNAUTHORIZED", "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_sees_nothing_of_another() {
    let node = Node::start().await;
    let ours = node.admin().await;
    let policy = ours
        .enabled_policy(crate::harness::intent_policy("ours", "x", "1"))
        .await;
    let body = json!({"properties": {"secret": "ours"}});
    ours.call("PUT", "/api/v1/context/ns/s1", Some(body))
        .await
        .expect(200);
    let attribute = json!({"name": "secret", "value": "ours"});
    ours.post("/api/v1/attributes", attribute).await.expect(201);
    let decided = ours
        .post("/api/v1/decisions", json!({}))
        .await
        .expect(200)
        .json();
    let theirs = node.client("acc2", Role::Admin).await;
    for path in [
        format!("/api/v1/policies/{policy}"),
        format!("/api/v1/policies/{policy}/versions"),
        "/api/v1/context/ns/s1".to_owned(),
        format!(
            "/api/v1/decisions/{}",
            decided["decisionId"].as_str().unwrap()
        ),
    ] {
        theirs.get(&path).await.expect(404);
    }
    for path in ["policies", "context", "context/ns", "decisions", "skills"] {
        let listed = theirs
            .get(&format!("/api/v1/{path}"))
            .await
            .expect(200)
            .json();
        assert_eq!(listed["items"], json!([]), "{path}");
    }
    for path in [
        "/v1/account/acc1",
        "/v1/account/acc1/ns/properties",
        "/v1/account/acc1/next-actions",
        "/v1/account/acc1/ns/session-ids",
        "/v2/context/document/acc1/ns",
    ] {
        theirs.get(path).await.expect(403);
    }
    let delete = format!("/api/v1/policies/{policy}");
    theirs.call("DELETE", &delete, None).await.expect(404);
    ours.get(&delete).await.expect(200);
}
