//! `usher restore`: a backup into an empty store.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::{Place, terminal};
use crate::boot::{self, Purpose};

/// The words after `usher restore`.
#[derive(Debug, Args)]
pub(super) struct Words {
    #[command(flatten)]
    place: Place,
    /// What `usher backup` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn run(words: &Words) -> anyhow::Result<ExitCode> {
    let config = words.place.load()?;
    let name = words.file.display();
    let file = File::open(&words.file).with_context(|| format!("cannot read `{name}`"))?;
    // Nobody may serve from a directory while it is filled.
    let opened = boot::open_store(&config, Purpose::Serve).await?;
    let restored = opened.store.restore(BufReader::new(file)).await;
    opened.close().await?;
    let summary = restored.with_context(|| format!("cannot restore `{name}`"))?;
    terminal::say(&format!("{} rows are restored", summary.rows))?;
    Ok(ExitCode::SUCCESS)
}
