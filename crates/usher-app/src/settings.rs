//! What an account has set.

use usher_store::record::Settings as Kept;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Error, Result};
use crate::rules;
use crate::rules::edit::Step;

pub use usher_store::record::Settings;

/// Days that decisions may be kept.
const RETENTION_DAYS: std::ops::RangeInclusive<u32> = 1..=90;

/// Returns the settings and their revision: 0 before the first change.
///
/// # Errors
/// Fails if the caller may not see them.
pub async fn get(caller: &Caller, app: &App) -> Result<(Settings, u64)> {
    caller.require(Permission::SettingsRead)?;
    let rules = rules::current(app, &caller.account).await?;
    Ok((
        rules.settings(),
        rules.settings.as_ref().map_or(0, |kept| kept.revision),
    ))
}

/// Replaces the settings; they are live on the next decision.
///
/// # Errors
/// Fails if the caller may not change them, or a value is out of range.
pub async fn put(caller: &Caller, app: &App, settings: Kept) -> Result<()> {
    caller.require(Permission::SettingsWrite)?;
    if settings
        .decision_retention_days
        .is_some_and(|days| !RETENTION_DAYS.contains(&days))
    {
        return Err(Error::field(
            "#/decisionRetentionDays",
            "expected 1 to 90 days",
        ));
    }
    if settings.sensitive_attributes.len() > 1_000 {
        return Err(Error::field(
            "#/sensitiveAttributes",
            "expected at most 1,000 attributes",
        ));
    }
    rules::edit::change(app, caller, |rules, edit| {
        if rules.settings() != settings {
            edit.add(Step::PutSettings(settings.clone()), "update");
        }
        Ok(())
    })
    .await?;
    Ok(())
}
