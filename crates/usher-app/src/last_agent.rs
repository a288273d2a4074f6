//! The last agent: consumers who come back soon are offered to the agent who helped well.
//!
//! The decision itself is `usher_routing::last_agent`; this reads and writes what it needs.

use std::sync::Arc;
use std::time::Duration;

use usher_model::id::{AccountId, AgentId, ConversationId, RequestId, SkillId};
use usher_model::role::Role;
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use usher_routing::command::Command;
use usher_routing::last_agent::notice::{Accepted, Contact, contact, notice};
use usher_routing::last_agent::settings::NoticeSettings;
use usher_routing::last_agent::{
    AgentState, AgentType, Case, Decision, Fact, Lookup, MissingMcs, Reason, Record, Settings,
    Step, step,
};
use usher_routing::seat::Status;
use usher_routing::ticket::Suggestion;
use usher_store::record::Happened;
use usher_store::record::conversation::{self as kept_conversation, Conversation, DialogKind};
use usher_store::record::event::{Audience, Event, SenderRole};
use usher_store::record::floor::AgentStatus;
use usher_store::record::settings::{self as kept, LastAgentSettings, NoticeChannel};

use crate::App;
use crate::caller::{Caller, Permission, Reach};
use crate::context::{self, Namespace, Session};
use crate::conversations::{Words, find, write_message};
use crate::desks::{AccountDesk, Desks, assignee, conversation_of};
use crate::error::{Code, Error, Kind, Result};
use crate::rules;

pub use usher_routing::last_agent::Intent;

/// How long the whole look at the record may take before the conversation goes on without.
const LOOKUP_TIME_MAX: Duration = Duration::from_secs(2);

/// Returns an account's settings as the decision reads them.
pub(crate) fn settings(kept: &LastAgentSettings) -> Settings {
    let notice = &kept.notice;
    let has = |channel| notice.channels.contains(&channel);
    Settings {
        is_enabled: kept.is_enabled,
        disabled_skills: Vec::new(),
        mcs_threshold: kept.mcs_threshold,
        mcs_missing: match kept.mcs_missing {
            kept::MissingMcs::Skill => MissingMcs::Skill,
            kept::MissingMcs::Agent => MissingMcs::Agent,
        },
        time_frame: Duration::from_secs(kept.time_frame_seconds),
        ttl: Duration::from_secs(kept.ttl_seconds),
        suggest_timeout: Duration::from_secs(kept.suggest_timeout_seconds.into()),
        available_statuses: kept.available_statuses.iter().map(status).collect(),
        notice: NoticeSettings {
            same_agent: notice.same_agent,
            same_skill: notice.same_skill,
            in_widget: has(NoticeChannel::Widget),
            as_private_message: has(NoticeChannel::PrivateMessage),
            shows_agent_name: notice.shows_agent_name,
            shows_mcs: notice.shows_mcs,
        },
    }
}

const fn status(status: &AgentStatus) -> Status {
    match status {
        AgentStatus::Online => Status::Online,
        AgentStatus::Occupied => Status::Occupied,
        AgentStatus::Away => Status::Away,
        AgentStatus::Offline => Status::Offline,
    }
}

/// What was found when a conversation was about to go to a skill.
#[derive(Clone, Debug)]
pub(crate) struct Considered {
    decision: Decision,
    /// The agent of the record, if one was read.
    asked: Option<AgentId>,
    skill: SkillId,
    /// How long the agent may take to accept.
    pub(crate) suggest_timeout: Duration,
}

impl Considered {
    /// Returns the agent who is to have the conversation.
    pub(crate) fn agent(&self) -> Option<AgentId> {
        match &self.decision {
            Decision::Agent(agent) => Some(agent.clone()),
            Decision::Skill(_) => None,
        }
    }

    /// Returns for whom a conversation is kept that begins now, and for how long.
    pub(crate) fn suggestion(&self, now: Timestamp) -> Option<Suggestion> {
        Some(Suggestion {
            agent: self.agent()?,
            until: now.plus(self.suggest_timeout),
            is_any_skill: false,
        })
    }

