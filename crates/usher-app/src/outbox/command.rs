//! What functions answer an event with: commands, at most one of each type.

use std::sync::Arc;

use usher_model::id::{AgentId, ConversationId, OfferId, RequestId, SkillId};
use usher_model::limits;
use usher_model::role::Role;
use usher_model::value::Value;
use usher_routing::command::{self, Command};
use usher_store::batch::Expect;
use usher_store::record::conversation::CloseReason;
use usher_store::record::event::{Audience, SenderRole};

use crate::App;
use crate::caller::{Caller, Reach};
use crate::conversations::{self, Close, Words, write_message};
use crate::desks::{AccountDesk, Writing, assignee, conversation_of};
use crate::error::{Kind, Result};
use crate::idempotency::Creation;

/// What a function wants done.
#[derive(Debug, Default, PartialEq, Eq)]
struct Commands {
    /// What the consumer is told in place of the automatic message.
    message: Message,
    transfer: Option<(Option<SkillId>, Option<AgentId>)>,
    is_close: bool,
}

/// What a function wants the consumer to be told.
#[derive(Debug, Default, PartialEq, Eq)]
enum Message {
    /// Nothing was said of it.
    #[default]
    Automatic,
    /// Nothing, not even the automatic message.
    Suppressed,
    /// This.
    Text(String),
}

impl Message {
    fn or(self, automatic: Option<String>) -> Option<String> {
        match self {
            Self::Automatic => automatic,
            Self::Suppressed => None,
            Self::Text(text) => Some(text),
        }
    }
}

/// Reads the commands of all answers; the first of each type counts, and what is none is passed over.
fn read(answers: impl Iterator<Item = Value>) -> Commands {
    let mut commands = Commands::default();
    let all = answers.flat_map(|answer| match answer {
        Value::Array(several) => several,
        one => vec![one],
    });
    for command in all {
        let field = |name: &str| command.get(name).and_then(Value::as_str);
        match field("type") {
            Some("systemMessage") if commands.message == Message::Automatic => {
                let text = field("text").unwrap_or_default();
                let text: String = text.chars().take(limits::MESSAGE_CHARS_MAX).collect();
                commands.message = match text.trim().is_empty() {
                    true => Message::Suppressed,
                    false => Message::Text(text),
                };
            }
            Some("transfer") if commands.transfer.is_none() => {
                let skill = field("skillId").and_then(|id| SkillId::parse(id).ok());
                let agent = field("agentId").and_then(|id| AgentId::parse(id).ok());
                if skill.is_some() || agent.is_some() {
                    commands.transfer = Some((skill, agent));
                }
            }
            Some("closeConversation") => commands.is_close = true,
            _ => {}
        }
    }
    commands
}

/// Does what functions have answered, as far as the conversation still lets it, and each thing once
/// however often the event is delivered.
///
/// # Errors
/// Fails if the store cannot be read or written.
pub(super) async fn carry_out(
    app: &Arc<App>,
    desk: &Arc<AccountDesk>,
    id: &ConversationId,
    request_id: RequestId,
    answers: Vec<Value>,
    automatic: Option<String>,
) -> Result<()> {
    let commands = read(answers.into_iter());
    let caller = Caller {
        account: desk.account.clone(),
        role: Role::Manager,
        reach: Reach::Everything,
        actor: "usher/functions".to_owned(),
        agent: None,
        consumer: None,
        is_identified: false,
        request_id,
        idempotency_key: None,
    };
    if let Some(text) = commands.message.or(automatic) {
        let command = Command::Amend {
            conversation: id.clone(),
        };
        let said = once(
            app,
            desk,
            &caller,
            "systemMessage",
            id,
            command,
            |writing| {
                let words = Words {
                    sender: None,
                    role: SenderRole::System,
                    text: text.clone(),
                    audience: Audience::All,
                    content: Value::Null,
                    metadata: Value::Null,
                    client_message_id: None,
                };
                write_message(writing, id, words).map(drop)
            },
        );
        passed_over(said.await)?;
    }
    if let Some((skill, agent)) = commands.transfer {
        let kept = conversation_of(app, &desk.account, id).await?;
        let by = kept.and_then(|kept| assignee(&kept.record).cloned());
        let command = Command::Transfer(command::Transfer {
            conversation: id.clone(),
            agent,
            skill,
            fallback: None,
            by,
            offer: OfferId::mint(&app.ids),
        });
        let transferred = once(app, desk, &caller, "transfer", id, command, |_| Ok(()));
        passed_over(transferred.await)?;
    }
    if commands.is_close {
        let close = Close {
            by: Some(CloseReason::System),
            reason: Some("FUNCTION".to_owned()),
        };
        // What is closed is not closed again.
        passed_over(conversations::close(&caller, app, id, close).await)?;
    }
    Ok(())
}

/// Does something in a conversation, unless it was done before for the same event: that it was is
/// written with it.
async fn once(
    app: &Arc<App>,
    desk: &Arc<AccountDesk>,
    caller: &Caller,
    word: &str,
    id: &ConversationId,
    command: Command,
    mut write: impl FnMut(&mut Writing<'_>) -> Result<()> + Send,
) -> Result<()> {
    let caller = Caller {
        idempotency_key: Some(format!("{}/{word}", caller.request_id)),
        ..caller.clone()
    };
    let creation = Creation::new(&caller, word, id)?;
    if creation.earlier(&caller, app).await?.is_some() {
        return Ok(());
    }
    let done = desk.step_or_amend(app, id, command, |writing| {
        write(writing)?;
        if let Some(made) = creation.made(id.as_str(), writing.now) {
            let account = writing.account();
            writing.batch.put_record(account, &made, Expect::Absent)?;
        }
        Ok(())
    });
    done.await.map(drop)
}

/// What the conversation no longer lets happen, or never did, is not tried again.
fn passed_over<T>(done: Result<T>) -> Result<()> {
    match done {
        Err(error)
            if matches!(
                error.kind(),
                Kind::Conflict | Kind::NotFound | Kind::Invalid | Kind::Forbidden
            ) =>
        {
            tracing::info!(%error, "a command of a function was not carried out");
            Ok(())
        }
        done => done.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_command_of_each_type_counts() {
        let answers = [
            Value::Null,
            json!("text"),
            json!([{"type": "systemMessage", "text": "Hi"}, {"type": "systemMessage", "text": "Ho"}]),
            json!({"type": "transfer", "agentId": "ada"}),
            json!({"type": "transfer", "skillId": "late"}),
            json!({"type": "closeConversation"}),
            json!({"type": "nothing"}),
        ];
        let commands = read(answers.into_iter());
        assert_eq!(commands.message, Message::Text("Hi".to_owned()));
        let ada = AgentId::parse("ada").unwrap();
        assert_eq!(commands.transfer, Some((None, Some(ada))));
        assert!(commands.is_close);
    }

    #[test]
    fn an_empty_text_takes_the_place_of_the_automatic_message() {
        let automatic = || Some("We are closed.".to_owned());
        for text in [json!([]), json!(""), json!(" "), Value::Null] {
            let answers = [json!({"type": "systemMessage", "text": text})];
            let message = read(answers.into_iter()).message;
            assert_eq!(message.or(automatic()), None);
        }
        let message = read([json!({"type": "nothing"})].into_iter()).message;
        assert_eq!(message.or(automatic()), automatic());
        let said = json!({"type": "systemMessage", "text": "Soon."});
        let message = read([said].into_iter()).message;
        assert_eq!(message.or(automatic()).as_deref(), Some("Soon."));
    }
}
