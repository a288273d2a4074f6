//! Commands of agents: functions that whoever has a conversation calls by their name.

use std::sync::Arc;

use serde_json::json;
use usher_model::id::ConversationId;
use usher_model::limits;
use usher_model::value::Value;

use super::invoke::{Input, latest, run};
use super::registry;
use crate::App;
use crate::caller::{Caller, Permission};
use crate::conversations;
use crate::error::{Code, Error, Result};

/// The event to which commands listen.
const EVENT: &str = "conversational_command";

/// A command that agents may give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
}

/// Returns the commands that agents may give, in the order of their names.
///
/// # Errors
/// Fails if the caller may not see agents.
pub async fn commands(caller: &Caller, app: &App) -> Result<Vec<Command>> {
    caller.require(Permission::AgentsRead)?;
    let registry = registry::current(app, &caller.account).await?;
    let mut commands: Vec<Command> = registry
        .listeners(EVENT, None)
        .map(|entry| Command {
            name: entry.name.clone(),
            description: entry.description.clone(),
        })
        .collect();
    commands.sort_by_key(|command| command.name.to_lowercase());
    Ok(commands)
}

/// Gives a command in a conversation and returns what the agent is to see, if it says anything: it
/// is kept nowhere, and the consumer sees nothing of it.
///
/// # Errors
/// Fails if the caller neither has the conversation nor may supervise, there is no such command, there
/// are too many arguments, or the function failed: the code says how.
pub async fn command(
    caller: &Caller,
    app: &Arc<App>,
    conversation: &ConversationId,
    name: &str,
    arguments: Vec<String>,
) -> Result<Option<String>> {
    caller.require(Permission::ConversationsWrite)?;
    let kept = conversations::find(caller, app, conversation).await?;
    conversations::require_holder(caller, &kept.record)?;
    let most = limits::COMMAND_ARGUMENTS_MAX;
    if arguments.len() > most {
        let message = format!("expected at most {most} arguments");
        return Err(Error::field("#/arguments", message));
    }
    let registry = registry::current(app, &caller.account).await?;
    let wanted = name.to_lowercase();
    let mut commands = registry.listeners(EVENT, None);
    let entry = commands
        .find(|entry| entry.name.to_lowercase() == wanted)
        .ok_or_else(|| {
            let message = format!("no command is called `{name}`");
            Error::new(Code::FunctionNotFound, message)
        })?;
    let input = Input {
        request_id: caller.request_id,
        timestamp: app.now(),
        headers: Vec::new(),
        payload: json!({"conversationId": conversation, "arguments": arguments}),
    };
    let answer = run(app, &caller.account, entry, &input, latest(), 0).await?;
    Ok(match answer.result {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        // Anything else says no more than that it was done.
        _ => None,
    })
}
