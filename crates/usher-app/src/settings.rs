//! What an account has set.

use std::collections::BTreeSet;
use std::sync::Arc;

use usher_model::id::SkillId;
use usher_store::record::Settings as Kept;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::NAME_CHARS_MAX;
use crate::check::Checks;
use crate::desks;
use crate::error::{Code, Error, Result};
use crate::last_agent;
use crate::outbox;
use crate::rules;
use crate::rules::edit::Step;
use crate::skills::check_weights;

pub use usher_store::record::Settings;
pub use usher_store::record::floor::AgentStatus;
pub use usher_store::record::settings::{
    BotSettings, CannedReply, IdleSettings, LastAgentSettings, MissingMcs, NoticeChannel,
    NoticeSettings, RoutingSettings, Silence, Widget, WidgetAudience, WorkspaceSettings,
};

/// Days that decisions may be kept.
const RETENTION_DAYS: std::ops::RangeInclusive<u32> = 1..=90;
/// Days that closed conversations, and figures, may be kept: ten years.
const LONG_RETENTION_DAYS: std::ops::RangeInclusive<u32> = 1..=3_660;
/// Attributes that logs mask.
const SENSITIVE_ATTRIBUTES_MAX: usize = 1_000;
/// Texts to send with a few keys.
const CANNED_REPLIES_MAX: usize = 500;
/// Pages of the brand's beside a conversation.
const WIDGETS_MAX: usize = 5;
/// Columns that a widget may be wide.
const WIDGET_COLUMNS: std::ops::RangeInclusive<u8> = 1..=4;
/// Characters of a widget's address.
const WIDGET_URL_CHARS_MAX: usize = 2_000;
/// What a widget's address may say of a conversation.
const WIDGET_PARAMETERS_MAX: usize = 20;
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

