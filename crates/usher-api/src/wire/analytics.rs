//! How a period went.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_app::analytics as app;
use usher_model::time::Timestamp;
use utoipa::ToSchema;

/// How long the steps of a report are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// An hour.
    Hour,
    /// A day of the time zone, which has 23 or 25 hours when clocks change.
    #[default]
    Day,
}

/// Whose figures are listed beside those of the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Grouping {
    /// Nobody's.
    #[default]
    None,
    /// Each skill's.
    Skill,
    /// Each agent's, bots included.
    Agent,
    /// Each channel's.
    Channel,
}

impl Grouping {
    /// Returns by what figures are counted.
    #[must_use]
    pub const fn dimension(self) -> Option<app::Dimension> {
        match self {
            Self::None => None,
            Self::Skill => Some(app::Dimension::Skill),
            Self::Agent => Some(app::Dimension::Agent),
            Self::Channel => Some(app::Dimension::Channel),
        }
    }
}

/// How a period went.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Analytics {
    /// The first day, `yyyy-mm-dd`.
    pub from: String,
    /// The last day, `yyyy-mm-dd`.
    pub to: String,
    /// The zone in which days begin.
    pub time_zone: String,
    /// How long the steps are.
    pub bucket: Step,
    /// Events that have happened and are not counted yet; 0 unless there are very many.
    pub behind: u64,
    /// The whole period, as far as it has gone.
    pub total: Bucket,
    /// As many days right before it; if the period is not over, up to the same time.
    pub before: Bucket,
    /// The period, step by step.
    pub buckets: Vec<Bucket>,
    /// By skill, agent or channel, those with the most conversations first.
    pub groups: Vec<Group>,
    /// Groups that were left out because there are too many.
    pub groups_more: usize,
    /// The policies that won, the most used first, at most 100; none if the report is about one
    /// skill, agent or channel.
    pub policies: Vec<PolicyMatches>,
}

/// What happened between two instants.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsBucket)]
pub struct Bucket {
    /// The first instant.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// The first instant after it.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// What happened.
    pub figures: Figures,
}

/// What happened to one skill, agent or channel.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsGroup)]
pub struct Group {
    /// Which one.
    pub id: String,
    /// Its name; none if it is gone, and for channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What happened.
    pub figures: Figures,
}

/// How often a policy won.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyMatches {
    /// Which one, also a deleted one.
    pub id: String,
    /// Its name when it last won.
    pub name: String,
    /// How often it won.
    pub matches: u64,
}

/// What is counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Conversations that began; of a skill those that came into it, of an agent those they got.
    pub conversations: u64,
    /// Conversations that ended, each with its last skill and agent.
    pub closed: u64,
    /// Of these, those that ended while they waited.
    pub abandoned: u64,
    /// Assignments to people.
    pub assignments: u64,
    /// Assignments to bots.
    pub bot_assignments: u64,
    /// Transfers away, by people.
    pub transfers: u64,
    /// Transfers away, from bots.
    pub handovers: u64,
    /// How long conversations waited before people got them; nothing if none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
    /// The scores of conversations that ended: 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcs: Option<Scores>,
    /// The answers to surveys: 1 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csat: Option<Scores>,
    /// Conversations that ended, of consumers who came back and got the agent they had.
    pub last_agent: Outcome,
    /// Those of consumers who came back and got somebody else.
    pub other_agent: Outcome,
    /// Why those did not get the agent they had: how often each reason came.
    pub other_because: BTreeMap<String, u64>,
    /// How runs of the policies ended; of the whole account only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decisions: Option<Decisions>,
}

/// How long conversations waited. Percentiles are within 0.8 % of the true ones; the rest is exact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waits {
    /// How many waited.
    pub count: u64,
    /// The mean.
    pub average_ms: u64,
    /// Half waited no longer.
    pub p50_ms: u64,
    /// Nine in ten waited no longer.
    pub p90_ms: u64,
    /// Ninety-nine in a hundred waited no longer.
    pub p99_ms: u64,
    /// The longest wait.
    pub max_ms: u64,
}

