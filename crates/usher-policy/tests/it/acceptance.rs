//! The acceptance table of the routing policies, row by row.

use serde_json::{Value, json};
use usher_model::id::PolicyId;
use usher_model::time::Timestamp;
use usher_policy::compile::PolicySet;
use usher_policy::document::Policy;
use usher_policy::document::read::read;
use usher_policy::explain::{Explanation, Status, explain};
use usher_policy::facts::{Fact, Facts, Failure};
use usher_policy::options::Options;
use usher_policy::run::{MatchedBy, NoMatch, Step, run};

/// Returns an enabled policy with this guard that transfers to the skill `skill`.
fn policy(id: &str, guard: &Value, skill: &str) -> Policy {
    let mut document = json!({
        "id": id,
        "name": id,
        "enabled": true,
        "actions": [transfer(skill)],
    });
    let guard = match guard {
        Value::String(expression) => ("expression", json!(expression)),
        rows => ("conditions", rows.clone()),
    };
    document[guard.0] = guard.1;
    read_policy(&document)
}

fn read_policy(document: &Value) -> Policy {
    let (draft, _) = read(document);
    draft.into_policy(
        || PolicyId::parse("legacy").unwrap(),
        || "legacy".to_owned(),
    )
}

fn transfer(skill: &str) -> Value {
    json!({ "type": "TRANSFER_TO_SKILL", "payload": { "skillId": skill } })
}

fn row(property: &str, operator: &str, value: Value) -> Value {
    let mut row = json!({ "property": property, "type": operator });
    row["value"] = value;
    json!([row])
}

fn always(id: &str, skill: &str) -> Policy {
    policy(id, &json!("true"), skill)
}

/// What came of a run: the skill of the winner's first action, or the reason why there is none; and
/// the status of each policy.
#[derive(Debug, PartialEq)]
struct Seen {
    skill: Result<String, NoMatch>,
    statuses: Vec<&'static str>,
}

fn see(policies: &[Policy], context: &Value, now: &str) -> Seen {
    let set = PolicySet::compile(policies.to_vec(), &Options::standard());
    let facts = Facts::from_object(&set, context.as_object().unwrap());
    let now = Timestamp::parse(now).unwrap();
    seen(&explain(&set, &facts, now, None).done().unwrap())
}

fn seen(explanation: &Explanation<'_>) -> Seen {
    let outcome = explanation.decision().outcome.as_ref();
    let skill = outcome.map(|winner| {
        let skill = &winner.actions[0].payload["skillId"];
        skill.as_str().unwrap().to_owned()
    });
    Seen {
        skill: skill.map_err(|reason| *reason),
        statuses: explanation.statuses().map(Status::as_str).collect(),
    }
}

fn won(skill: &str, statuses: &[&'static str]) -> Seen {
    Seen {
        skill: Ok(skill.to_owned()),
        statuses: statuses.to_vec(),
    }
}

fn status(guard: &Value, context: &Value) -> &'static str {
    status_at(guard, context, "2026-05-01T10:00:00Z")
}

fn status_at(guard: &Value, context: &Value, now: &str) -> &'static str {
    see(&[policy("only", guard, "1")], context, now).statuses[0]
}

const NOW: &str = "2026-05-01T10:00:00Z";

#[test]
fn row_1_of_two_policies_that_hold_the_upper_one_wins() {
    let policies = [always("upper", "1"), always("lower", "2")];
    assert_eq!(
        see(&policies, &json!({}), NOW),
        won("1", &["TRUE", "NOT_REACHED"])
    );
}

#[test]
fn row_2_a_disabled_policy_lets_the_next_one_win() {
    let mut upper = always("upper", "1");
    upper.enabled = false;
    let policies = [upper, always("lower", "2")];
    assert_eq!(
        see(&policies, &json!({}), NOW),
        won("2", &["DISABLED", "TRUE"])
    );
}

#[test]
fn row_3_without_enabled_policies_that_is_the_reason() {
    let mut disabled = always("disabled", "1");
    disabled.enabled = false;
    for policies in [vec![], vec![disabled]] {
        let found = see(&policies, &json!({}), NOW).skill;
        assert_eq!(found, Err(NoMatch::NoPoliciesEnabled));
    }
}

