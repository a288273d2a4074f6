//! A naive store: a map, and random steps that a real one must take as it does.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use usher_model::time::Timestamp;
use usher_store::batch::{AppendRow, Batch, CommitError, Conflict, Expect, PutRow};
use usher_store::collection::{Collection, Index};
use usher_store::sequence;
use usher_store::store::{Cursor, Field, Key, Query, Row, Store};

use crate::harness::{COLLECTIONS, JOURNAL, LEASES, THINGS, account, at, text};

/// A revision that no row reaches in a test.
const NEVER: u64 = 1 << 40;

/// Rows by collection and key, as the naive store keeps them.
type Rows = BTreeMap<(&'static str, Key), Row>;
/// The last number of each account's log.
type Numbers = BTreeMap<u8, u64>;

#[derive(Debug)]
pub(crate) struct Model {
    rows: Rows,
    numbers: Numbers,
    now: Timestamp,
    /// Every revision that a key ever had, so that stale ones can be tried.
    history: BTreeMap<(&'static str, Key), Vec<u64>>,
    last_revision: u64,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Commit(Vec<Write>),
    Advance(i64),
    Sweep(usize),
    Find(Search),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Thing,
    Lease,
    Entry,
}

#[derive(Clone, Debug)]
pub(crate) struct Write {
    kind: Kind,
    /// Account, shelf and id; an entry that is appended gets a number instead of the last two.
    key: (u8, u8, u8),
    action: Action,
    expect: Expecting,
}

#[derive(Clone, Debug)]
enum Action {
    Put {
        color: Option<u8>,
        size: Option<i64>,
        label: Option<u8>,
        expires_in: Option<i64>,
    },
    Delete,
    Check,
}

/// What a write expects, before it is known what there is.
#[derive(Clone, Copy, Debug)]
enum Expecting {
    Any,
    Absent,
    Current,
    Former(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Search {
    kind: Kind,
    account: u8,
    index: usize,
    equals: usize,
    values: Vec<Option<u8>>,
    from: Option<u8>,
    to: Option<u8>,
    /// A text column, and what it must contain.
    contains: Vec<(usize, u8)>,
    is_descending: bool,
    limit: usize,
}

fn write() -> impl Strategy<Value = Write> {
    let action = prop_oneof![
        5 => (option::of(0..3_u8), option::of(-1..3_i64), option::weighted(0.3, 0..4_u8),
              option::of(-5..40_i64))
            .prop_map(|(color, size, label, expires_in)| {
                Action::Put { color, size, label, expires_in }
            }),
        2 => Just(Action::Delete),
        1 => Just(Action::Check),
    ];
    let kind = prop_oneof![Just(Kind::Thing), Just(Kind::Lease), Just(Kind::Entry)];
    let expect = prop_oneof![
        4 => Just(Expecting::Any),
        3 => Just(Expecting::Absent),
        4 => Just(Expecting::Current),
        1 => (0..4_usize).prop_map(Expecting::Former),
    ];
    (kind, (0..2_u8, 0..2_u8, 0..3_u8), action, expect).prop_map(|(kind, key, action, expect)| {
        Write {
            kind,
            key,
            action,
            expect,
        }
    })
}

fn search() -> impl Strategy<Value = Search> {
    let values = vec(option::weighted(0.8, 0..3_u8), 3);
    let kind = prop_oneof![Just(Kind::Thing), Just(Kind::Lease), Just(Kind::Entry)];
    let shape = (
        kind,
        0..2_u8,
        0..8_usize,
        0..3_usize,
        any::<bool>(),
        1..4_usize,
    );
    let bounds = (
        option::weighted(0.3, 0..3_u8),
        option::weighted(0.3, 0..3_u8),
        prop_oneof![2 => Just(Vec::new()), 1 => vec((0..2_usize, 0..4_u8), 1..3)],
    );
    (shape, values, bounds).prop_map(|(shape, values, (from, to, contains))| {
        let (kind, account, index, equals, is_descending, limit) = shape;
        Search {
            kind,
            account,
            index,
            equals,
            values,
            from,
            to,
            contains,
            is_descending,
            limit,
        }
    })
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => vec(write(), 1..5).prop_map(Step::Commit),
        1 => (1..30_i64).prop_map(Step::Advance),
        1 => (1..4_usize).prop_map(Step::Sweep),
        4 => search().prop_map(Step::Find),
    ];
    vec(step, 1..60)
}

/// Text of which the order is easily got wrong: case, other scripts, the empty text.
fn name(number: u8) -> &'static str {
    ["", "B", "a", "ä"][usize::from(number)]
}

fn account_name(number: u8) -> &'static str {
    ["acc1", "acc2"][usize::from(number)]
}

fn key(kind: Kind, (owner, shelf, id): (u8, u8, u8)) -> Key {
    let owner = account(account_name(owner));
    match kind {
        Kind::Thing => Key::new(&owner, [name(shelf), name(id)]),
        Kind::Lease => Key::new(&owner, [name(id)]),
        Kind::Entry => sequence::key(&owner, u64::from(3 * shelf + id) + 1),
    }
}

const fn collection(kind: Kind) -> &'static Collection {
    match kind {
        Kind::Thing => &THINGS,
        Kind::Lease => &LEASES,
        Kind::Entry => &JOURNAL,
    }
}

