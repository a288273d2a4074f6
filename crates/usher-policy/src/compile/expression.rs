//! Expression trees as the evaluator wants them: attributes are slots, constants are folded, the
//! arguments of time functions are read beforehand.

use jiff::tz::TimeZone;
use usher_model::value::Value;

use crate::attribute::Slot;
use crate::calendar::{self, DateRange, Days, TimeRange};
use crate::coerce::{Arithmetic, Relation, Rules, View};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::document::Operator;
use crate::mention::Mentions;
use crate::options::Options;
use crate::syntax::{BinaryOperator, Expression, Kind, Span, UnaryOperator};

use super::clause::{self, Clause, Members, Question, Test};

/// A part of an expression that has a value.
#[derive(Debug)]
pub(crate) enum Node {
    Constant(Value),
    Attribute(Slot),
    /// A comparison of one attribute with constants.
    Test(Test),
    List(Box<[Node]>),
    And(Box<[Node]>),
    Or(Box<[Node]>),
    Not(Box<Node>),
    Number(Prefix, Box<Node>),
    Equal {
        sides: Box<[Node; 2]>,
        is_negated: bool,
        folds_case: bool,
    },
    Compare(Relation, Box<[Node; 2]>),
    In(Box<[Node; 2]>),
    /// `in` with a constant list.
    InMembers(Box<Node>, Box<Members>),
    Calculate(Arithmetic, Box<[Node; 2]>),
    Concatenate(Box<[Node; 2]>),
    TimeRange(usize, TimeRange),
    DateRange(usize, DateRange),
    /// A time function some of whose arguments are not constant.
    Clock(ClockFunction, Box<[Node]>),
    Call(Function, Box<[Node]>),
}

impl Node {
    /// Calls `visit` with each part directly below it.
    fn children<'n>(&'n self, visit: &mut impl FnMut(&'n Self)) {
        match self {
            Self::Constant(_)
            | Self::Attribute(_)
            | Self::Test(_)
            | Self::TimeRange(..)
            | Self::DateRange(..) => {}
            Self::Not(node) | Self::Number(_, node) | Self::InMembers(node, _) => visit(node),
            Self::List(nodes)
            | Self::And(nodes)
            | Self::Or(nodes)
            | Self::Clock(_, nodes)
            | Self::Call(_, nodes) => nodes.iter().for_each(visit),
            Self::Equal { sides, .. }
            | Self::Compare(_, sides)
            | Self::In(sides)
            | Self::Calculate(_, sides)
            | Self::Concatenate(sides) => sides.iter().for_each(visit),
        }
    }

    /// Calls `visit` with each attribute it mentions.
    pub(crate) fn slots(&self, visit: &mut dyn FnMut(Slot)) {
        match self {
            Self::Attribute(slot) => visit(*slot),
            Self::Test(test) => visit(test.slot),
            _ => self.children(&mut |node| node.slots(visit)),
        }
    }

    /// Calls `visit` with each constant that is compared with something.
    pub(crate) fn constants<'n>(&'n self, visit: &mut dyn FnMut(Constant<'n>)) {
        match self {
            Self::Constant(value) => visit(Constant::Value(value)),
            Self::Test(test) => visit(Constant::Test(test)),
            Self::Attribute(_) | Self::TimeRange(..) | Self::DateRange(..) => {}
            _ => self.children(&mut |node| node.constants(visit)),
        }
    }

    /// Returns the operands, if it is a comparison of two.
    pub(crate) fn sides(&self) -> Option<&[Self; 2]> {
        match self {
            Self::Equal { sides, .. } | Self::Compare(_, sides) | Self::In(sides) => Some(sides),
            _ => None,
        }
    }
}

