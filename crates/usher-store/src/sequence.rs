//! Logs: collections whose rows the store numbers, for each account from 1 without a gap.
//!
//! The last number of a log stands in a row of its own, in [`kept::LOG_SEQUENCES`], so that a number
//! never comes twice, not even when the newest rows have expired.
//!
//! [`kept::LOG_SEQUENCES`]: crate::collection::kept::LOG_SEQUENCES

use usher_model::id::AccountId;

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
