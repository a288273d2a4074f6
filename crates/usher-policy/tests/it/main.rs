//! What `usher-policy` promises, from outside.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod check_corpus;
mod corpus;
mod parse_corpus;
mod print_properties;
mod read_corpus;
mod workload;
