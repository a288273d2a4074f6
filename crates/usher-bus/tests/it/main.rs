//! What the bus promises, on every backend.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code"
)]

mod cluster;
mod conformance;
mod local;
