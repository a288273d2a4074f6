//! `usher policy check`: every mistake of a file.

use std::path::PathBuf;
use std::process::ExitCode;

use usher_policy::diagnostic::Diagnostic;
use usher_policy::options::Options;

use super::file::PolicyFile;
use crate::cli::terminal;

pub(super) fn run(
    files: &[PathBuf],
    options: &Options,
    with_notices: bool,
) -> anyhow::Result<ExitCode> {
    let mut mistakes = 0;
    let mut policies = 0;
    for path in files {
        let file = PolicyFile::read(path, options)?;
        for text in file.rendered(with_notices) {
            terminal::say(&text)?;
        }
        mistakes += file
            .diagnostics
            .iter()
            .filter(|diagnostic| Diagnostic::is_error(diagnostic))
            .count();
        policies += file.policies.len();
    }
    let plural =
        |count, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let checked = plural(policies, "policy", "policies");
    if mistakes == 0 {
        terminal::say(&format!("{checked}, no mistakes"))?;
        return Ok(ExitCode::SUCCESS);
    }
    terminal::say(&format!(
        "{checked}, {}",
        plural(mistakes, "mistake", "mistakes")
    ))?;
    Ok(ExitCode::FAILURE)
}
