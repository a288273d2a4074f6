//! A policy to JSON: the stored form, the export file, and the published form.

use serde_json::json;
use usher_model::value::{Object, Value};

use super::{Action, Condition, Exception, Guard, Policy, Row};
use crate::diagnostic::{Code, Diagnostic, has_error};
use crate::{parser, rows};

/// Writes the stored form, which [`read`](super::read::read) takes back unchanged.
///
/// What the store adds (account, position, version, times) is not part of it.
#[must_use]
pub fn write(policy: &Policy) -> Value {
    let (mode, conditions, expression) = match &policy.guard {
        Guard::Conditions(conditions) => ("CONDITIONS", conditions.as_slice(), Value::Null),
        Guard::Expression(text) => ("EXPRESSION", &[][..], Value::from(text.as_str())),
    };
    let exceptions: Vec<Value> = policy.exceptions.iter().map(exception).collect();
    json!({
        "id": policy.id,
        "name": policy.name,
        "description": policy.description,
        "enabled": policy.enabled,
        "mode": mode,
        "conditions": conditions.iter().map(condition).collect::<Vec<_>>(),
        "expression": expression,
        "actions": policy.actions.iter().map(action).collect::<Vec<_>>(),
        "exception": one_or_all(exceptions),
    })
}

/// Writes the export file.
#[must_use]
pub fn write_export<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Value {
    let policies: Vec<Value> = policies.into_iter().map(write).collect();
    json!({ "formatVersion": 1, "policies": policies })
}

/// Writes the published block of conditions, actions and exception, for use elsewhere.
///
/// Nothing is written if something cannot be said there, because a block without it would match
/// more conversations; the diagnostics say all that is in the way. Their pointers are those of the
/// stored form.
#[must_use]
pub fn write_published(policy: &Policy) -> (Option<Value>, Vec<Diagnostic>) {
    let mut publisher = Publisher::default();
    let conditions = publisher.guard(&policy.guard, "");
    let actions = publisher.actions(&policy.actions, "");
    let mut block = Object::new();
    block.insert("conditions".to_owned(), conditions);
    block.insert("actions".to_owned(), actions);
    for (index, exception) in policy.exceptions.iter().enumerate() {
        let pointer = exception_pointer(policy, index);
        if index > 0 {
            publisher.refuse(
                "a second exception",
                "one, or a policy of its own",
                &pointer,
            );
        }
        if exception.requires_root {
            publisher.refuse(
                "an exception that requires the guard",
                "an exception with the guard's conditions among its own",
                &format!("{pointer}/requiresRoot"),
            );
        }
        let written = json!({
            "conditions": publisher.guard(&exception.guard, &pointer),
            "actions": publisher.actions(&exception.actions, &pointer),
        });
        block.insert("exception".to_owned(), written);
    }
    let block = (!has_error(&publisher.diagnostics)).then_some(Value::Object(block));
    (block, publisher.diagnostics)
}

/// Returns where the exception with this index stands in the stored form.
pub(crate) fn exception_pointer(policy: &Policy, index: usize) -> String {
    if policy.exceptions.len() == 1 {
        "/exception".to_owned()
    } else {
        format!("/exception/{index}")
    }
}

/// Writes nothing as null, one thing as itself, more as a list.
fn one_or_all(mut values: Vec<Value>) -> Value {
    match values.len() {
        0 => Value::Null,
        1 => values.swap_remove(0),
        _ => Value::Array(values),
    }
}

fn condition(condition: &Condition) -> Value {
    match condition {
        Condition::Row(row) => self::row(row),
        Condition::Any(rows) => json!({ "any": rows.iter().map(self::row).collect::<Vec<_>>() }),
    }
}

fn row(row: &Row) -> Value {
    let mut object = published_row(row);
    if let Some(value_type) = row.value_type {
        object.insert("valueType".to_owned(), Value::from(value_type.as_str()));
    }
    Value::Object(object)
}

fn published_row(row: &Row) -> Object {
    let mut object = Object::new();
    object.insert("property".to_owned(), Value::from(row.property.as_str()));
    object.insert("type".to_owned(), Value::from(row.operator.as_str()));
    if !row.value.is_null() {
        object.insert("value".to_owned(), row.value.clone());
    }
    object
}

fn exception(exception: &Exception) -> Value {
    let mut object = Object::new();
    let (name, guard) = match &exception.guard {
        Guard::Conditions(conditions) => (
            "conditions",
            conditions.iter().map(condition).collect::<Value>(),
        ),
        Guard::Expression(text) => ("expression", Value::from(text.as_str())),
    };
    object.insert(name.to_owned(), guard);
    let actions = exception.actions.iter().map(action).collect();
    object.insert("actions".to_owned(), actions);
    if exception.requires_root {
        object.insert("requiresRoot".to_owned(), Value::Bool(true));
    }
    Value::Object(object)
}

fn action(action: &Action) -> Value {
    json!({ "type": action.kind.as_str(), "payload": action.payload })
}

#[derive(Default)]
struct Publisher {
    diagnostics: Vec<Diagnostic>,
}

impl Publisher {
    fn refuse(&mut self, found: &str, expected: &str, pointer: &str) {
        let diagnostic = Diagnostic::error(
            Code::NotExpressible,
            format!("found {found}, which the published form lacks"),
        );
        self.diagnostics
            .push(diagnostic.expecting(expected).at(pointer));
    }

    fn guard(&mut self, guard: &Guard, pointer: &str) -> Value {
        match guard {
            Guard::Conditions(conditions) => {
                self.conditions(conditions, |index| format!("{pointer}/conditions/{index}"))
            }
            Guard::Expression(text) => {
                let pointer = format!("{pointer}/expression");
                let (tree, diagnostics) = parser::parse(text);
                let converted = match tree {
                    Some(tree) => rows::from_expression(&tree),
                    None => Err(diagnostics),
                };
                match converted {
                    Ok(conditions) => self.conditions(&conditions, |_| pointer.clone()),
                    Err(diagnostics) => {
                        let placed = diagnostics
                            .into_iter()
                            .map(|diagnostic| diagnostic.at(pointer.as_str()));
                        self.diagnostics.extend(placed);
                        Value::Null
                    }
                }
            }
        }
    }

    /// Writes rows; `place` finds the pointer of the condition with an index.
    fn conditions(&mut self, conditions: &[Condition], place: impl Fn(usize) -> String) -> Value {
        let mut rows = Vec::new();
        for (index, condition) in conditions.iter().enumerate() {
            let pointer = place(index);
            if let Condition::Any(members) = condition
                && members.len() != 1
            {
                let expected = "a policy for each comparison, with the same actions";
                self.refuse("a group", expected, &pointer);
            }
            for row in condition.rows() {
                if !row.operator.is_published() {
                    let found = format!("the operator `{}`", row.operator.as_str());
                    self.refuse(&found, "a published operator", &pointer);
                }
                rows.push(Value::Object(published_row(row)));
            }
        }
        Value::Array(rows)
    }

    fn actions(&mut self, actions: &[Action], pointer: &str) -> Value {
        for (index, action) in actions.iter().enumerate() {
            if action.kind.is_extension() {
                let found = format!("the action `{}`", action.kind.as_str());
                let pointer = format!("{pointer}/actions/{index}");
                self.refuse(&found, "a published action", &pointer);
            }
        }
        actions.iter().map(action).collect()
    }
}
