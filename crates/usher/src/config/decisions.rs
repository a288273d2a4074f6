//! `[decisions]`: the decision log.

use super::reader::Reader;

/// The decision log.
#[derive(Clone, Debug)]
pub struct Decisions {
    /// Days that a decision stays in the log, unless the account says otherwise.
    pub retention_days: u32,
}

impl Decisions {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            retention_days: reader.integer("decisions.retention_days", 1..=90),
        }
    }
}
