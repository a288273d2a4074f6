//! What is known when a decision is asked for.

use std::sync::Arc;

use usher_context::name::Session;
use usher_model::id::{ConsumerId, ConversationId, SessionId};
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_policy::facts::{Fact, Facts};

use super::floor::Floor;
use super::{Request, offer};
use crate::App;
use crate::caller::Caller;
use crate::context::{self, Address, Held};
use crate::error::Result;
use crate::rules::Ruleset;
use crate::sdes;

/// What was read for one run; the facts borrow from it.
pub(super) struct Known {
    /// For each namespace of the plan, the documents in the order of lookup.
    documents: Vec<Vec<Arc<Held>>>,
    sde: Option<Value>,
    floor: Floor,
    now: Timestamp,
}

impl Known {
    pub(super) async fn read(
        caller: &Caller,
        app: &Arc<App>,
        rules: &Ruleset,
        request: &Request,
        now: Timestamp,
    ) -> Result<Self> {
        let sessions = sessions(request, rules.is_lookup_strict())?;
        let plan = &rules.plan;
        let addresses = plan.context.iter().flat_map(|(namespace, _)| {
            sessions
                .iter()
                .map(|session| Address::new(&caller.account, namespace, session))
        });
        let held = context::hold(app, addresses.collect(), now).await?;
        let documents = held
            .chunks(sessions.len().max(1))
            .map(<[_]>::to_vec)
            .collect();
        let sde = match &request.consumer_id {
            Some(consumer) if !plan.sde.is_empty() => {
                Box::pin(sdes::tree(app, &caller.account, consumer, now)).await?
            }
            _ => None,
        };
        let floor = if plan.names_floor() {
            // On the heap: every decision would carry the room for it.
            Box::pin(Floor::read(caller, app, rules, request, now)).await?
        } else {
            Floor::default()
        };
        Ok(Self {
            documents,
            sde,
            floor,
            now,
        })
    }

    /// Fills in what is known; what the request says outranks what is kept.
    pub(super) fn facts<'a>(&'a self, rules: &'a Ruleset, request: &'a Request) -> Facts<'a> {
        let mut facts = Facts::from_object(&rules.set, &request.attributes);
        let plan = &rules.plan;
        for ((_, wanted), documents) in plan.context.iter().zip(&self.documents) {
            let in_order = |held: &'a Arc<Held>| held.document.in_order(self.now);
            let mut documents: Vec<_> = documents.iter().map(in_order).collect();
            for wanted in wanted {
                let found = documents
                    .iter_mut()
                    .find_map(|document| document.find(&wanted.property))
                    .and_then(|property| wanted.descend(property));
                if let Some(value) = found {
                    offer(&mut facts, wanted.slot, Fact::from(value));
                }
            }
        }
        for wanted in &plan.custom {
            let kept = rules.attributes.get(&*wanted.property);
            if let Some(value) = kept.and_then(|kept| wanted.descend(&kept.record.value)) {
                offer(&mut facts, wanted.slot, Fact::from(value));
            }
        }
        for wanted in &plan.sde {
            let property = self.sde.as_ref().and_then(|sde| sde.get(&*wanted.property));
            if let Some(value) = property.and_then(|property| wanted.descend(property)) {
                offer(&mut facts, wanted.slot, Fact::from(value));
            }
        }
        let conversation = request.conversation_id.as_ref().map(ConversationId::as_str);
        let consumer = request.consumer_id.as_ref().map(ConsumerId::as_str);
        let group = request
            .session_id
            .as_ref()
            .map(SessionId::as_str)
            .or(conversation);
        for wanted in &plan.conversation {
            let value = match &*wanted.property {
                "conversationId" => conversation,
                "consumerId" => consumer,
                "groupId" => group,
                _ => None,
            };
            if let Some(value) = value {
                offer(&mut facts, wanted.slot, Fact::Text(value.into()));
            } else if let Some(value) = self.floor.conversation.get(&*wanted.property) {
                offer(&mut facts, wanted.slot, Fact::from(value));
            }
        }
        for wanted in &plan.operational {
            let property = self.floor.operational.get(&*wanted.property);
            if let Some(value) = property.and_then(|property| wanted.descend(property)) {
                offer(&mut facts, wanted.slot, Fact::from(value));
            }
        }
        for wanted in &plan.consumer {
            if &*wanted.property == "id" {
                if let Some(consumer) = consumer {
                    offer(&mut facts, wanted.slot, Fact::Text(consumer.into()));
                }
            } else if let Some(value) = self.floor.consumer.get(&*wanted.property) {
                offer(&mut facts, wanted.slot, Fact::from(value));
            }
        }
        facts
    }
}

/// The sessions in which a property is looked up, in order: the request's own or the
/// conversation's, then the conversation's, the consumer's, and the default one.
fn sessions(request: &Request, is_strict: bool) -> Result<Vec<Session>> {
    let own = request.session_id.as_ref().map(SessionId::as_str);
    let conversation = request.conversation_id.as_ref().map(ConversationId::as_str);
    let consumer = request.consumer_id.as_ref().map(ConsumerId::as_str);
    let mut sessions: Vec<Session> = Vec::with_capacity(4);
    let outer = if is_strict { None } else { consumer };
    for name in [own, conversation, outer].into_iter().flatten() {
        let session = Session::parse(name)?;
        if !sessions.contains(&session) {
            sessions.push(session);
        }
    }
    let default = Session::default();
    if !is_strict && !sessions.contains(&default) {
        sessions.push(default);
    }
    Ok(sessions)
}
