//! An explanation as a tree for people: what became of each policy, and through what.

use serde_json::Value;

/// Characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 60;

/// Returns the lines of an explanation, given as the policies of a decision record.
///
/// Policies that were not reached are one line together.
pub(super) fn lines(policies: &[Value]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut not_reached = 0;
    for policy in policies {
        if text(policy, "status") == "NOT_REACHED" {
            not_reached += 1;
        } else {
            put_policy(policy, &mut lines);
        }
    }
    if not_reached > 0 {
        lines.push(format!("…  {not_reached} below it NOT_REACHED"));
    }
    lines
}

fn put_policy(policy: &Value, lines: &mut Vec<String>) {
    let number = policy
        .get("position")
        .and_then(Value::as_u64)
        .unwrap_or_default()
        + 1;
    let status = text(policy, "status");
    let by = match text(policy, "matchedBy") {
        "EXCEPTION" => ", by an exception",
        _ => "",
    };
    lines.push(format!(
        "{number:<2} {status}{by}: {}",
        text(policy, "name")
    ));
    if status == "DISABLED" {
        return;
    }
    for (index, exception) in list(policy, "exceptions").iter().enumerate() {
        if text(exception, "status") != "NOT_EVALUATED" {
            lines.push(format!(
                "     exception {}: {}",
                index + 1,
                text(exception, "status")
            ));
            put_guard(exception, lines);
        }
    }
    put_guard(policy, lines);
    if let Some(error) = policy.get("error").filter(|error| error.is_object()) {
        let attribute = match text(error, "attribute") {
            "" => String::new(),
            attribute => format!(" at {attribute}"),
        };
        lines.push(format!(
            "   ! {}: {}{attribute}",
            text(error, "code"),
            text(error, "message")
        ));
        for problem in list(error, "problems") {
            lines.push(format!(
                "   ! {}: {}",
                text(problem, "path"),
                text(problem, "message")
            ));
        }
    }
}

fn put_guard(guard: &Value, lines: &mut Vec<String>) {
    for condition in list(guard, "conditions") {
        let rows = list(condition, "any");
        if rows.is_empty() {
            put_clause(condition, &row(condition), lines);
            continue;
        }
        put_clause(condition, "any of", lines);
        for alternative in rows {
            put_clause(alternative, &format!("  {}", row(alternative)), lines);
        }
    }
    for part in guard
        .get("expression")
        .map(|written| list(written, "parts"))
        .unwrap_or_default()
    {
        put_clause(part, text(part, "text"), lines);
    }
}

/// Writes one clause that was asked, with both sides.
fn put_clause(clause: &Value, shown: &str, lines: &mut Vec<String>) {
    let mark = match text(clause, "status") {
        "TRUE" => "✓",
        "FALSE" => "✗",
        "NOT_EVALUATED" => return,
        _ => "!",
    };
    let left = match clause.get("left") {
        _ if clause.get("leftMissing").is_some() => "  (left is missing)".to_owned(),
        Some(left) => format!("  (left is {})", short(left)),
        None => String::new(),
    };
    lines.push(format!("   {mark} {shown}{left}"));
}

fn row(row: &Value) -> String {
    let (property, operator) = (text(row, "property"), text(row, "type"));
    match row.get("value") {
        None | Some(Value::Null) => format!("{property} {operator}"),
        Some(value) => format!("{property} {operator} {}", short(value)),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE_CHARS_MAX {
        return text;
    }
    text.chars().take(VALUE_CHARS_MAX).chain(['…']).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
