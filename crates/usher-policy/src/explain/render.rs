//! An explanation as JSON: the policies of a decision record.
//!
//! Values longer than the log's limit are cut, and those of sensitive attributes are masked.
//! Actions are shown as they were written; the decision has them resolved.

use std::ops::Range;

use serde_json::json;
use usher_model::limits;
use usher_model::value::{Object, Value};

use super::{Explanation, Status};
use crate::attribute::{Attribute, Slot};
use crate::coerce::View;
use crate::compile::clause::{Clause, Operand, Question};
use crate::compile::expression::Node;
use crate::compile::{Entry, State};
use crate::document::{Action, Condition, Guard, Row};
use crate::evaluate::Verdict;
use crate::facts::{Fact, Stop};
use crate::fault::Fault;
use crate::run::MatchedBy;

/// What stands in place of a sensitive value.
pub const MASK: &str = "***";

/// Says which attributes must not be shown.
pub type IsSensitive<'f> = &'f dyn Fn(&Attribute) -> bool;

impl Explanation<'_> {
    /// Renders the policies at some places, in order.
    #[must_use]
    pub fn render(&self, positions: Range<usize>, is_sensitive: IsSensitive<'_>) -> Vec<Value> {
        positions
            .map_while(|position| self.render_policy(position, is_sensitive))
            .collect()
    }

    /// Renders one policy; returns `None` beyond the last.
    #[must_use]
    pub fn render_policy(&self, position: usize, is_sensitive: IsSensitive<'_>) -> Option<Value> {
        let entry = self.set().entries().get(position)?;
        let status = self.status(position)?;
        let renderer = Renderer {
            explanation: self,
            is_sensitive,
            position,
        };
        Some(Value::Object(renderer.policy(entry, status)))
    }
}

struct Renderer<'r, 'e> {
    explanation: &'r Explanation<'e>,
    is_sensitive: IsSensitive<'r>,
    position: usize,
}

/// One side of a comparison as it is shown.
enum Side {
    Value(Value),
    Missing,
    /// It was not read, or is not to be had.
    Unknown,
}

impl Renderer<'_, '_> {
    fn policy(&self, entry: &Entry, status: Status) -> Object {
        let policy = entry.policy();
        let winner = self.explanation.decision().outcome.as_ref().ok();
        let winner = winner.filter(|winner| winner.position == self.position);
        let root = match entry.state() {
            State::Enabled(guards) => Some(guards.root),
            State::Disabled | State::Invalid(_) => None,
        };
        let mut shown = Object::new();
        let mut put = |name: &str, value: Value| {
            shown.insert(name.to_owned(), value);
        };
        put("id", policy.id.as_str().into());
        put("name", policy.name.as_str().into());
        put("position", self.position.into());
        put("status", status.as_str().into());
        put(
            "matchedBy",
            winner.map(|winner| winner.matched_by.as_str()).into(),
        );
        let (conditions, expression) = self.guard(&policy.guard, root);
        put("conditions", conditions);
        put("expression", expression);
        put("actions", actions(&policy.actions));
        if !policy.exceptions.is_empty() {
            put("exceptions", self.exceptions(entry));
        }
        if let Some(MatchedBy::Exception(index)) = winner.map(|winner| winner.matched_by) {
            put("matchedException", index.into());
        }
        put("variables", self.variables(entry));
        put("error", self.error(entry));
        shown
    }

    fn exceptions(&self, entry: &Entry) -> Value {
        let exceptions = entry.policy().exceptions.iter().enumerate();
        let shown = exceptions.map(|(index, exception)| {
            let guard = match entry.state() {
                State::Enabled(guards) => Some(guards.first + index),
                State::Disabled | State::Invalid(_) => None,
            };
            let (conditions, expression) = self.guard(&exception.guard, guard);
            json!({
                "conditions": conditions,
                "expression": expression,
                "actions": actions(&exception.actions),
                "requiresRoot": exception.requires_root,
                "status": self.verdict(guard).map_or("NOT_EVALUATED", guard_status),
            })
        });
        shown.collect()
    }

    fn verdict(&self, guard: Option<usize>) -> Option<Verdict> {
        self.explanation.verdict(self.position, guard?)
    }

    /// Renders a guard as `conditions` and `expression`, one of which is empty.
    fn guard(&self, written: &Guard, guard: Option<usize>) -> (Value, Value) {
        let set = self.explanation.set();
        let clauses = guard.and_then(|guard| set.guards().get(guard));
        let clauses = clauses.map_or(&[][..], |guard| set.clauses(guard));
        let verdict = self.verdict(guard);
        match written {
            Guard::Conditions(conditions) => {
                let rows = conditions.iter().enumerate().map(|(index, condition)| {
                    let status = clause_status(verdict, index);
                    self.condition(condition, clauses.get(index), status)
                });
                (rows.collect(), Value::Null)
            }
            Guard::Expression(text) => {
                let spans = guard.map_or(&[][..], |guard| set.spans(guard));
                let parts = clauses.iter().zip(spans).enumerate();
                let parts: Vec<Value> = parts
                    .map(|(index, (clause, span))| {
                        let status = clause_status(verdict, index);
                        let mut part = self.compared(clause, status);
                        let source = text.get(span.start..span.end).unwrap_or("");
                        part.insert("text".to_owned(), source.into());
                        part.insert("start".to_owned(), span.start.into());
                        part.insert("end".to_owned(), span.end.into());
                        Value::Object(part)
                    })
                    .collect();
                let status = verdict.map_or("NOT_EVALUATED", guard_status);
                let shown = json!({ "text": text, "status": status, "parts": parts });
                (json!([]), shown)
            }
        }
    }

