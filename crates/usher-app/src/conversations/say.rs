//! Messages: who says what in a conversation, once, and what it does to the score.

use std::sync::Arc;

use usher_model::id::{
    AgentId, ClientMessageId, ConsumerId, ConversationId, MessageId, ParticipantId,
};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_nlu::language::{self, Language};
use usher_nlu::sentiment::{Scorer as _, Vader};
use usher_routing::command::Command;
use usher_store::batch::Expect;
use usher_store::collection::kept;
use usher_store::record::conversation::{Conversation, ParticipantRole, Score, SentMessage};
use usher_store::record::event::{Audience, Event, Message, SenderRole};
use usher_store::record::{self, Kept};
use usher_store::store::Key;

use super::view::{find, score};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::desks::{AccountDesk, Desks, Writing, assignee, closed, participant};
use crate::error::{Code, Error, Result};
use crate::feed;

/// How often a message is tried again that somebody else sends at the same time.
const ATTEMPTS_MAX: usize = 8;
/// Days that the name of a message is remembered after it was sent.
const NAME_REMEMBERED: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 60 * 60);

/// In whose name something is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum As {
    /// The conversation's consumer.
    Consumer,
    /// An agent.
    Agent(AgentId),
}

/// What is to be said.
#[derive(Clone, Debug)]
pub struct Say {
    /// In whose name, for a caller who may act for others; otherwise in one's own.
    pub speaker: Option<As>,
    /// What it says.
    pub text: String,
    /// What the sender calls it: sending it twice is one message.
    pub client_message_id: Option<ClientMessageId>,
    /// Who sees it.
    pub audience: Audience,
    /// What it says beyond text, or null.
    pub content: Value,
    /// What the sender tells about it, or null.
    pub metadata: Value,
}

/// A message that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Which one.
    pub message_id: MessageId,
    /// Its event; nothing for a repetition whose event is no longer kept.
    pub sequence: Option<u64>,
    /// When it was sent.
    pub at: Timestamp,
    /// Whether it had been sent before.
    pub is_repeat: bool,
}

/// A message as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) sender: Option<ParticipantId>,
    pub(crate) role: SenderRole,
    pub(crate) text: String,
    pub(crate) audience: Audience,
    pub(crate) content: Value,
    pub(crate) metadata: Value,
    pub(crate) client_message_id: Option<ClientMessageId>,
}

/// Says something in a conversation.
///
/// # Errors
/// Fails if the conversation is closed or not the caller's, the message is too long or was sent with
/// another text before, or a consumer writes too much.
pub async fn say(caller: &Caller, app: &Arc<App>, id: &ConversationId, say: Say) -> Result<Said> {
    caller.require(Permission::ConversationsWrite)?;
    check_text("#/text", &say.text)?;
    check_size(&say)?;
    let kept = find(caller, app, id).await?;
    let desk = Desks::of(app, &caller.account).await?;
    let spoken = speaker(caller, &desk, &kept.record, say.speaker.as_ref());
    let (sender, role) = match (spoken, &kept.record.closed) {
        // Nobody takes part any more.
        (Err(_), Some(_)) => return Err(closed(id)),
        (spoken, _) => spoken?,
    };
    if role == SenderRole::Consumer {
        if say.audience != Audience::All {
            return Err(Error::field("#/audience", "expected `ALL` of a consumer"));
        }
        let consumer = &kept.record.consumer_id;
        app.floods
            .take(&(caller.account.clone(), consumer.clone()), app.now())?;
    }
    let words = Words {
        sender: Some(sender),
        role,
        text: say.text,
        audience: say.audience,
        content: say.content,
        metadata: say.metadata,
        client_message_id: say.client_message_id,
    };
    for _ in 0..ATTEMPTS_MAX {
        if let Some(said) = earlier(caller, app, id, &words).await? {
            return Ok(said);
        }
        match once(app, &desk, id, &words).await {
            // The same name at the same time: it is there now.
            Err(error) if error.code == Code::RevisionConflict => {}
            said => return said,
        }
    }
    Err(Error::new(
        Code::Overloaded,
        "the same message is sent many times at once; try again",
    ))
}

