//! Functions, their versions, runs and logs, and the secrets they read.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use usher_app::error::Error;
use usher_app::functions::{self, State};
use usher_app::secrets;
use usher_model::id::{FunctionId, SkillId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use utoipa::ToSchema;

/// What a function is to be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "vip check",
    "source": "async function lambda(input) { return input.payload === \"ada\"; }"}))]
pub struct WrittenFunction {
    /// Its name, unique ignoring case: 1 to 200 characters.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// JavaScript that defines `lambda(input, callback)`: at most 100,000 characters.
    pub source: String,
    /// The event that starts it; without one only callers, policies and schedules do.
    #[serde(default)]
    pub event_id: Option<String>,
    /// The skills for whose conversations the event starts it: at most 50, none means all.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false)]
    pub skill_ids: Vec<SkillId>,
    /// What it reads as `process.env`; takes effect when it is deployed.
    #[serde(default)]
    #[schema(required = false)]
    pub environment: BTreeMap<String, String>,
    /// How long it may take: 10 to 30,000, 30,000 unless given; takes effect when it is deployed.
    #[serde(default = "timeout_max")]
    #[schema(required = false)]
    pub timeout_ms: u32,
    /// Whether it is given the bearer token of the one who asked for a decision.
    #[serde(default)]
    #[schema(required = false)]
    pub is_trusted: bool,
    /// When time starts it; only while it is deployed, and gone when it is undeployed.
    #[serde(default)]
    pub schedule: Option<Schedule>,
}

fn timeout_max() -> u32 {
    u32::try_from(limits::FUNCTION_TIME_MAX.as_millis()).unwrap_or(u32::MAX)
}

/// When time starts a function.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schedule {
    /// Minute, hour, day, month and day of the week: `*/5 8-17 * * MON-FRI`.
    pub cron: String,
    /// The IANA zone in which they are read: `UTC` unless given.
    #[serde(default = "utc")]
    #[schema(required = false)]
    pub zone: String,
    /// What the function is given: at most 8,000 characters of JSON.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub payload: Value,
}

fn utc() -> String {
    "UTC".to_owned()
}

impl From<Schedule> for functions::Schedule {
    fn from(schedule: Schedule) -> Self {
        Self {
            cron: schedule.cron,
            zone: schedule.zone,
            payload: schedule.payload,
        }
    }
}

impl From<functions::Schedule> for Schedule {
    fn from(schedule: functions::Schedule) -> Self {
        Self {
            cron: schedule.cron,
            zone: schedule.zone,
            payload: schedule.payload,
        }
    }
}

impl From<WrittenFunction> for functions::Written {
    fn from(written: WrittenFunction) -> Self {
        Self {
            name: written.name,
            description: written.description,
            event_id: written.event_id,
            skill_ids: written.skill_ids,
            is_trusted: written.is_trusted,
            source: written.source,
            environment: written.environment,
            timeout: Duration::from_millis(written.timeout_ms.into()),
            schedule: written.schedule.map(Into::into),
        }
    }
}

/// Where a function is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FunctionState {
    /// It was never deployed, or is no longer.
    Draft,
    /// A version runs that is as the function is written.
    Productive,
    /// A version runs, and the function was changed since.
    Modified,
    /// The last deployment failed; an earlier version may still run.
    BuildError,
}

impl From<State> for FunctionState {
    fn from(state: State) -> Self {
        match state {
            State::Draft => Self::Draft,
            State::Productive => Self::Productive,
            State::Modified => Self::Modified,
            State::BuildError => Self::BuildError,
        }
    }
}

/// A brand's own JavaScript.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Function {
    /// Which one.
    #[schema(value_type = String)]
    pub id: FunctionId,
    /// What it is written to be.
    #[serde(flatten)]
    pub is: WrittenFunction,
    /// Where it is in its life.
    pub state: FunctionState,
    /// The version that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployed_version: Option<u64>,
    /// Why the last deployment failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
}

impl From<functions::Function> for Function {
    fn from(function: functions::Function) -> Self {
        Self {
            id: function.id,
            state: State::of(&function).into(),
            deployed_version: function.deployed,
            problem: function.problem,
            created_at: function.created_at,
            updated_at: function.updated_at,
            updated_by: function.updated_by,
            is: WrittenFunction {
                name: function.name,
                description: function.description,
                source: function.code.source,
                event_id: function.event_id,
                skill_ids: function.skill_ids,
                environment: function.code.environment,
                timeout_ms: function.code.timeout_ms,
                is_trusted: function.is_trusted,
                schedule: function.schedule.map(Into::into),
            },
        }
    }
}

