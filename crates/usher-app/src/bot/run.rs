//! One run of a hosted bot in one conversation.

use std::sync::Arc;
use std::time::Duration;

use usher_model::id::{
    AccountId, AgentId, ConversationId, DecisionId, OfferId, PolicyId, RequestId, SkillId,
};
use usher_model::role::Role;
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use usher_routing::command::{self, Command};
use usher_store::record::conversation::{BotRun, Conversation};
use usher_store::record::event::{Audience, Event, SenderRole};
use usher_store::record::{Kept, User};

use super::Rest;
use super::plan::{self, Origin, Plan, Target};
use crate::App;
use crate::caller::{Caller, Reach};
use crate::context::{self, Namespace, Session, Ttl};
use crate::conversations::{Words, came_of, write_message};
use crate::decisions::{self, Api, Request};
use crate::desks::{AccountDesk, Writing, assignee, conversation_of, participant};
use crate::error::{Code, Error, Kind, Result};
use crate::{feed, last_agent};

/// Decisions for one conversation within [`LOOP_TIME`]; with one more it goes to the fallback.
const LOOP_MAX: usize = 5;
const LOOP_TIME: Duration = Duration::from_secs(60);
/// How often it is told that a conversation has nowhere to go.
const ESCALATIONS_MAX: u32 = 3;
/// Events in which the consumer's first message is looked for.
const OPENING_EVENTS: usize = 50;

/// What is known of the conversation and the bot when a run begins.
struct Case {
    account: AccountId,
    id: ConversationId,
    bot: AgentId,
    user: User,
    conversation: Conversation,
    origin: Origin,
    /// Where the conversation goes when no policy says so.
    fallbacks: Vec<SkillId>,
    fallback_message: Option<String>,
    retry: Duration,
}

/// What was decided, as the timeline tells it.
struct Decided {
    id: Option<DecisionId>,
    policy: Option<PolicyId>,
    plan: Plan,
}

/// Looks at a conversation that a hosted bot has, and does what is to be done; returns what it waits
/// for if it stays with the bot.
pub(super) async fn run(
    app: &Arc<App>,
    desk: &Arc<AccountDesk>,
    id: &ConversationId,
) -> Result<Option<Rest>> {
    let now = app.now();
    let kept = conversation_of(app, &desk.account, id).await?;
    let Some(case) = kept.and_then(|kept| Case::new(desk, id, kept)) else {
        return Ok(None);
    };
    let before = case.conversation.bot.clone().unwrap_or_default();
    if let Some(at) = before.retry_at
        && at > now
    {
        return Ok(Some(Rest::Until(at)));
    }
    let waits = case
        .user
        .hosted_bot
        .as_ref()
        .is_some_and(|bot| bot.waits_for_first_message);
    if waits && case.conversation.consumer_wrote_at.is_none() {
        return Ok(Some(Rest::ForMessage));
    }
    let recent = before.decided_at.iter();
    let recent = recent.filter(|at| now.since(**at) < LOOP_TIME).count();
    let mut decided = if recent >= LOOP_MAX {
        alert(
            app,
            desk,
            id,
            "LOOP",
            "more than 5 decisions within a minute",
        )
        .await?;
        Decided {
            id: None,
            policy: None,
            plan: Plan::default(),
        }
    } else {
        case.decide(app).await?
    };
    if before.failures > 0 {
        // They were said when it was first tried.
        decided.plan.messages.clear();
    }
    if let Some(name) = &case.origin.name
        && case.origin.skill.is_none()
        && before.failures == 0
    {
        let text = format!("no skill is called `{name}`");
        alert(app, desk, id, "UNKNOWN_ORIGINAL_SKILL", &text).await?;
    }
    case.act(app, desk, decided, now).await
}

impl Case {
    fn new(desk: &AccountDesk, id: &ConversationId, kept: Kept<Conversation>) -> Option<Self> {
        let state = desk.lock();
        let rules = &state.rules;
        let conversation = kept.record;
        let bot = assignee(&conversation)?.clone();
        let user = rules.users.get(&bot)?.clone();
        let hosted = user.hosted_bot.as_ref()?;
        let skill = conversation.ticket.as_ref()?.skill_id.clone();
        let origin = plan::origin(rules, skill.as_ref());
        let settings = &rules.settings.bot;
        Some(Self {
            account: desk.account.clone(),
            id: id.clone(),
            bot,
            fallbacks: plan::fallbacks(rules, &user, &origin),
            fallback_message: hosted
                .fallback_message
                .clone()
                .or_else(|| settings.fallback_message.clone())
                .filter(|message| !message.trim().is_empty()),
            retry: Duration::from_secs(settings.retry_seconds.into()),
            origin,
            user,
            conversation,
        })
    }

