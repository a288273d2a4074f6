//! Writing a batch.
//!
//! A batch is cut into statements: runs of puts into one collection become one statement of many
//! rows, every other operation one of its own. Each statement looks for itself whether its row is as
//! expected and holds the row's lock until the end, so that what one of them saw is still true when
//! the transaction commits.

use std::collections::{HashMap, HashSet};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use bytes::BytesMut;
use futures_util::future::{MaybeDone, maybe_done};
use futures_util::stream::TryStreamExt as _;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Error, Row, Statement};
use usher_model::limits;
use usher_model::time::Timestamp;

use super::append::{Append, appends};
use super::connect::{Connection, Lease, Pool};
use crate::batch::{Action, Batch, CommitError, Conflict, Expect, Operation};
use crate::collection::{Collection, ColumnKind};
use crate::sql::{self, Table, Tables, Value};
use crate::store::StoreError;

/// What a statement came to: the revisions or numbers of its rows, or why the batch cannot be.
type Outcome = Result<Vec<u64>, CommitError>;

/// Writes a batch, again if the server gave it up to end a deadlock.
pub(super) async fn commit(
    pool: &Pool,
    tables: &Tables,
    batch: &Batch,
) -> Result<Vec<u64>, CommitError> {
    let mut is_in_bulk = true;
    let mut retries = 0;
    loop {
        match attempt(pool, tables, batch, is_in_bulk).await {
            Ok(outcome) => return outcome,
            // Which row of many it was is found out one by one.
            Err(Failure::InBulk) => is_in_bulk = false,
            Err(Failure::Error(error)) => {
                let is_deadlock = error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED);
                if !is_deadlock || retries == limits::STORE_DEADLOCK_RETRIES_MAX {
                    return Err(error.into());
                }
                retries += 1;
            }
            Err(Failure::Store(error)) => return Err(error.into()),
        }
    }
}

