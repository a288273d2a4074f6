//! What a round measured, and the medians of several.

use std::time::Duration;

/// Answers of one closed loop.
#[derive(Default)]
pub(crate) struct Round {
    latencies: Vec<Duration>,
    pub(crate) refused: usize,
    elapsed: Duration,
    /// Processor time of the server, and of this client.
    pub(crate) server: Duration,
    pub(crate) client: Duration,
}

impl Round {
    pub(crate) fn add(&mut self, latency: Duration, is_refused: bool) {
        self.latencies.push(latency);
        self.refused += usize::from(is_refused);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.refused += other.refused;
    }

    pub(crate) fn finish(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
        self.latencies.sort_unstable();
    }

    fn count(&self) -> u32 {
        u32::try_from(self.latencies.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn per_second(&self) -> f64 {
        f64::from(self.count()) / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// Returns the latency that so many of a thousand answers did not exceed.
    pub(crate) fn percentile(&self, permille: usize) -> Duration {
        let rank = (self.latencies.len() * permille / 1_000).min(self.latencies.len().max(1) - 1);
        self.latencies.get(rank).copied().unwrap_or_default()
    }

    /// Returns the server's processor time for one answer.
    pub(crate) fn server_each(&self) -> Duration {
        self.server / self.count().max(1)
    }

    fn client_each(&self) -> Duration {
        self.client / self.count().max(1)
    }
}

/// The rounds of one server.
pub(crate) struct Rounds {
    pub(crate) name: &'static str,
    pub(crate) rounds: Vec<Round>,
}

impl Rounds {
    pub(crate) const fn new(name: &'static str) -> Self {
        let rounds = Vec::new();
        Self { name, rounds }
    }

    /// Notes a round and prints it.
    pub(crate) fn add(&mut self, round: Round) {
        row(
            self.name,
            round.per_second(),
            &|permille| round.percentile(permille),
            round.server_each(),
            round.client_each(),
        );
        if round.refused > 0 {
            say(&format!("  {} answers were refusals", round.refused));
        }
        self.rounds.push(round);
    }

    pub(crate) fn per_second(&self) -> f64 {
        median(self.rounds.iter().map(Round::per_second)).unwrap_or_default()
    }

    pub(crate) fn percentile(&self, permille: usize) -> Duration {
        let each = self.rounds.iter().map(|round| round.percentile(permille));
        median(each).unwrap_or_default()
    }

    pub(crate) fn server_each(&self) -> Duration {
        median(self.rounds.iter().map(Round::server_each)).unwrap_or_default()
    }

    /// Prints the median of every column.
    pub(crate) fn print_medians(&self) {
        let client = median(self.rounds.iter().map(Round::client_each)).unwrap_or_default();
        row(
            self.name,
            self.per_second(),
            &|permille| self.percentile(permille),
            self.server_each(),
            client,
        );
    }
}

pub(crate) fn heading(title: &str) {
    say(&format!(
        "{title:<24} {:>10} {:>9} {:>9} {:>9} {:>11} {:>11}",
        "answers/s", "p50", "p99", "p99.9", "server CPU", "client CPU"
    ));
}

fn row(
    name: &str,
    per_second: f64,
    percentile: &dyn Fn(usize) -> Duration,
    server: Duration,
    client: Duration,
) {
    let [p50, p99, p999] = [500, 990, 999].map(|permille| milliseconds(percentile(permille)));
    say(&format!(
        "{name:<24} {per_second:>10.0} {p50:>9} {p99:>9} {p999:>9} {:>11} {:>11}",
        microseconds(server),
        microseconds(client)
    ));
}

pub(crate) fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

fn microseconds(duration: Duration) -> String {
    format!("{:.1} µs", duration.as_secs_f64() * 1e6)
}

/// Prints a ratio beside its bar.
pub(crate) fn bar(what: &str, ratio: f64, bar: f64, is_most: bool) {
    let (words, is_met) = if is_most {
        ("at most", ratio <= bar)
    } else {
        ("at least", ratio >= bar)
    };
    let verdict = if is_met { "met" } else { "MISSED" };
    say(&format!("{what}: {ratio:.2} ({words} {bar}: {verdict})"));
}

fn median<T: PartialOrd>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let middle = values.len() / 2;
    values.into_iter().nth(middle)
}

/// Prints a line.
#[expect(clippy::print_stdout, reason = "what was measured is the output")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
