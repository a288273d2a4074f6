//! `isTimeRange` and `isDateRange`: wall time in a zone, to whole seconds.
//!
//! The zone database is compiled in, so that the same instant gives the same answer everywhere.

use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use usher_model::time::Timestamp;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Reads `hh:mm:ss` on a 24-hour clock as seconds since midnight.
#[must_use]
pub fn time_of_day(text: &str) -> Option<u32> {
    let mut parts = text.split(':');
    let mut part = |limit: u32| two_digits(parts.next()?).filter(|&number| number < limit);
    let (hours, minutes, seconds) = (part(24)?, part(60)?, part(60)?);
    parts
        .next()
        .is_none()
        .then_some(hours * 3600 + minutes * 60 + seconds)
}

/// Reads `mm/dd/yy`, a year of this century, or `mm/dd/yyyy`.
#[must_use]
pub fn date(text: &str) -> Option<Date> {
    let mut parts = text.split('/');
    let month = two_digits(parts.next()?)?;
    let day = two_digits(parts.next()?)?;
    let year = parts.next()?;
    if parts.next().is_some() || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let year: i16 = match year.len() {
        2 => 2000 + year.parse::<i16>().ok()?,
        4 => year.parse().ok()?,
        _ => return None,
    };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn two_digits(text: &str) -> Option<u32> {
    let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// Finds a zone by its IANA name, old aliases included.
#[must_use]
pub fn zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok()
}

/// A set of weekdays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(u8);

const DAY_NAMES: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

impl Days {
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);
    /// No day.
    pub const NONE: Self = Self(0);

    /// Adds the day called `name`, one of `MON` to `SUN`; returns `None` if there is no such day.
    #[must_use]
    pub fn with(self, name: &str) -> Option<Self> {
        let index = DAY_NAMES.iter().position(|&day| day == name)?;
        Some(Self(self.0 | 1 << index))
    }

    fn has(self, day: Weekday) -> bool {
        let index = day.to_monday_zero_offset().unsigned_abs();
        self.0 >> index & 1 == 1
    }
}

/// Wall time in some zone, cut to whole seconds.
#[derive(Clone, Copy, Debug)]
pub struct Wall {
    date: Date,
    second_of_day: u32,
}

impl Wall {
    /// Converts an instant.
    #[must_use]
    pub fn at(now: Timestamp, zone: &TimeZone) -> Self {
        // INVARIANT: a `Timestamp` is always within what jiff can convert.
        let instant = jiff::Timestamp::from_millisecond(now.milliseconds()).unwrap_or_default();
        let local = zone.to_datetime(instant);
        let unsigned = |part: i8| u32::from(part.unsigned_abs());
        Self {
            date: local.date(),
            second_of_day: unsigned(local.hour()) * 3600
                + unsigned(local.minute()) * 60
                + unsigned(local.second()),
        }
    }
}

/// The arguments of `isTimeRange` but for the zone.
#[derive(Clone, Copy, Debug)]
pub struct TimeRange {
    /// The first second of the day that is within.
    pub start: u32,
    /// The last one.
    pub end: u32,
    /// The days on which the range opens.
    pub days: Days,
}

impl TimeRange {
    /// Returns whether `now` is within; a range whose start is later than its end crosses midnight,
    /// and belongs to the day on which it opened.
    #[must_use]
    pub fn holds(self, now: Wall) -> bool {
        let today = now.date.weekday();
        let second = now.second_of_day;
        if self.start <= self.end {
            return (self.start..=self.end).contains(&second) && self.days.has(today);
        }
        (second >= self.start && self.days.has(today))
            || (second <= self.end && self.days.has(today.previous()))
    }
}

/// The arguments of `isDateRange` but for the zone.
#[derive(Clone, Copy, Debug)]
pub struct DateRange {
    /// The first day that is within.
    pub start: Date,
    /// The last one.
    pub end: Date,
    /// The days that count.
    pub days: Days,
}

impl DateRange {
    /// Returns whether `now` is within.
    #[must_use]
    pub fn holds(self, now: Wall) -> bool {
        (self.start..=self.end).contains(&now.date) && self.days.has(now.date.weekday())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_dates_have_one_form() {
        assert_eq!(time_of_day("09:00:01"), Some(32_401));
        assert_eq!(time_of_day("23:59:59"), Some(86_399));
        for text in [
            "9:00:00",
            "24:00:00",
            "09:60:00",
            "09:00",
            "09:00:00:00",
            "+9:00:00",
            "",
        ] {
            assert_eq!(time_of_day(text), None, "{text}");
        }
        assert_eq!(date("09/04/21"), Some(jiff::civil::date(2021, 9, 4)));
        assert_eq!(date("02/29/2024"), Some(jiff::civil::date(2024, 2, 29)));
        for text in [
            "02/29/23",
            "9/4/21",
            "13/01/21",
            "09/04/021",
            "09/04",
            "09-04-21",
            "09/04/+1",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn zones_are_found_by_new_and_old_names() {
        assert!(zone("Australia/Sydney").is_some());
        assert!(zone("US/Eastern").is_some());
        assert!(zone("Mars/Olympus").is_none());
    }

    #[test]
    fn a_range_past_midnight_belongs_to_the_day_it_opened() {
        let range = TimeRange {
            start: time_of_day("22:00:00").unwrap(),
            end: time_of_day("06:00:00").unwrap(),
            days: Days::NONE.with("FRI").unwrap(),
        };
        let utc = zone("UTC").unwrap();
        let holds = |text: &str| range.holds(Wall::at(Timestamp::parse(text).unwrap(), &utc));
        assert!(holds("2026-05-01T22:00:00.999Z"));
        assert!(holds("2026-05-02T05:00:00Z"));
        assert!(!holds("2026-05-01T05:00:00Z"));
        assert!(!holds("2026-05-02T22:00:00Z"));
    }
}
