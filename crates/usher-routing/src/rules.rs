//! What an account has set for its skills and for itself.

use std::time::Duration;

use usher_model::id::SkillId;

use crate::seat::Proficiency;

/// How the conversations of a skill are handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkillRules {
    /// Whether anything may be transferred to it and handed out.
    pub is_enabled: bool,
    /// Whether it is within business hours; the application computes it. While a skill is closed,
    /// its conversations wait; a transfer to a named agent goes through.
    pub is_open: bool,
    /// How long an offer rings.
    pub ring: Duration,
    /// Whether a conversation is assigned without being offered.
    pub is_auto_accepted: bool,
    /// What a conversation counts.
    pub weights: Weights,
    /// Take a conversation back when its agent does not answer within this time.
    pub answer_within: Option<Duration>,
    /// The least proficiency, before any relaxation.
    pub proficiency_min: Proficiency,
    /// Who becomes a candidate too after some wait, the shortest wait first.
    pub relaxations: Vec<Relaxation>,
}

/// What a conversation counts of an agent's capacity, in thousandths of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// While the agent has to act.
    pub active: u32,
    /// While the consumer has had to act for a while.
    pub inactive: u32,
    /// How long that while is.
    pub inactive_after: Duration,
}

/// Who becomes a candidate too, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relaxation {
    /// After which wait.
    pub after: Duration,
    /// Agents of which skill; none means the conversation's own.
    pub skill: Option<SkillId>,
    /// With at least which proficiency in it.
    pub proficiency_min: Proficiency,
}

/// What holds for all skills of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRules {
    /// Places of a human agent who has no number of their own.
    pub slots: u32,
    /// How long an agent who declined or missed a conversation does not get it again.
    pub skip: Duration,
    /// How long a conversation is kept for a suggested agent, unless the transfer says otherwise.
    pub suggestion: Duration,
    /// What happens to the conversations of an agent who has fallen silent.
    pub silence: Silence,
    /// The rules of conversations without a skill.
    pub unassigned: SkillRules,
}

/// What happens to the conversations of an agent whose lease has run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// They go back to the queue when the agent is still silent after this time.
    Requeue(Duration),
    /// They stay with the agent.
    Keep,
}

/// One place of an agent's capacity.
pub const SLOT: u32 = 1_000;

impl SkillRules {
    /// Returns the rules of a skill of which nothing is said.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            is_enabled: true,
            is_open: true,
            ring: Duration::from_secs(72),
            is_auto_accepted: false,
            weights: Weights::standard(),
            answer_within: None,
            proficiency_min: Proficiency::LOWEST,
            relaxations: Vec::new(),
        }
    }
}

impl Weights {
    /// Returns one place while the agent has to act, a tenth after four minutes without.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            active: SLOT,
            inactive: SLOT / 10,
            inactive_after: Duration::from_secs(4 * 60),
        }
    }
}

impl AccountRules {
    /// Returns the rules of a new account.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            slots: 4,
            skip: Duration::from_secs(60),
            suggestion: Duration::from_secs(120),
            silence: Silence::Requeue(Duration::from_secs(60)),
            unassigned: SkillRules::standard(),
        }
    }
}