/// A version that was deployed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunctionVersion {
    /// Counts the deployments, from 1.
    pub version: u64,
    /// JavaScript.
    pub source: String,
    /// What it reads as `process.env`.
    pub environment: BTreeMap<String, String>,
    /// How long it may take.
    pub timeout_ms: u32,
    /// When it was deployed.
    #[schema(value_type = String, format = DateTime)]
    pub deployed_at: Timestamp,
    /// By whom.
    pub deployed_by: String,
}

impl From<functions::FunctionVersion> for FunctionVersion {
    fn from(version: functions::FunctionVersion) -> Self {
        Self {
            version: version.version,
            source: version.code.source,
            environment: version.code.environment,
            timeout_ms: version.code.timeout_ms,
            deployed_at: version.deployed_at,
            deployed_by: version.deployed_by,
        }
    }
}

/// Which version is to run again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({}))]
pub struct Rollback {
    /// Its number; the one before the version that runs unless given.
    pub version: Option<u64>,
}

/// A name and its value.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionHeader {
    /// The name.
    pub key: String,
    /// The value.
    pub value: String,
}

/// What a function is given when it is tried.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"payload": "ada"}))]
pub struct FunctionTest {
    /// Any JSON; a sample of the function's event unless given.
    #[serde(deserialize_with = "some")]
    #[schema(value_type = Option<Value>)]
    pub payload: Option<Value>,
    /// Names and values.
    pub headers: Vec<FunctionHeader>,
}

/// Reads what is given, though it be null.
fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl FunctionTest {
    /// Returns what the use case takes.
    #[must_use]
    pub fn into_given(self) -> Option<functions::Given> {
        let headers = self.headers.into_iter();
        let headers: Vec<_> = headers.map(|header| (header.key, header.value)).collect();
        Some(functions::Given {
            timestamp: None,
            headers,
            payload: self.payload?,
        })
    }
}

/// What came of trying a function.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunctionRun {
    /// What it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub result: Option<Value>,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<FunctionFailure>,
    /// What it wrote, `debug` too.
    pub logs: Vec<LogLine>,
    /// How long it took.
    pub duration_ms: f64,
}

/// Why a function did not answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunctionFailure {
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
}

/// A line that a function wrote.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The first argument.
    pub message: String,
    /// The others.
    #[schema(value_type = Vec<Value>)]
    pub extras: Vec<Value>,
}

impl From<functions::Run> for FunctionRun {
    fn from(run: functions::Run) -> Self {
        let logs = run.lines().map(|line| LogLine {
            at: line.at,
            level: line.level,
            message: line.message,
            extras: line.extras,
        });
        let logs = logs.collect();
        let (result, error) = match run.result {
            Ok(result) => (Some(result), None),
            Err(error) => {
                let (code, message) = (error.code.as_str().to_owned(), error.message);
                (None, Some(FunctionFailure { code, message }))
            }
        };
        Self {
            result,
            error,
            logs,
            duration_ms: run.took.as_secs_f64() * 1_000.0,
        }
    }
}

/// One entry of a function's log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunctionLogEntry {
    /// Which entry.
    pub id: String,
    /// In which request.
    pub request_id: String,
    /// What was written.
    #[serde(flatten)]
    pub line: LogLine,
}

impl From<functions::Logged> for FunctionLogEntry {
    fn from(logged: functions::Logged) -> Self {
        let functions::Logged { sequence, entry } = logged;
        Self {
            id: sequence.to_string(),
            request_id: entry.request_id,
            line: LogLine {
                at: entry.at,
                level: functions::level_word(entry.level),
                message: entry.message,
                extras: entry.extras,
            },
        }
    }
}

/// What is written of a function, to be checked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"source": "async function lambda(input) { return input.payload; }",
    "schedule": {"cron": "*/5 8-17 * * MON-FRI"}}))]
pub struct FunctionDraft {
    /// JavaScript.
    pub source: String,
    /// When time is to start it.
    #[serde(default)]
    pub schedule: Option<Schedule>,
}

/// What is wrong with a function while it is written.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunctionCheck {
    /// What keeps the source from being deployed.
    pub problems: Vec<FunctionProblem>,
    /// What is wrong with the schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_problem: Option<String>,
    /// When the schedule would start it next, the first first: up to five instants.
    #[schema(value_type = Vec<String>)]
    pub next_at: Vec<Timestamp>,
}

/// A mistake in a source.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunctionProblem {
    /// What was expected, and what to do.
    pub message: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl From<functions::Examined> for FunctionCheck {
    fn from(examined: functions::Examined) -> Self {
        let problems = examined.mistakes.into_iter().map(|found| FunctionProblem {
            message: found.message,
            line: found.line,
            column: found.column,
        });
        Self {
            problems: problems.collect(),
            schedule_problem: examined.schedule,
            next_at: examined.next_at,
        }
    }
}

