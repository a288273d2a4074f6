//! Values worth trying: those that policies mention, and those just beside them.

use std::borrow::Cow;

use usher_model::value::{self, Value};

use crate::attribute::Slot;
use crate::coerce::{self, View};
use crate::compile::clause::{Clause, Operand, Question, Test};
use crate::compile::expression::{Constant, Node};
use crate::document::Operator;
use crate::facts::{Fact, Facts};

/// Values of one attribute that are tried at most.
const VALUES_MAX: usize = 64;
/// Items of one list that are tried at most.
const ITEMS_MAX: usize = 8;

/// The values to try, by slot.
#[derive(Debug)]
pub(super) struct Domains {
    domains: Vec<Domain>,
    len: usize,
}

#[derive(Clone, Debug, Default)]
struct Domain {
    values: Vec<Fact<'static>>,
    /// Where comparisons of numbers change their answer.
    numbers: Vec<f64>,
    /// What texts and lists are asked to contain; what texts are asked to begin with comes first,
    /// what they are asked to end with last.
    parts: Vec<(Place, Box<str>)>,
}

/// Where in a text a part is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Start,
    Anywhere,
    End,
}

impl Domains {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            domains: vec![Domain::default(); slots],
            len: 0,
        }
    }

    /// Returns how many values are known: it grows as long as there is something to learn.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    fn add(&mut self, slot: Slot, value: impl Into<Fact<'static>>) {
        let value = value.into();
        if let Some(domain) = self.domains.get_mut(slot.index())
            && domain.values.len() < VALUES_MAX
            && !domain.values.contains(&value)
        {
            domain.values.push(value);
            self.len += 1;
        }
    }

    fn add_number(&mut self, slot: Slot, number: f64) {
        if let Some(domain) = self.domains.get_mut(slot.index())
            && domain.numbers.len() < VALUES_MAX
            && !domain.numbers.contains(&number)
        {
            domain.numbers.push(number);
            domain.numbers.sort_by(f64::total_cmp);
            self.len += 1;
        }
    }

    fn add_part(&mut self, slot: Slot, place: Place, part: &str) {
        if let Some(domain) = self.domains.get_mut(slot.index())
            && domain.parts.len() < ITEMS_MAX
            && !domain
                .parts
                .iter()
                .any(|(at, known)| *at == place && **known == *part)
        {
            domain.parts.push((place, part.into()));
            domain.parts.sort_by_key(|(place, _)| *place);
            self.len += 1;
        }
    }

    /// Learns the values that decide a clause.
    pub(super) fn learn(&mut self, clause: &Clause, facts: &Facts<'_>) {
        match clause {
            Clause::Test(test) => self.learn_test(test),
            Clause::Any(clauses) => {
                for clause in clauses {
                    self.learn(clause, facts);
                }
            }
            Clause::Pair(pair) => {
                if let Operand::Attribute(right) = pair.right {
                    self.learn_pair(pair.left, pair.operator, right, facts);
                }
                if let Operand::Text(template) = &pair.right
                    && let Ok(text) = template.fill(facts)
                {
                    self.learn_constant(pair.left, &Value::String(text));
                }
            }
            Clause::Tree(node) => self.learn_node(node, facts),
        }
    }

    fn learn_test(&mut self, test: &Test) {
        let slot = test.slot;
        match &test.question {
            Question::EqualText(text) => self.add(slot, Value::from(&**text)),
            Question::EqualNumber(number) | Question::Compare(_, number) => {
                self.add_number(slot, *number);
            }
            Question::EqualBool(_) | Question::Holds => {
                self.add(slot, Fact::Bool(true));
                self.add(slot, Fact::Bool(false));
            }
            Question::In(members) => {
                let mut texts: Vec<_> = members.texts.iter().collect();
                texts.sort_unstable();
                for text in texts.into_iter().take(ITEMS_MAX) {
                    self.add(slot, Value::from(&**text));
                }
                let mut numbers: Vec<f64> = members.numbers().collect();
                numbers.sort_by(f64::total_cmp);
                for number in numbers.into_iter().take(ITEMS_MAX) {
                    self.add_number(slot, number);
                }
                for other in members.others().take(ITEMS_MAX) {
                    self.add(slot, other.clone());
                }
            }
            Question::Contains(text) => {
                self.add_part(slot, Place::Anywhere, text);
            }
            Question::Matches(regex) => self.learn_pattern(slot, regex.as_str()),
            Question::Exists => self.add(slot, Value::from("any")),
            Question::Row(row) => match (row.operator, &row.right) {
                (Operator::StartsWith, Value::String(text)) => {
                    self.add_part(slot, Place::Start, text);
                }
                (Operator::EndsWith, Value::String(text)) => {
                    self.add_part(slot, Place::End, text);
                }
                (_, right) => self.learn_constant(slot, right),
            },
        }
    }

    fn learn_constant(&mut self, slot: Slot, constant: &Value) {
        match constant {
            Value::Number(number) => self.add_number(slot, number.as_f64().unwrap_or(0.0)),
            Value::Array(items) => {
                for item in items.iter().take(ITEMS_MAX) {
                    self.add(slot, item.clone());
                }
                self.add(slot, constant.clone());
            }
            Value::String(text) => {
                self.add(slot, constant.clone());
                // The neighbours in the order of texts.
                self.add(slot, Value::from(""));
                self.add(slot, Value::from(format!("{text}~")));
                if let Some(number) = coerce::numeric(text) {
                    self.add_number(slot, number);
                }
            }
            Value::Null | Value::Bool(_) | Value::Object(_) => self.add(slot, constant.clone()),
        }
    }

    /// A pattern is tried as if it were the text itself, without its anchors and escapes.
    fn learn_pattern(&mut self, slot: Slot, pattern: &str) {
        let plain: String = pattern
            .chars()
            .filter(|character| {
                !matches!(character, '^' | '$' | '\\' | '(' | ')' | '?' | '*' | '+')
            })
            .collect();
        for alternative in plain.split('|').take(ITEMS_MAX) {
            self.add(slot, Value::from(alternative));
        }
        self.add(slot, Value::from("0"));
    }

    /// Each side may take what the other one has.
    fn learn_pair(&mut self, left: Slot, operator: Operator, right: Slot, facts: &Facts<'_>) {
        for (slot, other) in [(left, right), (right, left)] {
            match facts.fact(other).view() {
                View::Missing => {}
                View::List(items) => {
                    for item in items.iter().take(ITEMS_MAX) {
                        self.add(slot, item.clone());
                    }
                    let whole = View::List(items).to_value();
                    self.add(slot, whole);
                }
                value => {
                    self.learn_constant(slot, &value.to_value());
                    if matches!(operator, Operator::IsIn | Operator::Contains) {
                        self.add(slot, Value::Array(vec![value.to_value()]));
                    }
                }
            }
        }
        // Both may have to change, to anything that is alike.
        for slot in [left, right] {
            self.add(slot, Value::from("any"));
            self.add_number(slot, 1.0);
        }
        self.add(right, Value::Array(vec![Value::from("any")]));
    }

    /// Every constant of an expression is tried for every attribute in it.
    fn learn_node(&mut self, node: &Node, facts: &Facts<'_>) {
        let mut slots = Vec::new();
        node.slots(&mut |slot| slots.push(slot));
        let mut constants = Vec::new();
        node.constants(&mut |constant| constants.push(constant));
        for slot in &slots {
            for constant in &constants {
                match constant {
                    Constant::Value(value) => self.learn_constant(*slot, value),
                    Constant::Test(test) if test.slot == *slot => self.learn_test(test),
                    Constant::Test(_) => {}
                }
            }
            for other in &slots {
                match facts.fact(*other).view() {
                    View::Missing => {}
                    View::List(items) => {
                        for item in items.iter().take(ITEMS_MAX) {
                            self.add(*slot, item.clone());
                        }
                    }
                    value => self.add(*slot, value.to_value()),
                }
            }
            for value in [Value::from(true), Value::from(false)] {
                self.add(*slot, value);
            }
        }
    }

    /// Returns the values to try in place of `present`, the likeliest ones first.
    pub(super) fn values(&self, slot: Slot, present: &Fact<'_>) -> Vec<Fact<'static>> {
        let Some(domain) = self.domains.get(slot.index()) else {
            return Vec::new();
        };
        let mut values = domain.values.clone();
        let numbers = beside(&domain.numbers);
        values.extend(numbers.iter().copied().map(Fact::Number));
        if !domain.parts.is_empty() {
            extend(&mut values, present, &domain.parts);
        }
        // Channels that know only texts write numbers as such.
        let texts = numbers.into_iter().map(value::number_text);
        values.extend(texts.map(|text| Fact::Text(Cow::Owned(text))));
        values.extend([Fact::Bool(true), Fact::Bool(false)]);
        // Something that nobody mentions, and nothing at all.
        let unmentioned = match present {
            Fact::Number(_) => None,
            _ => Some(Fact::Text(Cow::Borrowed("something else"))),
        };
        values.extend(unmentioned);
        values.push(Fact::Missing);
        values
    }
}

