//! What JavaScript may call: the whole list.
//!
//! JavaScript calls it by `require("lp-faas-toolbelt")`, `fetch` and their like; the parent of the
//! worker answers. Nothing else leaves an isolate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request of JavaScript to the world, answered with JSON or a [`HostFailure`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "call",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum HostCall {
    /// An HTTP request to an allowed domain; the answer is an [`HttpAnswer`].
    Http(HttpRequest),
    /// A request to a service of the platform by its published name, such as `msgHist`, with
    /// credentials added; the answer is an [`HttpAnswer`].
    Platform {
        /// The service's published name.
        service: String,
        /// The request; its URL is a path with query.
        request: HttpRequest,
    },
    /// The value of a secret; the answer is `{"key","value"}`.
    ReadSecret {
        /// The secret's name.
        key: String,
    },
    /// A new value for a secret that exists; the answer is `{"key","value"}`.
    UpdateSecret {
        /// The secret's name.
        key: String,
        /// The new value.
        value: Value,
    },
    /// Something about the context store.
    Context(ContextCall),
    /// A conversation in the published shape of the history search.
    Conversation {
        /// Which.
        conversation_id: String,
        /// Which parts, by their published names such as `messageRecords`; empty is the default.
        content_to_retrieve: Vec<String>,
    },
    /// Engagement attributes added to a consumer's visit; the answer is `null`.
    AddSdes {
        /// The consumer, by the visitor id.
        visitor_id: String,
        /// The visit.
        session_id: String,
        /// The attributes in their published shapes.
        sdes: Vec<Value>,
    },
    /// Another function of the account; the answer is its result.
    Invoke {
        /// The id of the function.
        function: String,
        /// Its payload.
        payload: Value,
        /// Its headers.
        headers: BTreeMap<String, String>,
        /// How long its answer is waited for; absent is as long as the caller may run.
        timeout_ms: Option<u64>,
    },
}

/// An HTTP request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpRequest {
    /// In capitals.
    pub method: String,
    /// Absolute; of a [`HostCall::Platform`], a path with query.
    pub url: String,
    /// Names as JavaScript wrote them.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Option<Body>,
    /// How long the answer is waited for; absent is as long as the function may run.
    pub timeout_ms: Option<u64>,
    /// Whether redirects are followed; otherwise they are answers.
    pub redirects_followed: bool,
}

/// An HTTP response, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// Where it came from, after redirects.
    pub url: String,
    /// Names in lower case; a name may come more than once.
    pub headers: Vec<(String, String)>,
    /// What came.
    pub body: Body,
}

/// Bytes on their way through JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Body {
    /// UTF-8.
    Text(String),
    /// Anything, in base64 with padding.
    Base64(String),
}

/// Something about the context store; an absent session is the namespace's default session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "action",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ContextCall {
    /// Makes a namespace; one that exists is left as it is.
    CreateNamespace {
        /// Its name.
        namespace: String,
        /// How long its documents live after a write, in seconds.
        ttl_seconds: Option<u64>,
    },
    /// Deletes a namespace, if there is one.
    DeleteNamespace {
        /// Its name.
        namespace: String,
    },
    /// The names of the account's namespaces, a list.
    ListNamespaces,
    /// The ids of a namespace's sessions, a list.
    ListSessions {
        /// Its name.
        namespace: String,
    },
    /// Deletes a session, if there is one.
    DeleteSession {
        /// The namespace.
        namespace: String,
        /// The session.
        session_id: Option<String>,
    },
    /// Properties of a session, an object; those that are not there are left out.
    GetProperties {
        /// The namespace.
        namespace: String,
        /// The session.
        session_id: Option<String>,
        /// Which; absent is all of them.
        names: Option<Vec<String>>,
    },
    /// Writes properties into a session and leaves its others.
    SetProperties {
        /// The namespace.
        namespace: String,
        /// The session.
        session_id: Option<String>,
        /// What is written.
        properties: serde_json::Map<String, Value>,
    },
    /// Deletes a property, if there is one.
    DeleteProperty {
        /// The namespace.
        namespace: String,
        /// The session.
        session_id: Option<String>,
        /// Its name.
        name: String,
    },
}

/// Why a call was not served; JavaScript sees an `Error` with this code and message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct HostFailure {
    /// A word for programs, such as `ETIMEDOUT` or `NOT_FOUND`.
    pub code: String,
    /// What was expected, and what to do; never a secret.
    pub message: String,
}

impl HostFailure {
    /// Returns a failure.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}
