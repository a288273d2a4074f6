//! `usher serve`: the server.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio_util::sync::CancellationToken;
use usher_app::{App, accounts, sign_ins};
use usher_model::id::AccountId;

use super::{Place, terminal};
use crate::boot::{Server, World};
use crate::config::Config;
use crate::lifecycle::{self, Ending, Signals};
use crate::telemetry;

/// The account of a server that has none.
const FIRST_ACCOUNT: &str = "main";

/// How long background work may take to end when the grace period is over.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// The words after `usher serve`.
#[derive(Debug, Args)]
pub(super) struct Words {
    #[command(flatten)]
    place: Place,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

pub(super) async fn run(words: &Words) -> anyhow::Result<ExitCode> {
    let listen = words
        .listen
        .iter()
        .map(|listen| ("--listen", "server.listen", listen.clone()));
    let config = Config::load(&words.place.sources(listen.collect()))?;
    let _traces = telemetry::start(&config.telemetry)?;
    let signals = Signals::listen().context("cannot listen for signals")?;
    let server = Server::boot(&config, &World::of_this_machine()?).await?;
    let link = first_account(server.app()).await?;
    // Programs wait for this line; it is the only one on stdout.
    terminal::say(&format!("usher listening on http://{}", server.address))?;
    if let Some(link) = link {
        let (address, path) = (server.address, sign_ins::path(&link));
        terminal::complain(&format!(
            "made the account `{FIRST_ACCOUNT}`; its administrator signs in once at\n  http://{address}{path}"
        ));
    }
    let stopping = CancellationToken::new();
    // Weak, because the store ends when the last one who has it is gone.
    let app = Arc::downgrade(server.app());
    let work = server.run(stopping.clone());
    let ending = lifecycle::run(work, stopping, signals, config.server.shutdown_grace).await?;
    if ending == Ending::Dropped
        && let Some(app) = app.upgrade()
    {
        // Requests are cut, but what was acknowledged and the log of decisions are still written.
        let stopped = tokio::time::timeout(STOP_TIME_MAX, app.stop()).await;
        if stopped.is_err() {
            tracing::warn!("background work did not end in time and is dropped too");
        }
    }
    Ok(ending.into())
}

/// Makes an account with an administrator, unless there is one; returns how that signs in.
async fn first_account(app: &Arc<App>) -> anyhow::Result<Option<sign_ins::Link>> {
    if !accounts::list(app).await?.is_empty() {
        return Ok(None);
    }
    let account = AccountId::parse(FIRST_ACCOUNT)?;
    if !accounts::create(app, &account).await? {
        return Ok(None);
    }
    let operator = accounts::operator(app, &account).await?;
    Ok(sign_ins::first_link(&operator, app).await?)
}
