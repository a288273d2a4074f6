//! `[server]`: the HTTP port.

use std::net::SocketAddr;
use std::time::Duration;

use super::reader::Reader;

/// The HTTP port.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Longest time of one request.
    pub request_timeout: Duration,
    /// Requests served at once.
    pub requests_in_flight_max: usize,
    /// Time that requests have to finish after the first signal.
    pub shutdown_grace: Duration,
}

impl Server {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let key = "server.listen";
        let written = reader.text(key);
        let listen = written.parse().unwrap_or_else(|_not_an_address| {
            reader.mistake(
                key,
                format!("expected an address such as `127.0.0.1:8420`, found `{written}`"),
            );
            SocketAddr::from(([127, 0, 0, 1], 0))
        });
        Self {
            listen,
            request_timeout: reader.seconds("server.request_timeout_seconds", 1..=600),
            requests_in_flight_max: usize::from(
                reader.integer("server.requests_in_flight_max", 1..=u16::MAX),
            ),
            shutdown_grace: reader.seconds("server.shutdown_grace_seconds", 0..=3_600),
        }
    }
}
