//! The audit log: who changed what, by when.

use usher_store::record::{self, Record as _};
use usher_store::store::{Cursor, Field, Query};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::Result;

pub use usher_store::record::Audit as Entry;

/// Returns entries, the newest first; with a target only those about it.
///
/// # Errors
/// Fails if the caller may not see the log, or the cursor was not made by this list.
pub async fn list(
    caller: &Caller,
    app: &App,
    target: Option<&str>,
    after: Option<Cursor>,
    limit: usize,
) -> Result<(Vec<Entry>, Option<Cursor>)> {
    caller.require(Permission::AuditRead)?;
    let mut query = Query::all(&caller.account, record::Audit::COLLECTION);
    if let Some(target) = target {
        query.index = Some("by_target");
        query.equals = vec![Field::Text(target.to_owned())];
    }
    query.descending = true;
    query.after = after;
    query.limit = limit;
    let page = app.store.find(&query, app.now()).await?;
    let entries = page
        .rows
        .iter()
        .map(|row| Ok(record::read(row)?.record))
        .collect::<Result<_>>()?;
    Ok((entries, page.next))
}
