//! Actions as clients of both generations read them.

use std::sync::Arc;

use usher_model::limits;
use usher_model::value::{Object, Value};

use crate::attribute::Slot;
use crate::coerce::View;
use crate::document::{Action, ActionKind};
use crate::facts::{Facts, Stop};
use crate::fault::FaultCode;
use crate::mention::Mentions;
use crate::template::Templated;

/// An action with its templates filled in, ready to be carried out.
///
/// Its payload has both published spellings: `userId` and `agentId`, `skillId` and
/// `fallbackSkillId`, `message` and `text`.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedAction {
    /// What to do.
    pub kind: ActionKind,
    /// With what.
    pub payload: Object,
}

/// The actions of one guard.
#[derive(Debug)]
pub(crate) enum Plan {
    /// They depend on no fact.
    Ready(Arc<[ResolvedAction]>),
    /// They have templates, or can never be resolved.
    Templated(Vec<(ActionKind, Vec<(String, Templated)>)>),
}

impl Plan {
    pub(crate) fn compile(actions: &[Action], mentions: &mut Mentions) -> Self {
        let actions: Vec<_> = actions
            .iter()
            .map(|action| {
                let payload = action.payload.iter();
                let payload: Vec<_> = payload
                    .map(|(name, value)| (name.clone(), Templated::parse(value, mentions)))
                    .collect();
                (action.kind.clone(), payload)
            })
            .collect();
        let is_constant = actions
            .iter()
            .all(|(_, payload)| payload.iter().all(|(_, value)| value.is_constant()));
        let plan = Self::Templated(actions);
        if is_constant && let Ok(ready) = plan.fill(&Facts::none()) {
            Self::Ready(ready.into())
        } else {
            plan
        }
    }

    /// Returns an attribute that an action takes whole, or that is a part of an id, and that has no
    /// value.
    pub(crate) fn missing(&self, facts: &Facts<'_>) -> Option<Slot> {
        let Self::Templated(actions) = self else {
            return None;
        };
        let mut values = actions
            .iter()
            .flat_map(|(kind, payload)| payload.iter().map(move |member| (kind, member)));
        values.find_map(|(kind, (name, value))| match value {
            Templated::Attribute(slot) if facts.fact(*slot).view().is_missing() => Some(*slot),
            value if is_id(kind, name) => value.missing(facts),
            _ => None,
        })
    }

    /// Fills the templates in.
    pub(crate) fn fill(&self, facts: &Facts<'_>) -> Result<Vec<ResolvedAction>, Stop> {
        let actions = match self {
            Self::Ready(actions) => return Ok(actions.to_vec()),
            Self::Templated(actions) => actions,
        };
        let resolved = actions.iter().map(|(kind, payload)| {
            let mut filled = Object::new();
            for (name, value) in payload {
                filled.insert(name.clone(), value.fill(facts)?);
                // What is left of an id without one of its parts is the id of something else.
                if is_id(kind, name) && value.missing(facts).is_some() {
                    return Err(FaultCode::UnresolvedAction.into());
                }
            }
            Ok(resolve(kind, filled)?)
        });
        resolved.collect()
    }
}

/// Whether a member of a payload names whom a conversation goes to.
fn is_id(kind: &ActionKind, name: &str) -> bool {
    match kind {
        ActionKind::TransferToSkill => name == "skillId",
        ActionKind::TransferToAgent => {
            matches!(name, "userId" | "agentId" | "skillId" | "fallbackSkillId")
        }
        _ => false,
    }
}