    fn condition(&self, condition: &Condition, clause: Option<&Clause>, status: Answered) -> Value {
        match condition {
            Condition::Row(row) => self.row(row, clause, status),
            Condition::Any(rows) => {
                let clauses = match clause {
                    Some(Clause::Any(clauses)) => &**clauses,
                    _ => &[],
                };
                let mut is_open = !matches!(status, Answered::No);
                let rows = rows.iter().enumerate().map(|(index, row)| {
                    let clause = clauses.get(index);
                    let answered = match clause.filter(|_| is_open) {
                        Some(clause) => Answered::from(self.explanation.scope().clause(clause)),
                        None => Answered::No,
                    };
                    // The first that holds or is at fault ends the group.
                    is_open &= matches!(answered, Answered::Is(false));
                    self.row(row, clause, answered)
                });
                let rows: Vec<Value> = rows.collect();
                json!({ "any": rows, "status": status.as_str() })
            }
        }
    }

    fn row(&self, row: &Row, clause: Option<&Clause>, status: Answered) -> Value {
        let mut shown = clause.map_or_else(
            || status_only(status),
            |clause| self.compared(clause, status),
        );
        shown.insert("property".to_owned(), row.property.as_str().into());
        shown.insert("type".to_owned(), row.operator.as_str().into());
        shown.insert("value".to_owned(), cut(&row.value));
        Value::Object(shown)
    }

    /// Renders a clause's status, and both sides if it was tested.
    fn compared(&self, clause: &Clause, status: Answered) -> Object {
        let mut shown = status_only(status);
        if matches!(status, Answered::No) {
            return shown;
        }
        let (left, right) = self.sides(clause);
        for (name, missing, side) in [
            ("left", "leftMissing", left),
            ("right", "rightMissing", right),
        ] {
            match side {
                Side::Value(value) => {
                    shown.insert(name.to_owned(), value);
                }
                Side::Missing => {
                    shown.insert(name.to_owned(), Value::Null);
                    shown.insert(missing.to_owned(), true.into());
                }
                Side::Unknown => {}
            }
        }
        shown
    }

    fn sides(&self, clause: &Clause) -> (Side, Side) {
        match clause {
            Clause::Test(test) => {
                let right = match &test.question {
                    Question::EqualText(text) | Question::Contains(text) => Value::from(&**text),
                    Question::EqualNumber(number) | Question::Compare(_, number) => {
                        View::Number(*number).to_value()
                    }
                    Question::EqualBool(boolean) => Value::Bool(*boolean),
                    Question::Matches(regex) => regex.as_str().into(),
                    Question::Row(row) => row.right.clone(),
                    // A list is shown once, as it was written.
                    Question::In(_) | Question::Exists | Question::Holds => {
                        return (self.fact(test.slot), Side::Unknown);
                    }
                };
                (self.fact(test.slot), Side::Value(cut(&right)))
            }
            Clause::Pair(pair) => {
                let right = match &pair.right {
                    Operand::Attribute(slot) => self.fact(*slot),
                    Operand::Text(template) => {
                        let text = template.fill(self.explanation.scope().facts);
                        let text = text.map_or(Side::Unknown, |text| Side::Value(text.into()));
                        self.masked(template.slots(), text)
                    }
                };
                (self.fact(pair.left), right)
            }
            Clause::Tree(node) => match node.sides() {
                Some([left, right]) => (self.node(left), self.node(right)),
                None => (Side::Unknown, Side::Unknown),
            },
            Clause::Any(_) => (Side::Unknown, Side::Unknown),
        }
    }

    fn node(&self, node: &Node) -> Side {
        let Ok(value) = self.explanation.scope().value(node) else {
            return Side::Unknown;
        };
        let shown = match value.view() {
            View::Missing => Side::Missing,
            view => Side::Value(view.to_value()),
        };
        let mut slots = Vec::new();
        node.slots(&mut |slot| slots.push(slot));
        self.masked(slots.into_iter(), shown)
    }

    fn fact(&self, slot: Slot) -> Side {
        let shown = match self.explanation.scope().facts.fact(slot) {
            Fact::Unread | Fact::Failed(_) => Side::Unknown,
            Fact::Missing => Side::Missing,
            fact => Side::Value(fact.view().to_value()),
        };
        self.masked([slot].into_iter(), shown)
    }

