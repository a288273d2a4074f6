//! Engagements: the places on a site or in an app where conversations begin.

use std::sync::Arc;

use usher_model::id::{AccountId, EngagementId, SkillId};
use usher_store::record::Record as _;
use usher_store::store::Key;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::Change;
use crate::check::Checks;
use crate::error::{Code, Error, Result};
use crate::noun::{self, Noun};

pub use usher_store::record::skill::Messenger;
pub use usher_store::record::{Engagement, Kept};

/// What an engagement is to be.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its name, unique in the account ignoring case: 1 to 200 characters.
    pub name: String,
    /// In which skill its conversations start; nothing leaves that to the channel and the account.
    pub skill_id: Option<SkillId>,
    /// The campaign it belongs to, in the account's words.
    pub campaign: Option<String>,
    /// Whether conversations may begin there.
    pub is_enabled: bool,
    /// How the messenger looks that is opened there.
    pub messenger: Messenger,
}

/// Characters of a campaign's name.
const CAMPAIGN_CHARS_MAX: usize = 200;
/// Characters of a messenger's title: it stands in one line, on a telephone.
const TITLE_CHARS_MAX: usize = 60;
/// Characters of a messenger's greeting: it leaves room for the conversation.
const GREETING_CHARS_MAX: usize = 500;

impl Written {
    async fn check(&self, caller: &Caller, app: &App) -> Result<()> {
        let mut checks = Checks::default();
        checks.name(&self.name);
        if let Some(campaign) = &self.campaign {
            checks.line(campaign, CAMPAIGN_CHARS_MAX, "#/campaign");
        }
        check_messenger(&mut checks, &self.messenger);
        let skill = self.skill_id.as_ref();
        let mentioned: Vec<_> = skill
            .map(|id| ("#/skillId".to_owned(), id))
            .into_iter()
            .collect();
        checks.skills(app, &caller.account, &mentioned).await?;
        checks.finish()
    }
}

fn check_messenger(checks: &mut Checks, messenger: &Messenger) {
    if let Some(title) = &messenger.title {
        checks.line(title, TITLE_CHARS_MAX, "#/messenger/title");
    }
    if let Some(greeting) = &messenger.greeting {
        let length = greeting.chars().count();
        let is_greeting = !greeting.trim().is_empty() && length <= GREETING_CHARS_MAX;
        let expected = format!("expected 1 to {GREETING_CHARS_MAX} characters");
        checks.require(is_greeting, "#/messenger/greeting", expected);
    }
    if let Some(color) = &messenger.color {
        let digits = color.strip_prefix('#').unwrap_or_default();
        let is_color = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let expected = format!("expected a colour such as `#0b7285`, found `{color}`");
        checks.require(is_color, "#/messenger/color", expected);
    }
}

impl Noun for Engagement {
    const WORD: &'static str = "engagement";
    const NOT_FOUND: Code = Code::EngagementNotFound;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn unique(&self) -> Option<&str> {
        Some(&self.name)
    }
}

/// Adds an engagement; without an id it is minted.
///
/// # Errors
/// Fails if the caller may not, the id or the name is taken, or a field is wrong.
pub async fn create(
    caller: &Caller,
    app: &Arc<App>,
    id: Option<EngagementId>,
    written: Written,
) -> Result<Kept<Engagement>> {
    caller.require(Permission::SkillsWrite)?;
    written.check(caller, app).await?;
    let is_named = id.is_some();
    let id = id.map_or_else(|| EngagementId::parse(&noun::mint(app)), Ok);
    let engagement = Engagement {
        id: id.map_err(Error::internal)?,
        name: written.name,
        skill_id: written.skill_id,
        campaign: written.campaign,
        is_enabled: written.is_enabled,
        messenger: written.messenger,
        created_at: app.now(),
    };
    let creation = noun::creation(caller, &engagement, is_named)?;
    noun::add(caller, app, engagement, &creation).await
}

/// Returns an engagement to somebody who may change it.
///
/// # Errors
/// Fails if the caller may not, or there is no such engagement.
pub async fn editable(caller: &Caller, app: &App, id: &EngagementId) -> Result<Kept<Engagement>> {
    caller.require(Permission::SkillsWrite)?;
    noun::find(caller, app, id.as_str()).await
}

/// Returns every engagement, in the order of their ids.
///
/// # Errors
/// Fails if the caller may not see skills.
pub async fn list(caller: &Caller, app: &App) -> Result<Vec<Kept<Engagement>>> {
    caller.require(Permission::SkillsRead)?;
    noun::all(caller, app).await
}

/// Returns an engagement.
///
/// # Errors
/// Fails if the caller may not see skills, or there is no such engagement.
pub async fn get(caller: &Caller, app: &App, id: &EngagementId) -> Result<Kept<Engagement>> {
    caller.require(Permission::SkillsRead)?;
    noun::find(caller, app, id.as_str()).await
}

/// Returns an engagement to a visitor, who has no credential yet: how the messenger looks there, and
/// whether a conversation may begin.
///
/// # Errors
/// Fails if the account has no such engagement.
pub async fn visited(app: &App, account: &AccountId, id: &EngagementId) -> Result<Engagement> {
    let key = Key::new(account, [id.as_str()]);
    let row = app
        .store
        .get(Engagement::COLLECTION, &key, app.now())
        .await?;
    let row = row.ok_or_else(|| {
        let message = format!("account `{account}` has no engagement `{id}`");
        Error::new(Code::EngagementNotFound, message)
    })?;
    let kept: Kept<Engagement> = usher_store::record::read(&row)?;
    Ok(kept.record)
}

/// Says anew what an engagement is to be.
///
/// # Errors
/// Fails if the caller may not, there is no such engagement, `expected` is not its revision, the
/// name is taken, or a field is wrong.
pub async fn replace(
    caller: &Caller,
    app: &Arc<App>,
    id: &EngagementId,
    written: Written,
    expected: Option<u64>,
) -> Result<Kept<Engagement>> {
    caller.require(Permission::SkillsWrite)?;
    let before: Kept<Engagement> = noun::find(caller, app, id.as_str()).await?;
    noun::require_revision(&before, expected)?;
    written.check(caller, app).await?;
    let after = Engagement {
        name: written.name,
        skill_id: written.skill_id,
        campaign: written.campaign,
        is_enabled: written.is_enabled,
        messenger: written.messenger,
        ..before.record.clone()
    };
    noun::replace(caller, app, before, after).await
}

/// Removes an engagement; the conversations that began there go on.
///
/// # Errors
/// Fails if the caller may not, or there is no such engagement.
pub async fn delete(caller: &Caller, app: &Arc<App>, id: &EngagementId) -> Result<()> {
    caller.require(Permission::SkillsWrite)?;
    let kept: Kept<Engagement> = noun::find(caller, app, id.as_str()).await?;
    let change = Change::new(app, caller);
    noun::remove(caller, app, change, &kept).await
}
