//! What product people may change about the last agent, without a restart.

use std::time::Duration;

use usher_model::id::SkillId;
use usher_model::limits;

use crate::seat::Status;

/// The shortest time frame and time to live.
const SECOND: Duration = Duration::from_secs(1);

/// The longest time that an offer waits for the last agent.
const SUGGEST_TIMEOUT_MAX: Duration = Duration::from_secs(60 * 60);

/// An account's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Off means that every conversation goes to its destination skill.
    pub is_enabled: bool,
    /// Destination skills for which it is off all the same.
    pub disabled_skills: Vec<SkillId>,
    /// The score that the previous conversation must be above.
    pub mcs_threshold: u8,
    /// What follows if the previous conversation has no score.
    pub mcs_missing: MissingMcs,
    /// How long after a close the consumer goes back to the agent, the last instant included.
    pub time_frame: Duration,
    /// How long a record is kept, counted from its writing.
    pub ttl: Duration,
    /// How long the agent may take to accept.
    pub suggest_timeout: Duration,
    /// Which statuses count as available.
    pub available_statuses: Vec<Status>,
    /// What the accepting agent is told.
    pub notice: NoticeSettings,
}

/// Where a conversation goes if the previous one has no score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingMcs {
    /// To the destination skill.
    Skill,
    /// To the agent, if nothing else speaks against it.
    Agent,
}

impl MissingMcs {
    /// Returns the policy's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skill => "SKILL",
            Self::Agent => "AGENT",
        }
    }

    /// Reads the policy's name on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Skill, Self::Agent]
            .into_iter()
            .find(|policy| policy.as_str() == text)
    }
}

/// What the accepting agent is told about the consumer's previous conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeSettings {
    /// Whether an agent is told about a conversation of their own.
    pub same_agent: bool,
    /// Whether an agent is told about a colleague's conversation in the same skill.
    pub same_skill: bool,
    /// Whether the widget shows it.
    pub in_widget: bool,
    /// Whether a private message in the conversation says it.
    pub as_private_message: bool,
    /// Whether the colleague is named.
    pub shows_agent_name: bool,
    /// Whether the score of the previous conversation is shown.
    pub shows_mcs: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            is_enabled: true,
            disabled_skills: Vec::new(),
            mcs_threshold: 50,
            mcs_missing: MissingMcs::Skill,
            time_frame: Duration::from_secs(60 * 60),
            ttl: Duration::from_secs(30 * 24 * 60 * 60),
            suggest_timeout: Duration::from_secs(120),
            available_statuses: vec![Status::Online],
            notice: NoticeSettings {
                same_agent: true,
                same_skill: true,
                in_widget: true,
                as_private_message: true,
                shows_agent_name: true,
                shows_mcs: false,
            },
        }
    }
}

/// A value that a setting cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, as it is called outside.
    pub field: &'static str,
    /// What was expected of it.
    pub expected: &'static str,
}

impl Settings {
    /// Whether consumers may go back to their last agent when the destination is `skill`.
    #[must_use]
    pub fn is_on_for(&self, skill: &SkillId) -> bool {
        self.is_enabled && !self.disabled_skills.contains(skill)
    }

    /// Returns every value that is not allowed.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        let ttls = SECOND..=limits::CONTEXT_TTL_MAX;
        let timeouts = SECOND..=SUGGEST_TIMEOUT_MAX;
        let are_available = |statuses: &[Status]| {
            let mut rest = statuses.iter();
            !statuses.is_empty()
                && rest.all(|status| matches!(status, Status::Online | Status::Occupied))
        };
        [
            (
                self.mcs_threshold <= 100,
                "mcsThreshold",
                "expected 0 to 100",
            ),
            (
                self.time_frame >= SECOND,
                "timeFrameSeconds",
                "expected at least 1",
            ),
            (
                self.time_frame <= self.ttl,
                "timeFrameSeconds",
                "expected at most `ttlSeconds`: a record must outlive the time in which it counts",
            ),
            (
                ttls.contains(&self.ttl),
                "ttlSeconds",
                "expected 1 to 34,214,400, which is 13 months",
            ),
            (
                timeouts.contains(&self.suggest_timeout),
                "suggestTimeoutSeconds",
                "expected 1 to 3,600",
            ),
            (
                are_available(&self.available_statuses),
                "availableStatuses",
                "expected `ONLINE`, `BACK_SOON` or both",
            ),
        ]
        .into_iter()
        .filter(|(is_allowed, ..)| !is_allowed)
        .map(|(_, field, expected)| Mistake { field, expected })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(change: impl FnOnce(&mut Settings)) -> Vec<&'static str> {
        let mut settings = Settings::default();
        change(&mut settings);
        settings
            .mistakes()
            .iter()
            .map(|mistake| mistake.field)
            .collect()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_defaults_are_those_published_and_allowed() {
        let defaults = Settings::default();
        assert_eq!(defaults.mistakes(), []);
        assert_eq!(defaults.mcs_threshold, 50);
        assert_eq!(defaults.time_frame.as_secs(), 3_600);
        assert_eq!(defaults.ttl.as_secs(), 2_592_000);
        assert_eq!(defaults.suggest_timeout.as_secs(), 120);
    }

    #[test]
    fn la_74_the_time_frame_is_at_most_the_time_to_live() {
        assert_eq!(fields(|s| s.time_frame = s.ttl), [""; 0]);
        assert_eq!(fields(|s| s.ttl = s.time_frame), [""; 0]);
        assert_eq!(
            fields(|s| s.time_frame = s.ttl + seconds(1)),
            ["timeFrameSeconds"]
        );
    }

    #[test]
    fn every_bound_is_allowed_and_the_next_value_is_not() {
        assert_eq!(fields(|s| s.mcs_threshold = 0), [""; 0]);
        assert_eq!(fields(|s| s.mcs_threshold = 100), [""; 0]);
        assert_eq!(fields(|s| s.mcs_threshold = 101), ["mcsThreshold"]);
        assert_eq!(fields(|s| s.time_frame = seconds(1)), [""; 0]);
        assert_eq!(fields(|s| s.time_frame = seconds(0)), ["timeFrameSeconds"]);
        assert_eq!(fields(|s| s.ttl = seconds(34_214_400)), [""; 0]);
        assert_eq!(fields(|s| s.ttl = seconds(34_214_401)), ["ttlSeconds"]);
        assert_eq!(fields(|s| s.suggest_timeout = seconds(3_600)), [""; 0]);
        for wrong in [0, 3_601] {
            let found = fields(|s| s.suggest_timeout = seconds(wrong));
            assert_eq!(found, ["suggestTimeoutSeconds"], "{wrong}");
        }
        let both = vec![Status::Online, Status::Occupied];
        assert_eq!(fields(|s| s.available_statuses = both), [""; 0]);
        for wrong in [
            vec![],
            vec![Status::Online, Status::Away],
            vec![Status::Offline],
        ] {
            assert_eq!(
                fields(|s| s.available_statuses = wrong),
                ["availableStatuses"]
            );
        }
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let found = fields(|s| {
            s.mcs_threshold = 255;
            s.ttl = seconds(0);
            s.suggest_timeout = seconds(0);
            s.available_statuses.clear();
        });
        let expected = [
            "mcsThreshold",
            "timeFrameSeconds",
            "ttlSeconds",
            "suggestTimeoutSeconds",
            "availableStatuses",
        ];
        assert_eq!(found, expected);
    }
}
