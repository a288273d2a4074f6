//! `cargo xtask load next-action | context-write | converse | functions`: measures a release node.
//!
//! The measuring program is an example of the package `usher`, so that this tool stays small: it
//! needs a runtime, a server of the same stack and the store.

use std::process::Command;

use anyhow::Result;

use crate::process::{self, cargo};
use crate::workspace;

/// Builds the node and the measuring program, and runs it; its options are in its `--help`.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let build = ["build", "--release", "--locked", "--package", "usher"];
    process::run(cargo(build).args(["--bin", "usher", "--example", "load"]))?;
    let root = workspace::root();
    let mut load = Command::new(root.join("target/release/examples/load"));
    process::run(load.current_dir(root).args(words))
}
