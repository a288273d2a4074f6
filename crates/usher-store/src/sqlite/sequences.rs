//! Numbers the rows of logs within one transaction.

use std::collections::HashMap;

use rusqlite::{OptionalExtension as _, Transaction};
use usher_model::id::AccountId;

use crate::batch::{Expect, Operation};
use crate::sequence;
use crate::sql::Tables;

const READ: &str = "SELECT last FROM log_sequences WHERE account_id = ?1 AND log = ?2";
const KEEP: &str = "INSERT INTO log_sequences (account_id, log, last, revision, document) \
     VALUES (?1, ?2, ?3, ?4, '{}') ON CONFLICT (account_id, log) \
     DO UPDATE SET last = excluded.last, revision = excluded.revision";

/// A log of an account.
type Log = (AccountId, &'static str);

/// The last numbers of the logs that a transaction appends to.
#[derive(Debug, Default)]
pub(super) struct Sequences {
    last: HashMap<Log, u64>,
    /// Which logs got a number, in order, so that those of a batch that conflicts are taken back.
    given: Vec<Log>,
}

impl Sequences {
    /// Gives the row of an operation that appends its number, and returns that. An operation on a
    /// collection that was not declared gets none: it will be refused.
    pub(super) fn number(
        &mut self,
        transaction: &Transaction<'_>,
        tables: &Tables,
        operation: &mut Operation,
    ) -> rusqlite::Result<Option<u64>> {
        if operation.expect != Expect::Next || tables.get(operation.collection).is_err() {
            return Ok(None);
        }
        let log = (operation.key.account().clone(), operation.collection.name);
        let last = match self.last.get(&log) {
            Some(last) => *last,
            None => read(transaction, &log)?,
        };
        let next = last + 1;
        operation.key = sequence::key(&log.0, next);
        self.last.insert(log.clone(), next);
        self.given.push(log);
        Ok(Some(next))
    }

    /// Returns a mark to which numbers can be taken back.
    pub(super) const fn mark(&self) -> usize {
        self.given.len()
    }

    /// Takes back the numbers that were given since the mark.
    pub(super) fn take_back(&mut self, mark: usize) {
        for log in self.given.drain(mark..) {
            if let Some(last) = self.last.get_mut(&log) {
                *last -= 1;
            }
        }
    }

    /// Writes the last numbers, with the rows that have them.
    pub(super) fn keep(
        &self,
        transaction: &Transaction<'_>,
        revision: &mut u64,
    ) -> rusqlite::Result<()> {
        if self.given.is_empty() {
            return Ok(());
        }
        let mut statement = transaction.prepare_cached(KEEP)?;
        for ((account, log), last) in &self.last {
            *revision += 1;
            statement.execute((account.as_str(), log, signed(*last), signed(*revision)))?;
        }
        Ok(())
    }
}

fn read(transaction: &Transaction<'_>, (account, log): &Log) -> rusqlite::Result<u64> {
    let mut statement = transaction.prepare_cached(READ)?;
    let last: Option<i64> = statement
        .query_row((account.as_str(), log), |row| row.get(0))
        .optional()?;
    Ok(last.and_then(|last| u64::try_from(last).ok()).unwrap_or(0))
}

/// Numbers are counted from 1 and never reach the end of an `i64`.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
