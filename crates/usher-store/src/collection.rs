//! What is kept: the declaration of a table.

pub mod kept;

/// The newest schema this version knows; a store with a newer one is refused.
///
/// A collection, column or index that is only added needs no new number: every start makes what is
/// missing. Raise it when a version that knows less must not write beside this one.
pub const SCHEMA_VERSION: i64 = 1;

/// PostgreSQL cuts longer names.
const NAME_BYTES_MAX: usize = 63;
/// The key of a log.
const LOG_KEY: &[&str] = &["sequence"];
/// The columns of every table beside the declared ones.
const OWN_COLUMNS: [&str; 4] = ["account_id", "revision", "expires_at", "document"];

/// A kind of document: its key, its index fields, whether it expires.
#[derive(Debug)]
pub struct Collection {
    /// The table's name.
    pub name: &'static str,
    /// The text columns of the key after `account_id`; none for one row an account. `sequence` alone
    /// is a number and makes the collection a log: rows are appended, and the store numbers those of
    /// an account from 1 without a gap.
    pub key: &'static [&'static str],
    /// The columns that indexes use, beside the document.
    pub columns: &'static [Column],
    /// The indexes; `account_id` is always their first column.
    pub indexes: &'static [Index],
    /// Whether rows may expire; then no index is unique, because a row that has expired and is not
    /// yet swept would stand in the way of a new one.
    pub expires: bool,
}

/// A column that an index uses.
#[derive(Debug)]
pub struct Column {
    /// The column's name.
    pub name: &'static str,
    /// What it holds; every column may be null.
    pub kind: ColumnKind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text, compared by code point.
    Text,
    /// A whole number.
    Integer,
}

/// An index over declared columns and parts of the key.
#[derive(Debug)]
pub struct Index {
    /// Its name within the collection.
    pub name: &'static str,
    /// The columns after `account_id`, in order.
    pub columns: &'static [&'static str],
    /// Whether two rows of an account may not agree in all columns; nulls never agree.
    pub unique: bool,
}

/// A declaration that no table can be made of: a mistake of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the declaration of the collection `{collection}` is wrong: {mistake}")]
pub struct DeclarationError {
    collection: &'static str,
    mistake: String,
}

impl Collection {
    /// Whether rows are appended, and numbered by the store.
    #[must_use]
    pub fn is_log(&self) -> bool {
        self.key == LOG_KEY
    }

    /// Returns what the columns of the key hold.
    pub(crate) fn key_kind(&self) -> ColumnKind {
        if self.is_log() {
            ColumnKind::Integer
        } else {
            ColumnKind::Text
        }
    }

    /// Returns an index by name.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<&'static Index> {
        self.indexes.iter().find(|index| index.name == name)
    }

    /// Returns what a declared column holds.
    pub(crate) fn kind(&self, name: &str) -> Option<ColumnKind> {
        let column = self.columns.iter().find(|column| column.name == name);
        column.map(|column| column.kind)
    }

    /// Returns an index's name in the database. It names the columns, so that an index that is
    /// declared otherwise is another one.
    pub(crate) fn index_name(&self, index: &Index) -> String {
        format!("{}__{}", self.name, index.columns.join("__"))
    }

    fn check(&self) -> Result<(), String> {
        let columns = self.columns.iter().map(|column| column.name);
        let declared: Vec<&str> = self.key.iter().copied().chain(columns).collect();
        for (position, name) in declared.iter().enumerate() {
            if OWN_COLUMNS.contains(name) || declared.iter().take(position).any(|one| one == name) {
                return Err(format!("expected every column once, found `{name}` again"));
            }
        }
        for name in declared.iter().chain([&self.name]) {
            let is_plain = name
                .chars()
                .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
            if !is_plain || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
                return Err(format!("expected a name in snake_case, found `{name}`"));
            }
        }
        for (position, index) in self.indexes.iter().enumerate() {
            let place = |other: &Index| other.name == index.name || other.columns == index.columns;
            if self.indexes.iter().take(position).any(place) {
                return Err(format!("the index `{}` is there twice", index.name));
            }
            if let Some(unknown) = index.columns.iter().find(|name| !declared.contains(name)) {
                return Err(format!(
                    "the index `{}` names no column `{unknown}`",
                    index.name
                ));
            }
            if index.columns.is_empty() || self.index_name(index).len() > NAME_BYTES_MAX {
                return Err(format!(
                    "the index `{}` has no or too long columns",
                    index.name
                ));
            }
            let is_of_key = index.columns.iter().all(|name| self.key.contains(name));
            if index.unique && is_of_key {
                return Err(format!(
                    "the index `{}` makes parts of the key unique",
                    index.name
                ));
            }
            if index.unique && self.expires {
                return Err(format!("`{}` is unique, and rows expire", index.name));
            }
            if index.unique && self.is_log() {
                return Err(format!(
                    "`{}` is unique, and a log has no such index",
                    index.name
                ));
            }
        }
        Ok(())
    }
}

