//! Whatever the policies and the facts: the index, the explanation and the naive evaluator agree.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use usher_model::id::PolicyId;
use usher_model::time::Timestamp;
use usher_model::value::Object;
use usher_policy::compile::PolicySet;
use usher_policy::document::{
    Action, ActionKind, Condition, Exception, Guard, Operator, Policy, Row,
};
use usher_policy::explain::{Explanation, explain};
use usher_policy::facts::{Fact, Facts, Failure};
use usher_policy::options::{ContainsDirection, Options};
use usher_policy::run::{Decision, MatchedBy, Step, run};

use crate::oracle::{Answer, Oracle, Outcome, World};

/// Attributes of a context, one of them inside an object, and two functions.
pub(crate) const PATHS: &[&str] = &[
    "a.t",
    "a.u",
    "a.n",
    "b.n",
    "b.l",
    "b.o.x",
    "customerinfo.ctype",
    "custom.f",
    "custom.g",
];

fn path() -> impl Strategy<Value = &'static str> {
    select(PATHS)
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    select(vec![
        json!(true),
        json!(false),
        json!("x"),
        json!("X"),
        json!("y"),
        json!("x y"),
        json!("true"),
        json!("5"),
        json!("5.0"),
        json!(""),
        json!(5),
        json!(7),
        json!(0.5),
        json!(-1),
        json!(["x", 5]),
        json!(["5", true, "y"]),
        json!([]),
        json!({"x": 5}),
    ])
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    let answer = prop_oneof![
        8 => value().prop_map(Answer::Value),
        1 => select(vec![400, 503]).prop_map(Answer::Failed),
    ];
    vec((path(), option::weighted(0.8, answer)), PATHS.len()).prop_map(|answers| {
        let mut world = World::new();
        for (path, answer) in answers {
            let path = match path {
                "customerinfo.ctype" => "sde.visitorinfo.customerinfo.ctype",
                path => path,
            };
            // Only functions fail, and what a function answers is no object to reach into.
            match answer {
                Some(Answer::Failed(_)) if !path.starts_with("custom.") => {}
                Some(answer) => {
                    world.insert(path.to_owned(), answer);
                }
                None => {}
            }
        }
        world
    })
}

/// A row whose value mostly fits its operator.
pub(crate) fn row() -> impl Strategy<Value = Row> {
    let texts = select(vec![
        json!("x"),
        json!("y"),
        json!("5"),
        json!("x {{a.t}}"),
        json!(""),
    ]);
    let lists = select(vec![
        json!(["x", "5"]),
        json!([5, "y"]),
        json!([]),
        json!([true, 7]),
    ]);
    let references = path().prop_map(|path| json!(format!("{{{{{path}}}}}")));
    (
        path(),
        select(Operator::ALL),
        value(),
        texts,
        lists,
        references,
        0..10_u32,
    )
        .prop_map(
            |(property, operator, value, text, list, reference, choice)| {
                let value = match operator {
                    Operator::Exists | Operator::NotExists => Value::Null,
                    Operator::Matches => json!(["^x", "y$", "[0-9]+"][choice as usize % 3]),
                    _ if choice < 2 => reference,
                    Operator::IsIn | Operator::NotIn => list,
                    Operator::Contains
                    | Operator::NotContains
                    | Operator::StartsWith
                    | Operator::EndsWith => text,
                    Operator::LessThan
                    | Operator::LessThanOrEqual
                    | Operator::GreaterThan
                    | Operator::GreaterThanOrEqual => {
                        json!([5.0, 7.0, 0.5, 6.0][choice as usize % 4])
                    }
                    Operator::Equal | Operator::NotEqual => value,
                };
                Row {
                    property: property.to_owned(),
                    operator,
                    value_type: None,
                    value,
                }
            },
        )
}

fn expression() -> impl Strategy<Value = String> {
    let literal = select(vec![
        "5", "7", "0.5", "'x'", "'y'", "'5'", "true", "false", "['x', 5]", "[]", "'true'",
    ]);
    let time = select(vec![
        "isTimeRange('09:00:00', '17:00:00', 'UTC')",
        "isTimeRange('22:00:00', '06:00:00', 'Asia/Tokyo', ['THU'])",
        "isDateRange('01/01/70', '12/31/1970', 'UTC')",
        "isTimeRange(a.t, '17:00:00', 'UTC')",
    ]);
    let leaf = prop_oneof![
        4 => path().prop_map(str::to_owned),
        3 => literal.prop_map(str::to_owned),
        1 => time.prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        let binary = select(vec![
            "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%", "^", "||", "==", "==",
        ]);
        prop_oneof![
            6 => (inner.clone(), binary, inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            3 => vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            3 => vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            2 => inner.clone().prop_map(|operand| format!("(not {operand})")),
            1 => (select(vec!["-", "sqrt "]), inner.clone())
                .prop_map(|(operator, operand)| format!("({operator}{operand})")),
            1 => (select(vec!["lower", "length", "exists"]), inner.clone())
                .prop_map(|(function, operand)| format!("{function}({operand})")),
            1 => (inner.clone(), inner).prop_map(|(left, right)| format!("[{left}, {right}]")),
        ]
    })
}

