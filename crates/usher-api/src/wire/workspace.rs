//! What agents find in their workspace.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_app::settings;
use usher_model::id::SkillId;
use utoipa::ToSchema;

/// What agents find in their workspace.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({
    "cannedReplies": [{"name": "Greeting", "text": "Good morning. How can I help?", "skillIds": []}],
    "widgets": [{"name": "Orders", "url": "https://crm.example.com/orders", "columns": 1,
        "skillIds": ["1001"], "parameters": {"customer": "visitorInfo.visitorId"},
        "audience": "AGENTS"}]
}))]
pub struct WorkspaceSettings {
    /// Texts to send with a few keys: at most 500.
    pub canned_replies: Vec<CannedReply>,
    /// Pages of the brand's beside a conversation: at most 5.
    pub widgets: Vec<Widget>,
}

/// A text to send with a few keys.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CannedReply {
    /// What it is called; no two have one name.
    pub name: String,
    /// What it says.
    pub text: String,
    /// The skills whose conversations it is for; none means all.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub skill_ids: Vec<SkillId>,
}

/// A page of the brand's beside a conversation, in a frame that can do nothing else.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Widget {
    /// What stands above it; no two have one name.
    pub name: String,
    /// Where the page is: `https://…`, or `http://localhost…` to try it out.
    pub url: String,
    /// How wide it is, in columns: 1 to 4.
    #[serde(default = "one")]
    pub columns: u8,
    /// The skills whose conversations it is for; none means all.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub skill_ids: Vec<SkillId>,
    /// What its address says of the conversation: names in the query, with paths in the public model.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Who sees it; agents unless given.
    #[serde(default)]
    pub audience: WidgetAudience,
}

const fn one() -> u8 {
    1
}

/// Who sees a widget.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WidgetAudience {
    /// Every agent.
    #[default]
    Agents,
    /// Managers, who try it out.
    Managers,
    /// Nobody for now.
    Nobody,
}

impl From<settings::WorkspaceSettings> for WorkspaceSettings {
    fn from(workspace: settings::WorkspaceSettings) -> Self {
        let replies = workspace.canned_replies.into_iter();
        let replies = replies.map(|reply| CannedReply {
            name: reply.name,
            text: reply.text,
            skill_ids: reply.skill_ids,
        });
        let widgets = workspace.widgets.into_iter().map(|widget| Widget {
            name: widget.name,
            url: widget.url,
            columns: widget.columns,
            skill_ids: widget.skill_ids,
            parameters: widget.parameters,
            audience: match widget.audience {
                settings::WidgetAudience::Agents => WidgetAudience::Agents,
                settings::WidgetAudience::Managers => WidgetAudience::Managers,
                settings::WidgetAudience::Nobody => WidgetAudience::Nobody,
            },
        });
        Self {
            canned_replies: replies.collect(),
            widgets: widgets.collect(),
        }
    }
}

impl From<WorkspaceSettings> for settings::WorkspaceSettings {
    fn from(workspace: WorkspaceSettings) -> Self {
        let replies = workspace.canned_replies.into_iter();
        let replies = replies.map(|reply| settings::CannedReply {
            name: reply.name,
            text: reply.text,
            skill_ids: reply.skill_ids,
        });
        let widgets = workspace
            .widgets
            .into_iter()
            .map(|widget| settings::Widget {
                name: widget.name,
                url: widget.url,
                columns: widget.columns,
                skill_ids: widget.skill_ids,
                parameters: widget.parameters,
                audience: match widget.audience {
                    WidgetAudience::Agents => settings::WidgetAudience::Agents,
                    WidgetAudience::Managers => settings::WidgetAudience::Managers,
                    WidgetAudience::Nobody => settings::WidgetAudience::Nobody,
                },
            });
        Self {
            canned_replies: replies.collect(),
            widgets: widgets.collect(),
        }
    }
}
