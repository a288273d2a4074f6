//! What is told of a conversation from what happened in it.

use std::sync::Arc;

use serde::Serialize;
use usher_app::conversations::{DialogKind, MessageKind, running_mcs};
use usher_app::feed::{self, Audience, Event, Happened, SenderRole};
use usher_model::id::{MessageId, SkillId};
use usher_model::time::Timestamp;
use usher_model::value::Value;
use utoipa::ToSchema;

use super::super::shape::{Id, time};
use super::names::Names;

pub(super) type Events = [Arc<Happened>];

/// Something that was said.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryMessage)]
pub(super) struct MessageRecord {
    /// `TEXT_PLAIN`, or `RICH_CONTENT` where there is more than text.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What it says: `msg.text`, and where there is more than text `richContent.content`, which is
    /// JSON written as text.
    #[schema(value_type = Object)]
    message_data: Value,
    /// Which one.
    #[schema(value_type = String)]
    message_id: MessageId,
    /// Its place among the conversation's messages.
    seq: usize,
    /// In which dialog.
    dialog_id: String,
    /// Who said it; nobody, if Usher did.
    #[serde(skip_serializing_if = "Option::is_none")]
    participant_id: Option<String>,
    /// When.
    time: String,
    /// The same in milliseconds.
    time_l: i64,
    /// `Consumer`, `Agent`, `Manager` or `System`.
    sent_by: &'static str,
    /// `ALL` or `AGENTS_AND_MANAGERS`.
    #[schema(value_type = String)]
    audience: Audience,
}

const fn role(role: SenderRole) -> &'static str {
    match role {
        SenderRole::Consumer => "Consumer",
        SenderRole::Agent | SenderRole::Bot => "Agent",
        SenderRole::Manager => "Manager",
        SenderRole::System => "System",
    }
}

/// Returns what was said, and when.
pub(super) fn messages_of(events: &Events) -> impl Iterator<Item = (Timestamp, &feed::Message)> {
    events.iter().filter_map(|happened| match &happened.event {
        Event::MessageSent(message) => Some((happened.at, message)),
        _ => None,
    })
}

pub(super) fn messages(events: &Events) -> Vec<MessageRecord> {
    let messages = messages_of(events).enumerate();
    messages
        .map(|(seq, (at, message))| MessageRecord {
            kind: match MessageKind::of(message) {
                MessageKind::Text => "TEXT_PLAIN",
                MessageKind::Rich => "RICH_CONTENT",
            },
            message_data: match MessageKind::of(message) {
                MessageKind::Text => serde_json::json!({"msg": {"text": message.text}}),
                MessageKind::Rich => serde_json::json!({"msg": {"text": message.text},
                    "richContent": {"content": message.content.to_string()}}),
            },
            message_id: message.message_id,
            seq,
            dialog_id: message.dialog_id.to_string(),
            participant_id: message.sender_id.as_ref().map(ToString::to_string),
            time: time(at),
            time_l: at.milliseconds(),
            sent_by: role(message.sender_role),
            audience: message.audience,
        })
        .collect()
}

/// How a message sounds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryMessageScore)]
pub(super) struct MessageScore {
    /// Which one.
    #[schema(value_type = String)]
    message_id: MessageId,
    /// How it sounds, from -1 to 1.
    message_raw_score: f64,
    /// The score of the conversation up to it.
    mcs: Option<u8>,
    /// When it was sent.
    time: String,
    /// The same in milliseconds.
    time_l: i64,
}

pub(super) fn scores(events: &Events) -> Vec<MessageScore> {
    let scored: Vec<_> = messages_of(events)
        .filter_map(|(at, message)| Some((at, message, message.sentiment?)))
        .collect();
    let running = running_mcs(scored.iter().map(|(.., sentiment)| *sentiment));
    let scores = scored.into_iter().zip(running);
    scores
        .map(|((at, message, sentiment), mcs)| MessageScore {
            message_id: message.message_id,
            message_raw_score: sentiment,
            mcs,
            time: time(at),
            time_l: at.milliseconds(),
        })
        .collect()
}

