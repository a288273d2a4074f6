//! How often somebody may ask: a token bucket for each account, and for each consumer who writes.

use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use usher_model::id::AccountId;
use usher_model::time::Timestamp;

use crate::cache::{self, Cache};
use crate::error::{Code, Error, Result};

/// Buckets that are held; the rest are full.
const BUCKETS_MAX: u64 = 10_000;

/// Token buckets by whom they are for.
pub(crate) struct Limiter<K = AccountId> {
    /// What may be done, for the one who is told to wait.
    what: &'static str,
    per_second: f64,
    burst: f64,
    buckets: Cache<K, Arc<Mutex<Bucket>>>,
}

impl<K> std::fmt::Debug for Limiter<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter")
            .field("per_second", &self.per_second)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Timestamp,
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Limiter<K> {
    pub(crate) fn new(what: &'static str, per_second: u32, burst: u32) -> Self {
        Self {
            what,
            per_second: f64::from(per_second.max(1)),
            burst: f64::from(burst.max(1)),
            buckets: cache::counted(BUCKETS_MAX),
        }
    }

    /// Takes one token of a bucket.
    ///
    /// # Errors
    /// Fails with [`Code::RateLimited`] and the time until the next token if none is left.
    pub(crate) fn take(&self, whose: &K, now: Timestamp) -> Result<()> {
        let bucket = self.buckets.get_or_insert_with(whose, || {
            Ok::<_, Error>(Arc::new(Mutex::new(Bucket {
                tokens: self.burst,
                filled_at: now,
            })))
        })?;
        // Guards two numbers; held for nanoseconds.
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that went backwards fills nothing.
        let passed = now.since(bucket.filled_at).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * self.per_second).min(self.burst);
        bucket.filled_at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64((1.0 - bucket.tokens) / self.per_second);
        Err(Error::new(
            Code::RateLimited,
            format!(
                "{} {} a second; wait and try again",
                self.what, self.per_second
            ),
        )
        .with_retry_after(wait))
    }
}

/// What an account may do.
pub(crate) const ACCOUNT: &str = "the number of requests that the account may make is";
/// What a consumer may do.
pub(crate) const CONSUMER: &str = "the number of messages that the consumer may send is";
/// What consumers of an account may do together.
pub(crate) const NEWCOMERS: &str = "the number of tokens that consumers of the account get is";
/// What is counted of those who sign in at an identity provider.
pub(crate) const OIDC: &str = "the number of sign-ins at the identity provider is";

/// Counts one request of the caller's account.
///
/// # Errors
/// Fails with [`Code::RateLimited`] if the account has asked too often.
pub fn take(caller: &crate::caller::Caller, app: &crate::App) -> Result<()> {
    app.rates.take(&caller.account, app.now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let limiter = Limiter::new(ACCOUNT, 10, 3);
        let account = AccountId::parse("a").unwrap();
        for _ in 0..3 {
            limiter.take(&account, at(0)).unwrap();
        }
        let refused = limiter.take(&account, at(0)).unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert_eq!(refused.retry_after, Some(Duration::from_millis(100)));
        limiter.take(&account, at(100)).unwrap();
        assert!(limiter.take(&account, at(100)).is_err());
        limiter
            .take(&AccountId::parse("b").unwrap(), at(100))
            .unwrap();
    }

    #[test]
    fn a_clock_that_goes_backwards_neither_fills_nor_blocks_for_ever() {
        let limiter = Limiter::new(ACCOUNT, 10, 1);
        let account = AccountId::parse("a").unwrap();
        limiter.take(&account, at(10_000)).unwrap();
        assert!(limiter.take(&account, at(0)).is_err());
        assert!(limiter.take(&account, at(100)).is_ok());
    }
}
