//! The bounds an operator may set.

use std::time::Duration;

use usher_context::expiry::TtlMax;

use crate::keyring::Keyring;
use crate::outbound;
use crate::sign_ins::oidc;
use crate::workers;

/// The bounds an operator may set, checked by the configuration.
#[derive(Clone, Debug)]
pub struct Options {
    /// Policies of one account.
    pub policies_max: usize,
    /// Requests per second that one account may make in the long run.
    pub rate_per_second: u32,
    /// Requests that one account may make at once.
    pub rate_burst: u32,
    /// Longest life of a context property.
    pub context_ttl_max: TtlMax,
    /// Context documents held in memory.
    pub context_cache_documents: u64,
    /// Days that decisions are kept, unless the account says otherwise.
    pub decision_retention_days: u32,
    /// Life of a token.
    pub token_ttl: Duration,
    /// What encrypts secrets on disk.
    pub keyring: Keyring,
    /// What runs functions.
    pub workers: workers::Options,
    /// What may be called from here.
    pub outbound: outbound::Options,
    /// The identity provider at which people may sign in.
    pub oidc: Option<oidc::Options>,
    /// Time between two sweeps of what has expired.
    pub sweep_interval: Duration,
}
