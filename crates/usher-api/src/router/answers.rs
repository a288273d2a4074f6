//! How many answers there were and how long they took, by route, method and status.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use axum::http::StatusCode;
use metrics::{Counter, Histogram};

/// What is counted of each route.
type Counted = HashMap<(&'static str, StatusCode), Answered>;

/// The counters of all answers: made at the first of a kind, because looking one up by its labels
/// costs more than the rest of the layer.
///
/// Routes are named as they are declared, never as they were called, so labels are bounded.
#[derive(Default)]
// Guards counters that are only added; held for nanoseconds.
pub(super) struct Answers(RwLock<HashMap<Box<str>, Counted>>);

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").finish_non_exhaustive()
    }
}

struct Answered {
    count: Counter,
    duration: Histogram,
}

impl Answered {
    fn new(route: &str, method: &'static str, status: StatusCode) -> Self {
        let (route, code) = (route.to_owned(), status.as_u16().to_string());
        let class = match status.as_u16() / 100 {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => "1xx",
        };
        Self {
            duration: metrics::histogram!(
                "usher_http_request_duration_seconds",
                "method" => method, "route" => route.clone(), "status" => class
            ),
            count: metrics::counter!(
                "usher_http_requests_total",
                "method" => method, "route" => route, "status" => code
            ),
        }
    }

    fn note(&self, took: Duration) {
        self.count.increment(1);
        self.duration.record(took);
    }
}

impl Answers {
    /// Counts an answer.
    pub(super) fn note(
        &self,
        route: &str,
        method: &'static str,
        status: StatusCode,
        took: Duration,
    ) {
        let kind = (method, status);
        {
            let counted = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(answered) = counted.get(route).and_then(|kinds| kinds.get(&kind)) {
                return answered.note(took);
            }
        }
        let mut counted = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let kinds = counted.entry(route.into()).or_default();
        let answered = kinds.entry(kind);
        answered
            .or_insert_with(|| Answered::new(route, method, status))
            .note(took);
    }
}
