//! Text of the expression language to trees and mistakes.

use serde_json::{Value, json};
use usher_policy::syntax::{Expression, Kind, UnaryOperator};
use usher_policy::{lexer, parser, print};

use crate::corpus;

/// Writes a tree with every bracket, so that a table shows what binds to what.
fn bracketed(expression: &Expression) -> String {
    let all = |items: &[Expression], separator: &str| {
        let items: Vec<String> = items.iter().map(bracketed).collect();
        items.join(separator)
    };
    match &expression.kind {
        Kind::Literal(_) | Kind::Attribute(_) => print::print(expression),
        Kind::List(items) => format!("[{}]", all(items, ", ")),
        Kind::And(items) => format!("({})", all(items, " and ")),
        Kind::Or(items) => format!("({})", all(items, " or ")),
        Kind::Unary(operator, operand) => {
            let word = match operator {
                UnaryOperator::Not => "not ",
                UnaryOperator::Negate => "-",
                UnaryOperator::Plus => "+",
                UnaryOperator::SquareRoot => "sqrt ",
            };
            format!("({word}{})", bracketed(operand))
        }
        Kind::Binary(operator, left, right) => format!(
            "({} {} {})",
            bracketed(left),
            operator.as_str(),
            bracketed(right)
        ),
        Kind::Call(name, arguments) => format!("{name}({})", all(arguments, ", ")),
    }
}

fn answer(case: &Value) -> Value {
    let text = case["text"].as_str().unwrap();
    let (tree, diagnostics) = parser::parse(text);
    let mut found = json!({ "text": text });
    if let Some(tree) = tree {
        found["tree"] = json!(bracketed(&tree));
        found["printed"] = json!(print::print(&tree));
    }
    if lexer::normalize_quotes(text) != text {
        found["saved"] = json!(lexer::normalize_quotes(text));
    }
    if !diagnostics.is_empty() {
        found["mistakes"] = corpus::mistakes(&diagnostics, |_| Some(text));
    }
    found
}

#[test]
fn expressions_are_read_as_the_table_says() {
    corpus::compare("parse.json", answer);
}

#[test]
fn nesting_is_bounded_by_its_limit_whatever_nests() {
    let depth = usher_model::limits::EXPRESSION_DEPTH_MAX;
    let shapes: [fn(usize) -> String; 7] = [
        |depth| format!("{}true{}", "(".repeat(depth), ")".repeat(depth)),
        |depth| format!("{}1{} == 1", "[".repeat(depth), "]".repeat(depth)),
        |depth| format!("{}1{}", "f(".repeat(depth), ")".repeat(depth)),
        |depth| format!("{}true", "not ".repeat(depth)),
        |depth| format!("{}1", "-".repeat(depth)),
        |depth| format!("1{}", " ^ 1".repeat(depth)),
        |depth| format!("1{}", " + 1".repeat(depth + 1)),
    ];
    for shape in shapes {
        let (tree, diagnostics) = parser::parse(&shape(depth));
        assert!(tree.is_some(), "{} {diagnostics:?}", shape(depth));
        let (tree, diagnostics) = parser::parse(&shape(depth + 1));
        assert!(tree.is_none(), "{}", shape(depth + 1));
        assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
        assert_eq!(diagnostics[0].code.as_str(), "TOO_LONG");
        assert!(parser::parse(&shape(2_000)).0.is_none());
    }
}

#[test]
fn length_is_bounded_by_its_limit() {
    let length = usher_model::limits::EXPRESSION_CHARS_MAX;
    let text = |length: usize| format!("'{}' == a.b", "ä".repeat(length - 9));
    assert!(parser::parse(&text(length)).0.is_some());
    let (tree, diagnostics) = parser::parse(&text(length + 1));
    assert!(tree.is_none());
    assert_eq!(
        diagnostics[0].to_string(),
        "found an expression of 16385 characters, expected at most 16384"
    );
}

#[test]
fn long_chains_of_and_are_not_nesting() {
    let text = vec!["a.b"; 2_000].join(" and ");
    assert!(parser::parse(&text).0.is_some());
}
