//! What a conversation has come to, as far as figures need it: a fold of its events.

use std::sync::Arc;

use foldhash::HashMap;
use usher_model::id::{AccountId, AgentId, ConversationId};
use usher_model::limits;
use usher_store::record::event::{Event, Transfer};

use crate::App;
use crate::error::Result;
use crate::feed::{self, Happened};

/// Reasons of [`Event::LastAgentConsidered`] with which the consumer had no last agent.
const WITHOUT_LAST_AGENT: [&str; 6] = [
    "DISABLED",
    "UNAUTHENTICATED",
    "LOOKUP_ERROR",
    "LOOKUP_TIMEOUT",
    "NO_RECORD",
    "NO_HUMAN_AGENT",
];
/// The reason with which a conversation is kept for the last agent.
const LAST_AGENT: &str = "LAST_AGENT";
/// The outcome of a transfer with which somebody took a conversation.
const TAKEN_OVER: &str = "TAKEN_OVER";
/// Why a conversation that was kept for the last agent went to somebody else.
const NOT_TAKEN: &str = "NOT_TAKEN";

/// What a conversation has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Life {
    /// How the consumer writes.
    pub(super) channel: Option<String>,
    /// Whether it waits for somebody.
    pub(super) is_waiting: bool,
    /// Whether a bot has it, or had it last.
    pub(super) is_with_bot: bool,
    /// How often people transferred it.
    pub(super) transfers: u64,
    /// How long it waited for the first person, in milliseconds.
    pub(super) first_wait_ms: Option<u64>,
    considered: Option<Considered>,
}

/// What came of the look for the consumer's last agent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Considered {
    reason: String,
    agent: Option<AgentId>,
    /// The first person who got the conversation since.
    got_by: Option<AgentId>,
}

/// Who passes a conversation on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PassedOn {
    /// A bot, whose task that is.
    ByBot,
    /// Somebody who had it, or moved it from one queue to another.
    ByPerson,
}

/// Whether a returning consumer got the agent they had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Return<'l> {
    /// They did.
    ToLastAgent,
    /// They got somebody else, or nobody, for this reason.
    ToOther(&'l str),
}

impl Life {
    /// Takes in the next event.
    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::ConversationStarted { channel, .. } => {
                self.channel.clone_from(channel);
                self.is_waiting = true;
            }
            Event::Queued { .. } | Event::Requeued { .. } => self.is_waiting = true,
            Event::Assigned {
                agent_id,
                is_bot,
                waited_ms,
                ..
            } => {
                (self.is_waiting, self.is_with_bot) = (false, *is_bot);
                if !is_bot {
                    self.first_wait_ms.get_or_insert(*waited_ms);
                    if let Some(considered) = &mut self.considered {
                        considered.got_by.get_or_insert_with(|| agent_id.clone());
                    }
                }
            }
            Event::Transferred(transfer) => {
                self.is_waiting = transfer.assignment != "ASSIGNED";
                if self.passing_on(transfer) == Some(PassedOn::ByPerson) {
                    self.transfers += 1;
                }
            }
            Event::LastAgentConsidered {
                reason, agent_id, ..
            } => {
                self.considered = Some(Considered {
                    reason: reason.clone(),
                    agent: agent_id.clone(),
                    got_by: None,
                });
            }
            _ => {}
        }
    }

    /// Says who passes a conversation on; nobody, if somebody takes it from the queue.
    pub(super) fn passing_on(&self, transfer: &Transfer) -> Option<PassedOn> {
        match &transfer.from_agent_id {
            Some(_) if self.is_with_bot => Some(PassedOn::ByBot),
            None if transfer.outcome == TAKEN_OVER => None,
            _ => Some(PassedOn::ByPerson),
        }
    }

    /// Whether the consumer came back and got the agent they had; nothing if there was none.
    pub(super) fn returned(&self) -> Option<Return<'_>> {
        let considered = self.considered.as_ref()?;
        let reason = considered.reason.as_str();
        if WITHOUT_LAST_AGENT.contains(&reason) {
            return None;
        }
        Some(match &considered.got_by {
            _ if reason != LAST_AGENT => Return::ToOther(reason),
            Some(agent) if considered.agent.as_ref() == Some(agent) => Return::ToLastAgent,
            _ => Return::ToOther(NOT_TAKEN),
        })
    }
}

/// The open conversations of an account, as they are after an event.
#[derive(Debug, Default)]
pub(super) struct Lives {
    /// The last event that was taken in, whichever conversation it is of.
    pub(super) after: u64,
    known: HashMap<ConversationId, Life>,
}

impl Lives {
    /// Sees to it that what is known is as it was after an event.
    pub(super) fn stand_at(&mut self, cursor: u64) {
        if self.after != cursor {
            self.known.clear();
            self.after = cursor;
        }
    }

