//! `[outbound]`: what may be called from here.

use std::time::Duration;

use usher_app::outbound;
use usher_app::outbound::address::Private;

use super::reader::Reader;

/// What may be called from here.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Private networks and hosts that may be called.
    pub allow_private: Vec<Private>,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long a webhook has to answer.
    pub delivery_timeout: Duration,
}

impl Outbound {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let key = "outbound.allow_private";
        let mut allow_private = Vec::new();
        for written in reader.list(key) {
            match written.parse() {
                Ok(allowed) => allow_private.push(allowed),
                Err(error) => reader.mistake(key, format!("{error}, found `{written}`")),
            }
        }
        Self {
            allow_private,
            connect_timeout: reader.seconds("outbound.connect_timeout_seconds", 1..=60),
            delivery_timeout: reader.seconds("outbound.delivery_timeout_seconds", 1..=30),
        }
    }

    /// Returns what the use cases are given.
    pub(crate) fn options(&self) -> outbound::Options {
        outbound::Options {
            allow_private: self.allow_private.clone(),
            connect_timeout: self.connect_timeout,
            delivery_timeout: self.delivery_timeout,
        }
    }
}
