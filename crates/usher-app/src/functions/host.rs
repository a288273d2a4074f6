//! What a function can reach of the world: the answers to its calls, for its account only.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tokio::time::Instant;
use usher_functions::host::{ContextCall, HostCall, HostFailure};
use usher_functions::worker::LogEntry;
use usher_model::id::{AccountId, ConsumerId, FunctionId, RequestId};
use usher_model::role::Role;
use usher_model::value::{Object, Value};

use super::run::Task;
use super::{Input, invoke};
use crate::App;
use crate::caller::{Caller, Reach};
use crate::context::{self, Namespace, Session, Ttl};
use crate::error::Error;
use crate::workers::{Answering, Host};
use crate::{sdes, secrets};

/// Functions that may wait for one another.
const DEPTH_MAX: usize = 5;
/// Characters of a secret below which it is not looked for in logs: it would be found everywhere.
const HIDDEN_CHARS_MIN: usize = 4;
/// What logs show in place of a secret.
const HIDDEN: &str = "(hidden)";
/// Sessions that a list has at most.
const SESSIONS_MAX: usize = 1_000;

pub(super) type Answered = Result<Value, HostFailure>;

/// The world of one run.
#[derive(Debug)]
pub(super) struct AccountHost {
    pub(super) app: Arc<App>,
    pub(super) account: AccountId,
    pub(super) function: FunctionId,
    request_id: RequestId,
    pub(super) deadline: Instant,
    depth: usize,
    // Guards the texts that logs must not show: the secrets that the run has seen.
    hidden: Mutex<BTreeSet<String>>,
}

impl AccountHost {
    pub(super) fn new(
        app: &Arc<App>,
        account: &AccountId,
        task: &Task<'_>,
        input: &Input,
        deadline: Instant,
    ) -> Self {
        Self {
            app: Arc::clone(app),
            account: account.clone(),
            function: task.function,
            request_id: input.request_id,
            deadline,
            depth: task.depth,
            hidden: Mutex::default(),
        }
    }

    /// Takes secrets out of a text.
    pub(super) fn hide(&self, text: String) -> String {
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        // What is inside a longer one comes later, else the rest of the longer one would show.
        let mut secrets: Vec<&String> = hidden.iter().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.into_iter().fold(text, |text, secret| {
            if text.contains(secret.as_str()) {
                text.replace(secret.as_str(), HIDDEN)
            } else {
                text
            }
        })
    }

    /// Takes secrets out of an entry of the log.
    pub(super) fn hide_in(&self, entry: LogEntry) -> LogEntry {
        LogEntry {
            message: self.hide(entry.message),
            extras: self.hide(entry.extras),
            ..entry
        }
    }

