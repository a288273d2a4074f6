//! The command line: one file per command.

mod config;
mod doctor;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::Config;
use crate::config::raw::Sources;

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
    /// Show the configuration: every key, or what is in force
    Config(config::Words),
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
        Command::Config(words) => config::run(&words),
        Command::Doctor(words) => doctor::run(&words),
    }
}
