//! Reading a desk from the store: what an administrator has set, then the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use foldhash::{HashMap, HashMapExt as _};
use usher_model::id::{AccountId, AgentId, ConversationId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_routing::desk::Desk;
use usher_routing::rules::{AccountRules, Relaxation, Silence, SkillRules, Weights};
use usher_routing::seat::{Capacity, Kind, Proficiency, Profile};
use usher_store::collection::kept;
use usher_store::record::conversation::Conversation;
use usher_store::record::settings::{self, RoutingSettings, Settings};
use usher_store::record::skill::{self, SkillRouting};
use usher_store::record::user::UserKind;
use usher_store::record::{self, AgentLease, AgentSeat, Record, Skill, User};
use usher_store::store::{Key, Query};

use super::{AccountDesk, State, follow, rows};
use crate::App;
use crate::conversations::survey_ends_at;
use crate::error::{Error, Result};
use crate::queues::Waits;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What an administrator has set, by which conversations are handed out and agents are shown.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) settings: Settings,
    pub(crate) skills: BTreeMap<SkillId, Skill>,
    pub(crate) users: BTreeMap<AgentId, User>,
    /// Skills outside of their business hours.
    closed: BTreeSet<SkillId>,
    /// Skills in which programs answer.
    with_bots: BTreeSet<SkillId>,
}

impl Rules {
    /// Whether an agent is a program.
    pub(crate) fn is_bot(&self, agent: &AgentId) -> bool {
        let user = self.users.get(agent);
        user.is_some_and(|user| user.kind == UserKind::Bot)
    }

    /// Whether programs answer in a skill, so that it is for them to say where conversations go.
    pub(crate) fn has_bots(&self, skill: &SkillId) -> bool {
        self.with_bots.contains(skill)
    }

    /// Whether a skill is outside of its business hours.
    pub(crate) fn is_closed(&self, skill: &SkillId) -> bool {
        self.closed.contains(skill)
    }

    /// Returns when the survey of a conversation has been open for too long, if one is open.
    pub(super) fn survey_ends_at(&self, conversation: &Conversation) -> Option<Timestamp> {
        let skill = conversation.latest_skill_id.as_ref();
        let skill = skill.and_then(|skill| self.skills.get(skill));
        let survey = skill.and_then(|skill| skill.survey.as_ref());
        survey_ends_at(conversation, survey)
    }

    /// Returns how long conversations and events are kept after they ended.
    pub(super) fn conversations_kept_for(&self) -> Duration {
        let days = self.settings.conversation_retention_days;
        DAY * days.unwrap_or(limits::CONVERSATION_RETENTION_DAYS)
    }
}

/// Reads the desk of an account.
pub(super) async fn desk(app: &Arc<App>, account: &AccountId) -> Result<Arc<AccountDesk>> {
    let now = app.now();
    // Before the rows, so that what happens meanwhile is read again and not missed.
    let seen = follow::Seen::at(crate::feed::last_sequence(app, account).await?);
    let rules = rules(app, account).await?;
    let mut state = State {
        desk: Desk::new(account_rules(&rules.settings.routing)),
        offers: HashMap::new(),
        begun: HashMap::new(),
        waiting: HashMap::new(),
        leases: HashMap::new(),
        leases_by_end: BTreeSet::new(),
        waits: Waits::default(),
        rules: Rules::default(),
        seen,
        surveys: BTreeSet::new(),
        hours_until: None,
        idle_told: HashMap::new(),
        idle_looks_at: None,
        rules_read_at: now,
        used_at: now,
        is_left: false,
    };
    take(&mut state, rules);
    for seat in all::<AgentSeat>(app, account).await? {
        state
            .desk
            .refresh_seat(rows::seat(seat.record), seat.revision);
    }
    for lease in all::<AgentLease>(app, account).await? {
        state.renew_lease(&lease.record.agent_id, lease.record.until);
    }
    let open = Query {
        index: Some("by_open"),
        from: Some(Conversation::open_from()),
        ..Query::all(account, &kept::CONVERSATIONS)
    };
    for row in app.store.find_all(&open, now).await? {
        let kept = record::read::<Conversation>(&row)?;
        let id: ConversationId = kept.record.id.clone();
        if let Some(ticket) = &kept.record.ticket {
            let ticket = rows::ticket(&id, ticket);
            state
                .desk
                .refresh_ticket(&id, Some((ticket, kept.revision)));
            state.note_offer(&id, None);
        } else {
            let ends_at = state.rules.survey_ends_at(&kept.record);
            state.surveys.insert((ends_at.unwrap_or(now), id));
        }
    }
    state.waits = crate::queues::recent(app, account, now).await?;
    Ok(Arc::new(AccountDesk::new(account.clone(), state)))
}

