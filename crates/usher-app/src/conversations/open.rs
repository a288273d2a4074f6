//! A conversation begins.

use std::sync::Arc;

use usher_model::id::{
    ClientMessageId, ConsumerId, ConversationId, DialogId, EngagementId, RequestId, SkillId,
};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_routing::command::Command;
use usher_routing::desk::Desk;
use usher_routing::ticket::Ticket;
use usher_store::batch::Expect;
use usher_store::collection::kept;
use usher_store::record::conversation::{
    Conversation, Dialog, DialogKind, Participant, ParticipantRole, Score,
};
use usher_store::record::event::{Audience, Event, SenderRole};
use usher_store::record::{self, Engagement, Kept};
use usher_store::store::{Key, Query};

use super::of_consumer;
use super::say::{Words, check_text, consumer_participant, write_message};
use super::view::{View, view};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::desks::{AccountDesk, Desks, conversation_of};
use crate::error::{Error, Result};
use crate::idempotency::Creation;
use crate::last_agent::{self, Considered};
use crate::sdes;

/// Where the consumer writes unless it is said.
const CHANNEL: &str = "WEB";

/// What a new conversation is to be.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// The skill in which it starts; without one its engagement's, its channel's or the account's.
    pub skill_id: Option<SkillId>,
    /// Where it began.
    pub engagement_id: Option<EngagementId>,
    /// Whose it is; without one a new, anonymous consumer's.
    pub consumer_id: Option<ConsumerId>,
    /// Whether the brand vouches for who the consumer is.
    pub is_authenticated: bool,
    /// Where the consumer writes: `WEB`, `WHATSAPP`, …
    pub channel: Option<String>,
    /// What is known of it: an object, or null.
    pub attributes: Value,
    /// What is known of the consumer, as policies read it under `sde.`.
    pub sdes: Option<sdes::Said>,
    /// The consumer's first message.
    pub message: Option<String>,
    /// What the consumer's client calls that message.
    pub client_message_id: Option<ClientMessageId>,
    /// What goes before others among those that wait.
    pub boost: i8,
}

impl New {
    /// Returns what is said of the consumer; who speaks for themselves is not vouched for.
    fn said(&self, caller: &Caller) -> Option<sdes::Said> {
        let said = self.sdes.clone()?;
        Some(sdes::Said {
            is_authenticated: said.is_authenticated && caller.consumer.is_none(),
            ..said
        })
    }
}

/// Opens a conversation: it waits in the queue of its skill.
///
/// # Errors
/// Fails if the caller may not, something named does not exist, or the message is too long.
pub async fn open(caller: &Caller, app: &Arc<App>, new: New) -> Result<View> {
    caller.require(Permission::ConversationsOpen)?;
    check(caller, &new)?;
    let creation = creation(caller, &new)?;
    let desk = Desks::of(app, &caller.account).await?;
    if let Some(earlier) = creation.earlier(caller, app).await? {
        let id = ConversationId::parse(&earlier).map_err(Error::internal)?;
        let kept = conversation_of(app, &caller.account, &id).await?;
        let kept = kept.ok_or_else(|| super::hidden(&id))?;
        return Ok(view(&desk, kept, app.now()));
    }
    let (consumer, is_new) = consumer(caller, app, &new)?;
    app.floods
        .take(&(caller.account.clone(), consumer.clone()), app.now())?;
    if let Some(said) = new.said(caller) {
        sdes::keep(app, &caller.account, &consumer, &said).await?;
    }
    let is_first = is_new || !has_talked(caller, app, &consumer).await?;
    let skill = skill(caller, app, &desk, &new).await?;
    let id = ConversationId::parse(&RequestId::mint(&app.ids).to_string());
    let id = id.map_err(Error::internal)?;
    let now = app.now();
    let begun = Conversation {
        id: id.clone(),
        // A consumer does not vouch for itself.
        is_authenticated: if caller.consumer.is_some() {
            caller.is_identified
        } else {
            new.is_authenticated
        },
        is_first,
        sdes: new.said(caller).map_or(Value::Null, |said| said.to_value()),
        ..blank(id.clone(), consumer, &new, skill.clone(), now)?
    };
    let considered = consider(app, &desk, &begun).await;
    let (ticket_id, boost) = (id.clone(), new.boost);
    let meant_for = considered.clone();
    let plan = move |desk: &Desk, now: Timestamp| {
        let mut ticket = Ticket::new(ticket_id.clone(), skill.clone(), now);
        ticket.boost = boost;
        ticket.suggestion = meant_for.as_ref().and_then(|last| last.suggestion(now));
        desk.plan(Command::Open { ticket }, now)
    };
    desk.step(app, plan, |writing, _| {
        let conversation = begun.clone();
        let started = started(&conversation);
        let sender = consumer_participant(&conversation.consumer_id)?;
        writing.begin(conversation);
        writing.happens(&id, started)?;
        if let Some(considered) = &considered {
            writing.happens(&id, considered.event())?;
        }
        if let Some(text) = &new.message {
            let words = Words {
                sender: Some(sender),
                role: SenderRole::Consumer,
                text: text.clone(),
                audience: Audience::All,
                content: Value::Null,
                metadata: Value::Null,
                client_message_id: new.client_message_id.clone(),
            };
            write_message(writing, &id, words)?;
        }
        if let Some(made) = creation.made(id.as_str(), writing.now) {
            let account = writing.account();
            writing.batch.put_record(account, &made, Expect::Absent)?;
        }
        Ok(())
    })
    .await?;
    metrics::counter!("usher_conversations_opened_total").increment(1);
    let kept = conversation_of(app, &caller.account, &id).await?;
    let kept = kept.ok_or_else(|| super::hidden(&id))?;
    Ok(view(&desk, kept, app.now()))
}

