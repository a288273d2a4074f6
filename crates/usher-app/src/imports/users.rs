//! Users from a file.

use std::sync::Arc;

use usher_model::id::{GroupId, SkillId, UserId};
use usher_model::role::Role;
use usher_store::record::{AgentGroup, Kept, Skill, User};

use super::table::{Column, Row, Table, YES_OR_NO, yes_or_no};
use super::{Draft, Known, Mistakes, Named, Report, apply};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::Result;
use crate::noun;
use crate::users::{UserKind, UserSkill, Written, expected_reach, may_reach};

const COLUMNS: &[Column] = &[
    ("id", &["userid", "agentid"]),
    ("name", &["fullname"]),
    ("nickname", &[]),
    ("email", &["emailaddress", "mail"]),
    ("kind", &["usertype", "usertypeid", "usertypename"]),
    ("role", &[]),
    ("skills", &["skillids", "skillid", "skill"]),
    (
        "maxConversations",
        &[
            "maxasyncchats",
            "maxopenconversations",
            "maxnoofmessagingconversations",
        ],
    ),
    ("groupId", &["agentgroupid", "agentgroup", "group"]),
    ("pictureUrl", &["picture"]),
    ("isEnabled", &["enabled"]),
];

/// The proficiency of whom nothing else is said.
const PROFICIENCY: u8 = 5;

/// What a published export has for whoever is in no group.
const UNASSIGNED: &str = "-1";

/// What cells name.
struct Words {
    skills: Named<SkillId>,
    groups: Named<GroupId>,
}

/// Adds and changes users as the lines of a file say. A line means the user of its `id` or, without
/// one, of its `email`. Passwords are never in a file: people choose theirs by a link.
///
/// # Errors
/// Fails if the caller may not change users, or with every mistake of the file; then nothing is
/// changed.
pub async fn import(
    caller: &Caller,
    app: &Arc<App>,
    file: &[u8],
    is_dry_run: bool,
) -> Result<Report> {
    caller.require(Permission::UsersWrite)?;
    let table = Table::read(file, COLUMNS)?;
    let there = noun::all::<User>(caller, app).await?;
    let known = Known::new(&there);
    let words = Words::read(caller, app).await?;
    let mut mistakes = Mistakes::default();
    let mut drafts = Vec::new();
    for row in table.rows() {
        let id = row.text("id");
        let found = known.find(id, row.text("email"));
        let written = match found {
            Some(kept) => crate::users::User::from(kept.clone()).is,
            None => Written::new(""),
        };
        let id = found.map(|kept| kept.record.id.as_str()).or(id);
        drafts.push(Draft {
            row,
            before: found.cloned(),
            id: id.map_or_else(|| noun::mint(app), str::to_owned),
            written: words.read_line(&row, written, &mut mistakes),
        });
    }
    let ids = drafts
        .iter()
        .map(|draft| (&draft.row, Some(draft.id.clone())));
    mistakes.note_repeated("id", ids);
    let emails = drafts
        .iter()
        .map(|draft| (&draft.row, draft.written.email.clone()));
    mistakes.note_repeated("email", emails);
    let mut made = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let Draft {
            row,
            before,
            id,
            written,
        } = draft;
        if let Some(email) = &written.email
            && known.is_taken(email, &id)
        {
            let expected = format!(
                "expected an address of their own, found `{email}`, which another user has"
            );
            mistakes.note(&row, "email", expected);
        }
        if let Some(expected) = beyond_reach(caller, before.as_ref(), &written) {
            mistakes.note(&row, "role", expected);
        }
        let kind = before
            .as_ref()
            .map_or(written.kind, |kept| kept.record.kind);
        if written.kind != kind {
            mistakes.note(
                &row,
                "kind",
                "expected the kind to stay; add another user instead",
            );
        }
        match UserId::parse(&id) {
            Err(source) => mistakes.note(&row, "id", source),
            Ok(id) => {
                let hash = before
                    .as_ref()
                    .and_then(|kept| kept.record.password_hash.clone());
                mistakes.note_all(&row, written.mistakes(hash.is_some()));
                let created_at = before
                    .as_ref()
                    .map_or(app.now(), |kept| kept.record.created_at);
                made.push((before, written.into_record(id, hash, created_at)));
            }
        }
    }
    mistakes.finish()?;
    apply(caller, app, &table, made, is_dry_run).await
}

