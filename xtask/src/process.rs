//! Other programs, and what this one says.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Prints a line for the person at the terminal.
#[expect(clippy::print_stdout, reason = "a command-line tool talks on stdout")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// Prints a line about what went wrong.
#[expect(
    clippy::print_stderr,
    reason = "a command-line tool complains on stderr"
)]
pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}

/// Runs a program to its end, showing what is run.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let words = words(command);
    complain(&format!("$ {words}"));
    let status = command
        .status()
        .with_context(|| format!("cannot start `{words}`"))?;
    if !status.success() {
        bail!("`{words}` failed: {status}");
    }
    Ok(())
}

/// Runs a program to its end and returns what it wrote to stdout.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let words = words(command);
    let output = command
        .output()
        .with_context(|| format!("cannot start `{words}`"))?;
    if !output.status.success() {
        bail!(
            "`{words}` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{words}` wrote something other than text"))
}

/// Whether a program can be started and says that all is well.
pub(crate) fn works(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Returns a command of this very cargo, to be run at the workspace's root.
pub(crate) fn cargo<I, S>(arguments: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new("cargo");
    command
        .current_dir(crate::workspace::root())
        .args(arguments);
    command
}

fn words(command: &Command) -> String {
    let program = std::iter::once(command.get_program());
    let words: Vec<_> = program
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}
