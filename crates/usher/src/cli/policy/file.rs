//! A file of policies, with what is wrong with it.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;
use usher_model::id::PolicyId;
use usher_policy::check::catalogue::Catalogue;
use usher_policy::check::{check, normalize};
use usher_policy::diagnostic::render::render;
use usher_policy::diagnostic::{Diagnostic, Severity, has_error};
use usher_policy::document::Policy;
use usher_policy::document::read::read_import;
use usher_policy::options::Options;

/// A file of policies.
pub(super) struct PolicyFile {
    name: String,
    /// What stands in it; null if that is no JSON.
    value: Value,
    pub(super) policies: Vec<Policy>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl PolicyFile {
    /// Reads and checks a file.
    pub(super) fn read(path: &Path, options: &Options) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).with_context(|| format!("cannot read `{name}`"))?;
        Ok(Self::parse(name, &bytes, options))
    }

    /// Reads and checks what stands in a file called `name`.
    pub(super) fn parse(name: String, bytes: &[u8], options: &Options) -> Self {
        let value: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
        let prefix = match &value {
            Value::Array(_) => Some(""),
            Value::Object(file) if file.contains_key("policies") => Some("/policies"),
            _ => None,
        };
        let (drafts, mut diagnostics) = read_import(bytes);
        let mut policies = Vec::new();
        for (index, draft) in drafts.into_iter().enumerate() {
            let pointer = prefix
                .map(|prefix| format!("{prefix}/{index}"))
                .unwrap_or_default();
            let given = format!("policy {}", index + 1);
            let id = PolicyId::parse(&given);
            let Ok(id) = id else { continue };
            // A file that does not say is meant to be used.
            let is_enabled = draft.enabled.unwrap_or(true);
            let mut policy = draft.into_policy(|| id, || given);
            policy.enabled = is_enabled;
            for mut diagnostic in check(&policy, options, &Catalogue::new()) {
                diagnostic.pointer.insert_str(0, &pointer);
                // What could not be read is missing, and reading has said so, nearer to the cause.
                let is_known = diagnostics.iter().any(|known: &Diagnostic| {
                    known.is_error() && known.pointer.starts_with(&diagnostic.pointer)
                });
                if !is_known {
                    diagnostics.push(diagnostic);
                }
            }
            normalize(&mut policy);
            policies.push(policy);
        }
        if let Some(prefix) = prefix {
            diagnostics.sort_by_key(|diagnostic| index(&diagnostic.pointer, prefix));
        }
        Self {
            name,
            value,
            policies,
            diagnostics,
        }
    }

    /// Returns diagnostics as text, with the place and the source underlined.
    pub(super) fn rendered(&self, with_notices: bool) -> Vec<String> {
        let render = |diagnostic: &Diagnostic| {
            let source = self
                .value
                .pointer(&diagnostic.pointer)
                .and_then(Value::as_str);
            render(diagnostic, &self.name, source)
        };
        let is_wanted = |found: &&Diagnostic| with_notices || found.severity != Severity::Notice;
        self.diagnostics
            .iter()
            .filter(is_wanted)
            .map(render)
            .collect()
    }

    /// Whether some policy can never match because of a mistake.
    pub(super) fn has_error(&self) -> bool {
        has_error(&self.diagnostics)
    }

    /// Returns the policies, or fails with every mistake.
    pub(super) fn into_valid(self) -> anyhow::Result<Vec<Policy>> {
        if self.has_error() {
            bail!(
                "`{}` has mistakes\n\n{}",
                self.name,
                self.rendered(false).join("\n")
            );
        }
        Ok(self.policies)
    }
}

/// Returns which policy of the file a pointer is about; what is about the whole file comes first.
fn index(pointer: &str, prefix: &str) -> Option<usize> {
    pointer
        .strip_prefix(prefix)?
        .strip_prefix('/')?
        .split('/')
        .next()?
        .parse()
        .ok()
}
