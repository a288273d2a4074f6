//! Which functions an account has, held in memory: what decides whether an event or a caller starts
//! one is read without the store where nobody else changes it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use foldhash::fast::RandomState;
use usher_model::id::{AccountId, FunctionId, SkillId};
use usher_model::limits;
use usher_store::collection::kept;
use usher_store::record::{self, Function, FunctionHead, FunctionVersion, Kept, Record as _};
use usher_store::store::{Key, Query};

use crate::App;
use crate::cache::{self, Cache};
use crate::error::{Error, Result};

/// Accounts whose functions are held.
const ACCOUNTS_MAX: u64 = 1_000;

/// The functions of the accounts in use.
pub(crate) struct Registries {
    /// Whether no other process changes functions, so that what is held is true.
    is_exclusive: bool,
    held: Cache<AccountId, Arc<Registry>>,
    /// Versions never change.
    versions: Cache<(AccountId, FunctionId, u64), Arc<FunctionVersion>>,
}

impl fmt::Debug for Registries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registries").finish_non_exhaustive()
    }
}

impl Registries {
    pub(crate) fn new(is_exclusive: bool) -> Self {
        let kilobytes = |version: &Arc<FunctionVersion>| {
            u32::try_from(version.code.source.len() >> 10).unwrap_or(u32::MAX)
        };
        let kilobytes_max = limits::FUNCTION_CACHE_BYTES_MAX >> 10;
        Self {
            is_exclusive,
            held: cache::counted(ACCOUNTS_MAX),
            versions: cache::weighed(kilobytes_max, kilobytes, RandomState::default()),
        }
    }
}

/// The functions of one account, without their code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry {
    /// Counts the changes; 0 before the first.
    pub(super) revision: u64,
    /// The store's revision of the row that counts them; nothing before the first.
    pub(super) head: Option<u64>,
    /// The domains that functions may call.
    pub(crate) domains: Arc<[String]>,
    functions: BTreeMap<FunctionId, Entry>,
}

/// What is held of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: FunctionId,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) event_id: Option<String>,
    /// None means all.
    pub(crate) skill_ids: Vec<SkillId>,
    pub(crate) is_trusted: bool,
    pub(crate) is_scheduled: bool,
    /// The version that runs.
    pub(crate) deployed: Option<u64>,
}

impl From<&Function> for Entry {
    fn from(function: &Function) -> Self {
        Self {
            id: function.id,
            name: function.name.clone(),
            description: function.description.clone(),
            event_id: function.event_id.clone(),
            skill_ids: function.skill_ids.clone(),
            is_trusted: function.is_trusted,
            is_scheduled: function.schedule.is_some(),
            deployed: function.deployed,
        }
    }
}

impl Entry {
    /// Whether an event for a conversation in the skill is for it; without a skill, any is.
    fn is_for(&self, skill: Option<&SkillId>) -> bool {
        self.skill_ids.is_empty() || skill.is_none_or(|skill| self.skill_ids.contains(skill))
    }

    /// Whether there is a conversation whose events are for both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.skill_ids.is_empty()
            || other.skill_ids.is_empty()
            || self
                .skill_ids
                .iter()
                .any(|skill| other.skill_ids.contains(skill))
    }
}

impl Registry {
    /// Returns one function.
    pub(crate) fn find(&self, id: FunctionId) -> Option<&Entry> {
        self.functions.get(&id)
    }

    /// Returns every function, in the order in which they were made.
    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.functions.values()
    }

    /// Returns the deployed functions that an event starts, in the order in which they were made.
    pub(super) fn listeners<'r>(
        &'r self,
        event_id: &'r str,
        skill: Option<&'r SkillId>,
    ) -> impl Iterator<Item = &'r Entry> {
        self.all().filter(move |entry| {
            let listens = entry.event_id.as_deref() == Some(event_id);
            listens && entry.deployed.is_some() && entry.is_for(skill)
        })
    }

    /// Returns the registry after a change that brought `head`.
    fn with(&self, head: &FunctionHead, row_revision: u64, changed: Changed<'_>) -> Self {
        let mut functions = self.functions.clone();
        match changed {
            Changed::Put(function) => {
                functions.insert(function.id, function.into());
            }
            Changed::Deleted(id) => {
                functions.remove(&id);
            }
            Changed::Domains => {}
        }
        Self {
            revision: head.revision,
            head: Some(row_revision),
            domains: head.domains.clone().into(),
            functions,
        }
    }
}

