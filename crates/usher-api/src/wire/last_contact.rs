//! What an agent is shown of the consumer's previous conversation.

use serde::Serialize;
use usher_app::last_agent;
use usher_model::id::{AgentId, ConsumerId, ConversationId, SkillId};
use usher_model::value::Value;
use utoipa::ToSchema;

/// What an agent is shown of the consumer's previous conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastContact {
    /// `SAME_AGENT`, `SAME_SKILL`, `OTHER`, `NONE` or `UNAUTHENTICATED`.
    pub state: String,
    /// The conversation that was asked about.
    pub current: Current,
    /// The one before, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
    /// How recent a colleague's conversation must be to count.
    pub time_frame_seconds: u64,
    /// Whether the agent is to be pointed at it.
    pub notify: bool,
}

/// The conversation that was asked about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Current {
    /// Which one.
    #[schema(value_type = String)]
    pub conversation_id: ConversationId,
    /// Whose.
    #[schema(value_type = String)]
    pub consumer_id: ConsumerId,
    /// Who has or last had it.
    #[schema(value_type = Option<String>)]
    pub agent_id: Option<AgentId>,
    /// In which skill.
    #[schema(value_type = Option<String>)]
    pub skill_id: Option<SkillId>,
    /// What it is about.
    pub intent_name: Option<String>,
}

/// The conversation before.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Previous {
    /// Which one.
    pub conversation_id: Option<String>,
    /// When it ended: milliseconds since 1970.
    pub closed_at: Option<i64>,
    /// On whose side: `AGENT`, `CONSUMER` or `SYSTEM`.
    pub close_reason: Option<String>,
    /// Who had it.
    pub agent_id: Option<String>,
    /// What that agent is called, if agents may see it.
    pub agent_name: Option<String>,
    /// In which skill.
    pub skill_id: Option<String>,
    /// What that skill is called.
    pub skill_name: Option<String>,
    /// What it was about.
    pub intent_name: Option<String>,
    /// How that is shown.
    pub intent_display_name: Option<String>,
    /// Whether this one is about the same.
    pub same_intent: bool,
    /// Its score, if agents may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcs: Option<u64>,
    /// What the agent was told, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl From<last_agent::LastContact> for LastContact {
    fn from(contact: last_agent::LastContact) -> Self {
        let last_agent::LastContact {
            conversation,
            agent_id,
            intent,
            previous,
            time_frame,
            ..
        } = contact;
        let state = match &previous {
            Some(told) => told.kind.clone(),
            None if conversation.is_authenticated => "NONE".to_owned(),
            None => "UNAUTHENTICATED".to_owned(),
        };
        let previous = previous.map(|told| {
            let text = |name: &str| told.record.get(name)?.as_str().map(str::to_owned);
            let intent_name = text("intentName");
            Previous {
                conversation_id: text("conversationId"),
                closed_at: told.record.get("closedAt").and_then(Value::as_i64),
                close_reason: text("closeReason"),
                agent_id: text("latestAgentId"),
                agent_name: text("latestAgentName").filter(|_| contact.shows_agent_name),
                skill_id: text("latestSkillId"),
                skill_name: text("latestSkillName"),
                same_intent: intent_name.is_some() && intent_name == intent,
                intent_display_name: intent_name.clone(),
                intent_name,
                mcs: told
                    .record
                    .get("mcs")
                    .and_then(Value::as_u64)
                    .filter(|_| contact.shows_mcs),
                text: told.text.clone(),
            }
        });
        Self {
            state,
            current: Current {
                conversation_id: conversation.id,
                consumer_id: conversation.consumer_id,
                agent_id,
                skill_id: conversation.latest_skill_id,
                intent_name: intent,
            },
            previous,
            time_frame_seconds: time_frame.as_secs(),
            notify: contact.is_worth_a_notice,
        }
    }
}
