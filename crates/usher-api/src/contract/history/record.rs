//! What is told of one conversation, part by part.

use serde::Serialize;
use usher_app::conversations::{CloseReason, Conversation, Dialog, DialogKind, View};
use usher_app::conversations::{ParticipantRole, alerted, is_queued};
use usher_model::id::{ConsumerId, ConversationId, EngagementId};
use usher_model::time::Timestamp;
use utoipa::ToSchema;

use super::super::shape::{Id, time};
use super::events::{
    Assignment, MessageRecord, MessageScore, MessageStatus, SkillChange, Survey, Transfer,
};
use super::intents::{HistoryIntent, MessageIntents};
use super::monitoring::{Monitoring, NOT_KNOWN, device, told};
use super::names::{Agent, Names};
use super::sdes::Sdes;

/// A conversation; of the parts, those that were asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryRecord)]
pub(super) struct Record {
    /// What there is to say in short.
    pub(super) info: Outline,
    /// Where it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) campaign: Option<Campaign>,
    /// What was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_records: Option<Vec<MessageRecord>>,
    /// The agents who took part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent_participants: Option<Vec<AgentParticipant>>,
    /// Those of them who still do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent_participants_active: Option<Vec<AgentParticipant>>,
    /// Those of them who have left, with the time at which they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent_participants_leave: Option<Vec<AgentParticipant>>,
    /// The consumer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) consumer_participants: Option<Vec<ConsumerParticipant>>,
    /// Where it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transfers: Option<Vec<Transfer>>,
    /// Who got it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) interactions: Option<Vec<Assignment>>,
    /// How the consumer's messages sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_scores: Option<Vec<MessageScore>>,
    /// Which messages were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_statuses: Option<Vec<MessageStatus>>,
    /// Its parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dialogs: Option<Vec<HistoryDialog>>,
    /// Which skills it was in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) skill_changes: Option<Vec<SkillChange>>,
    /// What the consumer was asked afterwards, and answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conversation_surveys: Option<Vec<Survey>>,
    /// What bots took its messages to be about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) intents: Option<Vec<MessageIntents>>,
    /// The same without its messages, each once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unique_intents: Option<Vec<HistoryIntent>>,
    /// The engagement attributes that came with its start, if the brand vouched for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sdes: Option<Sdes>,
    /// The same, if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) un_auth_sdes: Option<Sdes>,
    /// Where and on what the consumer writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) monitoring: Option<Monitoring>,
    /// How soon an answer is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_time: Option<ResponseTime>,
}

/// How soon an answer is due.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryResponseTime)]
pub(super) struct ResponseTime {
    /// By when, in milliseconds since 1970; -1 while it is the consumer's turn, and at the end.
    latest_effective_response_due_time: i64,
    /// How soon after the consumer wrote, in seconds.
    configured_response_time: u32,
}

impl ResponseTime {
    pub(super) fn of(view: &View) -> Self {
        let due_at = view.response_due_at;
        Self {
            latest_effective_response_due_time: due_at.map_or(-1, Timestamp::milliseconds),
            configured_response_time: view.response_time.seconds,
        }
    }
}

/// What there is to say in short.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryInfo)]
pub(super) struct Outline {
    /// When it began.
    start_time: String,
    /// The same in milliseconds.
    start_time_l: i64,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    /// The same in milliseconds; -1 for one that is open.
    end_time_l: i64,
    /// How long it took so far, in milliseconds.
    duration: i64,
    /// Which one.
    #[schema(value_type = String)]
    conversation_id: ConversationId,
    /// The credential's account.
    brand_id: String,
    /// `OPEN` or `CLOSE`.
    status: &'static str,
    /// The same, with a survey that follows.
    full_dialog_status: &'static str,
    /// On whose side it ended: `AGENT`, `CONSUMER` or `SYSTEM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    close_reason: Option<CloseReason>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    close_reason_description: Option<String>,
    /// Whether it is the consumer's first.
    first_conversation: bool,
    /// What the consumer answered, 1 to 5.
    csat: Option<u8>,
    /// The same: clients know either name.
    csat_rate: Option<u8>,
    /// How it sounds, 0 to 100.
    mcs: Option<u8>,
    /// Which way that calls for attention: -1, 0 or 1.
    #[serde(rename = "alertedMCS")]
    alerted_mcs: Option<i8>,
    /// Where the consumer writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// On what the consumer writes: `DESKTOP`, `TABLET`, `MOBILE` or `NA`.
    device: &'static str,
    /// In which browser or app; `NA` if that is not known.
    browser: String,
    /// What the device runs; `NA` if that is not known.
    operating_system: String,
    /// The skill it is in, or was in last; -1 without one.
    latest_skill_id: Id,
    /// Its name.
    latest_skill_name: String,
    /// The agent who has it or had it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_agent_id: Option<String>,
    /// The address that agent signs in with, else the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_agent_login_name: Option<String>,
    /// What consumers see.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_agent_nickname: Option<String>,
    /// What people call the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_agent_full_name: Option<String>,
    /// Whether there is no such agent any more.
    agent_deleted: bool,
    /// The agent's group; -1 without one.
    latest_agent_group_id: Id,
    /// Its name.
    latest_agent_group_name: String,
    /// `IN_QUEUE` or `ACTIVE`.
    latest_queue_state: &'static str,
    /// Always false: nothing is left out.
    is_partial: bool,
}