impl Write {
    /// Whether it adds a row to a log: nothing else puts one there, unless it names a revision.
    const fn is_append(&self) -> bool {
        let is_put = matches!(self.action, Action::Put { .. });
        let is_conditional = matches!(self.expect, Expecting::Current | Expecting::Former(_));
        is_put && matches!(self.kind, Kind::Entry) && !is_conditional
    }
}

fn named(number: Option<u8>) -> Field {
    number.map_or(Field::Null, |number| text(name(number)))
}

/// Returns a row's value of a column or part of its key.
fn value(collection: &Collection, row: &Row, column: &str) -> Field {
    if let Some(part) = collection.key.iter().position(|name| *name == column) {
        let part = &row.key.parts()[part];
        return match collection.is_log() {
            true => Field::Integer(part.parse().unwrap()),
            false => text(part),
        };
    }
    let position = collection
        .columns
        .iter()
        .position(|one| one.name == column)
        .unwrap();
    row.fields[position].clone()
}

fn columns(collection: &Collection, index: Option<&Index>) -> Vec<&'static str> {
    let mut columns = index.map_or(Vec::new(), |index| index.columns.to_vec());
    columns.extend(
        collection
            .key
            .iter()
            .filter(|part| !columns.contains(part))
            .collect::<Vec<_>>(),
    );
    columns
}

impl Model {
    pub(crate) const fn new() -> Self {
        Self {
            rows: Rows::new(),
            numbers: Numbers::new(),
            now: at(1_000),
            history: BTreeMap::new(),
            last_revision: 0,
        }
    }

    /// Takes one step on a store and on the model, and compares.
    pub(crate) async fn take(&mut self, store: &Store, step: &Step) {
        match step {
            Step::Advance(milliseconds) => self.now = at(self.now.milliseconds() + milliseconds),
            Step::Sweep(limit) => {
                let expired = self.rows.values().filter(|row| !self.is_live(row)).count();
                let swept = store.sweep(self.now, *limit).await.unwrap();
                assert_eq!(swept, expired.min(*limit));
                // Which ones were removed is nobody's business: they are absent either way.
                let now = self.now;
                if swept == expired {
                    self.rows
                        .retain(|_, row| row.expires_at.is_none_or(|at| at > now));
                } else {
                    store.sweep(now, expired).await.unwrap();
                    self.rows
                        .retain(|_, row| row.expires_at.is_none_or(|at| at > now));
                }
            }
            Step::Commit(writes) => self.commit(store, writes).await,
            Step::Find(search) => self.find(store, search).await,
        }
    }