pub(super) enum Failure {
    /// A row of a statement of many violates a unique index.
    InBulk,
    Error(Error),
    Store(StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

async fn attempt(
    pool: &Pool,
    tables: &Tables,
    batch: &Batch,
    is_in_bulk: bool,
) -> Result<Outcome, Failure> {
    let (statements, appends) = (cut(tables, batch, is_in_bulk)?, appends(tables, batch)?);
    let mut written = vec![0; batch.operations.len()];
    match (statements.as_slice(), appends.as_slice()) {
        ([statement], []) if statement.is_whole() => {
            let connection = pool.share().await?;
            let prepared = connection.prepare(statement.sql).await?;
            let parameters = &statement.parameters;
            let answer = query(&connection, &prepared, parameters).await;
            return Ok(statement.outcome(answer)?.map(|revisions| {
                statement.note(&revisions, &mut written);
                written
            }));
        }
        ([], [append]) => {
            let connection = pool.share().await?;
            let prepared = connection.prepare(&append.table.append).await?;
            let answer = query(&connection, &prepared, &append.parameters).await?;
            append.note(&answer, &mut written)?;
            return Ok(Ok(written));
        }
        _ => {}
    }
    let lease = pool.lease().await?;
    let (connection, mut answered) = (&lease.connection, 0);
    let outcome = transact(
        connection,
        "BEGIN",
        &statements,
        &mut written,
        &mut answered,
    )
    .await;
    let ended = end(lease, outcome, &appends, &mut written).await?;
    Ok(ended.map(|()| written))
}

/// Sends every statement of a transaction at once and reads the answers, counting those that say
/// that all is well; does not end it.
pub(super) async fn transact(
    connection: &Connection,
    begin: &str,
    statements: &[Cut<'_>],
    written: &mut [u64],
    answered: &mut usize,
) -> Result<Result<(), CommitError>, Failure> {
    let mut prepared = Vec::with_capacity(statements.len());
    for statement in statements {
        prepared.push(connection.prepare(statement.sql).await?);
    }
    let begun = send(connection.client.batch_execute(begin)).await;
    let mut requests = Vec::with_capacity(statements.len());
    for (statement, prepared) in statements.iter().zip(&prepared) {
        requests.push(send(query(connection, prepared, &statement.parameters)).await);
    }
    answer(begun).await?.map_err(Failure::Error)?;
    for (statement, request) in statements.iter().zip(requests) {
        // Answers behind the first one that fails say only that it failed.
        match statement.outcome(answer(request).await?)? {
            Ok(revisions) => statement.note(&revisions, written),
            Err(conflict) => return Ok(Err(conflict)),
        }
        *answered += 1;
    }
    Ok(Ok(()))
}

/// Appends and commits, or takes back; gives the connection back if it is of use.
pub(super) async fn end(
    lease: Lease<'_>,
    outcome: Result<Result<(), CommitError>, Failure>,
    appends: &[Append<'_>],
    written: &mut [u64],
) -> Result<Result<(), CommitError>, Failure> {
    let connection = &lease.connection;
    if !matches!(outcome, Ok(Ok(()))) {
        if connection.client.batch_execute("ROLLBACK").await.is_ok() {
            lease.give_back();
        }
        return outcome;
    }
    let mut prepared = Vec::with_capacity(appends.len());
    for append in appends {
        prepared.push(connection.prepare(&append.table.append).await?);
    }
    let mut requests = Vec::with_capacity(appends.len());
    for (append, prepared) in appends.iter().zip(&prepared) {
        requests.push(send(query(connection, prepared, &append.parameters)).await);
    }
    // Behind a statement that failed this takes the transaction back.
    let committed = connection.client.batch_execute("COMMIT").await;
    let mut appended = Ok(());
    for (append, request) in appends.iter().zip(requests) {
        let answer = answer(request).await?;
        appended = appended.and(answer.and_then(|rows| append.note(&rows, written)));
    }
    if committed.is_ok() {
        lease.give_back();
    }
    appended?;
    committed?;
    Ok(Ok(()))
}

type Request<F> = Pin<Box<MaybeDone<F>>>;

/// Puts a request on its way: it is sent when it is first polled.
async fn send<F: Future>(request: F) -> Request<F> {
    let mut request = Box::pin(maybe_done(request));
    poll_fn(|context| {
        // Whether it is answered already does not matter yet.
        let _is_answered = request.as_mut().poll(context).is_ready();
        Poll::Ready(())
    })
    .await;
    request
}

async fn answer<F: Future>(mut request: Request<F>) -> Result<F::Output, StoreError> {
    request.as_mut().await;
    // INVARIANT: an answer is taken once.
    request.as_mut().take_output().ok_or(StoreError::Closed)
}

async fn query(
    connection: &Connection,
    prepared: &Statement,
    parameters: &[Parameter<'_>],
) -> Result<Vec<Row>, Error> {
    connection
        .client
        .query_raw(prepared, parameters)
        .await?
        .try_collect()
        .await
}

/// One statement of a batch.
pub(super) struct Cut<'a> {
    table: &'a Table,
    kind: Kind,
    sql: &'a str,
    parameters: Vec<Parameter<'a>>,
    /// What it does, and where that stands in the batch.
    operations: &'a [Operation],
    pub(super) position: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Put,
    PutMany,
    Delete,
    Check,
    /// Writes a row in place of one that must be absent, so that nobody else writes one.
    Reserve,
    /// Removes it again.
    Release,
}

/// Cuts a batch into statements; what it appends is left out.
pub(super) fn cut<'a>(
    tables: &'a Tables,
    batch: &'a Batch,
    is_in_bulk: bool,
) -> Result<Vec<Cut<'a>>, StoreError> {
    let mut cuts = Vec::new();
    let mut rest = batch.operations.as_slice();
    while let Some(first) = rest.first() {
        let position = batch.operations.len() - rest.len();
        let run = if is_in_bulk { run_of_puts(rest) } else { 1 };
        let (operations, others) = rest.split_at(run);
        rest = others;
        if first.expect == Expect::Next {
            continue;
        }
        let table = tables.get(first.collection)?;
        let cut = |kind, sql, parameters| Cut {
            table,
            kind,
            sql,
            parameters,
            operations,
            position,
        };
        let single = |values: Vec<Value<'a>>| values.into_iter().map(Parameter::Value).collect();
        if operations.len() > 1 {
            let parameters = rows(table, operations, first.expect, batch.now);
            cuts.push(cut(Kind::PutMany, table.put_many(first.expect), parameters));
        } else if let Some((sql, values)) = table.write(first, batch.now, None) {
            let kind = match first.action {
                Action::Put { .. } => Kind::Put,
                Action::Delete | Action::Check => Kind::Delete,
            };
            cuts.push(cut(kind, sql, single(values)));
        } else {
            let values = table.get_values(&first.key, batch.now);
            match first.expect {
                Expect::Any | Expect::Next => {}
                Expect::Revision(_) => {
                    cuts.push(cut(Kind::Check, &table.check, single(values)));
                }
                Expect::Absent => {
                    let key = sql::key_values(first.collection, &first.key);
                    cuts.push(cut(Kind::Reserve, &table.reserve, single(values)));
                    cuts.push(cut(Kind::Release, &table.release, single(key)));
                }
            }
        }
    }
    Ok(cuts)
}

/// Returns how many operations from the first on can be one statement: puts into one collection that
/// expect the same, other than a revision, each of another row.
fn run_of_puts(operations: &[Operation]) -> usize {
    let Some(first) = operations.first() else {
        return 0;
    };
    let mut keys = HashSet::new();
    let run = operations.iter().take_while(|operation| {
        matches!(operation.action, Action::Put { .. })
            && matches!(first.expect, Expect::Any | Expect::Absent)
            && operation.expect == first.expect
            && operation.collection.name == first.collection.name
            && keys.insert(&operation.key)
    });
    run.count().max(1)
}

/// Returns what a statement of many rows binds.
fn rows<'a>(
    table: &Table,
    operations: &'a [Operation],
    expect: Expect,
    now: Timestamp,
) -> Vec<Parameter<'a>> {
    let mut operations: Vec<&Operation> = operations.iter().collect();
    // Two batches that write the same rows take their locks in the same order. Where an index is
    // unique the order decides whether a row is in the way of another.
    if !table.collection.indexes.iter().any(|index| index.unique) {
        operations.sort_by_key(|operation| &operation.key);
    }
    let rows: Vec<_> = operations.into_iter().map(sql::row_values).collect();
    let mut parameters = columns(table.collection, &rows);
    if expect == Expect::Absent && table.collection.expires {
        parameters.push(Parameter::Value(now.into()));
    }
    parameters
}

