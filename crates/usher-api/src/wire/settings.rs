//! What an account has set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_app::settings;
use usher_model::id::SkillId;
use utoipa::ToSchema;

use super::skill::Weights;
use super::workspace::WorkspaceSettings;

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
    /// Days that closed conversations and their events are kept: 1 to 3,660, 400 unless given.
    pub conversation_retention_days: Option<u32>,
    /// Days that the figures of analytics are kept: 1 to 3,660, 800 unless given. It holds for what is
    /// counted from then on.
    pub analytics_retention_days: Option<u32>,
    /// How conversations are handed out, unless a skill or an agent says otherwise.
    pub routing: RoutingSettings,
    /// How hosted bots behave, unless a bot says otherwise.
    pub bot: BotSettings,
    /// Whether consumers go back to the agent they had.
    pub last_agent: LastAgentSettings,
    /// What agents find in their workspace.
    pub workspace: WorkspaceSettings,
    /// After how long functions are told that nothing happens.
    pub idle: IdleSettings,
    /// What consumers are told by itself, by the contracts' name of what happened, such as
    /// `CONSUMER_NON_RESPONSIVE`; a function that listens to the event may say something else.
    pub automatic_messages: BTreeMap<String, String>,
    /// The status with which a function that failed is told to its caller: 422 or 901.
    #[schema(value_type = u16)]
    pub function_failure_status: FunctionFailureStatus,
}

/// The status with which a function that failed is told to its caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum FunctionFailureStatus {
    /// 422, as HTTP has it.
    #[default]
    Unprocessable,
    /// 901, as the contract has it.
    Contract,
}

impl TryFrom<u16> for FunctionFailureStatus {
    type Error = String;

    fn try_from(status: u16) -> Result<Self, String> {
        match status {
            422 => Ok(Self::Unprocessable),
            901 => Ok(Self::Contract),
            other => Err(format!("expected 422 or 901, found {other}")),
        }
    }
}

impl From<FunctionFailureStatus> for u16 {
    fn from(status: FunctionFailureStatus) -> Self {
        match status {
            FunctionFailureStatus::Unprocessable => 422,
            FunctionFailureStatus::Contract => 901,
        }
    }
}

/// After how long functions are told that nothing happens; without a time they are not.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct IdleSettings {
    /// Since the consumer wrote to an agent who has not answered.
    pub agent_seconds: Option<u32>,
    /// Since an agent wrote to the consumer, who has not answered.
    pub consumer_seconds: Option<u32>,
    /// Since a conversation waits for an agent.
    pub queue_seconds: Option<u32>,
}

impl From<settings::IdleSettings> for IdleSettings {
    fn from(idle: settings::IdleSettings) -> Self {
        Self {
            agent_seconds: idle.agent_seconds,
            consumer_seconds: idle.consumer_seconds,
            queue_seconds: idle.queue_seconds,
        }
    }
}

impl From<IdleSettings> for settings::IdleSettings {
    fn from(idle: IdleSettings) -> Self {
        Self {
            agent_seconds: idle.agent_seconds,
            consumer_seconds: idle.consumer_seconds,
            queue_seconds: idle.queue_seconds,
        }
    }
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
            conversation_retention_days: settings.conversation_retention_days,
            analytics_retention_days: settings.analytics_retention_days,
            routing: settings.routing.into(),
            bot: settings.bot.into(),
            last_agent: settings.last_agent.into(),
            workspace: settings.workspace.into(),
            idle: settings.idle.into(),
            automatic_messages: settings.automatic_messages,
            function_failure_status: match settings.is_function_failure_901 {
                true => FunctionFailureStatus::Contract,
                false => FunctionFailureStatus::Unprocessable,
            },
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
            conversation_retention_days: settings.conversation_retention_days,
            analytics_retention_days: settings.analytics_retention_days,
            routing: settings.routing.into(),
            bot: settings.bot.into(),
            last_agent: settings.last_agent.into(),
            workspace: settings.workspace.into(),
            idle: settings.idle.into(),
            automatic_messages: settings.automatic_messages,
            is_function_failure_901: settings.function_failure_status
                == FunctionFailureStatus::Contract,
        }
    }
}

/// How the conversations of an account are handed out, unless a skill or an agent says otherwise.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RoutingSettings {
    /// Where a conversation starts that names neither a skill nor an engagement nor a channel that
    /// has one.
    #[schema(value_type = Option<String>)]
    pub default_skill_id: Option<SkillId>,
    /// Where the conversations of a channel start.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
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
    /// How soon, if the consumer says that it is urgent.
    pub urgent_response_seconds: u32,
}

