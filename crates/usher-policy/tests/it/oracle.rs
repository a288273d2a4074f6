//! The naive evaluator: policies in order, straight from what was written, with no compiler and no
//! index. It shares only the rules for two values with the engine.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;
use usher_model::time::Timestamp;
use usher_model::value;
use usher_policy::attribute::Attribute;
use usher_policy::calendar::{self, DateRange, Days, TimeRange, Wall};
use usher_policy::check::catalogue::Catalogue;
use usher_policy::check::{check, template};
use usher_policy::coerce::{self, Arithmetic, Relation, Rules, View};
use usher_policy::diagnostic::has_error;
use usher_policy::document::{Action, ActionKind, Condition, Guard, Operator, Policy, Row};
use usher_policy::fault::FaultCode;
use usher_policy::options::Options;
use usher_policy::parser;
use usher_policy::syntax::{BinaryOperator, Expression, Kind, UnaryOperator};

/// What an attribute turns out to be when it is read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Value(Value),
    Failed(u16),
}

/// What the world holds, by canonical path. Attributes of `custom` are functions.
pub(crate) type World = BTreeMap<String, Answer>;

/// What became of a policy: its status, and the code of its fault.
pub(crate) type Line = (&'static str, Option<FaultCode>);

pub(crate) struct Outcome {
    pub(crate) lines: Vec<Line>,
    /// The winner with its exception.
    pub(crate) winner: Option<(usize, Option<usize>)>,
    /// The functions that were called, in order.
    pub(crate) calls: Vec<String>,
}

pub(crate) struct Oracle<'o> {
    pub(crate) options: &'o Options,
    pub(crate) world: &'o World,
    pub(crate) now: Timestamp,
    calls: RefCell<Vec<String>>,
}

type Judged<T> = Result<T, FaultCode>;

impl<'o> Oracle<'o> {
    pub(crate) fn new(options: &'o Options, world: &'o World, now: Timestamp) -> Self {
        let calls = RefCell::new(Vec::new());
        Self {
            options,
            world,
            now,
            calls,
        }
    }

    pub(crate) fn run(self, policies: &[Policy]) -> Outcome {
        let mut lines = Vec::new();
        let mut winner = None;
        for (position, policy) in policies.iter().enumerate() {
            if winner.is_some() {
                lines.push(("NOT_REACHED", None));
                continue;
            }
            if !policy.enabled {
                lines.push(("DISABLED", None));
                continue;
            }
            let mistakes = check(policy, self.options, &Catalogue::new());
            if has_error(&mistakes) {
                lines.push(("INVALID", None));
                continue;
            }
            lines.push(match self.policy(policy) {
                Ok(Some(exception)) => {
                    winner = Some((position, exception));
                    ("TRUE", None)
                }
                Ok(None) => ("FALSE", None),
                Err(code) if code.is_error() => ("ERROR", Some(code)),
                Err(code) => ("INVALID", Some(code)),
            });
        }
        let calls = self.calls.into_inner();
        Outcome {
            lines,
            winner,
            calls,
        }
    }

    /// Returns which guard holds: an exception's or, as `Some(None)`, the policy's own.
    fn policy(&self, policy: &Policy) -> Judged<Option<Option<usize>>> {
        for (index, exception) in policy.exceptions.iter().enumerate() {
            let holds = self.guard(&exception.guard)?
                && (!exception.requires_root || self.guard(&policy.guard)?);
            if holds {
                self.actions(&exception.actions)?;
                return Ok(Some(Some(index)));
            }
        }
        if self.guard(&policy.guard)? {
            self.actions(&policy.actions)?;
            return Ok(Some(None));
        }
        Ok(None)
    }

    fn read(&self, path: &str) -> Judged<Value> {
        let attribute = Attribute::parse(path, self.options);
        if attribute.namespace() == "custom" {
            let mut calls = self.calls.borrow_mut();
            if !calls.contains(&attribute.path().to_owned()) {
                calls.push(attribute.path().to_owned());
            }
        }
        match self.world.get(attribute.path()) {
            None => Ok(Value::Null),
            Some(Answer::Value(value)) => Ok(value.clone()),
            Some(Answer::Failed(_)) => Err(FaultCode::FunctionFailed),
        }
    }

