//! From raw to checked, one key at a time, collecting mistakes.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::Mistake;
use super::raw::{Origin, Raw, Value};

/// Reads keys; where one cannot be used it notes a mistake and goes on with a stand-in, which
/// nobody sees because a configuration with mistakes is refused.
pub(super) struct Reader<'a> {
    raw: &'a Raw,
    mistakes: Vec<Mistake>,
    used: BTreeSet<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(raw: &'a Raw, mistakes: Vec<Mistake>) -> Self {
        Self {
            raw,
            mistakes,
            used: BTreeSet::new(),
        }
    }

    /// Returns every mistake.
    pub(super) fn finish(self) -> Vec<Mistake> {
        // INVARIANT: the defaults and the sections name the same keys; a test compares them.
        debug_assert!(self.raw.entries().all(|(key, ..)| self.used.contains(key)));
        self.mistakes
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.used.insert(key);
        // INVARIANT: every key has a default; a test compares them.
        debug_assert!(self.raw.get(key).is_some(), "`{key}` has no default");
        self.raw.get(key).map(|(value, _)| value)
    }

    /// Notes a mistake in a key's value.
    pub(super) fn mistake(&mut self, key: &'static str, detail: String) {
        let origin = self
            .raw
            .get(key)
            .map_or(Origin::Default, |(_, origin)| origin.clone());
        self.mistakes.push(Mistake {
            origin,
            key: key.to_owned(),
            detail,
            help: None,
        });
    }

    pub(super) fn text(&mut self, key: &'static str) -> &'a str {
        match self.value(key) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    pub(super) fn list(&mut self, key: &'static str) -> &'a [String] {
        match self.value(key) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    /// Reads the name of a file that can be read; nothing if none is named.
    pub(super) fn file(&mut self, key: &'static str) -> Option<PathBuf> {
        let name = self.text(key);
        if name.is_empty() {
            return None;
        }
        if let Err(error) = File::open(name) {
            self.mistake(key, format!("cannot read `{name}`: {error}"));
        }
        Some(PathBuf::from(name))
    }

    /// Reads a whole number within bounds.
    pub(super) fn integer<T>(&mut self, key: &'static str, bounds: RangeInclusive<T>) -> T
    where
        T: Copy + PartialOrd + std::fmt::Display + TryFrom<i64>,
    {
        let Some(Value::Integer(written)) = self.value(key) else {
            return *bounds.start();
        };
        match T::try_from(*written) {
            Ok(number) if bounds.contains(&number) => number,
            _ => {
                let (start, end) = (bounds.start(), bounds.end());
                self.mistake(key, format!("expected {start} to {end}, found {written}"));
                *bounds.start()
            }
        }
    }

    /// Reads a whole number of seconds within bounds.
    pub(super) fn seconds(&mut self, key: &'static str, bounds: RangeInclusive<u64>) -> Duration {
        Duration::from_secs(self.integer(key, bounds))
    }
}
