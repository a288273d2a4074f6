//! Functions run in a worker that is a thread: what JavaScript may do, and what it gets back.
//!
//! What needs a process that can be killed is tested with the program, in the package `usher`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod contract;
mod harness;
mod limits;
mod tampering;
mod toolbelt;
mod web;
