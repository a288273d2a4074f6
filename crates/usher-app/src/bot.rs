//! The hosted bot: it asks the policies about each conversation it has, and does what they say.
//!
//! What it has yet to do follows from the conversation's row: it decides once after each assignment,
//! and again when a retry is due. What it does, what it says and that it decided are one commit, so a
//! crash leaves a conversation that is decided anew or one that has gone on, never one in between.

mod plan;
mod run;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use usher_model::id::{AgentId, ConversationId, UserId};
use usher_model::time::Timestamp;
use usher_routing::ticket::State;
use usher_store::record::Skill;
use usher_store::record::user::{HostedBot, UserKind, UserSkill};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::desks::AccountDesk;
use crate::error::{Code, Error, Result};
use crate::{skills, users};

/// How long a run rests that has failed for reasons of the store.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The runs of an account's hosted bots on this node.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    // Guards which conversations were looked at; held for microseconds.
    known: Mutex<HashMap<ConversationId, Known>>,
    /// A run has ended.
    ended: Notify,
}

/// How far a conversation is.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Which assignment it is about.
    since: Timestamp,
    rest: Rest,
}

/// What a conversation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// A run is under way.
    Running,
    /// An instant.
    Until(Timestamp),
    /// A message of the consumer's.
    ForMessage,
}

impl Runs {
    /// Has a conversation looked at again, because its consumer wrote; says whether one waited.
    pub(crate) fn wake(&self, conversation: &ConversationId) -> bool {
        let mut known = self.lock();
        let waits = known
            .get(conversation)
            .is_some_and(|known| known.rest == Rest::ForMessage);
        if waits {
            known.remove(conversation);
        }
        waits
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConversationId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the conversations to be looked at now, and when the next one is due.
    fn take_due(
        &self,
        held: Vec<(ConversationId, Timestamp)>,
        now: Timestamp,
    ) -> (Vec<ConversationId>, Option<Timestamp>) {
        let (mut due, mut next) = (Vec::new(), None::<Timestamp>);
        let mut known = self.lock();
        let mut still = HashMap::with_capacity(held.len());
        for (id, since) in held {
            let before = known.remove(&id).filter(|known| known.since == since);
            let rest = match before.map(|known| known.rest) {
                Some(Rest::Until(at)) if at > now => {
                    next = Some(next.map_or(at, |next| next.min(at)));
                    Rest::Until(at)
                }
                Some(rest @ (Rest::Running | Rest::ForMessage)) => rest,
                Some(Rest::Until(_)) | None => {
                    due.push(id.clone());
                    Rest::Running
                }
            };
            still.insert(id, Known { since, rest });
        }
        *known = still;
        (due, next)
    }

    /// Notes what a conversation waits for after a run; nothing if the bot no longer has it.
    fn settle(&self, conversation: &ConversationId, rest: Option<Rest>) {
        let mut known = self.lock();
        match (rest, known.get_mut(conversation)) {
            (Some(rest), Some(known)) => known.rest = rest,
            _ => drop(known.remove(conversation)),
        }
        drop(known);
        self.ended.notify_waiters();
    }

    /// Waits until no run is under way.
    async fn ended(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self
                .lock()
                .values()
                .all(|known| known.rest != Rest::Running)
            {
                return;
            }
            ended.await;
        }
    }
}

/// A skill in front of another one, with the bot that serves it.
#[derive(Clone, Debug)]
pub struct Front {
    /// The skill that conversations are to begin in.
    pub skill: Skill,
    /// The bot.
    pub bot: UserId,
}

