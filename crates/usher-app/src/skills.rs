//! Skills: what connects conversations to agents.

use usher_model::id::SkillId;
use usher_store::batch::{CommitError, Expect};
use usher_store::collection::kept;
use usher_store::record::{self, Kept, Record as _};
use usher_store::store::{Key, Query};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::{Change, check_name, to_value};
use crate::error::{Code, Error, Result};
use crate::idempotency::{self, Creation};

pub use usher_store::record::Skill;

/// What a new skill is to be.
#[derive(Clone, Debug)]
pub struct New {
    /// Its id; without one it is minted.
    pub id: Option<SkillId>,
    /// Its name, unique in the account ignoring case: 1 to 200 characters.
    pub name: String,
    /// What it is for.
    pub description: String,
}

/// Adds a skill.
///
/// # Errors
/// Fails if the caller may not, or the id or the name is taken.
pub async fn create(caller: &Caller, app: &App, new: New) -> Result<Skill> {
    caller.require(Permission::SkillsWrite)?;
    check_name(&new.name)?;
    let creation = Creation::new(
        caller,
        "skill.create",
        &(&new.id, &new.name, &new.description),
    )?;
    if let Some(earlier) = creation.earlier(caller, app).await? {
        let id = SkillId::parse(&earlier).map_err(Error::internal)?;
        return Ok(find(caller, app, &id).await?.record);
    }
    let mut change = Change::new(app, caller);
    let minted = || SkillId::parse(&usher_model::id::RequestId::mint(&app.ids).to_string());
    let id = match new.id {
        Some(id) => id,
        None => minted().map_err(Error::internal)?,
    };
    let skill = Skill {
        description: new.description,
        ..Skill::new(id, new.name, change.now)
    };
    let target = format!("skill/{}", skill.id);
    change.put(&skill, Expect::Absent)?.audit(
        "skill.create",
        target,
        None,
        Some(to_value(&skill)?),
    )?;
    change.remember(&creation, skill.id.as_str())?;
    match change.try_commit().await {
        Ok(_) => Ok(skill),
        Err(CommitError::Conflict { collection, .. }) if collection == kept::IDEMPOTENCY.name => {
            Err(idempotency::under_way())
        }
        Err(CommitError::Conflict { .. }) => Err(Error::new(
            Code::NameTaken,
            format!(
                "a skill has the id `{}` or the name `{}` already",
                skill.id, skill.name
            ),
        )),
        Err(error) => Err(error.into()),
    }
}

/// Returns every skill, in the order of their ids.
///
/// # Errors
/// Fails if the caller may not see them.
pub async fn list(caller: &Caller, app: &App) -> Result<Vec<Skill>> {
    caller.require(Permission::SkillsRead)?;
    let query = Query::all(&caller.account, Skill::COLLECTION);
    let rows = app.store.find_all(&query, app.now()).await?;
    rows.iter()
        .map(|row| Ok(record::read(row)?.record))
        .collect()
}

/// Removes a skill.
///
/// # Errors
/// Fails if the caller may not, or there is no such skill.
pub async fn delete(caller: &Caller, app: &App, id: &SkillId) -> Result<()> {
    caller.require(Permission::SkillsWrite)?;
    let kept = find(caller, app, id).await?;
    let mut change = Change::new(app, caller);
    change
        .delete(&kept.record, Expect::Revision(kept.revision))
        .audit(
            "skill.delete",
            format!("skill/{id}"),
            Some(to_value(&kept.record)?),
            None,
        )?;
    change.commit().await
}

async fn find(caller: &Caller, app: &App, id: &SkillId) -> Result<Kept<Skill>> {
    let key = Key::new(&caller.account, [id.as_str()]);
    let row = app.store.get(Skill::COLLECTION, &key, app.now()).await?;
    let row = row.ok_or_else(|| Error::new(Code::SkillNotFound, format!("no skill `{id}`")))?;
    Ok(record::read(&row)?)
}
