//! The HTTP calls of functions: to allowed domains, and to the published services.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::time::Instant;
use usher_functions::host::{Body, HostFailure, HttpAnswer, HttpRequest};
use usher_model::limits;
use usher_model::value::Value;

use super::allow_list::allows;
use super::host::{AccountHost, Answered, failure};
use super::registry;
use crate::error::Error;
use crate::outbound::{OutboundError, Request};
use crate::platform::Call;

/// Redirects that are followed.
const REDIRECTS_MAX: usize = 5;
/// Parts of a conversation that may be asked for.
const CONVERSATION_PARTS: usize = 32;

impl AccountHost {
    /// Calls an allowed domain.
    pub(super) async fn http(&self, request: HttpRequest) -> Answered {
        let whose = (self.account.clone(), self.function);
        if self
            .app
            .functions
            .calls
            .take(&whose, self.app.now())
            .is_err()
        {
            let answer = HttpAnswer {
                status: 429,
                url: request.url,
                headers: Vec::new(),
                body: Body::Text(String::new()),
            };
            return serde_json::to_value(answer).map_err(|error| failure(Error::internal(error)));
        }
        let registry = registry::current(&self.app, &self.account)
            .await
            .map_err(failure)?;
        let domains = std::sync::Arc::clone(&registry.domains);
        let method = request.method.parse().map_err(|_not_one| {
            HostFailure::new(
                "EINVAL",
                format!("expected a method, found `{}`", request.method),
            )
        })?;
        let sent = Request {
            method,
            url: &request.url,
            headers: &request.headers,
            body: bytes(request.body)?,
            deadline: self.until(request.timeout_ms),
            answer_bytes_max: limits::FUNCTION_HTTP_BYTES_MAX,
            redirects_max: if request.redirects_followed {
                REDIRECTS_MAX
            } else {
                0
            },
            rule: &move |host: &str| allows(&domains, host),
        };
        let is_followed = request.redirects_followed;
        match self.app.outbound.send(sent).await {
            Ok(answer) => Ok(to_value(
                answer.status,
                &answer.url,
                &answer.headers,
                answer.body,
            )),
            Err(error) => Err(refusal(&error, is_followed)),
        }
    }

    /// Calls a published service with the function's own rights.
    pub(super) async fn platform(&self, request: HttpRequest) -> Answered {
        let url = request.url.clone();
        let call = Call {
            method: request.method,
            path: request.url,
            headers: request.headers,
            body: bytes(request.body)?,
        };
        let (status, headers, body) = self.ask(call, request.timeout_ms).await?;
        Ok(to_value(status, &url, &headers, body))
    }

    /// Reads a conversation in the published shape; null if there is none.
    pub(super) async fn conversation(&self, id: &str, parts: &[String]) -> Answered {
        let parts = (!parts.is_empty()).then(|| {
            let parts = parts.iter().take(CONVERSATION_PARTS);
            parts.cloned().collect::<Vec<String>>()
        });
        let wanted = json!({"conversationId": id, "contentToRetrieve": parts});
        let account = &self.account;
        let path = format!(
            "/messaging_history/api/account/{account}/conversations/conversation/search\
             ?source=functions"
        );
        let call = Call {
            method: "POST".to_owned(),
            path,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: wanted.to_string().into_bytes(),
        };
        let (status, _, body) = self.ask(call, None).await?;
        let mut answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status != 200 {
            let message = answer.get("message").and_then(Value::as_str);
            let message = message.unwrap_or("the history cannot be read");
            return Err(HostFailure::new(format!("HTTP_{status}"), message));
        }
        let found = answer.pointer_mut("/conversationHistoryRecords/0");
        Ok(found.map_or(Value::Null, Value::take))
    }

    async fn ask(
        &self,
        call: Call,
        timeout_ms: Option<u64>,
    ) -> Result<(u16, Vec<(String, String)>, Vec<u8>), HostFailure> {
        let gone = || HostFailure::new("UNAVAILABLE", "the service does not answer");
        let platform = self.app.platform.get().ok_or_else(gone)?;
        let asked = platform.call(self.caller(), call);
        let reply = tokio::time::timeout_at(self.until(timeout_ms), asked).await;
        let late = |_late| HostFailure::new("ETIMEDOUT", "no complete answer came in time");
        let reply = reply.map_err(late)?.ok_or_else(gone)?;
        Ok((reply.status, reply.headers, reply.body))
    }

    /// Returns until when a call is waited for.
    pub(super) fn until(&self, timeout_ms: Option<u64>) -> Instant {
        let own = timeout_ms.and_then(|ms| Instant::now().checked_add(Duration::from_millis(ms)));
        own.map_or(self.deadline, |own| own.min(self.deadline))
    }
}

fn bytes(body: Option<Body>) -> Result<Vec<u8>, HostFailure> {
    match body {
        None => Ok(Vec::new()),
        Some(Body::Text(text)) => Ok(text.into_bytes()),
        Some(Body::Base64(text)) => STANDARD.decode(text).map_err(|error| {
            HostFailure::new("EINVAL", format!("expected a body in base64: {error}"))
        }),
    }
}

fn to_value(status: u16, url: &str, headers: &[(String, String)], body: Vec<u8>) -> Value {
    let body = match String::from_utf8(body) {
        Ok(text) => json!({"text": text}),
        Err(error) => json!({"base64": STANDARD.encode(error.as_bytes())}),
    };
    json!({"status": status, "url": url, "headers": headers, "body": body})
}

/// Returns what JavaScript is told; a call that may not be made looks cut, as it always did.
fn refusal(error: &OutboundError, is_followed: bool) -> HostFailure {
    let code = match error {
        OutboundError::Url | OutboundError::Header(_) => "EINVAL",
        OutboundError::Host(_) | OutboundError::PrivateAddress(_) => {
            let message = format!("Socket is closed: {error}");
            return HostFailure::new("ECONNRESET", message);
        }
        OutboundError::Redirects(_) if is_followed => "ERR_TOO_MANY_REDIRECTS",
        OutboundError::Redirects(_) => "ERR_REDIRECT",
        OutboundError::AnswerTooLarge(_) => "EMSGSIZE",
        OutboundError::Deadline => "ETIMEDOUT",
        OutboundError::Unreachable { .. } => "ECONNREFUSED",
        OutboundError::Client(_) => "EAGAIN",
    };
    HostFailure::new(code, error.to_string())
}
