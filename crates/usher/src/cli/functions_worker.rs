//! `usher functions-worker`: the process that runs what authors wrote. A server starts it.

use std::io::{stdin, stdout};
use std::process::ExitCode;

use anyhow::Context as _;
use usher_functions::confine;
use usher_functions::worker::{self, Limits};

/// Gives up every right that a worker does not need, then takes jobs until stdin ends.
pub(super) fn run() -> anyhow::Result<ExitCode> {
    confine::confine(Limits::STANDARD.memory_bytes)
        .context("cannot give up the rights of this process")?;
    worker::run(stdin(), stdout(), |limits| {
        confine::bound_job(limits.cpu_ms)
    })?;
    Ok(ExitCode::SUCCESS)
}
