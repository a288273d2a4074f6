//! One isolate: made fresh, used for one run, thrown away.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::OnceLock;

use rquickjs::context::EvalOptions;
use rquickjs::module::{Module, WriteOptions};
use rquickjs::{Context, Ctx, Error, Function, Object, Persistent, Runtime, Value as JsValue};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use crate::host::HostFailure;
use crate::primitives;
use crate::worker::{Failure, FailureKind, FromWorker, Job, Limits, Link, LogEntry, LogLevel};

/// What authors find in an isolate, in the order it is evaluated.
const PRELUDE: &str = concat!(
    include_str!("../js/core.js"),
    include_str!("../js/web.js"),
    include_str!("../js/toolbelt.js"),
    include_str!("../js/node.js"),
);

/// The prelude as bytecode, compiled once in a process; isolates point into it.
static BYTECODE: OnceLock<Vec<u8>> = OnceLock::new();

/// What a stack trace calls the author's source.
const SOURCE_NAME: &str = "function.js";

/// An isolate that is ready to run one function.
///
/// The handles come first: they must be dropped before what they point into.
pub(crate) struct Isolate {
    start: Persistent<Function<'static>>,
    prepare: Persistent<Function<'static>>,
    settle: Persistent<Function<'static>>,
    context: Context,
    runtime: Runtime,
    run: Rc<Run>,
}

impl Isolate {
    /// Makes an isolate with everything an author finds there.
    pub(crate) fn new(link: &Rc<Link>) -> rquickjs::Result<Self> {
        let bytecode = bytecode()?;
        let runtime = Runtime::new()?;
        let run = Rc::new(Run::new(Rc::clone(link)));
        let context = Context::full(&runtime)?;
        let (start, prepare, settle) = context.with(|ctx| {
            let host = primitives::host(&ctx, &run)?;
            ctx.globals().set("host", host.clone())?;
            load(&ctx, bytecode)?;
            let entrances: Object<'_> = host.get("entrances")?;
            let entrance = |name| -> rquickjs::Result<_> {
                let function: Function<'_> = entrances.get(name)?;
                Ok(Persistent::save(&ctx, function))
            };
            Ok::<_, Error>((entrance("run")?, entrance("prepare")?, entrance("settle")?))
        })?;
        let watch = Rc::clone(&run);
        runtime.set_interrupt_handler(Some(Box::new(move || watch.is_to_stop())));
        let watch = Rc::clone(&run);
        runtime.set_host_promise_rejection_tracker(Some(Box::new(
            move |ctx, _promise, reason, is_handled| {
                let unhandled = (!is_handled).then(|| describe(&ctx, &reason));
                watch.unhandled.replace(unhandled);
            },
        )));
        Ok(Self {
            start,
            prepare,
            settle,
            context,
            runtime,
            run,
        })
    }

    /// Runs a function to its first answer.
    pub(crate) fn run(&self, job: Job) -> io::Result<End> {
        self.run.begin(job.limits);
        let memory = usize::try_from(job.limits.memory_bytes).unwrap_or(usize::MAX);
        self.runtime.set_memory_limit(memory);
        let stack = usize::try_from(job.limits.stack_bytes).unwrap_or(usize::MAX);
        self.runtime.set_max_stack_size(stack);
        if self.guard(|ctx| self.start(ctx, &job)) {
            drop(job);
            self.drive()?;
        }
        self.run.check_link()?;
        Ok(self.run.end())
    }

    /// Evaluates the source and calls its `lambda`.
    fn start<'js>(&self, ctx: &Ctx<'js>, job: &Job) -> rquickjs::Result<()> {
        let environment = parse(ctx, &job.environment)?;
        let input = parse(ctx, &job.input)?;
        self.prepare
            .clone()
            .restore(ctx)?
            .call::<_, ()>((environment,))?;
        evaluate::<JsValue<'_>>(ctx, job.source.as_str())?;
        let lambda =
            evaluate::<JsValue<'_>>(ctx, "typeof lambda === 'function' ? lambda : undefined")?;
        let Some(lambda) = lambda.into_function() else {
            self.run.fail(Failure::new(
                FailureKind::Runtime,
                "the source defines no function `lambda(input, callback)`",
            ));
            return Ok(());
        };
        self.start.clone().restore(ctx)?.call((lambda, input))
    }

    /// Runs what waits, then waits for answers, until there is an outcome.
    fn drive(&self) -> io::Result<()> {
        loop {
            while !self.run.has_ended() && self.runtime.is_job_pending() {
                if let Err(exception) = self.runtime.execute_pending_job() {
                    drop(exception);
                    self.run.fail_by_engine("a job of the engine failed");
                }
            }
            self.run.check_link()?;
            if self.run.has_ended() {
                return Ok(());
            }
            if self.run.calls_open.get() == 0 {
                self.run.forgot();
                return Ok(());
            }
            let (id, answer) = self.run.link.answer()?;
            if !self.guard(|ctx| self.settle(ctx, id, &answer)) {
                return Ok(());
            }
        }
    }

    /// Hands an answer to the JavaScript that waits for it.
    fn settle(
        &self,
        ctx: &Ctx<'_>,
        id: u32,
        answer: &Result<Value, HostFailure>,
    ) -> rquickjs::Result<()> {
        self.run.closed();
        let value = match answer {
            Ok(value) => parse(ctx, value)?,
            Err(failure) => parse(ctx, failure)?,
        };
        let settle = self.settle.clone().restore(ctx)?;
        settle.call((id, answer.is_ok(), value))
    }

    /// Does something in the isolate and returns whether the run goes on.
    fn guard(&self, work: impl FnOnce(&Ctx<'_>) -> rquickjs::Result<()>) -> bool {
        self.context.with(|ctx| {
            if let Err(error) = work(&ctx) {
                let (message, stack) = match error {
                    Error::Exception => describe(&ctx, &ctx.catch()),
                    other => (other.to_string(), None),
                };
                self.run.fail(Failure {
                    kind: FailureKind::Runtime,
                    message,
                    stack,
                });
            }
        });
        !self.run.has_ended()
    }
}

