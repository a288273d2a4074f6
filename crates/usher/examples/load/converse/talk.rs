//! One conversation, from the opening to the close; it can be gone on with after the server died.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::floor;
use crate::client::Connection;
use crate::process::Node;
use crate::report::{Round, milliseconds, say};

/// How long a conversation may wait for an offer before something must be wrong.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// The pause after a look that found nothing; it doubles up to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(32);

/// Why a conversation did not go on.
pub(super) enum Trouble {
    /// The server is gone: nobody knows whether it did what it was asked last.
    Lost(anyhow::Error),
    /// The server answered something that it must not.
    Wrong(anyhow::Error),
}

type Outcome<T> = std::result::Result<T, Trouble>;

/// What a consumer and an agent know of their conversation.
#[derive(Clone)]
pub(super) struct Talk {
    number: usize,
    messages: usize,
    /// Its id, once the opening was acknowledged.
    pub(super) id: Option<String>,
    /// The last event that was seen.
    cursor: u64,
    /// What rings.
    offer: Option<Offer>,
    /// Who has accepted it.
    agent: Option<String>,
    /// How many messages were acknowledged.
    pub(super) acknowledged: usize,
    /// Where those behind the first stand, as the acknowledgements said.
    pub(super) sequences: Vec<u64>,
    is_closed: bool,
}

impl Talk {
    pub(super) const fn new(number: usize, messages: usize) -> Self {
        Self {
            number,
            messages,
            id: None,
            cursor: 0,
            offer: None,
            agent: None,
            acknowledged: 0,
            sequences: Vec::new(),
            is_closed: false,
        }
    }

    pub(super) const fn number(&self) -> usize {
        self.number
    }

    pub(super) const fn is_over(&self) -> bool {
        self.is_closed
    }

    /// What the sender calls a message.
    pub(super) fn message_name(&self, number: usize) -> String {
        format!("message-{}-{number}", self.number)
    }

    /// Goes on from where it stands to its end.
    pub(super) async fn live(
        &mut self,
        node: &Node,
        connection: &mut Connection,
        times: &mut Times,
    ) -> Outcome<()> {
        let mut asking = Asking { node, connection };
        let begun = Instant::now();
        if self.id.is_none() {
            self.open(&mut asking).await?;
            times.open.add(begun.elapsed(), false);
        }
        let id = self.id.clone().context("no id").map_err(Trouble::Wrong)?;
        let mut tried_at = None;
        while self.agent.is_none() {
            let offer = self.await_offer(&id, begun, &mut asking, times).await?;
            let Some(offer) = offer else { continue };
            let tried_at = *tried_at.get_or_insert_with(Instant::now);
            let body = json!({"asAgent": offer.agent});
            let path = format!("/api/v1/offers/{}/accept", offer.id);
            match asking.ask("POST", &path, &body).await? {
                (200, _) => {
                    times.accept.add(tried_at.elapsed(), false);
                    self.agent = Some(offer.agent);
                }
                // It rings no longer, an accept before the server died was done, or the node does
                // not know yet what it has written: the timeline says which.
                (409, _) => times.refused += 1,
                (status, body) => return Err(wrong("accept", status, &body)),
            }
        }
        while self.acknowledged < self.messages {
            let sent_at = Instant::now();
            self.say(&id, &mut asking).await?;
            times.message.add(sent_at.elapsed(), false);
        }
        let closed_at = Instant::now();
        let path = format!("/api/v1/conversations/{id}/close");
        match asking.ask("POST", &path, &json!({})).await? {
            (200, _) => {}
            (409, body) if body.pointer("/code") == Some(&json!("CONVERSATION_CLOSED")) => {}
            (status, body) => return Err(wrong("close", status, &body)),
        }
        times.close.add(closed_at.elapsed(), false);
        self.is_closed = true;
        Ok(())
    }

    async fn open(&mut self, asking: &mut Asking<'_>) -> Outcome<()> {
        let body = json!({
            "skillId": floor::skill(self.number),
            "consumerId": format!("consumer-{}", self.number),
            "message": text(0),
            "clientMessageId": self.message_name(0),
        });
        let name = format!("open-{}", self.number);
        let body = body.to_string();
        let request = asking.node.creation("/api/v1/conversations", &name, &body);
        match asking.send(&request).await? {
            (201, body) => {
                self.id = Some(string(&body, "/id")?);
                self.acknowledged = 1;
                Ok(())
            }
            (status, body) => Err(wrong("open", status, &body)),
        }
    }

