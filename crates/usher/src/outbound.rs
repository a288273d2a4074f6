//! The one HTTP client: the command line's way to a server, and the exporter's to a collector.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// Returns a client that blocks, trusts whom the machine trusts, takes `time_max` for a request at
/// most, and leaves it to the caller to look at the status.
pub(crate) fn agent(time_max: Duration) -> Agent {
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    Agent::config_builder()
        .timeout_global(Some(time_max))
        .http_status_as_error(false)
        .tls_config(tls)
        .build()
        .into()
}