/// Reads again what an administrator has set.
pub(crate) async fn reload(app: &App, desk: &AccountDesk) -> Result<()> {
    let _turn = desk.reloading.acquire().await.map_err(Error::internal)?;
    let now = app.now();
    let rules = rules(app, &desk.account).await?;
    let mut state = desk.lock();
    take(&mut state, rules);
    state.rules_read_at = now;
    drop(state);
    desk.work.notify_one();
    Ok(())
}

/// Takes over whether a skill is within its business hours.
pub(crate) fn set_open(state: &mut State, skill: &SkillId, is_open: bool) {
    let is_changed = if is_open {
        state.rules.closed.remove(skill)
    } else {
        state.rules.closed.insert(skill.clone())
    };
    if is_changed && let Some(kept) = state.rules.skills.get(skill) {
        let rules = skill_rules(kept, &state.rules.settings.routing, is_open);
        state.desk.set_skill(skill, Some(rules));
    }
}

async fn rules(app: &App, account: &AccountId) -> Result<Rules> {
    let now = app.now();
    let key = Key::new(account, []);
    let row = app.store.get(Settings::COLLECTION, &key, now).await?;
    let settings = row.as_ref().map(record::read::<Settings>).transpose()?;
    let skills = all::<Skill>(app, account).await?;
    let mut users = BTreeMap::new();
    for user in all::<User>(app, account).await? {
        // A user is an agent under the same id.
        if let Ok(agent) = AgentId::parse(user.record.id.as_str()) {
            users.insert(agent, user.record);
        }
    }
    let bots = users
        .values()
        .filter(|user| user.kind == UserKind::Bot && user.is_enabled);
    let with_bots = bots.flat_map(|bot| bot.skills.iter().map(|kept| kept.skill_id.clone()));
    Ok(Rules {
        with_bots: with_bots.collect(),
        settings: settings.map(|kept| kept.record).unwrap_or_default(),
        skills: skills
            .into_iter()
            .map(|kept| (kept.record.id.clone(), kept.record))
            .collect(),
        users,
        closed: BTreeSet::new(),
    })
}

async fn all<R: Record>(app: &App, account: &AccountId) -> Result<Vec<record::Kept<R>>> {
    let query = Query::all(account, R::COLLECTION);
    let rows = app.store.find_all(&query, app.now()).await?;
    rows.iter().map(|row| Ok(record::read(row)?)).collect()
}

/// Takes over what an administrator has set; what has not changed costs nothing.
fn take(state: &mut State, mut rules: Rules) {
    let before = std::mem::take(&mut state.rules);
    rules.closed = before.closed;
    if before.settings.routing != rules.settings.routing {
        state
            .desk
            .set_account(account_rules(&rules.settings.routing));
    }
    for (id, skill) in &rules.skills {
        let is_open = !rules.closed.contains(id);
        let rules = skill_rules(skill, &rules.settings.routing, is_open);
        state.desk.set_skill(id, Some(rules));
    }
    for id in before.skills.keys() {
        if !rules.skills.contains_key(id) {
            state.desk.set_skill(id, None);
        }
    }
    for (agent, user) in &rules.users {
        state.desk.set_profile(agent, Some(profile(user)));
    }
    for agent in before.users.keys() {
        if !rules.users.contains_key(agent) {
            state.desk.set_profile(agent, None);
        }
    }
    state.rules = rules;
    // Hours and times may be others now.
    state.hours_until = None;
    state.idle_looks_at = None;
}

