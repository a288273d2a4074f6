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

/// What is mentioned of one namespace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Namespace {
    properties: Map<String, Property>,
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
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.get(name)
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
        let property = namespace.properties.entry(property).or_default();
        if members.is_empty() {
            property.slot = Some(slot);
        } else {
            property.members.push((members, slot));
        }
    }
}