    /// Returns what the timeline tells.
    pub(crate) fn event(&self) -> Event {
        Event::LastAgentConsidered {
            reason: self.decision.as_str().to_owned(),
            agent_id: self.asked.clone(),
            skill_id: Some(self.skill.clone()),
        }
    }
}

/// Decides whether a conversation that is about to go to a skill goes to the consumer's last agent.
pub(crate) async fn consider(
    app: &App,
    desk: &AccountDesk,
    conversation: &Conversation,
    skill: &SkillId,
) -> Considered {
    let (mut settings, namespace) = current(app, desk).await;
    {
        let state = desk.lock();
        let kept = state.rules.skills.get(skill);
        if kept.is_some_and(|kept| !kept.is_last_agent_enabled) {
            settings.disabled_skills.push(skill.clone());
        }
    }
    let (mut record, mut agent, mut asked) = (None, None, None);
    let decision = loop {
        let now = app.now();
        let case = Case {
            settings: &settings,
            now,
            is_authenticated: conversation.is_authenticated,
            skill,
            record: record.as_ref(),
            agent: agent.as_ref(),
        };
        match step(&case) {
            Step::Done(decision) => break decision,
            Step::Need(Fact::Record) => {
                let read = read(app, &desk.account, &namespace, conversation);
                record = Some(match tokio::time::timeout(LOOKUP_TIME_MAX, read).await {
                    Ok(Ok(Some((found, _)))) => Lookup::Found(found),
                    Ok(Ok(None)) => Lookup::Missing,
                    Ok(Err(_)) => Lookup::Failed,
                    Err(_elapsed) => Lookup::TimedOut,
                });
            }
            Step::Need(Fact::Agent(wanted)) => {
                agent = Some(AgentState::of(&wanted, skill, &desk.lock().desk, now));
                asked = Some(wanted);
            }
        }
    };
    if let Decision::Skill(Reason::LookupError | Reason::LookupTimeout) = decision {
        tracing::warn!(account = %desk.account, conversation_id = %conversation.id, reason = decision.as_str(), "the last agent was not looked up");
    }
    Considered {
        decision,
        asked,
        skill: skill.clone(),
        suggest_timeout: settings.suggest_timeout,
    }
}

/// Returns the settings as they are now: the three knobs of product people may also stand as custom
/// attributes, which then outrank the account's settings.
async fn current(app: &App, desk: &AccountDesk) -> (Settings, String) {
    let kept = desk.lock().rules.settings.last_agent.clone();
    let namespace = kept.namespace.clone();
    let mut settings = settings(&kept);
    let Ok(rules) = rules::current(app, &desk.account).await else {
        return (settings, namespace);
    };
    let knob = |name: &str| rules.attributes.get(name)?.record.value.as_u64();
    if let Some(threshold) = knob("lastAgentMcsThreshold") {
        settings.mcs_threshold = u8::try_from(threshold).unwrap_or(100).min(100);
    }
    if let Some(seconds) = knob("lastAgentTtlSeconds") {
        settings.ttl = Duration::from_secs(seconds.max(1));
    }
    if let Some(seconds) = knob("lastAgentTimeFrameSeconds") {
        settings.time_frame = Duration::from_secs(seconds);
    }
    (settings, namespace)
}

/// Returns the record of a consumer's previous conversation, also as it is kept.
async fn read(
    app: &App,
    account: &AccountId,
    namespace: &str,
    conversation: &Conversation,
) -> Result<Option<(Record, Object)>> {
    let namespace = Namespace::parse(namespace)?;
    let session = Session::parse(conversation.consumer_id.as_str())?;
    let read = context::read(&system(app, account), app, &namespace, &session).await?;
    Ok(read.and_then(|read| {
        let payload = read.payload();
        Some((record(&payload)?, payload))
    }))
}

