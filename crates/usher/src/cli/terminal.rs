//! What the command line says.

use std::io::{self, Write as _};

/// Writes a line to stdout.
///
/// # Errors
/// Fails if nobody reads it any more.
pub(super) fn say(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// Writes a line to stderr; if that fails too, nobody is left to be told.
pub(super) fn complain(text: &str) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}
