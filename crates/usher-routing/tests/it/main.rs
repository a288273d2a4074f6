//! What `usher-routing` promises, from outside.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code"
)]

mod explain;
mod harness;
mod oracle;
mod ranking;
mod simulation;
mod time;
mod transfer;
mod turns;
