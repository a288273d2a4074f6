//! Conversations: opening, talking, passing on, closing, and what can be seen of them.

mod close;
mod erase;
mod open;
mod people;
mod response;
mod say;
mod search;
mod transfer;
mod view;
mod why;

pub use close::{Close, answer_survey, close, close_dialog};
pub use open::{New, open};
pub use people::{identify, join, leave};
pub use response::{Asked, set_response_time};
pub use say::{As, Said, Say, read, say};
pub use search::{
    Among, Device, Found, MessageKind, Search, alerted, is_queued, running_mcs, search,
};
pub use transfer::{Transfer, Transferred, release, take_over, transfer};
pub use view::{Filter, State, View, get, list, timeline};
pub use why::{Standing, Why, why};

pub use usher_store::record::conversation::{
    CloseReason, Closed, Conversation, Dialog, DialogKind, Participant, ParticipantRole,
};

pub(crate) use close::{end_dialogs, end_survey, survey_ends_at};
pub(crate) use erase::{count_of, erase};
pub(crate) use people::step_up;
pub(crate) use response::{response_due_at, response_time};
pub(crate) use say::{Words, write_message};
pub(crate) use transfer::came_of;
pub(crate) use view::{find, view};

use usher_model::id::{AccountId, AgentId, ConsumerId, ConversationId};
use usher_store::collection::kept;
use usher_store::store::{Field, Query};

use crate::caller::{Caller, Permission};
use crate::desks::assignee;
use crate::error::{Code, Error, Result};

/// Refuses an agent who does not have the conversation, unless they may supervise or act for others.
pub(crate) fn require_holder(caller: &Caller, conversation: &Conversation) -> Result<()> {
    let is_privileged =
        caller.may(Permission::ConversationsSupervise) || caller.may(Permission::ActForOthers);
    let has_it = caller.agent.is_some() && caller.agent.as_ref() == assignee(conversation);
    if is_privileged || has_it {
        return Ok(());
    }
    Err(Error::new(
        Code::Forbidden,
        format!(
            "expected the agent who has conversation `{}`",
            conversation.id
        ),
    ))
}

/// Returns the agent in whose name the caller acts: the one named, else the caller.
///
/// # Errors
/// Fails if another agent is named and the caller may not act for others, or if there is none.
pub(crate) fn acting_agent(caller: &Caller, named: Option<AgentId>) -> Result<AgentId> {
    match named {
        Some(named) if caller.agent.as_ref() == Some(&named) => Ok(named),
        Some(named) => {
            caller.require(Permission::ActForOthers)?;
            Ok(named)
        }
        None => caller.agent.clone().ok_or_else(|| {
            Error::field(
                "#/asAgent",
                "expected an agent; the credential is bound to none",
            )
        }),
    }
}

/// Returns the query for a consumer's conversations, the first first.
pub(crate) fn of_consumer(account: &AccountId, consumer: &ConsumerId) -> Query {
    Query {
        index: Some("by_consumer"),
        equals: vec![Field::Text(consumer.to_string())],
        ..Query::all(account, &kept::CONVERSATIONS)
    }
}

/// Says that a conversation is not there for the caller.
fn hidden(id: &ConversationId) -> Error {
    crate::desks::not_found(id)
}
