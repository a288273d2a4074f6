//! The logs of functions: written behind the answer, with how often they ran; searched and followed by
//! whoever wrote them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use usher_functions::worker::{LogEntry, LogLevel as Level};
use usher_model::id::{AccountId, FunctionId, RequestId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::Value;
use usher_store::batch::Batch;
use usher_store::record::function::LogLevel;
use usher_store::record::{self, FunctionLog, LogRecord as _};
use usher_store::sequence;
use usher_store::store::{Cursor, Field, Query, Row};

use super::find;
use super::usage::{Counters, Ran};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Error, Result};

/// Entries that are written in one commit.
const BATCH_ENTRIES: usize = 500;
/// Rows that are looked at for one page when filters leave few of them.
const LOOKED_AT_MAX: usize = 5_000;
/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long counts wait to be written.
const COUNTS_WAIT: Duration = Duration::from_secs(1);
/// How often a log is looked at that other nodes write too.
const POLL: Duration = Duration::from_secs(1);
/// Longest time that a call waits for an entry.
pub const WAIT_MAX: Duration = Duration::from_secs(25);

/// Something that is to be kept.
enum News {
    Entry(FunctionLog),
    Ran(Ran),
}

/// What waits to be written.
pub(super) struct Log {
    to_write: mpsc::Sender<(AccountId, News)>,
    // Guards the other end until the writer takes it.
    waiting: std::sync::Mutex<Option<mpsc::Receiver<(AccountId, News)>>>,
    /// Entries were written.
    written: Notify,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").finish_non_exhaustive()
    }
}

impl Log {
    pub(super) fn new() -> Self {
        let (to_write, waiting) = mpsc::channel(limits::FUNCTION_LOG_QUEUE_MAX);
        Self {
            to_write,
            waiting: std::sync::Mutex::new(Some(waiting)),
            written: Notify::new(),
        }
    }

    /// Has something written later; what finds no room is counted and lost.
    fn add(&self, account: &AccountId, news: News) {
        if self.to_write.try_send((account.clone(), news)).is_err() {
            metrics::counter!("usher_function_logs_dropped_total").increment(1);
        }
    }
}

/// Counts a run.
pub(super) fn count(app: &App, account: &AccountId, ran: Ran) {
    app.functions.log.add(account, News::Ran(ran));
}

/// Keeps what a run wrote, and why it failed; what is for whoever writes the function is not kept.
pub(super) fn keep(
    app: &App,
    account: &AccountId,
    function: FunctionId,
    request_id: RequestId,
    entries: &[LogEntry],
    failure: Option<&Error>,
) {
    let now = app.now();
    let entry = |at, level, message, extras| FunctionLog {
        function_id: function,
        request_id: request_id.to_string(),
        at,
        level,
        message,
        extras,
        expires_at: now.plus(DAY * limits::FUNCTION_LOG_DAYS),
    };
    let kept = entries.iter().filter(|entry| entry.level > Level::Debug);
    let written = kept.map(|written| {
        let at = Timestamp::from_milliseconds(written.at_ms);
        let extras = extras(&written.extras);
        entry(at, level(written.level), written.message.clone(), extras)
    });
    let failed = failure.map(|error| entry(now, LogLevel::Error, error.to_string(), Vec::new()));
    for one in written.chain(failed) {
        app.functions.log.add(account, News::Entry(one));
    }
}

pub(super) const fn level(level: Level) -> LogLevel {
    match level {
        Level::Debug => LogLevel::Debug,
        Level::Info => LogLevel::Info,
        Level::Warn => LogLevel::Warn,
        Level::Error => LogLevel::Error,
    }
}

