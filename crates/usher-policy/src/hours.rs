//! Business hours: a table of the week in one zone, with days that differ.
//!
//! What opens on a day belongs to that day even if it closes on the next one. Times are those that
//! the clock on the wall shows: a time that the clock skips in spring is the moment of the skip, and
//! of a time that it shows twice in autumn the first one counts.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
pub use jiff::civil::Weekday;
use jiff::tz::{AmbiguousOffset, TimeZone};
use usher_model::time::Timestamp;

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// How many days ahead a change is looked for; who sees none asks again then.
const DAYS_AHEAD: i32 = 15;

/// A stretch of a day during which it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The minute of the day at which it opens: 0 to 1,439.
    opens: u16,
    /// How many minutes later it closes on a day of 24 hours: 1 to 1,440.
    minutes: u16,
}

impl Opening {
    /// Makes an opening from two minutes of the day. A close that is not later than the opening is
    /// on the next day, so that equal times are a whole day; 1,440 is the end of the day.
    #[must_use]
    pub const fn new(opens: u16, closes: u16) -> Option<Self> {
        if opens >= DAY || closes > DAY {
            return None;
        }
        let minutes = if closes > opens {
            closes - opens
        } else {
            closes + DAY - opens
        };
        Some(Self { opens, minutes })
    }
}

/// Reads `hh:mm` on a 24-hour clock, `24:00` included, as minutes since midnight.
#[must_use]
pub fn minute_of_day(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY).then_some(minute)
}

/// Reads `yyyy-mm-dd`.
#[must_use]
pub fn date(text: &str) -> Option<Date> {
    // jiff reads longer forms as well.
    (text.len() == 10).then(|| text.parse().ok())?
}

/// When something is open.
#[derive(Clone, Debug)]
pub struct Hours {
    zone: TimeZone,
    week: BTreeMap<i8, Vec<Opening>>,
    exceptions: BTreeMap<Date, Vec<Opening>>,
}

