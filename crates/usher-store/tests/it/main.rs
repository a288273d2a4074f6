//! What the store promises, on every backend.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test code"
)]

mod backup;
mod cluster;
mod conformance;
mod crash;
mod files;
mod harness;
mod model;
mod sqlite;
