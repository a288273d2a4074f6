//! What a decision costs in Usher and in engines that others use for the same work: one process, one
//! workload, in turns, in CPU time of the thread.
//!
//! Every contender starts from the same parsed JSON object, one from its text, and has to answer every request as
//! expected before it is measured. The workload is read from the directory that `USHER_POLICY_DATA`
//! names; without it a similar one is generated from a seed, and the naive scan says what is
//! expected.
//!
//! ```sh
//! USHER_POLICY_DATA=DIRECTORY cargo run --release --target-dir target \
//!     --manifest-path crates/usher-policy/peers/Cargo.toml -- [ROUNDS]
//! ```

mod cel;
mod naive;
mod report;
mod rows;
mod usher;
#[path = "../../benches/run/workload.rs"]
mod workload;
mod zen;

use std::path::PathBuf;

use rustix::time::{ClockId, clock_gettime};

use report::Report;
use workload::{Request, Workload};

const COUNTS: [usize; 4] = [10, 100, 1_000, 10_000];
const ROUNDS: usize = 9;
/// Processor time that one contender has in a round, in nanoseconds.
const TURN: f64 = 30e6;
/// Decisions that a contender makes in its turn at least.
const DECISIONS_MIN: usize = 20;
/// Requests that are made anew at a time: they are in the processor's cache, as where they have just
/// been parsed, and the rules are not there because of them.
const BATCH: usize = 32;

/// Finds the place of the winning policy.
type Decide<'w> = Box<dyn Fn(&Request) -> Option<usize> + 'w>;

/// An engine with the policies of one workload.
struct Contender<'w> {
    name: &'static str,
    decide: Decide<'w>,
}

fn main() {
    let rounds = std::env::args().nth(1);
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().expect("a number of rounds"));
    let workloads = COUNTS.map(Workload::of);
    let fields: Vec<Vec<Contender<'_>>> = workloads.iter().map(contenders).collect();
    let mut turns: Vec<Vec<usize>> = Vec::new();
    for (workload, field) in workloads.iter().zip(&fields) {
        let expected = expected(workload, field);
        let turn = |contender| prove(contender, workload, &expected);
        turns.push(field.iter().map(turn).collect());
    }
    let mut report = Report::new(fields[0].iter().map(|contender| contender.name), &COUNTS);
    for round in 0..rounds {
        for contender in 0..fields[0].len() {
            for (size, workload) in workloads.iter().enumerate() {
                let decisions = turns[size][contender];
                let elapsed = measure(&fields[size][contender], workload, round, decisions);
                report.add(contender, size, elapsed / decisions as f64);
            }
        }
    }
    print!("{report}");
}

fn contenders(workload: &Workload) -> Vec<Contender<'_>> {
    let shape = rows::Shape::of(workload);
    let [parsed, text, explained] = usher::contenders(workload);
    let [table, traced, expressions] = zen::contenders(workload, &shape);
    let programs = cel::contender(workload, &shape);
    let scan = naive::contender(workload);
    vec![
        parsed,
        text,
        explained,
        table,
        traced,
        expressions,
        programs,
        scan,
    ]
}

/// Returns the winners that are expected.
fn expected(workload: &Workload, field: &[Contender<'_>]) -> Vec<Option<usize>> {
    if let Some(directory) = std::env::var_os("USHER_POLICY_DATA") {
        let name = format!("expected-{}.json", workload.policies.len());
        let text = std::fs::read_to_string(PathBuf::from(directory).join(name));
        let winners: Vec<i64> = serde_json::from_str(&text.expect("the winners")).expect("numbers");
        let winners = winners
            .into_iter()
            .map(|winner| usize::try_from(winner).ok());
        return winners.collect();
    }
    let naive = field.iter().find(|contender| contender.name == naive::NAME);
    let naive = naive.expect("the naive scan takes part");
    let winners = workload
        .requests
        .iter()
        .map(|request| (naive.decide)(request));
    winners.collect()
}

/// Compares every answer with the expected one, and returns how many decisions fill a turn.
fn prove(contender: &Contender<'_>, workload: &Workload, expected: &[Option<usize>]) -> usize {
    let count = workload.policies.len();
    let begun = processor_time();
    for (index, (request, expected)) in workload.requests.iter().zip(expected).enumerate() {
        let found = (contender.decide)(request);
        let name = contender.name;
        assert_eq!(
            found, *expected,
            "{name}, {count} policies, request {index}"
        );
    }
    let each = (processor_time() - begun) / workload.requests.len() as f64;
    ((TURN / each) as usize).max(DECISIONS_MIN)
}

/// Returns the processor time of some decisions, in nanoseconds; each round begins elsewhere.
fn measure(contender: &Contender<'_>, workload: &Workload, round: usize, decisions: usize) -> f64 {
    let first = round * decisions % workload.requests.len();
    let mut requests = workload.requests.iter().cycle().skip(first).take(decisions);
    let mut elapsed = 0.0;
    loop {
        let batch: Vec<Request> = requests.by_ref().take(BATCH).cloned().collect();
        if batch.is_empty() {
            return elapsed;
        }
        let begun = processor_time();
        for request in &batch {
            std::hint::black_box((contender.decide)(std::hint::black_box(request)));
        }
        elapsed += processor_time() - begun;
    }
}

fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
