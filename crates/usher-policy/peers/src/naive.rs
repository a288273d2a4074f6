//! Policies in order, straight over the parsed request: what anybody would write first.

use serde_json::Value;
use usher_model::value::Object;
use usher_policy::document::{Condition, Operator, Policy, Row};

use crate::workload::{Request, Workload};
use crate::{Contender, rows};

pub(crate) const NAME: &str = "naive scan";

pub(crate) fn contender(workload: &Workload) -> Contender<'_> {
    let decide = |request: &Request| {
        let properties = request.object.get(rows::NAMESPACE)?.as_object()?;
        let holds = |policy: &Policy| policy.enabled && holds(policy, properties);
        workload.policies.iter().position(holds)
    };
    Contender {
        name: NAME,
        decide: Box::new(decide),
    }
}

fn holds(policy: &Policy, properties: &Object) -> bool {
    rows::conditions(policy)
        .iter()
        .all(|condition| match condition {
            Condition::Row(row) => is_true(row, properties),
            Condition::Any(rows) => rows.iter().any(|row| is_true(row, properties)),
        })
}

fn is_true(row: &Row, properties: &Object) -> bool {
    let Some(found) = properties.get(rows::name(row)) else {
        return row.operator == Operator::NotEqual;
    };
    let compared = |holds: fn(&f64, &f64) -> bool| {
        let numbers = found.as_f64().zip(row.value.as_f64());
        numbers.is_some_and(|(found, value)| holds(&found, &value))
    };
    match row.operator {
        Operator::Equal => is_equal(found, &row.value),
        Operator::NotEqual => !is_equal(found, &row.value),
        Operator::LessThan => compared(f64::lt),
        Operator::LessThanOrEqual => compared(f64::le),
        Operator::GreaterThan => compared(f64::gt),
        Operator::GreaterThanOrEqual => compared(f64::ge),
        Operator::IsIn => has(&row.value, found),
        Operator::Contains => match (found, &row.value) {
            (Value::String(found), Value::String(value)) => found.contains(value.as_str()),
            (found, value) => has(found, value),
        },
        other => panic!("no row of the workload has {}", other.as_str()),
    }
}

fn has(list: &Value, item: &Value) -> bool {
    list.as_array()
        .is_some_and(|items| items.iter().any(|known| is_equal(known, item)))
}

fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (left, right) => left == right,
    }
}