/// That a message was read, and those before it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryMessageStatus)]
pub(super) struct MessageStatus {
    /// Up to which one.
    #[schema(value_type = String)]
    message_id: MessageId,
    /// Always `READ`.
    message_delivery_status: &'static str,
    /// By whom.
    participant_id: String,
    /// `Consumer`, `Agent`, `Manager` or `System`.
    participant_type: &'static str,
    /// When.
    time: String,
    /// The same in milliseconds.
    time_l: i64,
}

pub(super) fn statuses(events: &Events) -> Vec<MessageStatus> {
    let statuses = events.iter().filter_map(|happened| match &happened.event {
        Event::MessageRead {
            message_id,
            reader_id,
            reader_role,
        } => Some(MessageStatus {
            message_id: *message_id,
            message_delivery_status: "READ",
            participant_id: reader_id.to_string(),
            participant_type: role(*reader_role),
            time: time(happened.at),
            time_l: happened.at.milliseconds(),
        }),
        _ => None,
    });
    statuses.collect()
}

/// That an agent got a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryInteraction)]
pub(super) struct Assignment {
    /// Who.
    assigned_agent_id: String,
    /// What people call the agent.
    assigned_agent_full_name: String,
    /// The address to sign in with, else the id.
    assigned_agent_login_name: String,
    /// What consumers see.
    assigned_agent_nickname: String,
    /// When.
    interaction_time: String,
    /// The same in milliseconds.
    interaction_time_l: i64,
    /// The how-manieth it was, from 1.
    interactive_sequence: usize,
}

pub(super) fn assignments(events: &Events, names: &Names) -> Vec<Assignment> {
    let assigned = events.iter().filter_map(|happened| match &happened.event {
        Event::Assigned { agent_id, .. } => Some((happened.at, agent_id)),
        _ => None,
    });
    assigned
        .zip(1..)
        .map(|((at, agent), interactive_sequence)| {
            let agent = names.agent(agent.as_str());
            Assignment {
                assigned_agent_id: agent.id,
                assigned_agent_full_name: agent.full_name,
                assigned_agent_login_name: agent.login_name,
                assigned_agent_nickname: agent.nickname,
                interaction_time: time(at),
                interaction_time_l: at.milliseconds(),
                interactive_sequence,
            }
        })
        .collect()
}

/// That a conversation went to another skill or agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryTransfer)]
pub(super) struct Transfer {
    /// When.
    time: String,
    /// The same in milliseconds.
    time_l: i64,
    /// `Agent`, `Skill`, `TakeOver` or `back2Q`.
    reason: &'static str,
    /// Who asked; nobody, if Usher did.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// From which skill; -1 without one.
    source_skill_id: Id,
    /// Its name.
    source_skill_name: String,
    /// From whom, if an agent had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_agent_id: Option<String>,
    /// To which skill; -1 without one.
    target_skill_id: Id,
    /// Its name.
    target_skill_name: String,
    /// To whom, if it went to an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned_agent_id: Option<String>,
}

