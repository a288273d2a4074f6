//! A find as statements that an index can answer.
//!
//! The rows after a cursor are not one range of an index of several columns, some of them null.
//! They are a few ranges, each of equality on leading columns and one bound on the next: first the
//! rows that agree with the cursor in all but the last column, then in all but the last two, and so
//! on. Read one after the other until the page is full, they come in the order of the index.

use usher_model::time::Timestamp;

use super::{Dialect, Places, Value, row_columns, write_to};
use crate::collection::{Collection, ColumnKind};
use crate::store::{Cursor, Field, Query, Row, StoreError};

/// One statement of a find; bind its values, then the number of rows still wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Segment<'q> {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value<'q>>,
}

/// One column of an order.
#[derive(Clone, Copy)]
struct OrderColumn {
    name: &'static str,
    source: Source,
}

/// Where a row has the column's value.
#[derive(Clone, Copy)]
enum Source {
    Part(usize, ColumnKind),
    Column(usize, ColumnKind),
}

impl OrderColumn {
    const fn is_nullable(self) -> bool {
        matches!(self.source, Source::Column(..))
    }

    const fn can_be(self, field: &Field) -> bool {
        let (Source::Part(_, kind) | Source::Column(_, kind)) = self.source;
        match field {
            Field::Null => self.is_nullable(),
            Field::Integer(_) => matches!(kind, ColumnKind::Integer),
            Field::Text(_) => matches!(kind, ColumnKind::Text),
        }
    }
}

fn order(query: &Query) -> Result<Vec<OrderColumn>, StoreError> {
    let collection = query.collection;
    let index = match query.index {
        None => &[],
        Some(name) => {
            let unknown = StoreError::Index {
                collection: collection.name,
                index: name,
            };
            collection.index(name).ok_or(unknown)?.columns
        }
    };
    let rest = collection.key.iter().filter(|name| !index.contains(name));
    let columns = index
        .iter()
        .chain(rest)
        .filter_map(|name| order_column(collection, name));
    Ok(columns.collect())
}

fn order_column(collection: &Collection, name: &'static str) -> Option<OrderColumn> {
    if let Some(part) = collection.key.iter().position(|part| *part == name) {
        return Some(OrderColumn {
            name,
            source: Source::Part(part, collection.key_kind()),
        });
    }
    let position = collection
        .columns
        .iter()
        .position(|column| column.name == name)?;
    let kind = collection.columns.get(position)?.kind;
    Some(OrderColumn {
        name,
        source: Source::Column(position, kind),
    })
}

fn order_name(query: &Query) -> String {
    let direction = if query.descending { "-" } else { "+" };
    format!(
        "{direction}{}/{}",
        query.collection.name,
        query.index.unwrap_or_default()
    )
}

/// Returns where a page ended.
pub(crate) fn cursor(query: &Query, last: &Row) -> Result<Cursor, StoreError> {
    let value = |column: &OrderColumn| match column.source {
        Source::Part(part, kind) => part_of(last, part, kind),
        Source::Column(position, _) => last.fields.get(position).cloned().unwrap_or(Field::Null),
    };
    let values = order(query)?
        .iter()
        .skip(query.equals.len())
        .map(value)
        .collect();
    Ok(Cursor {
        order: order_name(query),
        values,
    })
}

fn part_of(row: &Row, part: usize, kind: ColumnKind) -> Field {
    let part = row.key.parts().get(part);
    let part = part.and_then(|part| match kind {
        ColumnKind::Text => Some(Field::Text(part.to_string())),
        ColumnKind::Integer => part.parse().ok().map(Field::Integer),
    });
    part.unwrap_or(Field::Null)
}

