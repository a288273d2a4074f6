//! Rows of policies in the languages of others.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use usher_policy::document::{Condition, Guard, Operator, Policy, Row};

use crate::workload::Workload;

/// The namespace of all attributes of a workload.
pub(crate) const NAMESPACE: &str = "orchestrator";

/// What is known of the attributes beforehand.
pub(crate) struct Shape {
    /// Those that some request lacks.
    optional: HashSet<String>,
    /// Those that are lists.
    lists: HashSet<String>,
    /// Constant lists, each with the name of the set that has its items.
    sets: HashMap<String, (String, Vec<Value>)>,
}

impl Shape {
    pub(crate) fn of(workload: &Workload) -> Self {
        let mut shape = Self {
            optional: HashSet::new(),
            lists: HashSet::new(),
            sets: HashMap::new(),
        };
        let mut names: HashSet<&str> = HashSet::new();
        for row in workload.policies.iter().flat_map(conditions).flat_map(rows) {
            names.insert(name(row));
            if let Value::Array(items) = &row.value {
                let set = format!("set{}", shape.sets.len());
                let text = row.value.to_string();
                shape
                    .sets
                    .entry(text)
                    .or_insert_with(|| (set, items.clone()));
            }
        }
        for request in &workload.requests {
            for name in &names {
                match request
                    .object
                    .get(NAMESPACE)
                    .and_then(|properties| properties.get(name))
                {
                    None => shape.optional.insert((*name).to_owned()),
                    Some(Value::Array(_)) => shape.lists.insert((*name).to_owned()),
                    Some(_) => false,
                };
            }
        }
        shape
    }

    /// Returns the constant lists by the name of the set that has the items.
    pub(crate) fn sets(&self) -> impl Iterator<Item = &(String, Vec<Value>)> {
        self.sets.values()
    }

    /// Returns the name of the set that has the items of a list.
    fn set(&self, items: &[Value]) -> String {
        let text = Value::from(items).to_string();
        self.sets
            .get(&text)
            .map(|(name, _)| name.clone())
            .expect("a list of the workload")
    }
}

/// Returns the rows of a policy.
pub(crate) fn conditions(policy: &Policy) -> &[Condition] {
    match &policy.guard {
        Guard::Conditions(conditions) => conditions,
        Guard::Expression(text) => panic!("no translation of `{text}`"),
    }
}

/// Returns the rows of a condition.
pub(crate) fn rows(condition: &Condition) -> &[Row] {
    match condition {
        Condition::Row(row) => std::slice::from_ref(row),
        Condition::Any(rows) => rows,
    }
}

/// Returns the name of a row's attribute within its namespace.
pub(crate) fn name(row: &Row) -> &str {
    let name = row
        .property
        .strip_prefix(NAMESPACE)
        .and_then(|name| name.strip_prefix('.'));
    name.expect("an attribute of the one namespace")
}

/// A language to write rows in.
#[derive(Clone, Copy)]
pub(crate) enum Language {
    Cel,
    Zen,
}

impl Language {
    /// Writes all rows of a policy.
    pub(crate) fn policy(self, policy: &Policy, shape: &Shape) -> String {
        let conditions = conditions(policy).iter();
        let parts: Vec<String> = conditions
            .map(|condition| self.condition(condition, shape))
            .collect();
        match (parts.is_empty(), self) {
            (true, _) => "true".to_owned(),
            (false, Self::Cel) => parts.join(" && "),
            (false, Self::Zen) => parts.join(" and "),
        }
    }

    pub(crate) fn condition(self, condition: &Condition, shape: &Shape) -> String {
        match condition {
            Condition::Row(row) => self.row(row, &self.subject(row), shape),
            Condition::Any(rows) => {
                let row = |row| format!("({})", self.row(row, &self.subject(row), shape));
                let rows: Vec<String> = rows.iter().map(row).collect();
                match self {
                    Self::Cel => format!("({})", rows.join(" || ")),
                    Self::Zen => format!("({})", rows.join(" or ")),
                }
            }
        }
    }

    fn subject(self, row: &Row) -> String {
        match self {
            Self::Cel => name(row).to_owned(),
            Self::Zen => row.property.clone(),
        }
    }

    /// Writes one row about `subject`, with a test before it where an absent value would be an error.
    pub(crate) fn row(self, row: &Row, subject: &str, shape: &Shape) -> String {
        let value = match (self, &row.value) {
            (Self::Cel, Value::Array(items)) => shape.set(items),
            (_, value) => value.to_string(),
        };
        let is_list = shape.lists.contains(name(row));
        let text = match (row.operator, self) {
            (Operator::Equal, _) => return format!("{subject} == {value}"),
            (Operator::NotEqual, _) => return format!("{subject} != {value}"),
            (Operator::IsIn, _) => return format!("{subject} in {value}"),
            (Operator::LessThan, _) => format!("{subject} < {value}"),
            (Operator::LessThanOrEqual, _) => format!("{subject} <= {value}"),
            (Operator::GreaterThan, _) => format!("{subject} > {value}"),
            (Operator::GreaterThanOrEqual, _) => format!("{subject} >= {value}"),
            (Operator::Contains, Self::Cel) if is_list => format!("{value} in {subject}"),
            (Operator::Contains, Self::Cel) => format!("{subject}.contains({value})"),
            (Operator::Contains, Self::Zen) => format!("contains({subject}, {value})"),
            (other, _) => panic!("no translation of {}", other.as_str()),
        };
        if !shape.optional.contains(name(row)) {
            return text;
        }
        match self {
            Self::Cel => format!("{subject} != null && {text}"),
            Self::Zen => format!("{subject} != null and {text}"),
        }
    }
}
