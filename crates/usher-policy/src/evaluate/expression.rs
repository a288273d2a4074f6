//! Expression trees to values.

use std::borrow::Cow;

use usher_model::limits;
use usher_model::value::Value;

use super::Scope;
use crate::calendar::{self, Wall};
use crate::coerce::{self, Coerced, Items, View};
use crate::compile::expression::{self, ClockFunction, Function, Node, Prefix};
use crate::facts::Stop;
use crate::fault::FaultCode;

/// Bytes of a text that an expression makes: bounds what a chain of `||` may take.
const TEXT_BYTES_MAX: usize = 1 << 16;

/// The value of a part of an expression.
#[derive(Debug)]
pub(crate) enum Computed<'e> {
    View(View<'e>),
    Text(String),
    List(Vec<Cow<'e, Value>>),
}

impl<'e> Computed<'e> {
    pub(crate) fn view(&self) -> View<'_> {
        match self {
            Self::View(view) => *view,
            Self::Text(text) => View::Text(text),
            Self::List(items) => View::List(Items::Made(items)),
        }
    }

    fn into_item(self) -> Cow<'e, Value> {
        Cow::Owned(match self {
            Self::View(view) => view.to_value(),
            Self::Text(text) => Value::String(text),
            Self::List(items) => items.into_iter().map(Cow::into_owned).collect(),
        })
    }

    fn bool(boolean: bool) -> Self {
        Self::View(View::Bool(boolean))
    }

    fn number(number: Option<f64>) -> Self {
        Self::View(number.map_or(View::Missing, View::Number))
    }
}

impl<'e> Scope<'e> {
    /// Evaluates an operand of `and`, or a whole guard.
    pub(crate) fn truth(&self, node: &'e Node) -> Result<bool, Stop> {
        Ok(coerce::truth(self.value(node)?.view())?)
    }