/// Returns the statements that together read what a query asks for.
pub(crate) fn segments(
    dialect: Dialect,
    query: &Query,
    now: Timestamp,
) -> Result<Vec<Segment<'_>>, StoreError> {
    let order = order(query)?;
    let misfit = || StoreError::Query(query.collection.name);
    let (fixed, open) = order
        .split_at_checked(query.equals.len())
        .ok_or_else(misfit)?;
    if !fixed
        .iter()
        .zip(&query.equals)
        .all(|(column, field)| column.can_be(field))
    {
        return Err(misfit());
    }
    for bound in query.from.iter().chain(&query.to) {
        let is_comparable = *bound != Field::Null;
        if !is_comparable || !open.first().is_some_and(|next| next.can_be(bound)) {
            return Err(misfit());
        }
    }
    for (column, _) in &query.contains {
        let is_text = |kind| kind == ColumnKind::Text;
        if !query.collection.kind(column).is_some_and(is_text) {
            return Err(misfit());
        }
    }
    let find = Find {
        dialect,
        query,
        now,
        fixed,
        open,
    };
    let Some(after) = &query.after else {
        return Ok(vec![find.segment(0, None)]);
    };
    let fits = |(column, field): (&OrderColumn, &Field)| column.can_be(field);
    let is_same_order = after.order == order_name(query) && after.values.len() == open.len();
    if !is_same_order || !open.iter().zip(&after.values).all(fits) {
        return Err(StoreError::Cursor);
    }
    let mut segments = Vec::new();
    for (depth, (column, value)) in open.iter().zip(&after.values).enumerate().rev() {
        let beyond = match (query.descending, value) {
            (false, Field::Null) => Some(Beyond::NotNull),
            (false, _) => Some(Beyond::Above(value)),
            // Nulls come last then, and nothing comes after them.
            (true, Field::Null) => None,
            (true, _) => Some(Beyond::Below(value)),
        };
        segments.extend(beyond.map(|beyond| find.segment(depth, Some(beyond))));
        if query.descending && *value != Field::Null && column.is_nullable() {
            segments.push(find.segment(depth, Some(Beyond::Null)));
        }
    }
    Ok(segments)
}

/// Which rows of the next column a segment has.
enum Beyond<'q> {
    Above(&'q Field),
    Below(&'q Field),
    NotNull,
    Null,
}

struct Find<'q, 'o> {
    dialect: Dialect,
    query: &'q Query,
    now: Timestamp,
    /// The columns whose values the query gives.
    fixed: &'o [OrderColumn],
    /// The columns after them.
    open: &'o [OrderColumn],
}

impl<'q> Find<'q, '_> {
    /// Keeps SQLite to the index whose order the rows have: it knows nothing of the rows, and where
    /// the next column is the key's it takes a range of all keys for the shorter way.
    fn order_hint(&self) -> String {
        let collection = self.query.collection;
        let index = self.query.index.and_then(|name| collection.index(name));
        match (self.dialect, index) {
            (Dialect::Sqlite, Some(index)) => {
                format!(" INDEXED BY {}", collection.index_name(index))
            }
            (Dialect::Sqlite, None) | (Dialect::Postgres, _) => String::new(),
        }
    }

    /// Writes the statement for the rows that agree with the cursor in its first `depth` open
    /// columns and lie beyond it in the next.
    fn segment(&self, depth: usize, beyond: Option<Beyond<'q>>) -> Segment<'q> {
        let (query, collection) = (self.query, self.query.collection);
        let mut condition = Condition {
            places: Places::new(self.dialect),
            sql: String::new(),
            values: Vec::new(),
        };
        condition.compare("account_id", "=", Value::Text(query.account.as_str()));
        let after = query
            .after
            .iter()
            .flat_map(|cursor| &cursor.values)
            .take(depth);
        let equal = self.fixed.iter().zip(&query.equals);
        for (column, field) in equal.chain(self.open.iter().zip(after)) {
            condition.equal(column.name, field);
        }
        if let (Some(beyond), Some(column)) = (beyond, self.open.get(depth)) {
            match beyond {
                Beyond::Above(field) => condition.compare(column.name, ">", field.into()),
                Beyond::Below(field) => condition.compare(column.name, "<", field.into()),
                Beyond::NotNull => condition.and(column.name, "IS NOT NULL"),
                Beyond::Null => condition.and(column.name, "IS NULL"),
            }
        }
        if let Some(column) = self.open.first() {
            for (bound, comparison) in [(&query.from, ">="), (&query.to, "<")] {
                if let Some(field) = bound {
                    condition.compare(column.name, comparison, field.into());
                }
            }
        }
        condition.sql.push_str(&condition.places.live(collection));
        condition
            .values
            .extend(collection.expires.then_some(Value::from(self.now)));
        let (columns, document) = row_columns(self.dialect, collection);
        let document = condition.document(document, &query.contains);
        let mut sql = format!(
            "SELECT {columns}, {document} FROM {}{} WHERE {}",
            collection.name,
            self.order_hint(),
            condition.sql
        );
        for (position, column) in self.open.iter().skip(depth).enumerate() {
            let word = if position == 0 { " ORDER BY" } else { "," };
            write_to(&mut sql, format_args!("{word} {}", column.name));
            sql.push_str(
                match (self.dialect, query.descending, column.is_nullable()) {
                    (Dialect::Postgres, false, true) => " NULLS FIRST",
                    (Dialect::Postgres, true, true) => " DESC NULLS LAST",
                    (_, true, _) => " DESC",
                    (_, false, _) => "",
                },
            );
        }
        write_to(&mut sql, format_args!(" LIMIT {}", condition.places.next()));
        Segment {
            sql,
            values: condition.values,
        }
    }
}

/// Conditions that all hold.
struct Condition<'q> {
    places: Places,
    sql: String,
    values: Vec<Value<'q>>,
}

