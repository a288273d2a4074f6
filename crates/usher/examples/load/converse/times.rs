//! How long each step took.

use std::time::Duration;

use crate::report::{Round, milliseconds, say};

#[derive(Default)]
pub(super) struct Times {
    pub(super) open: Round,
    /// From the opening until the consumer sees who has taken it.
    pub(super) wait: Round,
    pub(super) accept: Round,
    pub(super) message: Round,
    /// From the sending until the other side sees it.
    pub(super) arrived: Round,
    /// From the first screen that shows a message to each further one.
    pub(super) fan_out: Round,
    pub(super) close: Round,
}

impl Times {
    /// Prints a line for each step.
    pub(super) fn print(&mut self, elapsed: Duration) {
        let title = "";
        say(&format!(
            "{title:<28} {:>9} {:>11} {:>11} {:>11}",
            "a second", "p50", "p99", "p99.9"
        ));
        for (name, round) in [
            ("open", &mut self.open),
            ("opened until assigned", &mut self.wait),
            ("accept: assignments", &mut self.accept),
            ("message until acknowledged", &mut self.message),
            ("message until seen opposite", &mut self.arrived),
            ("fan-out to further screens", &mut self.fan_out),
            ("close", &mut self.close),
        ] {
            round.finish(elapsed);
            let [p50, p99, p999] =
                [500, 990, 999].map(|permille| milliseconds(round.percentile(permille)));
            let per_second = round.per_second();
            say(&format!(
                "{name:<28} {per_second:>9.0} {p50:>11} {p99:>11} {p999:>11}"
            ));
        }
    }
}
