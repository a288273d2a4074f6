//! Skills from a file.

use std::sync::Arc;

use usher_model::id::SkillId;
use usher_store::record::Skill;

use super::table::{Column, Row, Table, YES_OR_NO, yes_or_no};
use super::{Draft, Known, Mistakes, Named, Report, apply};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::Result;
use crate::noun;
use crate::skills::Written;

const COLUMNS: &[Column] = &[
    ("id", &["skillid"]),
    ("name", &["skillname", "skill"]),
    ("description", &["skilldescription"]),
    ("isEnabled", &["enabled"]),
    ("maxWaitSeconds", &["maximumwaittime", "maxwaittime"]),
    ("fallbackSkillId", &["fallbackskill", "fallback"]),
];

/// Adds and changes skills as the lines of a file say. A line means the skill of its `id` or, without
/// one, of its `name`.
///
/// # Errors
/// Fails if the caller may not change skills, or with every mistake of the file; then nothing is
/// changed.
pub async fn import(
    caller: &Caller,
    app: &Arc<App>,
    file: &[u8],
    is_dry_run: bool,
) -> Result<Report> {
    caller.require(Permission::SkillsWrite)?;
    let table = Table::read(file, COLUMNS)?;
    let there = noun::all::<Skill>(caller, app).await?;
    let known = Known::new(&there);
    let mut mistakes = Mistakes::default();
    let mut drafts = Vec::new();
    for row in table.rows() {
        let id = row.text("id");
        let found = known.find(id, row.text("name"));
        let written = found.map_or_else(|| Written::new(""), |kept| kept.record.clone().into());
        let id = found.map(|kept| kept.record.id.as_str()).or(id);
        drafts.push(Draft {
            row,
            before: found.cloned(),
            id: id.map_or_else(|| noun::mint(app), str::to_owned),
            written: read(&row, written, &mut mistakes),
        });
    }
    let of_file = drafts
        .iter()
        .map(|draft| (draft.id.clone(), draft.written.name.clone()));
    let of_account = there
        .iter()
        .map(|kept| (kept.record.id.to_string(), kept.record.name.clone()));
    let named = Named::new(of_file.chain(of_account));
    let ids = drafts
        .iter()
        .map(|draft| (&draft.row, Some(draft.id.clone())));
    mistakes.note_repeated("id", ids);
    let names = drafts.iter().map(|draft| {
        let name = Some(draft.written.name.clone());
        (&draft.row, name.filter(|name| !name.is_empty()))
    });
    mistakes.note_repeated("name", names);
    let mut skills = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let Draft {
            row,
            before,
            id,
            mut written,
        } = draft;
        let fallback = |cell: &str| SkillId::parse(&named.find(cell)?).ok();
        let expected = "the id or the name of a skill";
        let into = &mut written.fallback_skill_id;
        mistakes.fill(&row, "fallbackSkillId", expected, fallback, into);
        if known.is_taken(&written.name, &id) {
            let name = &written.name;
            let expected =
                format!("expected a name of its own, found `{name}`, which another skill has");
            mistakes.note(&row, "name", expected);
        }
        match SkillId::parse(&id) {
            Err(source) => mistakes.note(&row, "id", source),
            Ok(id) => {
                mistakes.note_all(&row, written.mistakes(Some(&id)));
                let created_at = before
                    .as_ref()
                    .map_or(app.now(), |kept| kept.record.created_at);
                skills.push((before, written.into_record(id, created_at)));
            }
        }
    }
    mistakes.finish()?;
    apply(caller, app, &table, skills, is_dry_run).await
}

/// Reads the cells of a line over what is there.
fn read(row: &Row<'_>, mut written: Written, mistakes: &mut Mistakes) -> Written {
    if let Some(name) = row.cell("name") {
        name.clone_into(&mut written.name);
    }
    if let Some(description) = row.cell("description") {
        description.clone_into(&mut written.description);
    }
    if let Some(is_enabled) = mistakes.read(row, "isEnabled", YES_OR_NO, yes_or_no) {
        written.is_enabled = is_enabled;
    }
    let number = |cell: &str| cell.parse().ok();
    let into = &mut written.max_wait_seconds;
    mistakes.fill(row, "maxWaitSeconds", "seconds", number, into);
    written
}
