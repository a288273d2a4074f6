//! Rows and comparisons as the evaluator wants them: typed, with lists hashed.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use regex::{Regex, RegexBuilder};
use usher_model::limits;
use usher_model::value::{self, Value};

use crate::attribute::Slot;
use crate::check::template;
use crate::coerce::{self, Coerced, Relation, Rules, View};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::document::{Condition, Operator, Row};
use crate::mention::Mentions;
use crate::options::{ContainsDirection, Options};
use crate::template::Template;

use super::expression::Node;

/// One test of a guard; all of them must hold, in order.
#[derive(Debug)]
pub(crate) enum Clause {
    /// One attribute against constants.
    Test(Test),
    /// One attribute against another one, or against text made of some.
    Pair(Box<Pair>),
    /// One of several must hold.
    Any(Box<[Clause]>),
    /// Any other part of an expression.
    Tree(Box<Node>),
}

/// A question about one attribute.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) slot: Slot,
    /// Whether the answer is turned round; a fault stays a fault.
    pub(crate) is_negated: bool,
    pub(crate) question: Question,
}

/// What is asked; the common questions have a form of their own.
#[derive(Debug)]
pub(crate) enum Question {
    EqualText(Box<str>),
    EqualNumber(f64),
    EqualBool(bool),
    Compare(Relation, f64),
    In(Box<Members>),
    /// A text holds this text, or a list this item.
    Contains(Box<str>),
    Matches(Box<Regex>),
    Exists,
    /// The value itself is the answer.
    Holds,
    Row(Box<ConstantRow>),
}

/// A row whose right side is a constant, for [`coerce::row`].
#[derive(Debug)]
pub(crate) struct ConstantRow {
    pub(crate) operator: Operator,
    pub(crate) right: Value,
    pub(crate) rules: Rules,
}

/// A row whose right side depends on facts.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) left: Slot,
    pub(crate) operator: Operator,
    pub(crate) right: Operand,
    pub(crate) rules: Rules,
}

#[derive(Debug)]
pub(crate) enum Operand {
    Attribute(Slot),
    Text(Template),
}

/// A constant list, hashed.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// Texts, and the texts of numbers.
    pub(crate) texts: HashSet<Box<str>, FixedState>,
    /// The bits of numbers, and of texts that are some number's shortest.
    numbers: HashSet<u64, FixedState>,
    others: Vec<Value>,
}

impl Members {
    pub(crate) fn of(items: Vec<Value>) -> Self {
        let mut members = Self::default();
        for item in items {
            match item {
                Value::String(text) => {
                    if let Some(number) = coerce::numeric(&text)
                        && value::number_text(number) == text
                    {
                        members.numbers.insert(bits(number));
                    }
                    members.texts.insert(text.into());
                }
                Value::Number(number) => {
                    let number = number.as_f64().unwrap_or(0.0);
                    members.numbers.insert(bits(number));
                    members.texts.insert(value::number_text(number).into());
                }
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                    members.others.push(item);
                }
            }
        }
        members.texts.shrink_to_fit();
        members.numbers.shrink_to_fit();
        members
    }

    /// Returns what [`coerce::member`] says of the list.
    pub(crate) fn has(&self, left: View<'_>) -> Coerced<bool> {
        match left {
            View::Missing => Ok(false),
            View::Text(text) => Ok(self.texts.contains(text)),
            View::Number(number) => Ok(self.numbers.contains(&bits(number))),
            View::List(_) => Err(crate::fault::FaultCode::TypeMismatch),
            View::Bool(_) | View::Object(_) => Ok(self
                .others
                .iter()
                .any(|item| coerce::matches_item(left, item.into()))),
        }
    }

    /// Returns the members that are neither texts nor numbers.
    pub(crate) fn others(&self) -> impl Iterator<Item = &Value> {
        self.others.iter()
    }

    /// Returns the numbers that are members.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = f64> {
        self.numbers.iter().map(|bits| f64::from_bits(*bits))
    }
}

/// Returns the bits that stand for a number: zero has one sign here.
fn bits(number: f64) -> u64 {
    (number + 0.0).to_bits()
}

impl Clause {
    /// Calls `visit` with each attribute it mentions.
    pub(crate) fn slots(&self, visit: &mut impl FnMut(Slot)) {
        match self {
            Self::Test(test) => visit(test.slot),
            Self::Pair(pair) => {
                visit(pair.left);
                match &pair.right {
                    Operand::Attribute(slot) => visit(*slot),
                    Operand::Text(template) => template.slots().for_each(visit),
                }
            }
            Self::Any(clauses) => {
                for clause in clauses {
                    clause.slots(visit);
                }
            }
            Self::Tree(node) => node.slots(visit),
        }
    }
}

impl Test {
    pub(crate) const fn new(slot: Slot, question: Question) -> Self {
        Self {
            slot,
            is_negated: false,
            question,
        }
    }

    pub(crate) const fn negated(mut self) -> Self {
        self.is_negated = !self.is_negated;
        self
    }

    /// Answers for a value.
    #[inline]
    pub(crate) fn answer(&self, value: View<'_>) -> Coerced<bool> {
        let answer = match (&self.question, value) {
            (Question::EqualText(text), View::Text(value)) => **text == *value,
            (Question::EqualNumber(number), View::Number(value)) => *number == value,
            (Question::EqualBool(boolean), View::Bool(value)) => *boolean == value,
            (Question::Compare(relation, number), View::Number(value)) => {
                relation.holds(&value, number)
            }
            (_, View::Missing) => false,
            (Question::In(members), _) => members.has(value)?,
            _ => self.answer_rarely(value)?,
        };
        Ok(answer != self.is_negated)
    }

