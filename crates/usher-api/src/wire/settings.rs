//! What an account has set.

use serde::{Deserialize, Serialize};
use usher_app::settings;
use usher_model::id::SkillId;
use utoipa::ToSchema;

/// Which side of `CONTAINS` must hold the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContainsDirection {
    /// The attribute contains the value: the usual reading.
    #[default]
    AttributeContainsValue,
    /// The attribute is found within the value.
    ValueContainsAttribute,
}

/// What an account has set; every field has a default.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"expressionExtensions": true, "sensitiveAttributes": ["orchestrator.phoneNumber"]}))]
pub struct Settings {
    /// Whether expressions may call the optional helpers, such as `lower` and `now`.
    pub expression_extensions: bool,
    /// Whether policies may use the actions that begin with `X_`.
    pub action_extensions: bool,
    /// Which side of `CONTAINS` must hold the other.
    pub contains_direction: ContainsDirection,
    /// Whether policies see only the request's own session, not the consumer's and the default one.
    pub strict_session_lookup: bool,
    /// Attributes that logs mask.
    pub sensitive_attributes: Vec<String>,
    /// Where a conversation goes when nothing else says so.
    #[schema(value_type = Option<String>)]
    pub default_fallback_skill_id: Option<SkillId>,
    /// Days that decisions are kept: 1 to 90; the node's setting unless given.
    pub decision_retention_days: Option<u32>,
}

impl From<settings::Settings> for Settings {
    fn from(settings: settings::Settings) -> Self {
        Self {
            expression_extensions: settings.expression_extensions,
            action_extensions: settings.action_extensions,
            contains_direction: if settings.is_contains_reversed {
                ContainsDirection::ValueContainsAttribute
            } else {
                ContainsDirection::AttributeContainsValue
            },
            strict_session_lookup: settings.strict_session_lookup,
            sensitive_attributes: settings.sensitive_attributes,
            default_fallback_skill_id: settings.default_fallback_skill_id,
            decision_retention_days: settings.decision_retention_days,
        }
    }
}

impl From<Settings> for settings::Settings {
    fn from(settings: Settings) -> Self {
        Self {
            expression_extensions: settings.expression_extensions,
            action_extensions: settings.action_extensions,
            is_contains_reversed: settings.contains_direction
                == ContainsDirection::ValueContainsAttribute,
            strict_session_lookup: settings.strict_session_lookup,
            sensitive_attributes: settings.sensitive_attributes,
            default_fallback_skill_id: settings.default_fallback_skill_id,
            decision_retention_days: settings.decision_retention_days,
            ..Self::default()
        }
    }
}
