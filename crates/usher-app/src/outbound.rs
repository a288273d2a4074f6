//! The one HTTP client: what functions, webhooks and keys of others call.
//!
//! A name is resolved here, every address is checked, and the connection goes to the address that
//! was checked: a name that points elsewhere a moment later changes nothing. A redirect is a new
//! call, with the same checks. Every call has a deadline for all of it, and every answer a bound.
//! No proxy is taken from the environment.

pub mod address;

mod resolver;

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, StatusCode, Url};
use tokio::time::{Instant, timeout_at};

use address::{Allowed, Private};
use resolver::{Forbidden, Resolver};
pub use resolver::{Lookup, SystemLookup};

/// How long an unused connection is kept for the next call.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// Unused connections to one host that are kept.
const IDLE_CONNECTIONS_MAX: usize = 16;

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct Options {
    /// Private networks and hosts that may be called.
    pub allow_private: Vec<Private>,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long one delivery of an event may take, answer included.
    pub delivery_timeout: Duration,
}

impl Options {
    /// Returns what the configuration says unless it is changed: nothing private is called.
    #[must_use]
    pub const fn closed() -> Self {
        Self {
            allow_private: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            delivery_timeout: Duration::from_secs(15),
        }
    }
}

/// The client.
#[derive(Clone, Debug)]
pub struct Outbound {
    allowed: Allowed,
    /// Made when it is first used: it reads whom the machine trusts.
    client: Arc<LazyLock<Result<Client, reqwest::Error>, MakeClient>>,
}

type MakeClient = Box<dyn FnOnce() -> Result<Client, reqwest::Error> + Send>;

/// Says which hosts the caller may call; asked anew for every redirect.
pub type HostRule = dyn Fn(&str) -> bool + Send + Sync;

/// A call.
pub struct Request<'r> {
    /// What to do.
    pub method: Method,
    /// Where.
    pub url: &'r str,
    /// Names and values.
    pub headers: &'r [(String, String)],
    /// What is sent.
    pub body: Vec<u8>,
    /// Until when the whole answer must be here.
    pub deadline: Instant,
    /// Bytes of the answer's body, at most.
    pub answer_bytes_max: usize,
    /// Redirects that are followed; with none, a redirect is an answer.
    pub redirects_max: usize,
    /// Which hosts may be called.
    pub rule: &'r HostRule,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// What came.
    pub body: Vec<u8>,
    /// Where it came from in the end.
    pub url: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The URL cannot be called.
    #[error("expected an absolute URL with http or https, found another text")]
    Url,
    /// A header cannot be sent.
    #[error("expected a header that can be sent, found `{0}`")]
    Header(String),
    /// The caller may not call the host.
    #[error("expected a host that may be called, found `{0}`")]
    Host(String),
    /// The host's address is private.
    #[error("expected a public address, found that `{0}` is a private one")]
    PrivateAddress(String),
    /// There were too many redirects.
    #[error("expected at most {0} redirects")]
    Redirects(usize),
    /// The answer is too large.
    #[error("expected an answer of at most {0} bytes")]
    AnswerTooLarge(usize),
    /// The answer was not here in time.
    #[error("no complete answer came in time")]
    Deadline,
    /// Nobody answers there, or not in HTTP.
    #[error("`{host}` cannot be reached")]
    Unreachable {
        /// Who.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// There is no client.
    #[error("the client for outbound calls cannot be made")]
    Client(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl Outbound {
    /// Returns a client that asks `lookup` for addresses.
    #[must_use]
    pub fn new(options: &Options, lookup: Arc<dyn Lookup>) -> Self {
        let allowed = Allowed::new(&options.allow_private);
        let resolver = Resolver::new(allowed.clone(), lookup);
        let connect_timeout = options.connect_timeout;
        let make: MakeClient = Box::new(move || {
            Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .dns_resolver(resolver)
                .connect_timeout(connect_timeout)
                .pool_idle_timeout(IDLE_MAX)
                .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
                .build()
        });
        Self {
            allowed,
            client: Arc::new(LazyLock::new(make)),
        }
    }

    /// Calls, follows redirects, and reads the answer.
    ///
    /// # Errors
    /// Fails if a host or an address may not be called, or no complete answer of that size comes in
    /// time.
    pub async fn send(&self, request: Request<'_>) -> Result<Response, OutboundError> {
        let deadline = request.deadline;
        let answered = timeout_at(deadline, self.follow(request)).await;
        answered.unwrap_or(Err(OutboundError::Deadline))
    }

    async fn follow(&self, request: Request<'_>) -> Result<Response, OutboundError> {
        let mut url = Url::parse(request.url).map_err(|_not_one| OutboundError::Url)?;
        let mut method = request.method;
        let mut body = request.body;
        let mut headers = read_headers(request.headers)?;
        for _ in 0..=request.redirects_max {
            let response = self
                .hop(request.rule, method.clone(), &url, &headers, body.clone())
                .await?;
            let next = redirect(&url, &response).filter(|_| request.redirects_max > 0);
            let Some(next) = next else {
                return read(&url, response, request.answer_bytes_max).await;
            };
            let next = next?;
            let becomes_get = match response.status() {
                StatusCode::SEE_OTHER => method != Method::HEAD,
                StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => method == Method::POST,
                _ => false,
            };
            if becomes_get {
                method = Method::GET;
                body = Vec::new();
                headers.remove(header::CONTENT_TYPE);
            }
            if next.origin() != url.origin() {
                for secret in [header::AUTHORIZATION, header::COOKIE] {
                    headers.remove(secret);
                }
            }
            url = next;
        }
        Err(OutboundError::Redirects(request.redirects_max))
    }

    async fn hop(
        &self,
        rule: &HostRule,
        method: Method,
        url: &Url,
        headers: &HeaderMap,
        body: Vec<u8>,
    ) -> Result<reqwest::Response, OutboundError> {
        let host = self.check(rule, url)?;
        let client = match &**self.client {
            Ok(client) => client,
            Err(source) => return Err(OutboundError::Client(Arc::new(Unmade(source.to_string())))),
        };
        let request = client.request(method, url.clone()).headers(headers.clone());
        let sent = request.body(body).send().await;
        sent.map_err(|source| failure(host, source))
    }

    /// Checks whether a URL may be called, as far as it says itself.
    ///
    /// # Errors
    /// Fails if it is none, carries a user or a password, or names a private address.
    pub fn check_url(&self, url: &str) -> Result<(), OutboundError> {
        let url = Url::parse(url).map_err(|_not_one| OutboundError::Url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::Url);
        }
        self.check(&|_host| true, &url).map(drop)
    }

    /// Whether what a URL answers can be believed: it is encrypted, or of a private host that the
    /// operator has allowed.
    #[must_use]
    pub fn is_trustworthy(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| {
            let host = url.host_str();
            url.scheme() == "https" || host.is_some_and(|host| self.allowed.names(host))
        })
    }

    /// Checks what a URL says by itself; a name's addresses are checked when they are known.
    fn check(&self, rule: &HostRule, url: &Url) -> Result<String, OutboundError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OutboundError::Url);
        }
        let host = url.host_str().ok_or(OutboundError::Url)?;
        if !rule(host) {
            return Err(OutboundError::Host(host.to_owned()));
        }
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = literal.parse::<IpAddr>()
            && !self.allowed.allows(host, address)
        {
            return Err(OutboundError::PrivateAddress(host.to_owned()));
        }
        Ok(host.to_owned())
    }
}