fn record(payload: &Object) -> Option<Record> {
    let text = |name: &str| payload.get(name)?.as_str().map(str::to_owned);
    let closed_at = payload.get("closedAt")?.as_i64()?;
    Some(Record {
        closed_at: Timestamp::from_milliseconds(closed_at),
        skill: text("latestSkillId").and_then(|id| SkillId::parse(&id).ok()),
        agent: text("latestAgentId").and_then(|id| AgentId::parse(&id).ok()),
        agent_name: text("latestAgentName"),
        agent_type: text("agentType")
            .and_then(|text| AgentType::parse(&text))
            .unwrap_or(AgentType::None),
        mcs: payload
            .get("mcs")
            .and_then(Value::as_u64)
            .and_then(|mcs| u8::try_from(mcs).ok()),
        intent: text("intentId")
            .or_else(|| text("intentName"))
            .map(|id| Intent {
                id,
                name: text("intentName"),
            }),
    })
}

/// Remembers who had a conversation whose main dialog has ended, for the consumer's next one. A
/// failure never affects the close.
pub(crate) async fn remember(app: &App, desk: &AccountDesk, conversation: &Conversation) {
    let is_recorded = desk.lock().rules.settings.last_agent.is_recorded;
    if !conversation.is_authenticated || !is_recorded {
        return;
    }
    if let Err(error) = write(app, desk, conversation).await {
        tracing::warn!(%error, account = %desk.account, conversation_id = %conversation.id, "the last agent was not remembered");
    }
}

async fn write(app: &App, desk: &AccountDesk, conversation: &Conversation) -> Result<()> {
    let main = conversation.dialogs.iter();
    let mut main = main.filter(|dialog| dialog.kind == DialogKind::Main);
    let Some(closed) = main.next().and_then(|dialog| dialog.closed.clone()) else {
        return Ok(());
    };
    let (settings, namespace) = current(app, desk).await;
    let caller = system(app, &desk.account);
    let before = read(app, &desk.account, &namespace, conversation).await?;
    if before.is_some_and(|(before, _)| before.closed_at > closed.at) {
        return Ok(());
    }
    let intent = intent(&caller, app, &conversation.id).await?;
    let payload = {
        let state = desk.lock();
        let agent = conversation.latest_agent_id.as_ref();
        let user = agent.and_then(|agent| state.rules.users.get(agent));
        let agent_type = match (agent, user) {
            (Some(agent), Some(_)) if state.rules.is_bot(agent) => AgentType::Bot,
            (Some(_), Some(_)) => AgentType::Human,
            _ => AgentType::None,
        };
        let skill = conversation.latest_skill_id.as_ref();
        let skill_name = skill
            .and_then(|skill| state.rules.skills.get(skill))
            .map(|skill| skill.name.clone());
        serde_json::json!({
            "schema": 1,
            "conversationId": conversation.id,
            "closedAt": closed.at.milliseconds(),
            "closeReason": closed.by,
            "latestSkillId": skill,
            "latestSkillName": skill_name,
            "latestAgentId": agent,
            "latestAgentName": user.map(|user| user.nickname.as_ref().unwrap_or(&user.name)),
            "agentType": agent_type.as_str(),
            "mcs": conversation.mcs,
            "intentId": intent.as_ref().map(|intent| &intent.id),
            "intentName": intent.as_ref().and_then(|intent| intent.name.as_ref()),
            "channel": conversation.channel,
        })
    };
    let Value::Object(payload) = payload else {
        return Ok(());
    };
    let namespace = Namespace::parse(&namespace)?;
    let session = Session::parse(conversation.consumer_id.as_str())?;
    let seconds = i64::try_from(settings.ttl.as_secs()).unwrap_or(i64::MAX);
    context::replace(
        &caller,
        app,
        &namespace,
        &session,
        payload,
        Some(seconds),
        None,
    )
    .await?;
    Ok(())
}

