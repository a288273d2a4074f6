//! Any request at any endpoint: a node answers, and never with a failure of its own.
//!
//! The first line of the input is the method, the second the path and query, the rest the body. The
//! node lives as long as the process, so requests meet what earlier ones have left.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "the tests of the API use the rest")]
#[path = "../../crates/usher-api/tests/it/harness.rs"]
mod harness;
#[path = "../../crates/usher-api/tests/it/corpus.rs"]
mod corpus;

use harness::Node;

struct Fuzzed {
    runtime: tokio::runtime::Runtime,
    node: Node,
    api_key: String,
}

fn fuzzed() -> &'static Fuzzed {
    static FUZZED: OnceLock<Fuzzed> = OnceLock::new();
    FUZZED.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let (node, api_key) = runtime.block_on(async {
            let node = Node::start().await;
            let api_key = node.admin().await.api_key;
            (node, api_key)
        });
        Fuzzed {
            runtime,
            node,
            api_key,
        }
    })
}

fuzz_target!(|input: &[u8]| {
    let fuzzed = fuzzed();
    if let Some(request) = corpus::request(input, &fuzzed.api_key) {
        fuzzed
            .runtime
            .block_on(corpus::check(&fuzzed.node, request));
    }
});
