//! Wall time in a zone: `isTimeRange` and `isDateRange` to whole seconds, and the days of reports.
//!
//! The zone database is compiled in, so that the same instant gives the same answer everywhere.

use std::sync::LazyLock;
use std::time::Duration;

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

/// Whole days in a zone, as a report counts them.
#[derive(Clone, Debug)]
pub struct Period {
    first: Date,
    last: Date,
    zone: TimeZone,
}

/// Why there is no such period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodError {
    /// The first day is none.
    First,
    /// The last day is none.
    Last,
    /// The last day is before the first one.
    Order,
    /// There is no such zone.
    Zone,
}

impl Period {
    /// Reads a period from its first and last day, `yyyy-mm-dd`, and the name of a zone. Without a
    /// last day it ends today, without a first one it has `days` days.
    ///
    /// # Errors
    /// Fails if one of them cannot be read, or the last day comes before the first one.
    pub fn parse(
        first: Option<&str>,
        last: Option<&str>,
        zone: &str,
        days: u8,
        now: Timestamp,
    ) -> Result<Self, PeriodError> {
        let zone = self::zone(zone).ok_or(PeriodError::Zone)?;
        let last = match last {
            Some(text) => iso_date(text).ok_or(PeriodError::Last)?,
            None => Wall::at(now, &zone).date,
        };
        let first = match first {
            Some(text) => iso_date(text).ok_or(PeriodError::First)?,
            None => days_before(last, i64::from(days) - 1),
        };
        if last < first {
            return Err(PeriodError::Order);
        }
        Ok(Self { first, last, zone })
    }

    /// Returns how many days it has.
    #[must_use]
    pub fn day_count(&self) -> usize {
        let days = self.last.duration_since(self.first).as_hours() / 24;
        usize::try_from(days).unwrap_or(0) + 1
    }

    /// Returns as many days, right before it.
    #[must_use]
    pub fn before(&self) -> Self {
        let days = i64::try_from(self.day_count()).unwrap_or(i64::MAX);
        Self {
            first: days_before(self.first, days),
            last: days_before(self.first, 1),
            zone: self.zone.clone(),
        }
    }

    /// Returns the first day, `yyyy-mm-dd`.
    #[must_use]
    pub fn first(&self) -> String {
        self.first.to_string()
    }

    /// Returns the last day, `yyyy-mm-dd`.
    #[must_use]
    pub fn last(&self) -> String {
        self.last.to_string()
    }

    /// Returns when each of its days begins, and after them when the last one is over. Days on which
    /// clocks change have 23 or 25 hours.
    #[must_use]
    pub fn days(&self) -> Vec<Timestamp> {
        let end = days_before(self.last, -1);
        let mut starts = Vec::new();
        let mut day = self.first;
        while day <= end {
            starts.push(self.start_of(day));
            let next = days_before(day, -1);
            if next == day {
                break;
            }
            day = next;
        }
        starts
    }

    /// Returns when each of its hours begins, and after them when the last one is over.
    #[must_use]
    pub fn hours(&self) -> Vec<Timestamp> {
        let days = self.days();
        let mut starts = Vec::new();
        for day in days.windows(2) {
            let &[mut hour, end] = day else { continue };
            while hour < end {
                starts.push(hour);
                hour = hour.plus(HOUR);
            }
        }
        starts.extend(days.last());
        starts
    }

    /// Returns the first instant of a day: where clocks go forward at midnight, that is later.
    fn start_of(&self, day: Date) -> Timestamp {
        let start = day.to_zoned(self.zone.clone());
        // INVARIANT: dates are of four digits, and those are instants in every zone.
        let start = start.map_or(0, |start| start.timestamp().as_millisecond());
        Timestamp::from_milliseconds(start)
    }
}

const HOUR: Duration = Duration::from_secs(60 * 60);
/// Days of twenty thousand years.
const DAYS_MAX: i64 = 7_305_000;

/// Reads `yyyy-mm-dd`.
fn iso_date(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_plain.then(|| text.parse().ok())?
}

/// Returns the day so many days earlier, or the first there is.
fn days_before(day: Date, days: i64) -> Date {
    // As many as there are between the first and the last one, at most.
    let days = days.clamp(-DAYS_MAX, DAYS_MAX);
    day.saturating_sub(jiff::SignedDuration::from_hours(days * 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(first: &str, last: &str, zone: &str) -> Period {
        Period::parse(Some(first), Some(last), zone, 7, Timestamp::EPOCH).unwrap()
    }

    fn lengths(starts: &[Timestamp]) -> Vec<u64> {
        let spans = starts.windows(2);
        spans
            .map(|span| span[1].since(span[0]).as_secs() / 60)
            .collect()
    }

    #[test]
    fn days_on_which_clocks_change_have_23_or_25_hours() {
        let berlin = |first: &str, last: &str| period(first, last, "Europe/Berlin");
        let spring = berlin("2026-03-28", "2026-03-30");
        assert_eq!(lengths(&spring.days()), [24 * 60, 23 * 60, 24 * 60]);
        assert_eq!(spring.hours().len(), 24 + 23 + 24 + 1);
        assert_eq!(spring.days()[0].to_string(), "2026-03-27T23:00:00.000Z");
        let autumn = berlin("2026-10-25", "2026-10-25");
        assert_eq!(lengths(&autumn.days()), [25 * 60]);
        assert_eq!(autumn.hours().len(), 25 + 1);
        // Clocks go forward by half an hour there, and the last hour of the day is half a one.
        let island = period("2026-10-04", "2026-10-04", "Australia/Lord_Howe");
        assert_eq!(lengths(&island.days()), [23 * 60 + 30]);
        // Midnight does not exist on that day.
        let beirut = period("2026-03-29", "2026-03-29", "Asia/Beirut");
        assert_eq!(lengths(&beirut.days()), [23 * 60]);
    }

    #[test]
    fn a_period_without_a_first_or_a_last_day_ends_today() {
        let now = Timestamp::parse("2026-05-04T22:30:00Z").unwrap();
        let week = Period::parse(None, None, "Europe/Berlin", 7, now).unwrap();
        assert_eq!(
            (week.first(), week.last(), week.day_count()),
            ("2026-04-29".to_owned(), "2026-05-05".to_owned(), 7)
        );
        let before = week.before();
        assert_eq!(
            (before.first(), before.last(), before.day_count()),
            ("2026-04-22".to_owned(), "2026-04-28".to_owned(), 7)
        );
    }

    #[test]
    fn a_period_that_cannot_be_read_says_what_is_wrong() {
        let mistake = |first, last, zone| {
            Period::parse(Some(first), Some(last), zone, 7, Timestamp::EPOCH).unwrap_err()
        };
        let day = "2026-05-01";
        assert_eq!(mistake("2026-02-30", day, "UTC"), PeriodError::First);
        assert_eq!(mistake(day, "20260501", "UTC"), PeriodError::Last);
        assert_eq!(mistake(day, "2026-04-30", "UTC"), PeriodError::Order);
        assert_eq!(mistake(day, day, "Mars/Olympus"), PeriodError::Zone);
    }

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
