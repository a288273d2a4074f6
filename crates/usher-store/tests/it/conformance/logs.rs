//! What is promised of logs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinSet;
use usher_store::batch::{Batch, CommitError, Conflict, Expect, PutRow};
use usher_store::collection::Collection;
use usher_store::sequence;
use usher_store::store::{Cursor, Field, Key, Query, Row, Store, StoreError};

use super::{conflict, key};
use crate::harness::{JOURNAL, NOW, THINGS, account, at, entry, get, put, text, thing};

/// Appends an entry to a log and returns its number.
async fn append(store: &Store, owner: &str, topic: &str) -> u64 {
    let mut batch = Batch::new(NOW);
    batch.append(&JOURNAL, entry(owner, topic, None));
    store.commit(batch).await.unwrap()[0]
}

fn journal(owner: &str) -> Query {
    Query::all(&account(owner), &JOURNAL)
}

fn numbers(rows: &[Row]) -> Vec<u64> {
    let numbers = rows.iter().map(|row| sequence::of(&row.key).unwrap());
    numbers.collect()
}

async fn found(store: &Store, query: &Query) -> Vec<u64> {
    numbers(&store.find(query, NOW).await.unwrap().rows)
}

pub(crate) async fn a_log_numbers_the_rows_of_an_account_from_one(store: Store) {
    let mut batch = Batch::new(NOW);
    batch.append(&JOURNAL, entry("acc1", "a", None));
    batch.put(&THINGS, thing(key("x"), "1"), Expect::Absent);
    batch.append(&JOURNAL, entry("acc2", "b", None));
    batch.check(&THINGS, key("x"), Expect::Any);
    batch.append(
        &JOURNAL,
        entry("acc1", "c", Some(at(NOW.milliseconds() + 1))),
    );
    let written = store.commit(batch).await.unwrap();
    let revision = get(&store, &THINGS, &key("x")).await.unwrap().revision;
    assert_eq!(written, [1, revision, 1, 0, 2]);
    assert_eq!(append(&store, "acc1", "d").await, 3);
    assert_eq!(append(&store, "acc2", "e").await, 2);
    let third = sequence::key(&account("acc1"), 2);
    let row = get(&store, &JOURNAL, &third).await.unwrap();
    assert_eq!(row.key, third);
    assert_eq!(row.fields, [text("c"), Field::Null]);
    assert_eq!(row.document, r#"{"topic":"c"}"#);
    assert_eq!(row.expires_at, Some(at(NOW.milliseconds() + 1)));
    assert!(row.revision > 0);
    let absent = sequence::key(&account("acc1"), 4);
    assert_eq!(get(&store, &JOURNAL, &absent).await, None);
    let no_number = Key::new(&account("acc1"), ["first"]);
    assert_eq!(get(&store, &JOURNAL, &no_number).await, None);
    assert!(sequence::of(&no_number).is_err());
}

pub(crate) async fn a_log_is_read_in_the_order_of_its_numbers(store: Store) {
    let mut batch = Batch::new(NOW);
    for number in 1..=120 {
        let topic = if number % 10 == 0 { "ten" } else { "other" };
        batch.append(&JOURNAL, entry("acc1", topic, None));
    }
    let written = store.commit(batch).await.unwrap();
    assert_eq!(written, (1..=120).collect::<Vec<u64>>());
    let query = Query {
        from: Some(sequence::field(9)),
        to: Some(sequence::field(101)),
        ..journal("acc1")
    };
    assert_eq!(found(&store, &query).await, (9..=100).collect::<Vec<_>>());
    let mut page = Query {
        descending: true,
        limit: 50,
        ..query
    };
    let mut all = Vec::new();
    loop {
        let found = store.find(&page, NOW).await.unwrap();
        all.extend(numbers(&found.rows));
        let Some(next) = found.next else { break };
        page.after = Some(Cursor::parse(&next.to_string()).unwrap());
    }
    assert_eq!(all, (9..=100).rev().collect::<Vec<_>>());
    let tens = Query {
        index: Some("by_topic"),
        equals: vec![text("ten")],
        from: Some(sequence::field(20)),
        to: Some(sequence::field(110)),
        ..journal("acc1")
    };
    let expected = [20, 30, 40, 50, 60, 70, 80, 90, 100];
    assert_eq!(found(&store, &tens).await, expected);
    let as_text = Query {
        from: Some(text("9")),
        ..journal("acc1")
    };
    let error = store.find(&as_text, NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Query("journal")), "{error:?}");
}

