//! `usher import`: skills and users from spreadsheets.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use usher_app::error::Error;
use usher_app::{accounts, imports};
use usher_model::id::AccountId;

use super::{Place, terminal, with_app};

/// The words after `usher import`.
#[derive(Debug, Args)]
pub(super) struct Words {
    #[command(flatten)]
    place: Place,
    /// Id of the account
    #[arg(long, value_name = "ID", value_parser = AccountId::parse)]
    account: AccountId,
    /// Look at the file, say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// What the lines of the file are
    what: What,
    /// CSV file with a header; `-` is stdin
    file: PathBuf,
}

/// What the lines of a file are.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Columns: id, name, description, isEnabled, maxWaitSeconds, fallbackSkillId
    Skills,
    /// Columns: id, name, nickname, email, kind, role, skills, maxConversations, groupId, pictureUrl,
    /// isEnabled
    Users,
}

pub(super) async fn run(words: Words) -> anyhow::Result<ExitCode> {
    let Words {
        place,
        account,
        dry_run,
        what,
        file,
    } = words;
    let bytes = read(&file).with_context(|| format!("reading {}", file.display()))?;
    let imported = with_app(&place, async |app| {
        let caller = accounts::operator(app, &account).await?;
        Ok(match what {
            What::Skills => imports::skills(&caller, app, &bytes, dry_run).await,
            What::Users => imports::users(&caller, app, &bytes, dry_run).await,
        })
    })
    .await?;
    match imported {
        Ok(report) => {
            for column in &report.ignored_columns {
                terminal::complain(&format!("note: nothing is read from the column `{column}`"));
            }
            let would = if dry_run { "would be " } else { "" };
            terminal::say(&format!(
                "{would}created {}, {would}updated {}, unchanged {}",
                report.created, report.updated, report.unchanged
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => refuse(error),
    }
}

/// Prints every mistake of the file; what else went wrong is not the file's.
fn refuse(error: Error) -> anyhow::Result<ExitCode> {
    if error.mistakes.is_empty() {
        return Err(error.into());
    }
    for mistake in &error.mistakes {
        terminal::complain(&mistake.detail);
    }
    terminal::complain("error: nothing was imported");
    Ok(ExitCode::FAILURE)
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}
