//! The engagement attributes that came with a conversation's start.

use serde::Serialize;
use serde_json::json;
use usher_app::conversations::Conversation;
use usher_model::value::Value;
use utoipa::ToSchema;

use super::super::shape::time;

/// What was said of the consumer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistorySdes)]
pub(super) struct Sdes {
    /// By group: `CUSTOMER_INFO` and `PERSONAL_INFO`.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
}

/// Returns what was said of the consumer at the start, if it was said so: with or without the brand
/// vouching for it.
pub(super) fn said(conversation: &Conversation, is_authenticated: bool) -> Sdes {
    let said = &conversation.sdes;
    let is_so = said.get("isAuthenticated").and_then(Value::as_bool) == Some(is_authenticated);
    let at = time(conversation.started_at);
    let groups = [
        ("customerInfo", "CUSTOMER_INFO"),
        ("personalInfo", "PERSONAL_INFO"),
    ];
    let events = groups.into_iter().filter_map(|(group, kind)| {
        let fields = said.get(group)?.as_object()?;
        let is_told = is_so && !fields.is_empty();
        is_told.then(|| json!({"sdeType": kind, group: {"serverTimeStamp": at, group: fields}}))
    });
    Sdes {
        events: events.collect(),
    }
}