    fn caller(&self, app: &App) -> Caller {
        Caller {
            account: self.account.clone(),
            role: Role::Bot,
            reach: Reach::Everything,
            actor: format!("user/{}", self.bot),
            agent: Some(self.bot.clone()),
            consumer: None,
            is_identified: false,
            request_id: RequestId::mint(&app.ids),
            idempotency_key: None,
        }
    }

    /// Tells the policies what is known, and asks them.
    async fn decide(&self, app: &Arc<App>) -> Result<Decided> {
        let account = &self.account;
        let caller = self.caller(app);
        if let Err(error) = self.tell(app, &caller).await {
            tracing::warn!(%error, account = %account, conversation_id = %self.id, "the policies were not told what the bot knows");
        }
        let request = Request {
            conversation_id: Some(self.id.clone()),
            consumer_id: Some(self.conversation.consumer_id.clone()),
            ..Request::new(Api::Own)
        };
        match decisions::decide(&caller, app, request).await {
            Ok(decision) => Ok(Decided {
                id: Some(decision.id),
                policy: decision.policy.map(|(id, _)| id),
                plan: Plan::of(account, &decision.actions),
            }),
            // What cannot be decided goes to the fallback; only a failing store is waited for.
            Err(error) if error.kind() == Kind::Unavailable => Err(error),
            Err(error) => {
                tracing::warn!(%error, account = %account, conversation_id = %self.id, "the policies could not be asked");
                Ok(Decided {
                    id: None,
                    policy: None,
                    plan: Plan::default(),
                })
            }
        }
    }

    /// Writes what is known before the policies are asked, where they look for it.
    async fn tell(&self, app: &Arc<App>, caller: &Caller) -> Result<()> {
        let message = self.opening(app).await?;
        let channel = self.conversation.channel.as_deref();
        let facts = plan::facts(channel, message.as_deref(), &self.origin);
        let properties: Object = facts
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let namespace = Namespace::parse("orchestrator")?;
        let session = Session::parse(self.id.as_str())?;
        let written = context::write(
            caller,
            app,
            &namespace,
            &session,
            properties,
            Ttl::OfSession,
            None,
        );
        written.await.map(drop)
    }

    /// Returns the consumer's first message.
    async fn opening(&self, app: &App) -> Result<Option<String>> {
        let (events, _) =
            feed::of_conversation(app, &self.account, &self.id, 0, OPENING_EVENTS).await?;
        Ok(events.iter().find_map(|happened| match &happened.event {
            Event::MessageSent(message) if message.sender_role == SenderRole::Consumer => {
                Some(message.text.clone())
            }
            _ => None,
        }))
    }

    /// Says and transfers; what cannot be transferred goes to the fallback, and if that fails too the
    /// conversation stays and is tried again.
    async fn act(
        &self,
        app: &Arc<App>,
        desk: &Arc<AccountDesk>,
        mut decided: Decided,
        now: Timestamp,
    ) -> Result<Option<Rest>> {
        if let Some(target) = decided.plan.target.clone() {
            match self.transfer(app, desk, &mut decided, &target, false).await {
                Ok(()) => return Ok(None),
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                Err(error) if error.code == Code::ConversationClosed => return Ok(None),
                Err(error) => decided.plan.transferred(outcome(&error)),
            }
        }
        for skill in &self.fallbacks {
            let target = Target {
                agent: None,
                skill: Some(skill.clone()),
            };
            match self.transfer(app, desk, &mut decided, &target, true).await {
                Ok(()) => return Ok(None),
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                Err(error) if error.code == Code::ConversationClosed => return Ok(None),
                Err(_refused) => {}
            }
        }
        self.keep(app, desk, &decided, now).await
    }