/// Writes a message, whose name must be new.
async fn once(
    app: &Arc<App>,
    desk: &Arc<AccountDesk>,
    id: &ConversationId,
    words: &Words,
) -> Result<Said> {
    let before = desk.last_seen();
    let conversation = id.clone();
    let command = match (words.role, words.audience) {
        (SenderRole::Consumer, _) => Command::ConsumerWrote { conversation },
        (SenderRole::Agent | SenderRole::Bot | SenderRole::Manager, Audience::All) => {
            Command::AgentWrote { conversation }
        }
        _ => Command::Amend { conversation },
    };
    let written = desk
        .step_or_amend(app, id, command, |writing| {
            let message_id = write_message(writing, id, words.clone())?;
            let at = writing.now;
            if let (Some(sender_id), Some(name)) = (&words.sender, &words.client_message_id) {
                let sent = SentMessage {
                    conversation_id: id.clone(),
                    sender_id: sender_id.clone(),
                    client_message_id: name.clone(),
                    message_id,
                    after: before,
                    at,
                    expires_at: at.plus(NAME_REMEMBERED),
                };
                let account = writing.account();
                writing.batch.put_record(account, &sent, Expect::Absent)?;
            }
            Ok((message_id, at))
        })
        .await?;
    let ((message_id, at), sequence) = written;
    if words.role == SenderRole::Consumer && desk.bots.wake(id) {
        desk.look();
    }
    metrics::counter!("usher_messages_total").increment(1);
    Ok(Said {
        message_id,
        sequence,
        at,
        is_repeat: false,
    })
}

/// Returns the message that was sent under the same name before.
///
/// # Errors
/// Fails with [`Code::MessageConflict`] if that said something else.
async fn earlier(
    caller: &Caller,
    app: &App,
    id: &ConversationId,
    words: &Words,
) -> Result<Option<Said>> {
    let (Some(sender), Some(name)) = (&words.sender, &words.client_message_id) else {
        return Ok(None);
    };
    let key = Key::new(
        &caller.account,
        [id.as_str(), sender.as_str(), name.as_str()],
    );
    let row = app.store.get(&kept::MESSAGE_IDS, &key, app.now()).await?;
    let known: Option<Kept<SentMessage>> = row.as_ref().map(record::read).transpose()?;
    let Some(known) = known.map(|kept| kept.record) else {
        return Ok(None);
    };
    let mut after = known.after;
    let sequence = loop {
        let page = limits::FEED_PAGE_EVENTS;
        let (events, has_more) =
            feed::of_conversation(app, &caller.account, id, after, page).await?;
        let same = events.iter().find_map(|happened| match &happened.event {
            Event::MessageSent(message) if message.message_id == known.message_id => {
                Some((happened.sequence, message))
            }
            _ => None,
        });
        match (same, events.last()) {
            (Some((_, message)), _)
                if message.text != words.text || message.audience != words.audience =>
            {
                return Err(Error::new(
                    Code::MessageConflict,
                    format!("`{name}` names another message of conversation `{id}`"),
                ));
            }
            (Some((sequence, _)), _) => break Some(sequence),
            (None, Some(last)) if has_more => after = last.sequence,
            (None, _) => break None,
        }
    };
    Ok(Some(Said {
        message_id: known.message_id,
        sequence,
        at: known.at,
        is_repeat: true,
    }))
}

/// Adds a message to what is written, and what it does to its conversation.
pub(crate) fn write_message(
    writing: &mut Writing<'_>,
    id: &ConversationId,
    words: Words,
) -> Result<MessageId> {
    let message_id = MessageId::mint(&writing.app.ids);
    let now = writing.now;
    let conversation = writing.conversation(id)?;
    let Some(dialog) = conversation
        .dialogs
        .iter()
        .rfind(|one| one.closed.is_none())
    else {
        return Err(crate::desks::closed(id));
    };
    let dialog_id = dialog.id.clone();
    conversation.messages = conversation.messages.saturating_add(1);
    let mut sentiment = None;
    match (words.role, words.audience) {
        (SenderRole::Consumer, _) => {
            conversation.consumer_wrote_at = Some(now);
            sentiment = listen(conversation, &words.text);
        }
        (SenderRole::Agent | SenderRole::Bot | SenderRole::Manager, Audience::All) => {
            conversation.agent_wrote_at = Some(now);
            // What was promised is here.
            conversation.promised_at = None;
        }
        _ => {}
    }
    let message = Message {
        message_id,
        dialog_id,
        sender_id: words.sender,
        sender_role: words.role,
        audience: words.audience,
        text: words.text,
        content: words.content,
        metadata: words.metadata,
        client_message_id: words.client_message_id,
        sentiment,
    };
    writing.happens(id, Event::MessageSent(message))?;
    Ok(message_id)
}