    /// Compares every row.
    pub(crate) async fn compare(&self, store: &Store) {
        for collection in COLLECTIONS {
            let known: Vec<Key> = self
                .history
                .keys()
                .filter(|(name, _)| *name == collection.name)
                .map(|(_, key)| key.clone())
                .collect();
            let wanted: Vec<_> = known.iter().map(|key| (*collection, key.clone())).collect();
            let found = store.get_many(&wanted, self.now).await.unwrap();
            for (key, found) in known.into_iter().zip(found) {
                assert_eq!(found, self.live(collection.name, &key).cloned());
                assert_eq!(found, store.get(collection, &key, self.now).await.unwrap());
            }
        }
    }

    fn is_live(&self, row: &Row) -> bool {
        row.expires_at.is_none_or(|at| at > self.now)
    }

    fn live(&self, collection: &'static str, key: &Key) -> Option<&Row> {
        self.rows
            .get(&(collection, key.clone()))
            .filter(|row| self.is_live(row))
    }

    async fn commit(&mut self, store: &Store, writes: &[Write]) {
        let mut batch = Batch::new(self.now);
        let mut expects = Vec::new();
        for write in writes {
            let collection = collection(write.kind);
            let key = key(write.kind, write.key);
            let former = self.history.get(&(collection.name, key.clone()));
            let expect = match write.expect {
                Expecting::Any => Expect::Any,
                Expecting::Absent => Expect::Absent,
                Expecting::Current => {
                    let current = self.live(collection.name, &key).map(|row| row.revision);
                    Expect::Revision(current.unwrap_or(NEVER))
                }
                Expecting::Former(back) => {
                    let former = former.and_then(|all| all.iter().rev().nth(back)).copied();
                    Expect::Revision(former.unwrap_or(NEVER))
                }
            };
            expects.push(expect);
            match &write.action {
                Action::Put { .. } if write.is_append() => {
                    let PutRow {
                        fields,
                        expires_at,
                        document,
                        ..
                    } = self.row(write);
                    let row = AppendRow {
                        account: key.account().clone(),
                        fields,
                        expires_at,
                        document,
                    };
                    batch.append(collection, row);
                }
                Action::Put { .. } => batch.put(collection, self.row(write), expect),
                Action::Delete => batch.delete(collection, key, expect),
                Action::Check => batch.check(collection, key, expect),
            }
        }
        let expected = self.apply(writes, &expects);
        match (expected, store.commit(batch).await) {
            (Ok((after, numbers)), Ok(written)) => {
                self.adopt(store, after, writes, &written).await;
                self.numbers = numbers;
            }
            (
                Err((position, expected)),
                Err(CommitError::Conflict {
                    collection: name,
                    key: found,
                    reason,
                }),
            ) => {
                let write = &writes[position];
                assert_eq!(reason, expected);
                assert_eq!(name, collection(write.kind).name);
                assert_eq!(found, key(write.kind, write.key));
            }
            (expected, found) => panic!("expected {expected:?}, found {found:?}"),
        }
    }

    fn row(&self, write: &Write) -> PutRow {
        let Action::Put {
            color,
            size,
            label,
            expires_in,
        } = &write.action
        else {
            panic!("only a put has a row")
        };
        let expires_at = expires_in.filter(|_| write.kind != Kind::Thing);
        let size_field = size.map_or(Field::Null, Field::Integer);
        let fields = match write.kind {
            Kind::Thing => vec![named(*color), size_field, named(*label)],
            Kind::Lease => vec![named(*color)],
            Kind::Entry => vec![named(*color), size_field],
        };
        PutRow {
            key: key(write.kind, write.key),
            fields,
            expires_at: expires_at.map(|after| at(self.now.milliseconds() + after)),
            document: format!(
                r#"{{"b": 1e16, "a": "\u0000 {}", "a": {}}}"#,
                self.now, write.key.2
            ),
        }
    }