    /// Waits until the conversation rings; nothing if it turns out that somebody has it.
    async fn await_offer(
        &mut self,
        id: &str,
        begun: Instant,
        asking: &mut Asking<'_>,
        times: &mut Times,
    ) -> Outcome<Option<Offer>> {
        let mut pause = PAUSE_MIN;
        loop {
            let after = self.cursor;
            let path = format!("/api/v1/conversations/{id}/timeline?after={after}");
            let (status, body) = asking.ask("GET", &path, &Value::Null).await?;
            if status != 200 {
                return Err(wrong("timeline", status, &body));
            }
            for item in body
                .pointer("/items")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.cursor = number(item, "/sequence")?;
                match string(item, "/event/type")?.as_str() {
                    "OFFERED" => {
                        self.offer = Some(Offer {
                            id: string(item, "/event/offerId")?,
                            agent: string(item, "/event/agentId")?,
                        });
                        times.wait.add(begun.elapsed(), false);
                    }
                    "OFFER_ENDED" => self.offer = None,
                    "ASSIGNED" => {
                        self.agent = Some(string(item, "/event/agentId")?);
                        return Ok(None);
                    }
                    _ => {}
                }
            }
            // One that was refused is tried again, as long as the timeline says that it rings.
            if self.offer.is_some() && begun.elapsed() < WAIT_MAX {
                return Ok(self.offer.clone());
            }
            if begun.elapsed() > WAIT_MAX {
                let path = format!("/api/v1/conversations/{id}/why");
                let (_, why) = asking.ask("GET", &path, &Value::Null).await?;
                let error = anyhow!("`{id}` could not be accepted in {WAIT_MAX:?}: {why}");
                return Err(Trouble::Wrong(error));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Sends the next message, the agent's and the consumer's in turns.
    async fn say(&mut self, id: &str, asking: &mut Asking<'_>) -> Outcome<()> {
        let mut body = json!({
            "text": text(self.acknowledged),
            "clientMessageId": self.message_name(self.acknowledged),
        });
        let (who, name) = match &self.agent {
            Some(agent) if self.acknowledged % 2 == 1 => ("asAgent", json!(agent)),
            _ => ("asConsumer", json!(true)),
        };
        if let Some(fields) = body.as_object_mut() {
            fields.insert(who.to_owned(), name);
        }
        let path = format!("/api/v1/conversations/{id}/messages");
        match asking.ask("POST", &path, &body).await? {
            (200 | 201, body) => {
                self.sequences.push(number(&body, "/sequence")?);
                self.acknowledged += 1;
                Ok(())
            }
            (status, body) => Err(wrong("message", status, &body)),
        }
    }
}

/// What a message says.
pub(super) fn text(number: usize) -> String {
    format!("Message {number}: I have a question about my order, could you look into it, please?")
}

#[derive(Clone)]
struct Offer {
    id: String,
    agent: String,
}

/// A connection with the credential.
struct Asking<'a> {
    node: &'a Node,
    connection: &'a mut Connection,
}

impl Asking<'_> {
    async fn ask(&mut self, method: &str, path: &str, body: &Value) -> Outcome<(u16, Value)> {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let request = self.node.request(method, path, &body);
        self.send(&request).await
    }

    async fn send(&mut self, request: &[u8]) -> Outcome<(u16, Value)> {
        let answer = self.connection.exchange(request).await;
        let answer = answer.map_err(Trouble::Lost)?;
        let body = serde_json::from_str(&answer.body()).context("expected a body of JSON");
        Ok((answer.status, body.map_err(Trouble::Wrong)?))
    }
}

fn wrong(what: &str, status: u16, body: &Value) -> Trouble {
    Trouble::Wrong(anyhow!("{what} was answered with {status}: {body}"))
}

fn string(value: &Value, pointer: &str) -> Outcome<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    let found = found.with_context(|| format!("no text at `{pointer}` of {value}"));
    found.map(str::to_owned).map_err(Trouble::Wrong)
}

fn number(value: &Value, pointer: &str) -> Outcome<u64> {
    let found = value.pointer(pointer).and_then(Value::as_u64);
    let found = found.with_context(|| format!("no number at `{pointer}` of {value}"));
    found.map_err(Trouble::Wrong)
}

/// How long each step took.
#[derive(Default)]
pub(super) struct Times {
    open: Round,
    /// From the opening until the offer was seen.
    wait: Round,
    accept: Round,
    message: Round,
    close: Round,
    /// Accepts of what rang, and that were tried again.
    refused: usize,
}

impl Times {
    pub(super) fn merge(&mut self, other: Self) {
        self.open.merge(other.open);
        self.wait.merge(other.wait);
        self.accept.merge(other.accept);
        self.message.merge(other.message);
        self.close.merge(other.close);
        self.refused += other.refused;
    }

    pub(super) fn finish(&mut self, elapsed: Duration) {
        for (_, round) in self.rows() {
            round.finish(elapsed);
        }
    }

    const fn rows(&mut self) -> [(&'static str, &mut Round); 5] {
        [
            ("open", &mut self.open),
            ("opened until offer seen", &mut self.wait),
            ("accept: assignments", &mut self.accept),
            ("message", &mut self.message),
            ("close", &mut self.close),
        ]
    }

    /// Prints a line for each step.
    pub(super) fn print(&mut self) {
        let title = "";
        say(&format!(
            "{title:<24} {:>10} {:>10} {:>10} {:>10}",
            "a second", "p50", "p99", "p99.9"
        ));
        for (name, round) in self.rows() {
            let [p50, p99, p999] =
                [500, 990, 999].map(|permille| milliseconds(round.percentile(permille)));
            let per_second = round.per_second();
            say(&format!(
                "{name:<24} {per_second:>10.0} {p50:>10} {p99:>10} {p999:>10}"
            ));
        }
        if self.refused > 0 {
            say(&format!(
                "{} accepts were refused and tried again",
                self.refused
            ));
        }
    }
}
