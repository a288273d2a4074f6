//! The published services, as functions call them: by path, in their own account's name.
//!
//! Who knows their shapes says how to ask them; no request leaves the process.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::App;
use crate::caller::Caller;

/// A request to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// In capitals.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Vec<u8>,
}

/// What it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// What came.
    pub body: Vec<u8>,
}

/// A reply under way; nothing if the server ends.
pub type Replying<'a> = Pin<Box<dyn Future<Output = Option<Reply>> + Send + 'a>>;

/// Whoever answers for the services.
pub trait Platform: fmt::Debug + Send + Sync {
    /// Answers one request, with the caller's rights.
    fn call(&self, caller: Caller, call: Call) -> Replying<'_>;
}

/// Says who answers for the services; the first one does from now on.
pub fn serve(app: &App, platform: Arc<dyn Platform>) {
    app.platform.get_or_init(|| platform);
}
