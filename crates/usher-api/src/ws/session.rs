//! One socket, from its opening to its end.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use tokio::time::{Instant, sleep_until, timeout};
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::error::{Code, Error, Kind};
use usher_app::feed::{self, Item, Subscription};
use usher_app::{agents, rate};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Object;

use super::command;
use super::identity::{self, Identity, Name};
use crate::problem;
use crate::wire::stream::{ClientFrame, Scope, ServerFrame};

/// How long a socket may be open before its credential is there.
const AUTHENTICATE_MAX: Duration = Duration::from_secs(10);
/// How long a peer may leave what it is sent in the network's buffers.
const SEND_MAX: Duration = Duration::from_secs(10);
/// How long the node waits for a peer to answer its goodbye.
const CLOSE_MAX: Duration = Duration::from_secs(1);
/// Bytes of a closing frame's reason (RFC 6455, section 5.5).
const REASON_BYTES_MAX: usize = 123;

/// What a socket was opened with.
pub(super) struct Opening {
    pub(super) credential: Option<String>,
    pub(super) name: Name,
    pub(super) heartbeat: Duration,
    pub(super) command_timeout: Duration,
}

/// How a socket ends.
enum Ending {
    /// Its peer has gone.
    Gone,
    /// The node closes it and says why.
    Closed(u16, Cow<'static, str>),
}

impl Ending {
    const STOPS: Self = Self::Closed(1001, Cow::Borrowed("the node stops"));
    const SILENT: Self = Self::Closed(4408, Cow::Borrowed("expected a sign of life"));
    const SLOW: Self = Self::Closed(4409, Cow::Borrowed("too many events waited to be read"));
    const FAST: Self = Self::Closed(4429, Cow::Borrowed("too many frames within a second"));

    fn failed(error: &Error) -> Self {
        let code = match error.kind() {
            Kind::Unauthenticated => 4401,
            Kind::Forbidden | Kind::NotFound => 4403,
            Kind::TooMany => 4429,
            Kind::Internal | Kind::Unavailable => {
                tracing::error!(%error, "a socket is closed");
                return Self::Closed(1011, Cow::Borrowed("the node failed; connect again"));
            }
            _ => 4400,
        };
        Self::Closed(code, Cow::Owned(error.message.clone()))
    }

    fn frame(self) -> Option<CloseFrame> {
        let Self::Closed(code, reason) = self else {
            return None;
        };
        let end = reason.floor_char_boundary(REASON_BYTES_MAX);
        let reason = reason.get(..end).unwrap_or_default();
        Some(CloseFrame {
            code,
            reason: Utf8Bytes::from(reason),
        })
    }
}

/// Serves a socket until it ends, and says goodbye.
pub(super) async fn run(app: &Arc<App>, socket: WebSocket, opening: Opening) {
    let open = metrics::gauge!("usher_sockets");
    open.increment(1.0);
    let mut socket = Socket {
        app,
        inner: socket,
        frames: Pace::default(),
    };
    let Err(ending) = serve(&mut socket, opening).await;
    if let Some(frame) = ending.frame() {
        // Whoever does not listen to a goodbye has gone already.
        drop(timeout(CLOSE_MAX, socket.close(frame)).await);
    }
    open.decrement(1.0);
}

async fn serve(socket: &mut Socket<'_>, opening: Opening) -> Result<Infallible, Ending> {
    let app = socket.app;
    let credential = match opening.credential {
        Some(credential) => credential,
        None => timeout(AUTHENTICATE_MAX, socket.credential())
            .await
            .unwrap_or(Err(Ending::SILENT))?,
    };
    let mut session = Session {
        app,
        identity: Identity {
            credential,
            name: opening.name,
        },
        heartbeat: opening.heartbeat,
        command_timeout: opening.command_timeout,
        lease: None,
        lease_asked: None,
        subscription: None,
        commands: Pace::default(),
        work: None,
        heard_at: Instant::now(),
    };
    let caller = session.live().await?;
    let sequence = feed::newest(&caller, app).await;
    let ready = ServerFrame::Ready {
        account_id: caller.account,
        agent_id: caller.agent,
        consumer_id: caller.consumer,
        sequence: sequence.map_err(|error| Ending::failed(&error))?,
        heartbeat_seconds: session.heartbeat.as_secs(),
    };
    socket.send(&ready).await?;
    session.converse(socket).await
}

/// What a socket is in the middle of.
struct Session<'a> {
    app: &'a Arc<App>,
    identity: Identity,
    /// How often the node pings, at least.
    heartbeat: Duration,
    command_timeout: Duration,
    /// How long the agent whose socket it is counts as there without a sign of life.
    lease: Option<Duration>,
    /// How long it asked for over this socket.
    lease_asked: Option<Duration>,
    subscription: Option<Subscription>,
    commands: Pace,
    /// The command under way; the next frame is read when it is answered, so that commands are done
    /// in their order.
    work: Option<Work>,
    heard_at: Instant,
}

type Work = std::pin::Pin<Box<dyn Future<Output = Answered> + Send>>;

