//! Hints between nodes: one narrow seam over a channel in this process and over NATS.
//!
//! What is true stands in the store. A hint only says where to look again, so it may be lost,
//! doubled or come out of order; whoever receives one reads the store, and whoever receives none
//! reads it too, more slowly.

pub mod bus;
pub mod hint;
pub mod local;
pub mod nats;
