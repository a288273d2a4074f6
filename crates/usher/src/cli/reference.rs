//! `usher reference`: writes the reference for `cargo xtask codegen`; of no use to anybody else.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::reference;

/// The words after `usher reference`.
#[derive(Debug, Args)]
pub(super) struct Words {
    /// Where to, replacing what is there
    folder: PathBuf,
}

pub(super) fn run(words: &Words) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&words.folder)?;
    for (name, text) in reference::pages() {
        let path = words.folder.join(name);
        std::fs::write(&path, text)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}
