//! What is written is read back the same.

use proptest::prelude::*;
use serde_json::Value;
use usher_model::id::PolicyId;
use usher_policy::check::catalogue::Catalogue;
use usher_policy::check::{check, normalize};
use usher_policy::document::read::{read, read_import_value};
use usher_policy::document::write::{write, write_published};
use usher_policy::document::{
    Action, ActionKind, Condition, Exception, Guard, Operator, Policy, Row, ValueType,
};
use usher_policy::options::Options;
use usher_policy::syntax::{BinaryOperator, Expression, Kind, Span, UnaryOperator};
use usher_policy::{parser, print, rows};

const NOWHERE: Span = Span { start: 0, end: 0 };

fn placed(kind: Kind) -> Expression {
    Expression {
        kind,
        span: NOWHERE,
    }
}

/// Takes the spans away, so that trees of different texts compare.
fn bare(expression: &Expression) -> Expression {
    let all = |items: &[Expression]| items.iter().map(bare).collect();
    placed(match &expression.kind {
        Kind::Literal(_) | Kind::Attribute(_) => expression.kind.clone(),
        Kind::List(items) => Kind::List(all(items)),
        Kind::And(items) => Kind::And(all(items)),
        Kind::Or(items) => Kind::Or(all(items)),
        Kind::Unary(operator, operand) => Kind::Unary(*operator, Box::new(bare(operand))),
        Kind::Binary(operator, left, right) => {
            Kind::Binary(*operator, Box::new(bare(left)), Box::new(bare(right)))
        }
        Kind::Call(name, arguments) => Kind::Call(name.clone(), all(arguments)),
    })
}

fn tree() -> impl Strategy<Value = Expression> {
    let number = prop_oneof![
        (0_u64..=1 << 53).prop_map(Value::from),
        (0.001_f64..1e12).prop_map(|number| Value::from(number.trunc() + 0.5)),
    ];
    let leaf = prop_oneof![
        number.prop_map(Kind::Literal),
        any::<bool>().prop_map(|boolean| Kind::Literal(boolean.into())),
        ".{0,6}".prop_map(|text| Kind::Literal(text.into())),
        r"['\\‘“a]{0,4}".prop_map(|text| Kind::Literal(text.into())),
        r"[a-z_]{1,4}(\.[a-zA-Z0-9_]{1,4}){1,3}".prop_map(Kind::Attribute),
    ]
    .prop_map(placed);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let some = |least: usize| prop::collection::vec(inner.clone(), least..4);
        let unary = prop_oneof![
            Just(UnaryOperator::Not),
            Just(UnaryOperator::Negate),
            Just(UnaryOperator::Plus),
            Just(UnaryOperator::SquareRoot),
        ];
        let binary = prop::sample::select(vec![
            BinaryOperator::Equal,
            BinaryOperator::NotEqual,
            BinaryOperator::Less,
            BinaryOperator::LessOrEqual,
            BinaryOperator::Greater,
            BinaryOperator::GreaterOrEqual,
            BinaryOperator::In,
            BinaryOperator::Add,
            BinaryOperator::Subtract,
            BinaryOperator::Multiply,
            BinaryOperator::Divide,
            BinaryOperator::Remainder,
            BinaryOperator::Power,
            BinaryOperator::Concatenate,
        ]);
        prop_oneof![
            some(0).prop_map(Kind::List),
            some(2).prop_map(Kind::And),
            some(2).prop_map(Kind::Or),
            (unary, inner.clone())
                .prop_map(|(operator, operand)| Kind::Unary(operator, Box::new(operand))),
            (binary, inner.clone(), inner.clone()).prop_map(|(operator, left, right)| {
                Kind::Binary(operator, Box::new(left), Box::new(right))
            }),
            ("f[a-z]{0,3}", some(0)).prop_map(|(name, arguments)| Kind::Call(name, arguments)),
        ]
        .prop_map(placed)
    })
}

fn json(depth: u32) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(Value::from("{{a.b}}")),
        Just(Value::from("EQUAL")),
    ];
    leaf.prop_recursive(depth, 40, 5, |inner| {
        let name = prop::sample::select(vec![
            "id",
            "name",
            "enabled",
            "mode",
            "conditions",
            "expression",
            "actions",
            "exception",
            "any",
            "property",
            "type",
            "value",
            "valueType",
            "payload",
            "requiresRoot",
            "policies",
            "skillId",
            "userId",
            "agentId",
            "conditoins",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            }),
        ]
    })
}

fn row() -> impl Strategy<Value = Row> {
    (
        ".{0,8}",
        prop::sample::select(Operator::ALL),
        prop::option::of(prop::sample::select(ValueType::ALL)),
        json(2),
    )
        .prop_map(|(property, operator, value_type, value)| Row {
            property,
            operator,
            value_type,
            value,
        })
}

