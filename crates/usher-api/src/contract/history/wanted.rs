//! What a search asks for.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;
use usher_app::conversations::{Among, Device, MessageKind, Search};
use usher_app::error::Error;
use usher_model::id::{AgentId, GroupId, SkillId};
use usher_model::time::Timestamp;
use utoipa::ToSchema;

use super::super::shape::{Id, Rows, word};
use super::CONVERSATIONS_MAX;
use super::monitoring::NOT_KNOWN;

/// How far apart the bounds of a search may be: three months, the longest.
const RANGE_MAX: Duration = Duration::from_secs(92 * 24 * 60 * 60);

/// Bounds, both included; without one it is open.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[schema(as = HistoryRange)]
pub(super) struct Range {
    /// The lower one.
    #[schema(value_type = Option<i64>)]
    from: Option<Number>,
    /// The upper one.
    #[schema(value_type = Option<i64>)]
    to: Option<Number>,
}

impl Range {
    fn bounds(self) -> (Option<i64>, Option<i64>) {
        (self.from.map(Number::value), self.to.map(Number::value))
    }

    fn read<T>(self, read: impl Fn(i64) -> T) -> RangeInclusive<T> {
        let (from, to) = self.bounds();
        read(from.unwrap_or(0))..=read(to.unwrap_or(i64::MAX))
    }

    fn points(self) -> RangeInclusive<u8> {
        self.read(|points| u8::try_from(points.max(0)).unwrap_or(u8::MAX))
    }
}

/// A number, which clients also write as text.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Id")]
struct Number(i64);

impl Number {
    const fn value(self) -> i64 {
        self.0
    }
}

impl TryFrom<Id> for Number {
    type Error = String;

    fn try_from(id: Id) -> Result<Self, String> {
        match id {
            Id::Number(number) => Ok(Self(number)),
            Id::Text(text) => {
                let number = text.parse().map(Self);
                number.map_err(|_not_one| format!("expected a whole number, found `{text}`"))
            }
        }
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
    /// When they ended, in milliseconds since 1970; those that are open have not.
    end: Option<Range>,
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
    /// Something that stands in their summary; no conversation has one.
    summary: Option<String>,
    /// How long they took so far, in seconds.
    duration: Option<Range>,
    /// How they sound, 0 to 100.
    mcs: Option<Range>,
    /// Which way that calls for attention: -1, 0 or 1.
    #[serde(default)]
    #[schema(value_type = Vec<i8>)]
    alerted_mcs_values: Vec<Number>,
    /// What the consumer answered, 1 to 5.
    csat: Option<Range>,
    /// Where the consumer writes.
    #[serde(default)]
    source: Vec<String>,
    /// `DESKTOP`, `TABLET`, `MOBILE`, or `NA` for those of which it is not known.
    #[serde(default)]
    device: Vec<String>,
    /// Types of which one of their messages is: `TEXT_PLAIN` or `RICH_CONTENT`; nothing here has one
    /// of the contract's others.
    #[serde(default)]
    message_content_types: Vec<String>,
    /// By when an answer is due, in milliseconds since 1970.
    response_time: Option<Range>,
    /// What stands in the engagement attributes that came with their start.
    sde_search: Option<SdeSearch>,
    /// `IN_QUEUE` or `ACTIVE`.
    latest_conversation_queue_state: Option<String>,
    /// Which parts are told beside `info`; all of them unless given.
    pub(super) content_to_retrieve: Option<Vec<String>>,
}

/// What engagement attributes hold, in any case; one of them is enough.
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

/// What messages are, in the contract's words; no message here is what has no meaning.
const MESSAGE_TYPES: [(&str, Option<MessageKind>); 8] = [
    ("TEXT_PLAIN", Some(MessageKind::Text)),
    ("RICH_CONTENT", Some(MessageKind::Rich)),
    ("TEXT_HTML", None),
    ("LINK", None),
    ("HOSTED_FILE", None),
    ("IMG", None),
    ("SECURE_FORM_INVITATION", None),
    ("SECURE_FORM_SUBMIT", None),
];
const DEVICES: [(&str, Option<Device>); 4] = [
    (Device::Desktop.as_str(), Some(Device::Desktop)),
    (Device::Tablet.as_str(), Some(Device::Tablet)),
    (Device::Mobile.as_str(), Some(Device::Mobile)),
    (NOT_KNOWN, None),
];

const STATUSES: [(&str, bool); 2] = [("OPEN", false), ("CLOSE", true)];
const QUEUE_STATES: [(&str, bool); 2] = [("IN_QUEUE", true), ("ACTIVE", false)];

impl Wanted {
    pub(super) fn search(&self, rows: &Rows) -> Result<Search, Error> {
        let bounds = self.start.map(Range::bounds);
        let bounds = bounds.and_then(|(from, to)| Some((from?, to?)));
        let (from, to) = bounds
            .ok_or_else(|| Error::field("#/start", "expected `start` with `from` and `to`"))?;
        let [from, to] = [from, to].map(Timestamp::from_milliseconds);
        if from > to || to.since(from) > RANGE_MAX {
            let message = "expected `from` before `to`, and at most 92 days between them";
            return Err(Error::field("#/start", message));
        }
        let queue_state = self.latest_conversation_queue_state.as_deref();
        let instants = |range: Range| range.read(Timestamp::from_milliseconds);
        let seconds = |count: i64| Duration::from_secs(count.max(0).unsigned_abs());
        let types = self.message_content_types.iter();
        let types: Result<Vec<_>, Error> = types.map(|kind| word(kind, &MESSAGE_TYPES)).collect();
        let devices = self.device.iter();
        let devices: Result<Vec<_>, Error> = devices.map(|one| word(one, &DEVICES)).collect();
        let types = types?;
        let kinds: Vec<MessageKind> = types.iter().flatten().copied().collect();
        let is_summarised = self.summary.as_ref().is_some_and(|text| !text.is_empty());
        // What nothing is or has takes no conversation.
        let is_nothing = is_summarised || (kinds.is_empty() && !types.is_empty());
        let among = match is_nothing {
            true => Among::Conversations(Vec::new()),
            false => Among::Started(from..=to),
        };
        Ok(Search {
            ended: self.end.map(instants),
            response_due: self.response_time.map(instants),
            devices: devices?,
            message_kinds: kinds,
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
            duration: self.duration.map(|range| range.read(seconds)),
            mcs: self.mcs.map(Range::points),
            alerts: self.alerts(),
            csat: self.csat.map(Range::points),
            sdes: self
                .sde_search
                .as_ref()
                .map_or(Vec::new(), SdeSearch::wanted),
            text: self.keyword.clone().filter(|text| !text.is_empty()),
            ..self::among(among, rows)?
        })
    }

    /// Returns which way conversations call for attention; a number that is no way matches none.
    fn alerts(&self) -> Vec<i8> {
        let values = self.alerted_mcs_values.iter();
        values
            .map(|value| i8::try_from(value.value()).unwrap_or(i8::MAX))
            .collect()
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
