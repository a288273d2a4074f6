//! What is written in one step: rows of conversations and agents, events, and what a use case adds.

use usher_model::id::{AccountId, AgentId, ConversationId, DecisionId, ParticipantId};
use usher_model::time::Timestamp;
use usher_routing::command::Change;
use usher_store::batch::{Batch, Expect};
use usher_store::record::{Conversation, Event, Happened, Kept, TicketState};

use super::{AccountDesk, events, rows};
use crate::App;
use crate::error::{Error, Result};

/// What is written with a change of the desk: all of it or nothing.
pub(crate) struct Writing<'a> {
    pub(crate) app: &'a App,
    pub(crate) now: Timestamp,
    /// What a use case adds; it comes before the rows of the floor.
    pub(crate) batch: Batch,
    /// Who asks for a transfer, if it is not an agent.
    pub(crate) by: Option<ParticipantId>,
    /// The decision that brings a transfer.
    pub(crate) decision: Option<DecisionId>,
    desk: &'a AccountDesk,
    conversations: Vec<Conversation>,
    /// A conversation off the floor, with the revision that it must have.
    amended: Option<(ConversationId, u64)>,
    events: Vec<Happened>,
}

/// A batch that is ready, and which parts of the store's answer belong to what.
pub(super) struct Ready {
    pub(super) batch: Batch,
    /// Operations before the rows of the floor.
    pub(super) rows_at: usize,
    /// How many rows of the floor; what comes after them are events.
    pub(super) rows: usize,
    pub(super) events: Vec<Happened>,
}

impl<'a> Writing<'a> {
    pub(super) fn new(
        app: &'a App,
        desk: &'a AccountDesk,
        now: Timestamp,
        conversations: Vec<Conversation>,
    ) -> Self {
        Self {
            app,
            now,
            batch: Batch::new(now),
            by: None,
            decision: None,
            desk,
            conversations,
            amended: None,
            events: Vec::new(),
        }
    }

    /// Returns the account in which this happens.
    pub(crate) const fn account(&self) -> &'a AccountId {
        &self.desk.account
    }

    /// Adds a conversation that begins.
    pub(crate) fn begin(&mut self, conversation: Conversation) {
        self.conversations.push(conversation);
    }

    /// Has a conversation written that is off the floor.
    pub(super) fn amend(&mut self, kept: Kept<Conversation>) {
        self.amended = Some((kept.record.id.clone(), kept.revision));
        self.conversations.push(kept.record);
    }

    /// Returns a conversation whose row the step writes.
    pub(crate) fn conversation(&mut self, id: &ConversationId) -> Result<&mut Conversation> {
        let mut conversations = self.conversations.iter_mut();
        conversations
            .find(|conversation| conversation.id == *id)
            .ok_or_else(|| Error::internal(format!("the step does not write conversation `{id}`")))
    }

    /// Adds something that happens in a conversation, for whoever has it.
    pub(crate) fn happens(&mut self, id: &ConversationId, event: Event) -> Result<()> {
        let agent = assignee(self.conversation(id)?).cloned();
        self.note(Some(id.clone()), agent, event);
        Ok(())
    }

    /// Whether an agent is a program.
    pub(super) fn is_bot(&self, agent: &AgentId) -> bool {
        self.desk.lock().rules.is_bot(agent)
    }

    pub(super) fn note(
        &mut self,
        conversation_id: Option<ConversationId>,
        agent_id: Option<AgentId>,
        event: Event,
    ) {
        self.events.push(Happened {
            conversation_id,
            agent_id,
            at: self.now,
            event,
            expires_at: None,
        });
    }

    /// Adds the rows of the change and what it means.
    pub(super) fn finish(mut self, change: &Change) -> Result<Ready> {
        let account = &self.desk.account;
        for happening in &change.happenings {
            events::take(&mut self, happening)?;
        }
        let kept_for = self.desk.lock().rules.conversations_kept_for();
        let expires_at = self.now.plus(kept_for);
        if let Some((id, revision)) = self.amended.take() {
            let conversation = self.conversation(&id)?;
            if conversation.closed.is_some() {
                conversation.expires_at = Some(expires_at);
            }
            let conversation = conversation.clone();
            let expect = Expect::Revision(revision);
            self.batch.put_record(account, &conversation, expect)?;
        }
        let rows_at = self.batch.len();
        for write in &change.tickets {
            let ticket = write.after.as_ref().map(rows::ticket_record);
            let conversation = self.conversation(&write.conversation)?;
            conversation.ticket = ticket;
            if conversation.closed.is_some() {
                conversation.expires_at = Some(expires_at);
            }
        }
        let written = change.tickets.iter();
        for (write, conversation) in written.zip(in_order(change, &self.conversations)) {
            let expect = expect(write.expected);
            self.batch.put_record(account, conversation?, expect)?;
        }
        for write in &change.seats {
            let seat = rows::seat_record(&write.after);
            self.batch
                .put_record(account, &seat, expect(write.expected))?;
        }
        for event in &mut self.events {
            event.expires_at = Some(expires_at);
            self.batch.append_record(account, event)?;
        }
        Ok(Ready {
            batch: self.batch,
            rows_at,
            rows: change.tickets.len() + change.seats.len(),
            events: self.events,
        })
    }
}

/// Returns the conversations' rows in the order in which a change names them.
fn in_order<'c>(
    change: &'c Change,
    conversations: &'c [Conversation],
) -> impl Iterator<Item = Result<&'c Conversation>> {
    change.tickets.iter().map(|write| {
        let mut conversations = conversations.iter();
        conversations
            .find(|one| one.id == write.conversation)
            .ok_or_else(|| Error::internal("a step writes a conversation that it did not read"))
    })
}

/// Returns who has a conversation.
pub(crate) fn assignee(conversation: &Conversation) -> Option<&AgentId> {
    match &conversation.ticket.as_ref()?.state {
        TicketState::Assigned { agent_id, .. } => Some(agent_id),
        TicketState::Queued | TicketState::Offered { .. } => None,
    }
}

const fn expect(revision: Option<u64>) -> Expect {
    match revision {
        Some(revision) => Expect::Revision(revision),
        None => Expect::Absent,
    }
}
