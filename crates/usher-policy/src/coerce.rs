//! Which values compare, and how: rows and expressions share these rules.
//!
//! Every operation answers with a value or with the code of the fault that the policy then has.

use std::borrow::Cow;

use usher_model::value::{self, Object, Value};

use crate::document::Operator;
use crate::fault::FaultCode;
use crate::options::ContainsDirection;

/// A value at run time, borrowed.
#[derive(Clone, Copy, Debug)]
pub enum View<'v> {
    /// No value; JSON null is as good as none.
    Missing,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(&'v str),
    /// A list.
    List(Items<'v>),
    /// An object.
    Object(&'v Object),
}

/// The items of a list.
#[derive(Clone, Copy, Debug)]
pub enum Items<'v> {
    /// A list as it was given.
    Given(&'v [Value]),
    /// A list that an expression made.
    Made(&'v [Cow<'v, Value>]),
}

impl<'v> Items<'v> {
    /// Returns how many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::Given(items) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Returns the item at `index`.
    #[must_use]
    pub fn get(self, index: usize) -> Option<&'v Value> {
        match self {
            Self::Given(items) => items.get(index),
            Self::Made(items) => items.get(index).map(AsRef::as_ref),
        }
    }

    /// Returns the items in order.
    pub fn iter(self) -> impl Iterator<Item = &'v Value> {
        (0..self.len()).filter_map(move |index| self.get(index))
    }
}

impl<'v> From<&'v Value> for View<'v> {
    fn from(value: &'v Value) -> Self {
        match value {
            Value::Null => Self::Missing,
            Value::Bool(boolean) => Self::Bool(*boolean),
            Value::Number(number) => Self::Number(number.as_f64().unwrap_or(0.0)),
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(Items::Given(items)),
            Value::Object(object) => Self::Object(object),
        }
    }
}

impl View<'_> {
    /// Returns whether there is no value.
    #[must_use]
    pub const fn is_missing(self) -> bool {
        matches!(self, Self::Missing)
    }

    /// Returns the value as JSON; a whole number becomes a JSON integer.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Self::Missing => Value::Null,
            Self::Bool(boolean) => Value::Bool(boolean),
            Self::Number(number) => number_value(number),
            Self::Text(text) => Value::String(text.to_owned()),
            Self::List(items) => items.iter().cloned().collect(),
            Self::Object(object) => Value::Object(object.clone()),
        }
    }

    /// Returns the text that stands for the value inside a longer text.
    #[must_use]
    pub fn to_text(self) -> Cow<'static, str> {
        match self {
            Self::Missing => Cow::Borrowed(""),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Number(number) => Cow::Owned(value::number_text(number)),
            Self::Text(text) => Cow::Owned(text.to_owned()),
            Self::List(_) | Self::Object(_) => Cow::Owned(self.to_value().to_string()),
        }
    }
}

/// Returns a number as JSON: an integer if it is whole and exact, else a double.
#[must_use]
pub fn number_value(number: f64) -> Value {
    let text = value::number_text(number);
    if let Ok(whole) = text.parse::<i64>() {
        return Value::from(whole);
    }
    serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// Which order `<`, `<=`, `>` and `>=` ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Relation {
    /// Returns whether the relation holds between two ordered things.
    #[must_use]
    pub fn holds<T: PartialOrd + ?Sized>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }

    /// Returns the relation with its sides swapped.
    #[must_use]
    pub const fn flipped(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

/// An operator of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`, with the sign of the left side
    Remainder,
    /// `^`
    Power,
}

/// What an operation answers.
pub type Coerced<T> = Result<T, FaultCode>;

/// Reads text as a decimal number: digits with an optional sign, fraction and exponent.
#[must_use]
pub fn numeric(text: &str) -> Option<f64> {
    let last = text.as_bytes().last()?;
    // Rust also reads `inf`, `nan` and `infinity`, which end in a letter.
    if !last.is_ascii_digit() && *last != b'.' {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(number)
}

/// Reads an operand of `and`, `or`, `not`, or a whole guard: null counts as false.
///
/// # Errors
/// `NOT_BOOLEAN` for anything else.
pub fn truth(value: View<'_>) -> Coerced<bool> {
    match value {
        View::Bool(boolean) => Ok(boolean),
        View::Missing => Ok(false),
        View::Number(_) | View::Text(_) | View::List(_) | View::Object(_) => {
            Err(FaultCode::NotBoolean)
        }
    }
}

/// `left == right`; with `folds_case`, texts that differ in case only are equal.
///
/// # Errors
/// `TYPE_MISMATCH` for a number and a text.
pub fn equal(left: View<'_>, right: View<'_>, folds_case: bool) -> Coerced<bool> {
    match (left, right) {
        (View::Number(_), View::Text(_)) | (View::Text(_), View::Number(_)) => {
            Err(FaultCode::TypeMismatch)
        }
        (View::Bool(boolean), View::Text(text)) | (View::Text(text), View::Bool(boolean)) => {
            Ok(text.eq_ignore_ascii_case(if boolean { "true" } else { "false" }))
        }
        (View::Text(left), View::Text(right)) if folds_case => {
            let fold = |text: &str| text.to_lowercase();
            Ok(left == right || fold(left) == fold(right))
        }
        _ => Ok(same(left, right)),
    }
}

/// Returns whether two values are of one type and equal, lists and objects deeply.
#[must_use]
pub fn same(left: View<'_>, right: View<'_>) -> bool {
    match (left, right) {
        (View::Missing, View::Missing) => true,
        (View::Bool(left), View::Bool(right)) => left == right,
        (View::Number(left), View::Number(right)) => left == right,
        (View::Text(left), View::Text(right)) => left == right,
        (View::List(left), View::List(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right.iter())
                    .all(|(left, right)| same(left.into(), right.into()))
        }
        (View::Object(left), View::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| {
                    right
                        .get(name)
                        .is_some_and(|right| same(left.into(), right.into()))
                })
        }
        _ => false,
    }
}

