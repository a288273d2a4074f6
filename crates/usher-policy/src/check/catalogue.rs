//! What is known around a policy: attributes, skills and agents.

use std::collections::{BTreeMap, BTreeSet};

/// Names that policies may mention, for warnings and suggestions.
///
/// What is left empty is not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Attributes by canonical path, with the type their value is known to have.
    attributes: BTreeMap<String, Option<AttributeType>>,
    /// Namespaces of which every attribute is known.
    namespaces: BTreeSet<String>,
    /// Ids of skills.
    skills: BTreeSet<String>,
    /// Ids of agents.
    agents: BTreeSet<String>,
}

/// The type an attribute's value is known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// Text.
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    List,
}

impl Catalogue {
    /// Returns a catalogue of nothing: nothing is checked against it.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            attributes: BTreeMap::new(),
            namespaces: BTreeSet::new(),
            skills: BTreeSet::new(),
            agents: BTreeSet::new(),
        }
    }

    /// Adds an attribute by its canonical path: `namespace.property`.
    pub fn add_attribute(&mut self, path: impl Into<String>, value_type: Option<AttributeType>) {
        let path = path.into();
        if let Some((namespace, _)) = path.split_once('.') {
            self.add_namespace(namespace);
        }
        self.attributes.insert(path, value_type);
    }

    /// Adds a namespace that has no attributes but those which are added.
    pub fn add_namespace(&mut self, namespace: &str) {
        if !self.namespaces.contains(namespace) {
            self.namespaces.insert(namespace.to_owned());
        }
    }

    /// Adds a skill by its id.
    pub fn add_skill(&mut self, id: impl Into<String>) {
        self.skills.insert(id.into());
    }

    /// Adds an agent by id.
    pub fn add_agent(&mut self, id: impl Into<String>) {
        self.agents.insert(id.into());
    }

    pub(super) fn has_no_attributes(&self) -> bool {
        self.attributes.is_empty()
    }

    /// Returns whether the attribute is known, or is a member of one that is.
    pub(super) fn knows(&self, path: &str) -> bool {
        let mut path = path;
        loop {
            if self.attributes.contains_key(path) {
                return true;
            }
            match path.rsplit_once('.') {
                Some((parent, _)) => path = parent,
                None => return false,
            }
        }
    }

    /// Returns whether every attribute of its namespace is known.
    pub(super) fn knows_namespace_of(&self, path: &str) -> bool {
        let namespace = path.split('.').next().unwrap_or(path);
        self.namespaces.contains(namespace)
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attributes.keys().map(String::as_str)
    }

    pub(super) fn type_of(&self, path: &str) -> Option<AttributeType> {
        self.attributes.get(path).copied().flatten()
    }

    pub(super) const fn skills(&self) -> &BTreeSet<String> {
        &self.skills
    }

    pub(super) const fn agents(&self) -> &BTreeSet<String> {
        &self.agents
    }
}
