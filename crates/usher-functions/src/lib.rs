//! Sandboxed JavaScript: what an account's author wrote, run where it can hurt nobody.
//!
//! A function runs in a process of its own kind, the *worker*: [`worker::run`] is its whole life,
//! over any pair of streams. It reads a [`worker::Job`], makes it an isolate with bounded memory,
//! time, stack and output, and answers with an [`worker::Outcome`]. All that JavaScript can reach
//! outside its isolate is the list [`host::HostCall`], which the parent serves.
//!
//! Absent on purpose: sockets, files, threads, a clock of its own for deadlines. The parent holds
//! the deadline and kills; what this crate does about time is courtesy, so that most runs that go
//! too far end with a good error instead of a dead process.

pub mod check;
pub mod confine;
pub mod worker;

mod lexer;
mod primitives;
mod sandbox;

pub use worker::host;
