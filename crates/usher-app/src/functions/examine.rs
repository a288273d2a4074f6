//! What is wrong with a function while it is written, and when time would start it.

use usher_functions::check::Diagnostic;
use usher_model::time::Timestamp;
use usher_policy::cron::Cron;
use usher_store::record::function::Schedule;

use super::run;
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::Result;

/// Instants of a schedule that are named.
const NEXT_MAX: usize = 5;

/// What is known of a function before it is deployed.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// What keeps the source from being deployed.
    pub mistakes: Vec<Diagnostic>,
    /// What is wrong with the schedule.
    pub schedule: Option<String>,
    /// When the schedule would start it next, the first first.
    pub next_at: Vec<Timestamp>,
}

/// Checks a source, as deploying it would, and a schedule; nothing is kept and nothing is run.
///
/// # Errors
/// Fails if the caller may not change functions, or no worker is free.
pub async fn examine(
    caller: &Caller,
    app: &App,
    source: &str,
    schedule: Option<&Schedule>,
) -> Result<Examined> {
    caller.require(Permission::FunctionsWrite)?;
    let mut examined = Examined {
        mistakes: run::mistakes(app, &caller.account, source).await?,
        ..Examined::default()
    };
    match schedule.map(|schedule| Cron::parse(&schedule.cron, &schedule.zone)) {
        None => {}
        Some(Err(error)) => examined.schedule = Some(error.to_string()),
        Some(Ok(cron)) => {
            let next = |at: &Timestamp| cron.next_after(*at);
            examined.next_at = std::iter::successors(cron.next_after(app.now()), next)
                .take(NEXT_MAX)
                .collect();
        }
    }
    Ok(examined)
}
