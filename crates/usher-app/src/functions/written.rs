//! What somebody writes of a function, and what of it can be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use usher_model::id::{FunctionId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_policy::cron::Cron;
use usher_store::record::Function;
use usher_store::record::function::{FunctionCode, Schedule};

use super::event::{self, Event};
use super::registry::{Entry, Registry};
use crate::App;
use crate::caller::Caller;
use crate::check::Checks;
use crate::error::{Code, Error, Result};

/// Characters of what a function is for.
const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// Names of environment variables that are the platform's: as such, and as what they begin with.
const RESERVED: [&str; 6] = ["NODE_ENV", "PATH", "HOME", "PWD", "SHELL", "USER"];
const RESERVED_PREFIXES: [&str; 3] = ["USHER_", "LP_", "FAAS_"];

/// What a function is to be.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its name, unique in the account ignoring case: 1 to 200 characters.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The event that starts it.
    pub event_id: Option<String>,
    /// The skills for whose conversations the event starts it; none means all.
    pub skill_ids: Vec<SkillId>,
    /// Whether it is given the bearer token of the one who asked for a decision.
    pub is_trusted: bool,
    /// JavaScript.
    pub source: String,
    /// What it reads as `process.env`.
    pub environment: BTreeMap<String, String>,
    /// How long it may take.
    pub timeout: Duration,
    /// When time starts it.
    pub schedule: Option<Schedule>,
}

impl Written {
    /// Returns a function of which only the name and the source are known.
    #[must_use]
    pub fn new(name: impl Into<String>, source: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            event_id: None,
            skill_ids: Vec::new(),
            is_trusted: false,
            source: source.into(),
            environment: BTreeMap::new(),
            timeout: limits::FUNCTION_TIME_MAX,
            schedule: None,
        }
    }

    /// Returns what the caller sent, to know it again.
    pub(super) fn sent(&self) -> Value {
        json!({
            "name": self.name, "description": self.description, "eventId": self.event_id,
            "skillIds": self.skill_ids, "isTrusted": self.is_trusted, "source": self.source,
            "environment": self.environment,
            "timeoutMs": u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
            "schedule": self.schedule.as_ref().map(|one| (&one.cron, &one.zone, &one.payload)),
        })
    }

    /// Refuses what no function can be.
    pub(super) async fn check(&self, caller: &Caller, app: &App) -> Result<()> {
        let mut checks = Checks::default();
        checks.name(&self.name);
        checks.require(
            self.description.chars().count() <= DESCRIPTION_CHARS_MAX,
            "#/description",
            format!("expected at most {DESCRIPTION_CHARS_MAX} characters"),
        );
        checks.require(
            self.source.chars().count() <= limits::FUNCTION_SOURCE_CHARS_MAX,
            "#/source",
            format!(
                "expected at most {} characters",
                limits::FUNCTION_SOURCE_CHARS_MAX
            ),
        );
        let (least, most) = (limits::FUNCTION_TIME_MIN, limits::FUNCTION_TIME_MAX);
        checks.require(
            (least..=most).contains(&self.timeout),
            "#/timeoutMs",
            format!("expected {} to {}", least.as_millis(), most.as_millis()),
        );
        self.check_event(&mut checks);
        self.check_environment(&mut checks);
        if let Some(schedule) = &self.schedule {
            check_schedule(&mut checks, schedule);
        }
        let skills = self.skill_ids.iter().enumerate();
        let mentioned: Vec<_> = skills
            .map(|(position, skill)| (format!("#/skillIds/{position}"), skill))
            .collect();
        if self.skill_ids.len() <= limits::FUNCTION_SKILLS_MAX {
            checks.skills(app, &caller.account, &mentioned).await?;
        }
        checks.finish()
    }

    fn check_event(&self, checks: &mut Checks) {
        let known = self.event_id.as_deref().map(|id| (id, event::find(id)));
        if let Some((id, None)) = known {
            checks.require(false, "#/eventId", event::expected(id));
        }
        let event = known.and_then(|(_, event)| event);
        let has_skills = event.is_some_and(|event| event.has_skills);
        checks.require(
            has_skills || self.skill_ids.is_empty(),
            "#/skillIds",
            "expected none: only events of conversations are of a skill",
        );
        let different: BTreeSet<_> = self.skill_ids.iter().collect();
        checks.require(
            self.skill_ids.len() <= limits::FUNCTION_SKILLS_MAX
                && different.len() == self.skill_ids.len(),
            "#/skillIds",
            format!(
                "expected at most {} different ones",
                limits::FUNCTION_SKILLS_MAX
            ),
        );
        checks.require(
            self.schedule.is_none() || self.event_id.is_none(),
            "#/schedule",
            "expected none: an event starts the function",
        );
    }

    fn check_environment(&self, checks: &mut Checks) {
        checks.require(
            self.environment.len() <= limits::FUNCTION_VARIABLES_MAX,
            "#/environment",
            format!(
                "expected at most {} variables",
                limits::FUNCTION_VARIABLES_MAX
            ),
        );
        let chars_max = limits::FUNCTION_VARIABLE_CHARS_MAX;
        for (name, value) in &self.environment {
            let pointer = format!(
                "#/environment/{}",
                name.replace('~', "~0").replace('/', "~1")
            );
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let is_name = !name.is_empty()
                && name.len() <= chars_max
                && name.chars().all(is_word)
                && !name.starts_with(|c: char| c.is_ascii_digit());
            let expected = format!(
                "expected a name of 1 to {chars_max} letters, digits and underscores that begins \
                 with no digit"
            );
            checks.require(is_name, &pointer, expected);
            let upper = name.to_ascii_uppercase();
            let is_reserved = RESERVED.contains(&upper.as_str())
                || RESERVED_PREFIXES
                    .iter()
                    .any(|prefix| upper.starts_with(prefix));
            let expected = format!("expected a name that is not reserved, found `{name}`");
            checks.require(!is_reserved, &pointer, expected);
            let expected = format!("expected a value of at most {chars_max} characters");
            checks.require(value.chars().count() <= chars_max, &pointer, expected);
        }
    }

    pub(super) fn into_function(self, id: FunctionId, now: Timestamp, actor: &str) -> Function {
        Function {
            id,
            name_key: self.name.to_lowercase(),
            name: self.name,
            description: self.description,
            event_id: self.event_id,
            skill_ids: self.skill_ids,
            is_trusted: self.is_trusted,
            code: FunctionCode {
                source: self.source,
                environment: self.environment,
                timeout_ms: u32::try_from(self.timeout.as_millis()).unwrap_or(u32::MAX),
            },
            schedule: self.schedule,
            last_version: 0,
            deployed: None,
            is_modified: false,
            problem: None,
            created_at: now,
            updated_at: now,
            updated_by: actor.to_owned(),
        }
    }
}

