//! One worker, as its parent sees it.

use std::ffi::OsString;
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tracing::debug;
use usher_functions::confine::stand_back;
use usher_functions::worker::{self, Failure, FailureKind, Frames, FromWorker, ToWorker, encode};

use super::Launch;

/// What the system ends a process with that has used its processor time.
const SIGXCPU: i32 = 24;

/// One worker; dropped, it is killed.
pub(super) struct Worker {
    /// Nothing if it is a thread.
    child: Option<Child>,
    read: Box<dyn AsyncRead + Send + Sync + Unpin>,
    write: Box<dyn AsyncWrite + Send + Sync + Unpin>,
    frames: Frames,
    /// What is still to be written.
    outgoing: Vec<u8>,
    /// How many jobs it has done.
    pub(super) jobs: u32,
    /// Whether it runs only while nobody else wants the processor, for good.
    pub(super) stands_back: bool,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("process_id", &self.process_id())
            .field("jobs", &self.jobs)
            .finish_non_exhaustive()
    }
}

impl Worker {
    /// Starts a worker.
    pub(super) fn launch(launch: &Launch) -> io::Result<Self> {
        match launch {
            Launch::Process { program, arguments } => Self::process(program, arguments),
            Launch::Thread => Self::thread(),
        }
    }

    /// Starts a process that inherits nothing but three streams.
    fn process(program: &Path, arguments: &[OsString]) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()?;
        let missing = || io::Error::other("expected a process with streams");
        let read = child.stdout.take().ok_or_else(missing)?;
        let write = child.stdin.take().ok_or_else(missing)?;
        Ok(Self::new(Some(child), read, write))
    }

    /// Starts a thread, which ends when its stream is closed.
    fn thread() -> io::Result<Self> {
        let (ours, theirs) = StdUnixStream::pair()?;
        let read = theirs.try_clone()?;
        thread::Builder::new()
            .name("functions-worker".to_owned())
            .spawn(move || {
                // Its end is seen at the other end of the stream.
                drop(worker::run(read, theirs, |_limits| Ok(())));
            })?;
        ours.set_nonblocking(true)?;
        let (read, write) = UnixStream::from_std(ours)?.into_split();
        Ok(Self::new(None, read, write))
    }

    fn new(
        child: Option<Child>,
        read: impl AsyncRead + Send + Sync + Unpin + 'static,
        write: impl AsyncWrite + Send + Sync + Unpin + 'static,
    ) -> Self {
        Self {
            child,
            read: Box::new(read),
            write: Box::new(write),
            frames: Frames::default(),
            outgoing: Vec::new(),
            jobs: 0,
            stands_back: false,
        }
    }

    pub(super) fn process_id(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Whether it still runs, as far as is known.
    pub(super) fn is_alive(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => true,
        }
    }

    /// How much memory it has, if the system says so.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        const PAGE_BYTES: u64 = 4_096;
        let pages = std::fs::read_to_string(format!("/proc/{}/statm", self.process_id()?)).ok()?;
        let resident: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
        resident.checked_mul(PAGE_BYTES)
    }

    /// How much processor time it has had, if the system says so.
    pub(super) fn processor_time(&self) -> Option<Duration> {
        let path = format!("/proc/{}/schedstat", self.process_id()?);
        let nanoseconds = std::fs::read_to_string(path).ok()?;
        let nanoseconds = nanoseconds.split_whitespace().next()?.parse().ok()?;
        Some(Duration::from_nanos(nanoseconds))
    }

    /// Lets it run only while nobody else wants the processor from now on, where that can be had.
    pub(super) fn stand_back(&mut self) {
        if let Some(process) = self.process_id()
            && let Err(reason) = stand_back(process)
        {
            debug!(error = %reason, "a worker for functions keeps its share of the processor");
        }
        self.stands_back = true;
    }

    /// Puts a message behind those that are still to be written.
    pub(super) fn queue(&mut self, message: &ToWorker) -> io::Result<()> {
        encode(message, &mut self.outgoing)
    }

    /// Writes what is to be written and waits for the next message, both at once.
    ///
    /// Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> io::Result<FromWorker> {
        loop {
            if let Some(message) = self.frames.take()? {
                return Ok(message);
            }
            let Self {
                read,
                write,
                frames,
                outgoing,
                ..
            } = self;
            tokio::select! {
                size = read.read_buf(&mut frames.bytes) => {
                    if size? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                size = write.write(outgoing), if !outgoing.is_empty() => {
                    outgoing.drain(..size?);
                }
            }
        }
    }

    /// Waits until a fresh isolate waits for a job.
    pub(super) async fn ready(&mut self) -> io::Result<()> {
        match self.next().await? {
            FromWorker::Ready => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Says why a worker is of no use any more, and why it ended, if it did.
    pub(super) async fn death(&mut self, error: &io::Error) -> Failure {
        let has_ended = matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe
        );
        let status = match &mut self.child {
            Some(child) if has_ended => {
                // One that closed its stream and lives on is none of ours.
                drop(child.start_kill());
                child.wait().await.ok()
            }
            Some(_) | None => None,
        };
        let (kind, reason) = match status.and_then(|status| status.signal()) {
            Some(SIGXCPU) => (
                FailureKind::Time,
                "the function used its processor time".to_owned(),
            ),
            _ if has_ended => (
                FailureKind::Runtime,
                "the function crashed: its process ended, most likely for want of memory"
                    .to_owned(),
            ),
            _ => (
                FailureKind::Runtime,
                format!("the function crashed: {error}"),
            ),
        };
        Failure::new(kind, reason)
    }

    /// Kills it and waits until it is gone.
    pub(super) async fn end(mut self) {
        if let Some(child) = &mut self.child {
            // It may be gone already, which is as well.
            drop(child.kill().await);
        }
    }
}

/// Says that a worker sent what it must not send now.
pub(super) fn unexpected(message: &FromWorker) -> io::Error {
    let name = match message {
        FromWorker::Ready => "that it is ready",
        FromWorker::Call { .. } => "a call",
        FromWorker::Timer { .. } | FromWorker::Cancel { .. } => "a timer",
        FromWorker::Log(_) => "a log entry",
        FromWorker::Done { .. } => "an outcome",
        FromWorker::Checked(_) => "mistakes",
    };
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("a worker sent {name} out of turn"),
    )
}
