//! What a search asks for.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;
use usher_app::conversations::{Among, Search};
use usher_app::error::{Code, Error};
use usher_model::id::{AgentId, GroupId, SkillId};
use usher_model::time::Timestamp;
use usher_model::value::Object;
use utoipa::ToSchema;

use super::super::shape::{Id, Rows, word};
use super::CONVERSATIONS_MAX;

/// How far apart the bounds of a search may be: three months, the longest.
const RANGE_MAX: Duration = Duration::from_secs(92 * 24 * 60 * 60);

/// Bounds, both included; without one it is open.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[schema(as = HistoryRange)]
pub(super) struct Range {
    /// The lower one.
    from: Option<i64>,
    /// The upper one.
    to: Option<i64>,
}

impl Range {
    fn read<T>(self, read: impl Fn(i64) -> T) -> RangeInclusive<T> {
        let (from, to) = (self.from.unwrap_or(0), self.to.unwrap_or(i64::MAX));
        read(from)..=read(to)
    }

    fn points(self) -> RangeInclusive<u8> {
        self.read(|points| u8::try_from(points.max(0)).unwrap_or(u8::MAX))
    }
}

/// What is searched for; all that is given must hold, of each list any.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistorySearch, example = json!({
    "start": {"from": 1_777_800_000_000_i64, "to": 1_777_900_000_000_i64},
    "status": ["OPEN"], "contentToRetrieve": ["agentParticipants", "dialogs"]
}))]
pub(super) struct Wanted {
    /// When they started, in milliseconds since 1970; at most three months, both bounds required.
    start: Option<Range>,
    /// `OPEN` or `CLOSE`.
    #[serde(default)]
    status: Vec<String>,
    /// Began in or were last in one of these skills.
    #[serde(default)]
    skill_ids: Vec<Id>,
    /// Are or were last in one of these skills.
    #[serde(default)]
    latest_skill_ids: Vec<Id>,
    /// One of these agents took part.
    #[serde(default)]
    agent_ids: Vec<Id>,
    /// One of these agents has them or had them last.
    #[serde(default)]
    latest_agent_ids: Vec<Id>,
    /// An agent of one of these groups took part.
    #[serde(default)]
    agent_group_ids: Vec<Id>,
    /// Something that was said, in any case.
    keyword: Option<String>,
    /// How long they took so far, in milliseconds.
    duration: Option<Range>,
    /// How they sound, 0 to 100.
    mcs: Option<Range>,
    /// Which way that calls for attention: -1, 0 or 1.
    #[serde(default)]
    alerted_mcs_values: Vec<i8>,
    /// What the consumer answered, 1 to 5.
    csat: Option<Range>,
    /// Where the consumer writes.
    #[serde(default)]
    source: Vec<String>,
    /// What stands in the engagement attributes that came with their start.
    sde_search: Option<SdeSearch>,
    /// `IN_QUEUE` or `ACTIVE`.
    latest_conversation_queue_state: Option<String>,
    /// Which parts are told beside `info`; all of them unless given.
    pub(super) content_to_retrieve: Option<Vec<String>>,
    /// What else was sent.
    #[serde(flatten)]
    #[schema(ignore)]
    rest: Object,
}

/// What engagement attributes hold, in any case; all that is given must stand in one of its group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = HistorySdeSearch)]
struct SdeSearch {
    /// In one about the customer.
    customer_info: Option<String>,
    /// In one about the person.
    personal_info: Option<String>,
}

impl SdeSearch {
    fn wanted(&self) -> Vec<(&'static str, String)> {
        let groups = [
            ("customerInfo", &self.customer_info),
            ("personalInfo", &self.personal_info),
        ];
        let wanted = groups
            .into_iter()
            .filter_map(|(group, text)| Some((group, text.clone()?)));
        wanted.collect()
    }
}

/// Filters that clients know and that nothing here can answer: passing them over would find too much.
const REFUSED: [&str; 4] = ["summary", "device", "messageContentTypes", "responseTime"];

const STATUSES: [(&str, bool); 2] = [("OPEN", false), ("CLOSE", true)];
const QUEUE_STATES: [(&str, bool); 2] = [("IN_QUEUE", true), ("ACTIVE", false)];

impl Wanted {
    pub(super) fn search(&self, rows: &Rows) -> Result<Search, Error> {
        let bounds = self.start.and_then(|start| Some((start.from?, start.to?)));
        let (from, to) = bounds
            .ok_or_else(|| Error::field("#/start", "expected `start` with `from` and `to`"))?;
        let [from, to] = [from, to].map(Timestamp::from_milliseconds);
        if from > to || to.since(from) > RANGE_MAX {
            let message = "expected `from` before `to`, and at most 92 days between them";
            return Err(Error::field("#/start", message));
        }
        if let Some(refused) = REFUSED.iter().find(|name| self.rest.contains_key(**name)) {
            let message = format!("expected no filter `{refused}`: nothing is known of it here");
            return Err(Error::new(Code::BadRequest, message));
        }
        let queue_state = self.latest_conversation_queue_state.as_deref();
        let milliseconds = |count: i64| Duration::from_millis(count.max(0).unsigned_abs());
        Ok(Search {
            is_closed: closed(&self.status)?,
            is_queued: queue_state
                .map(|state| word(state, &QUEUE_STATES))
                .transpose()?,
            skills: Id::read(&self.skill_ids, SkillId::parse)?,
            latest_skills: Id::read(&self.latest_skill_ids, SkillId::parse)?,
            agents: Id::read(&self.agent_ids, AgentId::parse)?,
            latest_agents: Id::read(&self.latest_agent_ids, AgentId::parse)?,
            groups: Id::read(&self.agent_group_ids, GroupId::parse)?,
            channels: self.source.clone(),
            duration: self.duration.map(|range| range.read(milliseconds)),
            mcs: self.mcs.map(Range::points),
            alerts: self.alerted_mcs_values.clone(),
            csat: self.csat.map(Range::points),
            sdes: self
                .sde_search
                .as_ref()
                .map_or(Vec::new(), SdeSearch::wanted),
            text: self.keyword.clone().filter(|text| !text.is_empty()),
            ..among(Among::Started(from..=to), rows)?
        })
    }
}

/// Reads whether conversations are to be over; nothing if either.
pub(super) fn closed(statuses: &[String]) -> Result<Option<bool>, Error> {
    let mut wanted = None;
    for status in statuses {
        let is_closed = word(status, &STATUSES)?;
        if wanted == Some(!is_closed) {
            return Ok(None);
        }
        wanted = Some(is_closed);
    }
    Ok(wanted)
}

/// Returns a search for all conversations among some, in the order that is asked for.
pub(super) fn among(among: Among, rows: &Rows) -> Result<Search, Error> {
    let (offset, limit) = rows.range(CONVERSATIONS_MAX)?;
    let search = Search::new(among, offset, limit);
    Ok(match rows.order()? {
        None => search,
        Some(order) => Search {
            is_by_end: order.is_by_end,
            is_descending: order.is_descending,
            ..search
        },
    })
}
