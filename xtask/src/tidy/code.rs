//! Rules about Rust source: sizes, names, borders, tests.

use super::Findings;
use super::mask::mask;
use crate::workspace::File;

/// Lines of a file, at most.
const FILE_LINES_MAX: usize = 800;

/// Files that were longer when the rule came, with their length then: lower it when one shrinks.
const LONG_FILES: &[(&str, usize)] = &[];

const SUFFIXES: &[&str] = &[
    "Manager", "Helper", "Util", "Utils", "Data", "Info", "Service", "Handler",
];

/// Where serialization is a promise: elsewhere nothing derives `Serialize`.
const BORDERS: &[&str] = &[
    "crates/usher-api/src/wire",
    "crates/usher-api/src/contract",
    "crates/usher-api/src/page",
    "crates/usher-api/src/problem",
    "crates/usher-store/src/record",
    "crates/usher-bus/src/hint",
    "crates/usher-policy/src/document",
    "crates/usher-nlu/src/artifact",
    "crates/usher-functions/src/worker",
    "crates/usher/src/config",
    // What a token says; nobody else reads it.
    "crates/usher-app/src/credentials",
    // One word with one spelling everywhere, as ids and `Timestamp` are.
    "crates/usher-model/src/role",
];

/// Where blocks of `unsafe` may stand, each with its `// SAFETY:` comment.
const UNSAFE: &str = "crates/usher-functions/";

pub(super) fn check(files: &[File], findings: &mut Findings) {
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        check_size(file, findings);
        check_place(file, findings);
        let masked = mask(&file.text);
        check_names(file, &masked, findings);
        check_serialize(file, &masked, findings);
        check_unsafe(file, &masked, findings);
        check_tests(file, &masked, findings);
    }
    for (path, _) in LONG_FILES {
        if !files.iter().any(|file| file.path == *path) {
            findings.add(
                path,
                "is gone: take it off the list in xtask/src/tidy/code.rs",
            );
        }
    }
}

fn check_size(file: &File, findings: &mut Findings) {
    let lines = file.text.lines().count();
    match LONG_FILES.iter().find(|(path, _)| *path == file.path) {
        Some((_, allowed)) if lines > *allowed => {
            findings.add(
                &file.path,
                format_args!("{lines} lines; it had {allowed} and may only shrink"),
            );
        }
        Some((_, allowed)) if lines < *allowed => {
            findings.add(
                &file.path,
                format_args!("{lines} lines: lower its {allowed} in xtask/src/tidy/code.rs"),
            );
        }
        None if lines > FILE_LINES_MAX => {
            findings.add(
                &file.path,
                format_args!("{lines} lines, at most {FILE_LINES_MAX}: split it"),
            );
        }
        _ => {}
    }
}

fn check_place(file: &File, findings: &mut Findings) {
    let path = file.path.as_str();
    let name = path.rsplit('/').next().unwrap_or(path);
    if name == "mod.rs" {
        findings.add(path, "a module is `name.rs` beside `name/`");
    }
    if let Some((_, inside)) = path.split_once("/tests/")
        && !inside.contains('/')
    {
        findings.add(
            path,
            "one integration binary per crate: move it to tests/it/",
        );
    }
    for word in [
        "common", "core", "shared", "utils", "util", "helpers", "scripts",
    ] {
        if path
            .split('/')
            .any(|part| part.strip_suffix(".rs").unwrap_or(part) == word)
        {
            findings.add(
                path,
                format_args!("`{word}` says nothing: name it after its noun"),
            );
        }
    }
    let is_module = path.contains("/src/") && name != "tests.rs" && !path.contains("/src/bin/");
    if is_module && !file.text.starts_with("//!") {
        findings.add(
            path,
            "open with `//!`: what it is for and what it leaves to others",
        );
    }
}

fn check_names(file: &File, masked: &str, findings: &mut Findings) {
    for (number, line) in numbered(masked) {
        let mut words = line
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            if !["struct", "enum", "trait", "type", "union"].contains(&word) {
                continue;
            }
            let Some(name) = words.next() else { break };
            let is_type = name.chars().next().is_some_and(char::is_uppercase);
            if let Some(suffix) = SUFFIXES
                .iter()
                .find(|suffix| is_type && name.ends_with(**suffix))
            {
                findings.add(
                    place(file, number),
                    format_args!("`{name}`: `{suffix}` says nothing"),
                );
            }
        }
    }
}

fn check_serialize(file: &File, masked: &str, findings: &mut Findings) {
    let is_border = BORDERS.iter().any(|border| {
        file.path
            .strip_prefix(border)
            .is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
    });
    let is_product = file.path.starts_with("crates/") && file.path.contains("/src/");
    if is_border || !is_product {
        return;
    }
    let mut read = 0;
    for derive in masked
        .split_inclusive("derive(")
        .zip(masked.split("derive(").skip(1))
    {
        let (before, list) = derive;
        read += before.lines().count().saturating_sub(1);
        let list = list.split(')').next().unwrap_or_default();
        if list
            .split(',')
            .any(|name| matches!(name.trim(), "Serialize" | "serde::Serialize"))
        {
            findings.add(
                place(file, read + 1),
                "`Serialize` is derived at the borders only",
            );
        }
    }
}

fn check_unsafe(file: &File, masked: &str, findings: &mut Findings) {
    for (number, line) in numbered(masked) {
        if !has_word(line, "unsafe") {
            continue;
        }
        let before = file.text.lines().take(number).collect::<Vec<_>>();
        let has_reason = before
            .iter()
            .rev()
            .take(6)
            .any(|line| line.contains("SAFETY:"));
        if !file.path.starts_with(UNSAFE) {
            findings.add(
                place(file, number),
                format_args!("`unsafe` is for {UNSAFE} alone"),
            );
        } else if !has_reason {
            findings.add(
                place(file, number),
                "say with `// SAFETY:` why this is sound",
            );
        }
    }
}

fn check_tests(file: &File, masked: &str, findings: &mut Findings) {
    let is_test = file.path.contains("/tests/") || file.path.ends_with("/tests.rs");
    let unit_tests = masked
        .lines()
        .position(|line| line.trim() == "#[cfg(test)]");
    for (number, line) in numbered(masked) {
        if line.contains("#[ignore") || line.contains("#[should_panic") {
            findings.add(
                place(file, number),
                "a test runs, and asserts what is right",
            );
        }
        let is_in_test = is_test || unit_tests.is_some_and(|start| number > start);
        let sleeps = ["thread::sleep", "time::sleep"]
            .iter()
            .any(|sleep| line.contains(sleep));
        if is_in_test && sleeps {
            findings.add(
                place(file, number),
                "a test waits for the event, not for the clock",
            );
        }
        if has_word(line, "thread_rng")
            || line.contains("rand::rng()")
            || line.contains("rand::random")
        {
            findings.add(
                place(file, number),
                "randomness comes from a generator that is passed in",
            );
        }
        for stub in ["todo!(", "unimplemented!("] {
            if line.contains(stub) {
                findings.add(place(file, number), "no stubs");
            }
        }
    }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|found| found == word)
}

fn place(file: &File, line: usize) -> String {
    format!("{}:{line}", file.path)
}
