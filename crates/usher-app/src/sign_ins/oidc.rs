//! Signing in at an identity provider: `OpenID` Connect's authorization code flow, with PKCE.
//!
//! The provider says who somebody is, and nothing else: they must be a user of the account already,
//! with the address that the provider vouches for. Nothing is kept between the two steps: what the
//! provider has to send back follows from one secret, which the browser holds in a cookie.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use usher_model::id::AccountId;
use usher_store::batch::Batch;

use super::{SignedIn, admit, by_email, may_sign_in};
use crate::App;
use crate::credentials::secret;
use crate::error::{Code, Error, Result};
use crate::hash::sha256;
use crate::identity::{self, IdentityError, Trust};
use crate::key_sets::{self, KeySetError};
use crate::outbound::{OutboundError, Request};

/// How long somebody may take at the provider.
pub const TIME_MAX: Duration = Duration::from_secs(10 * 60);
/// How long the provider may take for one answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes of an answer of the provider.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// When somebody tries again who did not reach the provider.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// Where the provider sends browsers back to: a page of the console.
const RETURN_PATH: &str = "/console/sign-in/oidc";

/// The provider at which people may sign in.
#[derive(Clone)]
pub struct Options {
    /// Its issuer, which is the beginning of the address at which it describes itself.
    pub issuer: String,
    /// What it calls this server.
    pub client_id: String,
    /// What this server proves itself with; without one it is a public client.
    pub client_secret: Option<String>,
    /// The account whose people sign in there.
    pub account: AccountId,
    /// Where browsers find this server: scheme and host, perhaps a port.
    pub public_url: String,
    /// What people call the provider.
    pub name: String,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// A sign-in that has begun.
#[derive(Clone)]
pub struct Begun {
    /// Where the browser goes.
    pub url: String,
    /// What the browser keeps for [`finish`]; it is no use to anybody else.
    pub secret: String,
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Begun").finish_non_exhaustive()
    }
}

/// What a browser comes back with.
#[derive(Clone)]
pub struct Returned {
    /// What it kept.
    pub secret: String,
    /// What the provider sent back as `state`.
    pub state: String,
    /// What the provider gave as `code`.
    pub code: String,
}

impl std::fmt::Debug for Returned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Returned").finish_non_exhaustive()
    }
}

