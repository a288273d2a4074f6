//! The console: built by npm into `console/dist`, which the feature `console` embeds.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{self, cargo};
use crate::workspace;

/// What is missing if [`is_possible`] says no.
pub(crate) const NODE: &str =
    "the console needs Node.js 20.19 or later with npm: https://nodejs.org";

/// Whether there is what builds the console.
pub(crate) fn is_possible() -> bool {
    process::works(Command::new("npm").arg("--version"))
}

/// Builds the console, fetching its packages if they are not there as the lock file has them.
pub(crate) fn build() -> Result<()> {
    if !is_possible() {
        bail!(NODE);
    }
    if !is_installed() {
        process::run(npm().args(["ci", "--no-audit", "--no-fund"]))?;
    }
    process::run(npm().args(["run", "build"]))
}

/// Checks the console, builds it into a program and tries that in a browser.
pub(crate) fn test() -> Result<()> {
    build()?;
    process::run(npm().args(["run", "check"]))?;
    process::run(npm().args(["run", "test"]))?;
    process::run(&mut cargo([
        "build",
        "--locked",
        "--package=usher",
        "--features=console",
    ]))?;
    process::run(npm().args(["run", "e2e"]))
}

/// Whether what npm installed last is what the lock file asks for.
fn is_installed() -> bool {
    let modified = |path: PathBuf| path.metadata().and_then(|file| file.modified()).ok();
    let installed = modified(folder().join("node_modules/.package-lock.json"));
    installed.is_some() && installed >= modified(folder().join("package-lock.json"))
}

fn folder() -> PathBuf {
    workspace::root().join("console")
}

fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir::<&Path>(&folder());
    command
}
