//! Any text: parsing never panics, and what is printed is read back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_policy::diagnostic::{has_error, render::render};
use usher_policy::{lexer, parser, print, rows};

fuzz_target!(|text: &str| {
    let (tree, diagnostics) = parser::parse(text);
    assert_eq!(tree.is_none(), has_error(&diagnostics));
    for diagnostic in &diagnostics {
        let span = diagnostic.span.expect("a mistake in a text has a place");
        assert!(text.get(span.start..span.end).is_some());
        drop(render(diagnostic, "fuzz", Some(text)));
    }
    let Some(tree) = tree else {
        return;
    };
    let printed = print::print(&tree);
    if printed.chars().count() > usher_model::limits::EXPRESSION_CHARS_MAX {
        return;
    }
    let (again, diagnostics) = parser::parse(&printed);
    assert_eq!(diagnostics, [], "{printed}");
    let again = again.expect("no mistake, so a tree");
    assert_eq!(print::print(&again), printed);

    // Straightening the quotes changes the text, not its meaning.
    let straight = lexer::normalize_quotes(text);
    let (straightened, _) = parser::parse(&straight);
    if let Some(straightened) = straightened {
        assert_eq!(print::print(&straightened), printed);
    }
    if let Ok(conditions) = rows::from_expression(&tree) {
        assert_eq!(rows::from_expression(&again), Ok(conditions));
    }
});