/// A constant of an expression, with what it is compared with if that is one attribute.
#[derive(Debug)]
pub(crate) enum Constant<'n> {
    Value(&'n Value),
    Test(&'n Test),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    Plus,
    Negate,
    SquareRoot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockFunction {
    TimeRange,
    DateRange,
}

/// The optional functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Lower,
    Upper,
    Trim,
    Length,
    Contains,
    StartsWith,
    EndsWith,
    Exists,
    Min,
    Max,
    Abs,
    Round,
    Now,
}

/// Each optional function with the least and the greatest number of its arguments.
const FUNCTIONS: &[(&str, Function, usize, usize)] = &[
    ("lower", Function::Lower, 1, 1),
    ("upper", Function::Upper, 1, 1),
    ("trim", Function::Trim, 1, 1),
    ("length", Function::Length, 1, 1),
    ("contains", Function::Contains, 2, 2),
    ("startsWith", Function::StartsWith, 2, 2),
    ("endsWith", Function::EndsWith, 2, 2),
    ("exists", Function::Exists, 1, 1),
    ("min", Function::Min, 1, usize::MAX),
    ("max", Function::Max, 1, usize::MAX),
    ("abs", Function::Abs, 1, 1),
    ("round", Function::Round, 1, 1),
    ("now", Function::Now, 0, 0),
];

/// Compiles expressions of one set.
pub(crate) struct Builder<'b> {
    pub(crate) mentions: &'b mut Mentions,
    pub(crate) zones: &'b mut Zones,
    pub(crate) options: &'b Options,
}

/// The zones that constant arguments name, each once.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    names: Vec<String>,
    zones: Vec<TimeZone>,
}

impl Zones {
    fn place(&mut self, name: &str) -> Option<usize> {
        if let Some(index) = self.names.iter().position(|known| known == name) {
            return Some(index);
        }
        self.zones.push(calendar::zone(name)?);
        self.names.push(name.to_owned());
        Some(self.zones.len() - 1)
    }

    pub(crate) fn into_zones(self) -> Vec<TimeZone> {
        self.zones
    }
}

type Built<T> = Result<T, Box<Diagnostic>>;

