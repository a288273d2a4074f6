//! Shapes that the contracts about conversations and agents share: ids as text or number, times
//! with a twin in milliseconds, offsets and limits.

use serde::{Deserialize, Serialize};
use usher_app::error::{Code, Error};
use usher_model::id::ParseIdError;
use usher_model::time::Timestamp;
use utoipa::{IntoParams, ToSchema};

/// What stands where there is no skill or group.
pub(super) const UNASSIGNED: &str = "Unassigned";

/// An id: text, or the number that it spells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ContractId)]
pub(super) enum Id {
    /// As older clients know it.
    Number(i64),
    /// As it is.
    Text(String),
}

impl Id {
    /// Returns the number that an id spells, else the id.
    pub(super) fn of(text: &str) -> Self {
        let number = text.parse::<i64>().ok();
        let is_same = |number: &i64| number.to_string() == text;
        number
            .filter(is_same)
            .map_or_else(|| Self::Text(text.to_owned()), Self::Number)
    }

    /// Returns the number that an id spells, else the id; -1 for none.
    pub(super) fn or_unassigned(text: Option<&str>) -> Self {
        text.map_or(Self::Number(-1), Self::of)
    }

    /// Reads ids of one kind.
    pub(super) fn read<T>(
        ids: &[Self],
        parse: impl Fn(&str) -> Result<T, ParseIdError>,
    ) -> Result<Vec<T>, Error> {
        let read = |id: &Self| match id {
            Self::Number(number) => parse(&number.to_string()),
            Self::Text(text) => parse(text),
        };
        let ids: Result<Vec<T>, ParseIdError> = ids.iter().map(read).collect();
        ids.map_err(|source| Error::new(Code::BadRequest, source.to_string()))
    }
}

/// Writes an instant as `2026-05-01 10:00:00.000+0000`.
pub(super) fn time(at: Timestamp) -> String {
    at.to_string().replace('T', " ").replace('Z', "+0000")
}

/// Reads a word of a contract.
pub(super) fn word<T>(text: &str, words: &[(&str, T)]) -> Result<T, Error>
where
    T: Copy,
{
    let known = words.iter().find(|(word, _)| *word == text);
    known.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("expected one of {}, found `{text}`", words.join(", "));
        Error::new(Code::BadRequest, message)
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct AccountPath {
    /// The credential's account.
    #[param(example = "acc1")]
    pub(super) account_id: String,
}

/// Which rows of a list, in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Rows {
    /// Rows that are passed over; none unless given.
    offset: Option<usize>,
    /// Rows that are returned; 50 unless given.
    limit: Option<usize>,
    /// `start` or `end`, then `:asc` or `:desc`.
    #[param(example = "start:desc")]
    sort: Option<String>,
}

/// By which time rows are put in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) is_by_end: bool,
    pub(super) is_descending: bool,
}

const ORDERS: [(&str, Order); 4] = [
    ("start:asc", order(false, false)),
    ("start:desc", order(false, true)),
    ("end:asc", order(true, false)),
    ("end:desc", order(true, true)),
];

const fn order(is_by_end: bool, is_descending: bool) -> Order {
    Order {
        is_by_end,
        is_descending,
    }
}

impl Rows {
    /// Returns how many rows are passed over, and how many of the rest returned.
    pub(super) fn range(&self, limit_max: usize) -> Result<(usize, usize), Error> {
        let limit = self.limit.unwrap_or(50);
        if (1..=limit_max).contains(&limit) {
            return Ok((self.offset.unwrap_or(0), limit));
        }
        let message = format!("expected a `limit` of 1 to {limit_max}, found {limit}");
        Err(Error::new(Code::BadRequest, message))
    }

    pub(super) fn order(&self) -> Result<Option<Order>, Error> {
        let sort = self.sort.as_deref();
        sort.map(|sort| word(sort, &ORDERS)).transpose()
    }
}

/// What is said about a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContractMetadata)]
pub(super) struct Metadata {
    /// How many rows there are, before `offset` and `limit`.
    count: usize,
    /// This list.
    #[serde(rename = "self")]
    this: Link,
    /// Whether all of it was looked at.
    shards_status_result: Shards,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContractLink)]
struct Link {
    /// Always `self`.
    rel: &'static str,
    /// Its path.
    href: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContractShards)]
struct Shards {
    /// Whether there may be more than was looked at.
    partial_result: bool,
}

impl Metadata {
    pub(super) const fn new(count: usize, href: String, partial_result: bool) -> Self {
        Self {
            count,
            this: Link { rel: "self", href },
            shards_status_result: Shards { partial_result },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_number_that_it_spells() {
        assert_eq!(Id::of("1001"), Id::Number(1_001));
        assert_eq!(Id::of("0042"), Id::Text("0042".to_owned()));
        assert_eq!(Id::of("orders"), Id::Text("orders".to_owned()));
        assert_eq!(Id::or_unassigned(None), Id::Number(-1));
    }

    #[test]
    fn a_time_is_written_with_its_offset() {
        let at = Timestamp::from_milliseconds(1_472_481_024_565);
        assert_eq!(time(at), "2016-08-29 14:30:24.565+0000");
    }
}
