//! How full an agent is: weights, not heads.

use std::cmp::Ordering;

use usher_model::limits;
use usher_model::time::Timestamp;

use crate::rules::{AccountRules, SkillRules, Weights};
use crate::seat::{Capacity, Kind, Profile};
use crate::ticket::{State, Ticket, Turn};

/// The part of an agent's capacity that is in use: compared exactly, never rounded.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Thousandths of a place in use.
    used: u64,
    /// Thousandths of a place that there are.
    whole: u64,
}

/// [`SLOT`] as loads are counted.
const SLOT_WIDE: u64 = 1_000;

impl Load {
    /// Nothing is in use.
    pub const NONE: Self = Self { used: 0, whole: 1 };
    /// Nothing is left.
    pub const FULL: Self = Self { used: 1, whole: 1 };

    /// Returns the load of `used` thousandths of a place among `slots` places.
    #[must_use]
    pub fn new(used: u64, slots: u32) -> Self {
        if slots == 0 {
            return Self::FULL;
        }
        let whole = u64::from(slots) * SLOT_WIDE;
        Self { used, whole }
    }

    /// Says whether nothing is left. An agent below that gets another conversation, so the maximum
    /// may be exceeded by less than one place.
    #[must_use]
    pub const fn is_full(self) -> bool {
        self.used >= self.whole
    }

    /// Returns how many further conversations fit, the last of which may exceed the maximum.
    #[must_use]
    pub const fn free(self) -> u64 {
        self.whole.saturating_sub(self.used).div_ceil(SLOT_WIDE)
    }

    /// Returns tenths of a per cent, rounded: 62.5 % is 625.
    #[must_use]
    pub const fn per_mille(self) -> u64 {
        (self.used * 1_000 + self.whole / 2) / self.whole
    }
}

impl Ord for Load {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = u128::from(self.used) * u128::from(other.whole);
        let right = u128::from(other.used) * u128::from(self.whole);
        left.cmp(&right)
    }
}

impl PartialOrd for Load {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Load {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Load {}

/// Returns how many places the agent has; none without a limit.
pub(crate) fn slots(profile: &Profile, account: &AccountRules) -> Option<u32> {
    match (profile.capacity, profile.kind) {
        (_, Kind::HostedBot) | (Capacity::Unlimited, _) | (Capacity::Standard, Kind::Bot) => None,
        (Capacity::Standard, Kind::Human) => Some(account.slots),
        (Capacity::Slots(slots), _) => Some(slots),
    }
}

/// Returns what an assigned conversation counts.
pub(crate) fn weight(weights: Weights, turn: Turn, now: Timestamp) -> u32 {
    match turn {
        Turn::Consumer(since) if since.plus(weights.inactive_after) <= now => weights.inactive,
        Turn::Agent(_) | Turn::Consumer(_) => weights.active,
    }
}

/// Returns when an assigned conversation begins to count less, if that is to come.
pub(crate) fn inactive_at(
    rules: &SkillRules,
    ticket: &Ticket,
    now: Timestamp,
) -> Option<Timestamp> {
    match (&ticket.state, ticket.turn) {
        (State::Assigned { .. }, Turn::Consumer(since)) => {
            let at = since.plus(rules.weights.inactive_after);
            (at > now).then_some(at)
        }
        _ => None,
    }
}

/// Returns the load of an agent without a limit: nothing, until the row is as long as it may be.
pub(crate) const fn load_unlimited(conversations: usize) -> Load {
    if conversations >= limits::AGENT_HELD_MAX {
        Load::FULL
    } else {
        Load::NONE
    }
}
