//! What the use cases promise, on a real store in a temporary directory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "test code"
)]

mod analytics;
mod bots;
mod consumers;
mod erasure;
mod facts;
mod feed;
mod functions;
mod harness;
mod hours;
mod last_agent;
mod lives;
mod nodes;
mod outbox;
mod refusals;
mod simulation;
mod told;
