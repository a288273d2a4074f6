//! Commands of agents.

use serde::{Deserialize, Serialize};
use usher_app::functions;
use utoipa::ToSchema;

/// A command that agents may give.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
}

impl From<functions::Command> for Command {
    fn from(command: functions::Command) -> Self {
        let functions::Command { name, description } = command;
        Self { name, description }
    }
}

/// A command that an agent gives.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "order", "arguments": ["4711"]}))]
pub struct GivenCommand {
    /// What it is called, ignoring case.
    pub name: String,
    /// What it is given: at most 20 texts.
    #[serde(default)]
    pub arguments: Vec<String>,
}

/// What came of a command.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandAnswer {
    /// What the agent is to see; nothing but that it was done, if it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
