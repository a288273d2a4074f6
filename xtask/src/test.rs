//! `cargo xtask test`: every suite, on a machine that may lack what they need.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{self, cargo};
use crate::workspace;

pub(crate) fn run() -> Result<()> {
    install_postgresql()?;
    let nextest = [
        "nextest",
        "run",
        "--workspace",
        "--locked",
        "--no-tests=pass",
    ];
    let plain = [
        "test",
        "--workspace",
        "--locked",
        "--lib",
        "--bins",
        "--tests",
        "--",
    ];
    if process::works(&mut cargo(["nextest", "--version"])) {
        process::run(cargo(nextest).args(["--profile", "default"]))?;
        process::run(cargo(nextest).args(["--profile", "cluster"]))?;
    } else {
        // The same two rounds; `cargo install --locked cargo-nextest` makes them faster.
        process::run(cargo(plain).args(["--skip", "cluster::"]))?;
        process::run(cargo(plain).arg("cluster::"))?;
    }
    process::run(&mut cargo(["test", "--workspace", "--locked", "--doc"]))?;
    benches()
}

/// Runs every benchmark once, as a test.
fn benches() -> Result<()> {
    let mut command = cargo(["test", "--workspace", "--locked"]);
    let packages = workspace::packages()?;
    let names: Vec<&String> = packages
        .iter()
        .flat_map(|package| &package.benches)
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    for name in names {
        command.args(["--bench", name]);
    }
    process::run(&mut command)
}

/// The suites named `cluster` start servers of their own from the installed programs.
fn install_postgresql() -> Result<()> {
    const LINE: &str = "apt-get install --yes --no-install-recommends postgresql";
    if has_initdb() {
        return Ok(());
    }
    let is_root = process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || !process::works(Command::new("apt-get").arg("--version")) {
        bail!("the suites named `cluster` need PostgreSQL 14 or later: sudo {LINE}");
    }
    process::run(Command::new("apt-get").args(["update", "--quiet"]))?;
    let mut words = LINE.split(' ');
    process::run(Command::new(words.next().unwrap_or_default()).args(words))?;
    if !has_initdb() {
        bail!("`{LINE}` ran, and yet there is no `initdb` in /usr/lib/postgresql/*/bin");
    }
    Ok(())
}

/// Debian keeps the server's programs out of the search path.
fn has_initdb() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    versions
        .map(|version| version.path().join("bin/initdb"))
        .any(|path| Path::exists(&path))
        || process::works(Command::new("initdb").arg("--version"))
}
