//! The functions that a run asks: when a policy that is reached needs their answer, and not before.
//!
//! A function is asked once for the same parameters of a run. One that fails makes only the policy
//! that needs it faulty; one that fails again and again is left alone for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use serde_json::json;
use tokio::time::Instant;
use usher_model::id::{AccountId, ConsumerId, ConversationId, FunctionId};
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use usher_policy::attribute::Slot;
use usher_policy::facts::{Fact, Facts, Failure};
use usher_store::record::ParameterSource;

use super::Request;
use crate::App;
use crate::cache::{self, Cache};
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::functions::{self, Input};
use crate::rules::Ruleset;
use crate::rules::plan::Called;

/// Failures in a row after which a function is left alone.
const FAILURES_MAX: u32 = 5;
/// How long it is left alone, before it is tried once more.
const REST: Duration = Duration::from_secs(10);
/// Answers that are held to be taken again, and functions whose failures are counted.
const HELD_MAX: u64 = 10_000;
/// What a remark on a call begins with.
const NOTE: &str = "FUNCTION";
/// How a call ended well: it was made, or an earlier answer was good still.
const OK: &str = "OK";
const HELD: &str = "CACHED";
/// How it ended because nobody was asked.
const RESTING: &str = "BREAKER_OPEN";

/// Whose function, which version, and what it was given.
type Asked = (AccountId, FunctionId, Option<u64>, String);

/// What is known of functions beyond one run.
#[derive(Debug)]
pub(crate) struct Answers {
    held: Cache<Asked, (Value, Timestamp)>,
    /// By version: one that was mended is asked at once.
    breakers: Cache<(AccountId, FunctionId, Option<u64>), Arc<Breaker>>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            held: cache::counted(HELD_MAX),
            breakers: cache::counted(HELD_MAX),
        }
    }
}

/// Counts the failures of one version of a function.
#[derive(Debug, Default)]
struct Breaker(Mutex<Failures>);

#[derive(Debug, Default)]
struct Failures {
    in_a_row: u32,
    /// Until when it is left alone.
    until: Option<Instant>,
}

impl Breaker {
    /// Whether the function may be asked; after its rest one asks, and the others wait for that.
    fn lets_through(&self, now: Instant) -> bool {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match failures.until {
            Some(until) if now < until => false,
            Some(_) => {
                failures.until = Some(now + REST);
                true
            }
            None => true,
        }
    }

    /// Notes how a call ended; says whether the function is left alone from now on, and was not.
    fn note(&self, is_failure: bool, now: Instant) -> bool {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.in_a_row = if is_failure { failures.in_a_row + 1 } else { 0 };
        failures.until = (failures.in_a_row >= FAILURES_MAX).then(|| now + REST);
        failures.in_a_row == FAILURES_MAX
    }
}

/// How one call ended.
#[derive(Clone, Debug)]
struct Ended {
    /// `OK`, or a code that says why not.
    word: &'static str,
    result: Result<Value, Failure>,
    took: Duration,
}

/// The calls of one run.
pub(super) struct Calls<'r> {
    caller: &'r Caller,
    app: &'r Arc<App>,
    pub(super) rules: &'r Ruleset,
    pub(super) request: &'r Request,
    deadline: Instant,
    answers: HashMap<(FunctionId, String), Ended, RandomState>,
    notes: Vec<String>,
    /// Whether the run had no time left.
    pub(super) is_late: bool,
}

impl<'r> Calls<'r> {
    pub(super) fn new(
        caller: &'r Caller,
        app: &'r Arc<App>,
        rules: &'r Ruleset,
        request: &'r Request,
        begun: Instant,
    ) -> Self {
        Self {
            caller,
            app,
            rules,
            request,
            deadline: begun + limits::DECISION_TIME_MAX,
            answers: HashMap::default(),
            notes: Vec::new(),
            is_late: false,
        }
    }

    /// Lets the run ask for what functions answer, unless the request says what it is.
    pub(super) fn offer(&self, facts: &mut Facts<'_>) {
        if self.request.calls_functions {
            for called in &self.rules.plan.calls {
                super::offer(facts, called.wanted.slot, Fact::Unread);
            }
        }
    }

