//! Business hours: the desk is told when a skill opens and closes, and what waits in a closed skill
//! goes where the skill says.

use std::sync::Arc;

use usher_model::id::{ConversationId, OfferId, SkillId};
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_policy::calendar;
use usher_policy::hours::{Hours, Opening, date};
use usher_routing::command::{self, Command};
use usher_store::record::Skill;
use usher_store::record::conversation::{CloseReason, Closed};
use usher_store::record::event::{Audience, SenderRole};
use usher_store::record::skill::{self as kept, OutsideHours};

use crate::App;
use crate::conversations::{Words, end_dialogs, write_message};
use crate::desks::AccountDesk;
use crate::error::{Kind, Result};

/// Conversations that leave a closed skill before the desk does something else.
const AT_ONCE_MAX: usize = 100;

/// Reads a skill's hours; nothing if its zone is none that this version knows.
fn hours(kept: &kept::Hours) -> Option<Hours> {
    let mut hours = Hours::new(calendar::zone(&kept.zone)?);
    for one in &kept.week {
        if let Some(opening) = opening(&one.span) {
            hours.open_weekly(weekday(one.day), opening);
        }
    }
    for one in &kept.exceptions {
        if let Some(date) = date(&one.date) {
            hours.except(date, one.spans.iter().filter_map(opening).collect());
        }
    }
    Some(hours)
}

/// Whether an instant is outside of a skill's business hours.
pub(crate) fn is_outside(skill: &Skill, at: Timestamp) -> bool {
    let hours = skill.hours.as_ref().and_then(hours);
    hours.is_some_and(|hours| !hours.is_open(at))
}

const fn opening(span: &kept::DaySpan) -> Option<Opening> {
    Opening::new(span.from_minute, span.to_minute)
}

const fn weekday(day: kept::Weekday) -> usher_policy::hours::Weekday {
    use usher_policy::hours::Weekday;
    match day {
        kept::Weekday::Monday => Weekday::Monday,
        kept::Weekday::Tuesday => Weekday::Tuesday,
        kept::Weekday::Wednesday => Weekday::Wednesday,
        kept::Weekday::Thursday => Weekday::Thursday,
        kept::Weekday::Friday => Weekday::Friday,
        kept::Weekday::Saturday => Weekday::Saturday,
        kept::Weekday::Sunday => Weekday::Sunday,
    }
}

/// Tells the desk which skills are open, and sends away what waits in closed ones; returns when to
/// look again.
pub(crate) async fn follow(app: &Arc<App>, desk: &Arc<AccountDesk>) -> Result<Option<Timestamp>> {
    let next = open_and_close(desk, app.now());
    for (id, outside) in waiting(desk) {
        match Box::pin(send_away(app, desk, &id, outside)).await {
            Ok(()) => {}
            // It is no longer there, or the other skill does not take it: it waits.
            Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound) => {
                tracing::debug!(%error, account = %desk.account, conversation_id = %id, "a conversation waits in a closed skill");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(next)
}

fn open_and_close(desk: &AccountDesk, now: Timestamp) -> Option<Timestamp> {
    let mut state = desk.lock();
    if state.hours_until.is_some_and(|until| now < until) {
        return state.hours_until;
    }
    let skills: Vec<(SkillId, bool, Option<Timestamp>)> = {
        let skills = state.rules.skills.values();
        let read = skills.map(|skill| match skill.hours.as_ref().and_then(hours) {
            Some(hours) => (skill.id.clone(), hours.is_open(now), hours.changes_at(now)),
            None => (skill.id.clone(), true, None),
        });
        read.collect()
    };
    let mut next: Option<Timestamp> = None;
    for (skill, is_open, changes_at) in skills {
        crate::desks::set_open(&mut state, &skill, is_open);
        next = next.into_iter().chain(changes_at).min();
    }
    state.hours_until = next;
    next
}

/// Returns conversations that wait in closed skills and are not to.
fn waiting(desk: &AccountDesk) -> Vec<(ConversationId, OutsideHours)> {
    let state = desk.lock();
    let away = |skill: &SkillId| {
        let hours = state.rules.skills.get(skill)?.hours.as_ref()?;
        let is_away = state.rules.is_closed(skill) && hours.outside != OutsideHours::Queue;
        is_away.then(|| hours.outside.clone())
    };
    if !state.rules.skills.keys().any(|skill| away(skill).is_some()) {
        return Vec::new();
    }
    let tickets = state.desk.tickets().filter(|ticket| ticket.is_queued());
    let leaving = tickets.filter_map(|ticket| {
        let outside = away(ticket.skill.as_ref()?)?;
        Some((ticket.conversation.clone(), outside))
    });
    leaving.take(AT_ONCE_MAX).collect()
}

async fn send_away(
    app: &Arc<App>,
    desk: &Arc<AccountDesk>,
    id: &ConversationId,
    outside: OutsideHours,
) -> Result<()> {
    match outside {
        OutsideHours::Queue => Ok(()),
        OutsideHours::Transfer { skill_id } => {
            let command = Command::Transfer(command::Transfer {
                conversation: id.clone(),
                agent: None,
                skill: Some(skill_id),
                fallback: None,
                by: None,
                offer: OfferId::mint(&app.ids),
            });
            desk.step(app, command, |_, _| Ok(())).await
        }
        OutsideHours::Close { message } => {
            let command = Command::Close {
                conversation: id.clone(),
            };
            desk.step(app, command, |writing, _| {
                let words = Words {
                    sender: None,
                    role: SenderRole::System,
                    text: message.clone(),
                    audience: Audience::All,
                    content: Value::Null,
                    metadata: Value::Null,
                    client_message_id: None,
                };
                write_message(writing, id, words)?;
                let closed = Closed {
                    at: writing.now,
                    by: CloseReason::System,
                    description: "OUTSIDE_HOURS".to_owned(),
                };
                end_dialogs(writing, id, &closed)?;
                writing.conversation(id)?.closed = Some(closed);
                Ok(())
            })
            .await
        }
    }
}
