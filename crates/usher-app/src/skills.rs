//! Skills: what connects conversations to agents.

use std::sync::Arc;

use usher_model::id::SkillId;
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_policy::calendar;
use usher_policy::hours::{self, Opening};
use usher_store::batch::Expect;
use usher_store::record::User;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::Change;
use crate::check::Checks;
use crate::desks;
use crate::error::{Code, Error, Mistake, Result};
use crate::noun::{self, Noun};

pub use usher_policy::hours::minute_of_day;
pub use usher_store::record::skill::{
    DayException, DaySpan, Hours, OutsideHours, Relaxation, SkillRouting, Survey, WeekSpan,
    Weekday, Weights,
};
pub use usher_store::record::{Kept, Skill};

/// What a skill is to be.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its name, unique in the account ignoring case: 1 to 200 characters.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether conversations may be transferred to it and handed out.
    pub is_enabled: bool,
    /// How its conversations are handed out.
    pub routing: SkillRouting,
    /// When people work; nothing is always.
    pub hours: Option<Hours>,
    /// What the consumer is asked afterwards.
    pub survey: Option<Survey>,
    /// Whether consumers who come back may be offered to the agent they had.
    pub is_last_agent_enabled: bool,
    /// How long a conversation should wait at most.
    pub max_wait_seconds: Option<u32>,
    /// Where a conversation goes that has waited for longer.
    pub fallback_skill_id: Option<SkillId>,
}

impl Written {
    /// Returns a skill of which only the name is known.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            is_enabled: true,
            routing: SkillRouting::default(),
            hours: None,
            survey: None,
            is_last_agent_enabled: true,
            max_wait_seconds: None,
            fallback_skill_id: None,
        }
    }

    /// Refuses what cannot be of the skill called `id`.
    async fn check(&self, caller: &Caller, app: &App, id: Option<&SkillId>) -> Result<()> {
        let mut checks = self.checks(id);
        let mentioned = self.mentioned();
        checks.skills(app, &caller.account, &mentioned).await?;
        checks.finish()
    }

    /// Returns what is wrong of the skill called `id`, but for the skills that it names.
    pub(crate) fn mistakes(&self, id: Option<&SkillId>) -> Vec<Mistake> {
        self.checks(id).into_mistakes()
    }

    fn checks(&self, id: Option<&SkillId>) -> Checks {
        let mut checks = Checks::default();
        checks.name(&self.name);
        let is_short = self.description.chars().count() <= DESCRIPTION_CHARS_MAX;
        let expected = format!("expected at most {DESCRIPTION_CHARS_MAX} characters");
        checks.require(is_short, "#/description", expected);
        check_routing(&mut checks, &self.routing);
        if let Some(hours) = &self.hours {
            check_hours(&mut checks, hours);
        }
        if let Some(survey) = &self.survey {
            check_survey(&mut checks, survey);
        }
        checks.seconds(self.max_wait_seconds, "#/maxWaitSeconds");
        for (pointer, other) in self.mentioned() {
            let is_other = id != Some(other);
            checks.require(is_other, &pointer, "expected another skill than this one");
        }
        checks
    }

    /// Returns the skills that are named, with their places.
    fn mentioned(&self) -> Vec<(String, &SkillId)> {
        let relaxations = self.routing.relaxations.iter().enumerate();
        let mut mentioned: Vec<_> = relaxations
            .filter_map(|(position, relaxation)| {
                let pointer = format!("#/routing/relaxations/{position}/skillId");
                Some((pointer, relaxation.skill_id.as_ref()?))
            })
            .collect();
        let fallback = self.fallback_skill_id.as_ref();
        mentioned.extend(fallback.map(|id| ("#/fallbackSkillId".to_owned(), id)));
        if let Some(OutsideHours::Transfer { skill_id }) =
            self.hours.as_ref().map(|hours| &hours.outside)
        {
            mentioned.push(("#/hours/outside/skillId".to_owned(), skill_id));
        }
        mentioned
    }

    pub(crate) fn into_record(self, id: SkillId, created_at: Timestamp) -> Skill {
        Skill {
            id,
            name: self.name,
            description: self.description,
            created_at,
            is_enabled: self.is_enabled,
            routing: self.routing,
            hours: self.hours,
            survey: self.survey,
            is_last_agent_enabled: self.is_last_agent_enabled,
            max_wait_seconds: self.max_wait_seconds,
            fallback_skill_id: self.fallback_skill_id,
        }
    }
}