    /// Cuts a value, or hides it if it comes from a sensitive attribute.
    fn masked(&self, mut slots: impl Iterator<Item = Slot>, side: Side) -> Side {
        let Side::Value(value) = side else {
            return side;
        };
        let set = self.explanation.set();
        let is_hidden = slots.any(|slot| {
            let attribute = set.attribute(slot);
            attribute.is_some_and(|attribute| (self.is_sensitive)(attribute))
        });
        Side::Value(if is_hidden { MASK.into() } else { cut(&value) })
    }

    /// Renders every attribute that the policy's guards mention and that was read.
    fn variables(&self, entry: &Entry) -> Value {
        let set = self.explanation.set();
        let mut shown = Object::new();
        if let State::Enabled(guards) = entry.state() {
            let guards = set.guards().get(guards.first..=guards.root);
            let clauses = guards
                .unwrap_or_default()
                .iter()
                .flat_map(|guard| set.clauses(guard));
            clauses.for_each(|clause| {
                clause.slots(&mut |slot| {
                    let value = match self.fact(slot) {
                        Side::Value(value) => value,
                        Side::Missing => Value::Null,
                        Side::Unknown => return,
                    };
                    if let Some(attribute) = set.attribute(slot) {
                        shown.insert(attribute.path().to_owned(), value);
                    }
                });
            });
        }
        Value::Object(shown)
    }

    fn error(&self, entry: &Entry) -> Value {
        match (entry.state(), self.explanation.fault(self.position)) {
            (State::Invalid(diagnostics), Some(fault)) => {
                let problems = diagnostics
                    .iter()
                    .filter(|diagnostic| diagnostic.is_error());
                let problems: Vec<Value> = problems
                    .map(|diagnostic| {
                        json!({
                            "path": diagnostic.pointer,
                            "code": diagnostic.code.as_str(),
                            "message": diagnostic.to_string(),
                        })
                    })
                    .collect();
                json!({
                    "code": fault.code.as_str(),
                    "message": fault.code.message(),
                    "problems": problems,
                })
            }
            (_, Some(fault)) => self.fault(fault),
            (_, None) => Value::Null,
        }
    }

    fn fault(&self, fault: Fault) -> Value {
        let set = self.explanation.set();
        let attribute = fault.slot.and_then(|slot| set.attribute(slot));
        json!({
            "code": fault.code.as_str(),
            "message": fault.code.message(),
            "attribute": attribute.map(Attribute::path),
            "httpStatus": fault.http_status,
        })
    }
}

/// How a clause was answered.
#[derive(Clone, Copy)]
enum Answered {
    /// It was not asked.
    No,
    Is(bool),
    Stopped(Stop),
}

impl From<Result<bool, Stop>> for Answered {
    fn from(answer: Result<bool, Stop>) -> Self {
        answer.map_or_else(Self::Stopped, Self::Is)
    }
}

impl Answered {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Is(true) => "TRUE",
            Self::Is(false) => "FALSE",
            Self::Stopped(stop) => stopped_status(stop),
            Self::No => "NOT_EVALUATED",
        }
    }
}

const fn stopped_status(stop: Stop) -> &'static str {
    match stop {
        Stop::Need(_) => "NOT_EVALUATED",
        Stop::Fault(fault) => Status::of(fault).as_str(),
    }
}

const fn guard_status(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::True => "TRUE",
        Verdict::False(_) => "FALSE",
        Verdict::Stopped(_, stop) => stopped_status(stop),
    }
}

/// Returns how the clause at `index` was answered, given what its guard said.
fn clause_status(verdict: Option<Verdict>, index: usize) -> Answered {
    match verdict {
        None => Answered::No,
        Some(Verdict::True) => Answered::Is(true),
        Some(Verdict::False(at)) if at == index => Answered::Is(false),
        Some(Verdict::Stopped(at, stop)) if at == index => Answered::Stopped(stop),
        Some(Verdict::False(at) | Verdict::Stopped(at, _)) if index < at => Answered::Is(true),
        Some(Verdict::False(_) | Verdict::Stopped(..)) => Answered::No,
    }
}

fn status_only(status: Answered) -> Object {
    let error = match status {
        Answered::Stopped(Stop::Fault(fault)) => Some(fault.code.as_str()),
        Answered::Stopped(Stop::Need(_)) | Answered::Is(_) | Answered::No => None,
    };
    let mut shown = Object::new();
    shown.insert("status".to_owned(), status.as_str().into());
    shown.insert("error".to_owned(), error.into());
    shown
}

fn actions(actions: &[Action]) -> Value {
    let shown = actions
        .iter()
        .map(|action| json!({ "type": action.kind.as_str(), "payload": action.payload }));
    shown.collect()
}

/// Cuts a value that is longer than the log may hold; what is cut is text afterwards.
fn cut(value: &Value) -> Value {
    const CHARS_MAX: usize = limits::LOGGED_VALUE_CHARS_MAX;
    let shorten = |text: &str| match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => {
            let kept = text.get(..end).unwrap_or_default();
            Some(Value::String(format!("{kept}…")))
        }
        None => None,
    };
    let short = match value {
        Value::String(text) => shorten(text),
        Value::Array(_) | Value::Object(_) => shorten(&value.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    };
    short.unwrap_or_else(|| value.clone())
}
