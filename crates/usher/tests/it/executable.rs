//! The executable: signals, sudden death, and what it prints.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use serde_json::json;

use crate::process::{Process, answer, init, key, run, usher};
use crate::socket::Socket;

#[test]
fn a_credential_made_while_the_server_runs_works_at_once() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    let server = Process::serve(folder.path());
    let key = key(folder.path());
    let (status, policies) = server.ask("GET", "/api/v1/policies", &key, "");
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert_eq!(policies["items"], json!([]));
}

#[test]
fn the_first_signal_lets_a_request_in_the_middle_finish() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let mut server = Process::serve(folder.path());
    let body = json!({ "attributes": { "ns": { "a": 1 } } }).to_string();
    let mut stream = server.begin("/api/v1/decisions", &key, &body);
    server.signal("TERM");
    server.wait_for("finishing what was accepted");
    stream.write_all(body.as_bytes()).unwrap();
    let (status, decision) = answer(stream);
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert_eq!(decision["noMatchReason"], "NO_POLICIES_ENABLED");
    assert_eq!(server.exit_code(), Some(0));
    assert!(
        TcpStream::connect(&server.address).is_err(),
        "the port is free again"
    );

    // What was answered is in the log, though it is written behind the answer.
    let server = Process::serve(folder.path());
    let path = format!(
        "/api/v1/decisions/{}",
        decision["decisionId"].as_str().unwrap()
    );
    assert_eq!(server.ask("GET", &path, &key, "").0, "HTTP/1.1 200 OK");
}

#[test]
fn the_second_signal_drops_what_is_left_and_the_exit_code_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let mut server = Process::serve(folder.path());
    let _stuck = server.begin("/api/v1/decisions", &key, "{}");
    server.signal("INT");
    server.wait_for("finishing what was accepted");
    server.signal("INT");
    assert_eq!(server.exit_code(), Some(3));
}

#[test]
fn what_was_answered_is_written_though_the_grace_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let no_grace = [("USHER__SERVER__SHUTDOWN_GRACE_SECONDS", "0")];
    let mut server = Process::serve_with(folder.path(), &no_grace);
    let body = json!({ "attributes": { "ns": { "a": 1 } } }).to_string();
    let (status, decision) = server.ask("POST", "/api/v1/decisions", &key, &body);
    assert_eq!(status, "HTTP/1.1 200 OK");
    let _stuck = server.begin("/api/v1/decisions", &key, "{}");
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(3));

    // The log is written behind the answers, and yet before the end.
    let server = Process::serve(folder.path());
    let id = decision["decisionId"].as_str().unwrap();
    let (status, _) = server.ask("GET", &format!("/api/v1/decisions/{id}"), &key, "");
    assert_eq!(status, "HTTP/1.1 200 OK");
}

#[test]
fn sockets_leave_while_requests_are_finished() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let mut server = Process::serve(folder.path());
    let body = json!({ "attributes": {} }).to_string();
    let mut stream = server.begin("/api/v1/decisions", &key, &body);
    let mut socket = Socket::open(&server.address, "", &key).unwrap();
    server.signal("TERM");
    assert_eq!(socket.closed().unwrap(), 1001);
    stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(answer(stream).0, "HTTP/1.1 200 OK");
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn what_was_acknowledged_survives_sudden_death() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let mut server = Process::serve(folder.path());
    for round in 0..5 {
        let body = json!({ "properties": { "round": round } }).to_string();
        let (status, _) = server.ask("PATCH", "/api/v1/context/ns/session", &key, &body);
        assert_eq!(status, "HTTP/1.1 200 OK");
        server.signal("KILL");
        server.exit_code();
        server = Process::serve(folder.path());
        let (_, document) = server.ask("GET", "/api/v1/context/ns/session", &key, "");
        assert_eq!(document["properties"]["round"], round, "{document}");
    }
}

#[test]
fn a_mistake_in_the_configuration_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(&["serve", "--listen", "nowhere"], folder.path());
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(
        text.contains("--listen: `server.listen`: expected an address"),
        "{text}"
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing was made"
    );
}

