//! Which addresses may be called: public ones, and the private ones that an operator has allowed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

/// A private network or host that may be called all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Private {
    /// Addresses: the first of them, and how many leading bits they share with it.
    Network(IpAddr, u8),
    /// A host by its name, whatever its addresses are.
    Host(String),
}

/// A text that names neither a network nor a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address, a network such as `10.0.0.0/8`, or a host")]
pub struct ParsePrivateError;

impl FromStr for Private {
    type Err = ParsePrivateError;

    fn from_str(text: &str) -> Result<Self, ParsePrivateError> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network(address, bits(address)));
        }
        if let Some((address, length)) = text.split_once('/') {
            let address: IpAddr = address.parse().map_err(|_not_one| ParsePrivateError)?;
            let length: u8 = length.parse().map_err(|_not_one| ParsePrivateError)?;
            if length <= bits(address) {
                return Ok(Self::Network(address, length));
            }
            return Err(ParsePrivateError);
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if text.is_empty() || !text.chars().all(is_part) {
            return Err(ParsePrivateError);
        }
        Ok(Self::Host(plain(text)))
    }
}

impl fmt::Display for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(address, length) => write!(f, "{address}/{length}"),
            Self::Host(host) => f.write_str(host),
        }
    }
}

/// The private networks and hosts that may be called.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed(Arc<[Private]>);

impl Allowed {
    pub(super) fn new(allowed: &[Private]) -> Self {
        Self(allowed.into())
    }

    /// Whether a host may be called at an address.
    pub(super) fn allows(&self, host: &str, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address)
            || self.0.iter().any(|allowed| match allowed {
                Private::Network(network, length) => contains(*network, *length, address),
                Private::Host(name) => *name == plain(host),
            })
    }
}

impl Allowed {
    /// Whether a host is private and allowed, as far as it says itself: by its address or its name.
    pub(super) fn names(&self, host: &str) -> bool {
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = literal.parse::<IpAddr>() {
            return !is_public(address.to_canonical()) && self.allows(host, address);
        }
        let is_it =
            |allowed: &Private| matches!(allowed, Private::Host(name) if *name == plain(host));
        self.0.iter().any(is_it)
    }
}

/// Returns a host's name as it is compared.
fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

const fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn contains(network: IpAddr, length: u8, address: IpAddr) -> bool {
    match (network.to_canonical(), address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differs = network.to_bits() ^ address.to_bits();
            u32::from(length) <= differs.leading_zeros()
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differs = network.to_bits() ^ address.to_bits();
            u32::from(length) <= differs.leading_zeros()
        }
        _ => false,
    }
}

/// Whether an address is one of the open internet: not of this machine or its networks, and none
/// behind which another one hides.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    /// The IANA registry of special addresses, multicast and the reserved rest.
    const SPECIAL: [([u8; 4], u8); 15] = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4),
        ([240, 0, 0, 0], 4),
    ];
    !SPECIAL
        .iter()
        .any(|(network, length)| contains((*network).into(), *length, address.into()))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    /// Of the global ones: protocol assignments with tunnels among them, documentation, tunnels.
    const SPECIAL: [(Ipv6Addr, u8); 4] = [
        (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
        (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
        (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
        (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    ];
    const GLOBAL: Ipv6Addr = Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0);
    contains(GLOBAL.into(), 3, address.into())
        && !SPECIAL
            .iter()
            .any(|(network, length)| contains((*network).into(), *length, address.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(allowed: &[&str], host: &str, address: &str) -> bool {
        let allowed: Vec<Private> = allowed.iter().map(|text| text.parse().unwrap()).collect();
        Allowed::new(&allowed).allows(host, address.parse().unwrap())
    }

    #[test]
    fn only_addresses_of_the_open_internet_are_public() {
        for public in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111"] {
            assert!(allows(&[], "host", public), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
        ] {
            assert!(!allows(&[], "host", private), "{private}");
        }
    }

    #[test]
    fn an_operator_allows_networks_and_hosts() {
        assert!(allows(&["10.0.0.0/8"], "crm", "10.9.9.9"));
        assert!(allows(&["10.0.0.0/8"], "crm", "::ffff:10.9.9.9"));
        assert!(!allows(&["10.0.0.0/8"], "crm", "192.168.0.1"));
        assert!(allows(&["127.0.0.1"], "localhost", "127.0.0.1"));
        assert!(!allows(&["127.0.0.1"], "localhost", "127.0.0.2"));
        assert!(allows(&["::1"], "localhost", "::1"));
        assert!(allows(&["crm.internal"], "CRM.internal.", "192.168.0.7"));
        assert!(!allows(&["crm.internal"], "other.internal", "192.168.0.7"));
        assert!(allows(&["0.0.0.0/0"], "any", "127.0.0.1"));
    }

    #[test]
    fn what_names_no_network_is_refused() {
        for wrong in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "a b",
            "::1/129",
            "http://crm",
        ] {
            assert_eq!(Private::from_str(wrong), Err(ParsePrivateError), "{wrong}");
        }
        assert_eq!("::1".parse::<Private>().unwrap().to_string(), "::1/128");
    }
}
