//! Documents: the properties under one namespace and session.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Range;
use std::ops::Bound;

use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::{self, Object, Value};

use crate::name::{self, NameError};

/// One property.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Any JSON; null is a value.
    pub value: Value,
    /// From when on nobody sees it.
    pub expires_at: Timestamp,
}

/// The properties under one namespace and session, by name.
///
/// What has expired may still be inside; every reader passes the present instant and does not see
/// it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    properties: BTreeMap<String, Property>,
}

/// How a write treats the life of properties that it does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Only what is named gets the new expiry: version 1 of the contract.
    NamedProperties,
    /// The whole document gets the new expiry: version 2 of the contract.
    WholeDocument,
}

/// Why a write was refused; the document is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A property's name is not allowed.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The document would grow beyond its limit.
    #[error(
        "expected a document of at most {} characters, found {found}",
        limits::DOCUMENT_CHARS_MAX
    )]
    TooLarge {
        /// Characters of the compact JSON text after the write.
        found: usize,
    },
}

impl Document {
    /// Makes a document of properties as they were kept.
    #[must_use]
    pub fn from_properties(properties: BTreeMap<String, Property>) -> Self {
        Self { properties }
    }

    /// Returns all properties, the expired ones included, for keeping.
    #[must_use]
    pub fn into_properties(self) -> BTreeMap<String, Property> {
        self.properties
    }

    /// Returns a property that has not expired.
    #[must_use]
    pub fn get(&self, property: &str, now: Timestamp) -> Option<&Value> {
        self.properties
            .get(property)
            .filter(|property| property.expires_at > now)
            .map(|property| &property.value)
    }

    /// Returns a way to find many properties, asked for in the order of their names: it is quicker
    /// than to search for each.
    #[must_use]
    pub fn in_order(&self, now: Timestamp) -> InOrder<'_> {
        let mut rest = self.properties.range::<str, _>(..);
        InOrder {
            properties: &self.properties,
            next: rest.next(),
            rest,
            now,
        }
    }

    /// Returns the properties that have not expired, by name.
    pub fn live(&self, now: Timestamp) -> impl Iterator<Item = (&str, &Property)> {
        self.properties
            .iter()
            .filter(move |(_, property)| property.expires_at > now)
            .map(|(name, property)| (name.as_str(), property))
    }

    /// Returns the properties that have not expired as one object.
    #[must_use]
    pub fn payload(&self, now: Timestamp) -> Object {
        self.live(now)
            .map(|(name, property)| (name.to_owned(), property.value.clone()))
            .collect()
    }

    /// Whether nothing is left: such a document is absent.
    #[must_use]
    pub fn is_absent(&self, now: Timestamp) -> bool {
        self.live(now).next().is_none()
    }

    /// Returns when the last property expires; nothing if the document is absent.
    #[must_use]
    pub fn expires_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.live(now)
            .map(|(_, property)| property.expires_at)
            .max()
    }

    /// Removes a property; says whether it was visible.
    pub fn remove(&mut self, property: &str, now: Timestamp) -> bool {
        self.properties
            .remove(property)
            .is_some_and(|property| property.expires_at > now)
    }
}

/// Finds properties in the order of their names: see [`Document::in_order`].
#[derive(Clone, Debug)]
pub struct InOrder<'d> {
    properties: &'d BTreeMap<String, Property>,
    next: Option<(&'d String, &'d Property)>,
    rest: Range<'d, String, Property>,
    now: Timestamp,
}

impl<'d> InOrder<'d> {
    /// Returns a property that has not expired; `name` does not come before those asked for so far.
    pub fn find(&mut self, name: &str) -> Option<&'d Value> {
        /// Names that are passed over one by one before the tree is searched.
        const STEPS_MAX: usize = 8;
        for _ in 0..STEPS_MAX {
            let (next, property) = self.next?;
            match next.as_str().cmp(name) {
                Ordering::Less => self.next = self.rest.next(),
                Ordering::Equal => return self.live(property),
                Ordering::Greater => return None,
            }
        }
        let behind = (Bound::Included(name), Bound::Unbounded);
        self.rest = self.properties.range::<str, _>(behind);
        self.next = self.rest.next();
        let (_, property) = self.next.filter(|(next, _)| *next == name)?;
        self.live(property)
    }

    fn live(&self, property: &'d Property) -> Option<&'d Value> {
        (property.expires_at > self.now).then_some(&property.value)
    }
}

/// How properties are added to a document and overwrite those of the same name. Nested objects are
/// replaced whole; what has expired is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// When it happens.
    pub now: Timestamp,
    /// From when on nobody sees what is written.
    pub expires_at: Timestamp,
    /// What becomes of the other properties' life.
    pub scope: Scope,
}

