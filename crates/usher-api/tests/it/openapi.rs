//! The description of the API: sound, up to date, and true, each example tried on a real node.

use std::collections::BTreeSet;
use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Node, intent_policy};
use crate::{floor, session};

/// One operation of the description.
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) described: Value,
}

impl Operation {
    /// Returns the operation's id.
    pub(crate) fn id(&self) -> &str {
        self.described["operationId"].as_str().unwrap_or_default()
    }

    /// Returns the path with every parameter that has a value here, and the body of the example.
    pub(crate) fn request(
        &self,
        document: &Value,
        value: impl Fn(&str) -> Option<String>,
    ) -> (String, Option<Value>) {
        let mut path = self.path.clone();
        let mut query = Vec::new();
        for parameter in self.described["parameters"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let name = parameter["name"].as_str().unwrap();
            let example = match &parameter["example"] {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            match (parameter["in"].as_str(), value(name).or(example)) {
                (Some("path"), Some(value)) => {
                    path = path.replace(&format!("{{{name}}}"), &value);
                }
                (Some("query"), Some(value)) => query.push(format!("{name}={value}")),
                _ => assert_ne!(parameter["required"], true, "{}: `{name}`", self.id()),
            }
        }
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let body = &self.described["requestBody"];
        let has_body = body["content"]["application/json"].is_object();
        let body = has_body.then(|| self.body(document, body));
        (path, body)
    }

    fn body(&self, document: &Value, body: &Value) -> Value {
        let content = &body["content"]["application/json"];
        example(document, content).unwrap_or_else(|| panic!("{} has no example", self.id()))
    }

    /// Returns the body of the example if it is a table.
    fn text(&self) -> Option<String> {
        let table = &self.described["requestBody"]["content"]["text/csv"];
        table["example"].as_str().map(str::to_owned)
    }
}

/// Returns the example of a media type or schema, through references.
fn example(document: &Value, described: &Value) -> Option<Value> {
    let own = [&described["example"], &described["examples"][0]];
    if let Some(example) = own.into_iter().find(|example| !example.is_null()) {
        return Some(example.clone());
    }
    let options = described["oneOf"].as_array().into_iter().flatten();
    [&described["schema"]]
        .into_iter()
        .filter(|schema| !schema.is_null())
        .chain(options)
        .find_map(|schema| example(document, schema))
        .or_else(|| example(document, resolve(document, described["$ref"].as_str()?)))
}

/// Returns what a reference names.
fn resolve<'d>(document: &'d Value, reference: &str) -> &'d Value {
    let pointer = reference.strip_prefix('#').unwrap();
    let found = document.pointer(pointer);
    found.unwrap_or_else(|| panic!("`{reference}` leads nowhere"))
}

/// Returns the description as a node serves it.
pub(crate) async fn document(node: &Node) -> Value {
    let request = Request::builder().uri("/openapi.json");
    let answer = node.send(request.body(Body::empty()).unwrap()).await;
    answer.expect(200).json()
}

/// Returns every operation of a description.
pub(crate) fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                described: described.clone(),
            });
        }
    }
    operations
}

