//! The binary's parts: configuration, wiring, lifecycle and the command line.
//!
//! They are a library so that the end-to-end tests boot the real wiring in process. What should
//! happen is decided in `usher-app` and below; nothing here knows a policy from a skill.

pub mod boot;
pub mod cli;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod lifecycle;
pub mod reference;
pub mod telemetry;

mod connections;
mod console;
mod keys;
mod outbound;
