//! The reference: documents that are derived from the code, so that they cannot say otherwise.

use std::fmt::Write as _;

use clap::CommandFactory as _;
use usher_api::problem;
use usher_app::error::Code;

use crate::cli::Cli;
use crate::config::DEFAULT;

/// Returns the name and the text of every page of `docs/reference/`.
#[must_use]
pub fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("cli.md", cli()),
        ("config.md", config()),
        ("problems.md", problems()),
    ]
}

const MADE: &str = "Made by `cargo xtask codegen` from the code; do not edit it.\n";

fn config() -> String {
    format!(
        "# Configuration\n\n{MADE}\n\
         `usher config default` prints this file, `usher config show` what is in force and where it was written.\n\n\
         ```toml\n{}\n```\n",
        DEFAULT.trim_end()
    )
}

fn problems() -> String {
    let mut page = format!(
        "# Problems\n\n{MADE}\n\
         Every error of the API has one of these codes; a running server explains each under `/problems/`.\n\n\
         | code | status | title | what to do |\n| --- | --- | --- | --- |\n"
    );
    for code in Code::ALL {
        let row = problem::row(*code);
        put(
            &mut page,
            format_args!(
                "| `{}` | {} | {} | {} |\n",
                code.as_str(),
                row.status.as_u16(),
                row.title,
                row.remedy
            ),
        );
    }
    page
}

fn cli() -> String {
    let mut page = format!("# Command line\n\n{MADE}");
    let mut command = Cli::command().term_width(100);
    command.build();
    put_command(&mut page, &mut command);
    page
}

fn put_command(page: &mut String, command: &mut clap::Command) {
    let name = command
        .get_bin_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned();
    let help = command.render_long_help();
    put(
        page,
        format_args!(
            "\n## {name}\n\n```text\n{}\n```\n",
            help.to_string().trim_end()
        ),
    );
    for inner in command.get_subcommands_mut() {
        if inner.get_name() != "help" && !inner.is_hide_set() {
            put_command(page, inner);
        }
    }
}

fn put(page: &mut String, more: std::fmt::Arguments<'_>) {
    let written = page.write_fmt(more);
    // INVARIANT: writing to a `String` cannot fail.
    debug_assert!(written.is_ok());
}
