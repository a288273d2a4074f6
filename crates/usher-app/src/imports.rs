//! Skills and users from a spreadsheet: a CSV file, all of it or nothing.
//!
//! A column that is missing leaves what is there as it is; an empty cell says that there is nothing.

mod skills;
mod table;
mod users;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::sync::Arc;

use usher_store::batch::Expect;
use usher_store::record::Kept;

use crate::App;
use crate::caller::Caller;
use crate::change::{Change, to_value};
use crate::desks;
use crate::error::{Code, Error, Mistake, Result};
use crate::noun::Noun;

pub use self::skills::import as skills;
pub use self::users::import as users;

use self::table::{Row, Table};

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many are new.
    pub created: usize,
    /// How many were there and are otherwise now.
    pub updated: usize,
    /// How many are as they were.
    pub unchanged: usize,
    /// The columns that say nothing here.
    pub ignored_columns: Vec<String>,
}

/// What a line of the file makes of one noun.
struct Draft<'t, N, W> {
    row: Row<'t>,
    before: Option<Kept<N>>,
    id: String,
    written: W,
}

/// Finds what is there by its id or by what else tells it from others, in any case.
struct Known<'k, N> {
    by_id: HashMap<&'k str, &'k Kept<N>>,
    by_unique: HashMap<String, &'k Kept<N>>,
}

impl<'k, N: Noun> Known<'k, N> {
    fn new(nouns: &'k [Kept<N>]) -> Self {
        let unique = |kept: &'k Kept<N>| Some((kept.record.unique()?.to_lowercase(), kept));
        Self {
            by_id: nouns.iter().map(|kept| (kept.record.id(), kept)).collect(),
            by_unique: nouns.iter().filter_map(unique).collect(),
        }
    }

    /// Returns the one that a line means.
    fn find(&self, id: Option<&str>, unique: Option<&str>) -> Option<&'k Kept<N>> {
        match (id, unique) {
            (Some(id), _) => self.by_id.get(id).copied(),
            (None, Some(unique)) => self.by_unique.get(&unique.to_lowercase()).copied(),
            (None, None) => None,
        }
    }

    /// Whether another one than that of the id has what must be unique.
    fn is_taken(&self, unique: &str, id: &str) -> bool {
        let known = self.by_unique.get(&unique.to_lowercase());
        known.is_some_and(|kept| kept.record.id() != id)
    }
}

/// Finds ids by the id or the name that a cell has.
struct Named<Id> {
    by_id: HashMap<String, Id>,
    by_name: HashMap<String, Id>,
}

impl<Id: Display + Clone> Named<Id> {
    /// Of those with the same name the first is found.
    fn new(named: impl IntoIterator<Item = (Id, String)>) -> Self {
        let (mut by_id, mut by_name) = (HashMap::new(), HashMap::new());
        for (id, name) in named {
            by_name
                .entry(name.to_lowercase())
                .or_insert_with(|| id.clone());
            by_id.insert(id.to_string(), id);
        }
        Self { by_id, by_name }
    }

    fn find(&self, text: &str) -> Option<Id> {
        let by_name = || self.by_name.get(&text.to_lowercase());
        self.by_id.get(text).or_else(by_name).cloned()
    }
}

/// The mistakes of a file, each with its line and its column.
#[derive(Debug, Default)]
struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Notes what was expected of a field.
    fn note(&mut self, row: &Row<'_>, field: &str, expected: impl Display) {
        let (line, column) = (row.line(), row.column(field));
        let escaped = column.replace('~', "~0").replace('/', "~1");
        self.0.push(Mistake {
            pointer: format!("#/lines/{line}/{escaped}"),
            code: Code::FieldInvalid.as_str().to_owned(),
            detail: format!("line {line}, column `{column}`: {expected}"),
            suggestion: None,
            span: None,
        });
    }

    /// Reads the cell of a field; nothing if it is empty, or a mistake.
    fn read<T>(
        &mut self,
        row: &Row<'_>,
        field: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let cell = row.text(field)?;
        let value = read(cell);
        if value.is_none() {
            self.note(row, field, format!("expected {expected}, found `{cell}`"));
        }
        value
    }

    /// Fills in what the cell of a field has, which may be nothing.
    fn fill<T>(
        &mut self,
        row: &Row<'_>,
        field: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
        into: &mut Option<T>,
    ) {
        if row.cell(field).is_some() {
            *into = self.read(row, field, expected, read);
        }
    }

    /// Notes what is wrong with the noun that a line makes.
    fn note_all(&mut self, row: &Row<'_>, mistakes: Vec<Mistake>) {
        for mistake in mistakes {
            let field = mistake.pointer.trim_start_matches("#/");
            let field = field.split('/').next().unwrap_or(field);
            self.note(row, field, &mistake.detail);
        }
    }

    /// Notes the lines that say of something what must be unique.
    fn note_repeated<'r, 't: 'r>(
        &mut self,
        field: &str,
        values: impl Iterator<Item = (&'r Row<'t>, Option<String>)>,
    ) {
        let mut seen = BTreeSet::new();
        for (row, value) in values {
            let Some(value) = value else { continue };
            if !seen.insert(value.to_lowercase()) {
                let expected = format!("expected every one once, found `{value}` again");
                self.note(row, field, expected);
            }
        }
    }

    fn finish(self) -> Result<()> {
        let message = match self.0.as_slice() {
            [] => return Ok(()),
            [mistake] => mistake.detail.clone(),
            mistakes => format!(
                "{} mistakes in the file; nothing was imported",
                mistakes.len()
            ),
        };
        Err(Error::new(Code::FieldInvalid, message).with_mistakes(self.0))
    }
}

/// Writes what differs from what is there, or says how much that would be.
async fn apply<N: Noun>(
    caller: &Caller,
    app: &Arc<App>,
    table: &Table,
    nouns: Vec<(Option<Kept<N>>, N)>,
    is_dry_run: bool,
) -> Result<Report> {
    let mut report = Report {
        ignored_columns: table.ignored(),
        ..Report::default()
    };
    let mut change = Change::new(app, caller);
    for (before, after) in &nouns {
        let expect = before.as_ref().map(|before| before.revision);
        let verb = match before {
            Some(before) if to_value(&before.record)? == to_value(after)? => {
                report.unchanged += 1;
                continue;
            }
            Some(_) => {
                report.updated += 1;
                "update"
            }
            None => {
                report.created += 1;
                "create"
            }
        };
        let was = before.as_ref().map(|before| before.record.seen());
        change
            .put(after, expect.map_or(Expect::Absent, Expect::Revision))?
            .audit(
                &format!("{}.{verb}", N::WORD),
                format!("{}/{}", N::WORD, after.id()),
                was.transpose()?,
                Some(after.seen()?),
            )?;
    }
    if !is_dry_run && report.created + report.updated > 0 {
        change.commit().await?;
        desks::rules_changed(app, &caller.account).await?;
    }
    Ok(report)
}
