//! `usher policy test`: test cases that stand beside policies.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use usher_model::time::{Clock as _, SystemClock, Timestamp};
use usher_model::value::Object;
use usher_policy::compile::PolicySet;

use super::file::PolicyFile;
use super::offline::{Outcome, decide};
use super::{Switches, tree};
use crate::cli::terminal;

/// The words after `usher policy test`.
#[derive(Debug, Args)]
pub(super) struct Words {
    /// Test files: `{"policies": FILE, "cases": [{"name", "at"?, "context", "expect"}]}`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write the results as JUnit XML, for a build server
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    #[command(flatten)]
    switches: Switches,
}

/// What stands in a test file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite {
    /// The policies, relative to the test file.
    policies: PathBuf,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// When it is; now, unless told.
    at: Option<Timestamp>,
    /// What is known: `{namespace: {property: value}}`.
    #[serde(default)]
    context: Object,
    expect: Expected,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Expected {
    /// The policy that matches; null for none.
    policy: Option<String>,
    /// All actions in order; of a payload only what is given here is compared.
    actions: Option<Vec<Value>>,
    no_match_reason: Option<String>,
}

/// How a case went: why it failed, if it did.
struct Tested {
    name: String,
    failure: Option<String>,
}

pub(super) fn run(words: &Words) -> anyhow::Result<ExitCode> {
    let mut suites = Vec::new();
    for path in &words.files {
        let tested = test(path, &words.switches)?;
        terminal::say(&path.display().to_string())?;
        for case in &tested {
            match &case.failure {
                None => terminal::say(&format!("  ok    {}", case.name))?,
                Some(why) => {
                    terminal::say(&format!(
                        "  FAIL  {}\n        {}",
                        case.name,
                        why.replace('\n', "\n        ")
                    ))?;
                }
            }
        }
        suites.push((path.display().to_string(), tested));
    }
    if let Some(path) = &words.junit {
        std::fs::write(path, junit(&suites))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let cases = suites.iter().flat_map(|(_, tested)| tested);
    let (all, failed) = cases.fold((0, 0), |(all, failed), case| {
        (all + 1, failed + usize::from(case.failure.is_some()))
    });
    terminal::say(&format!("{all} cases, {failed} failed"))?;
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn test(path: &Path, switches: &Switches) -> anyhow::Result<Vec<Tested>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{name}`"))?;
    let suite: Suite = serde_json::from_str(&text)
        .with_context(|| format!("cannot read the cases of `{name}`"))?;
    if suite.cases.is_empty() {
        bail!("expected at least one case in `{name}`");
    }
    let options = switches.options();
    let beside = path.parent().unwrap_or(Path::new("")).join(&suite.policies);
    let policies = PolicyFile::read(&beside, &options)?.into_valid()?;
    let set = PolicySet::compile(policies, &options);
    suite
        .cases
        .into_iter()
        .map(|case| {
            let at = case.at.unwrap_or_else(|| SystemClock.now());
            let outcome = decide(&set, &case.context, at)?;
            Ok(Tested {
                failure: compare(&case.expect, &outcome),
                name: case.name,
            })
        })
        .collect()
}

/// Says what is not as expected, with the explanation that shows why.
fn compare(expected: &Expected, outcome: &Outcome) -> Option<String> {
    let name =
        |policy: Option<&String>| policy.map_or("no policy".to_owned(), |name| format!("`{name}`"));
    let found = outcome.policy.as_ref().ok();
    if expected.policy.as_ref() != found {
        let mut why = format!(
            "expected {}, found {}",
            name(expected.policy.as_ref()),
            name(found)
        );
        for line in tree::lines(&outcome.policies) {
            why.push('\n');
            why.push_str(&line);
        }
        return Some(why);
    }
    let reason = outcome.policy.as_ref().err().map(|reason| reason.as_str());
    if let Some(expected) = expected.no_match_reason.as_deref()
        && Some(expected) != reason
    {
        return Some(format!(
            "expected {expected}, found {}",
            reason.unwrap_or("a match")
        ));
    }
    let wanted = expected.actions.as_ref()?;
    let is_same = wanted.len() == outcome.actions.len()
        && wanted
            .iter()
            .zip(&outcome.actions)
            .all(|(wanted, found)| is_within(wanted, found));
    let shown = |actions: &[Value]| Value::from(actions.to_vec()).to_string();
    (!is_same).then(|| {
        format!(
            "expected {}\nfound    {}",
            shown(wanted),
            shown(&outcome.actions)
        )
    })
}

/// Whether everything in `wanted` is in `found`, which may hold more.
fn is_within(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .all(|(key, value)| found.get(key).is_some_and(|found| is_within(value, found))),
        _ => wanted == found,
    }
}

fn junit(suites: &[(String, Vec<Tested>)]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (name, tested) in suites {
        let failed = tested.iter().filter(|case| case.failure.is_some()).count();
        let name = escape(name);
        xml.push_str(&format!(
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failed}\">\n",
            tested.len()
        ));
        for case in tested {
            let case_name = escape(&case.name);
            xml.push_str(&format!(
                "    <testcase classname=\"{name}\" name=\"{case_name}\">"
            ));
            if let Some(why) = &case.failure {
                let message = escape(why.lines().next().unwrap_or_default());
                xml.push_str(&format!(
                    "<failure message=\"{message}\">{}</failure>",
                    escape(why)
                ));
            }
            xml.push_str("</testcase>\n");
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// Escapes what XML gives a meaning, and leaves out what it cannot hold.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junit_is_escaped_and_counts_failures() {
        let tested = vec![
            Tested {
                name: "a & b".to_owned(),
                failure: None,
            },
            Tested {
                name: "c".to_owned(),
                failure: Some("expected `<x>`\nfound \u{1b}\"y\"".to_owned()),
            },
        ];
        let xml = junit(&[("f.json".to_owned(), tested)]);
        assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
        assert!(xml.contains("name=\"a &amp; b\"></testcase>"), "{xml}");
        assert!(
            xml.contains("<failure message=\"expected `&lt;x&gt;`\">"),
            "{xml}"
        );
        assert!(xml.contains("found &quot;y&quot;</failure>"), "{xml}");
    }

    #[test]
    fn an_expected_payload_may_leave_fields_out_but_not_change_them() {
        let found: Value = serde_json::from_str(r#"{"type":"A","payload":{"a":1,"b":2}}"#).unwrap();
        for (wanted, is_met) in [
            (r#"{"type":"A","payload":{"a":1}}"#, true),
            (r#"{"type":"A"}"#, true),
            (r#"{"type":"B"}"#, false),
            (r#"{"payload":{"a":"1"}}"#, false),
            (r#"{"payload":{"c":null}}"#, false),
        ] {
            assert_eq!(
                is_within(&serde_json::from_str(wanted).unwrap(), &found),
                is_met,
                "{wanted}"
            );
        }
    }
}
