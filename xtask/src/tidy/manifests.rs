//! Layers, dependencies and lints.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use toml::{Table, Value};

use super::Findings;
use crate::workspace::{self, File, Package};

/// Direct dependencies of the whole workspace, at most.
const DEPENDENCIES_MAX: usize = 55;

/// What a crate may use, bottom to top: depend downward, never sideways.
struct Layer {
    crates: &'static [&'static str],
    /// Ours that it may use; development dependencies may reach any lower layer.
    ours: &'static [&'static str],
    /// Others that it must not use.
    forbidden: &'static [&'static [&'static str]],
}

const ASYNC: &[&str] = &["tokio", "tokio-util", "async-std", "smol", "futures"];
const SQL: &[&str] = &[
    "rusqlite",
    "tokio-postgres",
    "deadpool-postgres",
    "sqlx",
    "diesel",
    "refinery",
];
const HTTP_SERVER: &[&str] = &["axum", "hyper", "tower-http"];
const HTTP_CLIENT: &[&str] = &["reqwest", "ureq", "hyper", "hyper-util"];
const NATS: &[&str] = &["async-nats"];

const LAYERS: &[Layer] = &[
    Layer {
        crates: &["usher-model"],
        ours: &[],
        forbidden: &[ASYNC, SQL, HTTP_SERVER, HTTP_CLIENT, NATS],
    },
    Layer {
        crates: &["usher-functions", "usher-nlu"],
        ours: &[],
        forbidden: &[ASYNC, SQL, HTTP_SERVER, HTTP_CLIENT, NATS],
    },
    Layer {
        crates: &["usher-policy", "usher-context", "usher-routing"],
        ours: &["usher-model"],
        forbidden: &[ASYNC, SQL, HTTP_SERVER, HTTP_CLIENT, NATS],
    },
    Layer {
        crates: &["usher-store", "usher-bus"],
        ours: &["usher-model"],
        forbidden: &[HTTP_SERVER],
    },
    Layer {
        crates: &["usher-app"],
        ours: &[
            "usher-model",
            "usher-policy",
            "usher-context",
            "usher-routing",
            "usher-functions",
            "usher-nlu",
            "usher-store",
            "usher-bus",
        ],
        forbidden: &[HTTP_SERVER, SQL, NATS],
    },
    Layer {
        crates: &["usher-api"],
        ours: &[
            "usher-model",
            "usher-policy",
            "usher-context",
            "usher-routing",
            "usher-functions",
            "usher-nlu",
            "usher-app",
        ],
        forbidden: &[SQL, NATS],
    },
    Layer {
        crates: &["usher"],
        ours: &[
            "usher-model",
            "usher-policy",
            "usher-context",
            "usher-routing",
            "usher-functions",
            "usher-nlu",
            "usher-store",
            "usher-bus",
            "usher-app",
            "usher-api",
        ],
        forbidden: &[],
    },
    Layer {
        crates: &["xtask"],
        ours: &[],
        forbidden: &[ASYNC, SQL, HTTP_SERVER],
    },
];

pub(super) fn check(packages: &[Package], files: &[File], findings: &mut Findings) -> Result<()> {
    for package in packages {
        check_layer(package, findings);
        check_package(package, findings)?;
    }
    check_dependencies(files, findings)
}

fn layer_of(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.crates.contains(&name))
}

fn check_layer(package: &Package, findings: &mut Findings) {
    let Some((height, layer)) =
        layer_of(&package.name).and_then(|height| Some((height, LAYERS.get(height)?)))
    else {
        findings.add(
            &package.name,
            "a crate without a layer; give it one in xtask/src/tidy/manifests.rs",
        );
        return;
    };
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        if let Some(other) = layer_of(name) {
            let is_lower = other < height;
            if !(layer.ours.contains(&name) || dependency.is_for_tests && is_lower) {
                findings.add(
                    &package.name,
                    format_args!("its layer may not use `{name}`"),
                );
            }
        } else if !dependency.is_for_tests
            && layer.forbidden.iter().any(|names| names.contains(&name))
        {
            findings.add(
                &package.name,
                format_args!("its layer may not use `{name}` from outside"),
            );
        }
        if name == "anyhow" && !["usher", "xtask"].contains(&package.name.as_str()) {
            findings.add(
                &package.name,
                "`anyhow` belongs to `usher` and `xtask`; libraries have typed errors",
            );
        }
    }
}