/// Looks whether the consumer goes back to the agent they had; where a bot answers first, the bot
/// says where the conversation goes, and it is looked then.
async fn consider(app: &App, desk: &AccountDesk, begun: &Conversation) -> Option<Considered> {
    let skill = begun.entry_skill_id.as_ref()?;
    if !begun.is_authenticated || desk.lock().rules.has_bots(skill) {
        return None;
    }
    Some(last_agent::consider(app, desk, begun, skill).await)
}

/// Describes the opening, without what differs each time it is sent.
fn creation(caller: &Caller, new: &New) -> Result<Creation> {
    Creation::new(
        caller,
        "conversation.open",
        &(
            &new.skill_id,
            &new.engagement_id,
            &new.consumer_id,
            &new.channel,
            &new.attributes,
            new.sdes.as_ref().map(sdes::Said::to_value),
            &new.message,
        ),
    )
}

fn started(conversation: &Conversation) -> Event {
    Event::ConversationStarted {
        consumer_id: conversation.consumer_id.clone(),
        is_authenticated: conversation.is_authenticated,
        channel: conversation.channel.clone(),
        engagement_id: conversation.engagement_id.clone(),
        skill_id: conversation.entry_skill_id.clone(),
    }
}

fn check(caller: &Caller, new: &New) -> Result<()> {
    if let (Some(own), Some(named)) = (&caller.consumer, &new.consumer_id)
        && own != named
    {
        return Err(Error::field("#/consumerId", "expected one's own id"));
    }
    if caller.consumer.is_some() && new.boost != 0 {
        let message = "expected no boost of a consumer";
        return Err(Error::field("#/boost", message));
    }
    if !(new.attributes.is_null() || new.attributes.is_object()) {
        return Err(Error::field("#/attributes", "expected an object"));
    }
    if new.attributes.to_string().len() > limits::CONVERSATION_ATTRIBUTES_BYTES_MAX {
        let max = limits::CONVERSATION_ATTRIBUTES_BYTES_MAX;
        let message = format!("expected attributes of at most {max} bytes");
        return Err(Error::field("#/attributes", message));
    }
    if let Some(said) = &new.sdes
        && said.to_value().to_string().len() > limits::CONVERSATION_ATTRIBUTES_BYTES_MAX
    {
        let max = limits::CONVERSATION_ATTRIBUTES_BYTES_MAX;
        let message = format!("expected engagement attributes of at most {max} bytes");
        return Err(Error::field("#/sdes", message));
    }
    let channel = new.channel.as_deref().unwrap_or(CHANNEL);
    if channel.trim().is_empty() || channel.chars().count() > limits::CHANNEL_CHARS_MAX {
        let max = limits::CHANNEL_CHARS_MAX;
        let message = format!("expected the name of a channel, at most {max} characters");
        return Err(Error::field("#/channel", message));
    }
    new.message
        .as_deref()
        .map_or(Ok(()), |text| check_text("#/message", text))
}

