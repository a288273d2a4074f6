//! What is wrong with a source, before it is deployed.
//!
//! The engine parses it and runs nothing. It is still the engine of untrusted text: a server asks a
//! worker to check.

use rquickjs::{Context, Ctx, Runtime, qjs};

use crate::lexer::{self, Token};

pub use crate::worker::diagnostic::{Diagnostic, Mistake};

/// Characters of a source.
pub const SOURCE_CHARS_MAX: usize = 100_000;

/// Bytes the engine may take to parse one source.
const PARSE_BYTES_MAX: usize = 128 << 20;
/// Bytes of stack the engine may take to parse one source.
const PARSE_STACK_BYTES_MAX: usize = 1 << 20;

/// Returns every mistake of a source; none means that it can be deployed.
#[must_use]
pub fn check(source: &str) -> Vec<Diagnostic> {
    let length = source.chars().count();
    if length > SOURCE_CHARS_MAX {
        let message =
            format!("a source has at most {SOURCE_CHARS_MAX} characters, this one has {length}");
        return vec![diagnostic(Mistake::SourceTooLong, message, (1, 1))];
    }
    if let Err(mistake) = parse(source) {
        return vec![mistake];
    }
    let tokens = lexer::tokens(source);
    let mut mistakes = forbidden(&tokens);
    match lambda(&tokens) {
        None => mistakes.push(diagnostic(
            Mistake::LambdaMissing,
            "expected a function named `lambda`: `async function lambda(input) { … }`",
            (1, 1),
        )),
        Some(found) if !answers(&tokens, &found) => mistakes.push(diagnostic(
            Mistake::AnswerMissing,
            "nothing answers: call the second parameter, `callback(null, result)`, or return a value",
            found.place,
        )),
        Some(_) => {}
    }
    mistakes
}

fn diagnostic(code: Mistake, message: impl Into<String>, (line, column): (u32, u32)) -> Diagnostic {
    Diagnostic {
        code,
        message: message.into(),
        line,
        column,
    }
}

/// Where `lambda` is defined.
struct Lambda {
    /// The index of the token after its name.
    after: usize,
    place: (u32, u32),
}

/// Finds the definition of `lambda`, as a declaration or as a variable.
fn lambda(tokens: &[Token]) -> Option<Lambda> {
    tokens.iter().zip(1_usize..).find_map(|(token, after)| {
        let is_alone = token.text == "lambda" && token.depth == 0;
        let before = tokens.get(after.checked_sub(2)?)?.text.as_str();
        let is_defined = matches!(before, "function" | "*" | "const" | "let" | "var" | ",");
        (is_alone && is_defined).then_some(Lambda {
            after,
            place: (token.line, token.column),
        })
    })
}

/// Whether anything may answer: the second parameter is used, or a value is returned.
fn answers(tokens: &[Token], lambda: &Lambda) -> bool {
    let rest = tokens.get(lambda.after..).unwrap_or_default();
    let returns = rest.windows(2).any(|pair| match pair {
        [word, next] => {
            (word.text == "return" && !matches!(next.text.as_str(), ";" | "}"))
                || (word.text == "=" && next.text == ">")
        }
        _ => false,
    });
    let Some(second) = second_parameter(rest) else {
        return returns;
    };
    returns || rest.iter().filter(|token| token.text == second).count() > 1
}

/// The name of the second parameter of the first list in brackets.
fn second_parameter(tokens: &[Token]) -> Option<&str> {
    let opening = tokens.iter().find(|token| token.text == "(")?;
    let depth = opening.depth.saturating_add(1);
    let mut after_comma = tokens
        .iter()
        .skip_while(|token| token.text != "(")
        .take_while(|token| token.text != ")" || token.depth != opening.depth)
        .skip_while(|token| token.text != "," || token.depth != depth);
    after_comma.next()?;
    after_comma.next().map(|token| token.text.as_str())
}

/// Finds what has no place in a function: code from text, and modules.
fn forbidden(tokens: &[Token]) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let is_member = before.is_some_and(|before| before.text == ".");
        let next = tokens
            .get(at.saturating_add(1))
            .map(|next| next.text.as_str());
        let is_called = next == Some("(");
        let is_key = next == Some(":");
        let message = match token.text.as_str() {
            "eval" if !is_member && !is_key => {
                "`eval` is not allowed: a function is what was checked"
            }
            "Function" if !is_member && is_called => {
                "the `Function` constructor is not allowed: a function is what was checked"
            }
            "import" if !is_member && is_called => {
                "`import` is not allowed: use `require(\"lp-faas-toolbelt\")`"
            }
            _ => continue,
        };
        let place = (token.line, token.column);
        mistakes.push(diagnostic(Mistake::ForbiddenExpression, message, place));
    }
    mistakes
}

