//! The words every other crate shares: ids, time, values and limits.
//!
//! It knows nothing of policies, stores or transports, does no I/O and depends on none of our
//! crates.

pub mod id;
pub mod limits;
pub mod role;
pub mod time;
pub mod value;