/// What happens to the conversations of an agent who has fallen silent.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Silence {
    /// They go back to the queue.
    Requeue,
    /// They stay with the agent.
    Keep,
}

impl Default for RoutingSettings {
    fn default() -> Self {
        settings::RoutingSettings::default().into()
    }
}

impl From<settings::RoutingSettings> for RoutingSettings {
    fn from(routing: settings::RoutingSettings) -> Self {
        Self {
            default_skill_id: routing.default_skill_id,
            channel_skill_ids: routing.channel_skill_ids,
            default_max_conversations: routing.default_max_conversations,
            ring_seconds: routing.ring_seconds,
            is_auto_accepted: routing.is_auto_accepted,
            weights: routing.weights.into(),
            skip_seconds: routing.skip_seconds,
            suggest_seconds: routing.suggest_seconds,
            lease_seconds: routing.lease_seconds,
            grace_seconds: routing.grace_seconds,
            silence: match routing.silence {
                settings::Silence::Requeue => Silence::Requeue,
                settings::Silence::Keep => Silence::Keep,
            },
            response_seconds: routing.response_seconds,
            urgent_response_seconds: routing.urgent_response_seconds,
        }
    }
}

impl From<RoutingSettings> for settings::RoutingSettings {
    fn from(routing: RoutingSettings) -> Self {
        Self {
            default_skill_id: routing.default_skill_id,
            channel_skill_ids: routing.channel_skill_ids,
            default_max_conversations: routing.default_max_conversations,
            ring_seconds: routing.ring_seconds,
            is_auto_accepted: routing.is_auto_accepted,
            weights: routing.weights.into(),
            skip_seconds: routing.skip_seconds,
            suggest_seconds: routing.suggest_seconds,
            lease_seconds: routing.lease_seconds,
            grace_seconds: routing.grace_seconds,
            silence: match routing.silence {
                Silence::Requeue => settings::Silence::Requeue,
                Silence::Keep => settings::Silence::Keep,
            },
            response_seconds: routing.response_seconds,
            urgent_response_seconds: routing.urgent_response_seconds,
        }
    }
}

/// How hosted bots behave, unless a bot says otherwise.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BotSettings {
    /// What the consumer is told when a conversation goes to a fallback skill; without it, nothing.
    pub fallback_message: Option<String>,
    /// When a conversation with nowhere to go is tried again.
    pub retry_seconds: u32,
}

impl Default for BotSettings {
    fn default() -> Self {
        settings::BotSettings::default().into()
    }
}

impl From<settings::BotSettings> for BotSettings {
    fn from(bot: settings::BotSettings) -> Self {
        Self {
            fallback_message: bot.fallback_message,
            retry_seconds: bot.retry_seconds,
        }
    }
}

impl From<BotSettings> for settings::BotSettings {
    fn from(bot: BotSettings) -> Self {
        Self {
            fallback_message: bot.fallback_message,
            retry_seconds: bot.retry_seconds,
        }
    }
}

/// Whether consumers go back to the agent they had.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LastAgentSettings {
    /// Off means that every conversation goes to its destination skill.
    pub enabled: bool,
    /// The score that the previous conversation must be above: 0 to 100.
    pub mcs_threshold: u8,
    /// Where a conversation goes if the previous one has no score.
    pub mcs_missing_policy: MissingMcs,
    /// How long after a close the consumer goes back to the agent.
    pub time_frame_seconds: u64,
    /// How long the record of a close is kept; at least as long as the time frame.
    pub ttl_seconds: u64,
    /// The context namespace of the record.
    pub namespace: String,
    /// Whether Usher keeps the record; say no where a function keeps it.
    pub is_recorded: bool,
    /// How long the agent may take to accept.
    pub suggest_timeout_seconds: u32,
    /// Which statuses count as available.
    pub available_statuses: Vec<AvailableStatus>,
    /// What the accepting agent is told.
    pub notice: NoticeSettings,
}

/// Where a conversation goes if the previous one has no score.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MissingMcs {
    /// To the destination skill.
    Skill,
    /// To the agent, if nothing else speaks against it.
    Agent,
}

/// A status that may count as available.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AvailableStatus {
    /// Gets new conversations and transfers.
    Online,
    /// Gets transfers only.
    #[serde(alias = "OCCUPIED")]
    BackSoon,
}

