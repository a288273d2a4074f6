//! Guards against facts, as the tables of `spec/policy/run*.json` say.

use serde_json::{Value, json};
use usher_model::id::PolicyId;
use usher_model::time::Timestamp;
use usher_policy::compile::PolicySet;
use usher_policy::document::read::read;
use usher_policy::explain::explain;
use usher_policy::facts::Facts;
use usher_policy::options::{ContainsDirection, Options};

use crate::corpus::compare;

fn options(case: &Value) -> Options {
    let mut options = Options::standard();
    let switches = &case["options"];
    options.expression_extensions = switches["expressionExtensions"].as_bool().unwrap_or(false);
    if let Some(direction) = switches["containsDirection"].as_str() {
        options.contains_direction = ContainsDirection::parse(direction).unwrap();
    }
    let own = switches["ownNamespaces"].as_array().into_iter().flatten();
    options.own_namespaces = own.map(|name| name.as_str().unwrap().to_owned()).collect();
    options
}

/// Adds the status and the code of the fault to a case: a `row`, `conditions` or an `expression`,
/// with `facts` and `now`.
fn answer(case: &Value) -> Value {
    let mut document = json!({ "enabled": true, "actions": [
        { "type": "SEND_MESSAGE", "payload": { "message": "hi" } },
    ] });
    if let Some(row) = case["row"].as_array() {
        document["conditions"] = json!([{ "property": row[0], "type": row[1], "value": row[2] }]);
    }
    for name in ["conditions", "expression"] {
        if let Some(guard) = case.get(name) {
            document[name] = guard.clone();
        }
    }
    let (draft, _) = read(&document);
    let policy = draft.into_policy(|| PolicyId::parse("p").unwrap(), || "p".to_owned());
    let set = PolicySet::compile(vec![policy], &options(case));
    let empty = serde_json::Map::new();
    let facts = Facts::from_object(&set, case["facts"].as_object().unwrap_or(&empty));
    let now = case["now"].as_str().unwrap_or("2026-05-01T10:00:00Z");
    let now = Timestamp::parse(now).unwrap();
    let explanation = explain(&set, &facts, now, None).done().unwrap();
    let mut found = case.clone();
    found["status"] = explanation.status(0).unwrap().as_str().into();
    let object = found.as_object_mut().unwrap();
    object.remove("error");
    if let Some(fault) = explanation.fault(0) {
        object.insert("error".to_owned(), fault.code.as_str().into());
    }
    found
}

#[test]
fn rows_compare_values_as_the_table_says() {
    compare("run-rows.json", answer);
}

#[test]
fn expressions_compute_as_the_table_says() {
    compare("run-expressions.json", answer);
}

#[test]
fn time_functions_know_zones_and_calendars_as_the_table_says() {
    compare("run-time.json", answer);
}

#[test]
fn attributes_have_the_aliases_of_the_table() {
    compare("run-attributes.json", answer);
}