const fn status(is_open: bool) -> &'static str {
    if is_open { "OPEN" } else { "CLOSE" }
}

impl Outline {
    pub(super) fn new(view: &View, names: &Names, account: &str, now: Timestamp) -> Self {
        let conversation = &view.conversation;
        let closed = conversation.closed.as_ref();
        let started_at = conversation.started_at;
        let ended_at = closed.map(|closed| closed.at);
        let is_any_open = conversation
            .dialogs
            .iter()
            .any(|dialog| dialog.closed.is_none());
        let agent = conversation.latest_agent_id.as_ref();
        let agent = agent.map(|agent| names.agent(agent.as_str()));
        let (skill_id, skill_name) = names.skill(conversation.latest_skill_id.as_ref());
        let (group_id, group_name) = names.group(agent.as_ref());
        let known = |name| told(conversation, name).unwrap_or_else(|| NOT_KNOWN.to_owned());
        Self {
            start_time: time(started_at),
            start_time_l: started_at.milliseconds(),
            end_time: ended_at.map(time),
            end_time_l: ended_at.map_or(-1, Timestamp::milliseconds),
            duration: ended_at.unwrap_or(now).milliseconds() - started_at.milliseconds(),
            conversation_id: conversation.id.clone(),
            brand_id: account.to_owned(),
            status: status(closed.is_none()),
            full_dialog_status: status(is_any_open),
            close_reason: closed.map(|closed| closed.by),
            close_reason_description: closed.map(|closed| closed.description.clone()),
            first_conversation: conversation.is_first,
            csat: conversation.csat,
            csat_rate: conversation.csat,
            mcs: view.mcs,
            alerted_mcs: view.mcs.map(alerted),
            source: conversation.channel.clone(),
            device: device(conversation),
            browser: known("browser"),
            operating_system: known("operatingSystem"),
            latest_skill_id: skill_id,
            latest_skill_name: skill_name,
            agent_deleted: agent.as_ref().is_some_and(|agent| agent.is_deleted),
            latest_agent_login_name: agent.as_ref().map(|agent| agent.login_name.clone()),
            latest_agent_nickname: agent.as_ref().map(|agent| agent.nickname.clone()),
            latest_agent_full_name: agent.as_ref().map(|agent| agent.full_name.clone()),
            latest_agent_id: agent.map(|agent| agent.id),
            latest_agent_group_id: group_id,
            latest_agent_group_name: group_name,
            latest_queue_state: match is_queued(conversation) {
                true => "IN_QUEUE",
                false => "ACTIVE",
            },
            is_partial: false,
        }
    }
}

/// Where a conversation began.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryCampaign)]
pub(super) struct Campaign {
    /// The engagement.
    #[schema(value_type = String)]
    campaign_engagement_id: EngagementId,
}

impl Campaign {
    pub(super) fn of(conversation: &Conversation) -> Option<Self> {
        let campaign_engagement_id = conversation.engagement_id.clone()?;
        Some(Self {
            campaign_engagement_id,
        })
    }
}