/// Returns the word for a level.
#[must_use]
pub const fn level_word(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

/// Returns the level of a word.
#[must_use]
pub fn level_of(word: &str) -> Option<LogLevel> {
    let levels = [
        LogLevel::Debug,
        LogLevel::Info,
        LogLevel::Warn,
        LogLevel::Error,
    ];
    levels.into_iter().find(|level| level_word(*level) == word)
}

/// Reads what was written besides the message: a JSON array, or nothing.
pub(super) fn extras(text: &str) -> Vec<Value> {
    match serde_json::from_str(text) {
        Ok(Value::Array(extras)) => extras,
        _ if text.is_empty() => Vec::new(),
        // What hides a secret may have made it another text.
        _ => vec![text.into()],
    }
}

/// Writes what waits until the work is to end, and then the rest.
pub(crate) async fn run(app: Arc<App>) {
    let waiting = &app.functions.log.waiting;
    let waiting = waiting
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .take();
    let Some(mut waiting) = waiting else { return };
    let stopping = app.tasks.stopping().clone();
    let (mut news, mut counters) = (Vec::new(), Counters::default());
    let mut counts_due = Instant::now();
    loop {
        let is_waiting = counters.is_changed();
        tokio::select! {
            biased;
            count = waiting.recv_many(&mut news, BATCH_ENTRIES) => {
                if count == 0 {
                    return;
                }
            }
            () = stopping.cancelled() => {
                while let Ok(one) = waiting.try_recv() {
                    news.push(one);
                }
                write(&app, &mut news, &mut counters, true).await;
                return;
            }
            () = tokio::time::sleep_until(counts_due), if is_waiting => {}
        }
        let is_due = Instant::now() >= counts_due;
        write(&app, &mut news, &mut counters, is_due).await;
        if is_due {
            counts_due = Instant::now() + COUNTS_WAIT;
        }
    }
}

/// Writes entries, and counts if they are due.
async fn write(
    app: &App,
    news: &mut Vec<(AccountId, News)>,
    counters: &mut Counters,
    are_counts_due: bool,
) {
    let mut batch = Batch::new(app.now());
    let mut has_entries = false;
    for (account, one) in news.drain(..) {
        match one {
            News::Ran(ran) => counters.count(app, &account, ran),
            News::Entry(entry) => {
                has_entries = true;
                if let Err(error) = batch.append_record(&account, &entry) {
                    tracing::error!(%error, "an entry of a function's log cannot be written");
                }
            }
        }
    }
    if are_counts_due {
        counters.write(&mut batch);
        counters.forget_before(app.now());
    }
    if batch.is_empty() {
        return;
    }
    if let Err(error) = app.store.commit(batch).await {
        tracing::warn!(%error, "entries of functions' logs were not kept");
    }
    if has_entries {
        app.functions.log.written.notify_waiters();
    }
}

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this request.
    pub request_id: Option<String>,
    /// That matter at least so much.
    pub level: Option<LogLevel>,
    /// Whose message or extras contain this text, ignoring case.
    pub text: Option<String>,
    /// Written at or after this instant.
    pub from: Option<Timestamp>,
    /// Written before this instant.
    pub to: Option<Timestamp>,
}

impl Filter {
    fn fits(&self, entry: &FunctionLog) -> bool {
        let has_text = |text: &String| {
            let text = text.to_lowercase();
            let has = |part: &str| part.to_lowercase().contains(&text);
            has(&entry.message) || entry.extras.iter().any(|extra| has(&extra.to_string()))
        };
        self.request_id
            .as_ref()
            .is_none_or(|id| *id == entry.request_id)
            && self.level.is_none_or(|level| entry.level >= level)
            && self.text.as_ref().is_none_or(has_text)
    }
}

/// An entry of a log, with its place among all that the account's functions wrote.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its place: who sees it sees all before it, whichever node wrote them.
    pub sequence: u64,
    /// The entry.
    pub entry: FunctionLog,
}

impl Logged {
    fn read(row: &Row) -> Result<Self> {
        let (sequence, entry) = record::read_logged(row)?;
        Ok(Self { sequence, entry })
    }
}

