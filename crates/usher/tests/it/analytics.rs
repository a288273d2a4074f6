//! Counting that is broken off by sudden death.

use serde_json::json;

use crate::process::{Process, init};

/// How often the process dies.
const DEATHS: usize = 8;
/// Conversations before each death: each is several events.
const OPENED: usize = 25;

#[test]
fn everything_is_counted_once_however_often_the_process_dies() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let mut server = Process::serve(folder.path());
    for death in 0..DEATHS {
        for _ in 0..OPENED {
            let body = json!({ "message": "Hello" }).to_string();
            let (status, _) = server.ask("POST", "/api/v1/conversations", &key, &body);
            assert_eq!(status, "HTTP/1.1 201 Created");
        }
        // A report has what happened counted at once, and nobody waits for it.
        let asked = server.send("GET", "/api/v1/analytics", &key, "");
        for _ in 0..death {
            server.ask("GET", "/healthz", &key, "");
        }
        server.signal("KILL");
        server.exit_code();
        drop(asked);
        server = Process::serve(folder.path());
    }
    let report = loop {
        let (_, report) = server.ask("GET", "/api/v1/analytics", &key, "");
        if report["behind"] == 0 {
            break report;
        }
    };
    let conversations = &report["total"]["figures"]["conversations"];
    assert_eq!(*conversations, DEATHS * OPENED, "{report}");
}