    async fn transfer(
        &self,
        app: &Arc<App>,
        desk: &Arc<AccountDesk>,
        decided: &mut Decided,
        target: &Target,
        is_fallback: bool,
    ) -> Result<()> {
        let considered = match (&target.agent, &target.skill) {
            (None, Some(skill)) => {
                Some(last_agent::consider(app, desk, &self.conversation, skill).await)
            }
            _ => None,
        };
        let last = considered
            .as_ref()
            .and_then(|considered| considered.agent());
        let command = Command::Transfer(command::Transfer {
            conversation: self.id.clone(),
            agent: target.agent.clone().or_else(|| last.clone()),
            skill: target.skill.clone(),
            fallback: considered
                .as_ref()
                .filter(|_| last.is_some())
                .map(|considered| considered.suggest_timeout),
            by: Some(self.bot.clone()),
            offer: OfferId::mint(&app.ids),
        });
        let said = is_fallback
            .then_some(self.fallback_message.as_ref())
            .flatten();
        desk.step(app, command, |writing, change| {
            writing.decision = decided.id;
            let came = came_of(change)?;
            if !is_fallback {
                decided.plan.transferred(came.outcome);
            }
            self.write(writing, decided, said)?;
            if let Some(considered) = &considered {
                writing.happens(&self.id, considered.event())?;
            }
            let run = self.next_run(writing.now, None);
            writing.conversation(&self.id)?.bot = Some(run);
            Ok(())
        })
        .await
    }

    /// Leaves the conversation with the bot, which tries again later.
    async fn keep(
        &self,
        app: &Arc<App>,
        desk: &Arc<AccountDesk>,
        decided: &Decided,
        now: Timestamp,
    ) -> Result<Option<Rest>> {
        let retry_at = now.plus(self.retry);
        let command = Command::Amend {
            conversation: self.id.clone(),
        };
        let failures = self.conversation.bot.as_ref().map_or(0, |bot| bot.failures);
        desk.step(app, command, |writing, _| {
            self.write(writing, decided, None)?;
            if failures < ESCALATIONS_MAX {
                let event = Event::Alerted {
                    code: "__agent_escalation_failed__".to_owned(),
                    text: "no policy and no fallback skill takes the conversation".to_owned(),
                };
                writing.happens(&self.id, event)?;
            }
            let run = self.next_run(writing.now, Some(retry_at));
            writing.conversation(&self.id)?.bot = Some(run);
            Ok(())
        })
        .await?;
        Ok(Some(Rest::Until(retry_at)))
    }

    /// Adds what the bot says, and that it decided.
    fn write(
        &self,
        writing: &mut Writing<'_>,
        decided: &Decided,
        last: Option<&String>,
    ) -> Result<()> {
        for text in decided.plan.messages.iter().chain(last) {
            let words = Words {
                sender: Some(participant(&self.bot)?),
                role: SenderRole::Bot,
                text: text.clone(),
                audience: Audience::All,
                content: Value::Null,
                metadata: Value::Null,
                client_message_id: None,
            };
            write_message(writing, &self.id, words)?;
        }
        let Some(decision_id) = decided.id else {
            return Ok(());
        };
        let event = Event::Decided {
            decision_id,
            policy_id: decided.policy.clone(),
            actions: decided.plan.outcomes.clone(),
        };
        writing.happens(&self.id, event)
    }

    /// Returns how far the bot is after this run.
    fn next_run(&self, now: Timestamp, retry_at: Option<Timestamp>) -> BotRun {
        let before = self.conversation.bot.clone().unwrap_or_default();
        let mut decided_at = before.decided_at;
        decided_at.retain(|at| now.since(*at) < LOOP_TIME);
        decided_at.push(now);
        BotRun {
            is_pending: retry_at.is_some(),
            retry_at,
            failures: if retry_at.is_some() {
                before.failures.saturating_add(1)
            } else {
                0
            },
            decided_at,
        }
    }
}

/// Returns the outcome of a transfer that was refused.
fn outcome(error: &Error) -> &'static str {
    match error.kind() {
        Kind::Conflict | Kind::NotFound | Kind::Invalid => "REJECTED",
        _ => "FAILED",
    }
}

async fn alert(
    app: &Arc<App>,
    desk: &Arc<AccountDesk>,
    id: &ConversationId,
    code: &str,
    text: &str,
) -> Result<()> {
    let command = Command::Amend {
        conversation: id.clone(),
    };
    desk.step(app, command, |writing, _| {
        let event = Event::Alerted {
            code: code.to_owned(),
            text: text.to_owned(),
        };
        writing.happens(id, event)
    })
    .await
}
