//! Pages of lists: `limit` and `cursor` in, `nextCursor` out.

use serde::{Deserialize, Serialize};
use usher_app::Cursor;
use usher_app::error::{Code, Error};
use usher_model::limits;
use utoipa::{IntoParams, ToSchema};

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows of the page: 1 to 1,000, 100 unless given.
    pub limit: Option<usize>,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// Returns the number of rows.
    ///
    /// # Errors
    /// Fails if it is not 1 to 1,000.
    pub fn limit(&self) -> Result<usize, Error> {
        let limit = self.limit.unwrap_or(limits::PAGE_ROWS);
        if (1..=limits::PAGE_ROWS_MAX).contains(&limit) {
            return Ok(limit);
        }
        let message = format!(
            "expected a `limit` of 1 to {}, found {limit}",
            limits::PAGE_ROWS_MAX
        );
        Err(Error::new(Code::BadRequest, message))
    }

    /// Returns where the page begins.
    ///
    /// # Errors
    /// Fails if the cursor was not made by a list.
    pub fn cursor(&self) -> Result<Option<Cursor>, Error> {
        self.cursor
            .as_deref()
            .filter(|cursor| !cursor.is_empty())
            .map(|cursor| {
                Cursor::parse(cursor).map_err(|source| {
                    Error::new(
                        Code::CursorInvalid,
                        "expected `nextCursor` of the page before",
                    )
                    .with_source(source)
                })
            })
            .transpose()
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of a list that has only one.
    #[must_use]
    pub const fn whole(items: Vec<T>) -> Self {
        Self {
            items,
            next_cursor: None,
        }
    }

    /// Makes a page of rows and where the next one begins.
    #[must_use]
    pub fn new(items: Vec<T>, next: Option<&Cursor>) -> Self {
        Self {
            items,
            next_cursor: next.map(ToString::to_string),
        }
    }
}
