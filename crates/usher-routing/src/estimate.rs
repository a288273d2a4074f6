//! How a skill is doing, where a conversation stands, and how long it will wait.

use std::time::Duration;

use usher_model::id::{ConversationId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;

use crate::desk::Desk;
use crate::desk::index::{LineKey, SeatIndex};
use crate::eligible::{Exclusion, Reach};
use crate::rank::TicketRank;

/// How far back an estimate and an average look.
const WINDOW: Duration = Duration::from_secs(60 * 60);
/// How many assignments an estimate needs.
const BASIS_MIN: usize = 5;
/// How far from the mean the tenth and ninetieth of a hundred lie, in standard deviations.
const TENTH: f64 = 1.281_552;

/// Where a waiting conversation stands in the queue of its skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// How many come before it.
    pub ahead: usize,
    /// Whether there are so many that they were not counted to the end.
    pub is_at_least: bool,
}

/// How long a conversation will probably wait from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// What is to be expected.
    pub expected: Duration,
    /// One in ten waits less.
    pub low: Duration,
    /// One in ten waits more.
    pub high: Duration,
}

/// How a skill is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkillHealth {
    /// Agents of the skill who are online, full or not.
    pub agents_online: usize,
    /// Conversations that they would get at once; an agent without a limit counts 10,000.
    pub free_slots: u64,
    /// Conversations that wait.
    pub queue_size: usize,
    /// How long those waited that were assigned in the last hour.
    pub wait_average: Option<Duration>,
}

impl Desk {
    /// Returns where a conversation stands in its queue, if it waits.
    #[must_use]
    pub fn position(&self, conversation: &ConversationId) -> Option<Position> {
        let ticket = self
            .ticket(conversation)
            .filter(|ticket| ticket.is_queued())?;
        let rank = TicketRank::of(ticket);
        let line = |relaxed, is_transfer| LineKey {
            skill: self.skills.slot(ticket.skill.as_ref()),
            relaxed,
            is_transfer,
        };
        let lines = self.lines.range(line(0, false)..=line(u8::MAX, true));
        let before = lines.flat_map(|(_, line)| line.queue.range(..&rank));
        let ahead = before.take(limits::POSITION_MAX).count();
        Some(Position {
            ahead,
            is_at_least: ahead == limits::POSITION_MAX,
        })
    }

    /// Returns how long a waiting conversation will probably wait from now on; nothing if fewer than
    /// five conversations of its skill were assigned in the last hour, or too many are ahead.
    ///
    /// The queue is taken to move as it did lately: with `n` assignments since the first of the last
    /// hour, `t` ago, one leaves every `t / (n - 1)`. The conversation leaves as number `k`, one
    /// after those ahead, so `k` such intervals are expected. If they are independent, their sum
    /// has a gamma distribution; its tenth and ninetieth percentile come from the approximation of
    /// Wilson and Hilferty, `k (1 - 1/9k ± 1.28/3√k)³` intervals.
    ///
    /// With 31 assignments in the last hour one leaves every two minutes. Behind three others
    /// 8 minutes are expected, and 8 out of 10 wait between 3.5 and 13.3 minutes.
    #[must_use]
    pub fn estimate(&self, conversation: &ConversationId, now: Timestamp) -> Option<Estimate> {
        let position = self.position(conversation)?;
        if position.is_at_least {
            return None;
        }
        let skill = self.ticket(conversation)?.skill.as_ref();
        self.estimate_behind(skill, position.ahead, now)
    }

    /// Returns how long somebody will probably wait who is behind so many others of a skill, as
    /// [`Self::estimate`] does.
    #[must_use]
    pub fn estimate_behind(
        &self,
        skill: Option<&SkillId>,
        ahead: usize,
        now: Timestamp,
    ) -> Option<Estimate> {
        let mut count = 0;
        let mut first = now;
        for (at, _) in self.recent(skill, now) {
            count += 1;
            first = first.min(at);
        }
        if count < BASIS_MIN {
            return None;
        }
        let intervals = f64::from(u32::try_from(count - 1).ok()?);
        let interval = now.since(first).as_secs_f64() / intervals;
        let turn = f64::from(u32::try_from(ahead + 1).ok()?);
        let percentile = |deviations: f64| {
            let root = 1.0 - 1.0 / (9.0 * turn) + deviations / (3.0 * turn.sqrt());
            turn * root.max(0.0).powi(3)
        };
        let wait = |intervals: f64| Duration::try_from_secs_f64(interval * intervals).ok();
        Some(Estimate {
            expected: wait(turn)?,
            low: wait(percentile(-TENTH))?,
            high: wait(percentile(TENTH))?,
        })
    }

    /// Returns how a skill is doing; without a skill, how the conversations are that have none.
    #[must_use]
    pub fn health(&self, skill: Option<&SkillId>, now: Timestamp) -> SkillHealth {
        let tally = &self.skill(skill).tally;
        let (mut count, mut sum) = (0_u32, Duration::ZERO);
        for (_, wait) in self.recent(skill, now) {
            count += 1;
            sum = sum.saturating_add(wait);
        }
        SkillHealth {
            agents_online: tally.online,
            free_slots: tally.free,
            queue_size: tally.queued,
            wait_average: sum.checked_div(count),
        }
    }

    /// Returns when conversations of a skill were assigned lately, and how long they had waited.
    fn recent(
        &self,
        skill: Option<&SkillId>,
        now: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, Duration)> {
        let from = now.minus(WINDOW);
        let waits = self.skill(skill).waits.iter();
        waits
            .copied()
            .filter(move |(at, _)| *at > from && *at <= now)
    }
}

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