fn resolve(kind: &ActionKind, mut payload: Object) -> Result<ResolvedAction, FaultCode> {
    match kind {
        ActionKind::TransferToSkill => {
            let skill = id(&mut payload, ["skillId"])?.ok_or(FaultCode::UnresolvedAction)?;
            payload.insert("skillId".to_owned(), skill.into());
        }
        ActionKind::TransferToAgent => {
            let agent = id(&mut payload, ["userId", "agentId"])?;
            let agent = agent.ok_or(FaultCode::UnresolvedAction)?;
            payload.insert("userId".to_owned(), user_id(&agent));
            payload.insert("agentId".to_owned(), agent.into());
            if let Some(skill) = id(&mut payload, ["skillId", "fallbackSkillId"])? {
                payload.insert("skillId".to_owned(), skill.clone().into());
                payload.insert("fallbackSkillId".to_owned(), skill.into());
            }
        }
        ActionKind::SendMessage => {
            let message = payload.remove("message").or_else(|| payload.remove("text"));
            let message = View::from(message.as_ref().unwrap_or(&Value::Null)).to_text();
            if message.chars().count() > limits::MESSAGE_CHARS_MAX {
                return Err(FaultCode::UnresolvedAction);
            }
            payload.insert("message".to_owned(), (*message).into());
            payload.insert("text".to_owned(), message.into());
        }
        ActionKind::SetContext
        | ActionKind::SetQueuePriority
        | ActionKind::CloseConversation
        | ActionKind::Unknown(_) => {}
    }
    Ok(ResolvedAction {
        kind: kind.clone(),
        payload,
    })
}

/// Takes an id out of the payload, under the first of its names that is there; a whole number will
/// do. Returns `None` if none is there.
fn id<const N: usize>(payload: &mut Object, names: [&str; N]) -> Result<Option<String>, FaultCode> {
    let written = names.map(|name| payload.remove(name));
    match written.into_iter().flatten().next() {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(number @ Value::Number(_)) => Ok(Some(View::from(&number).to_text().into_owned())),
        Some(_) => Err(FaultCode::UnresolvedAction),
    }
}

/// Returns an agent's id as the older clients want it: a number where JSON can hold it exactly.
fn user_id(id: &str) -> Value {
    const EXACT_MAX: u64 = 1 << 53;
    match id.parse::<u64>() {
        Ok(number) if number < EXACT_MAX && number.to_string() == id => number.into(),
        _ => id.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolved(kind: &ActionKind, payload: &Value) -> Result<Value, FaultCode> {
        let payload = payload.as_object().unwrap().clone();
        resolve(kind, payload).map(|action| Value::Object(action.payload))
    }

    #[test]
    fn an_agent_is_named_in_both_spellings() {
        let expected = json!({
            "userId": 2_737_100_930_u32, "agentId": "2737100930",
            "skillId": "12", "fallbackSkillId": "12",
        });
        for payload in [
            json!({"userId": 2_737_100_930_u32, "skillId": "12"}),
            json!({"agentId": "2737100930", "fallbackSkillId": 12}),
        ] {
            assert_eq!(
                resolved(&ActionKind::TransferToAgent, &payload),
                Ok(expected.clone())
            );
        }
    }

    #[test]
    fn an_agent_id_that_no_number_can_hold_stays_text() {
        for id in ["12345678901234567", "007", "agent-7"] {
            let payload = resolved(&ActionKind::TransferToAgent, &json!({"userId": id}));
            assert_eq!(payload, Ok(json!({"userId": id, "agentId": id})));
        }
    }

    #[test]
    fn an_id_that_is_missing_or_of_another_type_is_unresolved() {
        for payload in [
            json!({}),
            json!({"skillId": null}),
            json!({"skillId": ""}),
            json!({"skillId": ["1"]}),
        ] {
            let found = resolved(&ActionKind::TransferToSkill, &payload);
            assert_eq!(found, Err(FaultCode::UnresolvedAction), "{payload}");
        }
        let payload = json!({"userId": "1", "skillId": null});
        let found = resolved(&ActionKind::TransferToAgent, &payload);
        assert_eq!(found, Err(FaultCode::UnresolvedAction));
    }

    #[test]
    fn a_message_has_both_spellings_and_a_bound() {
        let found = resolved(&ActionKind::SendMessage, &json!({"text": "hi"}));
        assert_eq!(found, Ok(json!({"message": "hi", "text": "hi"})));
        let longest = "é".repeat(limits::MESSAGE_CHARS_MAX);
        assert!(resolved(&ActionKind::SendMessage, &json!({"message": longest})).is_ok());
        let found = resolved(
            &ActionKind::SendMessage,
            &json!({"message": format!("{longest}!")}),
        );
        assert_eq!(found, Err(FaultCode::UnresolvedAction));
    }
}
