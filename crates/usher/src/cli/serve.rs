//! `usher serve`: the server.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio_util::sync::CancellationToken;
use usher_app::accounts;

use super::{Place, terminal};
use crate::boot::{Server, World};
use crate::config::Config;
use crate::lifecycle::{self, Ending, Signals};
use crate::telemetry;

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
    if accounts::list(server.app()).await?.is_empty() {
        tracing::warn!(
            "there is no account yet: `usher init` makes an empty one, `usher demo` one to try"
        );
    }
    // Programs wait for this line; it is the only one on stdout.
    terminal::say(&format!("usher listening on http://{}", server.address))?;
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
