//! The bus of several nodes: NATS, its core only.
//!
//! Nothing is kept on the server. While it cannot be reached, hints for other nodes are dropped and
//! counted; this node's own subscribers get theirs all the same. When the connection is there again,
//! the node greets the others and itself: whoever hears a greeting takes hints as lost. Its own
//! comes back only after the server knows that the node listens, so nothing falls in between.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, ServerAddr, Subscriber};
use futures_util::{FutureExt as _, StreamExt as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::sync::Notify;
use tokio::task::unconstrained;
use tokio::time::timeout;
use usher_model::id::{AccountId, IdSource, NodeId};
use usher_model::limits;

use crate::bus::Notice;
use crate::hint::{Hint, Message};
use crate::local::Local;

/// What a word of a subject is written with; `%` and two digits stand for every other byte.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// How the servers are reached.
#[derive(Clone)]
pub struct Options {
    /// Servers of one cluster, separated by commas: `nats://user:password@host:port`, or
    /// `nats://token@host:port`, or `tls://` to insist on an encrypted connection.
    pub servers: String,
    /// The first word of every subject: installations that share a server have one each.
    pub subject: String,
    /// Certificates, in PEM, of those who may vouch for the server; none means those that the
    /// machine trusts.
    pub root_certificates: Option<PathBuf>,
    /// The certificate that this node shows, and its key, in PEM.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

impl fmt::Debug for Options {
    /// Hides the servers, whose addresses may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum NatsError {
    /// An address cannot be read.
    #[error("expected servers such as `nats://user:password@host:4222`")]
    Address(#[source] std::io::Error),
    /// A user name or password is not what its escapes say.
    #[error("expected a user and a password in UTF-8 after `%` and two digits are replaced")]
    Credentials(#[source] std::str::Utf8Error),
    /// No server can be reached, or none lets this node in.
    #[error("no NATS server lets this node in")]
    Connect(#[source] async_nats::ConnectError),
    /// The connection was given up at once.
    #[error("the connection to NATS was closed")]
    Closed(#[source] async_nats::SubscribeError),
    /// The server does not answer.
    #[error("the NATS server did not answer in time")]
    Timeout,
}

/// A bus on NATS.
#[derive(Clone, Debug)]
pub struct Nats {
    local: Local,
    client: Client,
    /// The first words of every subject.
    prefix: Arc<str>,
}

impl Nats {
    /// Makes a bus and what listens to other nodes, to be run as a task: without it no hint of
    /// theirs arrives. The connection is made in the background and again whenever it is lost.
    ///
    /// # Errors
    /// Fails if an address cannot be read.
    pub async fn open(options: &Options, ids: &IdSource) -> Result<(Self, Listener), NatsError> {
        let local = Local::new(NodeId::mint(ids));
        let ids = ids.clone();
        let connected = Arc::new(Notify::new());
        let watch = Watch {
            local: local.clone(),
            connected: Arc::clone(&connected),
            is_lost: AtomicBool::new(false),
        };
        let watch = Arc::new(watch);
        let (servers, connect) = connect_options(options)?;
        let client = connect
            .retry_on_initial_connect()
            .reconnect_delay_callback(move |attempts| delay(attempts, &ids))
            .event_callback(move |event| {
                watch.see(&event);
                std::future::ready(())
            })
            .connect(servers)
            .await
            .map_err(NatsError::Connect)?;
        let prefix: Arc<str> = format!("{}.hint", word(&options.subject)).into();
        let messages = client
            .subscribe(format!("{prefix}.>"))
            .await
            .map_err(NatsError::Closed)?;
        let nats = Self {
            local,
            client,
            prefix,
        };
        let listener = Listener {
            nats: nats.clone(),
            messages,
            connected,
        };
        Ok((nats, listener))
    }

    pub(crate) const fn local(&self) -> &Local {
        &self.local
    }

    /// Sends a hint to other nodes, or drops it.
    pub(crate) fn send(&self, hint: &Hint) {
        if self.try_send(hint).is_none() {
            metrics::counter!("usher_bus_hints_dropped_total").increment(1);
        }
    }

    fn try_send(&self, hint: &Hint) -> Option<()> {
        if self.client.connection_state() != State::Connected {
            return None;
        }
        let subject = subject(&self.prefix, hint.account());
        let bytes = Message::new(self.local.node(), Some(hint.clone())).encode()?;
        // The client's queue either has room now or the hint is dropped.
        let sent = unconstrained(self.client.publish(subject, bytes.into())).now_or_never();
        sent?.ok()
    }

    /// Tells every node, this one included, that hints of this node may be lost.
    async fn greet(&self) {
        let greeting = Message::new(self.local.node(), None).encode();
        let subject = format!("{}.hello", self.prefix);
        // It fails when the connection is gone again, and the next one is greeted for itself.
        drop(
            self.client
                .publish(subject, greeting.unwrap_or_default().into())
                .await,
        );
    }

    pub(crate) async fn flush(&self) {
        if self.client.connection_state() == State::Connected {
            // What is late is lost.
            drop(timeout(limits::BUS_WAIT_MAX, self.client.flush()).await);
        }
    }
}

/// Listens to other nodes.
#[derive(Debug)]
pub struct Listener {
    nats: Nats,
    messages: Subscriber,
    connected: Arc<Notify>,
}

impl Listener {
    /// Runs until it is dropped, and passes on what other nodes announce.
    pub async fn run(self) {
        let Self {
            nats,
            mut messages,
            connected,
        } = self;
        let greet = async {
            loop {
                connected.notified().await;
                nats.greet().await;
            }
        };
        let listen = async {
            while let Some(message) = messages.next().await {
                if let Some(message) = Message::decode(&message.payload) {
                    hear(&nats.local, message);
                }
            }
        };
        tokio::select! {
            () = greet => {}
            () = listen => {}
        }
    }
}

/// Passes a message on. What this node said itself it has heard already, but for its greeting.
fn hear(local: &Local, message: Message) {
    let from = message.from;
    match message.hint {
        None => local.tell(Notice::Lagged),
        Some(hint) if from != local.node() => local.tell(Notice::Hint { from, hint }),
        Some(_) => {}
    }
}

/// Examines whether a server lets this node in, and returns its version.
///
/// # Errors
/// Fails if an address cannot be read, or no server can be reached in time or lets this node in.
pub async fn check(options: &Options) -> Result<String, NatsError> {
    let (servers, connect) = connect_options(options)?;
    let client = timeout(limits::BUS_WAIT_MAX, connect.connect(servers))
        .await
        .map_err(|_elapsed| NatsError::Timeout)?
        .map_err(NatsError::Connect)?;
    Ok(client.server_info().version)
}

fn connect_options(options: &Options) -> Result<(Vec<ServerAddr>, ConnectOptions), NatsError> {
    let servers = options
        .servers
        .split(',')
        .map(|server| server.trim().parse());
    let servers: Vec<ServerAddr> = servers
        .collect::<Result<_, _>>()
        .map_err(NatsError::Address)?;
    let mut connect = ConnectOptions::new()
        .name("usher")
        .client_capacity(limits::BUS_QUEUE_HINTS_MAX)
        .subscription_capacity(limits::BUS_QUEUE_HINTS_MAX)
        .connection_timeout(limits::BUS_WAIT_MAX);
    // The client leaves out of addresses what they say about who connects.
    let user = servers
        .iter()
        .find_map(|server| Some((server.username()?, server.password())));
    connect = match user {
        None => connect,
        Some((token, None)) => connect.token(decode(token)?),
        Some((user, Some(password))) => connect.user_and_password(decode(user)?, decode(password)?),
    };
    if let Some(path) = &options.root_certificates {
        connect = connect.add_root_certificates(path.clone());
    }
    if let Some((certificate, key)) = &options.certificate {
        connect = connect.add_client_certificate(certificate.clone(), key.clone());
    }
    Ok((servers, connect))
}

fn decode(text: &str) -> Result<String, NatsError> {
    let text = percent_decode_str(text).decode_utf8();
    Ok(text.map_err(NatsError::Credentials)?.into_owned())
}

/// Returns how long to wait before an attempt: twice as long each time, up to a bound, and a random
/// part less, so that nodes do not come back all at once.
fn delay(attempts: usize, ids: &IdSource) -> Duration {
    const FIRST: Duration = Duration::from_millis(20);
    const DOUBLINGS_MAX: usize = 16;
    if attempts <= 1 {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(attempts.min(DOUBLINGS_MAX)).unwrap_or(0);
    let whole = (FIRST * 2_u32.pow(doublings)).min(limits::BUS_RECONNECT_DELAY_MAX);
    whole - ids.jitter(whole / 2)
}

fn subject(prefix: &str, account: &AccountId) -> String {
    format!("{prefix}.account.{}", word(account.as_str()))
}

/// Writes any text as one word of a subject.
fn word(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Sees the connection come and go.
struct Watch {
    local: Local,
    connected: Arc<Notify>,
    is_lost: AtomicBool,
}

impl Watch {
    fn see(&self, event: &Event) {
        match event {
            Event::Connected => {
                self.is_lost.store(false, Ordering::Relaxed);
                tracing::info!("connected to NATS");
                self.connected.notify_one();
            }
            Event::SlowConsumer(_) => self.local.tell(Notice::Lagged),
            Event::Disconnected | Event::ClientError(_) | Event::ServerError(_) => {
                if !self.is_lost.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        %event,
                        "hints do not pass through NATS: nodes notice later what others do"
                    );
                }
            }
            Event::LameDuckMode | Event::Draining | Event::Closed => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_model::time::{ManualClock, Timestamp};

    use super::*;

    #[test]
    fn an_account_is_one_word_of_a_subject() {
        let subject = |id| subject("usher.hint", &AccountId::parse(id).unwrap());
        assert_eq!(subject("acme-1_b"), "usher.hint.account.acme-1_b");
        assert_eq!(subject("a.b *>%"), "usher.hint.account.a%2Eb%20%2A%3E%25");
        assert_eq!(subject("ä"), "usher.hint.account.%C3%A4");
    }

    #[test]
    fn nodes_wait_longer_each_time_and_not_all_equally_long() {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::EPOCH));
        let ids = IdSource::new(clock, [7; 32]);
        let max = limits::BUS_RECONNECT_DELAY_MAX;
        assert_eq!(delay(1, &ids), Duration::ZERO);
        assert!(delay(2, &ids) < max / 10);
        let delays: Vec<_> = (20..64).map(|attempts| delay(attempts, &ids)).collect();
        assert!(delays.iter().all(|delay| (max / 2..=max).contains(delay)));
        assert!(!delays.is_sorted());
    }

    #[test]
    fn what_connects_is_never_shown() {
        let options = Options {
            servers: "nats://usher:secret@localhost".to_owned(),
            subject: "usher".to_owned(),
            root_certificates: None,
            certificate: None,
        };
        assert!(!format!("{options:?}").contains("secret"));
        let wrong = Options {
            servers: "nats://usher:secret@[".to_owned(),
            ..options
        };
        let error = connect_options(&wrong).unwrap_err();
        assert!(!format!("{error:?}").contains("secret"));
    }
}
