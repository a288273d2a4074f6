//! Stores to test, with collections of their own.

use std::thread::JoinHandle;

use tempfile::TempDir;
use usher_model::id::AccountId;
use usher_model::time::Timestamp;
use usher_store::batch::{AppendRow, Batch, CommitError, Expect, PutRow};
use usher_store::collection::{Collection, Column, ColumnKind, Index, kept};
use usher_store::sqlite::{Options, Sqlite, Writer};
use usher_store::store::{Field, Key, Row, Store};

pub(crate) const NOW: Timestamp = Timestamp::from_milliseconds(1_000_000);

pub(crate) const fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}

/// One row an account.
pub(crate) static ACCOUNTS: Collection = Collection {
    name: "accounts",
    key: &[],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// Two parts of a key, nullable columns of both kinds, unique and other indexes.
pub(crate) static THINGS: Collection = Collection {
    name: "things",
    key: &["shelf", "id"],
    columns: &[
        Column {
            name: "color",
            kind: ColumnKind::Text,
        },
        Column {
            name: "size",
            kind: ColumnKind::Integer,
        },
        Column {
            name: "label",
            kind: ColumnKind::Text,
        },
    ],
    indexes: &[
        Index {
            name: "by_color",
            columns: &["color", "size"],
            unique: false,
        },
        Index {
            name: "by_size",
            columns: &["size"],
            unique: false,
        },
        Index {
            name: "by_id",
            columns: &["id"],
            unique: false,
        },
        Index {
            name: "by_label",
            columns: &["label"],
            unique: true,
        },
        Index {
            name: "by_size_on_shelf",
            columns: &["shelf", "size"],
            unique: true,
        },
    ],
    expires: false,
};

/// Rows that expire.
pub(crate) static LEASES: Collection = Collection {
    name: "leases",
    key: &["id"],
    columns: &[Column {
        name: "holder",
        kind: ColumnKind::Text,
    }],
    indexes: &[Index {
        name: "by_holder",
        columns: &["holder"],
        unique: false,
    }],
    expires: true,
};

/// Rows that are appended.
pub(crate) static JOURNAL: Collection = Collection {
    name: "journal",
    key: &["sequence"],
    columns: &[
        Column {
            name: "topic",
            kind: ColumnKind::Text,
        },
        Column {
            name: "size",
            kind: ColumnKind::Integer,
        },
    ],
    indexes: &[Index {
        name: "by_topic",
        columns: &["topic"],
        unique: false,
    }],
    expires: true,
};

pub(crate) static COLLECTIONS: &[&Collection] =
    &[&ACCOUNTS, &THINGS, &LEASES, &JOURNAL, &kept::LOG_SEQUENCES];

/// A store with its writer on a thread; dropped, it is closed and the writer has ended.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) store: Store,
    writer: Option<JoinHandle<()>>,
    /// Removed with its files when the store is dropped.
    directory: Option<TempDir>,
}

impl Opened {
    pub(crate) fn new(store: impl Into<Store>, writer: Writer) -> Self {
        let writer = Some(std::thread::spawn(move || writer.run()));
        Self {
            store: store.into(),
            writer,
            directory: None,
        }
    }

    pub(crate) fn in_memory() -> Self {
        let (sqlite, writer) = Sqlite::open_in_memory(COLLECTIONS).unwrap();
        Self::new(sqlite, writer)
    }

    pub(crate) fn in_directory() -> Self {
        let directory = TempDir::new().unwrap();
        let (sqlite, writer) = Sqlite::open(&options(directory.path())).unwrap();
        let mut opened = Self::new(sqlite, writer);
        opened.directory = Some(directory);
        opened
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.store.close();
        let ended = self.writer.take().map(JoinHandle::join);
        assert!(
            std::thread::panicking() || !matches!(ended, Some(Err(_))),
            "the writer panicked"
        );
    }
}

pub(crate) fn options(directory: &std::path::Path) -> Options {
    Options {
        directory: directory.to_path_buf(),
        collections: COLLECTIONS,
        is_server: false,
    }
}

pub(crate) fn account(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

pub(crate) fn text(text: &str) -> Field {
    Field::Text(text.to_owned())
}

/// A thing without columns set.
pub(crate) fn thing(key: Key, document: &str) -> PutRow {
    let fields = vec![Field::Null, Field::Null, Field::Null];
    PutRow {
        key,
        fields,
        expires_at: None,
        document: document.to_owned(),
    }
}

pub(crate) fn lease(key: Key, holder: &str, expires_at: Option<Timestamp>) -> PutRow {
    PutRow {
        key,
        fields: vec![text(holder)],
        expires_at,
        document: "{}".to_owned(),
    }
}

pub(crate) fn entry(owner: &str, topic: &str, expires_at: Option<Timestamp>) -> AppendRow {
    AppendRow {
        account: account(owner),
        fields: vec![text(topic), Field::Null],
        expires_at,
        document: format!("{{\"topic\":\"{topic}\"}}"),
    }
}

/// Writes one row and returns its revision.
pub(crate) async fn put(
    store: &Store,
    collection: &'static Collection,
    row: PutRow,
    expect: Expect,
) -> Result<u64, CommitError> {
    let mut batch = Batch::new(NOW);
    batch.put(collection, row, expect);
    Ok(store.commit(batch).await?[0])
}

pub(crate) async fn get(store: &Store, collection: &'static Collection, key: &Key) -> Option<Row> {
    store.get(collection, key, NOW).await.unwrap()
}