    /// Returns a conversation as it was before an event in it; what is not known is read.
    pub(super) async fn before(
        &mut self,
        app: &App,
        account: &AccountId,
        id: &ConversationId,
        happened: &Happened,
    ) -> Result<&mut Life> {
        if self.known.len() >= limits::ANALYTICS_LIVES_MAX {
            self.known.clear();
        }
        if !self.known.contains_key(id) {
            let is_new = matches!(happened.event, Event::ConversationStarted { .. });
            let life = if is_new {
                Life::default()
            } else {
                read(app, account, id, happened.sequence).await?
            };
            self.known.insert(id.clone(), life);
        }
        Ok(self.known.entry(id.clone()).or_default())
    }

    /// Forgets a conversation that has ended.
    pub(super) fn forget(&mut self, id: &ConversationId) {
        self.known.remove(id);
    }
}

/// Reads a conversation as it was before an event.
async fn read(app: &App, account: &AccountId, id: &ConversationId, before: u64) -> Result<Life> {
    let mut life = Life::default();
    let mut after = 0;
    loop {
        let limit = limits::FEED_PAGE_EVENTS;
        let (events, has_more) = feed::of_conversation(app, account, id, after, limit).await?;
        let earlier = |happened: &&Arc<Happened>| happened.sequence < before;
        for happened in events.iter().take_while(earlier) {
            life.take(&happened.event);
        }
        match events.last() {
            Some(last) if has_more && last.sequence < before => after = last.sequence,
            _ => return Ok(life),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(events: &[&str]) -> Life {
        let mut life = Life::default();
        for event in events {
            life.take(&serde_json::from_str(event).unwrap());
        }
        life
    }

    const STARTED: &str = r#"{"type":"CONVERSATION_STARTED","consumerId":"u","isAuthenticated":true,"channel":"SMS"}"#;
    const TO_BOT: &str =
        r#"{"type":"ASSIGNED","agentId":"b","isBot":true,"priority":"NEW","waitedMs":3}"#;
    const FROM_BOT: &str = r#"{"type":"TRANSFERRED","fromAgentId":"b","outcome":"TRANSFERRED_SKILL","assignment":"QUEUED"}"#;
    const TO_ADA: &str =
        r#"{"type":"ASSIGNED","agentId":"ada","priority":"TRANSFER","waitedMs":500}"#;
    const TO_BOB: &str =
        r#"{"type":"ASSIGNED","agentId":"bob","priority":"TRANSFER","waitedMs":900}"#;
    const FROM_ADA: &str = r#"{"type":"TRANSFERRED","fromAgentId":"ada","outcome":"TRANSFERRED_SKILL","assignment":"QUEUED"}"#;
    const BACK: &str = r#"{"type":"LAST_AGENT_CONSIDERED","reason":"LAST_AGENT","agentId":"ada"}"#;

    #[test]
    fn what_a_bot_hands_over_is_no_transfer_of_people() {
        let life = life(&[STARTED, TO_BOT, FROM_BOT, TO_ADA, FROM_ADA]);
        assert_eq!((life.transfers, life.first_wait_ms), (1, Some(500)));
        assert!(life.is_waiting);
        assert_eq!(life.channel.as_deref(), Some("SMS"));
    }

    #[test]
    fn who_takes_a_conversation_from_the_queue_transfers_nothing() {
        let taken = r#"{"type":"TRANSFERRED","toAgentId":"ada","outcome":"TAKEN_OVER","assignment":"ASSIGNED"}"#;
        let from = r#"{"type":"TRANSFERRED","fromAgentId":"ada","toAgentId":"bob","outcome":"TAKEN_OVER","assignment":"ASSIGNED"}"#;
        assert_eq!(life(&[STARTED, taken, TO_ADA]).transfers, 0);
        assert_eq!(life(&[STARTED, TO_ADA, from, TO_BOB]).transfers, 1);
    }

    #[test]
    fn a_consumer_is_back_only_if_the_last_agent_got_them_first() {
        assert_eq!(
            life(&[STARTED, BACK, TO_ADA, FROM_ADA, TO_BOB]).returned(),
            Some(Return::ToLastAgent)
        );
        assert_eq!(
            life(&[STARTED, BACK, TO_BOB]).returned(),
            Some(Return::ToOther("NOT_TAKEN"))
        );
        let offline =
            r#"{"type":"LAST_AGENT_CONSIDERED","reason":"AGENT_OFFLINE","agentId":"ada"}"#;
        assert_eq!(
            life(&[STARTED, offline, TO_ADA]).returned(),
            Some(Return::ToOther("AGENT_OFFLINE"))
        );
        let new = r#"{"type":"LAST_AGENT_CONSIDERED","reason":"NO_RECORD"}"#;
        assert_eq!(life(&[STARTED, new, TO_ADA]).returned(), None);
        assert_eq!(life(&[STARTED, TO_ADA]).returned(), None);
    }
}
