//! What the timelines tell afterwards: nothing acknowledged is missing, and nobody had too much.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tokio::task::JoinSet;

use super::floor::PLACES;
use super::talk::{Talk, text};
use crate::client::Connection;
use crate::process::{Node, Server};

/// What was looked at; all of it was as it must be.
pub(super) struct Checked {
    conversations: usize,
    messages: usize,
    assignments: usize,
    /// The most conversations that any agent had at once.
    held_max: usize,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "checked {} timelines: {} acknowledged messages once and in order, {} assignments, \
             one assignee at a time, at most {} at once of {PLACES}",
            self.conversations, self.messages, self.assignments, self.held_max
        )
    }
}

/// A change of who has a conversation.
enum Turn {
    Assigned(String),
    Free,
}

/// Reads every timeline and checks it, then all assignments in the account's order.
pub(super) async fn check(
    node: &Arc<Node>,
    server: &Server,
    talks: &[Talk],
    connections: usize,
) -> Result<Checked> {
    let known: Arc<Vec<Talk>> = Arc::new(
        talks
            .iter()
            .filter(|talk| talk.id.is_some())
            .cloned()
            .collect(),
    );
    let mut readers = JoinSet::new();
    for first in 0..connections {
        let mut connection = Connection::open(server.address).await?;
        let (node, known) = (Arc::clone(node), Arc::clone(&known));
        readers.spawn(async move {
            let mut turns = BTreeMap::new();
            for talk in known.iter().skip(first).step_by(connections) {
                let id = talk.id.as_deref().unwrap_or_default();
                let events = timeline(&node, &mut connection, id).await?;
                check_messages(talk, &events).with_context(|| format!("conversation `{id}`"))?;
                for (sequence, event) in &events {
                    if let Some(turn) = turn(event)? {
                        turns.insert(*sequence, (id.to_owned(), turn));
                    }
                }
            }
            Ok(turns)
        });
    }
    let mut turns = BTreeMap::new();
    while let Some(read) = readers.join_next().await {
        let read: Result<BTreeMap<u64, (String, Turn)>> = read.context("a reader panicked")?;
        turns.extend(read?);
    }
    let (assignments, held_max) = check_turns(&turns)?;
    Ok(Checked {
        conversations: known.len(),
        messages: known.iter().map(|talk| talk.acknowledged).sum(),
        assignments,
        held_max,
    })
}

/// Reads a whole timeline: sequences and events.
async fn timeline(node: &Node, connection: &mut Connection, id: &str) -> Result<Vec<(u64, Value)>> {
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let path = format!("/api/v1/conversations/{id}/timeline?after={after}");
        let answer = connection.exchange(&node.request("GET", &path, "")).await?;
        let mut page: Value = serde_json::from_str(&answer.succeeded()?.body())?;
        let items = page.get_mut("items").and_then(Value::as_array_mut);
        for item in items.context("no `items`")? {
            let sequence = item.get("sequence").and_then(Value::as_u64);
            let sequence = sequence.context("an event without a sequence")?;
            ensure!(sequence > after, "event {sequence} came after {after}");
            after = sequence;
            let event = item.get_mut("event").context("no `event`")?;
            events.push((sequence, event.take()));
        }
        if page.get("nextAfter").is_none() {
            return Ok(events);
        }
    }
}

/// Every acknowledged message is there once, in order and where the acknowledgement said; of those
/// that were not, only the one that was under way may be there.
fn check_messages(talk: &Talk, events: &[(u64, Value)]) -> Result<()> {
    let mut found = 0;
    for (sequence, event) in events {
        if kind(event)? != "MESSAGE_SENT" {
            continue;
        }
        let name = event.get("clientMessageId").and_then(Value::as_str);
        let expected = talk.message_name(found);
        ensure!(
            name == Some(&expected),
            "expected message `{expected}`, found {event}"
        );
        let said = event.get("text").and_then(Value::as_str);
        ensure!(said == Some(&text(found)), "another text in {event}");
        let promised = found
            .checked_sub(1)
            .and_then(|index| talk.sequences.get(index));
        if promised.is_some_and(|promised| promised != sequence) {
            bail!("`{expected}` was acknowledged as {promised:?} and is {sequence}");
        }
        found += 1;
    }
    let acknowledged = talk.acknowledged;
    ensure!(
        (acknowledged..=acknowledged + 1).contains(&found),
        "{acknowledged} messages were acknowledged, {found} are there"
    );
    ensure!(
        !talk.is_over()
            || events
                .iter()
                .any(|(_, event)| kind(event).is_ok_and(|kind| kind == "CONVERSATION_CLOSED")),
        "the close was acknowledged and is not there"
    );
    Ok(())
}

fn kind(event: &Value) -> Result<&str> {
    let kind = event.get("type").and_then(Value::as_str);
    kind.context("an event without a type")
}

fn turn(event: &Value) -> Result<Option<Turn>> {
    Ok(match kind(event)? {
        "ASSIGNED" => {
            let agent = event.get("agentId").and_then(Value::as_str);
            Some(Turn::Assigned(
                agent.context("assigned to nobody")?.to_owned(),
            ))
        }
        "REQUEUED" | "TRANSFERRED" | "CONVERSATION_CLOSED" => Some(Turn::Free),
        _ => None,
    })
}

/// Follows who has what; returns how many assignments there were and the most that one agent had.
fn check_turns(turns: &BTreeMap<u64, (String, Turn)>) -> Result<(usize, usize)> {
    let mut assignee: HashMap<&str, &str> = HashMap::new();
    let mut held: HashMap<&str, usize> = HashMap::new();
    let (mut assignments, mut held_max) = (0, 0);
    for (sequence, (conversation, turn)) in turns {
        match turn {
            Turn::Assigned(agent) => {
                if let Some(other) = assignee.insert(conversation, agent) {
                    bail!(
                        "event {sequence}: `{conversation}` went to `{agent}`, but `{other}` has it"
                    );
                }
                let held = held.entry(agent).or_default();
                *held += 1;
                ensure!(
                    *held <= PLACES,
                    "event {sequence}: `{agent}` has {held} of {PLACES}"
                );
                assignments += 1;
                held_max = held_max.max(*held);
            }
            Turn::Free => {
                let freed = assignee.remove(conversation.as_str());
                if let Some(held) = freed.and_then(|agent| held.get_mut(agent)) {
                    *held -= 1;
                }
            }
        }
    }
    Ok((assignments, held_max))
}