pub(crate) fn is_open(operation: &Operation) -> bool {
    operation.described["security"] == json!([{}])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_the_golden_one() {
    let node = Node::start().await;
    let served = document(&node).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/openapi.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let text = serde_json::to_string_pretty(&served).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
    }
    let golden: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for part in ["paths", "components"] {
        for (name, described) in served[part].as_object().unwrap() {
            assert_eq!(described, &golden[part][name], "{part}: {name}");
        }
    }
    assert!(
        served == golden,
        "run this test with UPDATE_GOLDEN=1 and read the difference"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_sound() {
    let node = Node::start().await;
    let document = document(&node).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    resolve_all(&document, &document);
    let tags: BTreeSet<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let mut ids = BTreeSet::new();
    for operation in operations(&document) {
        let place = format!("{} {}", operation.method, operation.path);
        let described = &operation.described;
        assert!(ids.insert(operation.id().to_owned()), "{place}: id twice");
        assert!(!operation.id().is_empty(), "{place}: no id");
        assert!(described["summary"].is_string(), "{place}: no summary");
        let tag = described["tags"][0].as_str().unwrap();
        assert!(tags.contains(tag), "{place}: no tag `{tag}`");
        let responses = described["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')));
        for (status, response) in responses {
            let response = match response["$ref"].as_str() {
                Some(reference) => resolve(&document, reference),
                None => response,
            };
            let description = response["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{place}: {status} says nothing");
            let is_failure = !status.starts_with('2');
            let has_body = response["content"].is_object();
            assert!(!is_failure || has_body, "{place}: {status} has no body");
        }
        if !is_open(&operation) {
            assert!(responses.contains_key("401"), "{place}: no 401");
        }
        if !is_open(&operation) && described["security"].is_null() {
            assert!(responses.contains_key("403"), "{place}: no 403");
        }
        for requirement in described["security"].as_array().into_iter().flatten() {
            for scheme in requirement.as_object().unwrap().keys() {
                let schemes = &document["components"]["securitySchemes"];
                assert!(schemes[scheme].is_object(), "{place}: no scheme `{scheme}`");
            }
        }
        let declared: BTreeSet<&str> = described["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| {
                assert_eq!(parameter["required"], true, "{place}");
                parameter["name"].as_str().unwrap()
            })
            .collect();
        let parts = operation.path.split('/');
        let in_path = parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(declared, in_path.collect(), "{place}");
        for parameter in described["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{place}: {parameter}");
        }
    }
}

/// Asserts that every reference leads somewhere.
fn resolve_all(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                resolve(document, reference);
            }
            members
                .values()
                .for_each(|part| resolve_all(document, part));
        }
        Value::Array(items) => items.iter().for_each(|part| resolve_all(document, part)),
        _ => {}
    }
}

/// What the examples speak of, by the names of parameters.
struct Seeds(Value);

impl Seeds {
    async fn sow(admin: &Client<'_>) -> Self {
        let policy = admin
            .enabled_policy(intent_policy("seeded", "order_status", "1"))
            .await;
        let id = async |path: &str, body: Value, field: &str| {
            let path = format!("/api/v1/{path}");
            let answer = admin.post(&path, body).await;
            assert!(answer.status.is_success(), "{}", answer.text);
            answer.json()[field].clone()
        };
        let second = intent_policy("second", "x", "1");
        id("policies", second, "id").await;
        let properties = json!({"properties": {"intent": "order_status", "retries": 2}});
        let path = "/api/v1/context/orchestrator/c-1";
        let written = admin.call("PUT", path, Some(properties)).await;
        written.expect(200);
        let sdes = json!({"customerInfo": {"customerType": "gold"}});
        let path = "/api/v1/consumers/ada/sdes";
        admin.call("PATCH", path, Some(sdes)).await.expect(200);
        let key = json!({"kty": "oct", "kid": "1", "k": "A".repeat(43)});
        let trusted = json!({"issuer": "brand", "audience": "usher", "keys": {"keys": [key]}});
        let path = "/api/v1/consumer-identity";
        admin.call("PUT", path, Some(trusted)).await.expect(200);
        let ask = json!({"conversationId": "c-1"});
        let decided = id("decisions", ask, "decisionId").await;
        let path = "/v1/account/acc1/orchestrator/properties";
        let properties = json!({"intent": "order_status"});
        admin
            .call("PATCH", path, Some(properties))
            .await
            .expect(204);
        let function = function(admin).await;
        let secret = json!({"value": "hunter2"});
        let path = "/api/v1/secrets/seeded";
        admin.call("PUT", path, Some(secret)).await.expect(201);
        Self(json!({
            "functionId": function,
            "uuid": function,
            "policyId": policy,
            "decisionId": decided,
            "credentialId": id("credentials", json!({"name": "seeded", "role": "bot"}), "id").await,
            "userId": id("users", json!({"name": "Eve", "email": "eve@example.com", "role": "agent"}), "id").await,
            "skillId": id("skills", json!({"id": "seeded", "name": "seeded"}), "id").await,
            // The name is resolved, and what it leads to is private: nothing is called.
            "webhookId": id("webhooks", json!({"url": "http://localhost/"}), "id").await,
            "groupId": id("agent-groups", json!({"id": "seeded", "name": "seeded"}), "id").await,
            "engagementId": id("engagements", json!({"id": "seeded", "name": "seeded"}), "id").await,
            "name": id("attributes", json!({"name": "seeded", "value": "x"}), "name").await.as_str().unwrap().trim_start_matches("custom."),
            "namespace": "orchestrator",
            "session": "c-1",
            "consumerId": "ada",
            "auditId": admin.get("/api/v1/audit").await.json()["items"][0]["id"],
        }))
    }

