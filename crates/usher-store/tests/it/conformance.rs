//! One suite for every backend.

mod logs;

use usher_model::limits;
use usher_store::batch::{Batch, CommitError, Conflict, Expect};
use usher_store::store::{Cursor, Field, Key, Query, Store, StoreError};

use crate::harness::{ACCOUNTS, LEASES, NOW, THINGS, account, at, get, lease, put, text, thing};

/// Calls a macro with the name of every test of the suite.
macro_rules! for_each_promise {
    ($callback:ident) => {
        $callback! {
            a_row_comes_back_as_it_was_written
            a_document_comes_back_byte_for_byte
            rows_of_any_collections_are_read_at_once
            a_conditional_write_names_the_revision_it_read
            a_revision_from_before_a_removal_never_fits_again
            a_revision_from_before_an_expiry_never_fits_again
            a_batch_that_conflicts_leaves_no_trace
            a_later_operation_sees_what_an_earlier_one_did
            a_unique_index_names_itself_in_the_conflict
            a_unique_value_is_free_once_its_row_has_given_it_up
            nulls_never_agree_in_a_unique_index
            accounts_never_meet
            a_batch_may_span_accounts
            an_expired_row_is_absent_before_the_sweep
            a_sweep_removes_what_has_expired_and_nothing_else
            a_page_continues_where_the_last_one_ended_whatever_comes_and_goes
            a_page_ends_at_its_limit_of_rows
            large_documents_make_a_page_shorter
            a_page_of_rows_that_contain_a_text_looks_at_a_bounded_number_of_rows
            many_rows_go_in_one_batch
            writers_at_once_each_win_or_conflict
            a_row_that_no_backend_can_hold_is_refused
            a_key_may_be_as_long_as_allowed
            a_collection_that_was_not_declared_is_refused
            accounts_are_listed_in_order
            a_log_numbers_the_rows_of_an_account_from_one
            a_log_is_read_in_the_order_of_its_numbers
            a_log_that_was_not_declared_is_refused
            a_batch_that_conflicts_takes_no_number
            a_number_never_comes_again
            rows_of_a_log_are_appended_and_then_changed_or_removed
            whoever_sees_a_number_sees_all_before_it
            batches_that_append_to_the_same_logs_wait_for_each_other
            a_closed_store_writes_no_more
        }
    };
}
pub(crate) use for_each_promise;
pub(crate) use logs::*;

fn key(id: &str) -> Key {
    Key::new(&account("acc1"), ["top", id])
}

fn lease_key(id: &str) -> Key {
    Key::new(&account("acc1"), [id])
}

fn conflict(result: Result<impl std::fmt::Debug, CommitError>) -> Conflict {
    match result {
        Err(CommitError::Conflict { reason, .. }) => reason,
        other => panic!("expected a conflict, found {other:?}"),
    }
}