/// Why the provider was of no use.
#[derive(Debug, thiserror::Error)]
enum ProviderError {
    #[error("it could not be called")]
    Outbound(#[source] OutboundError),
    #[error("expected a status of 200 from `{url}`, found {status}")]
    Status { url: String, status: u16 },
    #[error("expected an answer of OpenID Connect from `{url}`")]
    Unreadable {
        url: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("expected a provider that calls itself `{expected}`, found `{found}`")]
    Issuer { expected: String, found: String },
    #[error("expected an encrypted address, found `{0}`")]
    Address(String),
    #[error("its keys were not to be had")]
    Keys(#[source] KeySetError),
}

/// What a provider says of itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Debug, Deserialize)]
struct Provider {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    /// How clients may prove themselves; by `client_secret_basic` unless it says otherwise.
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// What a provider says of somebody (OpenID Connect Core 1.0, sections 2 and 5.1).
#[derive(Deserialize)]
struct Person {
    nonce: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
}

/// Returns what people call the provider, if there is one.
#[must_use]
pub fn name(app: &App) -> Option<&str> {
    app.options.oidc.as_ref().map(|options| &*options.name)
}

/// Begins a sign-in at the provider.
///
/// # Errors
/// Fails with [`Code::NotFound`] if there is no provider, and with [`Code::ProviderUnavailable`] if it
/// cannot be asked.
pub async fn begin(app: &App) -> Result<Begun> {
    let options = options(app)?;
    app.oidc_calls.take(&options.account, app.now())?;
    let provider = provider(app, options).await?;
    let secret = secret(app);
    let mut url = Url::parse(&provider.authorization_endpoint).map_err(Error::internal)?;
    let challenge = URL_SAFE_NO_PAD.encode(sha256(derived("verifier", &secret)));
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &options.client_id)
        .append_pair("redirect_uri", &options.return_url())
        .append_pair("scope", "openid email")
        .append_pair("state", &derived("state", &secret))
        .append_pair("nonce", &derived("nonce", &secret))
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    let url = url.into();
    Ok(Begun { url, secret })
}

/// Signs in whom the provider vouches for.
///
/// # Errors
/// Fails with [`Code::SignInRefused`] if the browser did not begin this sign-in, or no enabled person
/// has the address; and as [`begin`] does.
pub async fn finish(app: &App, returned: Returned) -> Result<SignedIn> {
    let options = options(app)?;
    app.oidc_calls.take(&options.account, app.now())?;
    // Of no secret everybody knows what follows.
    let has_begun = !returned.secret.is_empty();
    if !has_begun || returned.state != derived("state", &returned.secret) {
        return Err(refused(
            "this browser did not begin the sign-in; begin anew",
        ));
    }
    let provider = provider(app, options).await?;
    let token = redeem(app, options, &provider, &returned).await?;
    let keys = key_sets::fetch(app, &provider.jwks_uri).await;
    let keys = keys.map_err(|source| unavailable(ProviderError::Keys(source)))?;
    let trust = Trust {
        issuer: provider.issuer,
        audience: options.client_id.clone(),
        keys: Arc::new(keys),
    };
    let person: Person = identity::read(&trust, &token, app.now()).map_err(distrusted)?;
    if person.nonce != Some(derived("nonce", &returned.secret)) {
        return Err(refused("the provider answered another sign-in; begin anew"));
    }
    let email = person.email.filter(|_| person.email_verified);
    let email = email.ok_or_else(|| {
        refused("expected an address that the provider has verified (`email`, `email_verified`)")
    })?;
    let user = by_email(app, &options.account, &email.to_lowercase()).await?;
    let user = user.filter(may_sign_in).ok_or_else(|| {
        refused("no user has the address that the provider knows; ask an administrator")
    })?;
    admit(app, options.account.clone(), user, Batch::new(app.now())).await
}

impl Options {
    fn return_url(&self) -> String {
        format!("{}{RETURN_PATH}", self.public_url)
    }
}

fn options(app: &App) -> Result<&Options> {
    let none = "this server has no identity provider; its operator sets `oidc.issuer`";
    let options = app.options.oidc.as_ref();
    options.ok_or_else(|| Error::new(Code::NotFound, none))
}

/// Asks the provider for a description of itself.
async fn provider(app: &App, options: &Options) -> Result<Provider> {
    let url = format!(
        "{}/.well-known/openid-configuration",
        options.issuer.trim_end_matches('/')
    );
    let provider: Provider = ask(app, Method::GET, &url, &[], String::new()).await?;
    if provider.issuer != options.issuer {
        return Err(unavailable(ProviderError::Issuer {
            expected: options.issuer.clone(),
            found: provider.issuer,
        }));
    }
    // The browser is sent to the first; the others are called from here.
    for address in [
        &provider.authorization_endpoint,
        &provider.token_endpoint,
        &provider.jwks_uri,
    ] {
        if !app.outbound.is_trustworthy(address) {
            return Err(unavailable(ProviderError::Address(address.clone())));
        }
    }
    Ok(provider)
}

/// Gives the code back for the token that says who signed in.
async fn redeem(
    app: &App,
    options: &Options,
    provider: &Provider,
    returned: &Returned,
) -> Result<String> {
    let mut headers = vec![(
        "content-type".to_owned(),
        "application/x-www-form-urlencoded".to_owned(),
    )];
    // What is appended to a query is encoded as a form is.
    let mut form = Url::parse("form:?").map_err(Error::internal)?;
    form.query_pairs_mut()
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", &returned.code)
        .append_pair("redirect_uri", &options.return_url())
        .append_pair("client_id", &options.client_id)
        .append_pair("code_verifier", &derived("verifier", &returned.secret));
    if let Some(secret) = &options.client_secret {
        let methods = provider.token_endpoint_auth_methods_supported.as_ref();
        let takes = |name: &str| methods.is_some_and(|all| all.iter().any(|one| one == name));
        if takes("client_secret_post") && !takes("client_secret_basic") {
            form.query_pairs_mut().append_pair("client_secret", secret);
        } else {
            headers.push(("authorization".to_owned(), basic(options, secret)?));
        }
    }
    let form = form.query().unwrap_or_default().to_owned();
    let tokens: Tokens = ask(app, Method::POST, &provider.token_endpoint, &headers, form).await?;
    Ok(tokens.id_token)
}

/// Returns how a client proves itself (RFC 6749, section 2.3.1): both words encoded as in a form.
fn basic(options: &Options, secret: &str) -> Result<String> {
    let mut words = Url::parse("form:?").map_err(Error::internal)?;
    words
        .query_pairs_mut()
        .append_pair(&options.client_id, secret);
    let words = words.query().unwrap_or_default().replacen('=', ":", 1);
    Ok(format!("Basic {}", STANDARD.encode(words)))
}

async fn ask<T: DeserializeOwned>(
    app: &App,
    method: Method,
    url: &str,
    headers: &[(String, String)],
    body: String,
) -> Result<T> {
    if !app.outbound.is_trustworthy(url) {
        return Err(unavailable(ProviderError::Address(url.to_owned())));
    }
    let answered = app.outbound.send(Request {
        method,
        url,
        headers,
        body: body.into_bytes(),
        deadline: Instant::now() + ANSWER_TIME_MAX,
        answer_bytes_max: ANSWER_BYTES_MAX,
        redirects_max: 0,
        rule: &|_host| true,
    });
    let answer = answered
        .await
        .map_err(|source| unavailable(ProviderError::Outbound(source)))?;
    if answer.status != 200 {
        let (url, status) = (url.to_owned(), answer.status);
        // Of what the browser brought, the code is what a provider refuses.
        return Err(if (400..500).contains(&status) {
            refused("the provider did not take its code back; begin anew")
                .with_source(ProviderError::Status { url, status })
        } else {
            unavailable(ProviderError::Status { url, status })
        });
    }
    serde_json::from_slice(&answer.body).map_err(|source| {
        let url = url.to_owned();
        unavailable(ProviderError::Unreadable { url, source })
    })
}

/// Returns what belongs to a secret and does not tell it.
fn derived(what: &str, secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(format!("oidc {what} {secret}")))
}

fn refused(message: &'static str) -> Error {
    Error::new(Code::SignInRefused, message)
}

fn distrusted(source: IdentityError) -> Error {
    let cause = std::error::Error::source(&source).map(ToString::to_string);
    tracing::info!(error = %source, cause, "a token of the identity provider was refused");
    refused(
        "the provider's token is not one for this server; its operator finds the reason in the log",
    )
    .with_source(source)
}

fn unavailable(source: ProviderError) -> Error {
    let message = "the identity provider cannot be asked now; the log says why";
    Error::new(Code::ProviderUnavailable, message)
        .with_retry_after(RETRY_AFTER)
        .with_source(source)
}