/// Returns what a conversation is about, as far as a bot has told.
///
/// # Errors
/// Fails if the caller may not read context.
pub async fn intent(
    caller: &Caller,
    app: &App,
    conversation: &ConversationId,
) -> Result<Option<Intent>> {
    let namespace = Namespace::parse("orchestrator")?;
    let session = Session::parse(conversation.as_str())?;
    let Some(read) = context::read(caller, app, &namespace, &session).await? else {
        return Ok(None);
    };
    let text = |name: &str| read.get(name)?.as_str().map(str::to_owned);
    let name = text("intent");
    let id = text("intentId").or_else(|| name.clone());
    Ok(id.map(|id| Intent { id, name }))
}

/// Has agents told who have just got a conversation, or whose consumer has just proved who they are.
pub(crate) fn follow(app: &Arc<App>, desk: &Arc<AccountDesk>, events: &[Happened]) {
    for happened in events {
        let is_news = matches!(
            happened.event,
            Event::Assigned { is_bot: false, .. } | Event::ConsumerIdentified { .. }
        );
        if let (true, Some(id)) = (is_news, happened.conversation_id.clone()) {
            let (to, desk) = (Arc::clone(app), Arc::clone(desk));
            app.tasks.spawn(async move { tell(&to, &desk, &id).await });
        }
    }
}

/// Tells an agent who has just got a conversation about the consumer's previous one, once.
async fn tell(app: &Arc<App>, desk: &Arc<AccountDesk>, id: &ConversationId) {
    if let Err(error) = notify(app, desk, id).await {
        tracing::warn!(%error, account = %desk.account, conversation_id = %id, "an agent was not told of the last contact");
    }
}

async fn notify(app: &Arc<App>, desk: &Arc<AccountDesk>, id: &ConversationId) -> Result<()> {
    let Some(kept) = conversation_of(app, &desk.account, id).await? else {
        return Ok(());
    };
    let conversation = kept.record;
    let Some(agent) = assignee(&conversation).cloned() else {
        return Ok(());
    };
    let is_told = |told: &Told| told.agent_id == agent;
    let is_bot = desk.is_bot(&agent);
    if is_bot
        || !conversation.is_authenticated
        || conversation.last_contact.as_ref().is_some_and(is_told)
    {
        return Ok(());
    }
    let (settings, namespace) = current(app, desk).await;
    let Some((record, payload)) = read(app, &desk.account, &namespace, &conversation).await? else {
        return Ok(());
    };
    let intent = intent(&system(app, &desk.account), app, id).await?;
    let accepted = Accepted {
        agent: &agent,
        skill: conversation.latest_skill_id.as_ref(),
        intent: intent.as_ref().map(|intent| intent.id.as_str()),
        started_at: conversation.started_at,
        at: app.now(),
    };
    let notice = notice(&record, &accepted, &settings);
    let kind = match contact(&record, &accepted, &settings) {
        Contact::SameAgent => "SAME_AGENT",
        Contact::SameSkill => "SAME_SKILL",
        Contact::Other => "OTHER",
    };
    let text = notice.as_ref().map(ToString::to_string);
    let command = Command::Amend {
        conversation: id.clone(),
    };
    let told = desk.step(app, command, |writing, _| {
        let now = writing.now;
        let conversation = writing.conversation(id)?;
        if assignee(conversation) != Some(&agent)
            || conversation.last_contact.as_ref().is_some_and(is_told)
        {
            return Ok(());
        }
        conversation.last_contact = Some(Told {
            agent_id: agent.clone(),
            kind: kind.to_owned(),
            record: Value::Object(payload.clone()),
            text: text.clone(),
            at: now,
            is_dismissed: false,
        });
        let Some(text) = &text else { return Ok(()) };
        let event = Event::Noticed {
            agent_id: agent.clone(),
            kind: kind.to_owned(),
        };
        writing.happens(id, event)?;
        if settings.notice.as_private_message {
            let words = Words {
                sender: None,
                role: SenderRole::System,
                text: text.clone(),
                audience: Audience::AgentsAndManagers,
                content: Value::Null,
                metadata: Value::Null,
                client_message_id: None,
            };
            write_message(writing, id, words)?;
        }
        Ok(())
    });
    match told.await {
        // It has ended, or is with somebody else.
        Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound) => Ok(()),
        told => told,
    }
}

