//! From a name to the addresses that may be called.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::Allowed;

/// Who knows the addresses of a name.
pub trait Lookup: fmt::Debug + Send + Sync {
    /// Returns the addresses of a host.
    fn lookup(&self, host: String)
    -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// The machine's own resolver.
#[derive(Clone, Copy, Debug)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(
        &self,
        host: String,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((host, 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// A host has no address that may be called.
#[derive(Clone, Debug, thiserror::Error)]
#[error("expected a public address of `{0}`, found private ones only")]
pub(super) struct Forbidden(String);

/// Gives the client the addresses that it may connect to, and no others.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    allowed: Allowed,
    lookup: Arc<dyn Lookup>,
}

impl Resolver {
    pub(super) fn new(allowed: Allowed, lookup: Arc<dyn Lookup>) -> Self {
        Self { allowed, lookup }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { allowed, lookup } = self.clone();
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let mut addresses = lookup.lookup(host.clone()).await?;
            let is_known = !addresses.is_empty();
            addresses.retain(|address| allowed.allows(&host, *address));
            if addresses.is_empty() && is_known {
                return Err(Forbidden(host).into());
            }
            // The port is the URL's.
            let addresses = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