impl Hours {
    /// Returns hours without any opening.
    #[must_use]
    pub const fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            week: BTreeMap::new(),
            exceptions: BTreeMap::new(),
        }
    }

    /// Opens on a day of every week.
    pub fn open_weekly(&mut self, day: Weekday, opening: Opening) {
        let day = self.week.entry(day.to_monday_zero_offset()).or_default();
        day.push(opening);
    }

    /// Says what opens on one date in place of what the week says: with no opening it is closed.
    pub fn except(&mut self, date: Date, openings: Vec<Opening>) {
        self.exceptions.insert(date, openings);
    }

    /// Whether it is open; the instant of opening is within, that of closing is not.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        let mut stretches = self.stretches(now, 0);
        stretches.any(|(opens, closes)| opens <= now && now < closes)
    }

    /// Returns when to ask again: the next opening or closing, or an instant before it if it is
    /// weeks away; nothing if it never opens.
    #[must_use]
    pub fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        if self.week.is_empty() && self.exceptions.is_empty() {
            return None;
        }
        let mut stretches: Vec<_> = self.stretches(now, DAYS_AHEAD).collect();
        stretches.sort_unstable();
        let mut open_until = None;
        for (opens, closes) in stretches {
            let ends = open_until.unwrap_or(now);
            if closes <= ends {
                continue;
            }
            if opens > ends {
                return Some(open_until.unwrap_or(opens));
            }
            open_until = Some(closes);
        }
        open_until.or_else(|| self.first_instant(self.local_date(now), DAYS_AHEAD))
    }

    /// Returns the instants of opening and closing on the day before and on the days until
    /// `days_ahead`.
    fn stretches(
        &self,
        now: Timestamp,
        days_ahead: i32,
    ) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = self.local_date(now);
        // A day before: what opened then may still be open.
        (-1..=days_ahead).flat_map(move |offset| {
            let date = today.saturating_add(offset.days());
            let openings = self.openings(date);
            openings.iter().map(move |opening| {
                let opens = self.instant(date, opening.opens);
                (opens, self.instant(date, opening.opens + opening.minutes))
            })
        })
    }

    fn openings(&self, date: Date) -> &[Opening] {
        let weekday = date.weekday().to_monday_zero_offset();
        let openings = self
            .exceptions
            .get(&date)
            .or_else(|| self.week.get(&weekday));
        openings.map_or(&[], Vec::as_slice)
    }

    fn local_date(&self, now: Timestamp) -> Date {
        // INVARIANT: a `Timestamp` is always within what jiff can convert.
        let instant = jiff::Timestamp::from_millisecond(now.milliseconds()).unwrap_or_default();
        self.zone.to_datetime(instant).date()
    }

    fn first_instant(&self, today: Date, days_ahead: i32) -> Option<Timestamp> {
        let date = today.saturating_add(days_ahead.days());
        (date > today).then(|| self.instant(date, 0))
    }

    /// Returns when the clock first shows a minute of a date or, if it skips it, the skip; minutes
    /// beyond the day are those of the next one.
    fn instant(&self, date: Date, minute: u16) -> Timestamp {
        let date = date.saturating_add(i32::from(minute / DAY).days());
        let minute = i64::from(minute % DAY);
        let wall = date
            .at(0, 0, 0, 0)
            .saturating_add(jiff::SignedDuration::from_mins(minute));
        let ambiguous = self.zone.to_ambiguous_timestamp(wall);
        let instant = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                ambiguous.earlier().ok()
            }
            AmbiguousOffset::Gap { .. } => ambiguous.later().ok().map(|later| {
                let behind = later.saturating_add(jiff::SignedDuration::from_secs(1));
                let skip = behind.ok().and_then(|at| self.zone.preceding(at).next());
                skip.map_or(later, |skip| skip.timestamp())
            }),
        };
        let milliseconds = instant.map_or(i64::MAX, jiff::Timestamp::as_millisecond);
        Timestamp::from_milliseconds(milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::zone;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn read(opens: &str, closes: &str) -> Option<Opening> {
        Opening::new(minute_of_day(opens)?, minute_of_day(closes)?)
    }

    fn opening(opens: &str, closes: &str) -> Opening {
        read(opens, closes).unwrap()
    }

    fn hours(name: &str, openings: &[(Weekday, &str, &str)]) -> Hours {
        let mut hours = Hours::new(zone(name).unwrap());
        for (day, opens, closes) in openings {
            hours.open_weekly(*day, opening(opens, closes));
        }
        hours
    }

    #[track_caller]
    fn check(hours: &Hours, now: &str, is_open: bool, changes_at: &str) {
        assert_eq!(hours.is_open(at(now)), is_open, "{now}");
        assert_eq!(hours.changes_at(at(now)), Some(at(changes_at)), "{now}");
        // What is said to change does.
        assert_ne!(hours.is_open(at(changes_at)), is_open, "{changes_at}");
    }

    #[test]
    fn times_have_one_form() {
        assert_eq!(opening("09:00", "17:30").minutes, 510);
        assert_eq!(opening("22:00", "06:00").minutes, 480);
        assert_eq!(opening("00:00", "24:00").minutes, DAY);
        assert_eq!(opening("08:00", "08:00").minutes, DAY);
        for (opens, closes) in [
            ("9:00", "17:00"),
            ("24:00", "17:00"),
            ("09:00", "24:01"),
            ("09:60", "17:00"),
            ("09:00:00", "17:00"),
            ("", ""),
        ] {
            assert_eq!(read(opens, closes), None, "{opens} {closes}");
        }
        assert_eq!(date("2026-12-24"), Some(jiff::civil::date(2026, 12, 24)));
        for text in ["24.12.2026", "2026-12-24T00:00", "2026-02-29", ""] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn a_working_week_opens_and_closes() {
        use Weekday::{Friday, Monday};
        let berlin = hours(
            "Europe/Berlin",
            &[
                (Monday, "09:00", "12:00"),
                (Monday, "13:00", "17:00"),
                (Friday, "09:00", "17:00"),
            ],
        );
        // 2026-05-04 is a Monday, two hours before UTC.
        check(
            &berlin,
            "2026-05-04T06:59:59Z",
            false,
            "2026-05-04T07:00:00Z",
        );
        check(
            &berlin,
            "2026-05-04T07:00:00Z",
            true,
            "2026-05-04T10:00:00Z",
        );
        check(
            &berlin,
            "2026-05-04T10:00:00Z",
            false,
            "2026-05-04T11:00:00Z",
        );
        check(
            &berlin,
            "2026-05-04T15:00:00Z",
            false,
            "2026-05-08T07:00:00Z",
        );
        check(
            &berlin,
            "2026-05-08T15:00:00Z",
            false,
            "2026-05-11T07:00:00Z",
        );
    }

    #[test]
    fn an_opening_past_midnight_belongs_to_the_day_it_opened() {
        let night = hours("UTC", &[(Weekday::Friday, "22:00", "06:00")]);
        check(
            &night,
            "2026-05-08T21:00:00Z",
            false,
            "2026-05-08T22:00:00Z",
        );
        check(&night, "2026-05-08T23:00:00Z", true, "2026-05-09T06:00:00Z");
        check(&night, "2026-05-09T05:59:59Z", true, "2026-05-09T06:00:00Z");
        assert!(!night.is_open(at("2026-05-08T05:00:00Z")));
    }

    #[test]
    fn an_exception_replaces_what_opens_on_its_date() {
        let mut shop = hours(
            "UTC",
            &[
                (Weekday::Thursday, "20:00", "02:00"),
                (Weekday::Friday, "09:00", "17:00"),
            ],
        );
        shop.except(date("2026-12-25").unwrap(), Vec::new());
        shop.except(date("2026-12-26").unwrap(), vec![opening("10:00", "14:00")]);
        // Thursday's night runs to its end on the holiday.
        check(&shop, "2026-12-25T01:00:00Z", true, "2026-12-25T02:00:00Z");
        check(&shop, "2026-12-25T10:00:00Z", false, "2026-12-26T10:00:00Z");
        check(&shop, "2026-12-26T13:00:00Z", true, "2026-12-26T14:00:00Z");
    }

    #[test]
    fn the_clock_on_the_wall_decides_when_it_is_put_forward_and_back() {
        // On 2026-03-29 Berlin's clock goes from 02:00 to 03:00, which is 01:00 UTC.
        let skipped = hours("Europe/Berlin", &[(Weekday::Sunday, "02:30", "04:00")]);
        check(
            &skipped,
            "2026-03-29T00:59:59Z",
            false,
            "2026-03-29T01:00:00Z",
        );
        check(
            &skipped,
            "2026-03-29T01:00:00Z",
            true,
            "2026-03-29T02:00:00Z",
        );
        let from_the_skip = hours("Europe/Berlin", &[(Weekday::Sunday, "02:00", "04:00")]);
        check(
            &from_the_skip,
            "2026-03-29T00:00:00Z",
            false,
            "2026-03-29T01:00:00Z",
        );
        // On 2026-10-25 it goes from 03:00 to 02:00, at 01:00 UTC.
        let twice = hours("Europe/Berlin", &[(Weekday::Sunday, "02:30", "04:00")]);
        check(
            &twice,
            "2026-10-25T00:00:00Z",
            false,
            "2026-10-25T00:30:00Z",
        );
        check(&twice, "2026-10-25T01:10:00Z", true, "2026-10-25T03:00:00Z");
    }

    #[test]
    fn what_is_always_or_never_open_says_when_to_ask_again() {
        let mut always = Hours::new(zone("UTC").unwrap());
        for day in Weekday::Monday.cycle_forward().take(7) {
            always.open_weekly(day, opening("00:00", "24:00"));
        }
        let now = at("2026-05-04T10:00:00Z");
        assert!(always.is_open(now));
        assert_eq!(always.changes_at(now), Some(at("2026-05-20T00:00:00Z")));
        let never = Hours::new(zone("UTC").unwrap());
        assert!(!never.is_open(now));
        assert_eq!(never.changes_at(now), None);
        let mut once = never;
        once.except(date("2027-01-01").unwrap(), vec![opening("00:00", "24:00")]);
        assert_eq!(once.changes_at(now), Some(at("2026-05-19T00:00:00Z")));
        let last = Timestamp::from_milliseconds(i64::MAX);
        assert!(always.changes_at(last).is_some());
        assert_eq!(once.changes_at(last), Some(last));
    }
}
