//! One change of configuration: what is written, who did it, all in one batch.

use serde::Serialize;
use usher_model::id::AuditId;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_store::batch::{Batch, CommitError, Expect};
use usher_store::collection::Collection;
use usher_store::record::{self, Record};
use usher_store::store::Key;

use crate::App;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::idempotency::Creation;

/// A change under way.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    app: &'a App,
    caller: &'a Caller,
    pub(crate) now: Timestamp,
    batch: Batch,
}

impl<'a> Change<'a> {
    pub(crate) fn new(app: &'a App, caller: &'a Caller) -> Self {
        let now = app.now();
        Self {
            app,
            caller,
            now,
            batch: Batch::new(now),
        }
    }

    /// Adds a record to what is written.
    pub(crate) fn put<R: Record>(&mut self, record: &R, expect: Expect) -> Result<&mut Self> {
        self.batch
            .put_record(&self.caller.account, record, expect)?;
        Ok(self)
    }

    /// Adds a record to what is removed.
    pub(crate) fn delete<R: Record>(&mut self, record: &R, expect: Expect) -> &mut Self {
        self.batch
            .delete(R::COLLECTION, record.key(&self.caller.account), expect);
        self
    }

    /// Adds a row that is removed without being looked at.
    pub(crate) fn delete_key(
        &mut self,
        collection: &'static Collection,
        key: Key,
        expect: Expect,
    ) -> &mut Self {
        self.batch.delete(collection, key, expect);
        self
    }

    /// Notes who does this, and what was before and is now.
    pub(crate) fn audit(
        &mut self,
        action: &str,
        target: String,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Result<&mut Self> {
        let entry = record::Audit {
            id: AuditId::mint(&self.app.ids),
            at: self.now,
            actor: self.caller.actor.clone(),
            request_id: self.caller.request_id.to_string(),
            action: action.to_owned(),
            target,
            before,
            after,
        };
        self.put(&entry, Expect::Absent)
    }

    /// Notes what a creation made, if its caller named it.
    pub(crate) fn remember(&mut self, creation: &Creation, target: &str) -> Result<&mut Self> {
        match creation.made(target, self.now) {
            Some(made) => self.put(&made, Expect::Absent),
            None => Ok(self),
        }
    }

    /// Writes everything, or nothing.
    pub(crate) async fn commit(self) -> Result<()> {
        self.try_commit().await?;
        Ok(())
    }

    /// Writes everything, or nothing; returns the new revision of each record in order.
    pub(crate) async fn try_commit(self) -> std::result::Result<Vec<u64>, CommitError> {
        self.app.store.commit(self.batch).await
    }
}

/// Characters of what people call a skill, a credential or a user.
pub(crate) const NAME_CHARS_MAX: usize = 200;

/// Refuses a name that is empty, too long, or would break a line of a list or a log.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let is_long = name.chars().count() > NAME_CHARS_MAX;
    if name.trim().is_empty() || is_long || name.chars().any(char::is_control) {
        let message = format!(
            "expected a name of 1 to {NAME_CHARS_MAX} characters, none a control character"
        );
        return Err(Error::field("#/name", message));
    }
    Ok(())
}

/// Returns a record as the audit log and the rules' history keep it.
pub(crate) fn to_value<R: Serialize>(record: &R) -> Result<Value> {
    serde_json::to_value(record).map_err(Error::internal)
}