/// Returns entries of a function's log, the newest first. A page may have fewer than `limit` of
/// them, or none, and still a next one: it looks at a bounded part of the log.
///
/// # Errors
/// Fails if the caller may not see functions, there is no such one, or the cursor was not made by
/// this list.
pub async fn logs(
    caller: &Caller,
    app: &App,
    id: FunctionId,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<(Vec<Logged>, Option<Cursor>)> {
    caller.require(Permission::FunctionsRead)?;
    find(app, &caller.account, id).await?;
    let field = |at: Timestamp| Field::Integer(at.milliseconds());
    let mut query = Query {
        index: Some("by_time"),
        equals: vec![Field::Text(id.to_string())],
        from: filter.from.map(field),
        to: filter.to.map(field),
        descending: true,
        after,
        ..Query::all(&caller.account, FunctionLog::COLLECTION)
    };
    let (mut found, mut looked_at) = (Vec::new(), 0);
    loop {
        query.limit = limit - found.len();
        let page = app.store.find(&query, app.now()).await?;
        looked_at += page.rows.len();
        for row in &page.rows {
            let logged = Logged::read(row)?;
            if filter.fits(&logged.entry) {
                found.push(logged);
            }
        }
        if page.next.is_none() || found.len() >= limit || looked_at >= LOOKED_AT_MAX {
            return Ok((found, page.next));
        }
        query.after = page.next;
    }
}

/// Entries of a log that came after others.
#[derive(Clone, Debug)]
pub struct Tail {
    /// The entries, the first first.
    pub entries: Vec<Logged>,
    /// The place of the last entry that was looked at: what to ask for next.
    pub cursor: u64,
}

/// Returns entries of a function's log that came after one, or come from now on, and waits for the
/// first if there is none yet.
///
/// # Errors
/// Fails if the caller may not see functions, or there is no such one.
pub async fn follow(
    caller: &Caller,
    app: &App,
    id: FunctionId,
    filter: &Filter,
    after: Option<u64>,
    limit: usize,
    wait: Duration,
) -> Result<Tail> {
    caller.require(Permission::FunctionsRead)?;
    find(app, &caller.account, id).await?;
    let deadline = Instant::now() + wait.min(WAIT_MAX);
    let (log, account) = (FunctionLog::COLLECTION, &caller.account);
    let mut tail = Tail {
        entries: Vec::new(),
        cursor: match after {
            Some(cursor) => cursor,
            None => app.store.last_sequence(log, account, app.now()).await?,
        },
    };
    loop {
        // What is written from here on wakes, though it may have been read already.
        let written = app.functions.log.written.notified();
        read_on(caller, app, id, filter, limit, &mut tail).await?;
        let now = Instant::now();
        if !tail.entries.is_empty() || now >= deadline {
            return Ok(tail);
        }
        let until = match app.store.is_shared() {
            true => deadline.min(now + POLL),
            false => deadline,
        };
        tokio::select! {
            () = written => {}
            () = tokio::time::sleep_until(until) => {}
            () = app.tasks.stopping().cancelled() => return Ok(tail),
        }
    }
}

/// Reads what comes after the cursor.
async fn read_on(
    caller: &Caller,
    app: &App,
    id: FunctionId,
    filter: &Filter,
    limit: usize,
    tail: &mut Tail,
) -> Result<()> {
    let mut query = Query {
        index: Some("by_function"),
        equals: vec![Field::Text(id.to_string())],
        from: Some(sequence::field(tail.cursor.saturating_add(1))),
        ..Query::all(&caller.account, FunctionLog::COLLECTION)
    };
    loop {
        let page = app.store.find(&query, app.now()).await?;
        for row in &page.rows {
            if tail.entries.len() >= limit {
                return Ok(());
            }
            let logged = Logged::read(row)?;
            tail.cursor = logged.sequence;
            if filter.fits(&logged.entry) {
                tail.entries.push(logged);
            }
        }
        if page.next.is_none() {
            return Ok(());
        }
        query.after = page.next;
    }
}
