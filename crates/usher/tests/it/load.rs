//! The load, in small: consumers and agents over real sockets, and what their events tell.

use std::path::Path;
use std::process::Command;

/// Runs `cargo xtask load converse` with this build, and returns what it prints.
fn converse(words: &[&str]) -> String {
    let usher = Path::new(env!("CARGO_BIN_EXE_usher"));
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new(usher.with_file_name("examples").join("load"))
        .args(["converse", "--agents", "20", "--consumers", "8"])
        .args(words)
        .arg("--usher")
        .arg(usher)
        .arg("--directory")
        .arg(folder.path())
        .output()
        .expect("expected the example `load`: `cargo build --package usher --examples`");
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{errors}");
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn conversations_under_load_keep_every_promise() {
    let printed = converse(&["--conversations", "24"]);
    let expected = "24 conversations, 120 messages each once and in order, 24 assignments";
    assert!(printed.contains(expected), "{printed}");
}

#[test]
fn a_server_that_is_killed_under_load_keeps_every_promise() {
    let printed = converse(&["--kill", "1"]);
    assert!(printed.contains("kill 1: "), "{printed}");
    assert!(
        printed.contains("acknowledged messages are there"),
        "{printed}"
    );
}