/// Scores; they are exact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scores {
    /// How many.
    pub count: u64,
    /// The mean.
    pub average: f64,
    /// One in ten is no higher.
    pub p10: u64,
    /// Half are no higher.
    pub p50: u64,
    /// Nine in ten are no higher.
    pub p90: u64,
}

/// How conversations went that ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsOutcome)]
pub struct Outcome {
    /// How many.
    pub closed: u64,
    /// How often people transferred them.
    pub transfers: u64,
    /// How long they waited for the first person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
    /// Their scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcs: Option<Scores>,
}

/// How runs of the policies ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DecisionCounts)]
pub struct Decisions {
    /// All of them.
    pub runs: u64,
    /// Those without a winner.
    pub no_match: u64,
    /// Those in which a policy could not be judged.
    pub errors: u64,
}

impl Analytics {
    /// Makes the shape of a report.
    #[must_use]
    pub fn new(report: app::Report, time_zone: String, bucket: Step) -> Self {
        Self {
            from: report.from,
            to: report.to,
            time_zone,
            bucket,
            behind: report.behind,
            total: report.total.into(),
            before: report.before.into(),
            buckets: report.buckets.into_iter().map(Into::into).collect(),
            groups: report.groups.into_iter().map(Into::into).collect(),
            groups_more: report.groups_more,
            policies: report.policies.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<app::Bucket> for Bucket {
    fn from(bucket: app::Bucket) -> Self {
        Self {
            from: bucket.from,
            to: bucket.to,
            figures: Figures::new(bucket.figures, bucket.decisions),
        }
    }
}

impl From<app::Group> for Group {
    fn from(group: app::Group) -> Self {
        Self {
            id: group.id,
            name: group.name,
            figures: Figures::new(group.figures, None),
        }
    }
}

impl From<app::PolicyMatches> for PolicyMatches {
    fn from(policy: app::PolicyMatches) -> Self {
        Self {
            id: policy.id.to_string(),
            name: policy.name,
            matches: policy.matches,
        }
    }
}

impl Figures {
    fn new(cell: app::Cell, decisions: Option<app::Decisions>) -> Self {
        Self {
            conversations: cell.conversations,
            closed: cell.closed,
            abandoned: cell.abandoned,
            assignments: cell.assignments,
            bot_assignments: cell.bot_assignments,
            transfers: cell.transfers,
            handovers: cell.handovers,
            waits: Waits::of(&cell.waits),
            mcs: Scores::of(&cell.mcs),
            csat: Scores::of(&cell.csat),
            last_agent: Outcome::of(&cell.last_agent),
            other_agent: Outcome::of(&cell.other_agent),
            other_because: cell.other_because,
            decisions: decisions.map(|decisions| Decisions {
                runs: decisions.runs,
                no_match: decisions.no_match,
                errors: decisions.errors,
            }),
        }
    }
}

impl Waits {
    fn of(waits: &app::Histogram) -> Option<Self> {
        Some(Self {
            count: waits.count(),
            average_ms: waits.sum.checked_div(waits.count())?,
            p50_ms: waits.percentile(50)?,
            p90_ms: waits.percentile(90)?,
            p99_ms: waits.percentile(99)?,
            max_ms: waits.max,
        })
    }
}

impl Scores {
    fn of(scores: &app::Histogram) -> Option<Self> {
        let thousandths = scores
            .sum
            .saturating_mul(1_000)
            .checked_div(scores.count())?;
        Some(Self {
            count: scores.count(),
            average: f64::from(u32::try_from(thousandths).unwrap_or(u32::MAX)) / 1_000.0,
            p10: scores.percentile(10)?,
            p50: scores.percentile(50)?,
            p90: scores.percentile(90)?,
        })
    }
}

impl Outcome {
    fn of(outcome: &app::Outcome) -> Self {
        Self {
            closed: outcome.closed,
            transfers: outcome.transfers,
            waits: Waits::of(&outcome.waits),
            mcs: Scores::of(&outcome.mcs),
        }
    }
}

/// The columns of a table that tell what happened.
const COLUMNS: &[&str] = &[
    "conversations",
    "closed",
    "abandoned",
    "assignments",
    "botAssignments",
    "transfers",
    "handovers",
    "waitAverageMs",
    "waitP50Ms",
    "waitP90Ms",
    "waitP99Ms",
    "waitMaxMs",
    "mcsCount",
    "mcsAverage",
    "mcsP10",
    "mcsP50",
    "csatCount",
    "csatAverage",
    "lastAgent",
    "lastAgentWaitP50Ms",
    "lastAgentMcsAverage",
    "lastAgentTransfers",
    "otherAgent",
    "otherAgentWaitP50Ms",
    "otherAgentMcsAverage",
    "otherAgentTransfers",
    "decisions",
    "decisionsNoMatch",
];

impl Analytics {
    /// Returns a table with a row for each group or, without groups, for each step (RFC 4180).
    #[must_use]
    pub fn to_csv(&self, grouping: Grouping) -> String {
        let (first, rows): (&[&str], Vec<_>) = if grouping == Grouping::None {
            let row = |bucket: &Bucket| {
                let span = [bucket.from.to_string(), bucket.to.to_string()];
                (span, bucket.figures.cells())
            };
            (&["from", "to"], self.buckets.iter().map(row).collect())
        } else {
            let row = |group: &Group| {
                let name = group.name.as_deref().unwrap_or_default();
                ([text(&group.id), text(name)], group.figures.cells())
            };
            (&["id", "name"], self.groups.iter().map(row).collect())
        };
        let mut lines = vec![[first, COLUMNS].concat().join(",")];
        lines.extend(rows.into_iter().map(|(first, cells)| {
            let all: Vec<String> = first.into_iter().chain(cells).collect();
            all.join(",")
        }));
        lines.push(String::new());
        lines.join("\r\n")
    }
}

impl Figures {
    /// Returns the cells of [`COLUMNS`]; what is not known is empty.
    fn cells(&self) -> Vec<String> {
        let waits = self.waits.as_ref();
        let (mcs, csat) = (self.mcs.as_ref(), self.csat.as_ref());
        let decisions = self.decisions.as_ref();
        let mut cells: Vec<String> = [
            self.conversations,
            self.closed,
            self.abandoned,
            self.assignments,
            self.bot_assignments,
            self.transfers,
            self.handovers,
        ]
        .map(|count| count.to_string())
        .into();
        cells.extend([
            number(waits.map(|waits| waits.average_ms)),
            number(waits.map(|waits| waits.p50_ms)),
            number(waits.map(|waits| waits.p90_ms)),
            number(waits.map(|waits| waits.p99_ms)),
            number(waits.map(|waits| waits.max_ms)),
            number(mcs.map(|mcs| mcs.count)),
            number(mcs.map(|mcs| mcs.average)),
            number(mcs.map(|mcs| mcs.p10)),
            number(mcs.map(|mcs| mcs.p50)),
            number(csat.map(|csat| csat.count)),
            number(csat.map(|csat| csat.average)),
        ]);
        for outcome in [&self.last_agent, &self.other_agent] {
            cells.extend([
                outcome.closed.to_string(),
                number(outcome.waits.as_ref().map(|waits| waits.p50_ms)),
                number(outcome.mcs.as_ref().map(|mcs| mcs.average)),
                outcome.transfers.to_string(),
            ]);
        }
        cells.push(number(decisions.map(|decisions| decisions.runs)));
        cells.push(number(decisions.map(|decisions| decisions.no_match)));
        cells
    }
}

fn number(number: Option<impl ToString>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

/// Returns a text in quotes. What a spreadsheet would take for a formula gets an apostrophe: a
/// channel is called what a consumer's client says.
fn text(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let apostrophe = if is_formula { "'" } else { "" };
    format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_cell_for_each_column_and_no_formula() {
        let figures = || Figures::new(app::Cell::default(), None);
        assert_eq!(figures().cells().len(), COLUMNS.len());
        assert_eq!(text("=1+1"), "\"'=1+1\"");
        assert_eq!(text("say \"hi\", all"), "\"say \"\"hi\"\", all\"");
    }
}