/// Returns whose the conversation is, and whether nobody has heard of them before.
fn consumer(caller: &Caller, app: &App, new: &New) -> Result<(ConsumerId, bool)> {
    let known = caller.consumer.as_ref().or(new.consumer_id.as_ref());
    if let Some(known) = known {
        return Ok((known.clone(), false));
    }
    let minted = ConsumerId::parse(&RequestId::mint(&app.ids).to_string());
    Ok((minted.map_err(Error::internal)?, true))
}

async fn has_talked(caller: &Caller, app: &App, consumer: &ConsumerId) -> Result<bool> {
    let query = Query {
        limit: 1,
        ..of_consumer(&caller.account, consumer)
    };
    Ok(!app.store.find(&query, app.now()).await?.rows.is_empty())
}

/// Returns in which skill the conversation starts: the one named, else its engagement's, its
/// channel's, the account's; else none, and then any person may have it.
async fn skill(
    caller: &Caller,
    app: &App,
    desk: &AccountDesk,
    new: &New,
) -> Result<Option<SkillId>> {
    let of_engagement = match &new.engagement_id {
        None => None,
        Some(id) => {
            let key = Key::new(&caller.account, [id.as_str()]);
            let row = app.store.get(&kept::ENGAGEMENTS, &key, app.now()).await?;
            let kept: Option<Kept<Engagement>> = row.as_ref().map(record::read).transpose()?;
            let engagement = kept.map(|kept| kept.record).filter(|one| one.is_enabled);
            let engagement = engagement.ok_or_else(|| {
                let message = format!("expected an enabled engagement, found none called `{id}`");
                Error::field("#/engagementId", message)
            })?;
            engagement.skill_id
        }
    };
    let state = desk.lock();
    let routing = &state.rules.settings.routing;
    let channel = new.channel.as_deref().unwrap_or(CHANNEL);
    let skill = new
        .skill_id
        .as_ref()
        .or(of_engagement.as_ref())
        .or_else(|| routing.channel_skill_ids.get(channel))
        .or(routing.default_skill_id.as_ref());
    match skill {
        // What a setting names may have been removed since; the conversation starts all the same.
        Some(id) if !state.rules.skills.contains_key(id) && new.skill_id.is_none() => Ok(None),
        Some(id) if !state.rules.skills.contains_key(id) => {
            let message = format!("expected a skill, found none called `{id}`");
            Err(Error::field("#/skillId", message))
        }
        skill => Ok(skill.cloned()),
    }
}

/// Returns a conversation in which nothing has happened yet.
fn blank(
    id: ConversationId,
    consumer: ConsumerId,
    new: &New,
    skill: Option<SkillId>,
    now: Timestamp,
) -> Result<Conversation> {
    let main = Dialog {
        id: DialogId::parse(id.as_str()).map_err(Error::internal)?,
        kind: DialogKind::Main,
        opened_at: now,
        closed: None,
    };
    let participant = Participant {
        id: consumer_participant(&consumer)?,
        role: ParticipantRole::Consumer,
        joined_at: now,
        left_at: None,
    };
    Ok(Conversation {
        id,
        consumer_id: consumer,
        is_authenticated: false,
        is_first: false,
        channel: Some(new.channel.clone().unwrap_or_else(|| CHANNEL.to_owned())),
        engagement_id: new.engagement_id.clone(),
        attributes: new.attributes.clone(),
        sdes: Value::Null,
        started_at: now,
        entry_skill_id: skill.clone(),
        ticket: None,
        latest_skill_id: skill,
        previous_skill_id: None,
        latest_agent_id: None,
        first_assigned_at: None,
        latest_assigned_at: None,
        transfers: 0,
        dialogs: vec![main],
        participants: vec![participant],
        messages: 0,
        consumer_wrote_at: None,
        agent_wrote_at: None,
        is_urgent: false,
        promised_at: None,
        idle_since: None,
        language: None,
        score: Score::default(),
        mcs: None,
        csat: None,
        bot: None,
        last_contact: None,
        closed: None,
        expires_at: None,
    })
}