    /// Takes back what the run did not ask for.
    pub(super) fn withdraw(&self, facts: &mut Facts<'_>) {
        for called in &self.rules.plan.calls {
            if matches!(facts.fact(called.wanted.slot), Fact::Unread) {
                facts.set(called.wanted.slot, Fact::Missing);
            }
        }
    }

    /// Returns the call that fills a slot.
    pub(super) fn find(&self, slot: Slot) -> Option<&'r Called> {
        let mut calls = self.rules.plan.calls.iter();
        calls.find(|called| called.wanted.slot == slot)
    }

    /// Asks the function, or takes its answer to the same question, and fills the slot.
    pub(super) async fn answer(&mut self, called: &Called, facts: &mut Facts<'_>) {
        let slot = called.wanted.slot;
        if Instant::now() >= self.deadline {
            self.is_late = true;
            facts.set(slot, Fact::Failed(Failure::RunTimeout));
            return;
        }
        let payload = payload(called, facts);
        let key = (called.call.function_id, payload.to_string());
        let ended = match self.answers.get(&key) {
            Some(ended) => ended.clone(),
            None => {
                let ended = self.ask(called, payload, &key.1).await;
                self.answers.insert(key, ended.clone());
                ended
            }
        };
        self.notes.push(note(called, &ended));
        let fact = match &ended.result {
            Ok(value) => called
                .wanted
                .descend(value)
                .map_or(Fact::Missing, |value| Fact::from(value.clone())),
            Err(failure) => Fact::Failed(*failure),
        };
        facts.set(slot, fact);
    }

    async fn ask(&self, called: &Called, payload: Value, text: &str) -> Ended {
        let begun = Instant::now();
        let (app, account, id) = (self.app, &self.caller.account, called.call.function_id);
        let answers = &app.functions.answers;
        let registry = match functions::registry::current(app, account).await {
            Ok(registry) => registry,
            Err(error) => return ended(Err(error), begun),
        };
        let entry = registry.find(id);
        let version = entry.and_then(|entry| entry.deployed);
        let asked: Asked = (account.clone(), id, version, text.to_owned());
        let lives = Duration::from_secs(called.call.cache_seconds.into());
        if let Some((value, until)) = answers.held.get(&asked).filter(|_| !lives.is_zero())
            && until > app.now()
        {
            return Ended {
                word: HELD,
                result: Ok(value),
                took: begun.elapsed(),
            };
        }
        let whose = (account.clone(), id, version);
        let breaker = answers
            .breakers
            .get_or_insert_with(&whose, || Ok::<_, Error>(Arc::default()))
            .unwrap_or_default();
        if !breaker.lets_through(begun) {
            return Ended {
                word: RESTING,
                result: Err(failure_of(RESTING)),
                took: Duration::ZERO,
            };
        }
        let input = self.input(payload, entry.is_some_and(|entry| entry.is_trusted));
        let own = begun + Duration::from_millis(called.call.timeout_ms.into());
        let deadline = own.min(self.deadline);
        let answer = functions::invoke(app, account, id, input, deadline).await;
        let ended = ended(answer.map(|answer| unwrapped(answer.result)), begun);
        if breaker.note(ended.result.is_err(), Instant::now()) {
            tracing::warn!(%account, function = %id, outcome = ended.word,
                "a function that decisions ask has failed again and again; it is left alone for a while");
        }
        if let Ok(value) = &ended.result
            && !lives.is_zero()
        {
            answers
                .held
                .insert(asked, (value.clone(), app.now().plus(lives)));
        }
        ended
    }

    fn input(&self, payload: Value, is_trusted: bool) -> Input {
        let conversation = self.request.conversation_id.as_ref();
        let consumer = self.request.consumer_id.as_ref();
        let run = self.caller.request_id.to_string();
        let headers = [
            ("accountId", Some(self.caller.account.as_str())),
            ("conversationId", conversation.map(ConversationId::as_str)),
            ("consumerId", consumer.map(ConsumerId::as_str)),
            ("runId", Some(run.as_str())),
        ];
        let headers = headers.into_iter();
        let mut headers: Vec<_> = headers
            .filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())))
            .collect();
        if let Some(token) = self.request.token.as_ref().filter(|_| is_trusted) {
            headers.push(("Authorization".to_owned(), token.bearer()));
        }
        Input {
            request_id: self.caller.request_id,
            timestamp: self.app.now(),
            headers,
            payload,
        }
    }

    /// Returns the remarks of the log: which calls there were, how long they took, how they ended.
    pub(super) fn into_notes(self) -> Vec<String> {
        self.notes
    }

    /// Adds the calls to an explanation.
    pub(super) fn explain(&self, explanation: &mut Value) {
        show(&self.notes, explanation);
    }
}

