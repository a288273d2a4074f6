//! The HTTP surface on a real store: every row of the contracts' acceptance tables.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod analytics;
mod assets;
mod bad_input;
mod commands;
mod context_v1;
mod context_v2;
mod corpus;
mod decisions;
mod floor;
mod floor_contracts;
mod floor_refusals;
mod function_events;
mod function_logs;
mod functions;
mod harness;
mod history;
mod imports;
mod mutate;
mod next_actions;
mod oidc;
mod openapi;
mod people;
mod permissions;
mod policies;
mod queues;
mod session;
mod stream;
mod workspace;
