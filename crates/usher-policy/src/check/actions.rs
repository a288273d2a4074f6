//! Actions: known kinds, payloads that can be carried out.

use usher_model::limits;
use usher_model::value::{self, Object, Value};

use super::Checker;
use crate::diagnostic::nearest::nearest;
use crate::diagnostic::{Code, Diagnostic, member, quoted};
use crate::document::{Action, ActionKind};

/// What a member of a payload must be.
#[derive(Clone, Copy)]
enum Shape {
    /// Text or a whole number that names a skill, an agent or the like.
    Id,
    Text,
    Number,
    Object,
}

impl Checker<'_> {
    /// Checks an action list; pointers are relative to it.
    pub(super) fn actions(&mut self, actions: &[Action]) {
        if actions.is_empty() {
            self.missing("found no action", "");
        }
        self.count(actions.len(), limits::ACTIONS_MAX, "actions", "");
        let transfer = actions.iter().position(|action| action.kind.is_transfer());
        for (index, action) in actions.iter().enumerate() {
            let before = self.mark();
            if transfer.is_some_and(|transfer| index > transfer) {
                let found = "found an action after a transfer, which is dropped";
                let diagnostic = Diagnostic::warning(Code::UnreachableAction, found)
                    .expecting("the transfer to be the last action");
                self.report(diagnostic);
            }
            self.action(action);
            self.prefix(before, || format!("/{index}"));
        }
    }

    fn action(&mut self, action: &Action) {
        if action.kind.is_extension() && !self.options.extension_actions {
            let found = format!(
                "found the action `{}`, which is not switched on",
                action.kind.as_str()
            );
            self.report(Diagnostic::error(Code::UnknownAction, found).at("/type"));
        }
        if let ActionKind::Unknown(name) = &action.kind {
            self.unknown_action(name);
        }
        let before = self.mark();
        self.payload(&action.kind, &action.payload);
        for (name, value) in &action.payload {
            self.leaf_templates(value, &|| member("", name));
        }
        self.prefix(before, || "/payload".to_owned());
    }

    fn payload(&mut self, kind: &ActionKind, payload: &Object) {
        match kind {
            ActionKind::TransferToSkill => {
                self.member(payload, "skillId", Shape::Id, true);
                self.known_skill(payload);
            }
            ActionKind::TransferToAgent => {
                self.member(payload, "userId", Shape::Id, true);
                self.member(payload, "skillId", Shape::Id, false);
                self.known_skill(payload);
                let agents = self.catalogue.agents();
                if let Some(id) = constant(payload, "userId")
                    && !agents.is_empty()
                    && !agents.contains(&id)
                {
                    let near = nearest(&id, agents.iter().map(String::as_str));
                    let found = format!("found the agent {}, who is not known", quoted(&id));
                    let diagnostic = Diagnostic::warning(Code::UnknownAgent, found);
                    self.report(diagnostic.at("/userId").suggesting(near));
                }
            }
            ActionKind::SendMessage => {
                self.member(payload, "message", Shape::Text, true);
                if let Some(Value::String(message)) = payload.get("message")
                    && !message.contains("{{")
                {
                    let length_max = limits::MESSAGE_CHARS_MAX;
                    self.length(message, length_max, "a message", "/message");
                }
            }
            ActionKind::SetContext => {
                self.member(payload, "namespace", Shape::Text, true);
                self.member(payload, "scope", Shape::Text, false);
                self.member(payload, "properties", Shape::Object, true);
            }
            ActionKind::SetQueuePriority => self.member(payload, "priority", Shape::Number, true),
            ActionKind::CloseConversation => self.member(payload, "reason", Shape::Text, false),
            // Reported with its type.
            ActionKind::Unknown(_) => {}
        }
    }

    fn unknown_action(&mut self, name: &str) {
        let known = ActionKind::KNOWN
            .iter()
            .filter(|kind| self.options.extension_actions || !kind.is_extension());
        let near = nearest(name, known.map(ActionKind::as_str));
        let diagnostic = Diagnostic::error(
            Code::UnknownAction,
            format!("found the action {}", quoted(name)),
        )
        .at("/type")
        .suggesting(near)
        .expecting("`TRANSFER_TO_SKILL`, `TRANSFER_TO_AGENT` or `SEND_MESSAGE`");
        self.report(diagnostic);
    }

    fn member(&mut self, payload: &Object, name: &str, shape: Shape, is_required: bool) {
        let Some(value) = payload.get(name) else {
            if is_required {
                let near = nearest(name, payload.keys().map(String::as_str));
                let found = match near {
                    Some(near) => format!("found {} but no `{name}`", quoted(near)),
                    None => format!("found no `{name}`"),
                };
                self.missing(&found, "");
            }
            return;
        };
        let is_template = value.as_str().is_some_and(|text| text.contains("{{"));
        let (fits, expected) = match shape {
            Shape::Id => (is_id(value), "an id"),
            Shape::Text => (
                value.as_str().is_some_and(|text| !text.trim().is_empty()),
                "text that is not empty",
            ),
            Shape::Number => (value.is_number() || is_template, "a number"),
            Shape::Object => (
                value.as_object().is_some_and(|object| !object.is_empty()),
                "an object with at least one member",
            ),
        };
        if !fits {
            let found = match value {
                Value::String(text) => format!("found the text {}", quoted(text)),
                other => format!("found {}", quoted(&other.to_string())),
            };
            let diagnostic = Diagnostic::error(Code::WrongShape, found)
                .at(format!("/{name}"))
                .expecting(expected);
            self.report(diagnostic);
        } else if matches!(shape, Shape::Id)
            && let Value::String(id) = value
            && !is_template
        {
            self.length(id, limits::GIVEN_ID_CHARS_MAX, "an id", &format!("/{name}"));
        }
    }

    fn known_skill(&mut self, payload: &Object) {
        let skills = self.catalogue.skills();
        if let Some(id) = constant(payload, "skillId")
            && !skills.is_empty()
            && !skills.contains(&id)
        {
            let near = nearest(&id, skills.iter().map(String::as_str));
            let found = format!("found the skill {}, which is not known", quoted(&id));
            let diagnostic = Diagnostic::warning(Code::UnknownSkill, found);
            self.report(diagnostic.at("/skillId").suggesting(near));
        }
    }

    /// Checks the templates of every text inside a payload's member.
    fn leaf_templates(&mut self, value: &Value, pointer: &dyn Fn() -> String) {
        match value {
            Value::String(text) if text.contains("{{") => {
                let before = self.mark();
                self.templates(text);
                self.prefix(before, pointer);
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.leaf_templates(item, &|| format!("{}/{index}", pointer()));
                }
            }
            Value::Object(members) => {
                for (name, value) in members {
                    self.leaf_templates(value, &|| member(&pointer(), name));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

fn is_id(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Number(number) => number.is_u64(),
        _ => false,
    }
}

/// Returns the id that a payload names, unless it is a template.
fn constant(payload: &Object, name: &str) -> Option<String> {
    let value = payload.get(name).filter(|value| is_id(value))?;
    let text = value::text(value);
    (!text.contains("{{")).then_some(text)
}