pub(crate) async fn a_log_that_was_not_declared_is_refused(store: Store) {
    let mut batch = Batch::new(NOW);
    batch.append(&JOURNAL, entry("acc1", "a", None));
    static UNKNOWN: Collection = Collection {
        name: "unknown",
        key: &["sequence"],
        columns: JOURNAL.columns,
        indexes: &[],
        expires: true,
    };
    batch.append(&UNKNOWN, entry("acc1", "a", None));
    let error = store.commit(batch).await.unwrap_err();
    let is_unknown = matches!(error, CommitError::Store(StoreError::Collection("unknown")));
    assert!(is_unknown, "{error:?}");
    assert_eq!(append(&store, "acc1", "b").await, 1);
}

pub(crate) async fn a_batch_that_conflicts_takes_no_number(store: Store) {
    assert_eq!(append(&store, "acc1", "a").await, 1);
    put(&store, &THINGS, thing(key("x"), "1"), Expect::Absent)
        .await
        .unwrap();
    for is_first in [true, false] {
        let mut batch = Batch::new(NOW);
        if is_first {
            batch.append(&JOURNAL, entry("acc1", "b", None));
            batch.append(&JOURNAL, entry("acc2", "b", None));
        }
        batch.put(&THINGS, thing(key("x"), "2"), Expect::Absent);
        batch.append(&JOURNAL, entry("acc1", "b", None));
        assert_eq!(conflict(store.commit(batch).await), Conflict::Exists);
    }
    let mut batch = Batch::new(NOW);
    batch.check(&THINGS, key("x"), Expect::Absent);
    batch.append(&JOURNAL, entry("acc1", "b", None));
    assert_eq!(conflict(store.commit(batch).await), Conflict::Exists);
    assert_eq!(append(&store, "acc1", "c").await, 2);
    assert_eq!(append(&store, "acc2", "c").await, 1);
    assert_eq!(found(&store, &journal("acc1")).await, [1, 2]);
}

pub(crate) async fn a_number_never_comes_again(store: Store) {
    let end = at(NOW.milliseconds() + 1);
    let mut batch = Batch::new(NOW);
    for _ in 0..3 {
        batch.append(&JOURNAL, entry("acc1", "a", Some(end)));
    }
    store.commit(batch).await.unwrap();
    let mut batch = Batch::new(NOW);
    let third = sequence::key(&account("acc1"), 3);
    batch.delete(&JOURNAL, third.clone(), Expect::Any);
    store.commit(batch).await.unwrap();
    assert_eq!(get(&store, &JOURNAL, &third).await, None);
    assert_eq!(append(&store, "acc1", "b").await, 4);
    let mut batch = Batch::new(NOW);
    batch.delete(&JOURNAL, sequence::key(&account("acc1"), 4), Expect::Any);
    store.commit(batch).await.unwrap();
    assert_eq!(store.sweep(end, 10).await.unwrap(), 2);
    assert_eq!(append(&store, "acc1", "c").await, 5);
    assert_eq!(found(&store, &journal("acc1")).await, [5]);
}

