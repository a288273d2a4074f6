//! What decides in an account: its policies in order, custom attributes and settings, compiled.
//!
//! A change makes a new revision of all of it; every version is kept, so that a past decision can
//! be run again on what decided then. A change is compiled beside the running set and swapped in
//! before it is acknowledged: decisions never wait, and the next one sees the change.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::BuildHasher as _;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;
use tokio::sync::{Mutex, MutexGuard};
use usher_context::attribute::{BUILT_IN, ValueType};
use usher_model::id::{AccountId, PolicyId};
use usher_model::value::Value;
use usher_policy::check::catalogue::{AttributeType, Catalogue};
use usher_policy::compile::PolicySet;
use usher_policy::document;
use usher_policy::options::{ContainsDirection, Options};
use usher_store::collection::kept;
use usher_store::record::{self, Kept, RuleVersion, Settings};
use usher_store::store::{Key, Query};

use crate::App;
use crate::cache::{self, Cache};
use crate::error::{Code, Error, Result};

pub(crate) mod edit;
pub(crate) mod follow;
pub(crate) mod plan;

use plan::Plan;

/// Accounts whose rules are held compiled.
const ACCOUNTS_MAX: u64 = 1_000;
/// Past revisions held compiled, for looking into the decision log.
const REVISIONS_MAX: u64 = 8;
/// Groups of accounts whose changes take turns.
const TURNS: usize = 64;

/// Namespaces that stand for parts of `sde.visitorinfo` unless the account has one of that name.
const ALIASES: [&str; 2] = ["customerinfo", "personalinfo"];

/// The compiled rules of the accounts in use.
pub(crate) struct Rules {
    /// Whether no other process changes the rules, so that what is held is true.
    is_exclusive: bool,
    current: Cache<AccountId, Arc<Ruleset>>,
    past: Cache<(AccountId, u64), Arc<Ruleset>>,
    // Each guards no data: who changes the rules of an account waits until the one before is done,
    // so that many changes at once need not start over again and again.
    turns: [Mutex<()>; TURNS],
    hasher: RandomState,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}

impl Rules {
    pub(crate) fn new(is_exclusive: bool) -> Self {
        Self {
            is_exclusive,
            current: cache::counted(ACCOUNTS_MAX),
            past: cache::counted(REVISIONS_MAX),
            turns: std::array::from_fn(|_| Mutex::new(())),
            hasher: RandomState::default(),
        }
    }

    /// Keeps a ruleset unless a newer one is held, and returns the newest.
    fn keep(&self, account: &AccountId, ruleset: &Arc<Ruleset>) -> Arc<Ruleset> {
        cache::keep_newest(&self.current, account, ruleset, |rules| rules.revision)
    }

    /// Waits until no other change of the account's rules is under way on this node.
    async fn turn(&self, account: &AccountId) -> MutexGuard<'_, ()> {
        let turns = u64::try_from(TURNS).unwrap_or(1);
        let turn = usize::try_from(self.hasher.hash_one(account) % turns).unwrap_or(0);
        // INVARIANT: a remainder by the length is inside the array; the first one is a safe answer.
        let turn = self.turns.get(turn).unwrap_or(&self.turns[0]);
        turn.lock().await
    }
}

/// One policy of a ruleset: as it is kept, and as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) kept: Kept<record::Policy>,
    pub(crate) document: document::Policy,
}

/// The policies that mention each attribute, in order.
pub(crate) type Mentions = BTreeMap<String, Vec<PolicyId>>;

fn attribute_type(value_type: ValueType) -> Option<AttributeType> {
    match value_type {
        ValueType::String => Some(AttributeType::String),
        ValueType::Number => Some(AttributeType::Number),
        ValueType::Boolean => Some(AttributeType::Boolean),
        ValueType::List => Some(AttributeType::List),
        ValueType::Json => None,
    }
}