    fn value(&self, name: &str) -> Option<String> {
        self.0[name].as_str().map(str::to_owned)
    }
}

/// Makes a function that was deployed twice, and returns its id.
async fn function(admin: &Client<'_>) -> String {
    let source = "function lambda(input, callback) { callback(null, input.payload); }";
    let new = json!({"name": "seeded", "source": source});
    let made = admin.post("/api/v1/functions", new).await.expect(201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/functions/{id}");
    let deploy = format!("{path}/deploy");
    admin.post(&deploy, json!({})).await.expect(200);
    let patch = json!({"timeoutMs": 1_000});
    admin.call("PATCH", &path, Some(patch)).await.expect(200);
    admin.post(&deploy, json!({})).await.expect(200);
    id
}

async fn log_in(client: &Client<'_>, node: &Node, path: &str) -> Answer {
    let pair = format!("{}:{}", client.client_id, client.client_secret);
    let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
    let request = Request::builder().method("POST").uri(path);
    let request = request.header("authorization", format!("Basic {encoded}"));
    node.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_its_example_as_it_is_described() {
    let node = Node::start().await;
    let document = document(&node).await;
    let admin = node.admin().await;
    let seeds = Seeds::sow(&admin).await;
    for operation in operations(&document) {
        // The binary adds its metrics itself; its own tests read them.
        if operation.path == "/metrics" {
            continue;
        }
        // Nothing is given up so soon; the use cases have tests of their own.
        if operation.path.contains("{deadLetterId}") {
            continue;
        }
        // It takes an identity provider, which its own tests have.
        if operation.path == "/api/v1/session/oidc" && operation.method != "GET" {
            continue;
        }
        let tag = operation.described["tags"][0].as_str();
        if matches!(tag, Some("conversations" | "agents")) {
            let node = Node::start().await;
            let admin = node.admin().await;
            let seeds = Seeds(floor::stage(&admin, operation.id()).await);
            answers(&document, &operation, &node, &admin, &seeds).await;
            node.stop().await;
            continue;
        }
        if tag == Some("session") {
            let node = Node::start().await;
            let admin = node.admin().await;
            let (ada, token) = session::stage(&node, &admin).await;
            let seeds = Seeds(json!({"token": token}));
            answers(&document, &operation, &node, &ada, &seeds).await;
            continue;
        }
        // What reads leaves everything as it was.
        if operation.method == "GET" {
            answers(&document, &operation, &node, &admin, &seeds).await;
            continue;
        }
        let node = Node::start().await;
        let admin = node.admin().await;
        let seeds = Seeds::sow(&admin).await;
        answers(&document, &operation, &node, &admin, &seeds).await;
        node.stop().await;
    }
    node.stop().await;
}

async fn answers(
    document: &Value,
    operation: &Operation,
    node: &Node,
    admin: &Client<'_>,
    seeds: &Seeds,
) {
    let (path, mut body) = operation.request(document, |name| seeds.value(name));
    for name in ["messageId", "token"] {
        if let Some(field) = body.as_mut().and_then(|body| body.get_mut(name))
            && let Some(sown) = seeds.value(name)
        {
            *field = sown.into();
        }
    }
    let answer = if operation.id() == "login" {
        log_in(admin, node, &path).await
    } else if operation.id() == "appToken" {
        let (id, secret) = (&admin.client_id, &admin.client_secret);
        let form = format!(
            "grant_type=client_credentials&client_id={id}&client_secret={secret}\
             &scope=faas.lambda.invoke"
        );
        admin.raw("POST", &path, form, &[]).await
    } else if let Some(text) = operation.text() {
        let headers = [("content-type", "text/csv")];
        admin.raw(&operation.method, &path, text, &headers).await
    } else {
        admin.call(&operation.method, &path, body).await
    };
    check(document, operation, &answer);
}

/// Asserts that an answer is one the operation describes, and a success.
fn check(document: &Value, operation: &Operation, answer: &Answer) {
    let place = format!("{} {}: {}", operation.method, operation.path, answer.text);
    assert!(answer.status.is_success(), "{} {place}", answer.status);
    let described = &operation.described["responses"][answer.status.as_str()];
    assert!(described.is_object(), "{} {place}", answer.status);
    let Some(contents) = described["content"].as_object() else {
        assert_eq!(answer.text, "", "{place}");
        return;
    };
    let media_type = answer.header("content-type").unwrap_or_default();
    let bare = media_type.split(';').next().unwrap_or_default();
    let content = contents
        .get(media_type)
        .or_else(|| contents.get(bare))
        .unwrap_or_else(|| panic!("`{media_type}` is not described: {place}"));
    if bare == "application/json" {
        fits(document, &content["schema"], &answer.json(), &place);
    }
}

/// Asserts that a value has the shape of a schema: types, required members, and no others than
/// those named where any are.
fn fits(document: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        return fits(document, resolve(document, reference), value, place);
    }
    if let Some(options) = schema["oneOf"].as_array() {
        let is_null = |schema: &&Value| schema["type"] == "null";
        let option = if value.is_null() {
            options.iter().find(is_null)
        } else {
            options.iter().find(|option| !is_null(option))
        };
        let option = option.unwrap_or_else(|| panic!("{value} is not allowed: {place}"));
        return fits(document, option, value, place);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) if schema["type"] == "integer" => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is_kind = match &schema["type"] {
        Value::Null => true,
        Value::String(one) => one == kind,
        Value::Array(kinds) => kinds
            .iter()
            .any(|one| one == kind || (one == "integer" && kind == "number")),
        other => panic!("{other}: {place}"),
    };
    assert!(
        is_kind,
        "expected {}, found {value}: {place}",
        schema["type"]
    );
    for item in value.as_array().into_iter().flatten() {
        fits(document, &schema["items"], item, place);
    }
    let Some(members) = value.as_object() else {
        return;
    };
    let (properties, required) = members_of(document, schema);
    for name in required {
        assert!(members.contains_key(&name), "`{name}` is missing: {place}");
    }
    for (name, value) in members {
        match properties.iter().find(|(known, _)| known == name) {
            Some((_, schema)) => fits(document, schema, value, place),
            None => assert!(properties.is_empty(), "`{name}` is not described: {place}"),
        }
    }
}

/// Returns the members of an object and which are required, those of its parts included.
fn members_of(document: &Value, schema: &Value) -> (Vec<(String, Value)>, Vec<String>) {
    let (mut properties, mut required) = (Vec::new(), Vec::new());
    let mut parts = vec![schema];
    while let Some(part) = parts.pop() {
        if let Some(reference) = part["$ref"].as_str() {
            parts.push(resolve(document, reference));
        }
        parts.extend(part["allOf"].as_array().into_iter().flatten());
        let named = part["properties"].as_object().into_iter().flatten();
        properties.extend(named.map(|(name, schema)| (name.clone(), schema.clone())));
        let names = part["required"].as_array().into_iter().flatten();
        required.extend(names.map(|name| name.as_str().unwrap().to_owned()));
    }
    (properties, required)
}