/// Turns rows into the columns that a statement of many rows binds.
pub(super) fn columns<'a>(collection: &Collection, rows: &[Vec<Value<'a>>]) -> Vec<Parameter<'a>> {
    let kinds = sql::bound_kinds(collection).into_iter().enumerate();
    let columns = kinds.map(|(position, kind)| {
        let values = rows.iter().filter_map(|row| row.get(position));
        match kind {
            ColumnKind::Text => Parameter::Texts(values.map(Value::text).collect()),
            ColumnKind::Integer => Parameter::Integers(values.map(Value::integer).collect()),
        }
    });
    columns.collect()
}

impl Cut<'_> {
    /// Whether the statement happens or does not by itself, without a transaction around it.
    fn is_whole(&self) -> bool {
        match self.kind {
            Kind::Put | Kind::Delete | Kind::Check => true,
            // Some of the rows might be absent and others not.
            Kind::PutMany => self.operations.iter().all(|one| one.expect == Expect::Any),
            Kind::Reserve | Kind::Release => false,
        }
    }

    /// Reads the answer.
    fn outcome(&self, answer: Result<Vec<Row>, Error>) -> Result<Outcome, Failure> {
        let Some(first) = self.operations.first() else {
            return Ok(Ok(Vec::new()));
        };
        let rows = match answer {
            Ok(rows) => rows,
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                return match (self.kind, self.violated(&error)) {
                    (Kind::PutMany, _) => Err(Failure::InBulk),
                    (_, Some(index)) => Ok(Err(first.conflict(Conflict::Unique(index)))),
                    (_, None) => Err(error.into()),
                };
            }
            Err(error) => return Err(error.into()),
        };
        if self.kind == Kind::PutMany {
            return self.outcome_of_many(&rows);
        }
        let revision = rows.first().map(|row| number(row, 0)).transpose()?;
        match (self.kind, first.expect, revision) {
            (Kind::Check, Expect::Revision(expected), found) if found != Some(expected) => {
                Ok(Err(first.conflict(Conflict::Revision)))
            }
            (Kind::Put | Kind::Delete, Expect::Revision(_), None) => {
                Ok(Err(first.conflict(Conflict::Revision)))
            }
            (Kind::Put | Kind::Reserve, Expect::Absent, None) => {
                Ok(Err(first.conflict(Conflict::Exists)))
            }
            (Kind::Put, _, Some(revision)) => Ok(Ok(vec![revision])),
            _ => Ok(Ok(Vec::new())),
        }
    }

    fn outcome_of_many(&self, rows: &[Row]) -> Result<Outcome, Failure> {
        let mut written = HashMap::with_capacity(rows.len());
        let key_columns = self.table.collection.key.len() + 1;
        for row in rows {
            let key: Result<Vec<&str>, Error> =
                (0..key_columns).map(|at| row.try_get(at)).collect();
            written.insert(key?, number(row, key_columns)?);
        }
        let mut revisions = Vec::with_capacity(self.operations.len());
        for operation in self.operations {
            let key: Vec<&str> = sql::key_values(operation.collection, &operation.key)
                .iter()
                .filter_map(Value::text)
                .collect();
            match written.get(&key) {
                Some(revision) => revisions.push(*revision),
                None => return Ok(Err(operation.conflict(Conflict::Exists))),
            }
        }
        Ok(Ok(revisions))
    }

    /// Returns the unique index that an error names.
    fn violated(&self, error: &Error) -> Option<&'static str> {
        let constraint = error.as_db_error()?.constraint()?;
        let collection = self.table.collection;
        let mut indexes = collection.indexes.iter();
        indexes
            .find(|index| collection.index_name(index) == constraint)
            .map(|index| index.name)
    }

    /// Notes the revisions of what was written at its place in the batch.
    fn note(&self, revisions: &[u64], written: &mut [u64]) {
        for (place, revision) in written.iter_mut().skip(self.position).zip(revisions) {
            *place = *revision;
        }
    }
}

