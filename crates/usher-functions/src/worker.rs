//! The life of a worker, and the frames it shares with its parent.
//!
//! A frame is four bytes of length, big end first, and that much JSON. The parent sends
//! [`ToWorker`], the worker [`FromWorker`]. A worker does one job at a time: it reads a job, sends
//! calls and log entries, reads the answers of the calls, and sends the outcome. Answers that come
//! after the outcome are dropped.

pub mod diagnostic;
pub mod host;

mod frame;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use frame::{FRAME_BYTES_MAX, Frames, encode};

use diagnostic::Diagnostic;
use host::{HostCall, HostFailure};

use crate::sandbox::Isolate;

/// One run of one function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// What its author wrote.
    pub source: String,
    /// The first argument of `lambda`: `{"timestamp"?, "headers", "payload"}`.
    pub input: Value,
    /// `process.env`.
    pub environment: BTreeMap<String, String>,
    /// How far it may go.
    pub limits: Limits,
}

/// How far one run may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Bytes of the isolate's heap.
    pub memory_bytes: u64,
    /// Processor time; the wall's time is the parent's.
    pub cpu_ms: u64,
    /// Bytes of the stack.
    pub stack_bytes: u64,
    /// Bytes of the result as JSON, and of the arguments of one call.
    pub output_bytes: u64,
    /// Log entries; what is beyond becomes one entry that says so.
    pub log_entries: u32,
    /// Characters of all log entries.
    pub log_chars: u32,
    /// Calls and timers that may wait at once.
    pub calls_open: u32,
    /// Calls and timers of the whole run.
    pub calls: u32,
}

impl Limits {
    /// What a function may do unless an operator or an event says less.
    pub const STANDARD: Self = Self {
        memory_bytes: 256 << 20,
        cpu_ms: 15_000,
        stack_bytes: 1 << 20,
        output_bytes: 1 << 20,
        log_entries: 10,
        log_chars: 6_000,
        calls_open: 100,
        calls: 10_000,
    };
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The answer, or why there is none.
    pub result: Result<Value, Failure>,
    /// What it wrote to `console`, in order.
    pub logs: Vec<LogEntry>,
    /// Processor time it took, in microseconds; unknown if the worker died.
    pub cpu_us: Option<u64>,
}

/// Why a run has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct Failure {
    /// Whose fault, and of which kind.
    pub kind: FailureKind,
    /// What happened.
    pub message: String,
    /// Where in the source, as JavaScript tells it.
    pub stack: Option<String>,
}

impl Failure {
    /// Returns a failure without a stack.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            stack: None,
        }
    }
}

/// The kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FailureKind {
    /// The function called back with an error or threw an `Error` of its own.
    Custom,
    /// The function broke: an error of the engine, too much memory or output, a dead worker.
    Runtime,
    /// The function ran too long, or ended without an answer.
    Time,
    /// There was no worker to run it; its author is not to blame.
    Unavailable,
}

/// One line that a function wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// How grave.
    pub level: LogLevel,
    /// The first argument.
    pub message: String,
    /// The other arguments, as a JSON array; empty if there are none.
    pub extras: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// How grave a log entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// For the author at work; never kept.
    Debug,
    /// For the record.
    Info,
    /// Something to look at.
    Warn,
    /// Something broke.
    Error,
}

/// What a parent sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ToWorker {
    /// Run this.
    Job(Box<Job>),
    /// Check this source, and run nothing.
    Check {
        /// What its author wrote.
        source: String,
    },
    /// The answer to a call or a timer.
    Answer {
        /// Which.
        id: u32,
        /// With what.
        answer: Result<Value, HostFailure>,
    },
}

/// What a worker sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum FromWorker {
    /// A fresh isolate waits for a job.
    Ready,
    /// JavaScript wants something of the world.
    Call {
        /// What its answer is to carry.
        id: u32,
        /// What it wants.
        call: HostCall,
    },
    /// JavaScript wants to be answered after a time.
    Timer {
        /// What its answer is to carry.
        id: u32,
        /// After how long.
        after_ms: u64,
    },
    /// JavaScript wants no timer any more: it is answered at once, unless it was already.
    Cancel {
        /// Which.
        id: u32,
    },
    /// JavaScript wrote a line.
    Log(LogEntry),
    /// The run has ended.
    Done {
        /// How.
        result: Result<Value, Failure>,
        /// Processor time it took, in microseconds.
        cpu_us: u64,
        /// Whether the worker takes another job; otherwise it ends.
        is_reusable: bool,
    },
    /// What is wrong with a source.
    Checked(Vec<Diagnostic>),
}

