//! A realistic workload: from the directory that `USHER_POLICY_DATA` names, if it is set, with
//! every expected winner.

use std::path::PathBuf;

use usher_model::time::Timestamp;
use usher_policy::compile::PolicySet;
use usher_policy::document::Policy;
use usher_policy::document::read::read_import;
use usher_policy::explain::{Status, explain};
use usher_policy::facts::Facts;
use usher_policy::options::Options;
use usher_policy::run::run;

fn read(name: &str) -> Option<String> {
    let directory = PathBuf::from(std::env::var_os("USHER_POLICY_DATA")?);
    Some(std::fs::read_to_string(directory.join(name)).unwrap())
}

fn check(count: usize) {
    let Some(file) = read(&format!("policies-{count}.json")) else {
        return;
    };
    let (drafts, diagnostics) = read_import(file.as_bytes());
    assert!(diagnostics.iter().all(|diagnostic| !diagnostic.is_error()));
    let policies: Vec<Policy> = drafts
        .into_iter()
        .map(|draft| draft.into_policy(|| panic!("an id"), || panic!("a name")))
        .collect();
    assert_eq!(policies.len(), count);
    let set = PolicySet::compile(policies, &Options::standard());
    let requests = read(&format!("requests-{count}.jsonl")).unwrap();
    let expected: Vec<i64> =
        serde_json::from_str(&read(&format!("expected-{count}.json")).unwrap()).unwrap();
    for (index, (line, expected)) in requests.lines().zip(expected).enumerate() {
        let expected = usize::try_from(expected).ok();
        let object = serde_json::from_str(line).unwrap();
        let parsed = Facts::from_object(&set, &object);
        let read = Facts::from_json(&set, line.as_bytes()).unwrap();
        assert_eq!(parsed.as_slice(), read.as_slice());
        let decision = run(&set, &parsed, Timestamp::EPOCH, None).done().unwrap();
        let winner = decision.outcome.as_ref().map(|winner| winner.position).ok();
        assert_eq!(winner, expected, "line {index} of {count}");
        if index % 100 == 0 {
            let explanation = explain(&set, &parsed, Timestamp::EPOCH, None)
                .done()
                .unwrap();
            assert_eq!(explanation.decision(), &decision);
            let first = explanation
                .statuses()
                .position(|status| status == Status::True);
            assert_eq!(first, expected);
        }
    }
}

#[test]
fn every_expected_winner_of_the_workload_is_found() {
    for count in [10, 100, 1_000, 10_000] {
        check(count);
    }
}
