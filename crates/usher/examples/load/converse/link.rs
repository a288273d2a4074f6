//! The socket of one client, which is opened again when the server has died: from its cursor, and
//! with the commands that were not answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::world::World;
use crate::websocket::{Frame, Socket};

/// How long a server that was killed may be away.
const AWAY_MAX: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);
/// A reader that was too slow comes back with its cursor.
const SLOW: u16 = 4409;

/// One client of the stream.
pub(super) struct Link {
    world: Arc<World>,
    credential: String,
    scope: &'static str,
    /// The last event that was heard; nothing before the first subscription.
    cursor: Option<u64>,
    /// The newest event of the account when the socket was opened.
    newest: u64,
    socket: Option<Socket>,
    /// Commands without an answer, in their order.
    underway: BTreeMap<u64, Underway>,
    last_request: u64,
}

struct Underway {
    command: Value,
    asked_at: Instant,
}

/// What a client hears.
pub(super) enum Heard {
    Event(Event),
    Answer(Answer),
}

/// Something that happened.
pub(super) struct Event {
    pub(super) sequence: u64,
    pub(super) conversation: String,
    pub(super) what: What,
}

/// As much of an event as the load needs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct What {
    pub(super) r#type: String,
    pub(super) agent_id: Option<String>,
    pub(super) offer_id: Option<String>,
    pub(super) client_message_id: Option<String>,
}

impl What {
    /// Returns the number that its sender gave a message.
    pub(super) fn number(&self) -> Result<usize> {
        let number = self.client_message_id.as_deref().unwrap_or_default();
        number.parse().context("a message without a number")
    }
}

/// What came of a command.
pub(super) struct Answer {
    pub(super) command: Value,
    /// The sequence of the message that was sent; otherwise the problem's code.
    pub(super) result: std::result::Result<Option<u64>, String>,
    pub(super) took: Duration,
}

impl Answer {
    fn is_limited(&self) -> bool {
        self.result
            .as_ref()
            .is_err_and(|code| code == "RATE_LIMITED")
    }

