//! Whatever is offered wins, and nothing smaller does.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use usher_model::id::PolicyId;
use usher_model::time::Timestamp;
use usher_policy::attribute::Slot;
use usher_policy::compile::PolicySet;
use usher_policy::document::{Action, ActionKind, Condition, Guard, Operator, Policy, Row};
use usher_policy::facts::Facts;
use usher_policy::options::Options;
use usher_policy::run::{Step, run};
use usher_policy::why_not::{NotFound, WhyNot, why_not};

use crate::run_properties::{context, options, policies, row, settle, world};

const NOW: Timestamp = Timestamp::EPOCH;

fn wins(set: &PolicySet, facts: &Facts<'_>, position: usize) -> bool {
    match run(set, facts, NOW, None) {
        Step::Done(decision) => decision
            .outcome
            .is_ok_and(|winner| winner.position == position),
        Step::Need(_) => false,
    }
}

/// Checks an offer by taking it; returns how many attributes it changes.
fn check(set: &PolicySet, facts: &Facts<'_>, position: usize) -> Option<usize> {
    let policy = set.entries()[position].policy();
    match why_not(set, facts, NOW, &policy.id).unwrap() {
        WhyNot::Change(changes) => {
            assert!(!wins(set, facts, position));
            let mut changed = facts.clone();
            for change in &changes {
                assert!(!change.is_known || change.from != change.to, "{change:?}");
                let slot = set.slot(change.attribute.path()).unwrap();
                assert_eq!(facts.fact(slot).view().to_value(), change.from);
                changed.set(slot, change.to.clone());
            }
            assert!(wins(set, &changed, position), "{changes:?}");
            Some(changes.len())
        }
        WhyNot::AlreadyWins => {
            assert!(wins(set, facts, position));
            Some(0)
        }
        WhyNot::Disabled => {
            assert!(!policy.enabled);
            None
        }
        WhyNot::Invalid(_) | WhyNot::NotFound(_) => None,
    }
}

/// Policies whose rows compare whole values with constants.
fn plain_policies() -> impl Strategy<Value = Vec<Policy>> {
    let is_plain = |row: &Row| {
        let has_template = row.value.as_str().is_some_and(|text| text.contains("{{"));
        let is_about_parts = matches!(
            row.operator,
            Operator::Contains
                | Operator::NotContains
                | Operator::StartsWith
                | Operator::EndsWith
                | Operator::Matches
        );
        !has_template && !is_about_parts
    };
    let row = move || row().prop_filter("parts of texts are guessed only", is_plain);
    let condition = prop_oneof![
        4 => row().prop_map(Condition::Row),
        1 => vec(row(), 2..3).prop_map(Condition::Any),
    ];
    vec(vec(condition, 1..4), 1..4).prop_map(|guards| {
        let guards = guards.into_iter().enumerate();
        guards
            .map(|(index, conditions)| policy(index, conditions))
            .collect()
    })
}

fn policy(index: usize, conditions: Vec<Condition>) -> Policy {
    let payload = json!({"skillId": "1"}).as_object().unwrap().clone();
    Policy {
        id: PolicyId::parse(&format!("p{index}")).unwrap(),
        name: format!("policy {index}"),
        description: String::new(),
        enabled: true,
        guard: Guard::Conditions(conditions),
        actions: vec![Action {
            kind: ActionKind::TransferToSkill,
            payload,
        }],
        exceptions: Vec::new(),
    }
}

/// Values that decide the rows of `row()`.
fn pool() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!("x"),
        json!("y"),
        json!("5"),
        json!("x y 5"),
        json!(""),
        json!(0),
        json!(0.5),
        json!(1),
        json!(5),
        json!(5.5),
        json!(6),
        json!(7),
        json!(8),
        json!(["x", 5]),
        json!(["x", "y", "5", ""]),
        json!([]),
    ]
}

/// Returns whether any `count` changes to values of the pool make the policy win, and put no other
/// one at fault.
fn can_win(
    set: &PolicySet,
    facts: &mut Facts<'_>,
    first: usize,
    count: usize,
    position: usize,
    faulty: &[usize],
) -> bool {
    if count == 0 {
        let decision = run(set, facts, NOW, None).done().unwrap();
        let is_sound = decision
            .faults
            .iter()
            .all(|fault| faulty.contains(&fault.position));
        return is_sound
            && decision
                .outcome
                .is_ok_and(|winner| winner.position == position);
    }
    for index in first..set.attributes().len() {
        let slot = Slot::at(index);
        let before = facts.fact(slot).clone();
        for value in pool() {
            facts.set(slot, value);
            if can_win(set, facts, index + 1, count - 1, position, faulty) {
                return true;
            }
        }
        facts.set(slot, before);
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_is_offered_wins(policies in policies(1..8), options in options(), world in world()) {
        let set = PolicySet::compile(policies, &options);
        let object = context(&world);
        let (facts, _) = settle(&set, &object, &world, NOW, false);
        for position in 0..set.entries().len() {
            check(&set, &facts, position);
        }
    }

    #[test]
    fn nothing_smaller_than_what_is_offered_wins(
        policies in plain_policies(),
        world in world(),
    ) {
        let set = PolicySet::compile(policies, &Options::standard());
        let object = context(&world);
        let facts = Facts::from_object(&set, &object);
        let decision = run(&set, &facts, NOW, None).done().unwrap();
        let faulty: Vec<usize> = decision.faults.iter().map(|fault| fault.position).collect();
        for position in 0..set.entries().len() {
            let offered = check(&set, &facts, position);
            for count in 1..offered.unwrap_or(3).min(3) {
                let is_smaller = can_win(&set, &mut facts.clone(), 0, count, position, &faulty);
                prop_assert!(!is_smaller, "policy {position} wins with {count} changes, not {offered:?}");
            }
        }
    }
}

#[test]
fn what_cannot_be_changed_is_said() {
    let compile = |expression: &str, enabled: bool| {
        let mut policy = policy(0, Vec::new());
        policy.guard = Guard::Expression(expression.to_owned());
        policy.enabled = enabled;
        PolicySet::compile(vec![policy], &Options::standard())
    };
    let ask = |set: &PolicySet| match why_not(
        set,
        &Facts::missing(set),
        NOW,
        &PolicyId::parse("p0").unwrap(),
    ) {
        Some(WhyNot::NotFound(reason)) => format!("{reason:?}"),
        Some(WhyNot::Disabled) => "disabled".to_owned(),
        Some(WhyNot::Invalid(code)) => code.to_string(),
        Some(WhyNot::AlreadyWins) => "wins".to_owned(),
        Some(WhyNot::Change(changes)) => format!("{} changes", changes.len()),
        None => "unknown".to_owned(),
    };
    assert_eq!(ask(&compile("a.b == 1", true)), "1 changes");
    assert_eq!(ask(&compile("a.b == 1", false)), "disabled");
    assert_eq!(ask(&compile("a.b == ", true)), "SYNTAX");
    assert_eq!(ask(&compile("true", true)), "wins");
    assert_eq!(
        ask(&compile("isDateRange('01/01/71', '01/01/71', 'UTC')", true)),
        format!("{:?}", NotFound::Time)
    );
    assert_eq!(
        ask(&compile("(a.b * a.b * a.b) == 12345", true)),
        format!("{:?}", NotFound::Expression)
    );
    let set = compile("true", true);
    let absent = PolicyId::parse("absent").unwrap();
    assert_eq!(why_not(&set, &Facts::missing(&set), NOW, &absent), None);
}
