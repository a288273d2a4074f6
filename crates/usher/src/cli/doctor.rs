//! `usher doctor`: prints what `crate::doctor` finds.

use std::process::ExitCode;

use clap::Args;

use super::{Place, terminal};
use crate::doctor::{self, Finding};

/// The words after `usher doctor`.
#[derive(Debug, Args)]
pub(super) struct Words {
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(words: &Words) -> anyhow::Result<ExitCode> {
    let findings = doctor::examine(&words.place.sources(Vec::new())).await;
    let mut code = ExitCode::SUCCESS;
    for finding in &findings {
        match finding {
            Finding::Well(what) => terminal::say(&format!("ok     {what}"))?,
            Finding::Ill { what, help } => {
                terminal::say(&format!("wrong  {what}\n       {help}"))?;
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}