/// Returns what an administrator has set for an agent.
fn profile(user: &User) -> Profile {
    let is_working = user.hosted_bot.as_ref().is_none_or(|bot| bot.is_enabled);
    Profile {
        kind: kind(user),
        is_enabled: user.is_enabled && is_working,
        capacity: capacity(user),
        skills: user
            .skills
            .iter()
            .map(|kept| (kept.skill_id.clone(), proficiency(kept.proficiency)))
            .collect(),
    }
}

/// Returns whether a user is a person, a program, or one that this server runs.
pub(crate) const fn kind(user: &User) -> Kind {
    match (user.kind, &user.hosted_bot) {
        (UserKind::Human, _) => Kind::Human,
        (UserKind::Bot, Some(_)) => Kind::HostedBot,
        (UserKind::Bot, None) => Kind::Bot,
    }
}

/// Returns how many conversations a user may have at once.
pub(crate) fn capacity(user: &User) -> Capacity {
    match user.max_conversations {
        None => Capacity::Standard,
        Some(count) => u32::try_from(count).map_or(Capacity::Unlimited, Capacity::Slots),
    }
}

fn proficiency(number: u8) -> Proficiency {
    Proficiency::new(number).unwrap_or(Proficiency::STANDARD)
}

const fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds as u64)
}

fn account_rules(settings: &RoutingSettings) -> AccountRules {
    AccountRules {
        slots: settings.default_max_conversations,
        skip: seconds(settings.skip_seconds),
        suggestion: seconds(settings.suggest_seconds),
        silence: match settings.silence {
            settings::Silence::Requeue => Silence::Requeue(seconds(settings.grace_seconds)),
            settings::Silence::Keep => Silence::Keep,
        },
        unassigned: routing(&SkillRouting::default(), settings),
    }
}

fn skill_rules(skill: &Skill, settings: &RoutingSettings, is_open: bool) -> SkillRules {
    let mut rules = SkillRules {
        is_enabled: skill.is_enabled,
        is_open,
        ..routing(&skill.routing, settings)
    };
    if let (Some(wait), Some(fallback)) = (skill.max_wait_seconds, &skill.fallback_skill_id) {
        rules.relaxations.push(Relaxation {
            after: seconds(wait),
            skill: Some(fallback.clone()),
            proficiency_min: Proficiency::LOWEST,
        });
        rules.relaxations.sort_by_key(|relaxation| relaxation.after);
        rules.relaxations.truncate(limits::RELAXATIONS_MAX);
    }
    rules
}

/// Returns how conversations are handed out: as the skill says, else as the account does.
fn routing(routing: &SkillRouting, settings: &RoutingSettings) -> SkillRules {
    let minimum = |number: Option<u8>| number.map_or(Proficiency::LOWEST, proficiency);
    SkillRules {
        is_enabled: true,
        is_open: true,
        ring: seconds(routing.ring_seconds.unwrap_or(settings.ring_seconds)),
        is_auto_accepted: routing
            .is_auto_accepted
            .unwrap_or(settings.is_auto_accepted),
        weights: weights(routing.weights.unwrap_or(settings.weights)),
        answer_within: routing.answer_within_seconds.map(seconds),
        proficiency_min: minimum(routing.proficiency_min),
        relaxations: routing
            .relaxations
            .iter()
            .map(|kept| Relaxation {
                after: seconds(kept.after_seconds),
                skill: kept.skill_id.clone(),
                proficiency_min: minimum(kept.proficiency_min),
            })
            .collect(),
    }
}

const fn weights(kept: skill::Weights) -> Weights {
    Weights {
        active: kept.active_per_mille,
        inactive: kept.inactive_per_mille,
        inactive_after: seconds(kept.inactive_after_seconds),
    }
}
