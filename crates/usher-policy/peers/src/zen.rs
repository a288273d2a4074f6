//! ZEN: a decision table that is compiled, with its trace on too; and its expressions alone, tried
//! in order.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::{Map, Value, json};
use usher_model::value::Object;
use usher_policy::document::{Condition, Operator, Policy, Row};
use zen_engine::model::GraphContent;
use zen_engine::{Decision, EvaluationOptions};
use zen_expression::expression::{Expression, Standard};
use zen_expression::vm::VM;
use zen_expression::{Isolate, Scope, Variable};

use crate::Contender;
use crate::rows::{self, Language, Shape};
use crate::workload::{Request, Workload};

pub(crate) const TABLE: &str = "zen-engine, table";
pub(crate) const TRACED: &str = "zen-engine, table, traced";
pub(crate) const EXPRESSIONS: &str = "zen-expression";

pub(crate) fn contenders<'w>(workload: &'w Workload, shape: &Shape) -> [Contender<'w>; 3] {
    let table = table(&workload.policies, shape);
    let decided = move |name, trace| {
        let mut decision = Decision::from(graph(&table));
        decision.compile();
        let decide = move |request: &Request| decide(&decision, &request.object, trace);
        Contender {
            name,
            decide: Box::new(decide),
        }
    };
    [
        decided(TABLE, false),
        decided(TRACED, true),
        expressions(workload, shape),
    ]
}

fn expressions<'w>(workload: &'w Workload, shape: &Shape) -> Contender<'w> {
    let mut isolate = Isolate::new();
    let mut guards: Vec<(usize, Expression<Standard>)> = Vec::new();
    for (place, policy) in workload.policies.iter().enumerate() {
        if policy.enabled {
            let text = Language::Zen.policy(policy, shape);
            guards.push((
                place,
                isolate.compile_standard(&text).expect("an expression"),
            ));
        }
    }
    let decide = move |request: &Request| {
        let scope = Scope::new(variable(&request.object));
        let mut vm = VM::new();
        let winner = guards.iter().find(|(_, guard)| {
            let answer = guard.evaluate_with_scope(&scope, &mut vm);
            matches!(answer, Ok(Variable::Bool(true)))
        });
        winner.map(|(place, _)| *place)
    };
    Contender {
        name: EXPRESSIONS,
        decide: Box::new(decide),
    }
}

fn variable(object: &Object) -> Variable {
    let members = object
        .iter()
        .map(|(name, value)| (name.as_str().into(), value.into()));
    Variable::from_object(members.collect())
}

fn decide(decision: &Decision, object: &Object, trace: bool) -> Option<usize> {
    let options = EvaluationOptions {
        trace,
        ..EvaluationOptions::default()
    };
    let mut answer = pin!(decision.evaluate_with_opts(variable(object), options));
    // A table waits for nothing.
    let Poll::Ready(answer) = answer
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("a table that waits");
    };
    let answer = answer.expect("a decision");
    assert_eq!(answer.trace.is_some(), trace);
    let winner = answer.result.dot("winner")?.as_number()?;
    winner.to_string().parse().ok()
}

fn graph(table: &Value) -> GraphContent {
    let graph = json!({
        "nodes": [
            { "id": "in", "name": "in", "type": "inputNode", "content": {} },
            { "id": "table", "name": "table", "type": "decisionTableNode", "content": table },
            { "id": "out", "name": "out", "type": "outputNode", "content": {} },
        ],
        "edges": [
            { "id": "first", "sourceId": "in", "targetId": "table" },
            { "id": "second", "sourceId": "table", "targetId": "out" },
        ],
    });
    serde_json::from_value(graph).expect("a graph")
}

/// Returns a table with a column for each attribute, and columns without one for groups.
fn table(policies: &[Policy], shape: &Shape) -> Value {
    let mut columns: Vec<String> = Vec::new();
    let mut groups = 0;
    let mut lines = Vec::new();
    for (place, policy) in policies
        .iter()
        .enumerate()
        .filter(|(_, policy)| policy.enabled)
    {
        let mut cells: Map<String, Value> = Map::new();
        let mut group = 0;
        for condition in rows::conditions(policy) {
            match condition {
                Condition::Row(row) => {
                    let column = columns.iter().position(|known| *known == row.property);
                    let column = column.unwrap_or_else(|| {
                        columns.push(row.property.clone());
                        columns.len() - 1
                    });
                    let cell = match cells.get(&format!("c{column}")) {
                        None => cell(row, shape),
                        Some(_) => joined(policy, &row.property, shape),
                    };
                    cells.insert(format!("c{column}"), cell.into());
                }
                Condition::Any(_) => {
                    let text = Language::Zen.condition(condition, shape);
                    cells.insert(format!("g{group}"), text.into());
                    group += 1;
                }
            }
        }
        groups = groups.max(group);
        cells.insert("_id".to_owned(), format!("r{place}").into());
        cells.insert("w".to_owned(), place.to_string().into());
        lines.push(cells);
    }
    let fields = columns
        .iter()
        .enumerate()
        .map(|(index, field)| json!({ "id": format!("c{index}"), "name": field, "field": field }));
    let groups = (0..groups).map(|index| json!({ "id": format!("g{index}"), "name": "any" }));
    json!({
        "hitPolicy": "first",
        "inputs": fields.chain(groups).collect::<Vec<Value>>(),
        "outputs": [{ "id": "w", "name": "winner", "field": "winner" }],
        "rules": lines,
    })
}

/// Writes a row as a cell, in the short form that the table's index knows.
fn cell(row: &Row, shape: &Shape) -> String {
    match (row.operator, &row.value) {
        (Operator::Equal, value) => value.to_string(),
        (Operator::IsIn, Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            items.join(", ")
        }
        _ => Language::Zen.row(row, "$", shape),
    }
}

/// Writes all of a policy's rows about one attribute as a cell.
fn joined(policy: &Policy, property: &str, shape: &Shape) -> String {
    let rows = rows::conditions(policy)
        .iter()
        .filter_map(|condition| match condition {
            Condition::Row(row) if row.property == property => {
                Some(Language::Zen.row(row, "$", shape))
            }
            _ => None,
        });
    let rows: Vec<String> = rows.collect();
    rows.join(" and ")
}