/// Adds texts and lists that contain some of the parts, all of them or none, and what is there
/// already.
fn extend(values: &mut Vec<Fact<'static>>, present: &Fact<'_>, parts: &[(Place, Box<str>)]) {
    let text = |text: String| Fact::Text(Cow::Owned(text));
    let list = |items: Vec<Value>| Fact::from(Value::Array(items));
    let items: Vec<Value> = parts.iter().map(|(_, part)| Value::from(&**part)).collect();
    let all: Vec<&str> = parts.iter().map(|(_, part)| &**part).collect();
    let all = all.join(" ");
    match present.view() {
        View::Text(present) => {
            values.extend(parts.iter().map(|(place, part)| match place {
                Place::Start => text(format!("{part} {present}")),
                Place::Anywhere | Place::End => text(format!("{present} {part}")),
            }));
            values.push(text(format!("{present} {all}")));
        }
        View::List(present) => {
            let with = |added: &[Value]| present.iter().chain(added).cloned().collect();
            values.extend(items.chunks(1).map(|part| list(with(part))));
            values.push(list(with(&items)));
        }
        View::Missing | View::Bool(_) | View::Number(_) | View::Object(_) => {}
    }
    for (place, part) in parts {
        values.push(text(part.to_string()));
        values.push(match place {
            Place::Start => text(format!("{part} and more")),
            Place::Anywhere => text(format!("more {part} and more")),
            Place::End => text(format!("more {part}")),
        });
    }
    values.push(text(all));
    values.extend(items.chunks(1).map(|part| list(part.to_vec())));
    values.push(list(items));
    values.push(list(Vec::new()));
}

/// Returns numbers on each of some points, between each two, and beyond both ends.
fn beside(points: &[f64]) -> Vec<f64> {
    let mut numbers = Vec::new();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return numbers;
    };
    numbers.extend(points);
    for (low, high) in points.iter().zip(points.iter().skip(1)) {
        let whole = (low + 1.0).floor();
        numbers.push(if whole < *high {
            whole
        } else {
            f64::midpoint(*low, *high)
        });
    }
    numbers.extend([first - 1.0, last + 1.0]);
    numbers
}
