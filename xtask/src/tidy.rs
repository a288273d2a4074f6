//! `cargo xtask tidy`: the rules of the house that neither compiler nor clippy checks.
//!
//! Each rule says in its message what to do. To change a rule, change it here and in the document
//! that states it, in one pull request.

mod code;
mod documents;
mod manifests;
mod mask;

use anyhow::{Result, bail};

use crate::process;
use crate::workspace;

/// What the rules have found, with a place each.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, place: impl std::fmt::Display, what: impl std::fmt::Display) {
        self.0.push(format!("{place}: {what}"));
    }
}

pub(crate) fn run() -> Result<()> {
    let packages = workspace::packages()?;
    let files = workspace::files()?;
    let mut findings = Findings::default();
    manifests::check(&packages, &files, &mut findings)?;
    code::check(&files, &mut findings);
    documents::check(&files, &mut findings)?;
    for finding in &findings.0 {
        process::complain(finding);
    }
    match findings.0.len() {
        0 => {
            process::say(&format!("tidy: {} files, nothing to mend", files.len()));
            Ok(())
        }
        count => bail!("{count} things to mend"),
    }
}
