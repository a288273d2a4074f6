//! What `usher-policy` promises, from outside.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code"
)]

mod acceptance;
mod check_corpus;
mod corpus;
mod oracle;
mod parse_corpus;
mod print_properties;
mod read_corpus;
mod run_corpus;
mod run_properties;
mod why_not_properties;
mod workload;