    /// Returns the rows and numbers as they would be, or which write does not hold and how.
    fn apply(
        &self,
        writes: &[Write],
        expects: &[Expect],
    ) -> Result<(Rows, Numbers), (usize, Conflict)> {
        let (mut rows, mut numbers) = (self.rows.clone(), self.numbers.clone());
        for (position, (write, expect)) in writes.iter().zip(expects).enumerate() {
            let collection = collection(write.kind);
            if write.is_append() {
                let last = numbers.entry(write.key.0).or_default();
                *last += 1;
                let key = sequence::key(&account(account_name(write.key.0)), *last);
                let row = Row {
                    key: key.clone(),
                    ..unread(self.row(write))
                };
                rows.insert((collection.name, key), row);
                continue;
            }
            let place = (collection.name, key(write.kind, write.key));
            let live = rows
                .get(&place)
                .filter(|row| self.is_live(row))
                .map(|row| row.revision);
            match (expect, live) {
                (Expect::Absent, Some(_)) => return Err((position, Conflict::Exists)),
                (Expect::Revision(revision), live) if live != Some(*revision) => {
                    return Err((position, Conflict::Revision));
                }
                _ => {}
            }
            match &write.action {
                Action::Check => {}
                // What is absent stays as it is, also if it is only expired.
                Action::Delete if *expect == Expect::Absent => {}
                Action::Delete => drop(rows.remove(&place)),
                Action::Put { .. } => {
                    let row = unread(self.row(write));
                    if let Some(index) = violated(collection, &rows, &row) {
                        return Err((position, Conflict::Unique(index)));
                    }
                    rows.insert(place, row);
                }
            }
        }
        Ok((rows, numbers))
    }

    async fn adopt(&mut self, store: &Store, mut after: Rows, writes: &[Write], written: &[u64]) {
        assert_eq!(written.len(), writes.len());
        let before = self.last_revision;
        let mut numbers = self.numbers.clone();
        for (write, revision) in writes.iter().zip(written) {
            let collection = collection(write.kind);
            if write.is_append() {
                let last = numbers.entry(write.key.0).or_default();
                *last += 1;
                assert_eq!(revision, last);
                let key = sequence::key(&account(account_name(write.key.0)), *last);
                let place = (collection.name, key);
                // A later write of the batch may have removed it, and it may be born expired.
                let read = store.get(collection, &place.1, self.now).await.unwrap();
                if let (Some(row), Some(read)) = (after.get_mut(&place), read) {
                    assert!(read.revision > before, "{} after {before}", read.revision);
                    row.revision = read.revision;
                    self.last_revision = self.last_revision.max(read.revision);
                    self.history.entry(place).or_default().push(read.revision);
                }
                continue;
            }
            let place = (collection.name, key(write.kind, write.key));
            if !matches!(write.action, Action::Put { .. }) {
                assert_eq!(*revision, 0, "only a row that is written has a revision");
                continue;
            }
            // Within a batch they differ, in no order.
            assert!(*revision > before, "{revision} after {before}");
            self.last_revision = self.last_revision.max(*revision);
            if let Some(row) = after.get_mut(&place) {
                row.revision = *revision;
            }
            self.history.entry(place).or_default().push(*revision);
        }
        self.rows = after;
    }