fn guard() -> impl Strategy<Value = Guard> {
    let condition = prop_oneof![
        row().prop_map(Condition::Row),
        prop::collection::vec(row(), 0..3).prop_map(Condition::Any),
    ];
    prop_oneof![
        prop::collection::vec(condition, 1..4).prop_map(Guard::Conditions),
        ".{0,20}".prop_map(Guard::Expression),
    ]
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let kind = prop_oneof![
        prop::sample::select(ActionKind::KNOWN),
        "[A-Z]{1,5}".prop_map(ActionKind::Unknown),
    ];
    let payload = prop::collection::hash_map("[a-z]{1,5}", "(\\{\\{a\\.b\\}\\}|.{0,5})", 0..3);
    let action = (kind, payload).prop_map(|(kind, payload)| Action {
        kind,
        payload: payload
            .into_iter()
            .filter(|(name, _)| name != "text")
            .map(|(name, value)| (name, Value::from(value)))
            .collect(),
    });
    prop::collection::vec(action, 1..4)
}

fn policy() -> impl Strategy<Value = Policy> {
    let exception =
        (guard(), actions(), any::<bool>()).prop_map(|(guard, actions, requires_root)| Exception {
            guard,
            actions,
            requires_root,
        });
    let exceptions = prop::collection::vec(exception, 0..3);
    (
        ".{0,10}",
        ".{0,10}",
        any::<bool>(),
        guard(),
        actions(),
        exceptions,
    )
        .prop_map(
            |(name, description, enabled, guard, actions, exceptions)| Policy {
                id: PolicyId::parse("p1").unwrap(),
                name,
                description,
                enabled,
                guard,
                actions,
                exceptions,
            },
        )
}

proptest! {
    #[test]
    fn a_printed_tree_is_read_back(tree in tree()) {
        let text = print::print(&tree);
        let (read, diagnostics) = parser::parse(&text);
        prop_assert_eq!(&diagnostics, &vec![], "{}", text);
        prop_assert_eq!(bare(&read.unwrap()), tree, "{}", text);
    }

    #[test]
    fn any_text_is_read_without_panic_and_every_span_is_part_of_it(
        text in r"([ a-z0-9.'\\()\[\],+*=<>!|^‘’“”{}&-]|and|or|not|in|ä){0,40}",
    ) {
        let (tree, diagnostics) = parser::parse(&text);
        prop_assert_eq!(tree.is_none(), diagnostics.iter().any(|found| found.is_error()));
        for diagnostic in &diagnostics {
            let span = diagnostic.span.unwrap();
            prop_assert!(text.get(span.start..span.end).is_some());
        }
        if let Some(tree) = tree {
            let again = parser::parse(&print::print(&tree)).0.unwrap();
            prop_assert_eq!(bare(&again), bare(&tree));
            if let Ok(conditions) = rows::from_expression(&tree) {
                let mut options = Options::standard();
                options.expression_extensions = true;
                let back = rows::to_expression(&conditions, &options).unwrap();
                prop_assert_eq!(rows::from_expression(&back), Ok(conditions));
            }
        }
    }

    #[test]
    fn a_written_policy_is_read_back(policy in policy()) {
        let written = write(&policy);
        let (draft, diagnostics) = read(&written);
        prop_assert!(!diagnostics.iter().any(|found| found.is_error()), "{:?}", diagnostics);
        let read = draft.into_policy(|| PolicyId::parse("other").unwrap(), String::new);
        prop_assert_eq!(read, policy);
    }

    #[test]
    fn every_pointer_of_a_check_is_part_of_the_written_policy(policy in policy()) {
        let written = write(&policy);
        for diagnostic in check(&policy, &Options::standard(), &Catalogue::new()) {
            // What is missing is reported where it should stand, in something that is there.
            let pointer = &diagnostic.pointer;
            let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            let value = written.pointer(pointer);
            prop_assert!(value.or(written.pointer(parent)).is_some(), "{:?}", diagnostic);
            if let Some(span) = diagnostic.span {
                let text = value.and_then(Value::as_str).unwrap();
                prop_assert!(text.get(span.start..span.end).is_some(), "{:?}", diagnostic);
            }
        }
        let (block, diagnostics) = write_published(&policy);
        prop_assert_eq!(block.is_none(), !diagnostics.is_empty());
    }

    #[test]
    fn a_normalized_policy_stays_as_it_is(mut policy in policy()) {
        normalize(&mut policy);
        let once = policy.clone();
        normalize(&mut policy);
        prop_assert_eq!(policy, once);
    }

    #[test]
    fn any_json_is_read_without_panic(value in json(5)) {
        let (drafts, _) = read_import_value(&value);
        for draft in drafts {
            let policy = draft.into_policy(|| PolicyId::parse("p").unwrap(), String::new);
            let found = check(&policy, &Options::standard(), &Catalogue::new());
            prop_assert_eq!(found, check(&policy, &Options::standard(), &Catalogue::new()));
        }
    }
}
