//! Users: people who sign in and the agents, human or bot, among them.

use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, GroupId, SkillId, UserId};
use usher_model::role::Role;
use usher_model::time::Timestamp;

use super::Record;
use crate::collection::{Collection, kept};
use crate::store::{Field, Key};

/// Someone who signs in, or a bot.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Who; as an agent, the same id.
    pub id: UserId,
    /// What people call them.
    pub name: String,
    /// Where they are reached; signs them in. A bot needs none.
    #[serde(default)]
    pub email: Option<String>,
    /// What they may do.
    pub role: Role,
    /// The password's Argon2id hash in PHC form.
    pub password_hash: Option<String>,
    /// Whether they may sign in and work.
    pub is_enabled: bool,
    /// When they were added.
    pub created_at: Timestamp,
    /// A person or a program.
    #[serde(default)]
    pub kind: UserKind,
    /// What they are good at.
    #[serde(default)]
    pub skills: Vec<UserSkill>,
    /// How many conversations at once: -1 is unlimited, 0 none; nothing is the account's default for
    /// a human and unlimited for a bot.
    #[serde(default)]
    pub max_conversations: Option<i32>,
    /// Their group.
    #[serde(default)]
    pub group_id: Option<GroupId>,
    /// What consumers see instead of the name.
    #[serde(default)]
    pub nickname: Option<String>,
    /// What they look like.
    #[serde(default)]
    pub picture_url: Option<String>,
    /// How the bot behaves, if this server runs it.
    #[serde(default)]
    pub hosted_bot: Option<HostedBot>,
}

/// A person or a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserKind {
    /// A person.
    #[default]
    Human,
    /// A program.
    Bot,
}

/// A skill that a user has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserSkill {
    /// Which one.
    pub skill_id: SkillId,
    /// How good they are at it, from 1 to 10.
    #[serde(default = "UserSkill::standard_proficiency")]
    pub proficiency: u8,
}

impl UserSkill {
    const fn standard_proficiency() -> u8 {
        5
    }
}

/// How a bot behaves that runs inside this server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostedBot {
    /// Whether it works.
    pub is_enabled: bool,
    /// Where a conversation goes when nothing else says so, before the account's fallback.
    #[serde(default)]
    pub fallback_skill_id: Option<SkillId>,
    /// What the consumer is told then; nothing means nothing.
    #[serde(default)]
    pub fallback_message: Option<String>,
    /// Whether it decides only once the consumer has written.
    #[serde(default)]
    pub waits_for_first_message: bool,
}

impl Record for User {
    const COLLECTION: &'static Collection = &kept::USERS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.as_str()])
    }

    fn fields(&self) -> Vec<Field> {
        let email = self.email.as_deref().map(str::to_lowercase);
        vec![email.map_or(Field::Null, Field::Text)]
    }
}

/// A group of agents.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentGroup {
    /// Which one.
    pub id: GroupId,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Record for AgentGroup {
    const COLLECTION: &'static Collection = &kept::AGENT_GROUPS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.as_str()])
    }

    fn fields(&self) -> Vec<Field> {
        vec![Field::Text(self.name.to_lowercase())]
    }
}
