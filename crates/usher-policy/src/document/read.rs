//! JSON of any published shape to a policy.
//!
//! Wrong JSON becomes diagnostics, never an error or a panic, and reading goes on behind it.

use usher_model::id::PolicyId;
use usher_model::limits;
use usher_model::value::{self, Object, Value};

use super::{Action, ActionKind, Condition, Exception, Guard, Operator, Policy, Row, ValueType};
use crate::diagnostic::nearest::nearest;
use crate::diagnostic::{Code, Diagnostic, member, quoted, record};

/// A policy as far as it was written: a legacy block has neither id nor name.
///
/// If a diagnostic of its reading is an error, parts that could not be read are missing: such a
/// draft is fit for showing more mistakes, and must not be stored or run.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The id, if one was written.
    pub id: Option<PolicyId>,
    /// The name, if one was written.
    pub name: Option<String>,
    /// Why it is there; empty if nothing was written.
    pub description: String,
    /// Whether it was written to be enabled.
    pub enabled: Option<bool>,
    /// When its actions apply.
    pub guard: Guard,
    /// What happens then, in order.
    pub actions: Vec<Action>,
    /// Tested before the guard, in order.
    pub exceptions: Vec<Exception>,
}

impl Draft {
    /// Completes the draft: disabled unless written otherwise, and with the given id and name where
    /// none was written.
    #[must_use]
    pub fn into_policy(
        self,
        id: impl FnOnce() -> PolicyId,
        name: impl FnOnce() -> String,
    ) -> Policy {
        Policy {
            id: self.id.unwrap_or_else(id),
            name: self.name.unwrap_or_else(name),
            description: self.description,
            enabled: self.enabled.unwrap_or(false),
            guard: self.guard,
            actions: self.actions,
            exceptions: self.exceptions,
        }
    }

    /// Returns whether a row, also of a group or an exception, uses one of `operators`.
    fn uses(&self, operators: &[Operator]) -> bool {
        let guards = self.exceptions.iter().map(|exception| &exception.guard);
        guards.chain([&self.guard]).any(|guard| match guard {
            Guard::Conditions(conditions) => conditions
                .iter()
                .flat_map(Condition::rows)
                .any(|row| operators.contains(&row.operator)),
            Guard::Expression(_) => false,
        })
    }
}

/// Reads one policy: a legacy block or a stored document.
///
/// Payloads may have either published spelling; the draft has the first, with `userId`, `skillId`
/// and `message`. Unknown fields are ignored, with a warning if they look like a known one.
#[must_use]
pub fn read(value: &Value) -> (Draft, Vec<Diagnostic>) {
    let mut reader = Reader::default();
    let draft = reader.policy(value, "");
    (draft, reader.diagnostics)
}

/// Reads an import file: one policy, an array of them, or an export file.
///
/// Pointers are those of the whole file. Each policy that uses `CONTAINS` gets a notice, because
/// systems disagree on its direction.
#[must_use]
pub fn read_import(bytes: &[u8]) -> (Vec<Draft>, Vec<Diagnostic>) {
    if bytes.len() > limits::IMPORT_BYTES_MAX {
        let found = format!("found a file of {} bytes", bytes.len());
        let expected = format!("at most {}", limits::IMPORT_BYTES_MAX);
        let diagnostic = Diagnostic::error(Code::TooLong, found).expecting(expected);
        return (Vec::new(), vec![diagnostic]);
    }
    match serde_json::from_slice(bytes) {
        Ok(value) => read_import_value(&value),
        Err(error) => {
            let diagnostic = Diagnostic::error(Code::Syntax, format!("found no JSON: {error}"));
            (Vec::new(), vec![diagnostic])
        }
    }
}

