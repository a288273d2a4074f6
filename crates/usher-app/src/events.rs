//! Events as others see them: what each kind is called, which of them somebody wants, and all of an
//! account in their order.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, timeout_at};
use usher_model::id::{AccountId, RequestId};
use usher_model::value::Value;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Error, Result};
use crate::feed::{self, Event, Happened, Item, Scope};
use crate::hash::{hexadecimal, sha256};

/// Pages of events that one call looks through for those of the wanted types.
const PAGES_MAX: usize = 8;
/// Longest time that a call waits for something to happen.
pub const WAIT_MAX: Duration = Duration::from_secs(25);

macro_rules! kinds {
    ($($event:ident $name:literal $word:literal;)*) => {
        /// Every kind of event: what it is called, and its `type` in a timeline.
        pub const KINDS: &[(&str, &str)] = &[$(($name, $word),)*];

        /// Returns what a kind of event is called.
        #[must_use]
        pub const fn kind(event: &Event) -> &'static str {
            match event { $(Event::$event { .. } => $name,)* }
        }
    };
}

kinds! {
    ConversationStarted "conversation.started" "CONVERSATION_STARTED";
    MessageSent "message.sent" "MESSAGE_SENT";
    MessageRead "message.read" "MESSAGE_READ";
    Queued "conversation.queued" "QUEUED";
    Offered "conversation.offered" "OFFERED";
    OfferEnded "conversation.offer_ended" "OFFER_ENDED";
    Assigned "conversation.assigned" "ASSIGNED";
    Requeued "conversation.requeued" "REQUEUED";
    Transferred "conversation.transferred" "TRANSFERRED";
    Relaxed "conversation.relaxed" "RELAXED";
    SuggestionDropped "conversation.suggestion_dropped" "SUGGESTION_DROPPED";
    Boosted "conversation.boosted" "BOOSTED";
    ParticipantJoined "conversation.participant_joined" "PARTICIPANT_JOINED";
    ParticipantLeft "conversation.participant_left" "PARTICIPANT_LEFT";
    ConsumerIdentified "conversation.consumer_identified" "CONSUMER_IDENTIFIED";
    ResponseTimeChanged "conversation.response_time_changed" "RESPONSE_TIME_CHANGED";
    Idle "conversation.idle" "IDLE";
    DialogOpened "dialog.opened" "DIALOG_OPENED";
    DialogClosed "dialog.closed" "DIALOG_CLOSED";
    SurveyAnswered "survey.answered" "SURVEY_ANSWERED";
    Decided "conversation.decided" "DECIDED";
    LastAgentConsidered "conversation.last_agent_considered" "LAST_AGENT_CONSIDERED";
    Noticed "agent.noticed" "NOTICED";
    Alerted "conversation.alerted" "ALERTED";
    ConversationClosed "conversation.closed" "CONVERSATION_CLOSED";
    AvailabilityChanged "agent.availability_changed" "AVAILABILITY_CHANGED";
    AgentSilent "agent.silent" "AGENT_SILENT";
    Erased "event.erased" "ERASED";
}

/// Which kinds of events somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(Vec<String>);

impl Filter {
    /// Reads types and beginnings of types such as `conversation.*`; none of them means all.
    ///
    /// # Errors
    /// Fails with what names no event.
    pub fn parse(written: &[String]) -> std::result::Result<Self, String> {
        let read = |written: &String| {
            let known = KINDS
                .iter()
                .find(|(name, word)| name == written || word == written);
            if let Some((name, _)) = known {
                return Ok((*name).to_owned());
            }
            let beginning = written.strip_suffix('*');
            let is_known = beginning.is_some_and(|beginning| {
                let is_whole = beginning.is_empty() || beginning.ends_with('.');
                is_whole && KINDS.iter().any(|(name, _)| name.starts_with(beginning))
            });
            if is_known {
                return Ok(written.clone());
            }
            Err(written.clone())
        };
        written
            .iter()
            .map(read)
            .collect::<std::result::Result<_, _>>()
            .map(Self)
    }

    /// Returns the filter as it is written.
    #[must_use]
    pub fn into_written(self) -> Vec<String> {
        self.0
    }

    /// Whether an event is wanted.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        let kind = kind(event);
        self.0.is_empty()
            || self.0.iter().any(|wanted| match wanted.strip_suffix('*') {
                Some(beginning) => kind.starts_with(beginning),
                None => wanted == kind,
            })
    }
}

/// Returns an event's id, which is the same wherever and however often it is sent: a UUID made of
/// its instant and its place.
#[must_use]
pub fn id(account: &AccountId, happened: &Happened) -> RequestId {
    let place = format!("{account}\n{}", happened.sequence);
    let hex = hexadecimal(&sha256(place));
    let time = format!("{:012x}", happened.at.milliseconds().max(0));
    let part = |text: &str, from: usize, length: usize| -> String {
        text.chars().skip(from).take(length).collect()
    };
    let text = format!(
        "{}-{}-7{}-8{}-{}",
        part(&time, 0, 8),
        part(&time, 8, 4),
        part(&hex, 0, 3),
        part(&hex, 3, 3),
        part(&hex, 6, 12),
    );
    // The text is a UUID by its making.
    RequestId::parse(&text).unwrap_or_else(|_| RequestId::first_at(happened.at))
}

