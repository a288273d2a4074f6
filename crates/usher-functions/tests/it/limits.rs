//! Each bound of a run, at it and past it. What the parent has to kill is tested elsewhere.

use serde_json::{Value, json};
use usher_functions::worker::{FailureKind, Limits, LogLevel};

use crate::harness::{Ran, Worker, job, run};

fn run_with(limits: Limits, source: &str) -> Ran {
    let mut job = job(source, Value::Null);
    job.limits = limits;
    Worker::start().run(job, |_| Ok(Value::Null))
}

#[test]
fn an_endless_loop_is_stopped_by_its_processor_time() {
    for source in [
        "function lambda() { while (true) {} }",
        "async function lambda() { while (true) { await null; } }",
        "while (true) {}; function lambda() { return 1; }",
        "function lambda() { try { while (true) {} } catch { return 1; } finally { while (true) {} } }",
        "function lambda() { return { toJSON() { while (true) {} } }; }",
        "function lambda() { [3, 2, 1].sort(() => { while (true) {} }); }",
        "function lambda(input, callback) { /(a+)+$/.test('a'.repeat(40) + 'b'); callback(null); }",
    ] {
        let limits = Limits {
            cpu_ms: 50,
            ..Limits::STANDARD
        };
        let ran = run_with(limits, source);
        assert_eq!(
            ran.failure(),
            (
                FailureKind::Time,
                "the function used its 50 ms of processor time"
            ),
            "{source}"
        );
        assert!(!ran.is_reusable, "{source}");
    }
}

#[test]
fn memory_is_bounded() {
    let limits = Limits {
        memory_bytes: 32 << 20,
        ..Limits::STANDARD
    };
    for source in [
        "function lambda() { return new ArrayBuffer(1 << 30).byteLength; }",
        "function lambda() { const all = []; while (true) all.push(new Array(1000).fill(all.length)); }",
        "function lambda() { let text = 'x'; while (true) text += text + Math.random(); }",
        "function lambda() { return 'x'.repeat(2 ** 29).length + 'y'.padStart(2 ** 29).length; }",
        "function lambda() { const map = new Map(); for (let i = 0; ; i++) map.set(i, {}); }",
        "function lambda() { return JSON.parse('[' + '1,'.repeat(1 << 24) + '1]').length; }",
    ] {
        let ran = run_with(limits, source);
        let (kind, message) = ran.failure();
        assert_eq!(kind, FailureKind::Runtime, "{source}: {message}");
        assert!(!ran.is_reusable, "{source}: {message}");
    }
}

#[test]
fn deep_recursion_is_an_error_that_can_be_caught() {
    let ran = run("function lambda() { const down = () => down() + 1; return down(); }");
    let (kind, message) = ran.failure();
    assert_eq!(kind, FailureKind::Runtime);
    assert!(message.contains("call stack"), "{message}");
    let ran = run("function lambda() {
        const down = (n) => { try { return down(n + 1); } catch { return n; } };
        return down(0) > 100;
    }");
    assert_eq!(*ran.value(), json!(true));
    for source in [
        "function lambda() { return JSON.parse('['.repeat(1e6) + ']'.repeat(1e6)); }",
        "function lambda() { return new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).source.length; }",
        "function lambda() { let a = []; for (let i = 0; i < 1e6; i++) a = [a]; return a; }",
    ] {
        assert_eq!(run(source).failure().0, FailureKind::Runtime, "{source}");
    }
}

#[test]
fn the_result_is_bounded() {
    let limits = Limits {
        output_bytes: 1_000,
        ..Limits::STANDARD
    };
    let source = |length| format!("function lambda() {{ return 'x'.repeat({length}); }}");
    assert!(run_with(limits, &source(998)).result.is_ok());
    assert_eq!(
        run_with(limits, &source(999)).failure(),
        (
            FailureKind::Runtime,
            "the result has 1001 bytes of JSON, at most 1000 are allowed"
        )
    );
    let source = |length| {
        format!(
            "async function lambda() {{
                const {{ Toolbelt }} = require('lp-faas-toolbelt');
                await Toolbelt.SecretClient().updateSecret({{ key: 'k', value: 'x'.repeat({length}) }});
                return 1;
            }}"
        )
    };
    assert!(run_with(limits, &source(900)).result.is_ok());
    let ran = run_with(limits, &source(1_000));
    assert!(ran.failure().1.contains("arguments are too large"));
    assert_eq!(ran.calls, []);
}

#[test]
fn log_entries_and_their_characters_are_bounded() {
    let source = |count: u32, words: &str| {
        format!(
            "function lambda() {{ for (let i = 0; i < {count}; i++) console.info({words}); return 1; }}"
        )
    };
    assert_eq!(run(&source(10, "'a'")).logs.len(), 10);
    let ran = run(&source(1_000, "'a'"));
    assert_eq!(ran.logs.len(), 11);
    assert_eq!(ran.logs[10].level, LogLevel::Error);
    assert!(ran.logs[10].message.starts_with("log limit reached"));
    assert_eq!(run(&source(2, "'é'.repeat(3000)")).logs.len(), 2);
    let ran = run(&source(2, "'é'.repeat(3000), 1"));
    assert_eq!(ran.logs.len(), 2);
    assert_eq!(ran.logs[1].level, LogLevel::Error);
    assert_eq!(*ran.value(), json!(1));
}

#[test]
fn calls_that_wait_and_calls_in_all_are_bounded() {
    let limits = Limits {
        calls_open: 3,
        calls: 5,
        ..Limits::STANDARD
    };
    let storm = |count: u32| {
        format!(
            "async function lambda() {{
                const client = require('lp-faas-toolbelt').Toolbelt.SecretClient();
                const all = Array.from({{ length: {count} }}, (_, i) => client.readSecret('s' + i));
                return (await Promise.allSettled(all)).filter((one) => one.status === 'rejected').length;
            }}"
        )
    };
    let ran = run_with(limits, &storm(3));
    assert_eq!((*ran.value()).clone(), json!(0));
    let ran = run_with(limits, &storm(1_000));
    assert_eq!((*ran.value()).clone(), json!(997));
    assert_eq!(ran.calls.len(), 3);
    let ran = run_with(
        limits,
        "async function lambda() {
            const client = require('lp-faas-toolbelt').Toolbelt.SecretClient();
            let count = 0;
            try { while (true) { await client.readSecret('s'); count++; } }
            catch (error) { return [count, error.message]; }
        }",
    );
    assert_eq!(*ran.value(), json!([5, "a function makes at most 5 calls"]));
}

#[test]
fn a_storm_of_promises_is_bounded_by_memory_and_time() {
    let limits = Limits {
        memory_bytes: 32 << 20,
        cpu_ms: 2_000,
        ..Limits::STANDARD
    };
    let ran = run_with(
        limits,
        "async function lambda() {
            const more = () => { Promise.resolve().then(more); Promise.resolve().then(more); };
            more();
            await new Promise(() => {});
        }",
    );
    let (kind, message) = ran.failure();
    assert!(
        matches!(kind, FailureKind::Runtime | FailureKind::Time),
        "{message}"
    );
    assert!(!ran.is_reusable);
}
