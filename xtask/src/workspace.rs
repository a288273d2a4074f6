//! The workspace as cargo and git see it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process;

/// Returns the repository's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// A member of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its folder, relative to the root.
    pub(crate) folder: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) features: Vec<String>,
    pub(crate) benches: Vec<String>,
}

/// An edge to another crate.
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) is_for_tests: bool,
}

/// Returns the members of the workspace.
pub(crate) fn packages() -> Result<Vec<Package>> {
    let text = process::output(&mut process::cargo([
        "metadata",
        "--no-deps",
        "--format-version=1",
    ]))?;
    let metadata: Value = serde_json::from_str(&text).context("cannot read cargo's metadata")?;
    list(&metadata, "packages").iter().map(package).collect()
}

fn package(package: &Value) -> Result<Package> {
    let manifest = PathBuf::from(text(package, "manifest_path"));
    let folder = manifest.parent().unwrap_or(root());
    let folder = folder
        .strip_prefix(root())
        .context("a member outside the workspace")?
        .to_owned();
    let dependencies = list(package, "dependencies")
        .iter()
        .map(|dependency| Dependency {
            name: text(dependency, "name"),
            is_for_tests: text(dependency, "kind") == "dev",
        });
    let benches = list(package, "targets")
        .iter()
        .filter(|target| list(target, "kind").iter().any(|kind| kind == "bench"));
    let features = package.get("features").and_then(Value::as_object);
    Ok(Package {
        name: text(package, "name"),
        folder,
        dependencies: dependencies.collect(),
        features: features
            .map(|features| features.keys().cloned().collect())
            .unwrap_or_default(),
        benches: benches.map(|bench| text(bench, "name")).collect(),
    })
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// A tracked file.
pub(crate) struct File {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Returns every text file that git tracks or would track.
pub(crate) fn files() -> Result<Vec<File>> {
    let mut git = Command::new("git");
    git.current_dir(root()).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let listing = process::output(&mut git)?;
    let mut files = Vec::new();
    for path in listing.split_terminator('\0') {
        // A file may be listed and deleted, or hold something other than text.
        if let Ok(text) = std::fs::read_to_string(root().join(path)) {
            files.push(File {
                path: path.to_owned(),
                text,
            });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(files)
}