impl Merge {
    /// Returns what the document would hold, without making it, and refuses what it may not: each
    /// property with the instant from when on nobody sees it.
    ///
    /// # Errors
    /// Fails if a name is not allowed or the compact JSON text would have more than 800,000
    /// characters.
    pub fn preview<'a>(
        self,
        before: &'a Document,
        written: &'a Object,
    ) -> Result<Vec<(&'a str, &'a Value, Timestamp)>, WriteError> {
        for name in written.keys() {
            name::check_property(name)?;
        }
        let kept = self.kept(before, written);
        let kept = kept.map(|(name, kept)| (name, &kept.value, self.expiry_of(kept)));
        let written = written.iter();
        let written = written.map(|(name, value)| (name.as_str(), value, self.expires_at));
        let after: Vec<_> = kept.chain(written).collect();
        let members = || after.iter().map(|(name, value, _)| (*name, *value));
        let chars_most: usize = members()
            .map(|(name, value)| value::member_most(name, value))
            .sum();
        // Counting costs as much as writing the text, so only what may be too large is counted.
        if chars_most > limits::DOCUMENT_CHARS_MAX {
            let found = chars(members());
            if found > limits::DOCUMENT_CHARS_MAX {
                return Err(WriteError::TooLarge { found });
            }
        }
        Ok(after)
    }

    /// Returns the document after a merge that was previewed.
    #[must_use]
    pub fn apply(self, before: &Document, written: Object) -> Document {
        let kept = self.kept(before, &written).map(|(name, kept)| {
            let expires_at = self.expiry_of(kept);
            let value = kept.value.clone();
            (name.to_owned(), Property { value, expires_at })
        });
        // The kept ones look into what is written, so they are copied before it is moved.
        let kept: Vec<_> = kept.collect();
        let expires_at = self.expires_at;
        let written = written.into_iter();
        let written = written.map(|(name, value)| (name, Property { value, expires_at }));
        Document {
            properties: kept.into_iter().chain(written).collect(),
        }
    }

    /// Returns the properties that stay: both sides are sorted by name, so one walk finds them.
    fn kept<'a>(
        self,
        before: &'a Document,
        written: &'a Object,
    ) -> impl Iterator<Item = (&'a str, &'a Property)> {
        let mut written = written.keys().map(String::as_str).peekable();
        before.live(self.now).filter(move |(name, _)| {
            while written.next_if(|written| written < name).is_some() {}
            written.peek() != Some(name)
        })
    }

    fn expiry_of(self, kept: &Property) -> Timestamp {
        match self.scope {
            Scope::NamedProperties => kept.expires_at,
            Scope::WholeDocument => self.expires_at,
        }
    }
}