fn guard() -> impl Strategy<Value = Guard> {
    let condition = prop_oneof![
        4 => row().prop_map(Condition::Row),
        1 => vec(row(), 1..4).prop_map(Condition::Any),
    ];
    prop_oneof![
        3 => vec(condition, 1..4).prop_map(Guard::Conditions),
        1 => expression().prop_map(Guard::Expression),
    ]
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let skill = select(vec![
        json!("1"),
        json!("1"),
        json!("{{a.u}}"),
        json!("{{custom.g}}"),
    ]);
    skill.prop_map(|skill| {
        let mut payload = Object::new();
        payload.insert("skillId".to_owned(), skill);
        let kind = ActionKind::TransferToSkill;
        vec![Action { kind, payload }]
    })
}

fn exception() -> impl Strategy<Value = Exception> {
    (guard(), actions(), any::<bool>()).prop_map(|(guard, actions, requires_root)| Exception {
        guard,
        actions,
        requires_root,
    })
}

pub(crate) fn policies(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Policy>> {
    let exceptions = prop_oneof![5 => Just(Vec::new()), 1 => vec(exception(), 1..3)];
    let policy = (guard(), actions(), exceptions, prop::bool::weighted(0.9));
    vec(policy, count).prop_map(|parts| {
        let parts = parts.into_iter().enumerate();
        parts
            .map(|(index, (guard, actions, exceptions, enabled))| Policy {
                id: PolicyId::parse(&format!("p{index}")).unwrap(),
                name: format!("policy {index}"),
                description: String::new(),
                enabled,
                guard,
                actions,
                exceptions,
            })
            .collect()
    })
}

pub(crate) fn options() -> impl Strategy<Value = Options> {
    any::<bool>().prop_map(|is_reversed| Options {
        expression_extensions: true,
        contains_direction: if is_reversed {
            ContainsDirection::ValueContainsAttribute
        } else {
            ContainsDirection::AttributeContainsValue
        },
        ..Options::standard()
    })
}

/// Returns the context as a request has it: functions are no part of it.
pub(crate) fn context(world: &World) -> Object {
    let mut object = Object::new();
    for (path, answer) in world {
        let Answer::Value(value) = answer else {
            continue;
        };
        if path.starts_with("custom.") {
            continue;
        }
        let mut place = Value::Object(object);
        let pointer = format!("/{}", path.replace('.', "/"));
        let mut parent = &mut place;
        for name in path.split('.') {
            parent = parent
                .as_object_mut()
                .unwrap()
                .entry(name)
                .or_insert_with(|| json!({}));
        }
        *place.pointer_mut(&pointer).unwrap() = value.clone();
        object = place.as_object().unwrap().clone();
    }
    object
}

/// Gives the facts what a function answered.
fn answer(
    facts: &mut Facts<'_>,
    set: &PolicySet,
    slot: usher_policy::attribute::Slot,
    world: &World,
) {
    let path = set.attribute(slot).unwrap().path();
    match world.get(path) {
        None => facts.set(slot, Fact::Missing),
        Some(Answer::Value(value)) => facts.set(slot, value.clone()),
        Some(Answer::Failed(status)) => {
            let failure = Failure::FunctionFailed {
                http_status: Some(*status),
            };
            facts.set(slot, Fact::Failed(failure));
        }
    }
}

/// Runs until no fact is needed any more; returns the facts and the functions that were asked for.
pub(crate) fn settle<'a>(
    set: &PolicySet,
    object: &'a Object,
    world: &World,
    now: Timestamp,
    explained: bool,
) -> (Facts<'a>, Vec<String>) {
    let mut facts = Facts::from_object(set, object);
    for slot in set.slots_of("custom") {
        facts.set(slot, Fact::Unread);
    }
    let mut calls = Vec::new();
    loop {
        let need = if explained {
            match explain(set, &facts, now, None) {
                Step::Need(slot) => Some(slot),
                Step::Done(_) => None,
            }
        } else {
            match run(set, &facts, now, None) {
                Step::Need(slot) => Some(slot),
                Step::Done(_) => None,
            }
        };
        let Some(slot) = need else {
            return (facts, calls);
        };
        calls.push(set.attribute(slot).unwrap().path().to_owned());
        answer(&mut facts, set, slot, world);
    }
}

