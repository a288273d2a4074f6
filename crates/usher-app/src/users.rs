//! Users: people who sign in, and the agents, human or bot, among them.

use std::collections::BTreeSet;
use std::sync::Arc;

use usher_model::id::{GroupId, SkillId, UserId};
use usher_model::role::Role;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_store::record::{self, AgentGroup, Kept, Record as _};
use usher_store::store::Key;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::{Change, to_value};
use crate::check::Checks;
use crate::error::{Code, Error, Mistake, Result};
use crate::noun::{self, Noun};
use crate::passwords;

pub use usher_store::record::user::{HostedBot, UserKind, UserSkill};

/// A user without the password.
#[derive(Clone, Debug)]
pub struct User {
    /// Who; as an agent, the same id.
    pub id: UserId,
    /// What they were set to be; the password is left out.
    pub is: Written,
    /// What they may do.
    pub role: Role,
    /// When they were added.
    pub created_at: Timestamp,
    /// Counts their changes; for conditional edits.
    pub revision: u64,
}

/// What a user is to be.
#[derive(Clone)]
pub struct Written {
    /// Their name: 1 to 200 characters.
    pub name: String,
    /// Their address, unique in the account ignoring case; who has none cannot sign in.
    pub email: Option<String>,
    /// What they may do: of a human an agent, of a bot a bot, unless given.
    pub role: Option<Role>,
    /// Their password: at least 12 characters; nothing leaves the one that is there.
    pub password: Option<String>,
    /// Whether they may sign in and work.
    pub is_enabled: bool,
    /// A person or a program; it stays as it was at first.
    pub kind: UserKind,
    /// What they are good at.
    pub skills: Vec<UserSkill>,
    /// How many conversations at once: -1 is unlimited, 0 none; nothing is the account's default for
    /// a human and unlimited for a bot.
    pub max_conversations: Option<i32>,
    /// Their group.
    pub group_id: Option<GroupId>,
    /// What consumers see instead of the name.
    pub nickname: Option<String>,
    /// What they look like.
    pub picture_url: Option<String>,
    /// How the bot behaves, if this server runs it.
    pub hosted_bot: Option<HostedBot>,
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written")
            .field("kind", &self.kind)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl Written {
    /// Returns a person of whom only the name is known.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            email: None,
            role: None,
            password: None,
            is_enabled: true,
            kind: UserKind::Human,
            skills: Vec::new(),
            max_conversations: None,
            group_id: None,
            nickname: None,
            picture_url: None,
            hosted_bot: None,
        }
    }

    pub(crate) fn role(&self) -> Role {
        self.role.unwrap_or(match self.kind {
            UserKind::Human => Role::Agent,
            UserKind::Bot => Role::Bot,
        })
    }

    /// Refuses what cannot be; `has_password` says whether there is one already.
    async fn check(&self, caller: &Caller, app: &App, has_password: bool) -> Result<()> {
        let mut checks = self.checks(has_password);
        if let Some(group) = &self.group_id {
            let key = Key::new(&caller.account, [group.as_str()]);
            let row = app.store.get(AgentGroup::COLLECTION, &key, app.now());
            let expected = format!("expected the id of an agent group, found `{group}`");
            checks.require(row.await?.is_some(), "#/groupId", expected);
        }
        checks
            .skills(app, &caller.account, &self.mentioned())
            .await?;
        checks.finish()
    }

    /// Returns what is wrong, but for the skills and the group that are named.
    pub(crate) fn mistakes(&self, has_password: bool) -> Vec<Mistake> {
        self.checks(has_password).into_mistakes()
    }

    fn checks(&self, has_password: bool) -> Checks {
        let mut checks = Checks::default();
        checks.name(&self.name);
        checks.require(
            self.email.as_deref().is_none_or(is_email),
            "#/email",
            expected_email(),
        );
        checks.require(
            self.email.is_some() || !(has_password || self.password.is_some()),
            "#/email",
            "expected an e-mail address: whoever has a password signs in with it",
        );
        checks.require(
            self.role != Some(Role::Consumer),
            "#/role",
            "expected a role of the staff; consumers have tokens of their own",
        );
        checks.require(
            self.max_conversations
                .is_none_or(|number| (-1..=MAX_CONVERSATIONS_MAX).contains(&number)),
            "#/maxConversations",
            format!(
                "expected 0 to {MAX_CONVERSATIONS_MAX}, -1 for no limit, or null for the account's"
            ),
        );
        if let Some(nickname) = &self.nickname {
            checks.line(nickname, NICKNAME_CHARS_MAX, "#/nickname");
        }
        let is_link = |url: &String| url.starts_with("https://") && url.len() <= URL_BYTES_MAX;
        checks.require(
            self.picture_url.as_ref().is_none_or(is_link),
            "#/pictureUrl",
            format!("expected an https link of at most {URL_BYTES_MAX} bytes"),
        );
        self.check_skills(&mut checks);
        checks
    }

    fn check_skills(&self, checks: &mut Checks) {
        checks.require(
            self.skills.len() <= SKILLS_MAX,
            "#/skills",
            format!("expected at most {} skills", SKILLS_MAX),
        );
        let mut seen = BTreeSet::new();
        for (position, skill) in self.skills.iter().enumerate() {
            checks.require(
                (1..=10).contains(&skill.proficiency),
                &format!("#/skills/{position}/proficiency"),
                format!("expected 1 to 10, found {}", skill.proficiency),
            );
            checks.require(
                seen.insert(&skill.skill_id),
                &format!("#/skills/{position}/skillId"),
                format!(
                    "expected every skill once, found `{}` again",
                    skill.skill_id
                ),
            );
        }
        let Some(bot) = &self.hosted_bot else { return };
        checks.require(
            self.kind == UserKind::Bot,
            "#/hostedBot",
            "expected a user of the kind `BOT`",
        );
        if let Some(message) = &bot.fallback_message {
            checks.message(message, "#/hostedBot/fallbackMessage");
        }
    }

    /// Returns the skills that are named, with their places.
    fn mentioned(&self) -> Vec<(String, &SkillId)> {
        let skills = self.skills.iter().enumerate();
        let mut mentioned: Vec<_> = skills
            .map(|(position, skill)| (format!("#/skills/{position}/skillId"), &skill.skill_id))
            .collect();
        let fallback = self
            .hosted_bot
            .as_ref()
            .and_then(|bot| bot.fallback_skill_id.as_ref());
        mentioned.extend(fallback.map(|id| ("#/hostedBot/fallbackSkillId".to_owned(), id)));
        mentioned
    }

    pub(crate) fn into_record(
        self,
        id: UserId,
        password_hash: Option<String>,
        created_at: Timestamp,
    ) -> record::User {
        record::User {
            id,
            role: self.role(),
            name: self.name,
            email: self.email,
            password_hash,
            is_enabled: self.is_enabled,
            created_at,
            kind: self.kind,
            skills: self.skills,
            max_conversations: self.max_conversations,
            group_id: self.group_id,
            nickname: self.nickname,
            picture_url: self.picture_url,
            hosted_bot: self.hosted_bot,
        }
    }
}

