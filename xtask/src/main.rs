//! All automation of this repository: `cargo xtask VERB`.

mod codegen;
mod console;
mod load;
mod process;
mod simulate;
mod start;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask VERB

  start     build a release with the console and serve ./usher-data, filled with demo data the first time
  test      run every suite, installing what it needs where that is possible
  tidy      check the rules of the house that no compiler checks
  codegen   write docs/reference/ anew
  console   build the console into console/dist
  simulate  run the simulation of routing, 10,000,000 steps unless told otherwise
  load      measure `next-action`, `context-write` or `converse` on a release node
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            process::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    match words {
        ["start", rest @ ..] => start::run(rest),
        ["test"] => test::run(),
        ["tidy"] => tidy::run(),
        ["load", rest @ ..] => load::run(rest),
        ["simulate", rest @ ..] => simulate::run(rest),
        ["codegen"] => codegen::run(),
        ["console"] => console::build(),
        ["help" | "--help" | "-h"] => {
            process::say(USAGE.trim_end());
            Ok(())
        }
        _ => bail!(
            "expected a verb and its options, found `{}`\n\n{USAGE}",
            words.join(" ")
        ),
    }
}
