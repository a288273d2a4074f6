//! Appending to logs: the last thing that a transaction does.
//!
//! The row that counts a log stays locked until the transaction ends. So the numbers of an account
//! come in the order of the commits, and a transaction that is taken back leaves no gap. Meanwhile
//! nobody else appends to the log: it is locked when nothing can be in the way any more, the commit
//! follows in the same message, and several logs are locked by all in the same order.

use std::collections::BTreeMap;

use tokio_postgres::{Error, Row};
use usher_model::id::AccountId;

use super::write::{Parameter, columns, number};
use crate::batch::{Batch, Expect, Operation};
use crate::sql::{self, Table, Tables, Value};
use crate::store::StoreError;

/// The statement that appends to a log of an account.
pub(super) struct Append<'a> {
    pub(super) table: &'a Table,
    pub(super) parameters: Vec<Parameter<'a>>,
    /// Where its rows stand in the batch.
    positions: Vec<usize>,
}

/// Returns a statement for each log of an account that a batch appends to, in the order in which
/// they are to be sent.
pub(super) fn appends<'a>(
    tables: &'a Tables,
    batch: &'a Batch,
) -> Result<Vec<Append<'a>>, StoreError> {
    let mut logs: BTreeMap<(&AccountId, &str), Vec<(usize, &Operation)>> = BTreeMap::new();
    for (position, operation) in batch.operations.iter().enumerate() {
        if operation.expect == Expect::Next {
            let log = (operation.key.account(), operation.collection.name);
            logs.entry(log).or_default().push((position, operation));
        }
    }
    let appends = logs.into_values().map(|rows| {
        let (positions, operations): (Vec<usize>, Vec<&Operation>) = rows.into_iter().unzip();
        Append::new(tables, positions, &operations)
    });
    appends.collect()
}

impl<'a> Append<'a> {
    /// The operations append to the same log.
    pub(super) fn new(
        tables: &'a Tables,
        positions: Vec<usize>,
        operations: &[&'a Operation],
    ) -> Result<Self, StoreError> {
        let first = operations.first().ok_or(StoreError::Closed)?;
        let table = tables.get(first.collection)?;
        let count = i64::try_from(operations.len()).unwrap_or(i64::MAX);
        let mut parameters = vec![
            Parameter::Value(Value::Text(first.key.account().as_str())),
            Parameter::Value(Value::Integer(count)),
        ];
        let rows: Vec<_> = operations.iter().map(|one| sql::row_values(one)).collect();
        // Their accounts are all the same, and their numbers are not known yet.
        parameters.extend(columns(table.collection, &rows).into_iter().skip(2));
        Ok(Self {
            table,
            parameters,
            positions,
        })
    }

    /// Notes the numbers of the rows at their places in the batch.
    pub(super) fn note(&self, answer: &[Row], written: &mut [u64]) -> Result<(), Error> {
        let numbers: Result<Vec<u64>, Error> = answer.iter().map(|row| number(row, 0)).collect();
        let mut numbers = numbers?;
        // In the order of the batch the rows have the next numbers, however they are returned.
        numbers.sort_unstable();
        for (position, number) in self.positions.iter().zip(numbers) {
            if let Some(place) = written.get_mut(*position) {
                *place = number;
            }
        }
        Ok(())
    }
}
