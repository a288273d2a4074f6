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
