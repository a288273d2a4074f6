//! The keys that brands publish under an address, fetched when they are needed and kept for a while.
//!
//! An address is asked once an hour, and for a key that nobody knows yet at most once a minute, by one
//! caller while others wait. When it fails, the keys that came last go on working.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use reqwest::Method;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use usher_model::id::AccountId;
use usher_model::time::Timestamp;

use crate::App;
use crate::cache::{self, Cache};
use crate::identity;
use crate::outbound::{OutboundError, Request};

/// How long keys are taken as they are.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How long an address is left alone after it was asked.
const PAUSE: Duration = Duration::from_secs(60);
/// How long an address may take to answer.
const FETCH_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const BYTES_MAX: usize = 64 << 10;
/// Accounts whose keys are held.
const ACCOUNTS_MAX: u64 = 10_000;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeySetError {
    /// The address cannot be reached, or may not be called.
    #[error("the keys could not be fetched")]
    Outbound(#[source] OutboundError),
    /// It answers something else.
    #[error("expected a status of 200 from the address of the keys, found {0}")]
    Status(u16),
    /// What it answers is not JSON.
    #[error("expected JSON from the address of the keys")]
    Unreadable(#[source] serde_json::Error),
    /// What it answers has no key that can be used.
    #[error("{0}")]
    Unusable(String),
    /// It has failed a moment ago, and no keys came before.
    #[error(
        "the keys could not be fetched a moment ago; the address is asked again within a minute"
    )]
    Resting,
}

/// The keys of every account that publishes them.
pub(crate) struct KeySets(Cache<AccountId, Arc<Published>>);

impl std::fmt::Debug for KeySets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeySets").finish_non_exhaustive()
    }
}

/// What an account publishes under one address.
struct Published {
    url: String,
    /// Guards what is known; held for nanoseconds.
    known: Mutex<Known>,
    /// Whose turn it is to ask.
    turn: Semaphore,
}

#[derive(Clone, Default)]
struct Known {
    /// The keys that came last, and when.
    keys: Option<(Arc<JwkSet>, Timestamp)>,
    /// When the address was last asked.
    asked_at: Option<Timestamp>,
}

impl Known {
    /// Returns the keys unless they are too old.
    fn fresh(&self, now: Timestamp) -> Option<&Arc<JwkSet>> {
        let (keys, at) = self.keys.as_ref()?;
        is_within(*at, now, FRESH).then_some(keys)
    }

    fn is_resting(&self, now: Timestamp) -> bool {
        self.asked_at.is_some_and(|at| is_within(at, now, PAUSE))
    }
}

/// Whether it is less than so long ago; a clock that went backwards makes nothing last longer.
fn is_within(at: Timestamp, now: Timestamp, time: Duration) -> bool {
    now >= at && now.since(at) < time
}

impl KeySets {
    pub(crate) fn new() -> Self {
        Self(cache::counted(ACCOUNTS_MAX))
    }

    fn of(&self, account: &AccountId, url: &str) -> Arc<Published> {
        if let Some(held) = self.0.get(account).filter(|held| held.url == url) {
            return held;
        }
        let published = Arc::new(Published {
            url: url.to_owned(),
            known: Mutex::new(Known::default()),
            turn: Semaphore::new(1),
        });
        self.0.insert(account.clone(), Arc::clone(&published));
        published
    }

    /// Keeps keys that were fetched just now.
    pub(crate) fn keep(&self, account: &AccountId, url: &str, keys: JwkSet, now: Timestamp) {
        self.of(account, url).take(keys, now);
    }
}

impl Published {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, keys: JwkSet, now: Timestamp) {
        let mut known = self.lock();
        known.keys = Some((Arc::new(keys), now));
        known.asked_at = Some(now);
    }
}

/// Returns the keys that an account publishes, and asks for them anew unless they are fresh and
/// `is_enough` says that the one in question is among them.
///
/// # Errors
/// Fails if the address cannot be asked now and no keys came before.
pub(crate) async fn of(
    app: &App,
    account: &AccountId,
    url: &str,
    is_enough: impl Fn(&JwkSet) -> bool,
) -> Result<Arc<JwkSet>, KeySetError> {
    let published = app.key_sets.of(account, url);
    let enough = |now| {
        let known = published.lock();
        known.fresh(now).filter(|keys| is_enough(keys)).cloned()
    };
    if let Some(keys) = enough(app.now()) {
        return Ok(keys);
    }
    // The semaphore is never closed.
    let _turn = published.turn.acquire().await;
    let now = app.now();
    // Who had the turn before may have brought it.
    if let Some(keys) = enough(now) {
        return Ok(keys);
    }
    let mut failure = KeySetError::Resting;
    let is_resting = published.lock().is_resting(now);
    if !is_resting {
        published.lock().asked_at = Some(now);
        match fetch(app, url).await {
            Ok(keys) => published.take(keys, now),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, %account, "the brand's keys were not fetched; those that came last go on working");
                failure = error;
            }
        }
    }
    let last = published.lock().keys.clone();
    last.map(|(keys, _)| keys).ok_or(failure)
}

/// Asks an address for its keys.
///
/// # Errors
/// Fails if it may not be called, does not answer in time, or has no key that can be used.
pub(crate) async fn fetch(app: &App, url: &str) -> Result<JwkSet, KeySetError> {
    let headers = [("accept".to_owned(), "application/json".to_owned())];
    let answered = app.outbound.send(Request {
        method: Method::GET,
        url,
        headers: &headers,
        body: Vec::new(),
        deadline: Instant::now() + FETCH_MAX,
        answer_bytes_max: BYTES_MAX,
        // One could lead to an address that is not encrypted.
        redirects_max: 0,
        rule: &|_host| true,
    });
    let response = answered.await.map_err(KeySetError::Outbound)?;
    if response.status != 200 {
        return Err(KeySetError::Status(response.status));
    }
    let set = serde_json::from_slice(&response.body).map_err(KeySetError::Unreadable)?;
    identity::published(&set).map_err(KeySetError::Unusable)
}
