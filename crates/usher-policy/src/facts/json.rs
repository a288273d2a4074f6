//! Facts straight from JSON text: only what policies mention is kept, the rest is skipped.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use usher_model::value::{Object, Value};

use super::{Fact, Facts};
use crate::attribute::Slot;
use crate::compile::PolicySet;
use crate::mention::{Namespace, Property};

impl<'a> Facts<'a> {
    /// Reads facts from the text of an object `{namespace: {property: value}}`.
    ///
    /// Of a property written twice the last value counts; a namespace written twice is merged.
    ///
    /// # Errors
    /// Fails if the text is not JSON, or not an object.
    pub fn from_json(set: &PolicySet, json: &'a [u8]) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let facts = FactsSeed::new(set).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(facts)
    }
}

/// Reads facts as a part of something larger.
#[derive(Clone, Copy, Debug)]
pub struct FactsSeed<'s> {
    set: &'s PolicySet,
}

impl<'s> FactsSeed<'s> {
    /// Returns a seed for the facts that the policies of `set` mention.
    #[must_use]
    pub const fn new(set: &'s PolicySet) -> Self {
        Self { set }
    }
}

impl<'de> DeserializeSeed<'de> for FactsSeed<'_> {
    type Value = Facts<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FactsSeed<'_> {
    type Value = Facts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of namespaces")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut facts = Facts::missing(self.set);
        while let Some(namespace) =
            map.next_key_seed(NameSeed(|name: &str| self.set.mentions().namespace(name)))?
        {
            match namespace {
                Some(namespace) => map.next_value_seed(NamespaceSeed {
                    namespace,
                    facts: &mut facts,
                })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(facts)
    }
}

/// Looks a name up without copying it.
struct NameSeed<F>(F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for NameSeed<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for NameSeed<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<T, E> {
        Ok((self.0)(name))
    }
}

struct NamespaceSeed<'s, 'f, 'de> {
    namespace: &'s Namespace,
    facts: &'f mut Facts<'de>,
}

impl<'de> DeserializeSeed<'de> for NamespaceSeed<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A namespace that is no object holds nothing, as in a context that was parsed beforehand.
impl<'de> Visitor<'de> for NamespaceSeed<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of properties")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = self.namespace.names();
        while let Some(property) = map.next_key_seed(NameSeed(|name: &str| names.find(name)))? {
            match property {
                Some(Property {
                    slot: Some(slot),
                    members,
                }) if members.is_empty() => {
                    let fact = map.next_value_seed(FactSeed)?;
                    self.facts.set(*slot, fact);
                }
                Some(property) => {
                    let value: Value = map.next_value()?;
                    self.facts.take_property(property, value);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

impl Facts<'_> {
    /// Sets the slots of a property whose members are mentioned.
    fn take_property(&mut self, property: &Property, value: Value) {
        for (path, slot) in &property.members {
            let inner = path
                .iter()
                .try_fold(&value, |value, name| value.as_object()?.get(&**name));
            self.set(
                *slot,
                inner.map_or(Fact::Missing, |inner| inner.clone().into()),
            );
        }
        if let Some(slot) = property.slot {
            self.set(slot, value);
        }
    }

    /// Returns the values that are known, as an object that [`Facts::from_object`] reads back.
    ///
    /// Attributes that are unread, missing or failed are left out.
    #[must_use]
    pub fn to_object(&self, set: &PolicySet) -> Object {
        let mut object = Object::new();
        for (index, fact) in self.as_slice().iter().enumerate() {
            let view = fact.view();
            if let Some(attribute) = set.mentions().attribute(Slot::at(index))
                && !view.is_missing()
            {
                insert(&mut object, attribute.path(), view.to_value());
            }
        }
        object
    }
}

/// Puts a value at a path; where an attribute holds the object of another one, the two are merged.
fn insert(object: &mut Object, path: &str, value: Value) {
    let Some((name, rest)) = path.split_once('.') else {
        match (object.get_mut(path), value) {
            (Some(Value::Object(present)), Value::Object(value)) => present.extend(value),
            (_, value) => {
                object.insert(path.to_owned(), value);
            }
        }
        return;
    };
    let inner = object
        .entry(name)
        .or_insert_with(|| Value::Object(Object::new()));
    if let Value::Object(inner) = inner {
        insert(inner, rest, value);
    }
}

struct FactSeed;

impl<'de> DeserializeSeed<'de> for FactSeed {
    type Value = Fact<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fact<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FactSeed {
    type Value = Fact<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Fact<'de>, E> {
        Ok(Fact::Bool(boolean))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Fact<'de>, E> {
        Ok(Value::from(number).into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Fact<'de>, E> {
        Ok(Value::from(number).into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Fact<'de>, E> {
        Ok(Fact::Number(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Fact<'de>, E> {
        Ok(Fact::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Fact<'de>, E> {
        Ok(Fact::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Fact<'de>, E> {
        Ok(Fact::Text(Cow::Owned(text)))
    }

    fn visit_unit<E>(self) -> Result<Fact<'de>, E> {
        Ok(Fact::Missing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Fact<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Value>()? {
            list.push(item);
        }
        Ok(Value::Array(list).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fact<'de>, A::Error> {
        let mut object = Object::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            object.insert(name, value);
        }
        Ok(Value::Object(object).into())
    }
}