/// How a run ended.
pub(crate) struct End {
    /// The answer, or why there is none.
    pub(crate) result: Result<Value, Failure>,
    /// Processor time it took, in microseconds.
    pub(crate) cpu_us: u64,
    /// Whether the isolate stayed within its limits, so that the process is as good as new.
    pub(crate) is_sound: bool,
}

/// What one run has used of its limits, and how it ended; shared with the host's functions.
pub(crate) struct Run {
    pub(crate) link: Rc<Link>,
    limits: Cell<Limits>,
    cpu_started: Cell<u64>,
    is_over: Cell<bool>,
    outcome: RefCell<Option<Result<Value, Failure>>>,
    unhandled: RefCell<Option<(String, Option<String>)>>,
    calls: Cell<u32>,
    calls_open: Cell<u32>,
    log_entries: Cell<u32>,
    log_chars: Cell<u32>,
}

impl Run {
    fn new(link: Rc<Link>) -> Self {
        Self {
            link,
            limits: Cell::new(Limits::STANDARD),
            cpu_started: Cell::new(cpu_us()),
            is_over: Cell::new(false),
            outcome: RefCell::new(None),
            unhandled: RefCell::new(None),
            calls: Cell::new(0),
            calls_open: Cell::new(0),
            log_entries: Cell::new(0),
            log_chars: Cell::new(0),
        }
    }

    fn begin(&self, limits: Limits) {
        self.limits.set(limits);
        self.cpu_started.set(cpu_us());
    }

    fn cpu_us(&self) -> u64 {
        cpu_us().saturating_sub(self.cpu_started.get())
    }

    /// Asked by the engine now and then: stops what runs on after its answer or its time.
    fn is_to_stop(&self) -> bool {
        if self.has_ended() {
            self.is_over.set(true);
        } else if self.cpu_us() > self.limits.get().cpu_ms.saturating_mul(1_000) {
            self.is_over.set(true);
            self.fail(Failure::new(
                FailureKind::Time,
                format!(
                    "the function used its {} ms of processor time",
                    self.limits.get().cpu_ms
                ),
            ));
        }
        self.is_over.get()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.outcome.borrow().is_some()
    }

    /// Ends the run with its answer, if it has none yet.
    pub(crate) fn finish(&self, json: Option<&str>) {
        let most = self.limits.get().output_bytes;
        let result = match json {
            None => Ok(Value::Null),
            Some(json) if u64::try_from(json.len()).unwrap_or(u64::MAX) > most => {
                Err(Failure::new(
                    FailureKind::Runtime,
                    format!(
                        "the result has {} bytes of JSON, at most {most} are allowed",
                        json.len()
                    ),
                ))
            }
            Some(json) => serde_json::from_str(json).map_err(|error| {
                Failure::new(
                    FailureKind::Runtime,
                    format!("the result is not JSON that others can read: {error}"),
                )
            }),
        };
        self.outcome.borrow_mut().get_or_insert(result);
    }

    /// Ends the run with a failure, if it has no answer yet.
    pub(crate) fn fail(&self, failure: Failure) {
        self.outcome.borrow_mut().get_or_insert(Err(failure));
    }

    fn fail_by_engine(&self, message: &str) {
        self.fail(Failure::new(FailureKind::Runtime, message));
    }

    /// Ends a run that nothing can answer any more.
    fn forgot(&self) {
        let failure = match self.unhandled.take() {
            Some((message, stack)) => Failure {
                kind: FailureKind::Runtime,
                message: format!("a promise was rejected and nobody cared: {message}"),
                stack,
            },
            None => Failure::new(
                FailureKind::Time,
                "the function ended without calling back or returning a value",
            ),
        };
        self.fail(failure);
    }

