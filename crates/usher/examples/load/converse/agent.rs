//! An agent: comes, takes every conversation that rings, answers, and closes after the last message.

use std::sync::Arc;

use anyhow::{Result, bail};
use serde_json::json;
use tokio::sync::Semaphore;

use super::link::{Answer, Event, Heard, Link};
use super::talk;
use super::world::World;

/// Works until the task is ended; gives `there` a permit when it has come.
pub(super) async fn work(
    world: Arc<World>,
    agent: String,
    key: String,
    there: Arc<Semaphore>,
) -> Result<()> {
    let mut link = Link::open(&world, key, "OWN", None).await?;
    let come = json!({"type": "SET_AVAILABILITY", "status": "ONLINE"});
    link.ask(come).await?;
    loop {
        match link.hear().await? {
            Heard::Event(event) => react(&world, &agent, &mut link, &event).await?,
            Heard::Answer(answer) => note(&world, &there, &answer)?,
        }
    }
}

async fn react(world: &World, agent: &str, link: &mut Link, event: &Event) -> Result<()> {
    let conversation = event.conversation.as_str();
    let is_mine = event.what.agent_id.as_deref() == Some(agent);
    match event.what.r#type.as_str() {
        "OFFERED" if is_mine => {
            let accept = json!({"type": "ACCEPT", "offerId": event.what.offer_id});
            link.ask(accept).await
        }
        // Whoever takes a conversation answers the message it was opened with.
        "ASSIGNED" if is_mine => answer(world, link, conversation, 0).await,
        "MESSAGE_SENT" => {
            let number = event.what.number()?;
            if talk::is_of_consumer(number) {
                world.records().arrived(conversation, number);
            }
            answer(world, link, conversation, number).await
        }
        _ => Ok(()),
    }
}

/// Does what is to be done after a message.
async fn answer(world: &World, link: &mut Link, conversation: &str, number: usize) -> Result<()> {
    let next = number + 1;
    if next == world.messages {
        let close = json!({"type": "CLOSE", "conversationId": conversation});
        return link.ask(close).await;
    }
    if talk::is_of_consumer(next) {
        return Ok(());
    }
    talk::say(world, link, conversation, next).await
}

fn note(world: &World, there: &Semaphore, answer: &Answer) -> Result<()> {
    let mut records = world.records();
    match (answer.field("type"), &answer.result) {
        ("SET_AVAILABILITY", Ok(_)) => there.add_permits(1),
        ("ACCEPT", Ok(_)) => records.times.accept.add(answer.took, false),
        // What rang no longer, or what was accepted already before the server died.
        ("ACCEPT", Err(code)) if code.starts_with("OFFER_") || code == "ALREADY_ASSIGNED" => {
            records.refused += 1;
        }
        ("SAY", Ok(Some(sequence))) => talk::acknowledged(&mut records, answer, *sequence)?,
        ("CLOSE", Ok(_)) => records.times.close.add(answer.took, false),
        ("CLOSE", Err(code)) if code == "CONVERSATION_CLOSED" => {}
        (_, result) => bail!("{} was answered with {result:?}", answer.command),
    }
    Ok(())
}
