//! One socket, from its opening to its end.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use usher_app::App;
use usher_app::caller::Caller;
use usher_app::error::{Code, Error, Kind};
use usher_app::feed::{self, Item, Subscription};
use usher_app::{agents, rate};
use usher_model::limits;
use usher_model::value::Object;

use super::command;
use super::identity::{self, Identity, Name};
use crate::problem;
use crate::wire::stream::{ClientFrame, Scope, ServerFrame};

/// How often the node pings.
const HEARTBEAT: Duration = Duration::from_secs(15);
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
        second: 0,
        frames: 0,
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
        command_timeout: opening.command_timeout,
        subscription: None,
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
        heartbeat_seconds: HEARTBEAT.as_secs(),
    };
    socket.send(&ready).await?;
    session.converse(socket).await
}

/// What a socket is in the middle of.
struct Session<'a> {
    app: &'a Arc<App>,
    identity: Identity,
    command_timeout: Duration,
    subscription: Option<Subscription>,
    /// The command under way; the next frame is read when it is answered, so that commands are done
    /// in their order.
    work: Option<Work>,
    heard_at: Instant,
}

type Work = std::pin::Pin<Box<dyn Future<Output = ServerFrame> + Send>>;

impl Session<'_> {
    async fn converse(&mut self, socket: &mut Socket<'_>) -> Result<Infallible, Ending> {
        let stopping = self.app.tasks().stopping().clone();
        let mut beats = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return Err(Ending::STOPS),
                _ = beats.tick() => {
                    if self.work.is_none() && self.heard_at.elapsed() >= 2 * HEARTBEAT {
                        return Err(Ending::SILENT);
                    }
                    self.live().await?;
                    socket.ping().await?;
                }
                answer = answered(self.work.as_mut()) => {
                    self.work = None;
                    self.heard_at = Instant::now();
                    socket.send(&answer).await?;
                }
                item = followed(self.subscription.as_mut()) => {
                    let frame = match item.map_err(|error| Ending::failed(&error))? {
                        Item::Happened(happened) => ServerFrame::Event((&*happened).into()),
                        Item::Signal(signal) => ServerFrame::signal(signal, self.app.now()),
                        Item::CutOff if stopping.is_cancelled() => return Err(Ending::STOPS),
                        Item::CutOff => return Err(Ending::SLOW),
                    };
                    socket.send(&frame).await?;
                }
                heard = socket.hear(), if self.work.is_none() => {
                    self.heard_at = Instant::now();
                    if let Some(text) = heard? {
                        self.take(socket, read(&text)?).await?;
                    }
                }
            }
        }
    }

    /// Says whose the socket is now, and that the agent whose it is lives.
    async fn live(&mut self) -> Result<Caller, Ending> {
        let caller = self.identity.caller(self.app).await;
        let caller = caller.map_err(|error| Ending::failed(&error))?;
        if let Some(agent) = &caller.agent {
            let renewed = agents::renew_lease(&caller, self.app, agent, None).await;
            renewed.map_err(|error| Ending::failed(&error))?;
        }
        Ok(caller)
    }

    async fn take(&mut self, socket: &mut Socket<'_>, frame: ClientFrame) -> Result<(), Ending> {
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
                let caller = self.identity.caller(self.app).await;
                let caller = caller.map_err(|error| Ending::failed(&error))?;
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
                self.work = Some(self.begin(request_id, command));
                Ok(())
            }
        }
    }

    /// Begins a command, which is done to its end even if its socket ends first.
    fn begin(&self, request_id: String, command: Object) -> Work {
        let (app, identity) = (Arc::clone(self.app), self.identity.clone());
        let limit = self.command_timeout;
        let tasks = app.tasks().clone();
        Box::pin(async move {
            let id = usher_model::id::RequestId::mint(app.ids());
            let work = async move {
                let caller = Caller {
                    request_id: id,
                    ..identity.caller(&app).await?
                };
                rate::take(&caller, &app)?;
                command::run(&caller, &app, command).await
            };
            let done = timeout(limit, tasks.run_to_end(work)).await;
            let done = done.unwrap_or_else(|_elapsed| {
                let message = "the command took longer than this node allows";
                Err(Error::new(Code::Timeout, message))
            });
            match done {
                Ok(result) => ServerFrame::Done { request_id, result },
                Err(error) => ServerFrame::Failed {
                    request_id,
                    problem: problem::told(&error, id),
                },
            }
        })
    }
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

async fn answered(work: Option<&mut Work>) -> ServerFrame {
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
    /// The second in which the last frame came.
    second: i64,
    /// How many came within it.
    frames: u32,
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
        let stopping = self.app.tasks().stopping();
        tokio::select! {
            biased;
            sent = timeout(SEND_MAX, self.inner.send(message)) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_gone)) => Err(Ending::Gone),
                Err(_elapsed) => Err(Ending::SLOW),
            },
            () = stopping.cancelled() => Err(Ending::STOPS),
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
        self.count()?;
        match message {
            Message::Text(text) => Ok(Some(text)),
            Message::Binary(_) => Err(Ending::Closed(4400, "expected text frames".into())),
            _ => Ok(None),
        }
    }

    /// Counts a frame, and refuses more than a socket may send within a second.
    fn count(&mut self) -> Result<(), Ending> {
        let second = self.app.now().milliseconds() / 1_000;
        if second != self.second {
            (self.second, self.frames) = (second, 0);
        }
        self.frames += 1;
        if self.frames > limits::SOCKET_FRAMES_PER_SECOND {
            return Err(Ending::FAST);
        }
        Ok(())
    }

    /// Waits for the first frame, which carries the credential.
    async fn credential(&mut self) -> Result<String, Ending> {
        let stopping = self.app.tasks().stopping().clone();
        loop {
            let heard = tokio::select! {
                () = stopping.cancelled() => return Err(Ending::STOPS),
                heard = self.hear() => heard?,
            };
            let Some(text) = heard else { continue };
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
