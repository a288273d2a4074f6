//! Which time to live wins.

use std::time::Duration;

use usher_model::limits;
use usher_model::time::Timestamp;

/// The longest life this installation gives a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TtlMax(Duration);

impl TtlMax {
    /// Returns the maximum, at most the 13 months of the contract.
    #[must_use]
    pub fn new(max: Duration) -> Self {
        Self(max.min(limits::CONTEXT_TTL_MAX))
    }
}

impl Default for TtlMax {
    fn default() -> Self {
        Self(limits::CONTEXT_TTL_MAX)
    }
}

/// Returns when a property written now through version 1 of the contract expires: the session's
/// time to live outranks the namespace's, and none means the maximum.
#[must_use]
pub fn for_v1_write(
    now: Timestamp,
    session_ttl: Option<Duration>,
    namespace_ttl: Option<Duration>,
    max: TtlMax,
) -> Timestamp {
    now.plus(
        session_ttl
            .or(namespace_ttl)
            .map_or(max.0, |ttl| ttl.min(max.0)),
    )
}

/// Returns when a document written now through version 2 of the contract expires: nothing, zero and
/// negative numbers mean the maximum.
#[must_use]
pub fn for_v2_write(now: Timestamp, ttl_seconds: Option<i64>, max: TtlMax) -> Timestamp {
    let ttl = ttl_seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0)
        .map_or(max.0, |seconds| Duration::from_secs(seconds).min(max.0));
    now.plus(ttl)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn the_session_outranks_the_namespace() {
        let max = TtlMax::default();
        assert_eq!(
            for_v1_write(NOW, seconds(10), seconds(100), max).milliseconds(),
            10_000
        );
        assert_eq!(
            for_v1_write(NOW, None, seconds(100), max).milliseconds(),
            100_000
        );
        assert_eq!(
            for_v1_write(NOW, None, None, max).milliseconds(),
            34_214_400_000
        );
    }

    #[test]
    fn a_document_lives_at_most_thirteen_months() {
        let max = TtlMax::default();
        for unlimited in [None, Some(0), Some(-1), Some(i64::MIN), Some(i64::MAX)] {
            assert_eq!(
                for_v2_write(NOW, unlimited, max).milliseconds(),
                34_214_400_000
            );
        }
        assert_eq!(
            for_v2_write(NOW, Some(3_600), max).milliseconds(),
            3_600_000
        );
    }
}
