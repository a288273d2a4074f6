//! Skills.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use usher_app::skills;
use usher_app::skills::minute_of_day;
use usher_model::id::SkillId;
use usher_model::time::Timestamp;
use utoipa::ToSchema;

/// What a skill is to be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"id": "1001", "name": "Orders"}))]
pub struct WrittenSkill {
    /// Its id, when it is made; without one it is minted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub id: Option<SkillId>,
    /// Its name, unique ignoring case: 1 to 200 characters.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether conversations may be transferred to it and handed out: yes unless given.
    #[serde(default = "yes")]
    #[schema(required = false)]
    pub is_enabled: bool,
    /// How its conversations are handed out; what is left out is the account's setting.
    #[serde(default)]
    #[schema(required = false)]
    pub routing: SkillRouting,
    /// When people work; always unless given.
    #[serde(default)]
    pub hours: Option<Hours>,
    /// What the consumer is asked afterwards.
    #[serde(default)]
    pub survey: Option<Survey>,
    /// Whether consumers who come back may be offered to the agent they had: yes unless given.
    #[serde(default = "yes")]
    #[schema(required = false)]
    pub is_last_agent_enabled: bool,
    /// How long a conversation should wait at most.
    #[serde(default)]
    pub max_wait_seconds: Option<u32>,
    /// Where a conversation goes that has waited for longer.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub fallback_skill_id: Option<SkillId>,
}

const fn yes() -> bool {
    true
}

/// What connects conversations to agents.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Skill {
    /// What it was set to be.
    #[serde(flatten)]
    pub is: WrittenSkill,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<skills::Skill> for Skill {
    fn from(skill: skills::Skill) -> Self {
        Self {
            created_at: skill.created_at,
            is: WrittenSkill {
                id: Some(skill.id),
                name: skill.name,
                description: skill.description,
                is_enabled: skill.is_enabled,
                routing: skill.routing.into(),
                hours: skill.hours.map(Into::into),
                survey: skill.survey.map(Into::into),
                is_last_agent_enabled: skill.is_last_agent_enabled,
                max_wait_seconds: skill.max_wait_seconds,
                fallback_skill_id: skill.fallback_skill_id,
            },
        }
    }
}

impl From<WrittenSkill> for skills::Written {
    fn from(skill: WrittenSkill) -> Self {
        Self {
            name: skill.name,
            description: skill.description,
            is_enabled: skill.is_enabled,
            routing: skill.routing.into(),
            hours: skill.hours.map(Into::into),
            survey: skill.survey.map(Into::into),
            is_last_agent_enabled: skill.is_last_agent_enabled,
            max_wait_seconds: skill.max_wait_seconds,
            fallback_skill_id: skill.fallback_skill_id,
        }
    }
}

/// How the conversations of a skill are handed out; what is left out is the account's setting.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
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
    pub response_seconds: Option<u32>,
    /// How soon, if the consumer says that it is urgent.
    pub urgent_response_seconds: Option<u32>,
    /// The least proficiency, before any relaxation: from 1 to 10.
    pub proficiency_min: Option<u8>,
    /// Who becomes a candidate too after some wait, the shortest wait first.
    pub relaxations: Vec<Relaxation>,
}