/// What a change did.
#[derive(Clone, Copy, Debug)]
pub(super) enum Changed<'a> {
    Put(&'a Function),
    Deleted(FunctionId),
    Domains,
}

/// Returns the account's functions as they are now.
pub(crate) async fn current(app: &App, account: &AccountId) -> Result<Arc<Registry>> {
    if let Some(held) = app.functions.registries.held.get(account)
        && (app.functions.registries.is_exclusive || is_current(app, account, &held).await?)
    {
        return Ok(held);
    }
    reload(app, account).await
}

/// Reads the account's functions from the store.
pub(super) async fn reload(app: &App, account: &AccountId) -> Result<Arc<Registry>> {
    let loaded = Arc::new(load(app, account).await?);
    Ok(keep(app, account, &loaded))
}

/// Notes what a change of this node did.
pub(super) fn changed(
    app: &App,
    account: &AccountId,
    before: &Registry,
    head: &FunctionHead,
    row_revision: u64,
    changed: Changed<'_>,
) {
    let after = before.with(head, row_revision, changed);
    keep(app, account, &Arc::new(after));
}

/// Keeps what was read unless something newer is held.
fn keep(app: &App, account: &AccountId, loaded: &Arc<Registry>) -> Arc<Registry> {
    let held = &app.functions.registries.held;
    cache::keep_newest(held, account, loaded, |registry| registry.revision)
}

async fn is_current(app: &App, account: &AccountId, held: &Registry) -> Result<bool> {
    Ok(head(app, account).await?.map(|kept| kept.revision) == held.head)
}

async fn head(app: &App, account: &AccountId) -> Result<Option<Kept<FunctionHead>>> {
    let key = Key::new(account, []);
    let row = app
        .store
        .get(&kept::FUNCTION_HEADS, &key, app.now())
        .await?;
    Ok(row.as_ref().map(record::read).transpose()?)
}

async fn load(app: &App, account: &AccountId) -> Result<Registry> {
    loop {
        let before = head(app, account).await?;
        let query = Query::all(account, Function::COLLECTION);
        let mut functions = BTreeMap::new();
        for row in app.store.find_all(&query, app.now()).await? {
            let function: Kept<Function> = record::read(&row)?;
            functions.insert(function.record.id, Entry::from(&function.record));
        }
        let after = head(app, account).await?;
        // Somebody changed them while they were read: read them again.
        if before.as_ref().map(|kept| kept.revision) != after.as_ref().map(|kept| kept.revision) {
            continue;
        }
        let revision = after.as_ref().map(|kept| kept.revision);
        let head = after.map(|kept| kept.record).unwrap_or_default();
        return Ok(Registry {
            revision: head.revision,
            head: revision,
            domains: head.domains.into(),
            functions,
        });
    }
}

/// Returns a version of a function.
pub(super) async fn version(
    app: &App,
    account: &AccountId,
    id: FunctionId,
    version: u64,
) -> Result<Option<Arc<FunctionVersion>>> {
    let held = &app.functions.registries.versions;
    let key = (account.clone(), id, version);
    if let Some(held) = held.get(&key) {
        return Ok(Some(held));
    }
    let row_key = FunctionVersion::key_of(account, id, version);
    let row = app
        .store
        .get(FunctionVersion::COLLECTION, &row_key, app.now())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let read: Kept<FunctionVersion> = record::read(&row).map_err(Error::from)?;
    let read = Arc::new(read.record);
    held.insert(key, Arc::clone(&read));
    Ok(Some(read))
}
