//! Creations that may be sent twice: the caller names the request, and the second sending makes
//! nothing new.
//!
//! The name is kept in the commit of what it made, so that no crash lies between the two.

use std::time::Duration;

use serde::Serialize;
use usher_model::time::Timestamp;
use usher_store::collection::kept;
use usher_store::record::{self, Idempotency, Kept};
use usher_store::store::Key;

use crate::App;
use crate::caller::Caller;
use crate::error::{Code, Error, Result};
use crate::hash::{hexadecimal, sha256};

/// How long a name is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// A creation that may have been made before.
#[derive(Clone, Debug)]
pub(crate) struct Creation {
    /// The caller's name for it; nothing if it has none.
    named: Option<Named>,
}

#[derive(Clone, Debug)]
struct Named {
    actor: String,
    key: String,
    fingerprint: String,
}

impl Creation {
    /// Describes a creation by the operation and what was sent.
    pub(crate) fn new(caller: &Caller, operation: &str, sent: &impl Serialize) -> Result<Self> {
        let Some(key) = &caller.idempotency_key else {
            return Ok(Self { named: None });
        };
        let sent = serde_json::to_vec(&(operation, sent)).map_err(Error::internal)?;
        let fingerprint = hexadecimal(&sha256(sent));
        let named = Named {
            actor: caller.actor.clone(),
            key: key.clone(),
            fingerprint,
        };
        Ok(Self { named: Some(named) })
    }

    /// Returns what an earlier sending made, if there was one.
    ///
    /// # Errors
    /// Fails with [`Code::IdempotencyConflict`] if the name was used for another request.
    pub(crate) async fn earlier(&self, caller: &Caller, app: &App) -> Result<Option<String>> {
        let Some(named) = &self.named else {
            return Ok(None);
        };
        let key = Key::new(&caller.account, [named.actor.as_str(), named.key.as_str()]);
        let row = app.store.get(&kept::IDEMPOTENCY, &key, app.now()).await?;
        let known: Option<Kept<Idempotency>> = row.as_ref().map(record::read).transpose()?;
        match known {
            Some(known) if known.record.fingerprint != named.fingerprint => Err(Error::new(
                Code::IdempotencyConflict,
                "the `Idempotency-Key` was used for another request; use a new one",
            )),
            known => Ok(known.map(|known| known.record.target)),
        }
    }

    /// Returns what remembers that this creation made `target`.
    pub(crate) fn made(&self, target: &str, now: Timestamp) -> Option<Idempotency> {
        let named = self.named.as_ref()?;
        Some(Idempotency {
            actor: named.actor.clone(),
            key: named.key.clone(),
            fingerprint: named.fingerprint.clone(),
            target: target.to_owned(),
            expires_at: now.plus(REMEMBERED_FOR),
        })
    }
}

/// The same creation is being made at this moment.
pub(crate) fn under_way() -> Error {
    Error::new(
        Code::IdempotencyConflict,
        "a request with this `Idempotency-Key` is under way; send it again in a moment",
    )
}
