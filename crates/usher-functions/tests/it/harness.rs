//! A worker on a thread, and a parent that answers its calls from a closure.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;

use serde_json::{Value, json};
use usher_functions::host::{HostCall, HostFailure};
use usher_functions::worker::{
    self, Failure, FailureKind, Frames, FromWorker, Job, Limits, LogEntry, ToWorker, encode,
};

/// A worker, with the stream to it.
pub(crate) struct Worker {
    stream: UnixStream,
    frames: Frames,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) result: Result<Value, Failure>,
    pub(crate) logs: Vec<LogEntry>,
    pub(crate) calls: Vec<HostCall>,
    pub(crate) is_reusable: bool,
}

impl Ran {
    pub(crate) fn value(&self) -> &Value {
        match &self.result {
            Ok(value) => value,
            Err(failure) => panic!("expected a value, found {failure:?}"),
        }
    }

    pub(crate) fn failure(&self) -> (FailureKind, &str) {
        match &self.result {
            Ok(value) => panic!("expected a failure, found {value}"),
            Err(failure) => (failure.kind, failure.message.as_str()),
        }
    }
}

impl Worker {
    pub(crate) fn start() -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let read = theirs.try_clone().unwrap();
        let thread = std::thread::spawn(move || worker::run(read, theirs, |_limits| Ok(())));
        let mut worker = Self {
            stream: ours,
            frames: Frames::default(),
            thread: Some(thread),
        };
        assert_eq!(worker.hear(), FromWorker::Ready);
        worker
    }

    pub(crate) fn say(&mut self, message: &ToWorker) {
        let mut frame = Vec::new();
        encode(message, &mut frame).unwrap();
        self.stream.write_all(&frame).unwrap();
    }

    pub(crate) fn hear(&mut self) -> FromWorker {
        let mut part = [0; 4_096];
        loop {
            if let Some(message) = self.frames.take().unwrap() {
                return message;
            }
            let size = self.stream.read(&mut part).unwrap();
            assert_ne!(size, 0, "the worker ended");
            self.frames.bytes.extend(&part[..size]);
        }
    }

    /// Runs a job and answers its calls; timers fire at once, in the order of their times.
    pub(crate) fn run(
        &mut self,
        job: Job,
        mut host: impl FnMut(&HostCall) -> Result<Value, HostFailure>,
    ) -> Ran {
        self.say(&ToWorker::Job(Box::new(job)));
        let (mut logs, mut calls) = (Vec::new(), Vec::new());
        loop {
            match self.hear() {
                FromWorker::Call { id, call } => {
                    let answer = host(&call);
                    calls.push(call);
                    self.say(&ToWorker::Answer { id, answer });
                }
                FromWorker::Timer { id, .. } => self.say(&ToWorker::Answer {
                    id,
                    answer: Ok(Value::Null),
                }),
                FromWorker::Cancel { .. } => {}
                FromWorker::Log(entry) => logs.push(entry),
                FromWorker::Done {
                    result,
                    is_reusable,
                    ..
                } => {
                    if is_reusable {
                        assert_eq!(self.hear(), FromWorker::Ready);
                    }
                    return Ran {
                        result,
                        logs,
                        calls,
                        is_reusable,
                    };
                }
                other => panic!("unexpected {other:?}"),
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stream.shutdown(std::net::Shutdown::Both).unwrap();
        let ended = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            drop(ended.unwrap());
        }
    }
}

/// A job with a payload and the limits of the product.
pub(crate) fn job(source: &str, payload: impl Into<Value>) -> Job {
    Job {
        source: source.to_owned(),
        input: json!({ "headers": [], "payload": payload.into() }),
        environment: BTreeMap::from([("BRAND_ID".to_owned(), "1234".to_owned())]),
        limits: Limits::STANDARD,
    }
}

/// Runs a source that calls nobody.
pub(crate) fn run(source: &str) -> Ran {
    Worker::start().run(job(source, Value::Null), |call| {
        panic!("unexpected {call:?}")
    })
}

/// The value of an expression, in which `await` may stand.
pub(crate) fn evaluate(expression: &str) -> Value {
    let ran = run(&format!(
        "async function lambda() {{ return {expression}; }}"
    ));
    ran.value().clone()
}