fn check_package(package: &Package, findings: &mut Findings) -> Result<()> {
    let path = package.folder.join("Cargo.toml");
    let shown = path.display().to_string();
    let manifest = read(&shown)?;
    let lints = manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"));
    if lints.and_then(Value::as_bool) != Some(true) {
        findings.add(&shown, "add `[lints] workspace = true`");
    }
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for (name, wanted) in manifest
            .get(section)
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
        {
            if wanted.get("workspace").and_then(Value::as_bool) != Some(true) {
                findings.add(
                    &shown,
                    format_args!("`{name}`: write `{name}.workspace = true`"),
                );
            }
        }
    }
    for feature in &package.features {
        if !(package.name == "usher" && feature == "console") {
            findings.add(
                &shown,
                format_args!("the feature `{feature}`: use run-time configuration"),
            );
        }
    }
    if workspace::root()
        .join(&package.folder)
        .join("build.rs")
        .exists()
    {
        findings.add(&shown, "no build scripts of our own");
    }
    Ok(())
}

/// Every version stands in the root manifest, without default features, and has its reason in
/// `docs/dependencies.md`.
fn check_dependencies(files: &[File], findings: &mut Findings) -> Result<()> {
    let manifest = read("Cargo.toml")?;
    let reasons = files
        .iter()
        .find(|file| file.path == "docs/dependencies.md");
    let reasons: BTreeSet<&str> = reasons
        .into_iter()
        .flat_map(|file| file.text.lines())
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let dependencies = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"));
    let mut others = BTreeSet::new();
    for (name, wanted) in dependencies.and_then(Value::as_table).into_iter().flatten() {
        if layer_of(name).is_some() {
            continue;
        }
        others.insert(name.as_str());
        if wanted.get("default-features").and_then(Value::as_bool) != Some(false) {
            findings.add(
                "Cargo.toml",
                format_args!("`{name}`: add `default-features = false`"),
            );
        }
        if !reasons.contains(name.as_str()) {
            findings.add(
                "docs/dependencies.md",
                format_args!("say why we use `{name}`"),
            );
        }
    }
    for stale in reasons.difference(&others) {
        findings.add(
            "docs/dependencies.md",
            format_args!("`{stale}` is no longer used"),
        );
    }
    if others.len() > DEPENDENCIES_MAX {
        findings.add(
            "Cargo.toml",
            format_args!(
                "{} direct dependencies, at most {DEPENDENCIES_MAX}",
                others.len()
            ),
        );
    }
    let toolchain = read("rust-toolchain.toml")?;
    let channel = toolchain
        .get("toolchain")
        .and_then(|toolchain| toolchain.get("channel"));
    let minimum = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("package"))
        .and_then(|package| package.get("rust-version"));
    let (channel, minimum) = (
        channel.and_then(Value::as_str),
        minimum.and_then(Value::as_str),
    );
    if !channel
        .zip(minimum)
        .is_some_and(|(channel, minimum)| channel.starts_with(minimum))
    {
        findings.add(
            "rust-toolchain.toml",
            "the channel and `rust-version` must be the same release",
        );
    }
    Ok(())
}

fn read(path: &str) -> Result<Table> {
    let text = std::fs::read_to_string(workspace::root().join(path))
        .with_context(|| format!("cannot read `{path}`"))?;
    text.parse()
        .with_context(|| format!("cannot parse `{path}`"))
}