impl From<Function> for Written {
    fn from(function: Function) -> Self {
        Self {
            name: function.name,
            description: function.description,
            event_id: function.event_id,
            skill_ids: function.skill_ids,
            is_trusted: function.is_trusted,
            source: function.code.source,
            environment: function.code.environment,
            timeout: Duration::from_millis(function.code.timeout_ms.into()),
            schedule: function.schedule,
        }
    }
}

fn check_schedule(checks: &mut Checks, schedule: &Schedule) {
    if let Err(error) = Cron::parse(&schedule.cron, &schedule.zone) {
        checks.require(false, "#/schedule", error.to_string());
    }
    let chars_max = limits::FUNCTION_SCHEDULE_PAYLOAD_CHARS_MAX;
    checks.require(
        schedule.payload.to_string().chars().count() <= chars_max,
        "#/schedule/payload",
        format!("expected at most {chars_max} characters of JSON"),
    );
}

/// Refuses a function beside which the account has others that leave it no place: too many that
/// listen to its event, or too many schedules.
pub(super) fn check_place(registry: &Registry, function: &Function) -> Result<()> {
    let own = Entry::from(function);
    let others = || registry.all().filter(|other| other.id != own.id);
    let scheduled = others().filter(|other| other.is_scheduled).count();
    if own.is_scheduled && scheduled >= limits::FUNCTION_SCHEDULES_MAX {
        let message = format!(
            "expected at most {} functions with a schedule",
            limits::FUNCTION_SCHEDULES_MAX
        );
        return Err(Error::new(Code::FunctionLimit, message));
    }
    let Some(event) = own.event_id.as_deref().and_then(event::find) else {
        return Ok(());
    };
    check_listeners(event, &own, others())
}

fn check_listeners<'r>(
    event: &Event,
    own: &Entry,
    others: impl Iterator<Item = &'r Entry>,
) -> Result<()> {
    let mut beside = others
        .filter(|other| other.event_id.as_deref() == Some(event.id) && other.overlaps(own))
        .skip(event.functions_max - 1);
    let Some(other) = beside.next() else {
        return Ok(());
    };
    let message = if event.has_skills {
        format!(
            "expected skills for which no other function listens to `{}`: `{}` does",
            event.id, other.name
        )
    } else {
        format!(
            "expected at most {} functions for `{}`",
            event.functions_max, event.id
        )
    };
    Err(Error::new(Code::EventTaken, message))
}
