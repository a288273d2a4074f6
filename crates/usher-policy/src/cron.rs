//! Schedules in the form of cron: five fields, read in a zone.
//!
//! `*`, numbers, names of months and days, ranges, steps and lists, as Vixie's cron reads them: if
//! both the day of the month and the day of the week are restricted, either is enough. A wall time
//! that the clocks skip is its instant after the gap; one that they repeat is the first of the two.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use usher_model::time::Timestamp;

use crate::calendar;

/// Days that are looked at for the next time: a leap day may be eight years away, around 2100.
const DAYS_MAX: usize = 366 * 9;
const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// When something is to happen, at most once a minute.
#[derive(Clone, Debug)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    /// From Sunday, 0.
    weekdays: u64,
    /// Whether the day of the month, and that of the week, is any.
    is_any_day: bool,
    is_any_weekday: bool,
    zone: TimeZone,
}

/// A schedule that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// There are too few fields, or too many.
    #[error(
        "expected five fields: minute, hour, day, month and day of the week, found {found} in \
         `{text}`"
    )]
    Fields {
        /// What was written.
        text: String,
        /// How many there are.
        found: usize,
    },
    /// A field cannot be read.
    #[error("expected {expected}, found `{found}`")]
    Field {
        /// What the field may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// There is no such zone.
    #[error("expected an IANA zone such as `Europe/Berlin`, found `{0}`")]
    Zone(String),
    /// There is no such day.
    #[error("expected a day that comes, found `{0}`")]
    Never(String),
}

/// One of the five fields.
struct Field {
    least: u8,
    most: u8,
    names: &'static [&'static str],
    expected: &'static str,
}

const MINUTE: Field = Field {
    least: 0,
    most: 59,
    names: &[],
    expected: "minutes from 0 to 59, such as `*/5`",
};
const HOUR: Field = Field {
    least: 0,
    most: 23,
    names: &[],
    expected: "hours from 0 to 23, such as `8-17`",
};
const DAY: Field = Field {
    least: 1,
    most: 31,
    names: &[],
    expected: "days of the month from 1 to 31, such as `1,15`",
};
const MONTH: Field = Field {
    least: 1,
    most: 12,
    names: &MONTHS,
    expected: "months from 1 to 12 or `JAN` to `DEC`",
};
const WEEKDAY: Field = Field {
    least: 0,
    most: 7,
    names: &WEEKDAYS,
    expected: "days of the week from 0 to 7, both Sunday, or `SUN` to `SAT`",
};

impl Field {
    fn read(&self, text: &str) -> Result<u64, CronError> {
        let mut set = 0;
        for part in text.split(',') {
            set |= self.part(part).ok_or_else(|| CronError::Field {
                expected: self.expected,
                found: text.to_owned(),
            })?;
        }
        Ok(set)
    }

    /// Reads `*`, `5`, `1-5`, each perhaps with `/2` behind it.
    fn part(&self, text: &str) -> Option<u64> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(number(step).filter(|step| *step > 0)?)),
            None => (text, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.least, self.most),
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None => {
                let value = self.value(range)?;
                // `5/10` is from 5 on.
                (value, step.map_or(value, |_| self.most))
            }
        };
        if first > last {
            return None;
        }
        let values = (first..=last).step_by(step.unwrap_or(1).into());
        Some(values.fold(0, |set, value| set | 1 << value))
    }

    fn value(&self, text: &str) -> Option<u8> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        let named = named
            .and_then(|at| u8::try_from(at).ok())
            .map(|at| at + self.least);
        let value = named.or_else(|| number(text))?;
        (self.least..=self.most).contains(&value).then_some(value)
    }
}

fn number(text: &str) -> Option<u8> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

