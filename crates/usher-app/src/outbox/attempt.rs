//! One attempt to deliver one event.

use std::collections::BTreeSet;
use std::sync::Arc;

use reqwest::{Method, Url};
use serde_json::json;
use tokio::time::Instant;
use usher_model::id::{AccountId, AgentId, ConversationId, RequestId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_store::record::outbox::Webhook;

use super::functions;
use crate::App;
use crate::error::Result;
use crate::events::{self, Filter};
use crate::feed::Happened;
use crate::outbound::Request;
use crate::webhooks::{self, signature};

/// Who gets events.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A webhook, and what it wants.
    Webhook(Box<Webhook>, Filter),
    /// The functions of the account: of which of the contracts' events somebody wants to be told.
    Functions(Arc<BTreeSet<&'static str>>),
}

/// What is sent to a webhook.
#[derive(Debug)]
pub(crate) struct Message<'m> {
    /// The same for every attempt.
    pub(crate) id: RequestId,
    /// The event's type.
    pub(crate) kind: &'m str,
    /// Which conversation or agent it is about.
    pub(crate) subject: Option<&'m str>,
    /// Its place among the account's events.
    pub(crate) sequence: Option<u64>,
    /// When it happened.
    pub(crate) at: Timestamp,
    /// The event.
    pub(crate) data: Value,
}

impl Target {
    /// Returns a receiver by its name; nothing if it is gone.
    pub(crate) async fn find(
        app: &Arc<App>,
        account: &AccountId,
        name: &str,
    ) -> Result<Option<Self>> {
        if name == super::FUNCTIONS {
            let wanted = functions::wanted(app, account).await?;
            return Ok(Some(Self::Functions(Arc::new(wanted))));
        }
        let webhook = webhooks::find(app, account, name).await?;
        Ok(webhook.map(|kept| {
            // What a newer version knows and this one does not, it cannot send either.
            let filter = Filter::parse(&kept.record.events).unwrap_or_default();
            Self::Webhook(Box::new(kept.record), filter)
        }))
    }

    /// Whether anything is sent now.
    pub(super) const fn is_enabled(&self) -> bool {
        match self {
            Self::Webhook(webhook, _) => webhook.is_enabled,
            Self::Functions(_) => true,
        }
    }

    /// Whether an event is to be delivered.
    pub(super) fn wants(&self, happened: &Happened) -> bool {
        match self {
            Self::Webhook(_, filter) => filter.wants(&happened.event),
            Self::Functions(wanted) => {
                let event = functions::event_of(&happened.event);
                event.is_some_and(|event| wanted.contains(event))
            }
        }
    }

    /// Returns what the receiver is called in metrics.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Webhook(..) => "webhook",
            Self::Functions(_) => "functions",
        }
    }

    /// Delivers an event; a failure says why, for people.
    pub(crate) async fn deliver(
        &self,
        app: &Arc<App>,
        account: &AccountId,
        happened: &Happened,
    ) -> std::result::Result<(), String> {
        match self {
            Self::Functions(_) => functions::deliver(app, account, happened)
                .await
                .map_err(|error| format!("{}: {}", error.code.as_str(), error.message)),
            Self::Webhook(webhook, _) => {
                let conversation = happened
                    .conversation_id
                    .as_ref()
                    .map(ConversationId::as_str);
                let agent = happened.agent_id.as_ref().map(AgentId::as_str);
                let message = Message {
                    id: events::id(account, happened),
                    kind: events::kind(&happened.event),
                    subject: conversation.or(agent),
                    sequence: Some(happened.sequence),
                    at: happened.at,
                    data: events::to_json(happened).map_err(|error| error.message)?,
                };
                post(app, account, webhook, &message).await
            }
        }
    }
}

/// Posts a message to a webhook; a failure says why, for people.
pub(crate) async fn post(
    app: &App,
    account: &AccountId,
    webhook: &Webhook,
    message: &Message<'_>,
) -> std::result::Result<(), String> {
    let secrets = webhooks::secrets(app, account, webhook).map_err(|error| error.message)?;
    let body = body(account, message).to_string().into_bytes();
    let id = format!("msg_{}", message.id);
    let timestamp = app.now().milliseconds().div_euclid(1_000);
    let header = |name: &str, value: String| (name.to_owned(), value);
    let headers = [
        header(
            "content-type",
            "application/cloudevents+json; charset=utf-8".to_owned(),
        ),
        header("user-agent", "usher".to_owned()),
        header("webhook-id", id.clone()),
        header("webhook-timestamp", timestamp.to_string()),
        header(
            "webhook-signature",
            signature::sign(&secrets, &id, timestamp, &body),
        ),
    ];
    let answered = app.outbound.send(Request {
        method: Method::POST,
        url: &webhook.url,
        headers: &headers,
        body,
        deadline: Instant::now() + app.options.outbound.delivery_timeout,
        answer_bytes_max: limits::WEBHOOK_ANSWER_BYTES_MAX,
        redirects_max: 0,
        rule: &|_host| true,
    });
    match answered.await {
        Ok(response) if (200..300).contains(&response.status) => Ok(()),
        Ok(response) => Err(format!(
            "expected a status of 2xx, found {}",
            response.status
        )),
        Err(error) => Err(chain(&error)),
    }
}

/// Returns a message in the JSON format of CloudEvents 1.0.
fn body(account: &AccountId, message: &Message<'_>) -> Value {
    let mut body = json!({
        "specversion": "1.0",
        "id": message.id,
        "source": source(account),
        "type": message.kind,
        "time": message.at,
        "datacontenttype": "application/json",
        "data": message.data,
    });
    if let Some(fields) = body.as_object_mut() {
        if let Some(subject) = message.subject {
            fields.insert("subject".to_owned(), subject.into());
        }
        if let Some(sequence) = message.sequence {
            // The extension `sequence`: texts that sort as the events do.
            fields.insert("sequence".to_owned(), format!("{sequence:020}").into());
        }
    }
    body
}

/// Returns an account as the source of events: a reference by its path.
fn source(account: &AccountId) -> String {
    let mut source = Url::parse("usher:/").map_err(drop);
    if let Ok(url) = &mut source
        && let Ok(mut path) = url.path_segments_mut()
    {
        path.extend(["accounts", account.as_str()]);
    }
    source.map_or_else(|()| "/accounts".to_owned(), |url| url.path().to_owned())
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
