//! `cargo xtask simulate [STEPS [SEED]]`: the simulation of routing, longer than in every run.

use anyhow::{Context as _, Result, bail};

use crate::process::{self, cargo};

const STEPS: u64 = 10_000_000;

pub(crate) fn run(words: &[&str]) -> Result<()> {
    let (steps, seed) = match words {
        [] => (STEPS, 1),
        [steps] => (number(steps)?, 1),
        [steps, seed] => (number(steps)?, number(seed)?),
        _ => bail!("expected at most a number of steps and a seed"),
    };
    let test = [
        "test",
        "--package",
        "usher-routing",
        "--test",
        "it",
        "simulation::",
    ];
    let mut command = cargo(test);
    command
        .env("USHER_SIMULATION_STEPS", steps.to_string())
        .env("USHER_SIMULATION_SEED", seed.to_string());
    process::run(&mut command)
}

fn number(word: &str) -> Result<u64> {
    word.replace('_', "")
        .parse()
        .with_context(|| format!("expected a number, found `{word}`"))
}
