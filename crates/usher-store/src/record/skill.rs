//! Skills and the engagements that lead to them.

use serde::{Deserialize, Serialize};
use usher_model::id::{AccountId, EngagementId, SkillId};
use usher_model::time::Timestamp;

use super::Record;
use crate::collection::{Collection, kept};
use crate::store::{Field, Key};

/// A skill.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Skill {
    /// Which one.
    pub id: SkillId,
    /// What people call it.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether conversations may be transferred to it and handed out.
    #[serde(default = "yes")]
    pub is_enabled: bool,
    /// How its conversations are handed out.
    #[serde(default)]
    pub routing: SkillRouting,
    /// When people work; nothing is always.
    #[serde(default)]
    pub hours: Option<Hours>,
    /// What the consumer is asked afterwards.
    #[serde(default)]
    pub survey: Option<Survey>,
    /// Whether consumers who come back may be offered to the agent they had.
    #[serde(default = "yes")]
    pub is_last_agent_enabled: bool,
    /// How long a conversation should wait at most.
    #[serde(default)]
    pub max_wait_seconds: Option<u32>,
    /// Where a conversation goes that has waited for longer.
    #[serde(default)]
    pub fallback_skill_id: Option<SkillId>,
}

impl Skill {
    /// Returns a skill of which nothing else is said.
    #[must_use]
    pub fn new(id: SkillId, name: String, created_at: Timestamp) -> Self {
        Self {
            id,
            name,
            description: String::new(),
            created_at,
            is_enabled: true,
            routing: SkillRouting::default(),
            hours: None,
            survey: None,
            is_last_agent_enabled: true,
            max_wait_seconds: None,
            fallback_skill_id: None,
        }
    }
}

const fn yes() -> bool {
    true
}

/// How the conversations of a skill are handed out; what is left out is the account's setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SkillRouting {
    /// How long an offer rings.
    pub ring_seconds: Option<u32>,
    /// Whether a conversation is assigned without being offered.
    pub is_auto_accepted: Option<bool>,
    /// What a conversation counts.
    pub weights: Option<Weights>,
    /// After which time without an answer a conversation is taken back from its agent.
    pub answer_within_seconds: Option<u32>,
    /// How soon an agent is to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_seconds: Option<u32>,
    /// How soon, if it is urgent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgent_response_seconds: Option<u32>,
    /// The least proficiency, before any relaxation: from 1 to 10.
    pub proficiency_min: Option<u8>,
    /// Who becomes a candidate too after some wait, the shortest wait first.
    pub relaxations: Vec<Relaxation>,
}

/// What a conversation counts of an agent's capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Weights {
    /// While the agent has to act; 1,000 is a whole place.
    pub active_per_mille: u32,
    /// While the consumer has had to act for a while.
    pub inactive_per_mille: u32,
    /// How long that while is.
    pub inactive_after_seconds: u32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            active_per_mille: 1_000,
            inactive_per_mille: 100,
            inactive_after_seconds: 4 * 60,
        }
    }
}

/// Who becomes a candidate too, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relaxation {
    /// After which wait.
    pub after_seconds: u32,
    /// Agents of which skill; nothing is the conversation's own.
    #[serde(default)]
    pub skill_id: Option<SkillId>,
    /// With at least which proficiency in it.
    #[serde(default)]
    pub proficiency_min: Option<u8>,
}

/// When people work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hours {
    /// Whose clock: `Europe/Berlin`.
    pub zone: String,
    /// The usual week.
    pub week: Vec<WeekSpan>,
    /// The days that are otherwise.
    #[serde(default)]
    pub exceptions: Vec<DayException>,
    /// What happens to a conversation outside of these hours.
    #[serde(default)]
    pub outside: OutsideHours,
}

/// A part of every week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WeekSpan {
    /// On which day it begins.
    pub day: Weekday,
    /// When.
    #[serde(flatten)]
    pub span: DaySpan,
}

/// A part of a day; one that ends no later than it begins ends on the day after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DaySpan {
    /// Minutes after midnight.
    pub from_minute: u16,
    /// The first minute that is too late.
    pub to_minute: u16,
}

/// A day that is not as its day of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DayException {
    /// Which day: `2026-12-24`.
    pub date: String,
    /// When people work on it; nothing is not at all.
    pub spans: Vec<DaySpan>,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the days are known")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// What happens to a conversation outside of business hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "behavior",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub enum OutsideHours {
    /// It waits.
    #[default]
    Queue,
    /// It goes to another skill.
    Transfer {
        /// Which one.
        skill_id: SkillId,
    },
    /// The consumer is told, and it ends.
    Close {
        /// What the consumer is told.
        message: String,
    },
}

/// What the consumer is asked after a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Survey {
    /// The question, answered by a number from 1 to 5.
    pub question: String,
    /// What is said after the answer.
    #[serde(default)]
    pub thanks: Option<String>,
    /// How long the consumer may take.
    pub timeout_seconds: u32,
}

impl Record for Skill {
    const COLLECTION: &'static Collection = &kept::SKILLS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.as_str()])
    }

    fn fields(&self) -> Vec<Field> {
        vec![Field::Text(self.name.to_lowercase())]
    }
}

/// A place on a site or in an app where conversations begin.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Engagement {
    /// Which one.
    pub id: EngagementId,
    /// What people call it.
    pub name: String,
    /// In which skill its conversations start; nothing leaves that to the channel and the account.
    #[serde(default)]
    pub skill_id: Option<SkillId>,
    /// The campaign it belongs to, in the account's words.
    #[serde(default)]
    pub campaign: Option<String>,
    /// Whether conversations may begin there.
    pub is_enabled: bool,
    /// How the messenger looks that is opened there.
    #[serde(default)]
    pub messenger: Messenger,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How a messenger looks; what is left out is the messenger's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Messenger {
    /// What stands above the conversation.
    pub title: Option<String>,
    /// What is said before anybody has written.
    pub greeting: Option<String>,
    /// The brand's colour: `#` and six hexadecimal digits.
    pub color: Option<String>,
}

impl Record for Engagement {
    const COLLECTION: &'static Collection = &kept::ENGAGEMENTS;

    fn key(&self, account: &AccountId) -> Key {
        Key::new(account, [self.id.as_str()])
    }

    fn fields(&self) -> Vec<Field> {
        vec![Field::Text(self.name.to_lowercase())]
    }
}
