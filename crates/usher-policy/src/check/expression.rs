//! Expressions: functions and their arguments, and operations that can never succeed.

use usher_model::value::Value;

use super::Checker;
use crate::calendar::{self, Days};
use crate::diagnostic::nearest::nearest;
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::parser;
use crate::syntax::{BinaryOperator, Expression, Kind, UnaryOperator};

/// What is known of a value before any attribute is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Type<'a> {
    /// Whatever the attributes make of it.
    Unknown,
    Boolean,
    /// A number, or nothing if an attribute is missing.
    MaybeNumber,
    Number,
    /// A constant text.
    Text(&'a str),
    /// Text, or nothing if an attribute is missing.
    MaybeText,
    /// A list, or the text of what is joined.
    Joined,
    List,
}

impl Type<'_> {
    /// Returns what a message calls it, if it is known.
    const fn name(self) -> Option<&'static str> {
        match self {
            Self::Unknown => None,
            Self::Boolean => Some("a boolean"),
            Self::MaybeNumber | Self::Number => Some("a number"),
            Self::Text(_) | Self::MaybeText => Some("text"),
            Self::Joined => Some("joined text"),
            Self::List => Some("a list"),
        }
    }

    /// Returns whether it can be calculated with: text can if it reads as a number.
    fn is_numeric(self) -> bool {
        match self {
            Self::Text(text) => crate::coerce::numeric(text).is_some(),
            Self::List => false,
            _ => true,
        }
    }
}

