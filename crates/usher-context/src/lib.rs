//! Context: what is remembered about consumers and conversations between decisions.
//!
//! A document is the set of properties under one namespace and session. This crate knows which
//! names are allowed, how documents merge and grow, when properties expire, and which attributes
//! are built in. It has no clock and no store: it is given documents and an instant.

pub mod attribute;
pub mod document;
pub mod expiry;
pub mod name;
pub mod sde;
