//! What is said: message 0 opens a conversation, the odd ones are the agent's, the even ones the
//! consumer's.

use anyhow::Result;
use serde_json::json;

use super::link::{Answer, Link};
use super::world::{Records, World};

pub(super) const fn is_of_consumer(number: usize) -> bool {
    number.is_multiple_of(2)
}

/// Sends a message.
pub(super) async fn say(
    world: &World,
    link: &mut Link,
    conversation: &str,
    number: usize,
) -> Result<()> {
    world.records().sent(conversation, number);
    let say = json!({"type": "SAY", "conversationId": conversation, "text": text(number),
        "clientMessageId": number.to_string()});
    link.ask(say).await
}

/// Notes that a message was acknowledged.
pub(super) fn acknowledged(records: &mut Records, answer: &Answer, sequence: u64) -> Result<()> {
    let number = answer.field("clientMessageId").parse()?;
    records.acknowledge(answer.field("conversationId"), number, Some(sequence));
    records.times.message.add(answer.took, false);
    Ok(())
}

pub(super) fn text(number: usize) -> String {
    format!("Message {number}: I have a question about my order, could you look into it, please?")
}
