//! End to end: the real wiring on real sockets, and the executable itself.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod analytics;
mod attacks;
mod cluster;
mod command_line;
mod deliveries;
mod executable;
mod functions;
mod harness;
mod load;
mod main_job;
mod neighbour;
mod process;
mod reference;
mod socket;
mod stream;
mod workers;
