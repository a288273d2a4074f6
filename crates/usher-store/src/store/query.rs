//! Which rows, in which order, from where.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use usher_model::id::AccountId;
use usher_model::limits;

use super::{Field, Row, StoreError};
use crate::collection::Collection;
use crate::sql::{self, Value};

/// Which rows, in which order: equality on the leading columns of an order, one range on the next,
/// and texts that columns contain.
#[derive(Clone, Debug)]
pub struct Query {
    /// The account, which a query cannot leave.
    pub account: AccountId,
    /// The collection.
    pub collection: &'static Collection,
    /// The index whose order the rows have, then the key's; nothing for the key's alone. Nulls come
    /// first.
    pub index: Option<&'static str>,
    /// The values of the order's leading columns; null finds null.
    pub equals: Vec<Field>,
    /// The least value of the next column, inclusive.
    pub from: Option<Field>,
    /// The first value of the next column that is too large.
    pub to: Option<Field>,
    /// Text columns, and what each must contain; a null contains nothing. No index helps here: rows
    /// are looked at one by one, at most `limits::STORE_PAGE_ROWS_MAX` for a page, and the documents
    /// of those that do not fit are not read. So a page may be empty and have a next one.
    pub contains: Vec<(&'static str, String)>,
    /// Whether the last row comes first.
    pub descending: bool,
    /// Where the page before ended.
    pub after: Option<Cursor>,
    /// Rows of the page, at most `limits::STORE_PAGE_ROWS_MAX`. A page of large documents has fewer.
    pub limit: usize,
}

impl Query {
    /// Returns the query for all rows of a collection in an account, in the order of their keys.
    #[must_use]
    pub fn all(account: &AccountId, collection: &'static Collection) -> Self {
        Self {
            account: account.clone(),
            collection,
            index: None,
            equals: Vec::new(),
            from: None,
            to: None,
            contains: Vec::new(),
            descending: false,
            after: None,
            limit: limits::STORE_PAGE_ROWS_MAX,
        }
    }
}

/// Rows, and where the next page begins.
#[derive(Clone, Debug)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Nothing if these were the last ones.
    pub next: Option<Cursor>,
}

/// A page under way: it ends at its limit of rows, or when its documents are too large together, or
/// when enough rows were looked at.
#[derive(Debug)]
pub(crate) struct PageBuilder {
    limit: usize,
    /// Whether rows may be looked at that the page leaves out.
    is_picky: bool,
    rows: Vec<Row>,
    bytes: usize,
    looked_at: usize,
    /// The last row that was looked at, if the page leaves it out.
    left_out: Option<Row>,
    has_more: bool,
}

impl PageBuilder {
    pub(crate) fn new(query: &Query) -> Self {
        Self {
            limit: query.limit.min(limits::STORE_PAGE_ROWS_MAX),
            is_picky: !query.contains.is_empty(),
            rows: Vec::new(),
            bytes: 0,
            looked_at: 0,
            left_out: None,
            has_more: false,
        }
    }

    /// Returns how many rows to ask for: one more than wanted tells whether there is a next page.
    pub(crate) fn wanted(&self) -> Value<'static> {
        let looked_at_max = if self.is_picky {
            limits::STORE_PAGE_ROWS_MAX
        } else {
            self.limit
        };
        let wanted = looked_at_max.saturating_sub(self.looked_at);
        Value::Integer(i64::try_from(wanted.saturating_add(1)).unwrap_or(i64::MAX))
    }

    /// Adds a row, or notes that it does not fit; returns false if the page is full and more are not
    /// needed.
    pub(crate) fn add(&mut self, row: Row, is_fit: bool) -> bool {
        let is_full = self.rows.len() >= self.limit
            || self.bytes >= limits::STORE_PAGE_BYTES_MAX
            || self.looked_at >= limits::STORE_PAGE_ROWS_MAX;
        if is_full {
            self.has_more = true;
            return false;
        }
        self.looked_at += 1;
        if is_fit {
            self.bytes += row.document.len();
            self.rows.push(row);
            self.left_out = None;
        } else {
            self.left_out = Some(row);
        }
        true
    }

    /// Whether no further rows are needed.
    pub(crate) const fn is_full(&self) -> bool {
        self.has_more
    }

    pub(crate) fn finish(self, query: &Query) -> Result<Page, StoreError> {
        let last = self.left_out.as_ref().or(self.rows.last());
        let next = last
            .filter(|_| self.has_more)
            .map(|last| sql::cursor(query, last))
            .transpose()?;
        Ok(Page {
            rows: self.rows,
            next,
        })
    }
}

/// Where a page ended: the values of the order's columns and the key, so that rows that come or go
/// meanwhile move nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The order in which the page was: the collection, the index, the direction.
    pub(crate) order: String,
    /// The last row's values of the columns that the query left open.
    pub(crate) values: Vec<Field>,
}

/// The text is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the cursor of a page before")]
pub struct ParseCursorError;

impl Cursor {
    /// Makes a cursor of a list that is put together from more than one find; `list` names it.
    #[must_use]
    pub fn of_list(list: &str, values: Vec<Field>) -> Self {
        Self {
            order: list.to_owned(),
            values,
        }
    }

    /// Returns the values of a cursor that [`Cursor::of_list`] made.
    ///
    /// # Errors
    /// Fails if it was made by another list.
    pub fn values_of(&self, list: &str) -> Result<&[Field], StoreError> {
        if self.order == list {
            Ok(&self.values)
        } else {
            Err(StoreError::Cursor)
        }
    }

    /// Returns the values, in the last row that was looked at, of the columns that a query left open.
    #[must_use]
    pub fn values(&self) -> &[Field] {
        &self.values
    }

    /// Reads what [`Cursor`]'s `Display` wrote.
    ///
    /// # Errors
    /// Fails if the text is not a cursor.
    pub fn parse(text: &str) -> Result<Self, ParseCursorError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_not_base64| ParseCursorError)?;
        let (order, values): (String, Vec<serde_json::Value>) =
            serde_json::from_slice(&bytes).map_err(|_not_json| ParseCursorError)?;
        let values = values
            .into_iter()
            .map(Field::from_json)
            .collect::<Option<_>>();
        Ok(Self {
            order,
            values: values.ok_or(ParseCursorError)?,
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: serde_json::Value = self.values.iter().map(Field::to_json).collect();
        let text = serde_json::json!([self.order, values]).to_string();
        f.write_str(&URL_SAFE_NO_PAD.encode(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let values = vec![
            Field::Null,
            Field::Integer(-5),
            Field::Text("ä\"\0".to_owned()),
        ];
        let cursor = Cursor {
            order: "things/by_name".to_owned(),
            values,
        };
        assert_eq!(Cursor::parse(&cursor.to_string()), Ok(cursor));
    }

    #[test]
    fn text_that_is_no_cursor_is_refused() {
        for text in ["", "?", "bm90IGpzb24", "WyJ0aGluZ3MiLFsxLjVdXQ", "W10"] {
            assert_eq!(Cursor::parse(text), Err(ParseCursorError), "{text}");
        }
    }
}
