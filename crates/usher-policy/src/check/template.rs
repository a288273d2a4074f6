//! The shape of `{{ namespace.name }}` in texts of a policy.

use crate::diagnostic::{Code, Diagnostic, quoted, record};
use crate::syntax::Span;

/// Returns the attribute if the whole text is one template: such a value keeps its type.
#[must_use]
pub fn whole(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("{{")?.strip_suffix("}}")?;
    let name = inner.trim();
    is_attribute(name).then_some(name)
}

/// Returns whether the text has the shape of an attribute's name: two or more parts of ASCII
/// letters, digits and `_`, joined by dots.
#[must_use]
pub fn is_attribute(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    text.contains('.') && text.split('.').all(is_part)
}

/// Calls `found` with the attribute of each template in the text, and reports the malformed ones.
pub(crate) fn scan<'a>(
    text: &'a str,
    mut found: impl FnMut(&'a str, Span),
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut at = 0;
    while let Some(offset) = text.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at + offset;
        let inside = text.get(start + 2..).unwrap_or("");
        let Some(length) = inside.find("}}") else {
            let span = Span {
                start,
                end: text.len(),
            };
            let diagnostic = Diagnostic::error(Code::BadTemplate, "found `{{` without `}}`");
            let diagnostic = diagnostic.over(span).expecting("`}}` behind the attribute");
            record(diagnostics, diagnostic);
            return;
        };
        let end = start + 2 + length + 2;
        let span = Span { start, end };
        let inner = inside.get(..length).unwrap_or("");
        if is_attribute(inner.trim()) {
            found(inner.trim(), span);
        } else {
            let message = format!("found {} between braces", quoted(inner.trim()));
            let diagnostic = Diagnostic::error(Code::BadTemplate, message)
                .over(span)
                .expecting("an attribute such as `{{custom.vipList}}`");
            record(diagnostics, diagnostic);
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_template_names_its_attribute() {
        assert_eq!(whole("{{custom.vipList}}"), Some("custom.vipList"));
        assert_eq!(whole("{{ a.b.2 }}"), Some("a.b.2"));
        for text in [
            "{{a.b}} ",
            "x{{a.b}}",
            "{{a}}",
            "{{a.b",
            "{{a.b}}{{c.d}}",
            "{{}}",
            "{{a..b}}",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn every_malformed_template_is_reported() {
        let mut names = Vec::new();
        let mut diagnostics = Vec::new();
        let text = "{{a.b}} {{ a b }} {{a}} } {{c.d}} {{e.f";
        scan(text, |name, _| names.push(name), &mut diagnostics);
        assert_eq!(names, ["a.b", "c.d"]);
        assert_eq!(diagnostics.len(), 3);
    }
}
