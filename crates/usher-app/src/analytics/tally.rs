//! What a page of events adds to the figures.

use std::time::Duration;

use foldhash::HashMap;
use usher_model::id::{AccountId, AgentId, SkillId};
use usher_model::time::Timestamp;
use usher_store::record::event::{Event, Transfer};
use usher_store::record::figures::{Cell, Dimension, Figures, Grain, Outcome};

use super::QUARTER_MS;
use super::life::{Life, Lives, PassedOn, Return};
use crate::App;
use crate::error::Result;
use crate::feed::Happened;

/// Quarters of an hour in an hour, and in a day.
const OF_HOUR: i64 = 4;
const OF_DAY: i64 = 96;

/// Which row: its grain, by what it counts, and when its period begins, in quarters since 1970.
type Place = (Grain, Dimension, String, i64);

/// What is added to rows.
#[derive(Debug, Default)]
pub(super) struct Tally(HashMap<Place, HashMap<u8, Cell>>);

/// Where an event counts, beside the whole account.
#[derive(Clone, Copy, Debug, Default)]
struct Where<'e> {
    channel: Option<&'e str>,
    skill: Option<&'e SkillId>,
    agent: Option<&'e AgentId>,
}

impl Tally {
    /// Takes an event into the life of its conversation, and counts it unless it is not to be.
    pub(super) async fn take(
        &mut self,
        app: &App,
        account: &AccountId,
        lives: &mut Lives,
        happened: &Happened,
        is_counted: bool,
    ) -> Result<()> {
        let Some(id) = happened
            .conversation_id
            .as_ref()
            .filter(|_| tells(happened))
        else {
            return Ok(());
        };
        let life = lives.before(app, account, id, happened).await?;
        if is_counted {
            self.note(life, happened);
        }
        life.take(&happened.event);
        if matches!(happened.event, Event::ConversationClosed { .. }) {
            lives.forget(id);
        }
        Ok(())
    }

    /// Counts an event of a conversation that is as it was before.
    fn note(&mut self, life: &Life, happened: &Happened) {
        let at = happened.at;
        let place = Where {
            channel: life.channel.as_deref(),
            ..Where::default()
        };
        match &happened.event {
            Event::ConversationStarted {
                channel, skill_id, ..
            } => {
                let place = Where {
                    channel: channel.as_deref(),
                    skill: skill_id.as_ref(),
                    agent: None,
                };
                self.each(at, place, &|cell| cell.conversations += 1);
            }
            Event::Assigned {
                agent_id,
                is_bot,
                skill_id,
                waited_ms,
                ..
            } => {
                let place = Where {
                    skill: skill_id.as_ref(),
                    agent: Some(agent_id),
                    ..place
                };
                self.each(at, place, &|cell| {
                    if *is_bot {
                        cell.bot_assignments += 1;
                    } else {
                        cell.assignments += 1;
                        cell.waits.note(*waited_ms);
                    }
                });
                self.one(at, Dimension::Agent, agent_id.as_str(), |cell| {
                    cell.conversations += 1;
                });
            }
            Event::Transferred(transfer) => self.transferred(at, place, life, transfer),
            Event::ConversationClosed {
                agent_id,
                skill_id,
                mcs,
                csat,
                ..
            } => {
                let place = Where {
                    skill: skill_id.as_ref(),
                    // Whoever had it before it waited again did not lose it.
                    agent: agent_id.as_ref().filter(|_| !life.is_waiting),
                    ..place
                };
                self.each(at, place, &|cell| closed(cell, life, *mcs, *csat));
            }
            _ => {}
        }
    }

    fn transferred(&mut self, at: Timestamp, place: Where<'_>, life: &Life, transfer: &Transfer) {
        let from = Where {
            skill: transfer.from_skill_id.as_ref(),
            agent: transfer.from_agent_id.as_ref(),
            ..place
        };
        match life.passing_on(transfer) {
            Some(PassedOn::ByBot) => self.each(at, from, &|cell| cell.handovers += 1),
            Some(PassedOn::ByPerson) => self.each(at, from, &|cell| cell.transfers += 1),
            None => {}
        }
        if transfer.to_skill_id != transfer.from_skill_id
            && let Some(skill) = &transfer.to_skill_id
        {
            self.one(at, Dimension::Skill, skill.as_str(), |cell| {
                cell.conversations += 1;
            });
        }
    }

    /// Counts for the whole account, and wherever else.
    fn each(&mut self, at: Timestamp, place: Where<'_>, count: &dyn Fn(&mut Cell)) {
        self.one(at, Dimension::All, "", count);
        if let Some(skill) = place.skill {
            self.one(at, Dimension::Skill, skill.as_str(), count);
        }
        if let Some(agent) = place.agent {
            self.one(at, Dimension::Agent, agent.as_str(), count);
        }
        if let Some(channel) = place.channel {
            self.one(at, Dimension::Channel, channel, count);
        }
    }

    fn one(&mut self, at: Timestamp, dimension: Dimension, id: &str, count: impl Fn(&mut Cell)) {
        let quarter = at.milliseconds().div_euclid(QUARTER_MS);
        let of_hour = u8::try_from(quarter.rem_euclid(OF_HOUR)).unwrap_or(0);
        for (grain, length, place) in [(Grain::Hour, OF_HOUR, of_hour), (Grain::Day, OF_DAY, 0)] {
            let start = quarter.div_euclid(length) * length;
            let row = (grain, dimension, id.to_owned(), start);
            count(self.0.entry(row).or_default().entry(place).or_default());
        }
    }

    /// Returns the rows to which something is added: those that are not kept yet begin empty.
    pub(super) fn rows(self, kept_for: Duration) -> Vec<Figures> {
        let rows = self.0.into_iter();
        rows.map(|((grain, dimension, id, quarter), cells)| {
            let start = Timestamp::from_milliseconds(quarter.saturating_mul(QUARTER_MS));
            Figures {
                grain,
                dimension,
                id,
                start,
                cells: cells.into_iter().collect(),
                expires_at: start.plus(kept_for),
            }
        })
        .collect()
    }
}

/// Whether an event is counted, or tells what others count as.
const fn tells(happened: &Happened) -> bool {
    matches!(
        happened.event,
        Event::ConversationStarted { .. }
            | Event::Queued { .. }
            | Event::Requeued { .. }
            | Event::Assigned { .. }
            | Event::Transferred(_)
            | Event::LastAgentConsidered { .. }
            | Event::ConversationClosed { .. }
    )
}

fn closed(cell: &mut Cell, life: &Life, mcs: Option<u8>, csat: Option<u8>) {
    cell.closed += 1;
    cell.abandoned += u64::from(life.is_waiting);
    if let Some(mcs) = mcs {
        cell.mcs.note(mcs.into());
    }
    if let Some(csat) = csat {
        cell.csat.note(csat.into());
    }
    match life.returned() {
        None => {}
        Some(Return::ToLastAgent) => went(&mut cell.last_agent, life, mcs),
        Some(Return::ToOther(reason)) => {
            went(&mut cell.other_agent, life, mcs);
            *cell.other_because.entry(reason.to_owned()).or_default() += 1;
        }
    }
}

fn went(outcome: &mut Outcome, life: &Life, mcs: Option<u8>) {
    outcome.closed += 1;
    outcome.transfers += life.transfers;
    if let Some(waited) = life.first_wait_ms {
        outcome.waits.note(waited);
    }
    if let Some(mcs) = mcs {
        outcome.mcs.note(mcs.into());
    }
}