/// The optional functions: name, fewest and most arguments, what they give.
const FUNCTIONS: &[(&str, usize, usize, Type<'static>)] = &[
    ("lower", 1, 1, Type::MaybeText),
    ("upper", 1, 1, Type::MaybeText),
    ("trim", 1, 1, Type::MaybeText),
    ("length", 1, 1, Type::MaybeNumber),
    ("contains", 2, 2, Type::Boolean),
    ("startsWith", 2, 2, Type::Boolean),
    ("endsWith", 2, 2, Type::Boolean),
    ("exists", 1, 1, Type::Boolean),
    ("min", 1, usize::MAX, Type::MaybeNumber),
    ("max", 1, usize::MAX, Type::MaybeNumber),
    ("abs", 1, 1, Type::MaybeNumber),
    ("round", 1, 1, Type::MaybeNumber),
    ("now", 0, 0, Type::Number),
];

const TIME_FUNCTIONS: [&str; 2] = ["isTimeRange", "isDateRange"];

impl Checker<'_> {
    /// Checks the text of an expression; pointers are relative to it.
    pub(super) fn expression(&mut self, text: &str) {
        if text.trim().is_empty() {
            return self.missing("found no expression", "");
        }
        let (tree, diagnostics) = parser::parse(text);
        for diagnostic in diagnostics {
            self.report(diagnostic);
        }
        if let Some(tree) = tree {
            self.boolean(&tree);
        }
    }

    fn mistake(&mut self, code: Code, at: &Expression, found: String, expected: &str) {
        let diagnostic = Diagnostic::error(code, found).over(at.span);
        self.report(diagnostic.expecting(expected));
    }

    /// Checks an operand of `and`, `or` and `not`, or the whole expression.
    fn boolean(&mut self, expression: &Expression) {
        let found = self.infer(expression);
        if found == Type::Boolean {
            return;
        }
        let Some(name) = found.name() else {
            return;
        };
        let message = format!("found {name}");
        let diagnostic = match found {
            // Nothing counts as false, so the policy runs, though it can never match.
            Type::MaybeNumber | Type::MaybeText => Diagnostic::warning(Code::NotBoolean, message),
            _ => Diagnostic::error(Code::NotBoolean, message),
        };
        self.report(diagnostic.over(expression.span).expecting("true or false"));
    }

    fn infer<'a>(&mut self, expression: &'a Expression) -> Type<'a> {
        match &expression.kind {
            Kind::Literal(Value::Bool(_)) => Type::Boolean,
            Kind::Literal(Value::Number(_)) => Type::Number,
            Kind::Literal(Value::String(text)) => Type::Text(text),
            Kind::Literal(_) => Type::Unknown,
            Kind::List(items) => {
                for item in items {
                    self.infer(item);
                }
                Type::List
            }
            Kind::Attribute(name) => {
                let before = self.mark();
                self.attribute(name);
                for diagnostic in self.diagnostics.get_mut(before..).unwrap_or_default() {
                    diagnostic.span = Some(expression.span);
                }
                Type::Unknown
            }
            Kind::And(operands) | Kind::Or(operands) => {
                for operand in operands {
                    self.boolean(operand);
                }
                Type::Boolean
            }
            Kind::Unary(UnaryOperator::Not, operand) => {
                self.boolean(operand);
                Type::Boolean
            }
            Kind::Unary(_, operand) => self.number(operand),
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right),
            Kind::Call(name, arguments) => self.call(expression, name, arguments),
        }
    }

    /// Checks an operand of a calculation; returns what the calculation gives with it.
    fn number<'a>(&mut self, operand: &Expression) -> Type<'a> {
        let found = self.infer(operand);
        if !found.is_numeric() {
            let name = found.name().unwrap_or("");
            let found = format!("found {name} in a calculation");
            self.mistake(Code::TypeMismatch, operand, found, "a number");
        }
        match found {
            Type::Number | Type::Boolean | Type::Text(_) => Type::Number,
            _ => Type::MaybeNumber,
        }
    }

    fn binary<'a>(
        &mut self,
        operator: BinaryOperator,
        left: &'a Expression,
        right: &'a Expression,
    ) -> Type<'a> {
        match operator {
            BinaryOperator::Equal | BinaryOperator::NotEqual => {
                let types = (self.infer(left), self.infer(right));
                let is_mixed = matches!(
                    types,
                    (Type::Number, Type::Text(_)) | (Type::Text(_), Type::Number)
                );
                if is_mixed {
                    self.mismatch(left, types, right);
                }
                Type::Boolean
            }
            BinaryOperator::Less
            | BinaryOperator::LessOrEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterOrEqual => {
                let types = (self.infer(left), self.infer(right));
                let is_mixed = match types {
                    (Type::List, _) | (_, Type::List) => true,
                    (Type::Number | Type::Boolean, Type::Text(_))
                    | (Type::Text(_), Type::Number | Type::Boolean) => {
                        !(types.0.is_numeric() && types.1.is_numeric())
                    }
                    _ => false,
                };
                if is_mixed {
                    self.mismatch(left, types, right);
                }
                Type::Boolean
            }
            BinaryOperator::In => {
                let (item, list) = (self.infer(left), self.infer(right));
                if item == Type::List {
                    let found = "found a list on the left of `in`".to_owned();
                    self.mistake(Code::TypeMismatch, left, found, "one value");
                }
                if !matches!(list, Type::List | Type::Joined | Type::Unknown) {
                    let name = list.name().unwrap_or("");
                    let found = format!("found {name} on the right of `in`");
                    self.mistake(Code::NotAList, right, found, "a list or an attribute");
                }
                Type::Boolean
            }
            BinaryOperator::Concatenate => match (self.infer(left), self.infer(right)) {
                (Type::List, Type::List) => Type::List,
                _ => Type::Joined,
            },
            BinaryOperator::Add
            | BinaryOperator::Subtract
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Remainder
            | BinaryOperator::Power => match (self.number(left), self.number(right)) {
                (Type::Number, Type::Number) => Type::Number,
                _ => Type::MaybeNumber,
            },
        }
    }

    /// Reports two sides that can never be compared.
    fn mismatch(&mut self, left: &Expression, types: (Type<'_>, Type<'_>), right: &Expression) {
        let name = |side: Type<'_>| side.name().unwrap_or("an attribute");
        let found = format!("found {} beside {}", name(types.1), name(types.0));
        let diagnostic = Diagnostic::error(Code::TypeMismatch, found)
            .over(crate::syntax::Span {
                start: left.span.start,
                end: right.span.end,
            })
            .expecting("values that can be compared");
        self.report(diagnostic);
    }

    fn call<'a>(
        &mut self,
        expression: &Expression,
        name: &str,
        arguments: &'a [Expression],
    ) -> Type<'a> {
        if TIME_FUNCTIONS.contains(&name) {
            self.time_range(expression, name, arguments);
            return Type::Boolean;
        }
        let function = FUNCTIONS
            .iter()
            .find(|(known, ..)| *known == name)
            .filter(|_| self.options.expression_extensions);
        let Some(&(_, fewest, most, result)) = function else {
            self.unknown_function(expression, name);
            for argument in arguments {
                self.infer(argument);
            }
            return Type::Unknown;
        };
        if !(fewest..=most).contains(&arguments.len()) {
            let expected = match (fewest, most) {
                (0, 0) => "none".to_owned(),
                (1, usize::MAX) => "at least one".to_owned(),
                (count, _) => count.to_string(),
            };
            let found = count(arguments.len(), name);
            self.mistake(Code::WrongArguments, expression, found, &expected);
        }
        for argument in arguments {
            if matches!(name, "min" | "max" | "abs" | "round") {
                self.number(argument);
            } else if name == "exists" && !matches!(argument.kind, Kind::Attribute(_)) {
                let found = "found a value in `exists`".to_owned();
                self.mistake(Code::WrongArguments, argument, found, "an attribute");
            } else {
                self.infer(argument);
            }
        }
        result
    }

    fn unknown_function(&mut self, expression: &Expression, name: &str) {
        let optional = FUNCTIONS.iter().map(|(known, ..)| *known);
        let diagnostic = if optional.clone().any(|known| known == name) {
            let found = format!("found the function `{name}`, which is not switched on");
            Diagnostic::error(Code::UnknownFunction, found)
        } else {
            let optional = optional.filter(|_| self.options.expression_extensions);
            let near = nearest(name, TIME_FUNCTIONS.into_iter().chain(optional));
            let found = format!("found the function {}", quoted(name));
            Diagnostic::error(Code::UnknownFunction, found)
                .expecting("`isTimeRange` or `isDateRange`")
                .suggesting(near)
        };
        self.report(diagnostic.over(expression.span));
    }

    fn time_range(&mut self, expression: &Expression, name: &str, arguments: &[Expression]) {
        if !(3..=4).contains(&arguments.len()) {
            let found = count(arguments.len(), name);
            let expected = "start, end, zone and perhaps days";
            self.mistake(Code::BadTimeArgument, expression, found, expected);
        }
        let is_date = name == "isDateRange";
        let (is_moment, form): (fn(&str) -> bool, &str) = if is_date {
            (
                |text| calendar::date(text).is_some(),
                "a date as `'mm/dd/yy'`",
            )
        } else {
            (
                |text| calendar::time_of_day(text).is_some(),
                "a time as `'hh:mm:ss'`",
            )
        };
        for (index, argument) in arguments.iter().enumerate() {
            match index {
                0 | 1 => self.time_text(argument, is_moment, form),
                2 => {
                    let expected = "a time zone such as `'Australia/Sydney'`";
                    self.time_text(argument, |text| calendar::zone(text).is_some(), expected);
                }
                _ => self.days(argument),
            }
        }
        if let [start, end, ..] = arguments
            && let (Some(first), Some(last)) = (text_of(start), text_of(end))
            && let (Some(first), Some(last)) = (calendar::date(first), calendar::date(last))
            && is_date
            && first > last
        {
            let diagnostic = Diagnostic::warning(
                Code::BadTimeArgument,
                "found a range that ends before it starts and never holds",
            );
            self.report(diagnostic.over(expression.span));
        }
    }

    /// Checks an argument that must be text of some form, if it is a constant.
    fn time_text(&mut self, argument: &Expression, fits: impl Fn(&str) -> bool, expected: &str) {
        let found = match self.infer(argument) {
            Type::Unknown | Type::MaybeText | Type::Joined => return,
            Type::Text(text) if fits(text) => return,
            Type::Text(text) => format!("found {}", quoted(text)),
            other => format!("found {}", other.name().unwrap_or("")),
        };
        self.mistake(Code::BadTimeArgument, argument, found, expected);
    }

    fn days(&mut self, argument: &Expression) {
        const EXPECTED: &str = "days such as `['MON', 'TUE']`";
        let Kind::List(days) = &argument.kind else {
            let found = self.infer(argument);
            if !matches!(found, Type::Unknown | Type::Joined | Type::List) {
                let found = format!("found {}", found.name().unwrap_or(""));
                self.mistake(Code::BadTimeArgument, argument, found, EXPECTED);
            }
            return;
        };
        if days.is_empty() {
            let found = "found no day, so that it never holds";
            self.report(Diagnostic::warning(Code::BadTimeArgument, found).over(argument.span));
        }
        for day in days {
            self.time_text(day, |text| Days::NONE.with(text).is_some(), EXPECTED);
        }
    }
}

fn count(arguments: usize, name: &str) -> String {
    let plural = if arguments == 1 { "" } else { "s" };
    format!("found {arguments} argument{plural} of `{name}`")
}

fn text_of(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        Kind::Literal(Value::String(text)) => Some(text),
        _ => None,
    }
}