fn check_explanation(explanation: &Explanation<'_>, expected: &Outcome) {
    for (position, (status, code)) in expected.lines.iter().enumerate() {
        let found = explanation.status(position).unwrap();
        assert_eq!(found.as_str(), *status, "policy {position}");
        let fault = explanation.fault(position);
        if let Some(code) = code {
            assert_eq!(
                fault.map(|fault| fault.code),
                Some(*code),
                "policy {position}"
            );
        }
        let is_stopped = matches!(*status, "ERROR" | "INVALID");
        assert_eq!(fault.is_some(), is_stopped, "policy {position}");
        let rendered = explanation.render_policy(position, &|_| false).unwrap();
        assert_eq!(rendered["status"], *status);
    }
}

fn check_decision(decision: &Decision<'_>, expected: &Outcome) {
    let winner = decision.outcome.as_ref().ok().map(|winner| {
        let exception = match winner.matched_by {
            MatchedBy::Root => None,
            MatchedBy::Exception(index) => Some(index),
        };
        (winner.position, exception)
    });
    assert_eq!(winner, expected.winner);
    let faulty = expected.lines.iter().enumerate();
    let faulty = faulty.filter(|(_, (status, _))| matches!(*status, "ERROR" | "INVALID"));
    let faulty: Vec<usize> = faulty.map(|(position, _)| position).collect();
    let found: Vec<usize> = decision.faults.iter().map(|fault| fault.position).collect();
    assert_eq!(found, faulty);
}

fn check(policies: &[Policy], options: &Options, world: &World, now: Timestamp) {
    let expected = Oracle::new(options, world, now).run(policies);
    let set = PolicySet::compile(policies.to_vec(), options);
    let object = context(world);
    let (facts, calls) = settle(&set, &object, world, now, false);
    assert_eq!(calls, expected.calls, "functions called by the run");
    let decision = run(&set, &facts, now, None).done().unwrap();
    check_decision(&decision, &expected);

    let (explained, calls) = settle(&set, &object, world, now, true);
    assert_eq!(calls, expected.calls, "functions called by the explanation");
    assert_eq!(explained.as_slice(), facts.as_slice());
    let explanation = explain(&set, &facts, now, None).done().unwrap();
    assert_eq!(explanation.decision(), &decision);
    check_explanation(&explanation, &expected);

    let text = serde_json::to_vec(&object).unwrap();
    let read = Facts::from_json(&set, &text).unwrap();
    assert_eq!(
        read.as_slice(),
        Facts::from_object(&set, &object).as_slice()
    );

    let only = PolicyId::parse("p0").unwrap();
    if let (Step::Done(decision), Step::Done(explanation)) = (
        run(&set, &facts, now, Some(&only)),
        explain(&set, &facts, now, Some(&only)),
    ) {
        assert_eq!(explanation.decision(), &decision);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn few_policies_run_as_they_are_written(
        policies in policies(0..4),
        options in options(),
        world in world(),
        hour in 0..48_i64,
    ) {
        check(&policies, &options, &world, Timestamp::from_milliseconds(hour * 3_600_000));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn many_policies_run_as_they_are_written(
        policies in policies(24..90),
        options in options(),
        worlds in vec(world(), 8),
    ) {
        for world in &worlds {
            check(&policies, &options, world, Timestamp::EPOCH);
            // Without what wins, the policies below it are tried too.
            let expected = Oracle::new(&options, world, Timestamp::EPOCH).run(&policies);
            if let Some((position, _)) = expected.winner {
                let (above, below) = policies.split_at(position);
                let rest = [above, below.get(1..).unwrap()].concat();
                check(&rest, &options, world, Timestamp::EPOCH);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_policy_below_many_that_do_not_hold_is_found(
        policies in policies(40..60),
        options in options(),
        world in world(),
    ) {
        // More guards than an index reads from end to end.
        let mut many = Vec::new();
        for round in 0..24 {
            for (index, policy) in policies.iter().enumerate() {
                let expected = Oracle::new(&options, &world, Timestamp::EPOCH);
                if expected.run(std::slice::from_ref(policy)).winner.is_none() {
                    let id = PolicyId::parse(&format!("p{round}-{index}")).unwrap();
                    many.push(Policy { id, ..policy.clone() });
                }
            }
        }
        many.extend(policies);
        check(&many, &options, &world, Timestamp::EPOCH);
    }
}