/// Reads an import file that has been parsed; see [`read_import`].
#[must_use]
pub fn read_import_value(value: &Value) -> (Vec<Draft>, Vec<Diagnostic>) {
    let mut reader = Reader::default();
    let (policies, pointer) = match value {
        Value::Array(policies) => (policies.as_slice(), ""),
        Value::Object(file) if file.contains_key("policies") => {
            reader.format_version(file);
            match file.get("policies") {
                Some(Value::Array(policies)) => (policies.as_slice(), "/policies"),
                Some(other) => {
                    reader.wrong_shape(other, "/policies", "a list of policies");
                    return (Vec::new(), reader.diagnostics);
                }
                None => (&[][..], "/policies"),
            }
        }
        _ => {
            let draft = reader.imported(value, "");
            return (vec![draft], reader.diagnostics);
        }
    };
    if policies.len() > limits::POLICIES_MAX {
        let found = format!("found {} policies", policies.len());
        let expected = format!("at most {}", limits::POLICIES_MAX);
        let diagnostic = Diagnostic::error(Code::TooMany, found).expecting(expected);
        reader.report(diagnostic, pointer);
        return (Vec::new(), reader.diagnostics);
    }
    let drafts = policies
        .iter()
        .enumerate()
        .map(|(index, policy)| reader.imported(policy, &format!("{pointer}/{index}")))
        .collect();
    (drafts, reader.diagnostics)
}

const POLICY_FIELDS: &[&str] = &[
    "id",
    "name",
    "description",
    "enabled",
    "mode",
    "conditions",
    "expression",
    "actions",
    "exception",
];
const EXCEPTION_FIELDS: &[&str] = &[
    "conditions",
    "expression",
    "actions",
    "requiresRoot",
    "mode",
];
const ROW_FIELDS: &[&str] = &["property", "type", "valueType", "value", "any"];
const ACTION_FIELDS: &[&str] = &["type", "payload"];