/// Returns whether a value equals an item of a list: a number and a text match if the text is the
/// number's shortest decimal text.
#[must_use]
pub fn matches_item(value: View<'_>, item: View<'_>) -> bool {
    match (value, item) {
        (View::Number(number), View::Text(text)) | (View::Text(text), View::Number(number)) => {
            // Reading is cheaper than writing, and rules most texts out.
            numeric(text) == Some(number) && value::number_text(number) == text
        }
        _ => same(value, item),
    }
}

/// `left < right` and its like.
///
/// # Errors
/// `TYPE_MISMATCH` if the sides have no common order.
pub fn compare(relation: Relation, left: View<'_>, right: View<'_>) -> Coerced<bool> {
    if left.is_missing() || right.is_missing() {
        return Ok(false);
    }
    if let (View::Text(left), View::Text(right)) = (left, right) {
        return Ok(match (numeric(left), numeric(right)) {
            (Some(left), Some(right)) => relation.holds(&left, &right),
            _ => relation.holds(left, right),
        });
    }
    match (number(left)?, number(right)?) {
        (Some(left), Some(right)) => Ok(relation.holds(&left, &right)),
        _ => Ok(false),
    }
}

/// Reads an operand of arithmetic: booleans are 1 and 0, numeric texts are numbers, null stays null.
///
/// # Errors
/// `TYPE_MISMATCH` for anything else.
pub fn number(value: View<'_>) -> Coerced<Option<f64>> {
    match value {
        View::Missing => Ok(None),
        View::Bool(boolean) => Ok(Some(f64::from(u8::from(boolean)))),
        View::Number(number) => Ok(Some(number)),
        View::Text(text) => numeric(text).map(Some).ok_or(FaultCode::TypeMismatch),
        View::List(_) | View::Object(_) => Err(FaultCode::TypeMismatch),
    }
}

/// `left in right`.
///
/// # Errors
/// `NOT_A_LIST` if the right side is something else, `TYPE_MISMATCH` if the left one is a list.
pub fn member(left: View<'_>, right: View<'_>) -> Coerced<bool> {
    let items = match right {
        View::Missing => return Ok(false),
        View::List(items) => items,
        View::Bool(_) | View::Number(_) | View::Text(_) | View::Object(_) => {
            return Err(FaultCode::NotAList);
        }
    };
    match left {
        View::Missing => Ok(false),
        View::List(_) => Err(FaultCode::TypeMismatch),
        View::Bool(_) | View::Number(_) | View::Text(_) | View::Object(_) => {
            Ok(items.iter().any(|item| matches_item(left, item.into())))
        }
    }
}

/// Returns whether `whole` contains `part`: a text its substring, a list its item.
///
/// # Errors
/// `TYPE_MISMATCH` if that cannot be asked of the two.
pub fn contains(whole: View<'_>, part: View<'_>) -> Coerced<bool> {
    match (whole, part) {
        (View::Missing, _) | (_, View::Missing) => Ok(false),
        (View::Text(whole), View::Text(part)) => Ok(whole.contains(part)),
        (View::List(_), _) => member(part, whole),
        _ => Err(FaultCode::TypeMismatch),
    }
}

/// Returns what `ask` says of two texts; a missing one makes it false.
///
/// # Errors
/// `TYPE_MISMATCH` if a side is not a text.
pub fn texts(
    left: View<'_>,
    right: View<'_>,
    ask: impl FnOnce(&str, &str) -> bool,
) -> Coerced<bool> {
    match (left, right) {
        (View::Missing, _) | (_, View::Missing) => Ok(false),
        (View::Text(left), View::Text(right)) => Ok(ask(left, right)),
        _ => Err(FaultCode::TypeMismatch),
    }
}

/// A calculation; null if a side is null.
///
/// # Errors
/// `TYPE_MISMATCH` if a side is no number, `ARITHMETIC` if the result is not finite.
pub fn calculate(operator: Arithmetic, left: View<'_>, right: View<'_>) -> Coerced<Option<f64>> {
    let (left, right) = (number(left)?, number(right)?);
    let (Some(left), Some(right)) = (left, right) else {
        return Ok(None);
    };
    finite(match operator {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => left % right,
        Arithmetic::Power => left.powf(right),
    })
}

