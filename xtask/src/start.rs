//! `cargo xtask start`: from a fresh clone to a server with demo data.

use std::process::Command;

use anyhow::Result;

use crate::console;
use crate::process::{self, cargo};
use crate::workspace;

/// Where the demo keeps its data, relative to the root.
const FOLDER: &str = "usher-data";

/// Builds the console and a release with it, fills the data directory and serves until the first
/// signal; further words go to `usher serve`. Without Node.js there is no console, and all else.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let mut build = cargo(["build", "--release", "--locked", "--package", "usher"]);
    if console::is_possible() {
        console::build()?;
        build.args(["--features", "console"]);
    } else {
        process::complain(&format!("no console: {}", console::NODE));
    }
    process::run(&mut build)?;
    let usher = || {
        let mut command = Command::new(workspace::root().join("target/release/usher"));
        command.current_dir(workspace::root());
        command
    };
    process::run(usher().args(["demo", "--data", FOLDER]))?;
    process::run(usher().args(["serve", "--data", FOLDER]).args(words))
}
