//! Policies.

use serde::{Deserialize, Serialize};
use usher_app::decisions::preview;
use usher_app::policies;
use usher_app::policies::diagnostic::{Diagnostic, Severity};
use usher_app::usage;
use usher_model::id::DecisionId;
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use utoipa::ToSchema;

use super::decision::{DecisionRequest, Winner};
use crate::problem::Span;

/// A policy in the list: its stored form with what is known about it.
///
/// The stored form has `id`, `name`, `description`, `enabled`, `mode` (`CONDITIONS` or
/// `EXPRESSION`), `conditions`, `expression`, `actions` and `exception`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// The policy in its stored form.
    #[serde(flatten)]
    #[schema(value_type = PolicyDocument)]
    pub document: Object,
    /// The account.
    pub account_id: String,
    /// Its place in the list, from 0.
    pub position: usize,
    /// Counts its changes, from 1; the `ETag`.
    pub version: u64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
    /// What is wrong with it.
    pub check: Check,
}

impl Policy {
    /// Makes the shape of a policy.
    #[must_use]
    pub fn new(account: String, policy: policies::Policy) -> Self {
        let document = match policy.document {
            Value::Object(document) => document,
            _ => Object::new(),
        };
        Self {
            document,
            account_id: account,
            position: policy.position,
            version: policy.version,
            created_at: policy.created_at,
            updated_at: policy.updated_at,
            updated_by: policy.updated_by,
            check: Check::new(&policy.problems),
        }
    }
}

/// A policy as it is written.
///
/// Fields of a legacy block (`conditions`, `actions`, `exception`) and of the form are taken alike;
/// unknown ones are left out.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "name": "VIP desk",
    "conditions": [{"property": "customerinfo.email", "type": "IS_IN", "value": "{{custom.vipList}}"}],
    "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "1001"}}]
}))]
pub struct PolicyDocument {
    /// Its id; given by Usher when a policy is added.
    pub id: Option<String>,
    /// What people call it: 1 to 200 characters, unique ignoring case.
    pub name: String,
    /// Why it is there.
    pub description: Option<String>,
    /// Whether decisions try it.
    pub enabled: Option<bool>,
    /// `CONDITIONS` or `EXPRESSION`.
    pub mode: Option<String>,
    /// Rows that must all hold: `{property, type, value, valueType?}` or a group `{any: [row, …]}`.
    #[schema(value_type = Option<Vec<Object>>)]
    pub conditions: Option<Vec<Value>>,
    /// Text of the expression language, in place of rows.
    pub expression: Option<String>,
    /// What happens, in order: `{type, payload}`.
    #[schema(value_type = Vec<Object>)]
    pub actions: Vec<Value>,
    /// One exception or a list: `{conditions | expression, actions, requiresRoot?}`.
    #[schema(value_type = Option<Object>)]
    pub exception: Option<Value>,
}

/// A policy to try, and on what; nothing is kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "policy": {
        "name": "VIP desk",
        "expression": "orchestrator.intent == 'order_status'",
        "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "1001"}}]
    },
    "ground": {"attributes": {"orchestrator": {"intent": "order_status"}}}
}))]
pub struct PolicyTrial {
    /// The policy as it is written; whether it is enabled does not matter.
    #[schema(value_type = PolicyDocument)]
    pub policy: Value,
    /// A past decision: what was known then; what it did not ask for is missing.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub decision_id: Option<String>,
    /// What is known now, as a decision is asked for; unless a past one is named.
    #[serde(default)]
    pub ground: DecisionRequest,
}

/// An edit of the list that is not made; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "policy": {
        "name": "VIP desk",
        "expression": "customerinfo.email in custom.vipList",
        "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "1001"}}]
    },
    "enabled": true,
    "position": 0
}))]
pub struct PolicyEdit {
    /// Which policy; without one a new one, which stands last and is disabled unless told.
    pub policy_id: Option<String>,
    /// What it says, as it is written.
    #[schema(value_type = Option<PolicyDocument>)]
    pub policy: Option<Value>,
    /// Whether decisions try it.
    pub enabled: Option<bool>,
    /// Its place in the list, from 0.
    pub position: Option<usize>,
}

/// What an edit of the list would change.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyPreview {
    /// The last decisions that were decided again: 200 at most.
    pub decisions: usize,
    /// Those of them of which nobody knows: they did not ask for what the policies read now.
    pub unknown: usize,
    /// Those that would go elsewhere; the most frequent way first.
    pub moves: Vec<PolicyMove>,
}

/// Decisions that would go the same other way.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyMove {
    /// The policy that decides them as the list is; none if nothing matches.
    pub from: Option<Winner>,
    /// The one that would; the same one if only its actions would be others.
    pub to: Option<Winner>,
    /// How many.
    pub decisions: usize,
    /// The newest of them.
    #[schema(value_type = String, format = "uuid")]
    pub example: DecisionId,
}

