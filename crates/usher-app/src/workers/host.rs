//! Who answers the calls of a function.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;
use usher_functions::host::{HostCall, HostFailure};

/// An answer under way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Value, HostFailure>> + Send + 'a>>;

/// Who answers the calls of a function: all that it can reach of the world.
pub trait Host: Send + Sync {
    /// Answers one call; many may be under way at once, and any may be dropped.
    fn call(&self, call: HostCall) -> Answering<'_>;
}
