//! The attribute catalogue.

use serde::{Deserialize, Serialize};
use usher_app::attributes;
use usher_context::attribute::ValueType;
use usher_model::id::PolicyId;
use usher_model::value::Value;
use utoipa::ToSchema;

/// Where a custom attribute's value comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttributeKind {
    /// The value is fixed.
    #[default]
    Static,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttributeType {
    /// Text.
    #[default]
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list.
    List,
    /// Any JSON.
    Json,
}

impl From<AttributeType> for ValueType {
    fn from(value_type: AttributeType) -> Self {
        match value_type {
            AttributeType::String => Self::String,
            AttributeType::Number => Self::Number,
            AttributeType::Boolean => Self::Boolean,
            AttributeType::List => Self::List,
            AttributeType::Json => Self::Json,
        }
    }
}

impl From<ValueType> for AttributeType {
    fn from(value_type: ValueType) -> Self {
        match value_type {
            ValueType::String => Self::String,
            ValueType::Number => Self::Number,
            ValueType::Boolean => Self::Boolean,
            ValueType::List => Self::List,
            ValueType::Json => Self::Json,
        }
    }
}

/// What a custom attribute is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "vipList", "kind": "STATIC", "valueType": "LIST", "value": ["ada@example.com"]}))]
pub struct NewAttribute {
    /// Policies read it as `custom.<name>`: letters, digits and underscores, no digit first. In an
    /// update the path names it.
    #[serde(default)]
    pub name: String,
    /// Where its value comes from.
    #[serde(default)]
    pub kind: AttributeKind,
    /// The type of its value.
    #[serde(default)]
    pub value_type: AttributeType,
    /// Its value.
    #[schema(value_type = Value)]
    pub value: Value,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether logs mask it.
    #[serde(default)]
    pub sensitive: bool,
}

impl NewAttribute {
    /// Makes what the use case takes.
    #[must_use]
    pub fn into_new(self, name: Option<String>) -> attributes::New {
        attributes::New {
            name: name.unwrap_or(self.name),
            value_type: self.value_type.into(),
            value: self.value,
            description: self.description,
            is_sensitive: self.sensitive,
        }
    }
}

/// One attribute of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// The name a policy uses.
    pub name: String,
    /// Where its value comes from: `BUILT_IN`, `STATIC` or `CONTEXT`.
    pub kind: String,
    /// What kind of value it has; absent where only time can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_type: Option<AttributeType>,
    /// The fixed value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub value: Option<Value>,
    /// What it is for.
    pub description: String,
    /// Whether logs mask it.
    pub sensitive: bool,
    /// The policies that mention it, in order.
    #[schema(value_type = Vec<String>)]
    pub policies: Vec<PolicyId>,
}

impl From<attributes::Attribute> for Attribute {
    fn from(attribute: attributes::Attribute) -> Self {
        Self {
            name: attribute.name,
            kind: attribute.source.as_str().to_owned(),
            value_type: attribute.value_type.map(Into::into),
            value: attribute.value,
            description: attribute.description,
            sensitive: attribute.is_sensitive,
            policies: attribute.policies,
        }
    }
}
