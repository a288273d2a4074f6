//! The attribute catalogue.

use serde::{Deserialize, Serialize};
use usher_app::attributes::{self, Origin, ParameterSource};
use usher_app::error::Error;
use usher_context::attribute::ValueType;
use usher_model::id::{FunctionId, PolicyId};
use usher_model::limits;
use usher_model::value::Value;
use utoipa::ToSchema;

/// Where a custom attribute's value comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttributeKind {
    /// The value is fixed.
    #[default]
    Static,
    /// A function answers it.
    Function,
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

/// Where the value of a parameter comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttributeParameterSource {
    /// It is always the same.
    #[default]
    Constant,
    /// It is what an attribute has: `consumer.id`, `orchestrator.intent`, `custom.tier`.
    Attribute,
}

/// Something that a function is given.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttributeParameter {
    /// Its name; either all parameters have one or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where its value comes from: `CONSTANT` unless given.
    #[serde(default)]
    #[schema(required = false)]
    pub source: AttributeParameterSource,
    /// The constant, or the attribute's name.
    #[schema(value_type = Value)]
    pub value: Value,
}

impl AttributeParameter {
    fn into_parameter(self, position: usize) -> Result<attributes::Parameter, Error> {
        let source = match (self.source, self.value) {
            (AttributeParameterSource::Constant, value) => ParameterSource::Constant(value),
            (AttributeParameterSource::Attribute, Value::String(path)) => {
                let inside = path
                    .trim()
                    .strip_prefix("{{")
                    .and_then(|rest| rest.strip_suffix("}}"));
                ParameterSource::Attribute(inside.unwrap_or(&path).trim().to_owned())
            }
            (AttributeParameterSource::Attribute, _) => {
                let pointer = format!("#/parameters/{position}/value");
                return Err(Error::field(&pointer, "expected the name of an attribute"));
            }
        };
        Ok(attributes::Parameter {
            name: self.name,
            source,
        })
    }
}

impl From<attributes::Parameter> for AttributeParameter {
    fn from(parameter: attributes::Parameter) -> Self {
        let (source, value) = match parameter.source {
            ParameterSource::Constant(value) => (AttributeParameterSource::Constant, value),
            ParameterSource::Attribute(path) => (AttributeParameterSource::Attribute, path.into()),
        };
        Self {
            name: parameter.name,
            source,
            value,
        }
    }
}

fn timeout() -> u32 {
    u32::try_from(limits::FUNCTION_ATTRIBUTE_TIME.as_millis()).unwrap_or(u32::MAX)
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
    /// The type of its value; text unless given, and unknown if a function answers it.
    #[serde(default)]
    pub value_type: Option<AttributeType>,
    /// Its value, if it is fixed.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub value: Option<Value>,
    /// The function that answers it, unless it is fixed.
    #[serde(default, alias = "function")]
    #[schema(value_type = Option<String>)]
    pub function_id: Option<FunctionId>,
    /// What the function is given: one without a name as it is, named ones as an object, several
    /// without names as a list.
    #[serde(default, alias = "params")]
    #[schema(required = false)]
    pub parameters: Vec<AttributeParameter>,
    /// How long the function may take: 10 to 10,000, 3,000 unless given.
    #[serde(default = "timeout")]
    #[schema(required = false)]
    pub timeout_ms: u32,
    /// How long an answer is taken again for the same parameters: 0 to 86,400, 0 unless given.
    #[serde(default)]
    #[schema(required = false)]
    pub cache_seconds: u32,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether logs mask it.
    #[serde(default)]
    pub sensitive: bool,
}

impl NewAttribute {
    /// Makes what the use case takes.
    ///
    /// # Errors
    /// Fails if the value or the function is missing.
    pub fn into_new(self, name: Option<String>) -> Result<attributes::New, Error> {
        let origin = match self.kind {
            AttributeKind::Static => Origin::Static(
                self.value
                    .ok_or_else(|| Error::field("#/value", "expected the fixed value"))?,
            ),
            AttributeKind::Function => Origin::Function(attributes::Call {
                function_id: self
                    .function_id
                    .ok_or_else(|| Error::field("#/functionId", "expected a function's id"))?,
                parameters: self
                    .parameters
                    .into_iter()
                    .enumerate()
                    .map(|(position, parameter)| parameter.into_parameter(position))
                    .collect::<Result<_, _>>()?,
                timeout_ms: self.timeout_ms,
                cache_seconds: self.cache_seconds,
            }),
        };
        // Only time can tell what a function answers, unless the author knows.
        let unknown = match self.kind {
            AttributeKind::Static => AttributeType::String,
            AttributeKind::Function => AttributeType::Json,
        };
        Ok(attributes::New {
            name: name.unwrap_or(self.name),
            value_type: self.value_type.unwrap_or(unknown).into(),
            origin,
            description: self.description,
            is_sensitive: self.sensitive,
        })
    }
}

/// One attribute of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// The name a policy uses.
    pub name: String,
    /// Where its value comes from: `BUILT_IN`, `STATIC`, `FUNCTION` or `CONTEXT`.
    pub kind: String,
    /// What kind of value it has; absent where only time can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_type: Option<AttributeType>,
    /// The fixed value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub value: Option<Value>,
    /// The function that answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub function_id: Option<FunctionId>,
    /// What the function is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Vec<AttributeParameter>>,
    /// How long the function may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u32>,
    /// How long an answer is taken again for the same parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_seconds: Option<u32>,
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
        let call = attribute.call;
        Self {
            name: attribute.name,
            kind: attribute.source.as_str().to_owned(),
            value_type: attribute.value_type.map(Into::into),
            value: attribute.value,
            function_id: call.as_ref().map(|call| call.function_id),
            timeout_ms: call.as_ref().map(|call| call.timeout_ms),
            cache_seconds: call.as_ref().map(|call| call.cache_seconds),
            parameters: call.map(|call| call.parameters.into_iter().map(Into::into).collect()),
            description: attribute.description,
            sensitive: attribute.is_sensitive,
            policies: attribute.policies,
        }
    }
}