/// Everything that decides in an account at one revision, as it is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    /// Counts the changes; 0 before the first.
    pub(crate) revision: u64,
    /// The store's revision of the row that counts them; nothing before the first.
    pub(crate) head: Option<u64>,
    /// In order.
    pub(crate) policies: Vec<Arc<Policy>>,
    pub(crate) attributes: BTreeMap<String, Kept<record::Attribute>>,
    pub(crate) settings: Option<Kept<Settings>>,
    /// Those of the account's context namespaces that hide an alias.
    pub(crate) own_namespaces: BTreeSet<String>,
}

/// Everything that decides in an account at one revision, ready to decide.
pub(crate) struct Ruleset {
    parts: Parts,
    /// The policies, compiled.
    pub(crate) set: PolicySet,
    /// Where the attributes that the policies mention come from.
    pub(crate) plan: Plan,
    mentions: OnceLock<Mentions>,
    catalogue: OnceLock<Catalogue>,
}

impl fmt::Debug for Ruleset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ruleset")
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

impl std::ops::Deref for Ruleset {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Ruleset {
    fn compile(parts: Parts) -> Self {
        let documents = parts
            .policies
            .iter()
            .map(|policy| policy.document.clone())
            .collect();
        let mut set = PolicySet::compile(documents, &parts.options());
        let plan = Plan::new(&mut set, &parts.attributes);
        Self {
            parts,
            set,
            plan,
            mentions: OnceLock::new(),
            catalogue: OnceLock::new(),
        }
    }

    /// Returns what would decide if these were the policies, which need not be kept.
    pub(crate) fn deciding(&self, policies: Vec<document::Policy>) -> Self {
        let parts = Parts {
            policies: Vec::new(),
            ..self.parts.clone()
        };
        let mut set = PolicySet::compile(policies, &parts.options());
        let plan = Plan::new(&mut set, &parts.attributes);
        Self {
            parts,
            set,
            plan,
            mentions: OnceLock::new(),
            catalogue: OnceLock::new(),
        }
    }

    /// Returns a policy with its place in the list.
    pub(crate) fn find(&self, id: &PolicyId) -> Result<(usize, &Arc<Policy>)> {
        let position = self.set.position(id);
        position
            .and_then(|position| Some((position, self.policies.get(position)?)))
            .ok_or_else(|| Error::new(Code::PolicyNotFound, format!("no policy has the id `{id}`")))
    }

    /// Whether policies see only the request's own session and the conversation's.
    pub(crate) fn is_lookup_strict(&self) -> bool {
        self.settings
            .as_ref()
            .is_some_and(|kept| kept.record.strict_session_lookup)
    }

    /// Returns the names that policies may mention, for warnings and suggestions.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        self.catalogue.get_or_init(|| {
            let mut catalogue = Catalogue::new();
            catalogue.add_namespace("custom");
            for built_in in BUILT_IN {
                catalogue.add_attribute(built_in.name, attribute_type(built_in.value_type));
            }
            for kept in self.attributes.values() {
                let value_type = ValueType::parse(&kept.record.value_type);
                let value_type = value_type.and_then(attribute_type);
                catalogue.add_attribute(format!("custom.{}", kept.record.name), value_type);
            }
            catalogue
        })
    }

    /// Returns the policies that mention each attribute, in order; disabled ones too.
    pub(crate) fn mentions(&self) -> &Mentions {
        self.mentions.get_or_init(|| {
            let options = self.options();
            let mut mentions = Mentions::new();
            for policy in &self.policies {
                let enabled = document::Policy {
                    enabled: true,
                    ..policy.document.clone()
                };
                for attribute in PolicySet::compile(vec![enabled], &options).attributes() {
                    let policies = mentions.entry(attribute.to_string()).or_default();
                    policies.push(policy.document.id.clone());
                }
            }
            mentions
        })
    }

    /// Whether logs mask the attribute: it is marked, or a part of one that is, or has such a part.
    pub(crate) fn is_sensitive(&self, attribute: &str) -> bool {
        let custom = attribute
            .strip_prefix("custom.")
            .and_then(|path| self.attributes.get(path.split('.').next()?));
        custom.is_some_and(|kept| kept.record.is_sensitive)
            || self.settings.as_ref().is_some_and(|kept| {
                let marked = kept.record.sensitive_attributes.iter();
                marked.into_iter().any(|marked| overlap(marked, attribute))
            })
    }
}

