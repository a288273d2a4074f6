//! `usher policy`: policies as files, checked, tested, explained, and moved to and from a server.

mod check;
mod diff;
mod file;
mod offline;
mod remote;
mod run;
mod test;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use usher_policy::options::{ContainsDirection, Options};

/// The words after `usher policy`.
#[derive(Debug, Args)]
pub(super) struct Words {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check policy files and print every mistake, underlined; needs no server
    Check {
        /// One policy, a list of them, or an export file
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Print notices too, such as one for each policy whose meaning depends on a switch
        #[arg(long)]
        notices: bool,
        #[command(flatten)]
        switches: Switches,
    },
    /// Run test cases that stand beside policies; exit code 1 if one fails
    Test(test::Words),
    /// Decide once, without a server, and explain what became of each policy
    Run(run::Words),
    /// Put the policies of a file on a server
    Import {
        /// One policy, a list of them, or an export file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What happens to the policies that are there
        #[arg(long, value_enum, default_value_t = Mode::Append)]
        mode: Mode,
        /// Leave enabled what the file says is enabled; otherwise appended policies arrive disabled
        #[arg(long)]
        keep_enabled: bool,
        #[command(flatten)]
        server: remote::Server,
    },
    /// Write the policies of a server to a file or stdout
    Export {
        /// Where to; stdout, unless told
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        server: remote::Server,
    },
    /// Compare the policies of a file with those of a server; exit code 1 if they differ
    Diff {
        /// One policy, a list of them, or an export file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        server: remote::Server,
    },
}

/// What `import` does with the policies that are there.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// They stay, above the imported ones
    Append,
    /// They go
    Replace,
}

/// What the account has switched on, which changes what a policy may say and what it means.
#[derive(Clone, Debug, Args)]
struct Switches {
    /// Expressions may call the optional functions, such as `lower` and `length`
    #[arg(long)]
    expression_extensions: bool,
    /// Policies may use the actions that begin with `X_`
    #[arg(long)]
    extension_actions: bool,
    /// `CONTAINS` is true if the value contains the attribute, not the other way round
    #[arg(long)]
    value_contains_attribute: bool,
}

impl Switches {
    fn options(&self) -> Options {
        let mut options = Options::standard();
        options.expression_extensions = self.expression_extensions;
        options.extension_actions = self.extension_actions;
        if self.value_contains_attribute {
            options.contains_direction = ContainsDirection::ValueContainsAttribute;
        }
        options
    }
}

pub(super) fn run(words: &Words) -> anyhow::Result<ExitCode> {
    match &words.verb {
        Verb::Check {
            files,
            notices,
            switches,
        } => check::run(files, &switches.options(), *notices),
        Verb::Test(words) => test::run(words),
        Verb::Run(words) => run::run(words),
        Verb::Import {
            file,
            mode,
            keep_enabled,
            server,
        } => {
            let mode = match mode {
                Mode::Append => "append",
                Mode::Replace => "replace",
            };
            remote::import(server, file, mode, *keep_enabled)
        }
        Verb::Export { file, server } => remote::export(server, file.as_deref()),
        Verb::Diff { file, server } => diff::run(file, server),
    }
}