/// Lets the engine parse a source as the script it will be run as.
fn parse(source: &str) -> Result<(), Diagnostic> {
    let failed = |error: rquickjs::Error| {
        let message = format!("the source could not be parsed: {error}");
        diagnostic(Mistake::SyntaxError, message, (1, 1))
    };
    let runtime = Runtime::new().map_err(failed)?;
    runtime.set_memory_limit(PARSE_BYTES_MAX);
    runtime.set_max_stack_size(PARSE_STACK_BYTES_MAX);
    let context = Context::full(&runtime).map_err(failed)?;
    context.with(|ctx| {
        if is_script(&ctx, source) {
            return Ok(());
        }
        let thrown = ctx.catch();
        let Some(exception) = thrown.as_exception() else {
            return Err(failed(rquickjs::Error::Exception));
        };
        let message = exception.message().unwrap_or_default();
        let place = exception.stack().as_deref().and_then(place_of);
        Err(diagnostic(
            Mistake::SyntaxError,
            message,
            place.unwrap_or((1, 1)),
        ))
    })
}

/// Whether the engine can compile the source; if not, the reason waits in the context.
fn is_script(ctx: &Ctx<'_>, source: &str) -> bool {
    // The engine wants a zero behind the last byte.
    let mut bytes = source.as_bytes().to_vec();
    bytes.push(0);
    let Ok(length) = source.len().try_into() else {
        return false;
    };
    let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
    let Ok(flags) = flags.try_into() else {
        return false;
    };
    let name = c"function.js";
    #[expect(
        unsafe_code,
        reason = "the binding has no safe way to compile without running"
    )]
    // SAFETY: the context is alive and entered, the source ends with a zero that its length does
    // not count, and what comes back is ours to free in the same context.
    unsafe {
        let compiled = qjs::JS_Eval(
            ctx.as_raw().as_ptr(),
            bytes.as_ptr().cast(),
            length,
            name.as_ptr(),
            flags,
        );
        let is_good = !qjs::JS_IsException(compiled);
        qjs::JS_FreeValue(ctx.as_raw().as_ptr(), compiled);
        is_good
    }
}

/// The line and column in the first line of a stack, which ends with `file:line:column`.
fn place_of(stack: &str) -> Option<(u32, u32)> {
    let line = stack.lines().next()?.trim_end_matches(')');
    let mut parts = line.rsplit(':');
    let column = parts.next()?.trim().parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some((line, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<(Mistake, u32, u32)> {
        let mistakes = check(source);
        let places = mistakes.iter().map(|one| (one.code, one.line, one.column));
        places.collect()
    }

    #[test]
    fn a_source_that_answers_is_good() {
        for source in [
            "function lambda(input, callback) { callback(null, 1); }",
            "async function lambda(input) { return input.payload; }",
            "const lambda = async (input) => input.payload;",
            "const { Toolbelt } = require('lp-faas-toolbelt');\nlet lambda = function (i, done) { work(done) }",
            "function lambda(input, callback) { input.then(callback) }\n// eval(\nconst x = 'eval(1)';",
            "async function lambda({ payload }, cb) { const re = /['\"]/; cb(null, re.test(payload)) }",
        ] {
            assert_eq!(found(source), [], "{source}");
        }
    }

    #[test]
    fn a_mistake_has_its_place() {
        assert_eq!(
            found("function lambda(input, callback) {\n  callback(null, 1;\n}"),
            [(Mistake::SyntaxError, 2, 19)]
        );
        assert_eq!(found("const a = 1;"), [(Mistake::LambdaMissing, 1, 1)]);
        assert_eq!(
            found("\n function lambda(input, callback) { work(); return; }"),
            [(Mistake::AnswerMissing, 2, 11)]
        );
    }

    #[test]
    fn code_from_text_and_modules_are_forbidden() {
        let source =
            "function lambda() {\n return eval('1') + new Function('return 1')() + import('fs') }";
        assert_eq!(
            found(source),
            [
                (Mistake::ForbiddenExpression, 2, 9),
                (Mistake::ForbiddenExpression, 2, 25),
                (Mistake::ForbiddenExpression, 2, 50),
            ]
        );
        assert_eq!(
            found("function lambda() { return x.eval(1) + { eval: 1 } }"),
            []
        );
    }

    #[test]
    fn a_source_has_a_bound() {
        let tail = "function lambda() { return 1 }";
        let fill = |length: usize| format!("{}{tail}", "\n".repeat(length - tail.len()));
        assert_eq!(found(&fill(SOURCE_CHARS_MAX)), []);
        assert_eq!(
            found(&fill(SOURCE_CHARS_MAX + 1)),
            [(Mistake::SourceTooLong, 1, 1)]
        );
    }

    #[test]
    fn parsing_is_bounded() {
        let deep = format!("{}1{}", "(".repeat(40_000), ")".repeat(40_000));
        assert!(!check(&format!("function lambda() {{ return {deep} }}")).is_empty());
    }
}