impl From<skills::SkillRouting> for SkillRouting {
    fn from(routing: skills::SkillRouting) -> Self {
        Self {
            ring_seconds: routing.ring_seconds,
            is_auto_accepted: routing.is_auto_accepted,
            weights: routing.weights.map(Into::into),
            answer_within_seconds: routing.answer_within_seconds,
            response_seconds: routing.response_seconds,
            urgent_response_seconds: routing.urgent_response_seconds,
            proficiency_min: routing.proficiency_min,
            relaxations: routing.relaxations.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<SkillRouting> for skills::SkillRouting {
    fn from(routing: SkillRouting) -> Self {
        Self {
            ring_seconds: routing.ring_seconds,
            is_auto_accepted: routing.is_auto_accepted,
            weights: routing.weights.map(Into::into),
            answer_within_seconds: routing.answer_within_seconds,
            response_seconds: routing.response_seconds,
            urgent_response_seconds: routing.urgent_response_seconds,
            proficiency_min: routing.proficiency_min,
            relaxations: routing.relaxations.into_iter().map(Into::into).collect(),
        }
    }
}

/// What a conversation counts of an agent's capacity.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Weights {
    /// While the agent has to act: 100 to 1,000 thousandths of a place.
    pub active_per_mille: u32,
    /// While the consumer has had to act for a while.
    pub inactive_per_mille: u32,
    /// How long that while is.
    pub inactive_after_seconds: u32,
}

impl From<skills::Weights> for Weights {
    fn from(weights: skills::Weights) -> Self {
        Self {
            active_per_mille: weights.active_per_mille,
            inactive_per_mille: weights.inactive_per_mille,
            inactive_after_seconds: weights.inactive_after_seconds,
        }
    }
}

impl From<Weights> for skills::Weights {
    fn from(weights: Weights) -> Self {
        Self {
            active_per_mille: weights.active_per_mille,
            inactive_per_mille: weights.inactive_per_mille,
            inactive_after_seconds: weights.inactive_after_seconds,
        }
    }
}

/// Who becomes a candidate too, and when.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Relaxation {
    /// After which wait.
    pub after_seconds: u32,
    /// Agents of which skill; the conversation's own unless given.
    #[schema(value_type = Option<String>)]
    pub skill_id: Option<SkillId>,
    /// With at least which proficiency in it: from 1 to 10.
    pub proficiency_min: Option<u8>,
}

impl From<skills::Relaxation> for Relaxation {
    fn from(relaxation: skills::Relaxation) -> Self {
        Self {
            after_seconds: relaxation.after_seconds,
            skill_id: relaxation.skill_id,
            proficiency_min: relaxation.proficiency_min,
        }
    }
}

impl From<Relaxation> for skills::Relaxation {
    fn from(relaxation: Relaxation) -> Self {
        Self {
            after_seconds: relaxation.after_seconds,
            skill_id: relaxation.skill_id,
            proficiency_min: relaxation.proficiency_min,
        }
    }
}

/// A time of the day on a 24-hour clock: `09:30`; `24:00` is the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay(u16);

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:02}:{:02}", self.0 / 60, self.0 % 60))
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let expected = || format!("expected a time such as `09:30`, found `{text}`");
        minute_of_day(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom(expected()))
    }
}

/// When people work.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"zone": "Europe/Berlin",
    "week": [{"day": "MONDAY", "opens": "09:00", "closes": "17:00"}],
    "exceptions": [{"date": "2026-12-25", "openings": []}]}))]
pub struct Hours {
    /// Whose clock, as an IANA zone.
    pub zone: String,
    /// The usual week.
    #[serde(default)]
    pub week: Vec<WeekOpening>,
    /// The days that are otherwise.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// What happens to a conversation outside of these hours: it waits unless given.
    #[serde(default)]
    #[schema(required = false)]
    pub outside: OutsideHours,
}

/// A stretch of every week; one that closes no later than it opens closes on the day after.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WeekOpening {
    /// On which day it opens.
    pub day: Weekday,
    /// When.
    #[schema(value_type = String)]
    pub opens: TimeOfDay,
    /// When it closes.
    #[schema(value_type = String)]
    pub closes: TimeOfDay,
}

/// A day that is not as its day of the week.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exception {
    /// Which day: `2026-12-24`.
    pub date: String,
    /// When people work on it; none of them means not at all.
    pub openings: Vec<Opening>,
}

/// A stretch of a day; one that closes no later than it opens closes on the day after.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Opening {
    /// When it opens.
    #[schema(value_type = String)]
    pub opens: TimeOfDay,
    /// When it closes.
    #[schema(value_type = String)]
    pub closes: TimeOfDay,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
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
        #[serde(rename = "skillId")]
        #[schema(value_type = String)]
        skill_id: SkillId,
    },
    /// The consumer is told, and it ends.
    Close {
        /// What the consumer is told.
        message: String,
    },
}

