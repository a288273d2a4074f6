//! Attributes that exist before anybody writes context, and custom ones with a fixed value.

use usher_model::limits;
use usher_model::value::Value;

/// What kind of value an attribute has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Text.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list of values.
    List,
    /// Any JSON.
    Json,
}

impl ValueType {
    /// Every type, as the wire names them.
    pub const ALL: [Self; 5] = [
        Self::String,
        Self::Number,
        Self::Boolean,
        Self::List,
        Self::Json,
    ];

    /// Returns the type's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::Number => "NUMBER",
            Self::Boolean => "BOOLEAN",
            Self::List => "LIST",
            Self::Json => "JSON",
        }
    }

    /// Reads the type's name on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|value_type| value_type.as_str() == text)
    }

    /// Whether the value is of this type.
    #[must_use]
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Json => true,
        }
    }
}

/// An attribute that Usher fills itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// The name a policy uses.
    pub name: &'static str,
    /// What it holds.
    pub value_type: ValueType,
    /// What it means.
    pub description: &'static str,
}

/// Every built-in attribute with a fixed name, in the order of the contract.
pub const BUILT_IN: &[BuiltIn] = &[
    built_in(
        "conversation.minutesSinceStartConversation",
        ValueType::Number,
        "whole minutes since the conversation opened",
    ),
    built_in(
        "conversation.minutesSincePreviousMessage",
        ValueType::Number,
        "whole minutes since the consumer's previous message, also of an earlier conversation",
    ),
    built_in(
        "conversation.previousAgentId",
        ValueType::String,
        "the last human agent of this consumer",
    ),
    built_in(
        "conversation.currentSkillId",
        ValueType::String,
        "the skill the conversation is on",
    ),
    built_in(
        "conversation.previousSkillId",
        ValueType::String,
        "the skill before that",
    ),
    built_in(
        "conversation.conversationId",
        ValueType::String,
        "the conversation",
    ),
    built_in("conversation.consumerId", ValueType::String, "the consumer"),
    built_in(
        "conversation.groupId",
        ValueType::String,
        "the request's group or session, else the conversation",
    ),
    built_in("consumer.id", ValueType::String, "the consumer"),
    built_in(
        "consumer.authenticated",
        ValueType::Boolean,
        "whether the consumer is signed in with the brand",
    ),
    built_in(
        "consumer.openConversations",
        ValueType::Number,
        "the consumer's open conversations",
    ),
    sde("sde.visitorinfo.customerinfo.ctype", ValueType::String),
    sde("sde.visitorinfo.customerinfo.cstatus", ValueType::String),
    sde("sde.visitorinfo.customerinfo.balance", ValueType::Number),
    sde("sde.visitorinfo.customerinfo.customerid", ValueType::String),
    sde("sde.visitorinfo.customerinfo.socialid", ValueType::String),
    sde("sde.visitorinfo.customerinfo.imei", ValueType::String),
    sde("sde.visitorinfo.customerinfo.username", ValueType::String),
    sde(
        "sde.visitorinfo.customerinfo.companysize",
        ValueType::Number,
    ),
    sde(
        "sde.visitorinfo.customerinfo.companybranch",
        ValueType::String,
    ),
    sde(
        "sde.visitorinfo.customerinfo.accountname",
        ValueType::String,
    ),
    sde("sde.visitorinfo.customerinfo.role", ValueType::String),
    sde(
        "sde.visitorinfo.customerinfo.lastpaymentdate",
        ValueType::Json,
    ),
    sde(
        "sde.visitorinfo.customerinfo.registrationdate",
        ValueType::Json,
    ),
    sde(
        "sde.visitorinfo.customerinfo.loginstatus",
        ValueType::String,
    ),
    sde("sde.visitorinfo.personalinfo.age", ValueType::Json),
    sde("sde.visitorinfo.personalinfo.gender", ValueType::String),
    sde("sde.visitorinfo.personalinfo.language", ValueType::String),
    sde("sde.visitorinfo.personalinfo.company", ValueType::String),
];

const fn built_in(name: &'static str, value_type: ValueType, description: &'static str) -> BuiltIn {
    BuiltIn {
        name,
        value_type,
        description,
    }
}

const fn sde(name: &'static str, value_type: ValueType) -> BuiltIn {
    built_in(
        name,
        value_type,
        "engagement attribute; newest signed-in value, else newest other",
    )
}

/// A custom attribute that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustomError {
    /// The name could not be used in a policy.
    #[error(
        "expected a name of 1 to {max} letters, digits or underscores that begins with no digit, found `{0}`",
        max = limits::ATTRIBUTE_NAME_CHARS_MAX
    )]
    Name(String),
    /// The value is of another type.
    #[error("expected a value of type {expected}, found {found}")]
    Type {
        /// The declared type.
        expected: &'static str,
        /// What the value is.
        found: &'static str,
    },
}

/// Checks a custom attribute with a fixed value.
///
/// # Errors
/// Fails if the name could not be used in a policy, or the value is not of the declared type.
pub fn check_static(name: &str, value_type: ValueType, value: &Value) -> Result<(), CustomError> {
    check_name(name)?;
    if !value_type.accepts(value) {
        return Err(CustomError::Type {
            expected: value_type.as_str(),
            found: kind(value),
        });
    }
    Ok(())
}

/// Checks the name of a custom attribute.
///
/// # Errors
/// Fails if the name could not be used in a policy.
pub fn check_name(name: &str) -> Result<(), CustomError> {
    if crate::name::is_reachable(name) && name.len() <= limits::ATTRIBUTE_NAME_CHARS_MAX {
        return Ok(());
    }
    Err(CustomError::Name(name.chars().take(64).collect()))
}

/// Returns what a value is, as messages name it.
#[must_use]
pub const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_static_attribute_has_a_name_policies_can_use_and_a_value_of_its_type() {
        assert!(check_static("vipList", ValueType::List, &json!(["a"])).is_ok());
        assert!(check_static("anything", ValueType::Json, &json!({"a": 1})).is_ok());
        assert!(check_static("vip list", ValueType::List, &json!([])).is_err());
        let error = check_static("vip", ValueType::Number, &json!("5")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a value of type NUMBER, found a string"
        );
    }
}