/// Returns what is said to a caller who may not make of this user what the line says.
fn beyond_reach(caller: &Caller, before: Option<&Kept<User>>, written: &Written) -> Option<String> {
    let roles = [before.map(|kept| kept.record.role), Some(written.role())];
    let mut roles = roles.into_iter().flatten();
    roles
        .find(|role| !may_reach(caller, *role))
        .map(expected_reach)
}

impl Words {
    async fn read(caller: &Caller, app: &App) -> Result<Self> {
        let skills = noun::all::<Skill>(caller, app).await?.into_iter();
        let groups = noun::all::<AgentGroup>(caller, app).await?.into_iter();
        let skill = |kept: Kept<Skill>| (kept.record.id, kept.record.name);
        let group = |kept: Kept<AgentGroup>| (kept.record.id, kept.record.name);
        Ok(Self {
            skills: Named::new(skills.map(skill)),
            groups: Named::new(groups.map(group)),
        })
    }

    /// Reads the cells of a line over what is there.
    fn read_line(&self, row: &Row<'_>, mut written: Written, mistakes: &mut Mistakes) -> Written {
        let owned = |cell: &str| Some(cell.to_owned()).filter(|cell| !cell.is_empty());
        if let Some(name) = row.cell("name") {
            name.clone_into(&mut written.name);
        }
        for (field, kept) in [
            ("nickname", &mut written.nickname),
            ("email", &mut written.email),
            ("pictureUrl", &mut written.picture_url),
        ] {
            if let Some(cell) = row.cell(field) {
                *kept = owned(cell);
            }
        }
        if let Some(kind) = mistakes.read(row, "kind", "`HUMAN` or `BOT`", kind) {
            written.kind = kind;
        }
        let role = |cell: &str| Role::parse(&cell.to_lowercase());
        if let Some(role) = mistakes.read(row, "role", "a role such as `agent`", role) {
            written.role = Some(role);
        }
        if let Some(is_enabled) = mistakes.read(row, "isEnabled", YES_OR_NO, yes_or_no) {
            written.is_enabled = is_enabled;
        }
        let (expected, into) = ("a number or `unlimited`", &mut written.max_conversations);
        mistakes.fill(row, "maxConversations", expected, conversations, into);
        if row.cell("groupId") == Some(UNASSIGNED) {
            written.group_id = None;
        } else {
            let group = |cell: &str| self.groups.find(cell);
            let (expected, into) = (
                "the id or the name of an agent group",
                &mut written.group_id,
            );
            mistakes.fill(row, "groupId", expected, group, into);
        }
        if let Some(cell) = row.cell("skills") {
            written.skills = self.skills(row, cell, &written.skills, mistakes);
        }
        written
    }

    /// Reads skills by id or name, parted by `;` or `|`, each perhaps with `:` and a proficiency; without
    /// one it stays as it is.
    fn skills(
        &self,
        row: &Row<'_>,
        cell: &str,
        before: &[UserSkill],
        mistakes: &mut Mistakes,
    ) -> Vec<UserSkill> {
        let mut skills = Vec::new();
        let named = cell.split([';', '|', ',']).map(str::trim);
        for text in named.filter(|text| !text.is_empty()) {
            let whole = self.skills.find(text).map(|skill| (skill, None));
            let parted = || {
                let (name, proficiency) = text.rsplit_once(':')?;
                let skill = self.skills.find(name.trim())?;
                Some((skill, Some(proficiency.trim().parse().ok()?)))
            };
            let Some((skill_id, proficiency)) = whole.or_else(parted) else {
                let expected = format!(
                    "expected the id or the name of a skill, perhaps with `:` and 1 to 10, found `{text}`"
                );
                mistakes.note(row, "skills", expected);
                continue;
            };
            let known = before.iter().find(|skill| skill.skill_id == skill_id);
            let known = known.map_or(PROFICIENCY, |skill| skill.proficiency);
            skills.push(UserSkill {
                skill_id,
                proficiency: proficiency.unwrap_or(known),
            });
        }
        skills
    }
}

/// Reads what a user is: by our word, or by the number or the word of a published export.
fn kind(cell: &str) -> Option<UserKind> {
    match cell.to_lowercase().as_str() {
        "human" | "1" => Some(UserKind::Human),
        "bot" | "2" => Some(UserKind::Bot),
        _ => None,
    }
}

/// Reads how many conversations somebody may have at once.
fn conversations(cell: &str) -> Option<i32> {
    match cell.eq_ignore_ascii_case("unlimited") {
        true => Some(-1),
        false => cell.parse().ok(),
    }
}