#[test]
fn row_4_without_a_match_that_is_the_reason() {
    let policies = [policy("only", &json!("false"), "1")];
    let found = see(&policies, &json!({}), NOW).skill;
    assert_eq!(found, Err(NoMatch::NoMatchedRules));
}

#[test]
fn row_5_a_function_that_fails_makes_its_policy_an_error_and_the_run_goes_on() {
    let upper = policy("upper", &row("custom.vip", "EQUAL", json!(true)), "1");
    let set = PolicySet::compile(vec![upper, always("lower", "2")], &Options::standard());
    let mut facts = Facts::missing(&set);
    let slot = set.slot("custom.vip").unwrap();
    facts.set(slot, Fact::Unread);
    assert_eq!(run(&set, &facts, Timestamp::EPOCH, None), Step::Need(slot));
    let failure = Failure::FunctionFailed {
        http_status: Some(400),
    };
    facts.set(slot, Fact::Failed(failure));
    let explanation = explain(&set, &facts, Timestamp::EPOCH, None)
        .done()
        .unwrap();
    assert_eq!(seen(&explanation), won("2", &["ERROR", "TRUE"]));
    let shown = explanation.render_policy(0, &|_| false).unwrap();
    assert_eq!(
        shown["error"],
        json!({
            "code": "FUNCTION_FAILED",
            "message": "the function failed",
            "attribute": "custom.vip",
            "httpStatus": 400,
        })
    );
}

#[test]
fn row_6_a_number_against_a_text_is_invalid_and_the_run_goes_on() {
    let upper = policy("upper", &row("a.b", "EQUAL", json!(5)), "1");
    let policies = [upper, always("lower", "2")];
    let found = see(&policies, &json!({ "a": { "b": "five" } }), NOW);
    assert_eq!(found, won("2", &["INVALID", "TRUE"]));
}

#[test]
fn row_7_a_variable_is_found_in_a_list_attribute() {
    let guard = row(
        "orchestrator.phoneNumber",
        "IS_IN",
        json!("{{custom.list}}"),
    );
    let context =
        json!({ "orchestrator": { "phoneNumber": "2" }, "custom": { "list": ["1", "2"] } });
    assert_eq!(status(&guard, &context), "TRUE");
}

#[test]
fn row_8_the_bound_of_24_hours_is_within() {
    let property = "conversation.minutesSincePreviousMessage";
    let guard = row(property, "LESS_THAN_OR_EQUAL", json!(1440));
    let context = |minutes| json!({ "conversation": { "minutesSincePreviousMessage": minutes } });
    assert_eq!(status(&guard, &context(1440)), "TRUE");
    assert_eq!(status(&guard, &context(1441)), "FALSE");
}

fn with_exception(exception: &str, root: &str) -> Policy {
    read_policy(&json!({
        "id": "p", "name": "p", "enabled": true,
        "expression": root,
        "actions": [transfer("root")],
        "exception": { "expression": exception, "actions": [transfer("exception")] },
    }))
}

#[test]
fn rows_9_to_11_an_exception_outranks_the_root() {
    for (exception, root, skill) in [
        ("true", "false", "exception"),
        ("true", "true", "exception"),
        ("false", "true", "root"),
    ] {
        let found = see(&[with_exception(exception, root)], &json!({}), NOW);
        assert_eq!(found, won(skill, &["TRUE"]), "{exception} {root}");
    }
    let set = PolicySet::compile(vec![with_exception("true", "true")], &Options::standard());
    let decision = run(&set, &Facts::missing(&set), Timestamp::EPOCH, None)
        .done()
        .unwrap();
    assert_eq!(
        decision.outcome.unwrap().matched_by,
        MatchedBy::Exception(0)
    );
}

#[test]
fn a_faulty_exception_drops_its_policy() {
    let policies = [with_exception("a.b == 5", "true"), always("lower", "2")];
    let found = see(&policies, &json!({ "a": { "b": "x" } }), NOW);
    assert_eq!(found, won("2", &["INVALID", "TRUE"]));
}

