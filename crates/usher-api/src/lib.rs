//! HTTP: wire shapes, routes, errors, and the description of all of it.
//!
//! A handler turns a wire shape into a call of `usher-app` and its answer back. `routes` is our own
//! API under `/api/v1`; `contract` holds the endpoints whose shape is fixed by existing clients.

pub mod assets;
pub mod contract;
pub mod extract;
mod in_process;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod router;
pub mod routes;
pub mod wire;
mod ws;

pub use router::{Options, router};
