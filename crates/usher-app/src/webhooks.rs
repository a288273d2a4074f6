//! Webhooks: where an account wants its events sent, and what signs them.

pub(crate) mod signature;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use usher_model::id::{AccountId, RequestId, WebhookId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_store::batch::Expect;
use usher_store::collection::kept;
use usher_store::record::outbox::{Delivery, PreviousSecret, SealedSecret};
use usher_store::record::{self, Record as _};
use usher_store::store::{Key, Query};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::Change;
use crate::check::Checks;
use crate::error::{Code, Error, Result};
use crate::events::Filter;
use crate::feed;
use crate::idempotency::Creation;
use crate::keyring::Sealed;
use crate::outbox::{self, attempt};
use crate::secrets::{self, Renewed};

pub use usher_store::record::Kept;
pub use usher_store::record::outbox::Webhook;

/// How long the secret before the present one signs beside it.
const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// What an administrator says of a webhook.
#[derive(Clone, Debug)]
pub struct Written {
    /// Where events are sent.
    pub url: String,
    /// Which events; none means all.
    pub events: Vec<String>,
    /// What it is for.
    pub description: String,
    /// Whether anything is sent.
    pub is_enabled: bool,
}

/// How a webhook is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// All events up to this one were sent, given up, or wait for another attempt.
    pub cursor: u64,
    /// Conversations and agents whose events wait for another attempt.
    pub waiting: usize,
    /// How many attempts have failed one after the other.
    pub failures: u32,
    /// Until when nothing is tried.
    pub paused_until: Option<Timestamp>,
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Why it failed; nothing if it did not.
    pub error: Option<String>,
}

/// Returns the webhooks of the account.
///
/// # Errors
/// Fails if the caller may not see webhooks.
pub async fn list(caller: &Caller, app: &App) -> Result<Vec<Kept<Webhook>>> {
    caller.require(Permission::WebhooksRead)?;
    let query = Query::all(&caller.account, Webhook::COLLECTION);
    let rows = app.store.find_all(&query, app.now()).await?;
    rows.iter().map(|row| Ok(record::read(row)?)).collect()
}

/// Returns a webhook, and how it is doing.
///
/// # Errors
/// Fails if the caller may not see webhooks, or there is none.
pub async fn get(caller: &Caller, app: &App, id: WebhookId) -> Result<(Kept<Webhook>, Progress)> {
    caller.require(Permission::WebhooksRead)?;
    let webhook = existing(app, &caller.account, id).await?;
    let delivery = outbox::state(app, &caller.account, &id.to_string()).await?;
    let delivery = delivery.map(|kept| kept.record);
    let progress = Progress {
        cursor: delivery.as_ref().map_or(0, |one| one.cursor),
        waiting: delivery.as_ref().map_or(0, |one| one.lanes.len()),
        failures: delivery.as_ref().map_or(0, |one| one.failures),
        paused_until: delivery.and_then(|one| one.paused_until),
    };
    Ok((webhook, progress))
}

/// Adds a webhook, which gets what happens from now on; returns its secret, this once.
///
/// # Errors
/// Fails if the caller may not, or what is written cannot be a webhook.
pub async fn create(
    caller: &Caller,
    app: &App,
    written: Written,
) -> Result<(Kept<Webhook>, String)> {
    caller.require(Permission::WebhooksWrite)?;
    let written = checked(app, written)?;
    let sent = json!([
        written.url,
        written.events,
        written.description,
        written.is_enabled
    ]);
    let creation = Creation::new(caller, "webhook.create", &sent)?;
    if let Some(earlier) = creation.earlier(caller, app).await? {
        let message =
            format!("webhook `{earlier}` was made with this key; its secret was shown once");
        return Err(Error::new(Code::IdempotencyConflict, message));
    }
    if list(caller, app).await?.len() >= limits::WEBHOOKS_MAX {
        let message = format!("expected at most {} webhooks", limits::WEBHOOKS_MAX);
        return Err(Error::new(Code::WebhookLimit, message));
    }
    let id = WebhookId::mint(&app.ids);
    let (secret, plain) = secret(app, &caller.account, id)?;
    let now = app.now();
    let webhook = Webhook {
        id,
        url: written.url,
        events: written.events,
        description: written.description,
        is_enabled: written.is_enabled,
        secret,
        previous_secret: None,
        created_at: now,
        updated_at: now,
        updated_by: caller.actor.clone(),
    };
    let cursor = feed::last_sequence(app, &caller.account).await?;
    let delivery = Delivery::after(id.to_string(), cursor);
    let mut change = Change::new(app, caller);
    change
        .put(&webhook, Expect::Absent)?
        .put(&delivery, Expect::Absent)?
        .audit("webhook.create", target(id), None, Some(seen(&webhook)))?;
    change.remember(&creation, &id.to_string())?;
    let revisions = change.try_commit().await?;
    app.outbox.look();
    let revision = revisions.first().copied().unwrap_or(0);
    Ok((
        Kept {
            record: webhook,
            revision,
        },
        plain,
    ))
}

