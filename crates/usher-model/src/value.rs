//! Any JSON, as the product sees it.

/// Any JSON value.
pub type Value = serde_json::Value;
/// A JSON object.
pub type Object = serde_json::Map<String, Value>;

/// Returns a number's shortest decimal text: `5`, `0.1`, `100000000000000000000`.
///
/// A whole number is written without a point or exponent, so that a typed id and a numeric one have
/// the same text.
#[must_use]
pub fn number_text(number: f64) -> String {
    if number == 0.0 {
        "0".to_owned()
    } else {
        number.to_string()
    }
}

/// Returns the text a value has inside a longer text: strings verbatim, numbers in shortest decimal
/// form, lists and objects as compact JSON, null as nothing.
#[must_use]
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        // Ids may be numbers that a float cannot hold.
        Value::Number(number) if !number.is_f64() => number.to_string(),
        Value::Number(number) => number
            .as_f64()
            .map_or_else(|| number.to_string(), number_text),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Returns at least as many bytes as a value's compact JSON text has: counting them would cost as
/// much as writing it.
#[must_use]
pub fn json_most(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => "false".len(),
        // Seventeen digits, a sign, a point and an exponent; whole numbers have at most twenty.
        Value::Number(_) => 25,
        Value::String(text) => text_most(text),
        Value::Array(items) => 2 + items.iter().map(|item| 1 + json_most(item)).sum::<usize>(),
        Value::Object(members) => {
            let members = members.iter();
            2 + members
                .map(|(name, value)| member_most(name, value))
                .sum::<usize>()
        }
    }
}

/// The same for a member of an object, with its colon and comma.
#[must_use]
pub fn member_most(name: &str, value: &Value) -> usize {
    2 + text_most(name) + json_most(value)
}

/// The same for text: an escaped byte takes up to six.
fn text_most(text: &str) -> usize {
    2 + 6 * text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_have_their_shortest_decimal_text() {
        assert_eq!(number_text(5.0), "5");
        assert_eq!(number_text(-0.0), "0");
        assert_eq!(number_text(0.1), "0.1");
        assert_eq!(number_text(1e20), "100000000000000000000");
    }

    #[test]
    fn values_have_the_text_of_a_template() {
        assert_eq!(text(&json!(null)), "");
        assert_eq!(text(&json!("a b")), "a b");
        assert_eq!(text(&json!(2.50)), "2.5");
        assert_eq!(text(&json!(9_007_199_254_740_993_i64)), "9007199254740993");
        assert_eq!(text(&json!(u64::MAX)), "18446744073709551615");
        assert_eq!(text(&json!(true)), "true");
        assert_eq!(text(&json!(["a", 1])), r#"["a",1]"#);
    }
}
