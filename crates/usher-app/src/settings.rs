//! What an account has set.

use std::sync::Arc;

use usher_model::id::SkillId;
use usher_store::record::Settings as Kept;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::check::Checks;
use crate::desks;
use crate::error::{Code, Error, Result};
use crate::last_agent;
use crate::rules;
use crate::rules::edit::Step;
use crate::skills::check_weights;

pub use usher_store::record::Settings;
pub use usher_store::record::floor::AgentStatus;
pub use usher_store::record::settings::{
    BotSettings, LastAgentSettings, MissingMcs, NoticeChannel, NoticeSettings, RoutingSettings,
    Silence,
};

/// Days that decisions may be kept.
const RETENTION_DAYS: std::ops::RangeInclusive<u32> = 1..=90;
/// Days that closed conversations, and figures, may be kept: ten years.
const LONG_RETENTION_DAYS: std::ops::RangeInclusive<u32> = 1..=3_660;
/// Attributes that logs mask.
const SENSITIVE_ATTRIBUTES_MAX: usize = 1_000;
/// Channels with a skill of their own.
const CHANNELS_MAX: usize = 100;
/// Conversations that a human agent may have at once by default.
const CONVERSATIONS_MAX: u32 = 1_000;

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
/// Fails if the caller may not change them, `expected` is not their revision, or a value is out of
/// range.
pub async fn put(
    caller: &Caller,
    app: &Arc<App>,
    settings: Settings,
    expected: Option<u64>,
) -> Result<()> {
    caller.require(Permission::SettingsWrite)?;
    check(caller, app, &settings).await?;
    rules::edit::change(app, caller, |rules, edit| {
        let revision = rules.settings.as_ref().map_or(0, |kept| kept.revision);
        if expected.is_some_and(|expected| expected != revision) {
            let message =
                "the settings were changed meanwhile; read them again and repeat the change";
            return Err(Error::new(Code::RevisionConflict, message));
        }
        if rules.settings() != settings {
            edit.add(Step::PutSettings(settings.clone()), "update");
        }
        Ok(())
    })
    .await?;
    desks::rules_changed(app, &caller.account).await
}

async fn check(caller: &Caller, app: &App, settings: &Kept) -> Result<()> {
    let mut checks = Checks::default();
    let days = settings.decision_retention_days;
    checks.require(
        days.is_none_or(|days| RETENTION_DAYS.contains(&days)),
        "#/decisionRetentionDays",
        "expected 1 to 90 days",
    );
    let days = settings.conversation_retention_days;
    checks.require(
        days.is_none_or(|days| LONG_RETENTION_DAYS.contains(&days)),
        "#/conversationRetentionDays",
        "expected 1 to 3,660 days",
    );
    let days = settings.analytics_retention_days;
    checks.require(
        days.is_none_or(|days| LONG_RETENTION_DAYS.contains(&days)),
        "#/analyticsRetentionDays",
        "expected 1 to 3,660 days",
    );
    checks.require(
        settings.sensitive_attributes.len() <= SENSITIVE_ATTRIBUTES_MAX,
        "#/sensitiveAttributes",
        "expected at most 1,000 attributes",
    );
    check_routing(&mut checks, &settings.routing);
    let seconds = settings.bot.retry_seconds;
    checks.seconds(Some(seconds), "#/bot/retrySeconds");
    if let Some(message) = &settings.bot.fallback_message {
        checks.message(message, "#/bot/fallbackMessage");
    }
    for mistake in last_agent::settings(&settings.last_agent).mistakes() {
        let pointer = format!("#/lastAgent/{}", mistake.field);
        checks.require(false, &pointer, mistake.expected);
    }
    checks.require(
        crate::context::Namespace::parse(&settings.last_agent.namespace).is_ok(),
        "#/lastAgent/namespace",
        "expected a context namespace of letters, digits and `_` that is not reserved",
    );
    let mentioned = mentioned(&settings.routing);
    checks.skills(app, &caller.account, &mentioned).await?;
    checks.finish()
}

fn check_routing(checks: &mut Checks, routing: &RoutingSettings) {
    let slots = routing.default_max_conversations;
    checks.require(
        slots <= CONVERSATIONS_MAX,
        "#/routing/defaultMaxConversations",
        format!("expected 0 to {CONVERSATIONS_MAX}"),
    );
    for (field, seconds) in [
        ("ringSeconds", routing.ring_seconds),
        ("skipSeconds", routing.skip_seconds),
        ("suggestSeconds", routing.suggest_seconds),
        ("leaseSeconds", routing.lease_seconds),
        ("graceSeconds", routing.grace_seconds),
    ] {
        checks.seconds(Some(seconds), &format!("#/routing/{field}"));
    }
    check_weights(checks, &routing.weights, "#/routing/weights");
    checks.require(
        routing.channel_skill_ids.len() <= CHANNELS_MAX,
        "#/routing/channelSkillIds",
        format!("expected at most {CHANNELS_MAX} channels"),
    );
}

fn mentioned(routing: &RoutingSettings) -> Vec<(String, &SkillId)> {
    let channels = routing.channel_skill_ids.iter();
    let mut mentioned: Vec<_> = channels
        .map(|(channel, skill)| (format!("#/routing/channelSkillIds/{channel}"), skill))
        .collect();
    let default = routing.default_skill_id.as_ref();
    mentioned.extend(default.map(|id| ("#/routing/defaultSkillId".to_owned(), id)));
    mentioned
}
