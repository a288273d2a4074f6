//! What an account has set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, SkillId};
use usher_model::time::Timestamp;
use usher_model::value::Value;

use super::Record;
use super::floor::AgentStatus;
use super::skill::Weights;
use crate::collection::{Collection, kept};
use crate::store::Key;

/// What an account has set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Whether expressions may call the optional helpers.
    pub expression_extensions: bool,
    /// Whether policies may use the `X_` actions.
    pub action_extensions: bool,
    /// Whether `CONTAINS` looks for the attribute in the value instead.
    pub is_contains_reversed: bool,
    /// Whether policies see only the request's own session.
    pub strict_session_lookup: bool,
    /// Attributes that logs mask.
    pub sensitive_attributes: Vec<String>,
    /// Where a conversation goes when nothing else says so.
    pub default_fallback_skill_id: Option<SkillId>,
    /// Days that decisions are kept.
    pub decision_retention_days: Option<u32>,
    /// Days that closed conversations and their events are kept.
    pub conversation_retention_days: Option<u32>,
    /// Days that figures are kept.
    pub analytics_retention_days: Option<u32>,
    /// How conversations are handed out.
    pub routing: RoutingSettings,
    /// How hosted bots behave.
    pub bot: BotSettings,
    /// Whether consumers go back to the agent they had.
    pub last_agent: LastAgentSettings,
    /// What agents find in their workspace.
    pub workspace: WorkspaceSettings,
    /// When functions are told that nothing happens.
    pub idle: IdleSettings,
    /// What consumers are told by itself, by the contracts' name of what happened.
    pub automatic_messages: BTreeMap<String, String>,
    /// Whether a function that failed is told to its caller with the status 901.
    pub is_function_failure_901: bool,
}

impl Record for Settings {
    const COLLECTION: &'static Collection = &kept::SETTINGS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [])
    }
}

/// How the conversations of an account are handed out, unless a skill or an agent says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RoutingSettings {
    /// Where a conversation starts that names neither a skill nor an engagement nor a channel that
    /// has one.
    pub default_skill_id: Option<SkillId>,
    /// Where the conversations of a channel start.
    pub channel_skill_ids: BTreeMap<String, SkillId>,
    /// Conversations that a human agent may have at once.
    pub default_max_conversations: u32,
    /// How long an offer rings.
    pub ring_seconds: u32,
    /// Whether conversations are assigned without being offered.
    pub is_auto_accepted: bool,
    /// What a conversation counts.
    pub weights: Weights,
    /// How long an agent who declined or missed a conversation does not get it again.
    pub skip_seconds: u32,
    /// How long a conversation is kept for a suggested agent.
    pub suggest_seconds: u32,
    /// How long an agent counts as there without a sign of life.
    pub lease_seconds: u32,
    /// How long after that the agent's conversations stay.
    pub grace_seconds: u32,
    /// What happens to them then.
    pub silence: Silence,
    /// How soon an agent is to answer.
    pub response_seconds: u32,
    /// How soon, if it is urgent.
    pub urgent_response_seconds: u32,
}

impl Default for RoutingSettings {
    fn default() -> Self {
        Self {
            default_skill_id: None,
            channel_skill_ids: BTreeMap::new(),
            default_max_conversations: 4,
            ring_seconds: 72,
            is_auto_accepted: false,
            weights: Weights::default(),
            skip_seconds: 60,
            suggest_seconds: 120,
            lease_seconds: 60,
            grace_seconds: 60,
            silence: Silence::Requeue,
            response_seconds: 60 * 60,
            urgent_response_seconds: 5 * 60,
        }
    }
}

/// What happens to the conversations of an agent who has fallen silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Silence {
    /// They go back to the queue.
    Requeue,
    /// They stay with the agent.
    Keep,
}

/// After how long functions are told that nothing happens; without a time they are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IdleSettings {
    /// Since the consumer wrote to an agent who has not answered.
    pub agent_seconds: Option<u32>,
    /// Since an agent wrote to the consumer, who has not answered.
    pub consumer_seconds: Option<u32>,
    /// Since a conversation waits for an agent.
    pub queue_seconds: Option<u32>,
}

impl IdleSettings {
    /// Whether functions are told anything of the kind.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.agent_seconds.is_some()
            || self.consumer_seconds.is_some()
            || self.queue_seconds.is_some()
    }
}

/// How hosted bots behave, unless a bot says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BotSettings {
    /// What the consumer is told when a conversation goes to a fallback skill; nothing means
    /// nothing.
    pub fallback_message: Option<String>,
    /// When a conversation with nowhere to go is tried again.
    pub retry_seconds: u32,
}

impl Default for BotSettings {
    fn default() -> Self {
        Self {
            fallback_message: None,
            retry_seconds: 60,
        }
    }
}

/// What agents find in their workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkspaceSettings {
    /// Texts to send with a few keys.
    pub canned_replies: Vec<CannedReply>,
    /// Pages of the brand's beside a conversation.
    pub widgets: Vec<Widget>,
}

/// A text to send with a few keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CannedReply {
    /// What it is called; unique.
    pub name: String,
    /// What it says.
    pub text: String,
    /// The skills whose conversations it is for; none means all.
    #[serde(default)]
    pub skill_ids: Vec<SkillId>,
}

