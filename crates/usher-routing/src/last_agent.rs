//! Whether a consumer who comes back is offered to the agent who had them last.
//!
//! The table of `docs/guide/last-agent.md` in its order: the first row that holds decides, so the
//! reason of a refusal is always the same one. Facts that a later row needs are asked for only when
//! the rows before it passed: nothing is read about a consumer who is not authenticated.

pub mod notice;
pub mod settings;

use usher_model::id::{AgentId, SkillId};
use usher_model::time::Timestamp;

use crate::capacity::Load;
use crate::desk::Desk;
use crate::seat::Status;

pub use settings::{MissingMcs, Settings};

/// What is kept of a consumer's previous conversation, written when it closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When its main dialog ended.
    pub closed_at: Timestamp,
    /// The skill it had last.
    pub skill: Option<SkillId>,
    /// Who was assigned when it closed.
    pub agent: Option<AgentId>,
    /// How that agent is called.
    pub agent_name: Option<String>,
    /// What that agent is.
    pub agent_type: AgentType,
    /// Its score, 0 to 100, if it has one.
    pub mcs: Option<u8>,
    /// What it was about.
    pub intent: Option<Intent>,
}

impl Record {
    /// Returns the agent, if that is a person.
    #[must_use]
    pub fn human(&self) -> Option<&AgentId> {
        self.agent
            .as_ref()
            .filter(|_| self.agent_type == AgentType::Human)
    }
}

/// What the agent of a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentType {
    /// A person.
    Human,
    /// A program.
    Bot,
    /// Usher itself.
    System,
    /// Nobody, or somebody whose account was deleted.
    None,
}

impl AgentType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Human, Self::Bot, Self::System, Self::None];

    /// Returns the type's name in the record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "HUMAN",
            Self::Bot => "BOT",
            Self::System => "SYSTEM",
            Self::None => "NONE",
        }
    }

    /// Reads the type's name in the record.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|agent_type| agent_type.as_str() == text)
    }
}

/// What a conversation was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Tells whether two are the same.
    pub id: String,
    /// How it is shown; without one, the id is.
    pub name: Option<String>,
}

/// The answer to [`Fact::Record`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// There is one.
    Found(Record),
    /// There is none, or it expired.
    Missing,
    /// It could not be read.
    Failed,
    /// It was not read in time.
    TimedOut,
}

/// The answer to [`Fact::Agent`], no older than a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// Not logged in, disabled or unknown.
    Absent,
    /// Logged in.
    Present {
        /// What the agent has set.
        status: Status,
        /// Whether the agent has the destination skill.
        is_skilled: bool,
        /// How full the agent is.
        load: Load,
    },
}

impl AgentState {
    /// Returns the state of an agent at the desk that hands the conversation out, so that this
    /// decision and the transfer that follows it do not disagree.
    #[must_use]
    pub fn of(agent: &AgentId, skill: &SkillId, desk: &Desk, now: Timestamp) -> Self {
        let now = desk.effective(now);
        let there = desk
            .seats
            .get(agent)
            .filter(|seat| seat.lease_until.is_some_and(|until| now < until));
        let profile = there
            .and_then(|seat| seat.profile.as_deref())
            .filter(|profile| profile.is_enabled);
        match (there, profile) {
            (Some(seat), Some(profile)) => Self::Present {
                status: seat.row.status,
                is_skilled: profile.skills.contains_key(skill),
                load: desk.load(seat, None, now),
            },
            _ => Self::Absent,
        }
    }
}

/// What is known when a conversation is about to go to a skill.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The account's settings.
    pub settings: &'a Settings,
    /// The instant of the decision.
    pub now: Timestamp,
    /// Whether the consumer's identity is asserted.
    pub is_authenticated: bool,
    /// Where the conversation goes otherwise.
    pub skill: &'a SkillId,
    /// The consumer's record, once it was asked for.
    pub record: Option<&'a Lookup>,
    /// The state of the record's agent, once it was asked for.
    pub agent: Option<&'a AgentState>,
}

/// A decision, or what it lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask again with this fact.
    Need(Fact),
    /// It is decided.
    Done(Decision),
}

/// What a decision lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The consumer's record.
    Record,
    /// The state of this agent.
    Agent(AgentId),
}

/// Where the conversation goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// To that agent, with the destination skill to fall back on.
    Agent(AgentId),
    /// To the destination skill, where that agent may still be picked like any other.
    Skill(Reason),
}