impl From<Skill> for Written {
    fn from(skill: Skill) -> Self {
        Self {
            name: skill.name,
            description: skill.description,
            is_enabled: skill.is_enabled,
            routing: skill.routing,
            hours: skill.hours,
            survey: skill.survey,
            is_last_agent_enabled: skill.is_last_agent_enabled,
            max_wait_seconds: skill.max_wait_seconds,
            fallback_skill_id: skill.fallback_skill_id,
        }
    }
}

/// Characters of what a skill is for.
const DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Openings of a week, and the days that are otherwise.
const HOURS_ENTRIES_MAX: usize = 400;

fn check_routing(checks: &mut Checks, routing: &SkillRouting) {
    checks.seconds(routing.ring_seconds, "#/routing/ringSeconds");
    checks.seconds(
        routing.answer_within_seconds,
        "#/routing/answerWithinSeconds",
    );
    checks.seconds(routing.response_seconds, "#/routing/responseSeconds");
    checks.seconds(
        routing.urgent_response_seconds,
        "#/routing/urgentResponseSeconds",
    );
    if let Some(weights) = &routing.weights {
        check_weights(checks, weights, "#/routing/weights");
    }
    let is_proficiency = |number: Option<u8>| number.is_none_or(|number| matches!(number, 1..=10));
    checks.require(
        is_proficiency(routing.proficiency_min),
        "#/routing/proficiencyMin",
        "expected 1 to 10",
    );
    checks.require(
        routing.relaxations.len() <= limits::RELAXATIONS_MAX,
        "#/routing/relaxations",
        format!("expected at most {} of them", limits::RELAXATIONS_MAX),
    );
    checks.require(
        routing
            .relaxations
            .is_sorted_by_key(|relaxation| relaxation.after_seconds),
        "#/routing/relaxations",
        "expected the shortest wait first",
    );
    for (position, relaxation) in routing.relaxations.iter().enumerate() {
        checks.require(
            is_proficiency(relaxation.proficiency_min),
            &format!("#/routing/relaxations/{position}/proficiencyMin"),
            "expected 1 to 10",
        );
    }
}

/// Notes what is wrong with what a conversation counts.
pub(crate) fn check_weights(checks: &mut Checks, weights: &Weights, pointer: &str) {
    let is_part = |weight| matches!(weight, 100..=1_000);
    let expected = "expected 100 to 1,000 thousandths of a place";
    checks.require(
        is_part(weights.active_per_mille),
        &format!("{pointer}/activePerMille"),
        expected,
    );
    checks.require(
        is_part(weights.inactive_per_mille),
        &format!("{pointer}/inactivePerMille"),
        expected,
    );
    checks.seconds(
        Some(weights.inactive_after_seconds),
        &format!("{pointer}/inactiveAfterSeconds"),
    );
}

fn check_hours(checks: &mut Checks, hours: &Hours) {
    checks.require(
        calendar::zone(&hours.zone).is_some(),
        "#/hours/zone",
        format!(
            "expected an IANA zone such as `Europe/Berlin`, found `{}`",
            hours.zone
        ),
    );
    checks.require(
        hours.week.len() <= HOURS_ENTRIES_MAX && hours.exceptions.len() <= HOURS_ENTRIES_MAX,
        "#/hours",
        format!("expected at most {HOURS_ENTRIES_MAX} openings and as many exceptions"),
    );
    let is_opening = |span: &DaySpan| Opening::new(span.from_minute, span.to_minute).is_some();
    let expected = "expected a start from `00:00` to `23:59` and an end up to `24:00`";
    for (position, opening) in hours.week.iter().enumerate() {
        let pointer = format!("#/hours/week/{position}");
        checks.require(is_opening(&opening.span), &pointer, expected);
    }
    for (position, exception) in hours.exceptions.iter().enumerate() {
        let pointer = format!("#/hours/exceptions/{position}");
        let is_date = hours::date(&exception.date).is_some();
        checks.require(
            is_date,
            &format!("{pointer}/date"),
            "expected a date such as `2026-12-24`",
        );
        let are_openings = exception.spans.iter().all(is_opening);
        checks.require(are_openings, &format!("{pointer}/spans"), expected);
    }
    if let OutsideHours::Close { message } = &hours.outside {
        checks.message(message, "#/hours/outside/message");
    }
}

