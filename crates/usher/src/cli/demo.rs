//! `usher demo`: an account to play with.

use std::process::ExitCode;

use clap::Args;
use usher_app::credentials::Issued;
use usher_app::sign_ins;
use usher_model::id::AccountId;

use super::{Place, terminal, with_app_for};
use crate::boot::Purpose;
use crate::demo::{self, Access, AgentLink};

/// The words after `usher demo`.
#[derive(Debug, Args)]
pub(super) struct Words {
    #[command(flatten)]
    place: Place,
    /// Id of the account, made if it is missing
    #[arg(long, value_name = "ID", default_value = demo::ACCOUNT, value_parser = AccountId::parse)]
    account: AccountId,
}

pub(super) async fn run(words: &Words) -> anyhow::Result<ExitCode> {
    let config = words.place.load()?;
    // A running server holds policies and context in memory and would not see what is filled in.
    let access = with_app_for(Purpose::Serve, &words.place, async |app| {
        // The demo's bot may decide about those who wait before this ends: it must be written down.
        app.start();
        demo::fill(app, &words.account).await
    })
    .await?;
    let address = format!("http://{}", config.server.listen);
    terminal::say(&shown(&words.account, &address, &access))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns what a newcomer needs: addresses, credentials, and three commands to paste.
fn shown(account: &AccountId, address: &str, access: &Access) -> String {
    let Issued {
        credential,
        api_key,
        client_secret,
    } = &access.credential;
    let sign_in = access.link.as_ref().map_or_else(
        || format!("{address}/console"),
        |link| {
            format!(
                "{address}{}\n                 (once, to choose a password)",
                sign_ins::path(link)
            )
        },
    );
    let agent = access.agent.as_ref().map_or_else(
        || format!("{address}/workspace"),
        |AgentLink { name, link }| {
            format!(
                "{address}{}\n                 (once, as {name}, in a private window)",
                sign_ins::path(link)
            )
        },
    );
    let visit = access.engagement.as_ref().map_or_else(String::new, |id| {
        format!("\n  visit          {address}/messenger?account={account}&engagement={id}")
    });
    let ask = |body: &str| {
        format!(
            "curl -s {address}/api/v1/decisions -H \"Authorization: Bearer $USHER_API_KEY\" \\\n  \
             -H 'Content-Type: application/json' -d '{body}'"
        )
    };
    format!(
        "\
The account `{account}` has demo data. It is served at
  sign in        {sign_in}
  answer         {agent}{visit}
  emulator       {address}/emulator
                 (chat as a visitor, and see what is decided)
  API            {address}/api/v1
  description    {address}/docs
with the credential `{name}`, whose secrets are shown this once:
  API key        {api_key}
  client id      {client_id}
  client secret  {client_secret}

Paste these while the server runs:

export USHER_API_KEY={api_key}

# An order goes to the order desk.
{order}

# Ada is a VIP: her order goes to her advisor.
{vip}

# Carol asks for something else: why did no policy want her?
{other}
",
        name = credential.name,
        client_id = credential.client_id,
        order = ask(r#"{"conversationId": "demo-order"}"#),
        vip = ask(r#"{"conversationId": "demo-vip", "consumerId": "ada"}"#),
        other = ask(
            r#"{"conversationId": "demo-other", "explain": true, "at": "2026-05-01T10:00:00Z"}"#
        ),
    )
}