/// Returns what a function is given: the value of one parameter without a name, an object of named
/// ones, a list of several without.
fn payload(called: &Called, facts: &Facts<'_>) -> Value {
    let parameters = called.call.parameters.iter().zip(&called.parameters);
    let values = parameters.map(|(parameter, slot)| match (&parameter.source, slot) {
        (ParameterSource::Constant(value), _) => value.clone(),
        (ParameterSource::Attribute(_), Some(slot)) => value_of(facts.fact(*slot)),
        (ParameterSource::Attribute(_), None) => Value::Null,
    });
    let mut values: Vec<Value> = values.collect();
    let names = called
        .call
        .parameters
        .iter()
        .map(|parameter| parameter.name.clone());
    if let Some(names) = names.collect::<Option<Vec<String>>>()
        && !names.is_empty()
    {
        return Value::Object(names.into_iter().zip(values).collect::<Object>());
    }
    match (values.len(), values.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            values.push(last);
            Value::Array(values)
        }
        (_, None) => Value::Null,
    }
}

fn value_of(fact: &Fact<'_>) -> Value {
    match fact {
        Fact::Unread | Fact::Missing | Fact::Failed(_) => Value::Null,
        Fact::Bool(boolean) => (*boolean).into(),
        Fact::Number(number) => whole(*number).unwrap_or_else(|| (*number).into()),
        Fact::Text(text) => text.as_ref().into(),
        Fact::Tree(tree) => tree.as_ref().clone(),
    }
}

/// Returns a whole number as one, so that JavaScript and JSON write it without a fraction.
fn whole(number: f64) -> Option<Value> {
    let text = format!("{number}");
    text.parse::<i64>().ok().map(Value::from)
}

/// Takes the value out of `{"result": …}`, which stands for it.
fn unwrapped(mut answer: Value) -> Value {
    match &mut answer {
        Value::Object(members) if members.len() == 1 => members.remove("result").unwrap_or(answer),
        _ => answer,
    }
}

fn ended(answer: crate::error::Result<Value>, begun: Instant) -> Ended {
    let (word, result) = match answer {
        Ok(value) => (OK, Ok(value)),
        Err(error) => {
            let word = error.code.as_str();
            (word, Err(failure_of(word)))
        }
    };
    let took = begun.elapsed();
    Ended { word, result, took }
}

/// Returns what a call that ended badly means for the policy: from the word alone, which the log
/// keeps, so that a run that is repeated comes to the same.
fn failure_of(word: &str) -> Failure {
    let is = |codes: &[Code]| codes.iter().any(|code| code.as_str() == word);
    let http_status = if is(&[Code::FunctionTimeout]) {
        return Failure::FunctionTimeout;
    } else if is(&[Code::StoreUnavailable]) {
        return Failure::ContextUnavailable;
    } else if is(&[Code::FunctionThrew, Code::FunctionCrashed]) {
        Some(422)
    } else if is(&[Code::FunctionNotFound, Code::FunctionNotDeployed]) {
        Some(404)
    } else if is(&[Code::FunctionUnavailable]) {
        Some(503)
    } else if word == RESTING {
        None
    } else {
        Some(500)
    };
    Failure::FunctionFailed { http_status }
}