/// Counts the characters of the compact JSON text of an object.
fn chars<'a>(properties: impl Iterator<Item = (&'a str, &'a Value)>) -> usize {
    // Two braces, and a comma between two properties.
    let mut count = 2_usize;
    let mut text = Vec::new();
    for (position, (name, value)) in properties.enumerate() {
        text.clear();
        // Writing to memory cannot fail, and every key is text.
        if serde_json::to_writer(&mut text, name).is_err()
            || serde_json::to_writer(&mut text, value).is_err()
        {
            return usize::MAX;
        }
        let is_first_of_character = |byte: &&u8| (**byte & 0b1100_0000) != 0b1000_0000;
        count += 1 + text.iter().filter(is_first_of_character).count() + usize::from(position > 0);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(seconds * 1_000)
    }

    fn object(value: Value) -> Object {
        let Value::Object(object) = value else {
            panic!("expected an object, found {value}")
        };
        object
    }

    fn merge(
        document: &mut Document,
        written: Object,
        now: Timestamp,
        ttl: i64,
        scope: Scope,
    ) -> Result<(), WriteError> {
        let expires_at = at(ttl);
        let merge = Merge {
            now,
            expires_at,
            scope,
        };
        let previewed: BTreeMap<String, Property> = merge
            .preview(document, &written)?
            .into_iter()
            .map(|(name, value, expires_at)| {
                let value = value.clone();
                (name.to_owned(), Property { value, expires_at })
            })
            .collect();
        *document = merge.apply(document, written);
        assert_eq!(document.properties, previewed);
        Ok(())
    }

    fn write(document: &mut Document, value: Value, ttl: i64, scope: Scope) {
        merge(document, object(value), NOW, ttl, scope).unwrap();
    }

    #[test]
    fn properties_are_found_in_order_as_they_are_one_by_one() {
        let property = |number: u32| Property {
            value: number.into(),
            expires_at: Timestamp::from_milliseconds(i64::from(number % 5)),
        };
        let now = Timestamp::EPOCH;
        for count in [0, 1, 10, 100] {
            let known = (0..count).map(|number| (format!("{number:03}"), property(number)));
            let document = Document::from_properties(known.collect());
            for step in [1, 2, 7, 40] {
                let mut in_order = document.in_order(now);
                for number in (0..120).step_by(step) {
                    for name in [format!("{number:03}"), format!("{number:03}x")] {
                        let expected = document.get(&name, now);
                        assert_eq!(in_order.find(&name), expected, "{name}");
                        assert_eq!(in_order.find(&name), expected, "{name} again");
                    }
                }
            }
        }
    }

    #[test]
    fn a_write_overwrites_what_it_names_and_keeps_the_rest() {
        let mut document = Document::default();
        write(
            &mut document,
            json!({"a": 1, "b": {"x": 1}}),
            10,
            Scope::NamedProperties,
        );
        write(
            &mut document,
            json!({"b": {"y": 2}, "c": null}),
            20,
            Scope::NamedProperties,
        );
        let payload = Value::Object(document.payload(NOW));
        assert_eq!(payload, json!({"a": 1, "b": {"y": 2}, "c": null}));
    }

    #[test]
    fn version_one_leaves_the_life_of_other_properties_and_version_two_does_not() {
        let mut document = Document::default();
        write(&mut document, json!({"a": 1}), 10, Scope::NamedProperties);
        write(&mut document, json!({"b": 1}), 100, Scope::NamedProperties);
        assert!(document.get("a", at(10)).is_none());
        assert!(document.get("b", at(10)).is_some());
        write(&mut document, json!({"c": 1}), 50, Scope::WholeDocument);
        for name in ["a", "b", "c"] {
            assert!(document.get(name, at(49)).is_some());
            assert!(document.get(name, at(50)).is_none());
        }
    }

    #[test]
    fn a_document_whose_last_property_expired_is_absent_before_any_sweep() {
        let mut document = Document::default();
        write(&mut document, json!({"a": 1}), 10, Scope::NamedProperties);
        assert_eq!(document.expires_at(NOW), Some(at(10)));
        assert!(document.is_absent(at(10)));
        assert_eq!(document.expires_at(at(10)), None);
    }

    #[test]
    fn exactly_the_limit_passes_and_one_more_character_changes_nothing() {
        let mut document = Document::default();
        // {"p":"…"} has 8 characters around the text; ü is one character of two bytes.
        let filler = "ü".repeat(limits::DOCUMENT_CHARS_MAX - 8);
        write(
            &mut document,
            json!({"p": filler}),
            10,
            Scope::NamedProperties,
        );
        let before = document.clone();
        let over = object(json!({"p": "ü".repeat(limits::DOCUMENT_CHARS_MAX - 7)}));
        let refused = merge(&mut document, over, NOW, 10, Scope::NamedProperties);
        assert_eq!(refused, Err(WriteError::TooLarge { found: 800_001 }));
        assert_eq!(document, before);
        let more = object(json!({"q": 1}));
        assert!(merge(&mut document, more, NOW, 10, Scope::NamedProperties).is_err());
    }

    #[test]
    fn expired_properties_do_not_count_towards_the_limit() {
        let mut document = Document::default();
        let filler = "x".repeat(limits::DOCUMENT_CHARS_MAX - 8);
        write(
            &mut document,
            json!({"p": filler}),
            10,
            Scope::NamedProperties,
        );
        let more = object(json!({"q": 1}));
        merge(&mut document, more, at(10), 20, Scope::NamedProperties).unwrap();
        assert_eq!(Value::Object(document.payload(at(10))), json!({"q": 1}));
    }

    #[test]
    fn the_count_is_that_of_the_compact_text() {
        for value in [
            json!({}),
            json!({"a": 1}),
            json!({"a\"": "\n\u{1}", "ü": [1, {"b": null}], "n": [f64::MIN, -f64::MIN_POSITIVE, i64::MIN]}),
        ] {
            let mut document = Document::default();
            write(&mut document, value.clone(), 10, Scope::NamedProperties);
            let properties = document.properties.iter();
            let counted = chars(properties.map(|(name, kept)| (name.as_str(), &kept.value)));
            assert_eq!(counted, value.to_string().chars().count(), "{value}");
            assert!(value::json_most(&value) >= counted, "{value}");
        }
    }
}