/// What came of a command.
struct Answered {
    frame: ServerFrame,
    /// The lease that the agent whose socket it is has asked for.
    lease: Option<Duration>,
}

impl Session<'_> {
    async fn converse(&mut self, socket: &mut Socket<'_>) -> Result<Infallible, Ending> {
        let closing = self.app.tasks().closing().clone();
        let mut beat_at = Instant::now() + self.beat();
        loop {
            // A lease that is shorter than the one before has the next beat sooner.
            beat_at = beat_at.min(Instant::now() + self.beat());
            tokio::select! {
                // A command under way is answered first.
                () = closing.cancelled(), if self.work.is_none() => return Err(Ending::STOPS),
                () = sleep_until(beat_at) => {
                    if self.work.is_none() && self.heard_at.elapsed() >= 2 * self.heartbeat {
                        return Err(Ending::SILENT);
                    }
                    self.caller().await?;
                    socket.ping().await?;
                    beat_at = Instant::now() + self.beat();
                }
                answered = answered(self.work.as_mut()) => {
                    self.work = None;
                    self.heard_at = Instant::now();
                    self.lease_asked = answered.lease.or(self.lease_asked);
                    self.lease = self.lease_asked.or(self.lease);
                    socket.send(&answered.frame).await?;
                }
                item = followed(self.subscription.as_mut()) => {
                    let frame = match item.map_err(|error| Ending::failed(&error))? {
                        Item::Happened(happened) => ServerFrame::Event((&*happened).into()),
                        Item::Signal(signal) => ServerFrame::signal(signal, self.app.now()),
                        Item::CutOff if closing.is_cancelled() => return Err(Ending::STOPS),
                        Item::CutOff => return Err(Ending::SLOW),
                    };
                    socket.send(&frame).await?;
                }
                heard = socket.hear(), if self.work.is_none() => {
                    let heard = heard?;
                    self.heard_at = Instant::now();
                    let caller = self.live().await?;
                    match heard {
                        Some(text) => self.take(socket, caller, read(&text)?).await?,
                        None => socket.count()?,
                    }
                }
            }
        }
    }

    /// Returns how often the node pings: three times within a lease, so that it holds even if one
    /// answer is late.
    fn beat(&self) -> Duration {
        let within_lease = self.lease.map(|lease| lease / 3);
        within_lease.map_or(self.heartbeat, |beat| beat.min(self.heartbeat))
    }

    /// Returns whose the socket is now: a credential that was revoked is nobody's any more.
    async fn caller(&mut self) -> Result<Caller, Ending> {
        let caller = self.identity.caller(self.app).await;
        caller.map_err(|error| Ending::failed(&error))
    }

    /// Takes a sign of life: returns whose the socket is, and renews the lease if that is an agent.
    async fn live(&mut self) -> Result<Caller, Ending> {
        let caller = self.caller().await?;
        if let Some(agent) = &caller.agent {
            let renewed = agents::renew_lease(&caller, self.app, agent, self.lease_asked).await;
            self.lease = Some(renewed.map_err(|error| Ending::failed(&error))?);
        }
        Ok(caller)
    }

    async fn take(
        &mut self,
        socket: &mut Socket<'_>,
        caller: Caller,
        frame: ClientFrame,
    ) -> Result<(), Ending> {
        match frame {
            ClientFrame::Authenticate { .. } => Err(Ending::Closed(
                4400,
                "expected SUBSCRIBE or COMMAND, found a second AUTHENTICATE".into(),
            )),
            ClientFrame::Subscribe {
                request_id,
                scope,
                after,
            } => {
                socket.count()?;
                // The one before ends first: its events are not sent after this is answered.
                self.subscription = None;
                let subscription = subscribe(&caller, self.app, scope, after).await;
                let subscription = subscription.map_err(|error| Ending::failed(&error))?;
                let after = subscription.cursor();
                self.subscription = Some(subscription);
                socket
                    .send(&ServerFrame::Subscribed { request_id, after })
                    .await
            }
            ClientFrame::Command {
                request_id,
                command,
            } => {
                if self.commands.is_within(self.app.now()) {
                    self.work = Some(self.begin(caller, request_id, command));
                    return Ok(());
                }
                let problem = problem::told(&too_fast(), caller.request_id);
                let failed = ServerFrame::Failed {
                    request_id,
                    problem,
                };
                socket.send(&failed).await
            }
        }
    }

    /// Begins a command, which is done to its end even if its socket ends first.
    fn begin(&self, caller: Caller, request_id: String, command: Object) -> Work {
        let (app, limit) = (Arc::clone(self.app), self.command_timeout);
        let (tasks, id) = (app.tasks().clone(), caller.request_id);
        Box::pin(async move {
            let work = async move {
                rate::take(&caller, &app)?;
                command::run(&caller, &app, command).await
            };
            let done = timeout(limit, tasks.run_to_end(work)).await;
            let done = done.unwrap_or_else(|_elapsed| {
                let message = "the command took longer than this node allows";
                Err(Error::new(Code::Timeout, message))
            });
            match done {
                Ok(command::Done { result, lease }) => Answered {
                    frame: ServerFrame::Done { request_id, result },
                    lease,
                },
                Err(error) => Answered {
                    frame: ServerFrame::Failed {
                        request_id,
                        problem: problem::told(&error, id),
                    },
                    lease: None,
                },
            }
        })
    }
}

