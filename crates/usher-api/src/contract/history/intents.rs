//! What a conversation was about: what bots told of its messages, and what it came to.
//!
//! A bot tells it in the metadata of a message, as an item of the type `BotResponse` with `intents`.

use serde::{Deserialize, Serialize};
use usher_app::last_agent::Intent;
use usher_model::id::MessageId;
use usher_model::value::Value;
use utoipa::ToSchema;

use super::super::shape::time;
use super::events::{Events, messages_of};

/// What a message was taken to be about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryMessageIntents)]
pub(super) struct MessageIntents {
    /// The message that tells it.
    #[schema(value_type = String)]
    message_id: MessageId,
    /// When.
    time: String,
    /// The same in milliseconds.
    time_l: i64,
    /// What is most likely.
    selected_classification: HistoryIntent,
    /// Everything that it may be about.
    all_classifications: Vec<HistoryIntent>,
}

/// Something that a conversation can be about.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct HistoryIntent {
    /// Which one.
    intent_id: String,
    /// What people call it.
    intent_name: String,
    /// How sure the bot was, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence_score: Option<f64>,
}

/// An item of a message's metadata, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Item {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    intents: Vec<Told>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    id: Option<String>,
    name: Option<String>,
    confidence_score: Option<f64>,
}

/// Reads what a message's metadata tells; what is not of that shape is somebody else's.
fn told(metadata: &Value) -> Vec<HistoryIntent> {
    let items = match metadata {
        Value::Array(items) => items.as_slice(),
        item => std::slice::from_ref(item),
    };
    let items = items.iter().filter_map(|item| Item::deserialize(item).ok());
    let told = items.filter(|item| item.kind == "BotResponse");
    let intents = told.flat_map(|item| item.intents).filter_map(|intent| {
        let intent_id = intent.id.clone().or_else(|| intent.name.clone())?;
        Some(HistoryIntent {
            intent_name: intent.name.unwrap_or_else(|| intent_id.clone()),
            intent_id,
            confidence_score: intent.confidence_score,
        })
    });
    let mut intents: Vec<HistoryIntent> = intents.collect();
    let score = |intent: &HistoryIntent| intent.confidence_score.unwrap_or(0.0);
    intents.sort_by(|one, other| score(other).total_cmp(&score(one)));
    intents
}

/// Returns what each message was taken to be about, the likeliest first.
pub(super) fn of_messages(events: &Events) -> Vec<MessageIntents> {
    let intents = messages_of(events).filter_map(|(at, message)| {
        let all = told(&message.metadata);
        Some(MessageIntents {
            message_id: message.message_id,
            time: time(at),
            time_l: at.milliseconds(),
            selected_classification: all.first()?.clone(),
            all_classifications: all,
        })
    });
    intents.collect()
}

/// Returns what the conversation was about, each once: what it came to in the end is the last.
pub(super) fn unique(events: &Events, latest: Option<&Intent>) -> Vec<HistoryIntent> {
    let selected = of_messages(events).into_iter();
    let latest = latest.map(|intent| HistoryIntent {
        intent_id: intent.id.clone(),
        intent_name: intent.name.clone().unwrap_or_else(|| intent.id.clone()),
        confidence_score: None,
    });
    let mut unique: Vec<HistoryIntent> = Vec::new();
    for intent in selected
        .map(|one| one.selected_classification)
        .chain(latest)
    {
        unique.retain(|one| one.intent_id != intent.intent_id);
        unique.push(intent);
    }
    unique
}
