//! `cargo xtask codegen`: writes what is derived from the code; a test compares it.

use anyhow::Result;

use crate::process::{self, cargo};

pub(crate) fn run() -> Result<()> {
    let words = [
        "run",
        "--quiet",
        "--package",
        "usher",
        "--",
        "reference",
        "docs/reference",
    ];
    process::run(&mut cargo(words))
}
