//! `cargo xtask test`: every suite, on a machine that may lack what they need.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::console;
use crate::process::{self, cargo};
use crate::workspace;

pub(crate) fn run() -> Result<()> {
    install_servers()?;
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
        // The same two rounds; `cargo install --locked cargo-nextest` makes them faster, and builds
        // the examples that tests run.
        process::run(&mut cargo([
            "build",
            "--workspace",
            "--locked",
            "--examples",
        ]))?;
        process::run(cargo(plain).args(["--skip", "cluster::"]))?;
        process::run(cargo(plain).arg("cluster::"))?;
    }
    process::run(&mut cargo(["test", "--workspace", "--locked", "--doc"]))?;
    console::test()?;
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

/// A program that a suite starts as it is installed.
struct Server {
    /// What people call it.
    name: &'static str,
    /// Debian's name for it.
    package: &'static str,
    program: &'static str,
    /// Where Debian puts it, outside the search path of some or all.
    folders: fn() -> Vec<PathBuf>,
}

const SERVERS: [Server; 3] = [
    Server {
        name: "PostgreSQL 14 or later",
        package: "postgresql",
        program: "initdb",
        folders: || {
            let versions = std::fs::read_dir("/usr/lib/postgresql")
                .into_iter()
                .flatten()
                .flatten();
            versions.map(|version| version.path().join("bin")).collect()
        },
    },
    Server {
        name: "NATS 2",
        package: "nats-server",
        program: "nats-server",
        folders: || vec!["/usr/sbin".into()],
    },
    Server {
        name: "Chromium",
        package: "chromium",
        program: "chromium",
        folders: || vec!["/usr/bin".into()],
    },
];

impl Server {
    fn is_installed(&self) -> bool {
        (self.folders)()
            .iter()
            .any(|folder| folder.join(self.program).exists())
            || process::works(Command::new(self.program).arg("--version"))
    }
}

/// Installs the servers that are missing, where it can.
fn install_servers() -> Result<()> {
    const INSTALL: &str = "apt-get install --yes --no-install-recommends";
    let missing: Vec<&Server> = SERVERS.iter().filter(|one| !one.is_installed()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = |word: fn(&Server) -> &'static str, between: &str| {
        let words: Vec<_> = missing.iter().map(|server| word(server)).collect();
        words.join(between)
    };
    let names = list(|server| server.name, " and ");
    let line = format!("{INSTALL} {}", list(|server| server.package, " "));
    let is_root = process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || !process::works(Command::new("apt-get").arg("--version")) {
        bail!("the suites need {names}: sudo {line}");
    }
    process::run(Command::new("apt-get").args(["update", "--quiet"]))?;
    let mut words = line.split(' ');
    process::run(Command::new(words.next().unwrap_or_default()).args(words))?;
    if let Some(server) = missing.iter().find(|server| !server.is_installed()) {
        bail!("`{line}` ran, and yet there is no `{}`", server.program);
    }
    Ok(())
}
