//! The shapes of `/api/v1`: camelCase JSON, one type for each body.

pub mod access;
pub mod agent;
pub mod analytics;
pub mod attribute;
pub mod command;
pub mod consumer;
pub mod context;
pub mod conversation;
pub mod decision;
pub mod engagement;
pub mod function;
pub mod import;
pub mod last_contact;
pub mod policy;
pub mod queue;
pub mod session;
pub mod settings;
pub mod skill;
pub(crate) mod stream;
pub mod user;
pub mod webhook;
pub mod workspace;