impl Builder<'_> {
    /// Compiles a guard to the operands of its outermost `and`, each with its place in the text.
    pub(crate) fn guard(&mut self, expression: &Expression) -> Built<Vec<(Clause, Span)>> {
        let mut clauses = Vec::new();
        self.conjunction(expression, &mut clauses)?;
        Ok(clauses)
    }

    fn conjunction(
        &mut self,
        expression: &Expression,
        clauses: &mut Vec<(Clause, Span)>,
    ) -> Built<()> {
        if let Kind::And(operands) = &expression.kind {
            for operand in operands {
                self.conjunction(operand, clauses)?;
            }
        } else {
            let clause = self.clause(expression)?;
            clauses.push((clause, expression.span));
        }
        Ok(())
    }

    fn clause(&mut self, expression: &Expression) -> Built<Clause> {
        Ok(match &expression.kind {
            Kind::Or(operands) => {
                let clauses = operands.iter().map(|operand| self.clause(operand));
                Clause::Any(clauses.collect::<Result<_, _>>()?)
            }
            Kind::Unary(UnaryOperator::Not, operand) => match self.clause(operand)? {
                Clause::Test(test) => Clause::Test(test.negated()),
                _ => Clause::Tree(Box::new(self.node(expression)?)),
            },
            _ => match self.node(expression)? {
                Node::Test(test) => Clause::Test(test),
                Node::Attribute(slot) => Clause::Test(Test::new(slot, Question::Holds)),
                node => Clause::Tree(Box::new(node)),
            },
        })
    }

    fn node(&mut self, expression: &Expression) -> Built<Node> {
        Ok(match &expression.kind {
            Kind::Literal(value) => Node::Constant(value.clone()),
            Kind::Attribute(path) => Node::Attribute(self.mentions.mention(path)),
            Kind::List(items) => list(self.nodes(items)?),
            Kind::And(operands) => Node::And(self.nodes(operands)?),
            Kind::Or(operands) => Node::Or(self.nodes(operands)?),
            Kind::Unary(operator, operand) => unary(*operator, self.node(operand)?),
            Kind::Binary(operator, left, right) => {
                let (left, right) = (self.node(left)?, self.node(right)?);
                self.binary(*operator, left, right)
            }
            Kind::Call(name, arguments) => {
                let arguments = self.nodes(arguments)?;
                self.call(name, arguments, expression.span)?
            }
        })
    }

    fn nodes(&mut self, expressions: &[Expression]) -> Built<Box<[Node]>> {
        expressions
            .iter()
            .map(|expression| self.node(expression))
            .collect()
    }

    fn binary(&self, operator: BinaryOperator, left: Node, right: Node) -> Node {
        let relation = |relation, left: Node, right: Node| match (&left, &right) {
            (Node::Attribute(slot), Node::Constant(value)) => {
                self.test(*slot, order(relation), value)
            }
            (Node::Constant(value), Node::Attribute(slot)) => {
                self.test(*slot, order(relation.flipped()), value)
            }
            _ => Node::Compare(relation, Box::new([left, right])),
        };
        let calculate = |operator, left, right| Node::Calculate(operator, Box::new([left, right]));
        match operator {
            BinaryOperator::Equal => self.equal(left, right, false),
            BinaryOperator::NotEqual => self.equal(left, right, true),
            BinaryOperator::Less => relation(Relation::Less, left, right),
            BinaryOperator::LessOrEqual => relation(Relation::LessOrEqual, left, right),
            BinaryOperator::Greater => relation(Relation::Greater, left, right),
            BinaryOperator::GreaterOrEqual => relation(Relation::GreaterOrEqual, left, right),
            BinaryOperator::In => match (left, right) {
                (Node::Attribute(slot), Node::Constant(list @ Value::Array(_))) => {
                    self.test(slot, Operator::IsIn, &list)
                }
                (left, Node::Constant(Value::Array(items))) => {
                    Node::InMembers(Box::new(left), Box::new(Members::of(items)))
                }
                (left, right) => Node::In(Box::new([left, right])),
            },
            BinaryOperator::Add => calculate(Arithmetic::Add, left, right),
            BinaryOperator::Subtract => calculate(Arithmetic::Subtract, left, right),
            BinaryOperator::Multiply => calculate(Arithmetic::Multiply, left, right),
            BinaryOperator::Divide => calculate(Arithmetic::Divide, left, right),
            BinaryOperator::Remainder => calculate(Arithmetic::Remainder, left, right),
            BinaryOperator::Power => calculate(Arithmetic::Power, left, right),
            BinaryOperator::Concatenate => Node::Concatenate(Box::new([left, right])),
        }
    }

    fn equal(&self, left: Node, right: Node, is_negated: bool) -> Node {
        let operator = if is_negated {
            Operator::NotEqual
        } else {
            Operator::Equal
        };
        match (&left, &right) {
            (Node::Attribute(slot), Node::Constant(value))
            | (Node::Constant(value), Node::Attribute(slot)) => self.test(*slot, operator, value),
            _ => {
                let folds_case = [&left, &right].into_iter().any(|side| match side {
                    Node::Attribute(slot) => self.rules(*slot).folds_case,
                    _ => false,
                });
                Node::Equal {
                    sides: Box::new([left, right]),
                    is_negated,
                    folds_case,
                }
            }
        }
    }

    fn rules(&self, slot: Slot) -> Rules {
        clause::rules(slot, self.mentions, self.options)
    }

    /// A comparison with a constant, which is never null: rows and expressions agree on it.
    fn test(&self, slot: Slot, operator: Operator, value: &Value) -> Node {
        Node::Test(clause::constant_row(
            slot,
            operator,
            value,
            self.rules(slot),
        ))
    }

    fn call(&mut self, name: &str, arguments: Box<[Node]>, span: Span) -> Built<Node> {
        let clock = match name {
            "isTimeRange" => Some(ClockFunction::TimeRange),
            "isDateRange" => Some(ClockFunction::DateRange),
            _ => None,
        };
        if let Some(function) = clock {
            check_count(name, arguments.len(), 3, 4, span)?;
            return self.clock(function, arguments, span);
        }
        let known = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        let Some((_, function, least, most)) = known.filter(|_| self.options.expression_extensions)
        else {
            let message = format!("found the function {}", quoted(name));
            return Err(Box::new(
                Diagnostic::error(Code::UnknownFunction, message).over(span),
            ));
        };
        check_count(name, arguments.len(), *least, *most, span)?;
        Ok(match (function, &*arguments) {
            (Function::Exists, [Node::Attribute(slot)]) => {
                Node::Test(Test::new(*slot, Question::Exists))
            }
            _ => Node::Call(*function, arguments),
        })
    }

    /// Compiles a time function: constants are read now, so that only a mistake in a fact is left
    /// to the run.
    fn clock(
        &mut self,
        function: ClockFunction,
        arguments: Box<[Node]>,
        span: Span,
    ) -> Built<Node> {
        let bad = || {
            let found = "found arguments that cannot be read";
            Box::new(Diagnostic::error(Code::BadTimeArgument, found).over(span))
        };
        let constants: Option<Vec<&Value>> = arguments
            .iter()
            .map(|node| match node {
                Node::Constant(value) => Some(value),
                _ => None,
            })
            .collect();
        let Some(constants) = constants else {
            return Ok(Node::Clock(function, arguments));
        };
        let text = |index: usize| constants.get(index).and_then(|value| value.as_str());
        let days = days(constants.get(3).map(|value| View::from(*value))).ok_or_else(bad)?;
        let zone = text(2)
            .and_then(|name| self.zones.place(name))
            .ok_or_else(bad)?;
        let (start, end) = (text(0).ok_or_else(bad)?, text(1).ok_or_else(bad)?);
        Ok(match function {
            ClockFunction::TimeRange => {
                Node::TimeRange(zone, time_range(start, end, days).ok_or_else(bad)?)
            }
            ClockFunction::DateRange => {
                Node::DateRange(zone, date_range(start, end, days).ok_or_else(bad)?)
            }
        })
    }
}

