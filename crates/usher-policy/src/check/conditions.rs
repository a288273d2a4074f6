//! Rows: which operator takes which type of value.

use usher_model::limits;
use usher_model::value::Value;

use super::catalogue::AttributeType;
use super::{Checker, template};
use crate::attribute::Attribute;
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::document::{Operator, Row, ValueType};

impl Checker<'_> {
    pub(super) fn row(&mut self, row: &Row) {
        if template::is_attribute(&row.property) {
            let before = self.mark();
            self.attribute(&row.property);
            self.prefix(before, || "/property".to_owned());
        } else {
            let bare = row.property.trim_matches(|character: char| {
                character.is_whitespace() || matches!(character, '{' | '}')
            });
            let suggestion = Some(bare).filter(|bare| template::is_attribute(bare));
            let found = format!("found the attribute {}", quoted(&row.property));
            let diagnostic = Diagnostic::error(Code::BadAttribute, found)
                .at("/property")
                .expecting("`namespace.name` of letters, digits and `_`")
                .suggesting(suggestion);
            self.report(diagnostic);
        }
        let before = self.mark();
        if row.operator.has_value() {
            self.value(row);
        } else if !row.value.is_null() {
            let found = format!("found a value for `{}`", row.operator.as_str());
            self.report(Diagnostic::error(Code::TypeMismatch, found).expecting("none"));
        }
        self.prefix(before, || "/value".to_owned());
    }

    fn value(&mut self, row: &Row) {
        let Some(value_type) = self.value_type(row) else {
            return;
        };
        if let Some(diagnostic) = misfit(row.operator, value_type) {
            return self.report(diagnostic);
        }
        match &row.value {
            Value::Array(items) => self.list(items),
            Value::String(pattern) if row.operator == Operator::Matches => self.regex(pattern),
            Value::String(text) => self.templates(text),
            _ => {}
        }
        self.known_type(row, value_type);
    }

    /// Returns the type of the row's value if it is the declared one, and reports it otherwise.
    fn value_type(&mut self, row: &Row) -> Option<ValueType> {
        let actual = match &row.value {
            Value::Null => {
                let found = format!("found no value for `{}`", row.operator.as_str());
                self.report(Diagnostic::error(Code::MissingField, found));
                return None;
            }
            Value::Bool(_) => ValueType::Boolean,
            Value::Number(_) => ValueType::Number,
            Value::String(text) if template::whole(text).is_some() => ValueType::Attribute,
            Value::String(_) => ValueType::String,
            Value::Array(_) => ValueType::List,
            Value::Object(_) => {
                let diagnostic = Diagnostic::error(Code::TypeMismatch, "found an object")
                    .expecting("a constant, a list or an attribute");
                self.report(diagnostic);
                return None;
            }
        };
        let declared = row.value_type.unwrap_or(actual);
        let is_same = match (declared, actual) {
            (ValueType::Channel, ValueType::String) => true,
            // The attribute is read when the policy runs, whatever type it was declared to have.
            (_, ValueType::Attribute) => true,
            _ => declared == actual,
        };
        if is_same {
            return Some(actual);
        }
        let found = match &row.value {
            Value::String(text) => format!("found the text {}", quoted(text)),
            other => format!("found {}", quoted(&other.to_string())),
        };
        let braced = row
            .value
            .as_str()
            .filter(|text| declared == ValueType::Attribute && template::is_attribute(text))
            .map(|text| format!("{{{{{text}}}}}"));
        let diagnostic = Diagnostic::error(Code::TypeMismatch, found)
            .expecting(describe(declared))
            .suggesting(braced);
        self.report(diagnostic);
        None
    }

    fn list(&mut self, items: &[Value]) {
        self.count(items.len(), limits::LIST_ITEMS_MAX, "items", "");
        if items.is_empty() {
            let diagnostic = Diagnostic::warning(Code::MissingField, "found an empty list")
                .expecting("at least one item");
            self.report(diagnostic);
        }
        for (index, item) in items.iter().enumerate() {
            let diagnostic = match item {
                Value::Bool(_) | Value::Number(_) => continue,
                Value::String(text) if !text.contains("{{") => continue,
                Value::String(text) => Diagnostic::error(
                    Code::BadTemplate,
                    format!("found a template in the list item {}", quoted(text)),
                )
                .expecting("a constant, or an attribute in place of the list"),
                Value::Null | Value::Array(_) | Value::Object(_) => Diagnostic::error(
                    Code::TypeMismatch,
                    format!("found the list item {}", quoted(&item.to_string())),
                )
                .expecting("text, a number or a boolean"),
            };
            self.report(diagnostic.at(format!("/{index}")));
        }
    }

    fn regex(&mut self, pattern: &str) {
        if pattern.contains("{{") {
            let diagnostic = Diagnostic::error(
                Code::BadTemplate,
                "found a template in a regular expression",
            )
            .expecting("a constant");
            return self.report(diagnostic);
        }
        let compiled = regex::RegexBuilder::new(pattern)
            .size_limit(limits::REGEX_BYTES_MAX)
            .build();
        let diagnostic = match compiled {
            Ok(_) => return,
            Err(regex::Error::CompiledTooBig(_)) => Diagnostic::error(
                Code::BadRegex,
                format!("found {}, which is too large", quoted(pattern)),
            )
            .expecting("a regular expression with fewer repetitions"),
            Err(error) => {
                // The library draws the pattern over several lines; its last one says what is wrong.
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or("");
                let reason = reason.strip_prefix("error: ").unwrap_or(reason);
                Diagnostic::error(
                    Code::BadRegex,
                    format!("found {}: {reason}", quoted(pattern)),
                )
                .expecting("a regular expression")
            }
        };
        self.report(diagnostic);
    }

    /// Warns of a value that the attribute, going by the catalogue, can never be compared with.
    fn known_type(&mut self, row: &Row, value_type: ValueType) {
        if self.catalogue.has_no_attributes() {
            return;
        }
        let attribute = Attribute::parse(&row.property, self.options);
        let Some(known) = self.catalogue.type_of(attribute.path()) else {
            return;
        };
        let is_list_operator = matches!(
            row.operator,
            Operator::Contains | Operator::NotContains | Operator::IsIn | Operator::NotIn
        );
        let expected = match (known, value_type) {
            (AttributeType::String, ValueType::Number) => "text",
            (AttributeType::Number, ValueType::String | ValueType::Channel) => "a number",
            (AttributeType::List, _) if !is_list_operator => {
                "`CONTAINS`, because the attribute is a list"
            }
            _ => return,
        };
        let found = format!("found {}", describe(value_type));
        self.report(Diagnostic::warning(Code::TypeMismatch, found).expecting(expected));
    }
}

