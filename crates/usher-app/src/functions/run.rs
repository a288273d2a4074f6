//! Where functions meet the processes that run them.

use std::sync::Arc;

use tokio::time::Instant;
use usher_model::id::{AccountId, FunctionId};
use usher_store::record::function::FunctionCode;

use super::{Answer, Input};
use crate::App;
use crate::error::{Code, Error, Result};

/// Runs code until it answers or the deadline comes.
pub(super) async fn execute(
    _app: &Arc<App>,
    _account: &AccountId,
    _function: FunctionId,
    _code: &FunctionCode,
    _input: &Input,
    _deadline: Instant,
) -> Result<Answer> {
    Err(no_worker())
}

/// Finds the mistakes of a source before it is deployed.
pub(super) async fn check(_source: &str) -> Result<()> {
    Err(no_worker())
}

fn no_worker() -> Error {
    let message = "this server has no workers that run functions";
    Error::new(Code::FunctionUnavailable, message)
}
