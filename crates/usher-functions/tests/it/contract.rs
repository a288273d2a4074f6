//! The published shape of a function: how it begins, answers and fails.

use serde_json::{Value, json};
use usher_functions::worker::{FailureKind, LogLevel};

use crate::harness::{Worker, evaluate, job, run};

#[test]
fn a_function_answers_by_callback_promise_or_value() {
    for source in [
        "function lambda(input, callback) { callback(null, { a: 1 }); }",
        "async function lambda(input, callback) { await null; callback(null, { a: 1 }); }",
        "function lambda(input, callback) { setTimeout(() => callback(null, { a: 1 }), 5); }",
        "function lambda(input, callback) { return callback(undefined, { a: 1 }); }",
        "function lambda(input, callback) { callback(null, { a: 1 }); callback(null, 2); throw 3; }",
        "function lambda(input, callback) { callback(null, { a: 1 }); while (true) {} }",
        "async function lambda(input) { return { a: 1 }; }",
        "const lambda = async (input) => ({ a: 1 });",
        "var lambda = function () { return { a: 1 }; }",
        "'use strict'; let lambda = () => Promise.resolve({ a: 1 });",
    ] {
        assert_eq!(*run(source).value(), json!({ "a": 1 }), "{source}");
    }
    assert_eq!(*run("function lambda() {}").value(), Value::Null);
}

#[test]
fn the_input_and_the_environment_arrive() {
    let source = "function lambda(input, callback) {
        callback(null, [input.payload.name, input.headers, process.env.BRAND_ID, typeof process.exit]);
    }";
    let ran = Worker::start().run(job(source, json!({ "name": "Zoë 😀" })), |_| unreached());
    assert_eq!(*ran.value(), json!(["Zoë 😀", [], "1234", "undefined"]));
}

fn unreached<T>() -> T {
    panic!("nobody is called")
}

#[test]
fn an_author_may_say_no() {
    for source in [
        "function lambda(input, callback) { callback(new Error('no such customer'), null); }",
        "async function lambda(input) { throw new Error('no such customer'); }",
        "function lambda(input, callback) { callback('no such customer'); }",
    ] {
        let ran = run(source);
        assert_eq!(
            ran.failure(),
            (FailureKind::Custom, "no such customer"),
            "{source}"
        );
        assert!(ran.is_reusable);
    }
}

#[test]
fn a_crash_says_where() {
    let ran = run("async function lambda(input) {\n  await null;\n  return missing.field;\n}");
    assert_eq!(
        ran.failure(),
        (
            FailureKind::Runtime,
            "ReferenceError: missing is not defined"
        )
    );
    let stack = ran.result.unwrap_err().stack.unwrap();
    assert!(stack.contains("function.js:3:"), "{stack}");
    let ran = run("function lambda(input, callback) {\n  callback(null, 1;\n}");
    let (kind, message) = ran.failure();
    assert_eq!(kind, FailureKind::Runtime);
    assert!(message.starts_with("SyntaxError"), "{message}");
}

#[test]
fn a_function_that_cannot_answer_ends_at_once() {
    let ran = run("function lambda(input, callback) { const never = 1; }");
    assert_eq!(
        ran.failure(),
        (
            FailureKind::Time,
            "the function ended without calling back or returning a value"
        )
    );
    let ran = run("function lambda(input, callback) { Promise.reject(new Error('lost')); }");
    assert_eq!(
        ran.failure(),
        (
            FailureKind::Runtime,
            "a promise was rejected and nobody cared: Error: lost"
        )
    );
    let ran = run("const other = 1;");
    assert_eq!(ran.failure().0, FailureKind::Runtime);
}

#[test]
fn only_json_is_a_result() {
    for (source, expected) in [
        ("const a = {}; a.a = a; return a;", "circular reference"),
        ("return 10n;", "BigInt"),
        ("return '\\ud800';", "not JSON that others can read"),
    ] {
        let ran = run(&format!("function lambda(input) {{ {source} }}"));
        let (kind, message) = ran.failure();
        assert_eq!(kind, FailureKind::Runtime, "{source}");
        assert!(message.contains(expected), "{source}: {message}");
    }
    assert_eq!(
        evaluate("({ a: undefined, b: new Date(0), c: [NaN] })"),
        json!({ "b": "1970-01-01T00:00:00.000Z", "c": [null] })
    );
}

#[test]
fn what_is_written_to_the_console_is_kept_in_order() {
    let ran = run("function lambda(input, callback) {
        console.debug('one');
        console.log('two', { a: 1 }, 3n);
        console.warn({ b: 2 });
        console.error(new TypeError('four'), new Error('five'));
        callback(null);
    }");
    let lines: Vec<_> = ran
        .logs
        .iter()
        .map(|entry| (entry.level, entry.message.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            (LogLevel::Debug, "one"),
            (LogLevel::Info, "two"),
            (LogLevel::Warn, "{\"b\":2}"),
            (LogLevel::Error, "TypeError: four"),
        ]
    );
    assert_eq!(ran.logs[1].extras, "[{\"a\":1},\"3\"]");
    assert!(ran.logs[3].extras.contains("\"message\":\"five\""));
    assert_eq!(*ran.value(), Value::Null);
}

#[test]
fn timers_fire_repeat_and_can_be_cleared() {
    let ran = run("function lambda(input, callback) {
        const seen = [];
        const cleared = setTimeout(() => seen.push('never'), 1);
        clearTimeout(cleared);
        const often = setInterval((word) => {
            seen.push(word);
            if (seen.length === 3) {
                clearInterval(often);
                setImmediate(() => callback(null, seen));
            }
        }, 1, 'tick');
    }");
    assert_eq!(*ran.value(), json!(["tick", "tick", "tick"]));
}