/// Why the client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unmade(String);

fn read_headers(headers: &[(String, String)]) -> Result<HeaderMap, OutboundError> {
    let mut read = HeaderMap::new();
    for (name, value) in headers {
        let wrong = || OutboundError::Header(name.clone());
        let name = HeaderName::from_bytes(name.as_bytes())
            .ok()
            .ok_or_else(wrong)?;
        let value = HeaderValue::from_str(value).ok().ok_or_else(wrong)?;
        // The connection is ours.
        let is_ours = matches!(
            name,
            header::HOST
                | header::CONNECTION
                | header::CONTENT_LENGTH
                | header::TRANSFER_ENCODING
                | header::UPGRADE
                | header::TE
                | header::TRAILER
        );
        if !is_ours {
            read.append(name, value);
        }
    }
    Ok(read)
}

/// Returns where an answer sends its reader, if it does.
fn redirect(url: &Url, response: &reqwest::Response) -> Option<Result<Url, OutboundError>> {
    let is_redirect = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = response.headers().get(header::LOCATION);
    let location = location.filter(|_| is_redirect)?;
    let next = location.to_str().ok().and_then(|next| url.join(next).ok());
    Some(next.ok_or(OutboundError::Url))
}

async fn read(
    url: &Url,
    mut response: reqwest::Response,
    bytes_max: usize,
) -> Result<Response, OutboundError> {
    let status = response.status().as_u16();
    let headers = response.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let headers = headers.collect();
    let host = url.host_str().unwrap_or_default();
    let is_too_large = |length| usize::try_from(length).is_ok_and(|length| length > bytes_max);
    if response.content_length().is_some_and(is_too_large) {
        return Err(OutboundError::AnswerTooLarge(bytes_max));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|source| failure(host.to_owned(), source))?
    {
        if body.len() + chunk.len() > bytes_max {
            return Err(OutboundError::AnswerTooLarge(bytes_max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response {
        status,
        headers,
        body,
        url: url.to_string(),
    })
}

fn failure(host: String, source: reqwest::Error) -> OutboundError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&source);
    while let Some(error) = cause {
        if error.is::<Forbidden>() {
            return OutboundError::PrivateAddress(host);
        }
        cause = error.source();
    }
    // The URL may hold what is secret.
    let source = source.without_url();
    if source.is_timeout() {
        return OutboundError::Deadline;
    }
    OutboundError::Unreachable { host, source }
}

#[cfg(test)]
mod tests;
