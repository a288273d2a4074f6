//! The shapes of `/api/v1`: camelCase JSON, one type for each body.

pub mod access;
pub mod attribute;
pub mod context;
pub mod decision;
pub mod policy;
pub mod settings;
pub mod skill;
pub mod user;
