//! The configuration: from what was written to what is true.
//!
//! *Raw* is what was written where: defaults, file, environment, command line. *Checked* is one
//! struct per section that the rest of the program can rely on. All mistakes are reported at once,
//! each with its origin. A component receives its own section, never the whole.

pub mod raw;

mod bus;
mod context;
mod data;
mod decisions;
mod functions;
mod limits;
mod oidc;
mod outbound;
mod reader;
mod secret;
mod secrets;
mod security;
mod server;
mod store;
mod telemetry;

use std::fmt;

pub use bus::Bus;
pub use context::Context;
pub use data::DataDirectory;
pub use decisions::Decisions;
pub use functions::Functions;
pub use limits::Limits;
pub use oidc::Oidc;
pub use outbound::Outbound;
pub use secret::Secret;
pub use secrets::Secrets;
pub use security::Security;
pub use server::Server;
pub use store::Store;
pub use telemetry::{LogFormat, Telemetry};

use raw::{Origin, Raw, Sources};
use reader::Reader;

/// Every key with its default and what it means.
pub const DEFAULT: &str = include_str!("config/default.toml");

/// The checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The HTTP port.
    pub server: Server,
    /// The data directory.
    pub data: DataDirectory,
    /// What keeps the data.
    pub store: Store,
    /// What carries hints between nodes.
    pub bus: Bus,
    /// What one account may do.
    pub limits: Limits,
    /// Context documents.
    pub context: Context,
    /// The decision log.
    pub decisions: Decisions,
    /// How many functions run at once.
    pub functions: Functions,
    /// What may be called from here.
    pub outbound: Outbound,
    /// The keys of secrets.
    pub secrets: Secrets,
    /// Tokens and browsers.
    pub security: Security,
    /// The identity provider at which people may sign in.
    pub oidc: Option<Oidc>,
    /// Logs and traces.
    pub telemetry: Telemetry,
}

impl Config {
    /// Reads and checks every source.
    ///
    /// # Errors
    /// Fails with every mistake that was found.
    pub fn load(sources: &Sources) -> Result<Self, Mistakes> {
        let (raw, mistakes) = Raw::read(sources);
        Self::check(&raw, mistakes)
    }

    /// Checks what was read; `mistakes` are those of reading.
    ///
    /// # Errors
    /// Fails with every mistake that was found.
    pub fn check(raw: &Raw, mistakes: Vec<Mistake>) -> Result<Self, Mistakes> {
        let mut reader = Reader::new(raw, mistakes);
        let config = Self {
            server: Server::read(&mut reader),
            data: DataDirectory::read(&mut reader),
            store: Store::read(&mut reader),
            bus: Bus::read(&mut reader),
            limits: Limits::read(&mut reader),
            context: Context::read(&mut reader),
            decisions: Decisions::read(&mut reader),
            functions: Functions::read(&mut reader),
            outbound: Outbound::read(&mut reader),
            secrets: Secrets::read(&mut reader),
            security: Security::read(&mut reader),
            oidc: Oidc::read(&mut reader),
            telemetry: Telemetry::read(&mut reader),
        };
        let mistakes = reader.finish();
        if mistakes.is_empty() {
            Ok(config)
        } else {
            Err(Mistakes(mistakes))
        }
    }
}

/// Something that was written and cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it was written.
    pub origin: Origin,
    /// The key, if it has come to that.
    pub key: String,
    /// What was expected and what was found.
    pub detail: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        write!(f, "{}", self.detail)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

/// Every mistake of a configuration.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(
            f,
            "the configuration has {count} mistake{}",
            if count == 1 { "" } else { "s" }
        )?;
        for mistake in &self.0 {
            write!(f, "\n  {mistake}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
