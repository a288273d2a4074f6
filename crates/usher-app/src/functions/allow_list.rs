//! The domains that an account's functions may call.

use std::collections::BTreeSet;
use std::sync::Arc;

use usher_model::limits;
use usher_model::value::Value;
use usher_store::batch::CommitError;

use super::edit::{expected_head, next_head};
use super::registry::{self, Changed};
use crate::App;
use crate::caller::{Caller, Permission};
use crate::change::Change;
use crate::check::Checks;
use crate::error::{Code, Error, Result};

/// How often a change is tried when others change functions at the same time.
const ATTEMPTS_MAX: u32 = 16;
/// Characters of a domain, and of a part of it: RFC 1035.
const DOMAIN_CHARS_MAX: usize = 253;
const LABEL_CHARS_MAX: usize = 63;

/// Returns the domains that functions may call.
///
/// # Errors
/// Fails if the caller may not see functions.
pub async fn allowed(caller: &Caller, app: &App) -> Result<Arc<[String]>> {
    caller.require(Permission::FunctionsRead)?;
    Ok(Arc::clone(
        &registry::current(app, &caller.account).await?.domains,
    ))
}

/// Says which domains functions may call, from now on: names, or `*.` before one for every name
/// below it.
///
/// # Errors
/// Fails if the caller may not, or a domain cannot be one.
pub async fn allow(caller: &Caller, app: &App, domains: Vec<String>) -> Result<Arc<[String]>> {
    caller.require(Permission::FunctionsAdminister)?;
    let mut checks = Checks::default();
    checks.require(
        domains.len() <= limits::FUNCTION_DOMAINS_MAX,
        "#/domains",
        format!("expected at most {} domains", limits::FUNCTION_DOMAINS_MAX),
    );
    for (position, domain) in domains.iter().enumerate() {
        let expected = format!(
            "expected a domain such as `api.example.com` or `*.example.com`, found `{domain}`"
        );
        checks.require(
            is_domain(domain),
            &format!("#/domains/{position}"),
            expected,
        );
    }
    checks.finish()?;
    let different: BTreeSet<String> = domains.iter().map(|one| one.to_ascii_lowercase()).collect();
    let domains: Vec<String> = different.into_iter().collect();
    for _ in 0..ATTEMPTS_MAX {
        let registry = registry::current(app, &caller.account).await?;
        if *registry.domains == *domains {
            return Ok(Arc::clone(&registry.domains));
        }
        let head = next_head(&registry, domains.clone());
        let mut change = Change::new(app, caller);
        change.put(&head, expected_head(&registry))?.audit(
            "function.allow",
            "functions/allow-list".to_owned(),
            Some(Value::from(registry.domains.to_vec())),
            Some(Value::from(domains.clone())),
        )?;
        match change.try_commit().await {
            Ok(revisions) => {
                let row = revisions.first().copied().unwrap_or(0);
                registry::changed(
                    app,
                    &caller.account,
                    &registry,
                    &head,
                    row,
                    Changed::Domains,
                );
                return Ok(head.domains.into());
            }
            Err(CommitError::Conflict { .. }) => {
                registry::reload(app, &caller.account).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let message = "the functions are being changed by others; try again";
    Err(Error::new(Code::RevisionConflict, message))
}

/// Whether the list lets functions call a host.
pub(super) fn allows(domains: &[String], host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    domains.iter().any(|domain| match domain.strip_prefix('*') {
        // `.example.com` and something before it.
        Some(below) => host.len() > below.len() && host.ends_with(below),
        None => host == *domain,
    })
}

/// Whether the text is a name of RFC 1035, or `*.` and one of at least two parts.
fn is_domain(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let is_label = |label: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=LABEL_CHARS_MAX).contains(&label.len())
            && label.chars().all(is_part)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels = name.split('.').count();
    text.len() <= DOMAIN_CHARS_MAX && name.split('.').all(is_label) && (name == text || labels >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_name_with_at_most_one_wildcard_before_it() {
        for right in [
            "example.com",
            "*.example.com",
            "a-b.example.com",
            "localhost",
            "127.0.0.1",
        ] {
            assert!(is_domain(right), "{right}");
        }
        for wrong in [
            "",
            "*",
            "*.com",
            "*.*.example.com",
            "a.*.com",
            "http://example.com",
            "example.com/x",
            "example.com:80",
            "-a.com",
            "a..com",
            "ä.com",
            "example.com.",
        ] {
            assert!(!is_domain(wrong), "{wrong}");
        }
        assert!(!is_domain(&format!("{}.com", "a".repeat(64))));
    }

    #[test]
    fn a_wildcard_is_for_what_is_below_it() {
        let domains = ["*.example.com".to_owned(), "api.test".to_owned()];
        for host in ["a.example.com", "b.a.EXAMPLE.com", "api.test", "api.test."] {
            assert!(allows(&domains, host), "{host}");
        }
        for host in [
            "example.com",
            "badexample.com",
            "x.api.test",
            ".example.com.evil",
        ] {
            assert!(!allows(&domains, host), "{host}");
        }
    }
}