    pub(crate) fn value(&self, node: &'e Node) -> Result<Computed<'e>, Stop> {
        Ok(match node {
            Node::Constant(value) => Computed::View(value.into()),
            Node::Attribute(slot) => Computed::View(self.facts.view(*slot)?),
            Node::Test(test) => Computed::bool(self.test(test)?),
            Node::List(nodes) => {
                let items = nodes.iter().map(|node| Ok(self.value(node)?.into_item()));
                Computed::List(items.collect::<Result<_, Stop>>()?)
            }
            Node::And(nodes) => Computed::bool(self.all(nodes, true)?),
            Node::Or(nodes) => Computed::bool(!self.all(nodes, false)?),
            Node::Not(node) => Computed::bool(!self.truth(node)?),
            Node::Number(prefix, node) => {
                Computed::number(prefixed(*prefix, self.value(node)?.view())?)
            }
            Node::Equal {
                sides,
                is_negated,
                folds_case,
            } => {
                let equal =
                    |left: View<'_>, right: View<'_>| coerce::equal(left, right, *folds_case);
                Computed::bool(self.both(sides, equal)? != *is_negated)
            }
            Node::Compare(relation, sides) => {
                let compare =
                    |left: View<'_>, right: View<'_>| coerce::compare(*relation, left, right);
                Computed::bool(self.both(sides, compare)?)
            }
            Node::In(sides) => Computed::bool(self.both(sides, coerce::member)?),
            Node::InMembers(node, members) => {
                Computed::bool(members.has(self.value(node)?.view())?)
            }
            Node::Calculate(operator, sides) => {
                let calculate =
                    |left: View<'_>, right: View<'_>| coerce::calculate(*operator, left, right);
                Computed::number(self.both(sides, calculate)?)
            }
            Node::Concatenate(sides) => {
                let [left, right] = &**sides;
                concatenate(self.value(left)?, self.value(right)?)?
            }
            Node::TimeRange(zone, range) => {
                Computed::bool(self.wall(*zone).is_some_and(|now| range.holds(now)))
            }
            Node::DateRange(zone, range) => {
                Computed::bool(self.wall(*zone).is_some_and(|now| range.holds(now)))
            }
            Node::Clock(function, nodes) => Computed::bool(self.clock(*function, nodes)?),
            Node::Call(function, nodes) => self.call(*function, nodes)?,
        })
    }

    /// Returns whether every operand is `expected`, up to the first that is not.
    fn all(&self, nodes: &'e [Node], expected: bool) -> Result<bool, Stop> {
        for node in nodes {
            if self.truth(node)? != expected {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn both<T>(
        &self,
        sides: &'e [Node; 2],
        operation: impl FnOnce(View<'_>, View<'_>) -> Coerced<T>,
    ) -> Result<T, Stop> {
        let [left, right] = sides;
        let (left, right) = (self.value(left)?, self.value(right)?);
        Ok(operation(left.view(), right.view())?)
    }

    fn values(&self, nodes: &'e [Node]) -> Result<Vec<Computed<'e>>, Stop> {
        nodes.iter().map(|node| self.value(node)).collect()
    }

    /// Returns wall time in a zone of the set.
    fn wall(&self, zone: usize) -> Option<Wall> {
        let cell = self.walls.get(zone)?;
        if cell.get().is_none() {
            let zone = self.set.zones().get(zone)?;
            cell.set(Some(Wall::at(self.now, zone)));
        }
        cell.get()
    }

    /// A time function whose arguments come from facts; a missing one makes it false.
    fn clock(&self, function: ClockFunction, nodes: &'e [Node]) -> Result<bool, Stop> {
        const BAD: FaultCode = FaultCode::BadTimeArgument;
        let arguments = self.values(nodes)?;
        let argument = |index: usize| arguments.get(index).map(Computed::view);
        if arguments
            .iter()
            .any(|argument| argument.view().is_missing())
        {
            return Ok(false);
        }
        let text = |index: usize| match argument(index) {
            Some(View::Text(text)) => Ok(text),
            _ => Err(BAD),
        };
        let (start, end) = (text(0)?, text(1)?);
        let zone = calendar::zone(text(2)?).ok_or(BAD)?;
        let days = expression::days(argument(3)).ok_or(BAD)?;
        let now = Wall::at(self.now, &zone);
        Ok(match function {
            ClockFunction::TimeRange => expression::time_range(start, end, days)
                .ok_or(BAD)?
                .holds(now),
            ClockFunction::DateRange => expression::date_range(start, end, days)
                .ok_or(BAD)?
                .holds(now),
        })
    }

    fn call(&self, function: Function, nodes: &'e [Node]) -> Result<Computed<'e>, Stop> {
        let arguments = self.values(nodes)?;
        let argument = |index: usize| {
            let computed = arguments.get(index);
            computed.map_or(View::Missing, Computed::view)
        };
        let (first, second) = (argument(0), argument(1));
        let text = |change: fn(&str) -> String| match first {
            View::Missing => Ok(Computed::View(View::Missing)),
            View::Text(text) => bounded(change(text)),
            View::Bool(_) | View::Number(_) | View::List(_) | View::Object(_) => {
                Err(FaultCode::TypeMismatch)
            }
        };
        let least = |pick: fn(f64, f64) -> f64| {
            let numbers = arguments
                .iter()
                .map(|argument| coerce::number(argument.view()));
            let numbers: Option<Vec<f64>> = numbers.collect::<Coerced<_>>()?;
            Ok::<_, FaultCode>(numbers.and_then(|numbers| numbers.into_iter().reduce(pick)))
        };
        let number =
            |change: fn(f64) -> f64| Ok::<_, FaultCode>(coerce::number(first)?.map(change));
        Ok(match function {
            Function::Lower => text(str::to_lowercase)?,
            Function::Upper => text(str::to_uppercase)?,
            Function::Trim => text(|text| text.trim().to_owned())?,
            Function::Length => Computed::number(length(first)?),
            Function::Contains => Computed::bool(coerce::contains(first, second)?),
            Function::StartsWith => Computed::bool(coerce::texts(first, second, |text, part| {
                text.starts_with(part)
            })?),
            Function::EndsWith => Computed::bool(coerce::texts(first, second, |text, part| {
                text.ends_with(part)
            })?),
            Function::Exists => Computed::bool(!first.is_missing()),
            Function::Min => Computed::number(least(f64::min)?),
            Function::Max => Computed::number(least(f64::max)?),
            Function::Abs => Computed::number(number(f64::abs)?),
            Function::Round => Computed::number(number(f64::round)?),
            Function::Now => {
                let seconds = self.now.milliseconds().div_euclid(1000);
                Computed::number(Value::from(seconds).as_f64())
            }
        })
    }
}

fn prefixed(prefix: Prefix, operand: View<'_>) -> Coerced<Option<f64>> {
    let Some(number) = coerce::number(operand)? else {
        return Ok(None);
    };
    coerce::finite(match prefix {
        Prefix::Plus => number,
        Prefix::Negate => -number,
        Prefix::SquareRoot => number.sqrt(),
    })
}

fn length(value: View<'_>) -> Coerced<Option<f64>> {
    let length = match value {
        View::Missing => return Ok(None),
        View::Text(text) => text.chars().count(),
        View::List(items) => items.len(),
        View::Bool(_) | View::Number(_) | View::Object(_) => return Err(FaultCode::TypeMismatch),
    };
    Ok(Value::from(length).as_f64())
}

/// `left || right`: two lists are joined, anything else becomes text.
fn concatenate<'e>(left: Computed<'e>, right: Computed<'e>) -> Coerced<Computed<'e>> {
    let is_list = |side: &Computed<'_>| matches!(side.view(), View::List(_));
    if is_list(&left) && is_list(&right) {
        let mut items = into_items(left);
        items.extend(into_items(right));
        if items.len() > limits::LIST_ITEMS_MAX {
            return Err(FaultCode::Arithmetic);
        }
        return Ok(Computed::List(items));
    }
    let mut text = match left {
        Computed::Text(text) => text,
        left => left.view().to_text().into_owned(),
    };
    match right.view() {
        View::Text(right) => text.push_str(right),
        right => text.push_str(&right.to_text()),
    }
    bounded(text)
}

fn into_items<'e>(list: Computed<'e>) -> Vec<Cow<'e, Value>> {
    match list {
        Computed::List(items) => items,
        Computed::View(View::List(items)) => items.iter().map(Cow::Borrowed).collect(),
        Computed::View(_) | Computed::Text(_) => Vec::new(),
    }
}

fn bounded<'e>(text: String) -> Coerced<Computed<'e>> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(FaultCode::Arithmetic);
    }
    Ok(Computed::Text(text))
}
