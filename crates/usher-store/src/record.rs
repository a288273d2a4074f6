//! What is on disk: the documents of the collections, as serde types.
//!
//! Fields are only added, each new one with a default, so that a node reads what an older one wrote.

pub mod conversation;
pub mod event;
pub mod figures;
pub mod floor;
pub mod function;
pub mod outbox;
pub mod settings;
pub mod sign_in;
pub mod skill;
pub mod user;

mod access;
mod context;
mod decision;
pub mod decision_block;
mod rules;
mod usage;

pub use access::{Account, Audit, Credential, CredentialUse, Idempotency};
pub use context::{
    ContextDocument, ContextNamespace, ContextSession, Property, Sde, SdeLeaf, WrittenProperty,
};
pub use conversation::{
    CloseReason, Closed, Conversation, Dialog, DialogKind, Participant, ParticipantRole, Priority,
    SentMessage, Skip, Suggestion, Ticket, TicketState, Turn,
};
pub use decision::{
    ActionsView, Decision, DecisionHead, DecisionView, FactNames, FactValue, FactView, FactsView,
    Fault,
};
pub use decision_block::{DecisionBlock, StoredDecision, Word, WrittenDecision};
pub use event::{Event, Happened};
pub use floor::{AgentLease, AgentSeat, AgentStatus, DeskLease};
pub use function::{
    Function, FunctionHead, FunctionLog, FunctionUse, FunctionVersion, ScheduledRun, Secret,
};
pub use rules::{
    Attribute, AttributeCall, AttributeParameter, ParameterSource, Policy, RuleVersion, Ruleset,
};
pub use settings::{ConsumerIdentity, Settings};
pub use sign_in::{SignIn, SignInLink, SignInTries};
pub use skill::{Engagement, Skill};
pub use usage::{PolicyUse, QuarterCounts, RunCounts};
pub use user::{AgentGroup, User};

use serde::Serialize;
use serde::de::DeserializeOwned;
use usher_model::id::AccountId;
use usher_model::time::Timestamp;

use crate::batch::{AppendRow, Batch, Expect, PutRow};
use crate::collection::Collection;
use crate::sequence;
use crate::store::{Field, Key, Row, StoreError};

/// A document of one collection.
pub trait Record: Serialize + DeserializeOwned {
    /// Where it is kept.
    const COLLECTION: &'static Collection;

    /// Returns its key in an account.
    fn key(&self, account: &AccountId) -> Key;

    /// Returns its index fields, in the order of the collection's columns.
    fn fields(&self) -> Vec<Field> {
        Vec::new()
    }

    /// Returns from when on nobody sees it.
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }
}

/// A record as it was read, with the revision that a conditional write names.
#[derive(Clone, Debug)]
pub struct Kept<R> {
    /// What was read.
    pub record: R,
    /// Its revision.
    pub revision: u64,
}

/// Reads a row's document.
///
/// # Errors
/// Fails if the document is not what this version or an older one wrote.
pub fn read<R: Record>(row: &Row) -> Result<Kept<R>, StoreError> {
    let record = serde_json::from_str(&row.document)
        .map_err(|source| StoreError::unreadable(R::COLLECTION, source))?;
    Ok(Kept {
        record,
        revision: row.revision,
    })
}

/// A document of one log: its place in it comes from the store.
pub trait LogRecord: Serialize + DeserializeOwned {
    /// Where it is kept.
    const COLLECTION: &'static Collection;

    /// Returns its index fields, in the order of the collection's columns.
    fn fields(&self) -> Vec<Field> {
        Vec::new()
    }

    /// Returns from when on nobody sees it.
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }
}

/// Reads a row of a log: its sequence and its document.
///
/// # Errors
/// Fails if the row is not what this version or an older one wrote.
pub fn read_logged<R: LogRecord>(row: &Row) -> Result<(u64, R), StoreError> {
    let record = serde_json::from_str(&row.document)
        .map_err(|source| StoreError::unreadable(R::COLLECTION, source))?;
    Ok((sequence::of(&row.key)?, record))
}

impl Batch {
    /// Adds a record to what is written.
    ///
    /// # Errors
    /// Fails if the record cannot be written as JSON, which is a mistake of ours.
    pub fn put_record<R: Record>(
        &mut self,
        account: &AccountId,
        record: &R,
        expect: Expect,
    ) -> Result<&mut Self, StoreError> {
        let document = serde_json::to_string(record)
            .map_err(|source| StoreError::unreadable(R::COLLECTION, source))?;
        let row = PutRow {
            key: record.key(account),
            fields: record.fields(),
            expires_at: record.expires_at(),
            document,
        };
        self.put(R::COLLECTION, row, expect);
        Ok(self)
    }

    /// Adds a record to what is appended to a log of the account.
    ///
    /// # Errors
    /// Fails if the record cannot be written as JSON, which is a mistake of ours.
    pub fn append_record<R: LogRecord>(
        &mut self,
        account: &AccountId,
        record: &R,
    ) -> Result<&mut Self, StoreError> {
        let document = serde_json::to_string(record)
            .map_err(|source| StoreError::unreadable(R::COLLECTION, source))?;
        let row = AppendRow {
            account: account.clone(),
            fields: record.fields(),
            expires_at: record.expires_at(),
            document,
        };
        self.append(R::COLLECTION, row);
        Ok(self)
    }
}