/// Passes a finite result on.
///
/// # Errors
/// `ARITHMETIC` otherwise.
pub fn finite(result: f64) -> Coerced<Option<f64>> {
    if result.is_finite() {
        Ok(Some(result))
    } else {
        Err(FaultCode::Arithmetic)
    }
}

/// How rows and `==` differ from one account or attribute to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether `EQUAL` and `==` ignore case.
    pub folds_case: bool,
    /// Which side of `CONTAINS` must hold the other.
    pub contains_direction: ContainsDirection,
}

/// One row: `left operator right`. `MATCHES` is not answered here, because its pattern is compiled
/// beforehand: see [`pattern`].
///
/// A missing left side makes every row false, except the negated ones, which it makes true.
///
/// # Errors
/// As the operations above.
pub fn row(operator: Operator, left: View<'_>, right: View<'_>, rules: Rules) -> Coerced<bool> {
    if left.is_missing() {
        return Ok(is_negated(operator));
    }
    let relation = match operator {
        Operator::LessThan => Relation::Less,
        Operator::LessThanOrEqual => Relation::LessOrEqual,
        Operator::GreaterThan => Relation::Greater,
        Operator::GreaterThanOrEqual => Relation::GreaterOrEqual,
        Operator::Equal => return equal(left, right, rules.folds_case),
        Operator::NotEqual => return Ok(!equal(left, right, rules.folds_case)?),
        Operator::IsIn => return member(left, right),
        Operator::NotIn => return Ok(!member(left, right)?),
        Operator::Contains | Operator::NotContains => {
            let found = match rules.contains_direction {
                ContainsDirection::AttributeContainsValue => contains(left, right)?,
                ContainsDirection::ValueContainsAttribute => contains(right, left)?,
            };
            return Ok(found == (operator == Operator::Contains));
        }
        Operator::Exists => return Ok(true),
        Operator::NotExists => return Ok(false),
        Operator::StartsWith => return texts(left, right, |left, right| left.starts_with(right)),
        Operator::EndsWith => return texts(left, right, |left, right| left.ends_with(right)),
        // INVARIANT: the compiler makes every `MATCHES` a pattern, or the policy invalid.
        Operator::Matches => return Err(FaultCode::TypeMismatch),
    };
    compare(relation, left, right)
}

/// Returns whether the operator is the negation of another, and so holds for a missing attribute.
#[must_use]
pub const fn is_negated(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::NotEqual | Operator::NotIn | Operator::NotContains | Operator::NotExists
    )
}

/// `MATCHES` with a compiled pattern, found anywhere in the text.
///
/// # Errors
/// `TYPE_MISMATCH` if the left side is not a text.
pub fn pattern(left: View<'_>, pattern: &regex::Regex) -> Coerced<bool> {
    match left {
        View::Missing => Ok(false),
        View::Text(text) => Ok(pattern.is_match(text)),
        View::Bool(_) | View::Number(_) | View::List(_) | View::Object(_) => {
            Err(FaultCode::TypeMismatch)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_equal(left: &Value, right: &Value, expected: Coerced<bool>) {
        assert_eq!(
            equal(left.into(), right.into(), false),
            expected,
            "{left} == {right}"
        );
        assert_eq!(
            equal(right.into(), left.into(), false),
            expected,
            "{right} == {left}"
        );
    }

    #[test]
    fn equality_knows_types() {
        check_equal(&json!(1), &json!(1.0), Ok(true));
        check_equal(&json!(1), &json!("1"), Err(FaultCode::TypeMismatch));
        check_equal(&json!(true), &json!("TRUE"), Ok(true));
        check_equal(&json!(false), &json!("no"), Ok(false));
        check_equal(&json!(true), &json!(1), Ok(false));
        check_equal(&json!(null), &json!(null), Ok(true));
        check_equal(&json!(null), &json!(0), Ok(false));
        check_equal(&json!([1, {"a": 2}]), &json!([1.0, {"a": 2.0}]), Ok(true));
        check_equal(&json!(["1"]), &json!([1]), Ok(false));
    }

    #[test]
    fn text_is_a_number_only_where_a_number_is_asked_for() {
        for text in ["1", "-1.5", "+2", "1e3", ".5", "5."] {
            assert!(numeric(text).is_some(), "{text}");
        }
        for text in [
            "", " 1", "1 ", "inf", "nan", "1e999", "0x1", "1_000", "-", ".",
        ] {
            assert!(numeric(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_item_matches_the_shortest_decimal_text() {
        let matches = |left: &Value, right: &Value| matches_item(left.into(), right.into());
        assert!(matches(&json!("1111"), &json!(1111)));
        assert!(matches(&json!(0.1), &json!("0.1")));
        assert!(!matches(&json!("1.0"), &json!(1)));
        assert!(!matches(&json!("true"), &json!(true)));
    }

    #[test]
    fn numbers_become_json_integers_where_that_is_exact() {
        assert_eq!(number_value(5.0), json!(5));
        assert_eq!(number_value(-0.0), json!(0));
        assert_eq!(number_value(0.5), json!(0.5));
        assert_eq!(number_value(1e300), json!(1e300));
    }
}
