//! Rows of the form as an expression, and an expression as rows, where both can say the same.

use usher_model::value::Value;

use crate::check::template;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Condition, Operator, Row, ValueType};
use crate::options::{ContainsDirection, Options};
use crate::syntax::{BinaryOperator, Expression, Kind, Span, UnaryOperator};

/// Turns rows into an expression that holds for the same facts.
///
/// Spans of the tree are empty. One difference remains and is not reported: two attributes that are
/// both missing are equal in an expression, and not in a row.
///
/// # Errors
/// Says for each row why no expression can say it; pointers are `/conditions/…`.
pub fn to_expression(
    conditions: &[Condition],
    options: &Options,
) -> Result<Expression, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut operands = Vec::new();
    for (index, condition) in conditions.iter().enumerate() {
        let pointer = format!("/conditions/{index}");
        match condition {
            Condition::Row(row) => match comparison(row, options) {
                Ok(operand) => operands.push(operand),
                Err(diagnostic) => diagnostics.push(diagnostic.at(pointer)),
            },
            Condition::Any(rows) => {
                let mut alternatives = Vec::new();
                for (inner, row) in rows.iter().enumerate() {
                    match comparison(row, options) {
                        Ok(alternative) => alternatives.push(alternative),
                        Err(diagnostic) => {
                            diagnostics.push(diagnostic.at(format!("{pointer}/any/{inner}")));
                        }
                    }
                }
                operands.push(joined(alternatives, Kind::Or, false));
            }
        }
    }
    if diagnostics.is_empty() {
        Ok(joined(operands, Kind::And, true))
    } else {
        Err(diagnostics)
    }
}

