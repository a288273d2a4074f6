//! What is kept: the declaration of a table.

pub mod kept;

/// A kind of document: its key, its index fields, whether it expires.
#[derive(Debug)]
pub struct Collection {
    /// The table's name.
    pub name: &'static str,
    /// The text columns of the key after `account_id`; none for one row an account.
    pub key: &'static [&'static str],
    /// The columns that indexes use, beside the document.
    pub columns: &'static [Column],
    /// The indexes; `account_id` is always their first column.
    pub indexes: &'static [Index],
    /// Whether rows may expire.
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

/// An index over declared columns.
#[derive(Debug)]
pub struct Index {
    /// Its name within the collection.
    pub name: &'static str,
    /// The columns after `account_id`, in order.
    pub columns: &'static [&'static str],
    /// Whether two rows of an account may not agree in all columns; nulls never agree.
    pub unique: bool,
}

impl Collection {
    /// Returns an index by name.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<&'static Index> {
        self.indexes.iter().find(|index| index.name == name)
    }
}
