//! Drives a real node in a closed loop: `cargo xtask load next-action`, `… context-write`,
//! `… converse`, `… functions`.
//!
//! Absolute figures of a machine that others use say little, so each measurement runs beside its
//! ceiling, in turns: a server of the same stack that answers a constant, or the bare store.

mod client;
mod constant;
mod context_write;
mod converse;
mod crm;
mod functions;
mod next_action;
mod process;
mod report;
mod stored;
mod websocket;
mod workload;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, Parser, Subcommand};

use workload::Workload;

#[derive(Parser)]
#[command(
    name = "cargo xtask load",
    about = "Measure a real node beside its ceiling"
)]
struct Words {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Decisions through HTTP, beside a server that answers a constant
    NextAction(Options),
    /// Context writes through HTTP, beside the bare store's group commit
    ContextWrite(Options),
    /// Conversations between consumers and agents, from the opening to the close
    Converse(converse::Options),
    /// Functions: cold and warm, a thousand of them, and 200 that never end beside decisions
    Functions(functions::Options),
    /// The server that answers a constant
    #[command(hide = true)]
    ConstantServer,
    /// The server that only writes
    #[command(hide = true)]
    StoreServer {
        /// Its data directory
        directory: PathBuf,
    },
}

#[derive(Args)]
struct Options {
    /// Connections, each with one request under way
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Length of a round
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Rounds of each of the two servers
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Policies that are generated
    #[arg(long, default_value_t = 1_000)]
    policies_count: usize,
    /// Conversations, each with a context
    #[arg(long, default_value_t = 2_000)]
    conversations: usize,
    /// Export file of policies to use instead of generated ones
    #[arg(long, value_name = "FILE", requires = "requests")]
    policies: Option<PathBuf>,
    /// Contexts for them, one `{"orchestrator": {…}}` a line
    #[arg(long, value_name = "FILE", requires = "policies")]
    requests: Option<PathBuf>,
    /// Where the data directories are made: the disk that is measured
    #[arg(long, default_value = "target", value_name = "DIR")]
    directory: PathBuf,
    /// The program under load
    #[arg(long, default_value = "target/release/usher", value_name = "FILE")]
    usher: PathBuf,
}

impl Options {
    fn workload(&self) -> Result<Workload> {
        if self.connections == 0 || self.rounds == 0 || self.conversations == 0 {
            bail!("expected at least one connection, one round and one conversation");
        }
        match (&self.policies, &self.requests) {
            (Some(policies), Some(requests)) => Workload::read(policies, requests),
            _ => Ok(Workload::generate(self.policies_count, self.conversations)),
        }
    }
}

fn main() -> Result<()> {
    // One thread is enough to keep a node busy, and leaves it the rest of the machine.
    let client = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match Words::parse().verb {
        Verb::NextAction(options) => client.block_on(next_action::run(&options)),
        Verb::ContextWrite(options) => client.block_on(context_write::run(&options)),
        Verb::Converse(options) => client.block_on(converse::run(&options)),
        Verb::Functions(options) => client.block_on(functions::run(&options)),
        Verb::ConstantServer => constant::serve(),
        Verb::StoreServer { directory } => stored::serve(&directory),
    }
}