/// Checks that tables can be made of the declarations.
pub(crate) fn check(collections: &[&'static Collection]) -> Result<(), DeclarationError> {
    for (position, collection) in collections.iter().enumerate() {
        let wrong = |mistake| DeclarationError {
            collection: collection.name,
            mistake,
        };
        collection.check().map_err(wrong)?;
        if collections
            .iter()
            .take(position)
            .any(|one| one.name == collection.name)
        {
            return Err(wrong("it is there twice".to_owned()));
        }
        let counts = kept::LOG_SEQUENCES.name;
        if collection.is_log() && collections.iter().all(|one| one.name != counts) {
            return Err(wrong(format!(
                "a log needs the collection `{counts}` beside it"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn text(name: &'static str) -> Column {
        Column {
            name,
            kind: ColumnKind::Text,
        }
    }

    const fn collection(key: &'static [&'static str], indexes: &'static [Index]) -> Collection {
        const COLUMNS: &[Column] = &[text("name")];
        Collection {
            name: "things",
            key,
            columns: COLUMNS,
            indexes,
            expires: false,
        }
    }

    fn mistake(collection: &Collection) -> String {
        collection.check().unwrap_err()
    }

    #[test]
    fn what_is_kept_can_be_made() {
        check(kept::ALL).unwrap();
    }

    #[test]
    fn a_log_has_its_counter_beside_it_and_no_unique_index() {
        static LOG: Collection = Collection {
            name: "log",
            key: &["sequence"],
            columns: &[],
            indexes: &[],
            expires: true,
        };
        assert!(LOG.is_log() && !collection(&["id", "sequence"], &[]).is_log());
        assert_eq!(check(&[&LOG, &kept::LOG_SEQUENCES]), Ok(()));
        assert_eq!(
            check(&[&LOG]).unwrap_err().to_string(),
            "the declaration of the collection `log` is wrong: a log needs the collection \
             `log_sequences` beside it"
        );
        const UNIQUE: &[Index] = &[Index {
            name: "by_name",
            columns: &["name"],
            unique: true,
        }];
        assert_eq!(
            mistake(&collection(&["sequence"], UNIQUE)),
            "`by_name` is unique, and a log has no such index"
        );
    }

    #[test]
    fn a_wrong_declaration_says_what_is_wrong() {
        const UNKNOWN: &[Index] = &[Index {
            name: "by_color",
            columns: &["color"],
            unique: false,
        }];
        const UNIQUE: &[Index] = &[Index {
            name: "by_name",
            columns: &["name"],
            unique: true,
        }];
        assert_eq!(
            mistake(&collection(&["revision"], &[])),
            "expected every column once, found `revision` again"
        );
        assert_eq!(
            mistake(&collection(&["Id"], &[])),
            "expected a name in snake_case, found `Id`"
        );
        assert_eq!(
            mistake(&collection(&["id"], UNKNOWN)),
            "the index `by_color` names no column `color`"
        );
        let expiring = Collection {
            expires: true,
            ..collection(&["id"], UNIQUE)
        };
        assert_eq!(mistake(&expiring), "`by_name` is unique, and rows expire");
        assert_eq!(collection(&["id"], UNIQUE).check(), Ok(()));
    }

    #[test]
    fn a_collection_is_declared_once() {
        static THINGS: Collection = collection(&["id"], &[]);
        let error = check(&[&THINGS, &THINGS]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the declaration of the collection `things` is wrong: it is there twice"
        );
    }
}
