//! `usher config`: what can be set, and what is.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Place, terminal};
use crate::config::raw::{Origin, Raw, Value};
use crate::config::{Config, DEFAULT};

/// The words after `usher config`.
#[derive(Debug, Args)]
pub(super) struct Words {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print every key with its default and what it means, as a file to start from
    Default,
    /// Check the configuration without starting anything; reports every mistake at once
    Check(Place),
    /// Print what is in force and where each value was written; secrets are hidden
    Show(Place),
}

pub(super) fn run(words: &Words) -> anyhow::Result<ExitCode> {
    match &words.verb {
        Verb::Default => terminal::say(DEFAULT.trim_end())?,
        Verb::Check(place) => {
            place.load()?;
            terminal::say("the configuration is valid")?;
        }
        Verb::Show(place) => {
            let (raw, mistakes) = Raw::read(&place.sources(Vec::new()));
            Config::check(&raw, mistakes)?;
            terminal::say(&shown(&raw))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns a configuration file that says the same, with origins as comments.
fn shown(raw: &Raw) -> String {
    let mut lines = Vec::new();
    let mut section = "";
    for (key, value, origin) in raw.entries() {
        let (name, rest) = key.split_once('.').unwrap_or(("", key));
        if name != section {
            if !section.is_empty() {
                lines.push(String::new());
            }
            lines.push(format!("[{name}]"));
            section = name;
        }
        let is_secret = key == "store.url" && *value != Value::Text(String::new());
        let value = if is_secret {
            "\"(hidden)\"".to_owned()
        } else {
            value.to_string()
        };
        let origin = if *origin == Origin::Default {
            String::new()
        } else {
            format!("  # {origin}")
        };
        lines.push(format!("{rest} = {value}{origin}"));
    }
    lines.join("\n")
}
