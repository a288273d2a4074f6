//! Which attributes the policies of a set mention, and where to find them in a context document.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::attribute::{Attribute, Slot};
use crate::options::Options;

/// A map whose keys are written by policy authors only, so that its hash needs no secret.
pub(crate) type Map<K, V> = HashMap<K, V, FixedState>;

/// The attributes that enabled policies mention.
#[derive(Clone, Debug)]
pub(crate) struct Mentions {
    options: Options,
    attributes: Vec<Attribute>,
    by_path: Map<String, Slot>,
    namespaces: Map<String, Namespace>,
}

/// What is mentioned of one namespace, in the order of the names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Namespace {
    properties: Vec<(Name, Property)>,
}

/// A name that is compared by its first bytes, and only then as a whole.
#[derive(Clone, Debug)]
struct Name {
    head: u64,
    text: Box<str>,
}

impl Name {
    fn key(&self) -> (u64, &str) {
        (self.head, &self.text)
    }
}

/// Returns the first eight bytes as a number: it orders names as they are ordered, where it differs.
fn head(text: &str) -> u64 {
    let bytes = text.as_bytes();
    if let Some(first) = bytes.first_chunk() {
        return u64::from_be_bytes(*first);
    }
    match (bytes.first_chunk(), bytes.last_chunk()) {
        // The two halves overlap if there are fewer than eight bytes.
        (Some(first), Some(last)) => {
            let low = u64::from(u32::from_be_bytes(*last)) << (64 - 8 * bytes.len());
            u64::from(u32::from_be_bytes(*first)) << 32 | low
        }
        _ => bytes
            .iter()
            .rev()
            .fold(0, |head, byte| head >> 8 | u64::from(*byte) << 56),
    }
}

/// What is mentioned of one property.
#[derive(Clone, Debug, Default)]
pub(crate) struct Property {
    /// The property itself.
    pub(crate) slot: Option<Slot>,
    /// Members of the object it holds, by their path.
    pub(crate) members: Vec<(Vec<Box<str>>, Slot)>,
}

impl Namespace {
    /// Returns a way to find many names, which is quick if they come in order.
    pub(crate) fn names(&self) -> Names<'_> {
        Names {
            all: &self.properties,
            rest: &self.properties,
        }
    }

    fn property_mut(&mut self, name: &str) -> Option<&mut Property> {
        let key = (head(name), name);
        let found = self
            .properties
            .binary_search_by(|(known, _)| known.key().cmp(&key));
        let place = found.unwrap_or_else(|place| {
            let (head, text) = (key.0, name.into());
            self.properties
                .insert(place, (Name { head, text }, Property::default()));
            place
        });
        self.properties.get_mut(place).map(|(_, property)| property)
    }
}

/// Finds names one after the other.
#[derive(Debug)]
pub(crate) struct Names<'n> {
    all: &'n [(Name, Property)],
    /// Those behind the last one that was asked for.
    rest: &'n [(Name, Property)],
}

impl<'n> Names<'n> {
    #[inline]
    pub(crate) fn find(&mut self, name: &str) -> Option<&'n Property> {
        /// Names that are passed over one by one before all are searched.
        const STEPS_MAX: usize = 4;
        let head = head(name);
        for _ in 0..STEPS_MAX {
            let Some(((next, property), rest)) = self.rest.split_first() else {
                break;
            };
            if next.head == head && *next.text == *name {
                self.rest = rest;
                return Some(property);
            }
            if next.key() > (head, name) {
                break;
            }
            self.rest = rest;
        }
        self.search((head, name))
    }

    /// Finds a name that does not come next: it is not mentioned, or comes out of order, or far
    /// behind.
    fn search(&mut self, key: (u64, &str)) -> Option<&'n Property> {
        let passed = self.all.len() - self.rest.len();
        let last = passed.checked_sub(1).and_then(|last| self.all.get(last));
        let is_behind = last.is_none_or(|(last, _)| last.key() < key);
        if is_behind && self.rest.first().is_none_or(|(next, _)| next.key() > key) {
            return None;
        }
        let before = self.all.partition_point(|(known, _)| known.key() < key);
        self.rest = self.all.get(before..)?;
        let (next, property) = self.rest.first()?;
        (next.key() == key).then_some(property)
    }
}

