//! What the agent who accepts a conversation is told about the consumer's previous one.
//!
//! It depends only on the record and on who accepts, not on the way the conversation took. The text
//! names no consumer.

use std::fmt;
use std::time::Duration;

use usher_model::id::{AgentId, SkillId};
use usher_model::time::Timestamp;

use super::{Intent, Record, Settings};

/// Characters of a name that are shown.
const NAME_CHARS_MAX: usize = 100;

/// A human agent who was just assigned.
#[derive(Clone, Copy, Debug)]
pub struct Accepted<'a> {
    /// Who it is.
    pub agent: &'a AgentId,
    /// The conversation's skill.
    pub skill: Option<&'a SkillId>,
    /// The id of the conversation's intent.
    pub intent: Option<&'a str>,
    /// When the conversation started.
    pub started_at: Timestamp,
    /// When the agent was assigned.
    pub at: Timestamp,
}

/// What the previous conversation is to the agent who has the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// It was theirs, however long ago.
    SameAgent,
    /// It was a colleague's, in the same skill, and closed within the time frame before this one
    /// started.
    SameSkill,
    /// Neither: worth no notice.
    Other,
}

/// Returns what the previous conversation is to the agent.
#[must_use]
pub fn contact(record: &Record, accepted: &Accepted<'_>, settings: &Settings) -> Contact {
    let Some(agent) = record.human() else {
        return Contact::Other;
    };
    let is_recent = accepted.started_at.since(record.closed_at) <= settings.time_frame;
    if agent == accepted.agent {
        Contact::SameAgent
    } else if is_same_skill(record, accepted) && is_recent {
        Contact::SameSkill
    } else {
        Contact::Other
    }
}

fn is_same_skill(record: &Record, accepted: &Accepted<'_>) -> bool {
    record.skill.is_some() && record.skill.as_ref() == accepted.skill
}

/// What the agent is told; its [`Display`](fmt::Display) is the English text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Why the agent is told.
    pub kind: NoticeKind,
    /// When the previous conversation closed.
    pub closed_at: Timestamp,
    /// How long ago that was when the agent was assigned.
    pub age: Duration,
    /// What it was about.
    pub topic: Topic,
    /// Its score, if agents may see it.
    pub mcs: Option<u8>,
}

/// Why an agent is told about a previous conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// It was their own.
    SameAgent {
        /// Whether it also had the same skill.
        is_same_skill: bool,
    },
    /// It was a colleague's in the same skill.
    SameSkill {
        /// The colleague, if agents may see who.
        agent_name: Option<String>,
    },
}

impl NoticeKind {
    /// Returns the kind's code.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::SameAgent { .. } => "SAME_AGENT",
            Self::SameSkill { .. } => "SAME_SKILL",
        }
    }
}

/// What the previous conversation was about, compared with the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// The same as this one.
    Same(String),
    /// Something else, or this one's is not known.
    Previous(String),
    /// That is not known.
    Unknown,
}

impl Topic {
    fn of(previous: Option<&Intent>, present: Option<&str>) -> Self {
        let Some(intent) = previous else {
            return Self::Unknown;
        };
        let name = shown(intent.name.as_deref().unwrap_or(&intent.id));
        if present == Some(intent.id.as_str()) {
            Self::Same(name)
        } else {
            Self::Previous(name)
        }
    }
}

/// Returns what the agent is told, if anything: at most one notice, and the agent's own conversation
/// outranks the skill.
#[must_use]
pub fn notice(record: &Record, accepted: &Accepted<'_>, settings: &Settings) -> Option<Notice> {
    let shows = settings.notice;
    let kind = match contact(record, accepted, settings) {
        Contact::SameAgent if shows.same_agent => NoticeKind::SameAgent {
            is_same_skill: is_same_skill(record, accepted),
        },
        Contact::SameSkill if shows.same_skill => NoticeKind::SameSkill {
            agent_name: record
                .agent_name
                .as_deref()
                .filter(|_| shows.shows_agent_name)
                .map(shown),
        },
        Contact::SameAgent | Contact::SameSkill | Contact::Other => return None,
    };
    Some(Notice {
        kind,
        closed_at: record.closed_at,
        age: accepted.at.since(record.closed_at),
        topic: Topic::of(record.intent.as_ref(), accepted.intent),
        mcs: record.mcs.filter(|_| shows.shows_mcs),
    })
}

/// Returns what is shown of a name: one line of bounded length.
fn shown(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_control())
        .take(NAME_CHARS_MAX)
        .collect()
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = Ago(self.age);
        match &self.kind {
            NoticeKind::SameAgent { is_same_skill } => {
                write!(f, "You talked with this customer {when}")?;
                if *is_same_skill {
                    f.write_str(", for the same skill")?;
                }
            }
            NoticeKind::SameSkill { agent_name } => {
                let who = agent_name.as_deref().unwrap_or("another agent");
                write!(
                    f,
                    "This customer talked with {who} {when}, for the same skill"
                )?;
            }
        }
        match &self.topic {
            Topic::Same(name) => write!(f, ", about the same topic ({name})")?,
            Topic::Previous(name) => write!(f, "; previous topic: {name}")?,
            Topic::Unknown => {}
        }
        f.write_str(".")?;
        match self.mcs {
            Some(mcs) => write!(f, " Score: {mcs} of 100."),
            None => Ok(()),
        }
    }
}

/// How long ago, in its largest unit: the agent's zone and locale are not known here.
struct Ago(Duration);

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.as_secs() / 60;
        let (count, unit) = match minutes {
            0 => return f.write_str("less than a minute ago"),
            1..60 => (minutes, "minute"),
            60..1_440 => (minutes / 60, "hour"),
            1_440.. => (minutes / 1_440, "day"),
        };
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{count} {unit}{plural} ago")
    }
}

#[cfg(test)]
mod tests;