    /// Notes the texts of a secret, as they are and as JSON writes them.
    fn note(&self, secret: &Value) {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        let mut values = vec![secret];
        while let Some(value) = values.pop() {
            match value {
                Value::String(text) if text.chars().count() >= HIDDEN_CHARS_MIN => {
                    let written = value.to_string();
                    hidden.insert(written.trim_matches('"').to_owned());
                    hidden.insert(text.clone());
                }
                Value::Array(items) => values.extend(items),
                Value::Object(members) => values.extend(members.values()),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
    }

    /// Returns in whose name the function acts: a developer of its account.
    pub(super) fn caller(&self) -> Caller {
        Caller {
            account: self.account.clone(),
            role: Role::Developer,
            reach: Reach::Everything,
            actor: self.actor(),
            agent: None,
            consumer: None,
            is_identified: false,
            request_id: self.request_id,
            idempotency_key: None,
        }
    }

    fn actor(&self) -> String {
        format!("function/{}", self.function)
    }

    async fn answer(&self, call: HostCall) -> Answered {
        match call {
            HostCall::ReadSecret { key } => {
                let value = secrets::read(&self.app, &self.account, &key)
                    .await
                    .map_err(failure)?;
                self.note(&value);
                Ok(json!({"key": key, "value": value}))
            }
            HostCall::UpdateSecret { key, value } => {
                self.note(&value);
                let actor = self.actor();
                secrets::update(&self.app, &self.account, &key, &value, &actor)
                    .await
                    .map_err(failure)?;
                Ok(json!({"key": key, "value": value}))
            }
            HostCall::Context(call) => self.context(call).await.map_err(failure),
            HostCall::Invoke {
                function,
                payload,
                headers,
                timeout_ms,
            } => {
                let input = Input {
                    request_id: self.request_id,
                    timestamp: self.app.now(),
                    headers: headers.into_iter().collect(),
                    payload,
                };
                self.invoke(&function, input, timeout_ms).await
            }
            HostCall::Http(request) => self.http(request).await,
            HostCall::Platform { request, .. } => self.platform(request).await,
            HostCall::Conversation {
                conversation_id,
                content_to_retrieve,
            } => {
                self.conversation(&conversation_id, &content_to_retrieve)
                    .await
            }
            HostCall::AddSdes {
                visitor_id, sdes, ..
            } => self.add_sdes(&visitor_id, &sdes).await.map_err(failure),
        }
    }

    /// Takes in engagement attributes; what is neither about the customer nor the person is left.
    async fn add_sdes(&self, visitor: &str, sdes: &[Value]) -> crate::error::Result<Value> {
        let consumer = ConsumerId::parse(visitor)
            .map_err(|error| Error::field("#/visitorId", error.to_string()))?;
        let mut said = sdes::Said::default();
        for sde in sdes {
            let (field, into) = match sde["type"].as_str() {
                Some("ctmrinfo") => ("info", &mut said.customer_info),
                Some("personal") => ("personal", &mut said.personal_info),
                _ => continue,
            };
            if let Value::Object(fields) = &sde[field] {
                into.extend(fields.clone());
            }
        }
        sdes::record(&self.caller(), &self.app, &consumer, said).await?;
        Ok(Value::Null)
    }

    async fn invoke(&self, function: &str, input: Input, timeout_ms: Option<u64>) -> Answered {
        if self.depth >= DEPTH_MAX {
            let message =
                format!("expected at most {DEPTH_MAX} functions that wait for each other");
            return Err(HostFailure::new("TOO_DEEP", message));
        }
        let id = FunctionId::parse(function);
        let id = id.map_err(|error| HostFailure::new("NOT_FOUND", error.to_string()))?;
        let deadline = self.until(timeout_ms);
        // Boxed, because a function may invoke itself.
        let invoked = Box::pin(invoke::invoke_within(
            &self.app,
            &self.account,
            id,
            &input,
            deadline,
            self.depth + 1,
        ));
        let answer = invoked.await.map_err(failure)?;
        Ok(answer.result)
    }

    async fn context(&self, call: ContextCall) -> crate::error::Result<Value> {
        let (caller, app) = (&self.caller(), &self.app);
        match call {
            ContextCall::CreateNamespace {
                namespace,
                ttl_seconds,
            } => {
                let namespace = Namespace::parse(&namespace)?;
                context::put_namespace(caller, app, &namespace, ttl_seconds).await?;
                Ok(Value::Null)
            }
            ContextCall::DeleteNamespace { namespace } => {
                context::delete_namespace(caller, app, &Namespace::parse(&namespace)?).await?;
                Ok(Value::Null)
            }
            ContextCall::ListNamespaces => {
                let namespaces = context::namespaces(caller, app).await?;
                let names = namespaces.into_iter().map(|namespace| namespace.name);
                Ok(names.collect())
            }
            ContextCall::ListSessions { namespace } => {
                let namespace = Namespace::parse(&namespace)?;
                let ids = context::session_ids(caller, app, &namespace, 0, SESSIONS_MAX).await?;
                Ok(ids.into_iter().collect())
            }
            ContextCall::DeleteSession {
                namespace,
                session_id,
            } => {
                let (namespace, session) = place(&namespace, session_id.as_deref())?;
                context::delete_session(caller, app, &namespace, &session).await?;
                Ok(Value::Null)
            }
            ContextCall::GetProperties {
                namespace,
                session_id,
                names,
            } => {
                let (namespace, session) = place(&namespace, session_id.as_deref())?;
                let read = context::read(caller, app, &namespace, &session).await?;
                let mut properties = read.map(|read| read.payload()).unwrap_or_default();
                if let Some(names) = names {
                    properties.retain(|name, _| names.contains(name));
                }
                Ok(Value::Object(properties))
            }
            ContextCall::SetProperties {
                namespace,
                session_id,
                properties,
            } => {
                let (namespace, session) = place(&namespace, session_id.as_deref())?;
                let properties: Object = properties;
                let ttl = Ttl::OfSession;
                context::write(caller, app, &namespace, &session, properties, ttl, None).await?;
                Ok(Value::Null)
            }
            ContextCall::DeleteProperty {
                namespace,
                session_id,
                name,
            } => {
                let (namespace, session) = place(&namespace, session_id.as_deref())?;
                let names = [name];
                context::remove(caller, app, &namespace, &session, Some(&names), None).await?;
                Ok(Value::Null)
            }
        }
    }
}

impl Host for AccountHost {
    fn call(&self, call: HostCall) -> Answering<'_> {
        Box::pin(self.answer(call))
    }
}

fn place(namespace: &str, session: Option<&str>) -> crate::error::Result<(Namespace, Session)> {
    let session = session.map(Session::parse).transpose()?.unwrap_or_default();
    Ok((Namespace::parse(namespace)?, session))
}

pub(super) fn failure(error: Error) -> HostFailure {
    HostFailure::new(error.code.as_str(), error.message)
}
