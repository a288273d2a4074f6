//! What a decision costs: from a parsed context, from its text, with its explanation; and what
//! compiling costs.
//!
//! The workload is read from the directory that `USHER_POLICY_DATA` names; without it a similar
//! one is generated from a seed.
#![expect(clippy::unwrap_used, clippy::panic, reason = "bench code")]

#[path = "run/workload.rs"]
mod workload;

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, criterion_group, criterion_main,
};
use usher_model::time::Timestamp;
use usher_model::value::Object;
use usher_policy::compile::PolicySet;
use usher_policy::explain::explain;
use usher_policy::facts::Facts;
use usher_policy::options::Options;
use usher_policy::run::run;
use workload::{Request, Workload};

const NOW: Timestamp = Timestamp::EPOCH;

/// Measures `decide` over requests in turn.
fn each<'r>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    count: usize,
    requests: &'r [Request],
    mut decide: impl FnMut(&'r Request),
) {
    if requests.is_empty() {
        return;
    }
    let mut turn = requests.iter().cycle();
    group.bench_function(BenchmarkId::new(name, count), |bencher| {
        bencher.iter(|| decide(turn.next().unwrap()));
    });
}

fn decide(set: &PolicySet, object: &Object) {
    let facts = Facts::from_object(set, black_box(object));
    black_box(run(set, &facts, NOW, None));
}

fn bench(criterion: &mut Criterion) {
    for count in [10, 100, 1_000, 10_000] {
        let workload = Workload::of(count);
        let set = PolicySet::compile(workload.policies.clone(), &Options::standard());
        let requests = &workload.requests;
        let mut group = criterion.benchmark_group("run");
        group
            .sample_size(20)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1));
        each(&mut group, "parsed", count, requests, |request| {
            decide(&set, &request.object);
        });
        each(&mut group, "text", count, requests, |request| {
            let facts = Facts::from_json(&set, black_box(request.text.as_bytes())).unwrap();
            black_box(run(&set, &facts, NOW, None));
        });
        each(&mut group, "explained", count, requests, |request| {
            let facts = Facts::from_object(&set, black_box(&request.object));
            black_box(explain(&set, &facts, NOW, None));
        });
        each(&mut group, "facts only", count, requests, |request| {
            black_box(Facts::from_object(&set, black_box(&request.object)));
        });
        let third = count / 3;
        let won = |request: &Request| {
            let facts = Facts::from_object(&set, &request.object);
            let decision = run(&set, &facts, NOW, None).done().unwrap();
            decision.outcome.ok().map(|winner| winner.position)
        };
        let pick = |is_picked: &dyn Fn(Option<usize>) -> bool| -> Vec<Request> {
            let picked = requests.iter().filter(|request| is_picked(won(request)));
            picked.cloned().collect()
        };
        let early = pick(&|position| position.is_some_and(|position| position <= third));
        let late = pick(&|position| position.is_some_and(|position| position >= 2 * third));
        let absent = pick(&|position| position.is_none());
        for (name, requests) in [("early", early), ("late", late), ("absent", absent)] {
            each(&mut group, name, count, &requests, |request| {
                decide(&set, &request.object)
            });
        }
        group.sample_size(10);
        group.bench_function(BenchmarkId::new("compile", count), |bencher| {
            bencher.iter_batched(
                || workload.policies.clone(),
                |policies| PolicySet::compile(policies, &Options::standard()),
                BatchSize::PerIteration,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