/// Returns an event as a stream tells it.
pub(crate) fn to_json(happened: &Happened) -> Result<Value> {
    let event = serde_json::to_value(&happened.event).map_err(Error::internal)?;
    let mut json = json!({"sequence": happened.sequence, "at": happened.at, "event": event});
    if let Some(fields) = json.as_object_mut() {
        if let Some(conversation) = &happened.conversation_id {
            fields.insert("conversationId".to_owned(), conversation.as_str().into());
        }
        if let Some(agent) = &happened.agent_id {
            fields.insert("agentId".to_owned(), agent.as_str().into());
        }
    }
    Ok(json)
}

/// Some events of an account.
#[derive(Clone, Debug)]
pub struct Events {
    /// Those of the wanted kinds, the first first.
    pub items: Vec<Arc<Happened>>,
    /// The last event that was looked at: what to ask for next.
    pub cursor: u64,
    /// The newest event of the account.
    pub newest: u64,
}

/// Returns the events of the account after one, and waits for the first if there is none yet.
///
/// # Errors
/// Fails if the caller may not see every conversation, or the store cannot be read.
pub async fn list(
    caller: &Caller,
    app: &Arc<App>,
    after: u64,
    filter: &Filter,
    limit: usize,
    wait: Duration,
) -> Result<Events> {
    caller.require(Permission::ConversationsReadAll)?;
    let deadline = Instant::now() + wait.min(WAIT_MAX);
    let mut events = page(caller, app, after, filter, limit).await?;
    while events.items.is_empty() && Instant::now() < deadline {
        if events.cursor < events.newest {
            events = page(caller, app, events.cursor, filter, limit).await?;
            continue;
        }
        let mut news = feed::subscribe(caller, app, Scope::Account, Some(events.cursor)).await?;
        match timeout_at(deadline, news.next()).await {
            Err(_late) => break,
            Ok(Ok(Item::CutOff)) if app.tasks.stopping().is_cancelled() => break,
            Ok(item) => drop(item?),
        }
        drop(news);
        events = page(caller, app, events.cursor, filter, limit).await?;
    }
    Ok(events)
}

async fn page(
    caller: &Caller,
    app: &App,
    after: u64,
    filter: &Filter,
    limit: usize,
) -> Result<Events> {
    let mut cursor = after;
    let mut items = Vec::new();
    let newest = feed::last_sequence(app, &caller.account).await?;
    for _ in 0..PAGES_MAX {
        let (page, has_more) = feed::after(app, &caller.account, cursor).await?;
        for happened in page {
            if items.len() >= limit {
                return Ok(Events {
                    items,
                    cursor,
                    newest,
                });
            }
            cursor = happened.sequence;
            if filter.wants(&happened.event) {
                items.push(happened);
            }
        }
        if !has_more || items.len() >= limit {
            break;
        }
    }
    Ok(Events {
        items,
        cursor,
        newest: newest.max(cursor),
    })
}

#[cfg(test)]
mod tests {
    use usher_model::time::Timestamp;

    use super::*;

    fn filter(written: &[&str]) -> std::result::Result<Filter, String> {
        let written: Vec<String> = written.iter().map(|one| (*one).to_owned()).collect();
        Filter::parse(&written)
    }

    #[test]
    fn a_filter_names_types_or_their_beginnings() {
        let relaxed = Event::Relaxed { relaxed: 1 };
        for wanted in [
            &[][..],
            &["*"],
            &["conversation.*"],
            &["conversation.relaxed"],
            &["RELAXED"],
        ] {
            assert!(filter(wanted).unwrap().wants(&relaxed), "{wanted:?}");
        }
        for other in [&["message.*"][..], &["conversation.closed", "QUEUED"]] {
            assert!(!filter(other).unwrap().wants(&relaxed), "{other:?}");
        }
        for wrong in ["conv*", "nothing.*", "conversation.", "", "relaxed"] {
            assert_eq!(filter(&["message.sent", wrong]), Err(wrong.to_owned()));
        }
    }

    #[test]
    fn every_kind_has_the_name_of_its_type() {
        let relaxed = serde_json::to_value(Event::Relaxed { relaxed: 1 }).unwrap();
        let known = KINDS
            .iter()
            .find(|(name, _)| *name == "conversation.relaxed");
        assert_eq!(known.unwrap().1, relaxed["type"]);
        let names: std::collections::BTreeSet<_> = KINDS.iter().flat_map(|(a, b)| [a, b]).collect();
        assert_eq!(names.len(), 2 * KINDS.len());
    }

    #[test]
    fn an_event_has_one_id_of_its_own() {
        let happened = |sequence| Happened {
            sequence,
            at: Timestamp::from_milliseconds(1_718_000_000_000),
            conversation_id: None,
            agent_id: None,
            event: Event::Relaxed { relaxed: 1 },
        };
        let (ada, bo) = (
            AccountId::parse("ada").unwrap(),
            AccountId::parse("bo").unwrap(),
        );
        assert_eq!(id(&ada, &happened(7)), id(&ada, &happened(7)));
        assert_ne!(id(&ada, &happened(7)), id(&ada, &happened(8)));
        assert_ne!(id(&ada, &happened(7)), id(&bo, &happened(7)));
        assert_eq!(id(&ada, &happened(7)).minted_at(), happened(7).at);
    }
}
