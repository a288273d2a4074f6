//! `usher credential`: API keys and client secrets, made on the machine itself.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;
use usher_app::accounts;
use usher_app::credentials::{self, Issued};
use usher_model::id::{AccountId, CredentialId, UserId};
use usher_model::role::Role;
use usher_model::time::Timestamp;

use super::{Place, terminal, with_app};

/// The words after `usher credential`.
#[derive(Debug, Args)]
pub(super) struct Words {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a credential and print its secrets, this once
    Create {
        #[command(flatten)]
        account: Account,
        /// What it may do: admin, manager, agent, bot, developer or readonly
        #[arg(long, value_name = "ROLE", value_parser = role)]
        role: Role,
        /// What people will call it
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Id of the user in whose name it acts, such as the agent whose key it is
        #[arg(long = "user", value_name = "ID", value_parser = UserId::parse)]
        user_id: Option<UserId>,
        /// From when on it does not work, such as 2027-01-01T00:00:00Z; never, unless told
        #[arg(long, value_name = "INSTANT", value_parser = Timestamp::parse)]
        expires_at: Option<Timestamp>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// List credentials, without their secrets
    List {
        #[command(flatten)]
        account: Account,
    },
    /// Give a credential new secrets; the old ones work for a while longer
    Rotate {
        #[command(flatten)]
        account: Account,
        /// Which one
        #[arg(value_parser = CredentialId::parse)]
        id: CredentialId,
        /// Hours that the old secrets go on working
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=720))]
        overlap_hours: u32,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// End a credential, within 5 seconds on a running server
    Revoke {
        #[command(flatten)]
        account: Account,
        /// Which one
        #[arg(value_parser = CredentialId::parse)]
        id: CredentialId,
    },
}

#[derive(Debug, Args)]
struct Account {
    #[command(flatten)]
    place: Place,
    /// Id of the account
    #[arg(long = "account", id = "account", value_name = "ID", value_parser = AccountId::parse)]
    id: AccountId,
}

/// Reads a role's name; the error lists all of them.
pub(super) fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| {
        let names = Role::ALL.map(Role::as_str).join(", ");
        format!("expected one of {names}")
    })
}

pub(super) async fn run(words: Words) -> anyhow::Result<ExitCode> {
    match words.verb {
        Verb::Create {
            account,
            role,
            name,
            user_id,
            expires_at,
            json,
        } => {
            let new = credentials::New {
                name,
                role,
                user_id,
                expires_at,
            };
            let issued = with_app(&account.place, async |app| {
                let caller = accounts::operator(app, &account.id).await?;
                Ok(credentials::create(&caller, app, new).await?)
            })
            .await?;
            show(&issued, json)?;
        }
        Verb::List { account } => {
            let credentials = with_app(&account.place, async |app| {
                let caller = accounts::operator(app, &account.id).await?;
                Ok(credentials::list(&caller, app).await?)
            })
            .await?;
            for credential in credentials {
                let expiry = credential
                    .expires_at
                    .map_or_else(|| "never".to_owned(), |at| at.to_string());
                let used = credential
                    .last_used_at
                    .map_or_else(|| "never".to_owned(), |at| at.to_string());
                terminal::say(&format!(
                    "{}  {:<10} {}  expires: {expiry}  last used: {used}",
                    credential.id,
                    credential.role.as_str(),
                    credential.name
                ))?;
            }
        }
        Verb::Rotate {
            account,
            id,
            overlap_hours,
            json,
        } => {
            let overlap = Duration::from_secs(u64::from(overlap_hours) * 3_600);
            let issued = with_app(&account.place, async |app| {
                let caller = accounts::operator(app, &account.id).await?;
                Ok(credentials::rotate(&caller, app, id, overlap).await?)
            })
            .await?;
            show(&issued, json)?;
        }
        Verb::Revoke { account, id } => {
            with_app(&account.place, async |app| {
                let caller = accounts::operator(app, &account.id).await?;
                Ok(credentials::revoke(&caller, app, id).await?)
            })
            .await?;
            terminal::say(&format!("revoked {id}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows the secrets: they are kept as hashes only, so there is no second time.
fn show(issued: &Issued, is_json: bool) -> std::io::Result<()> {
    let credential = &issued.credential;
    if is_json {
        let shown = json!({
            "id": credential.id.to_string(),
            "apiKey": issued.api_key,
            "clientId": credential.client_id,
            "clientSecret": issued.client_secret,
        });
        return terminal::say(&shown.to_string());
    }
    terminal::say(&format!(
        "id            {}\nAPI key       {}\nclient id     {}\nclient secret {}\nThe secrets are shown this once.",
        credential.id, issued.api_key, credential.client_id, issued.client_secret
    ))
}
