//! Documents: the properties under one namespace and session.

use std::collections::BTreeMap;

use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};

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

    /// Adds and overwrites properties, dropping what has expired. Nested objects are replaced whole.
    ///
    /// # Errors
    /// Fails, leaving the document as it was, if a name is not allowed or the compact JSON text
    /// would have more than 800,000 characters.
    pub fn merge(
        &mut self,
        written: Object,
        now: Timestamp,
        expires_at: Timestamp,
        scope: Scope,
    ) -> Result<(), WriteError> {
        for name in written.keys() {
            name::check_property(name)?;
        }
        let mut merged = self.properties.clone();
        merged.retain(|_, property| property.expires_at > now);
        if scope == Scope::WholeDocument {
            merged
                .values_mut()
                .for_each(|property| property.expires_at = expires_at);
        }
        merged.extend(
            written
                .into_iter()
                .map(|(name, value)| (name, Property { value, expires_at })),
        );
        let found = chars(&merged);
        if found > limits::DOCUMENT_CHARS_MAX {
            return Err(WriteError::TooLarge { found });
        }
        self.properties = merged;
        Ok(())
    }

    /// Removes a property; says whether it was visible.
    pub fn remove(&mut self, property: &str, now: Timestamp) -> bool {
        self.properties
            .remove(property)
            .is_some_and(|property| property.expires_at > now)
    }
}

/// Counts the characters of the compact JSON text.
fn chars(properties: &BTreeMap<String, Property>) -> usize {
    // Two braces, and a comma between two properties.
    let mut count = 1 + properties.len().max(1);
    let mut text = Vec::new();
    for (name, property) in properties {
        text.clear();
        // Writing to memory cannot fail, and every key is text.
        if serde_json::to_writer(&mut text, name).is_err()
            || serde_json::to_writer(&mut text, &property.value).is_err()
        {
            return usize::MAX;
        }
        let is_first_of_character = |byte: &&u8| (**byte & 0b1100_0000) != 0b1000_0000;
        count += 1 + text.iter().filter(is_first_of_character).count();
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

    fn write(document: &mut Document, value: Value, ttl: i64, scope: Scope) {
        document.merge(object(value), NOW, at(ttl), scope).unwrap();
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
        let refused = document.merge(over, NOW, at(10), Scope::NamedProperties);
        assert_eq!(refused, Err(WriteError::TooLarge { found: 800_001 }));
        assert_eq!(document, before);
        let more = object(json!({"q": 1}));
        assert!(
            document
                .merge(more, NOW, at(10), Scope::NamedProperties)
                .is_err()
        );
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
        document
            .merge(more, at(10), at(20), Scope::NamedProperties)
            .unwrap();
        assert_eq!(Value::Object(document.payload(at(10))), json!({"q": 1}));
    }

    #[test]
    fn the_count_is_that_of_the_compact_text() {
        for value in [
            json!({}),
            json!({"a": 1}),
            json!({"a\"": "\n", "ü": [1, {"b": null}]}),
        ] {
            let mut document = Document::default();
            write(&mut document, value.clone(), 10, Scope::NamedProperties);
            assert_eq!(
                chars(&document.properties),
                value.to_string().chars().count(),
                "{value}"
            );
        }
    }
}
