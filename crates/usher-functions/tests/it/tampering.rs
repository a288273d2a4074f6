//! Authors who try to break out, or to break those who come after them.

use serde_json::{Value, json};
use usher_functions::worker::FailureKind;

use crate::harness::{Worker, evaluate, job, run};

#[test]
fn code_from_text_is_refused() {
    for expression in [
        "eval('1')",
        "(0, globalThis.eval)('1')",
        "new Function('return 1')()",
        "Function('return 1')()",
        "(() => {}).constructor('return 1')()",
        "(async () => {}).constructor('return 1')()",
        "(function* () {}).constructor('yield 1')()",
        "Object.getPrototypeOf(async function* () {}).constructor('yield 1')()",
        "Reflect.construct(Object.getPrototypeOf(Function).constructor, ['return 1'])()",
    ] {
        let ran = run(&format!(
            "async function lambda() {{ return {expression}; }}"
        ));
        let (kind, message) = ran.failure();
        assert_eq!(kind, FailureKind::Runtime, "{expression}");
        assert!(message.starts_with("EvalError"), "{expression}: {message}");
    }
}

#[test]
fn there_are_no_other_modules() {
    for name in [
        "fs",
        "node:fs",
        "child_process",
        "net",
        "../../etc/passwd",
        "lodash",
        "__proto__",
    ] {
        let found = evaluate(&format!(
            "(() => {{ try {{ return typeof require('{name}'); }} catch (error) {{ return error.code; }} }})()"
        ));
        assert_eq!(found, "MODULE_NOT_FOUND", "{name}");
    }
    for name in ["fs", "file:///etc/passwd"] {
        let ran = run(&format!(
            "async function lambda() {{ return typeof (await import('{name}')); }}"
        ));
        assert_eq!(ran.failure().0, FailureKind::Runtime, "{name}");
    }
}

#[test]
fn the_prelude_cannot_be_entered_from_within() {
    assert_eq!(
        evaluate("Object.getOwnPropertyNames(await import('usher')).join()"),
        ""
    );
}

#[test]
fn nothing_of_the_host_lies_about() {
    assert_eq!(
        evaluate(
            "[typeof host, typeof std, typeof os, typeof module, typeof exports, typeof __dirname,
              typeof WebAssembly, Object.keys(process).join(), Object.keys(globalThis).join()]"
        ),
        json!([
            "undefined",
            "undefined",
            "undefined",
            "undefined",
            "undefined",
            "undefined",
            "undefined",
            "env",
            "performance,lambda"
        ])
    );
}

#[test]
fn tampering_with_what_is_built_in_changes_neither_the_answer_nor_the_limits() {
    let ran = run("
        const nothing = () => undefined;
        JSON.stringify = () => '\"forged\"';
        JSON.parse = nothing;
        Promise.resolve = nothing;
        Promise.prototype.then = nothing;
        Promise.prototype.catch = nothing;
        globalThis.Promise = nothing;
        globalThis.Error = nothing;
        globalThis.String = nothing;
        Reflect.apply = nothing;
        Array.prototype.push = nothing;
        Array.prototype[Symbol.iterator] = nothing;
        Function.prototype.call = nothing;
        Function.prototype.apply = nothing;
        Math.max = Math.min = nothing;
        Object.defineProperty(Object.prototype, 'then', { get: nothing });
        async function lambda(input) { return { real: input.payload }; }
    ");
    assert_eq!(*ran.value(), json!({ "real": null }));
    let ran = run("
        Object.prototype.length = 0;
        Object.defineProperty(String.prototype, 'length', { value: 0 });
        Array.prototype.join = () => '';
        Date.now = () => NaN;
        function lambda() { for (let i = 0; i < 100; i++) console.info('x'.repeat(1000)); return 1; }
    ");
    assert!(ran.logs.len() <= 11);
    assert_eq!(*ran.value(), json!(1));
}

#[test]
fn a_run_leaves_nothing_behind() {
    let mut worker = Worker::start();
    let source = "
        globalThis.left ??= 0;
        left += 1;
        Array.prototype.mine = 'left';
        Object.prototype.mine = 'left';
        process.env.mine = 'left';
        console.info = () => {};
        require('lp-faas-toolbelt').Toolbelt.mine = 'left';
        function lambda() { setInterval(() => {}, 1); return left; }
    ";
    let unreached = |_: &_| panic!("nobody is called");
    for _ in 0..3 {
        let ran = worker.run(job(source, Value::Null), unreached);
        assert_eq!(*ran.value(), json!(1));
        assert!(ran.is_reusable);
    }
    let source = "function lambda() {
        return [typeof left, [].mine, ({}).mine, process.env.mine, require('lp-faas-toolbelt').Toolbelt.mine];
    }";
    let ran = worker.run(job(source, Value::Null), unreached);
    assert_eq!(*ran.value(), json!(["undefined", null, null, null, null]));
}
