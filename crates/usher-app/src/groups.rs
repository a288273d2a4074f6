//! Groups of agents.

use std::sync::Arc;

use usher_model::id::GroupId;
use usher_store::record::User;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::{Change, check_name};
use crate::error::{Code, Error, Result};
use crate::noun::{self, Noun};

pub use usher_store::record::{AgentGroup, Kept};

impl Noun for AgentGroup {
    const WORD: &'static str = "agent group";
    const NOT_FOUND: Code = Code::GroupNotFound;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn unique(&self) -> Option<&str> {
        Some(&self.name)
    }
}

/// Adds a group; without an id it is minted.
///
/// # Errors
/// Fails if the caller may not, the id or the name is taken, or the name is wrong.
pub async fn create(
    caller: &Caller,
    app: &Arc<App>,
    id: Option<GroupId>,
    name: String,
) -> Result<Kept<AgentGroup>> {
    caller.require(Permission::UsersWrite)?;
    check_name(&name)?;
    let is_named = id.is_some();
    let id = id.map_or_else(|| GroupId::parse(&noun::mint(app)), Ok);
    let group = AgentGroup {
        id: id.map_err(Error::internal)?,
        name,
        created_at: app.now(),
    };
    let creation = noun::creation(caller, &group, is_named)?;
    noun::add(caller, app, group, &creation).await
}

/// Returns a group to somebody who may change it.
///
/// # Errors
/// Fails if the caller may not, or there is no such group.
pub async fn editable(caller: &Caller, app: &App, id: &GroupId) -> Result<Kept<AgentGroup>> {
    caller.require(Permission::UsersWrite)?;
    noun::find(caller, app, id.as_str()).await
}

/// Returns every group, in the order of their ids.
///
/// # Errors
/// Fails if the caller may not see agents.
pub async fn list(caller: &Caller, app: &App) -> Result<Vec<Kept<AgentGroup>>> {
    caller.require(Permission::AgentsRead)?;
    noun::all(caller, app).await
}

/// Returns a group.
///
/// # Errors
/// Fails if the caller may not see agents, or there is no such group.
pub async fn get(caller: &Caller, app: &App, id: &GroupId) -> Result<Kept<AgentGroup>> {
    caller.require(Permission::AgentsRead)?;
    noun::find(caller, app, id.as_str()).await
}

/// Gives a group another name.
///
/// # Errors
/// Fails if the caller may not, there is no such group, `expected` is not its revision, or the name
/// is taken or wrong.
pub async fn rename(
    caller: &Caller,
    app: &Arc<App>,
    id: &GroupId,
    name: String,
    expected: Option<u64>,
) -> Result<Kept<AgentGroup>> {
    caller.require(Permission::UsersWrite)?;
    check_name(&name)?;
    let before: Kept<AgentGroup> = noun::find(caller, app, id.as_str()).await?;
    noun::require_revision(&before, expected)?;
    let after = AgentGroup {
        name,
        ..before.record.clone()
    };
    noun::replace(caller, app, before, after).await
}

/// Removes a group that nobody is in.
///
/// # Errors
/// Fails if the caller may not, there is no such group, or somebody is in it.
pub async fn delete(caller: &Caller, app: &Arc<App>, id: &GroupId) -> Result<()> {
    caller.require(Permission::UsersWrite)?;
    let kept: Kept<AgentGroup> = noun::find(caller, app, id.as_str()).await?;
    let users = noun::all::<User>(caller, app).await?;
    let members = users
        .iter()
        .filter(|user| user.record.group_id.as_ref() == Some(id));
    let count = members.count();
    if count > 0 {
        let message = format!("expected a group without members, found {count}");
        return Err(Error::new(Code::GroupInUse, message));
    }
    let change = Change::new(app, caller);
    noun::remove(caller, app, change, &kept).await
}