pub(super) fn number(row: &Row, position: usize) -> Result<u64, Error> {
    let number: i64 = row.try_get(position)?;
    Ok(u64::try_from(number).unwrap_or(0))
}

/// What a statement binds: a value, or a column of many rows.
#[derive(Debug)]
pub(super) enum Parameter<'a> {
    Value(Value<'a>),
    Texts(Vec<Option<&'a str>>),
    Integers(Vec<Option<i64>>),
}

impl ToSql for Parameter<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Value(value) => value.to_sql(kind, out),
            Self::Texts(texts) => texts.to_sql(kind, out),
            Self::Integers(numbers) => numbers.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        <Value<'_> as ToSql>::accepts(kind)
            || <Vec<&str> as ToSql>::accepts(kind)
            || <Vec<i64> as ToSql>::accepts(kind)
    }

    to_sql_checked!();
}

/// Removes up to `limit` rows that have expired.
pub(super) async fn sweep(
    connection: &Connection,
    tables: &Tables,
    now: Timestamp,
    limit: usize,
) -> Result<usize, StoreError> {
    let mut swept = 0;
    for table in tables.iter().filter(|table| table.collection.expires) {
        if swept < limit {
            let wanted = i64::try_from(limit - swept).unwrap_or(i64::MAX);
            let prepared = connection.prepare(&table.sweep).await?;
            let values = [Value::from(now), Value::Integer(wanted)];
            let removed = connection.client.execute_raw(&prepared, values).await?;
            swept += usize::try_from(removed).unwrap_or(0);
        }
    }
    Ok(swept)
}