/// A page of the brand's beside a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Widget {
    /// What stands above it; unique.
    pub name: String,
    /// Where the page is.
    pub url: String,
    /// How wide it is, in columns: 1 to 4.
    pub columns: u8,
    /// The skills whose conversations it is for; none means all.
    #[serde(default)]
    pub skill_ids: Vec<SkillId>,
    /// What its address says of the conversation: the path in the public model by the name in the
    /// query.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Who sees it.
    pub audience: WidgetAudience,
}

/// Who sees a widget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WidgetAudience {
    /// Every agent of its skills.
    Agents,
    /// Managers, who try it out.
    Managers,
    /// Nobody for now.
    Nobody,
}

/// Whether consumers go back to the agent they had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LastAgentSettings {
    /// Off means that every conversation goes to its destination skill.
    pub is_enabled: bool,
    /// The score that the previous conversation must be above.
    pub mcs_threshold: u8,
    /// Where a conversation goes if the previous one has no score.
    pub mcs_missing: MissingMcs,
    /// How long after a close the consumer goes back to the agent.
    pub time_frame_seconds: u64,
    /// How long the record of a close is kept.
    pub ttl_seconds: u64,
    /// The context namespace of the record.
    pub namespace: String,
    /// Whether Usher keeps the record; otherwise a function does.
    pub is_recorded: bool,
    /// How long the agent may take to accept.
    pub suggest_timeout_seconds: u32,
    /// Which statuses count as available.
    pub available_statuses: Vec<AgentStatus>,
    /// What the accepting agent is told.
    pub notice: NoticeSettings,
}

impl Default for LastAgentSettings {
    fn default() -> Self {
        Self {
            is_enabled: true,
            mcs_threshold: 50,
            mcs_missing: MissingMcs::Skill,
            time_frame_seconds: 60 * 60,
            ttl_seconds: 30 * 24 * 60 * 60,
            namespace: "last_agent".to_owned(),
            is_recorded: true,
            suggest_timeout_seconds: 120,
            available_statuses: vec![AgentStatus::Online],
            notice: NoticeSettings::default(),
        }
    }
}

/// Where a conversation goes if the previous one has no score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MissingMcs {
    /// To the destination skill.
    Skill,
    /// To the agent, if nothing else speaks against it.
    Agent,
}

/// What the accepting agent is told about the consumer's previous conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NoticeSettings {
    /// Whether an agent is told about a conversation of their own.
    pub same_agent: bool,
    /// Whether an agent is told about a colleague's conversation in the same skill.
    pub same_skill: bool,
    /// Where.
    pub channels: Vec<NoticeChannel>,
    /// Whether the colleague is named.
    pub shows_agent_name: bool,
    /// Whether the score of the previous conversation is shown.
    pub shows_mcs: bool,
}

impl Default for NoticeSettings {
    fn default() -> Self {
        Self {
            same_agent: true,
            same_skill: true,
            channels: vec![NoticeChannel::Widget, NoticeChannel::PrivateMessage],
            shows_agent_name: true,
            shows_mcs: false,
        }
    }
}

/// Where an agent is told about the consumer's previous conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoticeChannel {
    /// In the widget.
    Widget,
    /// In the conversation, where the consumer does not see it.
    PrivateMessage,
}

/// Whose word an account takes for who a consumer is.
///
/// It is a row of its own because its keys may be secrets: settings are shown, logged and kept in
/// every version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerIdentity {
    /// The only issuer that is taken: the claim `iss`.
    pub issuer: String,
    /// Whom a token must be meant for: one of the claim `aud`.
    pub audience: String,
    /// The brand's keys, as a JWK set.
    #[serde(default)]
    pub keys: Option<Value>,
    /// Where the brand publishes its keys.
    #[serde(default)]
    pub keys_url: Option<String>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
}

impl Record for ConsumerIdentity {
    const COLLECTION: &'static Collection = &kept::CONSUMER_IDENTITIES;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Skill, User};

    #[test]
    fn what_was_written_before_routing_is_read() {
        let settings: Settings =
            serde_json::from_str(r#"{"expressionExtensions":true,"decisionRetentionDays":7}"#)
                .unwrap();
        assert!(settings.expression_extensions);
        assert_eq!(settings.routing, RoutingSettings::default());
        assert_eq!(settings.last_agent, LastAgentSettings::default());
        let skill = r#"{"id":"s","name":"Sales","createdAt":"2026-05-01T10:00:00.000Z"}"#;
        let skill: Skill = serde_json::from_str(skill).unwrap();
        assert!(skill.is_enabled && skill.is_last_agent_enabled);
        let user = r#"{"id":"u","name":"Ada","email":"Ada@example.com","role":"admin","passwordHash":null,"isEnabled":true,"createdAt":"2026-05-01T10:00:00.000Z"}"#;
        let user: User = serde_json::from_str(user).unwrap();
        assert_eq!(user.max_conversations, None);
        assert_eq!(user.hosted_bot, None);
    }

    #[test]
    fn a_field_that_is_left_out_has_its_default() {
        let settings: Settings = serde_json::from_str(
            r#"{"routing":{"ringSeconds":10},"lastAgent":{"notice":{"showsMcs":true}}}"#,
        )
        .unwrap();
        assert_eq!(settings.routing.ring_seconds, 10);
        assert_eq!(settings.routing.suggest_seconds, 120);
        assert!(settings.last_agent.notice.shows_mcs);
        assert_eq!(settings.last_agent.mcs_threshold, 50);
    }
}