#[test]
fn a_backup_taken_while_serving_restores_into_an_empty_directory() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let server = Process::serve(folder.path());
    let body = json!({ "properties": { "a": 1 } }).to_string();
    let (status, _) = server.ask("PATCH", "/api/v1/context/ns/session", &key, &body);
    assert_eq!(status, "HTTP/1.1 200 OK");
    let file = folder.path().join("backup.jsonl");
    let taken = run(&["backup", file.to_str().unwrap()], folder.path());
    assert!(taken.status.success(), "{taken:?}");

    let restored = tempfile::tempdir().unwrap();
    let into = run(&["restore", file.to_str().unwrap()], restored.path());
    assert!(into.status.success(), "{into:?}");
    let other = Process::serve(restored.path());
    let (_, document) = other.ask("GET", "/api/v1/context/ns/session", &key, "");
    assert_eq!(
        document["properties"]["a"], 1,
        "the key works and the document is there: {document}"
    );

    // It does not mix with what is there.
    drop(other);
    let again = run(&["restore", file.to_str().unwrap()], restored.path());
    assert_eq!(again.status.code(), Some(1));
    let text = String::from_utf8(again.stderr).unwrap();
    assert!(text.contains("holds data already"), "{text}");
}

#[test]
fn the_doctor_reads_the_data_of_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    let server = Process::serve(folder.path());
    let examine = || {
        usher(&["doctor", "--data"])
            .arg(folder.path())
            .env("USHER__SERVER__LISTEN", &server.address)
            .output()
            .unwrap()
    };
    let well = examine();
    let text = String::from_utf8(well.stdout).unwrap();
    assert!(well.status.success(), "{text}");
    assert!(text.contains("ok     store: SQLite"), "{text}");
    assert!(text.contains("an Usher answers on"), "{text}");
}

#[test]
fn a_damaged_data_file_stops_the_start_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    let path = folder.path().join("usher.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..100].fill(7);
    std::fs::write(&path, bytes).unwrap();
    for words in [&["serve", "--listen", "127.0.0.1:0"][..], &["doctor"][..]] {
        let refused = run(words, folder.path());
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let said = [refused.stdout, refused.stderr].concat();
        let text = String::from_utf8(said).unwrap();
        assert!(text.contains("usher restore"), "{text}");
    }
}

#[test]
fn a_trace_reaches_the_collector_as_a_part_of_the_callers() {
    let collector = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let settings = [("USHER__TELEMETRY__OTLP_ENDPOINT", endpoint.as_str())];
    let server = Process::serve_with(folder.path(), &settings);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    write!(
        stream,
        "GET /readyz HTTP/1.1\r\nHost: usher\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    assert_eq!(answer(stream).0, "HTTP/1.1 200 OK");
    // At the end what waits is sent.
    server.signal("TERM");
    let trace = [
        0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31,
        0x9c,
    ];
    let (mut export, _) = collector.accept().unwrap();
    let mut received = Vec::new();
    let mut chunk = [0; 4_096];
    while !received.windows(trace.len()).any(|window| window == trace) {
        let count = export.read(&mut chunk).unwrap();
        assert_ne!(count, 0, "the export ended without the trace");
        received.extend_from_slice(&chunk[..count]);
    }
    assert!(received.starts_with(b"POST /v1/traces HTTP/1.1\r\n"));
}

#[test]
fn a_mistyped_data_directory_is_said_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let mistyped = folder.path().join("mistyped");
    let words = ["credential", "list", "--account", "acme"];
    let refused = run(&words, &mistyped);
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("`usher init` makes one"), "{text}");
    assert!(!mistyped.exists());
}

#[test]
fn what_the_machine_refuses_is_said_with_what_to_do() {
    // Nobody can write there, not even root.
    let refused = run(&["init", "--account", "acme"], Path::new("/proc/usher"));
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(
        text.contains("`/proc/usher`") && text.contains("may write there"),
        "{text}"
    );

    let folder = tempfile::tempdir().unwrap();
    let holder = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let refused = run(&["serve", "--listen", &address], folder.path());
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(
        text.contains(&format!("cannot listen on {address}")),
        "{text}"
    );
}