/// Whether two paths are the same, or one is inside the other.
fn overlap(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    long.strip_prefix(short)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Parts {
    /// Returns the engine's switches as the account has set them.
    pub(crate) fn options(&self) -> Options {
        let settings = self.settings();
        Options {
            expression_extensions: settings.expression_extensions,
            extension_actions: settings.action_extensions,
            contains_direction: if settings.is_contains_reversed {
                ContainsDirection::ValueContainsAttribute
            } else {
                ContainsDirection::AttributeContainsValue
            },
            own_namespaces: self.own_namespaces.clone(),
        }
    }

    /// Returns what the account has set.
    pub(crate) fn settings(&self) -> Settings {
        self.settings
            .as_ref()
            .map(|kept| kept.record.clone())
            .unwrap_or_default()
    }
}

/// Returns what decides now.
pub(crate) async fn current(app: &App, account: &AccountId) -> Result<Arc<Ruleset>> {
    if let Some(held) = app.rules.current.get(account)
        && (app.rules.is_exclusive || is_current(app, account, &held).await?)
    {
        return Ok(held);
    }
    // On the heap: every decision would carry the room for it.
    Box::pin(reload(app, account)).await
}

/// Reads what decides now from the store.
async fn reload(app: &App, account: &AccountId) -> Result<Arc<Ruleset>> {
    let loaded = Arc::new(load(app, account).await?);
    Ok(app.rules.keep(account, &loaded))
}

/// Returns what decided at a revision.
pub(crate) async fn at(app: &App, account: &AccountId, revision: u64) -> Result<Arc<Ruleset>> {
    let current = current(app, account).await?;
    if current.revision == revision {
        return Ok(current);
    }
    let key = (account.clone(), revision);
    if let Some(held) = app.rules.past.get(&key) {
        return Ok(held);
    }
    let loaded = Arc::new(load_past(app, account, revision).await?);
    app.rules.past.insert(key, Arc::clone(&loaded));
    Ok(loaded)
}

/// Whether no other node has changed the rules since they were read.
async fn is_current(app: &App, account: &AccountId, held: &Ruleset) -> Result<bool> {
    Ok(head(app, account).await?.map(|kept| kept.revision) == held.head)
}

async fn head(app: &App, account: &AccountId) -> Result<Option<Kept<record::Ruleset>>> {
    let key = Key::new(account, []);
    let row = app.store.get(&kept::RULESETS, &key, app.now()).await?;
    Ok(row.as_ref().map(record::read).transpose()?)
}

/// Reads a policy's record.
fn policy(kept: Kept<record::Policy>) -> Arc<Policy> {
    let document = restore(&kept.record.policy, &kept.record.id);
    Arc::new(Policy { kept, document })
}

/// Reads a policy that was checked before it was kept.
pub(crate) fn restore(kept: &Value, id: &PolicyId) -> document::Policy {
    let (draft, _remarks) = document::read::read(kept);
    let mut policy = draft.into_policy(|| id.clone(), String::new);
    policy.id = id.clone();
    policy
}

async fn load(app: &App, account: &AccountId) -> Result<Ruleset> {
    loop {
        let before = head(app, account).await?;
        let now = app.now();
        let mut query = Query::all(account, &kept::POLICIES);
        query.index = Some("by_rank");
        let rows = app.store.find_all(&query, now).await?;
        let policies: Vec<_> = rows
            .iter()
            .map(|row| Ok(policy(record::read(row)?)))
            .collect::<Result<_>>()?;
        let mut attributes = BTreeMap::new();
        for row in app
            .store
            .find_all(&Query::all(account, &kept::ATTRIBUTES), now)
            .await?
        {
            let kept: Kept<record::Attribute> = record::read(&row)?;
            attributes.insert(kept.record.name.clone(), kept);
        }
        let settings = app
            .store
            .get(&kept::SETTINGS, &Key::new(account, []), now)
            .await?;
        let settings = settings.as_ref().map(record::read).transpose()?;
        let own_namespaces = own_namespaces(app, account).await?;
        let after = head(app, account).await?;
        // Somebody changed the rules while they were read: read them again.
        if before.as_ref().map(|kept| kept.revision) != after.as_ref().map(|kept| kept.revision) {
            continue;
        }
        return compile(Parts {
            revision: after.as_ref().map_or(0, |kept| kept.record.revision),
            head: after.map(|kept| kept.revision),
            policies,
            attributes,
            settings,
            own_namespaces,
        })
        .await;
    }
}

async fn load_past(app: &App, account: &AccountId, revision: u64) -> Result<Ruleset> {
    let mut newest: BTreeMap<(String, String), RuleVersion> = BTreeMap::new();
    for row in app
        .store
        .find_all(&Query::all(account, &kept::RULE_VERSIONS), app.now())
        .await?
    {
        let version: RuleVersion = record::read(&row)?.record;
        if version.revision <= revision {
            // Rows come in the order of kind, id and revision, so a later one is newer.
            newest.insert((version.kind.clone(), version.id.clone()), version);
        }
    }
    let (mut policies, mut attributes, mut settings) = (Vec::new(), BTreeMap::new(), None);
    let mut own_namespaces = BTreeSet::new();
    for ((kind, id), version) in newest {
        let Some(value) = version.record else {
            continue;
        };
        match kind.as_str() {
            edit::POLICY => policies.push(policy(past(value)?)),
            edit::ATTRIBUTE => {
                let kept: Kept<record::Attribute> = past(value)?;
                attributes.insert(kept.record.name.clone(), kept);
            }
            edit::NAMESPACE => {
                own_namespaces.insert(id);
            }
            _ => settings = Some(past(value)?),
        }
    }
    policies.sort_by(|a: &Arc<Policy>, b| a.kept.record.rank.cmp(&b.kept.record.rank));
    compile(Parts {
        revision,
        head: None,
        policies,
        attributes,
        settings,
        own_namespaces,
    })
    .await
}

fn past<R: serde::de::DeserializeOwned>(value: Value) -> Result<Kept<R>> {
    let record = serde_json::from_value(value).map_err(Error::internal)?;
    Ok(Kept {
        record,
        revision: 0,
    })
}

/// Returns the account's context namespaces that hide an alias of the engagement attributes.
async fn own_namespaces(app: &App, account: &AccountId) -> Result<BTreeSet<String>> {
    let keys = ALIASES.map(|name| (&kept::CONTEXT_NAMESPACES, Key::new(account, [name])));
    let rows = app.store.get_many(&keys, app.now()).await?;
    let known = ALIASES.iter().zip(rows).filter(|(_, row)| row.is_some());
    Ok(known.map(|(name, _)| (*name).to_owned()).collect())
}

/// Whether a context namespace of that name hides an alias of the engagement attributes, so that its
/// coming and going changes what decides.
pub(crate) fn is_alias(namespace: &str) -> bool {
    ALIASES.contains(&namespace)
}

/// Compiles away from the threads that serve requests: 10,000 policies take a noticeable time.
async fn compile(parts: Parts) -> Result<Ruleset> {
    let work = move || Ruleset::compile(parts);
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(revision: u64) -> Arc<Ruleset> {
        Arc::new(Ruleset::compile(Parts {
            revision,
            ..Parts::default()
        }))
    }

    #[test]
    fn rules_that_were_read_before_a_change_do_not_hide_it() {
        let rules = Rules::new(true);
        let account = AccountId::parse("a").unwrap();
        assert_eq!(rules.keep(&account, &at(1)).revision, 1);
        assert_eq!(rules.keep(&account, &at(3)).revision, 3);
        assert_eq!(rules.keep(&account, &at(2)).revision, 3);
        assert_eq!(rules.current.get(&account).unwrap().revision, 3);
        assert_eq!(rules.keep(&account, &at(4)).revision, 4);
    }
}
