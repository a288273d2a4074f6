//! What is known when a decision is made: one fact for each attribute that a policy mentions.
//!
//! Facts borrow from the request or the documents they were read from; nothing is copied.

pub mod json;

use std::borrow::Cow;
use std::iter::repeat_with;

use serde_json::Number;
use usher_model::value::{Object, Value};

use crate::attribute::Slot;
use crate::coerce::View;
use crate::compile::PolicySet;
use crate::fault::{Fault, FaultCode};
use crate::mention::Property;

/// Up to here a float holds every whole number.
const WHOLE_MAX: u64 = 1 << 53;

/// What is known of one attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact<'a> {
    /// It has not been read yet; a run that needs it says so.
    Unread,
    /// It has no value.
    Missing,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A list or an object.
    Tree(Cow<'a, Value>),
    /// It could not be read.
    Failed(Failure),
}

/// Why an attribute could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A function answered with a failure.
    FunctionFailed {
        /// The status it answered with, if it came that far.
        http_status: Option<u16>,
    },
    /// A function did not answer in time.
    FunctionTimeout,
    /// The store could not be asked.
    ContextUnavailable,
    /// The run had no time left.
    RunTimeout,
}

/// Why an evaluation stopped before it had an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stop {
    /// An attribute has to be read first.
    Need(Slot),
    /// The policy has this fault.
    Fault(Fault),
}

impl From<FaultCode> for Stop {
    fn from(code: FaultCode) -> Self {
        Self::Fault(code.into())
    }
}

impl<'a> From<&'a Value> for Fact<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Missing,
            Value::Bool(boolean) => Self::Bool(*boolean),
            Value::Number(number) => Self::from(number),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(_) | Value::Object(_) if has_ids(value) => {
                Self::Tree(Cow::Owned(with_ids_as_text(value.clone())))
            }
            Value::Array(_) | Value::Object(_) => Self::Tree(Cow::Borrowed(value)),
        }
    }
}

impl From<Value> for Fact<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::Text(Cow::Owned(text)),
            Value::Array(_) | Value::Object(_) => Self::Tree(Cow::Owned(with_ids_as_text(value))),
            Value::Bool(boolean) => Self::Bool(boolean),
            Value::Number(number) => Self::from(&number),
            Value::Null => Self::Missing,
        }
    }
}

impl From<&Number> for Fact<'_> {
    /// A whole number that no float holds exactly is an id: it is the text of its digits, which
    /// compares as a number would and loses nothing.
    fn from(number: &Number) -> Self {
        if is_id(number) {
            Self::Text(Cow::Owned(number.to_string()))
        } else {
            Self::Number(number.as_f64().unwrap_or(0.0))
        }
    }
}

/// Whether a number is a whole one that no float holds exactly.
fn is_id(number: &Number) -> bool {
    let whole = number.as_u64().or(number.as_i64().map(i64::unsigned_abs));
    whole.is_some_and(|whole| whole > WHOLE_MAX)
}