#[test]
fn an_exception_may_require_the_root() {
    let mut policy = with_exception("true", "a.b == 1");
    policy.exceptions[0].requires_root = true;
    let policies = [policy, always("lower", "2")];
    let skill = |value| see(&policies, &json!({ "a": { "b": value } }), NOW).skill;
    assert_eq!(skill(1), Ok("exception".to_owned()));
    assert_eq!(skill(2), Ok("2".to_owned()));
}

#[test]
fn row_12_a_missing_variable_is_not_equal() {
    assert_eq!(
        status(&row("a.b", "NOT_EQUAL", json!("x")), &json!({})),
        "TRUE"
    );
}

#[test]
fn rows_14_and_15_a_time_range_ends_with_its_last_second() {
    let guard = json!("isTimeRange('09:00:00', '18:00:00', 'Australia/Sydney')");
    assert_eq!(
        status_at(&guard, &json!({}), "2026-05-01T08:00:00Z"),
        "TRUE"
    );
    assert_eq!(
        status_at(&guard, &json!({}), "2026-05-01T08:00:01Z"),
        "FALSE"
    );
}

#[test]
fn row_16_a_date_range_of_one_day_holds_on_that_local_date() {
    let guard = json!("isDateRange('09/04/21', '09/04/21', 'Australia/Sydney')");
    assert_eq!(
        status_at(&guard, &json!({}), "2021-09-03T14:00:00Z"),
        "TRUE"
    );
    assert_eq!(
        status_at(&guard, &json!({}), "2021-09-04T14:00:00Z"),
        "FALSE"
    );
}

#[test]
fn row_17_a_range_past_midnight_belongs_to_the_day_it_opened() {
    let guard = json!("isTimeRange('22:00:00', '06:00:00', 'UTC', ['FRI'])");
    assert_eq!(
        status_at(&guard, &json!({}), "2026-05-02T05:00:00Z"),
        "TRUE"
    );
    assert_eq!(
        status_at(&guard, &json!({}), "2026-05-01T05:00:00Z"),
        "FALSE"
    );
}

#[test]
fn row_18_a_boolean_and_its_text_are_equal() {
    let context = json!({ "custom": { "flag": "True" } });
    assert_eq!(status(&json!("custom.flag == true"), &context), "TRUE");
}

#[test]
fn row_19_bars_join_texts() {
    let context = json!({ "ns": { "a": "ab", "x": "a", "y": "b" } });
    assert_eq!(status(&json!("ns.a == (ns.x || ns.y)"), &context), "TRUE");
}

#[test]
fn row_20_a_numeric_text_is_a_number_in_arithmetic() {
    let context = json!({ "ns": { "a": 4, "b": "5" } });
    assert_eq!(status(&json!("(ns.a + ns.b) > 8"), &context), "TRUE");
}

#[test]
fn row_21_nothing_is_in_a_list_that_is_missing() {
    let context = json!({ "ns": { "a": "x" } });
    assert_eq!(status(&json!("ns.a in custom.list"), &context), "FALSE");
}

#[test]
fn row_22_a_guard_that_is_a_number_is_invalid() {
    assert_eq!(status(&json!("2 + 2"), &json!({})), "INVALID");
}

#[test]
fn row_22a_a_text_is_found_in_a_list_of_numbers() {
    let guard = row(
        "orchestrator.phoneNumber",
        "IS_IN",
        json!([1111, 2222, 3333, 4444]),
    );
    let context = |number: &str| json!({ "orchestrator": { "phoneNumber": number } });
    assert_eq!(status(&guard, &context("1111")), "TRUE");
    assert_eq!(status(&guard, &context("1111.0")), "FALSE");
}

#[test]
fn row_23_an_action_without_its_skill_drops_its_policy() {
    let policies = [
        policy("upper", &json!("true"), "{{custom.skill}}"),
        always("lower", "2"),
    ];
    assert_eq!(
        see(&policies, &json!({}), NOW),
        won("2", &["ERROR", "TRUE"])
    );
    let context = json!({ "custom": { "skill": 7 } });
    assert_eq!(
        see(&policies, &context, NOW),
        won("7", &["TRUE", "NOT_REACHED"])
    );
}

