//! What the events alone tell: nothing acknowledged is missing, and nobody had too much.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};

use super::floor::PLACES;
use super::link::Event;

/// The account as its events tell it, checked with each of them.
#[derive(Default)]
pub(super) struct Ledger {
    last: u64,
    conversations: HashMap<String, Conversation>,
    /// How many conversations each agent has, those that ring among them.
    held: HashMap<String, usize>,
    open: usize,
    assignments: usize,
    held_max: usize,
}

#[derive(Default)]
struct Conversation {
    holder: Option<Holder>,
    /// Where its messages stand.
    messages: Vec<u64>,
    is_closed: bool,
}

enum Holder {
    Ringing(String),
    Assigned(String),
}

impl Ledger {
    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// Whether every conversation has ended.
    pub(super) const fn is_quiet(&self) -> bool {
        self.open == 0
    }

    /// Returns how many conversations have ended.
    pub(super) fn ended(&self) -> usize {
        self.conversations.len() - self.open
    }

    /// Takes an event; fails if it must not have happened.
    pub(super) fn take(&mut self, event: &Event) -> Result<()> {
        let sequence = event.sequence;
        ensure!(
            sequence == self.last + 1,
            "event {sequence} came after {}: some are missing",
            self.last
        );
        self.last = sequence;
        self.change(event)
            .with_context(|| format!("event {sequence}, conversation `{}`", event.conversation))
    }

    fn change(&mut self, event: &Event) -> Result<()> {
        let what = &event.what;
        let agent = || what.agent_id.clone().context("no agent");
        match what.r#type.as_str() {
            "CONVERSATION_STARTED" => {
                let new = Conversation::default();
                let before = self.conversations.insert(event.conversation.clone(), new);
                ensure!(before.is_none(), "it began twice");
                self.open += 1;
            }
            "MESSAGE_SENT" => {
                let conversation = self.open(&event.conversation)?;
                let (number, expected) = (what.number()?, conversation.messages.len());
                ensure!(number == expected, "message {number}, expected {expected}");
                conversation.messages.push(event.sequence);
            }
            "OFFERED" => self.hold(&event.conversation, Holder::Ringing(agent()?))?,
            "ASSIGNED" => {
                let agent = agent()?;
                let conversation = self.open(&event.conversation)?;
                if let Some(Holder::Ringing(other)) = &conversation.holder {
                    ensure!(*other == agent, "`{agent}` has what rang at `{other}`");
                    self.release(&event.conversation);
                }
                self.hold(&event.conversation, Holder::Assigned(agent))?;
                self.assignments += 1;
            }
            // An offer that was accepted ends with the assignment, which may come before.
            "OFFER_ENDED" => {
                let conversation = self.open(&event.conversation)?;
                if matches!(conversation.holder, Some(Holder::Ringing(_))) {
                    self.release(&event.conversation);
                }
            }
            "REQUEUED" | "TRANSFERRED" => self.release(&event.conversation),
            "CONVERSATION_CLOSED" => {
                self.open(&event.conversation)?.is_closed = true;
                self.release(&event.conversation);
                self.open -= 1;
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, id: &str) -> Result<&mut Conversation> {
        let conversation = self.conversations.get_mut(id).context("it never began")?;
        ensure!(!conversation.is_closed, "it is closed");
        Ok(conversation)
    }

    fn hold(&mut self, id: &str, holder: Holder) -> Result<()> {
        let conversation = self.open(id)?;
        let (Holder::Ringing(agent) | Holder::Assigned(agent)) = &holder;
        if let Some(Holder::Ringing(other) | Holder::Assigned(other)) = &conversation.holder {
            bail!("it goes to `{agent}`, but `{other}` has it");
        }
        let agent = agent.clone();
        conversation.holder = Some(holder);
        let held = self.held.entry(agent.clone()).or_default();
        *held += 1;
        ensure!(*held <= PLACES, "`{agent}` has {held} of {PLACES}");
        self.held_max = self.held_max.max(*held);
        Ok(())
    }

    fn release(&mut self, id: &str) {
        let holder = self
            .conversations
            .get_mut(id)
            .and_then(|one| one.holder.take());
        if let Some(Holder::Ringing(agent) | Holder::Assigned(agent)) = holder
            && let Some(held) = self.held.get_mut(&agent)
        {
            *held -= 1;
        }
    }

    /// Looks whether every message that was acknowledged is where its acknowledgement said.
    pub(super) fn check(
        &self,
        acknowledged: &BTreeMap<String, BTreeMap<usize, Option<u64>>>,
    ) -> Result<()> {
        for (id, messages) in acknowledged {
            let conversation = self.conversations.get(id);
            let found = &conversation
                .with_context(|| format!("`{id}` is lost"))?
                .messages;
            for (number, promised) in messages {
                let found = found.get(*number).copied();
                ensure!(
                    found.is_some() && promised.is_none_or(|promised| found == Some(promised)),
                    "message {number} of `{id}` was acknowledged at {promised:?} and is {found:?}"
                );
            }
        }
        Ok(())
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: usize = self
            .conversations
            .values()
            .map(|one| one.messages.len())
            .sum();
        write!(
            f,
            "checked {} events: {} conversations, {messages} messages each once and in order, {} \
             assignments, one assignee at a time, at most {} at once of {PLACES}",
            self.last,
            self.conversations.len(),
            self.assignments,
            self.held_max
        )
    }
}
