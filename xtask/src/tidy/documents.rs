//! Rules about everything that is read: one sentence per line, no traces of a machine.

use std::process::Command;

use anyhow::Result;

use super::Findings;
use crate::process;
use crate::workspace::{self, File};

/// Lines of the map, at most: longer, nobody reads it first.
const ARCHITECTURE_LINES_MAX: usize = 250;

/// What must be there, on every commit.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
];

/// After these a full stop ends no sentence.
const ABBREVIATIONS: &[&str] = &["e.g.", "i.e.", "etc.", "vs.", "cf.", "No.", "St."];

pub(super) fn check(files: &[File], findings: &mut Findings) -> Result<()> {
    for document in DOCUMENTS {
        if !files.iter().any(|file| file.path == *document) {
            findings.add(document, "is missing");
        }
    }
    let root = workspace::root().display().to_string();
    for file in files {
        if file.text.contains(&root) {
            findings.add(
                &file.path,
                format_args!("names `{root}`, a path of one machine"),
            );
        }
        if file.path.ends_with(".md") {
            check_sentences(file, findings);
        }
        if file.path == "ARCHITECTURE.md" && file.text.lines().count() > ARCHITECTURE_LINES_MAX {
            findings.add(
                &file.path,
                format_args!("at most {ARCHITECTURE_LINES_MAX} lines"),
            );
        }
    }
    check_migrations(findings)
}

fn check_sentences(file: &File, findings: &mut Findings) {
    let mut is_code = false;
    for (index, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        let is_table = line.starts_with('|');
        if !is_code && !is_table && holds_two_sentences(line) {
            findings.add(
                format_args!("{}:{}", file.path, index + 1),
                "one sentence per line",
            );
        }
    }
}

fn holds_two_sentences(line: &str) -> bool {
    // Code spans may hold any punctuation.
    let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("x");
    let mut words = prose.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let is_end =
            word.ends_with(['.', '!', '?']) || word.ends_with(".)") || word.ends_with(".**");
        let is_number = word
            .trim_end_matches('.')
            .chars()
            .all(|c| c.is_ascii_digit());
        let starts_anew = words
            .peek()
            .and_then(|next| next.chars().next())
            .is_some_and(char::is_uppercase);
        if is_end && !is_number && starts_anew && !ABBREVIATIONS.contains(&word) {
            return true;
        }
    }
    false
}

/// A migration that a release has applied somewhere never changes; the last tag knows them all.
fn check_migrations(findings: &mut Findings) -> Result<()> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(workspace::root()).args(arguments);
        command
    };
    let Ok(release) = process::output(&mut git(&["describe", "--tags", "--abbrev=0"])) else {
        return Ok(());
    };
    let range = format!("{}..HEAD", release.trim());
    let arguments = [
        "diff",
        "--name-only",
        "--diff-filter=MDR",
        &range,
        "--",
        "*/migrations/*",
    ];
    for path in process::output(&mut git(&arguments))?.lines() {
        findings.add(
            path,
            format_args!(
                "was released in {}: add a migration instead",
                release.trim()
            ),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::holds_two_sentences;

    #[test]
    fn two_sentences_on_a_line_are_seen() {
        assert!(holds_two_sentences("It runs. It stops."));
        assert!(holds_two_sentences("- **One.** Two follows."));
    }

    #[test]
    fn abbreviations_numbers_and_code_end_no_sentence() {
        for line in [
            "1. It runs.",
            "A host, e.g. Berlin, is near.",
            "Type `a. B` here.",
            "It runs in 1.95 of Rust.",
        ] {
            assert!(!holds_two_sentences(line), "{line}");
        }
    }
}