#[test]
fn a_request_for_one_policy_tries_no_other() {
    let mut disabled = always("disabled", "3");
    disabled.enabled = false;
    let policies = vec![always("upper", "1"), always("lower", "2"), disabled];
    let set = PolicySet::compile(policies, &Options::standard());
    let facts = Facts::missing(&set);
    let outcome = |id: &str| {
        let id = PolicyId::parse(id).unwrap();
        let decision = run(&set, &facts, Timestamp::EPOCH, Some(&id))
            .done()
            .unwrap();
        decision.outcome.map(|winner| winner.position)
    };
    assert_eq!(outcome("lower"), Ok(1));
    assert_eq!(outcome("disabled"), Err(NoMatch::NoPoliciesEnabled));
    assert_eq!(outcome("absent"), Err(NoMatch::NoPoliciesEnabled));
}

#[test]
fn an_explanation_shows_both_sides_and_hides_what_is_sensitive() {
    let guard = json!([
        { "property": "a.tier", "type": "EQUAL", "value": "gold" },
        { "any": [
            { "property": "a.phone", "type": "EQUAL", "value": "{{a.other}}" },
            { "property": "a.gone", "type": "EQUAL", "value": "x" },
        ] },
        { "property": "a.tier", "type": "EQUAL", "value": "never asked" },
    ]);
    let set = PolicySet::compile(vec![policy("p", &guard, "1")], &Options::standard());
    let context = json!({ "a": { "tier": "gold", "phone": "123", "other": "x".repeat(3_000) } });
    let facts = Facts::from_object(&set, context.as_object().unwrap());
    let explanation = explain(&set, &facts, Timestamp::EPOCH, None)
        .done()
        .unwrap();
    let is_sensitive =
        |attribute: &usher_policy::attribute::Attribute| attribute.path() == "a.phone";
    let shown = explanation.render(0..5, &is_sensitive);
    assert_eq!(shown.len(), 1);
    let rows = shown[0]["conditions"].as_array().unwrap();
    let of = |row: &Value| json!([row["status"], row["left"], row["right"]]);
    assert_eq!(of(&rows[0]), json!(["TRUE", "gold", "gold"]));
    assert_eq!(rows[1]["status"], "FALSE");
    let alternatives = rows[1]["any"].as_array().unwrap();
    assert_eq!(alternatives[0]["left"], "***");
    let other = alternatives[0]["right"].as_str().unwrap();
    assert_eq!(
        other.chars().count(),
        2_049,
        "2,048 characters and a sign that more were there"
    );
    assert_eq!(alternatives[1]["leftMissing"], true);
    assert_eq!(of(&rows[2]), json!(["NOT_EVALUATED", null, null]));
    assert_eq!(shown[0]["variables"]["a.phone"], "***");
    assert_eq!(shown[0]["variables"]["a.gone"], Value::Null);
}

#[test]
fn an_explained_expression_says_which_part_excluded_the_policy() {
    let guard = json!("a.x == 1 and (a.x + a.y) > 10 and a.z == 2");
    let set = PolicySet::compile(vec![policy("p", &guard, "1")], &Options::standard());
    let context = json!({ "a": { "x": 1, "y": 2 } });
    let facts = Facts::from_object(&set, context.as_object().unwrap());
    let explanation = explain(&set, &facts, Timestamp::EPOCH, None)
        .done()
        .unwrap();
    let shown = explanation.render_policy(0, &|_| false).unwrap();
    let parts = shown["expression"]["parts"].as_array().unwrap();
    assert_eq!(parts[1]["text"], "(a.x + a.y) > 10");
    assert_eq!(
        json!([parts[1]["status"], parts[1]["left"], parts[1]["right"]]),
        json!(["FALSE", 3, 10])
    );
    assert_eq!(parts[2]["status"], "NOT_EVALUATED");
}

#[test]
fn an_id_with_a_part_that_is_missing_is_unresolved() {
    let policies = [always("upper", "desk-{{a.language}}"), always("lower", "2")];
    assert_eq!(
        see(&policies, &json!({"a": {"language": "de"}}), NOW),
        won("desk-de", &["TRUE", "NOT_REACHED"])
    );
    assert_eq!(
        see(&policies, &json!({}), NOW),
        won("2", &["ERROR", "TRUE"])
    );
}
