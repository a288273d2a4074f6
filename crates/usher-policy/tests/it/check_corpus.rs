//! Policies to mistakes.

use serde_json::{Value, json};
use usher_model::id::PolicyId;
use usher_policy::check::catalogue::{AttributeType, Catalogue};
use usher_policy::check::check;
use usher_policy::document::Policy;
use usher_policy::document::read::read;
use usher_policy::document::write::write;
use usher_policy::options::Options;

use crate::corpus;

/// Completes what a case leaves out: a name, an action, a guard.
fn policy(case: &Value) -> Policy {
    let mut document = json!({
        "name": "test",
        "actions": [{ "type": "SEND_MESSAGE", "payload": { "message": "hi" } }],
    });
    let is_guarded = case.get("expression").is_some() || case.get("conditions").is_some();
    if !is_guarded {
        document["expression"] = json!("true");
    }
    for (name, value) in case.as_object().unwrap() {
        document[name.as_str()] = value.clone();
    }
    let (draft, diagnostics) = read(&document);
    assert_eq!(diagnostics, [], "{case}");
    draft.into_policy(|| PolicyId::parse("p1").unwrap(), String::new)
}

fn options(case: &Value) -> Options {
    let mut options = Options::standard();
    let is_on = |name: &str| case["options"][name].as_bool().unwrap_or(false);
    options.expression_extensions = is_on("expressionExtensions");
    options.extension_actions = is_on("extensionActions");
    options
}

fn catalogue(case: &Value) -> Catalogue {
    let mut catalogue = Catalogue::new();
    for (path, value_type) in case["catalogue"]["attributes"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let value_type = value_type.as_str().map(|name| match name {
            "STRING" => AttributeType::String,
            "NUMBER" => AttributeType::Number,
            "BOOLEAN" => AttributeType::Boolean,
            "LIST" => AttributeType::List,
            other => panic!("no type {other}"),
        });
        catalogue.add_attribute(path, value_type);
    }
    let names = |kind: &str| -> Vec<&str> {
        let names = case["catalogue"][kind].as_array();
        names
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    };
    for skill in names("skills") {
        catalogue.add_skill(skill);
    }
    for agent in names("agents") {
        catalogue.add_agent(agent);
    }
    catalogue
}

fn answer(case: &Value) -> Value {
    let policy = policy(&case["policy"]);
    let written = write(&policy);
    let diagnostics = check(&policy, &options(case), &catalogue(case));
    let mut found = case.clone();
    found["mistakes"] = corpus::mistakes(&diagnostics, |pointer| {
        written.pointer(pointer).and_then(Value::as_str)
    });
    found
}

#[test]
fn policies_have_the_mistakes_of_the_table() {
    corpus::compare("check.json", answer);
}

#[test]
fn every_count_is_bounded_by_its_limit() {
    let is_fine = |document: &Value| {
        let found = check(&policy(document), &Options::standard(), &Catalogue::new());
        assert!(found.len() <= 1, "{found:?}");
        found.is_empty()
    };
    let row = json!({ "property": "a.b", "type": "EXISTS" });
    let action = json!({ "type": "SEND_MESSAGE", "payload": { "message": "hi" } });
    let exception = json!({ "expression": "true", "actions": [action] });
    type Shape<'a> = Box<dyn Fn(usize) -> Value + 'a>;
    let shapes: [(usize, Shape<'_>); 7] = [
        (200, Box::new(|count| json!({ "name": "ä".repeat(count) }))),
        (
            2_000,
            Box::new(|count| json!({ "description": "ä".repeat(count) })),
        ),
        (
            100,
            Box::new(|count| json!({ "conditions": vec![row.clone(); count] })),
        ),
        (
            20,
            Box::new(|count| json!({ "actions": vec![action.clone(); count] })),
        ),
        (
            20,
            Box::new(|count| json!({ "exception": vec![exception.clone(); count] })),
        ),
        (
            5_000,
            Box::new(|count| {
                let payload = json!({ "message": "ä".repeat(count) });
                json!({ "actions": [{ "type": "SEND_MESSAGE", "payload": payload }] })
            }),
        ),
        (
            10_000,
            Box::new(|count| {
                json!({ "conditions": [{
                "property": "a.b", "type": "IS_IN", "value": vec!["x"; count],
            }] })
            }),
        ),
    ];
    for (limit, shape) in &shapes {
        assert!(is_fine(&shape(*limit)), "{limit}");
        assert!(!is_fine(&shape(limit + 1)), "{limit}");
    }
}
