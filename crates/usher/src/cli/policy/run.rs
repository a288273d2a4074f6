//! `usher policy run`: one decision, explained.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use usher_model::time::{Clock as _, SystemClock, Timestamp};
use usher_model::value::Object;
use usher_policy::compile::PolicySet;

use super::file::PolicyFile;
use super::offline::{Outcome, decide};
use super::{Switches, tree};
use crate::cli::terminal;

/// The words after `usher policy run`.
#[derive(Debug, Args)]
pub(super) struct Words {
    /// One policy, a list of them, or an export file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What is known, as `{"namespace": {"property": value}}`: a JSON file, `-` for stdin, or the JSON
    /// itself
    #[arg(long, value_name = "JSON", default_value = "{}")]
    context: String,
    /// When it is, such as 2026-05-01T10:00:00Z; now, unless told
    #[arg(long, value_name = "INSTANT", value_parser = Timestamp::parse)]
    at: Option<Timestamp>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    switches: Switches,
}

pub(super) fn run(words: &Words) -> anyhow::Result<ExitCode> {
    let options = words.switches.options();
    // Policies with mistakes stay: that they are invalid is part of the explanation.
    let policies = PolicyFile::read(&words.file, &options)?.policies;
    let set = PolicySet::compile(policies, &options);
    let context = read_context(&words.context)?;
    let at = words.at.unwrap_or_else(|| SystemClock.now());
    let outcome = decide(&set, &context, at)?;
    if words.json {
        let shown = json!({
            "at": at.to_string(),
            "policy": outcome.policy.as_ref().ok(),
            "noMatchReason": outcome.policy.as_ref().err().map(|reason| reason.as_str()),
            "actions": outcome.actions,
            "explanation": outcome.policies,
        });
        terminal::say(&serde_json::to_string_pretty(&shown)?)?;
    } else {
        terminal::say(&shown(&outcome, at))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read_context(given: &str) -> anyhow::Result<Object> {
    let text = match given {
        "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
        inline if inline.trim_start().starts_with('{') => inline.to_owned(),
        path => std::fs::read_to_string(path).with_context(|| format!("cannot read `{path}`"))?,
    };
    serde_json::from_str(&text)
        .context("expected an object such as {\"orchestrator\": {\"intent\": \"order\"}}")
}

fn shown(outcome: &Outcome, at: Timestamp) -> String {
    let mut lines = vec![match &outcome.policy {
        Ok(name) => format!("at {at} the policy `{name}` matches"),
        Err(reason) => format!("at {at} no policy matches: {}", reason.as_str()),
    }];
    for action in &outcome.actions {
        let part = |key| action.get(key).map(ToString::to_string).unwrap_or_default();
        lines.push(format!(
            "-> {} {}",
            part("type").trim_matches('"'),
            part("payload")
        ));
    }
    lines.push(String::new());
    lines.extend(tree::lines(&outcome.policies));
    lines.join("\n")
}