impl Decision {
    /// Returns the reason code of logs and explanations.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Agent(_) => "LAST_AGENT",
            Self::Skill(reason) => reason.as_str(),
        }
    }
}

/// Why it is not the last agent, in the order in which the tests are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The feature is off, in all or for the destination skill.
    Disabled,
    /// The consumer's identity is not asserted.
    Unauthenticated,
    /// The record could not be read.
    LookupError,
    /// The record was not read in time.
    LookupTimeout,
    /// There is no record, or it expired.
    NoRecord,
    /// The previous conversation closed too long ago.
    OutsideTimeFrame,
    /// The previous conversation closed with no human agent.
    NoHumanAgent,
    /// The previous conversation has no score.
    McsMissing,
    /// The score of the previous conversation is not above the threshold.
    McsNotAboveThreshold,
    /// The agent is not logged in.
    AgentOffline,
    /// The agent's status is none of those that count as available.
    AgentNotOnline,
    /// The agent does not have the destination skill.
    AgentNotSkilled,
    /// The agent's load is 100 % or more.
    AgentAtCapacity,
}

impl Reason {
    /// Returns the reason code of logs and explanations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::LookupError => "LOOKUP_ERROR",
            Self::LookupTimeout => "LOOKUP_TIMEOUT",
            Self::NoRecord => "NO_RECORD",
            Self::OutsideTimeFrame => "OUTSIDE_TIME_FRAME",
            Self::NoHumanAgent => "NO_HUMAN_AGENT",
            Self::McsMissing => "MCS_MISSING",
            Self::McsNotAboveThreshold => "MCS_NOT_ABOVE_THRESHOLD",
            Self::AgentOffline => "AGENT_OFFLINE",
            Self::AgentNotOnline => "AGENT_NOT_ONLINE",
            Self::AgentNotSkilled => "AGENT_NOT_SKILLED",
            Self::AgentAtCapacity => "AGENT_AT_CAPACITY",
        }
    }
}

/// Decides, or names the fact that is needed next.
///
/// A record from the future, which clocks that differ can make, counts as new.
#[must_use]
pub fn step(case: &Case<'_>) -> Step {
    match last_agent(case) {
        Ok(agent) => Step::Done(Decision::Agent(agent.clone())),
        Err(step) => step,
    }
}

/// The table: goes on only while the agent may still be the one.
fn last_agent<'a>(case: &Case<'a>) -> Result<&'a AgentId, Step> {
    let settings = case.settings;
    require(settings.is_on_for(case.skill), Reason::Disabled)?;
    require(case.is_authenticated, Reason::Unauthenticated)?;
    let record = match case.record.ok_or(Step::Need(Fact::Record))? {
        Lookup::Found(record) => record,
        Lookup::Missing => return Err(refuse(Reason::NoRecord)),
        Lookup::Failed => return Err(refuse(Reason::LookupError)),
        Lookup::TimedOut => return Err(refuse(Reason::LookupTimeout)),
    };
    let age = case.now.since(record.closed_at);
    require(age <= settings.time_frame, Reason::OutsideTimeFrame)?;
    let agent = record.human().ok_or_else(|| refuse(Reason::NoHumanAgent))?;
    match record.mcs {
        Some(mcs) => require(mcs > settings.mcs_threshold, Reason::McsNotAboveThreshold)?,
        None => require(
            settings.mcs_missing == MissingMcs::Agent,
            Reason::McsMissing,
        )?,
    }
    match case
        .agent
        .ok_or_else(|| Step::Need(Fact::Agent(agent.clone())))?
    {
        AgentState::Absent
        | AgentState::Present {
            status: Status::Offline,
            ..
        } => Err(refuse(Reason::AgentOffline)),
        AgentState::Present {
            status,
            is_skilled,
            load,
        } => {
            let is_online = settings.available_statuses.contains(status);
            require(is_online, Reason::AgentNotOnline)?;
            require(*is_skilled, Reason::AgentNotSkilled)?;
            require(!load.is_full(), Reason::AgentAtCapacity)?;
            Ok(agent)
        }
    }
}

fn require(holds: bool, otherwise: Reason) -> Result<(), Step> {
    if holds {
        Ok(())
    } else {
        Err(refuse(otherwise))
    }
}

const fn refuse(reason: Reason) -> Step {
    Step::Done(Decision::Skill(reason))
}

#[cfg(test)]
mod tests;