/// Returns a webhook to whoever may change it.
///
/// # Errors
/// Fails if the caller may not, or there is no such webhook.
pub async fn editable(caller: &Caller, app: &App, id: WebhookId) -> Result<Kept<Webhook>> {
    caller.require(Permission::WebhooksWrite)?;
    existing(app, &caller.account, id).await
}

/// Says anew what a webhook is to be.
///
/// # Errors
/// As [`create`], and if there is no such webhook or it was changed meanwhile.
pub async fn replace(
    caller: &Caller,
    app: &App,
    id: WebhookId,
    written: Written,
    expected: Option<u64>,
) -> Result<Kept<Webhook>> {
    caller.require(Permission::WebhooksWrite)?;
    let written = checked(app, written)?;
    let before = existing(app, &caller.account, id).await?;
    let after = Webhook {
        url: written.url,
        events: written.events,
        description: written.description,
        is_enabled: written.is_enabled,
        ..before.record.clone()
    };
    update(caller, app, "webhook.update", before, after, expected).await
}

/// Gives a webhook a new secret and returns it, this once; the one before signs beside it for a day.
///
/// # Errors
/// Fails if the caller may not, or there is no such webhook.
pub async fn rotate(caller: &Caller, app: &App, id: WebhookId) -> Result<(Kept<Webhook>, String)> {
    caller.require(Permission::WebhooksWrite)?;
    let before = existing(app, &caller.account, id).await?;
    let (secret, plain) = secret(app, &caller.account, id)?;
    let mut after = before.record.clone();
    let previous = std::mem::replace(&mut after.secret, secret);
    after.previous_secret = Some(PreviousSecret {
        secret: previous,
        until: app.now().plus(OVERLAP),
    });
    let after = update(caller, app, "webhook.rotate", before, after, None).await?;
    Ok((after, plain))
}

/// Removes a webhook; nothing more is sent, and its dead letters stay.
///
/// # Errors
/// Fails if the caller may not, or there is no such webhook.
pub async fn delete(caller: &Caller, app: &App, id: WebhookId) -> Result<()> {
    caller.require(Permission::WebhooksWrite)?;
    let kept = existing(app, &caller.account, id).await?;
    let state = Key::new(&caller.account, [id.to_string().as_str()]);
    let mut change = Change::new(app, caller);
    change
        .delete(&kept.record, Expect::Revision(kept.revision))
        .delete_key(&kept::DELIVERIES, state, Expect::Any)
        .audit("webhook.delete", target(id), Some(seen(&kept.record)), None)?;
    change.commit().await?;
    app.outbox.wake(&caller.account);
    Ok(())
}

/// Sends a webhook an event that nothing has caused, once, and says what came of it.
///
/// # Errors
/// Fails if the caller may not, or there is no such webhook.
pub async fn test(caller: &Caller, app: &Arc<App>, id: WebhookId) -> Result<Outcome> {
    caller.require(Permission::WebhooksWrite)?;
    let webhook = existing(app, &caller.account, id).await?.record;
    let message = attempt::Message {
        id: RequestId::mint(&app.ids),
        kind: "webhook.test",
        subject: None,
        sequence: None,
        at: app.now(),
        data: json!({"webhookId": id}),
    };
    let sent = attempt::post(app, &caller.account, &webhook, &message).await;
    Ok(Outcome { error: sent.err() })
}

/// Returns what signs a webhook's messages now.
pub(crate) fn secrets(app: &App, account: &AccountId, webhook: &Webhook) -> Result<Vec<Vec<u8>>> {
    let previous = webhook.previous_secret.as_ref();
    let previous = previous.filter(|previous| previous.until > app.now());
    let place = place(account, webhook.id);
    let sealed = [
        Some(&webhook.secret),
        previous.map(|previous| &previous.secret),
    ];
    let opened = sealed.into_iter().flatten().map(|secret| {
        let sealed = self::sealed(secret);
        Ok(app.options.keyring.open(&place, &sealed)?)
    });
    opened.collect()
}

