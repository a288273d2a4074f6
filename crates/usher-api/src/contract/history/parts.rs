//! Which parts of a conversation are told.

use usher_app::error::Error;

use super::super::shape::word;

/// Which parts of conversations are told; all of them if none is named.
pub(super) struct Parts(Option<Vec<&'static str>>);

impl Parts {
    pub(super) fn read(wanted: Option<&[String]>) -> Result<Self, Error> {
        let known = PARTS.map(|part| (part, part));
        let read = |wanted: &[String]| wanted.iter().map(|part| word(part, &known)).collect();
        Ok(Self(wanted.map(read).transpose()?))
    }

    /// Whether a part is told.
    pub(super) fn have(&self, part: &str) -> bool {
        let parts = self.0.as_ref();
        parts.is_none_or(|parts| parts.contains(&part))
    }
    /// Returns a part if it is told.
    pub(super) fn tell<T>(&self, part: &str, tell: impl FnOnce() -> T) -> Option<T> {
        self.have(part).then(tell)
    }

    /// Whether a part is told for which must be read what happened.
    pub(super) fn are_of_events(&self) -> bool {
        OF_EVENTS.iter().any(|part| self.have(part))
    }
}

/// The parts that rest on what happened, for which it is read.
const OF_EVENTS: [&str; 9] = [
    "messageRecords",
    "transfers",
    "interactions",
    "messageScores",
    "messageStatuses",
    "conversationSurveys",
    "skillChanges",
    "intents",
    "uniqueIntents",
];

/// The parts that clients know; nothing is told of `coBrowseSessions`, `summary`, `latestAgentSurvey` and `previouslySubmittedAgentSurveys`, which are not kept here.
const PARTS: [&str; 24] = [
    "info",
    "campaign",
    "messageRecords",
    "agentParticipants",
    "agentParticipantsLeave",
    "agentParticipantsActive",
    "consumerParticipants",
    "transfers",
    "interactions",
    "messageScores",
    "messageStatuses",
    "conversationSurveys",
    "coBrowseSessions",
    "summary",
    "sdes",
    "unAuthSdes",
    "monitoring",
    "dialogs",
    "responseTime",
    "skillChanges",
    "intents",
    "uniqueIntents",
    "latestAgentSurvey",
    "previouslySubmittedAgentSurveys",
];