/// Characters of an e-mail address (RFC 5321).
const EMAIL_CHARS_MAX: usize = 254;
/// Characters of what consumers see as a name.
const NICKNAME_CHARS_MAX: usize = 200;
/// Skills of one user.
const SKILLS_MAX: usize = 500;
/// Bytes of a link.
const URL_BYTES_MAX: usize = 2_048;
/// The most conversations that a number can allow; beyond it, there is "no limit".
const MAX_CONVERSATIONS_MAX: i32 = 10_000;

impl Noun for record::User {
    const WORD: &'static str = "user";
    const NOT_FOUND: Code = Code::UserNotFound;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn unique(&self) -> Option<&str> {
        self.email.as_deref()
    }

    fn seen(&self) -> Result<Value> {
        let mut seen = to_value(self)?;
        if let Some(fields) = seen.as_object_mut() {
            fields.remove("passwordHash");
        }
        Ok(seen)
    }
}

/// Adds a user; without an id it is minted.
///
/// # Errors
/// Fails if the caller may not, the id or the address is taken, or a field is wrong.
pub async fn create(
    caller: &Caller,
    app: &Arc<App>,
    id: Option<UserId>,
    mut written: Written,
) -> Result<User> {
    caller.require(Permission::UsersWrite)?;
    require_reach(caller, written.role())?;
    written.check(caller, app, false).await?;
    let password = written.password.take();
    let is_named = id.is_some();
    let id = id.map_or_else(|| UserId::parse(&noun::mint(app)), Ok);
    let mut user = written.into_record(id.map_err(Error::internal)?, None, app.now());
    let creation = noun::creation(caller, &user, is_named)?;
    if let Some(password) = password {
        user.password_hash = Some(passwords::hash(app, password).await?);
    }
    let kept = noun::add(caller, app, user, &creation).await?;
    Ok(kept.into())
}

/// Returns a user.
///
/// # Errors
/// Fails if the caller may not see users, or there is no such user.
pub async fn get(caller: &Caller, app: &App, id: &UserId) -> Result<User> {
    caller.require(Permission::UsersRead)?;
    let kept: Kept<record::User> = noun::find(caller, app, id.as_str()).await?;
    Ok(kept.into())
}

