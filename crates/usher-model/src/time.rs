//! Points in time and where they come from.
//!
//! Calendars and time zones are none of this module's business; they live in `usher-policy`.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since 1970-01-01T00:00:00Z; RFC 3339 in UTC with `Z` on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The first instant of year 0000 and the last one that is in year 9999 in every time zone: what
/// RFC 3339 can write and `jiff` can convert.
const MILLISECONDS_MIN: i64 = -62_167_219_200_000;
const MILLISECONDS_MAX: i64 = 253_402_207_199_999;

impl Timestamp {
    /// The start of 1970.
    pub const EPOCH: Self = Self(0);

    /// Returns the instant `milliseconds` after 1970, clamped to what RFC 3339 can write.
    #[must_use]
    pub const fn from_milliseconds(milliseconds: i64) -> Self {
        if milliseconds < MILLISECONDS_MIN {
            Self(MILLISECONDS_MIN)
        } else if milliseconds > MILLISECONDS_MAX {
            Self(MILLISECONDS_MAX)
        } else {
            Self(milliseconds)
        }
    }

    /// Returns milliseconds since 1970.
    #[must_use]
    pub const fn milliseconds(self) -> i64 {
        self.0
    }

    /// Returns the instant `duration` later, at most the last one RFC 3339 can write.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_milliseconds(self.0.saturating_add(milliseconds))
    }

    /// Returns the instant `duration` earlier, at least the first one RFC 3339 can write.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_milliseconds(self.0.saturating_sub(milliseconds))
    }

    /// Returns the time since `earlier`, or zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Parses RFC 3339, with any offset.
    ///
    /// # Errors
    /// Fails if `text` is not an RFC 3339 instant.
    pub fn parse(text: &str) -> Result<Self, ParseTimestampError> {
        let parsed: jiff::Timestamp = text.parse().map_err(|source| ParseTimestampError {
            text: text.to_owned(),
            source,
        })?;
        Ok(Self::from_milliseconds(parsed.as_millisecond()))
    }
}

/// The text was not an RFC 3339 instant.
#[derive(Debug, thiserror::Error)]
#[error("expected an instant such as `2026-05-01T10:00:00Z`, found `{text}`")]
pub struct ParseTimestampError {
    text: String,
    #[source]
    source: jiff::Error,
}

impl fmt::Display for Timestamp {
    /// Writes `2026-05-01T10:00:00.123Z`, always with three decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            // INVARIANT: every constructor clamps to the range that jiff can write.
            Err(_) => Err(fmt::Error),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Where wall time comes from.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the present instant. It may go backwards when an operator sets the clock.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        let now = std::time::SystemTime::now();
        let since = now
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Returns a clock that stands at `start`.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.milliseconds()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().plus(duration));
    }

    /// Sets the clock, backwards if need be.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.milliseconds(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_with_milliseconds_and_z() {
        let instant = Timestamp::from_milliseconds(1_714_557_600_123);
        assert_eq!(instant.to_string(), "2024-05-01T10:00:00.123Z");
        assert_eq!(Timestamp::EPOCH.to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn an_instant_is_read_with_any_offset() {
        let instant = Timestamp::parse("2024-05-01T12:00:00.123+02:00").unwrap();
        assert_eq!(instant.milliseconds(), 1_714_557_600_123);
        assert!(Timestamp::parse("yesterday").is_err());
    }

    #[test]
    fn arithmetic_saturates_at_what_can_be_written() {
        let last = Timestamp::from_milliseconds(i64::MAX);
        assert_eq!(last.plus(Duration::from_secs(1)), last);
        assert_eq!(last.to_string(), "9999-12-30T21:59:59.999Z");
        let first = Timestamp::from_milliseconds(i64::MIN);
        assert_eq!(first.minus(Duration::MAX), first);
        assert!(Timestamp::parse(&first.to_string()).is_ok());
        assert_eq!(Timestamp::EPOCH.since(last), Duration::ZERO);
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::starting_at(Timestamp::EPOCH);
        clock.advance(Duration::from_millis(5));
        assert_eq!(clock.now().milliseconds(), 5);
        clock.set(Timestamp::EPOCH);
        assert_eq!(clock.now(), Timestamp::EPOCH);
    }
}
