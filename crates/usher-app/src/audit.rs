//! The audit log: who changed what, by when.

use usher_model::id::AuditId;
use usher_model::time::Timestamp;
use usher_store::record::{self, Record as _};
use usher_store::store::{Cursor, Field, Key, Query};

use crate::App;
use crate::caller::{Caller, Permission};
use crate::error::{Code, Error, Result};

pub use usher_store::record::Audit as Entry;

/// Rows that are looked at for one page when filters leave few of them.
const LOOKED_AT_MAX: usize = 5_000;

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// About this: `policy/3f0c…`, `settings`.
    pub target: Option<String>,
    /// By this one: `user/ada`, `credential/…`.
    pub actor: Option<String>,
    /// Of this action, `policy.update`, or of all of one noun, `policy`.
    pub action: Option<String>,
    /// Made at or after this instant.
    pub from: Option<Timestamp>,
    /// Made before this instant.
    pub to: Option<Timestamp>,
}

impl Filter {
    fn fits(&self, entry: &Entry) -> bool {
        let is_action = |action: &String| {
            let rest = entry.action.strip_prefix(action.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.actor
            .as_ref()
            .is_none_or(|actor| *actor == entry.actor)
            && self.action.as_ref().is_none_or(is_action)
    }
}

/// Returns entries, the newest first. A page may have fewer than `limit` of them, or none, and still
/// a next one: it looks at a bounded part of the log.
///
/// # Errors
/// Fails if the caller may not see the log, or the cursor was not made by this list.
pub async fn list(
    caller: &Caller,
    app: &App,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<(Vec<Entry>, Option<Cursor>)> {
    caller.require(Permission::AuditRead)?;
    let first_at = |at: Timestamp| Field::Text(AuditId::first_at(at).to_string());
    let mut query = Query {
        from: filter.from.map(first_at),
        to: filter.to.map(first_at),
        descending: true,
        after,
        ..Query::all(&caller.account, record::Audit::COLLECTION)
    };
    if let Some(target) = &filter.target {
        query.index = Some("by_target");
        query.equals = vec![Field::Text(target.clone())];
    }
    let (mut found, mut looked_at) = (Vec::new(), 0);
    loop {
        query.limit = limit - found.len();
        let page = app.store.find(&query, app.now()).await?;
        looked_at += page.rows.len();
        for row in &page.rows {
            let entry: Entry = record::read(row)?.record;
            if filter.fits(&entry) {
                found.push(entry);
            }
        }
        if page.next.is_none() || found.len() >= limit || looked_at >= LOOKED_AT_MAX {
            return Ok((found, page.next));
        }
        query.after = page.next;
    }
}

/// Returns one entry.
///
/// # Errors
/// Fails if the caller may not see the log, or there is no such entry.
pub async fn get(caller: &Caller, app: &App, id: AuditId) -> Result<Entry> {
    caller.require(Permission::AuditRead)?;
    let key = Key::new(&caller.account, [id.to_string().as_str()]);
    let row = app
        .store
        .get(record::Audit::COLLECTION, &key, app.now())
        .await?;
    let row =
        row.ok_or_else(|| Error::new(Code::NotFound, "no entry of the audit log has such an id"))?;
    Ok(record::read(&row)?.record)
}