fn check_survey(checks: &mut Checks, survey: &Survey) {
    checks.message(&survey.question, "#/survey/question");
    if let Some(thanks) = &survey.thanks {
        checks.message(thanks, "#/survey/thanks");
    }
    checks.seconds(Some(survey.timeout_seconds), "#/survey/timeoutSeconds");
}

impl Noun for Skill {
    const WORD: &'static str = "skill";
    const NOT_FOUND: Code = Code::SkillNotFound;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn unique(&self) -> Option<&str> {
        Some(&self.name)
    }
}

/// Adds a skill; without an id it is minted.
///
/// # Errors
/// Fails if the caller may not, the id or the name is taken, or a field is wrong.
pub async fn create(
    caller: &Caller,
    app: &Arc<App>,
    id: Option<SkillId>,
    written: Written,
) -> Result<Kept<Skill>> {
    caller.require(Permission::SkillsWrite)?;
    written.check(caller, app, id.as_ref()).await?;
    let is_named = id.is_some();
    let id = id.map_or_else(|| SkillId::parse(&noun::mint(app)), Ok);
    let skill = written.into_record(id.map_err(Error::internal)?, app.now());
    let creation = noun::creation(caller, &skill, is_named)?;
    noun::add(caller, app, skill, &creation).await
}

/// Returns a skill.
///
/// # Errors
/// Fails if the caller may not see skills, or there is no such skill.
pub async fn get(caller: &Caller, app: &App, id: &SkillId) -> Result<Kept<Skill>> {
    caller.require(Permission::SkillsRead)?;
    noun::find(caller, app, id.as_str()).await
}

/// Returns a skill to somebody who may change it.
///
/// # Errors
/// Fails if the caller may not, or there is no such skill.
pub async fn editable(caller: &Caller, app: &App, id: &SkillId) -> Result<Kept<Skill>> {
    caller.require(Permission::SkillsWrite)?;
    noun::find(caller, app, id.as_str()).await
}

/// Returns every skill, in the order of their ids.
///
/// # Errors
/// Fails if the caller may not see them.
pub async fn list(caller: &Caller, app: &App) -> Result<Vec<Kept<Skill>>> {
    caller.require(Permission::SkillsRead)?;
    noun::all(caller, app).await
}

/// Says anew what a skill is to be.
///
/// # Errors
/// Fails if the caller may not, there is no such skill, `expected` is not its revision, the name is
/// taken, or a field is wrong.
pub async fn replace(
    caller: &Caller,
    app: &Arc<App>,
    id: &SkillId,
    written: Written,
    expected: Option<u64>,
) -> Result<Kept<Skill>> {
    caller.require(Permission::SkillsWrite)?;
    let before: Kept<Skill> = noun::find(caller, app, id.as_str()).await?;
    noun::require_revision(&before, expected)?;
    written.check(caller, app, Some(id)).await?;
    let skill = written.into_record(id.clone(), before.record.created_at);
    noun::replace(caller, app, before, skill).await
}

/// Switches a skill on or off; while it is off, nothing is transferred to it or handed out.
///
/// # Errors
/// As [`replace`].
pub async fn set_enabled(
    caller: &Caller,
    app: &Arc<App>,
    id: &SkillId,
    is_enabled: bool,
) -> Result<Kept<Skill>> {
    let Kept { record, revision } = editable(caller, app, id).await?;
    let written = Written {
        is_enabled,
        ..record.into()
    };
    replace(caller, app, id, written, Some(revision)).await
}

/// Removes a skill, and takes it from the users who have it.
///
/// # Errors
/// Fails if the caller may not, there is no such skill, or conversations are in it.
pub async fn delete(caller: &Caller, app: &Arc<App>, id: &SkillId) -> Result<()> {
    caller.require(Permission::SkillsWrite)?;
    let kept: Kept<Skill> = noun::find(caller, app, id.as_str()).await?;
    desks::check_unused(app, &caller.account, id).await?;
    let mut change = Change::new(app, caller);
    for mut user in noun::all::<User>(caller, app).await? {
        let before = user.record.skills.len();
        user.record.skills.retain(|skill| skill.skill_id != *id);
        if user.record.skills.len() < before {
            change.put(&user.record, Expect::Revision(user.revision))?;
        }
    }
    noun::remove(caller, app, change, &kept).await
}
