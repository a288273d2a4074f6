//! `[context]`: context documents.

use std::time::Duration;

use usher_model::limits;

use super::reader::Reader;

/// Context documents.
#[derive(Clone, Debug)]
pub struct Context {
    /// Longest life of a property.
    pub ttl_max: Duration,
    /// Documents held in memory.
    pub cached_documents_max: u64,
}

impl Context {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let ttl_max = limits::CONTEXT_TTL_MAX.as_secs();
        Self {
            ttl_max: reader.seconds("context.ttl_seconds_max", 1..=ttl_max),
            cached_documents_max: reader.integer("context.cached_documents_max", 0..=10_000_000),
        }
    }
}
