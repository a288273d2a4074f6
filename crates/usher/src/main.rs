//! `usher`: the whole product in one program.

use std::process::ExitCode;

fn main() -> ExitCode {
    usher::cli::main()
}