pub(crate) async fn a_row_comes_back_as_it_was_written(store: Store) {
    let mut row = thing(key("a"), r#"{"x":1}"#);
    row.fields = vec![text("red"), Field::Integer(i64::MIN), Field::Null];
    let revision = put(&store, &THINGS, row, Expect::Absent).await.unwrap();
    let read = get(&store, &THINGS, &key("a")).await.unwrap();
    assert_eq!(read.key, key("a"));
    assert_eq!(read.revision, revision);
    assert_eq!(
        read.fields,
        [text("red"), Field::Integer(i64::MIN), Field::Null]
    );
    assert_eq!(read.expires_at, None);
    assert_eq!(get(&store, &THINGS, &key("b")).await, None);
}

pub(crate) async fn a_document_comes_back_byte_for_byte(store: Store) {
    let documents = [
        r#"{"b":1,"a":2,"b":3}"#,
        r#"{ "spaced" : [ 1 , 2 ] }"#,
        r#"[1e16, 1.0, 0.1, 12345678901234567890123, -0]"#,
        r#""\u0000 \ud83d\ude00 ä""#,
        "null",
    ];
    for (number, document) in documents.into_iter().enumerate() {
        let key = key(&number.to_string());
        put(&store, &THINGS, thing(key.clone(), document), Expect::Any)
            .await
            .unwrap();
        assert_eq!(get(&store, &THINGS, &key).await.unwrap().document, document);
    }
}

pub(crate) async fn rows_of_any_collections_are_read_at_once(store: Store) {
    let account = account("acc1");
    let mut full = thing(key("full"), r#"{ "b": 1.0 }"#);
    full.fields = vec![text("red, \"{}\""), Field::Integer(-7), text("NULL")];
    put(&store, &THINGS, full, Expect::Any).await.unwrap();
    put(&store, &THINGS, thing(key("bare"), "{}"), Expect::Any)
        .await
        .unwrap();
    let (held, over) = (Key::new(&account, ["held"]), Key::new(&account, ["over"]));
    for (key, until) in [(&held, at(NOW.milliseconds() + 1)), (&over, NOW)] {
        put(
            &store,
            &LEASES,
            lease(key.clone(), "n", Some(until)),
            Expect::Any,
        )
        .await
        .unwrap();
    }
    let mut wanted = vec![(&THINGS, key("full")), (&LEASES, held), (&LEASES, over)];
    wanted.extend([
        (&THINGS, key("bare")),
        (&THINGS, key("absent")),
        (&THINGS, key("full")),
    ]);
    // A statement's worth and one more.
    let more = (0..limits::STORE_GET_ROWS_MAX).map(|_| (&THINGS, key("bare")));
    wanted.extend(more);
    let found = store.get_many(&wanted, NOW).await.unwrap();
    assert_eq!(found.len(), wanted.len());
    for ((collection, key), found) in wanted.iter().zip(found) {
        assert_eq!(found, get(&store, collection, key).await, "{key:?}");
    }
    assert_eq!(store.get_many(&[], NOW).await.unwrap(), []);
}

pub(crate) async fn a_conditional_write_names_the_revision_it_read(store: Store) {
    let row = || thing(key("a"), "1");
    let unknown = put(&store, &THINGS, row(), Expect::Revision(1)).await;
    assert_eq!(conflict(unknown), Conflict::Revision);
    let first = put(&store, &THINGS, row(), Expect::Absent).await.unwrap();
    assert_eq!(
        conflict(put(&store, &THINGS, row(), Expect::Absent).await),
        Conflict::Exists
    );
    let second = put(&store, &THINGS, row(), Expect::Revision(first))
        .await
        .unwrap();
    assert!(second > first);
    let stale = put(&store, &THINGS, row(), Expect::Revision(first)).await;
    assert_eq!(conflict(stale), Conflict::Revision);
    let mut batch = Batch::new(NOW);
    batch.check(&THINGS, key("a"), Expect::Revision(second));
    batch.delete(&THINGS, key("a"), Expect::Revision(second));
    batch.check(&THINGS, key("a"), Expect::Absent);
    assert_eq!(store.commit(batch).await.unwrap(), [0, 0, 0]);
    assert_eq!(get(&store, &THINGS, &key("a")).await, None);
}

pub(crate) async fn a_revision_from_before_a_removal_never_fits_again(store: Store) {
    let row = || thing(key("a"), "1");
    let before = put(&store, &THINGS, row(), Expect::Absent).await.unwrap();
    let mut batch = Batch::new(NOW);
    batch.delete(&THINGS, key("a"), Expect::Any);
    store.commit(batch).await.unwrap();
    let after = put(&store, &THINGS, row(), Expect::Absent).await.unwrap();
    assert!(after > before);
    let stale = put(&store, &THINGS, row(), Expect::Revision(before)).await;
    assert_eq!(conflict(stale), Conflict::Revision);
}

pub(crate) async fn a_revision_from_before_an_expiry_never_fits_again(store: Store) {
    let row = || lease(lease_key("a"), "x", Some(NOW));
    let before = put(&store, &LEASES, row(), Expect::Absent).await.unwrap();
    assert_eq!(store.sweep(NOW, 10).await.unwrap(), 1);
    let after = put(&store, &LEASES, row(), Expect::Absent).await.unwrap();
    assert!(after > before);
    let over_expired = put(&store, &LEASES, row(), Expect::Absent).await.unwrap();
    assert!(over_expired > after);
}

pub(crate) async fn a_batch_that_conflicts_leaves_no_trace(store: Store) {
    put(&store, &THINGS, thing(key("there"), "1"), Expect::Absent)
        .await
        .unwrap();
    let mut batch = Batch::new(NOW);
    batch.put(&THINGS, thing(key("new"), "2"), Expect::Any);
    batch.put(&THINGS, thing(key("there"), "2"), Expect::Any);
    batch.check(&THINGS, key("missing"), Expect::Revision(5));
    let error = store.commit(batch).await.unwrap_err();
    let CommitError::Conflict {
        collection,
        key: found,
        reason,
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(
        (collection, found, reason),
        ("things", key("missing"), Conflict::Revision)
    );
    assert_eq!(get(&store, &THINGS, &key("new")).await, None);
    assert_eq!(
        get(&store, &THINGS, &key("there")).await.unwrap().document,
        "1"
    );
}

pub(crate) async fn a_later_operation_sees_what_an_earlier_one_did(store: Store) {
    let mut batch = Batch::new(NOW);
    batch.put(&THINGS, thing(key("a"), "1"), Expect::Absent);
    batch.delete(&THINGS, key("a"), Expect::Any);
    batch.put(&THINGS, thing(key("a"), "2"), Expect::Absent);
    batch.put(&THINGS, thing(key("a"), "3"), Expect::Any);
    let revisions = store.commit(batch).await.unwrap();
    let read = get(&store, &THINGS, &key("a")).await.unwrap();
    assert_eq!(read.document, "3");
    assert_eq!(read.revision, revisions[3]);
    let mut batch = Batch::new(NOW);
    batch.put(&THINGS, thing(key("b"), "1"), Expect::Absent);
    batch.put(&THINGS, thing(key("b"), "2"), Expect::Absent);
    assert_eq!(conflict(store.commit(batch).await), Conflict::Exists);
}

pub(crate) async fn a_unique_index_names_itself_in_the_conflict(store: Store) {
    let labelled = |id: &str, size: i64, label: &str| {
        let mut row = thing(key(id), "1");
        row.fields = vec![Field::Null, Field::Integer(size), text(label)];
        row
    };
    put(&store, &THINGS, labelled("a", 1, "x"), Expect::Absent)
        .await
        .unwrap();
    let same_label = put(&store, &THINGS, labelled("b", 2, "x"), Expect::Any).await;
    assert_eq!(conflict(same_label), Conflict::Unique("by_label"));
    let same_size = put(&store, &THINGS, labelled("b", 1, "y"), Expect::Absent).await;
    assert_eq!(conflict(same_size), Conflict::Unique("by_size_on_shelf"));
    // A row never stands in its own way, nor one that goes in the same batch.
    put(&store, &THINGS, labelled("a", 1, "x"), Expect::Any)
        .await
        .unwrap();
    let mut batch = Batch::new(NOW);
    batch.delete(&THINGS, key("a"), Expect::Any);
    batch.put(&THINGS, labelled("b", 1, "x"), Expect::Absent);
    store.commit(batch).await.unwrap();
}

pub(crate) async fn a_unique_value_is_free_once_its_row_has_given_it_up(store: Store) {
    let labelled = |id: &str, label: &str| {
        let mut row = thing(key(id), "1");
        row.fields[2] = text(label);
        row
    };
    put(&store, &THINGS, labelled("a", "x"), Expect::Absent)
        .await
        .unwrap();
    let mut early = Batch::new(NOW);
    early.put(&THINGS, labelled("b", "x"), Expect::Any);
    early.put(&THINGS, labelled("a", "y"), Expect::Any);
    assert_eq!(
        conflict(store.commit(early).await),
        Conflict::Unique("by_label")
    );
    let mut late = Batch::new(NOW);
    late.put(&THINGS, labelled("a", "y"), Expect::Any);
    late.put(&THINGS, labelled("b", "x"), Expect::Any);
    store.commit(late).await.unwrap();
}

pub(crate) async fn nulls_never_agree_in_a_unique_index(store: Store) {
    for id in ["a", "b"] {
        put(&store, &THINGS, thing(key(id), "1"), Expect::Absent)
            .await
            .unwrap();
    }
    let query = Query {
        index: Some("by_label"),
        ..Query::all(&account("acc1"), &THINGS)
    };
    let found = store.find_all(&query, NOW).await.unwrap();
    assert_eq!(found.len(), 2);
}

pub(crate) async fn accounts_never_meet(store: Store) {
    for owner in ["acc1", "acc2"] {
        let mut row = thing(
            Key::new(&account(owner), ["top", "a"]),
            &format!("{owner:?}"),
        );
        row.fields[2] = text("the same label");
        put(&store, &THINGS, row, Expect::Absent).await.unwrap();
    }
    for owner in ["acc1", "acc2"] {
        let rows = store
            .find_all(&Query::all(&account(owner), &THINGS), NOW)
            .await
            .unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].document, format!("{owner:?}"));
    }
}

pub(crate) async fn a_batch_may_span_accounts(store: Store) {
    let mut batch = Batch::new(NOW);
    for owner in ["acc1", "acc2"] {
        batch.put(
            &THINGS,
            thing(Key::new(&account(owner), ["top", "a"]), "1"),
            Expect::Absent,
        );
    }
    let revisions = store.commit(batch).await.unwrap();
    assert_ne!(revisions[1], revisions[0]);
}

pub(crate) async fn an_expired_row_is_absent_before_the_sweep(store: Store) {
    let end = at(NOW.milliseconds() + 10);
    let key = lease_key("a");
    let first = put(
        &store,
        &LEASES,
        lease(key.clone(), "x", Some(end)),
        Expect::Absent,
    )
    .await;
    let first = first.unwrap();
    let just_before = at(end.milliseconds() - 1);
    assert!(
        store
            .get(&LEASES, &key, just_before)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(store.get(&LEASES, &key, end).await.unwrap(), None);
    let mut query = Query::all(&account("acc1"), &LEASES);
    assert_eq!(store.find(&query, just_before).await.unwrap().rows.len(), 1);
    assert_eq!(store.find(&query, end).await.unwrap().rows.len(), 0);
    query.index = Some("by_holder");
    query.equals = vec![text("x")];
    assert_eq!(store.find(&query, end).await.unwrap().rows.len(), 0);
    let mut batch = Batch::new(end);
    batch.check(&LEASES, key.clone(), Expect::Revision(first));
    assert_eq!(conflict(store.commit(batch).await), Conflict::Revision);
    let mut batch = Batch::new(end);
    batch.put(
        &LEASES,
        lease(key.clone(), "y", None),
        Expect::Revision(first),
    );
    assert_eq!(conflict(store.commit(batch).await), Conflict::Revision);
    let mut batch = Batch::new(end);
    batch.check(&LEASES, key.clone(), Expect::Absent);
    batch.put(&LEASES, lease(key.clone(), "y", None), Expect::Absent);
    store.commit(batch).await.unwrap();
    assert_eq!(
        store.get(&LEASES, &key, end).await.unwrap().unwrap().fields,
        [text("y")]
    );
}

pub(crate) async fn a_sweep_removes_what_has_expired_and_nothing_else(store: Store) {
    let mut batch = Batch::new(NOW);
    for number in 0..250 {
        let expires_at = (number % 2 == 0).then_some(NOW);
        let row = lease(lease_key(&number.to_string()), "x", expires_at);
        batch.put(&LEASES, row, Expect::Absent);
    }
    put(&store, &THINGS, thing(key("a"), "1"), Expect::Absent)
        .await
        .unwrap();
    store.commit(batch).await.unwrap();
    assert_eq!(
        store
            .sweep(at(NOW.milliseconds() - 1), 1_000)
            .await
            .unwrap(),
        0
    );
    assert_eq!(store.sweep(NOW, 20).await.unwrap(), 20);
    assert_eq!(store.sweep(NOW, 1_000).await.unwrap(), 105);
    assert_eq!(store.sweep(NOW, 1_000).await.unwrap(), 0);
    let early = at(0);
    let left = store
        .find_all(&Query::all(&account("acc1"), &LEASES), early)
        .await
        .unwrap();
    assert_eq!(left.len(), 125);
    assert!(get(&store, &THINGS, &key("a")).await.is_some());
}

pub(crate) async fn a_page_continues_where_the_last_one_ended_whatever_comes_and_goes(
    store: Store,
) {
    for id in ["b", "d", "f", "h"] {
        put(&store, &THINGS, thing(key(id), "1"), Expect::Absent)
            .await
            .unwrap();
    }
    let mut query = Query {
        limit: 2,
        ..Query::all(&account("acc1"), &THINGS)
    };
    let page = store.find(&query, NOW).await.unwrap();
    let cursor = page.next.unwrap();
    // The row at the cursor goes, one comes before it and one after.
    let mut batch = Batch::new(NOW);
    batch.delete(&THINGS, key("d"), Expect::Any);
    batch.put(&THINGS, thing(key("a"), "1"), Expect::Absent);
    batch.put(&THINGS, thing(key("e"), "1"), Expect::Absent);
    store.commit(batch).await.unwrap();
    query.after = Some(Cursor::parse(&cursor.to_string()).unwrap());
    let page = store.find(&query, NOW).await.unwrap();
    let ids: Vec<&str> = page.rows.iter().map(|row| &*row.key.parts()[1]).collect();
    assert_eq!(ids, ["e", "f"]);
    query.after = page.next;
    let page = store.find(&query, NOW).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    assert_eq!(page.next, None);
}

pub(crate) async fn a_page_ends_at_its_limit_of_rows(store: Store) {
    let mut batch = Batch::new(NOW);
    for number in 0..1_001 {
        batch.put(
            &THINGS,
            thing(key(&format!("{number:04}")), "1"),
            Expect::Absent,
        );
    }
    store.commit(batch).await.unwrap();
    let mut query = Query {
        limit: 5_000,
        ..Query::all(&account("acc1"), &THINGS)
    };
    let page = store.find(&query, NOW).await.unwrap();
    assert_eq!(page.rows.len(), 1_000);
    assert_eq!(store.find_all(&query, NOW).await.unwrap().len(), 1_001);
    query.after = page.next;
    let page = store.find(&query, NOW).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    assert_eq!(page.next, None);
    query.limit = 0;
    assert_eq!(store.find(&query, NOW).await.unwrap().rows.len(), 0);
}

pub(crate) async fn large_documents_make_a_page_shorter(store: Store) {
    let document = format!("{:?}", "x".repeat(1 << 20));
    for number in 10..30 {
        let row = thing(key(&number.to_string()), &document);
        put(&store, &THINGS, row, Expect::Absent).await.unwrap();
    }
    let query = Query::all(&account("acc1"), &THINGS);
    let page = store.find(&query, NOW).await.unwrap();
    assert_eq!(page.rows.len(), 16);
    assert!(page.next.is_some());
    assert_eq!(store.find_all(&query, NOW).await.unwrap().len(), 20);
}

pub(crate) async fn many_rows_go_in_one_batch(store: Store) {
    let mut batch = Batch::new(NOW);
    for number in 0..3_000 {
        let row = lease(lease_key(&format!("{}", 3_000 - number)), "x", None);
        batch.put(&LEASES, row, Expect::Any);
    }
    let revisions = store.commit(batch.clone()).await.unwrap();
    assert_eq!(revisions.len(), 3_000);
    let again = store.commit(batch).await.unwrap();
    for number in [1_usize, 2_999] {
        let key = lease_key(&format!("{}", 3_000 - number));
        assert_eq!(
            get(&store, &LEASES, &key).await.unwrap().revision,
            again[number]
        );
        assert!(again[number] > revisions[number]);
    }
    // One that is there already: nothing of the batch is written.
    let mut batch = Batch::new(NOW);
    for id in ["new", "7", "newer"] {
        batch.put(&LEASES, lease(lease_key(id), "y", None), Expect::Absent);
    }
    let error = store.commit(batch).await.unwrap_err();
    let CommitError::Conflict { key, reason, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!((key, reason), (lease_key("7"), Conflict::Exists));
    assert_eq!(get(&store, &LEASES, &lease_key("new")).await, None);
}

pub(crate) async fn a_page_of_rows_that_contain_a_text_looks_at_a_bounded_number_of_rows(
    store: Store,
) {
    let last = 2 * limits::STORE_PAGE_ROWS_MAX;
    let mut batch = Batch::new(NOW);
    for number in 0..=last {
        let holder = if number % last == 0 {
            "a rare one"
        } else {
            "one"
        };
        let row = lease(lease_key(&format!("{number:05}")), holder, None);
        batch.put(&LEASES, row, Expect::Absent);
    }
    store.commit(batch).await.unwrap();
    let mut query = Query::all(&account("acc1"), &LEASES);
    query.contains = vec![("holder", "rare".to_owned())];
    query.limit = 10;
    let first = store.find(&query, NOW).await.unwrap();
    assert_eq!(first.rows.len(), 1);
    let next = first.next.unwrap();
    let looked_at = format!("{:05}", limits::STORE_PAGE_ROWS_MAX - 1);
    assert_eq!(next.values(), [text(&looked_at)]);
    query.after = Some(next);
    let second = store.find(&query, NOW).await.unwrap();
    assert!(second.rows.is_empty());
    query.after = second.next;
    let third = store.find(&query, NOW).await.unwrap();
    assert_eq!(third.rows[0].key, lease_key(&format!("{last:05}")));
    assert_eq!(third.rows[0].fields, [text("a rare one")]);
    assert_eq!(third.next, None);
    query.after = None;
    assert_eq!(store.find_all(&query, NOW).await.unwrap().len(), 2);
}

pub(crate) async fn writers_at_once_each_win_or_conflict(store: Store) {
    put(&store, &THINGS, thing(key("count"), "0"), Expect::Absent)
        .await
        .unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..16 {
        let store = store.clone();
        writers.spawn(async move {
            let mut wins = 0;
            while wins < 5 {
                let read = get(&store, &THINGS, &key("count")).await.unwrap();
                let count: u64 = read.document.parse().unwrap();
                let mut batch = Batch::new(NOW);
                let row = thing(key("count"), &(count + 1).to_string());
                batch.put(&THINGS, row, Expect::Revision(read.revision));
                let own = thing(key(&format!("{number}-{wins}")), "1");
                batch.put(&THINGS, own, Expect::Absent);
                match store.commit(batch).await {
                    Ok(_) => wins += 1,
                    Err(error) => assert_eq!(conflict(Err::<(), _>(error)), Conflict::Revision),
                }
            }
        });
    }
    writers.join_all().await;
    assert_eq!(
        get(&store, &THINGS, &key("count")).await.unwrap().document,
        "80"
    );
    let rows = store
        .find_all(&Query::all(&account("acc1"), &THINGS), NOW)
        .await
        .unwrap();
    assert_eq!(rows.len(), 81);
}

pub(crate) async fn a_row_that_no_backend_can_hold_is_refused(store: Store) {
    let nul_in_key = thing(key("a\0b"), "1");
    let mut nul_in_field = thing(key("a"), "1");
    nul_in_field.fields[0] = text("\0");
    let mut wrong_kind = thing(key("a"), "1");
    wrong_kind.fields[1] = text("1");
    let mut few_fields = thing(key("a"), "1");
    few_fields.fields.pop();
    let few_parts = thing(lease_key("a"), "1");
    let mut expiring = thing(key("a"), "1");
    expiring.expires_at = Some(NOW);
    for row in [
        nul_in_key,
        nul_in_field,
        wrong_kind,
        few_fields,
        few_parts,
        expiring,
    ] {
        let error = put(&store, &THINGS, row.clone(), Expect::Any)
            .await
            .unwrap_err();
        let is_refused = matches!(error, CommitError::Store(StoreError::Refused { .. }));
        assert!(is_refused, "{row:?}: {error:?}");
    }
}

pub(crate) async fn a_key_may_be_as_long_as_allowed(store: Store) {
    // Text that does not compress: an index entry may be compressed before it is measured.
    let mut state = 7_u64;
    let noise = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'0' + u8::try_from(state >> 58).unwrap())
    });
    let noise: String = noise
        .take(usher_model::limits::STORE_KEY_BYTES_MAX)
        .collect();
    let (shelf, id) = (&noise[..1_300], &noise[1_300..noise.len() - 4 - 8]);
    let longest = Key::new(&account("acc1"), [shelf, id]);
    let mut row = thing(longest.clone(), "1");
    row.fields[1] = Field::Integer(1);
    put(&store, &THINGS, row.clone(), Expect::Absent)
        .await
        .unwrap();
    assert!(get(&store, &THINGS, &longest).await.is_some());
    row.key = Key::new(&account("acc1"), [shelf, &format!("{id}x")]);
    let error = put(&store, &THINGS, row, Expect::Absent).await.unwrap_err();
    assert!(
        matches!(error, CommitError::Store(StoreError::Refused { .. })),
        "{error:?}"
    );
}

