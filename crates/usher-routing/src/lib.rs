//! Routing: who gets the conversation, and when.
//!
//! The [`desk`](desk::Desk) of an account is a cache of store rows. It computes what a command or
//! the passing of time changes; the application commits that conditionally and tells the desk how
//! it went. It has no clock, store or randomness: instants and ids are passed in, so the same rows
//! and the same calls give the same answers.

pub mod rules;
pub mod seat;
pub mod ticket;

pub mod command;
pub mod desk;
pub mod eligible;
pub mod estimate;
pub mod last_agent;
pub mod why;

pub mod capacity;
pub mod invariant;
mod matching;
mod plan;
mod rank;
mod timers;
