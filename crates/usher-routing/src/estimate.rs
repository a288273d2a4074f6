//! How a skill is doing, and how long a conversation will wait.

use crate::desk::index::SeatIndex;
use crate::eligible::{Exclusion, Reach};

/// How a skill's agents and queue are doing, kept up to date agent by agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) queued: usize,
    pub(crate) online: usize,
    pub(crate) reachable: usize,
    pub(crate) reachable_by_transfers: usize,
    pub(crate) free: u64,
    pub(crate) excluded: [usize; Exclusion::COUNT],
}

impl Tally {
    pub(crate) fn add(&mut self, index: &SeatIndex) {
        self.online += usize::from(index.is_online);
        match index.reach {
            Reach::All => {
                self.reachable += 1;
                self.free += index.free;
            }
            Reach::Transfers => self.reachable_by_transfers += 1,
            Reach::None(exclusion) => {
                if let Some(count) = self.excluded.get_mut(exclusion.position()) {
                    *count += 1;
                }
            }
        }
    }

    pub(crate) fn subtract(&mut self, index: &SeatIndex) {
        self.online -= usize::from(index.is_online);
        match index.reach {
            Reach::All => {
                self.reachable -= 1;
                self.free -= index.free;
            }
            Reach::Transfers => self.reachable_by_transfers -= 1,
            Reach::None(exclusion) => {
                if let Some(count) = self.excluded.get_mut(exclusion.position()) {
                    *count -= 1;
                }
            }
        }
    }
}