/// Turns an expression into rows that hold for the same facts.
///
/// That takes a conjunction of comparisons between an attribute and a constant, a list or another
/// attribute; a disjunction of such comparisons becomes a group.
///
/// # Errors
/// Says for each part why no row can say it; spans are those of the tree.
pub fn from_expression(expression: &Expression) -> Result<Vec<Condition>, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut conditions = Vec::new();
    for operand in operands(expression, true) {
        let alternatives = operands(operand, false);
        let mut rows = Vec::new();
        for alternative in alternatives {
            match row(alternative) {
                Ok(row) => rows.push(row),
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
        conditions.push(match <[Row; 1]>::try_from(rows) {
            Ok([row]) => Condition::Row(row),
            Err(rows) => Condition::Any(rows),
        });
    }
    if diagnostics.is_empty() {
        Ok(conditions)
    } else {
        Err(diagnostics)
    }
}

/// Returns the operands of a conjunction or a disjunction, brackets notwithstanding; anything else
/// is its own only operand.
fn operands(expression: &Expression, is_conjunction: bool) -> Vec<&Expression> {
    match &expression.kind {
        Kind::And(operands) if is_conjunction => operands
            .iter()
            .flat_map(|operand| self::operands(operand, is_conjunction))
            .collect(),
        Kind::Or(operands) if !is_conjunction => operands
            .iter()
            .flat_map(|operand| self::operands(operand, is_conjunction))
            .collect(),
        _ => vec![expression],
    }
}

fn refused(expression: &Expression, found: &str, expected: &str) -> Box<Diagnostic> {
    let found = format!("found {found}, which a row cannot say");
    let diagnostic = Diagnostic::error(Code::NotExpressible, found);
    Box::new(diagnostic.over(expression.span).expecting(expected))
}

fn row(expression: &Expression) -> Result<Row, Box<Diagnostic>> {
    const EXPECTED: &str = "a comparison of an attribute with a value";
    match &expression.kind {
        Kind::Binary(operator, left, right) => match (&left.kind, operator_of(*operator)) {
            (Kind::Attribute(property), Some(row_operator)) => {
                compared(property, row_operator, right)
            }
            (_, Some(_)) => {
                if let (Kind::Attribute(property), Some(row_operator)) =
                    (&right.kind, operator.flipped().and_then(operator_of))
                {
                    compared(property, row_operator, left)
                } else {
                    Err(refused(left, "a calculation", "an attribute on one side"))
                }
            }
            (_, None) => Err(refused(expression, "a calculation", EXPECTED)),
        },
        Kind::Call(name, arguments) => called(expression, name, arguments),
        Kind::Unary(UnaryOperator::Not, operand) => match &operand.kind {
            Kind::Call(name, arguments) if name == "exists" => {
                let mut row = called(operand, name, arguments)?;
                row.operator = Operator::NotExists;
                Ok(row)
            }
            _ => Err(refused(expression, "a negation", EXPECTED)),
        },
        Kind::And(_) => Err(refused(expression, "`and` inside `or`", EXPECTED)),
        Kind::Or(_) | Kind::Unary(..) | Kind::Literal(_) | Kind::List(_) => {
            Err(refused(expression, "a calculation or a constant", EXPECTED))
        }
        Kind::Attribute(name) => Err(refused(
            expression,
            "an attribute alone",
            &format!("`{name} == true`"),
        )),
    }
}

const fn operator_of(operator: BinaryOperator) -> Option<Operator> {
    match operator {
        BinaryOperator::Equal => Some(Operator::Equal),
        BinaryOperator::NotEqual => Some(Operator::NotEqual),
        BinaryOperator::Less => Some(Operator::LessThan),
        BinaryOperator::LessOrEqual => Some(Operator::LessThanOrEqual),
        BinaryOperator::Greater => Some(Operator::GreaterThan),
        BinaryOperator::GreaterOrEqual => Some(Operator::GreaterThanOrEqual),
        BinaryOperator::In => Some(Operator::IsIn),
        _ => None,
    }
}

fn compared(
    property: &str,
    operator: Operator,
    operand: &Expression,
) -> Result<Row, Box<Diagnostic>> {
    let (value, value_type) = row_value(operand)?;
    let is_orderable = matches!(value_type, ValueType::Number | ValueType::Attribute);
    let fits = match operator {
        Operator::IsIn => matches!(value_type, ValueType::List | ValueType::Attribute),
        Operator::Equal | Operator::NotEqual => value_type != ValueType::List,
        _ => is_orderable,
    };
    if !fits {
        let found = format!("`{}` with this value", operator.as_str());
        return Err(refused(operand, &found, "a value that the operator takes"));
    }
    Ok(Row {
        property: property.to_owned(),
        operator,
        value_type: Some(value_type),
        value,
    })
}

/// Reads the helpers that rows have an operator for.
fn called(
    expression: &Expression,
    name: &str,
    arguments: &[Expression],
) -> Result<Row, Box<Diagnostic>> {
    let operator = match (name, arguments) {
        ("exists", [_]) => Operator::Exists,
        ("startsWith", [_, _]) => Operator::StartsWith,
        ("endsWith", [_, _]) => Operator::EndsWith,
        _ => {
            let found = format!("the function `{name}`");
            return Err(refused(expression, &found, "an operator"));
        }
    };
    let [subject, rest @ ..] = arguments else {
        return Err(refused(expression, "no argument", "an attribute"));
    };
    let Kind::Attribute(property) = &subject.kind else {
        return Err(refused(subject, "a calculation", "an attribute"));
    };
    let (value, value_type) = match rest {
        [operand] => {
            let (value, value_type) = row_value(operand)?;
            if !matches!(value_type, ValueType::String | ValueType::Attribute) {
                return Err(refused(operand, "a value that is no text", "text"));
            }
            (value, Some(value_type))
        }
        _ => (Value::Null, None),
    };
    Ok(Row {
        property: property.clone(),
        operator,
        value_type,
        value,
    })
}

/// Returns what a row has as its value for this operand.
fn row_value(operand: &Expression) -> Result<(Value, ValueType), Box<Diagnostic>> {
    match &operand.kind {
        Kind::Attribute(name) => Ok((Value::from(format!("{{{{{name}}}}}")), ValueType::Attribute)),
        Kind::List(items) => {
            let items: Result<Vec<Value>, Box<Diagnostic>> = items.iter().map(constant).collect();
            Ok((Value::Array(items?), ValueType::List))
        }
        _ => {
            let value = constant(operand)?;
            let value_type = match &value {
                Value::Number(_) => ValueType::Number,
                Value::Bool(_) => ValueType::Boolean,
                _ => ValueType::String,
            };
            Ok((value, value_type))
        }
    }
}

fn constant(operand: &Expression) -> Result<Value, Box<Diagnostic>> {
    let constant = match &operand.kind {
        Kind::Literal(value) => Some(value.clone()),
        Kind::Unary(UnaryOperator::Negate, number) => match &number.kind {
            Kind::Literal(Value::Number(number)) => number.as_f64().and_then(negated),
            _ => None,
        },
        _ => None,
    };
    let Some(constant) = constant else {
        return Err(refused(operand, "a calculation", "a constant"));
    };
    if constant.as_str().is_some_and(|text| text.contains("{{")) {
        return Err(refused(operand, "`{{` in a text", "text without braces"));
    }
    Ok(constant)
}

/// Returns the number with its sign changed, a whole one as an integer.
fn negated(number: f64) -> Option<Value> {
    let negated = -number;
    if let Ok(whole) = negated.to_string().parse::<i64>()
        && number.abs() <= 9_007_199_254_740_992.0
    {
        return Some(Value::from(whole));
    }
    serde_json::Number::from_f64(negated).map(Value::Number)
}

const NOWHERE: Span = Span { start: 0, end: 0 };

const fn placed(kind: Kind) -> Expression {
    Expression {
        kind,
        span: NOWHERE,
    }
}

fn joined(
    mut operands: Vec<Expression>,
    join: fn(Vec<Expression>) -> Kind,
    when_empty: bool,
) -> Expression {
    match operands.len() {
        0 => placed(Kind::Literal(Value::Bool(when_empty))),
        1 => operands.swap_remove(0),
        _ => placed(join(operands)),
    }
}

fn inexpressible(found: &str, expected: &str) -> Box<Diagnostic> {
    let found = format!("found {found}, which an expression cannot say");
    Box::new(Diagnostic::error(Code::NotExpressible, found).expecting(expected))
}

fn comparison(row: &Row, options: &Options) -> Result<Expression, Box<Diagnostic>> {
    if !crate::lexer::is_attribute(&row.property) {
        let found = format!("the attribute `{}`", row.property);
        return Err(inexpressible(&found, "names of letters, digits and `_`"));
    }
    let subject = placed(Kind::Attribute(row.property.clone()));
    let binary = |operator| -> Result<Expression, Box<Diagnostic>> {
        let right = literal(&row.value)?;
        Ok(placed(Kind::Binary(
            operator,
            Box::new(subject.clone()),
            Box::new(right),
        )))
    };
    let call = |name: &str, arguments: Vec<Expression>| {
        if options.expression_extensions {
            Ok(placed(Kind::Call(name.to_owned(), arguments)))
        } else {
            let found = format!("the operator `{}`", row.operator.as_str());
            let expected = "the optional functions to be switched on";
            Err(inexpressible(&found, expected))
        }
    };
    // A missing attribute makes a row false, so its negation needs to say that it is there.
    let unless = |excluded: Expression| -> Result<Expression, Box<Diagnostic>> {
        let exists = call("exists", vec![subject.clone()])?;
        let negated = placed(Kind::Unary(UnaryOperator::Not, Box::new(excluded)));
        Ok(placed(Kind::And(vec![exists, negated])))
    };
    let contains = || -> Result<Expression, Box<Diagnostic>> {
        let value = literal(&row.value)?;
        call(
            "contains",
            match options.contains_direction {
                ContainsDirection::AttributeContainsValue => vec![subject.clone(), value],
                ContainsDirection::ValueContainsAttribute => vec![value, subject.clone()],
            },
        )
    };
    match row.operator {
        Operator::Equal => binary(BinaryOperator::Equal),
        Operator::NotEqual => binary(BinaryOperator::NotEqual),
        Operator::LessThan => binary(BinaryOperator::Less),
        Operator::LessThanOrEqual => binary(BinaryOperator::LessOrEqual),
        Operator::GreaterThan => binary(BinaryOperator::Greater),
        Operator::GreaterThanOrEqual => binary(BinaryOperator::GreaterOrEqual),
        Operator::IsIn => binary(BinaryOperator::In),
        Operator::NotIn => unless(binary(BinaryOperator::In)?),
        Operator::Contains => contains(),
        Operator::NotContains => unless(contains()?),
        Operator::Exists => call("exists", vec![subject.clone()]),
        Operator::NotExists => {
            let exists = call("exists", vec![subject.clone()])?;
            Ok(placed(Kind::Unary(UnaryOperator::Not, Box::new(exists))))
        }
        Operator::StartsWith => call("startsWith", vec![subject.clone(), literal(&row.value)?]),
        Operator::EndsWith => call("endsWith", vec![subject.clone(), literal(&row.value)?]),
        Operator::Matches => Err(inexpressible("the operator `MATCHES`", "a row")),
    }
}

/// Turns a row's value into an operand.
fn literal(value: &Value) -> Result<Expression, Box<Diagnostic>> {
    match value {
        Value::Bool(_) => Ok(placed(Kind::Literal(value.clone()))),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            let Some(literal) = crate::lexer::number(&number.abs().to_string()) else {
                return Err(inexpressible("a number that is too large", "a smaller one"));
            };
            let literal = placed(Kind::Literal(literal));
            if number < 0.0 {
                let operand = Box::new(literal);
                return Ok(placed(Kind::Unary(UnaryOperator::Negate, operand)));
            }
            Ok(literal)
        }
        Value::String(text) => match template::whole(text) {
            Some(name) if crate::lexer::is_attribute(name) => {
                Ok(placed(Kind::Attribute(name.to_owned())))
            }
            Some(name) => {
                let found = format!("the attribute `{name}`");
                Err(inexpressible(&found, "names of letters, digits and `_`"))
            }
            None if text.contains("{{") => {
                Err(inexpressible("a template inside a text", "a whole value"))
            }
            None => Ok(placed(Kind::Literal(value.clone()))),
        },
        Value::Array(items) => {
            let items: Result<Vec<Expression>, Box<Diagnostic>> =
                items.iter().map(literal).collect();
            Ok(placed(Kind::List(items?)))
        }
        Value::Null => Err(inexpressible("no value", "a value")),
        Value::Object(_) => Err(inexpressible("an object", "a constant")),
    }
}