pub(super) fn transfers(events: &Events, names: &Names) -> Vec<Transfer> {
    let to = |at: Timestamp, reason, source: Option<&SkillId>, target: Option<&SkillId>| {
        let (source_skill_id, source_skill_name) = names.skill(source);
        let (target_skill_id, target_skill_name) = names.skill(target);
        Transfer {
            time: time(at),
            time_l: at.milliseconds(),
            reason,
            by: None,
            source_skill_id,
            source_skill_name,
            source_agent_id: None,
            target_skill_id,
            target_skill_name,
            assigned_agent_id: None,
        }
    };
    let transfers = events.iter().filter_map(|happened| match &happened.event {
        Event::Transferred(transfer) => {
            let reason = match transfer.outcome.as_str() {
                "TRANSFERRED_AGENT" => "Agent",
                "TAKEN_OVER" => "TakeOver",
                _ => "Skill",
            };
            let (source, target) = (&transfer.from_skill_id, &transfer.to_skill_id);
            Some(Transfer {
                by: transfer.by.as_ref().map(ToString::to_string),
                source_agent_id: transfer.from_agent_id.as_ref().map(ToString::to_string),
                assigned_agent_id: transfer.to_agent_id.as_ref().map(ToString::to_string),
                ..to(happened.at, reason, source.as_ref(), target.as_ref())
            })
        }
        Event::Requeued {
            skill_id,
            agent_id: Some(agent),
            ..
        } => Some(Transfer {
            source_agent_id: Some(agent.to_string()),
            ..to(happened.at, "back2Q", skill_id.as_ref(), skill_id.as_ref())
        }),
        _ => None,
    });
    transfers.collect()
}

/// That a conversation came into a skill.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistorySkillChange)]
pub(super) struct SkillChange {
    /// When.
    time: String,
    /// The same in milliseconds.
    time_l: i64,
    /// Which one; -1 for none.
    new_skill_id: Id,
    /// Its name.
    new_skill_name: String,
    /// Which one it left; -1 for none, and at the start.
    old_skill_id: Id,
    /// Its name.
    old_skill_name: String,
}

pub(super) fn skill_changes(events: &Events, names: &Names) -> Vec<SkillChange> {
    let changes = events.iter().filter_map(|happened| {
        let (old, new) = match &happened.event {
            Event::ConversationStarted { skill_id, .. } => (None, skill_id.as_ref()),
            Event::Transferred(transfer) if transfer.from_skill_id != transfer.to_skill_id => (
                transfer.from_skill_id.as_ref(),
                transfer.to_skill_id.as_ref(),
            ),
            _ => return None,
        };
        let (new_skill_id, new_skill_name) = names.skill(new);
        let (old_skill_id, old_skill_name) = names.skill(old);
        Some(SkillChange {
            time: time(happened.at),
            time_l: happened.at.milliseconds(),
            new_skill_id,
            new_skill_name,
            old_skill_id,
            old_skill_name,
        })
    });
    changes.collect()
}

/// What the consumer was asked at the end.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistorySurvey)]
pub(super) struct Survey {
    /// Always `SATISFACTION`.
    survey_type: &'static str,
    /// `FILLED`, or `OPEN` while there is no answer.
    survey_status: &'static str,
    /// In which dialog.
    dialog_id: String,
    /// The question with its answer.
    survey_data: Vec<SurveyAnswer>,
}

/// A question of a survey.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistorySurveyAnswer)]
struct SurveyAnswer {
    /// What was asked.
    question: String,
    /// What was answered: 1 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

pub(super) fn surveys(events: &Events) -> Vec<Survey> {
    let opened = events.iter().filter_map(|happened| match &happened.event {
        Event::DialogOpened {
            dialog_id,
            dialog_type: DialogKind::PostSurvey,
        } => Some(dialog_id),
        _ => None,
    });
    opened
        .map(|opened| {
            let mut messages = messages_of(events).map(|(_, message)| message);
            let question = messages.find(|message| message.dialog_id == *opened);
            let answer = events.iter().find_map(|happened| match &happened.event {
                Event::SurveyAnswered { dialog_id, csat } if dialog_id == opened => {
                    Some(csat.to_string())
                }
                _ => None,
            });
            Survey {
                survey_type: "SATISFACTION",
                survey_status: match answer {
                    Some(_) => "FILLED",
                    None => "OPEN",
                },
                dialog_id: opened.to_string(),
                survey_data: vec![SurveyAnswer {
                    question: question.map_or_else(String::new, |message| message.text.clone()),
                    answer,
                }],
            }
        })
        .collect()
}