/// Returns why the operator cannot take a value of this type, if it cannot.
fn misfit(operator: Operator, value_type: ValueType) -> Option<Diagnostic> {
    let is_text = matches!(value_type, ValueType::String | ValueType::Channel);
    let is_attribute = value_type == ValueType::Attribute;
    let (fits, expected) = match operator {
        Operator::Equal | Operator::NotEqual => {
            (value_type != ValueType::List, "one value, or `IS_IN`")
        }
        Operator::LessThan
        | Operator::LessThanOrEqual
        | Operator::GreaterThan
        | Operator::GreaterThanOrEqual => (
            is_attribute || value_type == ValueType::Number,
            "a number or an attribute",
        ),
        Operator::IsIn | Operator::NotIn => (
            is_attribute || value_type == ValueType::List,
            "a list or an attribute",
        ),
        Operator::Contains | Operator::NotContains | Operator::StartsWith | Operator::EndsWith => {
            (is_attribute || is_text, "text or an attribute")
        }
        Operator::Matches => (is_text, "a constant regular expression"),
        Operator::Exists | Operator::NotExists => (true, "none"),
    };
    let code = if matches!(operator, Operator::IsIn | Operator::NotIn) {
        Code::NotAList
    } else {
        Code::TypeMismatch
    };
    let found = format!("found {} for `{}`", describe(value_type), operator.as_str());
    (!fits).then(|| Diagnostic::error(code, found).expecting(expected))
}

const fn describe(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::String => "text",
        ValueType::Number => "a number",
        ValueType::Boolean => "`true` or `false`",
        ValueType::List => "a list",
        ValueType::Attribute => "an attribute in double braces",
        ValueType::Channel => "a channel",
    }
}
