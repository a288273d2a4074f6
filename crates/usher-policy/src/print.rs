//! A tree of the expression language to text.
//!
//! Reading what was written gives the same tree again, and only the brackets that this needs are
//! written.

use usher_model::value::{self, Value};

use crate::lexer::write_string;
use crate::syntax::{BinaryOperator, Expression, Kind, UnaryOperator};

/// Writes an expression.
#[must_use]
pub fn print(expression: &Expression) -> String {
    let mut text = String::new();
    write(&mut text, expression, Level::Or);
    text
}

/// How tightly something binds, loosest first: one step of the grammar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Negation,
    Comparison,
    Additive,
    Multiplicative,
    Unary,
    Power,
    Primary,
}

/// Writes an expression where the grammar wants one that binds at least as tightly as `least`.
fn write(text: &mut String, expression: &Expression, least: Level) {
    let needs_brackets = level(&expression.kind) < least;
    if needs_brackets {
        text.push('(');
    }
    write_kind(text, &expression.kind);
    if needs_brackets {
        text.push(')');
    }
}

fn write_kind(text: &mut String, kind: &Kind) {
    match kind {
        Kind::Literal(literal) => write_literal(text, literal),
        Kind::List(items) => {
            text.push('[');
            write_items(text, items);
            text.push(']');
        }
        Kind::Attribute(name) => text.push_str(name),
        Kind::And(operands) => write_joined(text, operands, " and ", Level::Negation),
        Kind::Or(operands) => write_joined(text, operands, " or ", Level::And),
        Kind::Unary(operator, operand) => {
            let (word, least) = match operator {
                UnaryOperator::Not => ("not ", Level::Negation),
                UnaryOperator::Negate => ("-", Level::Unary),
                UnaryOperator::Plus => ("+", Level::Unary),
                UnaryOperator::SquareRoot => ("sqrt ", Level::Unary),
            };
            text.push_str(word);
            write(text, operand, least);
        }
        Kind::Binary(operator, left, right) => {
            let (least_left, least_right) = match binary_level(*operator) {
                Level::Comparison => (Level::Additive, Level::Additive),
                Level::Additive => (Level::Additive, Level::Multiplicative),
                Level::Power => (Level::Primary, Level::Unary),
                // Multiplication: the last of the three left-associative steps.
                _ => (Level::Multiplicative, Level::Unary),
            };
            write(text, left, least_left);
            text.push(' ');
            text.push_str(operator.as_str());
            text.push(' ');
            write(text, right, least_right);
        }
        Kind::Call(name, arguments) => {
            text.push_str(name);
            text.push('(');
            write_items(text, arguments);
            text.push(')');
        }
    }
}

fn level(kind: &Kind) -> Level {
    match kind {
        Kind::Or(_) => Level::Or,
        Kind::And(_) => Level::And,
        Kind::Unary(UnaryOperator::Not, _) => Level::Negation,
        Kind::Unary(..) => Level::Unary,
        Kind::Binary(operator, ..) => binary_level(*operator),
        Kind::Literal(Value::Number(number)) if number.as_f64().is_some_and(|n| n < 0.0) => {
            Level::Unary
        }
        Kind::Literal(_) | Kind::List(_) | Kind::Attribute(_) | Kind::Call(..) => Level::Primary,
    }
}

const fn binary_level(operator: BinaryOperator) -> Level {
    match operator {
        BinaryOperator::Equal
        | BinaryOperator::NotEqual
        | BinaryOperator::Less
        | BinaryOperator::LessOrEqual
        | BinaryOperator::Greater
        | BinaryOperator::GreaterOrEqual
        | BinaryOperator::In => Level::Comparison,
        BinaryOperator::Add | BinaryOperator::Subtract | BinaryOperator::Concatenate => {
            Level::Additive
        }
        BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Remainder => {
            Level::Multiplicative
        }
        BinaryOperator::Power => Level::Power,
    }
}

fn write_joined(text: &mut String, operands: &[Expression], word: &str, least: Level) {
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            text.push_str(word);
        }
        write(text, operand, least);
    }
}

fn write_items(text: &mut String, items: &[Expression]) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        write(text, item, Level::Or);
    }
}

/// Writes a literal; a list or an object has no literal and is written as its JSON in a string.
fn write_literal(text: &mut String, literal: &Value) {
    match literal {
        Value::Bool(_) | Value::Number(_) => text.push_str(&value::text(literal)),
        Value::String(content) => write_string(text, content),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            write_string(text, &value::text(literal));
        }
    }
}
