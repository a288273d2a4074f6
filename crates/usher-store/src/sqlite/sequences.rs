//! Numbers the rows of logs within one transaction.

use std::collections::HashMap;

use rusqlite::{OptionalExtension as _, Transaction};
use usher_model::id::AccountId;

use super::read::bind;
use crate::batch::{Expect, Operation};
use crate::collection::kept;
use crate::sequence;
use crate::sql::Tables;

type Log = (AccountId, &'static str);

/// The last numbers of the logs that a transaction appends to.
#[derive(Debug, Default)]
pub(super) struct Sequences {
    last: HashMap<Log, u64>,
    /// Which logs got a number, in order, so that those of a batch that conflicts are taken back.
    given: Vec<Log>,
}

impl Sequences {
    /// Gives the row of an operation that appends its number, and returns that.
    pub(super) fn number(
        &mut self,
        transaction: &Transaction<'_>,
        tables: &Tables,
        operation: &mut Operation,
    ) -> rusqlite::Result<Option<u64>> {
        if operation.expect != Expect::Next {
            return Ok(None);
        }
        let log = (operation.key.account().clone(), operation.collection.name);
        let last = match self.last.get(&log) {
            Some(last) => *last,
            None => read(transaction, tables, &log)?,
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
        tables: &Tables,
        revision: &mut u64,
    ) -> rusqlite::Result<()> {
        if self.given.is_empty() {
            return Ok(());
        }
        let Ok(table) = tables.get(&kept::LOG_SEQUENCES) else {
            return Err(rusqlite::Error::InvalidQuery);
        };
        for ((account, log), last) in &self.last {
            *revision += 1;
            let counter = sequence::counter(account, log, *last);
            let now = usher_model::time::Timestamp::EPOCH;
            if let Some((sql, values)) = table.write(&counter, now, Some(*revision)) {
                let mut statement = transaction.prepare_cached(sql)?;
                bind(&mut statement, &values)?;
                statement.raw_execute()?;
            }
        }
        Ok(())
    }
}

fn read(transaction: &Transaction<'_>, tables: &Tables, log: &Log) -> rusqlite::Result<u64> {
    if tables.get(&kept::LOG_SEQUENCES).is_err() {
        return Err(rusqlite::Error::InvalidQuery);
    }
    let sql = "SELECT last FROM log_sequences WHERE account_id = ?1 AND log = ?2";
    let mut statement = transaction.prepare_cached(sql)?;
    let last: Option<i64> = statement
        .query_row([log.0.as_str(), log.1], |row| row.get(0))
        .optional()?;
    Ok(last.and_then(|last| u64::try_from(last).ok()).unwrap_or(0))
}
