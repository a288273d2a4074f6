//! Short names for what tests say often.

use std::sync::Arc;
use std::time::Duration;

use usher_model::id::{AgentId, ConversationId, IdSource, OfferId, SkillId};
use usher_model::time::{Clock, ManualClock, Timestamp};
use usher_routing::seat::{Capacity, Kind, Proficiency, Profile};

/// Where the tests' time starts.
pub(crate) const START: Timestamp = Timestamp::from_milliseconds(1_000_000_000);

pub(crate) fn conversation(name: &str) -> ConversationId {
    ConversationId::parse(name).unwrap()
}

pub(crate) fn agent(name: &str) -> AgentId {
    AgentId::parse(name).unwrap()
}

pub(crate) fn skill(name: &str) -> SkillId {
    SkillId::parse(name).unwrap()
}

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Returns a human with so many places, and skills such as `("billing", 7)`.
pub(crate) fn human(slots: u32, skills: &[(&str, u8)]) -> Profile {
    Profile {
        kind: Kind::Human,
        is_enabled: true,
        capacity: Capacity::Slots(slots),
        skills: skills
            .iter()
            .map(|(name, number)| (skill(name), Proficiency::new(*number).unwrap()))
            .collect(),
    }
}

/// Mints offers' ids from a seed.
pub(crate) struct Offers(IdSource);

impl Offers {
    pub(crate) fn new(seed: u64) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::starting_at(START));
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(IdSource::new(clock, bytes))
    }

    pub(crate) fn mint(&self) -> OfferId {
        OfferId::mint(&self.0)
    }
}
