//! Engagements, and how the messenger looks that is opened there.

use serde::{Deserialize, Serialize};
use usher_app::engagements;
use usher_model::id::{EngagementId, SkillId};
use usher_model::time::Timestamp;
use utoipa::ToSchema;

/// What an engagement is to be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"id": "checkout", "name": "Checkout page"}))]
pub struct WrittenEngagement {
    /// Its id, when it is made; without one it is minted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub id: Option<EngagementId>,
    /// Its name, unique ignoring case: 1 to 200 characters.
    pub name: String,
    /// In which skill its conversations start; without one the channel and the account decide.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub skill_id: Option<SkillId>,
    /// The campaign it belongs to, in your words.
    #[serde(default)]
    pub campaign: Option<String>,
    /// Whether conversations may begin there: yes unless given.
    #[serde(default = "yes")]
    #[schema(required = false)]
    pub is_enabled: bool,
    /// How the messenger looks that is opened there.
    #[serde(default)]
    #[schema(required = false)]
    pub messenger: Messenger,
}

const fn yes() -> bool {
    true
}

/// How a messenger looks; what is left out is the messenger's own.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"title": "Ask us", "greeting": "Hi! What can we do for you?", "color": "#0b7285"}))]
pub struct Messenger {
    /// What stands above the conversation: 1 to 60 characters.
    pub title: Option<String>,
    /// What is said before anybody has written: 1 to 500 characters.
    pub greeting: Option<String>,
    /// The brand's colour: `#` and six hexadecimal digits.
    pub color: Option<String>,
}

/// A place on a site or in an app where conversations begin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Engagement {
    /// What it was set to be.
    #[serde(flatten)]
    pub is: WrittenEngagement,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// An engagement as a visitor sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"isEnabled": true, "title": "Ask us", "greeting": null, "color": "#0b7285"}))]
pub struct VisitedEngagement {
    /// Whether conversations may begin there.
    pub is_enabled: bool,
    /// How the messenger looks there.
    #[serde(flatten)]
    pub messenger: Messenger,
}

impl From<engagements::Messenger> for Messenger {
    fn from(messenger: engagements::Messenger) -> Self {
        Self {
            title: messenger.title,
            greeting: messenger.greeting,
            color: messenger.color,
        }
    }
}

impl From<engagements::Engagement> for Engagement {
    fn from(engagement: engagements::Engagement) -> Self {
        Self {
            created_at: engagement.created_at,
            is: WrittenEngagement {
                id: Some(engagement.id),
                name: engagement.name,
                skill_id: engagement.skill_id,
                campaign: engagement.campaign,
                is_enabled: engagement.is_enabled,
                messenger: engagement.messenger.into(),
            },
        }
    }
}

impl From<engagements::Engagement> for VisitedEngagement {
    fn from(engagement: engagements::Engagement) -> Self {
        Self {
            is_enabled: engagement.is_enabled,
            messenger: engagement.messenger.into(),
        }
    }
}

impl From<WrittenEngagement> for engagements::Written {
    fn from(engagement: WrittenEngagement) -> Self {
        Self {
            name: engagement.name,
            skill_id: engagement.skill_id,
            campaign: engagement.campaign,
            is_enabled: engagement.is_enabled,
            messenger: engagements::Messenger {
                title: engagement.messenger.title,
                greeting: engagement.messenger.greeting,
                color: engagement.messenger.color,
            },
        }
    }
}
