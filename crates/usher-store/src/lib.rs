//! What is true: one narrow seam over SQLite and PostgreSQL.
//!
//! A *collection* declares its key, its few index fields and whether it expires; both backends make
//! a real table of it. A *batch* is atomic, conditional on revisions, and on disk when its commit
//! returns. Nobody writes SQL outside this crate.

pub mod backup;
pub mod batch;
pub mod collection;
pub mod postgres;
pub mod record;
pub mod sequence;
pub mod sqlite;
pub mod store;

mod sql;