impl From<preview::Preview> for PolicyPreview {
    fn from(preview: preview::Preview) -> Self {
        let moves = preview.moves.into_iter().map(|moved| PolicyMove {
            from: moved.from.map(Winner::from),
            to: moved.to.map(Winner::from),
            decisions: moved.decisions,
            example: moved.example,
        });
        Self {
            decisions: preview.decisions,
            unknown: preview.unknown,
            moves: moves.collect(),
        }
    }
}

/// What is wrong with a policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct Check {
    /// `OK`, or `INVALID`: it never matches.
    pub status: String,
    /// Mistakes and remarks.
    pub problems: Vec<PolicyProblem>,
}

impl Check {
    /// Makes the shape of a check's answer.
    #[must_use]
    pub fn new(problems: &[Diagnostic]) -> Self {
        let is_invalid = problems
            .iter()
            .any(|problem| problem.severity == Severity::Error);
        Self {
            status: if is_invalid { "INVALID" } else { "OK" }.to_owned(),
            problems: problems.iter().map(PolicyProblem::from).collect(),
        }
    }
}

/// One mistake or remark.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyProblem {
    /// `ERROR`, `WARNING` or `NOTICE`.
    pub severity: String,
    /// A stable name, for programs.
    pub code: String,
    /// Where: a JSON pointer.
    pub path: String,
    /// What was found.
    pub message: String,
    /// What should stand there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What may have been meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// The part of the text at the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
}

impl From<&Diagnostic> for PolicyProblem {
    fn from(problem: &Diagnostic) -> Self {
        Self {
            severity: problem.severity.as_str().to_owned(),
            code: problem.code.as_str().to_owned(),
            path: problem.pointer.clone(),
            message: problem.message.clone(),
            expected: problem.expected.clone(),
            suggestion: problem.suggestion.clone(),
            span: problem.span.map(|span| Span {
                start: span.start,
                end: span.end,
            }),
        }
    }
}

/// Where a policy is moved: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"direction": "UP"}))]
pub struct Move {
    /// `UP` or `DOWN`: one place.
    pub direction: Option<Direction>,
    /// The place, from 0; beyond the end means last.
    pub position: Option<usize>,
}

/// One place up or down.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Direction {
    /// Tried earlier.
    Up,
    /// Tried later.
    Down,
}

/// Which version a policy goes back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"version": 1}))]
pub struct Revert {
    /// The version.
    pub version: u64,
}

/// One version of a policy.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyVersion {
    /// Which one, from 1; absent where the policy was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The revision of all rules that brought it.
    pub revision: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What was done.
    pub change: String,
    /// The policy as it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PolicyDocument>)]
    pub policy: Option<Value>,
}

impl From<policies::Version> for PolicyVersion {
    fn from(version: policies::Version) -> Self {
        Self {
            version: version.version,
            revision: version.revision,
            at: version.at,
            by: version.by,
            change: version.change,
            policy: version.document,
        }
    }
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportReport {
    /// Policies that are new.
    pub created: usize,
    /// Policies that had the id already and were replaced.
    pub updated: usize,
    /// Policies that are gone.
    pub deleted: usize,
    /// Policies that have mistakes and are therefore disabled.
    pub invalid: usize,
    /// Mistakes and remarks; paths are those of the file.
    pub problems: Vec<PolicyProblem>,
}

impl From<policies::import::Report> for ImportReport {
    fn from(report: policies::import::Report) -> Self {
        Self {
            created: report.created,
            updated: report.updated,
            deleted: report.deleted,
            invalid: report.invalid,
            problems: report.problems.iter().map(PolicyProblem::from).collect(),
        }
    }
}

/// How the runs of a period ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// The first day.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// The last day.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// All runs.
    pub runs: u64,
    /// Runs without a winner.
    pub no_match: u64,
    /// Runs in which a policy could not be judged.
    pub errors: u64,
    /// The policies that won, the most used first.
    pub policies: Vec<PolicyUsage>,
}

/// How often one policy won.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyUsage {
    /// Which one, also a deleted one.
    pub id: String,
    /// Its name when it last won.
    pub name: String,
    /// How often it won.
    pub matches: u64,
    /// When it last won.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_matched_at: Option<Timestamp>,
}

impl Usage {
    /// Makes the shape of a period's usage.
    #[must_use]
    pub fn new(from: Timestamp, to: Timestamp, usage: usage::Usage) -> Self {
        let policy = |policy: usage::PolicyUsage| PolicyUsage {
            id: policy.id,
            name: policy.name,
            matches: policy.matches,
            last_matched_at: policy.last_matched_at,
        };
        Self {
            from,
            to,
            runs: usage.runs,
            no_match: usage.no_match,
            errors: usage.errors,
            policies: usage.policies.into_iter().map(policy).collect(),
        }
    }
}