/// Returns what the caller finds in the workspace.
///
/// # Errors
/// Fails if the caller may not see agents.
pub async fn workspace(caller: &Caller, app: &App) -> Result<WorkspaceSettings> {
    caller.require(Permission::AgentsRead)?;
    let rules = rules::current(app, &caller.account).await?;
    let mut workspace = rules.settings().workspace;
    let is_manager = caller.may(Permission::ConversationsSupervise);
    workspace.widgets.retain(|widget| match widget.audience {
        WidgetAudience::Agents => true,
        WidgetAudience::Managers => is_manager,
        WidgetAudience::Nobody => false,
    });
    Ok(workspace)
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
    let is_told = !settings.automatic_messages.is_empty();
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
    if is_told {
        outbox::follow_functions(app, &caller.account).await?;
    }
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
    let idle = &settings.idle;
    checks.seconds(idle.agent_seconds, "#/idle/agentSeconds");
    checks.seconds(idle.consumer_seconds, "#/idle/consumerSeconds");
    checks.seconds(idle.queue_seconds, "#/idle/queueSeconds");
    for (name, text) in &settings.automatic_messages {
        let pointer = format!("#/automaticMessages/{name}");
        let expected = || format!("expected one of {}", outbox::told_names().join(", "));
        checks.require(
            outbox::told_names().contains(&name.as_str()),
            &pointer,
            expected(),
        );
        checks.message(text, &pointer);
    }
    check_workspace(&mut checks, &settings.workspace);
    let mut mentioned = mentioned(&settings.routing);
    mentioned.extend(mentioned_in_workspace(&settings.workspace));
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
        ("responseSeconds", routing.response_seconds),
        ("urgentResponseSeconds", routing.urgent_response_seconds),
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

fn check_workspace(checks: &mut Checks, workspace: &WorkspaceSettings) {
    let replies = &workspace.canned_replies;
    checks.require(
        replies.len() <= CANNED_REPLIES_MAX,
        "#/workspace/cannedReplies",
        format!("expected at most {CANNED_REPLIES_MAX} replies"),
    );
    let mut names = BTreeSet::new();
    for (index, reply) in replies.iter().enumerate() {
        let pointer = |field: &str| format!("#/workspace/cannedReplies/{index}/{field}");
        checks.line(&reply.name, NAME_CHARS_MAX, &pointer("name"));
        let is_new = names.insert(reply.name.as_str());
        checks.require(
            is_new,
            &pointer("name"),
            "expected a name that no other has",
        );
        checks.message(&reply.text, &pointer("text"));
    }
    checks.require(
        workspace.widgets.len() <= WIDGETS_MAX,
        "#/workspace/widgets",
        format!("expected at most {WIDGETS_MAX} widgets"),
    );
    let mut names = BTreeSet::new();
    for (index, widget) in workspace.widgets.iter().enumerate() {
        let pointer = |field: &str| format!("#/workspace/widgets/{index}/{field}");
        checks.line(&widget.name, NAME_CHARS_MAX, &pointer("name"));
        let is_new = names.insert(widget.name.as_str());
        checks.require(
            is_new,
            &pointer("name"),
            "expected a name that no other has",
        );
        let is_address =
            widget.url.chars().count() <= WIDGET_URL_CHARS_MAX && origin_of(&widget.url).is_some();
        let expected = "expected an address that begins with `https://`, or with `http://` on \
                        `localhost`, to try it out";
        checks.require(is_address, &pointer("url"), expected);
        let is_wide = WIDGET_COLUMNS.contains(&widget.columns);
        checks.require(is_wide, &pointer("columns"), "expected 1 to 4 columns");
        checks.require(
            widget.parameters.len() <= WIDGET_PARAMETERS_MAX,
            &pointer("parameters"),
            format!("expected at most {WIDGET_PARAMETERS_MAX} parameters"),
        );
    }
}

fn mentioned_in_workspace(workspace: &WorkspaceSettings) -> Vec<(String, &SkillId)> {
    let replies = workspace.canned_replies.iter().enumerate();
    let replies = replies.map(|(index, reply)| ("cannedReplies", index, &reply.skill_ids));
    let widgets = workspace.widgets.iter().enumerate();
    let widgets = widgets.map(|(index, widget)| ("widgets", index, &widget.skill_ids));
    let all = replies.chain(widgets).flat_map(|(part, index, skills)| {
        skills.iter().enumerate().map(move |(at, skill)| {
            let pointer = format!("#/workspace/{part}/{index}/skillIds/{at}");
            (pointer, skill)
        })
    });
    all.collect()
}

/// Returns the origin of a widget's address; nothing if a browser must not show it.
///
/// What it returns stands in a header: it has no other characters than names and numbers have.
#[must_use]
pub fn origin_of(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let host_ends = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..host_ends)?;
    let host = authority.split(':').next()?;
    let is_local = matches!(host, "localhost" | "127.0.0.1");
    let is_safe = scheme == "https" || (scheme == "http" && is_local);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    let is_plain = !host.is_empty() && authority.chars().all(is_name);
    let is_text = !url.chars().any(|c| c.is_control() || c.is_whitespace());
    let end = scheme
        .len()
        .checked_add("://".len())?
        .checked_add(host_ends)?;
    (is_safe && is_plain && is_text).then(|| url.get(..end))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_of_a_widget_is_all_that_its_address_says_before_the_path() {
        for (url, origin) in [
            ("https://crm.example.com", Some("https://crm.example.com")),
            (
                "https://crm.example.com:8443/w?a=b",
                Some("https://crm.example.com:8443"),
            ),
            (
                "https://crm.example.com#top",
                Some("https://crm.example.com"),
            ),
            ("http://localhost:3000/w", Some("http://localhost:3000")),
            ("http://crm.example.com/w", None),
            ("javascript:alert(1)", None),
            ("https://", None),
            ("https://user@crm.example.com/", None),
            ("https://crm.example.com; script-src *", None),
            ("https://crm.example.com/a b", None),
            ("https://*.example.com/", None),
        ] {
            assert_eq!(origin_of(url), origin, "{url}");
        }
    }
}