/// What the accepting agent is told about the consumer's previous conversation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NoticeSettings {
    /// Whether an agent is told about a conversation of their own.
    pub same_agent: bool,
    /// Whether an agent is told about a colleague's conversation in the same skill.
    pub same_skill: bool,
    /// Where.
    pub channels: Vec<NoticeChannel>,
    /// Whether the colleague is named.
    pub show_previous_agent_name: bool,
    /// Whether the score of the previous conversation is shown.
    pub show_mcs_to_agent: bool,
}

/// Where an agent is told about the consumer's previous conversation.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoticeChannel {
    /// In the widget.
    Widget,
    /// In the conversation, where the consumer does not see it.
    PrivateMessage,
}

impl Default for LastAgentSettings {
    fn default() -> Self {
        settings::LastAgentSettings::default().into()
    }
}

impl Default for NoticeSettings {
    fn default() -> Self {
        settings::NoticeSettings::default().into()
    }
}

impl From<settings::LastAgentSettings> for LastAgentSettings {
    fn from(last_agent: settings::LastAgentSettings) -> Self {
        let statuses = last_agent.available_statuses.into_iter();
        Self {
            enabled: last_agent.is_enabled,
            mcs_threshold: last_agent.mcs_threshold,
            mcs_missing_policy: match last_agent.mcs_missing {
                settings::MissingMcs::Skill => MissingMcs::Skill,
                settings::MissingMcs::Agent => MissingMcs::Agent,
            },
            time_frame_seconds: last_agent.time_frame_seconds,
            ttl_seconds: last_agent.ttl_seconds,
            namespace: last_agent.namespace,
            is_recorded: last_agent.is_recorded,
            suggest_timeout_seconds: last_agent.suggest_timeout_seconds,
            available_statuses: statuses
                .map(|status| match status {
                    settings::AgentStatus::Online => AvailableStatus::Online,
                    settings::AgentStatus::Occupied
                    | settings::AgentStatus::Away
                    | settings::AgentStatus::Offline => AvailableStatus::BackSoon,
                })
                .collect(),
            notice: last_agent.notice.into(),
        }
    }
}

impl From<LastAgentSettings> for settings::LastAgentSettings {
    fn from(last_agent: LastAgentSettings) -> Self {
        let statuses = last_agent.available_statuses.into_iter();
        Self {
            is_enabled: last_agent.enabled,
            mcs_threshold: last_agent.mcs_threshold,
            mcs_missing: match last_agent.mcs_missing_policy {
                MissingMcs::Skill => settings::MissingMcs::Skill,
                MissingMcs::Agent => settings::MissingMcs::Agent,
            },
            time_frame_seconds: last_agent.time_frame_seconds,
            ttl_seconds: last_agent.ttl_seconds,
            namespace: last_agent.namespace,
            is_recorded: last_agent.is_recorded,
            suggest_timeout_seconds: last_agent.suggest_timeout_seconds,
            available_statuses: statuses
                .map(|status| match status {
                    AvailableStatus::Online => settings::AgentStatus::Online,
                    AvailableStatus::BackSoon => settings::AgentStatus::Occupied,
                })
                .collect(),
            notice: last_agent.notice.into(),
        }
    }
}

impl From<settings::NoticeSettings> for NoticeSettings {
    fn from(notice: settings::NoticeSettings) -> Self {
        let channels = notice.channels.into_iter();
        Self {
            same_agent: notice.same_agent,
            same_skill: notice.same_skill,
            channels: channels
                .map(|channel| match channel {
                    settings::NoticeChannel::Widget => NoticeChannel::Widget,
                    settings::NoticeChannel::PrivateMessage => NoticeChannel::PrivateMessage,
                })
                .collect(),
            show_previous_agent_name: notice.shows_agent_name,
            show_mcs_to_agent: notice.shows_mcs,
        }
    }
}

impl From<NoticeSettings> for settings::NoticeSettings {
    fn from(notice: NoticeSettings) -> Self {
        let channels = notice.channels.into_iter();
        Self {
            same_agent: notice.same_agent,
            same_skill: notice.same_skill,
            channels: channels
                .map(|channel| match channel {
                    NoticeChannel::Widget => settings::NoticeChannel::Widget,
                    NoticeChannel::PrivateMessage => settings::NoticeChannel::PrivateMessage,
                })
                .collect(),
            shows_agent_name: notice.show_previous_agent_name,
            shows_mcs: notice.show_mcs_to_agent,
        }
    }
}
