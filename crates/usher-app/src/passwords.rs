//! Passwords: hashed with Argon2id, away from the threads that serve requests, a few at a time.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use crate::App;
use crate::error::{Error, Result};

/// Characters that a password has at least (NIST SP 800-63B asks for 8, and for no other rule).
const CHARS_MIN: usize = 12;
/// Bytes that it has at most.
const BYTES_MAX: usize = 1_024;
/// Passwords worked on at once: each takes 19 MiB and a processor.
const AT_ONCE_MAX: usize = 4;

/// Bounds what passwords cost, however many people sign in.
#[derive(Debug)]
pub(crate) struct Passwords {
    places: Semaphore,
}

impl Passwords {
    pub(crate) const fn new() -> Self {
        Self {
            places: Semaphore::const_new(AT_ONCE_MAX),
        }
    }
}

/// Hashes a password.
///
/// # Errors
/// Fails if it is too short or too long.
pub(crate) async fn hash(app: &App, password: String) -> Result<String> {
    if password.chars().count() < CHARS_MIN || password.len() > BYTES_MAX {
        let message = format!("expected a password of {CHARS_MIN} to {BYTES_MAX} characters");
        return Err(Error::field("#/password", message));
    }
    let salt = app.ids.secret();
    let work = move || {
        Argon2::default()
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map(|hash| hash.to_string())
    };
    let hashed = apart(app, work).await?;
    hashed.map_err(|error| Error::internal(error.to_string()))
}

/// Whether a password is the one of a hash; without a hash it is not, which takes as long.
pub(crate) async fn is_right(app: &App, password: String, hash: Option<String>) -> Result<bool> {
    if password.len() > BYTES_MAX {
        return Ok(false);
    }
    let salt = app.ids.secret();
    let work = move || match hash {
        Some(hash) => Argon2::default()
            .verify_password(password.as_bytes(), hash.as_str())
            .is_ok(),
        None => {
            let hashed = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
            drop(hashed);
            false
        }
    };
    apart(app, work).await
}

async fn apart<T: Send + 'static>(
    app: &App,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let _place = app
        .passwords
        .places
        .acquire()
        .await
        .map_err(Error::internal)?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)
}