/// What the agent of a conversation is shown of the consumer's previous one.
#[derive(Clone, Debug)]
pub struct LastContact {
    /// The conversation itself.
    pub conversation: Conversation,
    /// The agent who has or last had it.
    pub agent_id: Option<AgentId>,
    /// What it is about, as far as that is known: its name.
    pub intent: Option<String>,
    /// The previous one as it was told, if there was one.
    pub previous: Option<Told>,
    /// How recent a colleague's conversation must be to count.
    pub time_frame: Duration,
    /// Whether the agent's widget is to point at it.
    pub is_worth_a_notice: bool,
    /// Whether agents see the name of the colleague who had the previous one.
    pub shows_agent_name: bool,
    /// Whether agents see its score.
    pub shows_mcs: bool,
}

/// What an agent was told about a previous conversation when they got this one.
pub type Told = kept_conversation::LastContact;

/// Returns what the agent of a conversation is shown of the consumer's previous one. It stays as it
/// was when the agent got the conversation.
///
/// # Errors
/// Fails if the conversation is not the caller's, or the caller is its consumer.
pub async fn last_contact(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
) -> Result<LastContact> {
    let conversation = match find(caller, app, id).await {
        // To agents the contract says whether it is somebody else's or nobody's.
        Err(_) if caller.agent.is_some() && is_there(app, caller, id).await? => {
            let message = format!("expected the agent who has conversation `{id}`, or a manager");
            return Err(Error::new(Code::Forbidden, message));
        }
        found => found?.record,
    };
    if caller.consumer.is_some() {
        let message = "expected an agent or a manager, found a consumer";
        return Err(Error::new(Code::Forbidden, message));
    }
    let desk = Desks::of(app, &caller.account).await?;
    let (settings, _) = current(app, &desk).await;
    let intent = intent(&system(app, &caller.account), app, id).await?;
    let intent = intent.and_then(|intent| intent.name);
    let agent_id = conversation.latest_agent_id.clone();
    let previous = conversation.last_contact.clone();
    let previous = previous.filter(|told| Some(&told.agent_id) == agent_id.as_ref());
    Ok(LastContact {
        is_worth_a_notice: settings.notice.in_widget
            && previous
                .as_ref()
                .is_some_and(|told| told.text.is_some() && !told.is_dismissed),
        time_frame: settings.time_frame,
        shows_agent_name: settings.notice.shows_agent_name,
        shows_mcs: settings.notice.shows_mcs,
        agent_id,
        intent,
        previous,
        conversation,
    })
}

async fn is_there(app: &App, caller: &Caller, id: &ConversationId) -> Result<bool> {
    Ok(conversation_of(app, &caller.account, id).await?.is_some())
}

/// Takes the notice of a consumer's previous conversation away from the agent who has this one, on
/// whatever screen they look at it.
///
/// # Errors
/// Fails if the caller does not have the conversation.
pub async fn dismiss(caller: &Caller, app: &Arc<App>, id: &ConversationId) -> Result<()> {
    caller.require(Permission::AvailabilitySet)?;
    let conversation = find(caller, app, id).await?.record;
    let agent = caller.agent.clone().or(conversation.latest_agent_id);
    let desk = Desks::of(app, &caller.account).await?;
    let command = Command::Amend {
        conversation: id.clone(),
    };
    desk.step(app, command, |writing, _| {
        let told = writing.conversation(id)?.last_contact.as_mut();
        if let Some(told) = told.filter(|told| Some(&told.agent_id) == agent.as_ref()) {
            told.is_dismissed = true;
        }
        Ok(())
    })
    .await
}

/// Usher itself, in an account.
fn system(app: &App, account: &AccountId) -> Caller {
    Caller {
        account: account.clone(),
        role: Role::Bot,
        reach: Reach::Everything,
        actor: "usher".to_owned(),
        agent: None,
        consumer: None,
        is_identified: false,
        request_id: RequestId::mint(&app.ids),
        idempotency_key: None,
    }
}