/// Writes entries of a log as the contract has them.
///
/// # Errors
/// Fails if text cannot be written, which is our mistake.
pub fn log_csv(entries: &[functions::Logged]) -> Result<String, Error> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b';')
        .from_writer(Vec::new());
    let head = [
        "lambdaUUID",
        "requestID",
        "timestamp",
        "level",
        "message",
        "extras",
    ];
    writer.write_record(head).map_err(Error::internal)?;
    for functions::Logged { entry, .. } in entries {
        let extras = serde_json::to_string(&entry.extras).map_err(Error::internal)?;
        let line = [
            entry.function_id.to_string(),
            entry.request_id.clone(),
            entry.at.milliseconds().to_string(),
            functions::level_word(entry.level).to_owned(),
            entry.message.clone(),
            extras,
        ];
        writer.write_record(line).map_err(Error::internal)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Error::internal(error.to_string()))?;
    String::from_utf8(bytes).map_err(Error::internal)
}

/// Entries of a function's log that came after others.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunctionLogTail {
    /// The entries, the first first.
    pub items: Vec<FunctionLogEntry>,
    /// What to ask for next.
    pub next_cursor: String,
}

/// A function, with how it did lately.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsedFunction {
    /// The function.
    #[serde(flatten)]
    pub is: Function,
    /// How it did lately, up to a second ago; tests do not count.
    pub usage: FunctionUsages,
}

/// How a function did lately; each counts from the full hour.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunctionUsages {
    /// In this hour and the one before.
    pub last_hour: FunctionUsage,
    /// In a day.
    pub last_day: FunctionUsage,
    /// In seven days.
    pub last_week: FunctionUsage,
    /// In thirty days.
    pub last_month: FunctionUsage,
}

/// How a function did for a while.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunctionUsage {
    /// How many runs.
    pub runs: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Within how many milliseconds half of them ended, rounded up to 1, 2, 5, 10, …; absent without
    /// runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<u64>,
    /// Within how many milliseconds 99 of 100 did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<u64>,
}

impl From<functions::Usages> for FunctionUsages {
    fn from(usages: functions::Usages) -> Self {
        Self {
            last_hour: usages.hour.into(),
            last_day: usages.day.into(),
            last_week: usages.week.into(),
            last_month: usages.month.into(),
        }
    }
}

impl From<functions::Usage> for FunctionUsage {
    fn from(usage: functions::Usage) -> Self {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            runs: usage.runs,
            failed: usage.failed,
            p50_ms: usage.p50.map(milliseconds),
            p99_ms: usage.p99.map(milliseconds),
        }
    }
}

/// When time started a function, and when it will.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunctionSchedule {
    /// The minute for which it was started last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_at: Option<Timestamp>,
    /// How that run ended: `OK`, or the code of its failure; absent while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_outcome: Option<String>,
    /// When it is next time; absent if it is not deployed, or has no schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
}

impl From<functions::Runs> for FunctionSchedule {
    fn from(runs: functions::Runs) -> Self {
        Self {
            last_at: runs.last_at,
            last_outcome: runs.last_outcome,
            next_at: runs.next_at,
        }
    }
}

/// The domains that functions may call.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"domains": ["crm.example.com", "*.example.org"]}))]
pub struct AllowList {
    /// Names, or `*.` before one for every name below it.
    pub domains: Vec<String>,
}

/// An event that may start functions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunctionEvent {
    /// What functions name.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Functions that may listen to it; with skills, those for one skill.
    pub functions_max: usize,
    /// Whether a function may listen for some skills only.
    pub has_skills: bool,
    /// A payload such as the event brings.
    #[schema(value_type = Value)]
    pub sample: Value,
}

impl From<&functions::event::Event> for FunctionEvent {
    fn from(event: &functions::event::Event) -> Self {
        Self {
            id: event.id,
            name: event.name,
            functions_max: event.functions_max,
            has_skills: event.has_skills,
            sample: event.sample.clone(),
        }
    }
}

/// A secret's value, which is never shown again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"value": "hunter2"}))]
pub struct SecretValue {
    /// Any JSON but null, most often a text: 1 to 10,000 characters.
    #[schema(value_type = Value)]
    pub value: Value,
}

/// A secret without its value.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// What functions call it.
    pub name: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
}

impl From<secrets::Secret> for Secret {
    fn from(secret: secrets::Secret) -> Self {
        Self {
            name: secret.name,
            created_at: secret.created_at,
            updated_at: secret.updated_at,
            updated_by: secret.updated_by,
        }
    }
}