impl Mentions {
    pub(crate) fn none(options: Options) -> Self {
        Self {
            options,
            attributes: Vec::new(),
            by_path: Map::default(),
            namespaces: Map::default(),
        }
    }

    pub(crate) fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    pub(crate) fn attribute(&self, slot: Slot) -> Option<&Attribute> {
        self.attributes.get(slot.index())
    }

    pub(crate) fn slot(&self, path: &str) -> Option<Slot> {
        let attribute = Attribute::parse(path, &self.options);
        self.by_path.get(attribute.path()).copied()
    }

    pub(crate) fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.get(name)
    }

    /// Returns the slot of an attribute, which is a new one if nobody mentioned it before.
    pub(crate) fn mention(&mut self, path: &str) -> Slot {
        if let Some(slot) = self.by_path.get(path) {
            return *slot;
        }
        let attribute = Attribute::parse(path, &self.options);
        if let Some(slot) = self.by_path.get(attribute.path()) {
            return *slot;
        }
        let slot = Slot::at(self.attributes.len());
        self.by_path.insert(attribute.path().to_owned(), slot);
        self.place(attribute.path(), slot);
        if let Some(alias) = attribute.alias() {
            let namespace = alias
                .split_once('.')
                .map_or(alias, |(namespace, _)| namespace);
            if !self.options.own_namespaces.contains(namespace) {
                self.place(alias, slot);
            }
        }
        self.attributes.push(attribute);
        slot
    }

    fn place(&mut self, path: &str, slot: Slot) {
        let mut parts = path.split('.');
        let namespace = parts.next().unwrap_or("").to_owned();
        let property = parts.next().unwrap_or("").to_owned();
        let members: Vec<Box<str>> = parts.map(Box::from).collect();
        let namespace = self.namespaces.entry(namespace).or_default();
        let Some(property) = namespace.property_mut(&property) else {
            return;
        };
        if members.is_empty() {
            property.slot = Some(slot);
        } else {
            property.members.push((members, slot));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(names: &[&str]) -> Namespace {
        let mut namespace = Namespace::default();
        for (name, slot) in names.iter().zip(0..) {
            namespace.property_mut(name).unwrap().slot = Some(Slot::at(slot));
        }
        namespace
    }

    #[test]
    fn names_are_found_in_any_order() {
        let known = [
            "b",
            "ab",
            "a",
            "customer",
            "customerId",
            "customerIe",
            "z",
            "ä",
        ];
        let namespace = namespace(&known);
        let asked = [
            "z",
            "a",
            "aa",
            "customerId",
            "",
            "customer",
            "customerI",
            "b",
            "zz",
            "ä",
            "ab",
        ];
        for round in 0..asked.len() {
            let mut names = namespace.names();
            let turned = asked.iter().cycle().skip(round).take(asked.len());
            let mut sorted: Vec<&str> = turned.copied().collect();
            for order in 0..2 {
                for name in &sorted {
                    let expected = known.iter().position(|known| known == name).map(Slot::at);
                    let found = names.find(name).and_then(|property| property.slot);
                    assert_eq!(found, expected, "{name} in order {order}");
                }
                sorted.sort_unstable();
                names = namespace.names();
            }
        }
    }

    #[test]
    fn heads_order_names_as_they_are_ordered() {
        let mut names = ["", "a", "a\0", "ab", "abcdefgh", "abcdefghi", "b", "é"];
        names.sort_unstable();
        assert!(names.is_sorted_by_key(|name| (head(name), *name)));
    }
}