    pub(super) fn field(&self, name: &str) -> &str {
        let field = self.command.get(name).and_then(Value::as_str);
        field.unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    r#type: String,
    sequence: Option<u64>,
    after: Option<u64>,
    conversation_id: Option<String>,
    event: Option<What>,
    request_id: Option<String>,
    result: Option<Outcome>,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
struct Outcome {
    sequence: Option<u64>,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
}

impl Link {
    /// Opens a socket and follows a scope, from what happens next or from behind an event.
    pub(super) async fn open(
        world: &Arc<World>,
        credential: String,
        scope: &'static str,
        after: Option<u64>,
    ) -> Result<Self> {
        let mut link = Self {
            world: Arc::clone(world),
            credential,
            scope,
            cursor: after,
            newest: 0,
            socket: None,
            underway: BTreeMap::new(),
            last_request: 0,
        };
        link.connect().await?;
        Ok(link)
    }

    pub(super) const fn newest(&self) -> u64 {
        self.newest
    }

    /// Gives a command; it is given again until it is answered.
    pub(super) async fn ask(&mut self, command: Value) -> Result<()> {
        self.last_request += 1;
        let text = framed(self.last_request, &command);
        let asked_at = Instant::now();
        let underway = Underway { command, asked_at };
        self.underway.insert(self.last_request, underway);
        if let Some(socket) = &mut self.socket
            && let Err(error) = socket.say(&text).await
        {
            self.lose(error)?;
        }
        Ok(())
    }

    /// Waits for the next event or answer. Cancel-safe.
    pub(super) async fn hear(&mut self) -> Result<Heard> {
        loop {
            let Some(socket) = &mut self.socket else {
                self.connect().await?;
                continue;
            };
            match socket.hear().await {
                Ok(Frame::Text(text)) => {
                    let Some(heard) = self.take(&text)? else {
                        continue;
                    };
                    match heard {
                        Heard::Answer(answer) if answer.is_limited() => self.wait(answer).await?,
                        heard => return Ok(heard),
                    }
                }
                Ok(Frame::Closed { code: SLOW, .. }) => {
                    self.socket = None;
                    self.world.records().slow += 1;
                }
                Ok(Frame::Closed { code, reason }) => {
                    self.lose(anyhow!("closed with {code}: {reason}"))?;
                }
                Err(error) => self.lose(error)?,
            }
        }
    }

    /// Gives a command once more: more came within a second than a socket may send.
    async fn wait(&mut self, answer: Answer) -> Result<()> {
        self.world.records().limited += 1;
        tokio::time::sleep(PAUSE).await;
        self.ask(answer.command).await
    }

    /// Takes over that the socket is gone, which it must not be unless the server is killed.
    fn lose(&mut self, error: anyhow::Error) -> Result<()> {
        self.socket = None;
        if !self.world.is_killed {
            return Err(error.context("expected the socket to live on"));
        }
        self.world.records().reconnected += 1;
        Ok(())
    }

    async fn connect(&mut self) -> Result<()> {
        let begun = Instant::now();
        loop {
            match self.try_connect().await {
                Ok(socket) => {
                    self.socket = Some(socket);
                    return Ok(());
                }
                Err(error) if !self.world.is_killed || begun.elapsed() > AWAY_MAX => {
                    return Err(error.context("cannot open the stream"));
                }
                Err(_away) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn try_connect(&mut self) -> Result<Socket> {
        let mut socket = Socket::open(self.world.address, &self.credential).await?;
        let ready = expect(&mut socket, "READY").await?;
        self.newest = ready.sequence.context("no sequence")?;
        let mut subscribe = json!({"type": "SUBSCRIBE", "requestId": "0",
            "scope": {"type": self.scope}});
        if let (Some(cursor), Some(fields)) = (self.cursor, subscribe.as_object_mut()) {
            fields.insert("after".to_owned(), cursor.into());
        }
        socket.say(&subscribe.to_string()).await?;
        self.cursor = expect(&mut socket, "SUBSCRIBED").await?.after;
        for (number, underway) in &self.underway {
            socket.say(&framed(*number, &underway.command)).await?;
        }
        Ok(socket)
    }

    fn take(&mut self, text: &[u8]) -> Result<Option<Heard>> {
        let said: Said = serde_json::from_slice(text)?;
        match (said.r#type.as_str(), said.event) {
            ("EVENT", Some(what)) => {
                let sequence = said.sequence.context("an event without a sequence")?;
                if self.cursor.is_some_and(|cursor| sequence <= cursor) {
                    bail!("event {sequence} came after {:?}", self.cursor);
                }
                self.cursor = Some(sequence);
                if what.r#type == "MESSAGE_SENT" {
                    self.world.records().shown(sequence);
                }
                Ok(Some(Heard::Event(Event {
                    sequence,
                    conversation: said.conversation_id.unwrap_or_default(),
                    what,
                })))
            }
            ("DONE" | "FAILED", _) => {
                let number = said.request_id.unwrap_or_default().parse()?;
                let underway = self.underway.remove(&number);
                let underway = underway.context("an answer to nothing")?;
                let result = match said.problem {
                    None => Ok(said.result.and_then(|outcome| outcome.sequence)),
                    Some(Problem { code, detail }) => {
                        if code == "INTERNAL" {
                            bail!("{}: {detail}", underway.command);
                        }
                        Err(code)
                    }
                };
                Ok(Some(Heard::Answer(Answer {
                    command: underway.command,
                    result,
                    took: underway.asked_at.elapsed(),
                })))
            }
            _ => Ok(None),
        }
    }
}

async fn expect(socket: &mut Socket, kind: &str) -> Result<Said> {
    match socket.hear().await? {
        Frame::Text(text) => {
            let said: Said = serde_json::from_slice(&text)?;
            if said.r#type != kind {
                bail!("expected {kind}, found {}", String::from_utf8_lossy(&text));
            }
            Ok(said)
        }
        Frame::Closed { code, reason } => bail!("closed with {code}: {reason}"),
    }
}

fn framed(number: u64, command: &Value) -> String {
    json!({"type": "COMMAND", "requestId": number.to_string(), "command": command}).to_string()
}
