//! The command line: one file per command.

mod backup;
mod config;
mod credential;
mod demo;
mod doctor;
mod functions_worker;
mod import;
mod init;
mod policy;
mod reference;
mod restore;
mod serve;
mod terminal;
mod user;

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use usher_app::App;

use crate::boot::{self, Purpose, World};
use crate::config::Config;
use crate::config::raw::Sources;

/// The hidden command whose process is a worker.
pub(crate) const FUNCTIONS_WORKER: &str = "functions-worker";

/// Usher decides what happens next in a conversation, by policies you can read, test and explain.
#[derive(Debug, Parser)]
#[command(
    name = "usher",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve everything on one HTTP port until the first signal
    Serve(serve::Words),
    /// Fill an account with skills, attributes, policies and context to try things on
    Demo(demo::Words),
    /// Make an empty account in a new or existing data directory
    Init(init::Words),
    /// Check, test and explain policy files; move them to and from a server
    Policy(policy::Words),
    /// Make, list, rotate and revoke credentials; works while a server runs
    Credential(credential::Words),
    /// Add, list and remove users; works while a server runs
    User(user::Words),
    /// Add and change skills or users as a CSV file says; works while a server runs
    Import(import::Words),
    /// Write everything to one file, while a server runs
    Backup(backup::Words),
    /// Fill an empty store from a backup, of whichever backend
    Restore(restore::Words),
    /// Show the configuration: every key, or what is in force
    Config(config::Words),
    /// Write the reference
    #[command(hide = true)]
    Reference(reference::Words),
    /// Run functions for a server, by frames on stdin and stdout
    #[command(hide = true, name = FUNCTIONS_WORKER)]
    FunctionsWorker,
    /// Say what is wrong with a configuration, a data directory or a port
    Doctor(doctor::Words),
}

/// Where the configuration comes from.
#[derive(Clone, Debug, Args)]
struct Place {
    /// Configuration file; `usher config default` prints one with every key
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data directory, made if it is missing
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// PostgreSQL instead of SQLite in the data directory: `postgres://user:password@host/database`
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

impl Place {
    /// Returns where values stand; `more` are further options, keys and values.
    fn sources(&self, more: Vec<(&'static str, &'static str, String)>) -> Sources {
        let mut options = more;
        if let Some(data) = &self.data {
            options.push(("--data", "data.dir", data.display().to_string()));
        }
        if let Some(store) = &self.store {
            options.push(("--store", "store.url", store.clone()));
        }
        Sources {
            file: self.config.clone(),
            environment: std::env::vars().collect(),
            options,
        }
    }

    fn load(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.sources(Vec::new()))?)
    }
}

/// Reads the command line, does what it says and returns how it went.
///
/// What goes wrong is printed to stderr with its whole chain of causes.
#[must_use]
pub fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            terminal::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(words) => block_on(serve::run(&words)),
        Command::Demo(words) => block_on(demo::run(&words)),
        Command::Init(words) => block_on(init::run(&words)),
        Command::Policy(words) => policy::run(&words),
        Command::Credential(words) => block_on(credential::run(words)),
        Command::User(words) => block_on(user::run(words)),
        Command::Import(words) => block_on(import::run(words)),
        Command::Backup(words) => block_on(backup::run(&words)),
        Command::Restore(words) => block_on(restore::run(&words)),
        Command::Config(words) => config::run(&words),
        Command::Reference(words) => reference::run(&words),
        Command::FunctionsWorker => functions_worker::run(),
        Command::Doctor(words) => block_on(doctor::run(&words)),
    }
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// Opens the data directory, perhaps beside a running server, does something and closes it.
async fn with_app<T>(
    place: &Place,
    work: impl AsyncFnOnce(&Arc<App>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    with_app_for(Purpose::Administer, place, work).await
}

/// Opens the data directory for a purpose, does something and closes it.
async fn with_app_for<T>(
    purpose: Purpose,
    place: &Place,
    work: impl AsyncFnOnce(&Arc<App>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let opened = boot::open(&place.load()?, &World::of_this_machine()?, purpose).await?;
    let done = work(&opened.app).await;
    opened.close().await?;
    done
}
