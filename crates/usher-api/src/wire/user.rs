//! Users, and the groups of the agents among them.

use serde::{Deserialize, Serialize};
use usher_app::{groups, users};
use usher_model::id::{GroupId, SkillId, UserId};
use usher_model::role::Role;
use usher_model::time::Timestamp;
use utoipa::ToSchema;

/// What a user is to be.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Ada", "email": "ada@example.com", "maxConversations": 4}))]
pub struct WrittenUser {
    /// Their id, when they are added; without one it is minted. As an agent they have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub id: Option<UserId>,
    /// Their name: 1 to 200 characters.
    pub name: String,
    /// Their address, unique ignoring case; who has none cannot sign in.
    #[serde(default)]
    pub email: Option<String>,
    /// What they may do: a human is `agent` and a bot is `bot` unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub role: Option<Role>,
    /// Their password, which is never shown: 12 to 1,024 characters. Without it the one that is
    /// there stays.
    #[serde(default, skip_serializing)]
    pub password: Option<String>,
    /// Whether they may sign in and work: yes unless given.
    #[serde(default = "yes")]
    #[schema(required = false)]
    pub is_enabled: bool,
    /// A person or a program; it cannot be changed.
    #[serde(default)]
    #[schema(required = false)]
    pub kind: UserKind,
    /// What they are good at.
    #[serde(default)]
    pub skills: Vec<UserSkill>,
    /// How many conversations at once: -1 is unlimited, 0 none; null is the account's default for a
    /// human and unlimited for a bot.
    #[serde(default)]
    pub max_conversations: Option<i32>,
    /// Their group.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub group_id: Option<GroupId>,
    /// What consumers see instead of the name.
    #[serde(default)]
    pub nickname: Option<String>,
    /// What they look like: an https link.
    #[serde(default)]
    pub picture_url: Option<String>,
    /// How the bot behaves, if this server runs it.
    #[serde(default)]
    pub hosted_bot: Option<HostedBot>,
}

impl std::fmt::Debug for WrittenUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WrittenUser")
            .field("kind", &self.kind)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

const fn yes() -> bool {
    true
}

/// A person or a program.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserKind {
    /// A person.
    #[default]
    Human,
    /// A program.
    Bot,
}

/// A skill that a user has.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserSkill {
    /// Which one.
    #[schema(value_type = String)]
    pub skill_id: SkillId,
    /// How good they are at it, from 1 to 10: 5 unless given.
    #[serde(default = "standard_proficiency")]
    #[schema(required = false)]
    pub proficiency: u8,
}

const fn standard_proficiency() -> u8 {
    5
}

/// How a bot behaves that runs inside this server.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostedBot {
    /// Whether it works: yes unless given.
    #[serde(default = "yes")]
    #[schema(required = false)]
    pub is_enabled: bool,
    /// Where a conversation goes when nothing else says so, before the account's fallback.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub fallback_skill_id: Option<SkillId>,
    /// What the consumer is told then; without it, nothing.
    #[serde(default)]
    pub fallback_message: Option<String>,
    /// Whether it decides only once the consumer has written.
    #[serde(default)]
    pub waits_for_first_message: bool,
}

/// Someone who signs in, or a bot.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// What they were set to be.
    #[serde(flatten)]
    pub is: WrittenUser,
    /// When they were added.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<users::User> for User {
    fn from(user: users::User) -> Self {
        let users::User {
            id, is, created_at, ..
        } = user;
        Self {
            created_at,
            is: WrittenUser {
                id: Some(id),
                name: is.name,
                email: is.email,
                role: is.role,
                password: None,
                is_enabled: is.is_enabled,
                kind: match is.kind {
                    users::UserKind::Human => UserKind::Human,
                    users::UserKind::Bot => UserKind::Bot,
                },
                skills: is
                    .skills
                    .into_iter()
                    .map(|skill| UserSkill {
                        skill_id: skill.skill_id,
                        proficiency: skill.proficiency,
                    })
                    .collect(),
                max_conversations: is.max_conversations,
                group_id: is.group_id,
                nickname: is.nickname,
                picture_url: is.picture_url,
                hosted_bot: is.hosted_bot.map(|bot| HostedBot {
                    is_enabled: bot.is_enabled,
                    fallback_skill_id: bot.fallback_skill_id,
                    fallback_message: bot.fallback_message,
                    waits_for_first_message: bot.waits_for_first_message,
                }),
            },
        }
    }
}

impl From<WrittenUser> for users::Written {
    fn from(user: WrittenUser) -> Self {
        Self {
            name: user.name,
            email: user.email,
            role: user.role,
            password: user.password,
            is_enabled: user.is_enabled,
            kind: match user.kind {
                UserKind::Human => users::UserKind::Human,
                UserKind::Bot => users::UserKind::Bot,
            },
            skills: user
                .skills
                .into_iter()
                .map(|skill| users::UserSkill {
                    skill_id: skill.skill_id,
                    proficiency: skill.proficiency,
                })
                .collect(),
            max_conversations: user.max_conversations,
            group_id: user.group_id,
            nickname: user.nickname,
            picture_url: user.picture_url,
            hosted_bot: user.hosted_bot.map(|bot| users::HostedBot {
                is_enabled: bot.is_enabled,
                fallback_skill_id: bot.fallback_skill_id,
                fallback_message: bot.fallback_message,
                waits_for_first_message: bot.waits_for_first_message,
            }),
        }
    }
}

/// What a group of agents is to be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"id": "night-shift", "name": "Night shift"}))]
pub struct WrittenGroup {
    /// Its id, when it is made; without one it is minted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub id: Option<GroupId>,
    /// Its name, unique ignoring case: 1 to 200 characters.
    pub name: String,
}

/// A group of agents.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// What it was set to be.
    #[serde(flatten)]
    pub is: WrittenGroup,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<groups::AgentGroup> for Group {
    fn from(group: groups::AgentGroup) -> Self {
        Self {
            created_at: group.created_at,
            is: WrittenGroup {
                id: Some(group.id),
                name: group.name,
            },
        }
    }
}
