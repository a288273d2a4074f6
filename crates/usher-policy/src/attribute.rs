//! What an attribute is called: aliases to one canonical path.

use std::fmt;
use std::sync::Arc;

use crate::options::Options;

/// Where an attribute's value stands among the facts of a run: its place in
/// [`PolicySet::attributes`](crate::compile::PolicySet::attributes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u32);

impl Slot {
    /// Returns the slot at a place; beyond `u32` there are none.
    #[must_use]
    pub fn at(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// Returns its place.
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// An attribute by its canonical path: a namespace, a property, and further members of it if the
/// property holds an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attribute {
    path: Arc<str>,
}

/// The namespace of structured data entities, and the parts that aliases leave out.
const ENTITIES: &str = "sde";
const ALIASES: [&str; 2] = ["customerinfo", "personalinfo"];

impl Attribute {
    /// Reads a path as authors write it: `customerinfo.x` and `personalinfo.x` stand for
    /// `sde.visitorinfo.customerinfo.x` and so on, unless the account has a namespace of that name;
    /// the consumer's age is personal information whichever way it is written.
    #[must_use]
    pub fn parse(path: &str, options: &Options) -> Self {
        let namespace = path
            .split_once('.')
            .map_or(path, |(namespace, _)| namespace);
        let is_alias = ALIASES.contains(&namespace) && !options.own_namespaces.contains(namespace);
        let canonical = if is_alias {
            format!("{ENTITIES}.visitorinfo.{path}")
        } else {
            path.to_owned()
        };
        let path = match canonical.split_once(".customerinfo.age") {
            Some((entities, rest))
                if entities.starts_with("sde.") && (rest.is_empty() || rest.starts_with('.')) =>
            {
                format!("{entities}.personalinfo.age{rest}")
            }
            _ => canonical,
        };
        Self { path: path.into() }
    }

    /// Returns the canonical path: `namespace.property.member`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the part before the first dot.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.path
            .split_once('.')
            .map_or(&*self.path, |(namespace, _)| namespace)
    }

    /// Returns the part between the first dot and the second one: the property to read.
    #[must_use]
    pub fn property(&self) -> &str {
        self.members().next().unwrap_or("")
    }

    /// Returns the parts behind the namespace, the property first.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.path.split('.').skip(1)
    }

    /// Returns whether `==` ignores case for it: the consumer's type and status.
    #[must_use]
    pub fn folds_case(&self) -> bool {
        self.namespace() == ENTITIES
            && (self.path.ends_with(".customerinfo.ctype")
                || self.path.ends_with(".customerinfo.cstatus"))
    }

    /// Returns the alias of its first parts, if callers may give it under a shorter namespace.
    pub(crate) fn alias(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("sde.visitorinfo.")?;
        ALIASES
            .iter()
            .any(|alias| {
                rest.strip_prefix(alias)
                    .is_some_and(|rest| rest.starts_with('.'))
            })
            .then_some(rest)
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(path: &str) -> String {
        Attribute::parse(path, &Options::standard())
            .path()
            .to_owned()
    }

    #[test]
    fn aliases_become_one_path() {
        assert_eq!(
            canonical("customerinfo.email"),
            "sde.visitorinfo.customerinfo.email"
        );
        assert_eq!(
            canonical("personalinfo.age.year"),
            "sde.visitorinfo.personalinfo.age.year"
        );
        assert_eq!(
            canonical("customerinfo.age.year"),
            "sde.visitorinfo.personalinfo.age.year"
        );
        assert_eq!(
            canonical("sde.auth.visitorinfo.customerinfo.age"),
            "sde.auth.visitorinfo.personalinfo.age"
        );
        assert_eq!(
            canonical("sde.visitorinfo.customerinfo.agent"),
            "sde.visitorinfo.customerinfo.agent"
        );
        assert_eq!(
            canonical("orders.customerinfo.age"),
            "orders.customerinfo.age"
        );
    }

    #[test]
    fn an_own_namespace_hides_the_alias() {
        let mut options = Options::standard();
        options.own_namespaces.insert("customerinfo".to_owned());
        let attribute = Attribute::parse("customerinfo.email", &options);
        assert_eq!(attribute.path(), "customerinfo.email");
    }

    #[test]
    fn a_path_has_a_namespace_a_property_and_members() {
        let attribute = Attribute::parse("orders.last.total.net", &Options::standard());
        assert_eq!(attribute.namespace(), "orders");
        assert_eq!(attribute.property(), "last");
        assert_eq!(
            attribute.members().collect::<Vec<_>>(),
            ["last", "total", "net"]
        );
    }

    #[test]
    fn the_type_and_status_of_a_consumer_fold_case() {
        let folds = |path| Attribute::parse(path, &Options::standard()).folds_case();
        assert!(folds("customerinfo.ctype"));
        assert!(folds("sde.auth.visitorinfo.customerinfo.cstatus"));
        assert!(!folds("customerinfo.ctypes"));
        assert!(!folds("orders.customerinfo.ctype"));
    }
}