    fn guard(&self, guard: &Guard) -> Judged<bool> {
        match guard {
            Guard::Conditions(conditions) => {
                for condition in conditions {
                    let mut holds = false;
                    for row in condition.rows() {
                        holds = self.row(row)?;
                        if holds {
                            break;
                        }
                    }
                    assert!(!matches!(condition, Condition::Any(rows) if rows.is_empty()));
                    if !holds {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Guard::Expression(text) => {
                let tree = parser::parse(text).0.unwrap();
                coerce::truth(View::from(&self.value(&tree)?))
            }
        }
    }

    fn rules(&self, paths: &[&str]) -> Rules {
        let folds = |path: &&str| Attribute::parse(path, self.options).folds_case();
        Rules {
            folds_case: paths.iter().any(folds),
            contains_direction: self.options.contains_direction,
        }
    }

    fn row(&self, row: &Row) -> Judged<bool> {
        let left = self.read(&row.property)?;
        if left.is_null() {
            return Ok(matches!(
                row.operator,
                Operator::NotEqual | Operator::NotIn | Operator::NotContains | Operator::NotExists
            ));
        }
        if row.operator == Operator::Matches {
            let pattern = regex::Regex::new(row.value.as_str().unwrap()).unwrap();
            return coerce::pattern(View::from(&left), &pattern);
        }
        let right = if row.operator.has_value() {
            self.filled(&row.value)?
        } else {
            Value::Null
        };
        let rules = self.rules(&[&row.property]);
        coerce::row(row.operator, View::from(&left), View::from(&right), rules)
    }

    fn filled(&self, value: &Value) -> Judged<Value> {
        let Value::String(text) = value else {
            return Ok(value.clone());
        };
        if let Some(path) = template::whole(text) {
            return self.read(path);
        }
        let mut filled = String::new();
        let mut rest = text.as_str();
        while let Some((before, behind)) = rest.split_once("{{") {
            let (path, after) = behind.split_once("}}").unwrap();
            filled.push_str(before);
            filled.push_str(&value::text(&self.read(path.trim())?));
            rest = after;
        }
        Ok(Value::String(filled + rest))
    }

    fn actions(&self, actions: &[Action]) -> Judged<()> {
        let mut resolved = Vec::new();
        for action in actions {
            let mut payload = BTreeMap::new();
            for (name, value) in &action.payload {
                payload.insert(name.as_str(), self.filled(value)?);
            }
            resolved.push((&action.kind, payload));
            let (kind, payload) = resolved.last().unwrap();
            if **kind == ActionKind::TransferToSkill {
                let is_id = match payload.get("skillId") {
                    Some(Value::String(text)) => !text.is_empty(),
                    Some(Value::Number(_)) => true,
                    _ => false,
                };
                let is_whole = match action.payload.get("skillId") {
                    Some(Value::String(text)) => self.knows_all(text)?,
                    _ => true,
                };
                if !is_id || !is_whole {
                    return Err(FaultCode::UnresolvedAction);
                }
            }
        }
        Ok(())
    }

    /// Whether every attribute in a text has a value.
    fn knows_all(&self, text: &str) -> Judged<bool> {
        let mut paths = text.split("{{").skip(1);
        paths.try_fold(true, |all, behind| {
            let (path, _) = behind.split_once("}}").unwrap();
            Ok(all && !self.read(path.trim())?.is_null())
        })
    }

    fn truth(&self, expression: &Expression) -> Judged<bool> {
        coerce::truth(View::from(&self.value(expression)?))
    }

    fn value(&self, expression: &Expression) -> Judged<Value> {
        Ok(match &expression.kind {
            Kind::Literal(value) => value.clone(),
            Kind::List(items) => Value::Array(self.values(items)?),
            Kind::Attribute(path) => self.read(path)?,
            Kind::And(operands) => {
                for operand in operands {
                    if !self.truth(operand)? {
                        return Ok(false.into());
                    }
                }
                true.into()
            }
            Kind::Or(operands) => {
                for operand in operands {
                    if self.truth(operand)? {
                        return Ok(true.into());
                    }
                }
                false.into()
            }
            Kind::Unary(UnaryOperator::Not, operand) => (!self.truth(operand)?).into(),
            Kind::Unary(operator, operand) => {
                let operand = self.value(operand)?;
                let Some(number) = coerce::number(View::from(&operand))? else {
                    return Ok(Value::Null);
                };
                number_or_null(coerce::finite(match operator {
                    UnaryOperator::Negate => -number,
                    UnaryOperator::SquareRoot => number.sqrt(),
                    _ => number,
                })?)
            }
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right)?,
            Kind::Call(name, arguments) => self.call(name, arguments)?,
        })
    }

    fn values(&self, expressions: &[Expression]) -> Judged<Vec<Value>> {
        expressions
            .iter()
            .map(|expression| self.value(expression))
            .collect()
    }

    fn binary(
        &self,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
    ) -> Judged<Value> {
        let mut paths = Vec::new();
        for side in [left, right] {
            if let Kind::Attribute(path) = &side.kind {
                paths.push(path.as_str());
            }
        }
        let folds_case = self.rules(&paths).folds_case;
        let (left, right) = (self.value(left)?, self.value(right)?);
        let (left, right) = (View::from(&left), View::from(&right));
        let compare = |relation| coerce::compare(relation, left, right).map(Value::Bool);
        let calculate = |operator| coerce::calculate(operator, left, right).map(number_or_null);
        match operator {
            BinaryOperator::Equal => coerce::equal(left, right, folds_case).map(Value::Bool),
            BinaryOperator::NotEqual => Ok((!coerce::equal(left, right, folds_case)?).into()),
            BinaryOperator::Less => compare(Relation::Less),
            BinaryOperator::LessOrEqual => compare(Relation::LessOrEqual),
            BinaryOperator::Greater => compare(Relation::Greater),
            BinaryOperator::GreaterOrEqual => compare(Relation::GreaterOrEqual),
            BinaryOperator::In => coerce::member(left, right).map(Value::Bool),
            BinaryOperator::Add => calculate(Arithmetic::Add),
            BinaryOperator::Subtract => calculate(Arithmetic::Subtract),
            BinaryOperator::Multiply => calculate(Arithmetic::Multiply),
            BinaryOperator::Divide => calculate(Arithmetic::Divide),
            BinaryOperator::Remainder => calculate(Arithmetic::Remainder),
            BinaryOperator::Power => calculate(Arithmetic::Power),
            BinaryOperator::Concatenate => Ok(match (left, right) {
                (View::List(left), View::List(right)) => {
                    left.iter().chain(right.iter()).cloned().collect()
                }
                _ => format!("{}{}", left.to_text(), right.to_text()).into(),
            }),
        }
    }

    fn call(&self, name: &str, arguments: &[Expression]) -> Judged<Value> {
        let arguments = self.values(arguments)?;
        let text = |index: usize| arguments[index].as_str().ok_or(FaultCode::BadTimeArgument);
        let first = arguments.first().map_or(View::Missing, View::from);
        match name {
            "exists" => return Ok((!first.is_missing()).into()),
            "lower" => {
                return match first {
                    View::Missing => Ok(Value::Null),
                    View::Text(text) => Ok(text.to_lowercase().into()),
                    _ => Err(FaultCode::TypeMismatch),
                };
            }
            "length" => {
                return match first {
                    View::Missing => Ok(Value::Null),
                    View::Text(text) => Ok(text.chars().count().into()),
                    View::List(items) => Ok(items.len().into()),
                    _ => Err(FaultCode::TypeMismatch),
                };
            }
            _ => {}
        }
        if arguments.iter().any(Value::is_null) {
            return Ok(false.into());
        }
        let (start, end) = (text(0)?, text(1)?);
        let zone = calendar::zone(text(2)?).ok_or(FaultCode::BadTimeArgument)?;
        let mut days = Days::ALL;
        if let Some(list) = arguments.get(3) {
            days = Days::NONE;
            for day in list.as_array().ok_or(FaultCode::BadTimeArgument)? {
                let name = day.as_str().ok_or(FaultCode::BadTimeArgument)?;
                days = days.with(name).ok_or(FaultCode::BadTimeArgument)?;
            }
        }
        let now = Wall::at(self.now, &zone);
        let bad = FaultCode::BadTimeArgument;
        Ok(Value::Bool(if name == "isTimeRange" {
            let start = calendar::time_of_day(start).ok_or(bad)?;
            let end = calendar::time_of_day(end).ok_or(bad)?;
            TimeRange { start, end, days }.holds(now)
        } else {
            let start = calendar::date(start).ok_or(bad)?;
            let end = calendar::date(end).ok_or(bad)?;
            DateRange { start, end, days }.holds(now)
        }))
    }
}

fn number_or_null(number: Option<f64>) -> Value {
    number.map_or(Value::Null, coerce::number_value)
}
