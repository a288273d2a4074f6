//! Consumers: each comes with a token of its own, has a few conversations and goes; then the next
//! one comes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::time::Instant;
use usher_model::limits;

use super::link::{Heard, Link};
use super::world::World;
use super::{floor, talk};
use crate::client::{Connection, request};
use crate::process::ACCOUNT;

const PAUSE: Duration = Duration::from_millis(20);

/// Has conversations, one after the other, until there are no more to begin.
pub(super) async fn come(world: Arc<World>) -> Result<()> {
    // No consumer says more than one may say at once.
    let said = world.messages.div_ceil(2).max(1);
    let conversations = usize::try_from(limits::CONSUMER_MESSAGES_BURST)? / said;
    let mut consumer: Option<Consumer> = None;
    while let Some(number) = world.arrival().await {
        let mut one = match consumer.take() {
            Some(one) => one,
            None => Consumer::come(&world, conversations.max(1)).await?,
        };
        let talked = one.talk(number).await;
        talked.with_context(|| format!("conversation {number}"))?;
        one.conversations_left -= 1;
        consumer = Some(one).filter(|one| one.conversations_left > 0);
    }
    Ok(())
}

struct Consumer {
    world: Arc<World>,
    token: String,
    plain: Plain,
    link: Link,
    conversations_left: usize,
}

impl Consumer {
    async fn come(world: &Arc<World>, conversations: usize) -> Result<Self> {
        let mut plain = Plain::new(world);
        let body = json!({"account": ACCOUNT}).to_string();
        let request = request("POST", "/api/v1/consumer-tokens", "", &body);
        let issued = plain.insist(&request).await?;
        let token = text(&issued, "/accessToken")?;
        Ok(Self {
            world: Arc::clone(world),
            link: Link::open(world, token.clone(), "OWN", None).await?,
            token,
            plain,
            conversations_left: conversations,
        })
    }

    /// Has a conversation from its opening to its end.
    async fn talk(&mut self, number: usize) -> Result<()> {
        let begun = Instant::now();
        let body = json!({"skillId": floor::skill(number), "message": talk::text(0),
            "clientMessageId": "0"});
        let key = format!("{}\r\nidempotency-key: open-{number}", self.token);
        let open = request("POST", "/api/v1/conversations", &key, &body.to_string());
        let opened = self.plain.insist(&open).await?;
        let id = text(&opened, "/id")?;
        {
            let mut records = self.world.records();
            records.times.open.add(begun.elapsed(), false);
            records.acknowledge(&id, 0, None);
        }
        loop {
            match self.link.hear().await? {
                Heard::Event(event) if event.conversation == id => {
                    match event.what.r#type.as_str() {
                        "ASSIGNED" => {
                            let mut records = self.world.records();
                            records.times.wait.add(begun.elapsed(), false);
                        }
                        "MESSAGE_SENT" => self.answer(&id, event.what.number()?).await?,
                        "CONVERSATION_CLOSED" => return Ok(()),
                        _ => {}
                    }
                }
                Heard::Event(_) => {}
                Heard::Answer(answer) => match answer.result {
                    Ok(Some(sequence)) => {
                        talk::acknowledged(&mut self.world.records(), &answer, sequence)?;
                    }
                    result => bail!("{} was answered with {result:?}", answer.command),
                },
            }
        }
    }

    async fn answer(&mut self, id: &str, number: usize) -> Result<()> {
        if !talk::is_of_consumer(number) {
            self.world.records().arrived(id, number);
        }
        let next = number + 1;
        if next < self.world.messages && talk::is_of_consumer(next) {
            talk::say(&self.world, &mut self.link, id, next).await?;
        }
        Ok(())
    }
}

/// Plain requests, sent again until they are answered.
struct Plain {
    world: Arc<World>,
    connection: Option<Connection>,
}

impl Plain {
    fn new(world: &Arc<World>) -> Self {
        Self {
            world: Arc::clone(world),
            connection: None,
        }
    }

    /// Sends a request that makes one thing however often it is sent, and returns what it made.
    async fn insist(&mut self, request: &[u8]) -> Result<Value> {
        loop {
            match self.exchange(request).await {
                Ok((201, body)) => return Ok(body),
                // More consumers come than an account lets in, or the server is not yet itself.
                Ok((429 | 503, _)) => tokio::time::sleep(PAUSE).await,
                Ok((status, body)) => bail!("answered with {status}: {body}"),
                Err(error) if !self.world.is_killed => return Err(error),
                Err(_away) => {
                    self.connection = None;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<(u16, Value)> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Connection::open(self.world.address).await?),
        };
        let answer = connection.exchange(request).await?;
        let body = serde_json::from_str(&answer.body()).unwrap_or_default();
        Ok((answer.status, body))
    }
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    let found = found.with_context(|| format!("no text at `{pointer}` of {value}"))?;
    Ok(found.to_owned())
}