    /// Takes a place for a call or a timer, or says why there is none.
    pub(crate) fn open(&self) -> Result<(), String> {
        let limits = self.limits.get();
        if self.calls.get() >= limits.calls {
            return Err(format!("a function makes at most {} calls", limits.calls));
        }
        if self.calls_open.get() >= limits.calls_open {
            return Err(format!(
                "at most {} calls and timers wait at once",
                limits.calls_open
            ));
        }
        self.calls.set(self.calls.get().saturating_add(1));
        self.calls_open.set(self.calls_open.get().saturating_add(1));
        Ok(())
    }

    /// Gives back the place of a call or a timer.
    pub(crate) fn closed(&self) {
        self.calls_open.set(self.calls_open.get().saturating_sub(1));
    }

    /// Whether that many bytes may go out in one call.
    pub(crate) fn may_send(&self, bytes: usize) -> bool {
        u64::try_from(bytes).is_ok_and(|bytes| bytes <= self.limits.get().output_bytes)
    }

    /// Writes a line; the first that is too much becomes one that says so.
    pub(crate) fn log(&self, entry: LogEntry) {
        let limits = self.limits.get();
        if self.log_entries.get() > limits.log_entries {
            return;
        }
        let chars = entry.message.chars().count() + entry.extras.chars().count();
        let chars = u32::try_from(chars).unwrap_or(u32::MAX);
        let chars = self.log_chars.get().saturating_add(chars);
        let is_full = self.log_entries.get() == limits.log_entries || chars > limits.log_chars;
        if is_full {
            self.log_entries.set(u32::MAX);
            self.link.send(&FromWorker::Log(LogEntry {
                level: LogLevel::Error,
                message: format!(
                    "log limit reached: at most {} entries of {} characters in all are kept",
                    limits.log_entries, limits.log_chars
                ),
                extras: String::new(),
                at_ms: entry.at_ms,
            }));
        } else {
            self.log_entries
                .set(self.log_entries.get().saturating_add(1));
            self.log_chars.set(chars);
            self.link.send(&FromWorker::Log(entry));
        }
    }

    fn check_link(&self) -> io::Result<()> {
        self.link.broken().map_or(Ok(()), Err)
    }

    fn end(&self) -> End {
        let result = self.outcome.take().unwrap_or_else(|| {
            Err(Failure::new(
                FailureKind::Runtime,
                "the function ended without an outcome",
            ))
        });
        let is_sound = !self.is_over.get() && !result.as_ref().is_err_and(is_of_engine);
        End {
            result,
            cpu_us: self.cpu_us(),
            is_sound,
        }
    }
}

/// Whether a failure says that the engine ran out of memory or stack.
fn is_of_engine(failure: &Failure) -> bool {
    failure.message.starts_with("InternalError") || failure.message.contains("call stack size")
}

/// Processor time of this thread, in microseconds.
fn cpu_us() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let rest = u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000;
    seconds.saturating_mul(1_000_000).saturating_add(rest)
}

/// Returns the prelude's bytecode; compiles it the first time.
fn bytecode() -> rquickjs::Result<&'static [u8]> {
    if let Some(bytecode) = BYTECODE.get() {
        return Ok(bytecode);
    }
    let runtime = Runtime::new()?;
    let context = Context::full(&runtime)?;
    let compiled = context.with(|ctx| {
        Module::declare(ctx, "usher", PRELUDE)?.write(WriteOptions {
            strip_source: true,
            ..WriteOptions::default()
        })
    })?;
    Ok(BYTECODE.get_or_init(|| compiled))
}

/// Evaluates the prelude.
fn load(ctx: &Ctx<'_>, bytecode: &'static [u8]) -> rquickjs::Result<()> {
    #[expect(unsafe_code, reason = "the engine cannot check bytecode")]
    // SAFETY: the bytes were written by this process's own copy of the engine from our own source,
    // are never changed, and live as long as the process.
    let module = unsafe { Module::load(ctx.clone(), bytecode) }?;
    let (_module, promise) = module.eval()?;
    promise.finish()
}

/// Evaluates text as a script, as it stands.
fn evaluate<'js, T: rquickjs::FromJs<'js>>(ctx: &Ctx<'js>, source: &str) -> rquickjs::Result<T> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(SOURCE_NAME.to_owned());
    ctx.eval_with_options(source, options)
}

/// Makes a JavaScript value of anything that has JSON.
fn parse<'js>(ctx: &Ctx<'js>, value: &impl serde::Serialize) -> rquickjs::Result<JsValue<'js>> {
    let json = serde_json::to_vec(value).map_err(|error| Error::Io(error.into()))?;
    ctx.json_parse(json)
}

/// The message and the stack of what was thrown.
fn describe<'js>(ctx: &Ctx<'js>, thrown: &JsValue<'js>) -> (String, Option<String>) {
    let Some(exception) = thrown.as_exception() else {
        let json = ctx.json_stringify(thrown.clone()).ok().flatten();
        let text = json.and_then(|json| json.to_string().ok());
        return (text.unwrap_or_else(|| "unknown".to_owned()), None);
    };
    let name: Option<String> = exception.as_object().get("name").ok();
    let message = exception.message().unwrap_or_default();
    let name = name.unwrap_or_else(|| "Error".to_owned());
    (format!("{name}: {message}"), exception.stack())
}
