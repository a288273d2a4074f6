//! A CSV file: a header, and lines of which each cell is found by what its column says.

use csv::{ReaderBuilder, StringRecord};

use crate::error::{Code, Error, Mistake, Result};

/// Lines of one file.
const ROWS_MAX: usize = 10_000;
/// What cells may be parted by; the one that the header has most of.
const DELIMITERS: [char; 3] = [',', ';', '\t'];

/// A column: the field it fills, and what else it is called, without case, spaces and signs.
pub(super) type Column = (&'static str, &'static [&'static str]);

/// A file.
#[derive(Debug)]
pub(super) struct Table {
    /// What each column is called, and the field that it fills.
    columns: Vec<(String, Option<&'static str>)>,
    rows: Vec<(u64, StringRecord)>,
}

impl Table {
    /// Reads a file whose columns may be these.
    ///
    /// # Errors
    /// Fails if it is not CSV in UTF-8, is too long, has a column twice, or none that is known.
    pub(super) fn read(bytes: &[u8], known: &[Column]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|source| {
            let read = bytes.get(..source.valid_up_to()).unwrap_or_default();
            let line = read.split(|byte| *byte == b'\n').count();
            wrong(
                line,
                "expected text in UTF-8; save the file with that encoding",
            )
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let header = text.lines().next().unwrap_or_default();
        let often = |delimiter: &char| header.matches(*delimiter).count();
        // The first of those that are equally often, so that one column is parted by commas.
        let delimiters = DELIMITERS.into_iter().rev();
        let delimiter = delimiters.max_by_key(often).unwrap_or(',');
        let mut reader = ReaderBuilder::new()
            .delimiter(u8::try_from(delimiter).unwrap_or(b','))
            .flexible(true)
            .from_reader(text.as_bytes());
        let unread = |error: csv::Error| {
            let line = error.position().map_or(1, csv::Position::line);
            wrong(line, error)
        };
        let header = reader.headers().map_err(unread)?.clone();
        let columns = columns(&header, known)?;
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(unread)?;
            let line = record.position().map_or(0, csv::Position::line);
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            if record.len() != columns.len() {
                let (expected, found) = (columns.len(), record.len());
                return Err(wrong(
                    line,
                    format!("expected {expected} cells, found {found}"),
                ));
            }
            if rows.len() == ROWS_MAX {
                return Err(wrong(line, format!("expected at most {ROWS_MAX} lines")));
            }
            rows.push((line, record));
        }
        Ok(Self { columns, rows })
    }

    /// Returns the lines below the header.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, record)| Row {
            columns: &self.columns,
            line: *line,
            record,
        })
    }

    /// Returns the columns that fill no field.
    pub(super) fn ignored(&self) -> Vec<String> {
        let ignored = self.columns.iter().filter(|(_, field)| field.is_none());
        ignored.map(|(name, _)| name.clone()).collect()
    }
}

/// Says which field each column fills.
fn columns(header: &StringRecord, known: &[Column]) -> Result<Vec<(String, Option<&'static str>)>> {
    let mut columns: Vec<(String, Option<&'static str>)> = Vec::new();
    for name in header {
        let bare = bare(name);
        let found = known
            .iter()
            .find(|(field, names)| self::bare(field) == bare || names.contains(&bare.as_str()));
        let field = found.map(|(field, _)| *field);
        if let Some((other, _)) = columns
            .iter()
            .find(|(_, other)| field.is_some() && *other == field)
        {
            let expected = format!("expected one of the columns `{other}` and `{name}`");
            return Err(wrong(1, expected));
        }
        columns.push((name.trim().to_owned(), field));
    }
    if columns.iter().all(|(_, field)| field.is_none()) {
        let fields: Vec<&str> = known.iter().map(|(field, _)| *field).collect();
        let fields = fields.join(", ");
        return Err(wrong(
            1,
            format!("expected a header with columns of {fields}"),
        ));
    }
    Ok(columns)
}

/// Leaves of a column's name what tells it from others.
fn bare(name: &str) -> String {
    let kept = name.chars().filter(|letter| letter.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

fn wrong(line: impl std::fmt::Display, what: impl std::fmt::Display) -> Error {
    let detail = format!("line {line}: {what}");
    let mistake = Mistake {
        pointer: format!("#/lines/{line}"),
        code: Code::FieldInvalid.as_str().to_owned(),
        detail: detail.clone(),
        suggestion: None,
        span: None,
    };
    Error::new(Code::FieldInvalid, detail).with_mistakes(vec![mistake])
}

/// A line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'t> {
    columns: &'t [(String, Option<&'static str>)],
    line: u64,
    record: &'t StringRecord,
}

impl<'t> Row<'t> {
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    /// Returns what the column of a field is called; the field if there is none.
    pub(super) fn column(&self, field: &str) -> String {
        let mut columns = self.columns.iter();
        let column = columns.find(|(_, filled)| filled.is_some_and(|filled| filled == field));
        column.map_or(field, |(name, _)| name).to_owned()
    }

    /// Returns the cell of a field, empty where there is nothing; nothing if there is no column.
    pub(super) fn cell(&self, field: &str) -> Option<&'t str> {
        let mut columns = self.columns.iter();
        let at = columns.position(|(_, filled)| filled.is_some_and(|filled| filled == field))?;
        self.record.get(at).map(str::trim)
    }

    /// Returns the cell of a field if something is in it.
    pub(super) fn text(&self, field: &str) -> Option<&'t str> {
        self.cell(field).filter(|cell| !cell.is_empty())
    }
}

/// What a cell that says yes or no is expected to be.
pub(super) const YES_OR_NO: &str = "`true` or `false`";

/// Reads a cell that says yes or no; nothing if it is neither.
pub(super) fn yes_or_no(cell: &str) -> Option<bool> {
    match cell.to_lowercase().as_str() {
        "true" | "yes" | "1" | "enabled" => Some(true),
        "false" | "no" | "0" | "disabled" => Some(false),
        _ => None,
    }
}
