//! Tables of cases under `spec/policy`: input and expected answer, one object each.

use std::path::PathBuf;

use serde_json::{Value, json};
use usher_policy::diagnostic::{Diagnostic, Severity};

/// Runs `answer` over each case of a table, which adds what it found to the input, and compares the
/// result with the table. What was found instead is left beside the build, for a new expectation.
pub(crate) fn compare(name: &str, answer: impl Fn(&Value) -> Value) {
    let path = format!("{}/../../spec/policy/{name}", env!("CARGO_MANIFEST_DIR"));
    let table: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(!table.is_empty(), "{name} has cases");
    let found: Vec<Value> = table.iter().map(answer).collect();
    if found != table {
        let instead = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&instead, serde_json::to_string_pretty(&found).unwrap()).unwrap();
        let (expected, found) = table.iter().zip(&found).find(|(a, b)| a != b).unwrap();
        panic!(
            "{name} differs, first in\n{expected:#}\nfound\n{found:#}\nall is in {}",
            instead.display()
        );
    }
}

/// Returns diagnostics as tables have them; `source` finds the text that a span is part of.
pub(crate) fn mistakes<'a>(
    diagnostics: &[Diagnostic],
    source: impl Fn(&str) -> Option<&'a str>,
) -> Value {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let mut mistake = json!({
                "code": diagnostic.code.as_str(),
                "text": diagnostic.to_string(),
            });
            if diagnostic.severity != Severity::Error {
                mistake["severity"] = json!(diagnostic.severity.as_str());
            }
            if !diagnostic.pointer.is_empty() {
                mistake["pointer"] = json!(diagnostic.pointer);
            }
            if let (Some(span), Some(source)) = (diagnostic.span, source(&diagnostic.pointer)) {
                mistake["underlined"] = json!(source.get(span.start..span.end).unwrap());
            }
            mistake
        })
        .collect()
}