fn too_fast() -> Error {
    let max = limits::SOCKET_FRAMES_PER_SECOND;
    let message = format!("a socket may send {max} commands a second; wait and try again");
    Error::new(Code::RateLimited, message)
}

async fn subscribe(
    caller: &Caller,
    app: &Arc<App>,
    scope: Scope,
    after: Option<u64>,
) -> Result<Subscription, Error> {
    let scope = match scope {
        Scope::Own {} => identity::own(caller)?,
        Scope::Conversation { conversation_id } => {
            feed::Scope::Conversations(vec![conversation_id])
        }
        Scope::Account {} => feed::Scope::Account,
    };
    feed::subscribe(caller, app, scope, after).await
}

async fn answered(work: Option<&mut Work>) -> Answered {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

async fn followed(subscription: Option<&mut Subscription>) -> Result<Item, Error> {
    match subscription {
        Some(subscription) => subscription.next().await,
        None => std::future::pending().await,
    }
}

fn read(text: &str) -> Result<ClientFrame, Ending> {
    crate::extract::object(text.as_bytes())
        .map_err(|failure| Ending::Closed(4400, failure.0.message.into()))
}

/// The frames of a socket, within their bounds.
struct Socket<'a> {
    app: &'a Arc<App>,
    inner: WebSocket,
    /// Frames that are not answered as commands are.
    frames: Pace,
}

/// How much came within a second.
#[derive(Default)]
struct Pace {
    second: i64,
    count: u32,
}

impl Pace {
    /// Counts one more; says whether it is within what a socket may send.
    const fn is_within(&mut self, now: Timestamp) -> bool {
        let second = now.milliseconds() / 1_000;
        if second != self.second {
            (self.second, self.count) = (second, 0);
        }
        self.count = self.count.saturating_add(1);
        self.count <= limits::SOCKET_FRAMES_PER_SECOND
    }
}

impl Socket<'_> {
    async fn send(&mut self, frame: &ServerFrame) -> Result<(), Ending> {
        let text = serde_json::to_string(frame);
        let text = text.map_err(|error| Ending::failed(&Error::internal(error)))?;
        self.pass(Message::text(text)).await
    }

    async fn ping(&mut self) -> Result<(), Ending> {
        self.pass(Message::Ping(axum::body::Bytes::new())).await
    }

    async fn pass(&mut self, message: Message) -> Result<(), Ending> {
        let closing = self.app.tasks().closing();
        tokio::select! {
            biased;
            sent = timeout(SEND_MAX, self.inner.send(message)) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_gone)) => Err(Ending::Gone),
                Err(_elapsed) => Err(Ending::SLOW),
            },
            () = closing.cancelled() => Err(Ending::STOPS),
        }
    }

    /// Waits for the next frame; returns its text if it has one to be read.
    async fn hear(&mut self) -> Result<Option<Utf8Bytes>, Ending> {
        let message = match self.inner.recv().await {
            None | Some(Ok(Message::Close(_))) => return Err(Ending::Gone),
            Some(Err(error)) => {
                let max = limits::SOCKET_FRAME_BYTES_MAX;
                let reason = format!("expected frames of at most {max} bytes: {error}");
                return Err(Ending::Closed(4400, reason.into()));
            }
            Some(Ok(message)) => message,
        };
        match message {
            Message::Text(text) => Ok(Some(text)),
            Message::Binary(_) => Err(Ending::Closed(4400, "expected text frames".into())),
            _ => Ok(None),
        }
    }

    /// Counts a frame that is no command, and refuses more than a socket may send within a second.
    fn count(&mut self) -> Result<(), Ending> {
        let is_within = self.frames.is_within(self.app.now());
        is_within.then_some(()).ok_or(Ending::FAST)
    }

    /// Waits for the first frame, which carries the credential.
    async fn credential(&mut self) -> Result<String, Ending> {
        let closing = self.app.tasks().closing().clone();
        loop {
            let heard = tokio::select! {
                () = closing.cancelled() => return Err(Ending::STOPS),
                heard = self.hear() => heard?,
            };
            let Some(text) = heard else {
                self.count()?;
                continue;
            };
            return match read(&text)? {
                ClientFrame::Authenticate { token } => Ok(token),
                ClientFrame::Subscribe { .. } | ClientFrame::Command { .. } => Err(Ending::Closed(
                    4400,
                    "expected AUTHENTICATE as the first frame".into(),
                )),
            };
        }
    }

    /// Says goodbye, and waits for the answer: what is closed before it was read may be lost.
    async fn close(&mut self, frame: CloseFrame) {
        if self.inner.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = self.inner.recv().await {}
        }
    }
}
