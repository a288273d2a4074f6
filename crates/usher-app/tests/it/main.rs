//! What the use cases promise, on a real store in a temporary directory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod feed;
mod harness;
mod lives;
mod refusals;
