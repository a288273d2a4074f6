//! A diagnostic as plain text for a terminal, with the source underlined.

use std::fmt::Write as _;

use super::{Diagnostic, Severity};
use crate::syntax::Span;

/// Characters of one source line that are shown; longer ones are cut around the mistake.
const LINE_CHARS_MAX: usize = 120;

/// Writes a diagnostic as `rustc` would.
///
/// `place` says which file or policy it is about. `source` is the text that stands at the
/// diagnostic's pointer, if it is text; a span outside it is not underlined.
///
/// ```text
/// error[SYNTAX]: found `=`, expected `==`
///   --> vip.json: /expression
///    |
///  1 | custom.tier = 'gold'
///    |             ^
///    = help: did you mean `==`?
/// ```
#[must_use]
pub fn render(diagnostic: &Diagnostic, place: &str, source: Option<&str>) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
    };
    let mut text = format!("{severity}[{}]: {}", diagnostic.code, diagnostic.message);
    if let Some(expected) = &diagnostic.expected {
        put(&mut text, format_args!(", expected {expected}"));
    }
    text.push('\n');
    let underlined = match (diagnostic.span, source) {
        (Some(span), Some(source)) => underline(source, span),
        _ => None,
    };
    let width = underlined.as_ref().map_or(1, |line| line.number.len());
    let separator = if place.is_empty() || diagnostic.pointer.is_empty() {
        ""
    } else {
        ": "
    };
    if !place.is_empty() || !diagnostic.pointer.is_empty() {
        let pointer = &diagnostic.pointer;
        put(
            &mut text,
            format_args!(" {:width$}--> {place}{separator}{pointer}\n", ""),
        );
    }
    if let Some(Underlined {
        number,
        line,
        marks,
    }) = underlined
    {
        put(&mut text, format_args!(" {:width$} |\n", ""));
        put(&mut text, format_args!(" {number} | {line}\n"));
        put(&mut text, format_args!(" {:width$} | {marks}\n", ""));
    }
    if let Some(suggestion) = &diagnostic.suggestion {
        put(
            &mut text,
            format_args!(" {:width$} = help: did you mean `{suggestion}`?\n", ""),
        );
    }
    text
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // INVARIANT: writing to a string does not fail.
    let written = text.write_fmt(arguments);
    debug_assert!(written.is_ok(), "a string takes any text");
}

struct Underlined {
    number: String,
    line: String,
    marks: String,
}

/// Returns the line where the span begins, and carets under the part that is in the span.
fn underline(source: &str, span: Span) -> Option<Underlined> {
    let before = source.get(..span.start)?;
    let inside = source.get(span.start..span.end)?;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = source.get(line_start..)?;
    let line = rest.lines().next().unwrap_or("");
    let number = before.matches('\n').count() + 1;
    let column = before.get(line_start..)?.chars().count();
    let marked = inside.lines().next().unwrap_or("").chars().count().max(1);
    // A long line is cut so that the mistake stays in sight.
    let cut = if line.chars().count() > LINE_CHARS_MAX {
        column.saturating_sub(LINE_CHARS_MAX / 2)
    } else {
        0
    };
    let shown: String = line
        .chars()
        .skip(cut)
        .take(LINE_CHARS_MAX)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let indent = column - cut;
    let carets = marked.min(LINE_CHARS_MAX.saturating_sub(indent).max(1));
    Some(Underlined {
        number: number.to_string(),
        line: shown,
        marks: format!("{}{}", " ".repeat(indent), "^".repeat(carets)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    #[test]
    fn the_mistake_is_underlined_in_its_line() {
        let source = "true and\ncustom.tier = 'gold'";
        let diagnostic = Diagnostic::error(Code::Syntax, "found `=`")
            .at("/expression")
            .over(Span { start: 21, end: 22 })
            .expecting("`==`")
            .suggesting(Some("=="));
        let expected = "\
error[SYNTAX]: found `=`, expected `==`
  --> vip.json: /expression
   |
 2 | custom.tier = 'gold'
   |             ^
   = help: did you mean `==`?
";
        assert_eq!(render(&diagnostic, "vip.json", Some(source)), expected);
    }

    #[test]
    fn a_span_outside_the_source_is_left_out() {
        let diagnostic = Diagnostic::warning(Code::Quotes, "typographic quotes")
            .over(Span { start: 5, end: 99 });
        assert_eq!(
            render(&diagnostic, "", Some("ä")),
            "warning[QUOTES]: typographic quotes\n"
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_mistake() {
        let source = format!("{}?{}", "a".repeat(5_000), "b".repeat(5_000));
        let diagnostic = Diagnostic::error(Code::Syntax, "found `?`").over(Span {
            start: 5_000,
            end: 5_001,
        });
        let text = render(&diagnostic, "", Some(&source));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2].chars().count(), " 1 | ".len() + LINE_CHARS_MAX);
        let column = lines[3].find('^').unwrap();
        assert_eq!(lines[2].chars().nth(column), Some('?'));
    }
}