pub(crate) async fn rows_of_a_log_are_appended_and_then_changed_or_removed(store: Store) {
    assert_eq!(append(&store, "acc1", "a").await, 1);
    let row = |sequence: u64| PutRow {
        key: sequence::key(&account("acc1"), sequence),
        fields: vec![text("changed"), Field::Null],
        expires_at: None,
        document: "{}".to_owned(),
    };
    for (sequence, expect) in [(1, Expect::Any), (2, Expect::Absent)] {
        let error = put(&store, &JOURNAL, row(sequence), expect).await;
        let refused = "`journal` expected a row of a log to be appended, or changed as it was read";
        assert_eq!(error.unwrap_err().to_string(), refused);
    }
    let read = get(&store, &JOURNAL, &row(1).key).await.unwrap();
    put(&store, &JOURNAL, row(1), Expect::Revision(read.revision))
        .await
        .unwrap();
    let changed = get(&store, &JOURNAL, &row(1).key).await.unwrap();
    assert_eq!(changed.fields, [text("changed"), Field::Null]);
    let mut batch = Batch::new(NOW);
    batch.delete(&JOURNAL, row(1).key, Expect::Revision(changed.revision));
    store.commit(batch).await.unwrap();
    assert!(found(&store, &journal("acc1")).await.is_empty());
    let mut batch = Batch::new(NOW);
    batch.append(&THINGS, entry("acc1", "a", None));
    let error = store.commit(batch).await.unwrap_err();
    assert!(
        error.to_string().starts_with("`things` expected"),
        "{error}"
    );
    let mut batch = Batch::new(NOW);
    batch.delete(&JOURNAL, Key::new(&account("acc1"), ["one"]), Expect::Any);
    let error = store.commit(batch).await.unwrap_err();
    let refused = "`journal` expected the number of a row as the key of a log";
    assert_eq!(error.to_string(), refused);
}

/// Many append at once, some of them in vain, while somebody reads.
pub(crate) async fn whoever_sees_a_number_sees_all_before_it(store: Store) {
    const WRITERS: usize = 8;
    const EACH: usize = 20;
    put(&store, &THINGS, thing(key("x"), "1"), Expect::Absent)
        .await
        .unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let mut reader = JoinSet::new();
    let (readable, is_last) = (store.clone(), Arc::clone(&is_over));
    reader.spawn(async move {
        let mut seen = 0;
        loop {
            // Asked before reading: what was written before the end is then all there.
            let is_last = is_last.load(Ordering::SeqCst);
            let query = Query {
                from: Some(sequence::field(seen + 1)),
                ..journal("acc1")
            };
            for number in found(&readable, &query).await {
                assert_eq!(number, seen + 1, "a number without the one before it");
                seen = number;
            }
            if is_last {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    });
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            let mut last = 0;
            for round in 0..EACH {
                let mut batch = Batch::new(NOW);
                let own = key(&format!("{writer}-{round}"));
                batch.put(&THINGS, thing(own, "1"), Expect::Absent);
                batch.append(&JOURNAL, entry("acc1", "a", None));
                let is_vain = (writer + round) % 3 == 0;
                if is_vain {
                    batch.put(&THINGS, thing(key("x"), "2"), Expect::Absent);
                }
                batch.append(&JOURNAL, entry("acc1", "b", None));
                match store.commit(batch).await {
                    Ok(written) => {
                        assert_eq!(written[2], written[1] + 1, "rows of a batch stand together");
                        assert!(written[1] > last, "a later batch has a higher number");
                        last = written[2];
                    }
                    Err(error) => {
                        assert!(is_vain, "{error}");
                        assert_eq!(conflict(Err::<(), _>(error)), Conflict::Exists);
                    }
                }
            }
        });
    }
    writers.join_all().await;
    is_over.store(true, Ordering::SeqCst);
    let vain = (0..WRITERS).flat_map(|writer| (0..EACH).map(move |round| writer + round));
    let vain = vain.filter(|sum| sum % 3 == 0).count();
    let expected = u64::try_from(2 * (WRITERS * EACH - vain)).unwrap();
    assert_eq!(reader.join_all().await, [expected]);
}

pub(crate) async fn batches_that_append_to_the_same_logs_wait_for_each_other(store: Store) {
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let store = store.clone();
        writers.spawn(async move {
            for _ in 0..10 {
                let mut owners = ["acc1", "acc2", "acc3"];
                owners.rotate_left(writer % 3);
                let mut batch = Batch::new(NOW);
                for owner in owners {
                    batch.append(&JOURNAL, entry(owner, "a", None));
                }
                store.commit(batch).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    let mut counts = BTreeMap::new();
    for owner in ["acc1", "acc2", "acc3"] {
        counts.insert(owner, found(&store, &journal(owner)).await);
    }
    let all: Vec<u64> = (1..=80).collect();
    assert!(counts.values().all(|found| *found == all), "{counts:?}");
}