/// Puts a hosted bot in front of a skill: makes the skill `maven:<name>`, unless it is there, and has
/// the bot serve it. Without a bot named, it is the account's first one; without any, one is made.
///
/// # Errors
/// Fails if the caller may not change users, or there is no such skill or hosted bot.
pub async fn stand_in_front(
    caller: &Caller,
    app: &Arc<App>,
    skill_name: &str,
    bot: Option<UserId>,
) -> Result<Front> {
    caller.require(Permission::UsersWrite)?;
    // A retry finds what was made before; its name makes only one thing.
    let caller = &Caller {
        idempotency_key: None,
        ..caller.clone()
    };
    let skills = skills::list(caller, app).await?;
    let named = |name: &str| {
        let name = name.to_lowercase();
        let found = skills
            .iter()
            .find(|kept| kept.record.name.to_lowercase() == name);
        found.map(|kept| kept.record.clone())
    };
    if named(skill_name).is_none() {
        let message = format!("expected a skill, found none called `{skill_name}`");
        return Err(Error::new(Code::SkillNotFound, message));
    }
    let user = hosted(caller, app, bot).await?;
    let front = format!("{}{skill_name}", plan::PREFIX);
    let skill = match named(&front) {
        Some(skill) => skill,
        None => {
            let written = skills::Written::new(front);
            skills::create(caller, app, None, written).await?.record
        }
    };
    if !user.is.skills.iter().any(|one| one.skill_id == skill.id) {
        let mut written = user.is;
        written.skills.push(UserSkill {
            skill_id: skill.id.clone(),
            proficiency: 5,
        });
        users::replace(caller, app, &user.id, written, Some(user.revision)).await?;
    }
    Ok(Front {
        skill,
        bot: user.id,
    })
}

/// Returns the hosted bot of that id, else the account's first one, else a new one.
async fn hosted(caller: &Caller, app: &Arc<App>, bot: Option<UserId>) -> Result<users::User> {
    let all = users::list(caller, app).await?;
    let found = all.into_iter().find(|user| {
        user.is.hosted_bot.is_some() && bot.as_ref().is_none_or(|bot| *bot == user.id)
    });
    match (found, bot) {
        (Some(user), _) => Ok(user),
        (None, Some(bot)) => {
            let message = format!("expected a hosted bot, found none called `{bot}`");
            Err(Error::new(Code::UserNotFound, message))
        }
        (None, None) => {
            let written = users::Written {
                kind: UserKind::Bot,
                hosted_bot: Some(HostedBot {
                    is_enabled: true,
                    fallback_skill_id: None,
                    fallback_message: None,
                    waits_for_first_message: false,
                }),
                ..users::Written::new("Orchestrator")
            };
            users::create(caller, app, None, written).await
        }
    }
}

/// Starts the runs that are due; returns when the next one is.
pub(crate) fn start_due(app: &Arc<App>, desk: &Arc<AccountDesk>) -> Option<Timestamp> {
    let (due, next) = desk.bots.take_due(conversations_of_bots(desk), app.now());
    for id in due {
        let (app, desk) = (Arc::clone(app), Arc::clone(desk));
        let tasks = Arc::clone(&app);
        tasks.tasks.spawn(async move {
            look(&app, &desk, &id).await;
            desk.look();
        });
    }
    next
}

/// Does everything that is due before it returns; says whether there was anything.
pub(crate) async fn catch_up(app: &Arc<App>, desk: &Arc<AccountDesk>) -> bool {
    let (due, _) = desk.bots.take_due(conversations_of_bots(desk), app.now());
    for id in &due {
        look(app, desk, id).await;
    }
    let is_running = |known: &Known| known.rest == Rest::Running;
    let is_under_way = desk.bots.lock().values().any(is_running);
    desk.bots.ended().await;
    is_under_way || !due.is_empty()
}

async fn look(app: &Arc<App>, desk: &Arc<AccountDesk>, id: &ConversationId) {
    // Large, and rare beside what else waits for a desk.
    let run = Box::pin(run::run(app, desk, id));
    let rest = match run.await {
        Ok(rest) => rest,
        Err(error) => {
            tracing::warn!(%error, account = %desk.account, conversation_id = %id, "a hosted bot could not go on; it tries again");
            Some(Rest::Until(app.now().plus(REST_AFTER_FAILURE)))
        }
    };
    desk.bots.settle(id, rest);
}

/// Returns the conversations that hosted bots have, each with the instant of its assignment.
fn conversations_of_bots(desk: &AccountDesk) -> Vec<(ConversationId, Timestamp)> {
    let state = desk.lock();
    let bots = state.rules.users.iter().filter(|(_, user)| {
        let is_on = |bot: &HostedBot| bot.is_enabled;
        user.is_enabled && user.hosted_bot.as_ref().is_some_and(is_on)
    });
    let ids = bots.flat_map(|(bot, _): (&AgentId, _)| state.desk.conversations_of(bot));
    let since = |id: &ConversationId| match state.desk.ticket(id)?.state {
        State::Assigned { since, .. } => Some((id.clone(), since)),
        State::Queued | State::Offered(_) => None,
    };
    ids.filter_map(since).collect()
}
