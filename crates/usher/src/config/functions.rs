//! `[functions]`: how many functions run at once, and the processes that run them.

use usher_app::workers::{Launch, Options};

use super::reader::Reader;

/// How many functions run at once, and the processes that run them.
#[derive(Clone, Debug)]
pub struct Functions {
    /// Functions that run at once, unless the number of processors says.
    pub running_max: Option<usize>,
    /// Those of one account, unless it is half of them.
    pub account_running_max: Option<usize>,
    /// Functions that wait for a worker.
    pub waiting_max: usize,
    /// Workers that wait for a function, unless it is half of those that run at once.
    pub idle_max: Option<usize>,
}

impl Functions {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let unless_zero = |number| (number > 0).then_some(number);
        let section = Self {
            running_max: unless_zero(reader.integer("functions.running_max", 0..=1_024)),
            account_running_max: unless_zero(
                reader.integer("functions.account_running_max", 0..=1_024),
            ),
            waiting_max: reader.integer("functions.waiting_max", 0..=100_000),
            idle_max: unless_zero(reader.integer("functions.idle_max", 0..=1_024)),
        };
        if let (Some(most), Some(of_account)) = (section.running_max, section.account_running_max)
            && of_account > most
        {
            let expected = format!("expected at most `functions.running_max`, {most}");
            reader.mistake(
                "functions.account_running_max",
                format!("{expected}, found {of_account}"),
            );
        }
        section
    }

    /// Returns what the pool of workers is given, on a machine with that many processors.
    pub(crate) fn options(&self, launch: Launch, processors: usize) -> Options {
        let running_max = self
            .running_max
            .unwrap_or_else(|| Options::running_max_for(processors));
        let options = Options::running(launch, running_max);
        Options {
            account_running_max: self
                .account_running_max
                .unwrap_or(options.account_running_max)
                .min(running_max),
            waiting_max: self.waiting_max,
            idle_max: self.idle_max.unwrap_or(options.idle_max),
            ..options
        }
    }
}