pub(crate) fn time_range(start: &str, end: &str, days: Days) -> Option<TimeRange> {
    Some(TimeRange {
        start: calendar::time_of_day(start)?,
        end: calendar::time_of_day(end)?,
        days,
    })
}

pub(crate) fn date_range(start: &str, end: &str, days: Days) -> Option<DateRange> {
    Some(DateRange {
        start: calendar::date(start)?,
        end: calendar::date(end)?,
        days,
    })
}

/// Reads the list of days; without one, every day counts.
pub(crate) fn days(argument: Option<View<'_>>) -> Option<Days> {
    match argument {
        None => Some(Days::ALL),
        Some(View::List(items)) => items
            .iter()
            .try_fold(Days::NONE, |days, day| days.with(day.as_str()?)),
        Some(_) => None,
    }
}

fn check_count(name: &str, found: usize, least: usize, most: usize, span: Span) -> Built<()> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    let message = format!("found {found} arguments of {}", quoted(name));
    Err(Box::new(
        Diagnostic::error(Code::WrongArguments, message).over(span),
    ))
}

fn list(items: Box<[Node]>) -> Node {
    let constants: Option<Vec<Value>> = items
        .iter()
        .map(|node| match node {
            Node::Constant(value) => Some(value.clone()),
            _ => None,
        })
        .collect();
    constants.map_or(Node::List(items), |values| {
        Node::Constant(Value::Array(values))
    })
}

fn unary(operator: UnaryOperator, operand: Node) -> Node {
    let prefix = match operator {
        UnaryOperator::Not => {
            return match operand {
                Node::Test(test) => Node::Test(test.negated()),
                operand => Node::Not(Box::new(operand)),
            };
        }
        UnaryOperator::Negate => Prefix::Negate,
        UnaryOperator::Plus => Prefix::Plus,
        UnaryOperator::SquareRoot => Prefix::SquareRoot,
    };
    // A literal has no sign of its own.
    if let (Prefix::Negate, Node::Constant(Value::Number(number))) = (prefix, &operand)
        && let Some(number) = number
            .as_f64()
            .and_then(|number| serde_json::Number::from_f64(-number))
    {
        return Node::Constant(Value::Number(number));
    }
    Node::Number(prefix, Box::new(operand))
}

const fn order(relation: Relation) -> Operator {
    match relation {
        Relation::Less => Operator::LessThan,
        Relation::LessOrEqual => Operator::LessThanOrEqual,
        Relation::Greater => Operator::GreaterThan,
        Relation::GreaterOrEqual => Operator::GreaterThanOrEqual,
    }
}
