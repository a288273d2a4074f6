//! A file of policies, with what is wrong with it.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;
use usher_model::id::PolicyId;
use usher_policy::check::catalogue::Catalogue;
use usher_policy::check::{check, normalize};
use usher_policy::diagnostic::render::render;
use usher_policy::diagnostic::{Diagnostic, has_error};
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
            let pointer = prefix.map(|prefix| format!("{prefix}/{index}")).unwrap_or_default();
            let given = format!("policy {}", index + 1);
            let id = PolicyId::parse(&given);
            let Ok(id) = id else { continue };
            let mut policy = draft.into_policy(|| id, || given);
            for mut diagnostic in check(&policy, options, &Catalogue::new()) {
                diagnostic.pointer.insert_str(0, &pointer);
                // Reading has said it already, nearer to what was written.
                let is_known = diagnostics.iter().any(|known| {
                    known.pointer == diagnostic.pointer && known.code == diagnostic.code
                });
                if !is_known {
                    diagnostics.push(diagnostic);
                }
            }
            normalize(&mut policy);
            policies.push(policy);
        }
        Self { name, value, policies, diagnostics }
    }

    /// Returns every diagnostic as text, with the place and the source underlined.
    pub(super) fn rendered(&self) -> Vec<String> {
        let render = |diagnostic: &Diagnostic| {
            let source = self.value.pointer(&diagnostic.pointer).and_then(Value::as_str);
            render(diagnostic, &self.name, source)
        };
        self.diagnostics.iter().map(render).collect()
    }

    /// Whether some policy can never match because of a mistake.
    pub(super) fn has_error(&self) -> bool {
        has_error(&self.diagnostics)
    }

    /// Returns the policies, or fails with every mistake.
    pub(super) fn into_valid(self) -> anyhow::Result<Vec<Policy>> {
        if self.has_error() {
            bail!("`{}` has mistakes\n\n{}", self.name, self.rendered().join("\n"));
        }
        Ok(self.policies)
    }
}