/// The two streams to the parent.
pub(crate) struct Link {
    read: RefCell<Incoming>,
    write: RefCell<Outgoing>,
}

struct Incoming {
    stream: Box<dyn Read>,
    frames: Frames,
}

struct Outgoing {
    stream: Box<dyn Write>,
    frame: Vec<u8>,
    broken: Option<io::Error>,
}

impl Link {
    /// Sends a message at once, so that it is there even if what comes next never ends.
    ///
    /// A stream that broke is noticed by [`Link::broken`]: JavaScript cannot do anything about it.
    pub(crate) fn send(&self, message: &FromWorker) {
        let mut to = self.write.borrow_mut();
        let Outgoing {
            stream,
            frame,
            broken,
        } = &mut *to;
        if broken.is_none() {
            frame.clear();
            let sent = encode(message, frame)
                .and_then(|()| stream.write_all(frame))
                .and_then(|()| stream.flush());
            *broken = sent.err();
        }
    }

    /// Takes why the stream to the parent broke, if it did.
    pub(crate) fn broken(&self) -> Option<io::Error> {
        self.write.borrow_mut().broken.take()
    }

    /// Waits for the next message; nothing is the end.
    fn receive(&self) -> io::Result<Option<ToWorker>> {
        let mut from = self.read.borrow_mut();
        let Incoming { stream, frames } = &mut *from;
        let mut part = [0; 16_384];
        loop {
            if let Some(message) = frames.take()? {
                return Ok(Some(message));
            }
            match stream.read(&mut part) {
                Ok(0) => return Ok(None),
                Ok(size) => frames.bytes.extend(part.iter().take(size)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for the answer to a call or a timer.
    pub(crate) fn answer(&self) -> io::Result<(u32, Result<Value, HostFailure>)> {
        match self.receive()? {
            Some(ToWorker::Answer { id, answer }) => Ok((id, answer)),
            Some(ToWorker::Job(_) | ToWorker::Check { .. }) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "expected an answer, found a job",
            )),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// Takes jobs, one after the other, until the parent closes its stream or a run breaks a limit.
///
/// The next isolate is made before the next job is waited for, so that a job finds it ready.
/// `begin` is told the limits of each job before it runs.
///
/// # Errors
/// Fails if a stream breaks, if `begin` fails, or if there is no memory for an isolate.
pub fn run(
    read: impl Read + 'static,
    write: impl Write + 'static,
    begin: impl Fn(&Limits) -> io::Result<()>,
) -> io::Result<()> {
    let link = Rc::new(Link {
        read: RefCell::new(Incoming {
            stream: Box::new(read),
            frames: Frames::default(),
        }),
        write: RefCell::new(Outgoing {
            stream: Box::new(write),
            frame: Vec::new(),
            broken: None,
        }),
    });
    loop {
        let isolate = ManuallyDrop::new(Isolate::new(&link).map_err(io::Error::other)?);
        link.send(&FromWorker::Ready);
        let job = loop {
            match link.receive()? {
                None => return Ok(()),
                Some(ToWorker::Job(job)) => break job,
                Some(ToWorker::Check { source }) => {
                    link.send(&FromWorker::Checked(crate::check::check(&source)));
                    link.send(&FromWorker::Ready);
                }
                // The answer to a call that its function no longer waited for.
                Some(ToWorker::Answer { .. }) => {}
            }
        };
        begin(&job.limits)?;
        let end = isolate.run(*job)?;
        link.send(&FromWorker::Done {
            result: end.result,
            cpu_us: end.cpu_us,
            is_reusable: end.is_sound,
        });
        if let Some(error) = link.broken() {
            return Err(error);
        }
        if !end.is_sound {
            // An engine that ran into a limit is not asked to clean up: the process ends.
            return Ok(());
        }
        drop(ManuallyDrop::into_inner(isolate));
    }
}