/// Whether such a number stands anywhere in a value.
fn has_ids(value: &Value) -> bool {
    match value {
        Value::Number(number) => is_id(number),
        Value::Array(items) => items.iter().any(has_ids),
        Value::Object(fields) => fields.values().any(has_ids),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// Returns a value with the text of its digits in place of each such number.
fn with_ids_as_text(mut value: Value) -> Value {
    match &mut value {
        Value::Number(number) if is_id(number) => return Value::String(number.to_string()),
        Value::Array(items) => {
            for item in items {
                *item = with_ids_as_text(item.take());
            }
        }
        Value::Object(fields) => {
            for field in fields.values_mut() {
                *field = with_ids_as_text(field.take());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}

impl Fact<'_> {
    /// Returns the value, if there is one to be had.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        match self {
            Self::Unread | Self::Missing | Self::Failed(_) => View::Missing,
            Self::Bool(boolean) => View::Bool(*boolean),
            Self::Number(number) => View::Number(*number),
            Self::Text(text) => View::Text(text),
            Self::Tree(value) => View::from(&**value),
        }
    }
}

impl Failure {
    pub(crate) const fn fault(self, slot: Slot) -> Fault {
        let (code, http_status) = match self {
            Self::FunctionFailed { http_status } => (FaultCode::FunctionFailed, http_status),
            Self::FunctionTimeout => (FaultCode::FunctionTimeout, None),
            Self::ContextUnavailable => (FaultCode::ContextUnavailable, None),
            Self::RunTimeout => (FaultCode::Timeout, None),
        };
        Fault {
            code,
            slot: Some(slot),
            http_status,
        }
    }
}

/// The facts of one run, by slot.
///
/// They belong to the set they were made for. Where several documents hold a property, fill them in
/// the order in which they are looked up: the first value stays.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    facts: Vec<Fact<'a>>,
}

impl<'a> Facts<'a> {
    /// Returns facts of which none has a value.
    #[must_use]
    pub fn missing(set: &PolicySet) -> Self {
        Self {
            facts: repeat_with(|| Fact::Missing)
                .take(set.attributes().len())
                .collect(),
        }
    }

    /// Reads facts from an object `{namespace: {property: value}}`.
    #[must_use]
    pub fn from_object(set: &PolicySet, object: &'a Object) -> Self {
        let mut facts = Self::missing(set);
        for (namespace, properties) in object {
            if let Value::Object(properties) = properties {
                facts.fill(set, namespace, properties);
            }
        }
        facts
    }

    /// Returns the facts of a set that mentions no attribute.
    pub(crate) const fn none() -> Self {
        Self { facts: Vec::new() }
    }

    /// Gives every attribute of a namespace that has no value yet the one it has among `properties`.
    pub fn fill(&mut self, set: &PolicySet, namespace: &str, properties: &'a Object) {
        let Some(mentioned) = set.mentions().namespace(namespace) else {
            return;
        };
        let mut names = mentioned.names();
        for (name, value) in properties {
            if let Some(property) = names.find(name) {
                self.fill_property(property, value);
            }
        }
    }

    fn fill_property(&mut self, property: &Property, value: &'a Value) {
        if let Some(slot) = property.slot {
            self.offer(slot, Fact::from(value));
        }
        for (path, slot) in &property.members {
            let inner = path
                .iter()
                .try_fold(value, |value, name| value.as_object()?.get(&**name));
            if let Some(inner) = inner {
                self.offer(*slot, Fact::from(inner));
            }
        }
    }

    fn offer(&mut self, slot: Slot, fact: Fact<'a>) {
        if let Some(place) = self.facts.get_mut(slot.index())
            && matches!(place, Fact::Missing)
        {
            *place = fact;
        }
    }

    /// Replaces what is known of one attribute.
    pub fn set(&mut self, slot: Slot, fact: impl Into<Fact<'a>>) {
        if let Some(place) = self.facts.get_mut(slot.index()) {
            *place = fact.into();
        }
    }

    /// Returns what is known of one attribute.
    #[must_use]
    pub fn fact(&self, slot: Slot) -> &Fact<'a> {
        self.facts.get(slot.index()).unwrap_or(&Fact::Missing)
    }

    /// Returns every fact, in the order of the set's attributes.
    #[must_use]
    pub fn as_slice(&self) -> &[Fact<'a>] {
        &self.facts
    }

    /// Returns the value of an attribute, or why it has to be waited for or done without.
    pub(crate) fn view(&self, slot: Slot) -> Result<View<'_>, Stop> {
        match self.fact(slot) {
            Fact::Unread => Err(Stop::Need(slot)),
            Fact::Failed(failure) => Err(Stop::Fault(failure.fault(slot))),
            known => Ok(known.view()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_small() {
        assert!(size_of::<Fact<'_>>() <= 32);
    }

    #[test]
    fn a_whole_number_that_no_float_holds_keeps_its_digits() {
        let fact = |json: &str| Fact::from(serde_json::from_str::<Value>(json).unwrap());
        assert_eq!(
            fact("9007199254740992"),
            Fact::Number(9_007_199_254_740_992.0)
        );
        for digits in [
            "9007199254740993",
            "-9007199254740993",
            "18446744073709551615",
        ] {
            assert_eq!(fact(digits), Fact::Text(digits.into()));
        }
        assert_eq!(fact("1e300"), Fact::Number(1e300));
        let list = r#"[1, 9007199254740993, {"a": [-9007199254740993]}, 1e300]"#;
        let kept = r#"[1, "9007199254740993", {"a": ["-9007199254740993"]}, 1e300]"#;
        let [list, kept]: [Value; 2] = [list, kept].map(|text| serde_json::from_str(text).unwrap());
        for fact in [Fact::from(&list), Fact::from(list.clone())] {
            assert_eq!(fact, Fact::Tree(Cow::Borrowed(&kept)));
        }
        assert!(matches!(Fact::from(&kept), Fact::Tree(Cow::Borrowed(_))));
    }
}