pub(crate) async fn a_collection_that_was_not_declared_is_refused(store: Store) {
    use usher_store::collection::kept::POLICIES;
    let key = Key::new(&account("acc1"), ["p"]);
    let error = store.get(&POLICIES, &key, NOW).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Collection("policies")),
        "{error:?}"
    );
    let mut batch = Batch::new(NOW);
    batch.put(&THINGS, thing(self::key("a"), "1"), Expect::Any);
    batch.delete(&POLICIES, key, Expect::Any);
    let error = store.commit(batch).await.unwrap_err();
    assert!(
        matches!(
            error,
            CommitError::Store(StoreError::Collection("policies"))
        ),
        "{error:?}"
    );
    assert_eq!(get(&store, &THINGS, &self::key("a")).await, None);
    let query = Query {
        index: Some("by_taste"),
        ..Query::all(&account("acc1"), &THINGS)
    };
    let error = store.find(&query, NOW).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the collection `things` has no index `by_taste`"
    );
}

pub(crate) async fn accounts_are_listed_in_order(store: Store) {
    assert_eq!(store.accounts().await.unwrap(), []);
    let mut batch = Batch::new(NOW);
    for owner in ["b", "a", "B"] {
        let mut row = thing(Key::new(&account(owner), []), "{}");
        row.fields = Vec::new();
        batch.put(&ACCOUNTS, row, Expect::Absent);
    }
    store.commit(batch).await.unwrap();
    assert_eq!(
        store.accounts().await.unwrap(),
        ["B", "a", "b"].map(account)
    );
    store.ping().await.unwrap();
}

pub(crate) async fn a_closed_store_writes_no_more(store: Store) {
    put(&store, &THINGS, thing(key("a"), "1"), Expect::Absent)
        .await
        .unwrap();
    store.clone().close();
    let error = put(&store, &THINGS, thing(key("b"), "1"), Expect::Absent)
        .await
        .unwrap_err();
    assert!(
        matches!(error, CommitError::Store(StoreError::Closed)),
        "{error:?}"
    );
    assert!(store.commit(Batch::new(NOW)).await.unwrap().is_empty());
}