/// Takes what the consumer says into the score, as long as the main dialog goes on.
fn listen(conversation: &mut Conversation, text: &str) -> Option<f64> {
    if conversation.ticket.is_none() && conversation.mcs.is_some() {
        return None;
    }
    let known = conversation.language.as_deref().and_then(Language::parse);
    let language = language::identify(text, known.unwrap_or(Language::English));
    conversation.language = Some(language.code().to_owned());
    let sentiment = Vader.score(text, language)?;
    let score = score(conversation).with(sentiment);
    conversation.score = Score {
        sum: score.sum,
        weight: score.weight,
        messages: score.messages,
    };
    Some(sentiment.value())
}

/// Returns who speaks, and as what.
pub(super) fn speaker(
    caller: &Caller,
    desk: &AccountDesk,
    conversation: &Conversation,
    named: Option<&As>,
) -> Result<(ParticipantId, SenderRole)> {
    let named = match (named, &caller.consumer, &caller.agent) {
        (Some(named), consumer, agent) => {
            let is_self = match named {
                As::Consumer => consumer.is_some(),
                As::Agent(named) => agent.as_ref() == Some(named),
            };
            if !is_self {
                caller.require(Permission::ActForOthers)?;
            }
            named.clone()
        }
        (None, Some(_), _) => As::Consumer,
        (None, None, Some(agent)) => As::Agent(agent.clone()),
        (None, None, None) => {
            return Err(Error::field(
                "#/asAgent",
                "expected `asConsumer` or `asAgent`; the credential is bound to nobody who speaks",
            ));
        }
    };
    match named {
        As::Consumer => {
            let consumer = consumer_participant(&conversation.consumer_id)?;
            Ok((consumer, SenderRole::Consumer))
        }
        As::Agent(agent) => {
            let role = agent_role(desk, conversation, &agent)?;
            Ok((participant(&agent)?, role))
        }
    }
}

/// Returns as what an agent speaks in a conversation.
fn agent_role(
    desk: &AccountDesk,
    conversation: &Conversation,
    agent: &AgentId,
) -> Result<SenderRole> {
    if assignee(conversation) == Some(agent) {
        let is_bot = desk.lock().rules.is_bot(agent);
        return Ok(if is_bot {
            SenderRole::Bot
        } else {
            SenderRole::Agent
        });
    }
    let joined = conversation
        .participants
        .iter()
        .rfind(|one| one.left_at.is_none() && one.id.as_str() == agent.as_str());
    match joined.map(|one| one.role) {
        Some(ParticipantRole::Manager) => Ok(SenderRole::Manager),
        Some(ParticipantRole::Agent) => Ok(SenderRole::Agent),
        _ => Err(Error::new(
            Code::Forbidden,
            format!(
                "expected an agent who takes part in conversation `{}`, found `{agent}`",
                conversation.id
            ),
        )),
    }
}

/// Notes that somebody has read a message, and those before it.
///
/// # Errors
/// Fails if the conversation is closed or not the caller's.
pub async fn read(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    reader: Option<As>,
    message_id: MessageId,
) -> Result<()> {
    caller.require(Permission::ConversationsWrite)?;
    let kept = find(caller, app, id).await?;
    let desk = Desks::of(app, &caller.account).await?;
    let (reader_id, reader_role) = speaker(caller, &desk, &kept.record, reader.as_ref())?;
    let command = Command::Amend {
        conversation: id.clone(),
    };
    desk.step_or_amend(app, id, command, |writing| {
        let event = Event::MessageRead {
            message_id,
            reader_id: reader_id.clone(),
            reader_role,
        };
        writing.happens(id, event)
    })
    .await?;
    Ok(())
}

/// Returns a consumer as one who takes part.
pub(super) fn consumer_participant(consumer: &ConsumerId) -> Result<ParticipantId> {
    ParticipantId::parse(consumer.as_str()).map_err(Error::internal)
}

/// Refuses a text that is empty or too long.
pub(super) fn check_text(pointer: &str, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::field(pointer, "expected a text that is not empty"));
    }
    let (length, max) = (text.chars().count(), limits::CONVERSATION_MESSAGE_CHARS_MAX);
    if length > max {
        return Err(Error::new(
            Code::MessageTooLarge,
            format!("expected a message of at most {max} characters, found {length}"),
        ));
    }
    Ok(())
}

fn check_size(say: &Say) -> Result<()> {
    let max = limits::MESSAGE_EXTRAS_BYTES_MAX;
    for (name, value) in [("content", &say.content), ("metadata", &say.metadata)] {
        let length = value.to_string().len();
        if length > max {
            return Err(Error::new(
                Code::MessageTooLarge,
                format!("expected `{name}` of at most {max} bytes, found {length}"),
            ));
        }
    }
    Ok(())
}