impl Cron {
    /// Reads a schedule.
    ///
    /// # Errors
    /// Fails if a field or the zone cannot be read, or no such day ever comes.
    pub fn parse(text: &str, zone: &str) -> Result<Self, CronError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            let (text, found) = (text.to_owned(), fields.len());
            return Err(CronError::Fields { text, found });
        };
        let weekdays = WEEKDAY.read(weekday)?;
        let cron = Self {
            minutes: MINUTE.read(minute)?,
            hours: HOUR.read(hour)?,
            days: DAY.read(day)?,
            months: MONTH.read(month)?,
            weekdays: weekdays | weekdays >> 7,
            is_any_day: day.starts_with('*'),
            is_any_weekday: weekday.starts_with('*'),
            zone: calendar::zone(zone).ok_or_else(|| CronError::Zone(zone.to_owned()))?,
        };
        match cron.next_after(Timestamp::EPOCH) {
            Some(_) => Ok(cron),
            None => Err(CronError::Never(text.to_owned())),
        }
    }

    /// Returns the first instant after `instant` at which it is time.
    #[must_use]
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let after = jiff::Timestamp::from_millisecond(instant.milliseconds()).ok()?;
        // A day earlier than needed: the offset may change in between.
        let first = self.zone.to_datetime(after).date();
        first
            .series(jiff::Span::new().days(1))
            .take(DAYS_MAX)
            .filter(|date| self.is_day(*date))
            .find_map(|date| self.on(date, after))
    }

    fn is_day(&self, date: Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        let is_right = if self.is_any_day || self.is_any_weekday {
            day && weekday
        } else {
            day || weekday
        };
        is_right && has(self.months, date.month())
    }

    /// Returns the first instant of a day after `after` at which it is time.
    fn on(&self, date: Date, after: jiff::Timestamp) -> Option<Timestamp> {
        let hours = (0..24).filter(|hour| has(self.hours, *hour));
        let times = hours.flat_map(|hour| {
            let minutes = (0..60).filter(|minute| has(self.minutes, *minute));
            minutes.filter_map(move |minute| Time::new(hour, minute, 0, 0).ok())
        });
        let instants = times.filter_map(|time| {
            let at = DateTime::from_parts(date, time);
            self.zone.to_ambiguous_timestamp(at).compatible().ok()
        });
        // Around a change of the clocks, instants are not in the order of wall times.
        let next = instants.filter(|at| *at > after).min()?;
        Some(Timestamp::from_milliseconds(next.as_millisecond()))
    }
}

fn has(set: u64, value: i8) -> bool {
    u32::try_from(value).is_ok_and(|value| set.checked_shr(value).unwrap_or(0) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cron: &str, zone: &str, after: &str, expected: &[&str]) {
        let cron = Cron::parse(cron, zone).unwrap();
        let mut at = Timestamp::parse(after).unwrap();
        for expected in expected {
            at = cron.next_after(at).unwrap();
            assert_eq!(at.to_string(), *expected);
        }
    }

    #[test]
    fn a_schedule_says_when_it_is_next_time() {
        check(
            "*/20 8-9 * * MON-FRI",
            "UTC",
            "2026-05-01T09:30:00.000Z",
            &["2026-05-01T09:40:00.000Z", "2026-05-04T08:00:00.000Z"],
        );
        check(
            "0 0 29 feb *",
            "UTC",
            "2026-05-01T00:00:00.000Z",
            &["2028-02-29T00:00:00.000Z"],
        );
        check(
            "30 12 13 * 5",
            "Europe/Berlin",
            "2026-05-06T00:00:00.000Z",
            &["2026-05-08T10:30:00.000Z", "2026-05-13T10:30:00.000Z"],
        );
        check(
            "5/30 * * * 7",
            "UTC",
            "2026-05-02T23:59:30.000Z",
            &["2026-05-03T00:05:00.000Z", "2026-05-03T00:35:00.000Z"],
        );
    }

    #[test]
    fn an_exact_minute_is_not_its_own_next() {
        check(
            "* * * * *",
            "UTC",
            "2026-05-01T00:00:00.000Z",
            &["2026-05-01T00:01:00.000Z"],
        );
    }

    #[test]
    fn skipped_times_come_after_the_gap_and_repeated_ones_once() {
        check(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00:00.000Z",
            &["2026-03-29T01:30:00.000Z", "2026-03-30T00:30:00.000Z"],
        );
        check(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00:00.000Z",
            &["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"],
        );
    }

    #[test]
    fn a_mistake_says_what_was_expected() {
        let mistake = |cron, zone| Cron::parse(cron, zone).unwrap_err().to_string();
        assert_eq!(
            mistake("* * * *", "UTC"),
            "expected five fields: minute, hour, day, month and day of the week, found 4 in `* * * *`"
        );
        assert_eq!(
            mistake("60 * * * *", "UTC"),
            "expected minutes from 0 to 59, such as `*/5`, found `60`"
        );
        for wrong in [
            "*/0 * * * *",
            "5-1 * * * *",
            "a * * * *",
            ", * * * *",
            "* * * 13 *",
        ] {
            assert!(Cron::parse(wrong, "UTC").is_err(), "{wrong}");
        }
        assert_eq!(
            mistake("0 0 30 2 *", "UTC"),
            "expected a day that comes, found `0 0 30 2 *`"
        );
        assert!(mistake("* * * * *", "Mars/Base").starts_with("expected an IANA zone"));
    }
}