impl<'q> Condition<'q> {
    fn and(&mut self, column: &str, rest: &str) {
        let word = if self.sql.is_empty() { "" } else { " AND " };
        write_to(&mut self.sql, format_args!("{word}{column} {rest}"));
    }

    fn compare(&mut self, column: &str, comparison: &str, value: Value<'q>) {
        let place = self.places.next();
        self.and(column, &format!("{comparison} {place}"));
        self.values.push(value);
    }

    /// Writes the document of a row whose columns contain what they must, and null else: then the
    /// database does not touch it.
    fn document(&mut self, document: &str, contains: &'q [(&'static str, String)]) -> String {
        let mut fits = String::new();
        for (column, text) in contains {
            let word = if fits.is_empty() { "" } else { " AND " };
            let function = match self.places.dialect {
                Dialect::Sqlite => "instr",
                Dialect::Postgres => "strpos",
            };
            let place = self.places.next();
            write_to(
                &mut fits,
                format_args!("{word}{function}({column}, {place}) > 0"),
            );
            self.values.push(Value::Text(text));
        }
        if fits.is_empty() {
            document.to_owned()
        } else {
            format!("CASE WHEN {fits} THEN {document} END")
        }
    }

    fn equal(&mut self, column: &str, field: &'q Field) {
        match field {
            Field::Null => self.and(column, "IS NULL"),
            Field::Integer(_) | Field::Text(_) => self.compare(column, "=", field.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_model::id::AccountId;

    use super::*;
    use crate::collection::{Column, Index};

    static THINGS: Collection = Collection {
        name: "things",
        key: &["id"],
        columns: &[
            Column {
                name: "size",
                kind: ColumnKind::Integer,
            },
            Column {
                name: "label",
                kind: ColumnKind::Text,
            },
        ],
        indexes: &[Index {
            name: "by_size",
            columns: &["size"],
            unique: false,
        }],
        expires: false,
    };

    fn query() -> Query {
        let account = AccountId::parse("acc1").unwrap();
        Query {
            index: Some("by_size"),
            ..Query::all(&account, &THINGS)
        }
    }

    fn after(query: Query, values: Vec<Field>) -> Query {
        let after = Some(Cursor {
            order: order_name(&query),
            values,
        });
        Query { after, ..query }
    }

    fn conditions(dialect: Dialect, query: &Query) -> Vec<String> {
        let segments = segments(dialect, query, Timestamp::EPOCH).unwrap();
        let condition =
            |segment: Segment<'_>| segment.sql.split_once(" WHERE ").unwrap().1.to_owned();
        segments.into_iter().map(condition).collect()
    }

    #[test]
    fn the_first_page_is_one_range_in_the_order_of_the_index() {
        assert_eq!(
            conditions(Dialect::Sqlite, &query()),
            ["account_id = ?1 ORDER BY size, id LIMIT ?2"]
        );
        assert_eq!(
            conditions(Dialect::Postgres, &query()),
            ["account_id = $1 ORDER BY size NULLS FIRST, id LIMIT $2"]
        );
    }

    #[test]
    fn what_follows_a_cursor_is_a_range_for_each_column() {
        let values = vec![Field::Integer(5), Field::Text("b".to_owned())];
        let forward = after(query(), values.clone());
        assert_eq!(
            conditions(Dialect::Sqlite, &forward),
            [
                "account_id = ?1 AND size = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
                "account_id = ?1 AND size > ?2 ORDER BY size, id LIMIT ?3"
            ]
        );
        let backward = after(
            Query {
                descending: true,
                ..query()
            },
            values,
        );
        assert_eq!(
            conditions(Dialect::Postgres, &backward),
            [
                "account_id = $1 AND size = $2 AND id < $3 ORDER BY id DESC LIMIT $4",
                "account_id = $1 AND size < $2 ORDER BY size DESC NULLS LAST, id DESC LIMIT $3",
                "account_id = $1 AND size IS NULL ORDER BY size DESC NULLS LAST, id DESC LIMIT $2"
            ]
        );
    }

    #[test]
    fn only_the_documents_of_rows_that_contain_a_text_are_read() {
        let contains = vec![("label", "a".to_owned()), ("label", "b".to_owned())];
        let query = Query {
            contains,
            ..query()
        };
        for (dialect, expected) in [
            (
                Dialect::Sqlite,
                "SELECT id, size, label, revision, expires_at, \
                 CASE WHEN instr(label, ?2) > 0 AND instr(label, ?3) > 0 THEN document END \
                 FROM things INDEXED BY things__size \
                 WHERE account_id = ?1 ORDER BY size, id LIMIT ?4",
            ),
            (
                Dialect::Postgres,
                "SELECT id, size, label, revision, expires_at, \
                 CASE WHEN strpos(label, $2) > 0 AND strpos(label, $3) > 0 THEN document::text END \
                 FROM things WHERE account_id = $1 ORDER BY size NULLS FIRST, id LIMIT $4",
            ),
        ] {
            let [segment] = &segments(dialect, &query, Timestamp::EPOCH).unwrap()[..] else {
                panic!("expected one statement")
            };
            assert_eq!(segment.sql, expected);
            assert_eq!(
                segment.values,
                [Value::Text("acc1"), Value::Text("a"), Value::Text("b")]
            );
        }
    }

    #[test]
    fn a_cursor_of_another_order_is_refused() {
        let values = vec![Field::Integer(5), Field::Text("b".to_owned())];
        let other = after(query(), values);
        let turned = Query {
            descending: true,
            ..other.clone()
        };
        let unindexed = Query {
            index: None,
            ..other.clone()
        };
        let fewer = Query {
            equals: vec![Field::Null],
            ..other
        };
        for query in [turned, unindexed, fewer] {
            let error = segments(Dialect::Sqlite, &query, Timestamp::EPOCH).unwrap_err();
            assert!(matches!(error, StoreError::Cursor), "{error:?}");
        }
    }

    #[test]
    fn a_query_that_does_not_fit_the_columns_is_refused() {
        let text = Field::Text("b".to_owned());
        let wrong_kind = Query {
            equals: vec![text.clone()],
            ..query()
        };
        let wrong_bound = Query {
            from: Some(text.clone()),
            ..query()
        };
        let too_many = Query {
            equals: vec![Field::Null, text.clone(), text],
            ..query()
        };
        let wrong_column = Query {
            contains: vec![("size", "1".to_owned())],
            ..query()
        };
        for query in [wrong_kind, wrong_bound, too_many, wrong_column] {
            let error = segments(Dialect::Sqlite, &query, Timestamp::EPOCH).unwrap_err();
            assert!(matches!(error, StoreError::Query("things")), "{error:?}");
        }
    }
}