/// Returns a user to somebody who may change it.
///
/// # Errors
/// Fails if the caller may not, or there is no such user.
pub async fn editable(caller: &Caller, app: &App, id: &UserId) -> Result<User> {
    caller.require(Permission::UsersWrite)?;
    let kept: Kept<record::User> = noun::find(caller, app, id.as_str()).await?;
    Ok(kept.into())
}

/// Returns every user, in the order of their ids.
///
/// # Errors
/// Fails if the caller may not see users.
pub async fn list(caller: &Caller, app: &App) -> Result<Vec<User>> {
    caller.require(Permission::UsersRead)?;
    let users = noun::all::<record::User>(caller, app).await?;
    Ok(users.into_iter().map(Into::into).collect())
}

/// Says anew what a user is to be. Who is disabled loses the conversations they have, which go back
/// to their queues.
///
/// # Errors
/// Fails if the caller may not, there is no such user, `expected` is not their revision, the address
/// is taken, or a field is wrong.
pub async fn replace(
    caller: &Caller,
    app: &Arc<App>,
    id: &UserId,
    mut written: Written,
    expected: Option<u64>,
) -> Result<User> {
    caller.require(Permission::UsersWrite)?;
    let before: Kept<record::User> = noun::find(caller, app, id.as_str()).await?;
    noun::require_revision(&before, expected)?;
    require_reach(caller, before.record.role)?;
    require_reach(caller, written.role())?;
    if written.kind != before.record.kind {
        let message = "expected the kind to stay; add another user instead";
        return Err(Error::field("#/kind", message));
    }
    let has_password = before.record.password_hash.is_some();
    written.check(caller, app, has_password).await?;
    let password_hash = match written.password.take() {
        Some(password) => Some(passwords::hash(app, password).await?),
        None => before.record.password_hash.clone(),
    };
    let user = written.into_record(id.clone(), password_hash, before.record.created_at);
    Ok(noun::replace(caller, app, before, user).await?.into())
}

/// Switches a user on or off.
///
/// # Errors
/// As [`replace`].
pub async fn set_enabled(
    caller: &Caller,
    app: &Arc<App>,
    id: &UserId,
    is_enabled: bool,
) -> Result<User> {
    let user = editable(caller, app, id).await?;
    let written = Written {
        is_enabled,
        ..user.is
    };
    replace(caller, app, id, written, Some(user.revision)).await
}

/// Removes a user; their conversations go back to their queues.
///
/// # Errors
/// Fails if the caller may not, or there is no such user.
pub async fn delete(caller: &Caller, app: &Arc<App>, id: &UserId) -> Result<()> {
    caller.require(Permission::UsersWrite)?;
    let kept: Kept<record::User> = noun::find(caller, app, id.as_str()).await?;
    require_reach(caller, kept.record.role)?;
    let change = Change::new(app, caller);
    noun::remove(caller, app, change, &kept).await
}

/// Whether the caller may make, change and remove users with a role: what lies beyond agents and bots
/// is access to the account, which administrators give.
pub(crate) fn may_reach(caller: &Caller, role: Role) -> bool {
    matches!(role, Role::Agent | Role::Bot) || caller.may(Permission::AccessWrite)
}

/// Refuses a caller who may not make, change and remove users with that role.
///
/// # Errors
/// Fails with [`Code::Forbidden`].
pub(crate) fn require_reach(caller: &Caller, role: Role) -> Result<()> {
    if may_reach(caller, role) {
        return Ok(());
    }
    Err(Error::new(Code::Forbidden, expected_reach(role)))
}

/// Returns what is said to whoever may not reach a role.
pub(crate) fn expected_reach(role: Role) -> String {
    format!(
        "expected a user with the role `agent` or `bot`, found `{role}`: only administrators change those"
    )
}

/// Refuses an address that cannot be one, and none.
pub(crate) fn check_email(email: Option<&str>) -> Result<()> {
    if email.is_some_and(is_email) {
        return Ok(());
    }
    Err(Error::field("#/email", expected_email()))
}

fn is_email(email: &str) -> bool {
    email.contains('@') && email.chars().count() <= EMAIL_CHARS_MAX
}

fn expected_email() -> String {
    format!("expected an e-mail address of at most {EMAIL_CHARS_MAX} characters")
}

impl From<Kept<record::User>> for User {
    fn from(kept: Kept<record::User>) -> Self {
        let user = kept.record;
        Self {
            id: user.id,
            role: user.role,
            created_at: user.created_at,
            revision: kept.revision,
            is: Written {
                name: user.name,
                email: user.email,
                role: Some(user.role),
                password: None,
                is_enabled: user.is_enabled,
                kind: user.kind,
                skills: user.skills,
                max_conversations: user.max_conversations,
                group_id: user.group_id,
                nickname: user.nickname,
                picture_url: user.picture_url,
                hosted_bot: user.hosted_bot,
            },
        }
    }
}
