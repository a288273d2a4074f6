//! JSON of every published shape to policies.

use serde_json::{Value, json};
use usher_model::id::PolicyId;
use usher_policy::diagnostic::has_error;
use usher_policy::document::read::{read, read_import, read_import_value};
use usher_policy::document::write::{write, write_export, write_published};

use crate::corpus;

fn answer(case: &Value) -> Value {
    let input = &case["input"];
    let (drafts, diagnostics) = read_import_value(input);
    let mut found = json!({ "input": input, "about": case["about"] });
    if !has_error(&diagnostics) {
        let policies = drafts.into_iter().enumerate().map(|(index, draft)| {
            let id = PolicyId::parse(&format!("p{index}")).unwrap();
            write(&draft.into_policy(|| id, || format!("Policy {index}")))
        });
        found["policies"] = policies.collect();
    }
    if !diagnostics.is_empty() {
        found["mistakes"] = corpus::mistakes(&diagnostics, |_| None);
    }
    found
}

#[test]
fn documents_are_read_as_the_table_says() {
    corpus::compare("read.json", answer);
}

fn published(case: &Value) -> Value {
    let (draft, diagnostics) = read(&case["policy"]);
    assert_eq!(diagnostics, [], "{case}");
    let policy = draft.into_policy(|| PolicyId::parse("p").unwrap(), String::new);
    let (block, diagnostics) = write_published(&policy);
    let mut found = json!({ "policy": case["policy"], "published": block });
    if !diagnostics.is_empty() {
        let written = write(&policy);
        found["mistakes"] = corpus::mistakes(&diagnostics, |pointer| {
            written.pointer(pointer).and_then(Value::as_str)
        });
    }
    found
}

#[test]
fn the_published_form_has_or_lacks_what_the_table_says() {
    corpus::compare("published.json", published);
}

#[test]
fn bytes_that_are_no_json_are_one_mistake() {
    for bytes in [&b""[..], b"{", b"\xff\xfe", b"[1,]", &[b'['; 10_000]] {
        let (drafts, diagnostics) = read_import(bytes);
        assert!(drafts.is_empty());
        assert_eq!(diagnostics.len(), 1);
        assert_eq!(diagnostics[0].code.as_str(), "SYNTAX");
    }
}

#[test]
fn an_import_file_is_bounded_by_its_limit() {
    let mut bytes = vec![b' '; usher_model::limits::IMPORT_BYTES_MAX - 2];
    bytes.extend(b"[]");
    assert_eq!(read_import(&bytes), (vec![], vec![]));
    bytes.push(b' ');
    assert_eq!(read_import(&bytes).1[0].code.as_str(), "TOO_LONG");
}

#[test]
fn an_export_file_is_an_import_file() {
    let block = json!({
        "id": "p1", "name": "one", "enabled": true,
        "conditions": [{ "property": "a.b", "type": "EQUAL", "value": "x" }],
        "actions": [{ "type": "TRANSFER_TO_SKILL", "payload": { "skillId": "1" } }],
    });
    let id = || PolicyId::parse("other").unwrap();
    let policy = read(&block).0.into_policy(id, String::new);
    let file = serde_json::to_vec(&write_export([&policy, &policy])).unwrap();
    let (drafts, diagnostics) = read_import(&file);
    assert_eq!(diagnostics, []);
    let policies: Vec<_> = drafts
        .into_iter()
        .map(|draft| draft.into_policy(id, String::new))
        .collect();
    assert_eq!(policies, [policy.clone(), policy]);
}

#[test]
fn a_large_hostile_input_does_not_become_a_larger_list_of_mistakes() {
    let many = |text: &str, count: usize| vec![text; count].join(",");
    let (_, diagnostics) = read_import(format!("[{}]", many("5", 20_000)).as_bytes());
    assert_eq!(diagnostics.len(), 1_000);
    let (drafts, diagnostics) = read_import(format!("[{}]", many("5", 20_001)).as_bytes());
    assert!(drafts.is_empty());
    assert_eq!(
        diagnostics[0].to_string(),
        "found 20001 policies, expected at most 20000"
    );
    let (tree, diagnostics) = usher_policy::parser::parse(&many("a", 8_000));
    assert_eq!((tree, diagnostics.len()), (None, 1_000));
    // Warnings fill the list first, and the error behind them is kept all the same.
    let warned = many(r#"{"nmae":1,"expression":"true"}"#, 2_000);
    let (_, diagnostics) = read_import(format!("[{warned},5]").as_bytes());
    assert_eq!(diagnostics.len(), 1_001);
    assert!(has_error(&diagnostics));
}