impl From<skills::Hours> for Hours {
    fn from(hours: skills::Hours) -> Self {
        let openings = |spans: Vec<skills::DaySpan>| spans.into_iter().map(Into::into).collect();
        Self {
            zone: hours.zone,
            week: hours
                .week
                .into_iter()
                .map(|opening| WeekOpening {
                    day: opening.day.into(),
                    opens: TimeOfDay(opening.span.from_minute),
                    closes: TimeOfDay(opening.span.to_minute),
                })
                .collect(),
            exceptions: hours
                .exceptions
                .into_iter()
                .map(|exception| Exception {
                    date: exception.date,
                    openings: openings(exception.spans),
                })
                .collect(),
            outside: match hours.outside {
                skills::OutsideHours::Queue => OutsideHours::Queue,
                skills::OutsideHours::Transfer { skill_id } => OutsideHours::Transfer { skill_id },
                skills::OutsideHours::Close { message } => OutsideHours::Close { message },
            },
        }
    }
}

impl From<Hours> for skills::Hours {
    fn from(hours: Hours) -> Self {
        let spans = |openings: Vec<Opening>| openings.into_iter().map(Into::into).collect();
        Self {
            zone: hours.zone,
            week: hours
                .week
                .into_iter()
                .map(|opening| skills::WeekSpan {
                    day: opening.day.into(),
                    span: skills::DaySpan {
                        from_minute: opening.opens.0,
                        to_minute: opening.closes.0,
                    },
                })
                .collect(),
            exceptions: hours
                .exceptions
                .into_iter()
                .map(|exception| skills::DayException {
                    date: exception.date,
                    spans: spans(exception.openings),
                })
                .collect(),
            outside: match hours.outside {
                OutsideHours::Queue => skills::OutsideHours::Queue,
                OutsideHours::Transfer { skill_id } => skills::OutsideHours::Transfer { skill_id },
                OutsideHours::Close { message } => skills::OutsideHours::Close { message },
            },
        }
    }
}

impl From<skills::DaySpan> for Opening {
    fn from(span: skills::DaySpan) -> Self {
        Self {
            opens: TimeOfDay(span.from_minute),
            closes: TimeOfDay(span.to_minute),
        }
    }
}

impl From<Opening> for skills::DaySpan {
    fn from(opening: Opening) -> Self {
        Self {
            from_minute: opening.opens.0,
            to_minute: opening.closes.0,
        }
    }
}

macro_rules! weekdays {
    ($($day:ident)*) => {
        impl From<skills::Weekday> for Weekday {
            fn from(day: skills::Weekday) -> Self {
                match day { $(skills::Weekday::$day => Self::$day,)* }
            }
        }

        impl From<Weekday> for skills::Weekday {
            fn from(day: Weekday) -> Self {
                match day { $(Weekday::$day => Self::$day,)* }
            }
        }
    };
}

weekdays! { Monday Tuesday Wednesday Thursday Friday Saturday Sunday }

/// What the consumer is asked after a conversation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Survey {
    /// The question, answered by a number from 1 to 5.
    pub question: String,
    /// What is said after the answer.
    #[serde(default)]
    pub thanks: Option<String>,
    /// How long the consumer may take.
    pub timeout_seconds: u32,
}

impl From<skills::Survey> for Survey {
    fn from(survey: skills::Survey) -> Self {
        Self {
            question: survey.question,
            thanks: survey.thanks,
            timeout_seconds: survey.timeout_seconds,
        }
    }
}

impl From<Survey> for skills::Survey {
    fn from(survey: Survey) -> Self {
        Self {
            question: survey.question,
            thanks: survey.thanks,
            timeout_seconds: survey.timeout_seconds,
        }
    }
}
