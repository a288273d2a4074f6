//! What functions answer an event with: commands, at most one of each type.

use std::sync::Arc;

use usher_model::id::{AccountId, AgentId, ConversationId, RequestId, SkillId};
use usher_model::limits;
use usher_model::role::Role;
use usher_model::value::Value;
use usher_routing::command::Command as Step;
use usher_store::record::conversation::CloseReason;
use usher_store::record::event::{Audience, SenderRole};

use crate::App;
use crate::caller::Caller;
use crate::conversations::{self, Close, Transfer, Words, write_message};
use crate::desks::Desks;
use crate::error::{Kind, Result};

/// What a function wants done.
#[derive(Debug, Default, PartialEq, Eq)]
struct Commands {
    message: Option<String>,
    transfer: Option<(Option<SkillId>, Option<AgentId>)>,
    is_close: bool,
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
            Some("systemMessage") if commands.message.is_none() => {
                let text = field("text").unwrap_or_default();
                commands.message = Some(text.chars().take(limits::MESSAGE_CHARS_MAX).collect());
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
    // An empty text is no message.
    commands.message = commands.message.filter(|text| !text.trim().is_empty());
    commands
}

/// Does what functions have answered, as far as the conversation still lets it.
///
/// # Errors
/// Fails if the store cannot be read or written.
pub(super) async fn carry_out(
    app: &Arc<App>,
    account: &AccountId,
    id: &ConversationId,
    request_id: RequestId,
    answers: impl Iterator<Item = Value>,
) -> Result<()> {
    let commands = read(answers);
    let caller = Caller {
        account: account.clone(),
        role: Role::Manager,
        actor: "usher/functions".to_owned(),
        agent: None,
        consumer: None,
        is_identified: false,
        request_id,
        idempotency_key: None,
    };
    if let Some(text) = commands.message {
        let desk = Desks::of(app, account).await?;
        let step = Step::Amend {
            conversation: id.clone(),
        };
        let said = desk.step_or_amend(app, id, step, |writing| {
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
        });
        passed_over(said.await)?;
    }
    if let Some((skill_id, agent_id)) = commands.transfer {
        let transfer = Transfer {
            agent_id,
            skill_id,
            ..Transfer::default()
        };
        passed_over(conversations::transfer(&caller, app, id, transfer).await)?;
    }
    if commands.is_close {
        let close = Close {
            by: Some(CloseReason::System),
            reason: Some("FUNCTION".to_owned()),
        };
        passed_over(conversations::close(&caller, app, id, close).await)?;
    }
    Ok(())
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
        assert_eq!(commands.message.as_deref(), Some("Hi"));
        let ada = AgentId::parse("ada").unwrap();
        assert_eq!(commands.transfer, Some((None, Some(ada))));
        assert!(commands.is_close);
    }

    #[test]
    fn an_empty_text_says_nothing() {
        let answers = [json!({"type": "systemMessage", "text": []})];
        assert_eq!(read(answers.into_iter()), Commands::default());
    }
}
