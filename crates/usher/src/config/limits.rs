//! `[limits]`: what one account may do.

use super::reader::Reader;

/// What one account may do.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Policies of one account.
    pub policies_max: usize,
    /// Requests per second in the long run.
    pub requests_per_second_max: u32,
    /// Requests at once on top of that.
    pub requests_burst_max: u32,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            policies_max: reader.integer("limits.policies_max", 1..=100_000),
            requests_per_second_max: reader
                .integer("limits.requests_per_second_max", 1..=1_000_000),
            requests_burst_max: reader.integer("limits.requests_burst_max", 1..=1_000_000),
        }
    }
}