/// An agent who took part.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryAgentParticipant)]
pub(super) struct AgentParticipant {
    /// Who.
    agent_id: String,
    /// What people call the agent.
    agent_full_name: String,
    /// What consumers see.
    agent_nickname: String,
    /// The address to sign in with, else the id.
    agent_login_name: String,
    /// Whether there is no such agent any more.
    agent_deleted: bool,
    /// `1` for a person, `2` for a program.
    user_type: &'static str,
    /// `Human` or `Bot`.
    user_type_name: &'static str,
    /// Always `AGENT`.
    role: &'static str,
    /// As what: `ASSIGNED_AGENT`, `AGENT`, `MANAGER` or `READER`.
    #[schema(value_type = String)]
    permission: ParticipantRole,
    /// The agent's group; -1 without one.
    agent_group_id: Id,
    /// Its name.
    agent_group_name: String,
    /// When the agent joined, or left.
    time: String,
    /// The same in milliseconds.
    time_l: i64,
    /// In which dialog.
    dialog_id: String,
}

/// Who of the agents is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Took {
    /// Everybody who took part.
    Part,
    /// Those who still do.
    PartStill,
    /// Those who have left.
    Leave,
}

pub(super) fn agents(
    conversation: &Conversation,
    names: &Names,
    took: Took,
) -> Vec<AgentParticipant> {
    let participants = conversation.participants.iter();
    let agents = participants.filter(|one| {
        one.role != ParticipantRole::Consumer
            && match took {
                Took::Part => true,
                Took::PartStill => one.left_at.is_none(),
                Took::Leave => one.left_at.is_some(),
            }
    });
    agents
        .map(|one| {
            let left_at = one.left_at.filter(|_| took == Took::Leave);
            let at = left_at.unwrap_or(one.joined_at);
            let agent = names.agent(one.id.as_str());
            let (agent_group_id, agent_group_name) = names.group(Some(&agent));
            let (user_type, user_type_name) = match agent.is_bot {
                true => ("2", "Bot"),
                false => ("1", "Human"),
            };
            let Agent {
                id,
                full_name,
                nickname,
                login_name,
                is_deleted,
                ..
            } = agent;
            AgentParticipant {
                agent_id: id,
                agent_full_name: full_name,
                agent_nickname: nickname,
                agent_login_name: login_name,
                agent_deleted: is_deleted,
                user_type,
                user_type_name,
                role: "AGENT",
                permission: one.role,
                agent_group_id,
                agent_group_name,
                time: time(at),
                time_l: at.milliseconds(),
                dialog_id: conversation.id.to_string(),
            }
        })
        .collect()
}

/// The consumer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryConsumerParticipant)]
pub(super) struct ConsumerParticipant {
    /// Who.
    #[schema(value_type = String)]
    participant_id: ConsumerId,
    /// Since when.
    join_time: String,
    /// The same in milliseconds.
    join_time_l: i64,
    /// In which dialog.
    dialog_id: String,
}

impl ConsumerParticipant {
    pub(super) fn of(conversation: &Conversation) -> Self {
        Self {
            participant_id: conversation.consumer_id.clone(),
            join_time: time(conversation.started_at),
            join_time_l: conversation.started_at.milliseconds(),
            dialog_id: conversation.id.to_string(),
        }
    }
}

/// A part of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryDialog)]
pub(super) struct HistoryDialog {
    /// Which one; the main one has the conversation's id.
    dialog_id: String,
    /// `OPEN` or `CLOSE`.
    status: &'static str,
    /// `MAIN` or `POST_SURVEY`.
    #[schema(value_type = String)]
    dialog_type: DialogKind,
    /// When it began.
    start_time: String,
    /// The same in milliseconds.
    start_time_l: i64,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    /// The same in milliseconds; -1 for one that is open.
    end_time_l: i64,
    /// On whose side it ended: `AGENT`, `CONSUMER` or `SYSTEM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    close_reason: Option<CloseReason>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    close_reason_description: Option<String>,
    /// The conversation's last skill; -1 without one.
    skill_id: Id,
    /// Its name.
    skill_name: String,
}

impl HistoryDialog {
    pub(super) fn new(dialog: &Dialog, conversation: &Conversation, names: &Names) -> Self {
        let closed = dialog.closed.as_ref();
        let (skill_id, skill_name) = names.skill(conversation.latest_skill_id.as_ref());
        Self {
            dialog_id: dialog.id.to_string(),
            status: status(closed.is_none()),
            dialog_type: dialog.kind,
            start_time: time(dialog.opened_at),
            start_time_l: dialog.opened_at.milliseconds(),
            end_time: closed.map(|closed| time(closed.at)),
            end_time_l: closed.map_or(-1, |closed| closed.at.milliseconds()),
            close_reason: closed.map(|closed| closed.by),
            close_reason_description: closed.map(|closed| closed.description.clone()),
            skill_id,
            skill_name,
        }
    }
}
