//! `usher policy diff`: what a file and a server say differently.

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;
use usher_policy::document::Policy;
use usher_policy::document::write::write;
use usher_policy::options::Options;

use super::file::PolicyFile;
use super::remote::Server;
use crate::cli::terminal;

pub(super) fn run(path: &Path, server: &Server) -> anyhow::Result<ExitCode> {
    // Whether what stands there makes sense is the business of `check`.
    let options = Options::standard();
    let ours = PolicyFile::read(path, &options)?.policies;
    let theirs = server.get("/api/v1/policies/export")?.to_string();
    let theirs = PolicyFile::parse("the server".to_owned(), theirs.as_bytes(), &options).policies;
    let lines = compare(&theirs, &ours);
    for line in &lines {
        terminal::say(line)?;
    }
    if lines.is_empty() {
        terminal::say("no difference")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// Returns what must be done to `from` to make it `to`; policies are told apart by their names.
fn compare(from: &[Policy], to: &[Policy]) -> Vec<String> {
    let mut lines = Vec::new();
    for policy in from {
        if !to.iter().any(|other| other.name == policy.name) {
            lines.push(format!("- {}", policy.name));
        }
    }
    for policy in to {
        match from.iter().find(|other| other.name == policy.name) {
            None => lines.push(format!("+ {}", policy.name)),
            Some(other) => changes(other, policy, &mut lines),
        }
    }
    let names = |policies: &[Policy], others: &[Policy]| -> Vec<String> {
        let is_kept = |policy: &&Policy| others.iter().any(|other| other.name == policy.name);
        policies
            .iter()
            .filter(is_kept)
            .map(|policy| policy.name.clone())
            .collect()
    };
    let (before, after) = (names(from, to), names(to, from));
    if before != after {
        lines.push(format!("~ order: {}", after.join(", ")));
    }
    lines
}

fn changes(from: &Policy, to: &Policy, lines: &mut Vec<String>) {
    let (from, to) = (write(from), write(to));
    let fields = to.as_object().into_iter().flatten();
    // A file need not know the ids of a server.
    for (field, value) in fields.filter(|(field, _)| *field != "id") {
        let before = from.get(field).unwrap_or(&Value::Null);
        if before != value {
            let name = to.get("name").and_then(Value::as_str).unwrap_or_default();
            lines.push(format!("~ {name}: {field}\n    - {before}\n    + {value}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policies(value: &Value) -> Vec<Policy> {
        let file = PolicyFile::parse(
            "test".to_owned(),
            value.to_string().as_bytes(),
            &Options::standard(),
        );
        assert!(!file.has_error(), "{:?}", file.diagnostics);
        file.policies
    }

    fn policy(name: &str, skill: &str) -> Value {
        json!({
            "name": name,
            "conditions": [{ "property": "ns.a", "type": "EQUAL", "value": "x" }],
            "actions": [{ "type": "TRANSFER_TO_SKILL", "payload": { "skillId": skill } }],
        })
    }

    #[test]
    fn what_was_added_removed_changed_and_moved_is_told() {
        let from = policies(&json!([
            policy("a", "1"),
            policy("b", "1"),
            policy("gone", "1")
        ]));
        let to = policies(&json!([
            policy("b", "2"),
            policy("a", "1"),
            policy("new", "1")
        ]));
        let lines = compare(&from, &to);
        assert_eq!(lines.first().unwrap(), "- gone");
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("~ b: actions") && line.contains("\"2\"")),
            "{lines:?}"
        );
        assert!(lines.contains(&"+ new".to_owned()));
        assert_eq!(lines.last().unwrap(), "~ order: b, a");
        assert_eq!(lines.len(), 4);
    }

    #[test]
    fn the_same_policies_with_other_ids_do_not_differ() {
        let mut stored = policy("a", "1");
        stored["id"] = json!("0198f5c2-0000-7000-8000-000000000000");
        assert_eq!(
            compare(&policies(&stored), &policies(&policy("a", "1"))),
            [""; 0]
        );
    }
}
