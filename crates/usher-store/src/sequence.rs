//! Logs: collections whose rows the store numbers, for each account from 1 without a gap.
//!
//! The last number of a log stands in a row of its own, so that a number never comes twice, not even
//! when the newest rows have expired.

use usher_model::id::AccountId;
use usher_model::time::Timestamp;

use crate::batch::{Action, Expect, Operation};
use crate::collection::kept;
use crate::store::{Field, Key, StoreError};

/// Returns the key of a row that has no number yet.
pub(crate) fn unnumbered(account: &AccountId) -> Key {
    Key::new(account, [""])
}

/// Returns the key of a row of a log.
#[must_use]
pub fn key(account: &AccountId, sequence: u64) -> Key {
    Key::new(account, [sequence.to_string().as_str()])
}

/// Returns a number as the bounds of a query have it.
#[must_use]
pub fn field(sequence: u64) -> Field {
    Field::Integer(i64::try_from(sequence).unwrap_or(i64::MAX))
}

/// Reads the number of a row of a log.
///
/// # Errors
/// Fails if the key is not one of a log.
pub fn of(key: &Key) -> Result<u64, StoreError> {
    let number = key.parts().first().and_then(|part| part.parse().ok());
    number.ok_or(StoreError::Unnumbered)
}

/// Returns the key of the row that holds the last number of a log.
pub(crate) fn counter_key(account: &AccountId, log: &str) -> Key {
    Key::new(account, [log])
}

/// Writes the last number of a log.
pub(crate) fn counter(account: &AccountId, log: &str, last: u64) -> Operation {
    Operation {
        collection: &kept::LOG_SEQUENCES,
        key: counter_key(account, log),
        expect: Expect::Any,
        action: Action::Put {
            fields: vec![field(last)],
            expires_at: None::<Timestamp>,
            document: "{}".to_owned(),
        },
    }
}
