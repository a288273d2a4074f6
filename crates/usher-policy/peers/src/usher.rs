//! Usher's own engine.

use usher_model::time::Timestamp;
use usher_policy::compile::PolicySet;
use usher_policy::explain::explain;
use usher_policy::facts::Facts;
use usher_policy::options::Options;
use usher_policy::run::{Decision, run};

use crate::Contender;
use crate::workload::{Request, Workload};

pub(crate) const PARSED: &str = "Usher";
const TEXT: &str = "Usher, from the text";
pub(crate) const EXPLAINED: &str = "Usher, explained";

const NOW: Timestamp = Timestamp::EPOCH;

/// Returns the engine as it decides, from a parsed context and from its text, and as it explains.
pub(crate) fn contenders(workload: &Workload) -> [Contender<'_>; 3] {
    let compile = || PolicySet::compile(workload.policies.clone(), &Options::standard());
    let (plain, reading, explaining) = (compile(), compile(), compile());
    let decide = move |request: &Request| {
        let facts = Facts::from_object(&plain, &request.object);
        winner(&run(&plain, &facts, NOW, None).done()?)
    };
    let read = move |request: &Request| {
        let facts = Facts::from_json(&reading, request.text.as_bytes()).expect("JSON");
        winner(&run(&reading, &facts, NOW, None).done()?)
    };
    let explain = move |request: &Request| {
        let facts = Facts::from_object(&explaining, &request.object);
        winner(explain(&explaining, &facts, NOW, None).done()?.decision())
    };
    [
        Contender {
            name: PARSED,
            decide: Box::new(decide),
        },
        Contender {
            name: TEXT,
            decide: Box::new(read),
        },
        Contender {
            name: EXPLAINED,
            decide: Box::new(explain),
        },
    ]
}

fn winner(decision: &Decision<'_>) -> Option<usize> {
    let winner = decision.outcome.as_ref().ok()?;
    Some(winner.position)
}