/// Writes a call as a remark: the attribute, the function, its time and how it ended. What it was
/// given stands nowhere.
fn note(called: &Called, ended: &Ended) -> String {
    let (name, id) = (called.wanted.path(), called.call.function_id);
    let milliseconds = ended.took.as_millis();
    format!("{NOTE}:custom.{name}:{id}:{milliseconds}:{}", ended.word)
}

/// A remark on a call, read again.
struct Noted<'n> {
    attribute: &'n str,
    function: &'n str,
    milliseconds: u64,
    word: &'n str,
}

impl<'n> Noted<'n> {
    fn read(note: &'n str) -> Option<Self> {
        let mut parts = note.strip_prefix(NOTE)?.strip_prefix(':')?.splitn(4, ':');
        Some(Self {
            attribute: parts.next()?,
            function: parts.next()?,
            milliseconds: parts.next()?.parse().ok()?,
            word: parts.next()?,
        })
    }
}

/// Returns the attributes whose functions failed when a run was made, and how.
pub(super) fn failures(notes: &[String]) -> impl Iterator<Item = (&str, Failure)> {
    notes.iter().filter_map(|note| {
        let noted = Noted::read(note)?;
        let is_failure = ![OK, HELD].contains(&noted.word);
        is_failure.then(|| (noted.attribute, failure_of(noted.word)))
    })
}

/// Adds the calls that remarks tell of to an explanation.
pub(super) fn show(notes: &[String], explanation: &mut Value) {
    let noted = notes.iter().filter_map(|note| Noted::read(note));
    let calls: Vec<Value> = noted
        .map(|noted| {
            json!({
                "attribute": noted.attribute, "functionId": noted.function,
                "durationMs": noted.milliseconds, "outcome": noted.word,
            })
        })
        .collect();
    if let Value::Object(explanation) = explanation
        && !calls.is_empty()
    {
        explanation.insert("functionCalls".to_owned(), Value::Array(calls));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_fails_is_left_alone_and_tried_once_after_its_rest() {
        let (breaker, begun) = (Breaker::default(), Instant::now());
        for failure in 1..=FAILURES_MAX {
            assert!(breaker.lets_through(begun));
            assert_eq!(breaker.note(true, begun), failure == FAILURES_MAX);
        }
        assert!(!breaker.lets_through(begun));
        let rested = begun + REST;
        assert!(breaker.lets_through(rested));
        assert!(!breaker.lets_through(rested), "one tries for all");
        assert!(!breaker.note(false, rested));
        assert!(breaker.lets_through(rested));
    }

    #[test]
    fn an_answer_may_be_wrapped() {
        assert_eq!(unwrapped(json!({"result": [1]})), json!([1]));
        assert_eq!(
            unwrapped(json!({"result": 1, "a": 2})),
            json!({"result": 1, "a": 2})
        );
        assert_eq!(unwrapped(json!({"a": 2})), json!({"a": 2}));
        assert_eq!(unwrapped(json!(true)), json!(true));
    }

    #[test]
    fn a_remark_tells_how_a_call_ended() {
        let notes = [
            "FUNCTION:custom.vip:id:12:FUNCTION_THREW".to_owned(),
            "FUNCTION:custom.tier.level:id:3:OK".to_owned(),
            "CUSTOMER_ID_REQUIRED".to_owned(),
        ];
        let failed: Vec<_> = failures(&notes).collect();
        let http_status = Some(422);
        assert_eq!(
            failed,
            [("custom.vip", Failure::FunctionFailed { http_status })]
        );
        let mut explanation = json!({});
        show(&notes, &mut explanation);
        assert_eq!(
            explanation["functionCalls"][1]["attribute"],
            "custom.tier.level"
        );
        assert_eq!(explanation["functionCalls"][0]["durationMs"], 12);
    }

    #[test]
    fn whole_numbers_have_no_fraction() {
        assert_eq!(value_of(&Fact::Number(5.0)).to_string(), "5");
        assert_eq!(value_of(&Fact::Number(0.5)).to_string(), "0.5");
    }
}
