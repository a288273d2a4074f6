//! `usher backup`: everything in one file.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use usher_model::time::{Clock as _, SystemClock};

use super::{Place, terminal};
use crate::boot::{self, Purpose};

/// The words after `usher backup`.
#[derive(Debug, Args)]
pub(super) struct Words {
    #[command(flatten)]
    place: Place,
    /// Where to; replaced only when the backup is complete and on disk
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn run(words: &Words) -> anyhow::Result<ExitCode> {
    let config = words.place.load()?;
    let partial = partial(&words.file);
    let file =
        File::create(&partial).with_context(|| format!("cannot make `{}`", partial.display()))?;
    let opened = boot::open_store(&config, Purpose::Administer).await?;
    let written = opened
        .store
        .backup(BufWriter::new(file), SystemClock.now())
        .await;
    opened.close().await?;
    let (mut file, summary) = written.context("cannot write the backup")?;
    file.flush()?;
    file.get_ref().sync_all()?;
    std::fs::rename(&partial, &words.file)
        .with_context(|| format!("cannot make `{}`", words.file.display()))?;
    terminal::say(&format!(
        "{} rows are in `{}`",
        summary.rows,
        words.file.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the name that a backup has until it is complete.
fn partial(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}
