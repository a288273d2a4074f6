//! What is wrong with what somebody wrote: every mistake at once.

use std::collections::BTreeSet;

use usher_model::id::{AccountId, SkillId};
use usher_model::limits;
use usher_store::record::{Record as _, Skill};
use usher_store::store::Key;

use crate::App;
use crate::change::check_name;
use crate::error::{Code, Error, Mistake, Result};

/// The longest time that can be set for a step of routing: a day.
const SECONDS_MAX: u32 = 24 * 60 * 60;

/// The mistakes that were found so far.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    mistakes: Vec<Mistake>,
}

impl Checks {
    /// Notes a mistake unless the condition holds.
    pub(crate) fn require(&mut self, holds: bool, pointer: &str, expected: impl Into<String>) {
        if holds {
            return;
        }
        self.mistakes.push(Mistake {
            pointer: pointer.to_owned(),
            code: Code::FieldInvalid.as_str().to_owned(),
            detail: expected.into(),
            suggestion: None,
            span: None,
        });
    }

    /// Notes a mistake unless the text is one line of at most so many characters.
    pub(crate) fn line(&mut self, text: &str, chars_max: usize, pointer: &str) {
        let is_line = !text.trim().is_empty()
            && text.chars().count() <= chars_max
            && !text.chars().any(char::is_control);
        let expected =
            format!("expected 1 to {chars_max} characters, none of them a control character");
        self.require(is_line, pointer, expected);
    }

    /// Notes a mistake unless the text can be a name.
    pub(crate) fn name(&mut self, name: &str) {
        if let Err(error) = check_name(name) {
            self.mistakes.extend(error.mistakes);
        }
    }

    /// Notes a mistake unless a time is one second to one day.
    pub(crate) fn seconds(&mut self, seconds: Option<u32>, pointer: &str) {
        let is_time = seconds.is_none_or(|seconds| (1..=SECONDS_MAX).contains(&seconds));
        let expected = format!("expected 1 to {SECONDS_MAX} seconds");
        self.require(is_time, pointer, expected);
    }

    /// Notes a mistake unless the text can be a message.
    pub(crate) fn message(&mut self, text: &str, pointer: &str) {
        let is_message =
            !text.trim().is_empty() && text.chars().count() <= limits::MESSAGE_CHARS_MAX;
        let expected = format!("expected 1 to {} characters", limits::MESSAGE_CHARS_MAX);
        self.require(is_message, pointer, expected);
    }

    /// Notes a mistake for each skill that does not exist.
    pub(crate) async fn skills(
        &mut self,
        app: &App,
        account: &AccountId,
        mentioned: &[(String, &SkillId)],
    ) -> Result<()> {
        let ids: BTreeSet<&SkillId> = mentioned.iter().map(|(_, id)| *id).collect();
        let wanted: Vec<_> = ids
            .iter()
            .map(|id| (Skill::COLLECTION, Key::new(account, [id.as_str()])))
            .collect();
        let rows = app.store.get_many(&wanted, app.now()).await?;
        let unknown: BTreeSet<&SkillId> = ids
            .into_iter()
            .zip(rows)
            .filter_map(|(id, row)| row.is_none().then_some(id))
            .collect();
        for (pointer, id) in mentioned {
            let expected = format!("expected the id of a skill, found `{id}`");
            self.require(!unknown.contains(id), pointer, expected);
        }
        Ok(())
    }

    /// Returns what was found.
    pub(crate) fn into_mistakes(self) -> Vec<Mistake> {
        self.mistakes
    }

    /// Fails if there was a mistake.
    pub(crate) fn finish(self) -> Result<()> {
        let message = match self.mistakes.as_slice() {
            [] => return Ok(()),
            [mistake] => mistake.detail.clone(),
            mistakes => format!("{} fields are wrong", mistakes.len()),
        };
        Err(Error::new(Code::FieldInvalid, message).with_mistakes(self.mistakes))
    }
}
