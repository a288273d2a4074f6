//! Conversations end: the main dialog, then a survey if its skill has one, then the whole.

use std::sync::Arc;

use usher_model::id::{ConversationId, DialogId, RequestId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_routing::command::Command;
use usher_store::record::conversation::{CloseReason, Closed, Conversation, Dialog, DialogKind};
use usher_store::record::event::{Audience, Event, SenderRole};
use usher_store::record::skill::Survey;

use super::say::{Words, write_message};
use super::view::{View, find, mcs, view};
use super::{hidden, require_holder};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::desks::{AccountDesk, Desks, Writing, conversation_of, end};
use crate::error::{Code, Error, Result};
use crate::last_agent;

/// Why a conversation ends unless it is said.
const MANUAL: &str = "MANUAL_CLOSE";

/// How a conversation or dialog is to end.
#[derive(Clone, Debug, Default)]
pub struct Close {
    /// On whose side, for a caller who may act for others; otherwise on one's own.
    pub by: Option<CloseReason>,
    /// Why, in the words of who closes it.
    pub reason: Option<String>,
}

/// Ends a conversation at once, without a survey.
///
/// # Errors
/// Fails if it is closed already, or the caller neither has it nor may supervise.
pub async fn close(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    close: Close,
) -> Result<View> {
    finish(caller, app, id, &close, |_, _| None).await
}

/// Ends a dialog. After the main one the consumer is asked how it was, if the skill has a survey;
/// with the last dialog the conversation ends.
///
/// # Errors
/// As [`close`], and if there is no such dialog or it is closed.
pub async fn close_dialog(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    dialog: &DialogId,
    close: Close,
) -> Result<View> {
    caller.require(Permission::ConversationsWrite)?;
    let kept = find(caller, app, id).await?;
    let open = kept.record.dialogs.iter().find(|one| one.id == *dialog);
    match open.map(|one| (one.kind, one.closed.is_some())) {
        Some((DialogKind::PostSurvey, false)) => finish(caller, app, id, &close, |_, _| None).await,
        Some((DialogKind::Main, false)) => finish(caller, app, id, &close, survey).await,
        Some((_, true)) | None => Err(no_dialog(id, dialog.as_str())),
    }
}

async fn finish(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    close: &Close,
    survey: impl Fn(&AccountDesk, &Conversation) -> Option<Survey> + Send,
) -> Result<View> {
    caller.require(Permission::ConversationsWrite)?;
    let kept = find(caller, app, id).await?;
    if kept.record.closed.is_some() {
        return Err(crate::desks::closed(id));
    }
    if caller.consumer.is_none() {
        require_holder(caller, &kept.record)?;
    }
    let (by, description) = how(caller, close)?;
    let desk = Desks::of(app, &caller.account).await?;
    let follow_up = survey(&desk, &kept.record);
    let command = Command::Close {
        conversation: id.clone(),
    };
    desk.step_or_amend(app, id, command, |writing| {
        let closed = Closed {
            at: writing.now,
            by,
            description: description.clone(),
        };
        end_dialogs(writing, id, &closed)?;
        match &follow_up {
            Some(survey) if writing.conversation(id)?.ticket.is_some() => {
                begin_survey(writing, id, survey)
            }
            _ => {
                let conversation = writing.conversation(id)?;
                conversation.closed = Some(closed);
                if conversation.ticket.is_none() {
                    // It is off the floor: the desk has nothing to say about it.
                    let event = end(writing.now, writing.conversation(id)?);
                    writing.happens(id, event)?;
                }
                Ok(())
            }
        }
    })
    .await?;
    if let Some(survey) = follow_up {
        desk.expect_survey(id, app.now().plus(timeout(&survey)));
    }
    let is_main = kept.record.ticket.is_some();
    let kept = conversation_of(app, &caller.account, id).await?;
    let kept = kept.ok_or_else(|| hidden(id))?;
    if is_main {
        last_agent::remember(app, &desk, &kept.record).await;
    }
    Ok(view(&desk, kept, app.now()))
}

fn how(caller: &Caller, close: &Close) -> Result<(CloseReason, String)> {
    let own = if caller.consumer.is_some() {
        CloseReason::Consumer
    } else {
        CloseReason::Agent
    };
    let by = close.by.unwrap_or(own);
    if by != own {
        caller.require(Permission::ActForOthers)?;
    }
    let description = close.reason.as_deref().map_or(MANUAL, str::trim);
    let (length, max) = (description.chars().count(), limits::REASON_CHARS_MAX);
    if length == 0 || length > max {
        let message = format!("expected a reason of 1 to {max} characters");
        return Err(Error::field("#/reason", message));
    }
    Ok((by, description.to_owned()))
}

/// Ends every dialog that is open; with the main one the score is fixed.
pub(crate) fn end_dialogs(
    writing: &mut Writing<'_>,
    id: &ConversationId,
    closed: &Closed,
) -> Result<()> {
    let conversation = writing.conversation(id)?;
    conversation.mcs = mcs(conversation);
    let mut ended = Vec::new();
    for dialog in &mut conversation.dialogs {
        if dialog.closed.is_none() {
            dialog.closed = Some(closed.clone());
            ended.push((dialog.id.clone(), dialog.kind));
        }
    }
    for (dialog_id, dialog_type) in ended {
        let event = Event::DialogClosed {
            dialog_id,
            dialog_type,
            by: closed.by,
            description: closed.description.clone(),
        };
        writing.happens(id, event)?;
    }
    Ok(())
}

fn survey(desk: &AccountDesk, conversation: &Conversation) -> Option<Survey> {
    let state = desk.lock();
    let skill = conversation.latest_skill_id.as_ref()?;
    state.rules.skills.get(skill)?.survey.clone()
}

fn begin_survey(writing: &mut Writing<'_>, id: &ConversationId, survey: &Survey) -> Result<()> {
    let dialog_id = DialogId::parse(&RequestId::mint(&writing.app.ids).to_string());
    let dialog_id = dialog_id.map_err(Error::internal)?;
    let opened_at = writing.now;
    writing.conversation(id)?.dialogs.push(Dialog {
        id: dialog_id.clone(),
        kind: DialogKind::PostSurvey,
        opened_at,
        closed: None,
    });
    let event = Event::DialogOpened {
        dialog_id,
        dialog_type: DialogKind::PostSurvey,
    };
    writing.happens(id, event)?;
    write_message(writing, id, from_us(survey.question.clone()))?;
    Ok(())
}

/// Takes the consumer's answer to the survey, 1 to 5, and ends the conversation.
///
/// # Errors
/// Fails if no survey is open, or the caller neither is the consumer nor may act for others.
pub async fn answer_survey(
    caller: &Caller,
    app: &Arc<App>,
    id: &ConversationId,
    csat: u8,
) -> Result<View> {
    caller.require(Permission::ConversationsWrite)?;
    if !(1..=5).contains(&csat) {
        return Err(Error::field("#/csat", "expected a number from 1 to 5"));
    }
    find(caller, app, id).await?;
    if caller.consumer.is_none() {
        caller.require(Permission::ActForOthers)?;
    }
    let desk = Desks::of(app, &caller.account).await?;
    desk.amend(app, id, |writing| {
        let skill = writing.conversation(id)?.latest_skill_id.clone();
        let conversation = writing.conversation(id)?;
        let open = conversation.dialogs.iter().find(|one| is_open_survey(one));
        let dialog_id = open.ok_or_else(|| no_dialog(id, "survey"))?.id.clone();
        conversation.csat = Some(csat);
        writing.happens(id, Event::SurveyAnswered { dialog_id, csat })?;
        if let Some(thanks) = desk.thanks(skill.as_ref()) {
            write_message(writing, id, from_us(thanks))?;
        }
        let closed = Closed {
            at: writing.now,
            by: CloseReason::Consumer,
            description: "SURVEY_ANSWERED".to_owned(),
        };
        end_survey(writing, id, closed)
    })
    .await?;
    let kept = conversation_of(app, &caller.account, id).await?;
    Ok(view(&desk, kept.ok_or_else(|| hidden(id))?, app.now()))
}

/// Ends a conversation whose survey was answered, or will not be.
pub(crate) fn end_survey(
    writing: &mut Writing<'_>,
    id: &ConversationId,
    closed: Closed,
) -> Result<()> {
    end_dialogs(writing, id, &closed)?;
    let now = writing.now;
    let conversation = writing.conversation(id)?;
    conversation.closed = Some(closed);
    let event = end(now, conversation);
    writing.happens(id, event)
}

fn is_open_survey(dialog: &Dialog) -> bool {
    dialog.kind == DialogKind::PostSurvey && dialog.closed.is_none()
}

fn timeout(survey: &Survey) -> std::time::Duration {
    std::time::Duration::from_secs(u64::from(survey.timeout_seconds))
}

/// Returns when the survey of a conversation has been open for too long, if one is open.
pub(crate) fn survey_ends_at(
    conversation: &Conversation,
    survey: Option<&Survey>,
) -> Option<Timestamp> {
    let open = conversation
        .dialogs
        .iter()
        .find(|one| is_open_survey(one))?;
    Some(
        open.opened_at
            .plus(survey.map_or_else(Default::default, timeout)),
    )
}

const fn from_us(text: String) -> Words {
    Words {
        sender: None,
        role: SenderRole::System,
        text,
        audience: Audience::All,
        content: Value::Null,
        metadata: Value::Null,
        client_message_id: None,
    }
}

fn no_dialog(id: &ConversationId, dialog: &str) -> Error {
    Error::new(
        Code::DialogClosed,
        format!("conversation `{id}` has no open dialog `{dialog}`"),
    )
}
