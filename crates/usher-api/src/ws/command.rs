//! What a client does over its socket: the bodies and answers of REST.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::error::{Code, Error};
use usher_app::{agents, conversations, feed};
use usher_model::id::{AgentId, ConversationId, OfferId};
use usher_model::value::{Object, Value};

use super::identity;
use crate::problem::Failure;
use crate::routes::conversations::require_consumer;
use crate::routes::parse;
use crate::wire::agent::{AgentStatus, Answer, NewAvailability};
use crate::wire::conversation::{
    Conversation, NewClose, NewMessage, NewTransfer, SentMessage, Transferred,
};

/// What a command came to.
pub(super) struct Done {
    /// What REST would have answered.
    pub(super) result: Value,
    /// The lease that the agent whose socket it is has asked for.
    pub(super) lease: Option<Duration>,
}

/// Does what a command says.
pub(super) async fn run(caller: &Caller, app: &Arc<App>, command: Object) -> Result<Done, Error> {
    answer(caller, app, Fields(command))
        .await
        .map_err(|Failure(error)| error)
}

async fn answer(caller: &Caller, app: &Arc<App>, mut fields: Fields) -> Result<Done, Failure> {
    match fields.text("type")?.as_str() {
        "SAY" => {
            let id = fields.conversation()?;
            let new: NewMessage = fields.body()?;
            require_consumer(caller, app, &id, new.as_consumer.named()).await?;
            let said = conversations::say(caller, app, &id, new.into()).await?;
            shown(SentMessage::from(said))
        }
        "TYPING" => {
            let id = fields.conversation()?;
            fields.end()?;
            feed::typing(caller, app, &id, &identity::participant(caller)?).await?;
            shown(Value::Null)
        }
        "ACCEPT" => {
            let offer = fields.offer()?;
            let Answer { as_agent, .. } = fields.body()?;
            let view = agents::accept(caller, app, offer, as_agent).await?;
            shown(Conversation::from(view))
        }
        "DECLINE" => {
            let offer = fields.offer()?;
            let Answer { as_agent, reason } = fields.body()?;
            let view = agents::decline(caller, app, offer, as_agent, reason).await?;
            shown(Conversation::from(view))
        }
        "SET_AVAILABILITY" => {
            let agent = fields.agent(caller)?;
            let new: NewAvailability = fields.body()?;
            let availability = agents::Availability::from(new);
            let lease = availability.lease;
            let status = agents::set_availability(caller, app, &agent, availability).await?;
            let is_own = caller.agent.as_ref() == Some(&agent);
            Ok(Done {
                lease: lease.filter(|_| is_own),
                ..shown(AgentStatus::from(status))?
            })
        }
        "TRANSFER" => {
            let id = fields.conversation()?;
            let new: NewTransfer = fields.body()?;
            let transferred = conversations::transfer(caller, app, &id, new.into()).await?;
            shown(Transferred::from(transferred))
        }
        "CLOSE" => {
            let id = fields.conversation()?;
            let new: NewClose = fields.body()?;
            let view = conversations::close(caller, app, &id, new.into()).await?;
            shown(Conversation::from(view))
        }
        unknown => {
            let expected = format!(
                "expected SAY, TYPING, ACCEPT, DECLINE, SET_AVAILABILITY, TRANSFER or CLOSE, \
                 found `{unknown}`"
            );
            Err(Error::field("#/type", expected).into())
        }
    }
}

fn shown(answer: impl Serialize) -> Result<Done, Failure> {
    Ok(Done {
        result: serde_json::to_value(answer).map_err(Error::internal)?,
        lease: None,
    })
}

/// A command's fields: some stand in the path over REST, the others are its body.
struct Fields(Object);

impl Fields {
    fn text(&mut self, name: &str) -> Result<String, Error> {
        match self.0.remove(name) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(Error::field(&format!("#/{name}"), "expected a text")),
        }
    }

    fn conversation(&mut self) -> Result<ConversationId, Failure> {
        let id = self.text("conversationId")?;
        parse(ConversationId::parse(&id), Code::ConversationNotFound)
    }

    fn offer(&mut self) -> Result<OfferId, Failure> {
        let id = self.text("offerId")?;
        parse(OfferId::parse(&id), Code::OfferGone)
    }

    /// Returns the agent who is named, or whose socket it is.
    fn agent(&mut self, caller: &Caller) -> Result<AgentId, Failure> {
        match &caller.agent {
            Some(agent) if !self.0.contains_key("agentId") => Ok(agent.clone()),
            _ => parse(AgentId::parse(&self.text("agentId")?), Code::AgentNotFound),
        }
    }

    fn body<T: DeserializeOwned>(self) -> Result<T, Error> {
        let bytes = serde_json::to_vec(&self.0).map_err(Error::internal)?;
        crate::extract::parse(&bytes)
    }

    /// Refuses fields of a command that has no body.
    fn end(self) -> Result<(), Error> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(Error::field(&format!("#/{name}"), "expected no such field")),
        }
    }
}