/// What the form calls the operators, and what other systems do.
const OPERATOR_LABELS: &[(&str, Operator)] = &[
    ("=", Operator::Equal),
    ("==", Operator::Equal),
    ("EQ", Operator::Equal),
    ("IS", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("≠", Operator::NotEqual),
    ("NE", Operator::NotEqual),
    ("<", Operator::LessThan),
    ("LT", Operator::LessThan),
    ("<=", Operator::LessThanOrEqual),
    ("≤", Operator::LessThanOrEqual),
    ("LTE", Operator::LessThanOrEqual),
    (">", Operator::GreaterThan),
    ("GT", Operator::GreaterThan),
    (">=", Operator::GreaterThanOrEqual),
    ("≥", Operator::GreaterThanOrEqual),
    ("GTE", Operator::GreaterThanOrEqual),
    ("IN", Operator::IsIn),
    ("IS IN", Operator::IsIn),
    ("IS_NOT_IN", Operator::NotIn),
    ("NOT IN", Operator::NotIn),
    ("REGEX", Operator::Matches),
];

#[derive(Default)]
struct Reader {
    diagnostics: Vec<Diagnostic>,
}

impl Reader {
    fn report(&mut self, diagnostic: Diagnostic, pointer: &str) {
        record(&mut self.diagnostics, diagnostic.at(pointer));
    }

    fn wrong_shape(&mut self, found: &Value, pointer: &str, expected: &str) {
        let found = format!("found {}", describe(found));
        let diagnostic = Diagnostic::error(Code::WrongShape, found).expecting(expected);
        self.report(diagnostic, pointer);
    }

    fn missing(&mut self, name: &str, pointer: &str) {
        let found = format!("found no `{name}`");
        self.report(Diagnostic::error(Code::MissingField, found), pointer);
    }

    fn ambiguous(&mut self, found: &str, expected: &str, pointer: &str) {
        let diagnostic = Diagnostic::error(Code::Ambiguous, found).expecting(expected);
        self.report(diagnostic, pointer);
    }

    fn format_version(&mut self, file: &Object) {
        if let Some(version) = file.get("formatVersion")
            && version.as_u64() != Some(1)
        {
            self.wrong_shape(version, "/formatVersion", "1");
        }
    }

    /// Warns of fields that are ignored although they look like known ones.
    fn unknown_fields(&mut self, object: &Object, known: &[&str], pointer: &str) {
        for name in object.keys() {
            if known.contains(&name.as_str()) {
                continue;
            }
            let candidates = known.iter().copied();
            if let Some(near) = nearest(
                name,
                candidates.filter(|&field| !object.contains_key(field)),
            ) {
                let found = format!("found the field {}, which is ignored", quoted(name));
                let diagnostic =
                    Diagnostic::warning(Code::UnknownField, found).suggesting(Some(near));
                self.report(diagnostic, &member(pointer, name));
            }
        }
    }

    fn object<'a>(
        &mut self,
        value: &'a Value,
        pointer: &str,
        expected: &str,
    ) -> Option<&'a Object> {
        let object = value.as_object();
        if object.is_none() {
            self.wrong_shape(value, pointer, expected);
        }
        object
    }

    /// Returns a member's text; null is as good as absent.
    fn text<'a>(&mut self, object: &'a Object, name: &str, pointer: &str) -> Option<&'a str> {
        match object.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(other) => {
                self.wrong_shape(other, &member(pointer, name), "text");
                None
            }
        }
    }

    fn boolean(&mut self, object: &Object, name: &str, pointer: &str) -> Option<bool> {
        match object.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::Bool(boolean)) => Some(*boolean),
            Some(other) => {
                self.wrong_shape(other, &member(pointer, name), "`true` or `false`");
                None
            }
        }
    }

    /// Reads each item of a member that is a list; null is as good as absent.
    fn items<T>(
        &mut self,
        object: &Object,
        name: &str,
        pointer: &str,
        mut read: impl FnMut(&mut Self, &Value, &str) -> Option<T>,
    ) -> Vec<T> {
        let pointer = member(pointer, name);
        match object.get(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| read(self, item, &format!("{pointer}/{index}")))
                .collect(),
            Some(other) => {
                self.wrong_shape(other, &pointer, "a list");
                Vec::new()
            }
        }
    }

    fn imported(&mut self, value: &Value, pointer: &str) -> Draft {
        let draft = self.policy(value, pointer);
        if draft.uses(&[Operator::Contains, Operator::NotContains]) {
            let diagnostic = Diagnostic::notice(
                Code::ContainsDirection,
                "found `CONTAINS`, which other systems may read the other way round",
            )
            .expecting("the attribute to contain the value, unless the account says otherwise");
            self.report(diagnostic, pointer);
        }
        draft
    }

    fn policy(&mut self, value: &Value, pointer: &str) -> Draft {
        let empty = Object::new();
        let object = self.object(value, pointer, "a policy").unwrap_or(&empty);
        self.unknown_fields(object, POLICY_FIELDS, pointer);
        let id = self.text(object, "id", pointer);
        let id = id.and_then(|id| match PolicyId::parse(id) {
            Ok(id) => Some(id),
            Err(error) => {
                let diagnostic = Diagnostic::error(Code::WrongShape, error.to_string());
                self.report(diagnostic, &member(pointer, "id"));
                None
            }
        });
        Draft {
            id,
            name: self.text(object, "name", pointer).map(str::to_owned),
            description: self
                .text(object, "description", pointer)
                .unwrap_or_default()
                .to_owned(),
            enabled: self.boolean(object, "enabled", pointer),
            guard: self.guard(object, pointer),
            actions: self.items(object, "actions", pointer, Self::action),
            exceptions: self.exceptions(object, pointer),
        }
    }

    fn guard(&mut self, object: &Object, pointer: &str) -> Guard {
        let mode = self.text(object, "mode", pointer);
        let expression = self.text(object, "expression", pointer);
        let has_expression = expression.is_some_and(|text| !text.trim().is_empty());
        let has_conditions = match object.get("conditions") {
            Some(Value::Array(rows)) => !rows.is_empty(),
            other => other.is_some_and(|other| !other.is_null()),
        };
        if has_expression && has_conditions {
            self.ambiguous(
                "found both `conditions` and `expression`",
                "one of them",
                &member(pointer, "expression"),
            );
        }
        let is_expression = match mode {
            Some("EXPRESSION") => true,
            Some("CONDITIONS") => false,
            Some(other) => {
                let diagnostic =
                    Diagnostic::error(Code::WrongShape, format!("found {}", quoted(other)))
                        .expecting("`CONDITIONS` or `EXPRESSION`")
                        .suggesting(nearest(other, ["CONDITIONS", "EXPRESSION"]));
                self.report(diagnostic, &member(pointer, "mode"));
                has_expression
            }
            None => has_expression || (expression.is_some() && !has_conditions),
        };
        match (is_expression, expression) {
            (true, Some(text)) => Guard::Expression(text.to_owned()),
            (true, None) if !has_conditions => Guard::Expression(String::new()),
            (true, None) => {
                self.ambiguous(
                    "found `conditions` in the mode `EXPRESSION`",
                    "`expression`",
                    &member(pointer, "conditions"),
                );
                Guard::Expression(String::new())
            }
            (false, _) => {
                if has_expression && !has_conditions {
                    self.ambiguous(
                        "found `expression` in the mode `CONDITIONS`",
                        "`conditions`",
                        &member(pointer, "expression"),
                    );
                }
                Guard::Conditions(self.items(object, "conditions", pointer, Self::condition))
            }
        }
    }

    fn exceptions(&mut self, object: &Object, pointer: &str) -> Vec<Exception> {
        let pointer = member(pointer, "exception");
        match object.get("exception") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(blocks)) => blocks
                .iter()
                .enumerate()
                .filter_map(|(index, block)| self.exception(block, &format!("{pointer}/{index}")))
                .collect(),
            Some(block) => self.exception(block, &pointer).into_iter().collect(),
        }
    }

    fn exception(&mut self, value: &Value, pointer: &str) -> Option<Exception> {
        let object = self.object(value, pointer, "an exception")?;
        self.unknown_fields(object, EXCEPTION_FIELDS, pointer);
        // An editor may leave an empty block where no exception was written.
        let is_empty = object.values().all(|value| match value {
            Value::Array(items) => items.is_empty(),
            other => other.is_null(),
        });
        if is_empty {
            return None;
        }
        Some(Exception {
            guard: self.guard(object, pointer),
            actions: self.items(object, "actions", pointer, Self::action),
            requires_root: self
                .boolean(object, "requiresRoot", pointer)
                .unwrap_or(false),
        })
    }

    fn condition(&mut self, value: &Value, pointer: &str) -> Option<Condition> {
        let object = self.object(value, pointer, "a condition")?;
        if !object.contains_key("any") {
            return self.row(object, pointer).map(Condition::Row);
        }
        if object.contains_key("property") {
            let expected = "a group or a comparison";
            self.ambiguous("found both `any` and `property`", expected, pointer);
        }
        let rows = self.items(object, "any", pointer, |reader, value, pointer| {
            let object = reader.object(value, pointer, "a comparison")?;
            if object.contains_key("any") {
                let found = "found a group inside a group";
                let diagnostic =
                    Diagnostic::error(Code::WrongShape, found).expecting("a comparison");
                reader.report(diagnostic, pointer);
                return None;
            }
            reader.row(object, pointer)
        });
        Some(Condition::Any(rows))
    }

    fn row(&mut self, object: &Object, pointer: &str) -> Option<Row> {
        self.unknown_fields(object, ROW_FIELDS, pointer);
        let before = self.diagnostics.len();
        let property = self.text(object, "property", pointer);
        if property.is_none() && self.diagnostics.len() == before {
            self.missing("property", pointer);
        }
        let operator = self.operator(object, pointer);
        let value_type = self.value_type(object, pointer);
        Some(Row {
            property: property?.to_owned(),
            operator: operator?,
            value_type,
            value: object.get("value").cloned().unwrap_or_default(),
        })
    }

    fn operator(&mut self, object: &Object, pointer: &str) -> Option<Operator> {
        let before = self.diagnostics.len();
        let Some(name) = self.text(object, "type", pointer) else {
            if self.diagnostics.len() == before {
                self.missing("type", pointer);
            }
            return None;
        };
        let operator = Operator::parse(name);
        if operator.is_none() {
            let label = OPERATOR_LABELS
                .iter()
                .find(|(label, _)| label.eq_ignore_ascii_case(name))
                .map(|(_, operator)| operator.as_str());
            let near = || nearest(name, Operator::ALL.iter().map(|known| known.as_str()));
            let diagnostic = Diagnostic::error(
                Code::UnknownOperator,
                format!("found the operator {}", quoted(name)),
            )
            .suggesting(label.or_else(near));
            let diagnostic = if diagnostic.suggestion.is_none() {
                let names: Vec<&str> = Operator::ALL.iter().map(|known| known.as_str()).collect();
                diagnostic.expecting(format!("one of {}", names.join(", ")))
            } else {
                diagnostic
            };
            self.report(diagnostic, &member(pointer, "type"));
        }
        operator
    }

    fn value_type(&mut self, object: &Object, pointer: &str) -> Option<ValueType> {
        let name = self.text(object, "valueType", pointer)?;
        let value_type = ValueType::parse(name);
        if value_type.is_none() {
            let names: Vec<&str> = ValueType::ALL.iter().map(|known| known.as_str()).collect();
            let diagnostic = Diagnostic::error(
                Code::WrongShape,
                format!("found the value type {}", quoted(name)),
            )
            .expecting(format!("one of {}", names.join(", ")))
            .suggesting(nearest(name, names.iter().copied()));
            self.report(diagnostic, &member(pointer, "valueType"));
        }
        value_type
    }

    fn action(&mut self, value: &Value, pointer: &str) -> Option<Action> {
        let object = self.object(value, pointer, "an action")?;
        self.unknown_fields(object, ACTION_FIELDS, pointer);
        let before = self.diagnostics.len();
        let Some(name) = self.text(object, "type", pointer) else {
            if self.diagnostics.len() == before {
                self.missing("type", pointer);
            }
            return None;
        };
        let kind = ActionKind::parse(name);
        let payload_pointer = member(pointer, "payload");
        let mut payload = match object.get("payload") {
            None | Some(Value::Null) => Object::new(),
            Some(payload) => self.object(payload, &payload_pointer, "an object")?.clone(),
        };
        let spellings: &[(&str, &str)] = match kind {
            ActionKind::TransferToAgent => &[("agentId", "userId"), ("fallbackSkillId", "skillId")],
            ActionKind::SendMessage => &[("text", "message")],
            ActionKind::TransferToSkill => &[],
            // Their nulls mean what they say.
            ActionKind::SetContext
            | ActionKind::SetQueuePriority
            | ActionKind::CloseConversation
            | ActionKind::Unknown(_) => return Some(Action { kind, payload }),
        };
        payload.retain(|_, value| !value.is_null());
        for (second, first) in spellings {
            self.unify(&mut payload, second, first, &payload_pointer);
        }
        Some(Action { kind, payload })
    }

    /// Moves a payload's member to its first spelling.
    fn unify(&mut self, payload: &mut Object, second: &str, first: &str, pointer: &str) {
        let Some(value) = payload.remove(second) else {
            return;
        };
        match payload.get(first) {
            None => {
                payload.insert(first.to_owned(), value);
            }
            // Answers carry both spellings, one of them perhaps as a number.
            Some(other) if value::text(other) == value::text(&value) => {}
            Some(_) => {
                let found = format!("found different values in `{first}` and `{second}`");
                self.ambiguous(&found, "one of them", &member(pointer, second));
            }
        }
    }
}

/// Returns how a value is called in a message.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(boolean) => format!("`{boolean}`"),
        Value::Number(number) => format!("the number `{number}`"),
        Value::String(text) => format!("the text {}", quoted(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
