//! `usher init`: an empty account.

use std::process::ExitCode;

use clap::Args;
use usher_app::accounts;
use usher_model::id::AccountId;

use super::{Place, terminal, with_app_for};
use crate::boot::Purpose;

/// The words after `usher init`.
#[derive(Debug, Args)]
pub(super) struct Words {
    #[command(flatten)]
    place: Place,
    /// Id of the account
    #[arg(long, value_name = "ID", value_parser = AccountId::parse)]
    account: AccountId,
}

pub(super) async fn run(words: &Words) -> anyhow::Result<ExitCode> {
    let is_new = with_app_for(Purpose::Init, &words.place, async |app| {
        Ok(accounts::create(app, &words.account).await?)
    })
    .await?;
    let account = &words.account;
    if is_new {
        terminal::say(&format!(
            "made the account `{account}`; next: usher credential create --account {account}"
        ))?;
    } else {
        terminal::say(&format!(
            "the account `{account}` exists already; nothing was changed"
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