    async fn find(&self, store: &Store, search: &Search) {
        let collection = collection(search.kind);
        let index = collection.indexes.get(search.index);
        let columns = columns(collection, index);
        let mut query = Query::all(&account(account_name(search.account)), collection);
        query.index = index.map(|index| index.name);
        query.limit = search.limit;
        query.descending = search.is_descending;
        let field = |column: &str, number: Option<u8>| match number {
            Some(number) if column == "size" => Field::Integer(i64::from(number) - 1),
            Some(number) if column == "sequence" => Field::Integer(3 * i64::from(number)),
            None if column == "sequence" => Field::Integer(1),
            Some(number) => text(name(number)),
            None if collection.key.contains(&column) => text(""),
            None => Field::Null,
        };
        let equals = search.equals.min(columns.len());
        for (column, number) in columns.iter().zip(&search.values).take(equals) {
            query.equals.push(field(column, *number));
        }
        if let Some(next) = columns.get(equals) {
            query.from = search.from.map(|number| field(next, Some(number)));
            query.to = search.to.map(|number| field(next, Some(number)));
        }
        for (column, number) in &search.contains {
            let column = match (search.kind, column) {
                (Kind::Lease, _) => "holder",
                (Kind::Entry, _) => "topic",
                (Kind::Thing, 0) => "color",
                (Kind::Thing, _) => "label",
            };
            query.contains.push((column, name(*number).to_owned()));
        }
        let expected = self.search(&query, &columns);
        let mut found: Vec<Row> = Vec::new();
        loop {
            let page = store.find(&query, self.now).await.unwrap();
            assert!(page.rows.len() <= search.limit);
            found.extend(page.rows);
            let Some(next) = page.next else { break };
            let is_picky = !query.contains.is_empty();
            assert!(
                is_picky || found.len() < expected.len(),
                "a next page is not empty"
            );
            query.after = Some(Cursor::parse(&next.to_string()).unwrap());
        }
        assert_eq!(found, expected);
    }

    fn search(&self, query: &Query, columns: &[&'static str]) -> Vec<Row> {
        let collection = query.collection;
        let is_wanted = |row: &&Row| {
            let mut values = columns.iter().map(|column| value(collection, row, column));
            let is_equal = query
                .equals
                .iter()
                .all(|wanted| values.next().as_ref() == Some(wanted));
            let next = values.next();
            let is_bounded = query.from.is_some() || query.to.is_some();
            let is_above = query
                .from
                .as_ref()
                .is_none_or(|from| next.as_ref() >= Some(from));
            let is_below = query.to.as_ref().is_none_or(|to| next.as_ref() < Some(to));
            let contains = |(column, part): &(&str, String)| matches!(value(collection, row, column), Field::Text(text) if text.contains(part));
            is_equal
                && is_above
                && is_below
                && !(is_bounded && next == Some(Field::Null))
                && query.contains.iter().all(contains)
        };
        let rows = self.rows.iter().filter(|((name, key), row)| {
            *name == collection.name && *key.account() == query.account && self.is_live(row)
        });
        let mut rows: Vec<Row> = rows
            .map(|(_, row)| row)
            .filter(is_wanted)
            .cloned()
            .collect();
        rows.sort_by_key(|row| {
            columns
                .iter()
                .map(|column| value(collection, row, column))
                .collect::<Vec<_>>()
        });
        if query.descending {
            rows.reverse();
        }
        rows
    }
}

/// Returns a row that has no revision yet.
fn unread(row: PutRow) -> Row {
    Row {
        key: row.key,
        revision: 0,
        expires_at: row.expires_at,
        fields: row.fields,
        document: row.document,
    }
}

/// Returns the first unique index in which another row agrees; nulls never agree.
fn violated(collection: &'static Collection, rows: &Rows, row: &Row) -> Option<&'static str> {
    let agrees = |index: &Index, other: &Row| {
        index.columns.iter().all(|column| {
            let one = value(collection, row, column);
            one != Field::Null && one == value(collection, other, column)
        })
    };
    let others = || {
        rows.iter().filter(|((name, key), _)| {
            *name == collection.name && key.account() == row.key.account() && *key != row.key
        })
    };
    let mut unique = collection.indexes.iter().filter(|index| index.unique);
    unique
        .find(|index| others().any(|(_, other)| agrees(index, other)))
        .map(|index| index.name)
}