/// Encrypts anew with the newest key what an older one has sealed.
pub(crate) async fn renew(app: &App, account: &AccountId, renewed: &mut Renewed) -> Result<()> {
    let query = Query::all(account, Webhook::COLLECTION);
    for row in app.store.find_all(&query, app.now()).await? {
        let kept: Kept<Webhook> = record::read(&row)?;
        let mut webhook = kept.record;
        let place = place(account, webhook.id);
        let previous = webhook.previous_secret.as_mut();
        let previous = previous.map(|previous| &mut previous.secret);
        let mut is_changed = false;
        for secret in [Some(&mut webhook.secret), previous].into_iter().flatten() {
            if let Some(anew) = renewed.seal(app, &place, &sealed(secret))? {
                (secret.sealed, secret.key_id) = (anew.text, anew.key_id);
                is_changed = true;
            }
        }
        if is_changed {
            secrets::replace(app, account, &webhook, kept.revision).await?;
        }
    }
    Ok(())
}

fn sealed(secret: &SealedSecret) -> Sealed {
    Sealed {
        key_id: secret.key_id.clone(),
        text: secret.sealed.clone(),
    }
}

pub(crate) async fn find(
    app: &App,
    account: &AccountId,
    id: &str,
) -> Result<Option<Kept<Webhook>>> {
    let key = Key::new(account, [id]);
    let row = app.store.get(Webhook::COLLECTION, &key, app.now()).await?;
    Ok(row.as_ref().map(record::read).transpose()?)
}

async fn existing(app: &App, account: &AccountId, id: WebhookId) -> Result<Kept<Webhook>> {
    let kept = find(app, account, &id.to_string()).await?;
    kept.ok_or_else(|| {
        Error::new(
            Code::WebhookNotFound,
            format!("no webhook has the id `{id}`"),
        )
    })
}

async fn update(
    caller: &Caller,
    app: &App,
    word: &str,
    before: Kept<Webhook>,
    mut after: Webhook,
    expected: Option<u64>,
) -> Result<Kept<Webhook>> {
    if expected.is_some_and(|expected| expected != before.revision) {
        let message = "the webhook was changed meanwhile; read it again and repeat the change";
        return Err(Error::new(Code::RevisionConflict, message));
    }
    if before.record == after {
        return Ok(before);
    }
    after.updated_at = app.now();
    after.updated_by.clone_from(&caller.actor);
    let mut change = Change::new(app, caller);
    change
        .put(&after, Expect::Revision(before.revision))?
        .audit(
            word,
            target(after.id),
            Some(seen(&before.record)),
            Some(seen(&after)),
        )?;
    let revisions = change.try_commit().await?;
    app.outbox.wake(&caller.account);
    Ok(Kept {
        record: after,
        revision: revisions.first().copied().unwrap_or(0),
    })
}

fn checked(app: &App, written: Written) -> Result<Written> {
    let mut checks = Checks::default();
    if let Err(expected) = app.outbound.check_url(&written.url) {
        checks.require(false, "#/url", expected.to_string());
    }
    checks.require(
        written.url.len() <= limits::WEBHOOK_URL_BYTES_MAX,
        "#/url",
        format!("expected at most {} bytes", limits::WEBHOOK_URL_BYTES_MAX),
    );
    checks.require(
        written.description.chars().count() <= limits::POLICY_DESCRIPTION_CHARS_MAX,
        "#/description",
        format!(
            "expected at most {} characters",
            limits::POLICY_DESCRIPTION_CHARS_MAX
        ),
    );
    checks.require(
        written.events.len() <= limits::WEBHOOK_EVENTS_MAX,
        "#/events",
        format!("expected at most {} types", limits::WEBHOOK_EVENTS_MAX),
    );
    let filter = Filter::parse(&written.events);
    if let Err(found) = &filter {
        let expected = format!(
            "expected types of events such as `conversation.closed` or `conversation.*`, found `{found}`"
        );
        checks.require(false, "#/events", expected);
    }
    checks.finish()?;
    Ok(Written {
        events: filter.unwrap_or_default().into_written(),
        ..written
    })
}

/// Makes a secret: as it is kept, and as people see it.
fn secret(app: &App, account: &AccountId, id: WebhookId) -> Result<(SealedSecret, String)> {
    let plain = app.ids.secret();
    let place = place(account, id);
    let sealed = app.options.keyring.seal(&place, &plain, app.ids.secret())?;
    let secret = SealedSecret {
        sealed: sealed.text,
        key_id: sealed.key_id,
    };
    Ok((secret, signature::shown(&plain)))
}

fn place(account: &AccountId, id: WebhookId) -> String {
    format!("{account}/webhook/{id}")
}

fn target(id: WebhookId) -> String {
    format!("webhook/{id}")
}

/// What the audit log shows of a webhook.
fn seen(webhook: &Webhook) -> Value {
    json!({"url": webhook.url, "events": webhook.events, "description": webhook.description,
        "isEnabled": webhook.is_enabled})
}