    /// Answers the less common questions, and for values of another type, by the shared rules.
    fn answer_rarely(&self, value: View<'_>) -> Coerced<bool> {
        match &self.question {
            Question::EqualText(text) => coerce::equal(value, View::Text(text), false),
            Question::EqualNumber(number) => coerce::equal(value, View::Number(*number), false),
            Question::EqualBool(boolean) => coerce::equal(value, View::Bool(*boolean), false),
            Question::Compare(relation, number) => {
                coerce::compare(*relation, value, View::Number(*number))
            }
            Question::In(members) => members.has(value),
            Question::Contains(text) => coerce::contains(value, View::Text(text)),
            Question::Matches(regex) => coerce::pattern(value, regex),
            Question::Exists => Ok(!value.is_missing()),
            Question::Holds => coerce::truth(value),
            Question::Row(row) => {
                coerce::row(row.operator, value, View::from(&row.right), row.rules)
            }
        }
    }
}

/// Compiles a condition; a mistake makes the policy invalid.
pub(crate) fn condition(
    condition: &Condition,
    mentions: &mut Mentions,
    options: &Options,
) -> Result<Clause, Box<Diagnostic>> {
    match condition {
        Condition::Row(row) => clause(row, mentions, options),
        Condition::Any(rows) => {
            let clauses = rows.iter().map(|row| clause(row, mentions, options));
            Ok(Clause::Any(clauses.collect::<Result<_, _>>()?))
        }
    }
}

fn clause(
    row: &Row,
    mentions: &mut Mentions,
    options: &Options,
) -> Result<Clause, Box<Diagnostic>> {
    let slot = mentions.mention(&row.property);
    let rules = rules(slot, mentions, options);
    let operator = row.operator;
    if operator == Operator::Matches {
        let Value::String(text) = &row.value else {
            let diagnostic = Diagnostic::error(Code::BadRegex, "found a pattern that is no text");
            return Err(Box::new(diagnostic));
        };
        let question = Question::Matches(Box::new(regex(text)?));
        return Ok(Clause::Test(Test::new(slot, question)));
    }
    let right = match &row.value {
        Value::String(text) if operator.has_value() => match template::whole(text) {
            Some(path) => Some(Operand::Attribute(mentions.mention(path))),
            None => Template::parse(text, mentions).map(Operand::Text),
        },
        _ => None,
    };
    Ok(match right {
        Some(right) => Clause::Pair(Box::new(Pair {
            left: slot,
            operator,
            right,
            rules,
        })),
        None => Clause::Test(constant_row(slot, operator, &row.value, rules)),
    })
}

pub(crate) fn rules(slot: Slot, mentions: &Mentions, options: &Options) -> Rules {
    Rules {
        folds_case: mentions
            .attribute(slot)
            .is_some_and(crate::attribute::Attribute::folds_case),
        contains_direction: options.contains_direction,
    }
}

/// Compiles a pattern within the bound on its size.
pub(crate) fn regex(text: &str) -> Result<Regex, Box<Diagnostic>> {
    RegexBuilder::new(text)
        .size_limit(limits::REGEX_BYTES_MAX)
        .dfa_size_limit(limits::REGEX_BYTES_MAX)
        .build()
        .map_err(|_error| {
            let diagnostic = Diagnostic::error(Code::BadRegex, format!("found {}", quoted(text)));
            Box::new(diagnostic.expecting("a regular expression"))
        })
}

/// Compiles a comparison with a constant to its quickest form.
pub(crate) fn constant_row(slot: Slot, operator: Operator, right: &Value, rules: Rules) -> Test {
    let is_usual = rules.contains_direction == ContainsDirection::AttributeContainsValue;
    let relation = |relation| match right {
        Value::Number(number) => Some(Question::Compare(relation, number.as_f64()?)),
        _ => None,
    };
    let question = match (operator, right) {
        (Operator::Equal | Operator::NotEqual, right) if !rules.folds_case => equal(right),
        (Operator::LessThan, _) => relation(Relation::Less),
        (Operator::LessThanOrEqual, _) => relation(Relation::LessOrEqual),
        (Operator::GreaterThan, _) => relation(Relation::Greater),
        (Operator::GreaterThanOrEqual, _) => relation(Relation::GreaterOrEqual),
        (Operator::IsIn | Operator::NotIn, Value::Array(items)) => {
            Some(Question::In(Box::new(Members::of(items.clone()))))
        }
        (Operator::Contains | Operator::NotContains, Value::String(text)) if is_usual => {
            Some(Question::Contains(text.as_str().into()))
        }
        (Operator::Exists | Operator::NotExists, _) => Some(Question::Exists),
        _ => None,
    };
    let test = match question {
        Some(question) => Test::new(slot, question),
        None => {
            return row_test(slot, operator, right, rules);
        }
    };
    if coerce::is_negated(operator) {
        test.negated()
    } else {
        test
    }
}

/// Keeps a rare row as it is. The operator is the positive one, so that a missing attribute needs
/// no question.
fn row_test(slot: Slot, operator: Operator, right: &Value, rules: Rules) -> Test {
    let positive = match operator {
        Operator::NotEqual => Operator::Equal,
        Operator::NotIn => Operator::IsIn,
        Operator::NotContains => Operator::Contains,
        Operator::NotExists => Operator::Exists,
        other => other,
    };
    let row = ConstantRow {
        operator: positive,
        right: right.clone(),
        rules,
    };
    let test = Test::new(slot, Question::Row(Box::new(row)));
    if positive == operator {
        test
    } else {
        test.negated()
    }
}

fn equal(right: &Value) -> Option<Question> {
    match right {
        Value::String(text) => Some(Question::EqualText(text.as_str().into())),
        Value::Number(number) => Some(Question::EqualNumber(number.as_f64()?)),
        Value::Bool(boolean) => Some(Question::EqualBool(*boolean)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
