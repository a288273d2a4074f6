//! `usher user`: people who sign in.

use std::io::BufRead as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use usher_app::{accounts, sign_ins, users};
use usher_model::id::{AccountId, UserId};
use usher_model::role::Role;

use super::{Place, terminal, with_app};

/// The words after `usher user`.
#[derive(Debug, Args)]
pub(super) struct Words {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add a user
    Create {
        #[command(flatten)]
        place: Place,
        /// Id of the account
        #[arg(long, value_name = "ID", value_parser = AccountId::parse)]
        account: AccountId,
        /// Their name
        #[arg(long)]
        name: String,
        /// Their e-mail address, unique in the account
        #[arg(long)]
        email: String,
        /// What they may do: admin, manager, agent, bot, developer or readonly
        #[arg(long, value_parser = super::credential::role)]
        role: Role,
        /// Read a password of at least 12 characters from the first line of stdin
        #[arg(long)]
        password_stdin: bool,
    },
    /// List users
    List {
        #[command(flatten)]
        place: Place,
        /// Id of the account
        #[arg(long, value_name = "ID", value_parser = AccountId::parse)]
        account: AccountId,
    },
    /// Make a link with which a user chooses a password, once within a day
    Link {
        #[command(flatten)]
        place: Place,
        /// Id of the account
        #[arg(long, value_name = "ID", value_parser = AccountId::parse)]
        account: AccountId,
        /// Who
        #[arg(value_parser = UserId::parse)]
        id: UserId,
    },
    /// Remove a user
    Delete {
        #[command(flatten)]
        place: Place,
        /// Id of the account
        #[arg(long, value_name = "ID", value_parser = AccountId::parse)]
        account: AccountId,
        /// Which one
        #[arg(value_parser = UserId::parse)]
        id: UserId,
    },
}

pub(super) async fn run(words: Words) -> anyhow::Result<ExitCode> {
    match words.verb {
        Verb::Create {
            place,
            account,
            name,
            email,
            role,
            password_stdin,
        } => {
            let password = if password_stdin {
                Some(first_line()?)
            } else {
                None
            };
            let new = users::Written {
                email: Some(email.clone()),
                role: Some(role),
                password,
                ..users::Written::new(name)
            };
            let user = with_app(&place, async |app| {
                let caller = accounts::operator(app, &account).await?;
                Ok(users::create(&caller, app, None, new).await?)
            })
            .await?;
            terminal::say(&format!("added {} ({email})", user.id))?;
        }
        Verb::List { place, account } => {
            let users = with_app(&place, async |app| {
                let caller = accounts::operator(app, &account).await?;
                Ok(users::list(&caller, app).await?)
            })
            .await?;
            for user in users {
                terminal::say(&format!(
                    "{}  {:<10} {} <{}>",
                    user.id,
                    user.role.as_str(),
                    user.is.name,
                    user.is.email.as_deref().unwrap_or_default()
                ))?;
            }
        }
        Verb::Link { place, account, id } => {
            let address = place.load()?.server.listen;
            let link = with_app(&place, async |app| {
                let caller = accounts::operator(app, &account).await?;
                Ok(sign_ins::link(&caller, app, &id).await?)
            })
            .await?;
            terminal::say(&format!("http://{address}{}", sign_ins::path(&link)))?;
        }
        Verb::Delete { place, account, id } => {
            with_app(&place, async |app| {
                let caller = accounts::operator(app, &account).await?;
                Ok(users::delete(&caller, app, &id).await?)
            })
            .await?;
            terminal::say(&format!("removed {id}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn first_line() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
