//! `{{namespace.name}}` in values and payloads.

use usher_model::value::Value;

use crate::attribute::Slot;
use crate::check::template;
use crate::coerce::View;
use crate::facts::{Facts, Stop};
use crate::mention::Mentions;

/// Text with attributes in it.
#[derive(Debug)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(Box<str>),
    Attribute(Slot),
}

impl Template {
    /// Reads a text; returns `None` if there is no template in it.
    pub(crate) fn parse(text: &str, mentions: &mut Mentions) -> Option<Self> {
        let mut found = Vec::new();
        template::scan(text, |name, span| found.push((name, span)), &mut Vec::new());
        if found.is_empty() {
            return None;
        }
        let mut parts = Vec::new();
        let mut at = 0;
        for (name, span) in found {
            if let Some(between) = text.get(at..span.start).filter(|text| !text.is_empty()) {
                parts.push(Part::Text(between.into()));
            }
            parts.push(Part::Attribute(mentions.mention(name)));
            at = span.end;
        }
        if let Some(rest) = text.get(at..).filter(|text| !text.is_empty()) {
            parts.push(Part::Text(rest.into()));
        }
        Some(Self { parts })
    }

    /// Fills the attributes in; missing ones become nothing.
    pub(crate) fn fill(&self, facts: &Facts<'_>) -> Result<String, Stop> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Attribute(slot) => match facts.view(*slot)? {
                    View::Text(text) => filled.push_str(text),
                    value => filled.push_str(&value.to_text()),
                },
            }
        }
        Ok(filled)
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.parts.iter().filter_map(|part| match part {
            Part::Attribute(slot) => Some(*slot),
            Part::Text(_) => None,
        })
    }
}

/// Any JSON with templates in its texts.
#[derive(Debug)]
pub(crate) enum Templated {
    Constant(Value),
    /// A text that is one template: the value keeps its type.
    Attribute(Slot),
    Text(Template),
    List(Vec<Templated>),
    Object(Vec<(String, Templated)>),
}

impl Templated {
    pub(crate) fn parse(value: &Value, mentions: &mut Mentions) -> Self {
        match value {
            Value::String(text) => match template::whole(text) {
                Some(path) => Self::Attribute(mentions.mention(path)),
                None => Template::parse(text, mentions)
                    .map_or_else(|| Self::Constant(value.clone()), Self::Text),
            },
            Value::Array(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| Self::parse(item, mentions))
                    .collect();
                if items.iter().all(Self::is_constant) {
                    Self::Constant(value.clone())
                } else {
                    Self::List(items)
                }
            }
            Value::Object(object) => {
                let members: Vec<_> = object
                    .iter()
                    .map(|(name, value)| (name.clone(), Self::parse(value, mentions)))
                    .collect();
                if members.iter().all(|(_, value)| value.is_constant()) {
                    Self::Constant(value.clone())
                } else {
                    Self::Object(members)
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Constant(value.clone()),
        }
    }

    pub(crate) const fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

    /// Returns an attribute of a text that has no value.
    pub(crate) fn missing(&self, facts: &Facts<'_>) -> Option<Slot> {
        let is_missing = |slot: &Slot| facts.fact(*slot).view().is_missing();
        match self {
            Self::Attribute(slot) => Some(*slot).filter(is_missing),
            Self::Text(template) => template.slots().find(is_missing),
            Self::Constant(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// Fills the attributes in; a whole value that is missing becomes null.
    pub(crate) fn fill(&self, facts: &Facts<'_>) -> Result<Value, Stop> {
        Ok(match self {
            Self::Constant(value) => value.clone(),
            Self::Attribute(slot) => facts.view(*slot)?.to_value(),
            Self::Text(template) => Value::String(template.fill(facts)?),
            Self::List(items) => items
                .iter()
                .map(|item| item.fill(facts))
                .collect::<Result<_, _>>()?,
            Self::Object(members) => members
                .iter()
                .map(|(name, value)| Ok((name.clone(), value.fill(facts)?)))
                .collect::<Result<_, Stop>>()?,
        })
    }
}
