//! Whose a socket is.

use serde::Deserialize;
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::error::{Code, Error};
use usher_app::feed::Scope;
use usher_model::id::{AgentId, ConsumerId, ParticipantId, RequestId};

use crate::extract;

/// In whose name a socket is, for a credential that may act for others, and where that is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Name {
    as_agent: Option<AgentId>,
    as_consumer: Option<ConsumerId>,
    credential: Place,
}

/// Where the credential is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    /// In the upgrade's headers or, if there is none, in the first frame.
    #[default]
    Header,
    /// In the first frame, whoever has signed in on this browser: a consumer's page is served beside
    /// the console.
    Frame,
}

impl Name {
    /// Whether the headers of the upgrade say nothing about who it is.
    pub(super) fn is_told_in_frame(&self) -> bool {
        self.credential == Place::Frame
    }
}

/// Who presented what.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) credential: String,
    pub(super) name: Name,
}

impl Identity {
    /// Returns who it is now: a credential that was revoked is nobody's any more.
    pub(super) async fn caller(&self, app: &App) -> Result<Caller, Error> {
        let request_id = RequestId::mint(app.ids());
        let caller = extract::authenticate(app, &self.credential, request_id).await?;
        match (self.name.as_agent.clone(), self.name.as_consumer.clone()) {
            (None, None) => Ok(caller),
            (Some(agent), None) => caller.as_agent(agent),
            (None, Some(consumer)) => caller.as_consumer(consumer),
            (Some(_), Some(_)) => Err(Error::new(
                Code::Forbidden,
                "expected `asAgent` or `asConsumer`, found both",
            )),
        }
    }
}

/// Returns what a caller's own scope is.
pub(super) fn own(caller: &Caller) -> Result<Scope, Error> {
    match (&caller.consumer, &caller.agent) {
        (Some(consumer), _) => Ok(Scope::Consumer(consumer.clone())),
        (None, Some(agent)) => Ok(Scope::Agent(agent.clone())),
        (None, None) => Err(nobody()),
    }
}

/// Returns as whom a caller takes part in a conversation.
pub(super) fn participant(caller: &Caller) -> Result<ParticipantId, Error> {
    let own = match (&caller.consumer, &caller.agent) {
        (Some(consumer), _) => consumer.as_str(),
        (None, Some(agent)) => agent.as_str(),
        (None, None) => return Err(nobody()),
    };
    ParticipantId::parse(own).map_err(Error::internal)
}

fn nobody() -> Error {
    Error::new(
        Code::Forbidden,
        "expected the socket of an agent or a consumer; open it with `?asAgent=` or `?asConsumer=`",
    )
}
