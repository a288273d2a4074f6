//! What policies see of the floor, read only where a policy mentions it: how queues are doing, and
//! what a conversation that is held here has come to.

use std::sync::Arc;
use std::time::Duration;

use usher_model::id::{AgentId, ConsumerId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use usher_store::record::event::{Event, SenderRole};
use usher_store::record::{self, Conversation};
use usher_store::store::Query;

use super::Request;
use crate::App;
use crate::caller::Caller;
use crate::conversations::of_consumer;
use crate::desks::{AccountDesk, Desks, conversation_of};
use crate::error::Result;
use crate::feed;
use crate::queues;
use crate::rules::Ruleset;
use crate::rules::plan::Wanted;

/// Conversations of a consumer that are looked at, the newest first.
const CONVERSATIONS_MAX: usize = 100;

/// What the floor knows: the properties of the namespaces, as far as they are wanted.
#[derive(Debug, Default)]
pub(super) struct Floor {
    pub(super) conversation: Object,
    pub(super) consumer: Object,
    pub(super) operational: Object,
}

impl Floor {
    pub(super) async fn read(
        caller: &Caller,
        app: &Arc<App>,
        rules: &Ruleset,
        request: &Request,
        now: Timestamp,
    ) -> Result<Self> {
        let plan = &rules.plan;
        let mut floor = Self::default();
        if !plan.operational.is_empty() {
            floor.operational = operational(caller, app, &plan.operational).await?;
        }
        let is_wanted = |names: &[&str]| {
            let mut wanted = plan.conversation.iter().chain(&plan.consumer);
            wanted.any(|wanted| names.contains(&&*wanted.property))
        };
        let row = match &request.conversation_id {
            Some(id) if is_wanted(OF_ROW) || is_wanted(OF_MESSAGES) => {
                conversation_of(app, &caller.account, id).await?
            }
            _ => None,
        };
        let row = row.map(|kept| kept.record);
        let others = match &request.consumer_id {
            Some(consumer) if is_wanted(OF_CONSUMER) || is_wanted(OF_MESSAGES) => {
                Some(conversations_of(caller, app, consumer).await?)
            }
            _ => None,
        };
        if let Some(row) = &row {
            floor.describe(row, now);
        }
        if is_wanted(OF_MESSAGES)
            && let Some(row) = &row
        {
            let at = previous_message(caller, app, row, others.as_deref().unwrap_or(&[])).await?;
            let minutes = at.map(|at| minutes(at, now));
            set(
                &mut floor.conversation,
                "minutesSincePreviousMessage",
                minutes,
            );
        }
        if let Some(others) = others {
            let open = others.iter().filter(|one| one.closed.is_none()).count();
            set(&mut floor.consumer, "openConversations", Some(open.into()));
            let desk = Desks::of(app, &caller.account).await?;
            let agent = previous_agent(&desk, &others);
            let agent = agent.map(|agent| agent.as_str().into());
            set(&mut floor.conversation, "previousAgentId", agent);
        }
        Ok(floor)
    }

    fn describe(&mut self, row: &Conversation, now: Timestamp) {
        let id = |skill: &SkillId| Value::from(skill.as_str());
        for (name, value) in [
            (
                "minutesSinceStartConversation",
                Some(minutes(row.started_at, now)),
            ),
            ("currentSkillId", row.latest_skill_id.as_ref().map(id)),
            ("previousSkillId", row.previous_skill_id.as_ref().map(id)),
        ] {
            set(&mut self.conversation, name, value);
        }
        let is_authenticated = row.is_authenticated.into();
        set(&mut self.consumer, "authenticated", Some(is_authenticated));
    }
}

fn set(properties: &mut Object, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        properties.insert(name.to_owned(), value);
    }
}

/// What a conversation's row tells.
const OF_ROW: &[&str] = &[
    "minutesSinceStartConversation",
    "currentSkillId",
    "previousSkillId",
    "authenticated",
];
/// What its messages tell, and the consumer's earlier ones.
const OF_MESSAGES: &[&str] = &["minutesSincePreviousMessage"];
/// What the consumer's conversations tell.
const OF_CONSUMER: &[&str] = &["previousAgentId", "openConversations"];

fn minutes(at: Timestamp, now: Timestamp) -> Value {
    (now.since(at).as_secs() / 60).into()
}

/// Returns how the skills are doing that the policies name: `{skill: {id: {agentsOnline, …}}}`.
async fn operational(caller: &Caller, app: &Arc<App>, wanted: &[Wanted]) -> Result<Object> {
    let mut skills = Object::new();
    let named = wanted.iter().filter(|wanted| &*wanted.property == "skill");
    for id in named.filter_map(Wanted::first_member) {
        // A skill that cannot be is as unknown as one that is not.
        let Ok(skill) = SkillId::parse(id) else {
            continue;
        };
        let health = queues::operational(app, &caller.account, &skill).await?;
        if let Some(health) = health {
            let wait = health.wait_average.unwrap_or(Duration::ZERO);
            let figures = serde_json::json!({
                "agentsOnline": health.agents_online,
                "freeSlots": health.free_slots,
                "queueSize": health.queue_size,
                "averageWaitSeconds": wait.as_secs(),
            });
            skills.insert(id.to_owned(), figures);
        }
    }
    let mut operational = Object::new();
    operational.insert("skill".to_owned(), Value::Object(skills));
    Ok(operational)
}

/// Returns the consumer's conversations, the newest first.
async fn conversations_of(
    caller: &Caller,
    app: &App,
    consumer: &ConsumerId,
) -> Result<Vec<Conversation>> {
    let query = Query {
        descending: true,
        limit: CONVERSATIONS_MAX,
        ..of_consumer(&caller.account, consumer)
    };
    let page = app.store.find(&query, app.now()).await?;
    let rows = page.rows.iter();
    rows.map(|row| Ok(record::read(row)?.record)).collect()
}

/// Returns when the consumer wrote before the message that is being handled, if need be in another
/// conversation.
async fn previous_message(
    caller: &Caller,
    app: &App,
    row: &Conversation,
    others: &[Conversation],
) -> Result<Option<Timestamp>> {
    let query = Query {
        descending: true,
        limit: limits::FEED_PAGE_EVENTS,
        ..feed::timeline_query(&caller.account, &row.id)
    };
    let (events, _) = feed::read(app, &query).await?;
    let from_consumer = events.iter().filter(|happened| match &happened.event {
        Event::MessageSent(message) => message.sender_role == SenderRole::Consumer,
        _ => false,
    });
    let here = from_consumer.map(|happened| happened.at).nth(1);
    let others = others.iter().filter(|other| other.id != row.id);
    Ok(here.or_else(|| others.filter_map(|other| other.consumer_wrote_at).max()))
}

/// Returns the last person who had one of these conversations, the newest of which comes first.
fn previous_agent(desk: &AccountDesk, conversations: &[Conversation]) -> Option<AgentId> {
    conversations.iter().find_map(|conversation| {
        conversation.participants.iter().rev().find_map(|one| {
            let is_assigned = one.role == record::ParticipantRole::AssignedAgent;
            let agent = AgentId::parse(one.id.as_str()).ok()?;
            (is_assigned && !desk.is_bot(&agent)).then_some(agent)
        })
    })
}
