//! Backup and restore, from and into every backend.

use std::io::Cursor;

use usher_store::backup::{BackupError, Summary};
use usher_store::batch::{Batch, Expect};
use usher_store::store::{Field, Key, Query, Row, Store, StoreError};

use crate::harness::{
    ACCOUNTS, JOURNAL, LEASES, NOW, Opened, THINGS, account, at, entry, get, lease, put, text,
    thing,
};

fn key(id: &str) -> Key {
    Key::new(&account("acc1"), ["top", id])
}

/// Fills a store with rows of every kind.
pub(crate) async fn fill(store: &Store) {
    let mut batch = Batch::new(NOW);
    for owner in ["acc1", "acc2"] {
        let mut row = thing(Key::new(&account(owner), []), r#"{"name":"\u0000 ä \n"}"#);
        row.fields = Vec::new();
        batch.put(&ACCOUNTS, row, Expect::Absent);
        for number in 0..700 {
            let mut row = thing(
                Key::new(&account(owner), ["a\tb", &number.to_string()]),
                "[1.0, 1e16]",
            );
            row.fields = vec![text("\"red\""), Field::Integer(number), Field::Null];
            batch.put(&THINGS, row, Expect::Absent);
        }
        let key = |id: &str| Key::new(&account(owner), [id]);
        batch.put(
            &LEASES,
            lease(key("expired"), "x", Some(NOW)),
            Expect::Absent,
        );
        let end = Some(at(NOW.milliseconds() + 1));
        batch.put(&LEASES, lease(key("live"), "x", end), Expect::Absent);
    }
    store.commit(batch).await.unwrap();
    // The newest entry is gone, and its number stays taken.
    for end in [Some(at(NOW.milliseconds() + 1)), None, Some(NOW)] {
        let mut batch = Batch::new(NOW);
        batch.append(&JOURNAL, entry("acc1", "a", end));
        store.commit(batch).await.unwrap();
    }
    // Counted on, so that revisions are not what a fresh store would give.
    put(store, &THINGS, thing(key("again"), "1"), Expect::Any)
        .await
        .unwrap();
    put(store, &THINGS, thing(key("again"), "2"), Expect::Any)
        .await
        .unwrap();
}

/// Returns every row of both accounts.
pub(crate) async fn rows(store: &Store) -> Vec<Row> {
    let mut rows = Vec::new();
    for owner in ["acc1", "acc2"] {
        for collection in [&ACCOUNTS, &THINGS, &LEASES, &JOURNAL] {
            let query = Query::all(&account(owner), collection);
            rows.extend(store.find_all(&query, NOW).await.unwrap());
        }
    }
    rows
}

pub(crate) async fn take(store: &Store) -> Vec<u8> {
    let (backup, summary) = store.backup(Vec::new(), NOW).await.unwrap();
    assert_eq!(summary, Summary { rows: 1_408 });
    backup
}

async fn restore(store: &Store, backup: impl Into<Vec<u8>>) -> Result<Summary, BackupError> {
    store.restore(Cursor::new(backup.into())).await
}

/// Restores a backup of one store into another and compares.
pub(crate) async fn moves(from: &Store, to: &Store) {
    fill(from).await;
    let backup = take(from).await;
    assert_eq!(
        restore(to, backup.clone()).await.unwrap(),
        Summary { rows: 1_408 }
    );
    assert_eq!(rows(to).await, rows(from).await);
    // A second backup differs in nothing but when it was taken.
    assert_eq!(take(to).await, backup);
    // Revisions go on from where they were.
    let last = get(from, &THINGS, &key("again")).await.unwrap().revision;
    assert!(
        put(to, &THINGS, thing(key("new"), "1"), Expect::Absent)
            .await
            .unwrap()
            > last
    );
    // So do the numbers of logs.
    let mut batch = Batch::new(NOW);
    batch.append(&JOURNAL, entry("acc1", "b", None));
    batch.append(&JOURNAL, entry("acc2", "b", None));
    assert_eq!(to.commit(batch).await.unwrap(), [4, 1]);
    assert!(matches!(
        restore(to, backup).await,
        Err(BackupError::NotEmpty)
    ));
}

#[tokio::test]
async fn a_backup_of_a_file_restores_into_another() {
    moves(&Opened::in_directory().store, &Opened::in_directory().store).await;
}

#[tokio::test]
async fn a_backup_of_memory_restores_into_memory() {
    moves(&Opened::in_memory().store, &Opened::in_memory().store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_while_writes_go_on_is_of_one_instant() {
    let opened = Opened::in_directory();
    let store = opened.store.clone();
    // Each batch writes the same number into two rows; a backup in between would have two numbers.
    let write = |number: u64| {
        let mut batch = Batch::new(NOW);
        for id in ["a", "z"] {
            batch.put(&THINGS, thing(key(id), &number.to_string()), Expect::Any);
        }
        batch
    };
    store.commit(write(0)).await.unwrap();
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let mut writer = tokio::task::JoinSet::new();
    writer.spawn(async move {
        for number in 1.. {
            store.commit(write(number)).await.unwrap();
            if stopped.try_recv().is_ok() {
                break;
            }
        }
    });
    for _ in 0..20 {
        let (backup, _) = opened.store.backup(Vec::new(), NOW).await.unwrap();
        let restored = Opened::in_memory();
        restore(&restored.store, backup).await.unwrap();
        let a = get(&restored.store, &THINGS, &key("a")).await.unwrap();
        let z = get(&restored.store, &THINGS, &key("z")).await.unwrap();
        assert_eq!(a.document, z.document);
    }
    stop.send(()).unwrap();
    writer.join_all().await;
}

#[tokio::test]
async fn a_backup_that_was_cut_short_or_changed_restores_nothing() {
    let opened = Opened::in_memory();
    fill(&opened.store).await;
    let backup = String::from_utf8(take(&opened.store).await).unwrap();
    let lines: Vec<&str> = backup.lines().collect();
    let cut_between_lines = format!("{}\n", lines[..lines.len() - 1].join("\n"));
    let cut_in_a_line = backup[..backup.len() / 2].to_owned();
    let changed = backup.replacen("1e16", "1e17", 1);
    let continued = format!("{backup}\n");
    let without_a_row = backup.replacen(&format!("{}\n", lines[5]), "", 1);
    for broken in [cut_between_lines, changed, continued, without_a_row] {
        let error = restore(&Opened::in_memory().store, broken)
            .await
            .unwrap_err();
        assert!(matches!(error, BackupError::Checksum), "{error:?}");
    }
    let target = Opened::in_memory();
    let error = restore(&target.store, cut_in_a_line).await.unwrap_err();
    assert!(matches!(error, BackupError::Line { .. }), "{error:?}");
    assert_eq!(rows(&target.store).await, []);
    // It can be used, and be restored into, as if nothing had happened.
    restore(&target.store, backup).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_backup_says_what_was_expected() {
    let header = |format: u32, schema: u32, columns: &str| {
        format!(
            "{{\"usherBackup\":{format},\"schemaVersion\":{schema},\"revision\":9,\
             \"columns\":{{\"things\":[{columns}]}}}}\n"
        )
    };
    let row = |row: &str| format!("{}{row}\n", header(1, 1, "\"color\",\"size\""));
    let cases = [
        (
            String::new(),
            "line 1 of the backup: expected a backup's first line",
        ),
        (
            "PK\u{3}\u{4}".to_owned(),
            "line 1 of the backup: expected a backup's first line",
        ),
        (row("[1,2]"), "line 2 of the backup: expected a row"),
        (
            row(r#"["things",["","s","i"],5,null,["red",5],{}]"#),
            "line 2 of the backup: expected an account",
        ),
        (
            row(r#"["things",["acc1","s"],5,null,["red",5],{}]"#),
            "line 2 of the backup: expected a key of 2 parts",
        ),
        (
            row(r#"["things",["acc1","s","i"],5,7,["red",5],{}]"#),
            "line 2 of the backup: expected a row that never expires",
        ),
        (
            row(r#"["things",["acc1","s","i"],5,null,[5,5],{}]"#),
            "line 2 of the backup: expected `color` to be Text without NUL",
        ),
        (
            row(r#"["things",["acc1","s","i"],10,null,["red",5],{}]"#),
            "line 2 of the backup: expected a revision that is counted",
        ),
        (
            row(r#"["planets",["acc1"],5,null,[],{}]"#),
            "the backup was made by a newer version of Usher: restore it with that one",
        ),
        (
            header(2, 1, ""),
            "the backup was made by a newer version of Usher: restore it with that one",
        ),
        (
            header(1, 2, ""),
            "the backup was made by a newer version of Usher: restore it with that one",
        ),
    ];
    let opened = Opened::in_memory();
    for (backup, expected) in cases {
        let error = restore(&opened.store, backup.clone()).await.unwrap_err();
        assert_eq!(error.to_string(), expected, "{backup}");
    }
}

#[tokio::test]
async fn a_column_that_came_later_is_null_after_a_restore() {
    let lines = "{\"usherBackup\":1,\"schemaVersion\":1,\"revision\":9,\"columns\":{\"things\":[\"size\"]}}\n\
                 [\"things\",[\"acc1\",\"top\",\"a\"],5,null,[7],{}]\n";
    let opened = Opened::in_memory();
    restore(&opened.store, complete(lines, 1)).await.unwrap();
    let row = get(&opened.store, &THINGS, &key("a")).await.unwrap();
    assert_eq!(row.fields, [Field::Null, Field::Integer(7), Field::Null]);
    assert_eq!(row.revision, 5);
}

#[tokio::test]
async fn rows_that_nothing_keeps_any_more_are_left_out_of_a_restore() {
    let lines = "{\"usherBackup\":1,\"schemaVersion\":1,\"revision\":9,\
                 \"columns\":{\"function_logs\":[\"function_id\"],\"things\":[\"size\"]}}\n\
                 [\"function_logs\",[\"acc1\",\"l\"],4,null,[\"f\"],{}]\n\
                 [\"things\",[\"acc1\",\"top\",\"a\"],5,null,[7],{}]\n";
    let opened = Opened::in_memory();
    let summary = restore(&opened.store, complete(lines, 2)).await.unwrap();
    assert_eq!(summary, Summary { rows: 1 });
    let row = get(&opened.store, &THINGS, &key("a")).await.unwrap();
    assert_eq!(row.revision, 5);
}

/// Adds the last line to the others of a backup.
fn complete(lines: &str, rows: u64) -> String {
    let checksum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, lines.as_bytes());
    let checksum = checksum.as_ref().iter();
    let checksum: String = checksum.map(|byte| format!("{byte:02x}")).collect();
    format!("{lines}{{\"rows\":{rows},\"sha256\":\"{checksum}\"}}\n")
}

/// A file system that is full.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_backup_that_cannot_be_written_fails() {
    let opened = Opened::in_directory();
    let result = opened.store.backup(Full, NOW).await;
    assert!(matches!(result, Err(BackupError::File(_))));
    opened.store.close();
    let error = restore(&opened.store, "").await.unwrap_err();
    assert!(
        matches!(error, BackupError::Store(StoreError::Closed)),
        "{error:?}"
    );
}
